"""Rows as a store could be given them, for tests of stores: plain ones, to be changed where a test wants it."""

from datetime import UTC, datetime
from typing import Any

from placet.model.approval import Approval
from placet.model.canonical import Link, digest
from placet.model.mutation import Intent
from placet.model.request import MutationRequest
from placet.model.state import StoredState
from placet.model.terms import OnDrift, Terms

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
STATE_ID = "house:roles"


def a_terms(request_id: str = "r-1", **fields: Any) -> Terms:  # noqa: ANN401 - fields of Terms
    """Make terms: bob asks to make ada a reader, on version 1 of a house, with one approval.

    Args:
        request_id: whose.
        **fields: fields of `Terms` that are to be otherwise.
    """
    plain: dict[str, Any] = {
        "request_id": request_id,
        "number": 1,
        "state_id": STATE_ID,
        "state_type": "Roles",
        "mutation": "GrantRole",
        "schema_version": 1,
        "payload": '{"role":"reader","user":"ada"}',
        "intent": Intent("grant-role"),
        "requester": "bob",
        "on_behalf_of": None,
        "reason": "",
        "expected_version": 1,
        "state_hash": "0" * 64,
        "approval_covers": "effect",
        "on_drift": OnDrift.REJECT,
        "fallback": OnDrift.REJECT,
        "pause_for_revalidation": False,
        "requirements": (Approval(1),),
        "effect": (),
        "expires_at": None,
    }
    return Terms(**(plain | fields))


def a_request(terms: Terms | str = "r-1", **columns: Any) -> MutationRequest:  # noqa: ANN401 - columns of MutationRequest
    """Make a request at revision 1, made at noon of 31 January 2026.

    Args:
        terms: what it asks for, or only its id.
        **columns: columns of `MutationRequest` that are to be otherwise.
    """
    agreed = a_terms(terms) if isinstance(terms, str) else terms
    return MutationRequest.on(agreed, at=NOON).evolve(**{"revision": 1, "head": "h", "asked": "a", **columns})


def a_state(version: int = 1, state_id: str = STATE_ID, body: bytes = b'{"members":{},"teams":[]}') -> StoredState:
    """Make a state.

    Args:
        version: its version.
        state_id: its id.
        body: its canonical JSON.
    """
    return StoredState(state_id, "Roles", version, body, digest(body))


def a_link(seq: int, owner: str = "r-1", body: bytes = b"{}") -> Link:
    """Make a link of a ledger; the chain is not minded.

    Args:
        seq: its place, from 1.
        owner: whose.
        body: its canonical JSON.
    """
    return Link(owner, seq, body, digest(body, str(seq)))

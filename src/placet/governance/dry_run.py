"""A dry run: what `execute` would come to, decided as it would be, with nothing written and no view held open."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from placet.errors import IntegrityError
from placet.governance.attempt import Attempt
from placet.governance.context import Context
from placet.governance.dossier import Dossier
from placet.governance.execution import decide
from placet.governance.resolution import VersionResolver
from placet.model.actor import CLOCKWORK
from placet.model.canonical import Link
from placet.model.outcome import CurrentEffect, Outcome
from placet.model.request import MutationRequest
from placet.model.state import StoredState
from placet.model.trail import Ledger
from placet.store.port import Filter, Position, Store

MOST_TRIES = 5
"""How often a dry run is made where what it reads does not fit together, as somebody writes meanwhile."""

T = TypeVar("T")


class SeparateViews:
    """Reads each thing in a view of its own, so that none is open while policies and other code of the user's run.

    What it reads may be of several moments, so that a row may seem not to fit another: read again then.

    Args:
        store: the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def request(self, request_id: str) -> MutationRequest | None:
        """Return a request, or None."""
        with self._store.view() as reader:
            return reader.request(request_id)

    def request_by_key(self, idempotency_key: str) -> MutationRequest | None:
        """Return the request that has an idempotency key, or None."""
        with self._store.view() as reader:
            return reader.request_by_key(idempotency_key)

    def find(self, wanted: Filter, limit: int, after: Position | None = None) -> Sequence[MutationRequest]:
        """Return requests, newest first."""
        with self._store.view() as reader:
            return reader.find(wanted, limit, after)

    def due(self, until: int, limit: int, after: Position | None = None) -> Sequence[MutationRequest]:
        """Return the open requests that expire at or before a moment, the earliest first."""
        with self._store.view() as reader:
            return reader.due(until, limit, after)

    def state(self, state_id: str) -> StoredState | None:
        """Return a state as it is now, or None."""
        with self._store.view() as reader:
            return reader.state(state_id)

    def links(self, ledger: Ledger, owner: str, after: int = 0, limit: int | None = None) -> Sequence[Link]:
        """Return links of a ledger in order."""
        with self._store.view() as reader:
            return reader.links(ledger, owner, after, limit)

    def last_link(self, ledger: Ledger, owner: str) -> Link | None:
        """Return the last link of a ledger, or None."""
        with self._store.view() as reader:
            return reader.last_link(ledger, owner)

    def terms(self, request_id: str) -> Sequence[bytes]:
        """Return the canonical JSON of all terms that a request ever had."""
        with self._store.view() as reader:
            return reader.terms(request_id)

    def keys(self, table: str, after: str, limit: int) -> Sequence[str]:
        """Return ids or owners in order."""
        with self._store.view() as reader:
            return reader.keys(table, after, limit)


def dry_run(context: Context, request_id: str) -> Outcome:
    """Return what executing a request would come to now, whoever executes it; raises what `execute` raises."""

    def decided(attempt: Attempt) -> Outcome:
        decide(attempt, VersionResolver())
        return attempt.outcome()

    return _tried(context, request_id, decided)


def current_effect(context: Context, request_id: str) -> CurrentEffect:
    """Return what a request would do on its state as it is now; see `Governance.current_effect`."""
    return _tried(context, request_id, Attempt.current_effect)


def _tried(context: Context, request_id: str, ask: Callable[[Attempt], T]) -> T:
    """Ask an attempt that is never written, again where somebody wrote between two of its views."""
    idle, reader = replace(context, new_id=lambda: "dry-run"), SeparateViews(context.store)  # no id is used up

    def once() -> T:
        return ask(Attempt(idle, reader, Dossier.load(reader, request_id), CLOCKWORK, reason="dry run"))

    for _ in range(MOST_TRIES - 1):
        with suppress(IntegrityError):
            return once()
    return once()

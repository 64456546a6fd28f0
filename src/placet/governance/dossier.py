"""A request read together with its trail, and checked: whoever goes on from a dossier goes on from what was written."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from placet.errors import IntegrityError, RequestNotFoundError
from placet.lifecycle.step import Step
from placet.model.canonical import Link, digest
from placet.model.names import checked_id
from placet.model.recorded import flaw
from placet.model.request import Filed, MutationRequest
from placet.model.state import StoredState
from placet.model.terms import TERMS, Terms
from placet.model.trail import AUDIT_BOOK, DECISION_BOOK, HISTORY_BOOK, AuditRecord, Decision, Ledger, Newest
from placet.store.port import REQUESTS, Reader
from placet.store.port import TERMS as TERMS_TABLE


@dataclass(frozen=True, slots=True)
class Dossier:
    """A request and its decisions.

    Attributes:
        request: the request.
        decisions: its trail, oldest first.
    """

    request: MutationRequest
    decisions: tuple[Decision, ...]

    @classmethod
    def load(cls, reader: Reader, request_id: str) -> "Dossier":
        """Read a request and its trail.

        Raises:
            InputError: this cannot be an id.
            RequestNotFoundError: there is no such request.
            IntegrityError: a row was changed since placet wrote it.
        """
        request_id = checked_id("request_id", request_id)
        found = cls.find(reader, request_id)
        if found is None:
            raise RequestNotFoundError(request_id)
        return found

    @classmethod
    def find(cls, reader: Reader, request_id: str) -> "Dossier | None":
        """Read a request and its trail, or give None where there is no such request.

        Raises:
            IntegrityError: a row was changed since placet wrote it.
        """
        request = reader.request(request_id)
        if request is None:
            return None
        links = reader.links(Ledger.DECISIONS, request_id)
        decisions = tuple(DECISION_BOOK.read(links))
        _check_terms(request)
        _check_trail(request, decisions, links[-1].hash if links else "")
        return cls(request, decisions)

    def terms(self, reader: Reader) -> tuple[Terms, ...]:
        """Read all terms it ever had, oldest first, seeing to it that these and no others were decided on.

        Raises:
            IntegrityError: they are not.
        """
        decided = list(dict.fromkeys(decision.digest for decision in self.decisions))
        kept = reader.terms(self.request.id)
        for number, (one, body) in enumerate(zip_longest(decided, kept), start=1):
            if body is None or one != digest(body):
                raise IntegrityError(TERMS_TABLE, f"{self.request.id}#{number}", "it is not what was decided on")
        return tuple(TERMS.load(body, f"{self.request.id}#{number}") for number, body in enumerate(kept, start=1))

    def step(self) -> Step:
        """Begin a step from here."""
        return Step(self.request, self.decisions)


def audit_records(reader: Reader, request: MutationRequest) -> tuple[AuditRecord, ...]:
    """Read a request's audit records, oldest first, checking that they are all there and unchanged.

    Raises:
        IntegrityError: they are not.
    """
    links = reader.links(Ledger.AUDIT, request.id)
    records = tuple(AUDIT_BOOK.read(links))
    if (len(records), links[-1].hash if links else "") != (request.audits, request.audit_head):
        rule = f"the audit records do not end at number {request.audits}"
        raise IntegrityError(Ledger.AUDIT, f"{request.id}#{len(records)}", rule)
    return records


def _check_terms(request: MutationRequest) -> None:
    row = f"{request.id}#{request.terms_number}"
    if digest(request.terms_json) != request.digest:
        raise IntegrityError("placet_terms", row, "its body is not what the digest was taken of")
    if Filed.of(request.terms) != request.filed:
        raise IntegrityError(REQUESTS, request.id, "state_id, requester or search differ from its terms")


def _check_trail(request: MutationRequest, decisions: tuple[Decision, ...], head: str) -> None:
    for seq, decision in enumerate(decisions, start=1):
        if decision.seq != seq:
            raise IntegrityError(Ledger.DECISIONS, f"{request.id}#{seq}", "it is missing")
        if wrong := flaw(decision):
            raise IntegrityError(Ledger.DECISIONS, f"{request.id}#{seq}", wrong)
    if len(decisions) != request.revision or head != request.head:
        row = f"{request.id}#{len(decisions)}"
        raise IntegrityError(Ledger.DECISIONS, row, f"the trail does not end at revision {request.revision}")
    if decisions[-1].seal != request.seal():
        raise IntegrityError(REQUESTS, request.id, "a column was changed since its last decision")


def check_state(reader: Reader, state: StoredState) -> Newest | None:
    """See to it that a state is what its history says.

    Returns:
        The last entry of its history, or None if there is none.

    Raises:
        IntegrityError: it was changed behind placet's back.
    """
    if digest(state.body) != state.hash:
        raise IntegrityError("placet_states", state.state_id, "its body is not what the hash was taken of")
    recent = _recent(reader, state)
    newest = recent[-1].seq if recent else 0
    if newest > state.version:
        raise IntegrityError("placet_states", state.state_id, f"its version went back from {newest} to {state.version}")
    if newest < state.version and not state.foreign:
        raise IntegrityError("placet_states", state.state_id, f"no history entry made its version {state.version}")
    if not recent:
        return None
    previous = recent[-2].hash if len(recent) > 1 else "" if newest == 1 else None
    if previous is None and not state.foreign:
        raise IntegrityError(Ledger.HISTORY, f"{state.state_id}#{newest - 1}", "it is missing")
    entry = HISTORY_BOOK.read(recent[-1:], previous)[-1]
    if newest == state.version and (entry.after_hash, entry.state_type) != (state.hash, state.state_type):
        raise IntegrityError("placet_states", state.state_id, _unlike(state))
    return Newest(newest, recent[-1].hash, entry.at)


def _recent(reader: Reader, state: StoredState) -> Sequence[Link]:
    """Give the last links of a state's history: that of its version and the one before, if it is placet's own."""
    if state.foreign:
        last = reader.last_link(Ledger.HISTORY, state.state_id)
        return [] if last is None else [last]
    return reader.links(Ledger.HISTORY, state.state_id, max(0, state.version - 2))


def _unlike(state: StoredState) -> str:
    if state.foreign:
        return f"your table changed this row and left it at version {state.version}: let every change raise it"
    return f"version {state.version} is not what its history made"

"""A request read together with its trail, and checked: whoever goes on from a dossier goes on from what was written."""

from dataclasses import dataclass

from signoff.errors import IntegrityError, RequestNotFoundError
from signoff.lifecycle.step import Step
from signoff.model.canonical import digest
from signoff.model.names import checked_id
from signoff.model.request import Filed, MutationRequest
from signoff.model.requirement import Vote
from signoff.model.state import StoredState
from signoff.model.trail import DECISION_BOOK, HISTORY, Decision, Ledger
from signoff.store.port import REQUESTS, Reader


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
            IntegrityError: a row was changed since signoff wrote it.
        """
        request = reader.request(checked_id("request_id", request_id))
        if request is None:
            raise RequestNotFoundError(request_id)
        links = reader.links(Ledger.DECISIONS, request_id)
        decisions = tuple(DECISION_BOOK.read(links))
        _check_terms(request)
        _check_trail(request, decisions, links[-1].hash if links else "")
        return cls(request, decisions)

    @property
    def votes(self) -> tuple[Vote, ...]:
        """The approvals in the trail, those for earlier terms included."""
        return tuple(
            Vote(each.actor, tuple(each.metadata["roles"]), tuple(each.metadata["groups"]), each.digest)
            for each in self.decisions
            if each.code == "voted"
        )

    def step(self) -> Step:
        """Begin a step from here."""
        return Step(self.request)


def _check_terms(request: MutationRequest) -> None:
    row = f"{request.id}#{request.terms_number}"
    if digest(request.terms_json) != request.digest:
        raise IntegrityError("signoff_terms", row, "its body is not what the digest was taken of")
    if Filed.of(request.terms) != request.filed:
        raise IntegrityError(REQUESTS, request.id, "state_id, requester, expires_at or search differ from its terms")


def _check_trail(request: MutationRequest, decisions: tuple[Decision, ...], head: str) -> None:
    for seq, decision in enumerate(decisions, start=1):
        if (decision.seq, decision.request_id) != (seq, request.id):
            raise IntegrityError(
                Ledger.DECISIONS, f"{request.id}#{seq}", "it is missing, or another stands in its place"
            )
    if len(decisions) != request.revision or head != request.head:
        row = f"{request.id}#{len(decisions)}"
        raise IntegrityError(Ledger.DECISIONS, row, f"the trail does not end at revision {request.revision}")
    if decisions[-1].seal != request.seal():
        raise IntegrityError(REQUESTS, request.id, "a column was changed since its last decision")


def check_state(reader: Reader, state: StoredState) -> None:
    """See to it that a state is what its history says.

    Raises:
        IntegrityError: it was changed behind signoff's back.
    """
    if digest(state.body) != state.hash:
        raise IntegrityError("signoff_states", state.state_id, "its body is not what the hash was taken of")
    last = reader.last_link(Ledger.HISTORY, state.state_id)
    newest = last.seq if last else 0
    if newest > state.version:
        raise IntegrityError(
            "signoff_states", state.state_id, f"its version went back from {newest} to {state.version}"
        )
    if newest < state.version and not state.foreign:
        raise IntegrityError("signoff_states", state.state_id, f"no history entry made its version {state.version}")
    if last and newest == state.version:
        entry = HISTORY.load(last.body, f"{state.state_id}#{newest}")
        if (entry.after_hash, entry.state_type) != (state.hash, state.state_type):
            raise IntegrityError("signoff_states", state.state_id, f"version {newest} is not what its history made")

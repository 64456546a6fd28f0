"""What a move is judged by (evidence), and what it builds (a step)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from signoff.errors import ConfigurationError
from signoff.model.actor import Actor
from signoff.model.canonical import Link
from signoff.model.request import MutationRequest, Status
from signoff.model.requirement import Vote
from signoff.model.resolution import Resolution
from signoff.model.run import Run
from signoff.model.state import StoredState
from signoff.model.terms import Terms
from signoff.model.writes import Writes

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The facts a manager gathered for one trigger. Guards judge by these and by the step, by nothing else.

    Attributes:
        at: now, by the engine's clock.
        actor: who moves it.
        reason: why, in words.
        digest: the digest the actor was shown.
        votes: the votes there are.
        administrator_role: the role that may cancel and supersede for others.
        max_failures: how often `apply` may raise before retry is refused.
        execution_id: the id of the attempt that begins.
        resolution: what comparing the versions gave.
        run: what the engine said.
        state: the state the attempt would replace.
        new_state: the state it would become.
        history: the last link of the state's history, if there is one.
        terms: the renewed terms.
        successor: the request that takes this one's place.
    """

    at: datetime
    actor: Actor
    reason: str = ""
    digest: str = ""
    votes: tuple[Vote, ...] = ()
    administrator_role: str = "administrator"
    max_failures: int = 3
    execution_id: str = ""
    resolution: Resolution | None = None
    run: Run | None = None
    state: StoredState | None = None
    new_state: StoredState | None = None
    history: Link | None = None
    terms: Terms | None = None
    successor: MutationRequest | None = None


def given(fact: T | None) -> T:
    """Give a fact that the guard has already found to be there."""
    if fact is None:
        raise ConfigurationError("an effect needs a fact that its guard does not demand; make the guard demand it")
    return fact


class Step:
    """A governed step while it is built: the model the machine moves. Thrown away unless it is written.

    Attributes:
        state: the status, as the machine knows it. Only the machine sets it.
        request: the request as it has become.
        resolution: of this attempt; None until `resolve` has fired in this very step.
        refusal: why the last guard refused.
    """

    __slots__ = (
        "_origin",
        "_replaced",
        "audit",
        "decisions",
        "history",
        "new_state",
        "refusal",
        "request",
        "resolution",
        "state",
    )

    def __init__(self, request: MutationRequest, *, new: bool = False) -> None:
        """Begin a step at a request as it was read, or at a new one."""
        self.request = request
        self.state: str = request.status.value
        self.resolution: Resolution | None = None
        self.refusal = ""
        self.decisions: list[Link] = []
        self.audit: list[Link] = []
        self.history: list[Link] = []
        self.new_state: StoredState | None = None
        self._replaced = 0
        self._origin = (0, 0) if new else (request.revision, request.terms_number)

    @property
    def status(self) -> Status:
        """The status it has come to."""
        return self.request.status

    def replace_state(self, old: StoredState, new: StoredState) -> None:
        """Note that the state is to be replaced at the version it was read at."""
        self.new_state = new
        self._replaced = old.version

    def writes(self) -> Writes:
        """Give everything this step makes durable."""
        revision, terms_number = self._origin
        return Writes(
            request=self.request,
            revision=revision,
            new_terms=self.request.terms_number != terms_number,
            decisions=tuple(self.decisions),
            audit=tuple(self.audit),
            state=self.new_state,
            version=self._replaced,
            history=tuple(self.history),
        )

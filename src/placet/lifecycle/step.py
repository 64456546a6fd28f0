"""What a move is judged by (evidence), and what it builds (a step)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from placet.errors import ConfigurationError
from placet.lifecycle.standing import Known, Standing, standing
from placet.lifecycle.validity import approved_until
from placet.model.actor import Actor
from placet.model.ballots import Ballots
from placet.model.canonical import Link
from placet.model.channel import LIBRARY, Channel
from placet.model.circumstances import NOTHING, Circumstances
from placet.model.emergency import Emergency
from placet.model.evolving import Evolving
from placet.model.request import MutationRequest, Status
from placet.model.requirement import Requirement
from placet.model.resolution import Resolution
from placet.model.run import Run
from placet.model.state import StoredState
from placet.model.terms import Terms
from placet.model.trail import AuditRecord, Decision, Newest
from placet.model.writes import Writes

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Evidence(Evolving):
    """The facts a manager gathered for one trigger. Guards judge by these and by the step, by nothing else.

    Attributes:
        at: now, by the engine's clock.
        actor: who moves it.
        reason: why, in words.
        digest: the digest the actor was shown.
        code: why the actor rejects, one of `Rejection`.
        chain: the ids from whoever the actor votes for to the actor, where a vote was handed on.
        about: the name of the check, the review or the freeze that the actor speaks of, or the id of the successor.
        passed: whether that check or review passed.
        circumstances: facts about the world around the request.
        demanded: what policies require now, beyond the terms.
        administrator_role: the role that may cancel, supersede, hold and release for others.
        max_failures: how often `apply` may raise before retry is refused.
        execution_id: the id of the attempt that begins.
        resolution: what comparing the versions gave.
        run: what the engine said.
        effect_differs: whether the effect on the state the attempt would replace is another than the approved one.
        effect_digest: the digest of that effect, where somebody is to be shown it.
        state: the state the attempt would replace.
        new_state: the state it would become.
        history: the last entry of the state's history, where the state was looked at and there is one.
        terms: the terms that are to take the place of those there are.
        successor: the request that takes this one's place.
        emergency: why it is executed past its requirements.
        duty: the id of a request that the actor executed in an emergency, and that nobody has reviewed; or "".
        channel: how the call came in.
        vouched: whether a directory vouches for the actor.
    """

    at: datetime
    actor: Actor
    reason: str = ""
    digest: str = ""
    code: str = ""
    chain: tuple[str, ...] = ()
    about: str = ""
    passed: bool = False
    circumstances: Circumstances = NOTHING
    demanded: tuple[Requirement, ...] = ()
    administrator_role: str = "administrator"
    max_failures: int = 3
    execution_id: str = ""
    resolution: Resolution | None = None
    run: Run | None = None
    effect_differs: bool = False
    effect_digest: str = ""
    state: StoredState | None = None
    new_state: StoredState | None = None
    history: Newest | None = None
    terms: Terms | None = None
    successor: MutationRequest | None = None
    emergency: Emergency | None = None
    duty: str = ""
    channel: Channel = LIBRARY
    vouched: bool = False


def given(fact: T | None) -> T:
    """Give a fact that the guard has already found to be there."""
    if fact is None:
        raise ConfigurationError("an effect needs a fact that its guard does not demand; make the guard demand it")
    return fact


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a guard refuses.

    Attributes:
        rule: the code of the rule that does not hold.
        reason: why, in words.
    """

    rule: str
    reason: str


class Step:
    """A governed step while it is built: the model the machine moves. Thrown away unless it is written.

    Attributes:
        state: the status, as the machine knows it. Only the machine sets it.
        request: the request as it has become.
        trail: its decisions, those of this step included.
        ballots: what people said in them.
        resolution: of this attempt; None until `resolve` has fired in this very step.
        refusal: why the last guard refused, or None.
        audited: the last of the audit records of this step, or None.
    """

    __slots__ = (
        "_judged",
        "_origin",
        "_replaced",
        "_valid",
        "audit",
        "audited",
        "ballots",
        "decisions",
        "history",
        "new_state",
        "refusal",
        "request",
        "resolution",
        "state",
        "trail",
    )

    def __init__(self, request: MutationRequest, trail: Iterable[Decision] = (), *, new: bool = False) -> None:
        """Begin a step at a request as it was read with its trail, or at a new one."""
        self.request = request
        self.trail = tuple(trail)
        self.ballots = Ballots.of(self.trail)
        self.state = str(request.status)
        self.resolution: Resolution | None = None
        self.refusal: Refusal | None = None
        self.decisions: list[Link] = []
        self.audit: list[Link] = []
        self.audited: AuditRecord | None = None
        self.history: list[Link] = []
        self.new_state: StoredState | None = None
        self._replaced = 0
        self._judged: tuple[tuple[object, ...], Standing] | None = None
        self._valid: tuple[Standing, datetime | None] | None = None
        self._origin = (0, 0) if new else (request.revision, request.terms_number)

    @property
    def status(self) -> Status:
        """The status it has come to."""
        return self.request.status

    def at(self, evidence: Evidence) -> datetime:
        """Return the moment of a move, at which it is judged to be in time, and which it records.

        It is not before the last move of the request, nor before the state that was looked at was made: a clock that
        is put back does not turn a trail around.
        """
        at = max(evidence.at, self.request.updated_at)
        return at if evidence.history is None else max(at, evidence.history.at)

    def known(self, evidence: Evidence) -> Known:
        """Give what its requirements are judged by."""
        request = self.request
        return Known(request.terms, request.digest, self.ballots, evidence.at, evidence.circumstances)

    def standing(self, evidence: Evidence) -> Standing:
        """Judge how far it has come; once for the same ballots, terms, moment and circumstances."""
        asked = (self.ballots, self.request.digest, evidence.at, evidence.circumstances)
        if self._judged is None or self._judged[0] != asked:
            self._judged = (asked, standing(self.known(evidence)))
        return self._judged[1]

    def approved_until(self, evidence: Evidence) -> datetime | None:
        """Return when its approval runs out, or None; once for the same standing."""
        found = self.standing(evidence)
        if self._valid is None or self._valid[0] is not found:
            self._valid = (found, approved_until(self.known(evidence), found))
        return self._valid[1]

    def record(self, link: Link, decision: Decision) -> None:
        """Add a decision to its trail."""
        self.decisions.append(link)
        self.trail = (*self.trail, decision)
        self.ballots = self.ballots.heard((decision,))

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

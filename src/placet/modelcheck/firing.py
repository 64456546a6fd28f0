"""Fires the real lifecycle on abstract requests, and remembers what came of it."""

from datetime import datetime
from typing import NamedTuple

from placet.errors import TransitionRefusedError
from placet.lifecycle.machine import Lifecycle
from placet.lifecycle.step import Evidence, Step
from placet.lifecycle.transition import Table, Trigger
from placet.model.circumstances import Circumstances
from placet.model.emergency import Emergency
from placet.model.grant import Act, Grant
from placet.model.request import MutationRequest, Status
from placet.model.resolution import PROCEEDING, Resolution, ResolutionOutcome
from placet.model.run import Mode, Run, RunStatus
from placet.model.trail import Code
from placet.modelcheck.cast import (
    APPROVER,
    CAST,
    LATE,
    MOST_FAILURES,
    NEEDED,
    NOW,
    ON_CALL,
    STEWARD,
    asked_of,
    state,
    step_of,
    terms,
)
from placet.modelcheck.world import Asked, Verdict

_EMERGENCY = Emergency("it burns", "INC-1")
_GRANTS = (Grant(Act.EMERGENCY, (ON_CALL,)), Grant(Act.TAKE_OVER, (STEWARD,)))
_LEFT = Circumstances(speakers={("bob", "bob"): None})
_STAYED = Circumstances()
_SUCCESSOR = MutationRequest.on(terms(1, 1, requires=True), at=NOW).evolve(id="another", status=Status.PENDING)


class Ask(NamedTuple):
    """What somebody asks of a request, and what can be seen then.

    Attributes:
        trigger: what is asked.
        who: who asks.
        late: whether the deadline has passed.
        left: whether bob has lost the role.
        version: of the state, as the asker sees it; 0 where it does not matter.
        run: how the run on that version ended.
        verdict: the resolution that is claimed.
        outdated: whether the asker read earlier terms.
        differs: whether the effect on that version is another than the approved one.
    """

    trigger: Trigger
    who: str
    late: bool
    left: bool = False
    version: int = 0
    run: RunStatus = RunStatus.ACCEPTED
    verdict: Verdict | None = None
    outdated: bool = False
    differs: bool = False


class Moved(NamedTuple):
    """What a request has become: itself, the resolution of the attempt, and the version to be replaced (0: none)."""

    request: Asked
    verdict: Verdict | None
    replaced: int


class Firing:
    """Fires a table.

    Args:
        table: the table to run.

    Attributes:
        arrows: every (source, trigger, target) that was walked.
        answers: what people can do to a request, by request, version, whether it is late, and whether bob has left.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lifecycle = Lifecycle(table)
        self._known: dict[tuple[Asked, Verdict | None, Ask], Moved | None] = {}
        self.arrows: set[tuple[str, str, str]] = set()
        self.answers: dict[tuple[Asked, int, bool, bool], list[tuple[str, str, Moved]]] = {}

    def fire(self, asked: Asked, ask: Ask, verdict: Verdict | None = None) -> Moved | None:
        """Fire a trigger, and let follow what follows.

        Args:
            asked: the request.
            ask: who asks for what, and what can be seen.
            verdict: the resolution of the attempt, if there is one.

        Returns:
            What the request has become, or None if the lifecycle refuses.
        """
        if self._table.cell(asked.status, ask.trigger) is None:
            return None
        key = (asked, verdict, ask)
        if key not in self._known:
            self._known[key] = self._fired(asked, ask, verdict)
        return self._known[key]

    def _fired(self, asked: Asked, ask: Ask, verdict: Verdict | None) -> Moved | None:
        step = step_of(asked)
        step.resolution = None if verdict is None else _resolution(verdict)
        before, number = len(step.trail), step.request.terms_number
        try:
            self._lifecycle.fire_and_settle(step, ask.trigger, _evidence(step, ask))
        except TransitionRefusedError:
            return None
        self.arrows |= {(each.from_status, each.trigger, each.to_status) for each in step.trail[before:]}
        said, new, renewed = step.resolution, step.new_state, step.request.terms_number != number
        found = Verdict(said.outcome, said.expected_version, said.current_version) if said else None
        moved = Moved(asked_of(asked, step), found, new.version - 1 if new else 0)
        if moved.request.status is Status.EXECUTED and asked.status is not Status.EXECUTED:
            breach = "its effect is not the approved one" if ask.differs else _breach(asked, moved)
            return moved._replace(request=moved.request._replace(breach=breach))
        spent = asked.status is Status.FAILED and asked.failures >= MOST_FAILURES
        if spent and not moved.request.terminal and not (renewed or moved.request.status is Status.FAILED):
            breach = f"it is tried again on the same terms after {MOST_FAILURES} failures"
            return moved._replace(request=moved.request._replace(breach=breach))
        return moved


def given(asked: Asked) -> int:
    """Count the approvals that were given for the terms as they are, by whom it takes; never asks a digest."""
    approvers = {each.who for each in asked.said if each.code == Code.VOTED and each.fresh}
    return sum(APPROVER in CAST[who].roles for who in approvers)


def _breach(asked: Asked, moved: Moved) -> str:
    """Say what is wrong with an execution, judged without any rule of the lifecycle."""
    verdict, replaced, votes = moved.verdict, moved.replaced, given(asked)
    if not replaced or verdict is None:
        return "nothing was resolved and executed in this attempt"
    enough = not asked.requires or asked.emergency or votes >= NEEDED
    faults = (
        (verdict.outcome not in PROCEEDING, f"its resolution says {verdict.outcome}"),
        (
            verdict.current != replaced,
            f"it was resolved on version {verdict.current}, and replaces version {replaced}",
        ),
        (
            verdict.expected != asked.approved_for,
            f"it was resolved for version {verdict.expected}, and approved for version {asked.approved_for}",
        ),
        (
            not enough,
            f"it has {votes} of {NEEDED} approvals for the terms that ran, and there was no emergency",
        ),
    )
    return next((why for wrong, why in faults if wrong), "")


def _resolution(verdict: Verdict) -> Resolution:
    return Resolution(ResolutionOutcome(verdict.outcome), verdict.expected, verdict.current, "any")


def _evidence(step: Step, ask: Ask) -> Evidence:
    request, version = step.request, ask.version
    at: datetime = LATE if ask.late else NOW
    return Evidence(
        at=at,
        actor=CAST[ask.who],
        reason="because",
        digest="f" * 64 if ask.outdated else request.digest,
        code="other",
        circumstances=_LEFT if ask.left else _STAYED,
        max_failures=MOST_FAILURES,
        execution_id="attempt",
        resolution=_resolution(ask.verdict) if ask.verdict else None,
        run=Run("mutation", Mode.COMMIT, ask.run, grants=_GRANTS),
        effect_differs=ask.differs,
        effect_digest=request.digest,
        state=state(version) if version else None,
        new_state=state(version + 1) if ask.trigger is Trigger.EXECUTE else None,
        terms=terms(request.terms_number + 1, version, requires=bool(request.requirements)) if version else None,
        successor=_SUCCESSOR,
        emergency=_EMERGENCY,
    )

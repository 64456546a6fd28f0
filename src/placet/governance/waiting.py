"""Why a request is waiting, in words: what is missing, and what `execute` would come to where nothing is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from placet.errors import NotRegisteredError, PlacetError, TransitionRefusedError
from placet.governance.context import Context
from placet.governance.dossier import Dossier
from placet.governance.drafting import fixed, redraft, requester
from placet.governance.dry_run import SeparateViews, dry_run
from placet.governance.gathering import gather
from placet.lifecycle.quorum import asking
from placet.lifecycle.rules import progress
from placet.lifecycle.standing import Position, Standing, standing
from placet.lifecycle.step import Evidence, Step
from placet.model.actor import CLOCKWORK
from placet.model.ballots import Vote
from placet.model.request import MutationRequest, Review, Status
from placet.model.run import Run, RunStatus
from placet.model.trail import Code
from placet.store.port import Reader

_ASKED = {Status.PENDING, Status.APPROVED, Status.REVALIDATION}
"""Where the next step asks the policies."""

_ENDING = {RunStatus.REFUSED, RunStatus.FAILED}

MANY_RENEWALS = 5
"""After so many renewals another way of asking is recommended."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a request waits for.

    Attributes:
        request: the request as it is now.
        reasons: why it waits, in words; empty if nothing is known to keep it from being executed, or if it is final
            and needs no review.
        positions: where each requirement stands.
        renewals: how often its approval was renewed since it was submitted or amended, as its state kept moving.
        votes: the votes on its present terms, oldest first.
        outdated: those on earlier terms, and approvals that ran out; they no longer count.
        approved_until: when its approval runs out, UTC; None if it has none, or none that runs out.
    """

    request: MutationRequest
    reasons: tuple[str, ...]
    positions: tuple[Position, ...]
    renewals: int
    votes: tuple[Vote, ...]
    outdated: tuple[Vote, ...]
    approved_until: datetime | None = None

    def __str__(self) -> str:
        head = f"{self.request.id} {self.request.status}"
        if self.reasons:
            return f"{head}: {'; '.join(self.reasons)}"
        return f"{head}: nothing follows" if self.request.status.terminal else f"{head}: it can be executed"


def waiting_for(context: Context, request_id: str) -> Waiting:
    """Say what a request waits for; see `Governance.waiting_for`."""
    reader = SeparateViews(context.store)
    with context.store.view() as view:
        step = Dossier.load(view, request_id).step()
    evidence = context.evidence(CLOCKWORK)
    evidence = evidence.evolve(circumstances=gather(context.directory, reader, step, evidence.at))
    if step.status.terminal:  # what has run out since makes no difference to what is final
        evidence = evidence.evolve(at=step.request.updated_at)
    digest, votes = step.request.digest, step.ballots.votes
    found = step.standing(evidence)
    final = step.status.terminal and not step.request.review
    over = "" if step.status.terminal else _over(step, evidence)
    reasons = [over] if over else []
    if not final and not over:
        found, ahead = _ahead(context, reader, step, found)
        reasons = [*_reasons(step, found, evidence), *ahead]
    return Waiting(
        request=step.request,
        reasons=tuple(reasons),
        positions=found.positions,
        renewals=_renewals(step),
        votes=tuple(vote for vote in votes if vote.digest == digest),
        outdated=(*(vote for vote in votes if vote.digest != digest), *step.ballots.expired),
        approved_until=None if step.status.terminal else step.approved_until(evidence),
    )


def _ahead(context: Context, reader: Reader, step: Step, found: Standing) -> tuple[Standing, list[str]]:
    """Look ahead: what policies require now beyond the terms, and what stands in the way that no vote would remove."""
    if step.status not in _ASKED:
        return found, list(_gone(context, step))
    paused = step.status is Status.REVALIDATION and step.request.validated_version is None
    method = "revalidate" if paused else "execute"
    try:
        run = redraft(context, reader, step.request.terms).run
    except NotRegisteredError as error:
        return found, _unforetold(context, step, found, error)
    except PlacetError as error:
        return found, [_raises(error, method)]
    found = Standing((*found.positions, *demanded(context, reader, step, run)))
    if not found.met or step.request.held or paused:
        return found, [f"as things are it is refused: {'; '.join(run.reasons)}"] if run.status in _ENDING else []
    return found, list(_foretold(context, step))


def _gone(context: Context, step: Step) -> Iterator[str]:
    """Say that the directory no longer knows the requester, where that is so."""
    try:
        if not step.status.terminal:
            requester(context, step.request.terms)
    except PlacetError as error:
        yield _raises(error)


def _unforetold(context: Context, step: Step, found: Standing, error: NotRegisteredError) -> list[str]:
    """Say that a class is gone; a process that has none at all, as the command line, only cannot tell."""
    if not context.registry.empty:
        return [_raises(error)]
    if not found.met or step.request.held:
        return []
    return ["only a process that has its mutation registered can tell what execute() would do"]


def _foretold(context: Context, step: Step) -> Iterator[str]:
    """Say what execute() would come to, if that is not the approved change."""
    try:
        outcome = dry_run(context, step.request.id)
    except TransitionRefusedError as refusal:
        yield f"execute() is refused: {refusal.reason}"
    except PlacetError as error:
        yield _raises(error)
    else:
        if not outcome.executed:
            yield f"execute() will leave it {outcome.status}: {'; '.join(outcome.reasons)}"


def _raises(error: PlacetError, method: str = "execute") -> str:
    return f"{method}() raises {type(error).__name__}: {error}"


def _renewals(step: Step) -> int:
    """Count how often the approval was renewed since somebody last said what is asked."""
    count = 0
    for each in step.trail:
        if each.code in {Code.AMENDED, Code.TAKEN_OVER}:
            count = 0
        count += each.code == Code.APPROVAL_RENEWED
    return count


def simulated(context: Context, reader: Reader, step: Step) -> Run | None:
    """Say what would come of it now; None where that cannot be known, as on the command line, which has no classes."""
    try:
        return redraft(context, reader, step.request.terms).run
    except PlacetError:  # whatever stands in the way of looking ahead, executing it will say
        return None


def demanded(context: Context, reader: Reader, step: Step, run: Run) -> Iterator[Position]:
    """Give what policies require now beyond the terms, and only time or events will meet: a freeze that began since."""
    terms = step.request.terms
    timely = [each for each in run.requirements if not each.asks_people]
    required = fixed(context, reader, timely, context.now(), asking(terms), before=terms.requirements)
    more = tuple(each for each in required if each not in terms.requirements)
    evidence = context.evidence(CLOCKWORK)
    evidence = evidence.evolve(circumstances=gather(context.directory, reader, step, evidence.at, more))
    yield from (each for each in standing(step.known(evidence), more).positions if not each.met)


def _reasons(step: Step, found: Standing, evidence: Evidence) -> Iterator[str]:
    request = step.request
    if request.held:
        yield f"it is held: {request.held}"
    renewals = _renewals(step)
    if renewals >= MANY_RENEWALS:
        yield f"its approval was renewed {renewals} times, as its state keeps moving: amend() it, or ask for less"
    match request.status:
        case Status.CREATED:
            said = next(each for each in reversed(step.trail) if each.code == Code.CHANGES_REQUESTED)
            yield f"{said.actor} wants changes: {said.reason}; {request.requester} has to amend it"
        case Status.PENDING | Status.APPROVED if not found.met:
            yield from map(str, found.now)
        case Status.PENDING if not request.held:
            yield "everything it requires is met: execute it, or reassess() it"
        case Status.REVALIDATION if request.validated_version is None:
            yield "its state has moved: an approver has to revalidate() it with the digest of current_effect()"
        case Status.FAILED:
            last = next(each for each in reversed(step.trail) if each.code == Code.FAILED)
            spent = progress.attempts_left.refuses(step, evidence)
            way_out = f"{spent}: amend() it" if spent else "retry() or amend() it"
            yield f"its mutation raised: {'; '.join(last.metadata['reasons'])}; {way_out}"
        case Status.EXECUTED if request.review == Review.OPEN:
            yield f"{request.emergency_by} executed it in an emergency: somebody else has to review() it"


def _over(step: Step, evidence: Evidence) -> str:
    """Say what is over: the time of the request, or that of its approval."""
    passed = progress.in_time.refuses(step, evidence)
    if passed:
        return f"{passed}: execute(), reassess() or expire_due() will expire it"
    return progress.approval_valid.refuses(step, evidence)

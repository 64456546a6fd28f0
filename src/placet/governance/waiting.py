"""Why a request is waiting, in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from placet.errors import PlacetError
from placet.governance.context import Context
from placet.governance.dossier import Dossier
from placet.governance.drafting import fixed, redraft
from placet.governance.gathering import gather
from placet.governance.moves import CLOCKWORK
from placet.lifecycle.quorum import asking
from placet.lifecycle.standing import Position, Standing, standing
from placet.lifecycle.step import Evidence, Step
from placet.model.ballots import Vote
from placet.model.canonical import in_words
from placet.model.request import MutationRequest, Review, Status
from placet.model.run import Run, RunStatus
from placet.model.trail import Code
from placet.store.port import Reader


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a request waits for.

    Attributes:
        request: the request as it is now.
        reasons: why it waits, in words; empty if nothing is known to keep it from being executed, or if it is final
            and needs no review.
        positions: where each requirement stands.
        votes: the votes on its present terms, oldest first.
        outdated: those on earlier terms, which no longer count.
    """

    request: MutationRequest
    reasons: tuple[str, ...]
    positions: tuple[Position, ...]
    votes: tuple[Vote, ...]
    outdated: tuple[Vote, ...]

    def __str__(self) -> str:
        head = f"{self.request.id} {self.request.status}"
        if self.reasons:
            return f"{head}: {'; '.join(self.reasons)}"
        return f"{head}: nothing follows" if self.request.status.terminal else f"{head}: it can be executed"


def waiting_for(context: Context, reader: Reader, request_id: str) -> Waiting:
    """Say what a request waits for; see `Governance.waiting_for`."""
    step = Dossier.load(reader, request_id).step()
    evidence = _evidence(context, reader, step)
    if step.status.terminal:  # what has run out since makes no difference to what is final
        evidence = evidence.evolve(at=step.request.updated_at)
    digest, votes = step.request.digest, step.ballots.votes
    found = step.standing(evidence)
    run = simulated(context, reader, step) if step.status in {Status.PENDING, Status.APPROVED} else None
    if run is not None:
        found = Standing((*found.positions, *demanded(context, reader, step, run)))
    final = step.status.terminal and not step.request.review
    return Waiting(
        request=step.request,
        reasons=() if final else (*_reasons(step, evidence, found), *_ahead(reader, step, found, run)),
        positions=found.positions,
        votes=tuple(vote for vote in votes if vote.digest == digest),
        outdated=tuple(vote for vote in votes if vote.digest != digest),
    )


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


def _ahead(reader: Reader, step: Step, found: Standing, run: Run | None) -> Iterator[str]:
    """Say what will come of an approved request that nothing holds up, if that is not the approved change."""
    request, state = step.request, reader.state(step.request.state_id)
    if request.status is not Status.APPROVED or not found.met or state is None:
        return
    if state.version != request.expected_version:
        moved = f"its state has moved from version {request.expected_version} to {state.version}"
        yield f"{moved}: execute() will do what it was submitted with, {request.on_drift}"
    if run is not None and run.status in {RunStatus.REFUSED, RunStatus.FAILED}:
        yield f"execute() will not make the change: {'; '.join(run.reasons)}"


def _evidence(context: Context, reader: Reader, step: Step) -> Evidence:
    evidence = context.evidence(CLOCKWORK)
    return evidence.evolve(circumstances=gather(context.directory, reader, step, evidence.at))


def _reasons(step: Step, evidence: Evidence, found: Standing) -> Iterator[str]:
    request = step.request
    if request.due_at is not None and evidence.at >= request.due_at and not request.status.terminal:
        yield f"its deadline passed at {in_words(request.due_at)}: execute(), reassess() or expire_due() will expire it"
        return
    if request.held:
        yield f"it is held: {request.held}"
    match request.status:
        case Status.CREATED:
            said = next(each for each in reversed(step.trail) if each.code == Code.CHANGES_REQUESTED)
            yield f"{said.actor} wants changes: {said.reason}; {request.requester} has to amend it"
        case Status.PENDING | Status.APPROVED if not found.met:
            yield from map(str, found.now)
        case Status.PENDING if not request.held:
            yield "everything it requires is met: execute it, or reassess() it"
        case Status.REVALIDATION if request.validated_version is None:
            yield "its state has moved: somebody has to revalidate() it"
        case Status.FAILED:
            last = next(each for each in reversed(step.trail) if each.code == Code.FAILED)
            yield f"its mutation raised: {'; '.join(last.metadata['reasons'])}; retry() or amend() it"
        case Status.EXECUTED if request.review == Review.OPEN:
            yield f"{request.emergency_by} executed it in an emergency: somebody else has to review() it"

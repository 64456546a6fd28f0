"""When a request expires as it stands: the first of its deadlines that still matters."""

from collections.abc import Sequence
from datetime import datetime

from placet.lifecycle.standing import Known, standing
from placet.model.approval import Eligibility
from placet.model.ballots import Ballots
from placet.model.circumstances import NOTHING, Circumstances
from placet.model.conditions import Schedule
from placet.model.request import MutationRequest, Status
from placet.model.terms import Terms
from placet.model.trail import Code, Decision

_GIVEN = frozenset({Status.APPROVED, Status.RESOLVING, Status.REVALIDATION, Status.FAILED})
"""Where an approval is there, which may run out."""


def timed(terms: Terms) -> bool:
    """Tell whether what is said about a request changes when it expires."""
    return terms.approval_valid_for is not None or bool(_limited(terms))


def due(
    request: MutationRequest, trail: Sequence[Decision], at: datetime, around: Circumstances = NOTHING
) -> datetime | None:
    """Give the moment at which a request expires if nothing more happens to it; None if never.

    These count: the requester's deadline, the end of a schedule, the deadlines of requirements that are not met yet,
    and, once it is approved, how long that approval is valid: from when it was complete for the first time since the
    last vote, so that holding and releasing a request does not prolong it.

    Args:
        request: the request as it has become.
        trail: its decisions, the latest included.
        at: now, UTC.
        around: facts about the world around the request.
    """
    terms = request.terms
    moments = [terms.expires_at]
    moments += [each.not_after for each in terms.requirements if isinstance(each, Schedule)]
    limited = _limited(terms)
    if request.status is Status.PENDING and limited:
        known = Known(terms, request.digest, Ballots.of(trail), at, around)
        waiting = {each.requirement for each in standing(known).open}
        moments += [each.deadline for each in limited if each in waiting]
    if request.status in _GIVEN and terms.approval_valid_for is not None:
        moments += [given + terms.approval_valid_for for given in _given_at(request, trail)]
    return min((moment for moment in moments if moment is not None), default=None)


def _limited(terms: Terms) -> list[Eligibility]:
    return [each for each in terms.requirements if isinstance(each, Eligibility) and each.deadline]


def _given_at(request: MutationRequest, trail: Sequence[Decision]) -> list[datetime]:
    """Give when an approval was given: when it was first complete since the last vote; never if it was not."""
    given: list[datetime] = []
    for each in trail:
        if each.digest == request.digest and each.code == Code.VOTED:
            given = []
        elif each.digest == request.digest and each.code in {Code.APPROVED, Code.ADMITTED}:
            given.append(each.at)
    return given[:1]

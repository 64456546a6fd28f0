"""How long an approval is valid: from when it was given, or from when the request could first be executed."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from placet.lifecycle.standing import Known, Position, Standing, reports_on, waivers_of
from placet.model.approval import Approval, ExternalCheck, ManualReview
from placet.model.ballots import Choice
from placet.model.conditions import Dependency, Freeze, Quota, Schedule
from placet.model.requirement import Requirement

GIVEN = (Approval, ManualReview)
"""What people give, and what runs out; a check has a `valid_for` of its own."""

_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


def approved_until(known: Known, found: Standing) -> datetime | None:
    """Return the moment at which the approval of a request runs out. Pure.

    It runs from the later of two moments: when the last vote or review completed what people have to give, and when
    everything else that is required was met for the first time. Reporting again what was met already does not prolong
    it, nor does holding and releasing the request.

    Args:
        known: what the requirements are judged by.
        found: how they stand.

    Returns:
        The moment, UTC. None if nothing runs out: its approvals count for ever, nobody has to approve it, something is
        missing that people have to give, or it could not have been executed yet.
    """
    lasts, positions = known.terms.approval_valid_for, found.positions
    if lasts is None:
        return None
    people = [each.met for each in positions if isinstance(each.requirement, GIVEN)]
    if not people or not all(people):
        return None
    begins = max([_BEGINS[type(each.requirement)](each.requirement, each, known) for each in positions])
    if known.around.executions:
        begins = _free(begins, [each.requirement for each in positions], known.around.executions)
    return None if begins > _NEVER - lasts else begins + lasts


def _approval(_: Approval, position: Position, known: Known) -> datetime:
    given = [
        vote.at
        for vote in known.ballots.votes
        if vote.at and vote.actor in position.counted and (vote.digest, vote.choice) == (known.digest, Choice.APPROVE)
    ]
    return max(given, default=_EVER)


def _review(requirement: ManualReview, _: Position, known: Known) -> datetime:
    """Return when it was reported to pass, for the first time since it was reported to fail."""
    begins = _NEVER
    for each in reports_on(requirement, known):
        begins = min(begins, each.at) if each.passed else _NEVER
    return begins


def _check(requirement: ExternalCheck, _: Position, known: Known) -> datetime:
    return next((each.at for each in reports_on(requirement, known) if each.passed), _NEVER)


def _schedule(requirement: Schedule, _: Position, __: Known) -> datetime:
    return requirement.not_before or _EVER


def _freeze(requirement: Freeze, _: Position, known: Known) -> datetime:
    return min([requirement.until, *(each.at for each in waivers_of(requirement, known))])


def _dependency(requirement: Dependency, position: Position, known: Known) -> datetime:
    found = known.around.awaited.get(requirement.request_id)
    return _NEVER if not position.met or found is None else found.met_at or _EVER


def _quota(_: Quota, __: Position, ___: Known) -> datetime:
    return _EVER  # when it is free depends on all others: see _free


_BEGINS: dict[type[Requirement], Callable[[Any, Position, Known], datetime]] = {
    Approval: _approval,
    ManualReview: _review,
    ExternalCheck: _check,
    Schedule: _schedule,
    Freeze: _freeze,
    Dependency: _dependency,
    Quota: _quota,
}
"""When each kind of requirement was met for the first time; the end of all time if it was not."""


def _free(begins: datetime, requirements: Sequence[Requirement], executions: Sequence[datetime]) -> datetime:
    """Return the first moment, not before another, at which every quota has room."""
    moved = True
    while moved:
        moved = False
        for quota in (each for each in requirements if isinstance(each, Quota)):
            earlier = [at for at in executions if at <= begins]
            if len(earlier) >= quota.limit and earlier[quota.limit - 1] + quota.per > begins:
                begins, moved = earlier[quota.limit - 1] + quota.per, True
    return begins

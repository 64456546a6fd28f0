"""How far a request has come: for each requirement, whether it is met, what it waits for, whether it can be met."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from placet.lifecycle.quorum import asking, cast, filled, hands
from placet.model.actor import Actor
from placet.model.approval import Approval, ExternalCheck, ManualReview, Reported
from placet.model.ballots import Ballots, Report, Waiver
from placet.model.canonical import in_words, stamp
from placet.model.circumstances import NOTHING, Circumstances
from placet.model.conditions import Dependency, Freeze, Quota, Schedule
from placet.model.request import Status
from placet.model.requirement import Requirement
from placet.model.terms import Terms


@dataclass(frozen=True, slots=True)
class Position:
    """Where one requirement stands.

    Attributes:
        requirement: which.
        met: whether it is met now.
        waits_for: what is missing, in words; of no meaning where it is met.
        possible: whether it can still be met.
        missing: how many votes are missing.
        counted: the actors whose votes, report or waiver meet it, in alphabetical order.
        candidates: whose vote or report would bring it forward, by id; None where nobody can list them, or nobody has
            to.
    """

    requirement: Requirement
    met: bool
    waits_for: str = ""
    possible: bool = True
    missing: int = 0
    counted: tuple[str, ...] = ()
    candidates: tuple[str, ...] | None = None

    def __str__(self) -> str:
        if self.met:
            return f"{self.requirement}: met" + (f" by {', '.join(self.counted)}" if self.counted else "")
        who = f"; left: {', '.join(self.candidates) or 'nobody'}" if self.candidates is not None else ""
        return self.waits_for + who + ("" if self.possible else "; it can no longer be met")


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a request has come.

    Attributes:
        positions: where each requirement stands, in the order of the requirements.
    """

    positions: tuple[Position, ...]

    @property
    def open(self) -> tuple[Position, ...]:
        """The requirements that are not met, those of earlier steps first, and those of no step before all."""
        unmet = (each for each in self.positions if not each.met)
        return tuple(sorted(unmet, key=lambda each: each.requirement.step or 0))

    @property
    def met(self) -> bool:
        """Whether every requirement is met."""
        return all(each.met for each in self.positions)

    @property
    def step(self) -> int | None:
        """The step that is open, or None if every step is complete."""
        return next((each.requirement.step for each in self.open if each.requirement.step), None)

    @property
    def now(self) -> tuple[Position, ...]:
        """The requirements that could be met now: those of the open step, and those of no step."""
        return tuple(each for each in self.open if each.requirement.step in {None, self.step})

    @property
    def impossible(self) -> tuple[Position, ...]:
        """The requirements that can no longer be met."""
        return tuple(each for each in self.open if not each.possible)

    @property
    def counted(self) -> tuple[str, ...]:
        """The actors whose votes, reports or waivers met something, in alphabetical order."""
        return tuple(sorted({actor for each in self.positions for actor in each.counted}))

    def __str__(self) -> str:
        if self.met:
            return "every requirement is met"
        now = " and ".join(each.waits_for for each in self.now)
        then = " and ".join(each.waits_for for each in self.open if each not in self.now)
        return f"still needs {now}" + (f", then {then}" if then else "")


@dataclass(frozen=True, slots=True)
class Known:
    """What requirements are judged by.

    Attributes:
        terms: of the request.
        digest: that votes must be bound to.
        ballots: what people said.
        at: now, UTC.
        around: facts about the world around the request.
    """

    terms: Terms
    digest: str
    ballots: Ballots
    at: datetime
    around: Circumstances = field(default=NOTHING)


def standing(known: Known, requirements: Sequence[Requirement] | None = None) -> Standing:
    """Judge requirements. Pure.

    Args:
        known: what to judge by.
        requirements: what to judge, if not what the terms require.
    """
    required = known.terms.requirements if requirements is None else requirements
    approvals = [each for each in required if isinstance(each, Approval)]
    judged = _approvals(approvals, known)
    return Standing(
        tuple(next(judged) if isinstance(each, Approval) else JUDGES[type(each)](each, known) for each in required)
    )


def _approvals(approvals: list[Approval], known: Known) -> Iterator[Position]:
    """Say how far the places are filled that the votes can fill, each person in one."""
    if not approvals:
        return
    terms, around = known.terms, known.around
    votes = cast(terms, known.digest, known.ballots.votes, around)
    for approval, found in zip(approvals, filled(approvals, votes, around, _gone(known)), strict=True):
        yield Position(
            requirement=approval,
            met=not found.missing,
            waits_for=f"{approval} ({found.missing} more)" if found.missing else "",
            possible=found.possible,
            missing=found.missing,
            counted=tuple(sorted(vote.actor for vote in found.counted)),
            candidates=found.left,
        )


def _gone(known: Known) -> frozenset[str]:
    """Give who cannot vote any more: whoever asks, and whoever has had a hand in a vote."""
    around = known.around
    if not around.candidates:
        return frozenset()
    said = (hands(vote, around) for vote in known.ballots.votes if vote.digest == known.digest)
    return frozenset().union(asking(known.terms), around.asking, *said)


def reports_on(requirement: Reported, known: Known) -> list[Report]:
    """Return the reports that count, oldest first: of who is eligible, and, where it passed, still would be."""
    mine = [
        each
        for each in known.ballots.reports
        if (each.name, each.digest) == (requirement.name, known.digest)
        and requirement.step in {None, each.step}
        and requirement.admits_actor(each.by)
    ]
    return [each for each in mine if not each.passed or _stands(requirement, each, known)]


def _report(requirement: Reported, known: Known) -> Position:
    """Judge by the last report."""
    mine, lasts = reports_on(requirement, known), requirement.valid_for
    last = mine[-1] if mine else None
    if last is None:
        listed, asked = known.around.candidates.get(requirement), asking(known.terms) | known.around.asking
        left = None if listed is None else tuple(each.id for each in listed if asked.isdisjoint(each.persons))
        return Position(requirement, met=False, waits_for=str(requirement), possible=left != (), candidates=left)
    if not last.passed:
        why = f"{requirement}, which {last.by.id} reported as failed: {last.evidence}"
        return Position(requirement, met=False, waits_for=why)
    if lasts is not None and known.at >= last.at + lasts:
        why = f"{requirement} anew: the last ran out at {in_words(last.at + lasts)}"
        return Position(requirement, met=False, waits_for=why)
    return Position(requirement, met=True, counted=(last.by.id,))


def _stands(requirement: Reported, report: Report, known: Known) -> bool:
    """Tell whether somebody could report now what they reported then, where that is looked at again."""
    if not requirement.recheck or report.hat not in known.around.speakers:
        return True
    now = known.around.speakers[report.hat]
    return now is not None and requirement.admits_actor(now) and not _asks(now, known)


def _asks(actor: Actor, known: Known) -> bool:
    """Tell whether an actor has a hand in asking, then or now."""
    return not (asking(known.terms) | known.around.asking).isdisjoint(actor.persons)


def _schedule(requirement: Schedule, known: Known) -> Position:
    late = requirement.not_after is not None and known.at >= requirement.not_after
    early = requirement.not_before is not None and known.at < requirement.not_before
    return Position(requirement, met=not (late or early), waits_for=str(requirement), possible=not late)


def waivers_of(requirement: Freeze, known: Known) -> list[Waiver]:
    """Return the waivers that let it pass, oldest first."""
    return [
        each
        for each in known.ballots.waivers
        if (each.name, each.until, each.digest) == (requirement.name, stamp(requirement.until), known.digest)
        and _waives(requirement, each, known)
    ]


def _freeze(requirement: Freeze, known: Known) -> Position:
    waived = waivers_of(requirement, known)
    met = bool(waived) or known.at >= requirement.until
    return Position(requirement, met=met, waits_for=str(requirement), counted=tuple(each.actor for each in waived[:1]))


def _waives(requirement: Freeze, waiver: Waiver, known: Known) -> bool:
    """Tell whether somebody had a role for it, and has it still where that is looked at again."""
    wanted = set(requirement.waiver_roles)
    if wanted.isdisjoint(waiver.roles) or not requirement.recheck or waiver.hat not in known.around.speakers:
        return not wanted.isdisjoint(waiver.roles)
    now = known.around.speakers[waiver.hat]
    return now is not None and not wanted.isdisjoint(now.roles) and not _asks(now, known)


def _dependency(requirement: Dependency, known: Known) -> Position:
    found = known.around.awaited.get(requirement.request_id)
    if found is None:
        return Position(requirement, met=False, waits_for=f"{requirement}, which is unknown", possible=False)
    who = "which" if found.request_id == requirement.request_id else f"whose successor {found.request_id}"
    if requirement.asks not in {"", found.asks}:
        why = f"{requirement}, {who} now asks for something else: {found.about}"
        return Position(requirement, met=False, waits_for=why, possible=False)
    if found.outdated:
        why = f"{requirement}, {who} was executed before it was made"
        return Position(requirement, met=False, waits_for=why, possible=False)
    done = found.status is Status.EXECUTED or found.already_in_place
    waits_for = f"{requirement}, {who} is {found.status}"
    return Position(requirement, met=done, waits_for=waits_for, possible=done or not found.status.terminal)


def _quota(requirement: Quota, known: Known) -> Position:
    if len(known.around.executions) < requirement.limit:
        return Position(requirement, met=True)
    free_at = known.around.executions[requirement.limit - 1] + requirement.per
    waits_for = f"{requirement}: the next one from {in_words(free_at)}"
    return Position(requirement, met=known.at >= free_at, waits_for=waits_for)


JUDGES: dict[type[Requirement], Callable[[Any, Known], Position]] = {
    ManualReview: _report,
    ExternalCheck: _report,
    Schedule: _schedule,
    Freeze: _freeze,
    Dependency: _dependency,
    Quota: _quota,
}
"""How each requirement that is no approval is judged. Approvals are seated together, for a person has one place."""

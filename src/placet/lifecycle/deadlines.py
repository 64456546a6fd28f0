"""When a request expires as it stands: the first of its deadlines that still matters."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from placet.lifecycle.standing import Known, standing
from placet.model.approval import Eligibility
from placet.model.canonical import in_words, stamp
from placet.model.conditions import Schedule
from placet.model.request import MutationRequest, Status
from placet.model.requirement import Requirement
from placet.model.terms import Terms


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a request expires, and what sets that moment.

    Attributes:
        at: the moment, UTC.
        kind: `requester` (its `expires_at`), `schedule` (the `not_after` of a schedule that is required) or
            `requirement` (the `within` of an approval, review or check that is required).
        of: whose deadline it is, in words: the requester, the schedule, or the requirement.
    """

    at: datetime
    kind: str
    of: str

    def __str__(self) -> str:
        return f"the deadline of {self.of} is {in_words(self.at)}"

    @property
    def passed(self) -> str:
        """What to say once it has passed."""
        return f"the deadline of {self.of} passed at {in_words(self.at)}"

    @classmethod
    def from_json(cls, recorded: Mapping[str, str]) -> Self:
        """Return the deadline that a decision `expired` has recorded."""
        return cls(datetime.fromisoformat(recorded["at"]), recorded["kind"], recorded["of"])

    def to_json(self) -> dict[str, str]:
        """Return it as a JSON object, as the decision `expired` records it."""
        return {"at": stamp(self.at), "kind": self.kind, "of": self.of}


def timed(terms: Terms) -> bool:
    """Tell whether what is said about a request changes when it expires."""
    return any(_limits(terms.requirements))


def due(status: Status, known: Known) -> Deadline | None:
    """Return the deadline at which a request expires if nothing more happens to it, or None if it has none.

    These count: the requester's deadline, the end of a schedule, and the deadlines of requirements that are not met
    yet. How long an approval is valid does not: when it runs out, the request has to be approved again.

    Args:
        status: the status of the request.
        known: what its requirements are judged by, the latest decision included.
    """
    return min(_counting(status, known), key=lambda each: each.at, default=None)


def next_deadline(request: MutationRequest, known: Known) -> Deadline | None:
    """Return the deadline of a request: the recorded one, `due_at`, or a sooner one of what is no longer met."""
    now, recorded, terms = due(request.status, known), request.due_at, known.terms
    if recorded is None or (now is not None and now.at <= recorded):
        return now
    requester = Deadline(recorded, "requester", f"requester {terms.requester}")
    return next((each for each in _limits(terms.requirements) if each.at == recorded), requester)


def _counting(status: Status, known: Known) -> Iterator[Deadline]:
    terms = known.terms
    if terms.expires_at is not None:
        yield Deadline(terms.expires_at, "requester", f"requester {terms.requester}")
    for each in terms.requirements:
        if isinstance(each, Schedule) and each.not_after is not None:
            yield Deadline(each.not_after, "schedule", "the schedule")
    if status is Status.PENDING and timed(terms):
        yield from _limits(position.requirement for position in standing(known).open)


def _limits(requirements: Iterable[Requirement]) -> Iterator[Deadline]:
    for each in requirements:
        if isinstance(each, Eligibility) and each.deadline is not None:
            yield Deadline(each.deadline, "requirement", str(replace(each, deadline=None)))

"""What a lifecycle is declared in: triggers, transitions, and a table that is sound."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from placet.errors import TableError
from placet.lifecycle import effects, facts
from placet.lifecycle.facts import Facts
from placet.lifecycle.guards import Guard
from placet.lifecycle.step import Evidence, Step
from placet.model.request import TERMINAL, MutationRequest, Status
from placet.model.trail import Category, Code


class Trigger(StrEnum):
    """What can be asked of a request."""

    SUBMIT = "submit"
    ADMIT = "admit"
    AMEND = "amend"
    TAKE_OVER = "take_over"
    HOLD = "hold"
    RELEASE = "release"
    COMMENT = "comment"
    VOTE = "vote"
    DISSENT = "dissent"
    ABSTAIN = "abstain"
    WITHDRAW = "withdraw"
    REPORT = "report"
    WAIVE = "waive"
    REQUEST_CHANGES = "request_changes"
    APPROVE = "approve"
    REJECT = "reject"
    NOTE = "note"
    LAPSE = "lapse"
    EXPIRE_APPROVAL = "expire_approval"
    CANCEL = "cancel"
    EXPIRE = "expire"
    SUPERSEDE = "supersede"
    RESOLVE = "resolve"
    OVERRIDE = "override"
    EXECUTE = "execute"
    MARK_STALE = "mark_stale"
    MARK_IN_PLACE = "mark_in_place"
    RENEW_APPROVAL = "renew_approval"
    REQUIRE_REVALIDATION = "require_revalidation"
    REVALIDATE = "revalidate"
    BLOCK = "block"
    FAIL = "fail"
    RETRY = "retry"
    REVIEW = "review"

    @property
    def method(self) -> str:
        """The method of `Governance` by which somebody asks for it; the one that makes it follow, where nobody does."""
        return _METHODS.get(self, self.value)


_METHODS = {
    Trigger.ADMIT: "submit",
    Trigger.VOTE: "approve",
    Trigger.DISSENT: "reject",
    Trigger.APPROVE: "reassess",
    Trigger.NOTE: "reassess",
    Trigger.LAPSE: "reassess",
    Trigger.EXPIRE_APPROVAL: "reassess",
    Trigger.EXPIRE: "expire_due",
    Trigger.RESOLVE: "execute",
    Trigger.OVERRIDE: "execute",
    Trigger.MARK_STALE: "execute",
    Trigger.MARK_IN_PLACE: "execute",
    Trigger.RENEW_APPROVAL: "execute",
    Trigger.REQUIRE_REVALIDATION: "execute",
    Trigger.BLOCK: "execute",
    Trigger.FAIL: "execute",
}
"""The methods that are not called as the trigger is."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table.

    Attributes:
        trigger: what is asked.
        sources: the statuses it may be asked in.
        target: the status it leads to; None where it stays in the status it is in.
        guard: the rule it must satisfy.
        category: of the decision it records.
        code: of the decision it records.
        effect: what it does to the request besides moving it.
        facts: what its decision records beside the usual.
        audits: whether it ends an execution attempt, and so leaves an audit record.
        then: what follows at once if its guard lets it; the first that moves is the last.
    """

    trigger: Trigger
    sources: tuple[Status, ...]
    target: Status | None
    guard: Guard
    category: Category
    code: Code
    effect: Callable[[MutationRequest, Evidence], MutationRequest] = effects.keep
    facts: Callable[[MutationRequest, Step, Evidence], Facts] = facts.none
    audits: bool = False
    then: tuple[Trigger, ...] = ()

    def leads_to(self, source: Status) -> Status:
        """Give the status it leads to from a source."""
        return self.target or source

    def arrows(self) -> tuple[tuple[Status, Trigger, Status], ...]:
        """Give what it declares as (source, trigger, target)."""
        return tuple((source, self.trigger, self.leads_to(source)) for source in self.sources)


class Table:
    """A sound set of transitions.

    Args:
        rows: the transitions.

    Raises:
        TableError: an unknown status or trigger, two rows for one cell, a guard without words, a way out of a terminal
            status, a status nobody can leave that is not terminal, or one that nothing leads to.
    """

    def __init__(self, rows: Iterable[Transition]) -> None:
        self.rows = tuple(rows)
        self._cells: dict[tuple[str, str], Transition] = {}
        for row in self.rows:
            self._add(row)
        steps = {(source, target) for row in self.rows for source, _, target in row.arrows()}
        reached = _connected({Status.CREATED}, steps)
        ending = _connected(set(TERMINAL), {(target, source) for source, target in steps})
        for status in Status:
            if status not in reached:
                raise TableError(f"nothing leads to {status}: add a row with this target, or drop the status")
            if status not in ending:
                raise TableError(f"nobody can leave {status} for good and it is not terminal: add a row from it")

    def _add(self, row: Transition) -> None:
        if row.trigger not in set(Trigger):
            raise TableError(f"unknown trigger {row.trigger!r}: declare it in Trigger")
        if not row.sources:
            raise TableError(f"{row.trigger} starts nowhere: name its sources")
        if not row.guard.words.strip():
            raise TableError(f"the guard of {row.trigger} does not say what it demands: give it words")
        for status in (*row.sources, *({row.target} - {None})):
            if status not in set(Status):
                raise TableError(f"{row.trigger} names the unknown status {status!r}: declare it in Status")
        for source in row.sources:
            if source in TERMINAL and row.leads_to(source) is not source:
                raise TableError(f"{row.trigger} leaves {source}, which is terminal: drop the row")
            if self._cells.setdefault((source, row.trigger), row) is not row:
                raise TableError(f"two rows for {row.trigger} from {source}: keep one")

    def __iter__(self) -> Iterator[Transition]:
        return iter(self.rows)

    def cell(self, status: Status, trigger: Trigger) -> Transition | None:
        """Give the row for a status and a trigger, or None where the trigger is refused."""
        return self._cells.get((status, trigger))

    def triggers(self, status: Status) -> tuple[Trigger, ...]:
        """Give what can be asked in a status, in the order of the table."""
        return tuple(row.trigger for row in self.rows if status in row.sources)


def _connected(start: set[Status], steps: set[tuple[Status, Status]]) -> set[Status]:
    """Give every status that these steps lead to from the start."""
    found = set(start)
    while more := {target for source, target in steps if source in found} - found:
        found |= more
    return found

"""The lifecycle, declared once. Everything else follows from this table.

The machine runs it, the diagrams draw it, the SQL constraint and the documentation are held against it, the tests walk
it. A cell (status, trigger) that is not here is a typed refusal.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from signoff.errors import TableError
from signoff.lifecycle import effects, facts, guards
from signoff.lifecycle.facts import Facts
from signoff.lifecycle.guards import Guard
from signoff.lifecycle.step import Evidence, Step
from signoff.model.request import TERMINAL, MutationRequest, Status
from signoff.model.trail import Category


class Trigger(StrEnum):
    """What can be asked of a request."""

    SUBMIT = "submit"
    ADMIT = "admit"
    HOLD = "hold"
    RELEASE = "release"
    VOTE = "vote"
    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    EXPIRE = "expire"
    SUPERSEDE = "supersede"
    RESOLVE = "resolve"
    EXECUTE = "execute"
    MARK_STALE = "mark_stale"
    RENEW_APPROVAL = "renew_approval"
    REQUIRE_REVALIDATION = "require_revalidation"
    REVALIDATE = "revalidate"
    BLOCK = "block"
    FAIL = "fail"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table.

    Attributes:
        trigger: what is asked.
        sources: the statuses it may be asked in.
        target: the status it leads to.
        guard: the rule it must satisfy.
        category: of the decision it records.
        code: of the decision it records.
        effect: what it does to the request besides moving it.
        facts: what its decision records beside the usual.
        audits: whether it ends an execution attempt, and so leaves an audit record.
    """

    trigger: Trigger
    sources: tuple[Status, ...]
    target: Status
    guard: Guard
    category: Category
    code: str
    effect: Callable[[MutationRequest, Evidence], MutationRequest] = effects.keep
    facts: Callable[[MutationRequest, Step, Evidence], Facts] = facts.none
    audits: bool = False


class Table:
    """A sound set of transitions.

    Args:
        rows: the transitions.

    Raises:
        TableError: an unknown status or trigger, two rows for one cell, a guard without a rule, a way out of a terminal
            status, a status nobody can leave that is not terminal, or one that nothing leads to.
    """

    def __init__(self, rows: Iterable[Transition]) -> None:
        self.rows = tuple(rows)
        self._cells: dict[tuple[str, str], Transition] = {}
        for row in self.rows:
            self._add(row)
        steps = {(source, row.target) for row in self.rows for source in row.sources}
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
        if not row.guard.name.strip() or not row.guard.rule.strip():
            raise TableError(f"the guard of {row.trigger} has no reason to refuse with: give it a name and a rule")
        for status in (*row.sources, row.target):
            if status not in set(Status):
                raise TableError(f"{row.trigger} names the unknown status {status!r}: declare it in Status")
        for source in row.sources:
            if source in TERMINAL:
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


_S, _T, _C = Status, Trigger, Category
_OPEN = (_S.CREATED, _S.PENDING, _S.APPROVED, _S.REVALIDATION, _S.FAILED)
_RUN = (_S.RESOLVING, _S.REVALIDATION)

LIFECYCLE = Table(
    (
        Transition(_T.SUBMIT, (_S.CREATED,), _S.PENDING, guards.SUBMIT, _C.LIFECYCLE, "submitted", facts=facts.asked),
        Transition(_T.ADMIT, (_S.CREATED,), _S.APPROVED, guards.ADMIT, _C.LIFECYCLE, "admitted", facts=facts.asked),
        Transition(_T.HOLD, (_S.CREATED, _S.APPROVED), _S.PENDING, guards.HOLD, _C.LIFECYCLE, "held", effects.held),
        Transition(_T.RELEASE, (_S.PENDING,), _S.PENDING, guards.RELEASE, _C.LIFECYCLE, "released", effects.released),
        Transition(_T.VOTE, (_S.PENDING,), _S.PENDING, guards.VOTE, _C.APPROVAL, "voted", facts=facts.voter),
        Transition(_T.APPROVE, (_S.PENDING,), _S.APPROVED, guards.APPROVE, _C.APPROVAL, "approved", facts=facts.quorum),
        Transition(_T.REJECT, (_S.PENDING, _S.REVALIDATION), _S.REJECTED, guards.REJECT, _C.APPROVAL, "rejected"),
        Transition(_T.CANCEL, _OPEN, _S.CANCELED, guards.CANCEL, _C.LIFECYCLE, "canceled"),
        Transition(_T.EXPIRE, _OPEN[1:], _S.EXPIRED, guards.EXPIRE, _C.LIFECYCLE, "expired"),
        Transition(
            _T.SUPERSEDE,
            _OPEN,
            _S.SUPERSEDED,
            guards.SUPERSEDE,
            _C.LIFECYCLE,
            "superseded",
            effects.superseded,
            facts.succession,
        ),
        Transition(
            _T.RESOLVE,
            (_S.APPROVED, _S.REVALIDATION),
            _S.RESOLVING,
            guards.RESOLVE,
            _C.VERSION_RESOLUTION,
            "resolved",
            effects.attempted,
            facts.resolution,
        ),
        Transition(
            _T.EXECUTE,
            (_S.RESOLVING,),
            _S.EXECUTED,
            guards.EXECUTE,
            _C.EXECUTION,
            "executed",
            effects.executed,
            facts.execution,
            audits=True,
        ),
        Transition(
            _T.MARK_STALE, (_S.RESOLVING,), _S.STALE, guards.MARK_STALE, _C.VERSION_RESOLUTION, "stale", audits=True
        ),
        Transition(
            _T.RENEW_APPROVAL,
            _RUN,
            _S.PENDING,
            guards.RENEW,
            _C.VERSION_RESOLUTION,
            "approval_renewed",
            effects.renewed,
            facts.renewal,
            audits=True,
        ),
        Transition(
            _T.REQUIRE_REVALIDATION,
            (_S.RESOLVING,),
            _S.REVALIDATION,
            guards.REQUIRE_REVALIDATION,
            _C.VERSION_RESOLUTION,
            "revalidation_required",
            effects.unvalidated,
            audits=True,
        ),
        Transition(
            _T.REVALIDATE,
            (_S.REVALIDATION,),
            _S.REVALIDATION,
            guards.REVALIDATE,
            _C.VERSION_RESOLUTION,
            "revalidated",
            effects.validated,
            facts.run,
        ),
        Transition(_T.BLOCK, _RUN, _S.REJECTED, guards.BLOCK, _C.EXECUTION, "blocked", facts=facts.run, audits=True),
        Transition(
            _T.FAIL, _RUN, _S.FAILED, guards.FAIL, _C.EXECUTION, "failed", effects.failed, facts.run, audits=True
        ),
        Transition(_T.RETRY, (_S.FAILED,), _S.APPROVED, guards.RETRY, _C.LIFECYCLE, "retried"),
    )
)

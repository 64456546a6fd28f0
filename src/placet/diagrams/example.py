"""A small run whose time and ids do not vary, to be drawn: one request goes back to its approvers, one is executed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from placet.diagrams.recording import Calls, RecordingEngine, RecordingLifecycle, RecordingResolver, RecordingStore
from placet.diagrams.sequence import sequence_diagram
from placet.documents import Document, MergeDocument
from placet.engine.hooks import Hooks
from placet.engine.policies import require_approval
from placet.engine.registry import Registry
from placet.governance.context import Context
from placet.governance.execution import GovernanceExecutionManager
from placet.governance.facade import Governance
from placet.model.actor import Actor
from placet.model.directory import StaticDirectory
from placet.model.request import MutationRequest
from placet.model.terms import OnDrift
from placet.model.trail import Decision

_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_STATE = "limits"


@dataclass(frozen=True, slots=True)
class Example:
    """What there is to draw.

    Attributes:
        request: one that was approved for a version that is gone, and asks its approvers again.
        decisions: its trail.
        waits: what it waits for.
        sequence: the execution of another, as a sequence diagram.
    """

    request: MutationRequest
    decisions: tuple[Decision, ...]
    waits: tuple[str, ...]
    sequence: str


class _Clock:
    """Stands still until somebody does something."""

    now = _NOON

    def __call__(self) -> datetime:
        return self.now

    def later(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)


def _context(calls: Calls, clock: _Clock) -> Context:
    numbers = count(1)
    store = RecordingStore()
    engine = RecordingEngine([require_approval(2, roles=["finance"])], timer=lambda: 0, clock=clock)
    store.calls = engine.calls = calls
    people = [Actor("bob"), Actor("ann", roles=("finance",)), Actor("eve", roles=("finance",)), Actor("runner")]
    return Context(
        store=store,
        engine=engine,
        registry=Registry([MergeDocument]),
        lifecycle=RecordingLifecycle(calls),
        directory=StaticDirectory(people),
        clock=clock,
        timer=lambda: 0,
        hooks=Hooks(),
        new_id=lambda: f"limits-{next(numbers)}",
        administrator_role="administrator",
        max_failures=3,
        vouches=True,
        approval_valid_for=timedelta(days=30),
    )


def play() -> Example:
    """Play the run, and give what there is to draw. It is the same each time."""
    calls: Calls = []
    clock = _Clock()
    context = _context(calls, clock)
    gov, execution = Governance(context), GovernanceExecutionManager(context, RecordingResolver(calls))
    gov.create_state(_STATE, Document.of({"daily": 10, "monthly": 100}))

    def asked(**merge: Any) -> MutationRequest:  # noqa: ANN401 - any JSON
        clock.later(5)
        return gov.submit(MergeDocument(merge=merge), to=_STATE, by="bob", on_drift=OnDrift.RENEW_APPROVAL)

    def agreed(request: MutationRequest, *who: str) -> None:
        for each in who:
            clock.later(20)
            gov.approve(request.id, by=each, digest=request.digest)

    slow, quick = asked(daily=50), asked(monthly=500)
    agreed(slow, "ann", "eve")
    agreed(quick, "eve", "ann")
    clock.later(30)
    calls.clear()
    outcome = execution.execute(quick.id, by="runner")
    said = f"{outcome.status}, version {outcome.resulting_version}"
    sequence = sequence_diagram(calls, by="runner", asked=f"execute {quick.id}", outcome=said)
    clock.later(10)
    again = gov.execute(slow.id, by="runner").request
    agreed(again, "eve")
    waits = gov.waiting_for(slow.id).reasons
    return Example(gov.get_request(slow.id), gov.decisions(slow.id), waits, sequence)

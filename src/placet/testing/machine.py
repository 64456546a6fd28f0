"""A state machine for hypothesis that takes your own mutations down every road, and minds your own invariant."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings, stateful
from hypothesis import strategies as st

from placet.engine.policies import Policy, require_approval
from placet.errors import ApplyRaisedError, ConflictError, MutationInvalidError, RefusedError
from placet.governance.facade import Governance
from placet.model.directory import Directory, OpenDirectory
from placet.model.mutation import Mutation
from placet.model.request import MutationRequest, Status
from placet.model.state import State
from placet.model.terms import OnDrift
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.testing.clock import FrozenClock, counting_ids
from placet.testing.faults import FaultStore

STATE_ID = "governed"
REFUSALS = (RefusedError, ConflictError, MutationInvalidError, ApplyRaisedError)
"""What a road may be refused with, and goes on. Any other error ends it: a mutation that breaks its contract, say."""
_UNTOLD = ("state._everything_holds()", "state.teardown()")
"""Steps that belong to every road."""

_MUTATIONS: st.SearchStrategy[Any] = st.runner().flatmap(lambda life: life.strategy())
_APPROVERS: st.SearchStrategy[str] = st.runner().flatmap(lambda life: st.sampled_from(life.approvers))


class LifecycleStateMachine(stateful.RuleBasedStateMachine):
    """Takes your mutations down every road there is: asked, voted on, amended, executed, on a state that has moved.

    Subclass it, and give the subclass's `TestCase` to pytest, or the subclass to `shortest_story`::

        class BookingLife(LifecycleStateMachine):
            initial = Theatre(seats=3)
            mutation_types = (Book, Release)

            def invariant(self, state: Theatre) -> None:
                assert state.free >= 0

        TestBooking = BookingLife.TestCase

    After every step it demands that everything verifies, that each executed request is in the history once and no
    other is, that the history replays to the state there is, and your own invariant of that state.

    Attributes:
        initial: the state that each road begins with.
        mutation_types: the mutation classes.
        mutations: a strategy for mutations; instances of `mutation_types`, built from the types of their fields, if
            left out.
        policies: who has to approve; one approval if left out.
        directory: who is who; anybody, without roles, if left out.
        requester: who asks.
        approvers: who approves and rejects.
        executor: who executes.
    """

    initial: ClassVar[State]
    mutation_types: ClassVar[Sequence[type[Mutation[Any]]]]
    mutations: ClassVar[st.SearchStrategy[Any] | None] = None
    policies: ClassVar[Sequence[Policy]] = (require_approval(count=1),)
    directory: ClassVar[Directory] = OpenDirectory()
    requester: ClassVar[str] = "requester"
    approvers: ClassVar[Sequence[str]] = ("approver-1", "approver-2", "approver-3")
    executor: ClassVar[str] = "executor"

    requests = stateful.Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FrozenClock()
        self._store = FaultStore(self.make_store())  # it never fails, and tells what was written
        self.gov = Governance.open(
            self._store,
            mutations=self.mutation_types,
            policies=self.policies,
            directory=self.directory,
            clock=self.clock,
            new_id=counting_ids(),
            timer=lambda: 0,
        )
        self.gov.create_state(STATE_ID, self.initial)

    def make_store(self) -> Store:
        """Give an empty store; one in memory unless you override it."""
        return MemoryStore()

    def invariant(self, state: Any) -> None:  # noqa: ANN401 - your own state, which your override names
        """Assert what must hold in every state that can be reached; override it.

        Args:
            state: the state as it is after a step.
        """

    def teardown(self) -> None:
        """Close the store at the end of a road."""
        self.gov.close()

    def strategy(self) -> st.SearchStrategy[Any]:
        """Give the strategy for mutations."""
        if self.mutations is not None:
            return self.mutations
        return st.one_of(*(st.builds(each) for each in self.mutation_types))

    @stateful.rule(target=requests, mutation=_MUTATIONS, on_drift=st.sampled_from([each.value for each in OnDrift]))
    def submit(self, mutation: Mutation[Any], on_drift: str) -> Any:  # noqa: ANN401 - an id, or nothing for the bundle
        """Ask for a change, which runs out in a day."""
        deadline = self.clock.now + timedelta(days=1)
        with suppress(*REFUSALS):
            asked = self.gov.submit(
                mutation, to=STATE_ID, by=self.requester, on_drift=on_drift, fallback="revalidate", expires_at=deadline
            )
            return asked.id
        return stateful.multiple()

    @stateful.rule(request=requests, approver=_APPROVERS)
    def approve(self, request: str, approver: str) -> None:
        """Let somebody approve a request."""
        with suppress(*REFUSALS):
            self.gov.approve(request, by=approver, digest=self.gov.get_request(request).digest)

    @stateful.rule(request=requests, approver=_APPROVERS)
    def reject(self, request: str, approver: str) -> None:
        """Let somebody reject a request."""
        with suppress(*REFUSALS):
            self.gov.reject(request, by=approver, reason="no")

    @stateful.rule(request=requests, mutation=_MUTATIONS)
    def amend(self, request: str, mutation: Mutation[Any]) -> None:
        """Ask for something else instead."""
        with suppress(*REFUSALS):
            self.gov.amend(request, mutation, by=self.requester)

    @stateful.rule(request=requests)
    def execute(self, request: str) -> None:
        """Execute a request, if it is approved."""
        with suppress(*REFUSALS):
            self.gov.execute(request, by=self.executor)

    @stateful.rule(request=requests)
    def retry(self, request: str) -> None:
        """Make a request that failed approved again."""
        with suppress(*REFUSALS):
            self.gov.retry(request, by=self.requester)

    @stateful.rule(mutation=_MUTATIONS)
    def drift(self, mutation: Mutation[Any]) -> None:
        """Let somebody else ask for a change, with all the approval it needs, and execute it: the state moves on."""
        with suppress(*REFUSALS):
            other = self.gov.submit(mutation, to=STATE_ID, by=self.requester)
            for approver in self.approvers:
                if other.status is Status.PENDING:
                    other = self.gov.approve(other.id, by=approver, digest=other.digest)
            self.gov.execute(other.id, by=self.executor)

    @stateful.rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        """Let hours go by, and what is due expire."""
        self.clock.tick(hours=hours)
        self.gov.expire_due()

    @stateful.invariant()
    def _everything_holds(self) -> None:
        """Demand, after every step, what governance promises, and what you do."""
        if "write" not in self._store.calls:
            return  # a step that was refused has moved nothing
        self._store.calls.clear()
        requests = [*every_request(self.gov)]
        found = self.gov.verify()
        assert found.ok, str(found)
        snapshot = self.gov.get_state(STATE_ID)
        assert self.gov.replay(STATE_ID, snapshot.version) == snapshot, "the history replays to another state"
        executed = sorted(each.id for each in requests if each.status is Status.EXECUTED)
        entries = sorted(each.request_id for each in self.gov.history(STATE_ID) if each.request_id is not None)
        assert executed == entries, "what was executed is not what is in the history, each once"
        self.invariant(snapshot.state)


def every_request(gov: Governance) -> Iterator[MutationRequest]:
    """Give every request there is, page by page.

    Args:
        gov: the governance over them.
    """
    page = gov.find_requests(limit=1000)
    yield from page
    while page.cursor is not None:
        page = gov.find_requests(limit=1000, cursor=page.cursor)
        yield from page


def shortest_story(life: type[LifecycleStateMachine], *, examples: int = 100, steps: int = 12) -> str | None:
    """Look for a road on which something does not hold, and tell it as short as hypothesis can make it.

    One release of hypothesis takes the same roads each time, so that the story is the same.

    Args:
        life: your machine.
        examples: how many roads to take.
        steps: how many steps each has at most.

    Returns:
        The steps of the road, one a line, and what did not hold at its end; None if everything held on every road.
    """
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    try:
        stateful.run_state_machine_as_test(life, settings=chosen)
    except Exception as error:  # noqa: BLE001 - whatever ends the road is what the story is about
        told = [line for note in getattr(error, "__notes__", ()) for line in note.splitlines()]
        road = [line for line in told if "state." in line and not line.endswith(_UNTOLD)]
        return "\n".join([*road, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"])
    return None

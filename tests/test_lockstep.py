"""The memory store and the SQLite store, driven in lock-step: whatever is asked of both, both must answer the same."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from house import HOUSE, MUTATIONS, AddTeam, Awkward, GrantRole, Roles
from placet import (
    Actor,
    Governance,
    Mutation,
    MutationRequest,
    OnDrift,
    Outcome,
    PlacetError,
    StaticDirectory,
    Status,
    allow,
    deny,
    require_approval,
)
from placet.model.outcome import BatchItem
from placet.model.state import Snapshot
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.store.sqlite import SqliteStore
from placet.testing import FrozenClock

DIRECTORY = StaticDirectory(
    [
        Actor("bob"),
        Actor("ann"),
        Actor("carol", roles=("owner",)),
        Actor("dave", groups=("board",)),
        Actor("root", roles=("administrator", "owner")),
    ]
)


def mostly(*usual: Any, rarely: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - arguments of methods of Governance
    """Draw one of the usual values nine times out of ten: a run of nothing but refusals proves little."""
    often = [usual[number % len(usual)] for number in range(9 * len(usual))]
    return st.sampled_from(often + [rarely] * len(usual))


PEOPLE = mostly("bob", "ann", "carol", "dave", "root", rarely="nobody")
STATES = mostly(HOUSE, HOUSE, "flat:roles", rarely="gone:roles")
REASONS = st.sampled_from(["", "because", "Straße"])


class Fallible(Mutation[Roles]):
    """Raises, or finds an issue, or goes through, as the state stands."""

    intent = Awkward.intent
    user: str

    def apply(self, state: Roles) -> Roles:
        if len(state.teams) % 2:
            raise ValueError(f"{len(state.teams)} teams")
        return state.evolve(members={**state.members, self.user: "reader"})


MUTATING: st.SearchStrategy[Mutation[Any]] = st.one_of(
    st.builds(GrantRole, user=st.sampled_from(["ada", "eve"]), role=mostly("reader", "admin", rarely="king")),
    st.builds(AddTeam, team=mostly("red", "blue", "free", rarely="denied")),
    st.builds(Fallible, user=st.sampled_from(["ada", "eve"])),
    st.just(Awkward()),
)


def opened(store: Store, clock: Callable[[], datetime]) -> Governance:
    numbers = itertools.count(1)
    gov = Governance.open(
        store,
        mutations=[*MUTATIONS, Fallible],
        policies=[
            require_approval(count=1, when=lambda proposal: not isinstance(proposal.mutation, AddTeam)),
            require_approval(
                count=1,
                roles=["owner"],
                groups=["board"],
                when=lambda proposal: len(getattr(proposal.state, "members", {})) > 2,
            ),
            allow(when=lambda proposal: getattr(proposal.mutation, "team", "") in {"free", "red"}),
            require_approval(count=2, when=lambda proposal: getattr(proposal.mutation, "team", "") == "blue"),
            deny("no such team", when=lambda proposal: getattr(proposal.mutation, "team", "") == "denied"),
        ],
        directory=DIRECTORY,
        clock=clock,
        new_id=lambda: f"id-{next(numbers):04}",
        timer=lambda: 0,
        max_failures=2,
    )
    for state_id in (HOUSE, "flat:roles"):
        gov.create_state(state_id, Roles(members={"root": "admin"}))
    return gov


@dataclass(frozen=True)
class Raised:
    """What is compared of an error."""

    kind: type[PlacetError]
    code: str
    message: str


def plain(value: object) -> Any:  # noqa: ANN401 - whatever a method of Governance returns
    """Give an answer in a form that compares by value, errors in batches included."""
    if isinstance(value, PlacetError):
        return Raised(type(value), value.code, str(value))
    if isinstance(value, BatchItem):
        return (value.request_id, value.outcome, plain(value.error))
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    return value


class LockStep(RuleBasedStateMachine):
    """Does the same to both, and compares."""

    requests: Bundle[str] = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FrozenClock()
        self.pair = [opened(store, self.clock) for store in (MemoryStore(), SqliteStore(":memory:"))]
        self.ended: dict[str, MutationRequest] = {}
        self.made: set[str] = set()

    def teardown(self) -> None:
        try:
            for gov in self.pair:
                found = gov.verify()
                assert found.ok, str(found)
        finally:
            for gov in self.pair:
                gov.close()

    def both(self, method: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - of whatever method of Governance
        """Ask both, see to it that they answer the same, and give the answer."""
        answers = []
        for gov in self.pair:
            try:
                answers.append(plain(getattr(gov, method)(*args, **options)))
            except PlacetError as error:
                answers.append(plain(error))
        memory, sqlite = answers
        assert memory == sqlite
        self.seen(method, memory)
        return memory

    def seen(self, method: str, answer: object) -> None:
        """Count what came of what, for `pytest --hypothesis-show-statistics`."""
        came = answer.code if isinstance(answer, Raised) else getattr(answer, "status", "done")
        event(f"{method}: {came}")

    @initialize(target=requests)
    def begin(self) -> str:
        """Begin with one request, so that there is always something to act on."""
        made = self.both("submit", GrantRole(user="ada", role="reader"), to=HOUSE, by="bob")
        self.made.add(made.id)
        return str(made.id)

    # ---- asking

    @rule(
        target=requests,
        mutation=MUTATING,
        to=STATES,
        by=mostly("bob", "bob", "ann", rarely="nobody"),
        on_drift=mostly(*OnDrift, rarely="sideways"),
        fallback=mostly(OnDrift.REVALIDATE, OnDrift.RENEW_APPROVAL, OnDrift.REJECT, rarely="keep_if_same_effect"),
        pause=st.booleans(),
        key=mostly(None, None, "key-1", "key-2", rarely=""),
        deadline=mostly(None, None, 1, 5, rarely=-1),
        expected=mostly(None, rarely=2),
        request_id=mostly(None, rarely="id-0003"),
        reason=REASONS,
    )
    def submit(
        self,
        *,
        mutation: Mutation[Any],
        to: str,
        by: str,
        on_drift: str,
        fallback: str,
        pause: bool,
        key: str | None,
        deadline: int | None,
        expected: int | None,
        request_id: str | None,
        reason: str,
    ) -> str:
        made = self.both(
            "submit",
            mutation,
            to=to,
            by=by,
            reason=reason,
            on_drift=on_drift,
            fallback=fallback,
            pause_for_revalidation=pause,
            expires_at=None if deadline is None else self.clock.now + timedelta(minutes=deadline),
            expected_version=expected,
            idempotency_key=key,
            metadata={"key": key},
            request_id=request_id,
        )
        if isinstance(made, Raised):
            return "id-0001"
        self.made.add(made.id)
        return str(made.id)

    @rule(mutation=MUTATING, to=STATES, by=PEOPLE)
    def preview(self, mutation: Mutation[Any], to: str, by: str) -> None:
        self.both("preview", mutation, to=to, by=by)

    @rule(state_id=st.sampled_from([HOUSE, "new:roles", " "]), by=st.none() | PEOPLE)
    def create_state(self, state_id: str, by: str | None) -> None:
        self.both("create_state", state_id, Roles(teams=["a"]), by=by)

    # ---- deciding

    @rule(request_id=requests, by=PEOPLE, shown=mostly("right", rarely="wrong"))
    def approve(self, request_id: str, by: str, shown: str) -> None:
        request = self.pair[0].get_request(request_id)
        self.both("approve", request_id, by=by, digest=request.digest if shown == "right" else "0" * 64)

    @rule(request_id=requests)
    def approve_fully(self, request_id: str) -> None:
        request = self.pair[0].get_request(request_id)
        for by in ("carol", "dave", "root"):
            self.both("approve", request_id, by=by, digest=request.digest)

    @rule(request_id=requests, by=PEOPLE, reason=REASONS)
    def reject(self, request_id: str, by: str, reason: str) -> None:
        self.both("reject", request_id, by=by, reason=reason)

    @rule(request_id=requests, by=PEOPLE, reason=mostly("wait", rarely=""))
    def hold(self, request_id: str, by: str, reason: str) -> None:
        self.both("hold", request_id, by=by, reason=reason)

    @rule(request_id=requests, by=PEOPLE)
    def release(self, request_id: str, by: str) -> None:
        self.both("release", request_id, by=by)

    @rule(request_id=requests, by=st.sampled_from(["bob", "ann", "root"]))
    def cancel(self, request_id: str, by: str) -> None:
        self.both("cancel", request_id, by=by)

    @rule(request_id=requests, successor=requests, by=mostly("root", rarely="dave"))
    def supersede(self, request_id: str, successor: str, by: str) -> None:
        self.both("supersede", request_id, successor=successor, by=by)
        self.both("supersede", request_id, successor="no-such", by=by)

    @rule(request_id=requests, by=PEOPLE)
    def retry(self, request_id: str, by: str) -> None:
        self.both("retry", request_id, by=by)

    # ---- executing

    @rule(request_id=requests, by=mostly("root", "bob", rarely="nobody"))
    def execute(self, request_id: str, by: str) -> None:
        answer = self.both("execute", request_id, by=by)
        if isinstance(answer, Outcome) and answer.executed:
            assert self.both("execute", request_id, by=by).replayed

    @rule(many=st.lists(requests, max_size=4), unknown=mostly((), rarely=("no-such",)))
    def execute_many(self, many: list[str], unknown: tuple[str, ...]) -> None:
        self.both("execute_many", [*many, *unknown, *many[:1]], by="root")

    @rule(user=st.sampled_from(["ada", "eve", "joe"]), state_id=STATES)
    def let_the_state_drift(self, user: str, state_id: str) -> None:
        """Take one change all the way, so that whoever was approved before it meets a state that has moved."""
        made = self.both("submit", GrantRole(user=user, role="admin"), to=state_id, by="ann")
        if isinstance(made, MutationRequest):
            self.made.add(made.id)
            self.approve_fully(made.id)
            self.both("execute", made.id, by="root")

    @rule(request_id=requests, by=PEOPLE)
    def revalidate(self, request_id: str, by: str) -> None:
        looked = self.both("current_effect", request_id)
        self.both("revalidate", request_id, by=by, digest=getattr(looked, "digest", "none"))

    # ---- time

    @rule(minutes=st.integers(-3, 6))
    def tick(self, minutes: int) -> None:
        self.clock.tick(minutes=minutes)

    @rule(ahead=st.integers(-5, 10))
    def expire_due(self, ahead: int) -> None:
        self.both("expiring", self.clock.now + timedelta(minutes=ahead))
        self.both("expire_due")

    # ---- reading

    @rule(
        status=st.none() | st.sampled_from(Status),
        state_id=st.none() | STATES,
        requester=st.none() | PEOPLE,
        text=st.none() | st.sampled_from(["", "ROLE", "strasse", "none"]),
        size=st.integers(1, 3),
    )
    def find(
        self, status: Status | None, state_id: str | None, requester: str | None, text: str | None, size: int
    ) -> None:
        found, cursor = [], None
        while True:
            page = self.both(
                "find_requests",
                status=status,
                state_id=state_id,
                requester=requester,
                text=text,
                limit=size,
                cursor=cursor,
            )
            found += [request.id for request in page]
            cursor = page.cursor
            if cursor is None:
                break
        assert len(found) == len(set(found))
        if (status, state_id, requester, text) == (None, None, None, None):
            assert set(found) == self.made

    @rule(state_id=STATES, version=st.integers(0, 5))
    def replay(self, state_id: str, version: int) -> None:
        answer = self.both("replay", state_id, version)
        now = self.both("get_state", state_id)
        if isinstance(answer, Snapshot) and answer.version == now.version:
            assert answer == now

    # ---- what always holds

    @invariant()
    def both_hold_the_same(self) -> None:
        for request_id in self.made:
            request = self.both("get_request", request_id)
            decisions = self.both("decisions", request_id)
            audit = self.both("audit", request_id)
            assert len(decisions) == request.revision
            assert len(audit) == request.audits
            for trail in (decisions, audit):
                times = [entry.at for entry in trail]
                assert times == sorted(times)
            if request.status is Status.EXECUTED:
                self.see_it_in_the_history(request)
            if request_id in self.ended:
                assert request == self.ended[request_id], "a terminal request moved"
            elif request.status.terminal:
                self.ended[request_id] = request

    def see_it_in_the_history(self, request: MutationRequest) -> None:
        entries = [each for each in self.pair[1].history(request.state_id) if each.request_id == request.id]
        (entry,) = entries
        assert (entry.version, entry.execution_id) == (request.resulting_version, request.execution_id)

    @invariant()
    def both_states_are_the_same_and_made_by_what_was_executed(self) -> None:
        for state_id in (HOUSE, "flat:roles"):
            state = self.both("get_state", state_id)
            history = self.both("history", state_id)
            done = [each for each in self.ended.values() if (each.state_id, each.status) == (state_id, Status.EXECUTED)]
            assert state.version == len(history) == len(done) + 1
            assert [entry.version for entry in history] == list(range(1, state.version + 1))

    @invariant()
    def everything_is_what_was_written(self) -> None:
        found = self.both("verify")
        assert found.ok, str(found)


LockStep.TestCase.settings = settings(stateful_step_count=50)
TestLockStep = LockStep.TestCase

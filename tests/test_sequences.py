"""Sequences of moves over both stores, generated from the table, each step foretold by an oracle.

`HYPOTHESIS_PROFILE=deep pytest tests/test_sequences.py --timeout 0` runs thousands.
"""

from collections import Counter, defaultdict
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from placet.lifecycle.table import LIFECYCLE
from sequences import TAMPERINGS
from town import ALL_TIMES, ASKS, WAYS
from turn import OPEN, Ask, Wish
from walking import ARROWS, Walker, walk_first

pytestmark = pytest.mark.exhaustive

TRIGGERS = tuple(str(trigger) for trigger in dict.fromkeys(row.trigger for row in LIFECYCLE))
EASY = {"amend", "cancel", "comment", "expire", "hold", "reject", "supersede"}
"""What is legal almost everywhere, and would crowd out the rest."""

STRATEGIES = ("reject", "renew_approval", "revalidate", "keep_if_same_effect")
WHICH = st.integers(0, 63)
TIMES = st.sampled_from(("calm",) * 4 + ALL_TIMES)
OPTIONS = st.fixed_dictionaries(
    {
        "wish": st.builds(
            Wish,
            field=st.sampled_from([0, 1]),
            value=st.sampled_from([0, 1, 2]),
            leads=st.sampled_from([1, 1, 2]),
            checked=st.sampled_from([False, False, True]),
            lenient=st.booleans(),
        ),
        "on_drift": st.sampled_from(STRATEGIES),
        "fallback": st.sampled_from(STRATEGIES[:3]),
        "pause": st.booleans(),
        "deadline": st.sampled_from([None, 30]),
    }
)


@cache
def addressed(times: str, request_id: str, successor: str) -> tuple[Ask, ...]:
    """Give everything that can be asked of a request in some times."""
    return tuple(replace(ask, id=request_id, successor=successor) for ask in ASKS if ask.times == times)


class Sequences(RuleBasedStateMachine):
    """Whatever the table knows, legal and illegal, by people, rivals, burglars, and processes that die."""

    census: ClassVar[Counter[tuple[str, str, str]]] = Counter()
    """How often each arrow was walked, by the decisions."""

    def __init__(self) -> None:
        super().__init__()
        self.walker = Walker()
        self.both = self.walker.both
        self.both.walked = self.census

    def teardown(self) -> None:
        self.both.demand_whole()
        self.both.close()

    @initialize(status=st.sampled_from(OPEN), options=OPTIONS)
    def create_in(self, status: str, options: dict[str, Any]) -> None:
        """Begin with a request, so that there is always something to act on."""
        self.walker.create_in(status, options)

    @rule(
        which=WHICH, arrows=st.lists(st.sampled_from(ARROWS), min_size=5, max_size=8), options=OPTIONS, data=st.data()
    )
    def legal(
        self, which: int, arrows: list[tuple[str, str, str]], options: dict[str, Any], data: st.DataObject
    ) -> None:
        for arrow in arrows:
            self.walker.walk(which, arrow, options, lambda asks: data.draw(st.sampled_from(asks), "ask"))

    def pick(self, which: int) -> str:
        """Pick a request, mostly one that is not final."""
        requests = self.both.world.requests
        lively = [each.id for each in requests.values() if each.status in OPEN]
        ids = lively if lively and which % 4 else list(requests)
        return ids[which % len(ids)]

    def legal_one(self, data: st.DataObject, request_id: str, times: str) -> Ask | None:
        """Draw a road that the oracle knows to be open, and a way to take it."""
        roads = defaultdict(list)
        for ask in addressed(times, request_id, self.walker.successor(request_id)):
            foretold = self.both.foretold(ask)
            if foretold and foretold[1] and ask.verb != "expire_due":
                roads[tuple(foretold[1])].append(ask)
        if not roads:
            return None
        often = [road for road in sorted(roads) for _ in range(1 if road[0][2] in EASY else 4)]
        road = data.draw(st.sampled_from(often), "road")
        return data.draw(st.sampled_from(roads[road]), "ask")

    @rule(which=WHICH, moves=st.lists(TIMES, min_size=1, max_size=3), data=st.data())
    def wander(self, which: int, moves: list[str], data: st.DataObject) -> None:
        """Let one request go where it may, in whatever times."""
        request_id = self.pick(which)
        for times in moves:
            ask = self.legal_one(data, request_id, times)
            if ask is not None:
                self.both.do(ask)

    @rule(which=WHICH, trigger=st.sampled_from(TRIGGERS), data=st.data())
    def illegal(self, which: int, trigger: str, data: st.DataObject) -> None:
        request_id = self.pick(which)
        asks = [replace(ask, id=request_id) for ask in WAYS[trigger]]
        refused = [ask for ask in asks if self.both.foretold(ask) is None]
        if refused:
            event(f"refused: {trigger} from {self.both.world.requests[request_id].status}")
            self.both.do(data.draw(st.sampled_from(refused), "ask"))

    @rule(which=WHICH, times=TIMES, at=st.integers(1, 9), after=st.booleans(), data=st.data())
    def crash(self, which: int, times: str, at: int, *, after: bool, data: st.DataObject) -> None:
        ask = self.legal_one(data, self.pick(which), times)
        if ask is not None:
            self.both.crash(ask, at, after=after)

    @rule(which=WHICH, times=TIMES, meanwhile=TIMES, data=st.data())
    def overtaken(self, which: int, times: str, meanwhile: str, data: st.DataObject) -> None:
        """Another Governance acts on the same request, between what is read and what is done."""
        request_id = self.pick(which)
        ask = self.legal_one(data, request_id, times)
        other = self.legal_one(data, request_id, meanwhile)
        if ask is not None and other is not None:
            self.both.overtake(ask, other)

    @rule(field=st.sampled_from([0, 1]), value=st.integers(0, 3))
    def another_writer(self, field: int, value: int) -> None:
        self.walker.another_writer(field, value)

    @rule(minutes=st.sampled_from([-40, -5, 5, 20, 40]))
    def time_passes(self, minutes: int) -> None:
        """Let the clock jump, either way."""
        self.both.town.clock.tick(minutes=minutes)
        self.both.world = replace(self.both.world, now=self.both.world.now + minutes)

    @rule(which=WHICH, kind=st.sampled_from(TAMPERINGS))
    def tamper(self, which: int, kind: str) -> None:
        self.both.tamper(self.pick(which), kind)


PROFILE = settings()
"""What `conftest.py` has loaded."""
EXAMPLES = PROFILE.max_examples if PROFILE.max_examples > 100 else min(PROFILE.max_examples, 30)
LEAST = 50 if PROFILE.derandomize else 25
"""How many arrows are walked at least; where chance has a part in it, far fewer than they mostly are."""


def test_sequences_go_as_the_oracle_foretells_and_walk_most_arrows() -> None:
    Sequences.census.clear()
    chosen = settings(max_examples=EXAMPLES, stateful_step_count=20, suppress_health_check=[HealthCheck.too_slow])
    run_state_machine_as_test(Sequences, settings=chosen)
    missing = sorted({*ARROWS} - {*Sequences.census})
    walked = f"{len(ARROWS) - len(missing)} of {len(ARROWS)} arrows"
    print(f"{walked}, {Sequences.census.total()} moves; not walked: {missing}")  # noqa: T201 - for pytest -s
    assert len(ARROWS) - len(missing) >= LEAST, f"{walked}; not walked: {missing}"


# ---- without chance


def test_there_is_a_way_to_ask_for_each_trigger_of_the_table() -> None:
    assert {*WAYS} == {*TRIGGERS}


@pytest.mark.parametrize("arrow", ARROWS, ids=" ".join)
def test_every_arrow_is_walked_as_the_oracle_foretells(arrow: tuple[str, str, str]) -> None:
    walk_first(arrow)


def test_a_state_that_moves_again_after_a_revalidation_takes_another() -> None:
    walker = Walker()
    request_id = walker.create_in("revalidation", {})
    walker.both.do(Ask("revalidate", request_id))
    walker.another_writer(1, 5)
    for _ in range(2):
        walker.both.do(Ask("execute", request_id))
    assert walker.both.world.requests[request_id].status == "revalidation"
    walker.both.demand_whole()

"""The process dies before and after every store call, on every arrow: all of it is found afterwards, or nothing."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from house import HOUSE, AddTeam, Roles, later
from placet import (
    Actor,
    ActorKind,
    Emergency,
    FreezeWindow,
    Governance,
    Intent,
    Mutation,
    OnDrift,
    Requirement,
    StaticDirectory,
    Status,
    allow,
    allow_emergency,
    allow_take_over,
    deny,
    freeze,
    require,
)
from placet.errors import ConflictError, RefusedError
from placet.lifecycle.table import LIFECYCLE
from placet.requirements import Approval, ExternalCheck, Schedule, WhenImpossible
from placet.store.memory import MemoryStore, MemoryUnit
from placet.store.port import Store
from placet.store.sqlite import SqliteStore
from placet.testing import Crash, FaultStore, FrozenClock, contents, counting_ids, dies

pytestmark = pytest.mark.exhaustive

HOUR = timedelta(hours=1)
PEOPLE = (
    Actor("bob"),
    Actor("ann", roles=("lead",)),
    Actor("dan", roles=("lead",)),
    Actor("ops", roles=("oncall",)),
    Actor("root", roles=("administrator",)),
    Actor("ci", ActorKind.SERVICE),
)
ONE = Approval(1, roles=("lead",))
CHECK = ExternalCheck(name="tests", kinds=(ActorKind.SERVICE,))
OUTAGE = Emergency(reason="the shop is down", ticket="INC-42")


class Fragile(Mutation[Roles]):
    """Adds a team, unless it is broken: then it raises."""

    intent = Intent(operation="add-team-carefully")
    broken: ClassVar[bool] = False
    team: str

    def apply(self, state: Roles) -> Roles:
        if Fragile.broken:
            raise ValueError("broken")
        return state.evolve(teams=[*state.teams, self.team])


@dataclass(frozen=True)
class World:
    """What surrounds a store: what is required of r-1, what the times are like, and what the clock says."""

    law: tuple[Requirement, ...] = (ONE,)
    strict: bool = False
    denied: bool = False
    frozen: bool = False
    roles_lost: bool = False
    broken: bool = False
    clock: FrozenClock = field(default_factory=FrozenClock)

    def governance(self, store: Store, prefix: str) -> Governance:
        """Govern a store as the times are; the same ids and moments each time."""
        Fragile.broken = self.broken
        now = self.clock()
        window = FreezeWindow(name="sale", start=now - HOUR, end=now + HOUR)
        people = [Actor(each.id, each.kind) if self.roles_lost and each.id == "ann" else each for each in PEOPLE]
        return Governance.open(
            store,
            mutations=[AddTeam, Fragile],
            policies=[
                *([require(*self.law)] if self.law else [allow()]),
                require(Approval(1, actors=("dan",)), when=lambda _: self.strict),
                deny("not in these times", when=lambda _: self.denied),
                freeze([window] if self.frozen else [], waiver_roles=["lead"]),
                allow_emergency(["oncall"]),
                allow_take_over(["administrator"]),
            ],
            directory=StaticDirectory(people),
            clock=self.clock,
            new_id=counting_ids(prefix),
            timer=lambda: 0,
        )


Act = Callable[[Governance], object]


@dataclass(frozen=True)
class Story:
    """What happened before, what the world was like then, what it is like now, and the call that may die."""

    before: tuple[Act, ...]
    act: Act
    then: World = field(default_factory=World)
    now: dict[str, Any] = field(default_factory=dict)
    later: timedelta = timedelta(0)

    def world(self) -> World:
        """Give the world in which the call is made."""
        return replace(self.then, clock=FrozenClock(self.then.clock.now + self.later), **self.now)

    def prepare(self, store: Store) -> None:
        """Let everything happen that happened before."""
        gov = replace(self.then, clock=FrozenClock(self.then.clock.now)).governance(store, "before-")
        gov.create_state(HOUSE, Roles())
        for act in self.before:
            act(gov)


# ---- what people do


def ask(**options: Any) -> Act:  # noqa: ANN401 - options of submit
    return lambda gov: gov.submit(
        Fragile(team="x"), to=HOUSE, by="bob", request_id="r-1", idempotency_key="key", **options
    )


def shown(gov: Governance) -> str:
    return gov.get_request("r-1").digest


def vote(by: str = "ann") -> Act:
    return lambda gov: gov.approve("r-1", by=by, digest=shown(gov))


def against(by: str = "ann") -> Act:
    return lambda gov: gov.reject("r-1", by=by, reason="no")


def abstain(gov: Governance) -> None:
    gov.abstain("r-1", by="ann", digest=shown(gov))


def report(*, passed: bool) -> Act:
    return lambda gov: gov.report("r-1", check="tests", passed=passed, by="ci", digest=shown(gov), evidence="log")


def waive(gov: Governance) -> None:
    gov.waive("r-1", freeze="sale", by="ann", digest=shown(gov), reason="agreed")


def run(gov: Governance) -> None:
    gov.execute("r-1", by="ci")


def break_glass(gov: Governance) -> None:
    gov.execute("r-1", by="ops", emergency=OUTAGE)


def fail(gov: Governance) -> None:
    Fragile.broken = True
    run(gov)
    Fragile.broken = False


def another(gov: Governance) -> None:
    """Let another request be executed, which moves the house on."""
    other = gov.submit(AddTeam(team="y"), to=HOUSE, by="root", request_id="r-2")
    if other.status is Status.PENDING:
        gov.approve("r-2", by="dan", digest=other.digest)
    gov.execute("r-2", by="ci")


def the_same(gov: Governance) -> None:
    """Let another request do what is asked for."""
    other = gov.submit(Fragile(team="x"), to=HOUSE, by="root", request_id="r-2")
    gov.approve("r-2", by="dan", digest=other.digest)
    gov.execute("r-2", by="ci")


def take_over(gov: Governance) -> None:
    gov.take_over("r-1", by="root", reason="bob has left")


def amend(gov: Governance) -> None:
    gov.amend("r-1", Fragile(team="z"), by="bob", reason="rather this")


def changes(gov: Governance) -> None:
    gov.request_changes("r-1", by="ann", reason="smaller, please")


def hold(gov: Governance) -> None:
    gov.hold("r-1", by="root", reason="wait")


def cancel(gov: Governance) -> None:
    gov.cancel("r-1", by="bob")


def supersede(gov: Governance) -> None:
    gov.supersede("r-1", successor="r-3", by="bob")


def successor(gov: Governance) -> None:
    gov.submit(AddTeam(team="x2"), to=HOUSE, by="bob", request_id="r-3")


def comment(gov: Governance) -> None:
    gov.comment("r-1", by="ann", reason="hm")


def sweep(gov: Governance) -> None:
    gov.expire_due()


def expire(gov: Governance) -> None:
    with later(gov, hours=2):
        gov.expire_due()


def reassess(gov: Governance) -> None:
    gov.reassess("r-1")


DATED: dict[str, Any] = {"expires_at": FrozenClock().now + HOUR}
PAUSING: dict[str, Any] = {"on_drift": OnDrift.REVALIDATE, "pause_for_revalidation": True, **DATED}
BRIEF: dict[str, Any] = {"approval_valid_for": HOUR, "expires_at": None}
TO: dict[Status, tuple[Act, ...]] = {
    Status.CREATED: (ask(**DATED), changes),
    Status.PENDING: (ask(**DATED),),
    Status.APPROVED: (ask(**DATED), vote()),
    Status.REVALIDATION: (ask(**PAUSING), vote(), another, run),
    Status.FAILED: (ask(**DATED), vote(), fail),
    Status.EXECUTED: (ask(), vote(), run),
    Status.STALE: (ask(), vote(), another, run),
    Status.REJECTED: (ask(), against("ann"), against("dan")),
    Status.CANCELED: (ask(), cancel),
    Status.EXPIRED: (ask(approval_valid_for=HOUR, expires_at=FrozenClock().now + HOUR), expire),
    Status.SUPERSEDED: (successor, ask(), supersede),
}
"""How a request comes into each status in which it can be found."""
OPEN = (Status.CREATED, Status.PENDING, Status.APPROVED, Status.REVALIDATION, Status.FAILED)


def revalidate(gov: Governance) -> None:
    gov.revalidate("r-1", by="dan", digest=gov.current_effect("r-1").digest)


TWO = World(law=(Approval(2, roles=("lead",), any_rejection_ends=False),))
LENIENT = Approval(1, actors=("ann",), any_rejection_ends=False, when_impossible=WhenImpossible.NOTE)
CHECKED = World(law=(ONE, CHECK))
RECHECKED = World(law=(Approval(1, roles=("lead",), recheck=True),))
WINTER = World(frozen=True)
_S = Status

STORIES: dict[str, Story] = {
    "submit": Story((), ask()),
    "submit, with nothing to wait for": Story((), ask(), World(law=())),
    "approve, and complete it": Story(TO[_S.PENDING], vote()),
    "approve, the first of two": Story(TO[_S.PENDING], vote(), TWO),
    "abstain": Story(TO[_S.PENDING], abstain),
    "withdraw": Story((*TO[_S.PENDING], vote()), lambda gov: gov.withdraw("r-1", by="ann"), TWO),
    "reject, and end it": Story((*TO[_S.PENDING], against("dan")), against("ann")),
    "reject, which is noted": Story(TO[_S.PENDING], against(), World(law=(LENIENT,))),
    "reject, and go on": Story(TO[_S.PENDING], against("dan"), World(law=(replace(ONE, any_rejection_ends=False),))),
    "veto": Story(TO[_S.REVALIDATION], against()),
    "report on a pending one": Story(TO[_S.PENDING], report(passed=True), CHECKED),
    "report, and complete it": Story((*TO[_S.PENDING], vote()), report(passed=True), CHECKED),
    "report a failure on an approved one": Story(
        (*TO[_S.PENDING], vote(), report(passed=True)), report(passed=False), CHECKED
    ),
    "waive for a pending one": Story(TO[_S.PENDING], waive, WINTER),
    "waive for an approved one": Story(TO[_S.APPROVED], waive, now={"frozen": True}),
    "request changes": Story(TO[_S.PENDING], changes),
    "hold a pending one": Story(TO[_S.PENDING], hold),
    "hold an approved one": Story(TO[_S.APPROVED], hold),
    "release": Story((*TO[_S.APPROVED], hold), lambda gov: gov.release("r-1", by="root")),
    "time brings an approval": Story(
        (ask(),), reassess, World(law=(Schedule(not_before=FrozenClock().now + HOUR),)), later=2 * HOUR
    ),
    "a lost role sends it back": Story(TO[_S.APPROVED], reassess, RECHECKED, {"roles_lost": True}),
    "a lost role sends a paused one back": Story(TO[_S.REVALIDATION], reassess, RECHECKED, {"roles_lost": True}),
    "execute": Story(TO[_S.APPROVED], run),
    "execute again": Story(TO[_S.EXECUTED], run),
    "execute, too late": Story(TO[_S.APPROVED], run, later=2 * HOUR),
    "execute, stale": Story((ask(), vote(), another), run),
    "execute, in place already": Story((ask(on_drift="keep_if_same_effect"), vote(), the_same), run),
    "execute, renewed": Story((ask(on_drift="renew_approval"), vote(), another), run),
    "execute, paused": Story((ask(**PAUSING), vote(), another), run),
    "execute, revalidated at once": Story((ask(on_drift="revalidate"), vote(), another), run),
    "execute, blocked": Story(TO[_S.APPROVED], run, now={"denied": True}),
    "execute, failed": Story(TO[_S.APPROVED], run, now={"broken": True}),
    "execute, with more required": Story(TO[_S.APPROVED], run, now={"strict": True}),
    "execute, with a role lost": Story(TO[_S.APPROVED], run, RECHECKED, {"roles_lost": True}),
    "execute, after revalidation": Story((*TO[_S.REVALIDATION], revalidate), run),
    "execute, with an approval that ran out": Story((ask(**BRIEF), vote()), run, later=2 * HOUR),
    "vote again, where it ran out while it was held": Story((ask(**BRIEF), vote(), hold), vote("dan"), later=2 * HOUR),
    "revalidate, where it ran out": Story((ask(**PAUSING | BRIEF), vote(), another, run), revalidate, later=2 * HOUR),
    "execute several": Story(
        (*TO[_S.APPROVED], successor, lambda gov: gov.approve("r-3", by="dan", digest=gov.get_request("r-3").digest)),
        lambda gov: gov.execute_many(["r-1", "r-3"], by="ci"),
    ),
    "revalidate": Story(TO[_S.REVALIDATION], revalidate),
    "revalidate, blocked": Story(TO[_S.REVALIDATION], revalidate, now={"denied": True}),
    "revalidate, failed": Story(TO[_S.REVALIDATION], revalidate, now={"broken": True}),
    "revalidate, with more required": Story(TO[_S.REVALIDATION], revalidate, now={"strict": True}),
    "retry": Story(TO[_S.FAILED], lambda gov: gov.retry("r-1", by="bob")),
    "review": Story((*TO[_S.PENDING], break_glass), lambda gov: gov.review("r-1", by="dan", reason="it was right to")),
    "sweep everything": Story(TO[_S.PENDING], lambda gov: (gov.expire_due(), gov.reassess_open()), later=2 * HOUR),
    "break the glass for one that is pending": Story(TO[_S.PENDING], break_glass),
    "break the glass for one that is approved": Story(TO[_S.APPROVED], break_glass),
    "break the glass for one that was revalidated": Story((*TO[_S.REVALIDATION], revalidate), break_glass),
    **{f"comment on one that is {status}": Story(before, comment) for status, before in TO.items()},
    **{f"amend one that is {status}": Story(TO[status], amend) for status in OPEN},
    **{f"take over one that is {status}": Story(TO[status], take_over) for status in OPEN},
    **{f"cancel one that is {status}": Story(TO[status], cancel) for status in OPEN},
    **{f"expire one that is {status}": Story(TO[status], sweep, later=2 * HOUR) for status in OPEN},
    **{f"supersede one that is {status}": Story((*TO[status], successor), supersede) for status in OPEN},
}


LEAST = 1_900
"""At how many points the process dies, at least: at each call of each story, before and after it, for both stores."""

# ---- dying


class Bench:
    """Puts one story into a store of one kind as often as it is wanted."""

    def __init__(self, kind: str, story: Story, folder: Path, *, memory: type[MemoryStore] = MemoryStore) -> None:
        self.kind, self.story, self._memory = kind, story, memory
        self._template = memory()
        self._folder, self._numbers = folder, itertools.count()
        if kind == "sqlite":
            store = SqliteStore(folder / "template.db")
            story.prepare(store)
            store.close()
        else:
            story.prepare(self._template)

    def fresh(self) -> Store:
        """Give a store in which everything has happened that happened before."""
        if self.kind == "memory":
            store, tables = self._memory(), self._template._tables
            store._tables.requests.update(tables.requests)
            store._tables.by_key.update(tables.by_key)
            store._tables.states.update(tables.states)
            store._tables.terms.update({owner: dict(kept) for owner, kept in tables.terms.items()})
            store._tables.ledgers.update({owner: list(kept) for owner, kept in tables.ledgers.items()})
            return store
        path = self._folder / f"{next(self._numbers)}.db"
        shutil.copyfile(self._folder / "template.db", path)
        return SqliteStore(path)

    def reopened(self, store: Store) -> Store:
        """Give the store that another process would find; the dead one has let go of its file."""
        if isinstance(store, SqliteStore):
            store.close()
            return SqliteStore(self._folder / f"{next(self._numbers) - 1}.db")
        return store

    def act(self, store: Store) -> object:
        """Make the call, in the world as it is now."""
        return self.story.act(self.story.world().governance(store, "call-"))

    def verified(self, store: Store) -> bool:
        """Tell whether everything in a store is what was written."""
        return self.story.world().governance(store, "look-").verify().ok

    def clean(self) -> tuple[dict[str, object], dict[str, object], list[str]]:
        """Give what a store holds before the call and after it if nobody dies, and the calls it makes to the store."""
        store = self.fresh()
        before, counting = contents(store), FaultStore(store)
        assert self.verified(store)
        self.act(counting)
        assert self.verified(store)
        after = contents(store)
        store.close()
        return before, after, counting.calls

    def demand_wholly_before_or_after(
        self, at: int, *, after: bool, whole: tuple[dict[str, object], dict[str, object]]
    ) -> None:
        """Die at a call; demand that all or nothing is found, and that the same call can be made again.

        What is whole has been verified once; the same contents verify again.
        """
        store = self.fresh()
        with pytest.raises(Crash):
            self.act(dies(store, at=at, after=after))
        store = self.reopened(store)
        found = contents(store)
        assert found in whole, f"half of it is there after the death at call {at}"
        if found == whole[0]:
            self.act(store)
            assert contents(store) == whole[1]
        else:
            with suppress(RefusedError, ConflictError):  # it was done; the same call repeats it, or says that it was
                self.act(store)
            assert self.verified(store)
        store.close()


@pytest.fixture(autouse=True)
def _mended() -> Iterator[None]:
    yield
    Fragile.broken = False


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("story", STORIES.values(), ids=list(STORIES))
def test_a_death_at_any_store_call_leaves_all_or_nothing(kind: str, story: Story, tmp_path: Path) -> None:
    bench = Bench(kind, story, tmp_path)
    before, after, calls = bench.clean()
    for at, late in itertools.product(range(1, len(calls) + 1), (False, True)):
        bench.demand_wholly_before_or_after(at, after=late, whole=(before, after))


def arrows_and_calls(story: Story) -> tuple[set[tuple[str, str, str]], int]:
    """Give the arrows that the call of a story takes, and how many calls it makes to the store."""
    store = MemoryStore()
    story.prepare(store)
    gov = story.world().governance(store, "look-")
    known = {each.id: each.revision for each in gov.find_requests()}
    counting = FaultStore(store)
    story.act(story.world().governance(counting, "call-"))
    new = [each for row in gov.find_requests() for each in gov.decisions(row.id)[known.get(row.id, 0) :]]
    return {(each.from_status, each.trigger, each.to_status) for each in new}, len(counting.calls)


def test_the_stories_take_every_arrow_of_the_lifecycle_and_die_nearly_two_thousand_times() -> None:
    """Of two stores, at each call, before and after it."""
    taken, calls = zip(*(arrows_and_calls(story) for story in STORIES.values()), strict=True)
    assert set().union(*taken) == {arrow for row in LIFECYCLE for arrow in row.arrows()}
    assert sum(calls) * 2 * 2 >= LEAST


class Forgetful(MemoryStore):
    """Keeps what a unit of work wrote, though it died."""

    @contextmanager
    def unit(self) -> Iterator[MemoryUnit]:
        with self._held():
            yield MemoryUnit(self._tables)


def test_a_store_that_forgets_to_roll_back_is_found(tmp_path: Path) -> None:
    bench = Bench("memory", STORIES["execute several"], tmp_path, memory=Forgetful)
    before, after, calls = bench.clean()
    between = calls.index("write") + 2
    with pytest.raises(AssertionError, match="half of it is there"):
        bench.demand_wholly_before_or_after(between, after=False, whole=(before, after))

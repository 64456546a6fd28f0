"""Every status and every move, through the public face: either it moves as this table says, or nothing has changed."""

import copy
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from house import HOUSE, MUTATIONS, AddTeam, Awkward, GrantRole, Roles
from placet import (
    Actor,
    ActorKind,
    Emergency,
    FreezeWindow,
    Governance,
    MutationRequest,
    PlacetError,
    Status,
    allow,
    allow_emergency,
    allow_take_over,
    deny,
    freeze,
    require,
    require_approval,
)
from placet.errors import ActorNotFoundError, AlreadyExistsError, TransitionRefusedError
from placet.lifecycle.table import LIFECYCLE
from placet.lifecycle.transition import Trigger
from placet.requirements import Approval, ExternalCheck, WhenImpossible
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.testing import FrozenClock

ID = "the-request"


class People:
    """A directory that can change its mind."""

    def __init__(self, actors: Iterable[Actor]) -> None:
        self.known = {actor.id: actor for actor in actors}

    def actor(self, actor_id: str) -> Actor:
        if actor_id not in self.known:
            raise ActorNotFoundError(actor_id)
        return self.known[actor_id]

    def holders(self, roles: tuple[str, ...], groups: tuple[str, ...]) -> Iterable[Actor]:
        return [each for each in self.known.values() if {*roles} & {*each.roles} or {*groups} & {*each.groups}]

    def demote(self, *ids: str) -> None:
        """Take all roles from these."""
        for actor_id in ids:
            self.known[actor_id] = Actor(actor_id)


STAFF = (
    Actor("bob"),
    Actor("ann", roles=("lead",)),
    Actor("dan", roles=("lead",)),
    Actor("eve", roles=("lead",)),
    Actor("boss", roles=("boss",)),
    Actor("kit", roles=("steward",)),
    Actor("ops", roles=("oncall",)),
    Actor("root", roles=("administrator",)),
    Actor("ci", ActorKind.SERVICE),
)


@dataclass
class World:
    """A house with one request in it that is led from status to status."""

    gov: Governance
    clock: FrozenClock
    people: People
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> MutationRequest:
        return self.gov.get_request(ID)

    @property
    def digest(self) -> str:
        return self.now.digest

    def submit(self) -> None:
        self.gov.submit(Awkward(), to=HOUSE, by="bob", request_id=ID, **self.options)

    def vote(self, *voters: str) -> None:
        for by in voters:
            self.gov.approve(ID, by=by, digest=self.digest)

    def report(self, *, passed: bool = True) -> None:
        self.gov.report(ID, check="tests", passed=passed, by="ci", digest=self.digest, evidence="run 7")

    def waive(self) -> None:
        self.gov.waive(ID, freeze="year-end", by="boss", digest=self.digest, reason="it is small")

    def reject(self, *voters: str) -> None:
        for by in voters:
            self.gov.reject(ID, by=by, reason="no")

    def execute(self) -> None:
        self.gov.execute(ID, by="ops")

    def break_glass(self) -> None:
        self.gov.execute(ID, by="ops", emergency=Emergency("the house burns", "INC-1"))

    def other(self) -> MutationRequest:
        """Submit something for which nothing is required."""
        return self.gov.submit(AddTeam(team=f"team {self.gov.get_state(HOUSE).version}"), to=HOUSE, by="bob")

    def drift(self) -> None:
        """Let the state move to its next version."""
        assert self.gov.execute(self.other().id, by="ops").executed

    def deny(self) -> None:
        self.gov.register_policy(deny("not any more", when=_asked))

    def demand_more(self) -> None:
        self.gov.register_policy(require_approval(roles=["boss"], when=_asked))

    def strip_leads(self) -> None:
        self.people.demote("ann", "dan", "eve")

    def let_apply_raise(self) -> None:
        Awkward.doing = _raises

    def wait(self, **step: float) -> None:
        self.clock.tick(**step)


def _asked(proposal: Any) -> bool:  # noqa: ANN401 - a Proposal
    return not isinstance(proposal.mutation, AddTeam)


def _grants(state: Roles) -> Roles:
    return state.evolve(members={"ada": "reader"})


def _raises(_: Roles) -> Roles:
    raise ValueError("it slipped")


def world(store: Store, clock: FrozenClock) -> World:
    people = People(STAFF)
    window = FreezeWindow("year-end", clock.now - timedelta(days=1), clock.now + timedelta(days=10))
    gov = Governance.open(
        store,
        mutations=MUTATIONS,
        policies=[
            allow(when=lambda proposal: not _asked(proposal)),
            require(Approval(2, roles=("lead",), recheck=True), ExternalCheck(name="tests"), when=_asked),
            freeze([window], waiver_roles=["boss"], when=_asked),
            allow_emergency(["oncall"], reviewer_roles=["lead"]),
            allow_take_over(["steward"]),
        ],
        directory=people,
        clock=clock,
    )
    gov.create_state(HOUSE, Roles())
    return World(gov, clock, people, {"expires_at": clock.now + timedelta(days=30)})


@pytest.fixture
def house(store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(Awkward, "doing", _grants)
    return world(store, clock)


# ---- how a request comes to each status


def pending(it: World) -> None:
    """Lack one vote and the waiver."""
    it.submit()
    it.vote("ann")
    it.report()


def approved(it: World) -> None:
    pending(it)
    it.vote("dan")
    it.waive()


def created(it: World) -> None:
    pending(it)
    it.gov.request_changes(ID, by="dan", reason="another name, please")


def revalidation(it: World) -> None:
    it.options |= {"on_drift": "revalidate", "pause_for_revalidation": True}
    approved(it)
    it.drift()
    it.execute()


def failed(it: World) -> None:
    approved(it)
    it.let_apply_raise()
    it.execute()


def executed(it: World) -> None:
    approved(it)
    it.execute()


def stale(it: World) -> None:
    approved(it)
    it.drift()
    it.execute()


def rejected(it: World) -> None:
    it.submit()
    it.reject("ann", "dan")


def canceled(it: World) -> None:
    pending(it)
    it.gov.cancel(ID, by="bob")


def expired(it: World) -> None:
    pending(it)
    it.wait(days=30)
    it.gov.expire_due()
    it.wait(days=-30)


def superseded(it: World) -> None:
    pending(it)
    it.gov.supersede(ID, successor=it.other().id, by="bob")


STATUSES: dict[str, Callable[[World], None]] = {
    "created": created,
    "pending": pending,
    "approved": approved,
    "revalidation": revalidation,
    "failed": failed,
    "executed": executed,
    "stale": stale,
    "rejected": rejected,
    "canceled": canceled,
    "expired": expired,
    "superseded": superseded,
}

# ---- what can be done to it


def _take_over(it: World) -> None:
    Awkward.doing = _grants
    it.gov.take_over(ID, by="kit", reason="bob has left")


Move = Callable[[World], Callable[[], object]]
"""Prepares what the move needs beside the request, and gives the call that is to be judged."""


def _again(it: World) -> Callable[[], object]:
    return lambda: it.gov.submit(AddTeam(team="red"), to=HOUSE, by="bob", request_id=ID)


def _after(prepare: Callable[[World], None], act: Move) -> Move:
    def moves(it: World) -> Callable[[], object]:
        prepare(it)
        return act(it)

    return moves


def _supersede(it: World) -> Callable[[], object]:
    successor = it.other().id
    return lambda: it.gov.supersede(ID, successor=successor, by="bob")


def _reassess(it: World) -> Callable[[], object]:
    return lambda: it.gov.reassess(ID)


def _execute(it: World) -> Callable[[], object]:
    return it.execute


def _revalidate(it: World) -> Callable[[], object]:
    return lambda: it.gov.revalidate(ID, by="dan", digest=it.gov.current_effect(ID).digest)


MOVES: dict[str, Move] = {
    "submit": _again,
    "approve": lambda it: lambda: it.gov.approve(ID, by="eve", digest=it.digest),
    "reject": lambda it: lambda: it.gov.reject(ID, by="eve", reason="no"),
    "abstain": lambda it: lambda: it.gov.abstain(ID, by="eve", digest=it.digest),
    "withdraw": lambda it: lambda: it.gov.withdraw(ID, by="ann"),
    "report": lambda it: it.report,
    "report a failure": lambda it: lambda: it.report(passed=False),
    "waive": lambda it: it.waive,
    "request_changes": lambda it: lambda: it.gov.request_changes(ID, by="eve", reason="another name"),
    "amend": lambda it: lambda: it.gov.amend(ID, GrantRole(user="ada", role="reader"), by="bob"),
    "take_over": lambda it: lambda: _take_over(it),
    "take_over by another": lambda it: lambda: it.gov.take_over(ID, by="ann", reason="bob has left"),
    "comment": lambda it: lambda: it.gov.comment(ID, by="bob", reason="hm"),
    "hold": lambda it: lambda: it.gov.hold(ID, by="dan", reason="audit"),
    "release": lambda it: lambda: it.gov.release(ID, by="dan"),
    "cancel": lambda it: lambda: it.gov.cancel(ID, by="root"),
    "cancel by another": lambda it: lambda: it.gov.cancel(ID, by="ann"),
    "supersede": _supersede,
    "supersede by nothing": lambda it: lambda: it.gov.supersede(ID, successor="nobody", by="bob"),
    "retry": lambda it: lambda: it.gov.retry(ID, by="bob"),
    "review": lambda it: lambda: it.gov.review(ID, by="eve", reason="fine"),
    "revalidate": _revalidate,
    "revalidate, denied": _after(World.deny, _revalidate),
    "revalidate, raising": _after(World.let_apply_raise, _revalidate),
    "revalidate, demanding": _after(World.demand_more, _revalidate),
    "execute": _execute,
    "execute, denied": _after(World.deny, _execute),
    "execute, raising": _after(World.let_apply_raise, _execute),
    "execute, demanding": _after(World.demand_more, _execute),
    "execute, drifted": _after(World.drift, _execute),
    "execute, stripped": _after(World.strip_leads, _execute),
    "execute, too late": _after(lambda it: it.wait(days=30), _execute),
    "execute in an emergency": lambda it: it.break_glass,
    "execute in an emergency, denied": _after(World.deny, lambda it: it.break_glass),
    "execute in an emergency, raising": _after(World.let_apply_raise, lambda it: it.break_glass),
    "expire_due": lambda it: it.gov.expire_due,
    "expire_due, too late": _after(lambda it: it.wait(days=30), lambda it: it.gov.expire_due),
    "reassess": _reassess,
    "reassess, stripped": _after(World.strip_leads, _reassess),
    "reassess, too late": _after(lambda it: it.wait(days=30), _reassess),
}

TABLE = """
submit                            | *                | *               | *         | *                | *            | *
approve                           | -                | =               | -         | -                | -            | -
reject                            | -                | =               | -         | rejected         | -            | -
abstain                           | -                | =               | -         | -                | -            | -
withdraw                          | -                | =               | -         | -                | -            | -
report                            | -                | =               | =         | -                | -            | -
report a failure                  | -                | =               | pending   | -                | -            | -
waive                             | -                | =               | =         | -                | -            | -
request_changes                   | -                | created         | -         | -                | -            | -
amend                             | pending          | pending         | pending   | pending          | pending      | -
take_over                         | pending          | pending         | pending   | pending          | pending      | -
take_over by another              | !may_take_over   | !may_take_over  | !may_take_over \
| !may_take_over | !may_take_over | -
comment                           | =                | =               | =         | =                | =            | =
hold                              | -                | =               | pending   | -                | -            | -
release                           | -                | !held           | -         | -                | -            | -
cancel                            | canceled         | canceled        | canceled  | canceled         | canceled     | -
cancel by another                 | !requester_or_administrator | !requester_or_administrator \
| !requester_or_administrator | !requester_or_administrator | !requester_or_administrator | -
supersede                         | superseded       | superseded      | superseded | superseded      | superseded   | -
supersede by nothing              | !successor_exists | !successor_exists \
| !successor_exists | !successor_exists | !successor_exists | -
retry                             | -                | -               | -         | -                | approved     | -
review                            | -                | -               | -         | -                | -            | -
revalidate                        | -                | -               | -         | =                | -            | -
revalidate, denied                | -                | -               | -         | rejected         | -            | -
revalidate, raising               | -                | -               | -         | failed           | -            | -
revalidate, demanding             | -                | -               | -         | pending          | -            | -
execute                           | -                |!requirements_met| executed  | !revalidated     | -            | -
execute, denied                   | -                |!requirements_met| rejected  | !revalidated     | -            | -
execute, raising                  | -                |!requirements_met| failed    | !revalidated     | -            | -
execute, demanding                | -                |!requirements_met| pending   | !revalidated     | -            | -
execute, drifted                  | -                |!requirements_met| stale     | !revalidated     | -            | -
execute, stripped                 | -                |!requirements_met| pending   | pending          | -            | -
execute, too late                 | expired          | expired         | expired   | expired          | expired      | -
execute in an emergency           | -                | executed        | executed  | !revalidated     | -            | -
execute in an emergency, denied   | -                | !not_denied     | !not_denied | !not_denied    | -            | -
execute in an emergency, raising  | -                | !not_denied     | !not_denied | !not_denied    | -            | -
expire_due                        | .                | .               | .         | .                | .            | .
expire_due, too late              | expired          | expired         | expired   | expired          | expired      | .
reassess                          | .                | .               | .         | .                | .            | .
reassess, stripped                | .                | rejected        | pending   | pending          | .            | .
reassess, too late                | expired          | expired         | expired   | expired          | expired      | .
"""
"""What each move comes to, in created, pending, approved, revalidation, failed, and in each of the final statuses.

`-` there is no such transition; `!rule` the rule refuses; `*` the id is taken; `.` nothing to do; `=` it moves and
stays in its status; otherwise it comes to that status. Executed differs from other final statuses as `EXECUTED` says.
"""

EXECUTED = {"review": "!review_is_open"} | {name: "." for name in MOVES if name.startswith("execute")}
"""An execution that is asked for again gives what is recorded."""

OPEN = ("created", "pending", "approved", "revalidation", "failed")


def cells() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for line in TABLE.replace("\\\n", "").strip().splitlines():
        name, *row = (part.strip() for part in line.split("|"))
        found |= {(status, name): cell for status, cell in zip(OPEN, row, strict=False)}
        found |= {(status, name): row[-1] for status in STATUSES if status not in OPEN}
    return found | {("executed", name): cell for name, cell in EXECUTED.items()}


CELLS = cells()

# ---- what is stored

TABLES = ("requests", "terms", "decisions", "audit", "states", "history")


def stored(store: Store, path: Path) -> object:
    """Give everything that is stored, byte for byte."""
    if isinstance(store, MemoryStore):
        return copy.deepcopy(vars(store._tables))
    connection = sqlite3.connect(path / "placet.db")
    try:
        return {table: connection.execute(f"SELECT * FROM placet_{table}").fetchall() for table in TABLES}
    finally:
        connection.close()


@pytest.mark.parametrize("status", STATUSES)
def test_a_request_is_led_to_every_status(house: World, status: str) -> None:
    STATUSES[status](house)
    assert house.now.status == status
    assert house.gov.verify().ok


def test_the_table_has_every_cell() -> None:
    assert set(CELLS) == {(status, name) for status in STATUSES for name in MOVES}
    assert {*STATUSES, "resolving"} == set(Status)


def _disturbing(name: str) -> tuple[bool, bool]:
    """Order moves: those that change the world beside the request come last, and the end of its time after them."""
    return "," in name, "too late" in name


@pytest.mark.parametrize("status", STATUSES)
def test_what_the_table_refuses_is_refused_and_nothing_has_changed(
    house: World, store: Store, tmp_path: Path, status: str
) -> None:
    STATUSES[status](house)
    names = [name for name in MOVES if CELLS[status, name][0] in "-!*."]
    for name in sorted(names, key=_disturbing):
        Awkward.doing = _grants
        expected, call = CELLS[status, name], MOVES[name](house)
        kept = stored(store, tmp_path)
        try:
            call()
        except PlacetError as error:
            assert_refused(error, status, name, expected)
        else:
            assert expected == ".", f"{name} was not refused"
        assert stored(store, tmp_path) == kept, name


@pytest.mark.parametrize(("status", "name"), [cell for cell, found in CELLS.items() if found[0] not in "-!*."])
def test_it_moves_as_the_table_says(house: World, status: str, name: str) -> None:
    STATUSES[status](house)
    call, before = MOVES[name](house), house.now
    call()
    expected = CELLS[status, name]
    assert house.now.status == (status if expected == "=" else expected)
    assert house.now.revision > before.revision
    assert len(house.gov.decisions(ID)) == house.now.revision


def assert_refused(error: PlacetError, status: str, name: str, expected: str) -> None:
    if expected == "*":
        assert isinstance(error, AlreadyExistsError), name
        return
    assert isinstance(error, TransitionRefusedError), name
    rule = "no_transition" if expected == "-" else expected.removeprefix("!")
    assert (error.request_id, error.status, error.rule) == (ID, status, rule), name
    named = name.split(",", maxsplit=1)[0]
    assert error.method == METHODS.get(named, named)
    assert error.reason


METHODS = {
    "report a failure": "report",
    "cancel by another": "cancel",
    "take_over by another": "take_over",
    "supersede by nothing": "supersede",
    "execute in an emergency": "execute",
}
"""The method that a refusal of a move names, where the move is not called as the method is."""


@pytest.mark.parametrize("name", [name for name in MOVES if name in set(Trigger) - {"submit", "reject", "execute"}])
def test_where_this_table_has_no_transition_the_lifecycle_has_none(name: str) -> None:
    missing = {status for status in STATUSES if CELLS[status, name] == "-"}
    assert missing == {status for status in STATUSES if LIFECYCLE.cell(Status(status), Trigger(name)) is None}


# ---- roads that take more than one move, each trigger in the order in which it fires


@dataclass(frozen=True)
class Road:
    """A way from a status to another.

    Attributes:
        start: the status it begins in.
        walk: what is done, one after the other.
        end: the status it leads to.
        triggers: what fires on the way.
        options: of submit.
    """

    start: str
    walk: tuple[Callable[[World], object], ...]
    end: str
    triggers: str
    options: dict[str, Any] = field(default_factory=dict)


def _second(it: World) -> None:
    it.vote("dan")


def _withdraw(it: World) -> None:
    it.gov.withdraw(ID, by="ann")


def _hold(it: World) -> None:
    it.gov.hold(ID, by="bob", reason="wait")


def _release(it: World) -> None:
    it.gov.release(ID, by="dan")


def _ten_days(it: World) -> None:
    it.wait(days=10)


BRIEF = {"approval_valid_for": timedelta(hours=1)}


def _wait_a_day(it: World) -> None:
    it.wait(days=1)


def _settle(it: World) -> None:
    it.gov.reassess(ID)


def _revalidate_it(it: World) -> None:
    it.gov.revalidate(ID, by="dan", digest=it.gov.current_effect(ID).digest)


def _retry(it: World) -> None:
    it.gov.retry(ID, by="bob")


def _fail_thrice(it: World) -> None:
    for _ in range(2):
        _retry(it)
        it.execute()
    with pytest.raises(TransitionRefusedError, match="it failed 3 times"):
        _retry(it)


def _look_over(it: World) -> None:
    it.gov.review(ID, by="eve", reason="it did burn")


def _amend_to_free(it: World) -> None:
    it.gov.amend(ID, AddTeam(team="red"), by="bob")


def _done_by_another(it: World) -> None:
    other = it.gov.submit(Awkward(), to=HOUSE, by="bob", request_id="other")
    for by in ("ann", "eve"):
        it.gov.approve(other.id, by=by, digest=other.digest)
    it.gov.report(other.id, check="tests", passed=True, by="ci", digest=other.digest, evidence="run 8")
    it.gov.waive(other.id, freeze="year-end", by="boss", digest=other.digest, reason="it is small")
    assert it.gov.execute(other.id, by="ops").executed


NOTED = {"requirements": [Approval(1, roles=("boss",), when_impossible=WhenImpossible.NOTE)]}

ROADS = {
    "the last vote": Road("pending", (World.waive, _second), "approved", "waive vote approve"),
    "the last waiver": Road("pending", (_second, World.waive), "approved", "vote waive approve"),
    "nobody left": Road("pending", (lambda it: it.reject("dan", "eve"),), "rejected", "dissent dissent reject"),
    "withdrawn and given again": Road("pending", (_withdraw, lambda it: it.vote("ann")), "pending", "withdraw vote"),
    "held and released": Road(
        "pending", (_hold, _second, World.waive, _release), "approved", "hold vote waive release approve"
    ),
    "the freeze ends": Road("pending", (_second, _ten_days, _settle), "approved", "vote approve"),
    "the freeze ends, and it is executed": Road(
        "pending", (_second, _ten_days, World.execute), "executed", "vote approve resolve execute"
    ),
    "noted once": Road("pending", (lambda it: it.people.demote("boss"), _settle, _settle), "pending", "note", NOTED),
    "renewed by drift": Road(
        "approved", (World.drift, World.execute), "pending", "resolve renew_approval", {"on_drift": "renew_approval"}
    ),
    "kept where it is revalidated": Road(
        "approved", (World.drift, World.execute), "executed", "resolve execute", {"on_drift": "revalidate"}
    ),
    "done by somebody else": Road("approved", (_done_by_another, World.execute), "stale", "resolve mark_in_place"),
    "kept by its effect": Road(
        "approved", (World.drift, World.execute), "executed", "resolve execute", {"on_drift": "keep_if_same_effect"}
    ),
    "stale by drift": Road("approved", (World.drift, World.execute), "stale", "resolve mark_stale"),
    "blocked": Road("approved", (World.deny, World.execute), "rejected", "resolve block"),
    "failed": Road("approved", (World.let_apply_raise, World.execute), "failed", "resolve fail"),
    "lapsed": Road("approved", (World.strip_leads, _settle), "pending", "lapse"),
    "unreported": Road("approved", (lambda it: it.report(passed=False),), "pending", "report lapse"),
    "run out": Road("approved", (_wait_a_day, _settle), "pending", "expire_approval", BRIEF),
    "run out, and executed": Road("revalidation", (_wait_a_day, World.execute), "pending", "expire_approval", BRIEF),
    "revalidated": Road("revalidation", (_revalidate_it, World.execute), "executed", "revalidate resolve execute"),
    "retried in vain": Road("failed", (_fail_thrice,), "failed", "retry resolve fail retry resolve fail"),
    "retried and lapsed": Road("failed", (World.strip_leads, _retry), "pending", "retry lapse"),
    "in an emergency": Road("pending", (World.break_glass, _look_over), "executed", "override execute review"),
    "taken over": Road("approved", (_take_over,), "pending", "take_over"),
    "from the beginning": Road("created", (_amend_to_free,), "approved", "amend approve"),
}


@pytest.mark.parametrize("name", ROADS)
def test_a_road_fires_its_triggers_in_this_order(house: World, name: str) -> None:
    road = ROADS[name]
    house.options |= road.options
    STATUSES[road.start](house)
    walked = house.now.revision
    for walk in road.walk:
        walk(house)
    decisions = house.gov.decisions(ID)[walked:]
    assert " ".join(each.trigger for each in decisions) == road.triggers
    assert house.now.status == road.end
    assert house.gov.verify().ok


def test_between_them_the_roads_and_builders_fire_every_trigger(
    clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fired = {trigger for road in ROADS.values() for trigger in road.triggers.split()}
    for build in STATUSES.values():
        monkeypatch.setattr(Awkward, "doing", _grants)
        it = world(MemoryStore(), clock)
        build(it)
        found = (each.id for each in it.gov.find_requests())
        fired |= {decision.trigger for each in found for decision in it.gov.decisions(each)}
    assert set(Trigger) - fired == {"abstain", "comment"}, "these have nothing but their cell"

"""The public face under attack: junk for every argument of every method, and random sequences by several actors.

Whatever is passed, only a PlacetError is raised, both stores answer alike, a call that raises leaves its store as it
was, and every `verify` is clean.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import HOUSE, MUTATIONS, AddTeam, GrantRole, Roles
from placet import (
    Actor,
    Delegation,
    Emergency,
    FreezeWindow,
    Governance,
    Intent,
    MutationEngine,
    OpenDirectory,
    Policy,
    StaticDirectory,
    Verdict,
    allow,
    allow_emergency,
    deny,
    freeze,
    policy,
    require,
    require_approval,
    requirements,
)
from placet.errors import ConfigurationError, PlacetError
from placet.model.channel import Channel
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.store.sqlite import SqliteStore
from placet.testing import FrozenClock, counting_ids


class Hostile:
    """Raises whatever it is asked."""

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - nothing
        if name == "__class__":
            return Hostile
        raise RuntimeError(f"no {name}")

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __str__(self) -> str:
        raise RuntimeError("no str")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no eq")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __bool__(self) -> bool:
        raise RuntimeError("no bool")

    def __len__(self) -> int:
        raise RuntimeError("no len")

    def __iter__(self) -> Iterator[Any]:
        raise RuntimeError("no iter")


class Agreeable:
    """Equals everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class AgreeableText(str):
    """Text that equals everything."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("x")


class Broken(tzinfo):
    """A time zone that raises."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        raise RuntimeError("no such zone")

    def dst(self, _: datetime | None) -> timedelta:
        raise RuntimeError("no such zone")

    def tzname(self, _: datetime | None) -> str:
        raise RuntimeError("no such zone")


class Odd(datetime):
    """A moment without an offset that it would tell."""

    def utcoffset(self) -> timedelta:
        raise RuntimeError("no offset")


class Colour(Enum):
    """No member of any other enumeration."""

    RED = "red"


def circle(kind: type) -> Any:  # noqa: ANN401 - a list or a dict
    made: Any = kind()
    made["x"] = made if kind is dict else None
    return made


def deep(levels: int) -> Any:  # noqa: ANN401 - JSON
    made: Any = {}
    for _ in range(levels):
        made = {"x": made}
    return made


def raising() -> Iterator[Any]:
    raise RuntimeError("no more")
    yield


JUNK: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "true": lambda: True,
    "zero": lambda: 0,
    "minus": lambda: -1,
    "float": lambda: 1.0,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "huge": lambda: 10**5000,
    "int64": lambda: 2**63,
    "decimal": lambda: Decimal("NaN"),
    "empty": str,
    "blank": lambda: " ",
    "nul": lambda: "a\0b",
    "surrogate": lambda: "\ud800",
    "escape": lambda: "\x1b[31m",
    "long": lambda: "x" * 100_000,
    "digits": lambda: "²",
    "bytes": lambda: b"\xff",
    "list": list,
    "nested-list": lambda: [[]],
    "dict": dict,
    "text-keys": lambda: {1: 2},
    "nan-inside": lambda: {"x": [float("nan")]},
    "set": lambda: {1},
    "circle": lambda: circle(dict),
    "deep": lambda: deep(100_000),
    "object": object,
    "class": lambda: Hostile,
    "hostile": Hostile,
    "hostile-inside": lambda: [Hostile()],
    "hostile-value": lambda: {"x": Hostile()},
    "agreeable": Agreeable,
    "agreeable-text": lambda: AgreeableText("x"),
    "raising": raising,
    "function": lambda: len,
    "enum": lambda: Colour.RED,
    "actor": lambda: Actor("bob"),
    "naive": lambda: datetime(2026, 1, 1),  # noqa: DTZ001 - the point
    "first": lambda: datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23))),
    "last": lambda: datetime.max.replace(tzinfo=timezone(timedelta(hours=-23))),
    "year-9999": lambda: datetime.max.replace(tzinfo=UTC),
    "zone": lambda: datetime(2026, 1, 1, tzinfo=Broken()),
    "odd-moment": lambda: Odd(2026, 1, 1, tzinfo=UTC),
    "date": lambda: date(2026, 1, 1),
    "longest": lambda: timedelta.max,
    "shortest": lambda: timedelta.min,
    "cursor": lambda: "WzFlNDAwLCJ4Il0=",
    "cursor-list": lambda: "W10=",
    "cursor-far": lambda: "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwLCAieCJd",
    "cursor-nan": lambda: "W05hTiwxXQ==",
    "path": lambda: Path("x"),
    "state": Roles,
    "mutation": lambda: AddTeam(team="junk"),
    "invalid-mutation": lambda: AddTeam.model_construct(team=Hostile()),
    "bare-mutation": AddTeam.model_construct,
    "invalid-state": lambda: Roles.model_construct(members=Hostile(), teams=5),
}


def opened(store: Store, clock: FrozenClock) -> Governance:
    gov = Governance.open(
        store,
        mutations=MUTATIONS,
        policies=[require_approval(count=1)],
        directory=OpenDirectory(),
        clock=clock,
        new_id=counting_ids(),
        timer=lambda: 0,
    )
    gov.create_state(HOUSE, Roles(members={"root": "admin"}))
    gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob", request_id="r-1")
    gov.submit(AddTeam(team="red"), to=HOUSE, by="bob", request_id="r-2")
    return gov


GOOD: dict[str, Any] = {
    "request_id": "r-1",
    "state_id": HOUSE,
    "to": HOUSE,
    "by": "carol",
    "reason": "because",
    "mutation": AddTeam(team="blue"),
    "request_ids": ["r-1"],
    "successor": "r-2",
    "check": "ci",
    "freeze": "year-end",
    "passed": True,
    "evidence": "log",
    "version": 1,
    "state": Roles(),
    "channel": Channel("http", authenticated=True),
    "until": datetime(2030, 1, 1, tzinfo=UTC),
}
METHODS = [
    name
    for name, _ in inspect.getmembers(Governance, inspect.isfunction)
    if not name.startswith("_") and name not in {"close", "within", "register_policy"}
]
PARAMETERS = [
    (method, name)
    for method in METHODS
    for name in inspect.signature(getattr(Governance, method)).parameters
    if name != "self"
]


def call(gov: Governance, method: str, **junk: Any) -> object:  # noqa: ANN401 - whatever is passed
    """Call a method with what it needs, and with what is passed instead of some of it."""
    parameters = inspect.signature(getattr(gov, method)).parameters
    passed = {name: GOOD[name] for name, each in parameters.items() if each.default is each.empty and name in GOOD}
    if "digest" in parameters:
        passed["digest"] = gov.get_request("r-1").digest
    if method == "audit" and "request_id" not in junk and "state_id" not in junk:
        passed["request_id"] = "r-1"
    return getattr(gov, method)(**passed | junk)


def contents(gov: Governance) -> object:
    """Give all there is in a store, as it is read back."""
    found = gov.find_requests(limit=1000).requests
    trails = [(gov.decisions(each.id), gov.revisions(each.id)) for each in found]
    return found, trails, gov.get_state(HOUSE), gov.history(HOUSE)


class Pair:
    """Two stores that are told the same."""

    def __init__(self, clock: FrozenClock | None = None) -> None:
        self.both = [opened(store, clock or FrozenClock()) for store in (MemoryStore(), SqliteStore(":memory:"))]

    def answer(self, method: str, make: Callable[[], dict[str, Any]]) -> str:
        """Call both, see to it that they answer alike, and give how: the code of the error, or "answered"."""
        ends = []
        for gov in self.both:
            try:
                call(gov, method, **make())
            except PlacetError as error:
                ends.append((error.code, re.sub("0x[0-9a-f]+", "0x", str(error))))
            else:
                ends.append(("answered", ""))
        assert ends[0] == ends[1]
        return ends[0][0]

    def contents(self) -> list[object]:
        return [contents(gov) for gov in self.both]

    def close(self) -> None:
        """See to it that nothing is broken, and close both."""
        for gov in self.both:
            found = gov.verify()
            assert found.ok, str(found)
            gov.close()


def made_of(name: str, make: Callable[[], Any]) -> dict[str, Any]:
    return {name: make()}


@pytest.mark.parametrize(("method", "name"), PARAMETERS, ids=str)
def test_junk_for_an_argument_is_a_typed_error_on_both_stores_and_changes_nothing(method: str, name: str) -> None:
    pair = Pair()
    before = pair.contents()
    for make in JUNK.values():
        if pair.answer(method, partial(made_of, name, make)) == "answered":
            pair.close()
            pair = Pair()
    assert pair.contents() == before
    pair.close()


ACTORS = st.sampled_from(["bob", "ann", "carol", "dave", "root", "nobody", ""])
REQUESTS = st.sampled_from(["r-1", "r-2", "r-3", "gone"])
USUAL: dict[str, st.SearchStrategy[Any]] = {
    "by": ACTORS,
    "request_id": REQUESTS,
    "successor": REQUESTS,
    "request_ids": st.lists(REQUESTS, max_size=3),
    "reason": st.sampled_from(["because", ""]),
    "on_behalf_of": st.none() | ACTORS,
    "on_drift": st.sampled_from(["reject", "renew_approval", "revalidate", "keep_if_same_effect"]),
    "pause_for_revalidation": st.booleans(),
    "mutation": st.sampled_from([AddTeam(team="blue"), GrantRole(user="eve", role="reader")]),
    "emergency": st.none() | st.just(Emergency(reason="fire", ticket="INC-1")),
}


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, dict[str, str], dict[str, Any], int]:
    """Draw a method, what is passed to it, of that the junk by name, and how many minutes pass before."""
    method = draw(st.sampled_from(METHODS))
    names = [name for name in inspect.signature(getattr(Governance, method)).parameters if name != "self"]
    usual = {name: draw(USUAL[name]) for name in names if name in USUAL}
    junk = draw(st.dictionaries(st.sampled_from(names), st.sampled_from(list(JUNK)), max_size=1)) if names else {}
    seldom = draw(st.integers(0, 3)) == 0
    return method, dict(junk) if seldom else {}, usual, draw(st.sampled_from([0, 0, 1, 600]))


def made(usual: dict[str, Any], junk: dict[str, str]) -> dict[str, Any]:
    """Make what is passed, junk anew for each store."""
    return usual | {name: JUNK[key]() for name, key in junk.items()}


@given(st.lists(steps(), max_size=25))
def test_whatever_several_actors_try_in_any_order_is_answered_alike(
    tried: list[tuple[str, dict[str, str], dict[str, Any], int]],
) -> None:
    clock = FrozenClock()
    pair = Pair(clock)
    for method, junk, usual, minutes in tried:
        clock.tick(minutes=minutes)
        before = pair.contents()
        if pair.answer(method, partial(made, usual, junk)) != "answered":
            assert pair.contents() == before
        else:
            assert len({repr(each) for each in pair.contents()}) == 1
    pair.close()


def test_every_argument_that_is_needed_has_a_value_here() -> None:
    for method in METHODS:
        for name, each in inspect.signature(getattr(Governance, method)).parameters.items():
            if each.default is each.empty and name not in {"self", "digest"}:
                assert name in GOOD, f"{method}({name}=)"


def closing(**options: Any) -> None:  # noqa: ANN401 - options of open
    """Open a store with these options, and close it."""
    usual: dict[str, Any] = {"store": "memory:", "directory": OpenDirectory()}
    Governance.open(**usual | options).close()


def ran(**parts: Any) -> object:  # noqa: ANN401 - arguments of run
    """Run a mutation on the engine alone."""
    usual: dict[str, Any] = {"mutation": AddTeam(team="x"), "state": Roles(), "actor": Actor("bob")}
    return MutationEngine([allow()]).run(**usual | parts)


def registering(**parts: Any) -> None:  # noqa: ANN401 - arguments of register_policy
    opened(MemoryStore(), FrozenClock()).register_policy(**parts)


def joining(**parts: Any) -> None:  # noqa: ANN401 - arguments of within
    opened(MemoryStore(), FrozenClock()).within(**parts)


SOON, LATE = datetime(2026, 2, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
MADE: list[tuple[Callable[..., object], dict[str, Any]]] = [
    (Actor, {"id": "x"}),
    (Delegation, {"principal": "a", "delegate": "b", "since": SOON, "until": LATE}),
    (Emergency, {"reason": "a", "ticket": "b"}),
    (FreezeWindow, {"name": "a", "start": SOON, "end": LATE}),
    (Channel, {"name": "x", "authenticated": True}),
    (Intent, {"operation": "x"}),
    (Policy, {"name": "x", "decide": lambda _: Verdict.allow()}),
    (Verdict, {"kind": "allow"}),
    (Verdict.deny, {"reason": "x"}),
    (Verdict.in_emergency, {"roles": ["x"]}),
    (StaticDirectory, {"actors": []}),
    (MutationEngine, {}),
    (policy, {"decide": lambda _: Verdict.allow()}),
    (allow, {}),
    (deny, {"reason": "x"}),
    (freeze, {"calendar": []}),
    (require_approval, {}),
    (allow_emergency, {"roles": ["x"]}),
    (requirements.Approval, {}),
    (requirements.Dependency, {"request_id": "r-1"}),
    (requirements.ExternalCheck, {"name": "x"}),
    (requirements.Freeze, {"name": "x", "until": LATE}),
    (requirements.ManualReview, {"name": "x"}),
    (requirements.Quota, {"limit": 1, "per": timedelta(1)}),
    (requirements.Schedule, {"not_before": SOON}),
]
PARTS = [
    *((make, usual, name) for make, usual in MADE for name in inspect.signature(make).parameters),
    *((closing, {}, name) for name in inspect.signature(Governance.open).parameters),
    *((ran, {}, name) for name in inspect.signature(MutationEngine.run).parameters if name != "self"),
    (registering, {}, "policy"),
    (joining, {}, "connection"),
]


@pytest.mark.parametrize(("make", "usual", "name"), PARTS, ids=lambda each: getattr(each, "__name__", str(each))[:30])
def test_junk_for_a_part_of_the_program_is_a_typed_error(
    make: Callable[..., object], usual: dict[str, Any], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where a path that is one makes its file
    for junk in JUNK.values():
        with suppress(PlacetError):
            make(**usual | {name: junk()})


@pytest.mark.parametrize("make", [require, Verdict.require, Verdict.restrict])
def test_so_is_junk_for_a_requirement(make: Callable[..., object]) -> None:
    for junk in JUNK.values():
        with pytest.raises(PlacetError):
            make(junk())


@pytest.mark.parametrize(
    "options",
    [
        {"policies": [object()]},
        {"mutations": [object()]},
        {"sources": [object()]},
        {"directory": object()},
        {"max_failures": 0},
        {"clock": 5},
    ],
    ids=lambda options: next(iter(options)),
)
def test_where_a_part_does_not_fit_no_file_is_made(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(PlacetError):
        closing(**{"store": f"sqlite:///{tmp_path / 'new.db'}"} | options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seconds", ["²", "-1", "1e400", "inf", "nan", "9" * 400, "", "٣", "1_0", " 1", "0x1"])
def test_a_time_out_is_a_number_of_seconds(seconds: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="timeout=SECONDS"):
        closing(store=f"sqlite:///{tmp_path / 'new.db'}?timeout={seconds}")
    assert list(tmp_path.iterdir()) == []

"""A file whose rows are consistent, hashes and all, and say what placet never wrote: only typed errors come of it."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from forging import forge
from house import HOUSE, MUTATIONS, AddTeam, Roles
from placet import Actor, Emergency, Governance, StaticDirectory, allow_emergency, require
from placet.cli.app import app
from placet.errors import IntegrityError, PlacetError
from placet.model.actor import ActorKind
from placet.requirements import Approval, ExternalCheck, Freeze, Quota
from placet.testing import FrozenClock, counting_ids

PEOPLE = [
    *map(Actor, ("bob", "carol", "runner")),
    Actor("dave", roles=("ops",)),
    Actor("eve", roles=("sre",)),
    Actor("ci", ActorKind.SERVICE),
]
IDS = ("busy", "against", "plain", "urgent", "amended", "renewed")
JUNK: list[Any] = [
    None,
    "weird",
    "",
    -1,
    10**30,
    1.5,
    True,
    [],
    {},
    ["x"],
    {"a": 1},
    [[]],
    "9999-12-31T23:59:59.999999-23:59",
]
GONE = object()


def again(path: Path) -> Governance:
    """Open the file."""
    return Governance.open(
        f"sqlite:///{path}",
        mutations=MUTATIONS,
        directory=StaticDirectory(PEOPLE),
        policies=[require(Approval(1)), allow_emergency(["sre"])],
        clock=FrozenClock(),
        new_id=counting_ids(),
        timer=lambda: 0,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in which nearly everything has happened."""
    path = tmp_path_factory.mktemp("whole") / "whole.db"
    with again(path) as gov:
        gov.create_state(HOUSE, Roles(members={"root": "admin"}))
        ask = partial(gov.submit, to=HOUSE, by="bob", reason="why", metadata={"x": 1})
        year_end = Freeze(name="year-end", until=FrozenClock()() + timedelta(days=3), waiver_roles=("ops",))
        law = [year_end, ExternalCheck(name="build"), Quota(limit=9, per=timedelta(days=1))]
        busy = ask(AddTeam(team="a"), request_id="busy", requirements=law)
        gov.report("busy", check="build", passed=True, by="ci", digest=busy.digest, evidence="green")
        gov.waive("busy", freeze="year-end", by="dave", digest=busy.digest, reason="small")
        gov.comment("busy", by="bob", reason="hm")
        gov.approve("busy", by="carol", digest=busy.digest)
        ask(AddTeam(team="b"), request_id="against")
        gov.reject("against", by="dave", reason="no")
        plain = ask(AddTeam(team="c"), request_id="plain")
        renewed = ask(AddTeam(team="d"), request_id="renewed", on_drift="renew_approval")
        gov.approve("renewed", by="carol", digest=renewed.digest)
        gov.approve("plain", by="carol", digest=plain.digest)
        gov.execute("plain", by="runner")
        gov.execute("renewed", by="runner")
        ask(AddTeam(team="e"), request_id="urgent")
        gov.execute("urgent", by="eve", emergency=Emergency(reason="fire", ticket="INC-1"))
        ask(AddTeam(team="f"), request_id="amended")
        gov.amend("amended", AddTeam(team="g"), by="bob", reason="a slip")
        gov.hold("amended", by="bob", reason="wait")
        assert gov.verify().ok
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - JSON
    """Give the way to everything inside a JSON value."""
    if path:
        yield path
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from leaves(each, (*path, key))


def put(body: Any, path: tuple[Any, ...], junk: object) -> None:  # noqa: ANN401 - JSON
    """Put something in the place of a value, or take that out."""
    for key in path[:-1]:
        body = body[key]
    if junk is GONE:
        del body[path[-1]]
    else:
        body[path[-1]] = junk


READING: tuple[Callable[[Governance], object], ...] = (
    Governance.verify,
    Governance.find_requests,
    Governance.reassess_open,
    Governance.expire_due,
    lambda gov: gov.inbox("carol"),
    lambda gov: gov.history(HOUSE),
    lambda gov: gov.audit(state_id=HOUSE),
    lambda gov: gov.replay(HOUSE, 2),
    lambda gov: gov.get_state(HOUSE),
)
ABOUT: tuple[Callable[[Governance, str], object], ...] = (
    Governance.decisions,
    Governance.audit,
    Governance.revisions,
    Governance.waiting_for,
    Governance.diagram,
    lambda gov, each: gov.get_request(each).metadata,
    lambda gov, each: gov.get_request(each).payload,
    lambda gov, each: str(gov.get_request(each)),
    lambda gov, each: gov.comment(each, by="bob", reason="hm"),
    lambda gov, each: gov.execute(each, by="runner"),
    lambda gov, each: gov.approve(each, by="dave", digest=gov.get_request(each).digest),
    lambda gov, each: gov.review(each, by="carol", reason="hm"),
    lambda gov, each: gov.amend(each, AddTeam(team="z"), by="bob"),
    lambda gov, each: gov.cancel(each, by="bob"),
)
COMMANDS = ("list", "list --json", f"history {HOUSE}", f"export {HOUSE}", "verify", "inbox --by carol")
SHOWING = ("show", "show --json", "why", "diagram --request")


def sound(path: Path, ids: tuple[str, ...]) -> None:
    """See to it that nothing raw comes of a file."""
    for words in (*COMMANDS, *(f"{command} {each}" for each in ids for command in SHOWING)):
        done = CliRunner().invoke(app, [*words.split(), "--db", str(path)])
        assert done.exception is None or isinstance(done.exception, SystemExit), words
    calls: list[Callable[[Governance], object]] = [*READING]
    calls += [partial(_about, about, each) for each in ids for about in ABOUT]
    with again(path) as gov:
        for call in calls:
            try:
                call(gov)
            except PlacetError:
                continue


def _about(call: Callable[[Governance, str], object], request_id: str, gov: Governance) -> None:
    call(gov, request_id)


def copied(whole: Path) -> Path:
    """Give a fresh copy of a file."""
    path = whole.with_name("forged.db")
    for each in whole.parent.glob("forged.db*"):
        each.unlink()
    shutil.copy(whole, path)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_consistent_row_says_only_typed_errors_come_out(whole: Path, data: st.DataObject) -> None:
    path = copied(whole)
    table = data.draw(st.sampled_from(["terms", "decisions", "decisions", "audit", "history"]))
    number = data.draw(st.integers(0, {"terms": 8, "decisions": 28, "audit": 3, "history": 4}[table]))
    junk = data.draw(st.sampled_from([*JUNK, GONE]))
    seen, ids = 0, ["plain"]

    def tweak(name: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        nonlocal seen
        if name == table:
            if seen == number:
                put(body, data.draw(st.sampled_from([*leaves(body)])), junk)
                ids.append(str(body.get("request_id", "plain")))
            seen += 1
        return body

    forge(path, tweak)
    sound(path, tuple(each for each in dict.fromkeys(ids) if each in IDS))


COLUMNS = [
    ("status", "weird"),
    ("status", ""),
    ("metadata", "[1]"),
    ("metadata", "{"),
    ("metadata", "5"),
    ("review", "weird"),
    ("successor", "nobody"),
    ("held", "\x1b"),
    ("emergency_by", ""),
]


@pytest.mark.parametrize(("column", "value"), COLUMNS)
def test_whatever_a_consistent_column_says_only_typed_errors_come_out(whole: Path, column: str, value: str) -> None:
    path = copied(whole)
    forge(path, lambda _, body: body, lambda name, old: value if name == column else old)
    sound(path, IDS)


@pytest.mark.parametrize(
    ("at", "junk", "rule"),
    [
        (("code",), "weird", "its code is none that there is"),
        (("from_status",), "weird", "its status is none that there is"),
        (("to_status",), "weird", "its status is none that there is"),
        (("metadata", "expected_version"), 10**30, "what it records as 'expected_version' cannot be"),
        (("metadata", "requirements"), [1], "what it records as 'requirements' cannot be"),
        (("metadata", "requirements"), GONE, "what it records as 'requirements' cannot be"),
    ],
)
def test_a_decision_that_is_none_is_named(whole: Path, at: tuple[str, ...], junk: object, rule: str) -> None:
    path = copied(whole)

    def tweak(table: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        if table == "decisions" and (body["request_id"], body["seq"]) == ("plain", 1):
            put(body, at, junk)
        return body

    forge(path, tweak)
    with again(path) as gov:
        for call in (gov.waiting_for, gov.diagram, gov.decisions, partial(gov.execute, by="runner")):
            with pytest.raises(IntegrityError) as caught:
                call("plain")
            assert (caught.value.table, caught.value.row, caught.value.rule) == ("placet_decisions", "plain#1", rule)
        assert "plain#1" in {each.row for each in gov.verify().problems}
    for command in ("show plain", "why plain", "diagram --request plain"):
        done = CliRunner().invoke(app, [*command.split(), "--db", str(path)])
        assert rule in " ".join(done.output.split())

"""A file has the schema that is declared, and every named query reaches its rows by a key or an index."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from house import HOUSE, AddTeam, approved, opened
from placet import Actor, Governance, MutationRequest, StaticDirectory, require_approval
from placet.model.request import Status
from placet.model.trail import Ledger
from placet.store.port import REQUESTS, STATES, TERMS, Filter, Position
from placet.store.sql import queries, schema
from placet.store.sqlite import SqliteStore
from placet.store.sqlite.schema import VERSION, create_schema, schema_version, statements
from placet.testing import FrozenClock

NAMED = queries("sqlite")
PEOPLE = [
    Actor("bob"),
    Actor("carol", roles=("security",)),
    Actor("dave", roles=("security", "owner")),
    Actor("eve", groups=("board",)),
    Actor("root", roles=("administrator",)),
    Actor("runner"),
]


def defined(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Give everything that is defined in a database."""
    return set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A file that the store has just made."""
    path = tmp_path / "fresh.db"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_a_fresh_file_has_exactly_what_the_schema_makes(fresh: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as by_hand:
        by_hand.executescript(schema())
        assert defined(fresh) == defined(by_hand)
    assert fresh.execute("SELECT version FROM placet_schema").fetchall() == [(VERSION,)]


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "placet.db"
    with opened(f"sqlite:///{path}") as gov:
        request = approved(gov)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        before, (changes,) = defined(connection), connection.execute("PRAGMA data_version").fetchone()
        for _ in range(2):
            SqliteStore(path).close()
        create_schema(connection)
        assert defined(connection) == before
        assert connection.execute("PRAGMA data_version").fetchone() == (changes,)
        assert connection.total_changes == 0
        assert connection.execute("SELECT id FROM placet_requests").fetchall() == [(request.id,)]


def test_the_tables_of_others_stay(fresh: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as other:
        other.execute("CREATE TABLE mine (id)")
        assert schema_version(other) == 0
        create_schema(other)
        assert schema_version(other) == VERSION
        assert {row for row in defined(other) if row[1] != "mine"} == defined(fresh)


def test_a_schema_that_fails_leaves_the_file_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = f"{schema()}CREATE TABLE half (id);\nCREATE TABLE half (id);\n"
    monkeypatch.setattr("placet.store.sqlite.schema.schema", lambda: broken)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE mine (id)")
        before = defined(connection)
        with pytest.raises(sqlite3.OperationalError, match="half already exists"):
            create_schema(connection)
        assert not connection.in_transaction
        assert defined(connection) == before


@pytest.mark.parametrize(
    ("script", "parts"),
    [
        ("", []),
        ("SELECT 1;\nSELECT 2;\n", ["SELECT 1;", "SELECT 2;"]),
        ("-- a; b\nSELECT 1;\n", ["-- a; b\nSELECT 1;"]),
        ("SELECT ';\n';\nSELECT 2;\n", ["SELECT ';\n';", "SELECT 2;"]),
        (
            "CREATE TRIGGER t BEFORE DELETE ON x\nBEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\nSELECT 3;\n",
            ["CREATE TRIGGER t BEFORE DELETE ON x\nBEGIN\n  SELECT 1;\n  SELECT 2;\nEND;", "SELECT 3;"],
        ),
        ("SELECT 1;\nSELECT 2", ["SELECT 1;", "SELECT 2"]),
        ("SELECT 1;\n-- the end\n", ["SELECT 1;", "-- the end"]),
    ],
)
def test_a_script_is_split_into_its_statements_and_none_is_lost(script: str, parts: list[str]) -> None:
    assert [part.strip() for part in statements(script)] == parts


def test_each_statement_of_the_schema_makes_one_thing() -> None:
    found = list(statements(schema()))
    assert "".join(found) == schema()
    done = [re.findall(r"^CREATE (?:UNIQUE )?(\w+) (\w+)", part, re.MULTILINE) for part in found]
    assert [len(each) for each in done] == [1] * len(found)
    assert len({each[0] for each in done}) == len(found)


# ---- named queries


def test_every_named_query_is_used_and_every_used_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs everything a store can do, and sees which names are looked up."""
    asked: set[str] = set()

    class Watched(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            asked.add(name)
            return super().__getitem__(name)

    for module in ("schema", "unit"):
        monkeypatch.setattr(f"placet.store.sqlite.{module}.queries", lambda _: Watched(NAMED))
    with opened("sqlite:///:memory:") as gov:
        request = approved(gov, idempotency_key="key")
        gov.execute(request.id, by="runner")
        gov.amend(approved(gov).id, AddTeam(team="y"), by="bob")
        with gov._context.store.view() as reader:
            for wanted in (Filter(), Filter(status=Status.FAILED), Filter(state_id="x"), Filter(requester="x")):
                reader.find(wanted, 1)
            reader.due(0, 1)
            reader.find(Filter(review="open"), 1)
            for ledger in Ledger:
                reader.last_link(ledger, "x")
                reader.links(ledger, "x")
            for table in (STATES, REQUESTS, TERMS, *Ledger):
                reader.keys(table, "", 1)
            reader.terms("x")
    assert asked == set(NAMED)


def plan(connection: sqlite3.Connection, name: str) -> list[str]:
    """Ask SQLite how it would go about a named query."""
    wanted = set(re.findall(r"[^:]:(\w+)", NAMED[name]))
    given: dict[str, object] | tuple[object, ...] = dict.fromkeys(wanted, 1)
    if not wanted:
        given = (1,) * NAMED[name].count("?")
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {NAMED[name]}", given)]


@pytest.mark.parametrize("name", sorted(NAMED))
def test_no_named_query_scans_a_table(fresh: sqlite3.Connection, name: str) -> None:
    steps = [step for step in plan(fresh, name) if "sqlite_master" not in step and "placet_schema" not in step]
    assert not [step for step in steps if "SCAN" in step]
    assert not [step for step in steps if "TEMP B-TREE" in step and name != "due"], "due sorts one page"


PAGE = "created_at>? AND (created_at,id)<(?,?)"


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("request", "r USING PRIMARY KEY (id=?)"),
        ("request_by_key", "r USING INDEX placet_requests_idempotency (idempotency_key=?)"),
        ("find_by_all", f"r USING INDEX placet_requests_created ({PAGE})"),
        ("find_by_status", f"r USING INDEX placet_requests_status (status=? AND {PAGE})"),
        ("find_by_state_id", f"r USING INDEX placet_requests_state (state_id=? AND {PAGE})"),
        ("find_by_requester", f"r USING INDEX placet_requests_requester (requester=? AND {PAGE})"),
        ("due", "r USING PRIMARY KEY (id=?)"),
        ("find_by_review", f"r USING INDEX placet_requests_review (review=? AND {PAGE})"),
        ("state", "placet_states USING PRIMARY KEY (state_id=?)"),
        ("update_state", "placet_states USING PRIMARY KEY (state_id=?)"),
        ("update_request", "placet_requests USING PRIMARY KEY (id=?)"),
        ("links_placet_decisions", "placet_decisions USING PRIMARY KEY (request_id=? AND seq>?)"),
        ("links_placet_audit", "placet_audit USING PRIMARY KEY (request_id=? AND seq>?)"),
        ("links_placet_history", "placet_history USING PRIMARY KEY (state_id=? AND version>?)"),
        ("last_link_placet_history", "placet_history USING PRIMARY KEY (state_id=?)"),
        ("keys_placet_requests", "placet_requests USING PRIMARY KEY (id>?)"),
    ],
)
def test_each_lookup_goes_by_its_key_or_index(fresh: sqlite3.Connection, name: str, way: str) -> None:
    assert plan(fresh, name)[0] == f"SEARCH {way}"


def test_what_is_due_is_found_by_its_deadline(fresh: sqlite3.Connection) -> None:
    found = [step for step in plan(fresh, "due") if "placet_requests " in f"{step} "]
    assert found == ["SEARCH placet_requests USING INDEX placet_requests_due ((expires_at,id)>(?,?) AND expires_at<?)"]


# ---- what a page costs, in steps of SQLite's own machine rather than in time

MANY, FEW = 4000, 400


def filled(number: int) -> SqliteStore:
    """A store with so many requests, each second one with a deadline far away; the first 5 are due.

    Fifty at a time were made at the same moment. Each fifth was an emergency of eve's, reviewed by now, and the last
    one is an emergency of mallory's that nobody has reviewed.
    """
    store = SqliteStore(":memory:")
    assert store._writer is not None
    store._writer.executemany(NAMED["insert_request"], map(planted, range(number)))
    duty = "UPDATE placet_requests SET emergency_by = 'mallory', review = 'open' WHERE id = ?"
    store._writer.execute(duty, (f"r-{number - 1:06}",))
    return store


def planted(number: int) -> tuple[int | str | None, ...]:
    at, due = number // 50, number if number < 5 else 10**9 if number % 2 else None
    beginning = (f"r-{number:06}", 1, "pending", "d", "h", at, at, 1, 0, 0, 0, "")
    emergency = ("eve", "closed") if number % 5 == 0 else (None, "")
    return (*beginning, *(None,) * 4, "", None, None, "a", "", "{}", HOUSE, "bob", due, "text", *emergency)


@contextmanager
def counted(store: SqliteStore) -> Iterator[list[int]]:
    """Count what SQLite does inside the block."""
    ticks = [0]

    def tick() -> int:
        ticks[0] += 1
        return 0

    assert store._writer is not None
    store._writer.set_progress_handler(tick, 1)
    yield ticks
    store._writer.set_progress_handler(None, 0)


def steps(store: SqliteStore, wanted: Filter, after: Position | None) -> int:
    """Count what SQLite does to find a page."""
    with counted(store) as ticks, store.view() as reader:
        assert reader.find(wanted, 5, after)
    return ticks[0]


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(status=Status.PENDING),
        Filter(state_id=HOUSE),
        Filter(requester="bob"),
        Filter(since=0, until=10**9),
        Filter(status=Status.PENDING, state_id=HOUSE, requester="bob", text="text"),
        Filter(review="closed"),
        Filter(review="closed", emergency_by="eve"),
    ],
)
def test_the_last_page_of_many_costs_what_the_first_of_few_does(
    wanted: Filter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An EXPLAIN may name the index and still walk over all of it."""
    monkeypatch.setattr("placet.store.sqlite.unit.from_row", tuple)
    few, many = filled(FEW), filled(MANY)
    first = steps(few, wanted, None)
    assert steps(many, wanted, None) <= 1.5 * first
    assert steps(many, wanted, (MANY // 100, "r-002000")) <= 1.5 * first
    assert steps(many, wanted, (0, "r-000010")) <= 1.5 * first
    few.close()
    many.close()


@pytest.mark.parametrize("wanted", [Filter(review="open"), Filter(review="open", emergency_by="mallory")])
def test_an_open_review_is_found_at_the_same_cost_among_many_and_few(
    wanted: Filter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("placet.store.sqlite.unit.from_row", tuple)
    few, many = filled(FEW), filled(MANY)
    assert steps(many, wanted, None) <= 1.1 * steps(few, wanted, None)
    few.close()
    many.close()


def test_a_governed_change_costs_the_same_however_many_requests_there_are() -> None:
    costs = []
    for number in (FEW, MANY):
        store = filled(number)
        with opened(store) as gov:
            with counted(store) as ticks:
                gov.execute(approved(gov, idempotency_key="key").id, by="runner")
            costs.append(ticks[0])
    assert costs[1] <= 1.2 * costs[0]


# ---- what a vote costs

VOTES: dict[str, Callable[[Governance, MutationRequest], MutationRequest]] = {
    "approve": lambda gov, request: gov.approve(request.id, by="dave", digest=request.digest),
    "reject": lambda gov, request: gov.reject(request.id, by="dave", reason="no"),
    "abstain": lambda gov, request: gov.abstain(request.id, by="dave", digest=request.digest),
    "withdraw": lambda gov, request: gov.withdraw(request.id, by="carol"),
}


def voted_on(decisions: int, vote: str) -> tuple[list[str], int]:
    """Vote on a state with so many decisions on it already; give the statements, and the steps of SQLite's machine."""
    store, ids = SqliteStore(":memory:"), count(1)
    directory, policies = StaticDirectory(PEOPLE), [require_approval(2, roles=["security"], groups=["board"])]
    with opened(
        store, clock=FrozenClock(), new_id=lambda: f"new-{next(ids)}", directory=directory, policies=policies
    ) as gov:
        assert store._writer is not None
        store._writer.executemany(NAMED["insert_request"], map(planted, range(decisions // 10)))
        said = ((f"r-{number // 10:06}", number % 10 + 1, "{}", "h") for number in range(decisions))
        store._writer.executemany(NAMED["append_placet_decisions"], said)
        request = gov.submit(AddTeam(team="blue"), to=HOUSE, by="bob")
        gov.approve(request.id, by="carol", digest=request.digest)
        ran: list[str] = []
        with counted(store) as ticks:
            store._writer.set_trace_callback(ran.append)
            VOTES[vote](gov, request)
            store._writer.set_trace_callback(None)
        assert store._writer.execute("SELECT count(*) FROM placet_decisions").fetchone()[0] > decisions
    return ran, ticks[0]


@pytest.mark.parametrize("vote", VOTES)
def test_a_vote_costs_the_same_however_many_decisions_there_are_on_its_state(vote: str) -> None:
    (few, steps_of_few), (many, steps_of_many) = voted_on(10, vote), voted_on(10_000, vote)
    assert few == many
    assert steps_of_many <= 1.1 * steps_of_few
    decisions = [statement for statement in many if "placet_decisions" in statement]
    assert {statement.split()[0] for statement in decisions} == {"SELECT", "INSERT"}
    assert all("WHERE request_id = 'new-1'" in each for each in decisions if each.startswith("SELECT"))
    assert not [statement for statement in many if statement.startswith("DELETE")]


def test_a_vote_adds_one_decision_and_rewrites_one_narrow_row() -> None:
    ran, _ = voted_on(10, "withdraw")
    wrote = [statement.split("(")[0].split()[:3] for statement in ran if statement.split()[0] in {"INSERT", "UPDATE"}]
    assert wrote == [["UPDATE", "placet_requests", "SET"], ["INSERT", "INTO", "placet_decisions"]]

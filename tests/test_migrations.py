"""The schema is the sum of its migrations, and every named query reaches its rows by a key or an index."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import signoff.store.sqlite
from house import HOUSE, approved, opened
from signoff.model.request import Status
from signoff.model.trail import Ledger
from signoff.store.port import REQUESTS, STATES, TERMS, Filter, Position
from signoff.store.sql import migrations, queries
from signoff.store.sqlite import SqliteStore
from signoff.store.sqlite.schema import migrate, schema_version, statements

NAMED = queries("sqlite")


def schema(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Give everything that is defined in a database."""
    return set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A file that the store has just made."""
    path = tmp_path / "fresh.db"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_a_fresh_file_has_exactly_what_the_migrations_make(fresh: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as by_hand:
        by_hand.execute(NAMED["create_schema"])
        for script in migrations():
            by_hand.executescript(script)
        assert schema(fresh) == schema(by_hand)
    assert fresh.execute("SELECT version FROM signoff_schema").fetchall() == [
        (number,) for number in range(1, len(migrations()) + 1)
    ]


def test_the_migrations_are_numbered_without_a_gap() -> None:
    folder = Path(signoff.store.sqlite.__file__).parents[1] / "sql" / "migrations"
    names = sorted(file.name for file in folder.iterdir())
    assert [int(name[:4]) for name in names] == list(range(1, len(migrations()) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for name in names)


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "signoff.db"
    with opened(f"sqlite:///{path}") as gov:
        request = approved(gov)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        before, (changes,) = schema(connection), connection.execute("PRAGMA data_version").fetchone()
        for _ in range(2):
            SqliteStore(path).close()
        migrate(connection)
        assert schema(connection) == before
        assert connection.execute("PRAGMA data_version").fetchone() == (changes,)
        assert connection.total_changes == 0
        assert connection.execute("SELECT id FROM signoff_requests").fetchall() == [(request.id,)]


@pytest.mark.parametrize("done", range(len(migrations()) + 1))
def test_a_file_at_any_earlier_version_is_brought_up_to_date(fresh: sqlite3.Connection, done: int) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as older:
        older.execute("CREATE TABLE mine (id)")
        if done:
            older.execute(NAMED["create_schema"])
        for number, script in enumerate(migrations()[:done], start=1):
            older.executescript(script)
            older.execute(NAMED["set_schema_version"], (number,))
        assert schema_version(older) == done
        migrate(older)
        assert schema_version(older) == len(migrations())
        assert {row for row in schema(older) if row[1] != "mine"} == schema(fresh)


def test_a_migration_that_fails_leaves_the_file_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (*migrations(), "CREATE TABLE half (id);\nCREATE TABLE half (id);\n")
    monkeypatch.setattr("signoff.store.sqlite.schema.migrations", lambda: broken)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE mine (id)")
        before = schema(connection)
        with pytest.raises(sqlite3.OperationalError, match="half already exists"):
            migrate(connection)
        assert not connection.in_transaction
        assert schema(connection) == before


# ---- splitting scripts


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


@pytest.mark.parametrize("script", migrations())
def test_each_statement_of_a_migration_makes_one_thing(script: str) -> None:
    found = list(statements(script))
    assert "".join(found) == script
    made = [re.search(r"^CREATE (?:UNIQUE )?(\w+) (\w+)", part, re.MULTILINE) for part in found]
    assert all(made)
    assert (
        len({match[2] for match in made if match}) == len(found) == len(re.findall(r"^CREATE ", script, re.MULTILINE))
    )


# ---- named queries


def test_every_named_query_is_used_and_every_used_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs everything a store can do, and sees which names are looked up."""
    asked: set[str] = set()

    class Watched(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            asked.add(name)
            return super().__getitem__(name)

    for module in ("schema", "unit"):
        monkeypatch.setattr(f"signoff.store.sqlite.{module}.queries", lambda _: Watched(NAMED))
    with opened("sqlite:///:memory:") as gov:
        request = approved(gov, idempotency_key="key")
        gov.execute(request.id, by="runner")
        with gov._context.store.view() as reader:
            for wanted in (Filter(), Filter(status=Status.FAILED), Filter(state_id="x"), Filter(requester="x")):
                reader.find(wanted, 1)
            reader.find(Filter(due=0), 1)
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
    steps = [step for step in plan(fresh, name) if "sqlite_master" not in step and "signoff_schema" not in step]
    assert not [step for step in steps if "SCAN" in step]
    assert not [step for step in steps if "TEMP B-TREE" in step and name != "find_by_due"]


PAGE = "created_at>? AND (created_at,id)<(?,?)"


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("request", "r USING PRIMARY KEY (id=?)"),
        ("request_by_key", "r USING INDEX signoff_requests_idempotency (idempotency_key=?)"),
        ("find_by_all", f"r USING INDEX signoff_requests_created ({PAGE})"),
        ("find_by_status", f"r USING INDEX signoff_requests_status (status=? AND {PAGE})"),
        ("find_by_state_id", f"r USING INDEX signoff_requests_state (state_id=? AND {PAGE})"),
        ("find_by_requester", f"r USING INDEX signoff_requests_requester (requester=? AND {PAGE})"),
        ("find_by_due", "r USING PRIMARY KEY (id=?)"),
        ("state", "signoff_states USING PRIMARY KEY (state_id=?)"),
        ("update_state", "signoff_states USING PRIMARY KEY (state_id=?)"),
        ("update_request", "signoff_requests USING PRIMARY KEY (id=?)"),
        ("links_signoff_decisions", "signoff_decisions USING PRIMARY KEY (request_id=? AND seq>?)"),
        ("links_signoff_audit", "signoff_audit USING PRIMARY KEY (request_id=? AND seq>?)"),
        ("links_signoff_history", "signoff_history USING PRIMARY KEY (state_id=? AND version>?)"),
        ("last_link_signoff_history", "signoff_history USING PRIMARY KEY (state_id=?)"),
        ("keys_signoff_requests", "signoff_requests USING PRIMARY KEY (id>?)"),
    ],
)
def test_each_lookup_goes_by_its_key_or_index(fresh: sqlite3.Connection, name: str, way: str) -> None:
    assert plan(fresh, name)[0] == f"SEARCH {way}"


def test_what_is_due_is_found_by_its_deadline(fresh: sqlite3.Connection) -> None:
    found = [step for step in plan(fresh, "find_by_due") if "signoff_requests " in f"{step} "]
    assert found == ["SEARCH signoff_requests USING INDEX signoff_requests_due (expires_at<?)"]


# ---- what a page costs, in steps of SQLite's own machine rather than in time

MANY, FEW = 4000, 400


def filled(count: int) -> SqliteStore:
    """A store with so many requests, each second one with a deadline far away; the first 5 are due.

    Fifty at a time were made at the same moment.
    """
    store = SqliteStore(":memory:")
    assert store._writer is not None
    store._writer.executemany(NAMED["insert_request"], map(planted, range(count)))
    return store


def planted(number: int) -> tuple[int | str | None, ...]:
    at, due = number // 50, number if number < 5 else 10**9 if number % 2 else None
    beginning = (f"r-{number:06}", 1, "pending", "d", "h", at, at, 1, 0, 0, 0, "")
    return (*beginning, *(None,) * 4, "", None, None, "a", "", "{}", HOUSE, "bob", due, "text")


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
        Filter(due=4),
        Filter(since=0, until=10**9),
        Filter(status=Status.PENDING, state_id=HOUSE, requester="bob", text="text"),
    ],
)
def test_the_last_page_of_many_costs_what_the_first_of_few_does(
    wanted: Filter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An EXPLAIN may name the index and still walk over all of it."""
    monkeypatch.setattr("signoff.store.sqlite.unit.from_row", tuple)
    few, many = filled(FEW), filled(MANY)
    first = steps(few, wanted, None)
    assert steps(many, wanted, None) <= 1.5 * first
    assert steps(many, wanted, (MANY // 100, "r-002000")) <= 1.5 * first
    assert steps(many, wanted, (0, "r-000010")) <= 1.5 * first
    few.close()
    many.close()


def test_a_governed_change_costs_the_same_however_many_requests_there_are() -> None:
    costs = []
    for count in (FEW, MANY):
        store = filled(count)
        with opened(store) as gov:
            with counted(store) as ticks:
                gov.execute(approved(gov, idempotency_key="key").id, by="runner")
            costs.append(ticks[0])
    assert costs[1] <= 1.2 * costs[0]

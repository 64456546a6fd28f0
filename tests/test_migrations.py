"""The schema is the sum of its migrations, and every named query reaches its rows by a key or an index."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

import placet.store.sqlite
from house import HOUSE, MUTATIONS, AddTeam, GrantRole, approved, opened
from placet import Actor, Governance, MutationRequest, Proposal, StaticDirectory, allow, require_approval
from placet.errors import IdempotencyConflictError, IntegrityError, TransitionRefusedError
from placet.model.request import Status
from placet.model.trail import Ledger
from placet.requirements import Approval
from placet.store.port import REQUESTS, STATES, TERMS, Filter, Position
from placet.store.sql import migrations, queries
from placet.store.sqlite import SqliteStore
from placet.store.sqlite.schema import migrate, schema_version, statements
from placet.testing import FrozenClock

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
    assert fresh.execute("SELECT version FROM placet_schema").fetchall() == [
        (number,) for number in range(1, len(migrations()) + 1)
    ]


def test_the_migrations_are_numbered_without_a_gap() -> None:
    folder = Path(placet.store.sqlite.__file__).parents[1] / "sql" / "migrations"
    names = sorted(file.name for file in folder.iterdir())
    assert [int(name[:4]) for name in names] == list(range(1, len(migrations()) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for name in names)


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "placet.db"
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
        assert connection.execute("SELECT id FROM placet_requests").fetchall() == [(request.id,)]


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
    monkeypatch.setattr("placet.store.sqlite.schema.migrations", lambda: broken)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE mine (id)")
        before = schema(connection)
        with pytest.raises(sqlite3.OperationalError, match="half already exists"):
            migrate(connection)
        assert not connection.in_transaction
        assert schema(connection) == before


# ---- a file that the first release wrote

FIRST_RELEASE = (Path(__file__).parent / "version_1.sql").read_text("utf-8")
PEOPLE = [
    Actor("bob"),
    Actor("ann"),
    Actor("agent-7", on_behalf_of="ann"),
    Actor("carol", roles=("security",)),
    Actor("dave", roles=("security", "owner")),
    Actor("eve", groups=("board",)),
    Actor("root", roles=("administrator",)),
    Actor("runner"),
]
AT_REST = {
    "admitted": "executed",
    "approved": "approved",
    "canceled": "canceled",
    "executed": "executed",
    "expired": "expired",
    "failed": "failed",
    "for-ann": "pending",
    "half": "pending",
    "held": "pending",
    "paused": "revalidation",
    "rejected": "rejected",
    "renewed": "pending",
    "stale": "stale",
    "superseded": "superseded",
    "unvoted": "pending",
    "waiting": "approved",
}


def is_team(proposal: Proposal) -> bool:
    return isinstance(proposal.mutation, AddTeam)


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Give the rows of every table but that of the schema, with the columns that the first release knew."""
    with closing(sqlite3.connect(path)) as connection:
        names = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in (STATES, REQUESTS, TERMS, *Ledger)
        }
        return {
            table: connection.execute(
                f"SELECT {', '.join(each for each in columns if each not in {'emergency_by', 'review'})} FROM {table}"
            ).fetchall()
            for table, columns in names.items()
        }


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(NAMED["create_schema"])
        connection.executescript(migrations()[0])
        connection.execute(NAMED["set_schema_version"], (1,))
        connection.executescript(FIRST_RELEASE)
        assert schema_version(connection) == 1
    return path


@pytest.fixture
def lived(old_file: Path, clock: FrozenClock) -> Iterator[Governance]:
    """That file, opened a day later by this release."""
    clock.tick(days=1)
    two = require_approval(2, roles=["security"], groups=["board"], when=lambda proposal: not is_team(proposal))
    directory, policies = StaticDirectory(PEOPLE), [two, allow(when=is_team)]
    with Governance.open(
        f"sqlite:///{old_file}", mutations=MUTATIONS, clock=clock, directory=directory, policies=policies
    ) as gov:
        yield gov


def test_the_rows_of_the_first_release_are_as_it_wrote_them() -> None:
    """It knew neither kinds of requirement, nor steps, nor how long an approval is valid."""
    assert len(re.findall(r"^INSERT INTO \"placet_requests\" ", FIRST_RELEASE, re.MULTILINE)) == len(AT_REST)
    assert '"requirements":[{"count":2,"groups":["board"],"roles":["security"]}]' in FIRST_RELEASE
    for later in ("approval_valid_for", '"own"', '"step"', '"kind":"approval"', "due_at", "emergency"):
        assert later not in FIRST_RELEASE


def test_a_file_of_the_first_release_is_opened_and_every_seal_holds(lived: Governance) -> None:
    found = lived.verify()
    assert found.ok, str(found)
    assert (found.requests, found.states) == (len(AT_REST), 1)
    assert {each.id: each.status.value for each in lived.find_requests(limit=100)} == AT_REST


def test_migrating_leaves_every_row_of_the_first_release_as_it_was(old_file: Path) -> None:
    before = rows_of(old_file)
    SqliteStore(old_file).close()
    assert rows_of(old_file) == before
    with closing(sqlite3.connect(old_file)) as connection:
        found = connection.execute("SELECT DISTINCT emergency_by, review FROM placet_requests").fetchall()
    assert found == [(None, "")]


def test_what_the_first_release_required_is_still_required(lived: Governance) -> None:
    two = Approval(2, roles=("security",), groups=("board",))
    assert lived.get_request("unvoted").requirements == (two,)
    assert lived.get_request("unvoted").due_at == lived.get_request("unvoted").expires_at
    with pytest.raises(TransitionRefusedError, match=r"2 approvals by role security or group board \(1 more\)"):
        lived.execute("half", by="runner")
    with pytest.raises(TransitionRefusedError, match="dave has approved it already"):
        lived.approve("half", by="dave", digest=lived.get_request("half").digest)


def test_a_pending_request_of_the_first_release_is_approved_and_executed(lived: Governance) -> None:
    """Half of its votes were given then, the other half now."""
    half = lived.get_request("half")
    assert lived.approve("half", by="carol", digest=half.digest).status is Status.APPROVED
    assert lived.decisions("half")[-1].metadata == {"counted": ["carol", "dave"]}
    done = lived.execute("half", by="runner")
    assert (done.executed, done.request.resulting_version) == (True, 4)
    assert lived.verify().ok


def test_whatever_was_open_in_the_first_release_goes_on(lived: Governance) -> None:
    assert lived.execute("approved", by="runner").executed
    assert lived.execute("waiting", by="runner").executed
    assert lived.release("held", by="dave").status is Status.APPROVED
    assert lived.execute("held", by="runner").executed
    assert lived.retry("failed", by="bob").status is Status.APPROVED
    assert lived.execute("failed", by="runner").executed
    assert lived.revalidate("paused", by="root").status is Status.REVALIDATION
    assert lived.execute("paused", by="runner").executed
    for by in ("carol", "eve"):
        again = lived.approve("renewed", by=by, digest=lived.get_request("renewed").digest)
    assert again.status is Status.APPROVED
    assert lived.verify().ok


def test_what_is_new_is_done_to_requests_of_the_first_release(lived: Governance, clock: FrozenClock) -> None:
    unvoted = lived.get_request("unvoted")
    lived.reject("unvoted", by="carol", reason="too much")
    lived.withdraw("unvoted", by="carol")
    lived.request_changes("unvoted", by="eve", reason="say which role")
    lived.amend("unvoted", GrantRole(user="ada", role="reader"), by="bob")
    assert lived.get_request("unvoted").digest != unvoted.digest
    lived.comment("rejected", by="bob", reason="a pity")
    assert lived.get_request("rejected").status is Status.REJECTED
    assert [each.id for each in lived.inbox(by="dave")] == ["for-ann", "unvoted", "renewed"]
    clock.tick(days=30)
    assert [each.id for each in lived.expire_due().expired] == ["approved", "unvoted"]
    assert lived.verify().ok


def test_the_same_wish_under_a_key_of_the_first_release_gives_its_request(lived: Governance) -> None:
    wish = GrantRole(user="executed", role="reader")
    same = lived.submit(wish, to=HOUSE, by="bob", on_drift="keep_if_same_effect", idempotency_key="key")
    assert (same.id, same.status) == ("executed", Status.EXECUTED)
    with pytest.raises(IdempotencyConflictError):
        lived.submit(wish, to=HOUSE, by="bob", idempotency_key="key")


def test_an_old_row_that_was_changed_is_found_after_the_migration(lived: Governance, old_file: Path) -> None:
    with closing(sqlite3.connect(old_file, isolation_level=None)) as connection:
        connection.execute("UPDATE placet_requests SET review = 'closed', emergency_by = 'eve' WHERE id = 'approved'")
    with pytest.raises(IntegrityError, match="a column was changed since its last decision"):
        lived.execute("approved", by="runner")
    assert [problem.row for problem in lived.verify().problems] == ["approved"]


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
def test_each_statement_of_a_migration_makes_or_drops_one_thing(script: str) -> None:
    found = list(statements(script))
    assert "".join(found) == script
    does = r"^(CREATE|DROP|ALTER TABLE \w+ ADD) (?:UNIQUE )?(\w+) (\w+)"
    done = [re.findall(does, part, re.MULTILINE) for part in found]
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
        with gov._context.store.view() as reader:
            for wanted in (Filter(), Filter(status=Status.FAILED), Filter(state_id="x"), Filter(requester="x")):
                reader.find(wanted, 1)
            reader.find(Filter(due=0), 1)
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
    assert not [step for step in steps if "TEMP B-TREE" in step and name != "find_by_due"]


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
        ("find_by_due", "r USING PRIMARY KEY (id=?)"),
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
    found = [step for step in plan(fresh, "find_by_due") if "placet_requests " in f"{step} "]
    assert found == ["SEARCH placet_requests USING INDEX placet_requests_due (expires_at<?)"]


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
        Filter(due=4),
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

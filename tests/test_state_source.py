"""A table of the user's own, governed: its rows are states, and other code goes on changing them."""

import runpy
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from placet import (
    Governance,
    Intent,
    Mutation,
    MutationRequest,
    OnDrift,
    OpenDirectory,
    State,
    Status,
    require_approval,
)
from placet.errors import (
    ConfigurationError,
    InputError,
    IntegrityError,
    StateNotFoundError,
    StoreError,
    TransitionRefusedError,
    UserCodeError,
    VersionConflictError,
)
from placet.model.canonical import digest
from placet.model.resolution import DriftStep, ResolutionOutcome
from placet.model.state import StoredState
from placet.model.writes import Writes
from placet.requirements import Quota
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.store.sqlite import SqliteStore

SCHEMA = """
CREATE TABLE users (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT, active INTEGER NOT NULL DEFAULT 1, since TEXT,
    version INTEGER NOT NULL DEFAULT 1);
INSERT INTO users (id, name, role, since) VALUES ('42', 'Ada', 'reader', '2026-01-31 12:00:00+00:00');
INSERT INTO users (id, name, role) VALUES ('43', 'Eve', NULL);
"""
ADA = "user:42"


class User(State):
    """One row, with types that SQLite does not have."""

    name: str
    role: str | None = None
    active: bool = True
    since: datetime | None = None


class ChangeRole(Mutation[User]):
    intent = Intent(operation="change-role")
    role: str | None

    def apply(self, state: User) -> User:
        return state.evolve(role=self.role)


class UsersTable:
    prefix = "user:"
    state_type = User

    def __repr__(self) -> str:
        return "UsersTable()"

    def load(self, connection: sqlite3.Connection, key: str) -> Any:  # noqa: ANN401 - what it is in the tests that break it
        row = connection.execute("SELECT version, name, role, active, since FROM users WHERE id = ?", (key,)).fetchone()
        if row is None:
            return None
        version, *values = row
        return version, dict(zip(("name", "role", "active", "since"), values, strict=True))

    def save(
        self, connection: sqlite3.Connection, key: str, fields: dict[str, Any], *, expected: int, version: int
    ) -> Any:  # noqa: ANN401 - as above
        done = connection.execute(
            "UPDATE users SET name = :name, role = :role, active = :active, since = :since, version = :version"
            " WHERE id = :id AND version = :expected",
            {**fields, "id": key, "version": version, "expected": expected},
        )
        return done.rowcount == 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "app.db"
    with closing(sqlite3.connect(made)) as connection:
        connection.executescript(SCHEMA)
    return made


@pytest.fixture
def mine(path: Path) -> Iterator[sqlite3.Connection]:
    """The connection of the user's other code."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def opened(path: Path, source: UsersTable | None = None) -> Governance:
    return Governance.open(
        f"sqlite:///{path}",
        mutations=[ChangeRole],
        policies=[require_approval()],
        sources=[source or UsersTable()],
        directory=OpenDirectory(),
    )


@pytest.fixture
def gov(path: Path) -> Iterator[Governance]:
    with opened(path) as made:
        yield made


def approved(gov: Governance, role: str | None = "admin", to: str = ADA, **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    request = gov.submit(ChangeRole(role=role), to=to, by="bob", **options)
    return gov.approve(request.id, by="carol", digest=request.digest)


def row(mine: sqlite3.Connection, key: str = "42") -> tuple[Any, ...]:
    wanted = mine.execute("SELECT name, role, active, version FROM users WHERE id = ?", (key,))
    found: tuple[Any, ...] = wanted.fetchone()
    return found


def test_a_row_is_a_state_with_its_own_version_and_types(gov: Governance) -> None:
    found = gov.get_state(ADA)
    assert found.version == 1
    assert found.state == User(name="Ada", role="reader", active=True, since=datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert found.hash == digest(b'{"active":true,"name":"Ada","role":"reader","since":"2026-01-31T12:00:00Z"}'), (
        "one form, whatever the table's own"
    )


def test_a_view_in_the_thread_of_a_unit_reads_the_row_too(path: Path) -> None:
    with closing(SqliteStore(path, sources=[UsersTable()])) as store, store.unit(), store.view() as reader:
        found = reader.state(ADA)
    assert found is not None
    assert (found.state_id, found.version) == (ADA, 1)


def test_executing_changes_the_row_and_its_version_and_begins_a_history(
    gov: Governance, mine: sqlite3.Connection
) -> None:
    outcome = gov.execute(approved(gov).id, by="runner")
    assert (outcome.executed, outcome.resulting_version) == (True, 2)
    assert row(mine) == ("Ada", "admin", 1, 2)
    adopted, executed = gov.history(ADA)
    assert (adopted.kind, adopted.version, adopted.request_id) == ("adopted", 1, None)
    assert (executed.kind, executed.version, executed.request_id) == ("executed", 2, outcome.request.id)
    assert gov.replay(ADA, 1).state == User(name="Ada", role="reader", since=datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert gov.replay(ADA, 2) == gov.get_state(ADA)
    assert gov.verify().ok


def test_none_is_kept_apart_from_text(gov: Governance, mine: sqlite3.Connection) -> None:
    gov.execute(approved(gov, "", to="user:43").id, by="runner")
    assert row(mine, "43")[1] == ""
    gov.execute(approved(gov, None, to="user:43").id, by="runner")
    assert row(mine, "43")[1] is None
    assert gov.verify().ok


def test_an_update_by_other_code_is_drift(gov: Governance, mine: sqlite3.Connection) -> None:
    request = approved(gov)
    mine.execute("UPDATE users SET name = 'Ada L.', version = version + 1 WHERE id = '42'")
    outcome = gov.execute(request.id, by="runner")
    assert outcome.status is Status.STALE
    assert outcome.resolution is not None
    assert (outcome.resolution.expected_version, outcome.resolution.current_version) == (1, 2)
    assert (outcome.resolution.drift, outcome.resolution.unlisted) == ((), 1)
    assert row(mine) == ("Ada L.", "reader", 1, 2)
    assert gov.history(ADA) == ()
    assert gov.verify().ok


def test_what_other_code_did_between_two_executions_is_adopted(gov: Governance, mine: sqlite3.Connection) -> None:
    first = gov.execute(approved(gov, "editor").id, by="runner")
    mine.execute("UPDATE users SET name = 'Ada L.', version = 7 WHERE id = '42'")
    late = approved(gov, "admin", on_drift=OnDrift.KEEP_IF_SAME_EFFECT)
    mine.execute("UPDATE users SET name = 'Ada Lovelace', version = 8 WHERE id = '42'")
    second = gov.execute(late.id, by="runner")
    assert (second.executed, second.resulting_version) == (True, 9)
    assert second.resolution is not None
    assert second.resolution.outcome is ResolutionOutcome.SAME_EFFECT
    assert row(mine) == ("Ada Lovelace", "admin", 1, 9)
    assert [(entry.version, entry.kind.value, entry.request_id) for entry in gov.history(ADA)] == [
        (1, "adopted", None),
        (2, "executed", first.request.id),
        (8, "adopted", None),
        (9, "executed", second.request.id),
    ]
    assert gov.replay(ADA, 2).state == User(name="Ada", role="editor", since=datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert gov.replay(ADA, 9) == gov.get_state(ADA)
    with pytest.raises(StateNotFoundError, match="#7.*1, 2, 8, 9"):
        gov.replay(ADA, 7)
    assert gov.verify().ok


def test_a_quota_is_not_used_up_by_what_other_code_does_nor_freed_by_it(
    gov: Governance, mine: sqlite3.Connection
) -> None:
    once = [Quota(limit=1, per=timedelta(days=1))]
    assert gov.execute(approved(gov).id, by="runner").executed
    mine.execute("UPDATE users SET name = 'Ada L.', version = version + 3 WHERE id = '42'")
    second = approved(gov, requirements=once)
    assert second.status is Status.PENDING
    with pytest.raises(TransitionRefusedError, match="at most 1 change of the state in 1 day"):
        gov.execute(second.id, by="runner")


def test_a_drift_report_lists_what_placet_did_and_counts_the_rest(gov: Governance, mine: sqlite3.Connection) -> None:
    waiting = approved(gov, "owner")
    mine.execute("UPDATE users SET version = 2 WHERE id = '42'")
    done = gov.execute(approved(gov, "editor").id, by="runner")
    resolution = gov.execute(waiting.id, by="runner").resolution
    assert resolution is not None
    adopted, executed = resolution.drift
    assert adopted == DriftStep(2, None, "", "runner", ("",))
    assert (executed.version, executed.request_id, executed.paths) == (3, done.request.id, ("/role",))
    assert resolution.unlisted == 0


def test_a_change_that_leaves_the_version_as_it_was_is_found(gov: Governance, mine: sqlite3.Connection) -> None:
    request = approved(gov)
    mine.execute("UPDATE users SET role = 'owner' WHERE id = '42'")
    with pytest.raises(IntegrityError) as found:
        gov.execute(request.id, by="runner")
    assert (found.value.table, found.value.row) == ("placet_states", ADA)
    assert found.value.rule == f"version 1 is not what it was when {request.id} was submitted"
    assert gov.get_request(request.id) == request
    mine.execute("UPDATE users SET role = 'reader' WHERE id = '42'")
    assert gov.execute(request.id, by="runner").executed
    mine.execute("UPDATE users SET name = 'Mallory' WHERE id = '42'")
    with pytest.raises(IntegrityError, match="left it at version 2: let every change raise it"):
        gov.get_state(ADA)
    assert [problem.row for problem in gov.verify().problems] == [ADA]


def test_a_version_that_goes_back_is_found(gov: Governance, mine: sqlite3.Connection) -> None:
    gov.execute(approved(gov).id, by="runner")
    mine.execute("UPDATE users SET version = 1 WHERE id = '42'")
    with pytest.raises(IntegrityError, match="went back from 2 to 1"):
        gov.submit(ChangeRole(role="x"), to=ADA, by="bob")


def test_a_version_that_goes_back_before_anything_was_executed_is_found_too(
    gov: Governance, mine: sqlite3.Connection
) -> None:
    mine.execute("UPDATE users SET version = 5 WHERE id = '42'")
    request = approved(gov)
    mine.execute("UPDATE users SET version = 3 WHERE id = '42'")
    with pytest.raises(IntegrityError, match=f"^placet_states {ADA}: its version went back from 5 to 3"):
        gov.execute(request.id, by="runner")
    assert gov.get_request(request.id) == request


@pytest.mark.parametrize("gone", ["row", "source"])
def test_a_state_that_is_gone_by_then_is_named_and_what_to_do(
    gov: Governance, path: Path, mine: sqlite3.Connection, gone: str
) -> None:
    request = approved(gov)
    if gone == "row":
        mine.execute("DELETE FROM users WHERE id = '42'")
    else:
        gov = Governance.open(f"sqlite:///{path}", mutations=[ChangeRole], directory=OpenDirectory())
    with gov, pytest.raises(StateNotFoundError) as found:
        gov.execute(request.id, by="runner")
    what = "it was there when the request was made: restore it, pass the source of your table, or cancel"
    assert str(found.value) == f"no state {ADA!r} here; {what}"
    with opened(path) as again:
        assert again.get_request(request.id) == request


def test_a_row_that_its_class_does_not_accept_is_named_by_verify_too(gov: Governance, mine: sqlite3.Connection) -> None:
    gov.execute(approved(gov).id, by="runner")
    mine.execute("UPDATE users SET since = 'yesterday' WHERE id = '42'")
    with pytest.raises(IntegrityError, match="UsersTable user:42: User does not accept it at /since"):
        gov.get_state(ADA)
    assert [(problem.table, problem.row) for problem in gov.verify().problems] == [("UsersTable", ADA)]


def test_a_row_of_the_users_own_that_is_no_text_is_not_quoted(gov: Governance, mine: sqlite3.Connection) -> None:
    mine.execute("UPDATE users SET name = CAST('secret' || x'ff' AS TEXT) WHERE id = '42'")
    with pytest.raises(StoreError, match="a column holds other bytes; restore the row") as caught:
        gov.get_state(ADA)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_a_row_that_is_not_there_is_no_state(gov: Governance) -> None:
    with pytest.raises(StateNotFoundError):
        gov.get_state("user:99")
    with pytest.raises(StateNotFoundError):
        gov.submit(ChangeRole(role="admin"), to="user:99", by="bob")


def test_a_state_of_a_table_of_your_own_is_made_there(gov: Governance, mine: sqlite3.Connection) -> None:
    for state_id in ("user:99", ADA):
        with pytest.raises(InputError, match="is a row of your own table: insert it there"):
            gov.create_state(state_id, User(name="New"))
    assert gov.create_state("other:1", User(name="New")).version == 1
    mine.execute("INSERT INTO users (id, name) VALUES ('99', 'New')")
    assert gov.get_state("user:99").state == User(name="New")
    assert gov.verify().ok


# ---- adapters that break their contract


def refused(path: Path, source: UsersTable, error: type[Exception], message: str) -> None:
    """See to it that with this adapter an execution is refused, and that nothing is lost by it."""
    with opened(path) as gov:
        request = approved(gov)
    with opened(path, source) as gov:
        with pytest.raises(error, match=message):
            gov.execute(request.id, by="runner")
        assert gov.decisions(request.id)[-1].to_status == Status.APPROVED
    with closing(sqlite3.connect(path)) as mine:
        assert row(mine) == ("Ada", "reader", 1, 1)
    with opened(path) as gov:
        assert gov.get_request(request.id) == request
        assert gov.execute(request.id, by="runner").executed
        assert gov.verify().ok


class Forgetful(UsersTable):
    """Saves the version and forgets the role."""

    def save(
        self, connection: sqlite3.Connection, key: str, fields: dict[str, Any], *, expected: int, version: int
    ) -> bool:
        return bool(super().save(connection, key, fields | {"role": "reader"}, expected=expected, version=version))


class Spoiling(UsersTable):
    """Saves what its own class does not accept."""

    def save(
        self, connection: sqlite3.Connection, key: str, fields: dict[str, Any], *, expected: int, version: int
    ) -> bool:
        return bool(super().save(connection, key, fields | {"active": "maybe"}, expected=expected, version=version))


class Miscounting(UsersTable):
    """Writes the version it pleases."""

    def save(
        self, connection: sqlite3.Connection, key: str, fields: dict[str, Any], *, expected: int, version: int
    ) -> bool:
        return bool(super().save(connection, key, fields, expected=expected, version=version + 1))


class Answering(UsersTable):
    """Answers something of its own to save, whatever it did."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def save(
        self, connection: sqlite3.Connection, key: str, fields: dict[str, Any], *, expected: int, version: int
    ) -> object:
        super().save(connection, key, fields, expected=expected, version=version)
        return self._answer


class Loading(UsersTable):
    """Loads whatever a test wants."""

    def __init__(self, loaded: Callable[[], object]) -> None:
        self._loaded = loaded

    def load(self, connection: sqlite3.Connection, key: str) -> object:
        return self._loaded()


class Refusing(UsersTable):
    """Raises when it should save."""

    def save(
        self, connection: sqlite3.Connection, key: str, fields: dict[str, Any], *, expected: int, version: int
    ) -> bool:
        raise KeyError(key)


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (Refusing(), UserCodeError, r"^UsersTable\(\) raised KeyError: '42'; nothing was written$"),
        (Forgetful(), UserCodeError, "make save keep every field"),
        (Spoiling(), UserCodeError, "cannot load it: User does not accept it at /active"),
        (Miscounting(), UserCodeError, "make save keep every field"),
        (Answering(False), VersionConflictError, "user:42.* no longer at version 1"),
        (Answering(None), UserCodeError, "answered None to save: return True if"),
        (Answering(1), UserCodeError, "answered 1 to save: return True if"),
        (Loading(lambda: (1 / 0, {})), UserCodeError, r"UsersTable\(\) raised ZeroDivisionError"),
        (Loading(lambda: {"name": "Ada"}), UserCodeError, r"^UsersTable\(\) loaded .*: return \(version, fields\)"),
        (Loading(lambda: (1, {}, 3)), UserCodeError, r"return \(version, fields\)"),
        (
            Loading(lambda: ("1", {"name": "Ada"})),
            UserCodeError,
            "^UsersTable.* 'user:42' at version '1': count versions",
        ),
        (Loading(lambda: (True, {"name": "Ada"})), UserCodeError, "count versions from 1"),
        (Loading(lambda: (0, {"name": "Ada"})), UserCodeError, "count versions from 1"),
        (Loading(lambda: (1, {"name": b"Ada"})), UserCodeError, "loaded '42' with what is not JSON: user:42"),
        (Loading(lambda: (1, {"name": float("nan")})), UserCodeError, "not JSON"),
        (Loading(lambda: (1, {"name": "Ada", "email": ""})), IntegrityError, "does not accept it at /email"),
        (Loading(lambda: (1, None)), IntegrityError, "User does not accept it"),
        (Loading(lambda: None), StateNotFoundError, "restore it, .*or cancel"),
    ],
)
def test_an_adapter_that_breaks_its_contract_is_told_how_and_nothing_is_lost(
    path: Path, source: UsersTable, error: type[Exception], message: str
) -> None:
    refused(path, source, error, message)


class Broken(UsersTable):
    """Asks for a table that is not there."""

    def load(self, connection: sqlite3.Connection, key: str) -> object:
        return connection.execute("SELECT 1 FROM no_such WHERE id = ?", (key,)).fetchone()


def test_what_the_driver_raises_in_an_adapter_is_a_store_error_that_names_the_adapter(path: Path) -> None:
    refused(path, Broken(), StoreError, r"UsersTable\(\): no such table: no_such")


class Committing(UsersTable):
    """Commits, as code that is used to its own connections does."""

    def load(self, connection: sqlite3.Connection, key: str) -> object:
        loaded: object = super().load(connection, key)
        connection.commit()
        return loaded


class Ending(UsersTable):
    """Saves, and ends the transaction in one way or another, before or after."""

    def __init__(self, end: Callable[[sqlite3.Connection], object], *, first: bool = False) -> None:
        self._end = end
        self._first = first

    def save(
        self, connection: sqlite3.Connection, key: str, fields: dict[str, Any], *, expected: int, version: int
    ) -> object:
        if self._first:
            self._end(connection)
        saved = super().save(connection, key, fields, expected=expected, version=version)
        if not self._first:
            self._end(connection)
        return saved


def with_connection(connection: sqlite3.Connection) -> None:
    with connection:
        connection.execute("UPDATE users SET name = name")


def with_connection_that_raises(connection: sqlite3.Connection) -> None:
    with suppress(LookupError), connection:
        raise LookupError


def hidden(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        connection.commit()


def and_begun_anew(connection: sqlite3.Connection) -> None:
    connection.execute("COMMIT")
    connection.execute("BEGIN IMMEDIATE")


ENDINGS: list[Callable[[sqlite3.Connection], object]] = [
    sqlite3.Connection.commit,
    sqlite3.Connection.rollback,
    with_connection,
    with_connection_that_raises,
    hidden,
    and_begun_anew,
    lambda connection: connection.execute("END"),
    lambda connection: connection.executescript("UPDATE users SET name = name"),
    lambda connection: connection.cursor().executescript("ROLLBACK"),
]


@pytest.mark.parametrize("end", ENDINGS)
@pytest.mark.parametrize("first", [True, False])
def test_an_adapter_cannot_end_the_transaction_and_nothing_is_left_of_the_try(
    path: Path, end: Callable[[sqlite3.Connection], object], *, first: bool
) -> None:
    advice = "leave out commit.*, rollback.* and `with connection`: placet commits"
    refused(path, Ending(end, first=first), UserCodeError, f"tried to end placet's transaction: {advice}")
    with closing(sqlite3.connect(path)) as mine:
        assert mine.execute("SELECT count(*) FROM placet_history").fetchone() == (2,), "of the execution afterwards"


def test_an_adapter_that_commits_when_it_loads_is_told_not_to(path: Path) -> None:
    refused(path, Committing(), UserCodeError, "tried to end placet's transaction: leave out commit")
    with opened(path, Committing()) as gov, pytest.raises(UserCodeError, match="tried to end placet's transaction"):
        gov.get_state(ADA)


def test_on_the_callers_own_connection_it_is_noticed(path: Path, mine: sqlite3.Connection) -> None:
    with opened(path, Ending(sqlite3.Connection.rollback)) as gov:
        request = approved(gov)
        mine.execute("BEGIN IMMEDIATE")
        with pytest.raises(UserCodeError, match="ended placet's transaction: leave out commit"):
            gov.within(mine).execute(request.id, by="runner")
        assert row(mine) == ("Ada", "reader", 1, 1)
        assert gov.get_request(request.id) == request


def test_an_adapter_that_closes_the_connection_is_an_error_of_placet(path: Path) -> None:
    refused(path, Ending(sqlite3.Connection.close), StoreError, "open the store again")


# ---- constraints of the user's own


def unique_roles(mine: sqlite3.Connection, otherwise: str = "ABORT") -> None:
    mine.execute("CREATE UNIQUE INDEX one_each ON users (role)")
    mine.execute(
        "CREATE TRIGGER no_kings BEFORE UPDATE ON users WHEN NEW.role = 'king'"
        f" BEGIN SELECT RAISE({otherwise}, 'no kings'); END"
    )


@pytest.mark.parametrize(("role", "rule"), [("reader", "UNIQUE constraint failed: users.role"), ("king", "no kings")])
def test_a_constraint_of_the_users_own_refuses_one_and_the_others_go_on(
    path: Path, mine: sqlite3.Connection, role: str, rule: str
) -> None:
    with opened(path) as gov:
        unique_roles(mine)
        bad, good = approved(gov, role, to="user:43"), approved(gov, "admin")
        with pytest.raises(UserCodeError, match=f"broke a constraint of its table: {rule}"):
            gov.execute(bad.id, by="runner")
        items = gov.execute_many([bad.id, good.id], by="runner")
        assert [item.executed for item in items] == [False, True]
        assert isinstance(items[0].error, UserCodeError)
        assert gov.get_request(bad.id) == bad
        assert row(mine, "43")[1:] == (None, 1, 1)
        assert row(mine)[1:] == ("admin", 1, 2)
        assert gov.verify().ok


@pytest.mark.parametrize("last", [True, False])
def test_a_constraint_that_rolls_back_everything_leaves_nothing_of_a_batch(
    path: Path, mine: sqlite3.Connection, *, last: bool
) -> None:
    with opened(path) as gov:
        unique_roles(mine, "ROLLBACK")
        bad, good = approved(gov, "king", to="user:43"), approved(gov, "admin")
        batch = [good.id, bad.id] if last else [bad.id, good.id]
        with pytest.raises(StoreError, match="nothing was written"):
            gov.execute_many(batch, by="runner")
        assert [gov.get_request(each.id) for each in (bad, good)] == [bad, good]
        assert row(mine)[1:] == ("reader", 1, 1)
        assert gov.history(ADA) == ()
        assert gov.execute(good.id, by="runner").executed
        assert gov.verify().ok


# ---- putting it together


class Named(UsersTable):
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix


@pytest.mark.parametrize(
    ("prefixes", "message"),
    [([""], "has no prefix"), (["user:", "user:"], "change a prefix"), (["user:admin:", "user:"], "change a prefix")],
)
def test_every_state_id_belongs_to_one_source_at_most(path: Path, prefixes: list[str], message: str) -> None:
    sources = [Named(prefix) for prefix in prefixes]
    with pytest.raises(ConfigurationError, match=message):
        Governance.open(f"sqlite:///{path}", sources=sources, directory=OpenDirectory())


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda: "memory:", "use sqlite:///path"),
        (MemoryStore, "when you make it"),
        (lambda: SqliteStore(":memory:"), "when you make it"),
    ],
)
def test_only_a_store_opened_by_its_url_takes_sources(make: Callable[[], str | Store], advice: str) -> None:
    store = make()
    with pytest.raises(ConfigurationError, match=advice):
        Governance.open(store, sources=[UsersTable()], directory=OpenDirectory())
    if not isinstance(store, str):
        store.close()


def test_the_port_of_a_source_is_used_by_compare_and_set(path: Path, mine: sqlite3.Connection) -> None:
    """Whatever governance read, the row is replaced only at the version it was read at."""
    store = SqliteStore(path, sources=[UsersTable()])
    with store.view() as reader:
        read = reader.state(ADA)
    assert isinstance(read, StoredState)
    mine.execute("UPDATE users SET version = 2 WHERE id = '42'")
    with pytest.raises(VersionConflictError), store.unit() as unit:
        unit.write(Writes(state=read.next(read.body), version=read.version))
    store.close()
    assert row(mine) == ("Ada", "reader", 1, 2)


def test_the_example_runs_as_written(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(Path(__file__).parents[1] / "examples" / "own_table.py"), run_name="__main__")
    assert "version 4 executed: /role" in capsys.readouterr().out

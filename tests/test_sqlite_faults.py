"""What goes wrong with a file: each fault has its own error that says what to do, and takes nothing with it."""

import multiprocessing
import os
import re
import resource
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from house import HOUSE, MUTATIONS, GrantRole, approved, opened
from placet import Governance, MutationRequest, OpenDirectory, PlacetError, Status, allow, require_approval
from placet.errors import (
    ConfigurationError,
    IntegrityError,
    SchemaVersionError,
    StoreError,
    StoreFormatError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from placet.model.canonical import Link
from placet.model.trail import Ledger
from placet.model.writes import Writes
from placet.store.port import Filter
from placet.store.sqlite import SqliteStore
from placet.store.sqlite.errors import translated
from placet.store.sqlite.schema import VERSION
from placet.store.sqlite.turnstile import Patience
from placet.store.sqlite.unit import SqliteReader, SqliteUnit

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "placet.db"


def url(path: Path, options: str = "") -> str:
    return f"sqlite:///{path}{options}"


def again(path: Path, options: str = "") -> Governance:
    """Open a file that has a house in it."""
    return Governance.open(
        url(path, options), mutations=MUTATIONS, policies=[require_approval(count=1)], directory=OpenDirectory()
    )


def nothing_lost(path: Path, request: MutationRequest) -> None:
    """See to it that a request is as it was, and that its change can still be made."""
    with again(path) as gov:
        assert gov.get_request(request.id) == request
        assert gov.verify().ok
        assert gov.execute(request.id, by="runner").resulting_version == 2


@pytest.fixture
def ready(path: Path) -> MutationRequest:
    """A file with one approved request in it."""
    with opened(url(path)) as gov:
        return approved(gov)


@contextmanager
def plain(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file as anybody may, without placet."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        yield connection


def writer(gov: Governance) -> sqlite3.Connection:
    """Give the connection a store writes through, to break it."""
    store = gov._context.store
    assert isinstance(store, SqliteStore)
    assert store._writer is not None
    return store._writer


def in_a_child(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> tuple[str, str]:
    """Do something in a forked process; give the name and message of what it raised, or "" and its result."""
    return started(work, before)()


def started(work: Callable[[], object], before: Callable[[], object]) -> Callable[[], tuple[str, str]]:
    """Start something in a forked process; give what waits for it."""
    ours, theirs = FORK.Pipe()
    child = FORK.Process(target=_report, args=(work, before, theirs))
    child.start()
    theirs.close()

    def wait() -> tuple[str, str]:
        with closing(ours):
            told: tuple[str, str] = ours.recv() if ours.poll(10) else ("nothing", "the child hangs")
        if told[0] == "nothing":
            child.kill()
        child.join()
        child.close()
        return told

    return wait


def _report(work: Callable[[], object], before: Callable[[], object], to: Connection) -> None:
    before()
    try:
        to.send(("", repr(work())))
    except BaseException as error:  # noqa: BLE001 - whatever it was, the parent judges it
        to.send((type(error).__name__, str(error)))
    to.close()


# ---- cannot be written


def test_a_file_opened_read_only_can_be_read_and_refuses_every_change(path: Path, ready: MutationRequest) -> None:
    with again(path, "?mode=ro") as gov:
        assert gov.get_request(ready.id) == ready
        assert gov.get_state(HOUSE).version == 1
        assert gov.verify().ok
        for change in (
            lambda: gov.execute(ready.id, by="runner"),
            lambda: gov.cancel(ready.id, by="bob"),
            lambda: gov.submit(GrantRole(user="eve", role="reader"), to=HOUSE, by="bob"),
        ):
            with pytest.raises(StoreReadOnlyError, match="check mode=ro.*a folder that can be written, too"):
                change()
    nothing_lost(path, ready)


def test_a_read_only_file_that_is_not_there_is_not_made(path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="check the path"):
        again(path, "?mode=ro")
    assert not path.exists()


def test_a_read_only_file_without_placet_is_not_changed(path: Path) -> None:
    with plain(path) as connection:
        connection.execute("CREATE TABLE mine (id)")
    before = path.read_bytes()
    with pytest.raises(SchemaVersionError, match="open it once with Governance.open"):
        again(path, "?mode=ro")
    assert path.read_bytes() == before


# ---- no room


def test_a_full_database_is_said_to_be_full_and_loses_nothing(path: Path, ready: MutationRequest) -> None:
    with again(path) as gov:
        connection = writer(gov)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StoreFullError, match="free some and call again"):
            submit_until_it_fails(gov)
        before = gov.find_requests(limit=1000).requests
        assert gov.get_request(ready.id) == ready
        connection.execute(f"PRAGMA max_page_count={pages + 10_000}")
        made = gov.submit(GrantRole(user="eve", role="reader"), to=HOUSE, by="bob", reason="y" * 9000)
        assert gov.find_requests(limit=1000).requests == (made, *before)
    nothing_lost(path, ready)


def submit_until_it_fails(gov: Governance) -> None:
    for _ in range(200):
        gov.submit(GrantRole(user="x" * 5000, role="reader"), to=HOUSE, by="bob", reason="y" * 9000)


def test_a_file_that_must_not_grow_is_an_error_and_loses_nothing(path: Path, ready: MutationRequest) -> None:
    """The operating system refuses to let any file grow beyond 64 KiB, as a full disk or a quota does."""

    def small_files_only() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))

    def work() -> None:
        with again(path) as gov:
            submit_until_it_fails(gov)

    kind, message = in_a_child(work, small_files_only)
    assert kind in {"StoreUnavailableError", "StoreFullError"}
    assert "nothing was written" in message
    nothing_lost(path, ready)


# ---- held by somebody else


def test_a_locked_file_is_unavailable_until_it_is_let_go(path: Path, ready: MutationRequest) -> None:
    with again(path, "?timeout=0") as gov:
        with plain(path) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(
                StoreUnavailableError,
                match=rf"^{path}: .*nothing was written, call again; if the lock is your own.*gov\.within\(connec",
            ):
                gov.execute(ready.id, by="runner")
            assert gov.get_request(ready.id) == ready, "who reads does not wait"
            other.execute("ROLLBACK")
        assert gov.execute(ready.id, by="runner").executed


def test_a_unit_of_work_holds_the_file_from_its_beginning(path: Path, ready: MutationRequest) -> None:
    """What it reads nobody else can have changed by the time it writes."""
    with again(path) as gov, plain(path) as other:
        with gov._context.store.unit(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")
    nothing_lost(path, ready)


def test_a_file_locked_by_another_process_is_unavailable_and_nothing_is_lost(
    path: Path, ready: MutationRequest
) -> None:
    def work() -> None:
        with again(path, "?timeout=0") as gov:
            gov.execute(ready.id, by="runner")

    with plain(path) as other:
        other.execute("BEGIN IMMEDIATE")
        kind, message = in_a_child(work)
    assert kind == "StoreUnavailableError"
    assert "call again" in message
    nothing_lost(path, ready)


def test_a_file_that_is_locked_when_it_is_opened_is_unavailable(path: Path) -> None:
    with plain(path) as other:
        other.execute("CREATE TABLE mine (id)")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailableError, match="another process holds it"):
            opened(url(path, "?timeout=0"))
    opened(url(path)).close()


class Contended(sqlite3.Connection):
    """Says a few times that the file is busy, at once, as SQLite does where several switch to WAL together."""

    refusals = 3
    code = sqlite3.SQLITE_BUSY

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401 - the driver's own type
        if "journal_mode" in sql and self.refusals:
            self.refusals -= 1
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = self.code
            raise error
        return super().execute(sql, parameters)


def test_switching_to_the_log_waits_for_others_who_do_the_same() -> None:
    naps: list[float] = []
    store = SqliteStore(":memory:")
    with closing(sqlite3.connect(":memory:", factory=Contended)) as connection:
        store._switch_to_wal(connection, Patience(sleep=naps.append))
    store.close()
    assert len(naps) == 3


@pytest.mark.parametrize(("timeout", "code"), [(0.0, sqlite3.SQLITE_BUSY), (60.0, sqlite3.SQLITE_IOERR)])
def test_switching_to_the_log_gives_up_in_time_and_on_other_errors(timeout: float, code: int) -> None:
    store = SqliteStore(":memory:", timeout=timeout)
    with closing(sqlite3.connect(":memory:", factory=Contended)) as connection:
        connection.code = code
        with pytest.raises(sqlite3.OperationalError):
            store._switch_to_wal(connection)
    store.close()


def test_many_threads_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    for number in range(5):
        path = tmp_path / f"{number}.db"
        assert together(8, partial(open_and_close, path)) == []


def open_and_close(path: Path) -> None:
    SqliteStore(path).close()


def test_many_processes_may_open_a_new_file_at_once(path: Path) -> None:
    barrier = FORK.Barrier(4)
    children = [started(partial(open_and_close, path), barrier.wait) for _ in range(4)]
    assert [wait() for wait in children] == [("", "None")] * 4
    with plain(path) as connection:
        versions = connection.execute("SELECT version FROM placet_schema ORDER BY version").fetchall()
        assert versions == [(VERSION,)]


def together(count: int, work: Callable[[], object]) -> list[BaseException]:
    """Do something in many threads at once; give what they raised."""
    barrier, wrong = threading.Barrier(count), []

    def run() -> None:
        barrier.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - whatever a thread raises must fail the test, not the thread
            wrong.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


# ---- not what it should be


@pytest.mark.parametrize("other", [VERSION - 1, VERSION + 1])
def test_another_format_is_refused_and_left_alone(path: Path, ready: MutationRequest, other: int) -> None:
    with plain(path) as connection:
        connection.execute("UPDATE placet_schema SET version = ?", (other,))
    for options in ("", "?mode=ro"):
        with pytest.raises(SchemaVersionError, match=f"its format is {other}, and this release knows {VERSION}"):
            again(path, options)
    with plain(path) as connection:
        connection.execute("UPDATE placet_schema SET version = ?", (VERSION,))
    nothing_lost(path, ready)


@pytest.mark.parametrize("content", [b"no database", b"this is not a database at all. " * 1000])
@pytest.mark.parametrize("options", ["", "?mode=ro"])
def test_a_file_that_is_no_database_is_named_and_left_alone(path: Path, content: bytes, options: str) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreFormatError, match=re.escape(str(path)) + ".*give another path"):
        again(path, options)
    assert path.read_bytes() == content


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="check the path"):
        again(tmp_path)


def test_a_missing_folder_is_said_to_be_missing_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="check the path"):
        again(tmp_path / "missing" / "placet.db")
    assert list(tmp_path.iterdir()) == []


def test_an_odd_file_name_is_only_a_name(tmp_path: Path) -> None:
    path = tmp_path / "100% łódź #1 & co; 'x'.db"
    opened(url(path)).close()
    assert path.exists()
    again(path).close()


@pytest.mark.parametrize(
    ("name", "rule"), [("a\ud800.db", "has a lone surrogate"), ("a\0b.db", "has a NUL character"), ("\0", "has a NUL")]
)
def test_a_path_that_no_file_can_have_is_refused(tmp_path: Path, name: str, rule: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{rule}.*take it out") as caught:
        SqliteStore(tmp_path / name)
    assert str(caught.value).isprintable()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_said_to_be_damaged(path: Path, ready: MutationRequest) -> None:
    with plain(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    whole = path.read_bytes()
    path.write_bytes(whole[:size] + b"\xff" * (len(whole) - size))
    with pytest.raises(StoreFormatError, match="restore it from a backup"):
        again(path).get_request(ready.id)
    path.write_bytes(whole)
    nothing_lost(path, ready)


@pytest.mark.parametrize(
    ("table", "column", "key"),
    [
        ("placet_requests", "held", "id"),
        ("placet_terms", "body", "request_id"),
        ("placet_decisions", "body", "request_id"),
        ("placet_states", "body", "state_id"),
        ("placet_history", "hash", "state_id"),
    ],
)
def test_text_that_is_not_utf_8_is_a_changed_row_and_verify_names_it(
    path: Path, ready: MutationRequest, table: str, column: str, key: str
) -> None:
    owner = HOUSE if key == "state_id" else ready.id
    with plain(path) as connection:
        for trigger in ("terms", "decisions", "history"):
            connection.execute(f"DROP TRIGGER placet_{trigger}_keep")
        connection.execute(f"UPDATE {table} SET {column} = CAST(x'ff' AS TEXT) WHERE {key} = ?", (owner,))
    with again(path) as gov:
        with pytest.raises(IntegrityError, match="not UTF-8"):
            gov.execute(ready.id, by="runner")
        assert owner in {problem.row for problem in gov.verify().problems}


def test_a_request_that_cannot_be_read_is_named_by_the_key_it_was_asked_for(path: Path, ready: MutationRequest) -> None:
    with plain(path) as connection:
        connection.execute("UPDATE placet_requests SET held = CAST(x'ff' AS TEXT), idempotency_key = 'k'")
    with closing(SqliteStore(path)) as store, store.view() as reader:
        with pytest.raises(IntegrityError) as caught:
            reader.request_by_key("k")
        assert (caught.value.table, caught.value.row) == ("placet_requests", "with key k")
        with pytest.raises(IntegrityError) as caught:
            reader.find(Filter(), 5)
        assert (caught.value.table, caught.value.row) == ("placet_requests", ready.id)


def test_a_renewed_approval_where_terms_were_planted_says_so_and_is_undone(path: Path, ready: MutationRequest) -> None:
    with plain(path) as connection:
        connection.execute("INSERT INTO placet_terms VALUES (?, 2, '{}')", (ready.id,))
    store = SqliteStore(path)
    moved = replace(ready, revision=ready.revision + 1, terms_number=2)
    with pytest.raises(IntegrityError) as caught, store.unit() as unit:
        unit.write(Writes(request=moved, revision=ready.revision, new_terms=True))
    assert (caught.value.table, caught.value.row) == ("placet_terms", f"{ready.id}#2")
    with store.view() as reader:
        assert reader.request(ready.id) == ready
        assert list(reader.terms(ready.id)) == [ready.terms_json, b"{}"]
    store.close()


@pytest.mark.parametrize("ledger", [Ledger.DECISIONS, Ledger.AUDIT])
def test_a_link_planted_ahead_is_a_changed_row_and_no_conflict(
    path: Path, ready: MutationRequest, ledger: Ledger
) -> None:
    with plain(path) as connection:
        seq = 1 if ledger is Ledger.AUDIT else ready.revision + 1
        connection.execute(f"INSERT INTO {ledger} VALUES (?, ?, '{{}}', 'x')", (ready.id, seq))
    store = SqliteStore(path)
    told = Link(ready.id, seq, b"{}", "y")
    moved = replace(ready, revision=ready.revision + 1)
    step = Writes(request=moved, revision=ready.revision)
    step = replace(step, decisions=(told,)) if ledger is Ledger.DECISIONS else replace(step, audit=(told,))
    with pytest.raises(IntegrityError, match=f"{ready.id}#{seq}: a row stands there already"), store.unit() as unit:
        unit.write(step)
    with store.view() as reader:
        assert reader.request(ready.id) == ready
    store.close()


@pytest.mark.parametrize(("value", "rule"), [("CAST(x'ff' AS TEXT)", "not UTF-8"), ("x'00'", "which placet never")])
def test_terms_that_cannot_be_read_are_a_changed_row(path: Path, ready: MutationRequest, value: str, rule: str) -> None:
    with plain(path) as connection:
        connection.execute("DROP TRIGGER placet_terms_keep")
        connection.execute(f"UPDATE placet_terms SET body = {value}")
    store = SqliteStore(path)
    with store.view() as reader, pytest.raises(IntegrityError, match=rule) as caught:
        reader.terms(ready.id)
    assert (caught.value.table, caught.value.row) == ("placet_terms", ready.id)
    store.close()
    assert caught.value.rule.startswith("a column holds ")


@pytest.mark.parametrize("value", ["CAST(x'ff' AS TEXT)", "x'00'"])
def test_what_cannot_be_read_is_named_by_its_table_and_whose_it_is(
    path: Path, ready: MutationRequest, value: str
) -> None:
    with plain(path) as connection:
        connection.execute("DROP TRIGGER placet_decisions_keep")
        connection.execute(f"UPDATE placet_decisions SET body = {value}")
        connection.execute(f"UPDATE placet_states SET body = {value}")
        connection.execute(f"UPDATE placet_requests SET held = {value}")
    with closing(SqliteStore(path)) as store, store.view() as reader:
        for call, named in (
            (lambda: reader.request(ready.id), ("placet_requests", ready.id)),
            (lambda: reader.last_link(Ledger.DECISIONS, ready.id), (Ledger.DECISIONS, ready.id)),
            (lambda: reader.links(Ledger.DECISIONS, ready.id), (Ledger.DECISIONS, ready.id)),
            (lambda: reader.state(HOUSE), ("placet_states", HOUSE)),
        ):
            with pytest.raises(IntegrityError) as caught:
                call()
            assert (caught.value.table, caught.value.row) == named


@pytest.mark.parametrize(("value", "row"), [("CAST(x'ff' AS TEXT)", "after 'a'"), ("x'00'", "b'\\x00'")])
def test_a_key_that_is_no_text_is_named_by_its_table_and_what_it_comes_after(
    path: Path, ready: MutationRequest, value: str, row: str
) -> None:
    with plain(path) as connection:
        connection.execute(f"UPDATE placet_requests SET id = {value}")
    with closing(SqliteStore(path)) as store, store.view() as reader, pytest.raises(IntegrityError) as caught:
        reader.keys("placet_requests", "a", 5)
    assert (caught.value.table, caught.value.row) == ("placet_requests", row)


@pytest.mark.parametrize("column", ["created_at", "updated_at", "expires_at"])
def test_a_moment_beyond_the_calendar_is_named_with_its_request(
    path: Path, ready: MutationRequest, column: str
) -> None:
    with plain(path) as connection:
        connection.execute(f"UPDATE placet_requests SET {column} = ?", (2**62,))
    with closing(SqliteStore(path)) as store, store.view() as reader, pytest.raises(IntegrityError) as caught:
        reader.request(ready.id)
    assert (caught.value.table, caught.value.row) == ("placet_requests", ready.id)
    assert caught.value.rule.startswith("a column holds what cannot be: ")


def test_a_transaction_that_is_over_takes_no_write(path: Path, ready: MutationRequest) -> None:
    """A savepoint outside of a transaction would be one of its own, and durable at once."""
    store = SqliteStore(path)
    moved = Writes(request=replace(ready, revision=ready.revision + 1), revision=ready.revision)

    def end_and_write() -> None:
        with store.unit() as unit:
            assert store._writer is not None
            store._writer.execute("ROLLBACK")
            unit.write(moved)

    with pytest.raises(StoreError, match="^the transaction was ended before this step was written; noth"):
        end_and_write()
    store.close()
    nothing_lost(path, ready)


def test_a_commit_inside_a_view_of_a_database_in_memory_fails_in_its_name() -> None:
    with closing(SqliteStore(":memory:")) as store, store.view():
        assert store._writer is not None
        with pytest.raises(StoreError, match="^:memory:: cannot commit"), store.unit():
            store._writer.execute("ROLLBACK")
        store._writer.execute("BEGIN")
        with pytest.raises(StoreError, match="^:memory:: cannot start a transaction within"), store.unit():
            pytest.fail("it began inside another")
        store._writer.execute("ROLLBACK")


def test_a_connection_that_dies_in_a_unit_of_work_takes_no_write_and_gives_no_answer(ready: MutationRequest) -> None:
    with sqlite3.connect(":memory:", isolation_level=None) as connection:
        unit = SqliteUnit(connection, ())
    connection.close()
    for call in (
        lambda: unit.write(Writes(request=ready, revision=1)),
        lambda: unit.request(ready.id),
        lambda: unit._append(Ledger.AUDIT, (Link(ready.id, 1, b"{}", ""),)),
        lambda: unit._savepoint("SAVEPOINT placet_write"),
        lambda: SqliteReader(connection, ()),
    ):
        with pytest.raises(StoreUnavailableError, match="^the SQLite store: Cannot operate on a closed database"):
            call()


def test_a_connection_that_dies_before_a_view_is_said_to_be_of_this_file(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        with store.view():
            pass
        store._readers[0].close()
        with pytest.raises(StoreUnavailableError, match=f"^{path}: Cannot operate on a closed"), store.view():
            pytest.fail("it read through a connection that is closed")


def test_a_new_request_that_a_trigger_refuses_is_an_error_with_its_words(path: Path, ready: MutationRequest) -> None:
    with closing(SqliteStore(path)) as store:
        assert store._writer is not None
        store._writer.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON placet_requests BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
        with pytest.raises(StoreError, match="no room"), store.unit() as unit:
            unit.write(Writes(request=replace(ready, id="another"), new_terms=True))


def test_whoever_reads_waits_as_long_as_the_store_was_told(path: Path) -> None:
    with closing(SqliteStore(path, timeout=7)) as store, store.view() as reader:
        assert reader._connection.execute("PRAGMA busy_timeout").fetchone() == (7000,)


# ---- closed, forked, killed


def test_after_closing_every_method_says_so(path: Path, ready: MutationRequest) -> None:
    gov = again(path)
    gov.close()
    for call in (
        lambda: gov.execute(ready.id, by="runner"),
        lambda: gov.get_request(ready.id),
        gov.find_requests,
        gov.verify,
        gov.expire_due,
    ):
        with pytest.raises(StoreUnavailableError, match="was closed; open another"):
            call()
    nothing_lost(path, ready)


def test_a_child_that_was_forked_must_open_its_own(path: Path, ready: MutationRequest) -> None:
    with again(path) as gov:
        for call in (
            lambda: gov.execute(ready.id, by="runner"),
            lambda: gov.get_request(ready.id),
            gov.expire_due,
        ):
            kind, message = in_a_child(call)
            assert kind == "StoreUnavailableError"
            assert "open one in the child" in message
        assert in_a_child(gov.close) == ("", "None")
        assert gov.execute(ready.id, by="runner").executed
        assert gov.verify().ok


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")  # that is what it is about
def test_a_child_forked_while_another_thread_writes_does_not_hang(path: Path, ready: MutationRequest) -> None:
    with again(path) as gov:
        inside, leave = threading.Event(), threading.Event()

        def work() -> None:
            with gov._context.store.unit():
                inside.set()
                leave.wait()

        writing = threading.Thread(target=work)
        writing.start()
        inside.wait()
        try:
            told = in_a_child(lambda: gov.execute(ready.id, by="runner"))
            closed = in_a_child(gov.close)
        finally:
            leave.set()
            writing.join()
        assert told[0] == "StoreUnavailableError"
        assert closed == ("", "None")
    nothing_lost(path, ready)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")  # that is what it is about
def test_a_child_forked_inside_a_unit_waits_for_no_thread_that_it_does_not_have(path: Path) -> None:
    with closing(SqliteStore(path)) as store:

        def work() -> None:
            with store.unit():
                waited.set()

        waited, waiting = threading.Event(), threading.Thread(target=work)
        unit = store.unit()
        unit.__enter__()
        waiting.start()
        while not store._writers._waiting:
            os.sched_yield()
        told = in_a_child(lambda: unit.__exit__(None, None, None))
        unit.__exit__(None, None, None)
        waiting.join()
    assert told[0] == "StoreUnavailableError"
    assert "open one in the child" in told[1]
    assert waited.is_set()


def test_a_process_that_dies_in_the_middle_leaves_the_request_approved(path: Path, ready: MutationRequest) -> None:
    """The child has written everything and is killed right before its commit."""

    def work() -> None:
        with again(path) as gov:
            writer(gov).set_authorizer(lambda _action, what, *_: os._exit(9) if what == "COMMIT" else sqlite3.SQLITE_OK)
            gov.execute(ready.id, by="runner")

    child = FORK.Process(target=work)
    child.start()
    child.join()
    assert child.exitcode == 9
    child.close()
    nothing_lost(path, ready)


# ---- the driver fails


def test_a_commit_that_fails_leaves_the_request_approved_and_the_next_one_succeeds(
    path: Path, ready: MutationRequest
) -> None:
    with again(path) as gov:
        before = gov.decisions(ready.id)
        writer(gov).set_authorizer(
            lambda _action, what, *_: sqlite3.SQLITE_DENY if what == "COMMIT" else sqlite3.SQLITE_OK
        )
        with pytest.raises(StoreError, match="nothing was written"):
            gov.execute(ready.id, by="runner")
        assert gov.get_request(ready.id) == ready
        assert gov.decisions(ready.id) == before
        assert gov.audit(ready.id) == ()
        assert gov.get_state(HOUSE).version == 1
        writer(gov).set_authorizer(None)
        assert gov.execute(ready.id, by="runner").resulting_version == 2
        assert gov.verify().ok


TABLES = ("placet_requests", "placet_states", "placet_decisions", "placet_audit", "placet_history")


@pytest.mark.parametrize("table", TABLES)
def test_a_write_that_fails_half_way_leaves_nothing_and_the_next_one_succeeds(
    path: Path, ready: MutationRequest, table: str
) -> None:
    with again(path) as gov:
        writing = {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE}
        writer(gov).set_authorizer(
            lambda action, what, *_: sqlite3.SQLITE_DENY if action in writing and what == table else sqlite3.SQLITE_OK
        )
        with pytest.raises(StoreError, match="nothing was written"):
            gov.execute(ready.id, by="runner")
        with pytest.raises(StoreError, match="nothing was written"):
            gov.execute_many([ready.id], by="runner")
        assert gov.get_request(ready.id) == ready
        writer(gov).set_authorizer(None)
        assert gov.execute(ready.id, by="runner").resulting_version == 2
        assert gov.verify().ok


@pytest.mark.parametrize("table", ["placet_requests", "placet_terms"])
def test_a_request_that_cannot_be_filed_whole_is_not_filed(path: Path, ready: MutationRequest, table: str) -> None:
    with again(path) as gov:
        writer(gov).set_authorizer(
            lambda action, what, *_: (
                sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_INSERT and what == table else sqlite3.SQLITE_OK
            )
        )
        with pytest.raises(StoreError, match="nothing was written"):
            gov.submit(GrantRole(user="eve", role="reader"), to=HOUSE, by="bob")
        writer(gov).set_authorizer(None)
        assert gov.find_requests().requests == (ready,)
    nothing_lost(path, ready)


def test_a_connection_that_died_is_unavailable_and_nothing_is_lost(path: Path, ready: MutationRequest) -> None:
    gov = again(path)
    writer(gov).close()
    with pytest.raises(
        StoreUnavailableError, match=r": the connection cannot be used \(any more\); open the store again$"
    ):
        gov.execute(ready.id, by="runner")
    gov.close()
    nothing_lost(path, ready)


def test_a_reading_connection_that_died_is_not_used_again(path: Path, ready: MutationRequest) -> None:
    with again(path) as gov:
        assert gov.get_request(ready.id) == ready
        store = gov._context.store
        assert isinstance(store, SqliteStore)
        (reader,) = store._readers
        reader.close()
        with pytest.raises(StoreUnavailableError):
            gov.get_request(ready.id)
        assert gov.get_request(ready.id) == ready


def test_a_reading_connection_that_dies_in_a_view_is_an_error_of_placet_and_not_used_again(
    path: Path, ready: MutationRequest
) -> None:
    with closing(SqliteStore(path)) as store:

        def die_and_read() -> None:
            with store.view() as reader:
                reader._connection.close()
                reader.request(ready.id)

        with pytest.raises(StoreUnavailableError, match="closed"):
            die_and_read()
        assert store._readers == []
        for _ in range(2):
            with store.view() as reader:
                assert reader.request(ready.id) == ready
            assert store._readers == [reader._connection]


DRIVER_CODES = sorted(
    {
        value
        for name, value in vars(sqlite3).items()
        if name.startswith("SQLITE_") and isinstance(value, int) and 0 < value < 10_000
    }
)


@pytest.mark.parametrize("kind", [sqlite3.Error, sqlite3.DatabaseError, *sqlite3.DatabaseError.__subclasses__()])
def test_whatever_the_driver_raises_comes_out_as_a_store_error_with_its_cause(kind: type[sqlite3.Error]) -> None:
    for code in (None, *DRIVER_CODES):
        error = kind("it broke")
        if code is not None:
            error.sqlite_errorcode = code
        with pytest.raises(StoreError, match="the file: it broke: .") as caught, translated("the file"):
            raise error
        assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("code", "kind", "advice"),
    [
        (sqlite3.SQLITE_IOERR_WRITE, StoreUnavailableError, "the disk refused; nothing was written, check it"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, StoreReadOnlyError, "it cannot be written; check mode=ro"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreUnavailableError, "another connection wrote after this transaction had"),
        (sqlite3.SQLITE_CONSTRAINT_CHECK, StoreError, "nothing was written$"),
    ],
)
def test_a_finer_code_of_the_driver_has_its_own_advice_or_that_of_the_plain_one(
    code: int, kind: type[StoreError], advice: str
) -> None:
    error = sqlite3.OperationalError("it broke")
    error.sqlite_errorcode = code
    with pytest.raises(StoreError, match=f"^the file: it broke: {advice}") as caught, translated("the file"):
        raise error
    assert type(caught.value) is kind


def test_a_forged_cursor_does_not_bring_out_the_driver(path: Path, ready: MutationRequest) -> None:
    with again(path) as gov:
        store = gov._context.store
        for at in (10**40, -(10**40)):
            with store.view() as reader:
                assert len(reader.find(Filter(since=-at, until=at), 5, (at, ready.id))) == int(at > 0)
                assert len(reader.find(Filter(), 5, (at, ready.id))) == int(at > 0)


def test_a_unit_of_work_inside_a_unit_is_refused_and_neither_is_lost(path: Path) -> None:
    """A policy that calls Governance is a mistake; it must not commit half of the outer step."""
    with opened(url(path)) as gov:
        refused: list[ConfigurationError] = []

        def meddle(_: object) -> bool:
            try:
                gov.create_state("other:roles", gov.get_state(HOUSE).state)
            except ConfigurationError as error:
                refused.append(error)
            return False

        gov.register_policy(allow(when=meddle))
        done = gov.execute(approved(gov).id, by="runner")
        assert done.executed
        assert refused
        assert gov.verify().states == 1


# ---- the schema defends itself against whoever writes without placet


@pytest.mark.parametrize("column", ["resolved_version", "resulting_version", "execution_id"])
def test_nobody_can_write_executed_without_saying_how(path: Path, ready: MutationRequest, column: str) -> None:
    told = {"resolved_version": 1, "resulting_version": 2, "execution_id": "'x'"} | {column: "NULL"}
    columns = ", ".join(f"{name} = {value}" for name, value in told.items())
    with plain(path) as connection:
        for setting in ("status = 'executed'", f"status = 'executed', {columns}"):
            with pytest.raises(sqlite3.IntegrityError, match="executed_is_resolved"):
                connection.execute(f"UPDATE placet_requests SET {setting}")
    nothing_lost(path, ready)


def test_the_schema_knows_exactly_the_statuses_there_are(path: Path, ready: MutationRequest) -> None:
    with plain(path) as connection:
        (table,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'placet_requests'").fetchone()
        (due,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'placet_requests_due'").fetchone()
        with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
            connection.execute("UPDATE placet_requests SET status = 'approved!'")
    listed = re.search(r"status IN \(([^)]*)\)", table)
    assert listed is not None
    assert set(re.findall(r"'(\w+)'", listed[1])) == {str(status) for status in Status}
    assert set(re.findall(r"'(\w+)'", due)) == {str(status) for status in Status if not status.terminal}
    nothing_lost(path, ready)


@pytest.mark.parametrize("table", ["placet_terms", *Ledger])
def test_no_row_of_a_trail_can_be_changed_or_deleted(path: Path, table: str) -> None:
    with opened(url(path)) as gov:
        gov.execute(approved(gov).id, by="runner")
        with plain(path) as connection:
            (before,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert before
            for forbidden in (f"UPDATE {table} SET body = body", f"DELETE FROM {table}"):
                with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
                    connection.execute(forbidden)
        assert gov.verify().ok


def test_every_error_of_this_file_is_one_of_placet() -> None:
    """What a caller needs to catch is one class."""
    kinds = (StoreFormatError, StoreFullError, StoreReadOnlyError, StoreUnavailableError, SchemaVersionError)
    assert all(issubclass(kind, StoreError) and issubclass(kind, PlacetError) for kind in kinds)
    assert len({kind.code for kind in kinds}) == len(kinds)

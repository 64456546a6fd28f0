"""Threads that share a store share commits: whoever waits works in the open transaction, and one commits for all."""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from house import HOUSE, AddTeam, opened
from placet.errors import AlreadyExistsError, ConfigurationError, StoreError, StoreUnavailableError
from placet.model.trail import Ledger
from placet.model.writes import Writes
from placet.store.port import Store
from placet.store.sqlite import SqliteStore
from placet.store.sqlite import writers as module
from placet.store.sqlite.unit import SqliteUnit
from placet.testing.rows import a_link, a_state
from test_state_source import UsersTable


class Threads:
    """Starts units of work one after the other, each waiting behind those before it."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.pool = ThreadPoolExecutor(32)
        self.said: list[str] = []
        store._writers._clock = lambda: 1e6
        assert store._writer is not None
        store._writer.set_trace_callback(self._hear)

    def _hear(self, statement: str) -> None:
        if statement.split(maxsplit=1)[0] in {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"}:
            self.said.append(statement)

    def behind(self, work: Callable[[SqliteUnit], Any]) -> Future[Any]:
        """Start a unit of work in a thread of its own, and wait until it waits for its turn."""
        before = len(self.store._writers._waiting)

        def unit() -> Any:  # noqa: ANN401 - whatever the work gives
            with self.store.unit() as unit:
                return work(unit)

        started = self.pool.submit(unit)
        while len(self.store._writers._waiting) == before and not started.done():
            os.sched_yield()
        return started

    def transactions(self) -> list[str]:
        """Give how transactions began and ended, without the savepoint of each write."""
        return [each for each in self.said if "placet_write" not in each]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "placet.db"


@pytest.fixture
def threads(path: Path) -> Iterator[Threads]:
    with closing(SqliteStore(path)) as store:
        made = Threads(store)
        yield made
        made.pool.shutdown()


def new_state(state_id: str) -> Writes:
    return Writes(state=a_state(state_id=state_id), history=(a_link(1, state_id),))


def writes(state_id: str) -> Callable[[SqliteUnit], str]:
    def work(unit: SqliteUnit) -> str:
        unit.write(new_state(state_id))
        return state_id

    return work


def connection_of(threads: Threads) -> sqlite3.Connection:
    connection = threads.store._writer
    assert connection is not None
    return connection


def kept(path: Path) -> list[str]:
    """Give the states that another connection finds."""
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT state_id FROM placet_states ORDER BY state_id")]


def test_whoever_waits_works_in_the_same_transaction_and_one_commits_for_all(threads: Threads, path: Path) -> None:
    with threads.store.unit() as unit:
        unit.write(new_state("a"))
        waiting = [threads.behind(writes(name)) for name in "bcd"]
    assert [each.result() for each in waiting] == ["b", "c", "d"]
    pair = ["SAVEPOINT placet", "RELEASE placet"]
    assert threads.transactions() == ["BEGIN IMMEDIATE", *pair, *pair, *pair, "COMMIT"]
    assert kept(path) == ["a", "b", "c", "d"]


def test_nobody_returns_before_it_is_durable(threads: Threads, path: Path) -> None:
    seen: list[list[str]] = []

    def looks(unit: SqliteUnit) -> None:
        seen.append(kept(path))
        assert unit.state("a") is not None, "whoever joins sees what was done before"
        assert not first.done()

    with threads.store.unit():
        first = threads.behind(writes("a"))
        second = threads.behind(looks)
    first.result()
    second.result()
    assert seen == [[]]
    assert kept(path) == ["a"]


def test_one_thread_by_itself_begins_and_commits_as_ever(threads: Threads) -> None:
    for name in "ab":
        with threads.store.unit() as unit:
            unit.write(new_state(name))
    assert threads.transactions() == ["BEGIN IMMEDIATE", "COMMIT"] * 2


def test_whoever_raises_undoes_itself_alone(threads: Threads, path: Path) -> None:
    def breaks(unit: SqliteUnit) -> None:
        unit.write(new_state("broken"))
        raise ValueError("no")

    with suppress(KeyError), threads.store.unit() as unit:
        unit.write(new_state("first"))
        one, two, three = (threads.behind(work) for work in (writes("b"), breaks, writes("d")))
        raise KeyError
    assert (one.result(), three.result()) == ("b", "d")
    with pytest.raises(ValueError, match="no"):
        two.result()
    assert kept(path) == ["b", "d"]


def test_a_commit_that_fails_fails_for_all_and_the_next_one_succeeds(threads: Threads, path: Path) -> None:
    def refuse() -> None:
        assert threads.store._writer is not None
        threads.store._writer.execute("PRAGMA defer_foreign_keys=ON")
        threads.store._writer.execute("INSERT INTO child VALUES (7)")

    assert threads.store._writer is not None
    threads.store._writer.executescript(
        "PRAGMA foreign_keys=ON; CREATE TABLE parent (id PRIMARY KEY);"
        "CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);"
    )
    failed: list[StoreError] = []
    try:
        with threads.store.unit() as unit:
            unit.write(new_state("a"))
            refuse()
            waiting = [threads.behind(writes(name)) for name in "bc"]
    except StoreError as error:
        failed.append(error)
    for each in waiting:
        with pytest.raises(StoreError, match="FOREIGN KEY") as caught:
            each.result()
        failed.append(caught.value)
    assert len({id(error) for error in failed}) == 3, "each thread is given an error of its own"
    assert {type(error.__cause__) for error in failed} == {sqlite3.IntegrityError}
    assert kept(path) == []
    with threads.store.unit() as unit:
        unit.write(new_state("d"))
    assert kept(path) == ["d"]


def test_a_transaction_that_sqlite_gave_up_fails_for_all_who_were_in_it(threads: Threads, path: Path) -> None:
    def gives_up(_: SqliteUnit) -> None:
        assert threads.store._writer is not None
        threads.store._writer.execute("ROLLBACK")  # as SQLite does by itself on a grave error
        raise ValueError("grave")

    with suppress(StoreError), threads.store.unit():
        shared, grave, last = threads.behind(writes("a")), threads.behind(gives_up), threads.behind(writes("c"))
    for each in (shared, grave):
        said = f"{path}: SQLite gave the transaction up; nothing was written, call again"
        with pytest.raises(StoreUnavailableError, match=re.escape(said)):
            each.result()
    cause = grave.exception()
    assert cause is not None
    assert isinstance(cause.__cause__, ValueError)
    assert last.result() == "c", "it begins a transaction of its own"
    assert kept(path) == ["c"]


def test_nobody_is_told_of_what_is_not_durable_yet(threads: Threads, path: Path) -> None:
    def looks(_: SqliteUnit) -> None:
        assert kept(path) == []
        assert not refused.done(), "it was refused for what others have not made durable"

    with threads.store.unit() as unit:
        unit.write(new_state("a"))
        refused, last = threads.behind(writes("a")), threads.behind(looks)
    with pytest.raises(AlreadyExistsError):
        refused.result()
    last.result()
    assert kept(path) == ["a"]


@pytest.mark.parametrize("waits", [False, True], ids=["alone", "with one who waits"])
def test_what_an_interrupted_thread_left_open_is_undone(threads: Threads, path: Path, waits: bool) -> None:
    assert threads.behind(writes("a")).result() == "a"
    connection = connection_of(threads)
    with threads.store._writers.alone():
        connection.execute("BEGIN IMMEDIATE")  # as if it had been interrupted before it could undo
        connection.execute("DELETE FROM placet_states")
        assert threads.pool.submit(kept, path).result() == ["a"]
        waiting = [threads.behind(writes("c"))] if waits else []
    assert [each.result() for each in waiting] == ["c"] * waits
    assert not connection.in_transaction
    connection.execute("BEGIN IMMEDIATE")  # as if it had been interrupted while it left
    connection.execute("DELETE FROM placet_states")
    assert threads.behind(writes("b")).result() == "b"
    assert kept(path) == ["a", "b", *["c"] * waits]


def test_what_the_disk_refuses_to_undo_does_not_hide_why_it_is_undone(
    threads: Threads, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(unit: SqliteUnit) -> None:
        unit.write(new_state("a"))
        raise KeyError

    refuse(threads, monkeypatch, "ROLLBACK")
    assert isinstance(threads.behind(breaks).exception(), KeyError)
    monkeypatch.undo()
    assert threads.behind(writes("b")).result() == "b"
    assert kept(path) == ["b"]


class Awkward:
    """A connection on which one statement goes wrong, before or after it was carried out."""

    def __init__(
        self, connection: sqlite3.Connection, statement: str, error: BaseException, *, after: bool = False
    ) -> None:
        self._connection = connection
        self._statement = statement
        self._error = error
        self._after = after
        self.went_wrong = False

    def execute(self, statement: str, *parameters: Any) -> object:  # noqa: ANN401 - whatever SQLite takes
        if statement != self._statement:
            return self._connection.execute(statement, *parameters)
        self.went_wrong = True
        if self._after:
            self._connection.execute(statement)
        raise self._error

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a connection has
        return getattr(self._connection, name)


def refuse(threads: Threads, monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    """Let the disk refuse a statement from now on."""
    error = sqlite3.OperationalError("no such luck")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    awkward = Awkward(connection_of(threads), statement, error)
    monkeypatch.setattr(threads.store._writers, "_connection", lambda: awkward)


@pytest.mark.parametrize("statement", ["ROLLBACK", "BEGIN IMMEDIATE", "COMMIT"])
def test_what_the_disk_refuses_names_the_file(
    threads: Threads, path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    connection_of(threads).execute("BEGIN IMMEDIATE")  # as if an interrupted thread had left it
    refuse(threads, monkeypatch, statement)
    with pytest.raises(StoreUnavailableError) as caught, threads.store.unit():
        pass
    assert str(caught.value).startswith(f"{path}: no such luck: the disk refused")
    monkeypatch.undo()
    assert threads.behind(writes("b")).result() == "b"


def test_what_the_disk_refuses_to_whoever_joins_names_the_file(
    threads: Threads, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with threads.store.unit() as unit:
        unit.write(new_state("a"))
        second = threads.behind(writes("b"))
        refuse(threads, monkeypatch, "SAVEPOINT placet")
    assert str(second.exception()).startswith(f"{path}: no such luck: the disk refused")
    assert kept(path) == ["a"]


def test_where_one_cannot_be_undone_alone_all_who_share_the_commit_are(
    threads: Threads, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = threads.store.unit()
    first.__enter__().write(new_state("a"))
    second = threads.behind(writes("b"))
    refuse(threads, monkeypatch, "RELEASE placet")
    with pytest.raises(StoreUnavailableError, match="SQLite gave the transaction up"):
        first.__exit__(None, None, None)
    error = second.exception()
    assert isinstance(error, StoreUnavailableError)
    assert str(error.__cause__).startswith(f"{path}: no such luck")
    assert kept(path) == []


@pytest.mark.parametrize("after", [False, True])
def test_an_interrupted_commit_tells_the_others_what_came_of_it(
    threads: Threads, path: Path, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    connection = connection_of(threads)
    shared = threads.store._writers
    with suppress(StoreError), threads.store.unit():
        one, two = threads.behind(writes("a")), threads.behind(writes("b"))
        awkward = Awkward(connection, "COMMIT", KeyboardInterrupt(), after=after)
        monkeypatch.setattr(shared, "_connection", lambda: awkward)
    with pytest.raises(KeyboardInterrupt):
        two.result()
    if after:
        assert one.result() == "a"
    else:
        with pytest.raises(StoreUnavailableError, match=re.escape(f"{path}: the commit was interrupted; call again")):
            one.result()
    monkeypatch.setattr(shared, "_connection", lambda: connection)
    assert threads.behind(writes("c")).result() == "c"
    assert kept(path) == (["a", "b", "c"] if after else ["c"])


@pytest.mark.parametrize("gone", [False, True], ids=["the disk refuses", "the connection is gone"])
def test_nobody_is_told_that_it_is_durable_where_an_interrupted_commit_cannot_be_undone(
    threads: Threads, path: Path, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    interrupted: Any = Awkward(connection_of(threads), "COMMIT", KeyboardInterrupt())
    awkward = Awkward(interrupted, "ROLLBACK", sqlite3.OperationalError("no such luck"))

    def connection() -> Awkward:
        if gone and interrupted.went_wrong:
            raise StoreUnavailableError("it was closed")
        return awkward

    with suppress(StoreError), threads.store.unit():
        one, two = threads.behind(writes("a")), threads.behind(writes("b"))
        monkeypatch.setattr(threads.store._writers, "_connection", connection)
    with pytest.raises(KeyboardInterrupt):
        two.result()
    with pytest.raises(StoreUnavailableError, match="the commit was interrupted"):
        one.result()
    monkeypatch.undo()
    assert threads.behind(writes("c")).result() == "c"
    assert kept(path) == ["c"]


POINTS = [
    (owner, name, after)
    for owner, name in (
        (module.Writers, "_joins"),
        (module.Writers, "_commit"),
        (module.Writers, "_end"),
        (module.Writers, "_undo"),
        (module._Shared, "decide"),
        (module._Shared, "settle"),
        (module._Shared, "commit"),
    )
    for after in (False, True)
]


@pytest.mark.parametrize("fails", [False, True], ids=["a commit", "a commit that fails"])
@pytest.mark.parametrize("point", POINTS)
def test_wherever_it_is_interrupted_each_is_told_what_came_of_its_work(
    threads: Threads, path: Path, monkeypatch: pytest.MonkeyPatch, point: tuple[type, str, bool], fails: bool
) -> None:
    owner, name, after = point
    original, left = getattr(owner, name), [KeyboardInterrupt()]

    def interrupted(self: object, *arguments: object) -> object:
        if left and not after:
            raise left.pop()
        given = original(self, *arguments)
        if left:
            raise left.pop()
        return given

    def breaks(unit: SqliteUnit) -> None:
        unit.write(new_state("broken"))
        raise ValueError

    with suppress(StoreError, KeyboardInterrupt), threads.store.unit() as unit:
        unit.write(new_state("0"))
        waiting = {each: threads.behind(writes(each)) for each in "ab"}
        if fails:
            refuse(threads, monkeypatch, "COMMIT")
        monkeypatch.setattr(owner, name, interrupted)
    told = {each: started.exception(timeout=20) for each, started in waiting.items()}
    monkeypatch.undo()
    assert isinstance(threads.behind(breaks).exception(timeout=20), ValueError)
    assert threads.behind(writes("z")).result(timeout=20) == "z"
    there = kept(path)
    for each, error in told.items():
        assert isinstance(error, KeyboardInterrupt) or (each in there) is (error is None), (each, error, there)
    assert "broken" not in there


def test_units_follow_one_another_in_a_view_of_a_database_in_memory() -> None:
    with closing(SqliteStore(":memory:")) as store, store.view() as reader:
        for name in "ab":
            with store.unit() as unit:
                unit.write(new_state(name))
        assert reader.state("b") is not None
        assert store._writer is not None
        store._writer.execute("PRAGMA query_only=ON")
        store._writer.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
        with pytest.raises(StoreError, match="^:memory:: not authorized"), store.unit():
            pass


def test_a_unit_in_a_unit_is_refused_in_a_view_of_a_database_in_memory_too() -> None:
    with closing(SqliteStore(":memory:")) as store, store.view(), store.unit() as unit:
        unit.write(new_state("a"))
        with pytest.raises(ConfigurationError, match="a unit of work is open"), store.unit():
            pass


def test_so_many_share_a_commit_and_no_more(threads: Threads, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads.store._writers, "_most", 3)
    with threads.store.unit() as unit:
        unit.write(new_state("0"))
        waiting = [threads.behind(writes(str(number))) for number in range(1, 7)]
    for each in waiting:
        each.result()
    assert threads.transactions().count("COMMIT") == 3  # of 7: 3, 3 and 1
    assert len(kept(path)) == 7
    assert module.MOST_TOGETHER == 16


def test_nobody_joins_after_whoever_is_slow(threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 0.021])
    monkeypatch.setattr(threads.store._writers, "_clock", lambda: next(ticks, 1.0))
    with threads.store.unit() as unit:
        unit.write(new_state("a"))
        waiting = [threads.behind(writes(name)) for name in "bc"]
    assert [each.result() for each in waiting] == ["b", "c"]
    assert threads.transactions() == ["BEGIN IMMEDIATE", "COMMIT"] * 3


@pytest.mark.parametrize(("brisk", "joins"), [(5, False), (6, False), (7, True)])
def test_whoever_was_slow_is_forgotten_once_the_last_eight_were_brisk(
    threads: Threads, brisk: int, joins: bool
) -> None:
    ticks = iter([0.0, 1.0, *[0.0, 0.02] * brisk])
    threads.store._writers._clock = lambda: next(ticks, 0.0)
    for number in range(1 + brisk):
        threads.behind(writes(str(number))).result()
    before = len(threads.said)
    with threads.store.unit() as unit:
        unit.write(new_state("a"))
        waiting = threads.behind(writes("b"))
    waiting.result()
    assert ("SAVEPOINT placet" in threads.said[before:]) is joins


@pytest.mark.parametrize(("name", "sources"), [("own.db", [UsersTable()]), (":memory:", [])])
def test_tables_of_the_users_own_and_databases_in_memory_share_no_commit(
    tmp_path: Path, name: str, sources: list[UsersTable]
) -> None:
    path = name if name == ":memory:" else tmp_path / name
    with closing(SqliteStore(path, sources=sources)) as store:
        threads = Threads(store)
        with store.unit() as unit:
            unit.write(new_state("a"))
            waiting = threads.behind(writes("b"))
        assert waiting.result() == "b"
        assert threads.transactions() == ["BEGIN IMMEDIATE", "COMMIT"] * 2


def test_they_come_first_come_first_served(threads: Threads) -> None:
    order: list[int] = []

    def notes(number: int, _: SqliteUnit) -> None:
        order.append(number)

    with threads.store.unit():
        waiting = [threads.behind(partial(notes, number)) for number in range(20)]
    for each in waiting:
        each.result()
    assert order == list(range(20))


def test_whoever_is_interrupted_while_waiting_is_out_and_the_others_go_on(
    threads: Threads, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = vars(module._Turn)["ready"]

    class Interrupted(module._Turn):
        __slots__ = ()

        def __init__(self, *, alone: bool) -> None:
            super().__init__(alone=alone)
            slot.__set__(self, self)

        def acquire(self) -> None:
            raise KeyboardInterrupt

        def release(self) -> None:
            raise AssertionError("it does not wait any more")

    with threads.store.unit() as unit:
        unit.write(new_state("a"))
        monkeypatch.setattr(module, "_Turn", Interrupted)
        gone = threads.pool.submit(lambda: threads.store.unit().__enter__())
        with pytest.raises(KeyboardInterrupt):
            gone.result()
        monkeypatch.undo()
        last = threads.behind(writes("c"))
    assert last.result() == "c"
    assert kept(path) == ["a", "c"]


def test_closing_waits_for_whoever_works(threads: Threads, path: Path) -> None:
    with threads.store.unit() as unit:
        unit.write(new_state("a"))
        second = threads.behind(writes("b"))
        closing_ = threads.pool.submit(threads.store.close)
        while len(threads.store._writers._waiting) < 2:
            os.sched_yield()
        third = threads.behind(writes("c"))
    closing_.result()
    assert second.result() == "b"
    with pytest.raises(StoreUnavailableError):
        third.result()
    assert kept(path) == ["a", "b"]


def test_sixteen_threads_execute_together_and_everything_is_there_and_in_order(path: Path) -> None:
    with opened(f"sqlite:///{path}") as gov:
        made = [
            gov.submit(AddTeam(team=f"t{n}"), to=HOUSE, by="bob", on_drift="keep_if_same_effect") for n in range(64)
        ]
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda each: gov.approve(each.id, by="carol", digest=each.digest), made))
            outcomes = list(pool.map(lambda each: gov.execute(each.id, by="runner"), made))
        assert sorted(each.resulting_version or 0 for each in outcomes) == list(range(2, 66))
        assert gov.verify().ok
        store: Store = gov._context.store
        with store.view() as reader:
            assert len(reader.links(Ledger.HISTORY, HOUSE)) == 65

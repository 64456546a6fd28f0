"""Writers of several processes go in by turns, and never wait for a turn that does not come."""

import gc
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pytest

from house import HOUSE, opened
from placet.errors import ConfigurationError, StoreUnavailableError
from placet.store.sqlite import SqliteStore, turnstile
from placet.store.sqlite.turnstile import SUFFIX, Patience, Turnstile


@dataclass
class Time:
    """A clock that goes on when somebody sleeps, and lets something happen then."""

    now: float = 100.0
    slept: int = 0
    happens: list[tuple[int, Callable[[], object]]] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept += 1
        self.now += seconds
        for at, what in self.happens:
            if at == self.slept:
                what()

    def patience(self) -> Patience:
        return Patience(lambda: self.now, self.sleep)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "shared.db")


@pytest.fixture
def connection(path: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as made:
        yield made


@pytest.fixture
def next_one(path: str) -> Iterator[Turnstile]:
    """Another process that is next: it holds its place in the queue."""
    other = Turnstile(path, 5)
    assert other._queue(0) is not None
    yield other
    other.close()


def test_whoever_is_alone_does_not_wait(path: str, connection: sqlite3.Connection) -> None:
    time = Time()
    Turnstile(path, 5, time.patience()).begin(connection)
    assert connection.in_transaction
    assert time.slept == 0
    assert Path(path + SUFFIX).read_bytes() == b""
    assert Path(path + SUFFIX).stat().st_mode & 0o111 == 0, "nobody runs it"


def test_whoever_comes_later_queues_behind_whoever_is_next(
    path: str, connection: sqlite3.Connection, next_one: Turnstile
) -> None:
    time = Time()
    time.happens.append((7, next_one.close))
    Turnstile(path, 5, time.patience()).begin(connection)
    assert time.slept == 7


def test_a_place_in_the_queue_is_given_up_once_it_has_begun(path: str, connection: sqlite3.Connection) -> None:
    ours, other = Turnstile(path, 5), Turnstile(path, 5)
    ours.begin(connection)
    assert other._queue(0) is not None


def test_a_place_is_given_up_where_it_could_not_begin(path: str, connection: sqlite3.Connection) -> None:
    ours, other = Turnstile(path, 5, Time().patience()), Turnstile(path, 5)
    connection.execute("BEGIN")
    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        ours.begin(connection)
    assert other._queue(0) is not None


def test_whoever_is_next_and_was_stopped_holds_nobody_up_for_long(
    path: str, connection: sqlite3.Connection, next_one: Turnstile
) -> None:
    time = Time()
    Turnstile(path, 5, time.patience()).begin(connection)
    assert connection.in_transaction
    assert time.now == pytest.approx(100 + turnstile.LONGEST_QUEUE, abs=0.006)


@pytest.mark.parametrize("timeout", [0.0, 0.5, 3.0])
def test_a_database_that_stays_busy_is_given_up_in_time(
    path: str, connection: sqlite3.Connection, next_one: Turnstile, timeout: float
) -> None:
    time = Time()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            Turnstile(path, timeout, time.patience()).begin(connection)
    assert time.now == pytest.approx(100 + timeout, abs=0.006)


def test_whoever_has_no_time_tries_once_and_does_not_wait(
    path: str, connection: sqlite3.Connection, next_one: Turnstile
) -> None:
    time = Time()
    hurried = Turnstile(path, 0, time.patience())
    hurried.begin(connection)
    other = sqlite3.connect(path, isolation_level=None, timeout=0)
    with closing(other), pytest.raises(sqlite3.OperationalError):
        hurried.begin(other)
    assert time.slept == 0


def test_it_goes_in_as_soon_as_the_database_is_free(path: str, connection: sqlite3.Connection) -> None:
    time = Time()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        time.happens.append((4, lambda: writer.execute("COMMIT")))
        Turnstile(path, 5, time.patience()).begin(connection)
    assert time.slept == 4


def test_without_a_file_to_lock_or_locks_to_be_had_it_goes_in_all_the_same(
    tmp_path: Path, path: str, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    Turnstile(str(tmp_path / "gone" / "shared.db"), 5, Time().patience()).begin(connection)
    connection.execute("ROLLBACK")
    Turnstile("", 5, Time().patience()).begin(connection)
    connection.execute("ROLLBACK")

    def refuse(_: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(turnstile, "_lock", refuse)
    Turnstile(path, 5, Time().patience()).begin(connection)
    assert connection.in_transaction


def test_a_store_that_is_forgotten_lets_go_of_its_file(path: str) -> None:
    gc.collect()  # what other tests have left
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        Turnstile(path, 5)
    gc.collect()
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_whoever_waits_long_for_the_database_looks_less_often_but_no_less_at_the_queue(
    path: str, connection: sqlite3.Connection, next_one: Turnstile
) -> None:
    queuing, waiting = Time(), Time()
    Turnstile(path, 5, queuing.patience()).begin(connection)
    assert queuing.slept == pytest.approx(1000, abs=2)
    connection.execute("ROLLBACK")
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError):
            Turnstile("", 1, waiting.patience()).begin(connection)
    assert 200 < waiting.slept < 300


def test_a_store_waits_five_seconds_for_another_writer_unless_told_otherwise(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = Time()
    with closing(SqliteStore(path)) as store, closing(sqlite3.connect(path, isolation_level=None)) as writer:
        monkeypatch.setattr(store._turnstile, "_patience", time.patience())
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="another process"), store.unit():
            pass
    assert time.now == pytest.approx(105, abs=0.006)


def test_pauses_are_short_at_first_and_then_grow_up_to_a_limit() -> None:
    pauses = list(islice(Patience.pauses(), 60))
    assert set(pauses[:20]) == {0.0003}
    assert pauses[20:30] == pytest.approx([0.0003 * 1.1**n for n in range(1, 11)])
    assert pauses[-1] == 0.005


def test_a_day_is_the_longest_timeout(path: str) -> None:
    SqliteStore(path, timeout=86_400).close()
    with pytest.raises(ConfigurationError, match="^timeout=86401 of a store: pass seconds, from 0 to 86400$"):
        SqliteStore(path, timeout=86_401)


@pytest.mark.parametrize("timeout", [float("nan"), -1, 1e12, "5"])
def test_a_timeout_that_is_none_is_refused(path: str, timeout: float) -> None:
    with pytest.raises(ConfigurationError, match="pass seconds"):
        SqliteStore(path, timeout=timeout)


def test_a_closed_one_lets_go_of_its_file_once(path: str, connection: sqlite3.Connection) -> None:
    ours = Turnstile(path, 5)
    ours.close()
    ours.close()
    ours.begin(connection)
    assert connection.in_transaction


def test_two_stores_on_one_file_take_turns_and_leave_one_empty_file_behind(path: str) -> None:
    with opened(f"sqlite:///{path}") as one, closing(SqliteStore(path)) as two:
        state = one.get_state(HOUSE)
        with two.unit() as unit:
            assert unit.state(HOUSE) is not None
        with (
            closing(SqliteStore(path, timeout=0)) as three,
            one._context.store.unit(),
            pytest.raises(StoreUnavailableError, match="another process"),
            three.unit(),
        ):
            pass
        assert one.get_state(HOUSE) == state
    assert {each.name for each in Path(path).parent.iterdir()} == {"shared.db", "shared.db-queue"}


def test_nobody_queues_who_only_reads_or_has_the_database_alone(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    SqliteStore(":memory:").close()
    SqliteStore(path).close()
    Path(path + SUFFIX).unlink()
    SqliteStore(path, read_only=True).close()
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(SUFFIX)] == []

"""One writing connection for all threads of a process: first come, first served, and one commit for all who wait.

Group commit (DeWitt et al., "Implementation techniques for main memory database systems", 1984): whoever finds others
waiting lets the next one work in the same transaction, and returns when that is durable; the last one commits for all.
A unit of work that raises undoes itself alone, and says so once what it has seen is durable. One thread by itself
begins and commits as ever.
"""

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock, RLock, get_ident

from placet.errors import StoreError, StoreUnavailableError
from placet.store.sqlite.errors import translated
from placet.store.sqlite.transaction import opened, savepoint, transaction
from placet.store.sqlite.turnstile import Turnstile

MOST_TOGETHER = 16
"""How many units of work share a commit at the most, so that nobody waits long for the others."""

BRISK = 0.02
"""Seconds that a unit of work may take; behind slower ones nobody joins, for then a shared commit is a long wait."""

_REMEMBERED = 8
"""Of how many units of work it is remembered how long they took."""


class _Shared:
    """One transaction, and what came of it.

    Attributes:
        done: what those wait for whose part in it is done.
        decided: whether it is known what came of it.
        failure: why it is not durable; None if it is.
    """

    __slots__ = ("decided", "done", "failure")

    def __init__(self) -> None:
        self.done: list[Lock] = []
        self.decided = False
        self.failure: StoreError | None = None

    def commit(self, connection: sqlite3.Connection) -> None:
        """Commit, and know that it is done even where that is interrupted."""
        try:
            connection.execute("COMMIT")
            self.decide(None)
        except sqlite3.Error:
            raise
        except BaseException:
            if not connection.in_transaction:
                self.decide(None)
            raise

    def decide(self, failure: StoreError | None) -> None:
        """Say what came of it."""
        self.failure = failure
        self.decided = True

    def settle(self) -> None:
        """Let those go on who wait for what came of it."""
        for durable in self.done:
            with suppress(RuntimeError):  # somebody did, and was interrupted
                durable.release()


class _Turn:
    """One thread's turn at the connection: what it waits for, and the transaction it works in."""

    __slots__ = ("alone", "begun", "durable", "joined", "ready", "shared", "thread")

    def __init__(self, *, alone: bool) -> None:
        self.thread = get_ident()
        self.alone = alone
        self.joined = False
        self.begun: float | None = None
        self.shared = _Shared()
        self.ready, self.durable = Lock(), Lock()
        self.ready.acquire()
        self.durable.acquire()


class Writers:
    """The threads that want to write through one connection.

    Args:
        connection: gives the connection, or raises if it is closed.
        turnstile: its way to the write lock.
        name: what errors are about.
        most: how many units of work share a commit at the most.
        clock: gives seconds that only grow.
    """

    def __init__(
        self,
        connection: Callable[[], sqlite3.Connection],
        turnstile: Turnstile,
        name: str,
        most: int = MOST_TOGETHER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._turnstile = turnstile
        self._name = name
        self._most = most
        self._clock = clock
        self._guard = RLock()  # of whoever was interrupted while they held it, and comes again to leave
        self._now: _Turn | None = None
        self._waiting: deque[_Turn] = deque()
        self._lasted: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def working_here(self) -> bool:
        """Whether this very thread has a unit of work open."""
        turn = self._here()
        return turn is not None and not turn.alone

    def _here(self) -> _Turn | None:
        """Give the present turn if it is this very thread's."""
        turn = self._now
        return turn if turn is not None and turn.thread == get_ident() else None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep everybody else away from the connection; nobody else's transaction is open then."""
        if self._here() is not None:
            yield
            return
        turn = _Turn(alone=True)
        try:
            self._await(turn)
            yield
        finally:
            try:
                self._leave(turn)
            finally:
                self._leave(turn)

    @contextmanager
    def unit(self) -> Iterator[sqlite3.Connection]:
        """Work in a transaction that is durable when the block ends; what the block did is undone when it raises."""
        looking = self._here()
        if looking is not None:  # at a database in memory, which it has alone
            with self._inside(looking) as connection:
                yield connection
            return
        turn = _Turn(alone=False)
        try:
            self._await(turn)
            turn.begun = self._clock()
            connection = self._connection()
            with savepoint(connection, self._name) if turn.joined else opened(connection, self._name, self._turnstile):
                yield connection
            self._leave(turn, done=True)
        except BaseException as error:
            self._leave(turn, done=turn.joined)
            if turn.joined and isinstance(error, Exception):  # it may come of what others wrote: once that is durable
                self._until_durable(turn, error)
            raise
        finally:  # whoever is interrupted while they leave does first what is left to do
            self._leave(turn)
        self._until_durable(turn)

    @contextmanager
    def _inside(self, looking: _Turn) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        looking.alone = False
        try:
            with transaction(connection, self._name):
                yield connection
        finally:
            looking.alone = True

    @staticmethod
    def _until_durable(turn: _Turn, cause: Exception | None = None) -> None:
        """Wait for the commit; where it failed, raise an error of this thread's own."""
        turn.durable.acquire()
        failure = turn.shared.failure
        if failure is not None:
            raise type(failure)(*failure.args) from cause or failure.__cause__

    def _await(self, turn: _Turn) -> None:
        with self._guard:
            if self._now is None:
                self._now = turn
                return
            self._waiting.append(turn)
        turn.ready.acquire()

    def _leave(self, turn: _Turn, *, done: bool = False) -> None:
        """Let the next one join the transaction, or make durable what was done in it and let the next one begin.

        Whoever has left already, leaves in vain.
        """
        with self._guard:
            if self._now is not turn:  # it has left already, or was interrupted before its turn came
                with suppress(ValueError):
                    self._waiting.remove(turn)
                return
            if turn.begun is not None:
                self._lasted.append(self._clock() - turn.begun)
            shared = turn.shared
            if done and turn.durable not in shared.done:
                shared.done.append(turn.durable)
            if self._joins(shared):
                self._pass_on(shared)
                return
        self._commit(shared)
        with self._guard:
            self._pass_on(None)

    def _joins(self, shared: _Shared) -> bool:
        """Whether somebody waits who can go on in this transaction."""
        if not 0 < len(shared.done) < self._most or not self._waiting or self._waiting[0].alone:
            return False
        try:  # on a grave error SQLite ends it by itself
            return max(self._lasted) <= BRISK and self._connection().in_transaction
        except (StoreError, sqlite3.Error):
            return False

    def _pass_on(self, shared: _Shared | None) -> None:
        """Let the next one go on, in this transaction if one is given."""
        self._now = self._waiting.popleft() if self._waiting else None
        if self._now is not None:
            if shared is not None:
                self._now.shared, self._now.joined = shared, True
            self._now.ready.release()

    def _commit(self, shared: _Shared) -> None:
        """Commit for all who are done, or undo what nobody has undone, and let them know what came of it."""
        if not shared.decided:  # as it is where whoever said so was interrupted
            self._end(shared)
        shared.settle()

    def _end(self, shared: _Shared) -> None:
        if not shared.done:
            self._undo()
            return
        try:
            connection = self._connection()
            with translated(self._name):
                if connection.in_transaction:
                    shared.commit(connection)
                    return
            gave_up = "SQLite gave the transaction up; nothing was written, call again"
            shared.decide(StoreUnavailableError(f"{self._name}: {gave_up}"))
        except StoreError as error:
            self._undo()
            shared.decide(error)
        except BaseException:
            self._undo()
            if not shared.decided:
                shared.decide(StoreUnavailableError(f"{self._name}: the commit was interrupted; call again"))
            raise

    def _undo(self) -> None:
        with suppress(StoreError, sqlite3.Error):  # a failed commit may have rolled back already
            connection = self._connection()
            if connection.in_transaction:
                connection.execute("ROLLBACK")

"""One writing connection for all threads of a process: first come, first served, and one commit for all who wait.

Group commit (DeWitt et al., "Implementation techniques for main memory database systems", 1984): whoever finds others
waiting lets the next one work in the same transaction, and returns when that is durable; the last one commits for all.
A unit of work that raises undoes itself alone. One thread by itself begins and commits as ever.
"""

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock, get_ident

from signoff.errors import StoreError, StoreUnavailableError
from signoff.store.sqlite.errors import translated
from signoff.store.sqlite.transaction import opened, savepoint, transaction
from signoff.store.sqlite.turnstile import Turnstile

MOST_TOGETHER = 16
"""How many units of work share a commit at the most, so that nobody waits long for the others."""

BRISK = 0.02
"""Seconds that a unit of work may take; after a slower one nobody joins, for then a shared commit is a long wait."""


class _Turn:
    """One thread's turn at the connection: what it waits for, and what became of it."""

    __slots__ = ("alone", "begun", "durable", "failure", "joined", "ready", "thread")

    def __init__(self, *, alone: bool) -> None:
        self.thread = get_ident()
        self.alone = alone
        self.joined = False
        self.begun = 0.0
        self.failure: StoreError | None = None
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
        self._guard = Lock()
        self._now: _Turn | None = None
        self._waiting: deque[_Turn] = deque()
        self._done: list[_Turn] = []

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
            self._leave(turn, kept=False)

    @contextmanager
    def unit(self) -> Iterator[sqlite3.Connection]:
        """Work in a transaction that is durable when the block ends; what the block did is undone when it raises."""
        if self._here() is not None:  # a view of a database in memory, which has this connection alone
            connection = self._connection()
            with transaction(connection, self._name):
                yield connection
            return
        turn = _Turn(alone=False)
        try:
            self._await(turn)
            turn.begun = self._clock()
            connection = self._connection()
            with savepoint(connection, self._name) if turn.joined else opened(connection, self._name, self._turnstile):
                yield connection
        except BaseException:
            self._leave(turn, kept=False)
            raise
        self._leave(turn, kept=True)
        turn.durable.acquire()
        if turn.failure is not None:
            raise turn.failure

    def _await(self, turn: _Turn) -> None:
        with self._guard:
            if self._now is None:
                self._now = turn
                return
            self._waiting.append(turn)
        turn.ready.acquire()

    def _leave(self, turn: _Turn, *, kept: bool) -> None:
        """Let the next one join the transaction, or make durable what was done in it and let the next one begin."""
        with self._guard:
            if self._now is not turn:  # it was interrupted before its turn came
                with suppress(ValueError):
                    self._waiting.remove(turn)
                return
            if kept:
                self._done.append(turn)
            if self._clock() - turn.begun < BRISK and self._joins():
                self._pass_on(joined=True)
                return
        try:
            self._commit()
        finally:
            with self._guard:
                self._pass_on(joined=False)

    def _joins(self) -> bool:
        """Whether somebody waits who can go on in the transaction there is."""
        if not self._done or len(self._done) >= self._most or not self._waiting or self._waiting[0].alone:
            return False
        try:
            return self._connection().in_transaction  # on a grave error SQLite ends it by itself
        except (StoreError, sqlite3.Error):
            return False

    def _pass_on(self, *, joined: bool) -> None:
        self._now = self._waiting.popleft() if self._waiting else None
        if self._now is not None:
            self._now.joined = joined
            self._now.ready.release()

    def _commit(self) -> None:
        """Commit for all who are done, and tell each what came of it."""
        done, self._done = self._done, []
        if not done:
            return  # whoever raised has undone what it did
        failure: StoreError | None = StoreUnavailableError(
            f"{self._name}: the commit was interrupted; it may have been durable by then, call again"
        )
        try:
            failure = self._failure()
        finally:
            for turn in done:
                if failure is not None:
                    turn.failure = type(failure)(*failure.args)
                    turn.failure.__cause__ = failure.__cause__
                turn.durable.release()

    def _failure(self) -> StoreError | None:
        """Commit, and give what kept it from being durable, if something did."""
        try:
            connection = self._connection()
        except StoreError as error:
            return error
        try:
            with translated(self._name):
                connection.execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):  # a failed commit may have rolled back already
                connection.execute("ROLLBACK")
            if isinstance(error, StoreError):
                return error
            raise
        return None

"""Lets the processes that write to one file in by turns: SQLite alone would let in whoever asks most often.

An advisory lock on a file beside the database is held by whoever is next, while it waits for SQLite's write lock; so
whoever has just written queues again behind it. It is about fairness alone: SQLite's own lock keeps writers apart, and
where there is no such lock to be had, or its holder was stopped, they go in without it.
"""

import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import repeat
from weakref import finalize

from placet.store.sqlite.file import mode_beside

SUFFIX = "-queue"
"""What the name of the file beside the database ends with. It is empty, and may be removed while nobody writes."""

LONGEST_QUEUE = 1.0
"""Seconds to queue before going in without: whoever is next may have been stopped there."""

_QUEUE_PAUSE = 0.001
"""Seconds between two looks at the queue; always the same, or whoever has waited longest would look least often. The
system would wake up whoever waits, but never let them stop."""

_QUEUE_FLAGS = os.O_RDONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Whatever somebody has put there, opening it follows no link and waits for nobody."""

_BUSY_PAUSES = (0.0003, 0.005)
"""Seconds between two attempts at a busy database, at first and after a while."""

if sys.platform == "win32":  # pragma: no cover - flock is not to be had there

    def _lock(_: int) -> None:
        """Let everybody pass."""

    _unlock = _lock
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


@dataclass(frozen=True, slots=True)
class Patience:
    """How to wait for what SQLite does not wait for itself, or too drowsily.

    Attributes:
        clock: gives seconds that only grow.
        sleep: waits so many seconds.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def until(self, deadline: float, attempt: Callable[[], object]) -> None:
        """Try again while the database is busy.

        Args:
            deadline: until when, by the clock.
            attempt: what to try.

        Raises:
            sqlite3.OperationalError: it is busy still, or something else is wrong.
        """
        for pause in self.pauses():
            try:
                attempt()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or self.clock() >= deadline:
                    raise
                self.sleep(pause)
            else:
                return

    @staticmethod
    def pauses() -> Iterator[float]:
        """Give how long to wait, again and again: shortly at first, and then longer."""
        pause, longest = _BUSY_PAUSES
        yield from repeat(pause, 20)
        while True:
            pause = min(pause * 1.1, longest)
            yield pause


class Turnstile:
    """The way of one connection to its write lock.

    Args:
        path: the database, or "" where no other process can reach it.
        timeout: seconds to wait for other writers in all.
        patience: how to wait.
    """

    def __init__(self, path: str, timeout: float, patience: Patience | None = None) -> None:
        self._timeout = timeout
        self._patience = patience or Patience()
        self._file: int | None = None
        self._close: Callable[[], object] = lambda: None
        if path:
            with suppress(OSError):  # a folder that cannot be written: whoever only reads needs no turn
                file = os.open(os.path.realpath(path) + SUFFIX, _QUEUE_FLAGS, mode_beside(path))
                self._file, self._close = file, finalize(self, os.close, file)

    def begin(self, connection: sqlite3.Connection) -> None:
        """Begin a transaction that may write, when it is this connection's turn.

        Raises:
            sqlite3.Error: it could not, in the time there is.
        """
        now = self._patience.clock()
        queued = self._queue(now + min(self._timeout, LONGEST_QUEUE))
        try:
            self._patience.until(now + self._timeout, lambda: connection.execute("BEGIN IMMEDIATE"))
        finally:
            if queued is not None:
                _unlock(queued)

    def _queue(self, deadline: float) -> int | None:
        """Wait to be next; gives the locked file, or None where nobody can tell who is."""
        while self._file is not None:
            try:
                _lock(self._file)
            except BlockingIOError:
                if self._patience.clock() >= deadline:
                    return None
                self._patience.sleep(_QUEUE_PAUSE)
            except OSError:  # a file system without locks
                return None
            else:
                return self._file
        return None

    def close(self) -> None:
        """Let go of the file."""
        self._file = None
        self._close()

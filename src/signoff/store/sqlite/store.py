"""The SQLite store: the standard library's driver, write-ahead log, one short transaction for each governed step."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

from signoff.errors import ConfigurationError, StoreUnavailableError
from signoff.store.sqlite.errors import translated
from signoff.store.sqlite.schema import migrate, require_schema
from signoff.store.sqlite.transaction import transaction
from signoff.store.sqlite.unit import SqliteReader, SqliteSource, SqliteUnit

MEMORY = ":memory:"


class SqliteStore:
    """Keeps everything in one SQLite file, which several processes and threads may share.

    Args:
        path: the file, which is created if need be, or ":memory:".
        sources: tables of your own to govern, in the same file.
        timeout: seconds to wait for another writer before StoreUnavailableError is raised.
        read_only: open an existing file without the right to write.

    Raises:
        StoreError: the file cannot be opened, is no database, or was written by a newer signoff.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        sources: Sequence[SqliteSource] = (),
        timeout: float = 5.0,
        read_only: bool = False,
    ) -> None:
        self._path = str(path)
        self._sources = tuple(sources)
        self._timeout = timeout
        self._read_only = read_only
        self._lock = RLock()
        self._busy = False
        self._pid = os.getpid()
        self._readers: list[sqlite3.Connection] = []
        with translated(self._path):
            self._writer: sqlite3.Connection | None = self._connect()
            try:
                self._prepare(self._writer)
            except BaseException:
                self._writer.close()
                raise

    def _connect(self) -> sqlite3.Connection:
        memory = self._path == MEMORY
        mode = "ro" if self._read_only else "rwc"
        target = self._path if memory else f"{Path(self._path).absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(
            target, uri=not memory, timeout=self._timeout, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if self._read_only:
            require_schema(connection)
            return
        connection.execute("PRAGMA journal_mode=WAL")
        migrate(connection)

    @contextmanager
    def unit(self) -> Iterator[SqliteUnit]:
        """Begin a unit of work: durable when the block ends, undone when it raises."""
        with self._lock:
            connection = self._opened()
            if self._busy:
                raise ConfigurationError("a unit of work is open in this thread: a policy must not call Governance")
            self._busy = True
            try:
                with transaction(connection, self._path):
                    yield SqliteUnit(connection, self._sources)
            finally:
                self._busy = False

    @contextmanager
    def view(self) -> Iterator[SqliteReader]:
        """Open a consistent view for reading; writers go on meanwhile."""
        self._opened()
        if self._path == MEMORY or self._busy_here():
            with self._lock:
                yield SqliteReader(self._opened(), self._sources)
            return
        with translated(self._path):
            connection = self._readers.pop() if self._readers else self._connect()
            connection.execute("BEGIN")
        try:
            yield SqliteReader(connection, self._sources)
        finally:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            self._readers.append(connection)

    def _busy_here(self) -> bool:
        """Whether this very thread has a unit of work open: then a view sees what it has written."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            return self._busy
        finally:
            self._lock.release()

    def _opened(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StoreUnavailableError(f"the store on {self._path} was closed; open another")
        if os.getpid() != self._pid:
            raise StoreUnavailableError(
                f"the store on {self._path} was opened before this process was forked; open one in the child"
            )
        return self._writer

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            if self._writer is not None:
                for connection in (self._writer, *self._readers):
                    connection.close()
            self._writer, self._readers = None, []

    def __repr__(self) -> str:
        return f"SqliteStore({self._path!r})"

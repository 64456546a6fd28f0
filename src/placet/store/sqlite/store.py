"""The SQLite store: the standard library's driver, write-ahead log, one short transaction for each governed step."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from placet.errors import ConfigurationError, StoreUnavailableError
from placet.store.sqlite.errors import translated
from placet.store.sqlite.file import check_file, make_file
from placet.store.sqlite.lent import LentConnection
from placet.store.sqlite.schema import create_schema, require_schema, require_utf8, schema_version
from placet.store.sqlite.sources import SqliteSource, checked_sources
from placet.store.sqlite.turnstile import Patience, Turnstile
from placet.store.sqlite.unit import SqliteReader, SqliteUnit
from placet.store.sqlite.writers import MOST_TOGETHER, Writers

MEMORY = ":memory:"
_PATIENCE = Patience()
_LONGEST = 86_400


class SqliteStore:
    """Keeps everything in one SQLite file, which several processes and threads may share.

    Args:
        path: the file, which is created if need be, readable by its owner alone, or ":memory:".
        sources: tables of your own to govern, in the same file.
        timeout: seconds to wait for another writer before StoreUnavailableError is raised.
        read_only: open an existing file without the right to write.

    Raises:
        ConfigurationError: no file can have this path, or the timeout is no number of seconds.
        StoreUnavailableError: the file cannot be opened or made.
        StoreFormatError: it is no database, or has tables, views, indexes or triggers of placet that placet did not
            make.
        SchemaVersionError: it was written in another format.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        sources: Sequence[SqliteSource] = (),
        timeout: float = 5.0,
        read_only: bool = False,
    ) -> None:
        self._path = _checked_path(str(path))
        if not (isinstance(timeout, int | float) and 0 <= timeout <= _LONGEST):
            raise ConfigurationError(f"timeout={timeout!r} of a store: pass seconds, from 0 to {_LONGEST}")
        self._sources = checked_sources(sources)
        self._timeout = timeout
        self._read_only = read_only
        self._pid = os.getpid()
        self._readers: list[sqlite3.Connection] = []
        self._pool = Lock()
        if self._path != MEMORY:
            check_file(self._path) if read_only else make_file(self._path)
        with translated(self._path):
            self._writer: sqlite3.Connection | None = self._connect()
            try:
                self._prepare(self._writer)
            except BaseException:
                self._writer.close()
                raise
        shared = self._path != MEMORY
        self._turnstile = Turnstile(self._path if shared and not read_only else "", timeout)
        # a table of the user's own may have constraints that are judged at the commit: it fails for them alone
        most = MOST_TOGETHER if shared and not self._sources else 1
        self._writers = Writers(self._opened, self._turnstile, self._path, most)

    def _connect(self) -> LentConnection:
        memory = self._path == MEMORY
        mode = "ro" if self._read_only else "rwc"
        target = self._path if memory else f"{Path(self._path).absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(
            target,
            uri=not memory,
            timeout=self._timeout,
            isolation_level=None,
            check_same_thread=False,
            factory=LentConnection,
        )
        try:
            connection.be_careful()
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        require_utf8(connection)
        if self._read_only:
            require_schema(connection)
            return
        found = schema_version(connection)  # before anything is written to a file that is not placet's
        self._switch_to_wal(connection)
        if not found:
            create_schema(connection)
        if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):  # then no reader is in a writer's way
            connection.execute("PRAGMA busy_timeout=0")  # from here on the turnstile waits

    def _switch_to_wal(self, connection: sqlite3.Connection, patience: Patience = _PATIENCE) -> None:
        """Turn on the write-ahead log; where several do so at once on a new file, SQLite refuses without waiting."""
        deadline = patience.clock() + self._timeout
        patience.until(deadline, lambda: connection.execute("PRAGMA journal_mode=WAL"))

    @contextmanager
    def unit(self) -> Iterator[SqliteUnit]:
        """Begin a unit of work: durable when the block ends, undone when it raises."""
        self._opened()  # before waiting: in a forked child a thread that is not there may have its turn
        if self._writers.working_here:
            raise ConfigurationError("a unit of work is open in this thread: a policy must not call Governance")
        with self._writers.unit() as connection:
            yield SqliteUnit(connection, self._sources)

    @contextmanager
    def view(self) -> Iterator[SqliteReader]:
        """Open a consistent view for reading; writers go on meanwhile."""
        self._opened()
        if self._path == MEMORY or self._writers.working_here:
            with self._writers.alone():
                yield SqliteReader(self._opened(), self._sources)
            return
        connection = self._begin_reading()
        try:
            yield SqliteReader(connection, self._sources)
        finally:
            self._end_reading(connection)

    def _begin_reading(self) -> sqlite3.Connection:
        with translated(self._path):
            try:
                connection = self._readers.pop()
            except IndexError:
                connection = self._connect()
            try:
                connection.execute("BEGIN")
            except BaseException:
                connection.close()
                raise
        return connection

    def _end_reading(self, connection: sqlite3.Connection) -> None:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
            with self._pool:
                if self._writer is not None:
                    self._readers.append(connection)
                    return
        connection.close()  # the store was closed meanwhile, or this connection is of no use any more

    def _opened(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StoreUnavailableError(f"the store on {self._path} was closed; open another")
        if os.getpid() != self._pid:
            raise StoreUnavailableError(
                f"the store on {self._path} was opened before this process was forked; open one in the child"
            )
        return self._writer

    def keeps(self, connection: sqlite3.Connection) -> bool:
        """Tell whether a connection leads to the file of this store."""
        with translated(self._path):
            cursor = connection.cursor()
            cursor.row_factory = None
            file = os.fsdecode(cursor.execute("PRAGMA database_list").fetchone()[2])  # the first one is main
        return bool(file) and self._path != MEMORY and Path(file).samefile(self._path)

    def close(self) -> None:
        """Close every connection; one that a view still reads through is closed when that ends."""
        if os.getpid() != self._pid:
            return  # they belong to the process that was forked
        with self._writers.alone(), self._pool:
            connections = [*self._readers] if self._writer is None else [self._writer, *self._readers]
            self._writer, self._readers = None, []
        for connection in connections:
            connection.close()
        self._turnstile.close()

    def __repr__(self) -> str:
        return f"SqliteStore({self._path!r})"


def _checked_path(path: str) -> str:
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"path {path!r} has a lone surrogate, which no file name can; take it out") from error
    if "\0" in path:
        raise ConfigurationError(f"path {path!r} has a NUL character, which no file name can; take it out")
    return path

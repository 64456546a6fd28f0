"""How a unit of work begins and ends: in a transaction of signoff's own, or by a savepoint inside the caller's."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from signoff.store.sqlite.errors import translated


@contextmanager
def transaction(connection: sqlite3.Connection, name: str) -> Iterator[None]:
    """Hold the write lock from the beginning, commit at the end, roll back when the block raises."""
    with _bracket(connection, name, "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"):
        yield


@contextmanager
def savepoint(connection: sqlite3.Connection, name: str) -> Iterator[None]:
    """Undo what the block did, and nothing else, when it raises; the caller commits."""
    with _bracket(connection, name, "SAVEPOINT signoff", "RELEASE signoff", "ROLLBACK TO signoff", "RELEASE signoff"):
        yield


@contextmanager
def _bracket(connection: sqlite3.Connection, name: str, begin: str, commit: str, *undo: str) -> Iterator[None]:
    with translated(name):
        connection.execute(begin)
    try:
        yield
        with translated(name):
            connection.execute(commit)
    except BaseException:
        for statement in undo:  # a failed commit may have rolled back already, and the cause must not be masked
            with suppress(sqlite3.Error):
                connection.execute(statement)
        raise

"""How a unit of work begins and is undone: in a transaction of placet's own, or by a savepoint inside another."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from placet.store.sqlite.errors import translated
from placet.store.sqlite.turnstile import Turnstile


@contextmanager
def transaction(connection: sqlite3.Connection, name: str) -> Iterator[None]:
    """Hold the write lock from the beginning, commit at the end, roll back when the block raises."""
    with _bracket(connection, name, "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"):
        yield


@contextmanager
def opened(connection: sqlite3.Connection, name: str, turnstile: Turnstile) -> Iterator[None]:
    """Hold the write lock from the beginning, roll back when the block raises; whoever comes last commits."""
    with translated(name):
        if connection.in_transaction:  # an interrupted thread may have left one open
            connection.execute("ROLLBACK")
        turnstile.begin(connection)
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):  # the cause must not be masked
            connection.execute("ROLLBACK")
        raise


@contextmanager
def savepoint(connection: sqlite3.Connection, name: str) -> Iterator[None]:
    """Undo what the block did, and nothing else, when it raises; somebody else commits."""
    release = "RELEASE placet"
    with _bracket(connection, name, "SAVEPOINT placet", release, "ROLLBACK TO placet", release):
        yield


@contextmanager
def _bracket(connection: sqlite3.Connection, name: str, begin: str, end: str, *undo: str) -> Iterator[None]:
    with translated(name):
        connection.execute(begin)
    try:
        yield
        with translated(name):
            connection.execute(end)
    except BaseException:
        with suppress(sqlite3.Error):  # a failed commit may have rolled back already, and the cause must not be masked
            try:
                for statement in undo:
                    connection.execute(statement)
            except sqlite3.Error:
                connection.execute("ROLLBACK")  # rather all of it than half
        raise

"""A store inside the caller's own open transaction: their rows and placet's commit together, or not at all."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from placet.errors import ConfigurationError
from placet.store.sqlite.errors import translated
from placet.store.sqlite.schema import require_schema
from placet.store.sqlite.sources import SqliteSource, checked_sources
from placet.store.sqlite.transaction import savepoint
from placet.store.sqlite.unit import SqliteReader, SqliteUnit

NAME = "the joined connection"


class JoinedSqliteStore:
    """Works through a connection that is in a transaction. The caller begins, commits and rolls back.

    Args:
        connection: an open connection to a database that has placet's schema: that of the store it stands in for.
            Nothing compares the two files; in another one, requests of the store are not found.
        sources: tables of your own to govern, in the same database.

    Raises:
        ConfigurationError: no transaction is open on the connection, or it does not give text as str.
        SchemaVersionError: the database has not placet's schema.
    """

    def __init__(self, connection: sqlite3.Connection, *, sources: Sequence[SqliteSource] = ()) -> None:
        self._connection = connection
        self._sources = checked_sources(sources)
        self._demand_transaction()
        if connection.text_factory is not str:
            raise ConfigurationError(f"text_factory of this connection is {connection.text_factory!r}; set it to str")
        with translated(NAME):
            require_schema(connection)

    @contextmanager
    def unit(self) -> Iterator[SqliteUnit]:
        """Begin a step; it undoes itself alone when it raises, and is durable when the caller commits."""
        self._demand_transaction()
        with savepoint(self._connection, NAME):
            yield SqliteUnit(self._connection, self._sources)

    @contextmanager
    def view(self) -> Iterator[SqliteReader]:
        """Read what the caller's transaction sees."""
        yield SqliteReader(self._connection, self._sources)

    def close(self) -> None:
        """Leave the connection open: it is the caller's."""

    def _demand_transaction(self) -> None:
        with translated(NAME):
            if not self._connection.in_transaction:
                raise ConfigurationError("no transaction is open on this connection: execute BEGIN IMMEDIATE first")

    def __repr__(self) -> str:
        return "JoinedSqliteStore()"

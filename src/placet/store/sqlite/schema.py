"""Makes placet's tables in a file that has none, and refuses a file that was written in another format."""

import sqlite3
from collections.abc import Iterator

from placet.errors import SchemaVersionError
from placet.store.sql import queries, schema

VERSION = 3
"""The format of files that this release reads and writes. Before 1.0 a file of another format is refused."""


def schema_version(connection: sqlite3.Connection) -> int:
    """Return the format of a file; 0 if placet has written nothing to it."""
    named, cursor = queries("sqlite"), connection.cursor()
    cursor.row_factory = None  # whatever the connection's owner has set
    if not cursor.execute(named["schema_exists"]).fetchone()[0]:
        return 0
    found: int | None = cursor.execute(named["schema_version"]).fetchone()[0]
    return found or 0


def require_schema(connection: sqlite3.Connection) -> None:
    """Check that a file has exactly the format that this release knows.

    Raises:
        SchemaVersionError: Raised if it has another, or none.
    """
    found = schema_version(connection)
    if found == VERSION:
        return
    if not found:
        raise SchemaVersionError("it has no tables of placet; open it once with Governance.open(...)")
    raise SchemaVersionError(
        f"its format is {found}, and this release knows {VERSION}; open it with the release that wrote it"
    )


def create_schema(connection: sqlite3.Connection) -> None:
    """Make the tables where there are none. Several processes may do this at once: one does, the others wait.

    Raises:
        SchemaVersionError: Raised if the file was written in another format.
    """
    if schema_version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not schema_version(connection):
            for statement in statements(schema()):
                connection.execute(statement)
            connection.execute(queries("sqlite")["set_schema_version"], (VERSION,))
        require_schema(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def statements(script: str) -> Iterator[str]:
    """Split a script into statements, minding those that hold semicolons themselves."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():  # a last statement without its semicolon, or a comment, which does nothing
        yield pending

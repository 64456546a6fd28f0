"""Brings a file to the schema this release knows: numbered migrations, each in one transaction."""

import sqlite3
from collections.abc import Iterator

from placet.errors import SchemaVersionError
from placet.store.sql import migrations, queries


def schema_version(connection: sqlite3.Connection) -> int:
    """Give the schema version of a file; 0 if placet was never here."""
    named, cursor = queries("sqlite"), connection.cursor()
    cursor.row_factory = None  # whatever the connection's owner has set
    if not cursor.execute(named["schema_exists"]).fetchone()[0]:
        return 0
    found: int | None = cursor.execute(named["schema_version"]).fetchone()[0]
    return found or 0


def require_schema(connection: sqlite3.Connection) -> None:
    """See to it that the file has exactly the schema this release knows.

    Raises:
        SchemaVersionError: it is newer, older, or not there.
    """
    found, known = schema_version(connection), len(migrations())
    if found > known:
        raise SchemaVersionError(f"schema version {found} is newer than {known}, which this release knows; upgrade it")
    if found < known:
        raise SchemaVersionError(
            f"schema version {found} is older than {known}; open it once with Governance.open(...)"
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the migrations that are missing. Several processes may do this at once: one does, the others wait.

    Raises:
        SchemaVersionError: the file was written by a newer release.
    """
    if schema_version(connection) == len(migrations()):
        return
    named = queries("sqlite")
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(named["create_schema"])
        for number, script in enumerate(migrations(), start=1):
            if number > schema_version(connection):
                for statement in statements(script):
                    connection.execute(statement)
                connection.execute(named["set_schema_version"], (number,))
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

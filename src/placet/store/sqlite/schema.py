"""Makes placet's tables in a file that has none, and refuses a file whose tables are not exactly these."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from typing import Any

from placet.errors import SchemaVersionError, StoreFormatError
from placet.store.sql import queries, schema

VERSION = 3
"""The format of files that this release reads and writes. Before 1.0 a file of another format is refused."""

_Object = tuple[Any, ...]
"""What is defined in a file: its type, its name, the table it belongs to, and the SQL that made it."""


def schema_version(connection: sqlite3.Connection) -> int:
    """Return the format of a file; 0 if placet has written nothing to it.

    Raises:
        SchemaVersionError: Raised if it has another format than this release knows.
        StoreFormatError: Raised if something of placet's is defined otherwise than placet defines it.
    """
    found = _defined(connection)
    if not found:
        return 0
    if ("table", "placet_schema") not in {each[:2] for each in found}:
        raise StoreFormatError(f"it has {_named(found)} and no table placet_schema; {_WAY_OUT}")
    version = _cursor(connection).execute(queries("sqlite")["schema_version"]).fetchone()[0]
    if version != VERSION:
        said = version if isinstance(version, int) else "no number"
        raise SchemaVersionError(
            f"its format is {said}, and this release knows {VERSION}; open it with the release that wrote it"
        )
    _compare(found, _declared())
    return VERSION


def require_schema(connection: sqlite3.Connection) -> None:
    """Check that a file has exactly the tables that this release makes.

    Raises:
        SchemaVersionError: Raised if it has another format, or no tables of placet.
        StoreFormatError: Raised if something of placet's is defined otherwise than placet defines it.
    """
    if not schema_version(connection):
        raise SchemaVersionError("it has no tables of placet; open it once with Governance.open(...)")


def require_utf8(connection: sqlite3.Connection) -> None:
    """Check that a file keeps its text as UTF-8: in UTF-16, ids would sort otherwise than everywhere else.

    Raises:
        StoreFormatError: Raised if it does not.
    """
    (encoding,) = _cursor(connection).execute("PRAGMA encoding").fetchone()
    if encoding != "UTF-8":
        raise StoreFormatError(f"it keeps text as {encoding}; make a new file, with PRAGMA encoding = 'UTF-8'")


def create_schema(connection: sqlite3.Connection) -> None:
    """Make the tables where there are none. Several processes may do this at once: one does, the others wait.

    Raises:
        SchemaVersionError: Raised if the file was written in another format.
        StoreFormatError: Raised as `require_schema` does.
    """
    if schema_version(connection):
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


_WAY_OUT = "restore the file from a backup, or remove what was added to placet's tables"


def _cursor(connection: sqlite3.Connection) -> sqlite3.Cursor:
    cursor = connection.cursor()
    cursor.row_factory = None  # whatever the connection's owner has set
    return cursor


def _defined(connection: sqlite3.Connection) -> frozenset[_Object]:
    """Return what a file defines under placet's names, or on placet's tables."""
    return frozenset(_cursor(connection).execute(queries("sqlite")["schema_objects"]))


@cache
def _declared() -> frozenset[_Object]:
    """Return what the schema defines."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(schema())
        return _defined(fresh)


def _compare(found: frozenset[_Object], declared: frozenset[_Object]) -> None:
    """Check that nothing was added, changed or removed but triggers, which only guard against slips."""
    if added := found - declared:
        raise StoreFormatError(f"{_named(added)} is not what placet defines; {_WAY_OUT}")
    if missing := {each for each in declared - found if each[0] != "trigger"}:
        raise StoreFormatError(f"{_named(missing)} is missing; {_WAY_OUT}")


def _named(objects: frozenset[_Object] | set[_Object]) -> str:
    kind, name = min((str(each[0]), str(each[1])) for each in objects)
    return f"{kind} {name!a}"

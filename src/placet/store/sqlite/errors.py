"""The one mapping from the SQLite driver's errors to placet's."""

import sqlite3

from placet.errors import (
    StoreError,
    StoreFormatError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from placet.store.sqlite.lent import LARGEST

_BY_CODE: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (
        StoreUnavailableError,
        (
            "another process holds it; nothing was written, call again;"
            " if the lock is your own transaction, use gov.within(connection)"
        ),
    ),
    sqlite3.SQLITE_BUSY_SNAPSHOT: (
        StoreUnavailableError,
        "another connection wrote after this transaction had read; roll back, BEGIN IMMEDIATE, call again",
    ),
    sqlite3.SQLITE_LOCKED: (StoreUnavailableError, "another connection holds it; nothing was written, call again"),
    sqlite3.SQLITE_PROTOCOL: (StoreUnavailableError, "too many open it at once; nothing was written, call again"),
    sqlite3.SQLITE_PERM: (StoreReadOnlyError, "access is denied; check the file's permissions"),
    sqlite3.SQLITE_READONLY: (
        StoreReadOnlyError,
        (
            "it cannot be written; check mode=ro and the file's permissions;"
            " reading a database with a write-ahead log needs a folder that can be written, too"
        ),
    ),
    sqlite3.SQLITE_FULL: (StoreFullError, "there is no room left; nothing was written, free some and call again"),
    sqlite3.SQLITE_IOERR: (StoreUnavailableError, "the disk refused; nothing was written, check it and call again"),
    sqlite3.SQLITE_CANTOPEN: (
        StoreUnavailableError,
        ("it cannot be opened; check the path, its permissions, and the limit of open files"),
    ),
    sqlite3.SQLITE_NOTADB: (StoreFormatError, "it is not an SQLite database; give another path"),
    sqlite3.SQLITE_INTERRUPT: (
        StoreFormatError,
        "a statement was interrupted, or read more than a file of placet has; restore it from a backup",
    ),
    sqlite3.SQLITE_TOOBIG: (StoreFormatError, f"a value has more than {LARGEST} bytes; nothing was written"),
    sqlite3.SQLITE_CORRUPT: (StoreFormatError, "it is damaged; restore it from a backup"),
}

UNDECODABLE = "Could not decode to UTF-8"
"""How the driver begins to say that text is none."""


class translated:  # noqa: N801 - it reads as `with translated(path):`
    """Turns what the driver raises inside the block into placet's errors.

    Args:
        path: what the error is about.
    """

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Begin to watch."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OverflowError):  # of the driver's own: a parameter
            raise StoreError(f"{self._path}: {error}; nothing was written") from error
        if isinstance(error, UnicodeDecodeError):  # of the driver's own: what SQLite says quotes a damaged file
            raise StoreFormatError(f"{self._path}: it is damaged; restore it from a backup") from None
        if isinstance(error, sqlite3.Error) and UNDECODABLE in str(error):  # which quotes what the column holds
            raise StoreError(f"{self._path}: {UNDECODABLE}: a column holds other bytes; restore the row") from None
        if isinstance(error, sqlite3.Error):
            raise _ours(self._path, error) from error


def _ours(path: str, error: sqlite3.Error) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None) or 0
    kind, advice = _BY_CODE.get(code) or _BY_CODE.get(code & 0xFF, (StoreError, "nothing was written"))
    if isinstance(error, sqlite3.ProgrammingError):
        kind, advice = StoreUnavailableError, "the connection cannot be used (any more); open the store again"
    return kind(f"{path}: {error}: {advice}")

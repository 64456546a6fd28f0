"""The SQLite store: the standard library's driver, write-ahead log, one short transaction for each governed step."""

from signoff.store.sqlite.joined import JoinedSqliteStore
from signoff.store.sqlite.sources import SqliteSource
from signoff.store.sqlite.store import SqliteStore

__all__ = ["JoinedSqliteStore", "SqliteSource", "SqliteStore"]

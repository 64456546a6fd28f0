"""The SQLite store: the standard library's driver, write-ahead log, one short transaction for each governed step."""

from placet.store.sqlite.joined import JoinedSqliteStore
from placet.store.sqlite.sources import SqliteSource
from placet.store.sqlite.store import SqliteStore

__all__ = ["JoinedSqliteStore", "SqliteSource", "SqliteStore"]

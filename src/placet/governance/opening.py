"""The composition root: the one place that knows which stores there are."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from placet.errors import ConfigurationError
from placet.store.memory import MemoryStore
from placet.store.port import StateSource, Store
from placet.store.sqlite import JoinedSqliteStore, SqliteStore

SQLITE = "sqlite:///"
MEMORY = "memory:"


def open_store(url: str | Path | Store, sources: Sequence[StateSource[Any]]) -> Store:
    """Open the store a URL stands for, or take one as it is.

    Args:
        url: `sqlite:///path`, `sqlite:////absolute/path`, `sqlite:///:memory:`, `memory:`, or a store.
        sources: tables of the user's own to govern.

    Raises:
        ConfigurationError: no store is reached by this URL, or it cannot have sources.
    """
    if isinstance(url, Path):
        return SqliteStore(url, sources=sources)
    if not isinstance(url, str):
        if not hasattr(url, "unit"):
            raise ConfigurationError(f"{url!r} is no store; use sqlite:///path, a Path, or memory:")
        if sources:
            raise ConfigurationError("sources= goes with a URL; give a store its sources when you make it")
        return url
    if url == MEMORY:
        if sources:
            raise ConfigurationError("the memory store has no tables to govern; use sqlite:///path")
        return MemoryStore()
    if not url.startswith(SQLITE) or url == SQLITE:
        raise ConfigurationError(f"no store is reached by {url!r}; use sqlite:///path, sqlite:///:memory: or memory:")
    path, _, query = url.removeprefix(SQLITE).partition("?")
    return SqliteStore(path, sources=sources, **_options(url, query))


def _options(url: str, query: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if (name, value) == ("mode", "ro"):
            options["read_only"] = True
        elif name == "timeout" and value.replace(".", "", 1).isdigit():
            options["timeout"] = float(value)
        else:
            raise ConfigurationError(f"{url!r}: unknown option {name}={value}; there are mode=ro and timeout=SECONDS")
    return options


def join_store(store: Store, connection: object, sources: Sequence[StateSource[Any]]) -> Store:
    """Give a store that works inside the caller's open transaction.

    Raises:
        ConfigurationError: this is no connection that placet knows, or it leads to another database.
    """
    if not isinstance(connection, sqlite3.Connection):
        raise ConfigurationError(f"{connection!r} is no sqlite3.Connection")
    if isinstance(store, SqliteStore) and not store.keeps(connection):
        raise ConfigurationError(f"this connection leads to another database than {store!r}; open one to the same file")
    return JoinedSqliteStore(connection, sources=sources)

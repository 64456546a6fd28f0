"""The composition root: the one place that knows which stores there are."""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from placet.errors import ConfigurationError
from placet.model.answers import attribute, checked_function
from placet.model.names import described, listed, shown
from placet.model.state import State
from placet.store.memory import MemoryStore
from placet.store.port import StateSource, Store
from placet.store.sqlite import JoinedSqliteStore, SqliteStore

_SECONDS = re.compile(r"[0-9]{1,5}(\.[0-9]{1,9})?")

SQLITE = "sqlite:///"
MEMORY = "memory:"


def checked_sources(sources: Iterable[StateSource[Any]]) -> tuple[StateSource[Any], ...]:
    """Return the sources as a tuple.

    Raises:
        ConfigurationError: they are no collection, or one of them is no source.
    """
    checked = listed("sources", sources)
    for source in checked:
        name = type(source).__name__
        try:
            prefix, state_type, methods = source.prefix, source.state_type, (source.load, source.save)
        except Exception as error:
            raise ConfigurationError(f"sources= holds a {name}, which is no StateSource: {described(error)}") from error
        if isinstance(source, type) or not isinstance(prefix, str):
            raise ConfigurationError(f"sources= holds a {name} without a prefix; pass an instance with one, as 'user:'")
        if not isinstance(state_type, type) or not issubclass(state_type, State):
            raise ConfigurationError(f"the state_type of a {name} is no State class")
        for method in methods:
            checked_function(f"load or save of a {name}", method)
    return checked


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
        if isinstance(url, type) or not all(callable(attribute(url, each)) for each in ("unit", "view", "close")):
            raise ConfigurationError(f"a {type(url).__name__} is no store; use sqlite:///path, a Path, or memory:")
        if sources:
            raise ConfigurationError("sources= goes with a URL; give a store its sources when you make it")
        return url
    if url == MEMORY:
        if sources:
            raise ConfigurationError("the memory store has no tables to govern; use sqlite:///path")
        return MemoryStore()
    if not url.startswith(SQLITE) or url == SQLITE:
        raise ConfigurationError(f"no store is reached by {shown(url)}; use sqlite:///path, a Path or memory:")
    path, _, query = url.removeprefix(SQLITE).partition("?")
    return SqliteStore(path, sources=sources, **_options(url, query))


def _options(url: str, query: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if (name, value) == ("mode", "ro"):
            options["read_only"] = True
        elif name == "timeout" and _SECONDS.fullmatch(value):
            options["timeout"] = float(value)
        else:
            unknown = f"{shown(url)}: unknown option {shown(name)}={shown(value)}"
            raise ConfigurationError(f"{unknown}; there are mode=ro and timeout=SECONDS, at most 99999")
    return options


def join_store(store: Store, connection: object, sources: Sequence[StateSource[Any]]) -> Store:
    """Give a store that works inside the caller's open transaction.

    Raises:
        ConfigurationError: this is no connection that placet knows, or it leads to another database.
    """
    if not isinstance(connection, sqlite3.Connection):
        raise ConfigurationError(f"a {type(connection).__name__} is no sqlite3.Connection")
    if isinstance(store, SqliteStore) and not store.keeps(connection):
        raise ConfigurationError(f"this connection leads to another database than {store!r}; open one to the same file")
    return JoinedSqliteStore(connection, sources=sources)

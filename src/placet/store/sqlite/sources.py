"""Tables of the user's own: what their adapter gives and does, held to its contract."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, TypeVar

from pydantic import ValidationError

from placet.errors import (
    ConfigurationError,
    InputError,
    IntegrityError,
    NotCanonicalError,
    PlacetError,
    UserCodeError,
    VersionConflictError,
)
from placet.model.canonical import Json, canonical, complaint, digest, parse
from placet.model.names import shown
from placet.model.state import StoredState, state_body
from placet.store.port import StateSource
from placet.store.sqlite.errors import translated
from placet.store.sqlite.lent import LentConnection

SqliteSource = StateSource[sqlite3.Connection]
"""A table of the user's own, in the same database."""

T = TypeVar("T")

_LEAVE_OUT = "leave out commit(), rollback() and `with connection`: placet commits"


def checked_sources(sources: Sequence[SqliteSource]) -> tuple[SqliteSource, ...]:
    """See to it that every state id belongs to one source at most.

    Raises:
        ConfigurationError: a prefix is empty, or begins another's.
    """
    checked = tuple(sources)
    for number, source in enumerate(checked):
        if not source.prefix:
            raise ConfigurationError(f"{source!r} has no prefix: every state id would be its; set one, as in 'user:'")
        for other in checked[:number]:
            if source.prefix.startswith(other.prefix) or other.prefix.startswith(source.prefix):
                raise ConfigurationError(
                    f"{source!r} and {other!r} both want state ids that begin with {source.prefix!r}; change a prefix"
                )
    return checked


def source_of(sources: Sequence[SqliteSource], state_id: str) -> SqliteSource | None:
    """Give the source that keeps a state, or None if placet's own table does."""
    return next((each for each in sources if state_id.startswith(each.prefix)), None)


def load(source: SqliteSource, connection: sqlite3.Connection, state_id: str) -> StoredState | None:
    """Give a row as a state, in the one form its class writes (SQLite has no booleans, and no moments).

    Raises:
        IntegrityError: the row is not what its class accepts.
        UserCodeError: the adapter broke its contract.
    """
    key = state_id.removeprefix(source.prefix)
    loaded = _asked(source, connection, lambda: source.load(connection, key))
    if loaded is None:
        return None
    version, fields = _checked(source, loaded, state_id)
    try:
        body = state_body(source.state_type.model_validate_json(canonical(fields, state_id)))
    except NotCanonicalError as error:
        raise UserCodeError(f"{source!r} loaded {key!r} with what is not JSON: {error}") from error
    except ValidationError as error:
        rule = f"{source.state_type.__name__} does not accept it at {complaint(error)}"
        raise IntegrityError(type(source).__name__, state_id, rule) from error
    return StoredState(state_id, source.state_type.type_name, version, body, digest(body), foreign=True)


def save(source: SqliteSource, connection: sqlite3.Connection, state: StoredState, expected: int) -> None:
    """Write a row by compare-and-set, and see to it that it reads back as what was written.

    Raises:
        InputError: the state is new; rows of the user's own are the user's to insert.
        VersionConflictError: the row has another version by now.
        UserCodeError: the adapter broke its contract.
    """
    if expected == 0:
        raise InputError(f"state {state.state_id!r} is a row of your own table: insert it there, at version 1")
    key, fields = state.state_id.removeprefix(source.prefix), parse(state.body)
    saved = _asked(
        source,
        connection,
        lambda: source.save(connection, key, fields, expected=expected, version=state.version),
    )
    if not isinstance(saved, bool):
        raise UserCodeError(
            f"{source!r} answered {shown(saved)} to save: return True if the row had version {expected}"
        )
    if not saved:
        raise VersionConflictError(state.state_id, expected)
    try:
        kept = load(source, connection, state.state_id)
    except IntegrityError as error:
        raise UserCodeError(f"{source!r} saved {key!r} and cannot load it: {error.rule}") from error
    if kept is None or (kept.version, kept.hash) != (state.version, state.hash):
        raise UserCodeError(f"{source!r} saved {key!r} but loads something else: make save keep every field")


def _checked(source: SqliteSource, loaded: Any, state_id: str) -> tuple[int, Json]:  # noqa: ANN401 - whatever it loaded
    if not isinstance(loaded, tuple) or len(loaded) != 2:  # noqa: PLR2004 - version and fields
        raise UserCodeError(
            f"{source!r} loaded a {type(loaded).__name__}: return (version, fields), or None where there is no row"
        )
    version, fields = loaded
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise UserCodeError(f"{source!r} loaded {state_id!r} at version {shown(version)}: count versions from 1")
    return version, fields


def _asked(source: SqliteSource, connection: sqlite3.Connection, call: Callable[[], T]) -> T:
    """Call the user's adapter, and give what it raises a type.

    A connection of placet's own does not let it end the transaction; on the caller's own it can only be noticed.
    """
    attempts: list[str | None] = []
    guard = connection.lent(attempts) if isinstance(connection, LentConnection) else nullcontext()
    ended = f"{source!r} ended placet's transaction: {_LEAVE_OUT}"
    refused = f"{source!r} tried to end placet's transaction: {_LEAVE_OUT}"
    try:
        with translated(f"{source!r}"):
            begun = connection.in_transaction
            with guard:
                answer = _told(source, call)
            over = begun and not connection.in_transaction
    except PlacetError as error:
        if attempts:
            raise UserCodeError(refused) from error
        raise
    if attempts:
        raise UserCodeError(refused)
    if over:
        raise UserCodeError(ended)
    return answer


def _told(source: SqliteSource, call: Callable[[], T]) -> T:
    """Give what the adapter raises a type, but for what the database has to say of itself."""
    try:
        return call()
    except sqlite3.IntegrityError as error:
        message = f"{source!r} broke a constraint of its table: {error}; nothing was written"
        raise UserCodeError(message) from error
    except (PlacetError, sqlite3.Error):
        raise
    except Exception as error:
        raise UserCodeError(f"{source!r} raised {type(error).__name__}: {error}; nothing was written") from error

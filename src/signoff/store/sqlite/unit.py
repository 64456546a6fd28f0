"""What is read from SQLite, and the one place that writes to it."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from signoff.errors import (
    AlreadyExistsError,
    InputError,
    RevisionConflictError,
    SignoffError,
    StoreError,
    UserCodeError,
    VersionConflictError,
)
from signoff.model.canonical import Link, canonical, digest, parse
from signoff.model.request import MutationRequest
from signoff.model.state import StoredState
from signoff.model.trail import Ledger
from signoff.model.writes import Writes
from signoff.store.port import Filter, Position, StateSource
from signoff.store.rows import from_row, to_key, to_link, to_row, to_state
from signoff.store.sql import queries
from signoff.store.sqlite.errors import translated

SqliteSource = StateSource[sqlite3.Connection]
"""A table of the user's own, in the same database."""

_ENDLESS: Position = (2**63 - 1, "")
_LEADS = ("due", "state_id", "requester", "status")


class SqliteReader:
    """Reads through one connection, whatever row factory its owner has set."""

    def __init__(self, connection: sqlite3.Connection, sources: Sequence[SqliteSource]) -> None:
        """Read through `connection`; states whose id begins with a source's prefix come from that source."""
        self._connection = connection
        self._cursor = connection.cursor()
        self._cursor.row_factory = None
        self._sources = sources
        self._sql = queries("sqlite")

    def _run(self, name: str, parameters: Any = ()) -> sqlite3.Cursor:  # noqa: ANN401 - the driver's own type
        with translated("the SQLite store"):
            return self._cursor.execute(self._sql[name], parameters)

    def _all(self, name: str, parameters: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - the driver's own type
        with translated("the SQLite store"):
            return self._run(name, parameters).fetchall()

    def _one(self, name: str, parameters: Any) -> tuple[Any, ...] | None:  # noqa: ANN401 - the driver's own type
        rows = self._all(name, parameters)
        return rows[0] if rows else None

    def request(self, request_id: str) -> MutationRequest | None:
        """Give a request, or None."""
        row = self._one("request", {"id": request_id})
        return None if row is None else from_row(row)

    def request_by_key(self, idempotency_key: str) -> MutationRequest | None:
        """Give the request that has an idempotency key, or None."""
        row = self._one("request_by_key", {"key": idempotency_key})
        return None if row is None else from_row(row)

    def find(self, wanted: Filter, limit: int, after: Position | None = None) -> Sequence[MutationRequest]:
        """Give requests, newest first, by keyset pagination on the index of the most telling filter."""
        lead = next((name for name in _LEADS if getattr(wanted, name) is not None), "all")
        at, last = after or _ENDLESS
        rows = self._all(
            f"find_by_{lead}",
            {
                "status": wanted.status,
                "state_id": wanted.state_id,
                "requester": wanted.requester,
                "text": wanted.text,
                "due": wanted.due,
                "since": -(2**63) if wanted.since is None else wanted.since,
                "until": 2**63 - 1 if wanted.until is None else wanted.until,
                "at": at,
                "id": last,
                "limit": limit,
            },
        )
        return [from_row(row) for row in rows]

    def state(self, state_id: str) -> StoredState | None:
        """Give a state as it is now, from signoff's table or from a source."""
        source = self._source(state_id)
        if source is not None:
            return self._sourced(source, state_id)
        row = self._one("state", {"state_id": state_id})
        return None if row is None else to_state(row)

    def _source(self, state_id: str) -> SqliteSource | None:
        return next((each for each in self._sources if state_id.startswith(each.prefix)), None)

    def _sourced(self, source: SqliteSource, state_id: str) -> StoredState | None:
        loaded = _asked(source, lambda: source.load(self._connection, state_id.removeprefix(source.prefix)))
        if loaded is None:
            return None
        version, fields = loaded
        body = canonical(fields, state_id)
        return StoredState(state_id, source.state_type.type_name, version, body, digest(body), foreign=True)

    def links(self, ledger: Ledger, owner: str, after: int = 0, limit: int | None = None) -> Sequence[Link]:
        """Give links of a ledger in order, those with a seq beyond `after`."""
        rows = self._all(f"links_{ledger}", {"owner": owner, "after": after, "limit": -1 if limit is None else limit})
        return [to_link(ledger, row) for row in rows]

    def last_link(self, ledger: Ledger, owner: str) -> Link | None:
        """Give the last link of a ledger, or None."""
        row = self._one(f"last_link_{ledger}", {"owner": owner})
        return None if row is None else to_link(ledger, row)

    def keys(self, table: str, after: str, limit: int) -> Sequence[str]:
        """Give ids of states or requests, or owners of a ledger, in order, those beyond `after`."""
        return [to_key(table, row) for row in self._all(f"keys_{table}", {"after": after, "limit": limit})]


class SqliteUnit(SqliteReader):
    """Reads and writes inside one transaction."""

    def write(self, writes: Writes) -> None:
        """Write one governed step, all of it or nothing."""
        self._savepoint("SAVEPOINT signoff_write")
        try:
            self._write_request(writes)
            self._write_state(writes)
            self._append(Ledger.DECISIONS, writes.decisions)
            self._append(Ledger.AUDIT, writes.audit)
            self._append(Ledger.HISTORY, writes.history)
        except BaseException:
            if self._connection.in_transaction:
                self._savepoint("ROLLBACK TO signoff_write")
            raise
        self._savepoint("RELEASE signoff_write")

    def _savepoint(self, statement: str) -> None:
        with translated("the SQLite store"):
            self._cursor.execute(statement)

    def _write_request(self, writes: Writes) -> None:
        request = writes.request
        if request is None:
            return
        row = to_row(request)
        if writes.revision == 0:
            try:
                with translated("the SQLite store"):
                    self._cursor.execute(self._sql["insert_request"], tuple(row.values()))
            except StoreError as error:
                if _taken(error):
                    raise AlreadyExistsError(f"request id {request.id!r} or its idempotency key is taken") from error
                raise
        elif self._run("update_request", row | {"read_revision": writes.revision}).rowcount != 1:
            raise RevisionConflictError(request.id, writes.revision)
        if writes.new_terms:
            self._run("insert_terms", (request.id, request.terms_number, request.terms_json.decode()))

    def _write_state(self, writes: Writes) -> None:
        state = writes.state
        if state is None:
            return
        source = self._source(state.state_id)
        if source is not None:
            self._save_to(source, state, writes.version)
        elif writes.version == 0:
            self._insert_state(state)
        elif (
            self._run(
                "update_state",
                {
                    "version": state.version,
                    "body": state.body.decode(),
                    "hash": state.hash,
                    "state_id": state.state_id,
                    "read_version": writes.version,
                },
            ).rowcount
            != 1
        ):
            raise VersionConflictError(state.state_id, writes.version)

    def _insert_state(self, state: StoredState) -> None:
        if self.state(state.state_id) is not None:
            raise AlreadyExistsError(f"there is a state {state.state_id!r} already; submit a mutation to change it")
        self._run("insert_state", (state.state_id, state.state_type, state.version, state.body.decode(), state.hash))

    def _save_to(self, source: SqliteSource, state: StoredState, expected: int) -> None:
        if expected == 0:
            raise InputError(f"state {state.state_id!r} is a row of your own table: insert it there")
        key, fields = state.state_id.removeprefix(source.prefix), parse(state.body)
        saved = _asked(
            source,
            lambda: source.save(self._connection, key, fields, expected=expected, version=state.version),
        )
        if saved is not True:
            raise VersionConflictError(state.state_id, expected)
        kept = self._sourced(source, state.state_id)
        if kept is None or (kept.version, kept.hash) != (state.version, state.hash):
            raise UserCodeError(f"{source!r} saved {key!r} but loads something else: make save keep every field")

    def _append(self, ledger: Ledger, links: Sequence[Link]) -> None:
        rows = [(link.owner, link.seq, link.body.decode(), link.hash) for link in links]
        try:
            with translated("the SQLite store"):
                self._cursor.executemany(self._sql[f"append_{ledger}"], rows)
        except StoreError as error:
            if _taken(error):
                raise RevisionConflictError(links[0].owner, links[0].seq - 1) from error
            raise


def _taken(error: StoreError) -> bool:
    """Whether the driver refused because a unique key is there already."""
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return code in {sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE}


T = TypeVar("T")


def _asked(source: SqliteSource, call: Callable[[], T]) -> T:
    """Call the user's adapter, and give what it raises a type."""
    try:
        with translated(f"{source!r}"):
            return call()
    except SignoffError:
        raise
    except Exception as error:
        raise UserCodeError(f"{source!r} raised {type(error).__name__}: {error}; nothing was written") from error

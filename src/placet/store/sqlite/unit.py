"""What is read from SQLite, and the one place that writes to it."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from placet.errors import (
    AlreadyExistsError,
    IntegrityError,
    OpenReviewError,
    RevisionConflictError,
    StoreError,
    VersionConflictError,
)
from placet.model.canonical import Link
from placet.model.request import MutationRequest
from placet.model.state import StoredState
from placet.model.trail import Ledger
from placet.model.writes import Writes
from placet.store.port import REQUESTS, STATES, TAKEN, TERMS, Filter, Position
from placet.store.rows import from_row, to_key, to_link, to_row, to_state, to_terms
from placet.store.sql import queries
from placet.store.sqlite.errors import UNDECODABLE, translated
from placet.store.sqlite.lent import Budget, LentConnection
from placet.store.sqlite.sources import SqliteSource, load, save, source_of

_FIRST, _LAST = -(2**63), 2**63 - 1
"""The smallest and the largest whole number that SQLite holds."""

_LEADS = ("review", "state_id", "requester", "status")


class SqliteReader:
    """Reads through one connection, whatever row factory its owner has set."""

    def __init__(self, connection: sqlite3.Connection, sources: Sequence[SqliteSource]) -> None:
        """Read through `connection`; states whose id begins with a source's prefix come from that source."""
        self._connection = connection
        with translated("the SQLite store"):
            self._cursor = connection.cursor()
        self._cursor.row_factory = None
        self._budget = connection.budget if isinstance(connection, LentConnection) else Budget()
        self._sources = sources
        self._sql = queries("sqlite")

    def _run(self, name: str, parameters: Any = ()) -> sqlite3.Cursor:  # noqa: ANN401 - the driver's own type
        self._budget.spent = 0
        with translated("the SQLite store"):
            return self._cursor.execute(self._sql[name], parameters)

    def _all(self, name: str, parameters: dict[str, Any], table: str, row: str = "") -> list[tuple[Any, ...]]:
        """Return every row.

        Args:
            name: of the query.
            parameters: its parameters.
            table: what errors are about.
            row: which row is wrong if one is; looked up if left out.
        """
        self._budget.spent = 0
        try:
            with translated("the SQLite store"):
                return self._cursor.execute(self._sql[name], parameters).fetchall()
        except StoreError as error:
            if UNDECODABLE not in str(error):
                raise
            named = row or self._undecodable(self._sql[name], parameters)
        raise IntegrityError(table, named, "a column holds text that is not UTF-8")  # without the driver's: it quotes

    def _undecodable(self, statement: str, parameters: dict[str, Any]) -> str:
        """Return the key of the first row that holds text that is not UTF-8."""
        kept = self._connection.text_factory
        self._connection.text_factory = bytes
        try:
            with translated("the SQLite store"):
                for key, *others in self._cursor.execute(statement, parameters):
                    if not all(_decodes(value) for value in (key, *others)):
                        return str(key, errors="backslashreplace") if isinstance(key, bytes) else str(key)
        finally:
            self._connection.text_factory = kept
        return "(gone meanwhile)"

    def _one(self, name: str, parameters: dict[str, Any], table: str, row: str) -> tuple[Any, ...] | None:
        rows = self._all(name, parameters, table, row)
        return rows[0] if rows else None

    def request(self, request_id: str) -> MutationRequest | None:
        """Give a request, or None."""
        row = self._one("request", {"id": request_id}, REQUESTS, request_id)
        return None if row is None else from_row(row)

    def request_by_key(self, idempotency_key: str) -> MutationRequest | None:
        """Give the request that has an idempotency key, or None."""
        row = self._one("request_by_key", {"key": idempotency_key}, REQUESTS, f"with key {idempotency_key}")
        return None if row is None else from_row(row)

    def find(self, wanted: Filter, limit: int, after: Position | None = None) -> Sequence[MutationRequest]:
        """Give requests, newest first, by keyset pagination on the index of the most telling filter.

        The end of a period and the position of a page are one upper bound to the index: of two, SQLite may pick the
        wider one and walk over every earlier page.
        """
        lead = next((name for name in _LEADS if getattr(wanted, name) is not None), "all")
        bounds = [] if after is None else [after]
        if wanted.until is not None:
            bounds.append((wanted.until, ""))
        at, last = min(bounds, default=(_LAST, ""))
        parameters = {
            "status": wanted.status,
            "state_id": wanted.state_id,
            "requester": wanted.requester,
            "text": wanted.text,
            "review": wanted.review,
            "emergency_by": wanted.emergency_by,
            "since": _FIRST if wanted.since is None else _fitting(wanted.since),
            "at": _fitting(at),
            "id": last,
            "limit": limit,
        }
        return [from_row(row) for row in self._all(f"find_by_{lead}", parameters, REQUESTS)]

    def due(self, until: int, limit: int, after: Position | None = None) -> Sequence[MutationRequest]:
        """Return the open requests that expire at or before a moment, the earliest first."""
        at, last = after or (_FIRST, "")
        wanted = {"until": _fitting(until), "at": _fitting(at), "id": last, "limit": limit}
        return [from_row(row) for row in self._all("due", wanted, REQUESTS, "on this page")]

    def state(self, state_id: str) -> StoredState | None:
        """Give a state as it is now, from placet's table or from a source."""
        source = source_of(self._sources, state_id)
        if source is not None:
            return load(source, self._connection, state_id)
        row = self._one("state", {"state_id": state_id}, STATES, state_id)
        return None if row is None else to_state(row)

    def links(self, ledger: Ledger, owner: str, after: int = 0, limit: int | None = None) -> Sequence[Link]:
        """Give links of a ledger in order, those with a seq beyond `after`."""
        wanted = {"owner": owner, "after": _fitting(after), "limit": -1 if limit is None else limit}
        return [to_link(ledger, row) for row in self._all(f"links_{ledger}", wanted, ledger, owner)]

    def last_link(self, ledger: Ledger, owner: str) -> Link | None:
        """Give the last link of a ledger, or None."""
        row = self._one(f"last_link_{ledger}", {"owner": owner}, ledger, owner)
        return None if row is None else to_link(ledger, row)

    def terms(self, request_id: str) -> Sequence[bytes]:
        """Give the canonical JSON of all terms a request ever had, in order of their number."""
        return [to_terms(row) for row in self._all("terms_of", {"id": request_id}, TERMS, request_id)]

    def keys(self, table: str, after: str, limit: int) -> Sequence[str]:
        """Give ids of states or requests, or owners of terms or of a ledger, in order, those beyond `after`."""
        rows = self._all(f"keys_{table}", {"after": after, "limit": limit}, table, f"after {after!r}")
        return [to_key(table, row) for row in rows]


class SqliteUnit(SqliteReader):
    """Reads and writes inside one transaction."""

    def write(self, writes: Writes) -> None:
        """Write one governed step, all of it or nothing."""
        if not self._in_transaction():  # a savepoint would begin one of its own, and be durable at once
            raise StoreError("the transaction was ended before this step was written; nothing was written, call again")
        self._savepoint("SAVEPOINT placet_write")
        try:
            self._write_request(writes)
            self._write_state(writes)
            self._append(Ledger.DECISIONS, writes.decisions)
            self._append(Ledger.AUDIT, writes.audit)
            self._append(Ledger.HISTORY, writes.history)
        except BaseException:
            if self._in_transaction():
                self._savepoint("ROLLBACK TO placet_write")
                self._savepoint("RELEASE placet_write")
            raise
        self._savepoint("RELEASE placet_write")

    def _in_transaction(self) -> bool:
        """Whether the transaction goes on: the user's code may have ended it, and so may SQLite, on a grave error."""
        with translated("the SQLite store"):
            return self._connection.in_transaction

    def _savepoint(self, statement: str) -> None:
        with translated("the SQLite store"):
            self._cursor.execute(statement)

    def _write_request(self, writes: Writes) -> None:
        request = writes.request
        if request is None:
            return
        row = to_row(request)
        if writes.revision == 0:
            self._insert_request(request, tuple(row.values()))
        elif self._update_request(request, row | {"read_revision": writes.revision}) != 1:
            raise RevisionConflictError(request.id, writes.revision)
        if writes.new_terms:
            if writes.revision:  # apart from the rest, since its index costs each move of any request otherwise
                self._run("update_requester", {"id": request.id, "requester": request.filed.requester})
            self._insert_terms(request)

    def _update_request(self, request: MutationRequest, row: dict[str, Any]) -> int:
        try:
            return self._run("update_request", row).rowcount
        except StoreError as error:
            if _constraint(error) == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                raise OpenReviewError(str(request.emergency_by)) from error
            raise

    def _insert(self, name: str, values: Sequence[Any], table: str, row: str) -> None:
        """Insert a row, and see to it that it is there: a trigger can drop it without a word."""
        if self._run(name, values).rowcount != 1:
            raise IntegrityError(table, row, "it was not written: a trigger that is not placet's keeps it out")

    def _insert_terms(self, request: MutationRequest) -> None:
        row = f"{request.id}#{request.terms_number}"
        try:
            values = (request.id, request.terms_number, request.terms_json.decode())
            self._insert("insert_terms", values, TERMS, row)
        except StoreError as error:
            if _constraint(error) == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
                raise IntegrityError(TERMS, row, TAKEN) from error
            raise

    def _insert_request(self, request: MutationRequest, row: tuple[Any, ...]) -> None:
        try:
            self._insert("insert_request", row, REQUESTS, request.id)
        except StoreError as error:
            match _constraint(error):
                case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
                    message = f"there is a request {request.id!r} already; leave request_id= out to get a new one"
                case sqlite3.SQLITE_CONSTRAINT_UNIQUE if "emergency_by" in str(error):
                    raise OpenReviewError(str(request.emergency_by)) from error
                case sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                    message = f"idempotency key {request.idempotency_key!r} is taken"
                case _:
                    raise
            raise AlreadyExistsError(message) from error

    def _write_state(self, writes: Writes) -> None:
        state = writes.state
        if state is None:
            return
        source = source_of(self._sources, state.state_id)
        if source is not None:
            save(source, self._connection, state, writes.version)
        elif writes.version == 0:
            self._insert_state(state)
        else:
            row = {
                "version": state.version,
                "body": state.body.decode(),
                "hash": state.hash,
                "state_id": state.state_id,
                "read_version": writes.version,
            }
            if self._run("update_state", row).rowcount != 1:
                raise VersionConflictError(state.state_id, writes.version)

    def _insert_state(self, state: StoredState) -> None:
        row = (state.state_id, state.state_type, state.version, state.body.decode(), state.hash)
        try:
            self._insert("insert_state", row, STATES, state.state_id)
        except StoreError as error:
            if _constraint(error) != sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
                raise
            message = f"there is a state {state.state_id!r} already; submit a mutation to change it"
            raise AlreadyExistsError(message) from error

    def _append(self, ledger: Ledger, links: Sequence[Link]) -> None:
        for link in links:
            row = f"{link.owner}#{link.seq}"
            try:
                self._insert(f"append_{ledger}", (link.owner, link.seq, link.body.decode(), link.hash), ledger, row)
            except StoreError as error:
                if _constraint(error) == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
                    raise IntegrityError(ledger, row, TAKEN) from error
                raise


def _decodes(value: object) -> bool:
    try:
        if isinstance(value, bytes):
            value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _fitting(micros: int) -> int:
    return min(max(micros, _FIRST), _LAST)


def _constraint(error: StoreError) -> int | None:
    """Which constraint the driver says was broken, if it was one."""
    return getattr(error.__cause__, "sqlite_errorcode", None)

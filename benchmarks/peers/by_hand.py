"""The floor: the same rows that placet writes, by hand, in plain `sqlite3`; and one bare insert, the unit.

The floor writes every row and column as placet does, with its JSON, seals and chained hashes, so that `verify()` of
placet passes afterwards. It leaves out what makes them worth something: it checks no chain, digest or seal of what it
reads, asks no policy, no directory, no requirement and no deadline, has no table of what may follow what, knows one
strategy and one mutation, and has no errors to tell apart. What is prepared for it, placet prepares.
"""

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks.peers import facts
from benchmarks.peers.governed import approved, opened, verified
from benchmarks.peers.peer import GOVERNED, Tally, connected, durability_of
from placet.store.sqlite import SqliteStore

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_READ: Final = """
SELECT r.id, r.revision, r.status, r.digest, r.terms_number, r.attempts, r.failures, r.audits, r.audit_head,
       r.validated_version, r.resolved_version, r.resulting_version, r.execution_id, r.held, r.successor,
       r.emergency_by, r.review, r.idempotency_key, r.asked, r.correlation_id, r.metadata, r.created_at, r.updated_at,
       r.state_id, r.requester, r.expires_at, r.search, r.head, t.body, s.version, s.body, s.hash, s.state_type, h.hash
FROM placet_requests r
JOIN placet_terms t ON t.request_id = r.id AND t.number = r.terms_number
JOIN placet_states s ON s.state_id = r.state_id
JOIN placet_history h ON h.state_id = s.state_id AND h.version = s.version
WHERE r.id = ?
"""
"""The columns that a seal covers, in its order, then what else is needed: one row for it all."""

_SEALED: Final = 27
_REVISION, _STATUS, _DIGEST, _ATTEMPTS, _AUDITS, _AUDIT_HEAD = 1, 2, 3, 5, 7, 8
_RESOLVED, _RESULTING, _EXECUTION, _UPDATED = 10, 11, 12, 22
_MOVED: Final = (_REVISION, _UPDATED, _ATTEMPTS, _AUDITS, _AUDIT_HEAD, _RESOLVED, _RESULTING, _EXECUTION)

_UPDATE_REQUEST: Final = """
UPDATE placet_requests
SET status = 'executed', head = ?, revision = ?, updated_at = ?, attempts = ?, audits = ?, audit_head = ?,
    resolved_version = ?, resulting_version = ?, execution_id = ?
WHERE id = ? AND revision = ?
"""
_UPDATE_STATE: Final = "UPDATE placet_states SET version = ?, body = ?, hash = ? WHERE state_id = ? AND version = ?"
_ADD_DECISION: Final = "INSERT INTO placet_decisions (request_id, seq, body, hash) VALUES (?, ?, ?, ?)"
_ADD_AUDIT: Final = "INSERT INTO placet_audit (request_id, seq, body, hash) VALUES (?, ?, ?, ?)"
_ADD_HISTORY: Final = "INSERT INTO placet_history (state_id, version, body, hash) VALUES (?, ?, ?, ?)"


class HandWritten:
    """The same rows, and nothing else."""

    one = GOVERNED

    def __init__(self, folder: Path) -> None:
        self._path = folder / "floor.db"
        self._gov = opened(SqliteStore(self._path))
        self._connection = connected(self._path)
        self._ready: list[str] = []

    def prepare(self, count: int) -> None:
        """Let placet submit and approve."""
        self._ready += [request.id for request in approved(self._gov, count)]

    def run(self) -> None:
        """Execute them by hand."""
        for request_id in self._ready:
            self._connection.execute("BEGIN IMMEDIATE")
            execute(self._connection, request_id)
            self._connection.execute("COMMIT")
        self._ready.clear()

    def tally(self) -> Tally:
        """Let placet verify and count."""
        return verified(self._gov)

    def durability(self) -> Iterable[tuple[str, int]]:
        """Ask the connection that writes."""
        return [durability_of(self._connection)]

    def close(self) -> None:
        """Close both."""
        self._connection.close()
        self._gov.close()


def execute(connection: sqlite3.Connection, request_id: str) -> None:
    """Write what one execution leaves, in the open transaction."""
    row = list(connection.execute(_READ, (request_id,)).fetchone())
    columns, (head, terms_body, version, body, *hashes) = row[:_SEALED], row[_SEALED:]
    terms = orjson.loads(terms_body)
    attempt = facts.Attempt(request_id, terms["state_id"], columns[_REVISION], version)
    attempt.demand(terms["expected_version"])
    _demand(columns[_STATUS] == "approved")

    columns[_ATTEMPTS] += 1
    columns[_EXECUTION] = attempt.execution_id
    resolved = _decided(attempt.resolved(_move(columns, "resolving")), columns, head)

    begun = time.perf_counter_ns()
    after, changes = facts.merged(orjson.loads(body), orjson.loads(terms["payload"]))
    _demand(changes == terms["effect"])
    after_body = facts.dump(after)
    after_hash = sha256(after_body.encode()).hexdigest()
    spent = (time.perf_counter_ns() - begun) // 1000

    columns[_RESOLVED], columns[_RESULTING] = version, version + 1
    at = _move(columns, "executed")
    audit = _link(attempt.audited(at, changes, spent), columns[_AUDIT_HEAD])
    columns[_AUDITS] += 1
    columns[_AUDIT_HEAD] = audit[1]
    decision = attempt.executed(at)
    decision["metadata"]["state_hash"] = after_hash
    executed = _decided(decision, columns, resolved[1])
    entry = _entered(attempt.entered(at, changes), after_hash, *hashes)

    state = (version + 1, after_body, after_hash, attempt.state_id, version)
    _demand(connection.execute(_UPDATE_STATE, state).rowcount == 1)
    moved = [columns[each] for each in _MOVED]
    request = (executed[1], *moved, request_id, attempt.revision)
    _demand(connection.execute(_UPDATE_REQUEST, request).rowcount == 1)
    decisions = [(request_id, attempt.revision + 1, *resolved), (request_id, attempt.revision + 2, *executed)]
    connection.executemany(_ADD_DECISION, decisions)
    connection.execute(_ADD_AUDIT, (request_id, columns[_AUDITS], *audit))
    connection.execute(_ADD_HISTORY, (attempt.state_id, version + 1, *entry))


def _decided(decision: facts.Facts, columns: list[Any], head: str) -> tuple[str, str]:
    return _link(decision | {"digest": columns[_DIGEST], "seal": _seal(columns)}, head)


def _entered(entry: facts.Facts, after: str, before: str, state_type: str, head: str) -> tuple[str, str]:
    return _link(entry | {"before_hash": before, "after_hash": after, "state_type": state_type}, head)


def _demand(holds: bool) -> None:  # noqa: FBT001 - the condition itself
    if not holds:
        raise facts.StaleError("the request or its state is not what was approved")


def _move(columns: list[Any], status: str) -> str:
    at = datetime.now(UTC)
    columns[_STATUS] = status
    columns[_REVISION] += 1
    columns[_UPDATED] = (at - _EPOCH) // timedelta(microseconds=1)
    return facts.stamp(at)


def _seal(columns: list[Any]) -> str:
    return sha256(orjson.dumps(columns)).hexdigest()


def _link(record: facts.Facts, previous: str) -> tuple[str, str]:
    body = facts.dump(record)
    return body, sha256((previous + body).encode()).hexdigest()


class BareInsert:
    """One durable INSERT and COMMIT: what the disk asks for being told anything at all."""

    one = Tally(inserted=1)

    def __init__(self, folder: Path) -> None:
        self._path = folder / "bare.db"
        self._connection = connected(self._path)
        self._connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
        self._count = 0

    def prepare(self, count: int) -> None:
        """Remember how many."""
        self._count += count

    def run(self) -> None:
        """Insert them."""
        for _ in range(self._count):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("INSERT INTO bare (body) VALUES ('executed')")
            self._connection.execute("COMMIT")
        self._count = 0

    def tally(self) -> Tally:
        """Count the rows."""
        with closing(sqlite3.connect(self._path)) as connection:
            return Tally(inserted=connection.execute("SELECT count(*) FROM bare").fetchone()[0])

    def durability(self) -> Iterable[tuple[str, int]]:
        """Ask the connection that writes."""
        return [durability_of(self._connection)]

    def close(self) -> None:
        """Close it."""
        self._connection.close()

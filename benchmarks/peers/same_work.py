"""The tables that peers with SQL of their own share: how they begin, and how what was done is counted."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from benchmarks.peers.facts import BEFORE, PAYLOAD, dump, new_id, now
from benchmarks.peers.peer import Tally, connected, counted

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS states (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
    id TEXT PRIMARY KEY, state_id TEXT NOT NULL, status TEXT NOT NULL, revision INTEGER NOT NULL,
    expected_version INTEGER NOT NULL, payload TEXT NOT NULL, resolved_version INTEGER, resulting_version INTEGER,
    execution_id TEXT, updated_at TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS requests_status ON requests (status, id);
CREATE TABLE IF NOT EXISTS decisions (
    request_id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (request_id, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audits (
    request_id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (request_id, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (
    state_id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (state_id, version))
    WITHOUT ROWID;
"""

_COUNTS: Final = (
    """SELECT count(*) FROM requests WHERE status = 'executed' AND revision = 5 AND resolved_version = 1
       AND resulting_version = 2 AND execution_id IS NOT NULL""",
    """SELECT count(*) FROM states WHERE version = 2 AND body = '{"daily":50}'""",
    "SELECT count(*) FROM decisions WHERE seq > 3",
    "SELECT count(*) FROM audits",
    "SELECT count(*) FROM history WHERE version > 1",
)

BEGUN: Final = ("submitted", "voted", "approved")
"""The decisions that every request has before it is executed."""


def seed(path: Path, count: int) -> list[str]:
    """Add so many approved requests, and give their ids."""
    ids = [new_id() for _ in range(count)]
    at = now()
    with closing(connected(path)) as connection:
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN IMMEDIATE")
        _insert(connection, "states", [(f"limits:{each}", 1, dump(BEFORE)) for each in ids])
        _insert(connection, "history", [(f"limits:{each}", 1, dump({"kind": "created", "at": at})) for each in ids])
        requests = [(each, f"limits:{each}", "approved", 3, 1, dump(PAYLOAD), None, None, None, at) for each in ids]
        _insert(connection, "requests", requests)
        decisions = [
            (each, seq, dump({"code": code, "at": at})) for each in ids for seq, code in enumerate(BEGUN, start=1)
        ]
        _insert(connection, "decisions", decisions)
        connection.execute("COMMIT")
    return ids


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    places = ", ".join("?" * len(rows[0]))
    connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - names of our own


def tally(path: Path) -> Tally:
    """Count what executions have left in the file."""
    return counted(path, _COUNTS)

"""The same flow as a DBOS workflow of three steps: resolve, replace, confirm.

DBOS keeps the workflow and the outcome of each step in a system database of its own, here an SQLite file that was put
into WAL before DBOS opened it (left to itself it would use a rollback journal, which syncs more often). The governed
rows go into a second file by plain `sqlite3`, all of them in one commit, by the second step: the cheapest way there is.
So one execution is several commits in two files, and what makes it happen once is DBOS's replay, not one transaction.
Left out: digests, seals and chained hashes, reading the trail back, policies, requirements and deadlines, strategies
other than reject, typed refusals. Telemetry and conductor stay off. DBOS is one for the process, so this peer must have
a process of its own.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dbos import DBOS

from benchmarks.peers import facts, same_work
from benchmarks.peers.peer import GOVERNED, Tally, connected, durability_of


class DbosWorkflow:
    """A DBOS workflow of three steps."""

    one = GOVERNED

    def __init__(self, folder: Path) -> None:
        self._path, system = folder / "governed.db", folder / "dbos.db"
        connected(system).close()
        config: Any = {
            "name": "peers",
            "system_database_url": f"sqlite:///{system}",
            "log_level": "ERROR",
            "enable_otlp": False,
            "application_version": "1",
            "executor_id": "local",
        }
        self._dbos: Any = DBOS(config=config)
        self._connection = connected(self._path)
        self._workflow = _workflow(self._connection)
        self._ready: list[str] = []
        DBOS.launch()

    def prepare(self, count: int) -> None:
        """Seed the tables."""
        self._ready += same_work.seed(self._path, count)

    def run(self) -> None:
        """Run a workflow for each, and wait for it."""
        for request_id in self._ready:
            if self._workflow(request_id) != "executed":
                raise facts.StaleError(f"{request_id} did not get through")
        self._ready.clear()

    def tally(self) -> Tally:
        """Count the rows."""
        return same_work.tally(self._path)

    def durability(self) -> Iterable[tuple[str, int]]:
        """Ask the connection with the governed rows, and one of DBOS's pool."""
        with self._dbos._sys_db.engine.connect() as pooled:  # noqa: SLF001 - the pool that commits
            return [durability_of(self._connection), durability_of(pooled.connection.driver_connection)]

    def close(self) -> None:
        """End DBOS, and close the file."""
        DBOS.destroy()
        self._connection.close()


def _workflow(connection: sqlite3.Connection) -> Any:
    """Register the workflow and its steps; DBOS runs them in the thread that calls."""

    @DBOS.step()
    def resolve(request_id: str) -> tuple[str, int]:
        expected, version = connection.execute(_RESOLVE, (request_id,)).fetchone()
        if expected != version:
            raise facts.StaleError(f"version {version}, approved for {expected}")
        return facts.new_id(), version

    @DBOS.step()
    def replace(request_id: str, execution_id: str, version: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _write(connection, request_id, execution_id, version)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    @DBOS.step()
    def confirm(request_id: str) -> str:
        (status,) = connection.execute("SELECT status FROM requests WHERE id = ?", (request_id,)).fetchone()
        return str(status)

    @DBOS.workflow()
    def execute(request_id: str) -> str:
        execution_id, version = resolve(request_id)
        replace(request_id, execution_id, version)
        return str(confirm(request_id))

    return execute


_RESOLVE = """
SELECT r.expected_version, s.version FROM requests r JOIN states s ON s.id = r.state_id
WHERE r.id = ? AND r.status = 'approved'
"""
_READ = """
SELECT r.state_id, r.revision, r.payload, s.body FROM requests r JOIN states s ON s.id = r.state_id WHERE r.id = ?
"""
_UPDATE_STATE = "UPDATE states SET version = ?, body = ? WHERE id = ? AND version = ?"
_UPDATE_REQUEST = """
UPDATE requests SET status = 'executed', revision = ?, resolved_version = ?, resulting_version = ?, execution_id = ?,
    updated_at = ? WHERE id = ? AND revision = ? AND status = 'approved'
"""


def _write(connection: sqlite3.Connection, request_id: str, execution_id: str, version: int) -> None:
    state_id, revision, payload, body = connection.execute(_READ, (request_id,)).fetchone()
    after, changes = facts.merged(facts.load(body), facts.load(payload))
    attempt = facts.Attempt(request_id, state_id, revision, version, execution_id)
    at = facts.now()
    first, second = attempt.resolved(at), attempt.executed(at)
    audit, entry = attempt.audited(at, changes), attempt.entered(at, changes)
    state = (version + 1, facts.dump(after), state_id, version)
    request = (revision + 2, version, version + 1, execution_id, at, request_id, revision)
    updated = [connection.execute(_UPDATE_STATE, state).rowcount, connection.execute(_UPDATE_REQUEST, request).rowcount]
    if updated != [1, 1]:
        raise facts.StaleError("somebody was faster")
    decisions = [(request_id, revision + 1, facts.dump(first)), (request_id, revision + 2, facts.dump(second))]
    connection.executemany("INSERT INTO decisions VALUES (?, ?, ?)", decisions)
    connection.execute("INSERT INTO audits VALUES (?, ?, ?)", (request_id, 1, facts.dump(audit)))
    connection.execute("INSERT INTO history VALUES (?, ?, ?)", (state_id, version + 1, facts.dump(entry)))

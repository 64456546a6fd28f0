"""Writes over everything in a file, and computes every hash again: what nobody can find by hashes alone."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from placet.errors import PlacetError
from placet.model.canonical import digest
from placet.model.request import Filed
from placet.model.terms import TERMS
from placet.store.rows import from_row

Tweak = Callable[[str, Any], Any]
"""Takes a table and the body of one of its rows, and gives what is to stand there."""

_FREE_COLUMNS = ("held", "correlation_id", "idempotency_key", "successor", "emergency_by", "execution_id")


def forge(path: Path, tweak: Tweak, columns: Callable[[str, Any], Any] = lambda _, value: value) -> None:
    """Write over every body of a file, and chain and seal all of it anew.

    Args:
        path: the file; nobody has it open.
        tweak: makes what stands in a row.
        columns: makes what stands in a column of a request, given its name.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f'DROP TRIGGER "{name}"')
        file.execute("PRAGMA ignore_check_constraints = ON")
        for (request_id,) in file.execute("SELECT id FROM placet_requests").fetchall():
            _forge_request(file, request_id, tweak, columns)
        for (state_id,) in file.execute("SELECT state_id FROM placet_states").fetchall():
            _chained(file, "placet_history", state_id, lambda body: tweak("history", body))


def _forge_request(file: sqlite3.Connection, key: str, tweak: Tweak, columns: Callable[[str, Any], Any]) -> None:
    digests: dict[str, str] = {}
    body, filed = b"", None
    for number, old in file.execute(
        "SELECT number, body FROM placet_terms WHERE request_id = ? ORDER BY number", (key,)
    ).fetchall():
        body = written(tweak("terms", json.loads(old)))
        digests[digest(old.encode())] = digest(body)
        _set(file, "placet_terms SET body = ? WHERE request_id = ? AND number = ?", body.decode(), key, number)
    with suppress(PlacetError, ValueError, OverflowError):
        filed = Filed.of(TERMS.load(body, key))
    if filed is not None:
        _set(
            file,
            "placet_requests SET state_id = ?, requester = ?, search = ? WHERE id = ?",
            *(filed.state_id, filed.requester, filed.text, key),
        )
    audited = _chained(file, "placet_audit", key, lambda record: tweak("audit", record))
    _set(file, "placet_requests SET audit_head = ?, digest = ? WHERE id = ?", audited, digest(body), key)
    for column in ("status", "metadata", "review", *_FREE_COLUMNS):
        (value,) = file.execute(f"SELECT {column} FROM placet_requests WHERE id = ?", (key,)).fetchone()
        _set(file, f"placet_requests SET {column} = ? WHERE id = ?", columns(column, value), key)
    seal = _seal(file, key)
    last = file.execute("SELECT max(seq) FROM placet_decisions WHERE request_id = ?", (key,)).fetchone()[0]

    def decided(record: Any) -> Any:  # noqa: ANN401 - JSON
        record["digest"] = digests.get(record["digest"], record["digest"])
        if record["seq"] == last and seal:
            record["seal"] = seal
        return tweak("decisions", record)

    head = _chained(file, "placet_decisions", key, decided)
    _set(file, "placet_requests SET head = ? WHERE id = ?", head, key)


def _seal(file: sqlite3.Connection, key: str) -> str:
    row = file.execute("SELECT * FROM placet_files WHERE id = ?", (key,)).fetchone()
    with suppress(PlacetError):
        return from_row(row).seal()
    return ""


def _chained(file: sqlite3.Connection, table: str, key: str, change: Callable[[Any], Any]) -> str:
    """Write over the bodies of a chain, and hash it anew; gives the last hash."""
    head = ""
    owner, seq = ("state_id", "version") if table == "placet_history" else ("request_id", "seq")
    query = f"SELECT {seq}, body FROM {table} WHERE {owner} = ? ORDER BY {seq}"
    for number, old in file.execute(query, (key,)).fetchall():
        body = written(change(json.loads(old)))
        head = digest(body, head)
        _set(file, f"{table} SET body = ?, hash = ? WHERE {owner} = ? AND {seq} = ?", body.decode(), head, key, number)
    return head


def _set(file: sqlite3.Connection, rest: str, *values: object) -> None:
    file.execute(f"UPDATE {rest}", values)


def written(value: object) -> bytes:
    """Write a body."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


FREE = frozenset(
    (
        *("reason", "operation", "description", "detail", "error", "message", "policy", "emergency", "ticket"),
        *("execution_id", "requirements", "reasons", "not_met", "paths", "mutation", "actor"),
    )
)
"""The keys under which any text may stand."""


def everywhere(value: Any, change: Callable[[str], str], keep: frozenset[str], key: str = "") -> Any:  # noqa: ANN401 - JSON
    """Write over every free text in a JSON value, but for some texts."""
    if isinstance(value, dict):
        return {name: everywhere(each, change, keep, name) for name, each in value.items()}
    if isinstance(value, list):
        return [everywhere(each, change, keep, key) for each in value]
    return change(value) if isinstance(value, str) and key in FREE and value not in keep else value

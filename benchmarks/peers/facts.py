"""What one execution puts on record: for every peer the facts that signoff records, its digests and seals left out."""

from datetime import UTC, datetime
from typing import Any, TypeAlias

import orjson
import uuid_utils

Facts: TypeAlias = dict[str, Any]

RUNNER = "runner"
BEFORE, AFTER = {"daily": 10}, {"daily": 50}
PAYLOAD: Facts = {"merge": AFTER}


class StaleError(Exception):
    """The state is not the one the request was approved for."""


def new_id() -> str:
    """Give an id as signoff makes them."""
    return str(uuid_utils.uuid7())


def moment() -> datetime:
    """Say what time it is."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """Write a moment as signoff does."""
    return at.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def dump(facts: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    """Write JSON as signoff does; other ways would only be slower."""
    return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS).decode()


def load(text: str) -> Facts:
    """Read a JSON object."""
    loaded: Facts = orjson.loads(text)
    return loaded


def merged(content: Facts, payload: Facts) -> tuple[Facts, list[Facts]]:
    """Apply a merge patch of plain members, and say what that changes."""
    after = {**content, **payload["merge"]}
    changes = [
        {"path": f"/{key}", "kind": "replaced", "before": content[key], "after": value}
        for key, value in after.items()
        if content[key] != value
    ]
    return after, changes


def resolution(expected: int, current: int) -> Facts:
    """Say what comparing the versions gave."""
    return {
        "expected_version": expected,
        "current_version": current,
        "strategy": "reject",
        "outcome": "unchanged",
        "drift": [],
        "unlisted": 0,
    }


def resolved(request_id: str, seq: int, at: str, execution_id: str, version: int) -> Facts:
    """Give the decision that the version is the approved one."""
    facts = {"execution_id": execution_id, "attempt": 1, **resolution(version, version)}
    return _decision(request_id, seq, at, facts) | {
        "category": "version_resolution",
        "code": "resolved",
        "trigger": "resolve",
        "from_status": "approved",
        "to_status": "resolving",
    }


def executed(request_id: str, seq: int, at: str, execution_id: str, version: int) -> Facts:
    """Give the decision that the change was made."""
    facts = {"execution_id": execution_id, "resolved_version": version, "resulting_version": version + 1}
    return _decision(request_id, seq, at, facts) | {
        "category": "execution",
        "code": "executed",
        "trigger": "execute",
        "from_status": "resolving",
        "to_status": "executed",
    }


def _decision(request_id: str, seq: int, at: str, metadata: Facts) -> Facts:
    who = {"actor": RUNNER, "on_behalf_of": None, "reason": ""}
    return {"request_id": request_id, "seq": seq, "at": at, "metadata": metadata, **who}


def audited(
    request_id: str, at: str, execution_id: str, state_id: str, version: int, changes: list[Facts], duration_us: int = 0
) -> Facts:
    """Give the audit record of the attempt."""
    return {
        "request_id": request_id,
        "seq": 1,
        "at": at,
        "execution_id": execution_id,
        "attempt": 1,
        "actor": RUNNER,
        "outcome": "executed",
        "state_id": state_id,
        "resolution": resolution(version, version),
        "resulting_version": version + 1,
        "answers": [{"policy": "require 1 approval", "verdict": "require", "detail": "1 approval"}],
        "issues": [],
        "changes": changes,
        "error": "",
        "duration_us": duration_us,
    }


def entered(
    state_id: str, version: int, at: str, request_id: str, execution_id: str, changes: list[Facts]
) -> Facts:
    """Give the history entry of a version that was made."""
    return {
        "state_id": state_id,
        "state_type": "Document",
        "version": version,
        "kind": "executed",
        "at": at,
        "actor": RUNNER,
        "changes": changes,
        "request_id": request_id,
        "execution_id": execution_id,
        "mutation": "MergeDocument",
    }

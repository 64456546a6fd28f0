"""What one execution puts on record: for every peer the facts that placet records, its digests and seals left out."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

import orjson
import uuid_utils

Facts: TypeAlias = dict[str, Any]

RUNNER = "runner"
BEFORE: Facts = {"daily": 10}
AFTER: Facts = {"daily": 50}
PAYLOAD: Facts = {"merge": AFTER}


class StaleError(Exception):
    """The state is not the one the request was approved for."""


def new_id() -> str:
    """Give an id as placet makes them."""
    return str(uuid_utils.uuid7())


def now() -> str:
    """Say what time it is, as placet writes it."""
    return stamp(datetime.now(UTC))


def stamp(at: datetime) -> str:
    """Write a moment as placet does."""
    return at.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def dump(facts: Any) -> str:
    """Write JSON as placet does; other ways would only be slower."""
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


@dataclass(frozen=True, slots=True)
class Attempt:
    """One execution, and the records of it.

    Attributes:
        request_id: of which request.
        state_id: of which state.
        revision: how many decisions the request has before it.
        version: the version of the state.
        execution_id: its own id.
    """

    request_id: str
    state_id: str
    revision: int
    version: int
    execution_id: str = field(default_factory=new_id)

    def demand(self, expected: int) -> None:
        """See to it that the version is the approved one.

        Raises:
            StaleError: it is not.
        """
        if expected != self.version:
            raise StaleError(f"version {self.version}, approved for {expected}")

    def resolution(self) -> Facts:
        """Say what comparing the versions gave."""
        return {
            "expected_version": self.version,
            "current_version": self.version,
            "strategy": "reject",
            "outcome": "unchanged",
            "drift": [],
            "unlisted": 0,
        }

    def resolved(self, at: str) -> Facts:
        """Give the decision that the version is the approved one."""
        return self._decision(1, at, {"execution_id": self.execution_id, "attempt": 1, **self.resolution()}) | {
            "category": "version_resolution",
            "code": "resolved",
            "trigger": "resolve",
            "from_status": "approved",
            "to_status": "resolving",
        }

    def executed(self, at: str) -> Facts:
        """Give the decision that the change was made."""
        versions = {"resolved_version": self.version, "resulting_version": self.version + 1}
        return self._decision(2, at, {"execution_id": self.execution_id, **versions}) | {
            "category": "execution",
            "code": "executed",
            "trigger": "execute",
            "from_status": "resolving",
            "to_status": "executed",
        }

    def _decision(self, number: int, at: str, metadata: Facts) -> Facts:
        who: Facts = {"actor": RUNNER, "on_behalf_of": None, "reason": ""}
        who |= {"channel": "library", "authenticated": True, "vouched": False}
        return {"request_id": self.request_id, "seq": self.revision + number, "at": at, "metadata": metadata, **who}

    def audited(self, at: str, changes: list[Facts], duration_us: int = 0) -> Facts:
        """Give the audit record."""
        return {
            "request_id": self.request_id,
            "seq": 1,
            "at": at,
            "execution_id": self.execution_id,
            "attempt": 1,
            "actor": RUNNER,
            "outcome": "executed",
            "state_id": self.state_id,
            "resolution": self.resolution(),
            "resulting_version": self.version + 1,
            "answers": [{"policy": "require 1 approval", "verdict": "require", "detail": "1 approval"}],
            "issues": [],
            "changes": changes,
            "approved_changes": None,
            "revalidated_version": None,
            "error": "",
            "duration_us": duration_us,
        }

    def entered(self, at: str, changes: list[Facts]) -> Facts:
        """Give the history entry."""
        return {
            "state_id": self.state_id,
            "state_type": "Document",
            "version": self.version + 1,
            "kind": "executed",
            "at": at,
            "actor": RUNNER,
            "changes": changes,
            "request_id": self.request_id,
            "execution_id": self.execution_id,
            "mutation": "MergeDocument",
        }

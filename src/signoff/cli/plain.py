"""The same as JSON, for programs."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from signoff.cli.views import File
from signoff.governance.queries import Page
from signoff.governance.verification import Verification
from signoff.model.canonical import Json, parse, stamp
from signoff.model.request import MutationRequest
from signoff.model.terms import TERMS
from signoff.model.trail import AUDIT, DECISIONS, HISTORY, HistoryEntry


def text(value: Json) -> str:
    """Write a JSON value for a terminal or a pipe: indented, and in ASCII, so that it survives any of them."""
    return json.dumps(value, indent=2)


def request(found: MutationRequest) -> dict[str, Any]:
    """Give a request with its terms."""
    return {
        "id": found.id,
        "status": found.status.value,
        "revision": found.revision,
        "digest": found.digest,
        "created_at": stamp(found.created_at),
        "updated_at": stamp(found.updated_at),
        "terms_number": found.terms_number,
        "attempts": found.attempts,
        "failures": found.failures,
        "validated_version": found.validated_version,
        "resolved_version": found.resolved_version,
        "resulting_version": found.resulting_version,
        "execution_id": found.execution_id,
        "held": found.held,
        "successor": found.successor,
        "idempotency_key": found.idempotency_key,
        "correlation_id": found.correlation_id,
        "metadata": found.metadata,
        "payload": found.payload,
        "terms": parse(TERMS.dump(found.terms)),
    }


def file(found: File) -> dict[str, Any]:
    """Give everything about one request."""
    missing = dict(found.standing.missing)
    return {
        "request": request(found.request),
        "requirements": [
            {"requirement": str(each), "count": each.count, "missing": missing.get(each, 0)}
            for each in found.request.requirements
        ],
        "counted": list(found.standing.counted),
        "decisions": [parse(DECISIONS.dump(each)) for each in found.decisions],
        "audit": [parse(AUDIT.dump(each)) for each in found.audits],
    }


def page(found: Page) -> dict[str, Any]:
    """Give a page of requests and the cursor of the next one."""
    return {"requests": [request(each) for each in found], "cursor": found.cursor}


def history(entries: Iterable[HistoryEntry]) -> Sequence[Json]:
    """Give a state's history."""
    return [parse(HISTORY.dump(each)) for each in entries]


def verification(found: Verification) -> dict[str, Any]:
    """Give what a verification found."""
    return {
        "ok": found.ok,
        "requests": found.requests,
        "states": found.states,
        "unreached": found.unreached,
        "problems": [{"table": each.table, "row": each.row, "rule": each.rule} for each in found.problems],
    }

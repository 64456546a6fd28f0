"""The same as JSON, for programs."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from placet.cli.file import File
from placet.governance.finding import Page
from placet.governance.verification import Verification
from placet.governance.waiting import Waiting
from placet.model.ballots import Vote
from placet.model.canonical import Json, parse, stamp
from placet.model.request import MutationRequest
from placet.model.terms import TERMS
from placet.model.trail import AUDIT, DECISIONS, HISTORY, HistoryEntry


def text(value: Json) -> str:
    """Write a JSON value for a terminal or a pipe: indented, and in ASCII, so that it survives any of them."""
    return json.dumps(value, indent=2).replace("\x7f", "\\u007f")  # which json counts among what is printed


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
    return {
        "request": request(found.request),
        "requirements": [
            {
                "requirement": str(each.requirement),
                "step": each.requirement.step,
                "met": each.met,
                "missing": each.missing,
            }
            for each in found.waiting.positions
        ],
        "counted": sorted(actor for each in found.waiting.positions for actor in each.counted),
        "waiting": list(found.waiting.reasons),
        "renewals": found.waiting.renewals,
        "votes": [vote(each) for each in (*found.waiting.votes, *found.waiting.outdated)],
        "revisions": [parse(TERMS.dump(each)) for each in found.revisions],
        "decisions": [parse(DECISIONS.dump(each)) for each in found.decisions],
        "audit": [parse(AUDIT.dump(each)) for each in found.audits],
    }


def vote(given: Vote) -> dict[str, Any]:
    """Give a vote."""
    return {
        "choice": given.choice.value,
        "actor": given.actor,
        "principal": given.principal,
        "digest": given.digest,
        "step": given.step,
        "code": given.code,
        "reason": given.reason,
    }


def waiting(found: Waiting) -> dict[str, Any]:
    """Give what a request waits for."""
    return {"request": request(found.request), "waiting": list(found.reasons)}


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

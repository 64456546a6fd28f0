"""The callbacks of the machine: the only place where decisions and audit records are made, and history goes on."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from placet.lifecycle.deadlines import due, timed
from placet.lifecycle.step import Evidence, Step, given
from placet.lifecycle.transition import Transition
from placet.model.canonical import parse
from placet.model.changes import Change, ChangeKind
from placet.model.request import MutationRequest
from placet.model.trail import (
    AUDIT_BOOK,
    DECISION_BOOK,
    HISTORY_BOOK,
    AuditRecord,
    Decision,
    HistoryEntry,
    HistoryKind,
)


def emit(step: Step, row: Transition, evidence: Evidence) -> None:
    """Move the step along a row of the table, and write what that leaves behind."""
    before = step.request
    at = step.at(evidence)
    step.resolution = evidence.resolution or step.resolution
    target = row.leads_to(before.status)
    step.request = row.effect(before, evidence).evolve(status=target, revision=before.revision + 1, updated_at=at)
    if row.audits:
        _audit(step, evidence)
    _decide(step, row, evidence, before)
    if evidence.new_state is not None:
        _replace_state(step, evidence, at)


def _decide(step: Step, row: Transition, evidence: Evidence, before: MutationRequest) -> None:
    said: dict[str, Any] = {
        "request_id": before.id,
        "seq": step.request.revision,
        "at": step.request.updated_at,
        "category": row.category,
        "code": str(row.code),
        "trigger": str(row.trigger),
        "from_status": str(before.status),
        "to_status": str(step.request.status),
        "actor": evidence.actor.id,
        "on_behalf_of": evidence.actor.on_behalf_of,
        "channel": evidence.channel.name,
        "authenticated": evidence.channel.authenticated,
        "vouched": evidence.vouched,
        "reason": evidence.reason,
        "digest": step.request.digest,
        "metadata": row.facts(before, step, evidence),
    }
    _set_deadline(step, evidence, said)
    decision = Decision(**said, seal=step.request.seal())
    link = DECISION_BOOK.link(before.id, decision.seq, decision, before.head)
    step.record(link, decision)
    step.request = step.request.evolve(head=link.hash)


def _set_deadline(step: Step, evidence: Evidence, said: dict[str, Any]) -> None:
    """Say when it expires as it now stands, this decision counted; what is final expires no more."""
    request = step.request
    if not request.status.terminal:
        known = step.known(evidence)
        if timed(request.terms):
            known = replace(known, ballots=step.ballots.heard((Decision(**said, seal=""),)))
        deadline = due(request.status, known)
        moment = deadline and deadline.at
        if moment != request.due_at:
            step.request = request.evolve(due_at=moment)


def _audit(step: Step, evidence: Evidence) -> None:
    request, run = step.request, evidence.run
    record = AuditRecord(
        request_id=request.id,
        seq=request.audits + 1,
        at=request.updated_at,
        execution_id=request.execution_id or evidence.execution_id,
        attempt=request.attempts,
        actor=evidence.actor.id,
        outcome=str(request.status),
        state_id=request.state_id,
        resolution=step.resolution,
        resulting_version=evidence.new_state.version if evidence.new_state else None,
        answers=run.answers if run else (),
        issues=run.issues if run else (),
        changes=run.changes if run else (),
        error=run.error if run else "",
        duration_us=run.duration_us if run else 0,
        revalidated_version=evidence.state.version if step.resolution is None and evidence.state else None,
        approved_changes=request.effect if evidence.effect_differs and evidence.new_state else None,
    )
    link = AUDIT_BOOK.link(request.id, record.seq, record, request.audit_head)
    step.audit.append(link)
    step.audited = record
    step.request = request.evolve(audits=record.seq, audit_head=link.hash)


def _replace_state(step: Step, evidence: Evidence, at: datetime) -> None:
    old, new, run = given(evidence.state), given(evidence.new_state), given(evidence.run)
    last = evidence.history
    previous, newest = (last.hash, last.version) if last else ("", 0)
    if newest < old.version:  # the user's own table was changed by other hands: begin again from what is there
        whole = Change("", ChangeKind.ADDED, after=parse(old.body))
        found = HistoryEntry(
            state_id=old.state_id,
            state_type=old.state_type,
            version=old.version,
            kind=HistoryKind.ADOPTED,
            at=at,
            actor=evidence.actor.id,
            before_hash="",
            after_hash=old.hash,
            changes=(whole,),
        )
        link = HISTORY_BOOK.link(old.state_id, old.version, found, previous)
        step.history.append(link)
        previous = link.hash
    entry = HistoryEntry(
        state_id=new.state_id,
        state_type=new.state_type,
        version=new.version,
        kind=HistoryKind.EXECUTED,
        at=at,
        actor=evidence.actor.id,
        before_hash=old.hash,
        after_hash=new.hash,
        changes=run.changes,
        request_id=step.request.id,
        execution_id=step.request.execution_id,
        mutation=step.request.mutation,
    )
    step.history.append(HISTORY_BOOK.link(new.state_id, new.version, entry, previous))
    step.replace_state(old, new)

"""Whether somebody asks for what they have done already, as after a double click or a lost answer."""

from placet.lifecycle.rules.identity import identified
from placet.lifecycle.step import Evidence, Step
from placet.lifecycle.transition import Trigger
from placet.model.ballots import Choice
from placet.model.request import Status

_CHOICES = {Trigger.VOTE: Choice.APPROVE, Trigger.DISSENT: Choice.REJECT, Trigger.ABSTAIN: Choice.ABSTAIN}

_ENDED = frozenset({Status.CANCELED, Status.EXPIRED, Status.SUPERSEDED, Status.STALE})
"""What no vote leads to: whoever votes again is told that it has ended."""

_RENEWING = frozenset({Trigger.AMEND, Trigger.TAKE_OVER})

_UNDONE_BY: dict[Trigger, frozenset[Trigger]] = {
    Trigger.CANCEL: frozenset(),
    Trigger.SUPERSEDE: frozenset(),
    Trigger.REVIEW: frozenset(),
    Trigger.TAKE_OVER: frozenset(),
    Trigger.RELEASE: frozenset({Trigger.HOLD}),
    Trigger.REQUEST_CHANGES: _RENEWING,
    Trigger.RETRY: _RENEWING | {Trigger.FAIL},
}
"""What may be asked for twice, and after what it is something new."""


def repeats(step: Step, trigger: Trigger, evidence: Evidence) -> bool:
    """Tell whether a trigger asks for what the same actor has done, and what stands: then nothing is left to do.

    A vote stands while it is not withdrawn and the terms are the same, though the request was approved, executed or
    rejected since; for a rejection the code must be the same. Everything else stands until something undoes it; the
    reason must be the same.
    """
    if identified.refuses(step, evidence):
        return False
    if trigger in _CHOICES:
        return _voted(step, _CHOICES[trigger], evidence) or (trigger is Trigger.DISSENT and _vetoed(step, evidence))
    if trigger not in _UNDONE_BY:
        return False
    family = {trigger, *_UNDONE_BY[trigger]}
    last = next((each for each in reversed(step.trail) if each.trigger in family), None)
    if last is None or last.trigger != trigger:
        return False
    said = (last.actor, last.on_behalf_of, last.reason, last.metadata.get("successor", ""))
    return said == (evidence.actor.id, evidence.actor.on_behalf_of, evidence.reason, evidence.about)


def _voted(step: Step, choice: Choice, evidence: Evidence) -> bool:
    actor, digest = evidence.actor, step.request.digest
    mine = (actor.id, actor.principal, bool(evidence.chain), choice, evidence.code)
    if evidence.digest != digest or step.status in _ENDED:
        return False
    return any(
        (vote.actor, vote.principal, vote.delegated, vote.choice, vote.code) == mine
        for vote in step.ballots.votes
        if vote.digest == digest
    )


def _vetoed(step: Step, evidence: Evidence) -> bool:
    """Tell whether the same actor has rejected it, for the same reason, while it waited for revalidation."""
    mine = (Status.REVALIDATION, evidence.actor.id, evidence.actor.on_behalf_of, evidence.digest, evidence.code)
    return step.status is Status.REJECTED and any(
        (each.from_status, each.actor, each.on_behalf_of, each.digest, each.metadata.get("code")) == mine
        for each in step.trail
        if each.trigger == Trigger.REJECT
    )

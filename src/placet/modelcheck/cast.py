"""The cast, and how an abstract request becomes a real one and back: what is fired is always the real thing."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache

from placet.lifecycle.step import Step
from placet.model.actor import Actor, ActorKind
from placet.model.approval import Approval
from placet.model.mutation import Intent
from placet.model.request import MutationRequest, Status
from placet.model.requirement import Requirement
from placet.model.state import StoredState
from placet.model.terms import OnDrift, Terms
from placet.model.trail import Category, Code, Decision
from placet.modelcheck.world import Asked, Said

APPROVER, ON_CALL, ADMINISTRATOR, STEWARD = "approver", "on-call", "administrator", "steward"
CAST = {
    each.id: each
    for each in (
        Actor("rex"),
        Actor("ann", roles=(APPROVER,)),
        Actor("bob", roles=(APPROVER,)),
        Actor("ada", roles=(ADMINISTRATOR,)),
        Actor("tom", roles=(STEWARD,)),
        Actor("eve"),
        Actor("one", ActorKind.SERVICE),
        Actor("two", ActorKind.SERVICE, roles=(ON_CALL,)),
        Actor("placet", ActorKind.SYSTEM),
    )
}
"""Rex asks, ann and bob approve, ada administrates, tom takes over, eve may do nothing; one and two execute.

Who asks makes no other difference than who may not decide: what tom has taken over goes on as if rex asked.
"""

NEEDED = 2
"""How many approvals are required, where any are."""

MOST_FAILURES = 2
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DEADLINE = NOW + timedelta(days=1)
LATE = DEADLINE + timedelta(days=1)

_REQUIRED: tuple[Requirement, ...] = (Approval(NEEDED, roles=(APPROVER,), recheck=True),)
_NUMBER = 2
"""The number of the present terms, whichever they are: only that the next ones have the next number matters."""

_EARLIER = "0" * 64
"""Stands for the digest of every earlier terms."""

_VOTING = {Status.CREATED, Status.PENDING}
"""Where votes on earlier terms are kept; beyond, they are forgotten."""

_VOTES = {Code.VOTED, Code.DISSENTED, Code.ABSTAINED}


def terms(number: int, version: int, *, requires: bool) -> Terms:
    """Give terms on a version of the state."""
    return Terms(
        request_id="request",
        number=number,
        state_id="state",
        state_type="State",
        mutation="mutation",
        schema_version=1,
        payload="{}",
        intent=Intent("change", "model"),
        requester="rex",
        on_behalf_of=None,
        reason="because",
        expected_version=version,
        state_hash="",
        approval_covers="effect",
        on_drift=OnDrift.REJECT,
        fallback=OnDrift.REJECT,
        pause_for_revalidation=True,
        requirements=_REQUIRED if requires else (),
        effect=(),
        expires_at=DEADLINE,
    )


def state(version: int) -> StoredState:
    """Give the state at a version."""
    return StoredState("state", "State", version, b"{}", "")


def step_of(asked: Asked) -> Step:
    """Begin a real step at the real request that an abstract one stands for."""
    base = _base(asked.approved_for, asked.requires)
    trail = [_decision(index, each, base.digest) for index, each in enumerate(asked.said, 1)]
    if asked.emergency:
        trail.append(_overridden(len(trail) + 1, base.digest))
    request = base.evolve(
        status=asked.status,
        revision=len(trail) + 1,
        validated_version=asked.approved_for if asked.validated else None,
        held="wait" if asked.held else "",
        failures=asked.failures,
        emergency_by="two" if asked.emergency else None,
        review=asked.review,
    )
    return Step(request, trail)


@cache
def _base(version: int, requires: bool) -> MutationRequest:  # noqa: FBT001 - a key of the cache
    made = MutationRequest.on(terms(_NUMBER, version, requires=requires), at=NOW).evolve(terms_number=_NUMBER)
    _ = made.terms  # read once, and handed on to every copy
    return made


@cache
def _decision(seq: int, said: Said, digest: str) -> Decision:
    return _recorded(seq, said.code, said.who, digest if said.present else _EARLIER, said.facts)


@cache
def _overridden(seq: int, digest: str) -> Decision:
    return _recorded(seq, Code.OVERRIDDEN, "two", digest, '{"reviewer_roles": []}')


def _recorded(seq: int, code: str, who: str, digest: str, facts: str) -> Decision:
    where = Status.PENDING
    return Decision(
        "request",
        seq,
        NOW,
        Category.APPROVAL,
        code,
        "",
        where,
        where,
        who,
        None,
        "because",
        digest,
        "",
        json.loads(facts),
    )


def asked_of(before: Asked, step: Step) -> Asked:
    """Give the abstract request that a step has come to; who voted on which terms is taken along beside the digests."""
    request = step.request
    renewed = request.terms_number != _NUMBER
    stand = {(vote.actor, vote.digest) for vote in step.ballots.votes}
    said: dict[str, Said] = {}
    for index, each in enumerate(step.trail):
        if each.code in _VOTES and (each.actor, each.digest) in stand:
            fresh = not renewed and (index >= len(before.said) or before.said[index].fresh)
            present = each.digest == request.digest
            facts = json.dumps(each.metadata, sort_keys=True)
            if present or (request.status in _VOTING and each.actor not in said):
                said[each.actor] = Said(each.code, each.actor, facts, present, fresh)
    if request.status.terminal:  # what it was before no longer matters, but who must review it does
        return Asked(request.status, before.requires, emergency=request.emergency_by is not None, review=request.review)
    resolving = request.status is Status.RESOLVING
    paused = request.status is Status.REVALIDATION
    return before._replace(
        status=request.status,
        requires=bool(request.requirements),
        approved_for=request.expected_version,
        validated=paused and request.validated_version is not None,
        held=bool(request.held),
        failures=min(request.failures, MOST_FAILURES),
        emergency=resolving and request.emergency_by is not None,  # the next attempt forgets it anyway
        review=request.review,
        said=tuple(said[who] for who in sorted(said)),
    )

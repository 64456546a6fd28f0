"""The facts that a transition's decision records, beside who, when, why and on which digest.

Each takes the request before the move, the step after it, and the evidence.
"""

from dataclasses import fields, replace
from typing import Any

from placet.lifecycle.deadlines import next_deadline
from placet.lifecycle.rules.statements import ends_it, open_step
from placet.lifecycle.standing import Standing, standing
from placet.lifecycle.step import Evidence, Step, given
from placet.model.actor import Actor
from placet.model.approval import Approval, Eligibility, ManualReview
from placet.model.ballots import Choice
from placet.model.canonical import stamp
from placet.model.conditions import Freeze
from placet.model.merging import merged
from placet.model.request import MutationRequest
from placet.model.requirement import Requirement
from placet.model.resolution import Resolution

Facts = dict[str, Any]

_RESOLUTION = tuple(each.name for each in fields(Resolution))


def none(_before: MutationRequest, _step: Step, _evidence: Evidence) -> Facts:
    """Record nothing more."""
    return {}


def asked(before: MutationRequest, _step: Step, _evidence: Evidence) -> Facts:
    """Record for which version it asks, and what that requires."""
    return {
        "expected_version": before.terms.expected_version,
        "requirements": [str(requirement) for requirement in before.requirements],
    }


def voter(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record which roles and groups the place was given for, in which step, and by which chain of delegates."""
    chain: Facts = {"chain": list(evidence.chain)} if evidence.chain else {}
    return _held(evidence.actor) | {"step": open_step(step, evidence)} | chain


def _held(actor: Actor) -> Facts:
    return {"roles": list(actor.roles), "groups": list(actor.groups), "kind": actor.kind.value}


def dissenter(before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record the same as for any vote, why it is rejected, and whether that ends it."""
    return voter(before, step, evidence) | {"code": evidence.code, "ends": ends_it(step, evidence)}


def veto(_before: MutationRequest, _step: Step, evidence: Evidence) -> Facts:
    """Record why it is rejected."""
    return {"code": evidence.code}


def report(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record what was found, and which roles and groups whoever reported it had."""
    about = {"check": evidence.about, "passed": evidence.passed, "step": open_step(step, evidence)}
    return about | _held(evidence.actor)


def waiver(before: MutationRequest, _step: Step, evidence: Evidence) -> Facts:
    """Record which freeze was waived, until when it lasts, and by which roles."""
    freezes = (each for each in (*before.requirements, *evidence.demanded) if isinstance(each, Freeze))
    until = {stamp(each.until) for each in freezes if each.name == evidence.about}
    return {"freeze": evidence.about, "until": sorted(until), "roles": list(evidence.actor.roles)}


def quorum(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record whose votes and reports met the requirements."""
    return {"counted": list(step.standing(evidence).counted)}


def refusal(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record who rejected it and why, and what can no longer be met."""
    against = [
        {"actor": vote.actor, "code": vote.code}
        for vote in step.ballots.votes
        if vote.digest == step.request.digest and vote.code
    ]
    return {"rejections": against} | _ended(step.standing(evidence))


def unsatisfiable(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record what can no longer be met, and why."""
    return _ended(step.standing(evidence))


def _ended(found: Standing) -> Facts:
    ended = found.impossible
    return {"requirements": [str(each.requirement) for each in ended], "reasons": [each.waits_for for each in ended]}


def lapse(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record what is no longer met."""
    return {"requirements": [str(each.requirement) for each in step.standing(evidence).open]}


def expiry(before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record which deadline passed."""
    return {"deadline": given(next_deadline(before, step.known(evidence))).to_json()}


def approval_expiry(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record until when it was approved, whose approvals no longer count, and which reviews."""
    known, found = step.known(evidence), step.standing(evidence)
    until = given(step.approved_until(evidence))
    reviews = {each.requirement.name for each in found.positions if isinstance(each.requirement, ManualReview)}
    votes = (each for each in step.ballots.votes if (each.digest, each.choice) == (known.digest, Choice.APPROVE))
    return {
        "approved_until": stamp(until),
        "outdated": [each.actor for each in votes],
        "reviews": sorted(reviews),
    }


def override(before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record the emergency beside the resolution: why, which requirements were not met, and who reviews it."""
    emergency, run = given(evidence.emergency), given(evidence.run)
    reviewers = {role for each in run.grants for role in each.reviewer_roles}
    known = step.known(evidence)
    passed = (*standing(known).open, *standing(known, merged(evidence.demanded)).open)
    return resolution(before, step, evidence) | {
        "emergency": emergency.reason,
        "ticket": emergency.ticket,
        "reviewer_roles": sorted(reviewers),
        "not_met": list(dict.fromkeys(str(_unfixed(each.requirement)) for each in passed)),
    }


def resolution(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record the resolution, drift report included."""
    said = given(step.resolution)
    parts = {name: getattr(said, name) for name in _RESOLUTION}
    return {"execution_id": evidence.execution_id, "attempt": step.request.attempts, **parts}


def execution(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record which version was replaced by which; and both effects, where what was made is not what was approved."""
    new = given(evidence.new_state)
    both: Facts = {}
    if evidence.effect_differs:
        both = {"approved_effect": step.request.effect, "effect": given(evidence.run).changes}
    return both | {
        "execution_id": step.request.execution_id,
        "resolved_version": given(evidence.state).version,
        "resulting_version": new.version,
        "state_hash": new.hash,
    }


def _unfixed(requirement: Requirement) -> Requirement:
    """Give a requirement as a policy states it, without what was filled in when the terms were fixed."""
    if isinstance(requirement, Approval):
        requirement = replace(requirement, people=())
    return replace(requirement, deadline=None) if isinstance(requirement, Eligibility) else requirement


def renewal(before: MutationRequest, step: Step, _evidence: Evidence) -> Facts:
    """Record which terms were replaced by which."""
    return {
        "replaced_digest": before.digest,
        "expected_version": step.request.terms.expected_version,
        "requirements": [str(requirement) for requirement in step.request.requirements],
    }


def taking_over(before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record which terms were replaced by which, and whom it was taken over from."""
    return renewal(before, step, evidence) | {"requester_before": before.requester}


def run(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record what the engine said on the current state, and which policies denied it, if any did."""
    said = given(evidence.run)
    denied: Facts = {"policies": list(said.denied_by)} if said.denied_by else {}
    return denied | {
        "execution_id": step.request.execution_id,
        "version": evidence.state.version if evidence.state else None,
        "reasons": list(said.reasons),
        "paths": list(dict.fromkeys(change.path for change in said.changes)),
    }


def validation(before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record what the engine said on the current state, and the digest of the effect that was looked at."""
    return run(before, step, evidence) | {"effect_digest": evidence.effect_digest}


def succession(_before: MutationRequest, _step: Step, evidence: Evidence) -> Facts:
    """Record the successor."""
    return {"successor": given(evidence.successor).id}

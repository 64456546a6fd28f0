"""The facts that a transition's decision records, beside who, when, why and on which digest.

Each takes the request before the move, the step after it, and the evidence.
"""

from dataclasses import fields
from typing import Any

from signoff.lifecycle.quorum import standing
from signoff.lifecycle.step import Evidence, Step, given
from signoff.model.request import MutationRequest

Facts = dict[str, Any]


def none(_before: MutationRequest, _step: Step, _evidence: Evidence) -> Facts:
    """Record nothing more."""
    return {}


def asked(before: MutationRequest, _step: Step, _evidence: Evidence) -> Facts:
    """Record for which version it asks, and what that requires."""
    return {
        "expected_version": before.terms.expected_version,
        "requirements": [str(requirement) for requirement in before.requirements],
    }


def voter(_before: MutationRequest, _step: Step, evidence: Evidence) -> Facts:
    """Record which roles and groups the voter had at that moment."""
    return {"roles": list(evidence.actor.roles), "groups": list(evidence.actor.groups)}


def quorum(before: MutationRequest, _step: Step, evidence: Evidence) -> Facts:
    """Record whose votes filled the places."""
    return {"counted": list(standing(before.terms, before.digest, evidence.votes).counted)}


def resolution(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record the resolution, drift report included."""
    said = given(step.resolution)
    parts = {each.name: getattr(said, each.name) for each in fields(said)}
    return {"execution_id": evidence.execution_id, "attempt": step.request.attempts, **parts}


def execution(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record which version was replaced by which."""
    new = given(evidence.new_state)
    return {
        "execution_id": step.request.execution_id,
        "resolved_version": given(evidence.state).version,
        "resulting_version": new.version,
        "state_hash": new.hash,
    }


def renewal(before: MutationRequest, step: Step, _evidence: Evidence) -> Facts:
    """Record which terms were replaced by which."""
    return {
        "replaced_digest": before.digest,
        "expected_version": step.request.terms.expected_version,
        "requirements": [str(requirement) for requirement in step.request.requirements],
    }


def run(_before: MutationRequest, step: Step, evidence: Evidence) -> Facts:
    """Record what the engine said on the current state."""
    said = given(evidence.run)
    return {
        "execution_id": step.request.execution_id,
        "version": evidence.state.version if evidence.state else None,
        "reasons": list(said.reasons),
        "paths": [change.path for change in said.changes],
    }


def succession(_before: MutationRequest, _step: Step, evidence: Evidence) -> Facts:
    """Record the successor."""
    return {"successor": given(evidence.successor).id}

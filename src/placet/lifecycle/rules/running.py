"""What must hold while a request is resolved and executed."""

from placet.lifecycle.rules import Rule, rule
from placet.lifecycle.rules.actors import eligible, requester_or_administrator, separation_of_duties
from placet.lifecycle.step import Evidence, Step
from placet.model.approval import Approval, ManualReview
from placet.model.request import Status
from placet.model.resolution import ResolutionOutcome
from placet.model.run import RunStatus


@rule
def resolved_now(_: Step, evidence: Evidence) -> str:
    """The version was resolved, on the version the state has."""
    if evidence.resolution is None or evidence.state is None:
        return "its version was not resolved"
    if evidence.resolution.current_version != evidence.state.version:
        return "it was resolved against another version than the state has"
    return ""


@rule
def resolved_for_approval(step: Step, evidence: Evidence) -> str:
    """It was resolved for the version it was approved for."""
    if evidence.resolution and evidence.resolution.expected_version == step.request.expected_version:
        return ""
    return "it was resolved for another version than it was approved for"


@rule
def revalidated(step: Step, _: Evidence) -> str:
    """From `revalidation` it goes on only once it was revalidated."""
    waits = step.status is Status.REVALIDATION and step.request.validated_version is None
    return "it has not been revalidated" if waits else ""


@rule
def proceeds(step: Step, _: Evidence) -> str:
    """The resolution of this very attempt lets it proceed."""
    resolution = step.resolution
    return "" if resolution is not None and resolution.proceeds else "no resolution of this attempt lets it proceed"


@rule
def replaces_resolved(step: Step, evidence: Evidence) -> str:
    """The version to be replaced is the one that was resolved."""
    old, resolution = evidence.state, step.resolution
    if old is not None and resolution is not None and old.version == resolution.current_version:
        return ""
    return "the version to be replaced is not the one that was resolved"


@rule
def succeeded(_: Step, evidence: Evidence) -> str:
    """The mutation succeeded."""
    return "" if evidence.run is not None and evidence.run.accepted else "the mutation did not succeed"


@rule
def covered(step: Step, evidence: Evidence) -> str:
    """Its effect is the one that was approved, or an approval of it covers the mutation."""
    if evidence.effect_differs and step.request.terms.approval_covers == "effect":
        return "its effect on the current state is not the one that was approved"
    return ""


@rule
def looked(_: Step, evidence: Evidence) -> str:
    """Policies and checks were asked about the current state."""
    return "" if evidence.run is not None else "nobody has looked what it would do on the current state"


@rule
def eligible_look(step: Step, evidence: Evidence) -> str:
    """Where it pauses, only somebody who could approve it lets it go on."""
    terms = step.request.terms
    if not terms.pause_for_revalidation:
        return ""
    if not any(isinstance(each, Approval | ManualReview) for each in terms.requirements):
        return requester_or_administrator.refuses(step, evidence)  # there is nobody who could approve it
    return separation_of_duties.refuses(step, evidence) or eligible.refuses(step, evidence)


@rule
def current_effect(step: Step, evidence: Evidence) -> str:
    """Where it pauses, what is let go on is the effect that was shown."""
    if not step.request.terms.pause_for_revalidation or (evidence.digest and evidence.digest == evidence.effect_digest):
        return ""
    return (
        f"the digest {evidence.digest[:12]!r} is not that of its effect on the current state; "
        "look at current_effect(request_id) and pass the digest it has"
    )


@rule
def next_version(_: Step, evidence: Evidence) -> str:
    """The new version is the next one."""
    old, new = evidence.state, evidence.new_state
    return "" if old and new and new.version == old.version + 1 else "the new version is not the next one"


def resolution_says(outcome: ResolutionOutcome) -> Rule:
    """Make the rule that the resolution of this attempt has this outcome."""

    def resolution_says(step: Step, _: Evidence) -> str:
        """The resolution of this very attempt says what the trigger stands for."""
        if step.resolution is not None and step.resolution.outcome is outcome:
            return ""
        return f"its resolution does not say {outcome}"

    return rule(resolution_says)


def run_ended(status: RunStatus) -> Rule:
    """Make the rule that the run on the current state ended like this."""

    def run_ended(_: Step, evidence: Evidence) -> str:
        """The run on the current state ended as the trigger says."""
        if evidence.run is not None and evidence.run.status is status:
            return ""
        return f"its run on the current state did not end as {status}"

    return rule(run_ended)


@rule
def renewal_demanded(step: Step, evidence: Evidence) -> str:
    """Its resolution, or a policy or another effect on the current state, demands approval again."""
    demanded = evidence.run is not None and evidence.run.status is RunStatus.UNAPPROVED
    resolved = step.resolution is not None and step.resolution.outcome is ResolutionOutcome.RENEW_APPROVAL
    another = bool(covered.refuses(step, evidence))
    return "" if demanded or resolved or another else "neither its resolution nor a policy demands approval again"


@rule
def on_current_state(_: Step, evidence: Evidence) -> str:
    """There is a current state to be revalidated on."""
    return "" if evidence.state else "there is no current state to revalidate it on"


@rule
def emergency_given(_: Step, evidence: Evidence) -> str:
    """Somebody says why it cannot wait."""
    return "" if evidence.emergency else "no emergency is given; pass emergency=Emergency(reason=..., ticket=...)"


@rule
def not_denied(_: Step, evidence: Evidence) -> str:
    """Policies and checks let it pass on the current state: an emergency overrides requirements, never a denial."""
    run = evidence.run
    if run is None or not run.accepted:
        return f"it is refused on the current state: {'; '.join(run.reasons) if run else 'nobody was asked'}"
    return ""

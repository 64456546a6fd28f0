"""What a transition does to the request besides moving it."""

from placet.lifecycle.step import Evidence, given
from placet.model.request import MutationRequest, Review


def keep(request: MutationRequest, _: Evidence) -> MutationRequest:
    """Change nothing but the status."""
    return request


def held(request: MutationRequest, evidence: Evidence) -> MutationRequest:
    """Remember why it waits."""
    return request.evolve(held=evidence.reason)


def released(request: MutationRequest, _: Evidence) -> MutationRequest:
    """Forget why it waited."""
    return request.evolve(held="")


def attempted(request: MutationRequest, evidence: Evidence) -> MutationRequest:
    """Count the attempt and name it."""
    return request.evolve(attempts=request.attempts + 1, execution_id=evidence.execution_id, emergency_by=None)


def overridden(request: MutationRequest, evidence: Evidence) -> MutationRequest:
    """Count the attempt and name it, and whoever goes past the requirements."""
    return attempted(request, evidence).evolve(emergency_by=evidence.actor.principal)


def reviewed(request: MutationRequest, _: Evidence) -> MutationRequest:
    """Close the review."""
    return request.evolve(review=Review.CLOSED)


def executed(request: MutationRequest, evidence: Evidence) -> MutationRequest:
    """Remember which version was replaced and which was made; an emergency has to be reviewed."""
    version = given(evidence.state).version
    review = Review.OPEN if request.emergency_by else ""
    return request.evolve(resolved_version=version, resulting_version=version + 1, review=review)


def failed(request: MutationRequest, _: Evidence) -> MutationRequest:
    """Count the failure."""
    return request.evolve(failures=request.failures + 1)


def renewed(request: MutationRequest, evidence: Evidence) -> MutationRequest:
    """Take the new terms: another digest, so no earlier vote counts."""
    return request.with_terms(given(evidence.terms))


def unvalidated(request: MutationRequest, _: Evidence) -> MutationRequest:
    """Forget an earlier revalidation: it was for another version."""
    return request.evolve(validated_version=None)


def validated(request: MutationRequest, evidence: Evidence) -> MutationRequest:
    """Remember on which version it was revalidated."""
    return request.evolve(validated_version=given(evidence.state).version)


def superseded(request: MutationRequest, evidence: Evidence) -> MutationRequest:
    """Name the successor."""
    return request.evolve(successor=given(evidence.successor).id)

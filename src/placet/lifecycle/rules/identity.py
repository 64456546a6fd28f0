"""Whether those who act, and whoever asked, are known to be who they are said to be."""

from placet.lifecycle.rules import rule
from placet.lifecycle.step import Evidence, Step
from placet.model.actor import CLOCKWORK


@rule
def identified(step: Step, evidence: Evidence) -> str:
    """Where a directory vouched for people when it was submitted, one does now, and the caller is authenticated."""
    if not step.request.terms.vouched or evidence.actor is CLOCKWORK:
        return ""
    if not evidence.vouched:
        return (
            f"{evidence.actor.id} is only a name here: it was submitted under a directory that vouches for people, "
            "and the one in use lets in anybody; act under the directory of your program"
        )
    if evidence.channel.authenticated:
        return ""
    return (
        f"nobody has established that the caller is {evidence.actor.id}: channel {evidence.channel.name!r} does not "
        "authenticate its callers; use one that does"
    )


@rule
def vouched_requester(step: Step, evidence: Evidence) -> str:
    """Where a directory vouches for people now, one did when it was submitted."""
    if step.request.terms.vouched or not evidence.vouched:
        return ""
    return (
        f"anybody could have submitted it as {step.request.requester}, since no directory vouched for them then; "
        "submit it again"
    )

"""The guards: pure rules that say "" or why not. Each carries the rule it stands for, in words.

A guard sees the step and the evidence, and answers with the reason of its refusal, or with "" if it has none.
"""

from collections.abc import Callable
from dataclasses import dataclass

from signoff.lifecycle.quorum import standing
from signoff.lifecycle.step import Evidence, Step
from signoff.model.request import Status
from signoff.model.resolution import ResolutionOutcome
from signoff.model.run import RunStatus


@dataclass(frozen=True, slots=True)
class Guard:
    """A rule that a transition must satisfy.

    Attributes:
        name: the rule's name, which programs can switch on.
        rule: what it demands, in words; stands in the table, the diagram and the documentation.
        refuses: gives the reason of a refusal, or "".
    """

    name: str
    rule: str
    refuses: Callable[[Step, Evidence], str]


def _submit(step: Step, _: Evidence) -> str:
    return "" if step.request.requirements else "nothing is required of it; it can be admitted"


def _admit(step: Step, evidence: Evidence) -> str:
    if step.request.requirements:
        return f"it requires {', '.join(map(str, step.request.requirements))}"
    if evidence.run is None or not evidence.run.accepted:
        return "no policy allows it"
    return ""


def _hold(step: Step, evidence: Evidence) -> str:
    if not evidence.reason.strip():
        return "say why it should wait: reason= is empty"
    if not _withdraw(step, evidence) or not _eligible(step, evidence):
        return ""
    return f"{evidence.actor.id} may neither approve it, nor is its requester or an {evidence.administrator_role}"


def _release(step: Step, evidence: Evidence) -> str:
    if not step.request.held:
        return "it is not held"
    return "" if evidence.administrator_role in evidence.actor.roles else _eligible(step, evidence)


def _overdue(step: Step, evidence: Evidence) -> str:
    deadline = step.request.expires_at
    return f"its deadline passed at {deadline.isoformat()}" if deadline and evidence.at >= deadline else ""


def _eligible(step: Step, evidence: Evidence) -> str:
    terms, actor = step.request.terms, evidence.actor
    asking = {terms.requester, terms.on_behalf_of} - {None}
    if actor.id in asking:
        return f"{actor.id} asked for it and cannot decide on it (separation of duties)"
    if actor.on_behalf_of in asking:
        return (
            f"{actor.id} acts for {actor.on_behalf_of}, who asked for it and cannot decide on it (separation of duties)"
        )
    if not any(requirement.admits(actor.roles, actor.groups) for requirement in terms.requirements):
        has = ", ".join((*actor.roles, *actor.groups)) or "no roles"
        return (
            f"{actor.id} is not eligible, with {has}: it requires {', '.join(map(str, terms.requirements)) or 'nobody'}"
        )
    return ""


def _vote(step: Step, evidence: Evidence) -> str:
    digest, actor = step.request.digest, evidence.actor
    if evidence.digest and evidence.digest != digest and digest.startswith(evidence.digest):
        return f"{evidence.digest!r} is only the beginning of its digest; pass all {len(digest)} characters"
    if evidence.digest != digest:
        return (
            f"the digest {evidence.digest[:12]!r} is not that of its present terms, {digest[:12]!r}...; "
            "read it again, then approve what you read"
        )
    principal = actor.on_behalf_of or actor.id
    if any(vote.principal == principal and vote.digest == digest for vote in evidence.votes):
        return f"{principal} has approved it already"
    return _overdue(step, evidence) or _eligible(step, evidence)


def _approve(step: Step, evidence: Evidence) -> str:
    if step.request.held:
        return f"it is held: {step.request.held}"
    count = standing(step.request.terms, step.request.digest, evidence.votes)
    return _overdue(step, evidence) or ("" if count.met else str(count))


def _reject(step: Step, evidence: Evidence) -> str:
    if not evidence.reason.strip():
        return "say why: reason= is empty"
    return _eligible(step, evidence)


def _withdraw(step: Step, evidence: Evidence) -> str:
    actor, terms = evidence.actor, step.request.terms
    if actor.id in {terms.requester, terms.on_behalf_of} or evidence.administrator_role in actor.roles:
        return ""
    return f"{actor.id} is neither its requester {terms.requester} nor an {evidence.administrator_role}"


def _expire(step: Step, evidence: Evidence) -> str:
    if step.request.expires_at is None:
        return "it has no deadline"
    return "" if _overdue(step, evidence) else f"its deadline is {step.request.expires_at.isoformat()}"


def _supersede(step: Step, evidence: Evidence) -> str:
    successor = evidence.successor
    if successor is None:
        return "there is no such successor"
    if successor.id == step.request.id:
        return "it cannot succeed itself"
    if successor.status.terminal and successor.status is not Status.EXECUTED:
        return f"its successor {successor.id} is {successor.status}"
    return _withdraw(step, evidence)


def _resolve(step: Step, evidence: Evidence) -> str:
    request = step.request
    if evidence.resolution is None or evidence.state is None:
        return "its version was not resolved"
    if evidence.resolution.current_version != evidence.state.version:
        return "it was resolved against another version than the state has"
    if evidence.resolution.expected_version != request.expected_version:
        return "it was resolved for another version than it was approved for"
    if step.status is Status.REVALIDATION and request.validated_version is None:
        return "it has not been revalidated"
    count = standing(request.terms, request.digest, evidence.votes)
    return _overdue(step, evidence) or ("" if count.met else str(count))


def _execute(step: Step, evidence: Evidence) -> str:
    resolution, run, old, new = step.resolution, evidence.run, evidence.state, evidence.new_state
    if resolution is None or not resolution.proceeds:
        return "no resolution of this attempt lets it proceed"
    if old is None or old.version != resolution.current_version:
        return "the version to be replaced is not the one that was resolved"
    if run is None or not run.accepted:
        return "the mutation did not succeed"
    if new is None or new.version != old.version + 1:
        return "the new version is not the next one"
    return ""


def _outcome_is(outcome: ResolutionOutcome) -> Callable[[Step, Evidence], str]:
    def refuses(step: Step, _: Evidence) -> str:
        if step.resolution is not None and step.resolution.outcome is outcome:
            return ""
        return f"its resolution does not say {outcome}"

    return refuses


def _renew(step: Step, evidence: Evidence) -> str:
    demanded = evidence.run is not None and evidence.run.status is RunStatus.UNAPPROVED
    if not demanded and _outcome_is(ResolutionOutcome.RENEW_APPROVAL)(step, evidence):
        return "neither its resolution nor a policy demands approval again"
    terms, state = evidence.terms, evidence.state
    if terms is None or state is None or terms.expected_version != state.version:
        return "its terms were not renewed on the current version"
    if terms.number != step.request.terms_number + 1:
        return "its terms are not the next ones"
    return ""


def _run_is(status: RunStatus) -> Callable[[Step, Evidence], str]:
    def refuses(_: Step, evidence: Evidence) -> str:
        if evidence.run is not None and evidence.run.status is status:
            return ""
        return f"its run on the current state did not end as {status}"

    return refuses


def _revalidate(step: Step, evidence: Evidence) -> str:
    if evidence.state is None:
        return "there is no current state to revalidate it on"
    return _run_is(RunStatus.ACCEPTED)(step, evidence)


def _retry(step: Step, evidence: Evidence) -> str:
    failures = step.request.failures
    return "" if failures < evidence.max_failures else f"it failed {failures} times, the most allowed"


SUBMIT = Guard("open_requirements", "has open requirements", _submit)
ADMIT = Guard("admissible", "has no open requirement, and a policy allows it", _admit)
HOLD = Guard("may_hold", "a reason to wait is given, by an eligible actor, requester or administrator", _hold)
RELEASE = Guard("may_release", "is held; by an eligible actor or administrator", _release)
VOTE = Guard("may_vote", "by an eligible actor, not the requester, once, on the present digest", _vote)
APPROVE = Guard("requirements_met", "every requirement is met, by distinct eligible actors, for this digest", _approve)
REJECT = Guard("may_reject", "by an eligible actor, with a reason", _reject)
CANCEL = Guard("may_cancel", "by requester or administrator", _withdraw)
EXPIRE = Guard("deadline_passed", "deadline passed, by the engine's clock", _expire)
SUPERSEDE = Guard("successor_exists", "the successor exists; by requester or administrator", _supersede)
RESOLVE = Guard(
    "resolvable",
    "resolved on the current version, approved for this digest, not expired; from revalidation only once revalidated",
    _resolve,
)
EXECUTE = Guard(
    "may_execute",
    "resolution of this attempt proceeds, at the replaced version; the mutation succeeded; "
    "the new version is the next one",
    _execute,
)
MARK_STALE = Guard("is_stale", "resolution says stale", _outcome_is(ResolutionOutcome.STALE))
RENEW = Guard("needs_renewal", "resolution, or a policy on the new state, demands approval again", _renew)
REQUIRE_REVALIDATION = Guard(
    "needs_revalidation", "resolution says revalidate", _outcome_is(ResolutionOutcome.REVALIDATE)
)
REVALIDATE = Guard("revalidated", "policies and checks pass on the current state", _revalidate)
BLOCK = Guard("is_refused", "policies or checks refuse it on the current state", _run_is(RunStatus.REFUSED))
FAIL = Guard("has_failed", "`apply` raised", _run_is(RunStatus.FAILED))
RETRY = Guard("attempts_left", "attempts left", _retry)

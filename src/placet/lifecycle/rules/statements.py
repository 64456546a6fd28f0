"""What must be said: reasons, digests, votes, reports."""

from dataclasses import replace

from placet.lifecycle.quorum import cast, hands, has_place
from placet.lifecycle.rules import Rule, rule
from placet.lifecycle.standing import Standing, standing
from placet.lifecycle.step import Evidence, Step
from placet.model.approval import ALL, Approval, Reported
from placet.model.ballots import Ballots, Choice, Rejection, Vote
from placet.model.requirement import WhenImpossible


@rule
def reason_given(_: Step, evidence: Evidence) -> str:
    """A reason is given."""
    return "" if evidence.reason.strip() else "say why: reason= is empty"


@rule
def rejection_code(_: Step, evidence: Evidence) -> str:
    """A rejection has a code from the typed set."""
    return "" if evidence.code in set(Rejection) else f"code={evidence.code!r} is none; use {', '.join(Rejection)}"


@rule
def present_digest(step: Step, evidence: Evidence) -> str:
    """What is voted on is what was read."""
    digest, shown = step.request.digest, evidence.digest
    if shown == digest:
        return ""
    if shown and digest.startswith(shown):
        return f"{shown!r} is only the beginning of its digest; pass all {len(digest)} characters"
    return (
        f"the digest {shown[:12]!r} is not that of its present terms, {digest[:12]!r}...; "
        "read it again, then approve what you read"
    )


_SAID = {Choice.APPROVE: "approved", Choice.REJECT: "rejected", Choice.ABSTAIN: "abstained from"}


@rule
def one_vote(step: Step, evidence: Evidence) -> str:
    """A person has a hand in one vote only."""
    mine = evidence.actor.persons
    for vote in step.ballots.votes:
        shared = mine & hands(vote, evidence.circumstances) if vote.digest == step.request.digest else frozenset()
        if shared:
            person = min(shared)
            return f"{person} has {_SAID[vote.choice]} it already; withdraw that vote first"
    return ""


@rule
def has_voted(step: Step, evidence: Evidence) -> str:
    """There is a vote to withdraw, and it is theirs."""
    actor = evidence.actor
    for vote in step.ballots.votes:
        if vote.digest == step.request.digest and vote.principal == actor.principal:
            return "" if actor.id in vote.persons else f"the vote of {vote.principal} was given by {vote.actor}"
    return f"{actor.principal} has given no vote that counts now"


@rule
def seat_in_open_step(step: Step, evidence: Evidence) -> str:
    """There is a place that this vote fills, in the step that is open."""
    number, terms, digest = open_step(step, evidence), step.request.terms, step.request.digest
    approvals = [each for each in terms.requirements if isinstance(each, Approval) and each.step == number]
    vote = _ballot(step, evidence, Choice.APPROVE)
    mine = [each for each in approvals if each.admits(vote.ids, vote.roles, vote.groups, vote.kind)]
    if not mine:
        wanted = ", ".join(map(str, approvals)) or "no approval"
        return f"{vote.actor} has no part in step {number}, which is open: it requires {wanted}"
    votes = cast(terms, digest, step.ballots.votes, evidence.circumstances)
    if has_place(approvals, votes, vote):
        return ""
    return f"every place that {vote.actor} could fill is taken: {', '.join(map(str, mine))}"


def _ballot(step: Step, evidence: Evidence, choice: Choice) -> Vote:
    number = open_step(step, evidence)
    return Vote.by(evidence.actor, step.request.digest, choice, number, delegated=bool(evidence.chain))


def ends_it(step: Step, evidence: Evidence) -> bool:
    """Tell whether a rejection ends a request by itself, by an approval that its voter is eligible for."""
    vote, listed = _ballot(step, evidence, Choice.REJECT), evidence.circumstances.candidates
    for each in step.request.requirements:
        if isinstance(each, Approval) and each.admits(vote.ids, vote.roles, vote.groups, vote.kind):
            ends = each.any_rejection_ends
            if ends or (ends is None and (each.count == ALL or each not in listed)):
                return True
    return False


def open_step(step: Step, evidence: Evidence) -> int:
    """Give the step that is open, or the last one where all are met."""
    last = max((each.step for each in step.request.requirements if each.step), default=1)
    return step.standing(evidence).step or last


@rule
def step_is_open(step: Step, evidence: Evidence) -> str:
    """A report belongs to a step that has been opened."""
    number = open_step(step, evidence)
    named = [each for each in step.request.requirements if isinstance(each, Reported) and each.name == evidence.about]
    if any((each.step or 0) <= number for each in named):
        return ""
    return f"{named[0]} belongs to step {named[0].step}, and step {number} is not complete" if named else ""


def still_possible(choice: Choice | None) -> Rule:
    """Make the rule that a vote, or its withdrawal (None), leaves possible what says that it must be."""

    def still_possible(step: Step, evidence: Evidence) -> str:
        """What says that it must stay possible stays possible."""
        strict = [each for each in step.request.requirements if each.when_impossible is WhenImpossible.REFUSE]
        if not strict:
            return ""
        before = [each.requirement for each in step.standing(evidence).impossible]
        after = [each.requirement for each in _after(step, evidence, choice).impossible]
        ended = [each for each in after if each in strict and each not in before]
        return f"then this could no longer be met: {ended[0]}" if ended else ""

    return rule(still_possible)


def _after(step: Step, evidence: Evidence, choice: Choice | None) -> Standing:
    """Judge how it would stand after a vote, or after its withdrawal."""
    known, votes, actor = step.known(evidence), step.ballots.votes, evidence.actor
    if choice is None:
        votes = tuple(vote for vote in votes if vote.principal != actor.principal)
    else:
        votes = (*votes, _ballot(step, evidence, choice))
    ballots = Ballots(votes, known.ballots.reports, known.ballots.waivers)
    return standing(replace(known, ballots=ballots))

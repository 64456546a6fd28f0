"""Who may do something."""

from placet.lifecycle.quorum import asking, owners
from placet.lifecycle.rules import rule
from placet.lifecycle.step import Evidence, Step
from placet.model.actor import CLOCKWORK, ActorKind
from placet.model.approval import Approval, Eligibility, ManualReview, Reported
from placet.model.conditions import Freeze
from placet.model.grant import Act, granted
from placet.model.trail import Code


@rule
def separation_of_duties(step: Step, evidence: Evidence) -> str:
    """Nobody decides on what they asked for, nor on what was asked for them, nor by way of a delegate."""
    actor, asked = evidence.actor, asking(step.request.terms) | evidence.circumstances.asking
    if actor.id in asked:
        return f"{actor.id} asked for it and cannot decide on it (separation of duties)"
    if actor.on_behalf_of in asked:
        return (
            f"{actor.id} acts for {actor.on_behalf_of}, who asked for it and cannot decide on it (separation of duties)"
        )
    between = asked.intersection(evidence.chain)
    return f"the vote is handed on through {', '.join(sorted(between))}, who asked for it" if between else ""


def _eligible(step: Step, evidence: Evidence) -> str:
    required = [each for each in step.request.requirements if isinstance(each, Approval | ManualReview)]
    actor = evidence.actor
    ids = {actor.principal} if evidence.chain else actor.persons
    if any(each.admits(ids, actor.roles, actor.groups, actor.kind) for each in required):
        return ""
    has = ", ".join((*actor.roles, *actor.groups)) or "no roles"
    kind = "" if actor.kind is ActorKind.HUMAN else f" as {actor.kind}"
    wanted = ", ".join(map(str, step.request.requirements)) or "nobody"
    return f"{actor.id} is not eligible{kind}, with {has}: it requires {wanted}"


def _owner(step: Step, evidence: Evidence) -> str:
    actor, terms = evidence.actor, step.request.terms
    if actor.id in owners(terms) or evidence.administrator_role in actor.roles:
        return ""
    return f"{actor.id} is neither its requester {terms.requester} nor an {evidence.administrator_role}"


@rule
def eligible(step: Step, evidence: Evidence) -> str:
    """One of the approvals or reviews that are required admits them."""
    return _eligible(step, evidence)


@rule
def requester_or_administrator(step: Step, evidence: Evidence) -> str:
    """It is theirs, or they administrate."""
    return _owner(step, evidence)


@rule
def requester(step: Step, evidence: Evidence) -> str:
    """It is theirs."""
    asked = owners(step.request.terms)
    return "" if evidence.actor.id in asked else f"{evidence.actor.id} is not its requester {step.request.requester}"


@rule
def may_take_over(_: Step, evidence: Evidence) -> str:
    """A policy lets somebody with their role take it over."""
    roles = _granted(Act.TAKE_OVER, evidence)
    return _lacks(Act.TAKE_OVER, roles, evidence) or (
        "" if roles else "no policy allows to take it over; add allow_take_over(roles=[...])"
    )


@rule
def not_theirs(step: Step, evidence: Evidence) -> str:
    """It is not theirs already."""
    actor, terms = evidence.actor, step.request.terms
    theirs = (actor.id, actor.on_behalf_of) == (terms.requester, terms.on_behalf_of)
    return f"{actor.id} is its requester already" if theirs else ""


@rule
def concerned(step: Step, evidence: Evidence) -> str:
    """They may decide on it, or it is theirs, or they administrate."""
    if not _owner(step, evidence) or not (separation_of_duties.refuses(step, evidence) or _eligible(step, evidence)):
        return ""
    who, role = evidence.actor.id, evidence.administrator_role
    return f"{who} may not decide on it, and is neither its requester nor an {role}"


@rule
def takes_part(step: Step, evidence: Evidence) -> str:
    """It is theirs, or they may decide on it, or have done something about it, or they administrate."""
    actor, request = evidence.actor, step.request
    asked = any(
        each.admits_actor(actor)
        if isinstance(each, Eligibility)
        else isinstance(each, Freeze) and not set(each.waiver_roles).isdisjoint(actor.roles)
        for each in request.requirements
    )
    acted = any(not actor.persons.isdisjoint({each.actor, each.on_behalf_of}) for each in step.trail)
    reviews = request.review and not other_eyes.refuses(step, evidence)
    if asked or acted or reviews or not _owner(step, evidence):
        return ""
    role = evidence.administrator_role
    return f"{actor.id} has no part in it: neither requester, nor eligible, nor an {role}; write to one who is"


@rule
def may_release(step: Step, evidence: Evidence) -> str:
    """They may decide on it, or they administrate; its requester only where nobody has to decide."""
    if not any(each.asks_people for each in step.request.requirements):
        return _owner(step, evidence)
    refused = separation_of_duties.refuses(step, evidence)
    if refused or evidence.administrator_role in evidence.actor.roles:
        return refused
    return _eligible(step, evidence)


@rule
def may_report(step: Step, evidence: Evidence) -> str:
    """The requirement that wants the report admits them."""
    actor, about = evidence.actor, evidence.about
    wanted = [each for each in step.request.requirements if isinstance(each, Reported) and each.name == about]
    if any(each.admits_actor(actor) for each in wanted):
        return ""
    if wanted:
        return f"{actor.id} may not report on it: it requires {', '.join(map(str, wanted))}"
    required = ", ".join(map(str, step.request.requirements)) or "nothing"
    return f"it has no check or review {about!r}; it requires {required}"


@rule
def may_waive(step: Step, evidence: Evidence) -> str:
    """They have a role that waives this freeze."""
    every = [each for each in (*step.request.requirements, *evidence.demanded) if isinstance(each, Freeze)]
    freezes = [each for each in every if each.name == evidence.about]
    if not freezes:
        there = ", ".join(repr(each.name) for each in every) or "none"
        return f"no freeze {evidence.about!r} stands in its way; there is {there}"
    roles = {role for each in freezes for role in each.waiver_roles}
    if roles.isdisjoint(evidence.actor.roles):
        wanted = f"it takes role {' or '.join(sorted(roles))}" if roles else "nobody may"
        return f"{evidence.actor.id} may not waive freeze {evidence.about!r}: {wanted}"
    return ""


@rule
def break_glass_role(_: Step, evidence: Evidence) -> str:
    """A policy lets somebody with their role past the requirements."""
    roles = _granted(Act.EMERGENCY, evidence)
    return _lacks(Act.EMERGENCY, roles, evidence) or (
        "" if roles else "no policy allows it in an emergency; add allow_emergency(roles=[...])"
    )


@rule
def may_execute(step: Step, evidence: Evidence) -> str:
    """Where policies say who may execute it, they have one of these roles: of its terms, and of policies now."""
    fixed, now = step.request.terms.executors, _granted(Act.EXECUTION, evidence)
    return _lacks(Act.EXECUTION, fixed, evidence) or _lacks(Act.EXECUTION, now, evidence)


def _granted(act: Act, evidence: Evidence) -> tuple[str, ...]:
    return granted(act, evidence.run.grants if evidence.run else ())


def _lacks(act: Act, roles: tuple[str, ...], evidence: Evidence) -> str:
    """Say which roles would let them do something; "" if they have one, or nobody has to have one."""
    if not roles or evidence.actor is CLOCKWORK or not set(roles).isdisjoint(evidence.actor.roles):
        return ""  # placet itself only tries what would come of it, in a dry run
    return f"{evidence.actor.id} may not {act.words}: it takes role {' or '.join(roles)}"


@rule
def no_open_review(_: Step, evidence: Evidence) -> str:
    """Nobody breaks the glass again before the last time was reviewed."""
    if not evidence.duty:
        return ""
    return f"{evidence.actor.principal} executed {evidence.duty} in an emergency, and nobody has reviewed that yet"


def acted(step: Step) -> frozenset[str]:
    """Return whoever asked for an emergency or executed it, then: the actors, and whoever they acted for."""
    did = [each for each in step.trail if each.code in {Code.OVERRIDDEN, Code.EXECUTED}]
    found = {step.request.emergency_by, *(name for each in did for name in (each.actor, each.on_behalf_of))}
    return asking(step.request.terms).union(name for name in found if name)


@rule
def other_eyes(step: Step, evidence: Evidence) -> str:
    """An emergency is reviewed by somebody else, who has a role for it if the policy named one."""
    actor, hands = evidence.actor, acted(step) | evidence.circumstances.asking
    if not hands.isdisjoint(actor.persons) or actor.kind is not ActorKind.HUMAN:
        return f"{actor.id} cannot review it: another person than whoever asked for it or executed it must"
    wanted: list[str] = next(
        (each.metadata["reviewer_roles"] for each in reversed(step.trail) if each.code == Code.OVERRIDDEN), []
    )
    if wanted and set(wanted).isdisjoint(actor.roles):
        return f"{actor.id} cannot review it: it takes role {' or '.join(wanted)}"
    return ""

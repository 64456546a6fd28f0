"""How far a request must have come."""

from placet.lifecycle.deadlines import next_deadline
from placet.lifecycle.rules import rule
from placet.lifecycle.step import Evidence, Step
from placet.model.canonical import in_words
from placet.model.request import Review, Status
from placet.model.requirement import WhenImpossible
from placet.model.trail import Code


@rule
def something_required(step: Step, _: Evidence) -> str:
    """There is something to wait for."""
    return "" if step.request.requirements else "nothing is required of it; it can be admitted"


@rule
def nothing_required(step: Step, _: Evidence) -> str:
    """There is nothing to wait for."""
    return f"it requires {', '.join(map(str, step.request.requirements))}" if step.request.requirements else ""


@rule
def allowed(_: Step, evidence: Evidence) -> str:
    """A policy allows it."""
    return "" if evidence.run is not None and evidence.run.accepted else "no policy allows it"


@rule
def held(step: Step, _: Evidence) -> str:
    """Somebody holds it."""
    return "" if step.request.held else "it is not held"


@rule
def not_held(step: Step, _: Evidence) -> str:
    """Nobody holds it."""
    return f"it is held: {step.request.held}" if step.request.held else ""


@rule
def in_time(step: Step, evidence: Evidence) -> str:
    """No deadline has passed."""
    deadline = next_deadline(step.request, step.known(evidence))
    return deadline.passed if deadline and step.at(evidence) >= deadline.at else ""


@rule
def overdue(step: Step, evidence: Evidence) -> str:
    """A deadline has passed."""
    deadline = next_deadline(step.request, step.known(evidence))
    if deadline is None:
        return "it has no deadline"
    return "" if step.at(evidence) >= deadline.at else str(deadline)


@rule
def approval_valid(step: Step, evidence: Evidence) -> str:
    """Its approval has not run out."""
    until = step.approved_until(evidence)
    if until is None or step.at(evidence) < until:
        return ""
    return f"its approval ran out at {in_words(until)}; it has to be approved again"


@rule
def approval_ran_out(step: Step, evidence: Evidence) -> str:
    """Its approval has run out."""
    until = step.approved_until(evidence)
    if until is None:
        return "it has no approval that runs out"
    return "" if step.at(evidence) >= until else f"its approval is valid until {in_words(until)}"


@rule
def requirements_met(step: Step, evidence: Evidence) -> str:
    """Every requirement is met, for the present digest."""
    found = step.standing(evidence)
    return "" if found.met else str(found)


@rule
def requirements_lapsed(step: Step, evidence: Evidence) -> str:
    """Something that people have to give is no longer there."""
    missing = any(each.requirement.asks_people for each in step.standing(evidence).open)
    return "" if missing else "what people have to give is there"


@rule
def rejected(step: Step, evidence: Evidence) -> str:
    """A rejection ends it, or what is required can no longer be met."""
    against = [vote for vote in step.ballots.votes if vote.digest == step.request.digest and vote.ends]
    ended = [
        each for each in step.standing(evidence).impossible if each.requirement.when_impossible is WhenImpossible.REJECT
    ]
    return "" if against or ended else "it can still be approved"


@rule
def unsatisfiable(step: Step, evidence: Evidence) -> str:
    """What is required can no longer be met, and nobody has said so yet."""
    ended = [str(each.requirement) for each in step.standing(evidence).impossible]
    if not ended:
        return "what is required can still be met"
    said = [each for each in step.trail if (each.code, each.digest) == (Code.UNSATISFIABLE, step.request.digest)]
    return "that was said already" if said and said[-1].metadata["requirements"] == ended else ""


@rule
def attempts_left(step: Step, evidence: Evidence) -> str:
    """It has not failed too often."""
    failures = step.request.failures
    return "" if failures < evidence.max_failures else f"it failed {failures} times, the most allowed"


@rule
def successor_exists(step: Step, evidence: Evidence) -> str:
    """There is another request, which is or may be executed."""
    successor = evidence.successor
    if successor is None:
        return "there is no such successor; submit it first"
    if successor.id == step.request.id:
        return f"it cannot succeed itself, {successor.id}"
    if successor.status.terminal and successor.status is not Status.EXECUTED:
        return f"its successor {successor.id} is {successor.status}"
    return ""


@rule
def terms_are_next(step: Step, evidence: Evidence) -> str:
    """There are new terms, on the current version, and they are the next ones."""
    terms, state = evidence.terms, evidence.state
    if terms is None or state is None or terms.expected_version != state.version:
        return "its terms were not renewed on the current version"
    if terms.number != step.request.terms_number + 1:
        return "its terms are not the next ones"
    return ""


@rule
def review_is_open(step: Step, _: Evidence) -> str:
    """It was executed in an emergency, and nobody has reviewed it."""
    review = step.request.review
    return "" if review == Review.OPEN else "its review is closed" if review else "it was not executed in an emergency"

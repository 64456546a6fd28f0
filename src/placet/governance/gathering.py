"""Gathering what requirements are judged by: from the store, about other requests and the state; from the directory."""

from collections.abc import Iterable
from datetime import datetime

from placet.governance.dossier import Dossier
from placet.lifecycle.step import Step
from placet.model.actor import Actor
from placet.model.approval import Approval, Eligibility
from placet.model.circumstances import Awaited, Circumstances
from placet.model.conditions import Dependency, Quota
from placet.model.directory import Directory, holders, known
from placet.model.requirement import Requirement
from placet.model.trail import HISTORY_BOOK, HistoryKind, Ledger
from placet.store.port import Reader


def gather(
    directory: Directory, reader: Reader, step: Step, more: Iterable[Requirement] = (), *, people: bool = True
) -> Circumstances:
    """Gather the circumstances of a request.

    Args:
        directory: who is who.
        reader: the store.
        step: the request and its trail.
        more: requirements to judge beside those of its terms.
        people: whether to ask who could still vote: needed wherever somebody speaks, and not to execute.
    """
    required = (*step.request.requirements, *more)
    if not required:
        return Circumstances()
    dependencies = {each.request_id for each in required if isinstance(each, Dependency)}
    limits = [each.limit for each in required if isinstance(each, Quota)]
    recheck = any(isinstance(each, Approval) and each.recheck for each in required)
    voters = {vote.holder for vote in step.ballots.votes if vote.digest == step.request.digest} if recheck else ()
    asked = [each for each in required if isinstance(each, Eligibility)] if people else []
    return Circumstances(
        awaited={each: _awaited(reader, each) for each in dependencies},
        executions=_executions(reader, step.request.state_id, max(limits)) if limits else (),
        candidates={each: found for each in asked if (found := candidates(directory, each)) is not None},
        voters={each: known(directory, each) for each in voters},
    )


def candidates(directory: Directory, requirement: Eligibility) -> tuple[Actor, ...] | None:
    """Give whoever is eligible now, or None where nobody can list them."""
    if requirement.anybody:
        return None
    listed = holders(directory, requirement.roles, requirement.groups)
    if listed is None:
        return None
    named = [actor for actor in (known(directory, each) for each in requirement.actors) if actor is not None]
    every = {actor.id: actor for actor in (*named, *listed)}
    return tuple(actor for actor in every.values() if actor.kind in requirement.kinds)


def _awaited(reader: Reader, request_id: str) -> Awaited | None:
    """Give what a request has come to, or whichever request took its place; checks each row against its trail."""
    named = Dossier.find(reader, request_id)
    last, seen = named, {request_id}
    while last is not None and last.request.successor is not None and last.request.successor not in seen:
        seen.add(last.request.successor)
        last = Dossier.find(reader, last.request.successor)
    if named is None or last is None:
        return None
    request, terms = last.request, last.request.terms
    made = request.resulting_version
    return Awaited(
        request_id=request.id,
        status=request.status,
        asks=terms.asks,
        about=f"{terms.mutation} on {terms.state_id}",
        already_in_place=any(each.code == "already_in_place" for each in last.decisions),
        outdated=last is not named and made is not None and made <= named.request.terms.expected_version,
    )


def _executions(reader: Reader, state_id: str, most: int) -> tuple[datetime, ...]:
    state = reader.state(state_id)
    # in a table of the user's own, versions have gaps and may be made by other hands: there all entries are read
    after = 0 if state is None or state.foreign else max(0, state.version - most)
    entries = HISTORY_BOOK.read(reader.links(Ledger.HISTORY, state_id, after), None if after else "")
    made = [entry.at for entry in entries if entry.kind is HistoryKind.EXECUTED]
    return tuple(reversed(made[-most:]))

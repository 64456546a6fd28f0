"""Gathering what requirements are judged by: from the store, about other requests and the state; from the directory."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from placet.errors import ActorNotFoundError, DelegationError
from placet.governance.dossier import Dossier
from placet.lifecycle.quorum import asking
from placet.lifecycle.step import Step
from placet.model.actor import Actor
from placet.model.approval import Approval, Eligibility, Reported
from placet.model.ballots import Hat, Report, Vote, Waiver
from placet.model.circumstances import Awaited, Circumstances
from placet.model.conditions import MOST_COUNTED, Dependency, Freeze, Quota
from placet.model.directory import Directory, holders, known, standing_in
from placet.model.requirement import Requirement
from placet.model.trail import HISTORY_BOOK, Code, HistoryKind, Ledger
from placet.store.port import Reader


def gather(
    directory: Directory,
    reader: Reader,
    step: Step,
    at: datetime,
    more: Iterable[Requirement] = (),
    *,
    people: bool = True,
) -> Circumstances:
    """Gather the circumstances of a request.

    Args:
        directory: who is who.
        reader: the store.
        step: the request and its trail.
        at: now, UTC.
        more: requirements to judge beside those of its terms.
        people: whether to ask who could still vote: needed wherever somebody speaks, and not to execute.
    """
    required = (*step.request.requirements, *more)
    if not required:
        return Circumstances()
    dependencies = {each.request_id for each in required if isinstance(each, Dependency)}
    limits = [each.limit for each in required if isinstance(each, Quota)]
    asked = [each for each in required if isinstance(each, Eligibility)] if people else []
    who = Lookup(directory)
    rechecked = tuple(kind for kind in _SPEAKING if any(isinstance(each, kind) and each.recheck for each in required))
    asks = asking(step.request.terms)
    if rechecked and step.trail:  # who submits is known already
        asks = acting_now(who, asks)
    return Circumstances(
        awaited={each: _awaited(reader, each) for each in dependencies},
        executions=_executions(reader, step, max(limits)) if limits else (),
        candidates={each: found for each in asked if (found := candidates(who, each)) is not None},
        speakers={each: who.speaking(each, at, asks) for each in _hats(step, rechecked)},
        asking=asks,
    )


_SPEAKING = (Approval, Reported, Freeze)
"""The requirements that votes, reports and waivers meet."""


def _hats(step: Step, rechecked: Iterable[type]) -> dict[Hat, None]:
    """Give as whom people said what is checked again."""
    said: dict[type, Sequence[Vote | Report | Waiver]] = {
        Approval: step.ballots.votes,
        Reported: step.ballots.reports,
        Freeze: step.ballots.waivers,
    }
    spoken = (each for kind in rechecked for each in said[kind])
    return dict.fromkeys(each.hat for each in spoken if each.digest == step.request.digest)


class Lookup:
    """Asks a directory about people, about each only once.

    Args:
        directory: who is who.
    """

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self._known: dict[str, Actor | None] = {}

    def known(self, actor_id: str) -> Actor | None:
        """Give an actor as they are now, or None if the directory does not know them (any more)."""
        if actor_id not in self._known:
            self._known[actor_id] = known(self.directory, actor_id)
        return self._known[actor_id]

    def speaking(self, hat: Hat, at: datetime, asks: frozenset[str]) -> Actor | None:
        """Give who would speak now as somebody did before; None if they could not, for whoever asks is in between."""
        actor_id, principal = hat
        actor = self.known(actor_id)
        if actor is None or principal in {actor.id, actor.on_behalf_of}:
            return actor
        try:
            acting, chain = standing_in(self.directory, actor, principal, at)
        except (DelegationError, ActorNotFoundError):
            return None
        return acting if asks.isdisjoint(chain) else None


def acting_now(who: Lookup, ids: frozenset[str]) -> frozenset[str]:
    """Return people, and whoever they act for now."""
    known = (who.known(each) for each in sorted(ids))
    return ids.union(*(actor.persons for actor in known if actor is not None))


def candidates(who: Lookup, requirement: Eligibility) -> tuple[Actor, ...] | None:
    """Give whoever is eligible now, or None where nobody can list them."""
    if requirement.anybody:
        return None
    listed = holders(who.directory, requirement.roles, requirement.groups)
    if listed is None:
        return None
    named = [actor for actor in map(who.known, requirement.actors) if actor is not None]
    every = {actor.id: actor for actor in (*named, *listed)}
    return tuple(actor for actor in every.values() if requirement.admits_actor(actor))


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
        already_in_place=any(each.code == Code.ALREADY_IN_PLACE for each in last.decisions),
        met_at=next((each.at for each in last.decisions if each.code in {Code.EXECUTED, Code.ALREADY_IN_PLACE}), None),
        outdated=last is not named and made is not None and made <= named.request.terms.expected_version,
    )


def _executions(reader: Reader, step: Step, most: int) -> tuple[datetime, ...]:
    """Return when the state was changed, newest first: the last changes, and as many before the first vote."""
    state_id, digest = step.request.state_id, step.request.digest
    state = reader.state(state_id)
    voted = min((vote.at for vote in step.ballots.votes if vote.digest == digest and vote.at is not None), default=None)
    many = most
    while True:
        # in a table of the user's own, versions have gaps and may be made by other hands: there all entries are read
        after = 0 if state is None or state.foreign else max(0, state.version - many)
        entries = HISTORY_BOOK.read(reader.links(Ledger.HISTORY, state_id, after), None if after else "")
        made = [entry.at for entry in entries if entry.kind is HistoryKind.EXECUTED]
        late = 0 if voted is None else sum(at > voted for at in made)
        if after == 0 or len(made) >= most + late or many > MOST_COUNTED:
            return tuple(reversed(made[-(most + late) :]))
        many *= 2

"""The inbox: which requests wait for somebody."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import Any

from placet.errors import ActorNotFoundError, DelegationError, IntegrityError
from placet.governance.context import Context
from placet.governance.dossier import Dossier
from placet.governance.finding import every
from placet.governance.gathering import gather
from placet.governance.waiting import demanded, simulated
from placet.lifecycle.standing import Position
from placet.lifecycle.transition import Trigger
from placet.model.actor import Actor
from placet.model.approval import Reported
from placet.model.channel import LIBRARY
from placet.model.conditions import Freeze
from placet.model.directory import standing_in
from placet.model.request import MutationRequest, Status
from placet.store.port import Filter, Reader


def inbox(context: Context, reader: Reader, actor: Actor, limit: int) -> Iterator[MutationRequest]:
    """Give open requests on which an actor can do something now; see `Governance.inbox`."""
    turns = (each for each in _waiting(reader) if _is_their_turn(context, reader, each.id, actor))
    return islice(turns, limit)


def _waiting(reader: Reader) -> Iterator[MutationRequest]:
    """Give the pending requests, and the approved ones, that somebody may have to waive a freeze for; newest first."""
    pending = every(reader, Filter(status=Status.PENDING))
    approved = every(reader, Filter(status=Status.APPROVED))
    return merge(pending, approved, key=lambda each: (each.created_at, each.id), reverse=True)


def _is_their_turn(context: Context, reader: Reader, request_id: str, actor: Actor) -> bool:
    """Tell whether a guard would let them vote, for themselves or somebody they stand in for, or report, or waive."""
    try:
        step = Dossier.load(reader, request_id).step()
    except IntegrityError:
        return False  # `verify` names it; an inbox of good requests goes on
    evidence = context.evidence(actor, "looking", digest=step.request.digest)
    # whoever only looks need not be known: acting is what is refused
    evidence = evidence.evolve(channel=LIBRARY, vouched=step.request.terms.vouched)
    evidence = evidence.evolve(circumstances=gather(context.directory, reader, step, evidence.at))
    context.lifecycle.fire_if_allowed(step, Trigger.EXPIRE_APPROVAL, evidence)  # as a vote would, before it counts
    positions = step.standing(evidence).positions
    asked: list[tuple[Trigger, dict[str, Any]]] = [
        *((Trigger.VOTE, {"actor": hat, "chain": chain}) for hat, chain in _hats(context, positions, actor)),
        *((Trigger.REPORT, {"about": name}) for name in _names(positions, Reported)),
        *((Trigger.WAIVE, {"about": name}) for name in _names(positions, Freeze)),
    ]
    if any(context.lifecycle.would(step, trigger, evidence.evolve(**facts)) for trigger, facts in asked):
        return True
    run = simulated(context, reader, step) if actor.roles else None
    later = () if run is None else tuple(demanded(context, reader, step, run))
    waiving = evidence.evolve(demanded=tuple(each.requirement for each in later))
    names = _names(later, Freeze)
    return any(context.lifecycle.would(step, Trigger.WAIVE, waiving.evolve(about=name)) for name in names)


def _hats(context: Context, positions: tuple[Position, ...], actor: Actor) -> Iterator[tuple[Actor, tuple[str, ...]]]:
    """Give them as themselves, and as whoever of those that could vote has made them their delegate."""
    yield actor, ()
    for principal in sorted({each for position in positions for each in position.candidates or ()} - {actor.id}):
        try:
            yield standing_in(context.directory, actor, principal, context.now())
        except (DelegationError, ActorNotFoundError):
            continue


def _names(positions: Iterable[Position], *kinds: type) -> list[str]:
    """Give the names of the checks, reviews or freezes that wait to be spoken of."""
    return [
        vars(each.requirement)["name"] for each in positions if isinstance(each.requirement, kinds) and not each.met
    ]

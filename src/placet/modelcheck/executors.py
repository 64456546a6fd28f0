"""What an executor can do next: load, resolve, run, commit or crash; honest ones, and ones that claim too much.

An executor is modelled as worse than any that there is: it may claim a resolution that is not true, run what its
resolution forbids, or read the state anew after it was resolved. Whatever saves the day is then a guard or the store.
"""

from collections.abc import Iterator

from placet.lifecycle.transition import Trigger
from placet.model.request import Status
from placet.model.resolution import ResolutionOutcome
from placet.model.run import RunStatus
from placet.modelcheck.commit import AbstractStore, put
from placet.modelcheck.events import UNHAPPY, Event
from placet.modelcheck.firing import Ask, Firing, Moved
from placet.modelcheck.world import IDLE, Asked, Executor, Verdict, World

_T, _O = Trigger, ResolutionOutcome
NAMES = ("one", "two")
_GLASS = 1
"""Which of them may break the glass."""

_LOADED = (Status.APPROVED, Status.REVALIDATION)
"""Where there is something to resolve; in an emergency in `pending`, too. Elsewhere there is nothing to begin with."""

_DRIFTED = (_O.SAME_EFFECT, _O.STALE, _O.ALREADY_IN_PLACE, _O.RENEW_APPROVAL, _O.REVALIDATE)


def executing(world: World, number: int, firing: Firing, store: AbstractStore) -> Iterator[Event]:
    """Give what one executor can do in a world."""
    mine, who = world.executors[number], NAMES[number]
    if mine == IDLE:
        if _begins(world.request, number):
            loaded = Executor(world.request, world.version)
            told = f"it is {world.request.status}"
            yield Event(who, "loads request and state", told, put(world, number, loaded))
        return
    yield Event(who, "crashes", "nothing is written", put(world, number, IDLE))
    if mine.request is not None:
        if mine.moved and mine.request.status is not Status.RESOLVING:
            yield _commit(world, number, store)
        for ask, did in _asks(world, mine, mine.request, number):
            moved = firing.fire(mine.request, ask, mine.verdict)
            if moved is not None:
                told = f"in its hands it is {moved.request.status}"
                yield Event(who, did, told, put(world, number, _further(mine, moved)))


def _begins(request: Asked, number: int) -> bool:
    return request.status in _LOADED or (number == _GLASS and request.status is Status.PENDING)


def _further(mine: Executor, moved: Moved) -> Executor:
    """Give what an executor has in hand now, without what it will not look at again."""
    resolving = moved.request.status is Status.RESOLVING
    version = mine.version if resolving or moved.request.status in _LOADED else 0
    verdict = moved.verdict if resolving else None
    return Executor(moved.request, version, verdict, moved.replaced, moved=True, outrun=mine.outrun)


def _commit(world: World, number: int, store: AbstractStore) -> Event:
    mine = world.executors[number]
    conflict = store.conflict(world, mine)
    if conflict or mine.request is None:
        return Event(NAMES[number], "commits", f"refused: {conflict}", put(world, number, IDLE))
    after = store.committed(world, number)
    changed = ", and the state is changed" if mine.replaced else ""
    return Event(NAMES[number], "commits", f"it is {mine.request.status}{changed}", after)


def _asks(world: World, mine: Executor, request: Asked, number: int) -> Iterator[tuple[Ask, str]]:
    if request.status is Status.RESOLVING:
        yield from _running(world, mine, number)
    elif _begins(request, number):
        if not mine.moved:
            yield Ask(_T.EXPIRE, NAMES[number], world.late, world.left), "looks at the deadline"
        if request.status is Status.REVALIDATION:
            yield from _revalidating(world, mine, number)
        yield from _resolving(world, mine, request, number)


def _resolving(world: World, mine: Executor, request: Asked, number: int) -> Iterator[tuple[Ask, str]]:
    approved = request.status is Status.APPROVED or request.validated
    ways = [(_T.RESOLVE, "resolves")]
    if number == _GLASS and (world.left or not approved):  # only where there is something to go past
        ways.append((_T.OVERRIDE, "breaks the glass and resolves"))
    for verdict, told in _claims(request, mine.version):
        for trigger, did in ways:
            ask = Ask(trigger, NAMES[number], world.late, world.left, mine.version, verdict=verdict)
            yield ask, f"{did}: {told}"


def _claims(request: Asked, version: int) -> Iterator[tuple[Verdict, str]]:
    """Give every resolution there can be, the untrue ones last."""
    expected = request.approved_for
    if expected == version:
        yield Verdict(_O.UNCHANGED, expected, version), "unchanged"
        return
    for outcome in _DRIFTED:
        yield Verdict(outcome, expected, version), outcome.value
    yield Verdict(_O.UNCHANGED, version, version), "unchanged, as if it had been approved for this version"
    yield Verdict(_O.UNCHANGED, expected, expected), "unchanged, as if the state had not moved"


def _running(world: World, mine: Executor, number: int) -> Iterator[tuple[Ask, str]]:
    who, late, left, version = NAMES[number], world.late, world.left, mine.version
    yield Ask(_T.EXECUTE, who, late, left, version), "runs it"
    yield Ask(_T.EXECUTE, who, late, left, version, RunStatus.REFUSED), "runs it although it is refused"
    if world.version != version:
        yield Ask(_T.EXECUTE, who, late, left, world.version), "runs it on the state as it is by now"
    yield Ask(_T.EXECUTE, who, late, left, version, differs=True), "runs it with another effect"
    yield Ask(_T.MARK_STALE, who, late, left, version), "finds it stale"
    yield Ask(_T.MARK_IN_PLACE, who, late, left, version), "finds its effect in place"
    yield Ask(_T.REQUIRE_REVALIDATION, who, late, left, version), "wants it revalidated"
    yield Ask(_T.RENEW_APPROVAL, who, late, left, version), "renews its terms"
    for run, (trigger, did) in UNHAPPY.items():
        yield Ask(trigger, who, late, left, version, run), did


def _revalidating(world: World, mine: Executor, number: int) -> Iterator[tuple[Ask, str]]:
    who, late, left, version = NAMES[number], world.late, world.left, mine.version
    yield Ask(_T.REVALIDATE, who, late, left, version), "revalidates it without being an approver"
    for run, (trigger, did) in UNHAPPY.items():
        yield Ask(trigger, who, late, left, version, run), did

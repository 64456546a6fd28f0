"""The search: breadth first through every world, so that the first world that breaks something is the nearest."""

from collections.abc import Iterator
from time import perf_counter

from placet.lifecycle.table import LIFECYCLE
from placet.lifecycle.transition import Table
from placet.model.request import Status
from placet.modelcheck import invariants
from placet.modelcheck.commit import AbstractStore
from placet.modelcheck.events import Event, around, said
from placet.modelcheck.executors import NAMES, executing
from placet.modelcheck.firing import Firing
from placet.modelcheck.numbering import renumbered
from placet.modelcheck.report import CounterExample, Report
from placet.modelcheck.world import Asked, World

BEGINNINGS = tuple(World(Asked(Status.CREATED, requires)) for requires in (False, True))
"""A request that requires nothing, and one that requires two approvals."""

_SOUND = AbstractStore()


def check(table: Table = LIFECYCLE, store: AbstractStore = _SOUND) -> Report:
    """Explore every world that a table can come to, and see whether the invariants hold in all of them.

    Args:
        table: the lifecycle to check.
        store: how commits are made.

    Returns:
        What was explored; with the shortest counter-example if an invariant is broken, and then only up to there.
    """
    begun = perf_counter()
    search = _Search(table, store)
    broken = search.explore() or search.dead_end()
    return Report(
        worlds=len(search.worlds),
        steps=sum(map(len, search.sources)),
        requests=len({world.request for world in search.worlds}),
        walked=frozenset(search.firing.arrows),
        declared=sum(len(row.sources) for row in table),
        invariants=tuple(each.name for each in invariants.ALL),
        broken=broken,
        seconds=perf_counter() - begun,
    )


class _Search:
    """One search.

    Attributes:
        firing: what fires the table.
        worlds: every world, in the order it was found.
        sources: for each world, which worlds lead to it.
    """

    def __init__(self, table: Table, store: AbstractStore) -> None:
        self.firing = Firing(table)
        self.worlds = list(BEGINNINGS)
        self.sources: list[list[int]] = [[] for _ in BEGINNINGS]
        self._store = store
        self._numbers = {world: number for number, world in enumerate(BEGINNINGS)}
        self._came: list[int] = [-1 for _ in BEGINNINGS]

    def explore(self) -> CounterExample | None:
        """Find every world; stop at the first that breaks an invariant."""
        number = 0
        while number < len(self.worlds):
            world = self.worlds[number]
            for event in self._events(world):
                after = renumbered(event.after)
                if after.request is not world.request or after.effects != world.effects:
                    for each in invariants.STEPWISE:
                        why = each.broken(world, after)
                        if why:
                            return CounterExample(each.name, why, (*self._story(number), event))
                self._add(after, number)
            number += 1
        return None

    def _events(self, world: World) -> Iterator[Event]:
        yield from said(world, self.firing, self._store)
        for number in range(len(NAMES)):
            yield from executing(world, number, self.firing, self._store)
        yield from around(world)

    def _add(self, world: World, source: int) -> None:
        number = self._numbers.setdefault(world, len(self.worlds))
        if number == len(self.worlds):
            self.worlds.append(world)
            self.sources.append([])
            self._came.append(source)
        self.sources[number].append(source)

    def _story(self, number: int) -> list[Event]:
        """Tell how a world came to be: the events are found again, rather than kept for every world."""
        story: list[Event] = []
        while (source := self._came[number]) >= 0:
            target = self.worlds[number]
            story.append(
                next(event for event in self._events(self.worlds[source]) if renumbered(event.after) == target)
            )
            number = source
        return story[::-1]

    def dead_end(self) -> CounterExample | None:
        """Find the nearest world from which no terminal status can be reached."""
        open_ = [number for number, world in enumerate(self.worlds) if world.request.terminal]
        alive = set(open_)
        while open_:
            more = {source for number in open_ for source in self.sources[number]} - alive
            alive |= more
            open_ = list(more)
        for number, world in enumerate(self.worlds):
            if number not in alive:
                why = f"it is {world.request.status}, and nothing leads to an end any more"
                return CounterExample(invariants.WAY_OUT.name, why, tuple(self._story(number)))
        return None

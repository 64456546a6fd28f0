"""The abstract store: one commit, by compare-and-set on the revision of the request and the version of the state."""

from dataclasses import dataclass

from placet.modelcheck.world import IDLE, OUTRUN, Asked, Executor, World


@dataclass(frozen=True, slots=True)
class AbstractStore:
    """Keeps one request and one state.

    Attributes:
        checks_revision: whether a commit fails if the request has moved since it was loaded.
        checks_version: whether a commit that replaces the state fails if the state has moved since it was loaded.
    """

    checks_revision: bool = True
    checks_version: bool = True

    def conflict(self, world: World, executor: Executor) -> str:
        """Give why a commit fails, or ""."""
        if executor.outrun and self.checks_revision:
            return "the request has moved since"
        if executor.replaced and executor.replaced != world.version and self.checks_version:
            return "the state has moved since"
        return ""

    def moved(self, world: World, request: Asked) -> World:
        """Store a request that has moved. Whoever has loaded it before is outrun."""
        one, two = world.executors
        return world._replace(request=request, executors=(self._overtaken(one), self._overtaken(two)))

    def committed(self, world: World, number: int) -> World:
        """Store what an executor has in hand, the state with it; there must be no conflict."""
        mine = world.executors[number]
        if mine.request is None:
            return world
        after = self.moved(put(world, number, IDLE), mine.request)
        if mine.replaced:
            after = after._replace(version=mine.replaced + 1, effects=min(2, after.effects + 1))
        return after

    def _overtaken(self, executor: Executor) -> Executor:
        if executor.request is None:
            return executor
        return OUTRUN if self.checks_revision else executor._replace(outrun=True)


def put(world: World, number: int, executor: Executor) -> World:
    """Give the world with one executor changed."""
    one, two = world.executors
    return world._replace(executors=(one, executor) if number else (executor, two))

"""Deterministic cost of each governed step: these figures gate, as they are the same on every run of a commit.

Ids count, the clock stands still, three steps warm up, one is measured. They depend on the Python version, so compare only
figures of one. PYTHONHASHSEED must be fixed.
"""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from benchmarks import counting
from benchmarks.operations import OPERATIONS, made
from benchmarks.world import MEMORY, SQLITE, World

T = TypeVar("T", bound=Callable[..., int])


def _in(unit: str) -> Callable[[T], T]:
    """Say in which unit a figure is."""

    def marked(method: T) -> T:
        vars(method)["unit"] = unit
        return method

    return marked


class InMemory:
    """Over the memory store: the governance runtime alone."""

    version = "1"
    less_is_better = True
    param_names: ClassVar = ["path"]
    params: ClassVar = [list(OPERATIONS)]
    store = MEMORY

    def setup(self, path: str) -> None:
        """Make steps ready, and warm up."""
        self.world = World(self.store, exact=True)
        *warm_ups, self.action = made(path, self.world, counting.WARM_UPS + 1)
        for each in warm_ups:
            each()

    def teardown(self, _: str) -> None:
        """Throw the world away."""
        self.world.close()

    @_in("calls")
    def track_python_calls(self, _: str) -> int:
        """Give how often a Python function was called."""
        return counting.python_calls(self.action, self.world)

    @_in("opcodes")
    def track_opcodes(self, _: str) -> int:
        """Give how many instructions the interpreter executed."""
        return counting.opcodes(self.action, self.world)

    @_in("objects")
    def track_objects_kept(self, _: str) -> int:
        """Give how many objects are there afterwards that were not before."""
        return counting.objects(self.action, self.world)


class OverSqlite(InMemory):
    """Over a file, write-ahead log, FULL."""

    store = SQLITE

    @_in("statements")
    def track_sql_statements(self, _: str) -> int:
        """Give how many SQL statements were run."""
        return counting.statements(self.action, self.world)

    @_in("commits")
    def track_commits(self, _: str) -> int:
        """Give how many commits reached the write-ahead log."""
        return counting.commits(self.action, self.world)

    @_in("bytes")
    def track_wal_bytes(self, _: str) -> int:
        """Give how many bytes reached the write-ahead log."""
        return counting.wal_bytes(self.action, self.world)

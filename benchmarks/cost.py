"""Deterministic cost of each governed step: these figures gate, as they are the same on every run of a commit.

Ids count, the clock stands still, three steps warm up, one is measured. They depend on the Python version, so compare
only figures of one.
"""

from typing import ClassVar

from benchmarks import counting
from benchmarks.counting import in_unit
from benchmarks.operations import OPERATIONS, made
from benchmarks.world import MEMORY, SQLITE, World


class _Cost:
    """Makes steps ready in a world that is the same every time, and warms up."""

    version = "1"
    less_is_better = True
    param_names: ClassVar = ["path"]
    params: ClassVar = [list(OPERATIONS)]
    store = MEMORY
    steps = 1

    def setup(self, path: str) -> None:
        """Make steps ready, and warm up."""
        self.world = World(self.store, exact=True)
        ready = made(path, self.world, counting.WARM_UPS + self.steps)
        for each in ready[: counting.WARM_UPS]:
            each()
        self.actions = ready[counting.WARM_UPS :]

    def teardown(self, _: str) -> None:
        """Throw the world away."""
        self.world.close()


class InMemory(_Cost):
    """Over the memory store: the governance runtime alone."""

    @in_unit("calls")
    def track_python_calls(self, _: str) -> int:
        """Give how often a Python function was called."""
        return counting.python_calls(self.actions[0])

    @in_unit("opcodes")
    def track_opcodes(self, _: str) -> int:
        """Give how many instructions the interpreter executed."""
        return counting.opcodes(self.actions[0])

    @in_unit("objects")
    def track_objects_kept(self, _: str) -> int:
        """Give how many objects are there afterwards that were not before."""
        return counting.objects(self.actions[0])


class OverSqlite(InMemory):
    """Over a file, write-ahead log, FULL."""

    store = SQLITE

    @in_unit("statements")
    def track_sql_statements(self, _: str) -> int:
        """Give how many SQL statements were run."""
        return counting.statements(self.actions[0], self.world)

    @in_unit("commits")
    def track_commits(self, _: str) -> int:
        """Give how many commits reached the write-ahead log."""
        return counting.commits(self.actions[0], self.world)


class WrittenBySqlite(_Cost):
    """What reaches the disk; a mean of several steps, as one byte more or less can make a page more or less."""

    store = SQLITE
    steps = 8

    @in_unit("bytes")
    def track_wal_bytes(self, _: str) -> int:
        """Give how many bytes each step wrote to the write-ahead log."""
        return sum(counting.wal_bytes(each, self.world) for each in self.actions) // self.steps


FAMILIES = (InMemory, OverSqlite, WrittenBySqlite)

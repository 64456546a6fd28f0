"""How times are taken; asv finds no class with an underscore, so these are no benchmarks themselves.

A step can be taken once, so a sample is a batch of them, made ready beforehand.
"""

from functools import partial
from typing import Any

from benchmarks.operations import made
from benchmarks.staging import Staged
from benchmarks.world import MEMORY, Action, World

BATCH = 20
"""How many steps one sample times. Divide by it for the time of one."""

WARM_UPS = 3


class _Ready:
    """Makes steps ready; a subclass says which by `path`, or makes them ready itself in `prepare`.

    asv calls `setup` before every sample, since `number` is 1, and the sample is long enough for the clock.
    """

    version = "1"
    number = 1
    repeat = (3, 10, 10.0)
    warmup_time = 0
    timeout = 300
    store = MEMORY
    path = ""
    batch = BATCH

    def setup(self, *parameters: Any) -> None:
        self.world = World(self.store)
        ready = self.prepare(WARM_UPS + self.batch, *parameters)
        for each in ready[:WARM_UPS]:
            each()
        self.actions = ready[WARM_UPS:]

    def teardown(self, *_: object) -> None:
        self.world.close()

    def prepare(self, count: int, *_: Any) -> list[Action]:
        """Make steps ready."""
        return made(self.path, self.world, count)


class _Batch(_Ready):
    """Times a batch."""

    def time_batch_of_20(self, *_: object) -> None:
        for action in self.actions:
            action()


class _One(_Ready):
    """Times a single step, which is long enough."""

    batch = 1

    def time_one(self, *_: object) -> None:
        self.actions[0]()


class _Stage(_Batch):
    """Times one stage of governed executions, on real attempts that have come so far."""

    path = "approved request executed"
    stage = ""

    def setup(self, *_: object) -> None:
        self.world = World(self.store)
        for count in (WARM_UPS, BATCH):
            self.staged = Staged(self.world, self.path, made(self.path, self.world, count))
            self.staged.until(self.stage)
            self.actions = [partial(getattr(self.staged, self.stage))]
            if count == WARM_UPS:
                self.actions[0]()
                self.staged.close()

    def teardown(self, *_: object) -> None:
        self.staged.close()
        self.world.close()

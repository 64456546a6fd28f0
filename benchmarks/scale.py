"""Does a large store cost more? SQLite files with 1,000 and 100,000 requests; `stock` says what is in them.

With PLACET_BENCH_SCALE=1000000 in the environment there is one of a million, too. It takes ten times as long to build,
and as much room below .asv/, as that of 100,000: 0.34 GB.
"""

import os
import shutil
from functools import partial
from typing import Any, ClassVar

from benchmarks.batches import BATCH, WARM_UPS, _Batch
from benchmarks.operations import made
from benchmarks.stock import stocked
from benchmarks.world import SQLITE, Action, World

SIZES = [1_000, 100_000, *(int(each) for each in [os.environ.get("PLACET_BENCH_SCALE", "")] if each)]

COPIED_UP_TO = 100_000
"""Stores up to this size are copied before they are written to; a few requests more do not change a larger one."""


def opened(size: int) -> World:
    """Open a store of a size."""
    kept = stocked(size)
    if size > COPIED_UP_TO:
        return World(SQLITE, file=kept)
    world = World(SQLITE)
    world.gov.close()
    shutil.copy(kept, world.file)
    world.gov = world.another()
    return world


class _Stocked(_Batch):
    timeout = 3600
    repeat = (2, 5, 10.0)
    param_names: ClassVar = ["requests"]
    params: ClassVar = [SIZES]

    def setup(self, *parameters: Any) -> None:
        self.world = opened(parameters[0])
        ready = self.prepare(WARM_UPS + BATCH, parameters[0])
        for each in ready[:WARM_UPS]:
            each()
        self.actions = ready[WARM_UPS:]


class ApprovedRequestExecutedInALargeStore(_Stocked):
    def prepare(self, count: int, *_: Any) -> list[Action]:
        return made("approved request executed", self.world, count)


class InboxPage(_Stocked):
    """The first 10 requests that wait for somebody; one request in a hundred is pending."""

    def prepare(self, count: int, *_: Any) -> list[Action]:
        return [partial(self.world.gov.inbox, "carol", limit=10)] * count


class FirstPage(_Stocked):
    """The newest 50 requests."""

    def prepare(self, count: int, *_: Any) -> list[Action]:
        return [partial(self.world.gov.find_requests)] * count


class DeepPage(_Stocked):
    """50 requests from the middle of all."""

    def prepare(self, count: int, *parameters: Any) -> list[Action]:
        return [partial(self.world.gov.find_requests, cursor=cursor_at(self.world, parameters[0] // 2))] * count


class EntryVerified(_Stocked):
    """One request with all its rows, as `verify` does it; 20 that lie far apart."""

    def prepare(self, count: int, *parameters: Any) -> list[Action]:
        return [verification(self.world, number) for number in _apart(parameters[0], count)]


def _apart(size: int, count: int) -> range:
    return range(1, size, size // count)[:count]


def request_id(number: int) -> str:
    """Give the id of a request of the stock."""
    return f"00000000-0000-7000-8000-{number:012x}"


def cursor_at(world: World, number: int) -> str:
    """Give the cursor of the page that follows a request of the stock.

    Raises:
        NotImplementedError: this commit has no such cursor.
    """
    try:
        from placet.governance.finding import cursor_after  # noqa: PLC0415 - not on every commit
    except ImportError as missing:
        raise NotImplementedError(str(missing)) from missing
    return cursor_after(world.gov.get_request(request_id(number)))


def verification(world: World, number: int) -> Action:
    """Give the verification of one request of the stock.

    Raises:
        NotImplementedError: this commit verifies otherwise.
    """
    try:
        from placet.governance.verification import _check_request  # noqa: PLC0415 - not on every commit
    except ImportError as missing:
        raise NotImplementedError(str(missing)) from missing

    def check() -> bool:
        with world.gov._context.store.view() as reader:  # noqa: SLF001 - one entry cannot be asked for in public
            return bool(_check_request(reader, request_id(number)))

    return partial(check)

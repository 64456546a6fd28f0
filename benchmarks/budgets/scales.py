"""What the budgets compare between a small and a large store: an execution, and any page."""

import time
from functools import partial

from benchmarks.budgets.sides import EXECUTED, Sides
from benchmarks.counting import quiet
from benchmarks.operations import made
from benchmarks.scale import SIZES, cursor_at, opened
from benchmarks.world import Action, World

SMALL, LARGE = SIZES[0], SIZES[-1]


def _pages(world: World, size: int) -> dict[str, Action]:
    find = world.gov.find_requests
    return {
        "inbox": partial(world.gov.inbox, "carol", limit=10),
        "first page": partial(find),
        "page of a status": partial(find, status="canceled"),
        "page of a requester": partial(find, requester="bob"),
        "deep page": partial(find, cursor=cursor_at(world, size // 2)),
        "last page": partial(find, cursor=cursor_at(world, 60)),
    }


def _milliseconds(action: Action) -> float:
    with quiet():
        begun = time.perf_counter_ns()
        action()
        return (time.perf_counter_ns() - begun) / 1e6


def sizes(count: int) -> Sides:
    """Execute and read pages in a small and a large store, in turns."""
    with opened(SMALL) as small, opened(LARGE) as large:
        worlds = {SMALL: small, LARGE: large}
        ready = {size: made(EXECUTED, world, 3 + count) for size, world in worlds.items()}
        pages = {size: _pages(world, size) for size, world in worlds.items()}
        taken: dict[tuple[str, int], list[float]] = {}
        for turn in range(count):
            for size in worlds:
                for name, action in {"execution": ready[size][turn], **pages[size]}.items():
                    taken.setdefault((name, size), []).append(_milliseconds(action))
    return {f"{name}, {size:,}": sorted(times)[len(times) // 2] for (name, size), times in taken.items()}

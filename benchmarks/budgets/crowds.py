"""What the budgets compare where many execute at once: threads on one store, processes on one file."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier as Meeting
from pathlib import Path
from threading import Barrier, Lock, Thread

from benchmarks.budgets.sides import EXECUTED, Sides
from benchmarks.operations import made
from benchmarks.world import SQLITE, Action, World

THREADS, PROCESSES = 16, 4

Stamps = list[tuple[float, float]]
"""When each execution began and ended."""


def fairness(done: Sequence[Stamps]) -> float:
    """Give how many the slowest had done, for each that the fastest had, at the moment when the first had done all."""
    end = min(stamps[-1][1] for stamps in done)
    counts = [sum(1 for _, ended in stamps if ended <= end) for stamps in done]
    return min(counts) / max(counts)


def _taken(actions: Sequence[Action], held: AbstractContextManager[object]) -> Stamps:
    stamps = []
    for action in actions:
        begun = time.monotonic()
        with held:
            action()
        stamps.append((begun, time.monotonic()))
    return stamps


def _threads(share: int, held: Callable[[], AbstractContextManager[object]]) -> list[Stamps]:
    with World(SQLITE, exact=True) as world:
        with world.hasty():
            ready = made(EXECUTED, world, THREADS * share)
        done: list[Stamps] = [[] for _ in range(THREADS)]
        start, lock = Barrier(THREADS), held()

        def work(place: int) -> None:
            start.wait()
            done[place] = _taken(ready[place::THREADS], lock)

        threads = [Thread(target=work, args=(place,)) for place in range(THREADS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    return done


def _rate(done: Sequence[Stamps]) -> float:
    """Give executions per second, of all together."""
    first, last = min(stamps[0][0] for stamps in done), max(stamps[-1][1] for stamps in done)
    return sum(map(len, done)) / (last - first)


def threads(count: int) -> Sides:
    """Let 16 threads execute on one store, as it is and with one lock around it."""
    free, locked = _threads(count, nullcontext), _threads(count, Lock)
    return {"16 threads": _rate(free), "16 threads, one lock": _rate(locked), "16 threads, fairness": fairness(free)}


def _process(file: Path, ids: list[str], start: Meeting, told: "Queue[Stamps]") -> None:
    world = World(SQLITE, file=file)
    world.gov.get_request(ids[0])
    start.wait()
    told.put(_taken([Action(world.gov.execute, each, by="runner") for each in ids], nullcontext()))
    world.close()


def processes(count: int) -> Sides:
    """Let 4 processes execute on one file, each what is its own."""
    spawn = multiprocessing.get_context("spawn")
    with World(SQLITE, exact=True) as world:
        with world.hasty():
            ids = [action.args[0] for action in made(EXECUTED, world, PROCESSES * count)]
        start, told = spawn.Barrier(PROCESSES), spawn.Queue()
        workers = [
            spawn.Process(target=_process, args=(world.file, ids[place::PROCESSES], start, told))
            for place in range(PROCESSES)
        ]
        for each in workers:
            each.start()
        done: list[Stamps] = [told.get() for _ in workers]
        for each in workers:
            each.join()
    worst = max(ended - begun for stamps in done for begun, ended in stamps)
    return {"4 processes, fairness": fairness(done), "4 processes, worst wait": worst * 1000}

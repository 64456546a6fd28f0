"""Runs peers in turn, round by round, each in a process of its own, and checks after every round what they did."""

import gc
import multiprocessing
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeAlias

from benchmarks.peers.listing import Entry
from benchmarks.peers.peer import Peer, check, make


@dataclass(frozen=True, slots=True)
class Sample:
    """What one execution took in one round, in microseconds.

    Attributes:
        wall: by the clock on the wall.
        cpu: of a processor, in all threads.
    """

    wall: float
    cpu: float


Times: TypeAlias = dict[str, list[Sample]]
"""A sample for each round, by name."""


class PeerFailedError(Exception):
    """A peer could not be measured."""


def measured(peer: Peer, count: int, before: int, *, durable: bool) -> Sample:
    """Let a peer execute so many requests; give what one took, once it is checked that it did it.

    Args:
        peer: the peer.
        count: how many.
        before: how many it had executed before.
        durable: whether every one had to be durable.
    """
    peer.prepare(count)
    gc.collect()
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    peer.run()
    cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    check(peer, before + count, durable=durable)
    return Sample(wall / count / 1000, cpu / count / 1000)


def interleaved(entries: Sequence[Entry], folder: Path, rounds: int, per_round: int) -> Times:
    """Measure peers side by side: a round goes through all of them, the next one begins one peer further on.

    The first round warms up, and does not count.
    """
    times: Times = {entry.name: [] for entry in entries}
    with ExitStack() as stack:
        workers = {entry.name: stack.enter_context(_worker(entry, folder)) for entry in entries}
        for number in range(rounds + 1):
            for place in range(len(entries)):
                entry = entries[(number + place) % len(entries)]
                sample = _asked(entry, workers[entry.name], per_round)
                if number > 0:
                    times[entry.name].append(sample)
    return times


@contextmanager
def _worker(entry: Entry, folder: Path) -> Iterator[Connection]:
    own = folder / entry.name
    own.mkdir()
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, entry.place, own, entry.durable), daemon=True)
    process.start()
    there.close()  # so that a worker that dies is noticed
    try:
        yield here
    finally:
        here.close()
        process.join()


def _asked(entry: Entry, worker: Connection, count: int) -> Sample:
    worker.send(count)
    try:
        answer = worker.recv()
    except EOFError:
        raise PeerFailedError(f"{entry.title}: its process died") from None
    if not isinstance(answer, Sample):
        raise PeerFailedError(f"{entry.title}: {answer}")
    return answer


def _work(parent: Connection, place: str, folder: Path, durable: bool) -> None:  # noqa: FBT001 - sent to the process
    """Measure one peer whenever the parent asks, until it hangs up."""
    peer, done = None, 0
    while (count := _next(parent)) is not None:
        try:
            peer = peer or make(place, folder)
            parent.send(measured(peer, count, done, durable=durable))
            done += count
        except Exception:  # noqa: BLE001 - whatever it is, the parent says it and stops
            parent.send(traceback.format_exc())
    if peer is not None:
        peer.close()


def _next(parent: Connection) -> int | None:
    try:
        count: int = parent.recv()
    except EOFError:
        return None
    return count

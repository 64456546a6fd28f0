"""`python -m benchmarks.parts`: what a governed execution is made of, and that the parts add up to it.

The parts are the stages of `staging`: the code that executes, taken stage by stage on real attempts. The
whole is `Governance.execute`. One of each is measured in turn, over the memory store, in processor time, as that is all
there is to it; besides in Python calls and instructions, which are the same on every run.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks import counting
from benchmarks.operations import PATHS, made
from benchmarks.staging import ROADS, STAGES, Staged
from benchmarks.world import World

Row = tuple[str, list[float]]
"""A part, and what it took in each round."""

WORDS = {
    "loading": "loading: request, trail and state, checked",
    "deadlines": "machine: has time changed anything?",
    "resolution": "version resolution",
    "machine": "machine: resolve, and its decision",
    "hand_off": "hand-off: policies, check, apply, change set",
    "recording": "recording the outcome: last trigger, all rows",
    "telling": "commit, and the outcome as it is given back",
}


def round_of(path: str, count: int) -> tuple[list[float], float]:
    """Measure stages and whole, one execution of each in turn; microseconds of processor time for one execution."""
    parts, whole, clock = [0] * len(STAGES), 0, time.thread_time_ns
    with World() as world, counting.quiet():
        ready = made(path, world, 2 * count)
        for apart, action in zip(ready[::2], ready[1::2], strict=True):
            staged = Staged(world, path, [apart])
            for place, stage in enumerate(STAGES):
                act, begun = getattr(staged, stage), clock()
                act()
                parts[place] += clock() - begun
            if staged.statuses() != {PATHS[path].ends}:
                raise RuntimeError(f"{path}: it came to {staged.statuses()}")
            begun = clock()
            action()
            whole += clock() - begun
    return [each / 1000 / count for each in parts], whole / 1000 / count


def counted(path: str, counter: Callable[[partial[object]], int]) -> tuple[list[float], float]:
    """Count every stage of one execution, and one whole, after three of each."""
    with World(exact=True) as world:
        ready = made(path, world, 2 * counting.WARM_UPS + 2)
        for apart, action in zip(ready[2::2], ready[3::2], strict=True):
            Staged(world, path, [apart]).until("end")
            action()
        staged = Staged(world, path, ready[:1])
        parts = [float(counter(partial(getattr(staged, stage)))) for stage in STAGES]
        return parts, float(counter(ready[1]))


def report(path: str, rounds: int, count: int) -> None:
    """Print the table of one path."""
    measured = [round_of(path, count) for _ in range(rounds)]
    calls, codes = counted(path, counting.python_calls), counted(path, counting.opcodes)
    print(f"\n{path}; microseconds of processor time, minimum and median of {rounds} rounds of {count}")
    print(f"{'':46} {'min':>8} {'median':>8} {'of whole':>8} {'calls':>7} {'opcodes':>8}")

    def line(words: str, times: Sequence[float], called: float, executed: float) -> None:
        share = statistics.median(times) / statistics.median([whole for _, whole in measured])
        figures = f"{min(times):8.1f} {statistics.median(times):8.1f} {share:8.1%} {called:7.0f} {executed:8.0f}"
        print(f"{words:46} {figures}")

    for place, stage in enumerate(STAGES):
        line(WORDS[stage], [parts[place] for parts, _ in measured], calls[0][place], codes[0][place])
    line("sum of the parts", [sum(parts) for parts, _ in measured], sum(calls[0]), sum(codes[0]))
    line("the whole: Governance.execute", [whole for _, whole in measured], calls[1], codes[1])
    left = [whole - sum(parts) for parts, whole in measured]
    line("remainder: the call, the actor, the unit", left, calls[1] - sum(calls[0]), codes[1] - sum(codes[0]))


def main() -> None:
    """Print the table of every path that can be taken apart."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parts", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--count", type=int, default=100, help="executions in each round")
    parser.add_argument("--quick", action="store_true", help="one small round, to see that it works")
    wanted = parser.parse_args()
    for path in ROADS:
        report(path, *((1, 3) if wanted.quick else (wanted.rounds, wanted.count)))


if __name__ == "__main__":
    main()

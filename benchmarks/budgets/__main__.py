"""Prints the table of budgets: minimum and median of each ratio, of rounds in which everything is measured in turn."""

import argparse
import os
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.budgets.crowds import processes, threads
from benchmarks.budgets.scales import LARGE, SMALL, sizes
from benchmarks.budgets.sides import Sides, importing, in_memory, on_disk, our_triggers, stock_triggers

MEASURES: dict[Callable[[int], Sides], tuple[int, int]] = {
    in_memory: (100, 5),
    stock_triggers: (1_000, 10),
    our_triggers: (1_000, 10),
    on_disk: (30, 2),
    threads: (20, 2),
    processes: (50, 3),
    sizes: (15, 1),
    importing: (1, 1),
}
"""What is measured, and of how many at once: in full, and to see that it works."""

PAGES = ("inbox", "first page", "page of a status", "page of a requester", "deep page", "last page")


@dataclass(frozen=True)
class Budget:
    """One row of the table.

    Attributes:
        words: what is compared.
        side: what is measured.
        base: what it is divided by; nothing if it is a ratio already.
        budget: what it may be.
        moonshot: what it would be at its best.
        least: whether these are the least it must be, not the most it may be.
    """

    words: str
    side: str
    base: str | None
    budget: float
    moonshot: float
    least: bool = False

    def ratio(self, rounds: Sequence[Sides], take: Callable[[list[float]], float]) -> float:
        """Give the ratio, taking one of all rounds for each side."""
        side, base = ([each.get(name or "", 1.0) for each in rounds] for name in (self.side, self.base))
        return take(side) / take(base)

    def verdict(self, ratio: float) -> str:
        """Say whether a ratio meets the budget."""
        reached = [ratio >= bound if self.least else ratio <= bound for bound in (self.budget, self.moonshot)]
        return ("over budget", "met", "moonshot")[sum(reached)]


BUDGETS = (
    Budget("governed execution in memory / two bare triggers", "governed, memory", "two triggers, stock", 3.0, 2.0),
    Budget("two triggers through our machine / stock", "two triggers, ours", "two triggers, stock", 1.0, 0.3),
    Budget("governed execution, SQLite FULL / one bare durable insert", "governed, SQLite", "bare insert", 3.0, 2.2),
    Budget("execute_many, 100 in one commit, each / the same insert", "execute_many", "bare insert", 1.0, 0.5),
    Budget("16 threads on one store / one lock around it", "16 threads", "16 threads, one lock", 1.3, 2.0, least=True),
    Budget("16 threads: slowest / fastest", "16 threads, fairness", None, 0.9, 0.9, least=True),
    Budget("4 processes on one file: slowest / fastest", "4 processes, fairness", None, 0.8, 0.95, least=True),
    Budget("4 processes on one file: worst wait, ms", "4 processes, worst wait", None, 250, 60),
    Budget(f"execution at {LARGE:,} / at {SMALL:,}", f"execution, {LARGE:,}", f"execution, {SMALL:,}", 1.3, 1.1),
    *(
        Budget(f"{page} at {LARGE:,} / at {SMALL:,}", f"{page}, {LARGE:,}", f"{page}, {SMALL:,}", 3, 2)
        for page in PAGES
    ),
    Budget("import placet / pydantic and transitions alone", "import placet", "import alone", 1.3, 1.1),
)


def measured(rounds: int, *, quick: bool, only: Sequence[str]) -> list[Sides]:
    """Measure everything in turn, so many times."""
    chosen = [measure for measure in MEASURES if measure.__name__ in only]
    found: list[Sides] = []
    for number in range(rounds):
        sides: Sides = {}
        for measure in chosen:
            sys.stderr.write(f"\rround {number + 1} of {rounds}: {measure.__name__:20}")
            sides |= measure(MEASURES[measure][quick])
        found.append(sides)
    sys.stderr.write(f"\r{'':60}\r")
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.budgets", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="one small round, to see that it works")
    names = [each.__name__ for each in MEASURES]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="what to measure")
    wanted = parser.parse_args()
    rounds = measured(1 if wanted.quick else wanted.rounds, quick=wanted.quick, only=wanted.only)
    print(f"{len(rounds)} rounds; min is of the minima, median of the medians; load {os.getloadavg()[0]:.1f}")
    print(f"\n{'':58} {'min':>8} {'median':>8} {'budget':>7} {'moonshot':>8}")
    for each in BUDGETS:
        if each.side in rounds[0] and (each.base is None or each.base in rounds[0]):
            low, middle = each.ratio(rounds, min), each.ratio(rounds, statistics.median)
            bounds = f"{each.budget:7g} {each.moonshot:8g}"
            print(f"{each.words:58} {low:8.2f} {middle:8.2f} {bounds}  {each.verdict(middle)}")
    print("\nwhat was measured: µs for one; in sizes ms; of threads executions a second; of imports seconds")
    for name in rounds[0]:
        values = [sides[name] for sides in rounds]
        print(f"  {name:36} min {min(values):12,.2f}  median {statistics.median(values):12,.2f}")


if __name__ == "__main__":
    main()

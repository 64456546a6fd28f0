"""The table: what each peer costs, and how it compares, pair by pair within the rounds of one run."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from benchmarks.peers.listing import PLACET, UNIT, Budget, Entry
from benchmarks.peers.rounds import Sample, Times

HEADER: Final = (
    "peer",
    "durable",
    "median us",
    "min us",
    "cpu us",
    "/ placet",
    "/ unit",
    "budget",
    "met",
    "leaves out",
)


def table(entries: Sequence[Entry], times: Times) -> str:
    """Give the table as Markdown, its columns aligned.

    Where every execution is durable, time is what passes on the wall, for most of it is spent waiting for the disk. In
    memory nothing waits, so it is processor time, which counts nothing that others do on the machine.
    """
    rows = [HEADER, *(_row(entry, times) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _row(entry: Entry, times: Times) -> tuple[str, ...]:
    compared = (entry.name, PLACET[entry.durable], UNIT[entry.durable])
    own, placet, unit = (_spent(times[name], durable=entry.durable) for name in compared)
    to_placet, to_unit = ratio(own, placet), ratio(own, unit)
    return (
        entry.title,
        "WAL, FULL" if entry.durable else "no",
        f"{median(own):.1f}",
        f"{min(own):.1f}",
        f"{median(sample.cpu for sample in times[entry.name]):.1f}",
        f"{to_placet:.2f}",
        f"{to_unit:.2f}",
        entry.budget.words if entry.budget else "",
        _met(entry.budget, to_placet, to_unit),
        entry.leaves_out,
    )


def _spent(samples: Sequence[Sample], *, durable: bool) -> list[float]:
    return [sample.wall if durable else sample.cpu for sample in samples]


def doubts(entries: Sequence[Entry], times: Times) -> str:
    """Say how far each unit itself went up and down in this run: a ratio to it is no surer than that."""
    lines = []
    for entry in entries:
        if entry.name == UNIT[entry.durable]:
            spent = _spent(times[entry.name], durable=entry.durable)
            lines.append(f"{entry.title}: the slowest round took {max(spent) / min(spent):.1f} times the fastest")
    return "\n".join(lines)


def _met(budget: Budget | None, to_placet: float, to_unit: float) -> str:
    if budget is None:
        return ""
    return "yes" if budget.holds(to_unit if budget.unit else to_placet) else "NO"


def ratio(own: Sequence[float], other: Sequence[float]) -> float:
    """Give the median of the ratios within each round: what slows a whole round down, cancels out."""
    return median(one / two for one, two in zip(own, other, strict=True))

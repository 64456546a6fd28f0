"""Draws the lifecycle as a graph in DOT, the language of Graphviz."""

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from placet.diagrams.looks import FAINT, INK, LOOKS
from placet.lifecycle.table import LIFECYCLE
from placet.lifecycle.transition import Transition
from placet.model.request import TERMINAL, Status

_WIDE = 19
"""How many letters of a guard fit under a trigger, in one line."""

_LONG = 40
"""A guard that takes more than that is left to the table beside the picture."""

_COLUMNS = ((Status.REVALIDATION, Status.APPROVED), (Status.FAILED, Status.RESOLVING), tuple(sorted(TERMINAL)))
"""Drawn below one another: what can be resolved; what an attempt is in, or broke in; what is final."""

_SHARED = 3
"""From how many statuses on a row that starts in all of a group is drawn from the frame around the group."""

HEAD = f"""\
digraph {{name}} {{{{
  graph [rankdir=LR, bgcolor=white, fontname=Helvetica, fontsize=12, fontcolor="{FAINT}", nodesep=0.32, ranksep=0.2,
         compound=true, newrank=true, pad=0.2, labelloc=b, labeljust=l]
  node [shape=box, style="rounded,filled", fontname=Helvetica, fontsize=16, fontcolor="{INK}", penwidth=1.4,
        margin="0.14,0.07"]
  edge [fontname=Helvetica, fontsize=13, fontcolor="{INK}", color="{FAINT}", arrowsize=0.7]
"""

START = f"""\
  start [shape=circle, style=filled, fillcolor="{INK}", color="{INK}", label="", width=0.16, fixedsize=true]
  start -> created [penwidth=2]"""
"""Where every request begins."""


def dot(rows: Iterable[Transition] = LIFECYCLE) -> str:
    """Give the lifecycle as a graph in DOT.

    What moves nothing is listed inside the box of its status; what can befall every status of a group is one dashed
    arrow from the frame around them; guards that are short stand under their trigger.

    Args:
        rows: the transitions to draw; those of the lifecycle if left out.
    """
    rows = tuple(rows)
    group = _group(rows)
    shared = [row for row in rows if row.target and group and set(row.sources) == set(group)]
    remarks = [row for row in rows if row.target is None and set(row.sources) > TERMINAL]
    rest = [row for row in rows if row not in shared and row not in remarks]
    stays: dict[Status, list[str]] = defaultdict(list)
    moves: dict[tuple[Status, Status], list[Transition]] = defaultdict(list)
    for row in rest:
        for source, trigger, target in row.arrows():
            if source is target:
                stays[source].append(trigger)
            else:
                moves[source, target].append(row)
    drawn = {*stays, *chain.from_iterable(moves), *group, *(row.target for row in shared)}
    boxes = {status: _box(status, stays[status]) for status in Status if status in drawn}
    body = [
        *_frame(group, boxes, shared),
        *(f"  {line}" for status, line in boxes.items() if status not in group),
        *_ranks(boxes),
        *([START] if Status.CREATED in boxes else []),
        *(_arrow(source, target, why) for (source, target), why in moves.items()),
        *(_dashed(group, row) for row in shared if row.target not in group),
        *_notes(remarks),
    ]
    return HEAD.format(name="lifecycle") + "\n".join(body) + "\n}\n"


def _group(rows: Sequence[Transition]) -> tuple[Status, ...]:
    """Give the statuses that most rows with a target share, in their order; none if no two rows share several."""
    sets = [row.sources for row in rows if row.target and len(row.sources) >= _SHARED]
    shared = [each for each in sets if sets.count(each) > 1]
    return max(shared, key=sets.count, default=())


def _box(status: Status, stays: Sequence[str]) -> str:
    look, final = LOOKS[status], ", peripheries=2" if status in TERMINAL else ""
    inside = f"<b>{status}</b>"
    if stays:
        lines = textwrap.wrap(", ".join(stays), _WIDE)
        inside += "".join(f'<br/><font point-size="12" color="{FAINT}">{line}</font>' for line in lines)
    return f'{status} [label=<{inside}>, fillcolor="{look.fill}", color="{look.line}"{final}]'


def _frame(group: Sequence[Status], boxes: dict[Status, str], shared: Iterable[Transition]) -> Iterator[str]:
    """Draw the dashed frame, with the boxes in it; what leads from any of them to one of them is said in its title."""
    if not group:
        return
    inward = "".join(f"<br/>{row.trigger}: from each to {row.target}" for row in shared if row.target in group)
    yield "  subgraph cluster_open {"
    yield f'    graph [style="dashed,rounded", color="{FAINT}", margin=14, label=<<b>open</b>{inward}>]'
    yield from (f"    {boxes[status]}" for status in group)
    yield "  }"


def _ranks(boxes: Iterable[Status]) -> Iterator[str]:
    for column in _COLUMNS:
        if present := [status for status in column if status in boxes]:
            yield f"  {{ rank=same; {'; '.join(present)} }}"


def _arrow(source: Status, target: Status, rows: Iterable[Transition]) -> str:
    label = "<br/>".join(chain.from_iterable(_words(row) for row in rows))
    back = ", constraint=false" if _place(target) < _place(source) else ""
    return f"  {source} -> {target} [label=<{label}>{back}]"


def _place(status: Status) -> int:
    return list(Status).index(status)


def _words(row: Transition) -> Iterator[str]:
    """Give a trigger, and its guard in small letters where that is short enough to be read at a glance."""
    yield f"<b>{row.trigger}</b>"
    words = row.guard.words.replace("`", "")
    if len(words) <= _LONG:
        lines = textwrap.wrap(words, _WIDE)
        yield from (f'<font point-size="11" color="{FAINT}"><i>{line}</i></font>' for line in lines)


def _dashed(group: Sequence[Status], row: Transition) -> str:
    label = "<br/>".join(_words(row))
    return f"  {group[-1]} -> {row.target} [label=<{label}>, style=dashed, ltail=cluster_open]"


def _notes(remarks: Iterable[Transition]) -> Iterator[str]:
    for row in remarks:
        never = ", ".join(status for status in Status if status not in row.sources)
        yield f'  label="{row.trigger}: in every status{f" but {never}" if never else ""}, and moves nothing"'

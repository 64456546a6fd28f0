"""Draws the road that one request took: its decisions, each with who and when, and what it waits for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum

from placet.diagrams.graph import HEAD, START
from placet.diagrams.looks import FAINT, INK, LOOKS, escaped
from placet.model.names import checked_choice
from placet.model.request import TERMINAL, MutationRequest, Status
from placet.model.trail import Decision

_BY_NUMBER = {"dot": "&#{};", "mermaid": "#{};"}


class Form(StrEnum):
    """A language to draw in."""

    MERMAID = "mermaid"
    DOT = "dot"


@dataclass(frozen=True, slots=True)
class _Road:
    """A request's road, with every text in plain letters.

    Attributes:
        title: what was asked, in one line.
        now: where it is.
        moves: number, source, target and lines of each decision that moved it.
        stays: the lines of those that did not, by status.
        waits: what it waits for.
    """

    title: str
    now: Status
    moves: tuple[tuple[Status, Status, tuple[str, ...]], ...]
    stays: dict[Status, list[str]]
    waits: tuple[str, ...]

    @property
    def statuses(self) -> Iterator[Status]:
        """Give those it was in, in the order of the lifecycle."""
        been = {self.now, *self.stays, *(end for source, target, _ in self.moves for end in (source, target))}
        return (status for status in Status if status in been)


def request_diagram(
    request: MutationRequest, decisions: Iterable[Decision], *, waits: Sequence[str] = (), form: Form | str = "mermaid"
) -> str:
    """Draw one request's road: an arrow, or a line in a box, for each decision; the box of its present status filled.

    Args:
        request: the request as it is now.
        decisions: its trail, oldest first.
        waits: what it waits for, in words, as `Waiting.reasons` has them.
        form: `mermaid` or `dot`.

    Raises:
        InputError: there is no such form.
    """
    wanted = checked_choice("form", form, Form)
    road = _road(request, decisions, waits, _BY_NUMBER[wanted])
    return "\n".join(_mermaid(road) if wanted is Form.MERMAID else _dot(road)) + "\n"


def _road(request: MutationRequest, decisions: Iterable[Decision], waits: Iterable[str], numbered: str) -> _Road:
    moves, stays = [], defaultdict(list)
    for each in decisions:
        source, target = Status(each.from_status), Status(each.to_status)
        lines = tuple(escaped(line, numbered) for line in _lines(each))
        if source is target:
            stays[source].append(", ".join(lines))
        else:
            moves.append((source, target, lines))
    return _Road(
        title=escaped(f"{request.mutation} on {request.state_id} by {request.requester}", numbered),
        now=request.status,
        moves=tuple(moves),
        stays=dict(stays),
        waits=tuple(escaped(each, numbered) for each in waits),
    )


def _lines(decision: Decision) -> Iterator[str]:
    yield f"{decision.seq}. {decision.trigger}"
    yield f"{decision.actor} for {decision.on_behalf_of}" if decision.on_behalf_of else decision.actor
    yield f"{decision.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def _mermaid(road: _Road) -> Iterator[str]:
    yield "flowchart LR"
    yield "    start(( )) --> created"
    for status in road.statuses:
        text = "<br/>".join((f"<b>{status}</b>", *road.stays.get(status, ())))
        left, right = ("[[", "]]") if status in TERMINAL else ("(", ")")
        yield f'    {status}{left}"{text}"{right}'
    for source, target, lines in road.moves:
        yield f'    {source} ==>|"{"<br/>".join(lines)}"| {target}'
    yield f'    title["{road.title}"]'
    if road.waits:
        yield f'    waits["waits for<br/>{"<br/>".join(road.waits)}"]'
        yield f"    {road.now} -.- waits"
    for status in road.statuses:
        look = LOOKS[status]
        fill = f"{look.fill},stroke-width:3px" if status is road.now else "#ffffff"
        yield f"    style {status} fill:{fill},stroke:{look.line},color:{INK}"
    if road.waits:
        yield f"    style waits fill:#ffffff,stroke:{FAINT},color:{INK},stroke-dasharray:4 3"
    yield "    style title fill:none,stroke:none"
    yield f"    style start fill:{FAINT},stroke:{FAINT}"


def _dot(road: _Road) -> Iterator[str]:
    yield HEAD.format(name="request").rstrip()
    yield f'  label="{road.title}"'
    yield START
    for status in road.statuses:
        look = LOOKS[status]
        small = _small(road.stays.get(status, ()))
        final = ", peripheries=2" if status in TERMINAL else ""
        fill, wide = (look.fill, 2.5) if status is road.now else ("white", 1.4)
        marks = f'fillcolor="{fill}", color="{look.line}", penwidth={wide}{final}'
        yield f"  {status} [label=<<b>{status}</b>{small}>, {marks}]"
    for source, target, (what, *more) in road.moves:
        yield f"  {source} -> {target} [label=<<b>{what}</b>{_small(more)}>, penwidth=2]"
    if road.waits:
        lines = "<br/>".join(road.waits)
        marks = f'shape=note, style=filled, fillcolor=white, color="{FAINT}", fontsize=12'
        yield f"  waits [{marks}, label=<waits for<br/>{lines}>]"
        yield f"  {road.now} -> waits [style=dashed, dir=none]"
    yield "}"


def _small(lines: Iterable[str]) -> str:
    return "".join(f'<br/><font point-size="11" color="{FAINT}">{line}</font>' for line in lines)

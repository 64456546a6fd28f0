"""Small things that every rendering is made of: the console, labels, change sets."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.console import Console, ConsoleOptions, ConsoleRenderable, Group, RenderableType, RenderHook, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from placet.model.canonical import Json
from placet.model.changes import Change, ChangeKind
from placet.model.request import Status
from placet.model.visible import visible

_COLOURS = {
    Status.CREATED: "blue",
    Status.PENDING: "blue",
    Status.APPROVED: "cyan",
    Status.RESOLVING: "cyan",
    Status.REVALIDATION: "yellow",
    Status.FAILED: "red",
    Status.EXECUTED: "green",
    Status.STALE: "magenta",
    Status.REJECTED: "red",
    Status.CANCELED: "bright_black",
    Status.EXPIRED: "bright_black",
    Status.SUPERSEDED: "bright_black",
}

DIM = "bright_black"

_ONE_LINE = 34
"""How long two values may be together to stand on one line."""


_LONGEST = 100_000
"""How much of one text is shown, in characters."""


class _Harmless(RenderHook):
    """Cleans whatever is printed, even where nobody has thought of it: the last thing before the terminal."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Return what is printed instead."""
        return [_Cleaned(each) for each in renderables]


class _Cleaned:
    """Something that shows text and lines, and nothing else."""

    def __init__(self, what: ConsoleRenderable) -> None:
        self._what = what

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, _ in console.render(self._what, options):
            yield Segment("\n".join(map(visible, text.split("\n"))), style)


def console(*, stderr: bool = False) -> Console:
    """Return a console on what stdout or stderr is now, which takes nothing for markup and prints no control."""
    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    made.push_render_hook(_Harmless())
    return made


def clean(text: object, style: str = "") -> Text:
    """Return text that shows what is stored and does nothing to the terminal.

    What people wrote into a request may hold escape sequences or marks that turn the direction of writing. An approver
    must see them, not obey them: every character that is not printed is shown by its code.

    Args:
        text: what to show; line breaks become spaces, and what is beyond 100,000 characters is left out.
        style: how.
    """
    said = str(text)
    more = len(said) - _LONGEST
    shown = visible(said[:_LONGEST].replace("\n", " "))
    return Text(shown + (f"... and {more} characters more" if more > 0 else ""), style=style)


def colour(status: str) -> str:
    """Give the colour of a status."""
    return _COLOURS[Status(status)] if status in set(Status) else "default"


def label(status: str) -> Text:
    """Give a status with its colour."""
    return Text("● ", style=colour(status)).append_text(clean(status))


def moment(at: datetime) -> str:
    """Give a moment in UTC, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


def table(*headings: str) -> Table:
    """Make a table without lines, its headings in small grey letters."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style=DIM, pad_edge=False)
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made


def json_text(value: object) -> str:
    """Give a JSON value on one line, with a little air."""
    return json.dumps(value, ensure_ascii=False)


def changes_view(changes: Iterable[Change]) -> RenderableType:
    """Show a change set, whole: short changes on one line each, long ones with the old value above the new."""
    shown = [part for change in changes for part in _change(change)]
    return Group(*shown) if shown else Text("nothing changes", style=DIM)


def _change(change: Change) -> Iterator[RenderableType]:
    where = clean(change.path or "(the whole document)")
    if change.kind is ChangeKind.ORDER:
        where.append("  in another order", DIM)
    yield where
    gone, come = _went(change), _came(change)
    if change.kind is ChangeKind.REPLACED and len(gone[0]) + len(come[0]) <= _ONE_LINE:
        yield Text.assemble("  ", (gone[0], "red"), (" → ", DIM), (come[0], "green"))
        return
    rows = Table.grid(padding=(0, 1))
    rows.add_column(width=3, justify="right")
    rows.add_column(overflow="fold")
    for sign, values, style in (("-", gone, "red"), ("+", come, "green")):
        for value in values:
            rows.add_row(sign, Text(value), style=style)
    yield rows


def _went(change: Change) -> list[str]:
    if change.kind is ChangeKind.ADDED:
        return []
    return [clean(json_text(each)).plain for each in _each(change, change.before)]


def _came(change: Change) -> list[str]:
    if change.kind is ChangeKind.REMOVED:
        return []
    return [clean(json_text(each)).plain for each in _each(change, change.after)]


def _each(change: Change, value: Json) -> list[Json]:
    return list(value) if change.kind in {ChangeKind.MEMBERS, ChangeKind.SET} else [value]

"""What the other commands show: requests, an inbox, a history, a verification."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.text import Text

from placet.cli.pieces import DIM, clean, label, moment, table
from placet.governance.finding import Page
from placet.governance.verification import Verification
from placet.governance.waiting import Waiting
from placet.model.changes import Changes
from placet.model.trail import HistoryEntry, HistoryKind

_ENDING = 12
"""How much of an id is shown in a list."""

WIDE = 100
"""From how many columns on there is room for more of them."""


def requests_view(page: Page) -> RenderableType:
    """Show a page of requests, newest first; ids by their end, which is enough to name a request."""
    if not page.requests:
        return Text("no requests", DIM)
    made = table("request", "status", "state", "mutation", "by", "reason")
    made.columns[0].no_wrap = True
    made.columns[1].no_wrap = True
    endings = Counter(shortened(each.id) for each in page)
    for each in page:
        ending = shortened(each.id)
        shown = ending if endings[ending] == 1 else each.id
        facts = (each.state_id, each.mutation, each.requester, each.terms.reason)
        made.add_row(clean(shown), label(each.status), *map(clean, facts))
    return made


def inbox_view(waiting: Sequence[Waiting]) -> RenderableType:
    """Show whose turn it is: the requests on which somebody can act, and what each waits for."""
    if not waiting:
        return Text("nothing waits for you", DIM)
    made = table("request", "by", "reason", "waits for")
    made.columns[0].no_wrap = True
    for each in waiting:
        request = each.request
        why = Text("\n").join(clean(reason, "yellow") for reason in each.reasons)
        made.add_row(clean(shortened(request.id)), clean(request.requester), clean(request.terms.reason), why)
    return made


def shortened(request_id: str) -> str:
    """Shorten an id to its end, which differs where ids are time-ordered."""
    return request_id if len(request_id) <= _ENDING + 1 else f"…{request_id[-_ENDING:]}"


def history_view(entries: Sequence[HistoryEntry], console: Console) -> RenderableType:
    """Show how each version of a state came to be, oldest first."""
    wide = console.width >= WIDE
    made = table("version", "by", *(("when", "mutation") if wide else ()), "what changed, and by which request")
    for entry in entries:
        more = (moment(entry.at), clean(entry.mutation)) if wide else ()
        what = Text(entry.kind) if entry.kind is HistoryKind.CREATED else _paths(entry.changes)
        if entry.request_id:
            what = Text("\n").join([what, clean(entry.request_id, DIM)])
        made.add_row(f"v{entry.version}", clean(entry.actor), *more, what)
    return made


def _paths(changes: Changes) -> Text:
    return clean(", ".join(change.path or "(the whole)" for change in changes) or "(nothing)")


def verification_view(found: Verification) -> RenderableType:
    """Show what a verification found: one line if all is well, otherwise every broken row with the rule it breaks."""
    seen = f"{_count(found.requests, 'request')} and {_count(found.states, 'state')}"
    beyond = Text(
        f"  {_count(found.unreached, 'state')} in a table of your own: only the history was checked", "yellow"
    )
    more = [beyond] if found.unreached else []
    if found.ok:
        return Group(Text.assemble(("✓ ", "green"), f"{seen}: every digest, seal and chain holds"), *more)
    head = Text(f"✗ {len(found.problems)} broken, of {seen}", "red")
    made = table("table", "row", "rule")
    for problem in found.problems:
        made.add_row(clean(problem.table), clean(problem.row), clean(problem.rule, "red"))
    return Group(head, made, *more)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"

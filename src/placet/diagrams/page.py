"""The page beside the pictures: `diagrams/README.md`."""

from placet import taxonomy
from placet.lifecycle.rules import actors, statements
from placet.lifecycle.table import LIFECYCLE
from placet.lifecycle.transition import Transition
from placet.model.trail import Category, Code

_WHO = {
    actors.separation_of_duties: "never its requester",
    actors.eligible: "an eligible actor",
    actors.requester: "its requester",
    actors.may_take_over: "a role that a policy names for taking over",
    actors.not_theirs: "not its requester",
    actors.requester_or_administrator: "its requester, an administrator",
    actors.concerned: "an eligible actor, its requester, an administrator",
    actors.may_release: "an eligible actor, an administrator; its requester where nobody has to decide",
    actors.may_report: "whom the check or review admits",
    actors.may_waive: "a role that waives the freeze",
    actors.break_glass_role: "a role that a policy names for emergencies",
    actors.may_execute: "who executes it",
    actors.no_open_review: "nobody whose last emergency waits for its review",
    actors.other_eyes: "another person than who asked or executed",
    statements.has_voted: "who voted",
}
"""Whom a rule admits, in few words."""

_EXECUTING = frozenset({Category.VERSION_RESOLUTION, Category.EXECUTION})
_FOLLOWS = frozenset(trigger for row in LIFECYCLE for trigger in row.then)
_SUBMITTING = frozenset({Code.SUBMITTED, Code.ADMITTED})

PAGE = """\
# The lifecycle, drawn

Everything here is drawn from the table that the machine runs, and from a recorded run; the tests draw it again and
compare. After a change of the table:

```sh
python -m placet.diagrams diagrams/
```

`placet diagram` prints the lifecycle as Mermaid, DOT or SVG; with `--request ID --db FILE` the road of one request.

## Every status, every move

![The lifecycle of a request: every status, and every transition with its trigger](lifecycle.svg)

A double border is final. Amber waits for somebody, blue is ready, violet is at work, green is done, red is refused,
grey is withdrawn. A dashed arrow starts in every status of the dashed frame. In small letters: inside a box, what moves
nothing; under a trigger, its guard, where it is short. The same as [Mermaid](lifecycle.mmd) and as
[DOT](lifecycle.dot).

## Every transition

{transitions}
What each rule of a guard demands, and the code of its refusal, is in
[decisions and refusals](../docs/decisions.md#refusals).

## The road of one request

It was approved for version 1, the state moved, and its strategy is `renew_approval`: so it is back with its approvers.
Drawn from its decisions; the filled box is where it is now. The same as [Mermaid](request.mmd) and as
[DOT](request.dot).

![The road of one request: its decisions, each with who and when](request.svg)

## One execution

Recorded while it ran: each arrow is a call that was made, in this order. ([Its source](execution.mmd))

```mermaid
{sequence}```
"""


def page(sequence: str) -> str:
    """Give the page.

    Args:
        sequence: the recorded execution, as a Mermaid sequence diagram.
    """
    return PAGE.format(transitions=transitions(), sequence=sequence)


def transitions() -> str:
    """Give the table of transitions, with guards, decisions, and who may fire them: `placet.taxonomy`'s, and a column.

    Its rows come by category, in the order of the lifecycle; so do ours.
    """
    rows = [row for category in Category for row in LIFECYCLE if row.category is category]
    more = ["who may fire it", "---", *map(who, rows)]
    lines = taxonomy.decisions().splitlines()
    return "".join(f"{line} {cell} |\n" for line, cell in zip(lines, more, strict=True))


def who(row: Transition) -> str:
    """Say who may fire a transition: whom its rules admit, or what brings it about."""
    admitted = [_WHO[rule] for rule in reversed(row.guard.rules) if rule in _WHO]
    if admitted:
        return "; ".join(admitted)
    if row.code in _SUBMITTING:
        return "who submits it"
    if row.category in _EXECUTING:
        return "who executes it"
    return "follows by itself" if row.trigger in _FOLLOWS else "anybody the directory knows"

"""The taxonomy of decisions and refusals, as tables in Markdown, drawn from what the machine runs."""

from collections.abc import Iterator

from placet.errors import PlacetError
from placet.lifecycle.rules import Rule
from placet.lifecycle.table import LIFECYCLE
from placet.model.ballots import Rejection
from placet.model.request import Status
from placet.model.trail import Category

Row = tuple[str, ...]

MUST_WAIT = "must_wait"
"""The code of the refusal to execute what only time or events keep waiting: no cell of the table, for nothing moves."""


PAGE = """\
# Decisions and refusals

Each move of a request is one decision, with a category and a code; each refusal is a typed error, with a code that
programs can switch on. These tables are drawn from the lifecycle that the machine runs, and the tests compare them.

## Decisions

`gov.decisions(request_id)` gives them. "stays" means that the status is the same afterwards.

{decisions}
## Refusals

A guard asks its rules in order; the first that does not hold is `TransitionRefusedError.rule`, and `reason` says why.

{refusals}
## Why somebody rejects

`gov.reject(..., code=...)` takes one of {rejections}; the decision `dissented` keeps it.

## Errors

`PlacetError.code` of every error there is.

{errors}"""


def page() -> str:
    """Give the whole page: `docs/decisions.md`."""
    rejections = ", ".join(f"`{each}`" for each in Rejection)
    return PAGE.format(decisions=decisions(), refusals=refusals(), errors=errors(), rejections=rejections)


def decisions() -> str:
    """Give the table of decisions: one row for each transition, with its category and code."""
    rows: list[Row] = [
        (row.category, f"`{row.code}`", f"`{row.trigger}`", _from(row.sources), row.target or "stays", row.guard.words)
        for category in Category
        for row in LIFECYCLE
        if row.category is category
    ]
    return _table(("category", "code", "trigger", "from", "to", "what it demands"), rows)


def refusals() -> str:
    """Give the table of rules: the codes in `TransitionRefusedError.rule`, and the triggers each can refuse."""
    rules: dict[str, Rule] = {}
    triggers: dict[str, list[str]] = {}
    for row in LIFECYCLE:
        for rule in row.guard.rules:
            rules.setdefault(rule.code, rule)
            if row.trigger not in triggers.setdefault(rule.code, []):
                triggers[rule.code].append(row.trigger)
    rows: list[Row] = [("`no_transition`", "The table has this transition.", "any")]
    rows += [(f"`{code}`", rules[code].words, ", ".join(triggers[code])) for code in sorted(rules)]
    rows += [
        (f"`{MUST_WAIT}`", "No schedule, freeze, dependency or quota that policies require now holds it up.", "execute")
    ]
    return _table(("rule", "what it demands", "refuses"), rows)


def errors() -> str:
    """Give the table of error codes, as the tree has them."""
    return _table(("code", "error", "what it says"), list(_errors(PlacetError)))


def _errors(cls: type[PlacetError]) -> Iterator[tuple[str, str, str]]:
    yield f"`{cls.code}`", f"`{cls.__name__}`", (cls.__doc__ or "").strip().splitlines()[0]
    for child in cls.__subclasses__():
        if child.__module__ == PlacetError.__module__:
            yield from _errors(child)


def _from(sources: tuple[Status, ...]) -> str:
    return ", ".join(sources)


def _table(head: Row, rows: list[Row]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"

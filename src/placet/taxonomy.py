"""The taxonomy of decisions and refusals, as tables in Markdown, drawn from what the machine runs."""

from collections.abc import Iterator

from placet.errors import PlacetError, TransitionRefusedError
from placet.errors_table import EXIT_CODES, KINDS, REFUSALS, Row
from placet.lifecycle.rules import Rule
from placet.lifecycle.table import LIFECYCLE
from placet.model.ballots import Rejection
from placet.model.request import Status
from placet.model.trail import Category

Cells = tuple[str, ...]

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
`error.http_status`, `error.exit_code` and `error.way_out` are those of the rule.

{refusals}
## Why somebody rejects

`gov.reject(..., code=...)` takes one of {rejections}; the decision `dissented` keeps it.

## Errors

Every error has a `code`, an `http_status`, an `exit_code` and a `way_out`.

{errors}
## Exit codes

The command line ends with one of these.

{exits}"""


def page() -> str:
    """Give the whole page: `docs/decisions.md`."""
    rejections = ", ".join(f"`{each}`" for each in Rejection)
    return PAGE.format(
        decisions=decisions(), refusals=refusals(), errors=errors(), rejections=rejections, exits=exits()
    )


def decisions() -> str:
    """Give the table of decisions: one row for each transition, with its category and code."""
    rows: list[Cells] = [
        (row.category, f"`{row.code}`", f"`{row.trigger}`", _from(row.sources), row.target or "stays", row.guard.words)
        for category in Category
        for row in LIFECYCLE
        if row.category is category
    ]
    return _table(("category", "code", "trigger", "from", "to", "what it demands"), rows)


def refusals() -> str:
    """Give the table of rules: the codes in `TransitionRefusedError.rule`, and the methods each can refuse."""
    rules: dict[str, Rule] = {}
    methods: dict[str, list[str]] = {}
    for row in LIFECYCLE:
        for rule in row.guard.rules:
            rules.setdefault(rule.code, rule)
            if row.trigger.method not in methods.setdefault(rule.code, []):
                methods[rule.code].append(row.trigger.method)
    rows = [("no_transition", "The table has this transition.", "any")]
    rows += [(code, rules[code].words, ", ".join(methods[code])) for code in sorted(rules)]
    rows += [(MUST_WAIT, "No schedule, freeze, dependency or quota that policies require now holds it up.", "execute")]
    head = ("rule", "what it demands", "refuses", *_FOLLOWS)
    return _table(head, [(f"`{code}`", words, refuses, *_follows(REFUSALS[code])) for code, words, refuses in rows])


def errors() -> str:
    """Give the table of error codes, as the tree has them."""
    return _table(("code", "error", "what it says", *_FOLLOWS), list(_errors(PlacetError)))


def summary() -> str:
    """Give the table of the README: the roots of the tree of errors, and those whose kind is another than their root's.

    A refusal of the lifecycle has the status and the exit code of its rule.
    """
    rows = [
        (f"`{cls.__name__}`", cls.entry.way_out, *_numbers(cls))
        for root in PlacetError.__subclasses__()
        for cls in (root, *(each for each in root.__subclasses__() if each.entry.kind != root.entry.kind))
        if root.__module__ == PlacetError.__module__
    ]
    return _table(("error", "what to do", "HTTP", "exit code"), rows)


def _numbers(cls: type[PlacetError]) -> Cells:
    if cls is not TransitionRefusedError:
        return (str(cls.entry.http_status), str(cls.entry.exit_code))
    kinds = sorted({row.kind for row in REFUSALS.values()} - {"bug"})
    statuses, ends = ({KINDS[kind][place] for kind in kinds} for place in (0, 1))
    return (", ".join(map(str, sorted(statuses))), ", ".join(map(str, sorted(ends))))


def exits() -> str:
    """Give the table of exit codes of the command line."""
    sorts = {code: [kind for kind, (_, ends) in KINDS.items() if ends == code] for code in EXIT_CODES}
    return _table(
        ("exit code", "what it means", "kinds"),
        [(str(code), words, ", ".join(f"`{kind}`" for kind in sorts[code])) for code, words in EXIT_CODES.items()],
    )


_FOLLOWS = ("kind", "HTTP", "exit code", "way out")


def _follows(row: Row) -> Cells:
    return (f"`{row.kind}`", str(row.http_status), str(row.exit_code), row.way_out)


def _errors(cls: type[PlacetError]) -> Iterator[Cells]:
    yield f"`{cls.code}`", f"`{cls.__name__}`", (cls.__doc__ or "").strip().splitlines()[0], *_follows(cls.entry)
    for child in cls.__subclasses__():
        if child.__module__ == PlacetError.__module__:
            yield from _errors(child)


def _from(sources: tuple[Status, ...]) -> str:
    return ", ".join(sources)


def _table(head: Cells, rows: list[Cells]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"

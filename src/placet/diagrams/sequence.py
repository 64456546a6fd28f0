"""Draws who called whom in a recorded run."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from placet.diagrams.looks import escaped

_WHOLE = "execution"
"""Who takes the request through: every call of a recording starts here."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as it happened.

    Attributes:
        callee: who was called.
        words: what was asked.
        answer: what it gave, in words; "" if nothing worth saying.
    """

    callee: str
    words: str
    answer: str = ""


def sequence_diagram(calls: Iterable[Call], *, by: str, asked: str, outcome: str) -> str:
    """Give a recorded execution as a Mermaid sequence diagram. Calls of the same kind in a row are one arrow.

    Args:
        calls: what was called, in order.
        by: who asked for the execution.
        asked: what they called.
        outcome: what came back to them.
    """
    calls = tuple(calls)
    lines = ["sequenceDiagram", f"    actor {_WHOLE}_caller as {_plain(by)}", f"    participant {_WHOLE}"]
    lines += [f"    participant {name}" for name in dict.fromkeys(call.callee for call in calls)]
    lines.append(f"    {_WHOLE}_caller->>+{_WHOLE}: {_plain(asked)}")
    for run in _runs(calls):
        callee, words = run[0].callee, ", ".join(dict.fromkeys(call.words for call in run))
        lines.append(f"    {_WHOLE}->>{callee}: {_plain(words)}")
        answers = ", ".join(dict.fromkeys(call.answer for call in run if call.answer))
        if answers:
            lines.append(f"    {callee}-->>{_WHOLE}: {_plain(answers)}")
    lines.append(f"    {_WHOLE}-->>-{_WHOLE}_caller: {_plain(outcome)}")
    return "\n".join(lines) + "\n"


def _runs(calls: Sequence[Call]) -> Iterator[list[Call]]:
    """Put calls together that follow each other, go to the same place, and give nothing but what was read."""
    run: list[Call] = []
    for call in calls:
        if run and (run[-1].callee != call.callee or call.answer or run[-1].answer):
            yield run
            run = []
        run.append(call)
    if run:
        yield run


def _plain(text: str) -> str:
    return escaped(text, "#{};")

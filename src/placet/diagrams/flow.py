"""Draws the lifecycle as a Mermaid state diagram."""

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator

from placet.diagrams.looks import INK, LOOKS
from placet.lifecycle.table import LIFECYCLE
from placet.lifecycle.transition import Transition, Trigger
from placet.model.request import TERMINAL, Status

SHARED = (Trigger.AMEND, Trigger.TAKE_OVER, Trigger.CANCEL, Trigger.EXPIRE, Trigger.SUPERSEDE)
"""What can befall any open request; drawn once, from a proxy, so that the road stays legible."""

REMARKS = (Trigger.COMMENT,)
"""What can be said in every status, and moves nothing."""

_WIDE = 28
"""How many letters fit into one line of a box."""


def mermaid(rows: Iterable[Transition] = LIFECYCLE) -> str:
    """Give the lifecycle as a Mermaid state diagram. What moves nothing stands inside the box of its status.

    Args:
        rows: the transitions to draw; those of the lifecycle if left out.
    """
    arrows: dict[tuple[Status, Status], list[str]] = defaultdict(list)
    stays: dict[Status, list[str]] = defaultdict(list)
    shared, remarks = [], []
    for row in rows:
        if row.trigger in SHARED:
            shared.append(f"    open --> {row.target} : {row.trigger}")
        elif row.trigger in REMARKS:
            remarks.append(f"    note right of open : {row.trigger}, in every status")
        else:
            for source, trigger, target in row.arrows():
                (stays[source] if source is target else arrows[source, target]).append(trigger)
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += ['    state "any open status" as open', f"    [*] --> {Status.CREATED}"]
    lines += [line for status, triggers in stays.items() for line in _box(status, triggers)]
    lines += [f"    {source} --> {target} : {', '.join(names)}" for (source, target), names in arrows.items()]
    lines += [*shared, *remarks]
    lines += [f"    {status} --> [*]" for status in Status if status in TERMINAL]
    return "\n".join([*lines, *_colours()]) + "\n"


def _box(status: Status, triggers: Iterable[str]) -> Iterator[str]:
    yield f"    {status} : {status}"
    yield from (f"    {status} : {line}" for line in textwrap.wrap(", ".join(triggers), _WIDE))


def _colours() -> Iterator[str]:
    for look in dict.fromkeys(LOOKS.values()):
        alike = [status for status in Status if LOOKS[status] == look]
        yield f"    classDef like_{alike[0]} fill:{look.fill},stroke:{look.line},color:{INK}"
        yield f"    class {','.join(alike)} like_{alike[0]}"

"""Draws the lifecycle from its table."""

from collections import defaultdict
from collections.abc import Iterable

from signoff.lifecycle.table import LIFECYCLE
from signoff.lifecycle.transition import Transition, Trigger
from signoff.model.request import TERMINAL, Status

WITHDRAWALS = (Trigger.CANCEL, Trigger.EXPIRE, Trigger.SUPERSEDE)
"""What can befall any open request; drawn once, from a proxy, so that the road stays legible."""

REMARKS = (Trigger.COMMENT,)
"""What can be said in every status, and moves nothing."""


def mermaid(rows: Iterable[Transition] = LIFECYCLE) -> str:
    """Give the lifecycle as a Mermaid state diagram.

    Args:
        rows: the transitions to draw; those of the lifecycle if left out.
    """
    arrows: dict[tuple[Status, Status], list[str]] = defaultdict(list)
    withdrawals, remarks = [], []
    for row in rows:
        if row.trigger in WITHDRAWALS:
            withdrawals.append(f"    open --> {row.target} : {row.trigger}")
        elif row.trigger in REMARKS:
            remarks.append(f"    note right of open : {row.trigger}, in every status")
        else:
            for source, trigger, target in row.arrows():
                arrows[source, target].append(trigger)
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += ['    state "any open status" as open', f"    [*] --> {Status.CREATED}"]
    lines += [f"    {source} --> {target} : {', '.join(names)}" for (source, target), names in arrows.items()]
    lines += [*withdrawals, *remarks]
    lines += [f"    {status} --> [*]" for status in Status if status in TERMINAL]
    return "\n".join(lines) + "\n"

"""How requirements of several policies, and the requester's own, add up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Any

from placet.model.approval import ALL, Approval
from placet.model.requirement import Requirement, WhenImpossible

_ENDS = (False, None, True)
"""What `any_rejection_ends` may say, the strictest last."""

_FOLLOWS = (WhenImpossible.NOTE, WhenImpossible.REFUSE, WhenImpossible.REJECT)
"""What may follow once a requirement can no longer be met, the strictest last: the one that ends the request."""


def merged(requirements: Sequence[Requirement]) -> tuple[Requirement, ...]:
    """Return requirements with those that mean the same put together, in the order of their first appearance.

    Approvals with the same actors, roles, groups, kinds and step become one, with the largest count and the strictest
    of everything else. Other requirements are one if they are equal.
    """
    if not requirements[1:]:
        return tuple(requirements)
    found: dict[object, Requirement] = {}
    for each in requirements:
        key = alike(each) if isinstance(each, Approval) else each
        there = found.get(key)
        if isinstance(there, Approval) and isinstance(each, Approval):
            found[key] = _stricter(there, each)
        else:
            found[key] = each
    return tuple(found.values())


def twice(requirements: Sequence[Requirement]) -> str:
    """Return what is wrong with a list that has the same requirement twice, or "".

    Whoever writes that expects two of it, and it would mean no more than one.
    """
    if len(set(requirements)) == len(requirements):
        return ""
    found = next(each for each, times in Counter(requirements).items() if times > 1)
    way_out = "leave one out"
    if isinstance(found, Approval) and found.count != ALL:
        way_out = f"for more people write Approval({2 * found.places}, ...)"
    return f"{found} is required twice, which means no more than once: {way_out}"


def alike(approval: Approval) -> object:
    """Return what approvals have in common that are put together."""
    people = () if approval.count == ALL else approval.people  # which are filled in for "all"
    return (approval.actors, approval.roles, approval.groups, approval.kinds, approval.step, people)


def _stricter(one: Approval, other: Approval) -> Approval:
    return replace(
        one,
        count=max(one.count, other.count, key=lambda count: count if isinstance(count, int) else inf),
        within=_sooner(one.within, other.within),
        deadline=_sooner(one.deadline, other.deadline),
        recheck=one.recheck or other.recheck,
        any_rejection_ends=max(one.any_rejection_ends, other.any_rejection_ends, key=_ENDS.index),
        when_impossible=max(one.when_impossible, other.when_impossible, key=_FOLLOWS.index),
    )


def _sooner(one: Any, other: Any) -> Any:  # noqa: ANN401 - two moments, or two times
    return min((each for each in (one, other) if each is not None), default=None)

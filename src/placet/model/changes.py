"""Change sets: what differs between two versions of a state, by meaning, and how to replay it.

A path is a JSON Pointer (RFC 6901). Objects are compared key by key. A list whose members are unique scalars is
compared as a set of members, so that two people who each add a name do not disturb each other; any other list is
compared as a whole, because an index means nothing once the list has moved.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from placet.model.canonical import Json, canonical


class ChangeKind(StrEnum):
    """How a path changed."""

    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"
    MEMBERS = "members"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        path: JSON Pointer to what changed; "" is the whole state.
        kind: added, removed, replaced; members of a list of unique scalars; or only their order.
        before: the old value; for members, those that went.
        after: the new value; for members, those that came.
    """

    path: str
    kind: ChangeKind
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        where = self.path or "(whole)"
        old, new = (canonical(value).decode() for value in (self.before, self.after))
        match self.kind:
            case ChangeKind.ADDED:
                return f"{where}: + {new}"
            case ChangeKind.REMOVED:
                return f"{where}: - {old}"
            case ChangeKind.MEMBERS:
                went = [f"-{canonical(member).decode()}" for member in self.before]
                came = [f"+{canonical(member).decode()}" for member in self.after]
                return f"{where}: {' '.join(went + came)}"
            case _:
                return f"{where}: {old} -> {new}"


Changes = tuple[Change, ...]


def diff(before: Json, after: Json) -> Changes:
    """Compute the change set from one JSON value to another.

    Args:
        before: the old value.
        after: the new value.

    Returns:
        The changes in the order of their paths; `patch(before, diff(before, after))` is `after`, exactly.
    """
    return tuple(_diff("", before, after))


_ABSENT = object()
_SIMPLE = frozenset({str, int, bool, type(None)})
"""Types whose values are the same JSON where they are equal."""


def _diff(path: str, before: Json, after: Json) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            old, new = before.get(key, _ABSENT), after.get(key, _ABSENT)
            if type(old) in _SIMPLE and type(old) is type(new) and old == new:
                continue  # most of a large state: no path is built for what is the same
            inner = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in after:
                yield Change(inner, ChangeKind.REMOVED, before=before[key])
            elif key not in before:
                yield Change(inner, ChangeKind.ADDED, after=after[key])
            else:
                yield from _diff(inner, before[key], after[key])
    elif not _same(before, after):
        if _is_set(before) and _is_set(after):
            yield from _diff_members(path, before, after)
        else:
            yield Change(path, ChangeKind.REPLACED, before=before, after=after)


def _diff_members(path: str, before: list[Json], after: list[Json]) -> Iterator[Change]:
    old, new = {_key(member) for member in before}, {_key(member) for member in after}
    went = [member for member in before if _key(member) not in new]
    came = [member for member in after if _key(member) not in old]
    if went or came:
        yield Change(path, ChangeKind.MEMBERS, before=went, after=came)
    kept = [member for member in before if _key(member) in new]
    if not _same(kept + came, after):
        yield Change(path, ChangeKind.ORDER, before=kept + came, after=after)


def patch(document: Json, changes: Iterable[Change]) -> Json:
    """Replay a change set.

    Args:
        document: the value it starts from; it is changed in place where it is an object.
        changes: the change set.

    Returns:
        The new value.

    Raises:
        LookupError: a path does not exist in the document, so it is not the one the changes were computed from.
    """
    for change in changes:
        if not change.path:
            document = _patched(document, change)
            continue
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in change.path.split("/")[1:]]
        target = document
        for part in parents:
            target = target[part]
        if change.kind is ChangeKind.REMOVED:
            del target[last]
        else:
            target[last] = _patched(target.get(last), change)
    return document


def _patched(old: Json, change: Change) -> Json:
    if change.kind is ChangeKind.MEMBERS:
        went = {_key(member) for member in change.before}
        return [member for member in old if _key(member) not in went] + list(change.after)
    return deepcopy(change.after)  # what is replayed next must not change this change


def effect(changes: Sequence[Change]) -> Changes:
    """Reduce a change set to its meaning: members in one order, and not at which place they were put.

    A mere reordering stays: it is all that such a change means.
    """
    moved = {change.path for change in changes if change.kind is ChangeKind.MEMBERS}
    return tuple(
        _meaning(change) for change in changes if change.kind is not ChangeKind.ORDER or change.path not in moved
    )


def same_effect(left: Sequence[Change], right: Sequence[Change]) -> bool:
    """Tell whether two change sets mean the same."""
    return same_changes(effect(left), effect(right))


def same_changes(left: Sequence[Change], right: Sequence[Change]) -> bool:
    """Tell whether two change sets are the same, place for place."""
    return len(left) == len(right) and all(
        (a.path, a.kind) == (b.path, b.kind) and _same(a.before, b.before) and _same(a.after, b.after)
        for a, b in zip(left, right, strict=True)
    )


def _meaning(change: Change) -> Change:
    if change.kind is not ChangeKind.MEMBERS:
        return change
    return replace(change, before=sorted(change.before, key=canonical), after=sorted(change.after, key=canonical))


def _is_set(value: Json) -> bool:
    return (
        isinstance(value, list)
        and not any(isinstance(member, dict | list) for member in value)
        and len({_key(member) for member in value}) == len(value)
    )


def _key(scalar: Json) -> tuple[type, Json]:
    return type(scalar), str(scalar) if isinstance(
        scalar, float
    ) else scalar  # 0.0 and -0.0 are equal, and not the same


def _same(left: Json, right: Json) -> bool:
    """Compare as JSON does: 1, 1.0 and true are three values, and so are 0.0 and -0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, float):
        return bool(left == right and str(left) == str(right))
    return bool(left == right)

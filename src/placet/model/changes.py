"""Change sets: what differs between two versions of a state, by meaning, and how to replay it.

A path is a JSON Pointer (RFC 6901). Objects are compared key by key. A list whose members are unique scalars is
compared by its members and their relative order, so that two people who each add a name do not disturb each other; any
other list is compared as a whole, because an index means nothing once the list has moved. The class of a state may say
more: a set has no order, and an `Ordered` list is compared as a whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from placet.model.canonical import Json, canonical
from placet.model.shape import Shape


class ChangeKind(StrEnum):
    """How a path changed."""

    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"
    MEMBERS = "members"
    ORDER = "order"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        path: JSON Pointer to what changed; "" is the whole state.
        kind: added, removed, replaced; members of a list of unique scalars, or of a set; or only their order.
        before: the old value; for members, those that went.
        after: the new value; for members, those that came.
    """

    path: str
    kind: ChangeKind
    before: Any = field(default=None, repr=False)
    after: Any = field(default=None, repr=False)

    def __str__(self) -> str:
        where = self.path or "(whole)"
        old, new = (canonical(value).decode() for value in (self.before, self.after))
        match self.kind:
            case ChangeKind.ADDED:
                return f"{where}: + {new}"
            case ChangeKind.REMOVED:
                return f"{where}: - {old}"
            case ChangeKind.MEMBERS | ChangeKind.SET:
                went = [f"-{canonical(member).decode()}" for member in self.before]
                came = [f"+{canonical(member).decode()}" for member in self.after]
                return f"{where}: {' '.join(went + came)}"
            case _:
                return f"{where}: {old} -> {new}"


Changes = tuple[Change, ...]


def diff(before: Json, after: Json, shape: Shape | None = None) -> Changes:
    """Compute the change set from one JSON value to another.

    Args:
        before: the old value.
        after: the new value.
        shape: what their class says about the lists in them, from `shape_of`.

    Returns:
        The changes in the order of their paths; `patch(before, diff(before, after))` is `after`, exactly.
    """
    return tuple(_diff("", before, after, shape))


_Key: TypeAlias = tuple[type, Json]
_LISTED = frozenset({ChangeKind.MEMBERS, ChangeKind.ORDER, ChangeKind.SET})
"""What can be said of a list of unique scalars."""

_ABSENT = object()
_SIMPLE = frozenset({str, int, bool, type(None)})
"""Types whose values are the same JSON where they are equal."""


def _diff(path: str, before: Json, after: Json, shape: Shape | None) -> Iterator[Change]:
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
                yield from _diff(inner, before[key], after[key], shape and shape.at(key))
    elif not _same(before, after):
        if not (shape and shape.is_ordered) and _is_set(before) and _is_set(after):
            yield from _diff_members(path, before, after, is_set=bool(shape and shape.is_set))
        else:
            yield Change(path, ChangeKind.REPLACED, before=before, after=after)


def _diff_members(path: str, before: list[Json], after: list[Json], *, is_set: bool) -> Iterator[Change]:
    old, new = set(_keys(before)), set(_keys(after))
    went = [member for member in before if _key(member) not in new]
    came = [member for member in after if _key(member) not in old]
    kept = [member for member in before if _key(member) in new]
    if is_set and (went or came) and _same(sorted(kept + came, key=canonical), after):
        yield Change(path, ChangeKind.SET, before=went, after=came)
        return
    if went or came:
        yield Change(path, ChangeKind.MEMBERS, before=went, after=came)
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
    if change.kind in {ChangeKind.MEMBERS, ChangeKind.SET}:
        went = set(_keys(change.before))
        members = [member for member in old if _key(member) not in went] + list(change.after)
        return members if change.kind is ChangeKind.MEMBERS else sorted(members, key=canonical)
    return deepcopy(change.after)  # what is replayed next must not change this change


def same_effect(left: Sequence[Change], right: Sequence[Change]) -> bool:
    """Tell whether two change sets mean the same.

    In a list of unique scalars the positions of added members may differ, as the members that only one of the two
    results holds make them differ. What may not differ: which members came and went, the order of those that came
    against each other and against the members that both results hold, and which of the members that stayed were moved
    past which. Everything else must be the same.

    A change set says nothing about the members that stayed where nothing was moved or inserted. Where that would have
    to be known, the answer is no.
    """
    ours, theirs = _by_path(left), _by_path(right)
    return ours.keys() == theirs.keys() and all(_same_meaning(ours[path], theirs[path]) for path in ours)


def same_changes(left: Sequence[Change], right: Sequence[Change]) -> bool:
    """Tell whether two change sets are the same, place for place."""
    return len(left) == len(right) and all(
        (a.path, a.kind) == (b.path, b.kind) and _same(a.before, b.before) and _same(a.after, b.after)
        for a, b in zip(left, right, strict=True)
    )


def _by_path(changes: Sequence[Change]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.path, []).append(change)
    return found


def _same_meaning(left: list[Change], right: list[Change]) -> bool:
    if not all(change.kind in _LISTED for change in (*left, *right)):
        return same_changes(left, right)
    ours, theirs = _Listed.of(left), _Listed.of(right)
    if ours.went != theirs.went or set(ours.came) != set(theirs.came):
        return False
    if ours.after is None or theirs.after is None:
        return ours.after is theirs.after and ours.came == theirs.came
    return _same_order(ours.kept, ours.after, theirs.kept, theirs.after)


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a change set says about one list of unique scalars, by the keys of its members.

    Attributes:
        went: which members went.
        came: which came, in their order.
        kept: which stayed, in their old order, if `after` is known.
        after: the new list; None where nothing was moved and what came stands at the end.
    """

    went: frozenset[_Key]
    came: list[_Key]
    kept: list[_Key]
    after: list[_Key] | None

    @classmethod
    def of(cls, changes: list[Change]) -> "_Listed":
        kinds = {change.kind: change for change in changes}
        members, order = kinds.get(ChangeKind.MEMBERS, kinds.get(ChangeKind.SET)), kinds.get(ChangeKind.ORDER)
        went, came = ([], []) if members is None else (_keys(members.before), _keys(members.after))
        if order is None:
            return cls(frozenset(went), came, [], None)
        added = set(came)
        return cls(frozenset(went), came, [key for key in _keys(order.before) if key not in added], _keys(order.after))


def _same_order(kept: list[_Key], after: list[_Key], other_kept: list[_Key], other_after: list[_Key]) -> bool:
    both = set(after) & set(other_after)
    return (
        _only(both, kept) == _only(both, other_kept)
        and _only(both, after) == _only(both, other_after)
        and _moved(kept, after) <= both
        and _moved(other_kept, other_after) <= both
    )


def _only(wanted: set[_Key], keys: list[_Key]) -> list[_Key]:
    return [key for key in keys if key in wanted]


def _moved(kept: list[_Key], after: list[_Key]) -> set[_Key]:
    """Give the members of a list that no longer stand behind the same members of it as before."""
    places = {key: place for place, key in enumerate(_only(set(kept), after))}
    moved, highest = set(), -1
    for old, key in enumerate(kept):
        new = places[key]
        if new != old or highest > old:
            moved.add(key)
        highest = max(highest, new)
    return moved


def _is_set(value: Json) -> bool:
    return (
        isinstance(value, list)
        and not any(isinstance(member, dict | list) for member in value)
        and len(set(_keys(value))) == len(value)
    )


def _keys(members: list[Json]) -> list[_Key]:
    return [_key(member) for member in members]


def _key(scalar: Json) -> _Key:
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

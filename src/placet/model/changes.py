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
from typing import Any

from placet.errors import InputError
from placet.model.canonical import Json, canonical
from placet.model.members import Key, appends, is_unique, key, keys, only, same_order
from placet.model.names import member, shown
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

    def __post_init__(self) -> None:
        kind = member(self.kind, ChangeKind)
        if kind is None:
            raise InputError(f"kind={shown(self.kind)} of a change is none; use {', '.join(ChangeKind)}")
        if kind in _LISTED and not (isinstance(self.before, list) and isinstance(self.after, list)):
            raise InputError(f"a change of kind {self.kind} tells what went and what came: pass two lists")

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
        if not (shape and shape.is_ordered) and is_unique(before) and is_unique(after):
            yield from _diff_members(path, before, after, is_set=bool(shape and shape.is_set))
        else:
            yield Change(path, ChangeKind.REPLACED, before=before, after=after)


def _diff_members(path: str, before: list[Json], after: list[Json], *, is_set: bool) -> Iterator[Change]:
    old, new = set(keys(before)), set(keys(after))
    went = [member for member in before if key(member) not in new]
    came = [member for member in after if key(member) not in old]
    kept = [member for member in before if key(member) in new]
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
        went = set(keys(change.before))
        members = [member for member in old if key(member) not in went] + list(change.after)
        return members if change.kind is ChangeKind.MEMBERS else sorted(members, key=canonical)
    return deepcopy(change.after)  # what is replayed next must not change this change


def same_effect(approved: Sequence[Change], now: Sequence[Change], between: Iterable[Changes] | None = None) -> bool:
    """Tell whether two change sets mean the same.

    In a list of unique scalars the positions of added members may differ, as the members that only one of the two
    results holds make them differ. What may not differ: which members came and went, the order of those that came
    against each other and against the members that both results hold, and which of the members that stayed were moved
    past which. Everything else must be the same.

    Args:
        approved: the change set on the earlier state.
        now: the change set on the later state.
        between: all change sets that led from the earlier state to the later one, oldest first. Without them it is
            unknown which members stayed where nothing was moved or inserted, and where that matters, the answer is no.
    """
    ours, theirs = _by_path(approved), _by_path(now)
    drift = None if between is None else [change for changes in between for change in changes]
    return ours.keys() == theirs.keys() and all(_same_meaning(ours[path], theirs[path], drift) for path in ours)


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


def _same_meaning(approved: list[Change], now: list[Change], drift: list[Change] | None) -> bool:
    if not all(change.kind in _LISTED for change in (*approved, *now)):
        return same_changes(approved, now)
    ours, theirs = _Listed.of(approved), _Listed.of(now)
    if ours.went != theirs.went or set(ours.came) != set(theirs.came):
        return False
    if ours.after is None and theirs.after is None:
        return ours.came == theirs.came
    if ours.after is not None and theirs.after is not None:
        return same_order(ours.kept, ours.after, theirs.kept, theirs.after)
    exchanged = _exchanged(approved[0].path, drift)
    return exchanged is not None and (
        appends(theirs.kept, theirs.after or [], ours.came, exchanged[0])
        if ours.after is None
        else appends(ours.kept, ours.after, theirs.came, exchanged[1])
    )


def _exchanged(path: str, drift: list[Change] | None) -> tuple[set[Key], set[Key]] | None:
    """Give which members of a list came and which went in the course of these changes; None if that is unknown."""
    if drift is None:
        return None
    arrived, gone = set[Key](), set[Key]()
    for change in drift:
        if change.path == path and change.kind in {ChangeKind.MEMBERS, ChangeKind.SET}:
            went, came = set(keys(change.before)), set(keys(change.after))
            arrived, gone = (arrived - went) | (came - gone), (gone - came) | (went - arrived)
        elif f"{path}/".startswith(f"{change.path}/") and change.kind is not ChangeKind.ORDER:
            return None
    return arrived, gone


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a change set says about one list of unique scalars, by the keys of its members.

    Attributes:
        went: which members went.
        came: which came, in their order.
        kept: which stayed, in their old order, if `after` is known.
        after: the new list; None where nothing was moved and what came stands at the end.
    """

    went: frozenset[Key]
    came: list[Key]
    kept: list[Key]
    after: list[Key] | None

    @classmethod
    def of(cls, changes: list[Change]) -> "_Listed":
        """Return what the changes of one list say together."""
        kinds = {change.kind: change for change in changes}
        members, order = kinds.get(ChangeKind.MEMBERS, kinds.get(ChangeKind.SET)), kinds.get(ChangeKind.ORDER)
        went, came = ([], []) if members is None else (keys(members.before), keys(members.after))
        if order is None:
            return cls(frozenset(went), came, [], None)
        added = set(came)
        return cls(frozenset(went), came, [key for key in keys(order.before) if key not in added], keys(order.after))


def in_place(changes: Sequence[Change], document: Json) -> bool:
    """Tell whether a document has already what a change set would make of it: there would be nothing left to do.

    A change set that changes nothing is in place nowhere.

    Args:
        changes: the change set, computed from another document.
        document: the JSON value to look at.
    """
    return bool(changes) and all(_has(change, _at(document, change.path)) for change in changes)


def _has(change: Change, value: Json) -> bool:
    if change.kind is ChangeKind.REMOVED:
        return value is _ABSENT
    if change.kind not in _LISTED:
        return value is not _ABSENT and _same(value, change.after)
    if not isinstance(value, list):
        return False
    held, wanted = keys([each for each in value if not isinstance(each, dict | list)]), keys(change.after)
    if change.kind is not ChangeKind.ORDER:
        return set(wanted) <= set(held) and set(held).isdisjoint(keys(change.before))
    both = set(wanted) & set(held)
    return only(both, held) == only(both, wanted)


def _at(document: Json, path: str) -> Json:
    """Return what stands at a path, or a mark where nothing does."""
    for part in path.split("/")[1:]:
        if not isinstance(document, dict):
            return _ABSENT
        document = document.get(part.replace("~1", "/").replace("~0", "~"), _ABSENT)
    return document


def _same(left: Json, right: Json) -> bool:
    """Compare as JSON does: 1, 1.0 and true are three values, and so are 0.0 and -0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right and (not isinstance(left, float) or str(left) == str(right)))

"""Lists of unique scalars, by the keys of their members: two values are one member if they are the same JSON."""

from typing import TypeAlias

from placet.model.canonical import Json

Key: TypeAlias = tuple[type, Json]


def is_unique(value: Json) -> bool:
    """Tell whether a value is a list of unique scalars."""
    return (
        isinstance(value, list)
        and not any(isinstance(member, dict | list) for member in value)
        and len(set(keys(value))) == len(value)
    )


def keys(members: list[Json]) -> list[Key]:
    """Give the keys of members."""
    return [key(member) for member in members]


def key(scalar: Json) -> Key:
    """Give the key of a member."""
    return type(scalar), str(scalar) if isinstance(
        scalar, float
    ) else scalar  # 0.0 and -0.0 are equal, and not the same


def appends(kept: list[Key], after: list[Key], came: list[Key], alone: set[Key]) -> bool:
    """Tell whether what came stands in this order behind all but the members that only this list holds."""
    return not _moved(kept, after) and [key for key in after if key not in alone][-len(came) :] == came


def same_order(kept: list[Key], after: list[Key], other_kept: list[Key], other_after: list[Key]) -> bool:
    """Tell whether what two lists hold in common stood and stands in one order, and nothing else was moved in them."""
    both = set(after) & set(other_after)
    return (
        only(both, kept) == only(both, other_kept)
        and only(both, after) == only(both, other_after)
        and _moved(kept, after) <= both
        and _moved(other_kept, other_after) <= both
    )


def only(wanted: set[Key], keys: list[Key]) -> list[Key]:
    """Return those keys that are wanted, in their order."""
    return [key for key in keys if key in wanted]


def _moved(kept: list[Key], after: list[Key]) -> set[Key]:
    """Give the members of a list that no longer stand behind the same members of it as before."""
    places = {key: place for place, key in enumerate(only(set(kept), after))}
    moved, highest = set(), -1
    for old, key in enumerate(kept):
        new = places[key]
        if new != old or highest > old:
            moved.add(key)
        highest = max(highest, new)
    return moved

"""Who may do what a policy gives to certain roles: execute, execute in an emergency, take over."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What a policy can give to certain roles."""

    EXECUTION = "execution"
    EMERGENCY = "emergency"
    TAKE_OVER = "take_over"

    @property
    def words(self) -> str:
        """What it is to do it, as in "may not ..."."""
        return _WORDS[self]


_WORDS = {Act.EXECUTION: "execute it", Act.EMERGENCY: "execute it in an emergency", Act.TAKE_OVER: "take it over"}


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a policy lets do something.

    Attributes:
        act: what.
        roles: an actor with one of these roles may.
        reviewer_roles: who reviews it afterwards, where it is reviewed: somebody else with one of these, or anybody
            else if empty.
    """

    act: Act
    roles: tuple[str, ...]
    reviewer_roles: tuple[str, ...] = ()


def granted(act: Act, grants: Iterable[Grant]) -> tuple[str, ...]:
    """Return the roles that may do something by any of these grants, in alphabetical order."""
    return tuple(sorted({role for each in grants if each.act is act for role in each.roles}))

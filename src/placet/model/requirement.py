"""What must be met before a request may be executed: the base of all kinds, approvals and others on one footing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Literal

from placet.errors import ConfigurationError, InputError
from placet.model.names import MAX_ID, checked_moment, exact, flaw, member, shown

LONGEST = timedelta(days=36525)
"""The longest time that can be given: a century."""


MOST_STEPS = 1000
"""The last step there can be."""


class WhenImpossible(StrEnum):
    """What follows once a requirement can no longer be met.

    `REJECT` ends the request. `NOTE` records a decision that says so, and the request waits to be amended, or for
    people to come back. `REFUSE` refuses the vote or withdrawal that would make it so.
    """

    REJECT = "reject"
    NOTE = "note"
    REFUSE = "refuse"


def chosen(name: str, value: object, choices: type[StrEnum]) -> Any:  # noqa: ANN401 - a member of the choices
    """Give a choice as the member it stands for."""
    found = member(value, choices)
    if found is None:
        raise ConfigurationError(f"{name}={shown(value)} of a requirement is none; use {', '.join(choices)}")
    return found


def flag(name: str, value: object) -> None:
    """See to it that a value is True or False."""
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name}={shown(value)} of a requirement: pass True or False")


def positive(name: str, value: object) -> None:
    """See to it that a value is a time above zero, and no longer than a century."""
    if not isinstance(value, timedelta) or not timedelta(0) < value <= LONGEST:
        raise ConfigurationError(
            f"{name}={shown(value)} of a requirement: pass a timedelta above zero, at most 100 years"
        )


def dated(name: str, value: object) -> datetime:
    """Return a moment in UTC, so that it can be compared with others.

    Raises:
        ConfigurationError: it has no time zone, or UTC does not have it.
    """
    try:
        return checked_moment(name, value)
    except InputError:
        raise ConfigurationError(f"{name}={shown(value)} of a requirement: pass a datetime with a time zone") from None


def named(requirement: object, name: object) -> None:
    """Give a requirement, or a window of a freeze, its name as an instance of `str` itself.

    Raises:
        ConfigurationError: it cannot be a name.
    """
    rule = flaw(name)
    if rule or not isinstance(name, str):
        kind = type(requirement).__name__
        raise ConfigurationError(f"{kind} wants a name of 1 to {MAX_ID} characters, not {shown(name)}, which {rule}")
    object.__setattr__(requirement, "name", exact(name))


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """Base of all requirements: make one of `Approval`, `Schedule`, `Freeze`, `Dependency`, `ExternalCheck`, and so on.

    Attributes:
        step: 1, 2, 3 ... A step opens once every requirement of the steps before it is met. None belongs to no step: it
            keeps nobody from voting, and has to be met in the end.
        when_impossible: what follows once it can no longer be met.
    """

    asks_people: ClassVar[bool] = False
    """Whether somebody has to act for it; otherwise time or events will meet it."""

    step: int | None = 1
    when_impossible: WhenImpossible | Literal["reject", "note", "refuse"] = WhenImpossible.REJECT

    def __post_init__(self) -> None:
        step = self.step
        if step is not None and (isinstance(step, bool) or not isinstance(step, int) or not 1 <= step <= MOST_STEPS):
            raise ConfigurationError(
                f"step={shown(self.step)} of a requirement must be a whole number from 1 to {MOST_STEPS}"
            )
        follows = chosen("when_impossible", self.when_impossible, WhenImpossible)
        object.__setattr__(self, "when_impossible", follows)

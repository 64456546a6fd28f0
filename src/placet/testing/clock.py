"""Time and ids that a test decides, so that two runs are the same to the byte."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from placet.model.names import checked_moment


@dataclass
class FrozenClock:
    """A clock that moves only when told. Pass it as `Governance.open(..., clock=clock)`.

    Attributes:
        now: the moment it shows, with a time zone; noon of 31 January 2026, UTC, if left out.

    Raises:
        InputError: `now` has no time zone, or is no moment.
    """

    now: datetime = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.now = checked_moment("now", self.now)

    def __call__(self) -> datetime:
        """Give the moment it shows."""
        return self.now

    def tick(self, **step: float) -> datetime:
        """Move on, or back if the step is negative.

        Args:
            **step: how far, as for `timedelta`: `seconds=`, `minutes=`, `hours=`, `days=` ...

        Returns:
            The moment it shows then.
        """
        self.now += timedelta(**step)
        return self.now


def counting_ids(prefix: str = "id-") -> Callable[[], str]:
    """Give a maker of ids that count: id-0001, id-0002 ... Pass it as `Governance.open(..., new_id=counting_ids())`.

    Args:
        prefix: what each begins with. Two Governances over one store want two prefixes.
    """
    numbers = itertools.count(1)
    return lambda: f"{prefix}{next(numbers):04}"

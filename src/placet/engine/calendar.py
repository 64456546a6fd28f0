"""Freeze windows: a calendar that is consulted whenever policies are asked, so inside the commit, too."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from placet.engine.policies import Policy, Proposal, Verdict, When, condition
from placet.errors import ConfigurationError
from placet.model.answers import UnexpectedAnswerError, checked_function, collected
from placet.model.conditions import Freeze
from placet.model.names import checked_moment, strings
from placet.model.requirement import named


@dataclass(frozen=True, slots=True)
class FreezeWindow:
    """A period in which nothing is changed.

    Attributes:
        name: of the freeze, as in `year-end`.
        start: from this moment on, with a time zone.
        end: before this moment, with a time zone.
    """

    name: str
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        named(self, self.name)
        for moment in ("start", "end"):
            object.__setattr__(self, moment, checked_moment(moment, getattr(self, moment)))
        if self.start >= self.end:
            raise ConfigurationError(f"freeze {self.name!r} ends before it starts: from {self.start} to {self.end}")


MOST_WINDOWS = 10_000
"""How many windows a calendar may have."""

Calendar = Iterable[FreezeWindow] | Callable[[], Iterable[FreezeWindow]]


def freeze(calendar: Calendar, *, waiver_roles: Iterable[str] = (), when: When | None = None) -> Policy:
    """Make a policy that lets nothing pass while a freeze lasts, unless somebody with a role for that waives it.

    It speaks for nothing by itself: another policy must allow or require. What is submitted during a freeze waits for
    its end; what was approved before is refused at execution and stays approved.

    Args:
        calendar: the windows, or a function that gives them, called each time policies are asked. That may be inside
            a commit: answer from memory.
        waiver_roles: who may waive it with `waive(request, freeze=...)`; nobody if empty.
        when: only where this says so; everywhere if left out.

    Raises:
        ConfigurationError: the calendar is neither a collection of windows nor a function, or is asynchronous.
    """
    roles, applies = strings("waiver_roles", waiver_roles), condition(when)
    windows = calendar if callable(calendar) else _fixed(calendar)
    if callable(windows):
        checked_function("calendar", windows)

    def decide(proposal: Proposal) -> Verdict:
        """Restrict what is asked for in an active window."""
        if not applies(proposal):
            return Verdict.abstain()
        now = _windows(windows()) if callable(windows) else windows
        active = [
            Freeze(name=each.name, until=each.end, waiver_roles=roles)
            for each in now
            if each.start <= proposal.at < each.end
        ]
        return Verdict.restrict(*active) if active else Verdict.abstain()

    return Policy("freeze", decide)


def _fixed(calendar: Iterable[FreezeWindow]) -> tuple[FreezeWindow, ...]:
    try:
        return _windows(calendar)
    except UnexpectedAnswerError as error:
        raise ConfigurationError(f"calendar={error}") from None


def _windows(found: object) -> tuple[FreezeWindow, ...]:
    try:
        return collected(found, FreezeWindow, MOST_WINDOWS)
    except UnexpectedAnswerError as error:
        raise UnexpectedAnswerError(f"{error} for a calendar; give a list of FreezeWindow(name, start, end)") from None

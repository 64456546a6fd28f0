"""Freeze windows: a calendar that is consulted whenever policies are asked, so inside the commit, too."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from placet.engine.policies import Policy, Proposal, Verdict, When
from placet.errors import ConfigurationError
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
    """
    roles = strings("waiver_roles", waiver_roles)
    if not callable(calendar) and not isinstance(calendar, Iterable):
        raise ConfigurationError(f"calendar={calendar!r:.80}: pass a list of FreezeWindow, or a function that gives it")
    windows = calendar if callable(calendar) else tuple(calendar)
    for each in () if callable(windows) else windows:
        if not isinstance(each, FreezeWindow):
            raise ConfigurationError(f"{each!r:.80} in a calendar is none; pass FreezeWindow(name, start, end)")

    def decide(proposal: Proposal) -> Verdict:
        """Restrict what is asked for in an active window."""
        if when is not None and not when(proposal):
            return Verdict.abstain()
        now = windows() if callable(windows) else windows
        active = [
            Freeze(name=each.name, until=each.end, waiver_roles=roles)
            for each in now
            if each.start <= proposal.at < each.end
        ]
        return Verdict.restrict(*active) if active else Verdict.abstain()

    return Policy("freeze", decide)

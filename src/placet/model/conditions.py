"""The requirements that time and events meet: schedules, freezes, dependencies, quotas; in no step by default."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from placet.errors import ConfigurationError
from placet.model.canonical import DIGEST_LENGTH, Moment, in_words
from placet.model.names import checked_id, shown, strings
from placet.model.requirement import Requirement, dated, flag, named, positive

MOST_COUNTED = 1000
"""The largest limit of a quota: so many entries of a history are read to judge it."""


@dataclass(frozen=True, kw_only=True)
class Schedule(Requirement):
    """It may be executed only in a period.

    Attributes:
        not_before: from this moment on.
        not_after: before this moment; then the request expires.
    """

    not_before: Moment | None = None
    not_after: Moment | None = None
    step: int | None = None
    kind: Literal["schedule"] = "schedule"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.not_before is None and self.not_after is None:
            raise ConfigurationError("Schedule() says nothing; give it not_before= or not_after=")
        for name in ("not_before", "not_after"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, dated(name, getattr(self, name)))
        if self.not_before and self.not_after and self.not_before >= self.not_after:
            raise ConfigurationError("not_after= of a Schedule must come after its not_before=")

    def __str__(self) -> str:
        parts = [("not before", self.not_before), ("not after", self.not_after)]
        return ", ".join(f"{words} {in_words(moment)}" for words, moment in parts if moment)


@dataclass(frozen=True, kw_only=True)
class Freeze(Requirement):
    """Nothing of this sort is executed until a moment, unless somebody with a role for that waives it.

    Attributes:
        name: of the freeze, as in `year-end`.
        until: when it ends.
        waiver_roles: who may waive it: whoever has one of these roles, but never the requester. Nobody if empty.
        recheck: count a waiver only while its actor could give it still; asked again at each move, and at execution.
    """

    name: str
    until: Moment
    waiver_roles: tuple[str, ...] = ()
    recheck: bool = True
    step: int | None = None
    kind: Literal["freeze"] = "freeze"

    def __post_init__(self) -> None:
        super().__post_init__()
        named(self, self.name)
        object.__setattr__(self, "until", dated("until", self.until))
        flag("recheck", self.recheck)
        object.__setattr__(self, "waiver_roles", strings("waiver_roles", self.waiver_roles))

    def __str__(self) -> str:
        waiver = f", or a waiver by role {' or '.join(self.waiver_roles)}" if self.waiver_roles else ""
        return f"the end of freeze {self.name!r} at {in_words(self.until)}{waiver}"


@dataclass(frozen=True, kw_only=True)
class Dependency(Requirement):
    """Another request must be executed first, or a successor of it that asks for the same.

    Attributes:
        request_id: the other request.
        asks: the hash of what that request asks for, `request.terms.asks`; filled in when the terms are fixed, unless
            you pass that of the terms you have read. Where the request is amended, or its successor asks for anything
            else, the requirement can no longer be met.
    """

    request_id: str
    asks: str = ""
    step: int | None = None
    kind: Literal["dependency"] = "dependency"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "request_id", checked_id("request_id", self.request_id))
        if not isinstance(self.asks, str) or len(self.asks) not in {0, DIGEST_LENGTH}:
            raise ConfigurationError("asks= of a Dependency: leave it out, or pass request.terms.asks")

    def __str__(self) -> str:
        return f"execution of request {self.request_id}"


@dataclass(frozen=True, kw_only=True)
class Quota(Requirement):
    """The state is changed at most so many times in a period that slides along.

    Attributes:
        limit: how many executions, of any request.
        per: in how long a time.
    """

    limit: int
    per: timedelta
    step: int | None = None
    kind: Literal["quota"] = "quota"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.limit, bool) or not isinstance(self.limit, int) or not 1 <= self.limit <= MOST_COUNTED:
            raise ConfigurationError(
                f"limit={shown(self.limit)} of a Quota: pass a whole number from 1 to {MOST_COUNTED}"
            )
        positive("per", self.per)

    def __str__(self) -> str:
        changes = "change" if self.limit == 1 else "changes"
        return f"at most {self.limit} {changes} of the state in {self.per}"

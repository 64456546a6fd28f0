"""The requirements that people meet: approvals, reviews, checks; and who is eligible."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Literal

from placet.errors import ConfigurationError
from placet.model.actor import Actor, ActorKind
from placet.model.canonical import Moment, in_words
from placet.model.names import exact, shown, strings
from placet.model.requirement import Requirement, chosen, dated, flag, named, positive

ALL = "all"

MOST_NAMED = 100
"""How many actors, roles or groups a requirement may name."""

MOST_PLACES = 1000
"""How many people an approval may want."""


@dataclass(frozen=True, kw_only=True)
class Eligibility(Requirement):
    """Base of the requirements that people meet: who is eligible, and until when.

    Attributes:
        actors: these actors by id; or
        roles: whoever has one of these roles; or
        groups: whoever belongs to one of these groups. Anybody if all three are empty. Never the requester, nor whoever
            the requester acts for.
        kinds: which kinds of actor.
        within: how long it may take, from submission or from the last change of the terms.
        recheck: count a vote or a report only while its actor could give it still, by role, group, kind, delegation and
            separation of duties: asked again at each move, and at execution. False counts it once it was given.
        deadline: the moment that follows from `within`; filled in when the terms are fixed.
    """

    asks_people: ClassVar[bool] = True

    actors: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    kinds: tuple[ActorKind, ...] = (ActorKind.HUMAN,)
    within: timedelta | None = None
    recheck: bool = True
    deadline: Moment | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("actors", "roles", "groups"):
            given = strings(name, getattr(self, name))
            if len(given) > MOST_NAMED:
                raise ConfigurationError(f"{name}= of a requirement names {len(given)}; keep it to {MOST_NAMED}")
            object.__setattr__(self, name, given)
        flag("recheck", self.recheck)
        kinds = strings("kinds", self.kinds)
        if not kinds:
            raise ConfigurationError("kinds=() of a requirement admits nobody; name at least one kind of actor")
        object.__setattr__(self, "kinds", tuple(chosen("kinds", kind, ActorKind) for kind in kinds))
        if self.within is not None:
            positive("within", self.within)
        if self.deadline is not None:
            object.__setattr__(self, "deadline", dated("deadline", self.deadline))

    @property
    def anybody(self) -> bool:
        """Whether it names neither actors, nor roles, nor groups."""
        return not (self.actors or self.roles or self.groups)

    def admits(
        self,
        ids: Iterable[str],
        roles: Iterable[str],
        groups: Iterable[str],
        kind: ActorKind = ActorKind.HUMAN,
    ) -> bool:
        """Tell whether somebody who goes by one of these ids, with these roles and groups, is eligible."""
        if kind not in self.kinds:
            return False
        known = zip((self.actors, self.roles, self.groups), (ids, roles, groups), strict=True)
        return self.anybody or any(not set(wanted).isdisjoint(had) for wanted, had in known)

    def admits_actor(self, actor: Actor) -> bool:
        """Tell whether an actor is eligible, as they are."""
        return self.admits(actor.persons, actor.roles, actor.groups, actor.kind)

    def _who(self, joined: str = " or ") -> str:
        who = list(self.actors)
        who += [f"role {role}" for role in self.roles] + [f"group {group}" for group in self.groups]
        kinds = "" if self.kinds == (ActorKind.HUMAN,) else f" ({' or '.join(self.kinds)})"
        until = f" until {in_words(self.deadline)}" if self.deadline else ""
        return (f" by {joined.join(who)}" if who else "") + kinds + until


@dataclass(frozen=True)
class Approval(Eligibility):
    """So many distinct people must approve.

    Attributes:
        count: how many, or "all" of those who are eligible. A list of actors without a count means all of them;
            otherwise it is 1.
        people: the ids of all who were eligible when the terms were fixed, where all of a role or group must approve;
            filled in then.
        any_rejection_ends: one rejection ends the request. By default only where all must approve, or where the
            directory cannot list who is eligible, or anybody is, so that nobody could say whether enough are left.
    """

    count: int | Literal["all"] | None = None
    any_rejection_ends: bool | None = field(default=None, kw_only=True)
    people: tuple[str, ...] = field(default=(), kw_only=True)
    kind: Literal["approval"] = field(default="approval", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "people", strings("people", self.people))
        if self.any_rejection_ends is not None:
            flag("any_rejection_ends", self.any_rejection_ends)
        only_actors = bool(self.actors) and not (self.roles or self.groups)
        if self.count is None:
            object.__setattr__(self, "count", ALL if only_actors else 1)
        if isinstance(self.count, str):
            object.__setattr__(self, "count", exact(self.count))
        if not (isinstance(self.count, str) and self.count == ALL) and (type(self.count) is not int or self.count < 1):
            raise ConfigurationError(
                f"count={shown(self.count)} of a requirement must be a whole number from 1, or 'all'"
            )
        if self.count == ALL and self.anybody:
            raise ConfigurationError("count='all' of an approval by anybody; name actors, roles or groups")
        if self.count != ALL and self.places > MOST_PLACES:
            raise ConfigurationError(
                f"count={shown(self.count)} of a requirement is too many; keep it to {MOST_PLACES}"
            )
        if self.step is None:
            raise ConfigurationError("step=None of an approval: it is given in a step; pass a whole number from 1")
        if only_actors and self.places > len(self.actors):
            named = ", ".join(self.actors)
            raise ConfigurationError(f"count={self.count} of a requirement exceeds the eligible: {named}")

    @property
    def places(self) -> int:
        """How many places have to be filled. Where all of a role must approve, the terms name them."""
        return self.count if isinstance(self.count, int) else len(self.people or self.actors)

    def admits(
        self,
        ids: Iterable[str],
        roles: Iterable[str],
        groups: Iterable[str],
        kind: ActorKind = ActorKind.HUMAN,
    ) -> bool:
        """Tell whether somebody is eligible; where all of a role must approve, only those who had it at the time."""
        if self.people and set(self.people).isdisjoint(ids):
            return False
        return super().admits(ids, roles, groups, kind)

    def __str__(self) -> str:
        if self.count == ALL:
            who = self._who(" and ")
            return (
                f"approval by all of{who.removeprefix(' by')}: {', '.join(self.people)}"
                if self.people
                else f"approval{who}"
            )
        return f"{self.count} {'approval' if self.count == 1 else 'approvals'}{self._who()}"


@dataclass(frozen=True, kw_only=True)
class Reported(Eligibility):
    """Base of the requirements that somebody reports on.

    Attributes:
        name: what is looked at, as in `legal` or `backup-is-fresh`.
        valid_for: how long a report counts; for ever if left out. Then it has to be reported anew.
    """

    name: str
    valid_for: timedelta | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        named(self, self.name)
        if self.valid_for is not None:
            positive("valid_for", self.valid_for)


@dataclass(frozen=True, kw_only=True)
class ManualReview(Reported):
    """A person must look at it, and report that it passes."""

    kind: Literal["manual_review"] = "manual_review"

    def __str__(self) -> str:
        return f"manual review {self.name!r}{self._who()}"


@dataclass(frozen=True, kw_only=True)
class ExternalCheck(Reported):
    """A system must report that a named check passes: a service, unless `kinds` says otherwise."""

    kinds: tuple[ActorKind, ...] = (ActorKind.SERVICE, ActorKind.SYSTEM)
    kind: Literal["external_check"] = "external_check"

    def __str__(self) -> str:
        return f"external check {self.name!r}"

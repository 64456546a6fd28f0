"""What must be met before an approval is complete, and the votes that meet it."""

from collections.abc import Iterable
from dataclasses import dataclass

from signoff.errors import ConfigurationError
from signoff.model.actor import Actor


def _strings(value: object) -> bool:
    return isinstance(value, Iterable) and all(isinstance(member, str) for member in value)


@dataclass(frozen=True, slots=True)
class Requirement:
    """So many distinct actors must approve.

    Attributes:
        count: how many.
        roles: an eligible actor has one of these; any actor if both are empty.
        groups: or belongs to one of these.
    """

    count: int = 1
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.count, bool) or not isinstance(self.count, int) or self.count < 1:
            raise ConfigurationError(f"count={self.count!r} of a requirement must be a whole number from 1")
        for name in ("roles", "groups"):
            value = getattr(self, name)
            if isinstance(value, str) or not _strings(value):
                raise ConfigurationError(f"{name}={value!r} of a requirement is no collection of strings")
            object.__setattr__(self, name, tuple(sorted(set(value))))

    def admits(self, roles: tuple[str, ...], groups: tuple[str, ...]) -> bool:
        """Tell whether somebody with these roles and groups is eligible."""
        if not self.roles and not self.groups:
            return True
        return not (set(self.roles).isdisjoint(roles) and set(self.groups).isdisjoint(groups))

    def __str__(self) -> str:
        who = [f"role {role}" for role in self.roles] + [f"group {group}" for group in self.groups]
        people = "approval" if self.count == 1 else "approvals"
        return f"{self.count} {people}" + (f" by {' or '.join(who)}" if who else "")


@dataclass(frozen=True, slots=True)
class Vote:
    """One approval, with the roles and groups its actor had at that moment, bound to what was approved.

    Attributes:
        actor: who approved.
        principal: the person it counts as: whoever the actor acts for, or the actor.
        roles: roles held then.
        groups: groups belonged to then.
        digest: the digest of the terms approved.
    """

    actor: str
    principal: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    digest: str

    @classmethod
    def by(cls, actor: Actor, digest: str) -> "Vote":
        """Make the vote of an actor for a digest."""
        return cls(actor.id, actor.on_behalf_of or actor.id, actor.roles, actor.groups, digest)

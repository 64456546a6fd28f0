"""Who acts."""

from dataclasses import dataclass
from enum import StrEnum

from placet.errors import ConfigurationError
from placet.model.names import checked_id, member, shown, strings


class ActorKind(StrEnum):
    """What sort of actor."""

    HUMAN = "human"
    SERVICE = "service"
    AGENT = "agent"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that acts. Only a `Directory` makes one.

    Attributes:
        id: who.
        kind: human, service, agent or system.
        roles: roles held now, in alphabetical order.
        groups: groups belonged to now, in alphabetical order.
        on_behalf_of: the id of whoever this actor acts for, if any.
    """

    id: str
    kind: ActorKind = ActorKind.HUMAN
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    on_behalf_of: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", checked_id("actor id", self.id))
        kind = member(self.kind, ActorKind)
        if kind is None:
            known = ", ".join(ActorKind)
            raise ConfigurationError(f"kind={shown(self.kind)} of actor {self.id!r} is none; use {known}")
        object.__setattr__(self, "kind", kind)
        if self.on_behalf_of is not None:
            object.__setattr__(self, "on_behalf_of", checked_id("on_behalf_of", self.on_behalf_of))
        for name in ("roles", "groups"):
            object.__setattr__(self, name, strings(name, getattr(self, name)))

    @property
    def principal(self) -> str:
        """The person they count as: whoever they act for, or they themselves."""
        return self.on_behalf_of or self.id

    @property
    def persons(self) -> frozenset[str]:
        """They themselves, and whoever they act for."""
        return frozenset({self.id, self.principal})


CLOCKWORK = Actor("placet", ActorKind.SYSTEM)
"""Who moves requests when nobody else does. No directory returns this very instance, so nobody else can be it."""

"""Who acts, and the directory that alone may say so."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from signoff.errors import ActorNotFoundError, ConfigurationError, DirectoryRaisedError, SignoffError
from signoff.model.names import checked_id


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
        checked_id("actor id", self.id)
        if self.on_behalf_of is not None:
            checked_id("on_behalf_of", self.on_behalf_of)
        for name in ("roles", "groups"):
            value: Iterable[str] = getattr(self, name)
            if isinstance(value, str):
                raise ConfigurationError(f"{name}={value!r} of actor {self.id!r} is one string; pass a collection")
            object.__setattr__(self, name, tuple(sorted(set(value))))


class Directory(Protocol):
    """Knows who is who: the bridge to an identity provider."""

    def actor(self, actor_id: str) -> Actor:
        """Give the actor with this id as they are now.

        Raises:
            ActorNotFoundError: there is none.
        """
        ...


class OpenDirectory:
    """Lets everybody in as a human without roles: for trying signoff out."""

    def actor(self, actor_id: str) -> Actor:
        """Give a human actor with this id."""
        return Actor(actor_id)

    def __repr__(self) -> str:
        return "OpenDirectory()"


class StaticDirectory:
    """Knows a fixed set of actors.

    Args:
        actors: everybody there is.
    """

    def __init__(self, actors: Iterable[Actor]) -> None:
        self._actors: dict[str, Actor] = {}
        for actor in actors:
            if self._actors.setdefault(actor.id, actor) != actor:
                raise ConfigurationError(f"actor {actor.id!r} is listed twice with different facts; keep one")

    def actor(self, actor_id: str) -> Actor:
        """Give the listed actor with this id.

        Raises:
            ActorNotFoundError: nobody with this id is listed.
        """
        try:
            return self._actors[actor_id]
        except KeyError:
            raise ActorNotFoundError(actor_id) from None

    def __repr__(self) -> str:
        return f"StaticDirectory({len(self._actors)} actors)"


def look_up(directory: Directory, by: str) -> Actor:
    """Ask the directory who `by` is.

    Raises:
        InputError: `by` cannot be an id.
        ActorNotFoundError: the directory does not know them.
        DirectoryRaisedError: the directory raised something else, or answered with something that is not this actor.
    """
    checked_id("by", by)
    try:
        actor = directory.actor(by)
    except SignoffError:
        raise
    except Exception as error:
        raise DirectoryRaisedError(
            f"{directory!r} raised {type(error).__name__} when asked for {by!r}: {error}; nothing was changed, retry"
        ) from error
    if not isinstance(actor, Actor) or actor.id != by:
        raise DirectoryRaisedError(f"{directory!r} answered {actor!r} when asked for {by!r}; return that Actor")
    return actor

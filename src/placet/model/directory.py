"""Who is who: the directory, and what placet asks of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from placet.errors import (
    ActorNotFoundError,
    ConfigurationError,
    DelegationError,
    DirectoryRaisedError,
)
from placet.model.actor import Actor, ActorKind
from placet.model.answers import UnexpectedAnswerError, attribute, checked_function, collected, exactly, kind_of
from placet.model.names import checked_id, checked_moment, described, listed, shown

LONGEST_CHAIN = 3
"""How many times a vote may be handed on."""

MOST_HOLDERS = 100_000
"""How many actors a directory may list for one requirement."""

T = TypeVar("T")


class Directory(Protocol):
    """Knows who is who: the bridge to an identity provider.

    It vouches for the actors it knows, unless it has an attribute `vouches` that is False.
    """

    def actor(self, actor_id: str) -> Actor:
        """Give the actor with this id as they are now.

        Raises:
            ActorNotFoundError: there is none.
        """
        ...


@runtime_checkable
class ListingDirectory(Directory, Protocol):
    """A directory that can also list: then placet knows whether enough people are left to approve."""

    def holders(self, roles: tuple[str, ...], groups: tuple[str, ...]) -> Iterable[Actor]:
        """Give everybody who has one of these roles, or belongs to one of these groups, now."""
        ...


@runtime_checkable
class DelegatingDirectory(Directory, Protocol):
    """A directory that also knows who votes for whom while they are away."""

    def delegate(self, actor_id: str, at: datetime) -> str | None:
        """Give the id of the actor's delegate at a moment, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Delegation:
    """Somebody may vote for somebody else, for a period.

    Attributes:
        principal: the id of who is away.
        delegate: the id of who votes for them.
        since: from this moment on, with a time zone.
        until: before this moment, with a time zone.
    """

    principal: str
    delegate: str
    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        for name in ("principal", "delegate"):
            object.__setattr__(self, name, checked_id(name, getattr(self, name)))
        for name in ("since", "until"):
            object.__setattr__(self, name, checked_moment(name, getattr(self, name)))
        if self.principal == self.delegate or self.since >= self.until:
            raise ConfigurationError(f"{self!r} delegates nothing: name two people, and a since before its until")


class OpenDirectory:
    """Lets everybody in as a human without roles: for trying placet out.

    Attributes:
        vouches: False: any name is somebody.
    """

    vouches = False

    def actor(self, actor_id: str) -> Actor:
        """Give a human actor with this id."""
        return Actor(actor_id)

    def __repr__(self) -> str:
        return "OpenDirectory()"


class StaticDirectory:
    """Knows a fixed set of actors, and who votes for whom.

    Args:
        actors: everybody there is.
        delegations: who votes for whom, and when. Of several at one moment the first counts.

    Attributes:
        vouches: True: whoever is not listed is nobody.
    """

    vouches = True

    def __init__(self, actors: Iterable[Actor], delegations: Iterable[Delegation] = ()) -> None:
        self._actors: dict[str, Actor] = {}
        self._delegations = listed("delegations", delegations)
        for actor in listed("actors", actors):
            if not isinstance(actor, Actor):
                raise ConfigurationError(f"{shown(actor)} is no Actor; pass StaticDirectory([Actor(...), ...])")
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

    def holders(self, roles: tuple[str, ...], groups: tuple[str, ...]) -> Iterable[Actor]:
        """Give everybody listed who has one of these roles, or belongs to one of these groups."""
        wanted, among = set(roles), set(groups)
        return [
            each
            for each in self._actors.values()
            if not (wanted.isdisjoint(each.roles) and among.isdisjoint(each.groups))
        ]

    def delegate(self, actor_id: str, at: datetime) -> str | None:
        """Give the delegate of somebody at a moment, or None."""
        periods = (each for each in self._delegations if each.principal == actor_id and each.since <= at < each.until)
        return next((each.delegate for each in periods), None)

    def __repr__(self) -> str:
        return f"StaticDirectory({len(self._actors)} actors)"


def checked_directory(directory: Directory) -> Directory:
    """Give a directory back, if it can be one.

    Raises:
        ConfigurationError: it has no `actor` to ask, or one of its methods is asynchronous.
    """
    name = type(directory).__name__
    if isinstance(directory, type) or not callable(attribute(directory, "actor")):
        raise ConfigurationError(f"directory= is a {name} and no directory; wrap actors in StaticDirectory([...])")
    for method in ("actor", "holders", "delegate"):
        function = attribute(directory, method)
        if function is not None:
            checked_function(f"{name}.{method}", function)
    return directory


def vouching(directory: Directory) -> bool:
    """Tell whether a directory vouches for the actors it knows.

    Raises:
        ConfigurationError: its attribute `vouches` is neither True nor False.
    """
    name = type(directory).__name__
    try:
        declared = getattr(directory, "vouches", True)
    except Exception as error:
        raise ConfigurationError(f"{name}.vouches raised {described(error)}; let it be True or False") from error
    if not isinstance(declared, bool):
        raise ConfigurationError(f"{name}.vouches is a {type(declared).__name__}; let it be True or False")
    return declared


def look_up(directory: Directory, by: str) -> Actor:
    """Ask the directory who `by` is.

    Raises:
        InputError: `by` cannot be an id.
        ActorNotFoundError: the directory does not know them.
        DirectoryRaisedError: the directory raised something else, or answered with something that is not this actor.
    """
    wanted = checked_id("by", by)
    return _asked(directory, repr(wanted), lambda: _that_actor(directory.actor(wanted), wanted))


def _that_actor(answer: object, by: str) -> Actor:
    if not isinstance(answer, Actor):
        raise UnexpectedAnswerError(f"a value of type {kind_of(answer)}; return that Actor")
    if answer.id != by:
        raise UnexpectedAnswerError(f"actor {answer.id!r}; return that Actor")
    return answer


def known(directory: Directory, actor_id: str) -> Actor | None:
    """Give an actor as they are now, or None if the directory does not know them (any more)."""
    try:
        return look_up(directory, actor_id)
    except ActorNotFoundError:
        return None


def holders(directory: Directory, roles: tuple[str, ...], groups: tuple[str, ...]) -> tuple[Actor, ...] | None:
    """Give whoever has one of these roles or groups, or None if the directory cannot list them.

    Raises:
        DirectoryRaisedError: the directory raised, or answered with something that is no collection of actors.
    """
    if not (roles or groups):
        return ()
    if not isinstance(directory, ListingDirectory):
        return None
    what = f"holders of {', '.join((*roles, *groups))}"
    return _asked(directory, what, lambda: collected(directory.holders(roles, groups), Actor, MOST_HOLDERS))


def standing_in(directory: Directory, actor: Actor, principal: str, at: datetime) -> tuple[Actor, tuple[str, ...]]:
    """Give an actor as who votes for somebody else: with that one's roles and groups.

    Args:
        directory: who is who, and who votes for whom.
        actor: who votes.
        principal: for whom.
        at: now.

    Returns:
        The actor acting on behalf of the principal, and the chain of ids from the principal to the actor.

    Raises:
        DelegationError: no chain of at most three delegations leads from the principal to the actor now, or it turns
            in a circle; or the actor acts for somebody else already.
    """
    if actor.on_behalf_of is not None:
        raise DelegationError(actor.id, principal, f"{actor.id} acts for {actor.on_behalf_of} already")
    chain = [look_up(directory, principal).id]
    while chain[-1] != actor.id:
        between = look_up(directory, chain[-1])
        if between.on_behalf_of is not None:
            raise DelegationError(
                actor.id, principal, f"{between.id} acts for {between.on_behalf_of}, and cannot hand that on"
            )
        following = _delegate(directory, chain[-1], at)
        if following is None or following in chain or len(chain) > LONGEST_CHAIN:
            raise DelegationError(actor.id, principal, _broken(chain, following))
        chain.append(following)
    stood_for = look_up(directory, principal)
    kind = stood_for.kind if actor.kind is ActorKind.HUMAN else actor.kind
    acting = replace(actor, kind=kind, roles=stood_for.roles, groups=stood_for.groups, on_behalf_of=principal)
    return acting, tuple(chain)


def _broken(chain: list[str], following: str | None) -> str:
    if following is None:
        return f"{chain[-1]} has no delegate now"
    handed = " -> ".join((*chain, following))
    return f"it turns in a circle: {handed}" if following in chain else f"it is handed on too often: {handed}"


def _delegate(directory: Directory, actor_id: str, at: datetime) -> str | None:
    if not isinstance(directory, DelegatingDirectory):
        return None

    def delegate() -> str | None:
        found = directory.delegate(actor_id, at)
        return None if found is None else checked_id("delegate", exactly(found, str))

    return _asked(directory, f"the delegate of {actor_id!r}", delegate)


def _asked(directory: Directory, what: str, question: Callable[[], T]) -> T:
    try:
        return question()
    except ActorNotFoundError:
        raise
    except UnexpectedAnswerError as error:
        message = f"the directory, a {type(directory).__name__}, answered {error} when asked for {what}"
        raise DirectoryRaisedError(message, asked=what) from None
    except Exception as error:
        raise DirectoryRaisedError(
            f"the directory, a {type(directory).__name__}, raised {described(error)} when asked for {what}; "
            "nothing was changed, retry",
            asked=what,
        ) from error

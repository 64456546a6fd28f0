"""What the parts of governance share: the store, the engine, who is who, and the sources of time and ids."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from uuid_utils import uuid7

from placet.engine.hooks import Hooks
from placet.engine.registry import Registry
from placet.engine.runtime import MutationEngine
from placet.errors import InputError
from placet.lifecycle.machine import Lifecycle
from placet.lifecycle.step import Evidence
from placet.model.actor import CLOCKWORK, Actor
from placet.model.answers import fresh_id, moment_of
from placet.model.channel import LIBRARY, Channel
from placet.model.directory import Directory, look_up
from placet.model.names import checked_text
from placet.store.port import Store


def time_ordered_id() -> str:
    """Give a fresh UUIDv7 (RFC 9562): ids made later sort later, which keeps the tables compact."""
    return str(uuid7())


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of every governed step.

    Attributes:
        store: where everything is kept.
        engine: the core mutation runtime, with the policies.
        registry: the mutation and state classes.
        lifecycle: the machine.
        directory: who is who.
        clock: gives the moment, aware of its time zone.
        timer: gives nanoseconds, for durations.
        hooks: who is told what has moved.
        new_id: gives a fresh id.
        administrator_role: the role that may cancel, supersede, hold and release for others.
        max_failures: how often `apply` may raise before retry is refused.
        vouches: whether the directory vouches for the actors it knows.
        approval_valid_for: how long an approval counts where a request does not say; for ever if None.
        channel: how calls come in.
    """

    store: Store
    engine: MutationEngine
    registry: Registry
    lifecycle: Lifecycle
    directory: Directory
    clock: Callable[[], datetime]
    timer: Callable[[], int]
    hooks: Hooks
    new_id: Callable[[], str]
    administrator_role: str
    max_failures: int
    vouches: bool
    approval_valid_for: timedelta | None
    channel: Channel = LIBRARY

    def now(self) -> datetime:
        """Give the moment in UTC.

        Raises:
            CallbackRaisedError: the clock raised, or gave no moment with a time zone.
        """
        return moment_of(self.clock)

    def fresh_id(self) -> str:
        """Give an id that nobody has used.

        Raises:
            CallbackRaisedError: `new_id` raised, or gave something that cannot be an id.
        """
        return fresh_id(self.new_id)

    def actor(self, by: str) -> Actor:
        """Return who an id stands for. Only the directory makes an actor.

        Raises:
            InputError: Raised if `by` cannot be an id, or is the one by which placet acts itself.
            ActorNotFoundError: Raised if the directory does not know them.
        """
        actor = look_up(self.directory, by)
        if actor.id == CLOCKWORK.id:
            raise InputError(f"by={CLOCKWORK.id!r} stands in the trail for placet itself; pass another id")
        return actor

    def decided(self, evidence: Evidence) -> Evidence:
        """Return the evidence with the clock read again, where deciding ends: that moment is judged and recorded."""
        return evidence.evolve(at=self.now())

    def evidence(self, actor: Actor, reason: str = "", **facts: Any) -> Evidence:  # noqa: ANN401 - fields of Evidence
        """Gather evidence for a trigger: the moment, the actor, and these facts."""
        return Evidence(
            at=self.now(),
            actor=actor,
            reason=checked_text("reason", reason),
            administrator_role=self.administrator_role,
            max_failures=self.max_failures,
            channel=self.channel,
            vouched=self.vouches,
            **facts,
        )

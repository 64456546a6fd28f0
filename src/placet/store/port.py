"""The port: all that a store must be able to do."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from placet.model.canonical import Json, Link
from placet.model.request import MutationRequest, Status
from placet.model.state import State, StoredState
from placet.model.trail import Ledger
from placet.model.writes import Writes

STATES = "placet_states"
REQUESTS = "placet_requests"
TERMS = "placet_terms"

TAKEN = "a row stands there already, which placet did not write"
"""The rule that a row breaks which was planted where placet is about to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which requests to find. Everything given must hold.

    Attributes:
        status: in this status.
        state_id: for this state.
        requester: asked by this actor.
        text: with this in intent or reason, case folded.
        since: created at or after this, in microseconds since 1970.
        until: created before this, in microseconds since 1970.
        review: executed in an emergency, with this review: open or closed.
        emergency_by: executed in an emergency by this person.
    """

    status: Status | None = None
    state_id: str | None = None
    requester: str | None = None
    text: str | None = None
    since: int | None = None
    until: int | None = None
    review: str | None = None
    emergency_by: str | None = None


Position = tuple[int, str]
"""Where a page begins: created_at in microseconds and id of the last request of the page before."""


class Reader(Protocol):
    """One consistent view of the store."""

    def request(self, request_id: str) -> MutationRequest | None:
        """Give a request, or None."""
        ...

    def request_by_key(self, idempotency_key: str) -> MutationRequest | None:
        """Give the request that has an idempotency key, or None."""
        ...

    def find(self, wanted: Filter, limit: int, after: Position | None = None) -> Sequence[MutationRequest]:
        """Give requests, newest first, by keyset pagination: those that come after a position."""
        ...

    def due(self, until: int, limit: int, after: Position | None = None) -> Sequence[MutationRequest]:
        """Return the open requests that expire at or before a moment, the earliest first, by keyset pagination.

        Args:
            until: the moment, in microseconds since 1970.
            limit: how many at most.
            after: `due_at` in microseconds and id of the last request of the page before.
        """
        ...

    def state(self, state_id: str) -> StoredState | None:
        """Give a state as it is now, or None."""
        ...

    def links(self, ledger: Ledger, owner: str, after: int = 0, limit: int | None = None) -> Sequence[Link]:
        """Give links of a ledger in order, those with a seq beyond `after`."""
        ...

    def last_link(self, ledger: Ledger, owner: str) -> Link | None:
        """Give the last link of a ledger, or None."""
        ...

    def terms(self, request_id: str) -> Sequence[bytes]:
        """Give the canonical JSON of all terms a request ever had, in order of their number."""
        ...

    def keys(self, table: str, after: str, limit: int) -> Sequence[str]:
        """Give ids of states or requests, or owners of terms or of a ledger, in order, those beyond `after`."""
        ...


class Unit(Reader, Protocol):
    """A unit of work: what it reads nobody else changes meanwhile, what it writes is durable together or not at all."""

    def write(self, writes: Writes) -> None:
        """Write one governed step, all of it or nothing.

        Raises:
            RevisionConflictError: the request is not at the revision it was read at.
            VersionConflictError: the state is not at the version it was read at.
            AlreadyExistsError: a new request or state has an id that is taken.
            IntegrityError: where terms or a link belong stands a row already, which placet did not write.
        """
        ...


class Store(Protocol):
    """A place that keeps what is governed."""

    def unit(self) -> AbstractContextManager[Unit]:
        """Begin a unit of work: durable when the block ends, undone when it raises.

        Raises:
            StoreError: the store could not; nothing of the unit is left behind.
        """
        ...

    def view(self) -> AbstractContextManager[Reader]:
        """Open a consistent view for reading."""
        ...

    def close(self) -> None:
        """Let go of everything; a closed store raises StoreUnavailableError."""
        ...


Connection_contra = TypeVar("Connection_contra", contravariant=True)


class StateSource(Protocol[Connection_contra]):
    """Governs a table of your own: an adapter of a few lines, called inside placet's transaction.

    The version must grow with every change of the row, whoever makes it; a trigger can see to that.
    """

    @property
    def prefix(self) -> str:
        """What its state ids begin with, as in `user:`; what follows is the key. A class attribute will do."""
        ...

    @property
    def state_type(self) -> type[State]:
        """The State class of its rows. A class attribute will do."""
        ...

    def load(self, connection: Connection_contra, key: str) -> tuple[int, Json] | None:
        """Give version and fields of a row, or None if there is no such row."""
        ...

    def save(self, connection: Connection_contra, key: str, fields: Json, *, expected: int, version: int) -> bool:
        """Write a row if it still has the expected version (compare-and-set); tell whether it had."""
        ...

"""Stores that fail or die at a call you choose, to show that nothing half done is ever left behind."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from placet.errors import ConfigurationError, StoreUnavailableError
from placet.model.canonical import Link
from placet.model.request import MutationRequest
from placet.model.state import StoredState
from placet.model.trail import Ledger
from placet.model.writes import Writes
from placet.store.port import Filter, Position, Reader, Store, Unit

T = TypeVar("T")
Raised = BaseException | type[BaseException]
"""An exception, or a class of them."""


class Crash(BaseException):
    """The process dies at this point. Not an `Exception`, so that nothing which handles errors can survive it."""


class FaultStore:
    """A store that passes every call on to another, and fails at one of them.

    Calls are counted from 1, in the order they are made: the begin of a unit of work (`begin`) or view (`view`), each
    method called on it by its name, and the end of a unit that did not raise (`commit`). A failure at `commit` that
    is not `after` undoes the unit; after it, the unit is durable, and the caller is not told so.

    Attributes:
        calls: the calls made so far, by name.
        fired: whether it has failed.

    Args:
        store: the store behind.
        fail_at: the number of the call to fail at; None only counts.
        error: what to raise. An `Exception` is raised once. Anything else, as `Crash`, is the death of the process,
            and every later call raises it again: the dead call nobody.
        after: fail when the call has reached the store and come back, rather than before.

    Raises:
        ConfigurationError: `fail_at` is no number from 1.
    """

    def __init__(
        self, store: Store, *, fail_at: int | None = None, error: Raised = StoreUnavailableError, after: bool = False
    ) -> None:
        if fail_at is not None and (isinstance(fail_at, bool) or not isinstance(fail_at, int) or fail_at < 1):
            raise ConfigurationError(f"fail_at={fail_at!r}: pass the number of a call, from 1")
        self.calls: list[str] = []
        self.fired = False
        self._store, self._fail_at, self._after = store, fail_at, after
        self._error: Raised = error("this store was told to fail here") if isinstance(error, type) else error

    def __repr__(self) -> str:
        return f"FaultStore({self._store!r}, {len(self.calls)} calls, fired={self.fired})"

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """Begin a unit of work of the store behind."""
        self._reach("begin")
        with self._store.unit() as unit:
            self._leave()
            yield _FaultUnit(unit, self)
            self._reach("commit")
        self._leave()

    @contextmanager
    def view(self) -> Iterator[Reader]:
        """Open a view of the store behind."""
        self._reach("view")
        with self._store.view() as reader:
            self._leave()
            yield _FaultReader(reader, self)

    def close(self) -> None:
        """Close the store behind; it is not counted, and never fails."""
        self._store.close()

    def passed(self, name: str, call: Callable[[], T]) -> T:
        """Pass one call on, unless it is the one to fail at.

        Args:
            name: what to note it as.
            call: what to do.
        """
        self._reach(name)
        result = call()
        self._leave()
        return result

    def _reach(self, name: str) -> None:
        if self.fired and not isinstance(self._error, Exception):
            raise self._error
        self.calls.append(name)
        if not self._after:
            self._fail_if_due()

    def _leave(self) -> None:
        if self._after:
            self._fail_if_due()

    def _fail_if_due(self) -> None:
        if len(self.calls) == self._fail_at and not self.fired:
            self.fired = True
            raise self._error


class _FaultReader:
    def __init__(self, reader: Reader, faults: FaultStore) -> None:
        self._reader, self._faults = reader, faults

    def request(self, request_id: str) -> MutationRequest | None:
        return self._faults.passed("request", lambda: self._reader.request(request_id))

    def request_by_key(self, idempotency_key: str) -> MutationRequest | None:
        return self._faults.passed("request_by_key", lambda: self._reader.request_by_key(idempotency_key))

    def find(self, wanted: Filter, limit: int, after: Position | None = None) -> Sequence[MutationRequest]:
        return self._faults.passed("find", lambda: self._reader.find(wanted, limit, after))

    def due(self, until: int, limit: int, after: Position | None = None) -> Sequence[MutationRequest]:
        return self._faults.passed("due", lambda: self._reader.due(until, limit, after))

    def state(self, state_id: str) -> StoredState | None:
        return self._faults.passed("state", lambda: self._reader.state(state_id))

    def links(self, ledger: Ledger, owner: str, after: int = 0, limit: int | None = None) -> Sequence[Link]:
        return self._faults.passed("links", lambda: self._reader.links(ledger, owner, after, limit))

    def last_link(self, ledger: Ledger, owner: str) -> Link | None:
        return self._faults.passed("last_link", lambda: self._reader.last_link(ledger, owner))

    def terms(self, request_id: str) -> Sequence[bytes]:
        return self._faults.passed("terms", lambda: self._reader.terms(request_id))

    def keys(self, table: str, after: str, limit: int) -> Sequence[str]:
        return self._faults.passed("keys", lambda: self._reader.keys(table, after, limit))


class _FaultUnit(_FaultReader):
    def __init__(self, unit: Unit, faults: FaultStore) -> None:
        super().__init__(unit, faults)
        self._unit = unit

    def write(self, writes: Writes) -> None:
        self._faults.passed("write", lambda: self._unit.write(writes))


def dies(store: Store, *, at: int, after: bool = False) -> FaultStore:
    """Give a store over which the process dies, by a `Crash`, at a call.

    Args:
        store: the store behind; open another Governance over it afterwards, and see what is left.
        at: the number of the call, from 1.
        after: die when the call has reached the store and come back, rather than before.

    Raises:
        ConfigurationError: `at` is no number from 1.
    """
    return FaultStore(store, fail_at=at, error=Crash, after=after)

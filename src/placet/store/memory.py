"""The memory store: small, for tests and trying out, and held equal to the others by the store contract."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import RLock
from typing import Any

from placet.errors import (
    AlreadyExistsError,
    ConfigurationError,
    IntegrityError,
    OpenReviewError,
    RevisionConflictError,
    StoreUnavailableError,
    VersionConflictError,
)
from placet.model.canonical import Link
from placet.model.request import TERMINAL, MutationRequest, to_micros
from placet.model.state import StoredState
from placet.model.trail import Ledger
from placet.model.writes import Writes
from placet.store.port import REQUESTS, STATES, TAKEN, TERMS, Filter, Position


class MemoryStore:
    """Keeps everything in this process, for as long as it lives. One unit of work at a time."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._open = True
        self._busy = False
        self._tables: _Tables = _Tables()

    @contextmanager
    def unit(self) -> Iterator["MemoryUnit"]:
        """Begin a unit of work: kept when the block ends, undone when it raises."""
        with self._held():
            if self._busy:
                raise ConfigurationError("a unit of work is open in this thread: a policy must not call Governance")
            self._busy = True
            unit = MemoryUnit(self._tables)
            try:
                yield unit
            except BaseException:
                unit.undo()
                raise
            finally:
                self._busy = False

    @contextmanager
    def view(self) -> Iterator["MemoryReader"]:
        """Open a consistent view for reading."""
        with self._held():
            yield MemoryReader(self._tables)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._open = False
            self._tables = _Tables()

    @contextmanager
    def _held(self) -> Iterator[None]:
        with self._lock:
            if not self._open:
                raise StoreUnavailableError("this store was closed; open another")
            yield

    def __repr__(self) -> str:
        return f"MemoryStore({len(self._tables.requests)} requests, {len(self._tables.states)} states)"


class _Tables:
    def __init__(self) -> None:
        self.requests: dict[str, MutationRequest] = {}
        self.by_key: dict[str, str] = {}
        self.terms: dict[str, dict[int, bytes]] = {}
        self.states: dict[str, StoredState] = {}
        self.ledgers: dict[tuple[str, str], list[Link]] = {}


class MemoryReader:
    """Reads the tables; gives out copies, so that nothing handed out can change what is kept."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    def request(self, request_id: str) -> MutationRequest | None:
        """Give a request, or None."""
        found = self._tables.requests.get(request_id)
        return None if found is None else found.unread()

    def request_by_key(self, idempotency_key: str) -> MutationRequest | None:
        """Give the request that has an idempotency key, or None."""
        return self.request(self._tables.by_key.get(idempotency_key, ""))

    def find(self, wanted: Filter, limit: int, after: Position | None = None) -> Sequence[MutationRequest]:
        """Give requests, newest first, those that come after a position."""
        found = ((to_micros(each.created_at), each.id, each) for each in self._tables.requests.values())
        matching = sorted((row for row in found if _matches(row[2], wanted, row[0])), reverse=True)  # by id at last
        return [each.unread() for at, key, each in matching if after is None or (at, key) < after][:limit]

    def due(self, until: int, limit: int, after: Position | None = None) -> Sequence[MutationRequest]:
        """Return the open requests that expire at or before a moment, the earliest first."""
        open_ = (each for each in self._tables.requests.values() if each.status not in TERMINAL)
        dated = ((to_micros(each.due_at), each.id, each) for each in open_ if each.due_at is not None)
        found = sorted(row for row in dated if row[0] <= until and (after is None or row[:2] > after))
        return [each.unread() for _, _, each in found[:limit]]

    def state(self, state_id: str) -> StoredState | None:
        """Give a state as it is now, or None."""
        return self._tables.states.get(state_id)

    def links(self, ledger: Ledger, owner: str, after: int = 0, limit: int | None = None) -> Sequence[Link]:
        """Give links of a ledger in order, those with a seq beyond `after`."""
        kept = self._tables.ledgers.get((ledger, owner), [])
        first = bisect_right(kept, after, key=lambda link: link.seq)
        return kept[first:] if limit is None else kept[first : first + limit]

    def last_link(self, ledger: Ledger, owner: str) -> Link | None:
        """Give the last link of a ledger, or None."""
        kept = self._tables.ledgers.get((ledger, owner))
        return kept[-1] if kept else None

    def terms(self, request_id: str) -> Sequence[bytes]:
        """Give the canonical JSON of all terms a request ever had, in order of their number."""
        return [body for _, body in sorted(self._tables.terms.get(request_id, {}).items())]

    def keys(self, table: str, after: str, limit: int) -> Sequence[str]:
        """Give ids of states or requests, or owners of terms or of a ledger, in order, those beyond `after`."""
        names: Iterable[str]
        if table == STATES:
            names = self._tables.states
        elif table == REQUESTS:
            names = self._tables.requests
        elif table == TERMS:
            names = (owner for owner, kept in self._tables.terms.items() if kept)
        else:
            names = (owner for (ledger, owner), links in self._tables.ledgers.items() if ledger == table and links)
        return sorted(name for name in names if name > after)[:limit]


def _matches(request: MutationRequest, wanted: Filter, created: int) -> bool:
    filed = request.filed
    return (
        (wanted.status is None or request.status is wanted.status)
        and (wanted.state_id is None or filed.state_id == wanted.state_id)
        and (wanted.requester is None or filed.requester == wanted.requester)
        and (wanted.text is None or wanted.text in filed.text)
        and (wanted.since is None or created >= wanted.since)
        and (wanted.until is None or created < wanted.until)
        and (wanted.review is None or request.review == wanted.review)
        and (wanted.emergency_by is None or request.emergency_by == wanted.emergency_by)
    )


class MemoryUnit(MemoryReader):
    """A unit of work; remembers what to put back."""

    def __init__(self, tables: _Tables) -> None:
        super().__init__(tables)
        self._undo: list[Callable[[], object]] = []

    def write(self, writes: Writes) -> None:
        """Write one governed step, all of it or nothing."""
        mark = len(self._undo)
        try:
            self._write_request(writes)
            self._write_state(writes)
            for ledger, links in (
                (Ledger.DECISIONS, writes.decisions),
                (Ledger.AUDIT, writes.audit),
                (Ledger.HISTORY, writes.history),
            ):
                self._append(ledger, links)
        except BaseException:
            self.undo(mark)
            raise

    def undo(self, mark: int = 0) -> None:
        """Put back what was there before."""
        while len(self._undo) > mark:
            self._undo.pop()()

    def _set(self, table: dict[str, Any], key: str, value: object) -> None:
        if key in table:
            self._undo.append(partial(table.__setitem__, key, table[key]))
        else:
            self._undo.append(partial(table.pop, key))
        table[key] = value

    def _write_request(self, writes: Writes) -> None:
        request = writes.request
        if request is None:
            return
        kept = self._tables.requests.get(request.id)
        if writes.revision == 0:
            if request.idempotency_key is not None:
                if request.idempotency_key in self._tables.by_key:
                    raise AlreadyExistsError(f"idempotency key {request.idempotency_key!r} is taken")
                self._set(self._tables.by_key, request.idempotency_key, request.id)
            if kept is not None:
                raise AlreadyExistsError(
                    f"there is a request {request.id!r} already; leave request_id= out to get a new one"
                )
        elif kept is None or kept.revision != writes.revision:
            raise RevisionConflictError(request.id, writes.revision)
        if request.review == "open" and any(
            each.review == "open" and each.emergency_by == request.emergency_by and each.id != request.id
            for each in self._tables.requests.values()
        ):
            raise OpenReviewError(str(request.emergency_by))
        self._set(self._tables.requests, request.id, request.unread())
        if writes.new_terms:
            self._add_terms(request)

    def _add_terms(self, request: MutationRequest) -> None:
        kept = self._tables.terms.setdefault(request.id, {})
        if request.terms_number in kept:
            raise IntegrityError(TERMS, f"{request.id}#{request.terms_number}", TAKEN)
        self._undo.append(partial(kept.pop, request.terms_number))
        kept[request.terms_number] = request.terms_json

    def _write_state(self, writes: Writes) -> None:
        state = writes.state
        if state is None:
            return
        kept = self._tables.states.get(state.state_id)
        if writes.version == 0 and kept is not None:
            raise AlreadyExistsError(f"there is a state {state.state_id!r} already; submit a mutation to change it")
        if writes.version and (kept is None or kept.version != writes.version):
            raise VersionConflictError(state.state_id, writes.version)
        self._set(self._tables.states, state.state_id, state)

    def _append(self, ledger: Ledger, links: Sequence[Link]) -> None:
        for link in links:
            kept = self._tables.ledgers.setdefault((ledger, link.owner), [])
            place = bisect_right(kept, link.seq, key=lambda each: each.seq)
            if place and kept[place - 1].seq == link.seq:
                raise IntegrityError(ledger, f"{link.owner}#{link.seq}", TAKEN)
            kept.insert(place, link)
            self._undo.append(partial(kept.pop, place))

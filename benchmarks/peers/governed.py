"""placet itself, over its memory store and over SQLite. It leaves nothing out."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.peers.facts import AFTER, BEFORE, RUNNER, new_id
from benchmarks.peers.peer import GOVERNED, Tally, durability_of
from placet import Governance, MutationRequest, OpenDirectory, require_approval
from placet.documents import Document, MergeDocument
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.store.sqlite import SqliteStore


def opened(store: Store) -> Governance:
    """Govern documents, with one approval required of everything."""
    return Governance.open(
        store, mutations=[MergeDocument], policies=[require_approval(count=1)], directory=OpenDirectory()
    )


def approved(gov: Governance, count: int) -> list[MutationRequest]:
    """Make so many approved requests, each on a state of its own."""
    requests = []
    for _ in range(count):
        state_id = f"limits:{new_id()}"
        gov.create_state(state_id, Document.of(BEFORE))
        request = gov.submit(MergeDocument(merge=AFTER), to=state_id, by="bob", reason="INC-42")
        requests.append(gov.approve(request.id, by="carol", digest=request.digest))
    return requests


def verified(gov: Governance) -> Tally:
    """Count what was executed; nothing counts if a single hash is wrong."""
    if not gov.verify().ok:
        return Tally()
    parts = [_one(gov, request) for request in _all(gov)]
    return Tally(*(sum(column) for column in zip(*parts, strict=True))) if parts else Tally()


def _all(gov: Governance) -> Iterator[MutationRequest]:
    page = gov.find_requests(limit=1000)
    yield from page
    while page.cursor is not None:
        page = gov.find_requests(limit=1000, cursor=page.cursor)
        yield from page


def _one(gov: Governance, request: MutationRequest) -> tuple[int, int, int, int, int]:
    made = (request.status, request.resolved_version, request.resulting_version)
    state = gov.get_state(request.state_id, Document)
    return (
        int(made == ("executed", 1, 2) and request.execution_id is not None),
        int((state.version, state.state.content) == (2, AFTER)),
        len(gov.decisions(request.id)) - 3,
        len(gov.audit(request.id)),
        len(gov.history(request.state_id)) - 1,
    )


class InMemory:
    """placet over its memory store."""

    one = GOVERNED

    def __init__(self, _folder: Path) -> None:
        self._govern(MemoryStore())

    def _govern(self, store: Store) -> None:
        self._gov = opened(store)
        self._ready: list[str] = []

    def prepare(self, count: int) -> None:
        """Submit and approve."""
        self._ready += [request.id for request in approved(self._gov, count)]

    def run(self) -> None:
        """Execute them."""
        for request_id in self._ready:
            self._gov.execute(request_id, by=RUNNER)
        self._ready.clear()

    def tally(self) -> Tally:
        """Count through the public face, which checks every hash it reads."""
        return verified(self._gov)

    def durability(self) -> Iterable[tuple[str, int]]:
        """Nothing is durable here."""
        return ()

    def close(self) -> None:
        """Close the store."""
        self._gov.close()


class OnSqlite(InMemory):
    """placet over an SQLite file."""

    def __init__(self, folder: Path) -> None:
        self._store = SqliteStore(folder / "placet.db")
        self._govern(self._store)

    def durability(self) -> Iterable[tuple[str, int]]:
        """Ask the connection that writes."""
        with self._store.unit() as unit:
            return [durability_of(unit._connection)]  # noqa: SLF001 - the very connection, which nothing hands out

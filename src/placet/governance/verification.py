"""Verification: walk everything there is, recompute every hash, and name each row that is not what was written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from placet.errors import IntegrityError
from placet.governance.context import Context
from placet.governance.dossier import Dossier, audit_records, check_state
from placet.governance.queries import replayed
from placet.model.request import MutationRequest, Status
from placet.model.trail import HISTORY_BOOK, AuditRecord, HistoryEntry, HistoryKind, Ledger
from placet.store.port import REQUESTS, STATES, TERMS, Reader

PAGE = 500
"""How many ids are read at once."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found.

    Attributes:
        requests: how many requests were checked.
        states: how many states were checked.
        unreached: how many of these lie in tables of the user's own whose rows are not there, or whose source this
            process has not: only their history was checked.
        problems: every broken link, as the error that names table, row and rule; requests first.
    """

    requests: int
    states: int
    unreached: int
    problems: tuple[IntegrityError, ...]

    @property
    def ok(self) -> bool:
        """Whether everything is what was written."""
        return not self.problems

    def __str__(self) -> str:
        seen = f"requests: {self.requests}, states: {self.states}"
        if self.ok:
            return f"{seen}, all as they were written"
        first = self.problems[0]
        return f"{seen}, broken: {len(self.problems)}, first {first.table} {first.row}: {first.rule}"


class Verifier:
    """Checks a whole store in one consistent view.

    Args:
        context: the surroundings.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def verify(self) -> Verification:
        """Check everything; see `Governance.verify`."""
        with self._context.store.view() as reader:
            requests, problems = _walk(reader, (REQUESTS, TERMS, Ledger.DECISIONS, Ledger.AUDIT), _check_request)
            states, others = _walk(reader, (STATES, Ledger.HISTORY), _check_state)
        return Verification(len(requests), len(states), states.count(False), (*problems, *others))


def _walk(
    reader: Reader, tables: tuple[str, ...], check: Callable[[Reader, str], bool]
) -> tuple[list[bool], list[IntegrityError]]:
    """Check every key of some tables; gives whether each was reached, and what is broken."""
    reached, problems = [], []
    try:
        for key in _keys(reader, tables):
            try:
                reached.append(check(reader, key))
            except IntegrityError as error:
                reached.append(True)
                problems.append(error)
    except IntegrityError as error:  # a key that cannot be one: what lies beyond it cannot be listed
        problems.append(error)
    return reached, problems


def _keys(reader: Reader, tables: tuple[str, ...]) -> Iterator[str]:
    """Give every key of several tables once: a row without its counterpart shows, too."""
    after = ""
    while True:
        pages = [reader.keys(table, after, PAGE) for table in tables]
        # beyond the last key of a full page its table may hold more: stop where the first such page ends
        bound = min((page[-1] for page in pages if len(page) == PAGE), default=None)
        keys = sorted({key for page in pages for key in page if bound is None or key <= bound})
        yield from keys
        if bound is None:
            return
        after = bound


def _check_request(reader: Reader, request_id: str) -> bool:
    if reader.request(request_id) is None:
        raise IntegrityError(REQUESTS, request_id, "its row is missing")
    dossier = Dossier.load(reader, request_id)
    dossier.terms(reader)
    records = audit_records(reader, dossier.request)
    if dossier.request.status is Status.EXECUTED:
        _check_execution(reader, dossier.request, records[-1])
    return True


def _check_execution(reader: Reader, request: MutationRequest, record: AuditRecord) -> None:
    """See to it that what a request says it did stands in the history of the state."""
    version = request.resulting_version or 0
    row = f"{request.state_id}#{version}"
    links = reader.links(Ledger.HISTORY, request.state_id, version - 1, 1)
    if not links or links[0].seq != version:
        raise IntegrityError(Ledger.HISTORY, row, f"the version that request {request.id} made is missing")
    (entry,) = HISTORY_BOOK.read(links, None)
    made = (request.id, request.execution_id, record.execution_id)
    if made != (entry.request_id, entry.execution_id, entry.execution_id):
        raise IntegrityError(Ledger.HISTORY, row, f"request {request.id} says it made this version; the entry does not")


def _check_state(reader: Reader, state_id: str) -> bool:
    entries = HISTORY_BOOK.read(reader.links(Ledger.HISTORY, state_id))
    replayed(entries)
    for entry in entries:
        _check_entry(reader, entry)
    state = reader.state(state_id)
    if state is not None:
        check_state(reader, state)
    elif entries[0].kind is not HistoryKind.ADOPTED:
        raise IntegrityError(STATES, state_id, "it has a history and no row")
    return state is not None


def _check_entry(reader: Reader, entry: HistoryEntry) -> None:
    if entry.request_id is None:
        return
    request = reader.request(entry.request_id)
    made = None if request is None else (request.status, request.filed.state_id, request.resulting_version)
    if made != (Status.EXECUTED, entry.state_id, entry.version):
        row = f"{entry.state_id}#{entry.version}"
        raise IntegrityError(Ledger.HISTORY, row, f"request {entry.request_id} did not make this version")

"""Verification: walk everything there is, recompute every hash, and name each row that is not what was written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from signoff.errors import IntegrityError
from signoff.governance.context import Context
from signoff.governance.dossier import Dossier, check_state
from signoff.governance.queries import audit_records, replayed
from signoff.model.request import MutationRequest, Status
from signoff.model.trail import HISTORY, HISTORY_BOOK, AuditRecord, HistoryEntry, Ledger
from signoff.store.port import REQUESTS, STATES, Reader

PAGE = 500
"""How many ids are read at once."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found.

    Attributes:
        requests: how many requests were checked.
        states: how many states were checked.
        problems: every broken link, as the error that names table, row and rule; requests first.
    """

    requests: int
    states: int
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
        problems: list[IntegrityError] = []
        counts = {REQUESTS: 0, STATES: 0}
        with self._context.store.view() as reader:
            for table, tables, check in (
                (REQUESTS, (REQUESTS, Ledger.DECISIONS, Ledger.AUDIT), _check_request),
                (STATES, (STATES, Ledger.HISTORY), _check_state),
            ):
                try:
                    for key in _keys(reader, tables):
                        counts[table] += 1
                        problems += _problem(check, reader, key)
                except IntegrityError as error:  # a key that cannot be one: what lies beyond it cannot be listed
                    problems.append(error)
        return Verification(counts[REQUESTS], counts[STATES], tuple(problems))


def _problem(check: Callable[[Reader, str], None], reader: Reader, key: str) -> list[IntegrityError]:
    try:
        check(reader, key)
    except IntegrityError as error:
        return [error]
    return []


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


def _check_request(reader: Reader, request_id: str) -> None:
    if reader.request(request_id) is None:
        raise IntegrityError(REQUESTS, request_id, "it has a trail and no row")
    request = Dossier.load(reader, request_id).request
    records = audit_records(reader, request_id)
    links = reader.links(Ledger.AUDIT, request_id)
    head = links[-1].hash if links else ""
    if (len(records), head) != (request.audits, request.audit_head):
        row = f"{request_id}#{len(records)}"
        raise IntegrityError(Ledger.AUDIT, row, f"the audit records do not end at number {request.audits}")
    if request.status is Status.EXECUTED:
        _check_execution(reader, request, records[-1])


def _check_execution(reader: Reader, request: MutationRequest, record: AuditRecord) -> None:
    """See to it that what a request says it did stands in the history of the state."""
    version = request.resulting_version or 0
    row = f"{request.state_id}#{version}"
    link = next(iter(reader.links(Ledger.HISTORY, request.state_id, version - 1, 1)), None)
    if link is None or link.seq != version:
        raise IntegrityError(Ledger.HISTORY, row, f"the version that request {request.id} made is missing")
    entry = HISTORY.load(link.body, row)
    made = (request.id, request.execution_id, record.execution_id)
    if made != (entry.request_id, entry.execution_id, entry.execution_id):
        raise IntegrityError(Ledger.HISTORY, row, f"request {request.id} says it made this version; the entry does not")


def _check_state(reader: Reader, state_id: str) -> None:
    entries = HISTORY_BOOK.read(reader.links(Ledger.HISTORY, state_id))
    replayed(entries)
    for entry in entries:
        _check_entry(reader, state_id, entry)
    state = reader.state(state_id)
    if state is None:
        raise IntegrityError(STATES, state_id, "it has a history and no row")
    check_state(reader, state)


def _check_entry(reader: Reader, state_id: str, entry: HistoryEntry) -> None:
    if entry.request_id is None:
        return
    request = reader.request(entry.request_id)
    if request is None or (request.status, request.resulting_version) != (Status.EXECUTED, entry.version):
        row = f"{state_id}#{entry.version}"
        raise IntegrityError(Ledger.HISTORY, row, f"request {entry.request_id} did not make this version")

"""How records become rows of columns, and back, for every SQL store; nothing of a wrong type gets in."""

from datetime import datetime
from typing import Any

from placet.errors import IntegrityError
from placet.model.canonical import Link
from placet.model.names import MAX_ID
from placet.model.request import Filed, MutationRequest, Status, from_micros, to_micros
from placet.model.state import StoredState

Row = tuple[Any, ...]

_NONE = type(None)
_TEXT, _WHOLE = (str,), (int,)
_MAYBE_TEXT, _MAYBE_WHOLE = (str, _NONE), (int, _NONE)
_LINK = (_TEXT, _WHOLE, _TEXT, _TEXT)
_TERMS = (_TEXT, _WHOLE, _TEXT)
_STATE = (_TEXT, _TEXT, _WHOLE, _TEXT, _TEXT)
_REQUEST = (
    *(_TEXT, _WHOLE, _TEXT, _TEXT, _TEXT),  # id, revision, status, digest, head
    *(_WHOLE,) * 6,  # created_at, updated_at, terms_number, attempts, failures, audits
    *(_TEXT, _MAYBE_WHOLE, _MAYBE_WHOLE, _MAYBE_WHOLE),  # audit_head, the three versions
    *(_MAYBE_TEXT, _TEXT, _MAYBE_TEXT, _MAYBE_TEXT),  # execution_id, held, successor, idempotency_key
    *(_TEXT, _TEXT, _TEXT),  # asked, correlation_id, metadata
    *(_TEXT, _TEXT, _MAYBE_WHOLE, _TEXT),  # state_id, requester, expires_at, search
    *(_MAYBE_TEXT, _TEXT),  # emergency_by, review
    _MAYBE_TEXT,  # the terms; None if their row is gone
)


_STATUSES = {status.value: status for status in Status}


def _typed(table: str, row: Row, kinds: tuple[tuple[type, ...], ...]) -> Row:
    for value, kind in zip(row, kinds, strict=True):
        if type(value) not in kind:
            rule = f"a column holds {_KINDS[type(value)]}, which placet never writes there"
            raise IntegrityError(table, _label(row), rule)
    return row


_KINDS = {str: "text", int: "a whole number", float: "a number", bytes: "bytes", _NONE: "NULL"}


def _label(row: Row) -> str:
    """Name a row by its key, whatever that holds."""
    return str(row[0])[:MAX_ID]


def _counted(table: str, row: Row, number: int) -> None:
    if number < 1:
        raise IntegrityError(table, _label(row), f"a column holds what cannot be: {number}")


def _moment(row: Row, micros: int) -> datetime:
    try:
        return from_micros(micros)
    except OverflowError:
        rule = f"a column holds what cannot be: {micros}"
    raise IntegrityError("placet_requests", _label(row), rule)


def to_key(table: str, row: Row) -> str:
    """Read an id."""
    key: str = _typed(table, row, (_TEXT,))[0]
    return key


def to_link(table: str, row: Row) -> Link:
    """Read a link of a ledger."""
    owner, seq, body, kept_hash = _typed(table, row, _LINK)
    _counted(table, row, seq)
    return Link(owner, seq, body.encode(), kept_hash)


def to_terms(row: Row) -> bytes:
    """Read the body of terms."""
    body: str = _typed("placet_terms", row, _TERMS)[2]
    return body.encode()


def to_state(row: Row) -> StoredState:
    """Read a state."""
    state_id, state_type, version, body, kept_hash = _typed("placet_states", row, _STATE)
    _counted("placet_states", row, version)
    return StoredState(state_id, state_type, version, body.encode(), kept_hash)


def to_row(request: MutationRequest) -> dict[str, Any]:
    """Give the columns of a request, in the order of the table."""
    filed = request.filed
    return {
        "id": request.id,
        "revision": request.revision,
        "status": str(request.status),
        "digest": request.digest,
        "head": request.head,
        "created_at": to_micros(request.created_at),
        "updated_at": to_micros(request.updated_at),
        "terms_number": request.terms_number,
        "attempts": request.attempts,
        "failures": request.failures,
        "audits": request.audits,
        "audit_head": request.audit_head,
        "validated_version": request.validated_version,
        "resolved_version": request.resolved_version,
        "resulting_version": request.resulting_version,
        "execution_id": request.execution_id,
        "held": request.held,
        "successor": request.successor,
        "idempotency_key": request.idempotency_key,
        "asked": request.asked,
        "correlation_id": request.correlation_id,
        "metadata": request.metadata_json,
        "state_id": filed.state_id,
        "requester": filed.requester,
        "expires_at": None if request.due_at is None else to_micros(request.due_at),
        "search": filed.text,
        "emergency_by": request.emergency_by,
        "review": request.review,
    }


def from_row(row: Row) -> MutationRequest:
    """Read the columns of a request, and its terms as the last one.

    Raises:
        IntegrityError: a column holds what placet never writes.
    """
    _typed("placet_requests", row, _REQUEST)
    if row[2] not in _STATUSES:
        raise IntegrityError("placet_requests", row[0], "a column holds what cannot be: a status that there is not")
    return MutationRequest(
        id=row[0],
        revision=row[1],
        status=_STATUSES[row[2]],
        digest=row[3],
        head=row[4],
        created_at=_moment(row, row[5]),
        updated_at=_moment(row, row[6]),
        terms_number=row[7],
        attempts=row[8],
        failures=row[9],
        audits=row[10],
        audit_head=row[11],
        validated_version=row[12],
        resolved_version=row[13],
        resulting_version=row[14],
        execution_id=row[15],
        held=row[16],
        successor=row[17],
        idempotency_key=row[18],
        asked=row[19],
        correlation_id=row[20],
        metadata_json=row[21],
        due_at=None if row[24] is None else _moment(row, row[24]),
        emergency_by=row[26],
        review=row[27],
        filed=Filed(row[22], row[23], row[25]),
        terms_json=(row[28] or "").encode(),
    )

"""What the contract of stores is tested with: writes that fit, writes that do not, and a population to find."""

from datetime import timedelta

from placet.errors import AlreadyExistsError, IntegrityError, RevisionConflictError, VersionConflictError
from placet.model.mutation import Intent
from placet.model.request import Status, to_micros
from placet.model.writes import Writes
from placet.store.port import Filter
from placet.testing.rows import NOON, STATE_ID, a_link, a_request, a_state, a_terms

UNICODE = "zażółć 🏠 ß\u0301 \u2028 'quoted' \"twice\" %_ \\"
MICROSECOND = timedelta(microseconds=1)
BEGUN = Writes(
    request=a_request(idempotency_key="key"),
    new_terms=True,
    decisions=(a_link(1),),
    audit=(a_link(1),),
    state=a_state(),
    history=(a_link(1, STATE_ID),),
)
"""A first write with every part."""
MOVES = (
    Writes(request=a_request(idempotency_key="key", revision=2), revision=1, decisions=(a_link(2),)),
    Writes(request=a_request("r-2"), new_terms=True, decisions=(a_link(1, "r-2"),)),
    Writes(state=a_state(2, body=b"{}"), version=1, history=(a_link(2, STATE_ID),), audit=(a_link(2),)),
)
"""What one unit of work does afterwards."""
TAKEN = (a_link(3), a_link(1))
REFUSALS: dict[str, tuple[Writes, type[Exception]]] = {
    "another revision": (Writes(request=a_request(revision=6), revision=5), RevisionConflictError),
    "no such request": (Writes(request=a_request("r-9", revision=2), revision=1), RevisionConflictError),
    "a taken id": (Writes(request=a_request(idempotency_key="k2"), new_terms=True), AlreadyExistsError),
    "a taken key": (Writes(request=a_request("r-2", idempotency_key="key"), new_terms=True), AlreadyExistsError),
    "another version": (
        Writes(request=a_request("r-2"), new_terms=True, state=a_state(8), version=7),
        VersionConflictError,
    ),
    "no such state": (Writes(state=a_state(2, "gone"), version=1), VersionConflictError),
    "a taken state id": (Writes(request=a_request("r-2"), new_terms=True, state=a_state()), AlreadyExistsError),
    "terms that are there": (Writes(request=a_request(revision=2), revision=1, new_terms=True), IntegrityError),
    "a taken decision": (Writes(state=a_state(2), version=1, decisions=TAKEN), IntegrityError),
    "a taken audit record": (Writes(state=a_state(2), version=1, audit=TAKEN), IntegrityError),
    "a taken history entry": (
        Writes(state=a_state(2), version=1, decisions=(a_link(2),), history=(a_link(1, STATE_ID),)),
        IntegrityError,
    ),
}
"""Writes that must be refused after the first one, with what they raise; all but the last part of each would fit."""

FULL = a_request(
    a_terms("r-full", reason=UNICODE, intent=Intent("grant-role", description=UNICODE), number=3),
    terms_number=3,
    revision=7,
    status=Status.EXECUTED,
    created_at=NOON.replace(year=1969),
    updated_at=NOON.replace(year=9999, microsecond=999_999),
    attempts=4,
    failures=2,
    audits=5,
    audit_head="e" * 64,
    validated_version=11,
    resolved_version=12,
    resulting_version=2**63 - 1,
    execution_id="x-1",
    held=UNICODE,
    successor="",
    due_at=NOON + MICROSECOND,
    emergency_by=UNICODE,
    review="open",
    idempotency_key=UNICODE,
    correlation_id="c-1",
    metadata_json='{"note":"łódź"}',
)
_EARLY, _LATE = NOON - MICROSECOND, NOON + timedelta(days=1)
POPULATION = (
    a_request(a_terms("a", reason="Die STRASSE"), due_at=_EARLY, created_at=_EARLY, emergency_by="x", review="open"),
    a_request(
        a_terms("b", state_id="other", requester="ann"), status=Status.APPROVED, emergency_by="eve", review="open"
    ),
    a_request(a_terms("c", requester="ann"), due_at=_LATE, emergency_by="eve", review="closed"),
    a_request("d", due_at=NOON, status=Status.APPROVED, emergency_by="eve"),
    a_request(a_terms("e", state_id="other", reason="straße 50%"), due_at=_EARLY, status=Status.EXPIRED),
)
FOUND: tuple[tuple[Filter, str], ...] = (
    (Filter(), "edcba"),
    (Filter(status=Status.APPROVED), "db"),
    (Filter(state_id="other"), "eb"),
    (Filter(requester="ann"), "cb"),
    (Filter(text="strasse"), "ea"),
    (Filter(text="%"), "e"),
    (Filter(since=to_micros(NOON)), "edcb"),
    (Filter(until=to_micros(NOON)), "a"),
    (Filter(review="open"), "ba"),
    (Filter(review="closed"), "c"),
    (Filter(emergency_by="eve"), "dcb"),
    (Filter(status=Status.APPROVED, state_id="other", requester="ann", review="open"), "b"),
    (Filter(status=Status.STALE), ""),
)
"""Filters, and the ids of what they find in that population, newest first; of the same moment, the greater id first."""
NAMES = ("A", "a", "a:1", "a:10", "a:2", "b", "ä", "漢", "😀")
"""Ids, in the order of their code points."""

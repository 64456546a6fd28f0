"""The durable request, and its statuses."""

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from typing import Any, Self

from placet.errors import IntegrityError
from placet.model.canonical import digest, parse, written
from placet.model.changes import Changes
from placet.model.evolving import Evolving
from placet.model.requirement import Requirement
from placet.model.terms import TERMS, OnDrift, Terms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Give whole microseconds since 1970 in UTC: how stores keep and order moments."""
    return (moment - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Give the moment back, in UTC."""
    return EPOCH + timedelta(microseconds=micros)


class Status(StrEnum):
    """Where a request is in its life."""

    CREATED = "created"
    PENDING = "pending"
    APPROVED = "approved"
    RESOLVING = "resolving"
    REVALIDATION = "revalidation"
    FAILED = "failed"
    EXECUTED = "executed"
    STALE = "stale"
    REJECTED = "rejected"
    CANCELED = "canceled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"

    @property
    def terminal(self) -> bool:
        """Whether nothing can follow."""
        return self in TERMINAL


TERMINAL = frozenset(
    {Status.EXECUTED, Status.STALE, Status.REJECTED, Status.CANCELED, Status.EXPIRED, Status.SUPERSEDED}
)


class Review(StrEnum):
    """How far the review of an emergency has come."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Filed:
    """What a request is found by, kept beside the terms it is derived from so that a store can index it.

    Attributes:
        state_id: the state it wants to change.
        requester: who asked.
        text: intent and reason, case folded, for search.
    """

    state_id: str
    requester: str
    text: str

    @classmethod
    def of(cls, terms: Terms) -> Self:
        """Derive it from the terms."""
        return cls(terms.state_id, terms.requester, f"{terms.intent.text} {terms.reason}".casefold())


@dataclass(frozen=True)
class MutationRequest(Evolving):
    """A request as it is at one revision. A snapshot: it never changes, a move makes the next one.

    Attributes:
        id: an opaque string, time-ordered unless you gave it.
        revision: how many decisions its trail holds; raised by every move (optimistic concurrency).
        status: where it is in its life.
        digest: SHA-256 over the terms: what an approval is bound to.
        head: hash of the last decision.
        created_at: when it was submitted, UTC.
        updated_at: when it last moved, UTC.
        terms_number: 1 for the first terms, 2 after a renewal or an amendment, and so on.
        attempts: how often execution was begun.
        failures: how often `apply` raised.
        audits: how many audit records there are.
        audit_head: hash of the last audit record.
        validated_version: the version it was last revalidated on, if it was.
        resolved_version: the version it was executed on.
        resulting_version: the version its execution made.
        execution_id: of the last attempt.
        held: why it is held back, or "".
        successor: the request that superseded it.
        due_at: when it expires as it stands, UTC: the first of its deadlines that still matters; None if there is none.
        emergency_by: who executed it past its requirements, if somebody did (the person, where they acted for one).
        review: of such an execution: `open` until somebody else has looked at it, then `closed`; otherwise "".
        idempotency_key: the caller's key, if any.
        asked: names and hashes of the arguments of `submit`, as JSON, where there is an idempotency key; otherwise "".
        correlation_id: the caller's id for a larger operation, or "".
        metadata_json: the caller's notes, as JSON text.
        filed: what it is found by; derived from the terms.
        terms_json: the terms as canonical JSON: the bytes that the digest is over.
    """

    id: str
    revision: int
    status: Status
    digest: str
    head: str
    created_at: datetime
    updated_at: datetime
    terms_number: int = 1
    attempts: int = 0
    failures: int = 0
    audits: int = 0
    audit_head: str = ""
    validated_version: int | None = None
    resolved_version: int | None = None
    resulting_version: int | None = None
    execution_id: str | None = None
    held: str = ""
    successor: str | None = None
    due_at: datetime | None = None
    emergency_by: str | None = None
    review: str = ""
    idempotency_key: str | None = None
    asked: str = ""
    correlation_id: str = ""
    metadata_json: str = field(default="{}", repr=False)
    filed: "Filed" = field(kw_only=True, repr=False)
    terms_json: bytes = field(kw_only=True, repr=False)

    @classmethod
    def on(cls, terms: Terms, *, at: datetime, **wish: Any) -> Self:  # noqa: ANN401 - other fields
        """Make a request that nobody has moved yet.

        Args:
            terms: what an approval will cover.
            at: the moment it is made.
            **wish: what the caller said beside the terms: idempotency_key, asked, correlation_id, metadata_json.
        """
        body = TERMS.dump(terms)
        return cls(
            id=terms.request_id,
            revision=0,
            status=Status.CREATED,
            digest=digest(body),
            head="",
            created_at=at,
            updated_at=at,
            due_at=terms.expires_at,
            filed=Filed.of(terms),
            terms_json=body,
            **wish,
        )

    @cached_property
    def terms(self) -> Terms:
        """What an approval covers, read from the stored bytes.

        Raises:
            IntegrityError: the stored terms cannot be read.
        """
        return TERMS.load(self.terms_json, f"{self.id}#{self.terms_number}")

    @property
    def metadata(self) -> dict[str, Any]:
        """The caller's notes.

        Raises:
            IntegrityError: Raised if what is stored of them is no JSON object.
        """
        return _object(self.metadata_json, "placet_requests", self.id)

    def __str__(self) -> str:
        return f"{self.id} {self.status}: {self.mutation} on {self.state_id} by {self.requester}"

    @property
    def state_id(self) -> str:
        """The state it wants to change."""
        return self.terms.state_id

    @property
    def mutation(self) -> str:
        """The registered name of the mutation."""
        return self.terms.mutation

    @property
    def payload(self) -> dict[str, Any]:
        """The mutation's fields.

        Raises:
            IntegrityError: Raised if what is stored of them is no JSON object.
        """
        return _object(self.terms.payload, "placet_terms", f"{self.id}#{self.terms_number}")

    @property
    def requester(self) -> str:
        """Who asked."""
        return self.terms.requester

    @property
    def expected_version(self) -> int:
        """The version it is approved for: the one its terms were made on, or the last one it was revalidated on."""
        return self.validated_version or self.terms.expected_version

    @property
    def on_drift(self) -> OnDrift:
        """What happens when the state has moved."""
        return self.terms.on_drift

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """What must be met before it is approved."""
        return self.terms.requirements

    @property
    def effect(self) -> Changes:
        """The change set that approvers see and approve."""
        return self.terms.effect

    @property
    def expires_at(self) -> datetime | None:
        """The deadline that the requester set, UTC, if there is one; `due_at` minds all others, too."""
        return self.terms.expires_at

    def seal(self) -> str:
        """Give the SHA-256 over every column but the chain's head.

        Each decision records it, so that no column can be changed behind the trail's back.
        """
        filed = self.filed
        columns = [*_SEALED(self), to_micros(self.created_at), to_micros(self.updated_at)]
        due = None if self.due_at is None else to_micros(self.due_at)
        columns += [filed.state_id, filed.requester, due, filed.text]
        return digest(written(columns, "seal"))

    def evolve(self, **changes: Any) -> Self:  # noqa: ANN401 - the fields' own types
        """Give a copy with some fields changed. The terms that were read go along, unless they are what changed."""
        copy = super().evolve(**changes)
        if "terms_json" in changes:
            copy.__dict__.pop("terms", None)
        return copy

    def unread(self) -> Self:
        """Give a copy whose terms are read from the stored bytes again."""
        return self.evolve(terms_json=self.terms_json)

    def with_terms(self, terms: Terms) -> Self:
        """Give the request on other terms: a new digest, so that no earlier vote counts."""
        body = TERMS.dump(terms)
        return self.evolve(
            terms_json=body,
            digest=digest(body),
            terms_number=terms.number,
            validated_version=None,
            filed=Filed.of(terms),
        )


def _object(text: str, table: str, row: str) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        loaded = parse(text)
    except ValueError:
        loaded = None
    if not isinstance(loaded, dict):
        raise IntegrityError(table, row, "what should be a JSON object is none")
    return loaded


_UNSEALED = {"head", "created_at", "updated_at", "due_at", "filed", "terms_json"}
_SEALED = attrgetter(*(each.name for each in fields(MutationRequest) if each.name not in _UNSEALED))

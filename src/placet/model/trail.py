"""The three ledgers: a request's decisions, its audit records, a state's history; each chained by SHA-256."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from placet.errors import IntegrityError
from placet.model.canonical import Codec, Link, Moment, digest
from placet.model.changes import Changes
from placet.model.mutation import Issue
from placet.model.resolution import Resolution


class Ledger(StrEnum):
    """An append-only ledger, by the name of its table."""

    DECISIONS = "placet_decisions"
    AUDIT = "placet_audit"
    HISTORY = "placet_history"


class Category(StrEnum):
    """What a decision is about."""

    LIFECYCLE = "lifecycle"
    APPROVAL = "approval"
    VERSION_RESOLUTION = "version_resolution"
    EXECUTION = "execution"


class Code(StrEnum):
    """What was decided, in one word."""

    SUBMITTED = "submitted"
    ADMITTED = "admitted"
    AMENDED = "amended"
    TAKEN_OVER = "taken_over"
    HELD = "held"
    RELEASED = "released"
    COMMENTED = "commented"
    CANCELED = "canceled"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    RETRIED = "retried"
    VOTED = "voted"
    DISSENTED = "dissented"
    ABSTAINED = "abstained"
    WITHDRAWN = "withdrawn"
    REPORTED = "reported"
    WAIVED = "waived"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    UNSATISFIABLE = "unsatisfiable"
    LAPSED = "lapsed"
    APPROVAL_EXPIRED = "approval_expired"
    RESOLVED = "resolved"
    OVERRIDDEN = "overridden"
    STALE = "stale"
    ALREADY_IN_PLACE = "already_in_place"
    APPROVAL_RENEWED = "approval_renewed"
    REVALIDATION_REQUIRED = "revalidation_required"
    REVALIDATED = "revalidated"
    EXECUTED = "executed"
    BLOCKED = "blocked"
    FAILED = "failed"
    REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True)
class Decision:
    """One entry of a request's own history: every move has exactly one.

    Attributes:
        request_id: whose.
        seq: its place: 1, 2, 3 ...
        at: when, UTC; never before the entry before it.
        category: what it is about.
        code: what was decided, one of `Code`.
        trigger: what moved the request.
        from_status: the status before.
        to_status: the status after.
        actor: who did it.
        on_behalf_of: for whom, if for somebody else.
        reason: why, in words.
        digest: of the terms it was decided on.
        seal: SHA-256 over the request as this decision left it.
        metadata: facts that belong to it, as JSON.
        channel: how the call came in, as `library` or `cli`.
        authenticated: whether that channel authenticates its callers.
        vouched: whether the directory in use then vouches for the actors it knows.
    """

    request_id: str
    seq: int
    at: Moment
    category: Category
    code: str
    trigger: str
    from_status: str
    to_status: str
    actor: str
    on_behalf_of: str | None
    reason: str
    digest: str
    seal: str
    metadata: dict[str, Any] = field(default_factory=dict, repr=False)
    channel: str = "library"
    authenticated: bool = True
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What one policy said.

    Attributes:
        policy: its name.
        verdict: allow, deny, require or abstain.
        detail: the reason of a denial, or what is required.
    """

    policy: str
    verdict: str
    detail: str = ""

    @property
    def denial(self) -> str:
        """Why it may not be, in words that name the policy; just the detail where no policy spoke."""
        if self.verdict == "none":
            return self.detail
        said = "" if self.policy.endswith(self.detail) else f": {self.detail}"
        return f"policy {self.policy}{said}"


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One execution attempt, whatever came of it.

    Attributes:
        request_id: whose.
        seq: its place: 1, 2, 3 ...
        at: when, UTC.
        execution_id: of this attempt; also in the history entry it made.
        attempt: 1 for the first.
        actor: who executed.
        outcome: the status the request was given.
        state_id: of the state.
        resolution: what was resolved, drift included; None where a paused request was only revalidated.
        resulting_version: the version it made, if it executed.
        answers: what each policy said.
        issues: what the checks found.
        changes: what was changed; or, where it was refused, what would have been.
        approved_changes: what was approved, where the effect of what was changed is another; otherwise None.
        error: type and message of what `apply` raised, or "".
        duration_us: microseconds that policies, checks and apply took.
        revalidated_version: the version that was looked at where nothing was resolved; otherwise the resolution has it.
    """

    request_id: str
    seq: int
    at: Moment
    execution_id: str
    attempt: int
    actor: str
    outcome: str
    state_id: str
    resolution: Resolution | None
    resulting_version: int | None
    answers: tuple[Answer, ...]
    issues: tuple[Issue, ...]
    changes: Changes
    error: str
    duration_us: int
    approved_changes: Changes | None = None
    revalidated_version: int | None = None


class HistoryKind(StrEnum):
    """How a version came to be."""

    CREATED = "created"
    EXECUTED = "executed"
    ADOPTED = "adopted"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One version of a state.

    Attributes:
        state_id: of which state.
        state_type: the `type_name` of its class.
        version: the version it became.
        kind: created, executed by a request, or adopted: found in the user's own table, changed by other hands.
        at: when, UTC.
        actor: who.
        before_hash: SHA-256 of the state before, or "" if it begins here.
        after_hash: SHA-256 of the state after.
        changes: the change set; replaying all of them gives the state.
        request_id: the request that did it, if one did.
        execution_id: the attempt that did it; also in that request's audit record.
        mutation: the name of the mutation, or "".
    """

    state_id: str
    state_type: str
    version: int
    kind: HistoryKind
    at: Moment
    actor: str
    before_hash: str
    after_hash: str
    changes: Changes
    request_id: str | None = None
    execution_id: str | None = None
    mutation: str = ""


@dataclass(frozen=True, slots=True)
class Newest:
    """What a state's history goes on from: its last entry.

    Attributes:
        version: the version that the entry made.
        hash: the hash of its link.
        at: when, UTC.
    """

    version: int
    hash: str
    at: datetime


DECISIONS = Codec(Decision, Ledger.DECISIONS)
AUDIT = Codec(AuditRecord, Ledger.AUDIT)
HISTORY = Codec(HistoryEntry, Ledger.HISTORY)

R = TypeVar("R")


class Book(Generic[R]):
    """Reads the links of one kind of ledger as records, checking the chain."""

    def __init__(self, ledger: Ledger, codec: Codec[R], key: Callable[[R], tuple[str, int]]) -> None:
        """Make the book of a ledger whose rows `codec` reads; `key` gives the owner and seq that a record names."""
        self.ledger = ledger
        self._codec = codec
        self._key = key

    def link(self, owner: str, seq: int, record: R, previous: str) -> Link:
        """Chain a record to the hash of the one before it ("" for the first)."""
        body = self._codec.dump(record)
        return Link(owner, seq, body, digest(body, previous))

    def read(self, links: Iterable[Link], previous: str | None = "") -> list[R]:
        """Read links in order.

        Args:
            links: the links.
            previous: the hash of the link before the first; "" if there is none, None if it is not known.

        Raises:
            IntegrityError: a row was changed, removed or added since; names the first.
        """
        records = []
        for link in links:
            row = f"{link.owner}#{link.seq}"
            if previous is not None and digest(link.body, previous) != link.hash:
                raise IntegrityError(self.ledger, row, "the hash does not follow from the row before it and its body")
            record = self._codec.load(link.body, row)
            if self._key(record) != (link.owner, link.seq):
                raise IntegrityError(self.ledger, row, "another stands in its place")
            records.append(record)
            previous = link.hash
        return records


DECISION_BOOK = Book(Ledger.DECISIONS, DECISIONS, lambda each: (each.request_id, each.seq))
AUDIT_BOOK = Book(Ledger.AUDIT, AUDIT, lambda each: (each.request_id, each.seq))
HISTORY_BOOK = Book(Ledger.HISTORY, HISTORY, lambda each: (each.state_id, each.version))

"""What `execute` returns."""

from dataclasses import dataclass

from placet.errors import PlacetError
from placet.model.canonical import Codec, canonical, digest, parse
from placet.model.changes import Changes
from placet.model.mutation import Issue
from placet.model.request import MutationRequest, Status
from placet.model.resolution import Resolution
from placet.model.trail import Answer, AuditRecord


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an execution; recorded, so a replay gives the same.

    Attributes:
        request: the request as it is now.
        replayed: whether this is the recorded outcome of an earlier execution, and nothing was done now.
        code: what became of it, in one word: the code of its last decision, as `executed`, `stale`,
            `already_in_place`, `approval_renewed`, `blocked`.
        audit: the audit record of the attempt, or None where the deadline had passed before one began.
        reasons: why it was not executed, in words; empty if it was.
    """

    request: MutationRequest
    replayed: bool
    code: str
    audit: AuditRecord | None
    reasons: tuple[str, ...] = ()

    @property
    def executed(self) -> bool:
        """Whether the approved change is in the state."""
        return self.request.status is Status.EXECUTED

    @property
    def status(self) -> Status:
        """The status the request has now."""
        return self.request.status

    @property
    def resulting_version(self) -> int | None:
        """The version the execution made, or None."""
        return self.request.resulting_version

    @property
    def execution_id(self) -> str | None:
        """The id that ties the audit record to the history entry."""
        return self.audit.execution_id if self.audit else None

    @property
    def resolution(self) -> Resolution | None:
        """What comparing the versions gave, drift report included."""
        return self.audit.resolution if self.audit else None

    @property
    def changes(self) -> Changes:
        """What was changed; or, where it was not executed, what would have been."""
        return self.audit.changes if self.audit else ()

    @property
    def effect_differs(self) -> bool:
        """Whether it was executed with another effect than the approved one; `request.effect` is that one.

        It can be only where the approval covers the mutation.
        """
        return self.audit is not None and self.audit.approved_changes is not None

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What the checks found."""
        return self.audit.issues if self.audit else ()

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What each policy said."""
        return self.audit.answers if self.audit else ()

    def __str__(self) -> str:
        made = f", version {self.resulting_version}" if self.executed else ""
        why = f": {'; '.join(self.reasons)}" if self.reasons else ""
        return f"{self.request.id} {self.status}{made}{' (replayed)' if self.replayed else ''}{why}"


@dataclass(frozen=True, slots=True)
class CurrentEffect:
    """What a request would do on its state as it is now.

    Attributes:
        request_id: which request.
        terms_digest: the digest of its terms.
        version: of the state.
        state_hash: SHA-256 of the state at that version.
        changes: the change set.
        same: whether that is the effect that was approved.
        reasons: what stands against it there, in words; empty if nothing does.
    """

    request_id: str
    terms_digest: str
    version: int
    state_hash: str
    changes: Changes
    same: bool
    reasons: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over terms, version, state and change set: what a look is bound to."""
        parts = [self.terms_digest, self.version, self.state_hash, parse(_CHANGES.dump(self.changes))]
        return digest(canonical(parts))


_CHANGES = Codec(Changes, "the effect")


@dataclass(frozen=True, slots=True)
class BatchItem:
    """What came of one request in `execute_many`.

    Attributes:
        request_id: which request.
        outcome: what came of it, or None if it was refused.
        error: why it was refused, or None.
    """

    request_id: str
    outcome: Outcome | None = None
    error: PlacetError | None = None

    @property
    def executed(self) -> bool:
        """Whether the approved change is in the state."""
        return self.outcome is not None and self.outcome.executed

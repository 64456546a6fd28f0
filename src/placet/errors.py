"""Every error placet raises, as one tree.

::

    PlacetError
    |-- InputError (ValueError)            what you passed in breaks a rule; nothing was stored
    |   |-- NotCanonicalError              a value without one exact JSON form (NaN, a lone surrogate, ...)
    |   `-- MutationInvalidError           the mutation's `check` found issues
    |-- NotFoundError (LookupError)        you named something that is not there
    |   |-- RequestNotFoundError
    |   |-- StateNotFoundError
    |   |-- ActorNotFoundError             the directory does not know this actor
    |   `-- NotRegisteredError             a mutation or state class this process has not registered
    |-- RefusedError                       governance said no; nothing has changed
    |   |-- TransitionRefusedError         the lifecycle refuses it, with the rule and the reason
    |   |-- PolicyDeniedError              a policy denied, or none spoke for the mutation
    |   |-- UnsatisfiableError             a requirement can never be met: too few are eligible, or it is too late
    |   |-- DelegationError                nobody made this actor the delegate of that one
    |   `-- RequesterGoneError             the directory no longer knows who asked
    |-- ConflictError                      somebody else was first; read again and decide again
    |   |-- RevisionConflictError          the request moved since it was read
    |   |-- VersionConflictError           the state moved since it was read
    |   |-- AlreadyExistsError             the id is taken
    |   |-- IdempotencyConflictError       the key was used for something else
    |   `-- OpenReviewError                an earlier emergency of this actor waits for its review
    |-- UserCodeError                      code you registered broke its contract; nothing has changed
    |   |-- PolicyRaisedError
    |   |-- CheckRaisedError
    |   |-- ApplyRaisedError               only outside of execution: there it becomes the status `failed`
    |   |-- MutationContractError          wrong type returned, input changed, not deterministic
    |   |-- DirectoryRaisedError
    |   `-- CallbackRaisedError             clock, new_id or timer
    |-- IntegrityError                     a stored row is not what was written; names table and row
    |-- StoreError                         the store could not do it; nothing of the step is left behind
    |   |-- StoreUnavailableError          locked, closed, unreachable: the same call may succeed later
    |   |-- StoreReadOnlyError
    |   |-- StoreFullError
    |   |-- StoreFormatError               not a database
    |   `-- SchemaVersionError             a file of another format, or without placet's tables
    `-- ConfigurationError                 the program is put together wrongly
        `-- TableError                     the lifecycle table is not sound

Every error has a `code` that programs can switch on, an HTTP status, an exit code and a way out, by its row in
`placet.errors_table`; and every error can be pickled.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from placet.errors_table import ERRORS, REFUSALS, Row


def _restore(cls: type["PlacetError"], args: tuple[Any, ...], attributes: dict[str, Any]) -> "PlacetError":
    error = cls.__new__(cls, *args)
    error.__dict__.update(attributes)
    return error


class PlacetError(Exception):
    """Base of every error that placet raises on purpose.

    Attributes:
        code: a stable word that programs can switch on.
        rule: which rule was broken: for a refusal of the lifecycle the code of that rule, otherwise the sort of rule.
        entry: its row of the table.
    """

    entry: ClassVar[Row] = ERRORS["PlacetError"]
    code: ClassVar[str] = entry.code
    rule: str = entry.kind

    def __init_subclass__(cls) -> None:
        """Give each class its row of the table; a class of somebody else's has that of its base."""
        super().__init_subclass__()
        if cls.__module__ == __name__ and cls.__name__ in ERRORS:
            cls.entry = ERRORS[cls.__name__]
            cls.code, cls.rule = cls.entry.code, cls.entry.kind

    @property
    def http_status(self) -> int:
        """The status of an HTTP answer that tells of it."""
        return self.entry.http_status

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with it."""
        return self.entry.exit_code

    @property
    def way_out(self) -> str:
        """What to do, in words."""
        return self.entry.way_out

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by message and attributes, whatever arguments a subclass takes."""
        return (_restore, (type(self), self.args, self.__dict__))


class InputError(PlacetError, ValueError):
    """A value passed in breaks a rule; the message names the value, the rule and the way out."""


class NotCanonicalError(InputError):
    """A value has no single exact JSON form, so it could be neither hashed nor replayed."""


class MutationInvalidError(InputError):
    """The mutation's own `check` found issues.

    Attributes:
        mutation: the name of the mutation.
        issues: what was found, each with a path and a message.
    """

    def __init__(self, mutation: str, issues: Sequence[Any]) -> None:
        self.mutation = mutation
        self.issues = tuple(issues)
        listed = "; ".join(f"{issue.path or '(whole)'}: {issue.message}" for issue in self.issues)
        super().__init__(f"{mutation} does not pass its own check: {listed}")


class NotFoundError(PlacetError, LookupError):
    """Something was named that is not there."""


class RequestNotFoundError(NotFoundError):
    """No request has this id."""

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        super().__init__(f"no request {request_id!r} in this store; find_requests() lists those there are")


class StateNotFoundError(NotFoundError):
    """No state has this id, or not at this version."""

    def __init__(
        self, state_id: str, detail: str = "create_state() makes one; a row of your own table wants its source"
    ) -> None:
        self.state_id = state_id
        super().__init__(f"no state {state_id!r} here; {detail}")


class ActorNotFoundError(NotFoundError):
    """The directory does not know this actor."""

    def __init__(self, actor_id: str) -> None:
        self.actor_id = actor_id
        super().__init__(f"the directory does not know {actor_id!r}; add the actor there, or pass another by=")


class NotRegisteredError(NotFoundError):
    """A stored name has no class in this process."""


class RefusedError(PlacetError):
    """Governance said no. Nothing has changed."""


class TransitionRefusedError(RefusedError):
    """The lifecycle refuses what was asked.

    Attributes:
        request_id: the request that was asked to move.
        status: the status it has, unchanged.
        method: the method that was called: approve, reject, execute, ...
        rule: the code of the rule that refused, from the table of rules, or `no_transition`.
        reason: why, in words.
        requirements: what is required and not met, in words, where that is the reason.
    """

    def __init__(
        self, *, request_id: str, status: str, method: str, rule: str, reason: str, requirements: Sequence[str] = ()
    ) -> None:
        self.request_id = request_id
        self.status = str(status)
        self.method = method
        self.rule = rule
        self.reason = reason
        self.requirements = tuple(requirements)
        super().__init__(f"request {request_id} is {self.status}, and {method} is refused: {reason}")

    @property
    def http_status(self) -> int:
        """The status of an HTTP answer that tells of it, by its rule."""
        return self._refusal.http_status

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with it, by its rule."""
        return self._refusal.exit_code

    @property
    def way_out(self) -> str:
        """What to do, in words, by its rule."""
        return self._refusal.way_out

    @property
    def _refusal(self) -> Row:
        return REFUSALS.get(self.rule, self.entry)


class PolicyDeniedError(RefusedError):
    """A policy denied the mutation, or no policy spoke for it.

    Attributes:
        mutation: the name of the mutation.
        reasons: every reason that was given.
        policies: the names of those that denied it; empty where none spoke for it.
    """

    def __init__(self, mutation: str, reasons: Sequence[str], policies: Sequence[str] = ()) -> None:
        self.mutation = mutation
        self.reasons = tuple(reasons)
        self.policies = tuple(policies)
        super().__init__(f"{mutation} is refused: {'; '.join(self.reasons)}")


class UnsatisfiableError(RefusedError):
    """What is required could never be met, so the request would wait for ever.

    Attributes:
        requirements: what cannot be met, in words.
    """

    def __init__(self, requirements: Sequence[str]) -> None:
        self.requirements = tuple(requirements)
        super().__init__(f"this can never be met: {'; '.join(self.requirements)}; change what is required")


class DelegationError(RefusedError):
    """No delegation lets this actor vote for that one now.

    Attributes:
        actor_id: who wanted to vote.
        principal: for whom.
        reason: why not, in words.
    """

    def __init__(self, actor_id: str, principal: str, reason: str) -> None:
        self.actor_id = actor_id
        self.principal = principal
        self.reason = reason
        super().__init__(f"{actor_id} may not vote for {principal}: {reason}; the directory names delegates")


class RequesterGoneError(RefusedError):
    """The directory no longer knows who asked for a request, or for whom they asked.

    Attributes:
        request_id: the request.
        requester: who asked.
        actor_id: who is gone: the requester, or whoever the requester acts for.
    """

    def __init__(self, request_id: str, requester: str, actor_id: str) -> None:
        self.request_id = request_id
        self.requester = requester
        self.actor_id = actor_id
        who = "who asked" if actor_id == requester else f"for whom {requester} asked"
        super().__init__(
            f"the directory no longer knows {actor_id!r}, {who} for request {request_id}; "
            "somebody else has to take_over() the request, or cancel() it"
        )


class ConflictError(PlacetError):
    """Somebody else was first. Read again and decide again."""


class RevisionConflictError(ConflictError):
    """The request moved since it was read (optimistic concurrency)."""

    def __init__(self, request_id: str, revision: int) -> None:
        self.request_id = request_id
        self.revision = revision
        super().__init__(f"request {request_id} is no longer at revision {revision}: read it again and retry")


class VersionConflictError(ConflictError):
    """The state moved since it was read (compare-and-set failed)."""

    def __init__(self, state_id: str, version: int, current: int | None = None) -> None:
        self.state_id = state_id
        self.version = version
        now = f"at version {current}, not {version}" if current else f"no longer at version {version}"
        super().__init__(f"state {state_id!r} is {now}: nothing was written, read it again")


class AlreadyExistsError(ConflictError):
    """The id is taken."""


class IdempotencyConflictError(ConflictError):
    """The idempotency key was used for another request.

    Attributes:
        key: the key.
        request_id: the request that was submitted with it.
        differs: the names of the arguments of `submit` that differ.
    """

    def __init__(self, key: str, request_id: str, differs: Sequence[str]) -> None:
        self.key = key
        self.request_id = request_id
        self.differs = tuple(differs)
        super().__init__(
            f"idempotency key {key!r} belongs to request {request_id}, which was submitted with another "
            f"{', '.join(self.differs)}; use a new key for a new request"
        )


class OpenReviewError(ConflictError):
    """Somebody breaks the glass while an earlier emergency of theirs waits for its review, in another process."""

    def __init__(self, actor_id: str) -> None:
        self.actor_id = actor_id
        super().__init__(
            f"an emergency of {actor_id} waits for its review already: nothing was written, have it reviewed"
        )


class UserCodeError(PlacetError):
    """Code registered by the user broke its contract. Nothing has changed.

    Attributes:
        mutation: the name of the mutation it was about, or "".
        request_id: the request it was about, or "" where there is none.
    """

    def __init__(self, message: str, *, mutation: str = "", request_id: str = "") -> None:
        self.mutation = mutation
        self.request_id = request_id
        super().__init__(message)


@contextmanager
def concerning(request_id: str) -> Iterator[None]:
    """Note on every error of user code that is raised inside which request it was about."""
    try:
        yield
    except UserCodeError as error:
        error.request_id = error.request_id or request_id
        raise


class PolicyRaisedError(UserCodeError):
    """A policy raised, or answered with something else than a verdict: nothing is decided without it.

    Attributes:
        policy: the name of the policy.
    """

    def __init__(self, message: str, *, policy: str = "", mutation: str = "", request_id: str = "") -> None:
        self.policy = policy
        super().__init__(message, mutation=mutation, request_id=request_id)


class CheckRaisedError(UserCodeError):
    """A mutation's `check` raised, or answered with something else than issues."""


class CallbackRaisedError(UserCodeError):
    """A function handed to `Governance.open` raised, or answered with something else than it was asked for.

    Attributes:
        argument: the argument it was handed over as: clock, new_id or timer.
    """

    def __init__(self, message: str, *, argument: str = "", mutation: str = "", request_id: str = "") -> None:
        self.argument = argument
        super().__init__(message, mutation=mutation, request_id=request_id)


class ApplyRaisedError(UserCodeError):
    """A mutation's `apply` raised where there is no request to mark as failed."""


class MutationContractError(UserCodeError):
    """A mutation returned the wrong type, changed its input, or is not deterministic."""


class DirectoryRaisedError(UserCodeError):
    """The directory raised, or answered with something else than who somebody is.

    Attributes:
        asked: whom or what it was asked for, in words.
    """

    def __init__(self, message: str, *, asked: str = "", mutation: str = "", request_id: str = "") -> None:
        self.asked = asked
        super().__init__(message, mutation=mutation, request_id=request_id)


class IntegrityError(PlacetError):
    """A stored row is not what placet wrote.

    Attributes:
        table: the table the row is in.
        row: which row, as `key` or `key#number`.
        rule: what does not hold.
    """

    def __init__(self, table: str, row: str, rule: str) -> None:
        self.table = table
        self.row = row
        self.rule = rule
        super().__init__(f"{table} {row}: {rule}; nothing was changed, run verify() and restore the row")


class StoreError(PlacetError):
    """The store could not do it. Nothing of the step is left behind."""


class StoreUnavailableError(StoreError):
    """Locked, closed or unreachable: the same call may succeed later."""


class StoreReadOnlyError(StoreError):
    """The store can be read and not written."""


class StoreFullError(StoreError):
    """No room left: free some and call again."""


class StoreFormatError(StoreError):
    """The file is not a database."""


class SchemaVersionError(StoreError):
    """The file has another format than this release knows, or no tables of placet."""


class ConfigurationError(PlacetError):
    """The program is put together wrongly."""


class TableError(ConfigurationError):
    """The lifecycle table is not sound; it is refused when it is built."""

"""`Governance`: the front door."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import EllipsisType
from typing import Any, Self, TypeVar

from placet.engine.hooks import Hook, Hooks
from placet.engine.policies import Policy
from placet.engine.registry import Registry
from placet.engine.runtime import MutationEngine, system_clock
from placet.errors import ConfigurationError
from placet.governance.actions import Actions
from placet.governance.context import Context, time_ordered_id
from placet.governance.execution import GovernanceExecutionManager
from placet.governance.opening import checked_sources, join_store, open_store
from placet.governance.options import Options, checked_validity
from placet.governance.queries import Queries
from placet.governance.states import create_state
from placet.governance.verification import Verification, Verifier
from placet.lifecycle.machine import MACHINE
from placet.model.answers import checked_function
from placet.model.channel import Channel
from placet.model.directory import Directory, checked_directory, vouching
from placet.model.emergency import Emergency
from placet.model.mutation import Mutation
from placet.model.names import MOST, checked_id, listed, shown
from placet.model.outcome import BatchItem, Outcome
from placet.model.request import MutationRequest
from placet.model.requirement import Requirement
from placet.model.run import Run
from placet.model.state import Snapshot, State
from placet.model.terms import OnDrift
from placet.store.port import StateSource, Store

S = TypeVar("S", bound=State)


class Governance(Queries, Actions):
    """Governed mutations over one store; make it with `Governance.open`.

    Safe to share between threads. In every method `by` is the id of who acts, looked up in the directory; `reason` is
    free text that the trail keeps. Whatever a method raises, the request, the state and the store are as before.
    """

    def __init__(self, context: Context, sources: Sequence[StateSource[Any]] = ()) -> None:
        """Put the parts together over a context; `Governance.open` makes one."""
        Queries.__init__(self, context)
        Actions.__init__(self, context)
        self._sources = tuple(sources)
        self._execution = GovernanceExecutionManager(context)
        self._verifier = Verifier(context)

    @classmethod
    def open(
        cls,
        store: str | Path | Store,
        *,
        directory: Directory,
        mutations: Iterable[type[Mutation[Any]]] = (),
        policies: Iterable[Policy] = (),
        sources: Iterable[StateSource[Any]] = (),
        hooks: Iterable[Hook] = (),
        clock: Callable[[], datetime] = system_clock,
        new_id: Callable[[], str] = time_ordered_id,
        timer: Callable[[], int] = time.perf_counter_ns,
        administrator_role: str = "administrator",
        max_failures: int = 3,
        approval_valid_for: timedelta | None = timedelta(days=30),
    ) -> Self:
        """Open a store and govern it.

        Args:
            store: `sqlite:///path` or a Path, `sqlite:///:memory:`, `memory:`, or a store object. Add `?mode=ro` to
                only read, or `?timeout=SECONDS` to wait longer than 5 seconds for another writer.
            directory: who is who. `OpenDirectory()` accepts any name: for trying out. Any other one vouches for the
                actors it knows, unless it has `vouches = False`; what is submitted under it is acted on only by actors
                whom such a directory knows, through a channel that authenticates them.
            mutations: the mutation classes.
            policies: whom to ask, in order. Deny overrides; where nobody speaks for a mutation it is refused.
            sources: tables of your own in the same database.
            hooks: functions that are told of every move once it is durable, in order, each with a `Moved`. What they
                return or raise changes nothing: it is logged under `placet.hooks`.
            clock: gives the moment, with a time zone.
            new_id: gives fresh ids; time-ordered ones keep tables compact.
            timer: gives nanoseconds, for durations.
            administrator_role: the role that may cancel, supersede, hold and release what others asked for.
            max_failures: how often `apply` may raise before retry is refused.
            approval_valid_for: how long an approval counts where `submit` does not say; None for ever. At most a day
                where an agent asks, or somebody for an agent.

        Raises:
            ConfigurationError: a part does not fit.
            StoreError: the store cannot be opened.
        """
        registry, sources = Registry(listed("mutations", mutations)), checked_sources(sources)
        for source in sources:
            registry.register_state(source.state_type)
        if type(max_failures) is not int or not 1 <= max_failures <= MOST:
            raise ConfigurationError(f"max_failures={shown(max_failures)}: pass a whole number from 1")
        checked_function("new_id", new_id)
        parts = partial(
            Context,
            engine=MutationEngine(listed("policies", policies), timer, clock),
            registry=registry,
            lifecycle=MACHINE,
            directory=checked_directory(directory),
            clock=clock,
            timer=timer,
            hooks=Hooks(hooks),
            new_id=new_id,
            administrator_role=checked_id("administrator_role", administrator_role),
            max_failures=max_failures,
            vouches=vouching(directory),
            approval_valid_for=checked_validity(approval_valid_for, ConfigurationError),
        )
        context = parts(store=open_store(store, sources))  # last: what cannot be used opens, and makes, no file
        return cls(context, sources)

    def within(self, connection: sqlite3.Connection) -> Self:
        """Give the same governance working inside your open transaction: your rows and its rows commit together.

        You begin, commit and roll back. A step that raises undoes itself alone, by a savepoint. Hooks are told
        when a step is done, which is before you commit.

        Args:
            connection: an open sqlite3 connection to the same database, in a transaction.

        Raises:
            ConfigurationError: no transaction is open, or the connection leads to another database.
            SchemaVersionError: the database has not placet's schema.
        """
        return type(self)(
            replace(self._context, store=join_store(self._context.store, connection, self._sources)), self._sources
        )

    def through(self, channel: Channel) -> Self:
        """Return the same governance as seen by callers who come in by another channel than the program itself.

        Every decision records the channel. Where the directory vouches for its actors, nothing but comments is taken
        from a channel that does not authenticate its callers.

        Args:
            channel: how calls come in, as `Channel("http", authenticated=True)`.

        Raises:
            ConfigurationError: it is no Channel.
        """
        if not isinstance(channel, Channel):
            raise ConfigurationError(f"channel= is a {type(channel).__name__}; pass Channel(name, authenticated=...)")
        return type(self)(replace(self._context, channel=channel), self._sources)

    def _over(self, store: str | Path | Store | None) -> tuple[Self, Store]:
        """Return the same governance over another store, if one is given, and that store; for the command line."""
        context = self._context
        if store is not None:
            context = replace(context, store=open_store(store, self._sources))
        return type(self)(context, self._sources), context.store

    def close(self) -> None:
        """Close the store."""
        self._context.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Governance({self._context.store!r})"

    def register_policy(self, policy: Policy) -> None:
        """Add a policy; it counts from the next call on, for requests that are open already, too."""
        self._context.engine.register(policy)

    def create_state(self, state_id: str, state: S, *, by: str | None = None, exist_ok: bool = False) -> Snapshot[S]:
        """Store a new state, at version 1. No policy is asked: guard this call in your program.

        Args:
            state_id: an id that is not taken.
            state: the state.
            by: who creates it; `system` if left out.
            exist_ok: give the state there is, as it is now, where the id is taken.

        Raises:
            AlreadyExistsError: the id is taken.
            InputError: the state would not come back as it is.
        """
        return create_state(self._context, state_id, state, by, exist_ok=exist_ok)

    def preview(self, mutation: Mutation[Any], *, to: str, by: str) -> Run:
        """Simulate a mutation and store nothing: gives change set, issues, what policies say, requirements."""
        return self._submission.preview(mutation, to=to, by=by)

    def submit(
        self,
        mutation: Mutation[Any],
        *,
        to: str,
        by: str,
        reason: str = "",
        on_drift: OnDrift | str = OnDrift.REJECT,
        fallback: OnDrift | str = OnDrift.REJECT,
        pause_for_revalidation: bool = False,
        expires_at: datetime | timedelta | None = None,
        approval_valid_for: timedelta | EllipsisType | None = ...,
        requirements: Iterable[Requirement] = (),
        expected_version: int | None = None,
        idempotency_key: str | None = None,
        correlation_id: str = "",
        metadata: dict[str, Any] | None = None,
        request_id: str | None = None,
    ) -> MutationRequest:
        """Ask for a change: check and simulate it, ask the policies, and store the request with what it requires.

        Args:
            mutation: what to change.
            to: the id of the state.
            by: who asks.
            reason: why; approvers read it.
            on_drift: what to do if the state has moved by the time of execution: reject, renew_approval, revalidate or
                keep_if_same_effect.
            fallback: what to do where on_drift is keep_if_same_effect and the effect is another.
            pause_for_revalidation: wait in `revalidation` for `revalidate`.
            expires_at: the deadline, with a time zone; or how long from now.
            approval_valid_for: how long an approval counts, from when it was given or, if that is later, from when
                the request could first be executed. Then it is pending and has to be approved again. None for ever;
                left out, as `Governance.open` says.
            requirements: what must be met beyond what policies require, from `placet.requirements`, as
                `[Schedule(not_before=...)]`. Policies cannot take it away.
            expected_version: refuse unless the state has this version.
            idempotency_key: the same key and the same arguments give the first request again, as it is now.
            correlation_id: the id of a larger operation this belongs to.
            metadata: notes as JSON.
            request_id: an id of your own; a time-ordered one is made if left out.

        Returns:
            The request: `pending` while anything that is required is missing, otherwise `approved`. Under an
            idempotency key that was used before, that request as it is now.

        Raises:
            MutationInvalidError: its check found issues.
            PolicyDeniedError: a policy denied it, or none spoke for it.
            UnsatisfiableError: too few are eligible for what is required, or it is too late; names them.
            ApplyRaisedError, MutationContractError, PolicyRaisedError, CheckRaisedError: registered code misbehaved.
            StateNotFoundError: there is no such state.
            VersionConflictError: the state has not the expected version.
            IdempotencyConflictError: the key was used with other arguments; names them.
        """
        return self._submission.submit(
            mutation,
            to=to,
            by=by,
            options=Options.checked(
                on_drift,
                fallback,
                pause=pause_for_revalidation,
                expires_at=expires_at,
                approval_valid_for=approval_valid_for,
                requirements=requirements,
            ),
            reason=reason,
            request_id=request_id,
            expected_version=expected_version,
            idempotency_key=idempotency_key,
            correlation_id=correlation_id,
            metadata=metadata,
        )

    def execute(self, request_id: str, *, by: str, reason: str = "", emergency: Emergency | None = None) -> Outcome:
        """Execute an approved request: exactly the approved change, on a version it was approved for, once.

        In an emergency, exactly what was asked, though it is not approved.

        Args:
            request_id: which request. What runs, and on what, is in the request; nothing else can be passed.
            by: who executes.
            reason: why.
            emergency: execute it past its requirements, where a policy allows that to somebody with a role of `by`.
                Version resolution, checks and denials apply as ever; somebody else has to `review` it afterwards, and
                until then the same actor is refused another one.

        Returns:
            What came of it: executed, or stale, pending (approval renewed, or no longer complete), revalidation,
            rejected, failed or expired, each with its reasons. Executing an executed request gives the recorded
            outcome, with `replayed` set.

        Raises:
            TransitionRefusedError: the request is not approved, or has to wait: for a moment, the end of a freeze,
                another request. Nothing has changed.
            IntegrityError: a row is not what was written.
            MutationContractError, PolicyRaisedError, CheckRaisedError, NotRegisteredError: registered code misbehaved.
            StoreError: the store could not; call again.
        """
        return self._execution.execute(request_id, by=by, reason=reason, emergency=emergency)

    def execute_many(self, request_ids: Iterable[str], *, by: str, reason: str = "") -> tuple[BatchItem, ...]:
        """Execute several requests in one commit; one that is refused does not keep the others back.

        Returns:
            An item for each id, in order, with its outcome or the error that refused it.
        """
        return self._execution.execute_many(request_ids, by=by, reason=reason)

    def revalidate(self, request_id: str, *, by: str, digest: str, reason: str = "") -> Outcome:
        """Let a request go on that waits for somebody's look in `revalidation`; call `execute` afterwards.

        Policies and checks are asked on the current state. If the effect there is not the approved one, and the
        approval covers the effect, the approval is renewed instead. If the state moves again before it is executed, it
        waits again.

        Args:
            request_id: a request that was submitted with `pause_for_revalidation`, and whose state has moved.
            by: somebody who could approve it; never the requester.
            digest: the digest of `current_effect(request_id)` as you read it.
            reason: why.

        Raises:
            TransitionRefusedError: Raised if it does not wait for that, `by` could not approve it, or its effect on
                the current state is not the one with this digest.
        """
        return self._execution.revalidate(request_id, by=by, digest=digest, reason=reason)

    def verify(self) -> Verification:
        """Recompute every digest, seal and chain of the store, replay every history, and name what is broken."""
        return self._verifier.verify()

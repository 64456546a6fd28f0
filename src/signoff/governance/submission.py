"""From a mutation to a durable request: check, simulate, ask the policies, fix the terms."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signoff.engine.registry import copied
from signoff.errors import (
    ApplyRaisedError,
    IdempotencyConflictError,
    InputError,
    MutationInvalidError,
    NotRegisteredError,
    PolicyDeniedError,
    StateNotFoundError,
    VersionConflictError,
)
from signoff.governance.context import Context
from signoff.governance.dossier import Dossier, check_state
from signoff.lifecycle.step import Step
from signoff.lifecycle.table import Trigger
from signoff.model.actor import Actor, look_up
from signoff.model.canonical import canonical, digest
from signoff.model.mutation import Mutation
from signoff.model.names import checked_choice, checked_id, checked_metadata, checked_moment, checked_text
from signoff.model.request import MutationRequest
from signoff.model.run import Mode, Run, RunStatus
from signoff.model.state import StoredState
from signoff.model.terms import OnDrift, Terms
from signoff.store.port import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a request is to be handled.

    Attributes:
        on_drift: what to do when the state has moved by the time of execution.
        fallback: what to do when `on_drift` is keep_if_same_effect and the effect is another.
        pause_for_revalidation: stop in `revalidation`, for a person to look, instead of going on in the same call.
        expires_at: the deadline, with a time zone.
    """

    on_drift: OnDrift = OnDrift.REJECT
    fallback: OnDrift = OnDrift.REJECT
    pause_for_revalidation: bool = False
    expires_at: datetime | None = None

    @classmethod
    def checked(cls, on_drift: str, fallback: str, pause: bool, expires_at: datetime | None) -> "Options":  # noqa: FBT001 - private
        """Make options of what the caller passed.

        Raises:
            InputError: an unknown strategy, a fallback that is no fallback, or a deadline without time zone.
        """
        strategy, instead = checked_choice("on_drift", on_drift, OnDrift), checked_choice("fallback", fallback, OnDrift)
        if not isinstance(pause, bool):
            raise InputError(f"pause_for_revalidation={pause!r}: pass True or False")
        if fallback == OnDrift.KEEP_IF_SAME_EFFECT:
            raise InputError(
                f"fallback={fallback!r} has nothing to fall back to; use reject, renew_approval, revalidate"
            )
        deadline = None if expires_at is None else checked_moment("expires_at", expires_at)
        return cls(on_drift=strategy, fallback=instead, pause_for_revalidation=pause, expires_at=deadline)


@dataclass(frozen=True, slots=True)
class _Simulated:
    """What a mutation would do to a state as it is now."""

    mutation: Mutation[Any]
    payload: bytes
    state: StoredState
    run: Run


class Submission:
    """Takes mutations in.

    Args:
        context: the surroundings.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def preview(self, mutation: Mutation[Any], *, to: str, by: str) -> Run:
        """Say what a mutation would do and require, and store nothing.

        Args:
            mutation: what to change.
            to: the id of the state.
            by: who would ask.

        Returns:
            The simulated run: change set, issues, the policies' answers, requirements.
        """
        actor = look_up(self._context.directory, by)
        with self._context.store.view() as reader:
            return self._simulate(reader, mutation, to, actor).run

    def submit(
        self,
        mutation: Mutation[Any],
        *,
        to: str,
        by: str,
        options: Options,
        reason: str,
        request_id: str | None,
        expected_version: int | None,
        idempotency_key: str | None,
        correlation_id: str,
        metadata: dict[str, Any] | None,
    ) -> MutationRequest:
        """Make a request; see `Governance.submit`."""
        checked_id("to", to)
        checked_text("reason", reason)
        actor = look_up(self._context.directory, by)
        wish = _wish(mutation, to, by, options) | _labels(idempotency_key, correlation_id, metadata)
        with self._context.store.unit() as unit:
            earlier = _earlier(unit, wish)
            if earlier is not None:
                return Dossier.load(unit, earlier.id).request
            simulated = self._simulate(unit, mutation, to, actor)
            _expect(simulated.state, expected_version)
            _refuse(simulated.run)
            now = self._context.now()
            if options.expires_at is not None and options.expires_at <= now:
                raise InputError(f"expires_at={options.expires_at.isoformat()} has passed already; set a later one")
            checked = self._context.fresh_id() if request_id is None else checked_id("request_id", request_id)
            request = MutationRequest.on(
                _terms(simulated, actor, reason, options, checked),
                at=now,
                **wish,
            )
            step = Step(request, new=True)
            trigger = Trigger.SUBMIT if request.requirements else Trigger.ADMIT
            self._context.lifecycle.fire(step, trigger, self._context.evidence(actor, reason, run=simulated.run))
            unit.write(step.writes())
        return step.request

    def _simulate(self, reader: Reader, mutation: Mutation[Any], to: str, actor: Actor) -> _Simulated:
        if not isinstance(mutation, Mutation):
            raise InputError(f"{mutation!r} is no Mutation; pass an instance of a Mutation class")
        cls, payload = type(mutation), mutation.payload()
        copy = self._context.registry.rebuild(cls.mutation_name, cls.schema_version, payload)
        if type(copy) is not cls:
            raise NotRegisteredError(f"{cls.mutation_name!r} is registered as another class; register {cls!r} instead")
        copied(mutation, copy)
        state = reader.state(checked_id("to", to))
        if state is None:
            raise StateNotFoundError(to)
        check_state(reader, state)
        wanted = cls.state_class()
        if state.state_type != wanted.type_name:
            raise InputError(f"{cls.mutation_name} changes a {wanted.type_name}, and {to!r} is a {state.state_type}")
        loaded = self._context.registry.load_state(state)
        run = self._context.engine.evaluate(copy, loaded, state.body, actor, Mode.SIMULATE, state_id=to)
        return _Simulated(copy, payload, state, run)


def _expect(state: StoredState, version: int | None) -> None:
    if version is None or (type(version) is int and version == state.version):
        return
    if type(version) is not int:
        raise InputError(f"expected_version={version!r}: pass a whole number from 1, or leave it out")
    raise VersionConflictError(state.state_id, version, state.version)


def _wish(mutation: Mutation[Any], to: str, by: str, options: Options) -> dict[str, Any]:
    """Hash what the caller asks for, without what the state happens to be: an honest retry is the same wish."""
    if not isinstance(mutation, Mutation):
        raise InputError(f"{mutation!r} is no Mutation; pass an instance of a Mutation class")
    cls = type(mutation)
    parts = [cls.mutation_name, cls.schema_version, mutation.payload().decode(), to, by]
    parts += [options.on_drift.value, options.fallback.value, options.pause_for_revalidation]
    return {"asked": digest(canonical(parts))}


def _labels(idempotency_key: str | None, correlation_id: str, metadata: dict[str, Any] | None) -> dict[str, Any]:
    """Check what the caller hangs on the request."""
    if idempotency_key is not None:
        checked_id("idempotency_key", idempotency_key)
    return {
        "idempotency_key": idempotency_key,
        "correlation_id": "" if correlation_id == "" else checked_id("correlation_id", correlation_id),
        "metadata_json": canonical(checked_metadata("metadata", metadata or {}), "metadata").decode(),
    }


def _earlier(reader: Reader, wish: dict[str, Any]) -> MutationRequest | None:
    """Give the request that was made under the same idempotency key, if there is one."""
    key = wish["idempotency_key"]
    earlier = None if key is None else reader.request_by_key(key)
    if earlier is not None and earlier.asked != wish["asked"]:
        raise IdempotencyConflictError(key, earlier.id)
    return earlier


def _refuse(run: Run) -> None:
    """Raise what stands against a simulated run, if anything does."""
    if run.issues:
        raise MutationInvalidError(run.mutation, run.issues)
    if run.status is RunStatus.FAILED:
        raise ApplyRaisedError(f"the apply of {run.mutation} raised {run.error}; yield an Issue in check instead")
    if run.status is RunStatus.REFUSED:
        raise PolicyDeniedError(run.mutation, run.reasons)


def _terms(simulated: _Simulated, actor: Actor, reason: str, options: Options, request_id: str) -> Terms:
    cls, state, run = type(simulated.mutation), simulated.state, simulated.run
    return Terms(
        request_id=request_id,
        number=1,
        state_id=state.state_id,
        state_type=state.state_type,
        mutation=cls.mutation_name,
        schema_version=cls.schema_version,
        payload=simulated.payload.decode(),
        intent=cls.intent,
        requester=actor.id,
        on_behalf_of=actor.on_behalf_of,
        reason=reason,
        expected_version=state.version,
        state_hash=state.hash,
        on_drift=options.on_drift,
        fallback=options.fallback,
        pause_for_revalidation=options.pause_for_revalidation,
        requirements=run.requirements,
        effect=run.changes,
        expires_at=options.expires_at,
    )

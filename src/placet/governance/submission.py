"""From a mutation to a durable request: check, simulate, ask the policies, fix the terms."""

from datetime import datetime, timedelta
from typing import Any

from placet.errors import InputError, VersionConflictError
from placet.governance.context import Context
from placet.governance.dossier import Dossier
from placet.governance.drafting import Draft, demand_accepted, demand_possible, draft, fixed
from placet.governance.options import Options
from placet.governance.telling import Telling
from placet.governance.wish import correlation, demand_same, expected_version_of, own_id, record
from placet.lifecycle.step import Step
from placet.lifecycle.transition import Trigger
from placet.model.actor import Actor
from placet.model.grant import Act, granted
from placet.model.merging import merged
from placet.model.mutation import Mutation
from placet.model.names import (
    checked_id,
    checked_text,
    written_metadata,
)
from placet.model.request import MutationRequest
from placet.model.requirement import Requirement
from placet.model.run import Run
from placet.model.state import StoredState
from placet.model.terms import Terms
from placet.store.port import Unit


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
        actor, to = self._context.actor(by), checked_id("to", to)
        with self._context.store.view() as reader:
            run = draft(self._context, reader, mutation, to, actor).run
        return run.evolve(requirements=merged(run.requirements))

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
        to, reason = checked_id("to", to), checked_text("reason", reason)
        actor, telling = self._context.actor(by), Telling(self._context, "submit")
        if not isinstance(mutation, Mutation):
            raise InputError(f"a {type(mutation).__name__} is no Mutation; pass an instance of a Mutation class")
        if idempotency_key is not None:
            idempotency_key = checked_id("idempotency_key", idempotency_key)
        if request_id is not None:
            request_id = own_id(request_id)
        arguments: dict[str, Any] = {
            "mutation": mutation,
            "to": to,
            "by": actor.id,
            "reason": reason,
            "on_drift": options.on_drift.value,
            "fallback": options.fallback.value,
            "pause_for_revalidation": options.pause_for_revalidation,
            "expires_at": options.expires_at,
            "approval_valid_for": options.approval_valid_for,
            "requirements": options.own,
            "expected_version": expected_version_of(expected_version),
            "correlation_id": correlation(correlation_id),
            "metadata": written_metadata("metadata", {} if metadata is None else metadata),
            "request_id": request_id,
        }
        with telling as unit:
            earlier = None if idempotency_key is None else unit.request_by_key(idempotency_key)
            if earlier is not None:
                found = Dossier.load(unit, earlier.id).request
                demand_same(found, arguments)
                return found
            step = self._drafted(unit, actor, options, arguments, idempotency_key)
            unit.write(step.writes())
        telling.tell(step, actor)
        return step.request

    def _drafted(
        self,
        unit: Unit,
        actor: Actor,
        options: Options,
        arguments: dict[str, Any],
        idempotency_key: str | None,
    ) -> Step:
        """Simulate a mutation, fix what it requires, and fire the trigger that takes the request in."""
        context, reason = self._context, arguments["reason"]
        drawn = draft(context, unit, arguments["mutation"], arguments["to"], actor)
        _expect(drawn.state, arguments["expected_version"])
        demand_accepted(drawn.run)
        now = context.now()
        terms = _terms(
            drawn,
            actor,
            reason,
            options,
            request_id=arguments["request_id"] or context.fresh_id(),
            required=fixed(context, unit, (*drawn.run.requirements, *options.own), now, actor.persons),
            at=now,
            vouched=context.vouches,
            lasts=options.validity(context, actor),
        )
        request = MutationRequest.on(
            terms,
            at=now,
            idempotency_key=idempotency_key,
            asked="" if idempotency_key is None else record(arguments),
            correlation_id=arguments["correlation_id"],
            metadata_json=arguments["metadata"],
        )
        step, evidence = Step(request, new=True), context.evidence(actor, reason, run=drawn.run)
        if terms.requirements:
            evidence = demand_possible(context, unit, step, evidence)
        evidence = context.decided(evidence)
        if terms.expires_at is not None and terms.expires_at <= evidence.at:
            raise InputError(f"expires_at={terms.expires_at.isoformat()} has passed already; set a later one")
        trigger = Trigger.SUBMIT if terms.requirements else Trigger.ADMIT
        context.lifecycle.fire_and_settle(step, trigger, evidence)
        return step


def _expect(state: StoredState, version: int | None) -> None:
    if version not in {None, state.version}:
        raise VersionConflictError(state.state_id, version, state.version)


def _terms(
    drawn: Draft,
    actor: Actor,
    reason: str,
    options: Options,
    *,
    lasts: timedelta | None,
    request_id: str,
    required: tuple[Requirement, ...],
    at: datetime,
    vouched: bool,
) -> Terms:
    cls, state = type(drawn.mutation), drawn.state
    return Terms(
        request_id=request_id,
        number=1,
        state_id=state.state_id,
        state_type=state.state_type,
        mutation=cls.mutation_name,
        schema_version=cls.schema_version,
        payload=drawn.payload.decode(),
        intent=cls.intent,
        requester=actor.id,
        on_behalf_of=actor.on_behalf_of,
        reason=reason,
        expected_version=state.version,
        state_hash=state.hash,
        approval_covers=cls.approval_covers,
        on_drift=options.on_drift,
        fallback=options.fallback,
        pause_for_revalidation=options.pause_for_revalidation,
        requirements=required,
        effect=drawn.run.changes,
        expires_at=options.expiry(at),
        approval_valid_for=lasts,
        own=options.own,
        executors=granted(Act.EXECUTION, drawn.run.grants),
        vouched=vouched,
    )

"""One execution attempt while it is made: the evidence it gathers, and the branch it takes."""

from dataclasses import replace
from functools import cached_property
from typing import Any

from signoff.errors import IntegrityError, MutationContractError, StateNotFoundError, TransitionRefusedError
from signoff.governance.context import Context
from signoff.governance.dossier import Dossier, audit_records, check_state
from signoff.governance.resolution import VersionResolver, drift_steps
from signoff.lifecycle.quorum import Standing, standing
from signoff.lifecycle.step import Evidence
from signoff.lifecycle.table import Trigger
from signoff.model.actor import Actor, look_up
from signoff.model.changes import same_changes, same_effect
from signoff.model.outcome import Outcome
from signoff.model.request import Status
from signoff.model.requirement import Requirement, Vote
from signoff.model.resolution import DriftStep, ResolutionOutcome
from signoff.model.run import Mode, Run, RunStatus
from signoff.model.state import StoredState
from signoff.model.terms import Terms
from signoff.model.trail import AUDIT, Ledger
from signoff.store.port import Unit

_INSTEAD = {
    RunStatus.REFUSED: Trigger.BLOCK,
    RunStatus.FAILED: Trigger.FAIL,
    RunStatus.UNAPPROVED: Trigger.RENEW_APPROVAL,
}
"""What follows where the run on the current state was not accepted."""


_STAGES = {Status.EXECUTED: "after", Status.FAILED: "failed"}
"""What interceptors are told when it is durable; where it came to rest elsewhere, it was refused."""


class Attempt:
    """Takes one request from `approved` to wherever its resolution and its run lead, inside one unit of work.

    Args:
        context: the surroundings.
        unit: the unit of work.
        dossier: the request and its trail.
        actor: who executes.
        reason: why, in words.
    """

    def __init__(self, context: Context, unit: Unit, dossier: Dossier, actor: Actor, reason: str) -> None:
        self._context = context
        self._unit = unit
        self._step = dossier.step()
        self._votes: tuple[Vote, ...] = dossier.votes
        self._actor = actor
        self._reason = reason
        self._run: Run | None = None
        self._reports: tuple[str, ...] = ()
        self._reasons: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The status it has come to."""
        return self._step.status

    @property
    def goes_on(self) -> bool:
        """Whether it can be resolved again at once: it was just revalidated, or renewed with nobody to ask."""
        validated = self._step.request.validated_version is not None
        return self.status is Status.APPROVED or (self.status is Status.REVALIDATION and validated)

    @property
    def _terms(self) -> Terms:
        return self._step.request.terms

    @cached_property
    def state(self) -> StoredState:
        """The state as it is now, checked against its history and against what was submitted for."""
        terms = self._terms
        state = self._unit.state(terms.state_id)
        if state is None:
            raise StateNotFoundError(
                terms.state_id,
                "it was there when the request was made: restore it, pass the source of your table, or cancel",
            )
        check_state(self._unit, state)
        if state.version == terms.expected_version and state.hash != terms.state_hash:
            rule = f"version {state.version} is not what it was when {self._step.request.id} was submitted"
            raise IntegrityError("signoff_states", state.state_id, rule)
        return state

    @cached_property
    def run(self) -> Run:
        """What the engine says on the current state, under the approvals there are. Asked once in an attempt."""
        terms, context = self._terms, self._context
        mutation = context.registry.rebuild(terms.mutation, terms.schema_version, terms.payload)
        wanted = context.registry.state_class(terms.state_type)
        if wanted is not type(mutation).state_class() or self.state.state_type != terms.state_type:
            raise MutationContractError(f"{terms.mutation} no longer changes a {terms.state_type}; cancel the request")
        state = context.registry.load_state(self.state)
        requester = replace(look_up(context.directory, terms.requester), on_behalf_of=terms.on_behalf_of)
        self._reports += context.engine.begin(mutation, Mode.COMMIT)
        self._run = context.engine.evaluate(
            mutation,
            state,
            self.state.body,
            requester,
            Mode.COMMIT,
            state_id=terms.state_id,
            met=lambda required: self._standing(required).met,
        )
        return self._run

    def expire_if_due(self) -> None:
        """Expire the request if its deadline has passed by now, though no sweep has come by."""
        if self.status in {Status.APPROVED, Status.REVALIDATION}:
            evidence = self._context.evidence(self._actor, self._reason)
            expired = self._context.lifecycle.fire_if_allowed(self._step, Trigger.EXPIRE, evidence)
            self._reasons = ("its deadline had passed",) if expired else ()

    def resolve(self, resolver: VersionResolver) -> ResolutionOutcome:
        """Resolve the version, always, and record it."""
        self._demand_approval()
        request, terms = self._step.request, self._terms
        resolution = resolver.resolve(
            state_id=terms.state_id,
            expected=request.expected_version,
            current=self.state.version,
            on_drift=terms.on_drift,
            fallback=terms.fallback,
            same_effect=lambda: self.run.accepted and same_effect(self.run.changes, terms.effect),
            drift=self._drift,
        )
        self._fire(Trigger.RESOLVE, resolution=resolution, execution_id=self._context.fresh_id())
        return resolution.outcome

    def _drift(self) -> list[DriftStep]:
        request = self._step.request
        steps = drift_steps(self._unit, request.state_id, request.expected_version)
        for step in steps:
            if step.request_id == request.id:
                row = f"{request.state_id}#{step.version}"
                raise IntegrityError(Ledger.HISTORY, row, f"request {request.id} made this version already")
        return steps

    def execute(self) -> None:
        """Make the approved change, or take the branch that the run on the current state demands."""
        if not self.run.accepted:
            self._turn_aside()
            return
        self._demand_approved_effect()
        new_state = self.state.next(self.run.after_body)
        history = self._unit.last_link(Ledger.HISTORY, self.state.state_id)
        self._fire(Trigger.EXECUTE, run=self.run, new_state=new_state, history=history)

    def mark_stale(self) -> None:
        """End it: it was approved for a version that is gone."""
        self._reasons = (self._drifted(),)
        self._fire(Trigger.MARK_STALE)

    def renew_approval(self) -> None:
        """Send it back to the approvers, on terms renewed on the current state; unless it is refused there anyway."""
        if self.run.status in {RunStatus.REFUSED, RunStatus.FAILED}:
            self._turn_aside()
        else:
            self._reasons = (self._drifted(),)
            self._renew()

    def require_revalidation(self) -> None:
        """Ask policies and checks again on the current state, now, or when somebody says so."""
        self._reasons = (self._drifted(),)
        self._fire(Trigger.REQUIRE_REVALIDATION)
        if not self._terms.pause_for_revalidation:
            self.revalidate()

    def revalidate(self) -> None:
        """Ask policies and checks on the current state, and let the approval extend to it if they pass."""
        self._context.lifecycle.demand(self._step, Trigger.REVALIDATE)
        if self.run.accepted:
            self._reasons = ()
            self._fire(Trigger.REVALIDATE, run=self.run)
        else:
            self._turn_aside()

    def write(self) -> None:
        """Make everything durable, in one write."""
        self._unit.write(self._step.writes())

    def outcome(self) -> Outcome:
        """Give what came of it, once it is durable, and tell the interceptors."""
        reports = self._reports
        if self._run is not None:
            reports = self._context.engine.finish(
                replace(self._run, reports=reports), _STAGES.get(self.status, "refused")
            ).reports
        audit = self._step.audit[-1] if self._step.audit else None
        record = AUDIT.load(audit.body, audit.owner) if audit else None
        return Outcome(self._step.request, replayed=False, audit=record, reasons=self._reasons, reports=reports)

    def _turn_aside(self) -> None:
        self._reasons = self.run.reasons
        trigger = _INSTEAD[self.run.status]
        if trigger is Trigger.RENEW_APPROVAL:
            self._renew()
        else:
            self._fire(trigger, run=self.run)

    def _renew(self) -> None:
        terms, run = self._terms, self.run
        renewed = replace(
            terms,
            number=terms.number + 1,
            expected_version=self.state.version,
            state_hash=self.state.hash,
            requirements=run.requirements or terms.requirements,
            effect=run.changes,
        )
        self._fire(Trigger.RENEW_APPROVAL, run=run, terms=renewed)
        # where nothing is required there is nobody to ask: it goes on
        self._context.lifecycle.fire_if_allowed(self._step, Trigger.APPROVE, self._evidence())

    def _demand_approval(self) -> None:
        """See to it that there is something to resolve; where votes are missing, say which."""
        request = self._step.request
        if request.status is Status.PENDING:
            missing = f"it is held: {request.held}" if request.held else str(self._standing(self._terms.requirements))
            raise TransitionRefusedError(
                request_id=request.id, status=request.status, trigger="execute", rule="no_transition", reason=missing
            )
        self._context.lifecycle.demand(self._step, Trigger.RESOLVE)

    def _standing(self, requirements: tuple[Requirement, ...]) -> Standing:
        return standing(self._terms, self._step.request.digest, self._votes, requirements)

    def _demand_approved_effect(self) -> None:
        """See to it that on the approved version the mutation does what it did when it was submitted."""
        request, terms = self._step.request, self._terms
        if self.state.version == terms.expected_version and not same_changes(self.run.changes, terms.effect):
            raise MutationContractError(
                f"{terms.mutation} does something else on version {terms.expected_version} than when request "
                f"{request.id} was submitted: make apply deterministic, or submit again if its code has changed"
            )

    def _drifted(self) -> str:
        return str(self._step.resolution)

    def _fire(self, trigger: Trigger, **facts: Any) -> None:  # noqa: ANN401 - fields of Evidence
        self._context.lifecycle.fire(self._step, trigger, self._evidence(**facts))

    def _evidence(self, **facts: Any) -> Evidence:  # noqa: ANN401 - fields of Evidence
        return self._context.evidence(self._actor, self._reason, votes=self._votes, state=self.state, **facts)


def recorded(unit: Unit, dossier: Dossier) -> Outcome:
    """Give the recorded outcome of a request that was executed before."""
    return Outcome(dossier.request, replayed=True, audit=audit_records(unit, dossier.request)[-1])

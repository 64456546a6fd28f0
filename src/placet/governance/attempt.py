"""One execution attempt while it is made: the evidence it gathers, and the branch it takes."""

from dataclasses import replace
from typing import Any

from placet.errors import IntegrityError
from placet.governance.appraisal import Appraisal
from placet.governance.context import Context
from placet.governance.dossier import Dossier, audit_records
from placet.governance.drafting import demand_no_circle, fixed
from placet.governance.gathering import gather
from placet.governance.resolution import VersionResolver, drift_steps
from placet.lifecycle.quorum import asking
from placet.lifecycle.step import Evidence
from placet.lifecycle.transition import Trigger
from placet.model.actor import Actor
from placet.model.canonical import in_words
from placet.model.changes import same_effect
from placet.model.emergency import Emergency
from placet.model.outcome import Outcome
from placet.model.request import Review, Status
from placet.model.resolution import DriftStep, ResolutionOutcome
from placet.model.run import RunStatus
from placet.model.terms import Terms
from placet.model.trail import Ledger
from placet.store.port import Filter, Unit

_INSTEAD = {
    RunStatus.REFUSED: Trigger.BLOCK,
    RunStatus.FAILED: Trigger.FAIL,
    RunStatus.UNAPPROVED: Trigger.RENEW_APPROVAL,
}
"""What follows where the run on the current state was not accepted."""


_STAGES = {Status.EXECUTED: "after", Status.FAILED: "failed"}
"""What interceptors are told when it is durable; where it came to rest elsewhere, it was refused."""


class Attempt:
    """Takes one request to wherever its resolution and its run lead, inside one unit of work.

    It begins in `approved`, or in an emergency in `pending`.

    Args:
        context: the surroundings.
        unit: the unit of work.
        dossier: the request and its trail.
        actor: who executes.
        reason: why, in words.
        emergency: why it is executed past its requirements, if it is.
    """

    def __init__(
        self,
        context: Context,
        unit: Unit,
        dossier: Dossier,
        actor: Actor,
        *,
        reason: str,
        emergency: Emergency | None = None,
    ) -> None:
        self._context = context
        self._unit = unit
        self._step = dossier.step()
        self._emergency = emergency
        self._actor = actor
        self._now = context.evidence(actor, reason)
        self._seen = Appraisal(context, unit, self._step, self._now, past_requirements=emergency is not None)
        self._reasons: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The status it has come to."""
        return self._step.status

    @property
    def rests(self) -> bool:
        """Whether it has just come to where there is nothing to resolve: out of time, or back to the approvers."""
        return self.status in {Status.EXPIRED, Status.PENDING} and bool(self._step.decisions)

    @property
    def goes_on(self) -> bool:
        """Whether it can be resolved again at once: it was just revalidated, or renewed with nobody to ask."""
        validated = self._step.request.validated_version is not None
        return self.status is Status.APPROVED or (self.status is Status.REVALIDATION and validated)

    @property
    def _terms(self) -> Terms:
        return self._step.request.terms

    def expire_if_due(self) -> None:
        """Expire the request if a deadline has passed by now, though no sweep has come by."""
        if self._context.lifecycle.fire_if_allowed(self._step, Trigger.EXPIRE, self._seen.now()):
            self._reasons = ("its deadline had passed",)

    def complete_or_lapse(self) -> None:
        """Let become of the approval what time has made of it, unless an emergency goes past it.

        A pending request is approved if what it waited for has happened. An approved one goes back to the approvers,
        the votes there are kept, if something it requires is no longer met.
        """
        paused = self.status is Status.REVALIDATION and self._step.request.emergency_by is not None
        if self._emergency is None and not paused:
            now = self._seen.now()
            if self._context.lifecycle.settle(self._step, (Trigger.APPROVE, Trigger.LAPSE), now):
                due = self._step.request.due_at
                late = (f"its deadline passed at {in_words(due)}",) if due and self.status is Status.EXPIRED else ()
                self._reasons = (str(self._step.standing(now)), *late) if self.rests else ()

    def resolve(self, resolver: VersionResolver) -> ResolutionOutcome:
        """Resolve the version, always, and record it; in an emergency, past the requirements."""
        self._demand_approval()
        request, terms = self._step.request, self._terms
        resolution = resolver.resolve(
            state_id=terms.state_id,
            expected=request.expected_version,
            current=self._seen.state.version,
            on_drift=terms.on_drift,
            fallback=terms.fallback,
            same_effect=lambda: self._seen.run.accepted and same_effect(self._seen.run.changes, terms.effect),
            drift=self._drift,
        )
        attempt: dict[str, Any] = {"resolution": resolution, "execution_id": self._context.fresh_id()}
        if self._emergency is None:
            self._fire(Trigger.RESOLVE, **attempt)
        else:
            run, duty = self._seen.run, self._open_duty()
            demanded, emergency = run.requirements, self._emergency
            attempt |= {"run": run, "duty": duty, "demanded": demanded, "emergency": emergency}
            self._fire(Trigger.OVERRIDE, circumstances=self._seen.around(demanded), **attempt)
        return resolution.outcome

    def _open_duty(self) -> str:
        """Give the id of an emergency of the actor's that nobody has reviewed, or ""."""
        found = self._unit.find(Filter(review=Review.OPEN, emergency_by=self._actor.principal), 1)
        return found[0].id if found else ""

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
        if not self._seen.run.accepted:
            self._turn_aside()
            return
        self._seen.demand_approved_effect()
        new_state = self._seen.state.next(self._seen.run.after_body)
        self._fire(Trigger.EXECUTE, run=self._seen.run, new_state=new_state, history=self._seen.history)

    def mark_stale(self) -> None:
        """End it: it was approved for a version that is gone."""
        self._reasons = (self._drifted(),)
        self._fire(Trigger.MARK_STALE)

    def renew_approval(self) -> None:
        """Send it back to the approvers, on terms renewed on the current state; unless it is refused there anyway."""
        if self._seen.run.status in {RunStatus.REFUSED, RunStatus.FAILED}:
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
        if self._seen.run.accepted:
            self._reasons = ()
            self._fire(Trigger.REVALIDATE, run=self._seen.run)
        else:
            self._turn_aside()

    def write(self) -> None:
        """Make everything durable, in one write."""
        self._unit.write(self._step.writes())

    def outcome(self) -> Outcome:
        """Give what came of it, once it is durable, and tell the interceptors."""
        reports = self._seen.finish(_STAGES.get(self.status, "refused"))
        step, reasons = self._step, self._reasons
        return Outcome(step.request, replayed=False, audit=step.audited, reasons=reasons, reports=reports)

    def _turn_aside(self) -> None:
        self._reasons = self._seen.run.reasons
        trigger = _INSTEAD[self._seen.run.status]
        if trigger is Trigger.RENEW_APPROVAL:
            self._renew()
        else:
            self._fire(trigger, run=self._seen.run)

    def _renew(self) -> None:
        terms, run = self._terms, self._seen.run
        wanted = (*run.requirements, *terms.own) or terms.requirements
        renewed = replace(
            terms,
            number=terms.number + 1,
            expected_version=self._seen.state.version,
            state_hash=self._seen.state.hash,
            requirements=fixed(
                self._context, self._unit, wanted, self._now.at, asking(terms), before=terms.requirements
            ),
            effect=run.changes,
        )
        demand_no_circle(self._unit, terms.request_id, renewed.requirements)
        # where nothing is required there is nobody to ask, and it goes on at once
        around = gather(self._context.directory, self._unit, self._step, self._now.at, renewed.requirements)
        self._settle(Trigger.RENEW_APPROVAL, run=run, terms=renewed, circumstances=around)

    def _demand_approval(self) -> None:
        """See to it that there is something to resolve; where votes are missing, say which."""
        if self._emergency is not None:
            self._context.lifecycle.demand(self._step, Trigger.OVERRIDE)
            return
        request = self._step.request
        if request.status is Status.PENDING:
            if request.held:
                raise self._seen.refusal("not_held", f"it is held: {request.held}")
            raise self._seen.refusal("requirements_met", self._seen.standing(self._terms.requirements))
        self._context.lifecycle.demand(self._step, Trigger.RESOLVE)

    def _drifted(self) -> str:
        return str(self._step.resolution)

    def _fire(self, trigger: Trigger, **facts: Any) -> None:  # noqa: ANN401 - fields of Evidence
        self._context.lifecycle.fire(self._step, trigger, self._evidence(**facts))

    def _settle(self, trigger: Trigger, **facts: Any) -> None:  # noqa: ANN401 - fields of Evidence
        self._context.lifecycle.fire_and_settle(self._step, trigger, self._evidence(**facts))

    def _evidence(self, **facts: Any) -> Evidence:  # noqa: ANN401 - fields of Evidence
        return self._seen.now().evolve(state=self._seen.state, **facts)


def recorded(unit: Unit, dossier: Dossier) -> Outcome:
    """Give the recorded outcome of a request that was executed before."""
    return Outcome(dossier.request, replayed=True, audit=audit_records(unit, dossier.request)[-1])

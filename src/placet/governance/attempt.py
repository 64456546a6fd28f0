"""One execution attempt while it is made: the evidence it gathers, and the branch it takes."""

from dataclasses import replace
from typing import Any

from placet.errors import IntegrityError, MutationContractError
from placet.governance.appraisal import Appraisal
from placet.governance.context import Context
from placet.governance.dossier import Dossier, audit_records
from placet.governance.drafting import demand_no_circle, fixed
from placet.governance.gathering import gather
from placet.governance.resolution import VersionResolver, drift_steps
from placet.governance.telling import Telling
from placet.lifecycle.guards import LOOK
from placet.lifecycle.quorum import asking
from placet.lifecycle.rules import progress
from placet.lifecycle.rules.identity import identified, vouched_requester
from placet.lifecycle.step import Evidence
from placet.lifecycle.transition import Trigger
from placet.model.actor import Actor
from placet.model.emergency import Emergency
from placet.model.grant import Act, granted
from placet.model.outcome import CurrentEffect, Outcome
from placet.model.request import Review, Status
from placet.model.resolution import DriftStep, Effect, ResolutionOutcome
from placet.model.run import RunStatus
from placet.model.terms import OnDrift, Terms
from placet.model.trail import Code, Ledger
from placet.model.writes import Writes
from placet.store.port import Filter, Reader

_INSTEAD = {
    RunStatus.REFUSED: Trigger.BLOCK,
    RunStatus.FAILED: Trigger.FAIL,
    RunStatus.UNAPPROVED: Trigger.RENEW_APPROVAL,
}
"""What follows where the run on the current state was not accepted."""


_ENDING = {RunStatus.REFUSED, RunStatus.FAILED}
"""How a run ends that no approval could help."""


class Attempt:
    """Takes one request to wherever its resolution and its run lead, and writes nothing itself.

    It begins in `approved`, or in an emergency in `pending`.

    Args:
        context: the surroundings.
        reader: one view of the store.
        dossier: the request and its trail.
        actor: who executes.
        reason: why, in words.
        emergency: why it is executed past its requirements, if it is.
    """

    def __init__(
        self,
        context: Context,
        reader: Reader,
        dossier: Dossier,
        actor: Actor,
        *,
        reason: str,
        emergency: Emergency | None = None,
    ) -> None:
        self._context = context
        self._reader = reader
        self._step = dossier.step()
        self._emergency = emergency
        self._actor = actor
        self._begun = context.evidence(actor, reason)
        self._seen = Appraisal(context, reader, self._step, self._begun, past_requirements=emergency is not None)
        self._reasons: tuple[str, ...] = ()
        self._shown: dict[str, str] = {}

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

    def demand_identified(self) -> None:
        """See to it that who executes and who asked are known, before time is let do anything in their name."""
        for rule in (identified, vouched_requester):
            self._context.lifecycle.demand_rule(self._step, Trigger.EXECUTE, rule, self._begun)

    def pass_time(self) -> None:
        """Let become of the request what time has made of it, though no sweep has come by.

        It expires if a deadline has passed. Unless an emergency goes past its requirements, it goes back to the
        approvers if its approval has run out, a pending request is approved if what it waited for has happened, and an
        approved one goes back to the approvers, the votes there are kept, if something it requires is no longer met.
        """
        now = self._seen.now()
        passed = progress.in_time.refuses(self._step, now)
        if passed and self._context.lifecycle.fire_if_allowed(self._step, Trigger.EXPIRE, now):
            self._reasons = (passed,)
        paused = self.status is Status.REVALIDATION and self._step.request.emergency_by is not None
        if self._emergency is None and not paused:
            now = self._seen.now()
            ran_out = progress.approval_valid.refuses(self._step, now)
            if ran_out and self._context.lifecycle.fire_if_allowed(self._step, Trigger.EXPIRE_APPROVAL, now):
                self._reasons = (ran_out,)
            elif self._context.lifecycle.settle(self._step, (Trigger.APPROVE, Trigger.LAPSE), now):
                late = (progress.in_time.refuses(self._step, now),) if self.status is Status.EXPIRED else ()
                self._reasons = (str(self._step.standing(now)), *late) if self.rests else ()

    def resolve(self, resolver: VersionResolver) -> ResolutionOutcome | None:
        """Resolve the version, always, and record it; in an emergency, past the requirements.

        Policies, checks and `apply` are asked about the current state once the versions are compared. The moment when
        that is done is judged and recorded.

        Returns:
            What the resolution says; None where the time that took has made something else of the request.

        Raises:
            TransitionRefusedError: Raised if there is nothing to resolve: what is missing is named.
        """
        self._demand_approval()
        request, terms = self._step.request, self._terms
        resolution = resolver.resolve(
            terms,
            expected=request.expected_version,
            current=self._seen.state.version,
            effect=lambda: self._seen.effect,
            drift=self._drift,
        )
        _ = self._seen.run
        self.pass_time()
        if self.rests:
            return None
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
        mine = (Filter(review=Review.OPEN, emergency_by=each) for each in sorted(self._actor.persons))
        return next((found[0].id for each in mine if (found := self._reader.find(each, 1))), "")

    def _drift(self) -> list[DriftStep]:
        request = self._step.request
        steps = drift_steps(self._reader, request.state_id, request.expected_version)
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
        new_state, differs = self._seen.state.next(self._seen.run.after_body), self._seen.effect_differs
        self._demand_shown()
        self._reasons = ()
        self._fire(
            Trigger.EXECUTE,
            run=self._seen.run,
            new_state=new_state,
            effect_differs=differs,
        )

    def _demand_shown(self) -> None:
        """See to it that what somebody looked at and let go on is what it still does."""
        step, state = self._step, self._seen.state
        if step.request.validated_version != state.version:
            return
        looks = (each.metadata["effect_digest"] for each in reversed(step.trail) if each.code == Code.REVALIDATED)
        if next(looks) not in {"", self.current_effect().digest}:
            raise MutationContractError(
                f"{self._terms.mutation} does something else on version {state.version} than when request "
                f"{step.request.id} was revalidated: make apply deterministic, or submit again if its code has changed",
                mutation=self._terms.mutation,
            )

    def mark_stale(self) -> None:
        """End it: it was approved for a version that is gone. What stands against it there is said as well."""
        refused = self._seen.run.status in _ENDING
        if refused and self._terms.on_drift is not OnDrift.REJECT:
            self._turn_aside()
        else:
            self._reasons = (self._drifted(), *(self._seen.run.reasons if refused else ()))
            self._fire(Trigger.MARK_STALE, run=self._seen.run)

    def mark_in_place(self) -> None:
        """End it: somebody else has made the change, and there is nothing left to do."""
        self._reasons = (f"its effect is already in place: {self._drifted()}",)
        self._fire(Trigger.MARK_IN_PLACE, run=self._seen.run)

    def renew_approval(self) -> None:
        """Send it back to the approvers, on terms renewed on the current state; unless it is refused there anyway."""
        self._seen.demand_ready()
        if self._seen.run.status in _ENDING:
            self._turn_aside()
        else:
            self._reasons = (self._drifted(),)
            self._renew()

    def require_revalidation(self) -> None:
        """Ask policies and checks again on the current state, now, or when somebody says so."""
        self._reasons = (self._drifted(),)
        self._fire(Trigger.REQUIRE_REVALIDATION, run=self._seen.run)
        if not self._terms.pause_for_revalidation:
            self.revalidate()

    def release(self, digest: str) -> None:
        """Let a paused request go on, for somebody who has looked at its effect on the current state.

        Args:
            digest: of the effect they were shown.

        Raises:
            TransitionRefusedError: Raised if it does not wait for that, they could not approve it, or the effect is
                not the one they were shown.
        """
        self._context.lifecycle.demand(self._step, Trigger.REVALIDATE)
        _ = self._seen.run
        self.pass_time()
        if self.rests:
            return
        self._shown = {"digest": digest, "effect_digest": self.current_effect().digest}
        refusal = LOOK.refuses(self._step, self._evidence(**self._shown))
        if refusal is not None:
            raise self._seen.refusal(refusal.rule, refusal.reason, Trigger.REVALIDATE)
        self.revalidate()

    def revalidate(self) -> None:
        """Ask policies and checks on the current state, and let the approval extend to it if it covers that."""
        run, terms = self._seen.run, self._terms
        differs = run.accepted and self._seen.effect_differs
        if not run.accepted:
            self._turn_aside()
        elif differs and terms.approval_covers == "effect":
            self._reasons = ("its effect on the current state is not the one that was approved",)
            self._renew(effect_differs=True)
        else:
            self._reasons = ()
            self._fire(Trigger.REVALIDATE, run=run, effect_differs=differs, **self._shown)

    def current_effect(self) -> CurrentEffect:
        """Return what it would do on the current state."""
        state, run = self._seen.state, self._seen.run
        return CurrentEffect(
            request_id=self._step.request.id,
            terms_digest=self._step.request.digest,
            version=state.version,
            state_hash=state.hash,
            changes=run.changes,
            same=self._seen.effect is Effect.SAME,
            reasons=() if run.accepted else run.reasons,
        )

    def writes(self) -> Writes:
        """Return everything that is to be made durable, in one write."""
        return self._step.writes()

    def outcome(self) -> Outcome:
        """Return what came of it."""
        step = self._step
        code, reasons = step.trail[-1].code, self._reasons
        return Outcome(step.request, replayed=False, code=code, audit=step.audited, reasons=reasons)

    def tell(self, telling: Telling) -> Outcome:
        """Tell the hooks what came of it, now that it is durable, and return it."""
        telling.tell(self._step, self._actor, self._seen.ran)
        return self.outcome()

    def _turn_aside(self) -> None:
        self._seen.demand_ready()
        self._reasons = self._seen.run.reasons
        trigger = _INSTEAD[self._seen.run.status]
        if trigger is Trigger.RENEW_APPROVAL:
            self._renew()
        else:
            self._fire(trigger, run=self._seen.run)

    def _renew(self, *, effect_differs: bool = False) -> None:
        terms, run = self._terms, self._seen.run
        wanted = (*run.requirements, *terms.own) or terms.requirements
        renewed = replace(
            terms,
            number=terms.number + 1,
            expected_version=self._seen.state.version,
            state_hash=self._seen.state.hash,
            requirements=fixed(
                self._context, self._reader, wanted, self._seen.now().at, asking(terms), before=terms.requirements
            ),
            effect=run.changes,
            executors=granted(Act.EXECUTION, run.grants),
        )
        demand_no_circle(self._reader, terms.request_id, renewed.requirements)
        # where nothing is required there is nobody to ask, and it goes on at once
        at = self._seen.now().at
        around = gather(self._context.directory, self._reader, self._step, at, renewed.requirements)
        self._settle(
            Trigger.RENEW_APPROVAL, run=run, terms=renewed, circumstances=around, effect_differs=effect_differs
        )

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


def recorded(reader: Reader, dossier: Dossier) -> Outcome:
    """Return the recorded outcome of a request that was executed before."""
    audit = audit_records(reader, dossier.request)[-1]
    return Outcome(dossier.request, replayed=True, code=Code.EXECUTED, audit=audit)

"""What an attempt sees: the state as it is now, how the requirements stand, and what the engine says."""

from functools import cached_property

from placet.errors import IntegrityError, MutationContractError, StateNotFoundError, TransitionRefusedError
from placet.governance.context import Context
from placet.governance.dossier import check_state
from placet.governance.drafting import fixed, requester
from placet.governance.gathering import gather
from placet.lifecycle.quorum import asking
from placet.lifecycle.standing import Standing, standing
from placet.lifecycle.step import Evidence, Step
from placet.lifecycle.transition import Trigger
from placet.model.canonical import Link
from placet.model.changes import same_changes
from placet.model.circumstances import Circumstances
from placet.model.requirement import Requirement
from placet.model.run import Mode, Run, RunStatus
from placet.model.state import StoredState
from placet.model.terms import Terms
from placet.store.port import Unit


class Appraisal:
    """Looks at a request and its state inside one unit of work, and changes nothing.

    Args:
        context: the surroundings.
        unit: the unit of work.
        step: the request; whatever it has become when something is asked.
        at_hand: the evidence there is before anything was looked at: the moment of the attempt, and who executes.
        past_requirements: whether what policies require is passed over, in an emergency.

    Attributes:
        history: the last link of the state's history, once the state was looked at; None if there is none.
    """

    def __init__(self, context: Context, unit: Unit, step: Step, at_hand: Evidence, *, past_requirements: bool) -> None:
        self._context = context
        self._unit = unit
        self._step = step
        self._at_hand = at_hand
        self._past_requirements = past_requirements
        self._found_in = step.request.status
        self._gathered: dict[tuple[str, tuple[Requirement, ...]], Circumstances] = {}
        self._run: Run | None = None
        self.history: Link | None = None
        self._reports: tuple[str, ...] = ()

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
        self.history = check_state(self._unit, state)
        if state.version == terms.expected_version and state.hash != terms.state_hash:
            rule = f"version {state.version} is not what it was when {self._step.request.id} was submitted"
            raise IntegrityError("placet_states", state.state_id, rule)
        return state

    @cached_property
    def run(self) -> Run:
        """What the engine says on the current state, under the approvals there are. Asked once in an attempt.

        Raises:
            TransitionRefusedError: all that is missing is time, or events: nothing has changed, and it can be repeated.
        """
        terms, context = self._terms, self._context
        mutation = context.registry.rebuild(terms.mutation, terms.schema_version, terms.payload)
        wanted = context.registry.state_class(terms.state_type)
        if not issubclass(wanted, type(mutation).state_class()) or self.state.state_type != terms.state_type:
            raise MutationContractError(
                f"{terms.mutation} no longer changes a {terms.state_type}; cancel the request", mutation=terms.mutation
            )
        state = context.registry.load_state(self.state)
        self._reports = context.engine.begin(mutation, Mode.COMMIT)
        self._run = context.engine.evaluate(
            mutation,
            state,
            self.state.body,
            requester(context, terms),
            Mode.COMMIT,
            state_id=terms.state_id,
            judge=self._judge,
        )
        if self._run.status is RunStatus.WAITING:
            raise self.refusal("must_wait", self.standing((*self._run.requirements, *self._terms.own)))
        return self._run

    def _judge(self, demanded: tuple[Requirement, ...]) -> RunStatus:
        """Say what follows from what policies require now: in an emergency nothing, otherwise whether it is met."""
        self._at_hand = self._at_hand.evolve(at=self._context.now())  # policies may have taken their time
        if self._past_requirements or not demanded:
            return RunStatus.ACCEPTED
        missing = self.standing((*demanded, *self._terms.own)).open
        if any(each.requirement.asks_people for each in missing):
            return RunStatus.UNAPPROVED
        return RunStatus.WAITING if missing else RunStatus.ACCEPTED

    def standing(self, demanded: tuple[Requirement, ...]) -> Standing:
        """Judge requirements, by the votes there are."""
        terms = self._terms
        required = fixed(
            self._context, self._unit, demanded, self._at_hand.at, asking(terms), before=terms.requirements
        )
        if required == terms.requirements:  # as ever, unless policies have changed their mind
            return self._step.standing(self.now())
        return standing(self._step.known(self.now(required)), required)

    def now(self, more: tuple[Requirement, ...] = ()) -> Evidence:
        """Give the evidence at hand, with those circumstances."""
        return self._at_hand.evolve(circumstances=self.around(more))

    def around(self, more: tuple[Requirement, ...] = ()) -> Circumstances:
        """Gather the circumstances of the request, and of more requirements than it has; once for the same terms."""
        asked = (self._step.request.digest, more)
        if asked not in self._gathered:
            directory, unit = self._context.directory, self._unit
            self._gathered[asked] = gather(directory, unit, self._step, self._at_hand.at, more, people=False)
        return self._gathered[asked]

    def demand_approved_effect(self) -> None:
        """See to it that on the approved version the mutation does what it did when it was submitted."""
        request, terms = self._step.request, self._terms
        if self.state.version == terms.expected_version and not same_changes(self.run.changes, terms.effect):
            raise MutationContractError(
                f"{terms.mutation} does something else on version {terms.expected_version} than when request "
                f"{request.id} was submitted: make apply deterministic, or submit again if its code has changed",
                mutation=terms.mutation,
            )

    def refusal(self, rule: str, why: str | Standing) -> TransitionRefusedError:
        """Make the error that says why it cannot be executed: in words, or by how the requirements stand."""
        missing = () if isinstance(why, str) else [str(each.requirement) for each in why.open]
        return TransitionRefusedError(
            request_id=self._step.request.id,
            status=self._found_in,
            method=Trigger.EXECUTE.method,
            rule=rule,
            reason=str(why),
            requirements=missing,
        )

    def finish(self, stage: str) -> tuple[str, ...]:
        """Tell the interceptors how the run ended, if there was one; gives a report for each that raised."""
        if self._run is None:
            return self._reports
        return self._context.engine.finish(self._run.evolve(reports=self._reports), stage).reports

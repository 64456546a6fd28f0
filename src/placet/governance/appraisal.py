"""What an attempt sees: the state as it is now, how the requirements stand, and what the engine says."""

from functools import cached_property

from placet.errors import IntegrityError, MutationContractError, StateNotFoundError, TransitionRefusedError
from placet.governance.context import Context
from placet.governance.dossier import check_state
from placet.governance.drafting import fixed, requester
from placet.governance.gathering import gather
from placet.governance.resolution import drift_entries
from placet.lifecycle.quorum import asking
from placet.lifecycle.standing import Standing, standing
from placet.lifecycle.step import Evidence, Step
from placet.lifecycle.transition import Trigger
from placet.model.canonical import parse
from placet.model.changes import Changes, in_place, same_changes, same_effect
from placet.model.circumstances import Circumstances
from placet.model.requirement import Requirement
from placet.model.resolution import Effect
from placet.model.run import Mode, Run, RunStatus
from placet.model.state import StoredState
from placet.model.terms import Terms
from placet.model.trail import Newest
from placet.store.port import Reader


class Appraisal:
    """Looks at a request and its state, and changes nothing.

    Args:
        context: the surroundings.
        reader: one view of the store.
        step: the request; whatever it has become when something is asked.
        at_hand: the evidence there is before anything was looked at: the moment of the attempt, and who executes.
        past_requirements: whether what policies require is passed over, in an emergency.

    Attributes:
        history: the last entry of the state's history, once the state was looked at; None if there is none.
    """

    def __init__(
        self, context: Context, reader: Reader, step: Step, at_hand: Evidence, *, past_requirements: bool
    ) -> None:
        self._context = context
        self._reader = reader
        self._step = step
        self._at_hand = at_hand
        self._past_requirements = past_requirements
        self._found_in = step.request.status
        self._gathered: dict[tuple[str, tuple[Requirement, ...]], Circumstances] = {}
        self._state: StoredState | None = None
        self._run: Run | None = None
        self.history: Newest | None = None

    @property
    def _terms(self) -> Terms:
        return self._step.request.terms

    @property
    def state(self) -> StoredState:
        """The state as it is now, checked against its history and against what was submitted for."""
        if self._state is None:
            self._state = self._checked_state()
        return self._state

    def _checked_state(self) -> StoredState:
        terms = self._terms
        state = self._reader.state(terms.state_id)
        if state is None:
            raise StateNotFoundError(
                terms.state_id,
                "it was there when the request was made: restore it, pass the source of your table, or cancel",
            )
        self.history = check_state(self._reader, state)
        if state.version == terms.expected_version and state.hash != terms.state_hash:
            rule = f"version {state.version} is not what it was when {self._step.request.id} was submitted"
            raise IntegrityError("placet_states", state.state_id, rule)
        return state

    @property
    def run(self) -> Run:
        """What the engine says on the current state, under the approvals there are. Asked once in an attempt.

        When that is done the clock is read again: policies, checks and `apply` may have taken their time, and what
        follows is judged and recorded at that moment.
        """
        if self._run is None:
            self._run = self._asked()
            self._at_hand = self._at_hand.evolve(at=self._context.now())
        return self._run

    def _asked(self) -> Run:
        terms, context = self._terms, self._context
        mutation = context.registry.rebuild(terms.mutation, terms.schema_version, terms.payload)
        wanted = context.registry.state_class(terms.state_type)
        if not issubclass(wanted, type(mutation).state_class()) or self.state.state_type != terms.state_type:
            raise MutationContractError(
                f"{terms.mutation} no longer changes a {terms.state_type}; cancel the request", mutation=terms.mutation
            )
        return context.engine.evaluate(
            mutation,
            context.registry.load_state(self.state),
            self.state.body,
            requester(context, terms),
            Mode.COMMIT,
            state_id=terms.state_id,
            judge=self._judge,
        )

    @property
    def ran(self) -> Run | None:
        """What the engine said, if it was asked."""
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

    def demand_ready(self) -> None:
        """Raise where all that is missing is time, or events: nothing has changed, and it can be repeated.

        Raises:
            TransitionRefusedError: Raised if policies require now what only time or events can meet.
        """
        if self.run.status is RunStatus.WAITING:
            raise self.refusal("must_wait", self.standing((*self.run.requirements, *self._terms.own)))

    def standing(self, demanded: tuple[Requirement, ...]) -> Standing:
        """Judge requirements, by the votes there are."""
        terms = self._terms
        required = fixed(
            self._context, self._reader, demanded, self._at_hand.at, asking(terms), before=terms.requirements
        )
        if required == terms.requirements:  # as ever, unless policies have changed their mind
            return self._step.standing(self.now())
        return standing(self._step.known(self.now(required)), required)

    def now(self, more: tuple[Requirement, ...] = ()) -> Evidence:
        """Give the evidence at hand, with those circumstances."""
        return self._at_hand.evolve(circumstances=self.around(more), history=self.history)

    def around(self, more: tuple[Requirement, ...] = ()) -> Circumstances:
        """Gather the circumstances of the request, and of more requirements than it has; once for the same terms."""
        asked = (self._step.request.digest, more)
        if asked not in self._gathered:
            directory, reader = self._context.directory, self._reader
            self._gathered[asked] = gather(directory, reader, self._step, self._at_hand.at, more, people=False)
        return self._gathered[asked]

    @cached_property
    def _between(self) -> tuple[Changes, ...] | None:
        """What led from the approved version to the one there is; None where that is too much, or not known."""
        since = self._terms.expected_version
        entries = drift_entries(self._reader, self._terms.state_id, since)
        return tuple(each.changes for each in entries) if len(entries) == self.state.version - since else None

    @property
    def effect(self) -> Effect:
        """How what the mutation would do on the current state compares with the effect that was approved."""
        terms, run = self._terms, self.run
        if terms.approval_covers == "effect":
            there = in_place(terms.effect, parse(self.state.body))
        else:
            there = bool(terms.effect and run.after_body) and not run.changes
        if there:
            return Effect.IN_PLACE
        return Effect.SAME if run.after_body and same_effect(terms.effect, run.changes, self._between) else Effect.OTHER

    @property
    def effect_differs(self) -> bool:
        """Whether it would have another effect than the approved one; never on the version it was approved on.

        Raises:
            MutationContractError: Raised if on the approved version it no longer does what it did at submission.
        """
        request, terms, run = self._step.request, self._terms, self.run
        if self.state.version != terms.expected_version:
            return not same_effect(terms.effect, run.changes, self._between)
        if not same_changes(run.changes, terms.effect):
            raise MutationContractError(
                f"{terms.mutation} does something else on version {terms.expected_version} than when request "
                f"{request.id} was submitted: make apply deterministic, or submit again if its code has changed",
                mutation=terms.mutation,
            )
        return False

    def refusal(self, rule: str, why: str | Standing, trigger: Trigger = Trigger.EXECUTE) -> TransitionRefusedError:
        """Return the error that says why it cannot be executed: in words, or by how the requirements stand."""
        missing = () if isinstance(why, str) else [str(each.requirement) for each in why.open]
        return TransitionRefusedError(
            request_id=self._step.request.id,
            status=self._found_in,
            method=trigger.method,
            rule=rule,
            reason=str(why),
            requirements=missing,
        )

"""The core mutation engine: check, apply, change set, policies. Pure."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from placet.engine.policies import Policy, Proposal, ask
from placet.engine.registry import copied
from placet.engine.witness import Witness
from placet.errors import (
    CheckRaisedError,
    ConfigurationError,
    InputError,
    MutationContractError,
)
from placet.model.actor import Actor
from placet.model.answers import (
    SEQUENCE,
    UnexpectedAnswerError,
    checked_function,
    collected,
    kind_of,
    moment_of,
    nanoseconds,
)
from placet.model.canonical import parse
from placet.model.changes import diff
from placet.model.mutation import Issue, Mutation
from placet.model.names import cause, checked_choice, described, listed, shown, storable
from placet.model.requirement import Requirement
from placet.model.run import Mode, Run, RunStatus
from placet.model.shape import shape_of
from placet.model.state import State, alike, loaded, state_body

MOST_ISSUES = 1_000
"""How many issues a check may find."""

Judge = Callable[[tuple[Requirement, ...]], RunStatus]


def system_clock() -> datetime:
    """Give the moment, in UTC."""
    return datetime.now(UTC)


def _nothing_met(required: tuple[Requirement, ...]) -> RunStatus:
    return RunStatus.UNAPPROVED if required else RunStatus.ACCEPTED


class MutationEngine:
    """Runs mutations on states. No store, no requests: usable alone.

    Args:
        policies: whom to ask, in order. Deny overrides; if nobody speaks for a mutation it is refused.
        timer: gives nanoseconds, for durations.
        clock: gives the moment, with a time zone, for policies that ask for it.
    """

    def __init__(
        self,
        policies: Iterable[Policy] = (),
        timer: Callable[[], int] = time.perf_counter_ns,
        clock: Callable[[], datetime] = system_clock,
    ) -> None:
        self._policies: tuple[Policy, ...] = ()
        for name, function in (("timer", timer), ("clock", clock)):
            checked_function(name, function)
        self._timer = timer
        self._clock = clock
        for policy in listed("policies", policies):
            self.register(policy)

    def register(self, policy: Policy) -> None:
        """Add a policy; it counts from the next run on.

        Raises:
            ConfigurationError: it is no Policy.
        """
        if not isinstance(policy, Policy):
            raise ConfigurationError(
                f"{shown(policy)} is no Policy: decorate a function with @policy, wrap a requirement in require(...)"
            )
        self._policies = (*self._policies, policy)

    def run(
        self, mutation: Mutation[Any], state: State, actor: Actor, mode: Mode | str = Mode.COMMIT, *, state_id: str = ""
    ) -> Run:
        """Run a mutation on a state.

        Args:
            mutation: what to change.
            state: what it is changed on. Neither is altered, whatever `apply` does.
            actor: who asks.
            mode: commit, simulate or validate.
            state_id: the id of the state, for policies.

        Returns:
            What came of it: accepted with the new state and change set, or refused or failed with the reasons.

        Raises:
            PolicyRaisedError, CheckRaisedError, MutationContractError: registered code broke its contract.
            InputError: there is no such mode, this is no mutation, or not of this state; or the state is not valid.
            NotCanonicalError: mutation or state cannot be written as JSON exactly.
        """
        mode = _fitting(mutation, state, mode)
        copy = copied(mutation)
        body = state_body(state)
        return self.evaluate(copy, _copy(type(state), body), body, actor, mode, state_id=state_id)

    def evaluate(
        self,
        mutation: Mutation[Any],
        state: State,
        body: bytes,
        actor: Actor,
        mode: Mode,
        *,
        state_id: str = "",
        judge: Judge = _nothing_met,
    ) -> Run:
        """Decide what a mutation would do to a state. Pure but for the timer.

        Args:
            mutation: what to change.
            state: what it is changed on; an instance that nobody else holds.
            body: what that instance was made from, as canonical JSON.
            actor: who asks.
            mode: commit, simulate or validate.
            state_id: the id of the state, for policies.
            judge: says what follows from what is required: accepted, unapproved or waiting.
        """
        begun = nanoseconds(self._timer)
        run = self._evaluate(mutation, state, body, actor=actor, mode=mode, state_id=state_id, judge=judge)
        return run.evolve(duration_us=(nanoseconds(self._timer) - begun) // 1000)

    def _evaluate(
        self,
        mutation: Mutation[Any],
        state: State,
        body: bytes,
        *,
        actor: Actor,
        mode: Mode,
        state_id: str,
        judge: Judge,
    ) -> Run:
        name = type(mutation).mutation_name
        witness = Witness(name)
        witness.watch("its own payload", mutation)
        witness.watch("the state it was given", state)
        issues = _check(mutation, state)
        if issues or mode is Mode.VALIDATE:
            witness.testify()
            return Run(name, mode, RunStatus.REFUSED if issues else RunStatus.ACCEPTED, issues=issues)
        try:
            after = mutation.apply(state)
        except Exception as error:  # noqa: BLE001 - user code may raise anything; what it raised is the answer
            witness.testify()
            return Run(name, mode, RunStatus.FAILED, error=described(error))
        after_body = _settled(witness, name, type(state), after)
        witness.watch("the new state", after)
        if mode is Mode.SIMULATE:
            _demand_same_again(mutation, type(state), body, after_body)
        changes = diff(parse(body), parse(after_body), shape_of(type(state)))
        witness.watch_changes(changes)
        at = moment_of(self._clock)
        ruling = ask(self._policies, Proposal(mutation, state, after, actor, changes, state_id, at))
        witness.testify()
        return Run(
            name,
            mode,
            judge(ruling.requirements) if ruling.allowed else RunStatus.REFUSED,
            answers=ruling.answers,
            requirements=ruling.requirements,
            grants=ruling.grants,
            changes=changes,
            after=after,
            after_body=after_body,
        )


def _fitting(mutation: Mutation[Any], state: State, mode: Mode | str) -> Mode:
    """Give the mode, once it is certain that the mutation is one of states like this."""
    checked = checked_choice("mode", mode, Mode)
    if not isinstance(mutation, Mutation):
        raise InputError(f"a {type(mutation).__name__} is no Mutation; pass an instance of a Mutation class")
    wanted = type(mutation).state_class()
    if not isinstance(state, wanted):
        raise InputError(
            f"{type(mutation).mutation_name} changes a {wanted.type_name}, and it was given a {type(state).__name__}"
        )
    return checked


def _copy(state_class: type[State], body: bytes) -> State:
    name = state_class.__name__
    return loaded(
        state_class,
        body,
        lambda why: InputError(f"this {name} is not valid at {why}; build it by its constructor"),
    )


def _check(mutation: Mutation[Any], state: State) -> tuple[Issue, ...]:
    name = type(mutation).mutation_name
    try:
        answer = mutation.check(state)
        found = () if answer is None else collected(answer, Issue, MOST_ISSUES, SEQUENCE)
        return tuple(Issue(_text(issue.path), _text(issue.message)) for issue in found)
    except UnexpectedAnswerError as error:
        message = f"the check of {name} answered {error}; yield Issue(path=..., message=...), or return None or a list"
        raise CheckRaisedError(message, mutation=name) from None
    except Exception as error:  # noqa: BLE001 - checks may raise anything
        message = f"the check of {name} raised {described(error)}; yield an Issue for what is wrong instead"
        raise CheckRaisedError(message, mutation=name) from cause(error)


def _text(words: object) -> str:
    if not isinstance(words, str):
        raise UnexpectedAnswerError(f"an issue with a value of type {kind_of(words)} for a string")
    return storable(words)


def _demand_same_again(mutation: Mutation[Any], state_class: type[State], body: bytes, after_body: bytes) -> None:
    """Apply once more: what would be approved must be what runs, so it cannot be left to chance."""
    try:
        again = state_body(mutation.apply(state_class.model_validate_json(body)))
    except Exception as error:  # noqa: BLE001 - apply may raise anything
        raise _chance(mutation, f"raised {described(error)} the second time") from cause(error)
    if again != after_body:
        raise _chance(mutation, "gave two different states")


def _chance(mutation: Mutation[Any], what: str) -> MutationContractError:
    name = type(mutation).mutation_name
    return MutationContractError(
        f"the apply of {name} {what}: no clock, no randomness, no I/O; put what varies into the payload", mutation=name
    )


def _settled(witness: Witness, name: str, state_class: type[State], after: object) -> bytes:
    """Give the new state's canonical JSON, once it is certain that it can be read back."""
    try:
        return _kept(name, state_class, after)
    except MutationContractError:
        witness.testify()  # what was put into the state in place comes back with the new one: name the cause
        raise


def _kept(name: str, state_class: type[State], after: object) -> bytes:
    if type(after) is not state_class or not isinstance(after, State):
        raise MutationContractError(
            f"the apply of {name} returned {kind_of(after)}, not {state_class.__name__}: "
            "return state.evolve(...), or the state itself where nothing changes",
            mutation=name,
        )
    returned = f"the apply of {name} returned a {state_class.__name__} that"
    try:
        body = state_body(after)
    except InputError as error:
        raise MutationContractError(f"{returned} cannot be stored: {error}", mutation=name) from None
    refusal = partial(MutationContractError, mutation=name)
    back = loaded(state_class, body, lambda why: refusal(f"{returned} cannot be stored: {why}"))
    if not alike(back, after) or state_body(back) != body:
        raise refusal(f"{returned} reads back differently: build it with state.evolve(...), which validates")
    return body

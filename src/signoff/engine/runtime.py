"""The core mutation engine: check, apply, change set, policies; pure but for the interceptors around it."""

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from signoff.engine.interceptors import STAGES, Interceptor, notify
from signoff.engine.policies import Policy, Proposal, ask
from signoff.engine.registry import rebuilt
from signoff.errors import CheckRaisedError, ConfigurationError, MutationContractError, NotCanonicalError
from signoff.model.actor import Actor
from signoff.model.canonical import parse
from signoff.model.changes import diff
from signoff.model.mutation import Issue, Mutation
from signoff.model.requirement import Requirement
from signoff.model.run import Mode, Run, RunStatus
from signoff.model.state import State, state_body


class MutationEngine:
    """Runs mutations on states. No store, no requests: usable alone.

    Args:
        policies: whom to ask, in order. Deny overrides; if nobody speaks for a mutation it is refused.
        interceptors: who is told, in order.
        timer: gives nanoseconds, for durations.
    """

    def __init__(
        self,
        policies: Iterable[Policy] = (),
        interceptors: Iterable[Interceptor] = (),
        timer: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self._policies: tuple[Policy, ...] = ()
        self._interceptors = tuple(interceptors)
        self._timer = timer
        for policy in policies:
            self.register(policy)

    def register(self, policy: Policy) -> None:
        """Add a policy; it counts from the next run on.

        Raises:
            ConfigurationError: it is no Policy.
        """
        if not isinstance(policy, Policy):
            raise ConfigurationError(f"{policy!r} is no Policy: decorate the function with @policy")
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
            NotCanonicalError: mutation or state cannot be written as JSON exactly.
        """
        mode = Mode(mode)
        copy = rebuilt(type(mutation), mutation.payload())
        reports = self.begin(copy, mode)
        run = self.evaluate(copy, type(state), state_body(state), actor, mode, state_id=state_id)
        return self.finish(replace(run, reports=reports))

    def begin(self, mutation: Mutation[Any], mode: Mode) -> tuple[str, ...]:
        """Tell the interceptors that a run begins; gives a report for each that raised."""
        return notify(self._interceptors, "before", Run(type(mutation).mutation_name, mode, RunStatus.ACCEPTED))

    def finish(self, run: Run) -> Run:
        """Tell the interceptors how a run ended; gives the run with a report for each that raised."""
        return replace(run, reports=run.reports + notify(self._interceptors, STAGES[run.status], run))

    def evaluate(
        self,
        mutation: Mutation[Any],
        state_class: type[State],
        body: bytes,
        actor: Actor,
        mode: Mode,
        *,
        state_id: str = "",
        met: Collection[Requirement] = (),
    ) -> Run:
        """Decide what a mutation would do to a state, without telling anybody. Pure but for the timer.

        Args:
            mutation: what to change.
            state_class: the class of the state.
            body: the state as canonical JSON; `apply` only ever gets copies made from it.
            actor: who asks.
            mode: commit, simulate or validate.
            state_id: the id of the state, for policies.
            met: requirements that are met already.
        """
        begun = self._timer()
        state = state_class.model_validate_json(body)
        run = self._evaluate(mutation, state, body, actor=actor, mode=mode, state_id=state_id, met=met)
        return replace(run, duration_us=(self._timer() - begun) // 1000)

    def _evaluate(
        self,
        mutation: Mutation[Any],
        state: State,
        body: bytes,
        *,
        actor: Actor,
        mode: Mode,
        state_id: str,
        met: Collection[Requirement],
    ) -> Run:
        name = type(mutation).mutation_name
        issues = _check(mutation, state)
        if issues or mode is Mode.VALIDATE:
            _unchanged(name, state, body)
            return Run(name, mode, RunStatus.REFUSED if issues else RunStatus.ACCEPTED, issues=issues)
        try:
            after = mutation.apply(state)
        except Exception as error:  # noqa: BLE001 - user code may raise anything; what it raised is the answer
            _unchanged(name, state, body)
            return Run(name, mode, RunStatus.FAILED, error=f"{type(error).__name__}: {error}")
        after_body = _settled(name, type(state), after)
        changes = diff(parse(body), parse(after_body))
        ruling = ask(self._policies, Proposal(mutation, state, after, actor, changes, state_id))
        _unchanged(name, state, body)
        unmet = [requirement for requirement in ruling.requirements if requirement not in met]
        status = RunStatus.REFUSED if not ruling.allowed else RunStatus.UNAPPROVED if unmet else RunStatus.ACCEPTED
        return Run(
            name,
            mode,
            status,
            answers=ruling.answers,
            requirements=ruling.requirements,
            changes=changes,
            after=after,
            after_body=after_body,
        )


def _check(mutation: Mutation[Any], state: State) -> tuple[Issue, ...]:
    name = type(mutation).mutation_name
    try:
        issues = tuple(mutation.check(state) or ())
    except Exception as error:
        raise CheckRaisedError(
            f"the check of {name} raised {type(error).__name__}: {error}; yield an Issue for what is wrong instead"
        ) from error
    if not all(isinstance(issue, Issue) for issue in issues):
        raise CheckRaisedError(f"the check of {name} yielded {issues!r}; yield Issue(path=..., message=...)")
    return issues


def _settled(name: str, state_class: type[State], after: object) -> bytes:
    """Give the new state's canonical JSON, once it is certain that it can be read back."""
    if type(after) is not state_class or not isinstance(after, State):
        raise MutationContractError(
            f"the apply of {name} returned {type(after).__name__}, not {state_class.__name__}: "
            "return state.evolve(...), or the state itself where nothing changes"
        )
    try:
        body = state_body(after)
        again = state_body(state_class.model_validate_json(body))
    except (ValidationError, NotCanonicalError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise MutationContractError(
            f"the apply of {name} returned a {state_class.__name__} that cannot be stored: {why}"
        ) from error
    if again != body:
        raise MutationContractError(
            f"the apply of {name} returned a {state_class.__name__} that reads back differently: "
            "build it with state.evolve(...), which validates"
        )
    return body


def _unchanged(name: str, state: State, body: bytes) -> None:
    """See to it that nobody changed the state in place: what follows would judge another state."""
    try:
        same = state_body(state) == body
    except NotCanonicalError:
        same = False
    if not same:
        paths = ", ".join(change.path for change in diff(parse(body), state.to_json()))
        raise MutationContractError(
            f"check, apply or a policy of {name} changed the state it was given, at {paths or '(order)'}; "
            "return state.evolve(...) with new values instead"
        )

"""Policies: who may change what, and what that requires. Deny overrides; nobody speaking means no."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from placet.errors import ConfigurationError, PolicyRaisedError
from placet.model.actor import Actor
from placet.model.answers import UnexpectedAnswerError, attribute, checked_function, exactly
from placet.model.approval import Approval
from placet.model.changes import Changes
from placet.model.grant import Act, Grant
from placet.model.merging import twice
from placet.model.mutation import Intent, Mutation
from placet.model.names import cause, described, exact, shown, storable, strings
from placet.model.requirement import Requirement
from placet.model.state import State
from placet.model.terms import KINDS
from placet.model.trail import Answer


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a policy looks at.

    Attributes:
        mutation: the mutation itself, an instance of your class.
        state: the state it would change.
        after: the state it would become.
        requester: who asks, as the directory knows them now.
        changes: the simulated change set.
        state_id: the id of the state; "" where the engine is used alone.
        at: now, UTC, by the engine's clock: for calendars and schedules.
    """

    mutation: Mutation[Any] = field(repr=False)
    state: State = field(repr=False)
    after: State = field(repr=False)
    requester: Actor
    changes: Changes
    state_id: str
    at: datetime

    @property
    def intent(self) -> Intent:
        """What the mutation is for."""
        return self.mutation.intent


VERDICTS = frozenset({"allow", "deny", "require", "restrict", "abstain", *Act})
"""What a verdict can be."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy answers; `Verdict.allow()`, `deny()`, `require()` and the other class methods make one."""

    kind: str
    detail: str = ""
    requirements: tuple[Requirement, ...] = ()
    grant: Grant | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in VERDICTS or not isinstance(self.detail, str):
            raise ConfigurationError(
                f"Verdict({shown(self.kind)}) is none; use Verdict.allow(), deny('why'), require(...), ..."
            )
        if not isinstance(self.requirements, tuple):
            raise ConfigurationError("requirements= of a Verdict is no tuple; make it with Verdict.require(...)")
        if (self.kind in {"require", "restrict"}) is not bool(self.requirements):
            raise ConfigurationError("require() needs a Requirement; to let it pass, allow()")
        if (self.kind in set(Act)) is not isinstance(self.grant, Grant):
            raise ConfigurationError("make it with Verdict.execution(roles) or Verdict.in_emergency(roles)")
        for requirement in self.requirements:
            if type(requirement) not in KINDS:
                raise ConfigurationError(
                    f"{shown(requirement)} is no Requirement; pass instances, as Approval(count=1)"
                )
        repeated = twice(self.requirements)
        if repeated:
            raise ConfigurationError(repeated)

    @classmethod
    def allow(cls) -> "Verdict":
        """Let it pass as far as this policy is concerned."""
        return cls("allow")

    @classmethod
    def deny(cls, reason: str) -> "Verdict":
        """Forbid it, whatever others say.

        Args:
            reason: why, in words; required.
        """
        if not isinstance(reason, str) or not reason.strip():
            raise ConfigurationError("a denial needs a reason: Verdict.deny('why')")
        return cls("deny", exact(reason))

    @classmethod
    def require(cls, *requirements: Requirement) -> "Verdict":
        """Let it pass once these are met.

        Args:
            *requirements: what must be met, each once.

        Raises:
            ConfigurationError: nothing is required, or something that is no requirement, or the same one twice.
        """
        return cls("require", _listed(requirements), requirements)

    @classmethod
    def restrict(cls, *requirements: Requirement) -> "Verdict":
        """Let it pass only once these are met, and only if another policy speaks for it."""
        return cls("restrict", _listed(requirements), requirements)

    @classmethod
    def in_emergency(cls, roles: Iterable[str], *, reviewer_roles: Iterable[str] = ()) -> "Verdict":
        """Let an actor with one of these roles past the requirements in an emergency; others must speak for it.

        Args:
            roles: who may break the glass.
            reviewer_roles: who reviews it afterwards: somebody else with one of these, or anybody else if empty.
        """
        return cls._granting(Act.EMERGENCY, roles, reviewer_roles)

    @classmethod
    def execution(cls, roles: Iterable[str]) -> "Verdict":
        """Let only an actor with one of these roles execute it; others must speak for it.

        Args:
            roles: who may execute it.
        """
        return cls._granting(Act.EXECUTION, roles)

    @classmethod
    def taking_over(cls, roles: Iterable[str]) -> "Verdict":
        """Let an actor with one of these roles take the request over; others must speak for it.

        Args:
            roles: who may take it over.
        """
        return cls._granting(Act.TAKE_OVER, roles)

    @classmethod
    def _granting(cls, act: Act, roles: Iterable[str], reviewer_roles: Iterable[str] = ()) -> "Verdict":
        may, review = strings("roles", roles), strings("reviewer_roles", reviewer_roles)
        if not may:
            raise ConfigurationError(f"then nobody may {act.words}: name roles=[...]")
        return cls(str(act), f"by role {' or '.join(may)}", grant=Grant(act, may, review))

    @classmethod
    def abstain(cls) -> "Verdict":
        """Have no opinion."""
        return cls("abstain")


def _listed(requirements: tuple[Requirement, ...]) -> str:
    return ", ".join(str(each) for each in requirements if type(each) in KINDS)  # a Verdict says what is none


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule with a name.

    Attributes:
        name: what the audit record calls it.
        decide: answers a proposal with a verdict. Pure: same proposal, same verdict.

    Raises:
        ConfigurationError: the name is no string, or the function cannot be called or is asynchronous.
    """

    name: str
    decide: Callable[[Proposal], Verdict]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ConfigurationError(
                f"the name of a policy is a {type(self.name).__name__}; pass a string that says it"
            )
        checked_function(f"policy {self.name!r}", self.decide)

    def __repr__(self) -> str:
        return f"Policy({self.name!r})"


When = Callable[[Proposal], bool]


def policy(decide: Callable[[Proposal], Verdict]) -> Policy:
    """Make a policy of a function, named after it; use it as a decorator.

    Args:
        decide: answers a proposal with a verdict.

    Raises:
        ConfigurationError: it is no function, or an asynchronous one.
    """
    return Policy(attribute(decide, "__name__") or type(decide).__name__, decide)


def allow(*, when: When | None = None) -> Policy:
    """Make a policy that allows without approval.

    Args:
        when: only where this says so; everywhere if left out.
    """
    return _conditional("allow", when, Verdict.allow())


def deny(reason: str, *, when: When | None = None) -> Policy:
    """Make a policy that denies.

    Args:
        reason: why, in words.
        when: only where this says so; everywhere if left out.
    """
    verdict = Verdict.deny(reason)
    return _conditional(f"deny: {verdict.detail}", when, verdict)


def require(*requirements: Requirement, when: When | None = None) -> Policy:
    """Make a policy that allows once all of these are met.

    Args:
        *requirements: what must be met, from `placet.requirements`.
        when: only where this says so; everywhere if left out.

    Raises:
        ConfigurationError: nothing is required, or something that is no requirement, or the same one twice.
    """
    verdict = Verdict.require(*requirements)
    return _conditional(f"require {verdict.detail}", when, verdict)


def require_approval(
    count: int | Literal["all"] | None = None,
    *,
    actors: Iterable[str] = (),
    roles: Iterable[str] = (),
    groups: Iterable[str] = (),
    step: int = 1,
    when: When | None = None,
) -> Policy:
    """Make a policy that requires approval by distinct actors, never the requester.

    For more, as deadlines, rechecks or agents that may approve, use `require(Approval(...))`.

    Args:
        count: how many must approve, or "all" of them. All, if only actors are named; otherwise one.
        actors: these actors may, by id.
        roles: or whoever has one of these roles; anybody may approve if neither actors, roles nor groups are given.
        groups: or whoever belongs to one of these groups.
        step: 1, 2, 3 ...: a step opens once those before it are complete.
        when: only where this says so; everywhere if left out.

    Raises:
        ConfigurationError: a count that is no whole number from 1 or exceeds the actors named, or a single string
            where a collection belongs.
    """
    who = [strings(name, value) for name, value in (("actors", actors), ("roles", roles), ("groups", groups))]
    approval = Approval(count, step=step, actors=who[0], roles=who[1], groups=who[2])
    return require(approval, when=when)


def allow_emergency(roles: Iterable[str], *, reviewer_roles: Iterable[str] = (), when: When | None = None) -> Policy:
    """Make a policy that lets an actor with one of these roles execute past the requirements, in an emergency.

    It speaks for nothing by itself: another policy must allow or require. Denials and checks still apply.

    Args:
        roles: who may break the glass.
        reviewer_roles: who reviews it afterwards; any other person if empty.
        when: only where this says so; everywhere if left out.
    """
    verdict = Verdict.in_emergency(roles, reviewer_roles=reviewer_roles)
    return _conditional(f"emergency {verdict.detail}", when, verdict)


def allow_execution(roles: Iterable[str], *, when: When | None = None) -> Policy:
    """Make a policy that lets only an actor with one of these roles execute. Without one, anybody known may.

    It speaks for nothing by itself: another policy must allow or require. It is asked at submission, when the roles are
    fixed in the terms, and again at execution: one of the roles is needed by both. Of several such policies that speak,
    a role of any one suffices. In an emergency it holds beside `allow_emergency`.

    Args:
        roles: who may execute.
        when: only where this says so; everywhere if left out.
    """
    verdict = Verdict.execution(roles)
    return _conditional(f"execution {verdict.detail}", when, verdict)


def allow_take_over(roles: Iterable[str], *, when: When | None = None) -> Policy:
    """Make a policy that lets an actor with one of these roles take a request over. Without one, nobody may.

    It speaks for nothing by itself: another policy must allow or require. It is asked when somebody takes a request
    over, with them as `proposal.requester`. Of several such policies that speak, a role of any one suffices.

    Args:
        roles: who may take requests over.
        when: only where this says so; everywhere if left out.
    """
    verdict = Verdict.taking_over(roles)
    return _conditional(f"take over {verdict.detail}", when, verdict)


def _conditional(name: str, when: When | None, verdict: Verdict) -> Policy:
    applies = condition(when)

    def decide(proposal: Proposal) -> Verdict:
        return verdict if applies(proposal) else Verdict.abstain()

    return Policy(name, decide)


def condition(when: When | None) -> When:
    """Give the condition of a policy, held to answer True or False and nothing else.

    Args:
        when: the condition; always true if None.

    Raises:
        ConfigurationError: it cannot be called, or is asynchronous.
    """
    if when is None:
        return lambda _: True
    checked_function("when", when)

    def applies(proposal: Proposal) -> bool:
        try:
            return exactly(when(proposal), bool)
        except UnexpectedAnswerError as error:
            raise UnexpectedAnswerError(f"{error} to when; return True or False") from None

    return applies


@dataclass(frozen=True, slots=True)
class Ruling:
    """What all policies say together.

    Attributes:
        answers: what each said, in order.
        allowed: whether nobody denied and somebody spoke for it.
        requirements: everything required, each once.
        grants: who may execute it, who in an emergency, and who may take it over.
    """

    answers: tuple[Answer, ...]
    allowed: bool
    requirements: tuple[Requirement, ...]
    grants: tuple[Grant, ...]


def ask(policies: Sequence[Policy], proposal: Proposal) -> Ruling:
    """Ask every policy, and combine the answers.

    Args:
        policies: whom to ask, in order.
        proposal: about what.

    Raises:
        PolicyRaisedError: a policy raised, or did not answer with a verdict.
    """
    verdicts = [(each.name, _verdict(each, proposal)) for each in policies]
    answers = [Answer(storable(name), verdict.kind, storable(verdict.detail)) for name, verdict in verdicts]
    kinds = {verdict.kind for _, verdict in verdicts}
    if not kinds & {"allow", "require", "deny"}:
        name = type(proposal.mutation).__name__
        how = f"policies=[allow(when=lambda proposal: isinstance(proposal.mutation, {name}))]"
        answers.append(Answer("(default)", "none", f"no policy speaks for {name}, and the default is no; add {how}"))
    required = tuple(dict.fromkeys(each for _, verdict in verdicts for each in verdict.requirements))
    grants = tuple(verdict.grant for _, verdict in verdicts if verdict.grant is not None)
    return Ruling(tuple(answers), "deny" not in kinds and bool(kinds & {"allow", "require"}), required, grants)


def _verdict(each: Policy, proposal: Proposal) -> Verdict:
    mutation = type(proposal.mutation).mutation_name
    try:
        answer = each.decide(proposal)
    except UnexpectedAnswerError as error:
        raise PolicyRaisedError(f"policy {each.name!r} answered {error}", policy=each.name, mutation=mutation) from None
    except Exception as error:  # noqa: BLE001 - policies may raise anything
        raise PolicyRaisedError(
            f"policy {each.name!r} raised {described(error)}; nothing is decided without it, mend it",
            policy=each.name,
            mutation=mutation,
        ) from cause(error)
    try:
        return exactly(answer, Verdict)
    except UnexpectedAnswerError as error:
        message = f"policy {each.name!r} answered {error}; return Verdict.allow(), deny(...), ..."
        raise PolicyRaisedError(message, policy=each.name, mutation=mutation) from None

"""Policies: who may change what, and what that requires. Deny overrides; nobody speaking means no."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.errors import ConfigurationError, PolicyRaisedError
from signoff.model.actor import Actor
from signoff.model.changes import Changes
from signoff.model.mutation import Intent, Mutation
from signoff.model.names import described, storable
from signoff.model.requirement import Requirement
from signoff.model.state import State
from signoff.model.trail import Answer


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
    """

    mutation: Mutation[Any]
    state: State
    after: State
    requester: Actor
    changes: Changes
    state_id: str

    @property
    def intent(self) -> Intent:
        """What the mutation is for."""
        return self.mutation.intent


KINDS = frozenset({"allow", "deny", "require", "abstain"})
"""What a verdict can be."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy answers: make it with `allow()`, `deny(reason)`, `require(...)` or `abstain()`."""

    kind: str
    detail: str = ""
    requirements: tuple[Requirement, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS or not isinstance(self.detail, str):
            raise ConfigurationError(
                f"Verdict({self.kind!r}) is none; use Verdict.allow(), deny('why'), require(...), ..."
            )
        if (self.kind == "require") is not bool(self.requirements):
            raise ConfigurationError("Verdict.require() needs a Requirement; to let it pass, Verdict.allow()")
        for requirement in self.requirements:
            if not isinstance(requirement, Requirement):
                raise ConfigurationError(
                    f"Verdict.require({requirement!r}) is no Requirement; use Requirement(count=1)"
                )

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
        return cls("deny", reason)

    @classmethod
    def require(cls, *requirements: Requirement) -> "Verdict":
        """Let it pass once these are met."""
        return cls("require", ", ".join(map(str, requirements)), requirements)

    @classmethod
    def abstain(cls) -> "Verdict":
        """Have no opinion."""
        return cls("abstain")


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule with a name.

    Attributes:
        name: what the audit record calls it.
        decide: answers a proposal with a verdict. Pure: same proposal, same verdict.
    """

    name: str
    decide: Callable[[Proposal], Verdict]

    def __repr__(self) -> str:
        return f"Policy({self.name!r})"


When = Callable[[Proposal], bool]


def policy(decide: Callable[[Proposal], Verdict]) -> Policy:
    """Make a policy of a function, named after it; use it as a decorator.

    Args:
        decide: answers a proposal with a verdict.
    """
    return Policy(decide.__name__, decide)


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
    return _conditional(f"deny: {reason}", when, Verdict.deny(reason))


def require_approval(
    count: int = 1, *, roles: Iterable[str] = (), groups: Iterable[str] = (), when: When | None = None
) -> Policy:
    """Make a policy that requires approval by distinct actors, never the requester.

    Args:
        count: how many must approve.
        roles: they must have one of these roles; anybody may approve if neither roles nor groups are given.
        groups: or belong to one of these groups.
        when: only where this says so; everywhere if left out.

    Raises:
        ConfigurationError: the count is not a whole number from 1, or roles or groups are a single string.
    """
    for name, value in (("roles", roles), ("groups", groups)):
        if isinstance(value, str):
            raise ConfigurationError(f"{name}={value!r} is one string; pass a collection, as in {name}=[{value!r}]")
    requirement = Requirement(count, tuple(roles), tuple(groups))
    return _conditional(f"require {requirement}", when, Verdict.require(requirement))


def _conditional(name: str, when: When | None, verdict: Verdict) -> Policy:
    def decide(proposal: Proposal) -> Verdict:
        return verdict if when is None or when(proposal) else Verdict.abstain()

    return Policy(name, decide)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What all policies say together.

    Attributes:
        answers: what each said, in order.
        allowed: whether nobody denied and somebody spoke for it.
        requirements: everything required, each once.
    """

    answers: tuple[Answer, ...]
    allowed: bool
    requirements: tuple[Requirement, ...]


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
    return Ruling(tuple(answers), "deny" not in kinds and bool(kinds & {"allow", "require"}), required)


def _verdict(each: Policy, proposal: Proposal) -> Verdict:
    try:
        verdict = each.decide(proposal)
    except Exception as error:
        raise PolicyRaisedError(
            f"policy {each.name!r} raised {described(error)}; nothing is decided without it, mend it"
        ) from error
    if not isinstance(verdict, Verdict):
        raise PolicyRaisedError(f"policy {each.name!r} answered {verdict!r}; return Verdict.allow(), deny(...), ...")
    return verdict

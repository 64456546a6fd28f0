"""What people said about a request, read from its trail: votes, reports, waivers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from placet.model.actor import Actor, ActorKind
from placet.model.canonical import stamp
from placet.model.trail import Code, Decision

Hat = tuple[str, str]
"""As whom somebody speaks: the id of the actor, and of whoever the actor stands in for, or the actor's own again."""


class Choice(StrEnum):
    """What a vote says."""

    APPROVE = "approve"
    REJECT = "reject"
    ABSTAIN = "abstain"


class Rejection(StrEnum):
    """Why somebody rejects."""

    POLICY_VIOLATION = "policy_violation"
    INSUFFICIENT_JUSTIFICATION = "insufficient_justification"
    WRONG_SCOPE = "wrong_scope"
    SUPERSEDED = "superseded"
    RISK_TOO_HIGH = "risk_too_high"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote, with the roles and groups its place was given for, bound to the terms it was given to.

    Attributes:
        actor: who voted.
        principal: the person it counts as: whoever the actor acts for, or the actor.
        roles: roles held then.
        groups: groups belonged to then.
        digest: the digest of the terms voted on.
        choice: approve, reject or abstain.
        kind: which kind of actor voted.
        step: the step that was open then.
        at: when, UTC.
        code: why it was rejected, one of `Rejection`; "" otherwise.
        reason: why, in words.
        delegated: whether the actor stands in for the principal, whose place it then is alone.
        ends: whether this rejection ended the request by itself.
    """

    actor: str
    principal: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    digest: str
    choice: Choice = Choice.APPROVE
    kind: ActorKind = ActorKind.HUMAN
    step: int = 1
    at: datetime | None = None
    code: str = ""
    reason: str = ""
    delegated: bool = False
    ends: bool = False

    @classmethod
    def by(
        cls, actor: Actor, digest: str, choice: Choice = Choice.APPROVE, step: int = 1, *, delegated: bool = False
    ) -> "Vote":
        """Make the vote of an actor for a digest."""
        held = (actor.roles, actor.groups)
        return cls(actor.id, actor.principal, *held, digest, choice, actor.kind, step, delegated=delegated)

    @property
    def hat(self) -> Hat:
        """As whom it was given."""
        return (self.actor, self.principal if self.delegated else self.actor)

    @property
    def ids(self) -> frozenset[str]:
        """By which ids they may be eligible: their own and their principal's, or that alone if they stand in."""
        return frozenset({self.principal}) if self.delegated else self.persons

    @property
    def persons(self) -> frozenset[str]:
        """Whoever has a hand in it: each can have it in one vote only."""
        return frozenset({self.actor, self.principal})


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a check or a review.

    Attributes:
        name: of the check or review.
        passed: whether it passed.
        by: who reported, as they were then.
        digest: the digest of the terms it was reported for.
        at: when, UTC.
        evidence: what shows it, in words.
        step: the step that was open then.
    """

    name: str
    passed: bool
    by: Actor
    digest: str
    at: datetime
    evidence: str
    step: int = 1

    @property
    def hat(self) -> Hat:
        """As whom it was given."""
        return (self.by.id, self.by.id)


@dataclass(frozen=True, slots=True)
class Waiver:
    """Somebody let a request pass a freeze.

    Attributes:
        name: of the freeze.
        until: when that freeze ends: a later one of the same name is another.
        actor: who waived it.
        roles: the roles they had then.
        digest: the digest of the terms it was waived for.
        at: when, UTC.
    """

    name: str
    until: str
    actor: str
    roles: tuple[str, ...]
    digest: str
    at: datetime

    @property
    def hat(self) -> Hat:
        """As whom it was given."""
        return (self.actor, self.actor)


@dataclass(frozen=True, slots=True)
class Ballots:
    """Everything that was said about a request, for any of its terms.

    Attributes:
        votes: the votes that stand, oldest first; one that was withdrawn does not.
        reports: the reports, oldest first.
        waivers: the waivers, oldest first.
        expired: the approvals that counted until they ran out, oldest first.
    """

    votes: tuple[Vote, ...] = ()
    reports: tuple[Report, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    expired: tuple[Vote, ...] = ()

    @classmethod
    def of(cls, trail: Iterable[Decision]) -> "Ballots":
        """Read them from a trail."""
        return cls().heard(trail)

    def heard(self, trail: Iterable[Decision]) -> "Ballots":
        """Give what was said once these decisions are counted, too."""
        said = [each for each in trail if each.code in _SAYING]
        if not said:
            return self
        votes, reports = list(self.votes), list(self.reports)
        waivers, expired = list(self.waivers), list(self.expired)
        for each in said:
            if each.code in _CHOICES:
                votes.append(_vote(each))
            elif each.code == Code.WITHDRAWN:
                gone = each.on_behalf_of or each.actor
                votes = [vote for vote in votes if (vote.principal, vote.digest) != (gone, each.digest)]
            elif each.code == Code.REPORTED:
                reports.append(_report(each))
            elif each.code == Code.WAIVED:
                roles = tuple(each.metadata["roles"])
                freeze, until = each.metadata["freeze"], each.metadata["until"]
                waivers += [Waiver(freeze, moment, each.actor, roles, each.digest, each.at) for moment in until]
            elif each.code == Code.APPROVAL_EXPIRED:
                ended = [vote for vote in votes if (vote.digest, vote.choice) == (each.digest, Choice.APPROVE)]
                votes, expired = [vote for vote in votes if vote not in ended], [*expired, *ended]
                names, until = each.metadata["reviews"], each.metadata["approved_until"]
                reports = [report for report in reports if not _ran_out(report, each.digest, names, until)]
        return Ballots(tuple(votes), tuple(reports), tuple(waivers), tuple(expired))


_CHOICES = {Code.VOTED: Choice.APPROVE, Code.DISSENTED: Choice.REJECT, Code.ABSTAINED: Choice.ABSTAIN}
_SAYING = frozenset({*_CHOICES, Code.WITHDRAWN, Code.REPORTED, Code.WAIVED, Code.APPROVAL_EXPIRED})


def _ran_out(report: Report, digest: str, names: Iterable[str], until: str) -> bool:
    return report.digest == digest and report.name in names and stamp(report.at) < until


def _vote(said: Decision) -> Vote:
    facts = said.metadata
    return Vote(
        actor=said.actor,
        principal=said.on_behalf_of or said.actor,
        roles=tuple(facts["roles"]),
        groups=tuple(facts["groups"]),
        digest=said.digest,
        choice=_CHOICES[Code(said.code)],
        kind=ActorKind(facts.get("kind", ActorKind.HUMAN)),
        step=facts.get("step", 1),
        at=said.at,
        code=facts.get("code", ""),
        reason=said.reason,
        delegated="chain" in facts,
        ends=facts.get("ends", False),
    )


def _report(said: Decision) -> Report:
    facts = said.metadata
    by = Actor(said.actor, ActorKind(facts["kind"]), tuple(facts["roles"]), tuple(facts["groups"]), said.on_behalf_of)
    return Report(facts["check"], facts["passed"], by, said.digest, said.at, said.reason, facts["step"])

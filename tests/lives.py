"""Lives of requests, lived at random, and judged by what they leave behind.

`Lives` does whatever people can do, in any order. After each step `Judge` derives anew, from decisions, terms and
history alone, whether what happened was allowed to. It shares no code with the lifecycle.
"""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Barrier, Thread
from typing import Any, ClassVar, TypeVar

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from house import AddTeam, GrantRole, Roles
from placet import (
    Actor,
    ActorKind,
    Emergency,
    FreezeWindow,
    Governance,
    Intent,
    Mutation,
    MutationRequest,
    OnDrift,
    PlacetError,
    Policy,
    Proposal,
    Requirement,
    Status,
    Verdict,
    allow,
    allow_emergency,
    allow_take_over,
    freeze,
    require,
)
from placet.errors import (
    ActorNotFoundError,
    ConfigurationError,
    DirectoryRaisedError,
    IntegrityError,
    MutationContractError,
    PolicyRaisedError,
    StoreError,
    TransitionRefusedError,
)
from placet.model.canonical import digest, stamp
from placet.model.outcome import CurrentEffect
from placet.model.terms import TERMS, Terms
from placet.model.trail import Decision, HistoryEntry, HistoryKind
from placet.requirements import (
    Approval,
    Dependency,
    ExternalCheck,
    Freeze,
    ManualReview,
    Quota,
    Schedule,
    WhenImpossible,
)
from placet.store.port import Store
from placet.testing import FrozenClock

STATES = ("house:one", "house:two")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Slippery(Mutation[Roles]):
    """Gives somebody a role, unless it is icy: then it raises."""

    intent = Intent(operation="slip")
    icy: ClassVar[bool] = False
    user: str

    def apply(self, state: Roles) -> Roles:
        if Slippery.icy:
            raise ValueError("it is icy")
        return state.evolve(members={**state.members, self.user: "reader"})


# ---- people

STAFF = (
    Actor("bob"),
    Actor("ann", roles=("lead",)),
    Actor("dan", roles=("lead", "board")),
    Actor("kim", roles=("lead",)),
    Actor("eve", roles=("board", "release-manager")),
    Actor("gil", roles=("lead", "release-manager")),
    Actor("ops", roles=("oncall",)),
    Actor("root", roles=("administrator",)),
    Actor("del"),
    Actor("agent-7", ActorKind.AGENT, roles=("lead",), on_behalf_of="bob"),
    Actor("agent-8", ActorKind.AGENT, roles=("lead",), on_behalf_of="kim"),
    Actor("ci", ActorKind.SERVICE),
)
EVERYBODY = tuple(actor.id for actor in STAFF)
DELEGATES = {"ann": "del", "kim": "ann", "dan": "bob", "bob": "del", "eve": "gil", "gil": "eve"}
"""Who votes for whom: kim's vote may be handed on by ann to del; eve and gil turn in a circle."""


class People:
    """A directory in which people come, go, and change their roles."""

    def __init__(self) -> None:
        self.staff = {actor.id: actor for actor in STAFF}
        self.delegates = dict(DELEGATES)

    def actor(self, actor_id: str) -> Actor:
        if actor_id not in self.staff:
            raise ActorNotFoundError(actor_id)
        return self.staff[actor_id]

    def holders(self, roles: tuple[str, ...], groups: tuple[str, ...]) -> Iterable[Actor]:
        return [each for each in self.staff.values() if {*roles} & {*each.roles} or {*groups} & {*each.groups}]

    def delegate(self, actor_id: str, at: datetime) -> str | None:
        return self.delegates.get(actor_id)

    def turn(self, actor_id: str, role: str) -> None:
        """Take a role from somebody who has it, and give it to somebody who has not."""
        old = self.staff.get(actor_id)
        if old is not None:
            roles = tuple({*old.roles} ^ {role})
            self.staff[actor_id] = Actor(old.id, old.kind, roles, on_behalf_of=old.on_behalf_of)

    def leave_or_return(self, actor_id: str) -> None:
        if self.staff.pop(actor_id, None) is None:
            self.come_back(actor_id)

    def come_back(self, *ids: str) -> None:
        for actor in STAFF:
            if actor.id in ids:
                self.staff.setdefault(actor.id, actor)


# ---- laws

LAWS: dict[str, tuple[Requirement, ...]] = {
    "one lead": (Approval(1, roles=("lead",)),),
    "two leads": (Approval(2, roles=("lead",)),),
    "people or agents": (Approval(2, roles=("lead",), kinds=(ActorKind.HUMAN, ActorKind.AGENT)),),
    "steps": (
        Approval(1, roles=("lead",)),
        Approval(1, roles=("board",), step=2),
        Approval(1, roles=("release-manager",), step=3),
    ),
    "all of the board": (Approval("all", roles=("board",)),),
    "checked again": (
        Approval(1, roles=("lead",), recheck=True),
        ExternalCheck(name="tests", valid_for=2 * HOUR),
    ),
    "quota": (Quota(limit=1, per=HOUR), Approval(1, roles=("lead",))),
    "review": (
        ManualReview(name="legal", roles=("board",)),
        Approval(1, roles=("lead",), any_rejection_ends=False, when_impossible=WhenImpossible.NOTE, within=5 * HOUR),
    ),
    "strict": (Approval(2, roles=("lead",), when_impossible=WhenImpossible.REFUSE),),
    "anybody": (Approval(1),),
    "two by name": (Approval(2, actors=("ann", "eve", "del")), Approval(1, roles=("release-manager",))),
}
MORE = Approval(1, roles=("board",))
"""What is required beside the law in strict times."""


class Times(Policy):
    """What may be done at all, which changes as times do."""


@dataclass(frozen=True)
class Moment:
    """How the world was when a decision was made.

    Attributes:
        order: a number that grows.
        now: what the clock said, which may be before what it said earlier.
        staff: who was who.
        delegates: who voted for whom.
        mode: calm, strict or denied.
        demanded: what policies required then.
        versions: of the states, after it.
    """

    order: int
    now: datetime
    staff: dict[str, Actor]
    delegates: dict[str, str]
    mode: str
    demanded: tuple[Requirement, ...]
    versions: dict[str, int]


@dataclass
class Town:
    """A store, the people around it, and a journal of what the world was like at each decision."""

    store: Store
    law: tuple[Requirement, ...]
    clock: FrozenClock = field(default_factory=FrozenClock)
    people: People = field(default_factory=People)
    mode: str = "calm"
    frozen: list[FreezeWindow] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    journal: dict[tuple[str, int], Moment] = field(default_factory=dict)
    order: int = 0

    def __post_init__(self) -> None:
        numbers = itertools.count(1)
        self.gov = Governance.open(
            self.store,
            mutations=[GrantRole, AddTeam, Slippery],
            policies=[
                require(*self.law, when=lambda proposal: not _free(proposal.mutation)),
                allow(when=lambda proposal: _free(proposal.mutation)),
                freeze(lambda: tuple(self.frozen), waiver_roles=["release-manager"]),
                allow_emergency(["oncall"], reviewer_roles=["lead"]),
                allow_take_over(["administrator", "lead"]),
                Policy("times", self._times),
            ],
            directory=self.people,
            clock=self.clock,
            new_id=lambda: f"id-{next(numbers):04}",
            timer=lambda: 0,
        )
        for state_id in STATES:
            self.gov.create_state(state_id, Roles())

    def _times(self, _: Proposal) -> Verdict:
        if self.mode == "denied":
            return Verdict.deny("these are not the times")
        return Verdict.restrict(MORE) if self.mode == "strict" else Verdict.abstain()

    def moment(self) -> Moment:
        """Give how the world is now."""
        self.order += 1
        now = self.clock.now
        extra: list[Requirement] = [MORE] if self.mode == "strict" else []
        extra += [
            Freeze(name=each.name, until=each.end, waiver_roles=("release-manager",))
            for each in self.frozen
            if each.start <= now < each.end
        ]
        versions = {state_id: self.gov.get_state(state_id).version for state_id in STATES}
        staff, delegates = dict(self.people.staff), dict(self.people.delegates)
        return Moment(self.order, now, staff, delegates, self.mode, tuple(extra), versions)


def _free(mutation: object) -> bool:
    return isinstance(mutation, AddTeam) and mutation.team == "free"


# ---- the judge

SAYS = {"voted", "dissented", "abstained"}
FINAL = {"executed", "stale", "rejected", "canceled", "expired", "superseded"}


@dataclass(frozen=True)
class Said:
    """One vote, as the trail has it."""

    decision: Decision

    @property
    def persons(self) -> frozenset[str]:
        return frozenset({self.decision.actor, self.principal})

    @property
    def principal(self) -> str:
        return self.decision.on_behalf_of or self.decision.actor

    @property
    def step(self) -> int:
        return int(self.decision.metadata["step"])

    def stands(self, moment: Moment, asking: set[str]) -> bool:
        """Tell whether it could be given again: by the same people, who may, and who are known."""
        actor, chain = moment.staff.get(self.decision.actor), self.decision.metadata.get("chain")
        if actor is None or asking & {actor.id, actor.principal}:
            return False
        if not chain or actor.on_behalf_of == self.principal:
            return True
        way = [self.principal]
        while way[-1] != actor.id and len(way) <= 4:
            following = moment.delegates.get(way[-1])
            here = moment.staff.get(way[-1])
            if here is None or here.on_behalf_of or following is None or following in way:
                return False
            way.append(following)
        return actor.on_behalf_of is None and len(way) <= 4 and not asking & {*way}

    def fits(self, approval: Approval, moment: Moment, asking: set[str]) -> bool:
        """Tell whether it may fill a place of an approval, by what is recorded, or is so now where that counts."""
        facts = self.decision.metadata
        roles, groups, kind = set(facts["roles"]), set(facts["groups"]), facts["kind"]
        if approval.recheck:
            now = moment.staff.get(self.principal if "chain" in facts else self.decision.actor)
            if now is None or not self.stands(moment, asking):
                return False
            roles, groups, kind = set(now.roles), set(now.groups), moment.staff[self.decision.actor].kind.value
        open_to_all = not (approval.actors or approval.roles or approval.groups)
        listed = self.persons & {*approval.actors} or roles & {*approval.roles} or groups & {*approval.groups}
        return (
            self.step == approval.step
            and kind in [each.value for each in approval.kinds]
            and bool(open_to_all or listed)
        )


class Judge:
    """Judges one request by what it left behind.

    Args:
        town: where it lives.
        request: as it is now.
    """

    def __init__(self, town: Town, request: MutationRequest) -> None:
        self.town, self.request = town, request
        self.decisions = town.gov.decisions(request.id)
        self.terms = {digest(TERMS.dump(terms)): terms for terms in town.gov.revisions(request.id)}
        self.history = town.gov.history(request.state_id)

    def demand_order(self) -> None:
        """Every move has one decision; they link up, in time; nothing leaves a final status."""
        request, decisions = self.request, self.decisions
        assert [each.seq for each in decisions] == list(range(1, request.revision + 1))
        befores = ["created", *(each.to_status for each in decisions)]
        assert [each.from_status for each in decisions] == befores[:-1]
        assert befores[-1] == request.status
        assert request.status != "resolving"
        times = [each.at for each in decisions]
        assert times == sorted(times)
        for each in decisions:
            if each.from_status in FINAL:
                assert each.to_status == each.from_status
                assert each.code in {"commented", "reviewed"}
            before = times[each.seq - 2] if each.seq > 1 else each.at
            # not before the version that it rests on was written, should the clock have been set back since
            rests_on = [one.at for one in self.history if one.version == self.moment(each).versions[request.state_id]]
            assert each.at in {max(before, self.moment(each).now), max(before, self.moment(each).now, *rests_on)}

    def demand_separation(self) -> None:
        """Whoever asks has no part in what others decide; delegates were delegates; roles are what they were."""
        for each in self.decisions:
            terms, moment = self.terms[each.digest], self.moment(each)
            asking = {terms.requester, terms.on_behalf_of or terms.requester, *terms.formerly}
            chain = each.metadata.get("chain", [])
            if each.code in {*SAYS, "reported", "waived", "changes_requested"}:
                assert not asking & {each.actor, each.on_behalf_of, *chain}, each
            if each.code in SAYS:
                source = moment.staff[(each.on_behalf_of or each.actor) if chain else each.actor]
                assert each.metadata["roles"] == list(source.roles)
                assert len(chain) <= 4
                assert all(moment.delegates[a] == b for a, b in itertools.pairwise(chain))
                assert each.metadata["kind"] == moment.staff[each.actor].kind.value

    def demand_steps(self) -> None:
        """A vote in a later step was given after the steps before it were complete."""
        for each in self.decisions:
            if each.code in SAYS and each.metadata["step"] > 1:
                terms = self.terms[each.digest]
                before = [one for one in terms.requirements if one.step and one.step < each.metadata["step"]]
                assert not self.unmet(before, each), each

    def demand_execution(self) -> None:
        """What was executed was allowed to be, is in the history once, and is exactly what was decided on."""
        entries = [each for each in self.history if each.request_id == self.request.id]
        done = [each for each in self.decisions if each.code == "executed"]
        assert len(entries) == len(done) == (self.request.status == "executed")
        for entry, last in zip(entries, done, strict=True):
            terms, moment = self.terms[last.digest], self.moment(last)
            assert last.digest == self.request.digest
            assert (entry.version, entry.mutation) == (self.request.resulting_version, terms.mutation)
            assert entry.version == last.metadata["resolved_version"] + 1
            if entry.version == terms.expected_version + 1:
                assert entry.changes == terms.effect
            assert moment.mode != "denied"
            assert terms.expires_at is None or moment.now < terms.expires_at
            before = self.decisions[last.seq - 2]
            assert before.metadata["execution_id"] == last.metadata["execution_id"]
            if before.code == "overridden":
                assert "oncall" in moment.staff[before.actor].roles
                assert self.request.review in {"open", "closed"}
            else:
                assert before.code == "resolved"
                self.demand_valid_approval(terms, last)
                assert not self.unmet(terms.requirements, last)
                assert not self.unmet(self.demanded(moment), last)
                assert self.request.review == ""

    def demand_valid_approval(self, terms: Terms, last: Decision) -> None:
        """An approval counts so long, from the last that was said, or from when it could be executed."""
        lasts, now = terms.approval_valid_for, self.moment(last).now
        if lasts is None or not any(isinstance(each, Approval | ManualReview) for each in terms.requirements):
            return
        saying = {"voted", "reported", "waived"}
        begins = [each.at for each in self.decisions[: last.seq] if each.code in saying and each.digest == last.digest]
        for each in terms.requirements:
            if isinstance(each, Schedule) and each.not_before:
                begins.append(each.not_before)
            elif isinstance(each, Freeze):
                begins.append(each.until)
            elif isinstance(each, Dependency):
                begins += [one.at for one in self.town.gov.decisions(each.request_id)]
            elif isinstance(each, Quota):
                begins += [one.at + each.per for one in self.history if one.at <= now]
        assert now < max(begins) + lasts

    def demand_run_out(self) -> None:
        """An approval runs out when its time is over, not before, and never where it counts for ever."""
        for each in self.decisions:
            if each.code == "approval_expired":
                lasts = self.terms[each.digest].approval_valid_for
                before = [one for one in self.decisions[: each.seq - 1] if one.digest == each.digest]
                assert lasts is not None
                assert all(vote.decision.at + lasts <= self.moment(each).now for vote in _votes(before))

    def demanded(self, moment: Moment) -> list[Requirement]:
        """Give what policies required at a moment; all of a role are who had it then."""
        free = self.request.mutation == "AddTeam" and self.request.payload["team"] == "free"
        terms = self.request.terms
        asking = {terms.requester, terms.on_behalf_of or terms.requester, *terms.formerly}
        found: list[Requirement] = []
        for each in _added_up((*(() if free else self.town.law), *moment.demanded)):
            if isinstance(each, Approval) and each.count == "all":
                names = [
                    one.id
                    for one in moment.staff.values()
                    if {*one.roles} & {*each.roles} and one.kind == "human" and one.id not in asking
                ]
                found.append(Approval("all", actors=tuple(names)) if names else Approval(99))
            else:
                found.append(each)
        return found

    def moment(self, decision: Decision) -> Moment:
        return self.town.journal[decision.request_id, decision.seq]

    def unmet(self, requirements: Sequence[Requirement], last: Decision) -> list[str]:
        """Give which of these were not met when a decision was made."""
        terms, moment = self.terms[last.digest], self.moment(last)
        before = [each for each in self.decisions[: last.seq - 1] if each.digest == last.digest]
        asking = {terms.requester, terms.on_behalf_of or terms.requester, *terms.formerly}
        asking |= self.asking_now(terms, moment)
        votes = [vote for vote in _votes(before) if not vote.persons & asking]
        places: list[Approval] = []
        missing: list[str] = []
        for each in requirements:
            if not isinstance(each, Approval):
                if not self._holds(each, last, before, asking):
                    missing.append(str(each))
            elif each.actors or each.roles or each.groups:
                places += [each] * (each.count if isinstance(each.count, int) else len(each.people or each.actors))
            elif sum(vote.fits(each, moment, asking) for vote in votes) < int(str(each.count)):
                missing.append(f"{each} in all")
        if not _filled(places, votes, moment, asking, frozenset()):
            missing.append(f"{len(places)} places by {len(votes)} votes")
        return missing

    def asking_now(self, terms: Terms, moment: Moment) -> set[str]:
        asked = (moment.staff.get(each) for each in {terms.requester, terms.on_behalf_of, *terms.formerly} if each)
        return {name for each in asked if each is not None for name in (each.id, each.principal)}

    def _holds(self, wanted: Requirement, last: Decision, before: Sequence[Decision], asking: set[str]) -> bool:
        now = self.moment(last).now
        if isinstance(wanted, Schedule):
            begun = wanted.not_before is None or now >= wanted.not_before
            return begun and (wanted.not_after is None or now < wanted.not_after)
        if isinstance(wanted, Freeze):
            return now >= wanted.until or self._waived(wanted, last, before, asking)
        if isinstance(wanted, Dependency):
            return self._executed_by(wanted, self.moment(last).order)
        if isinstance(wanted, Quota):
            return self._has_room(wanted, last, now)
        assert isinstance(wanted, ManualReview | ExternalCheck)
        return self._reported(wanted, last, before, asking)

    def _waived(self, wanted: Freeze, last: Decision, before: Sequence[Decision], asking: set[str]) -> bool:
        for each in before:
            if each.code == "waived" and each.metadata["freeze"] == wanted.name:
                then, now = (self.moment(one).staff.get(each.actor) for one in (each, last))
                roles = {*then.roles} & {*now.roles} if then and now else set()
                if now and roles & {*wanted.waiver_roles} and not asking & {now.id, now.principal}:
                    return True
        return False

    def _reported(
        self, wanted: ManualReview | ExternalCheck, last: Decision, before: Sequence[Decision], asking: set[str]
    ) -> bool:
        ends = [each.metadata["approved_until"] for each in before if each.code == "approval_expired"]
        for found in reversed(before):
            if found.code != "reported" or found.metadata["check"] != wanted.name:
                continue
            if isinstance(wanted, ManualReview) and stamp(found.at) < max(ends, default=""):
                return False
            if not found.metadata["passed"]:
                return False
            by = self.moment(last).staff.get(found.actor)
            eligible = by and by.kind in wanted.kinds and (not wanted.roles or {*wanted.roles} & {*by.roles})
            if by and eligible and not asking & {by.id, by.principal}:
                return wanted.valid_for is None or self.moment(last).now < found.at + wanted.valid_for
        return False

    def _executed_by(self, wanted: Dependency, order: int) -> bool:
        named = request = self.town.gov.get_request(wanted.request_id)
        while request.successor is not None:
            request = self.town.gov.get_request(request.successor)
        terms = request.terms
        asks = json.dumps([terms.state_id, terms.mutation, terms.schema_version, terms.payload], separators=(",", ":"))
        if wanted.asks != sha256(asks.encode()).hexdigest():
            return False
        if request is not named and (request.resulting_version or 0) <= named.terms.expected_version:
            return False
        seqs = [each.seq for each in self.town.gov.decisions(request.id) if each.code == "executed"]
        return bool(seqs) and self.town.journal[request.id, seqs[0]].order <= order

    def _has_room(self, wanted: Quota, last: Decision, now: datetime) -> bool:
        top = self.moment(last).versions[self.request.state_id]
        if last.code == "executed":
            top = int(last.metadata["resolved_version"])
        made = [each.at for each in self.history if each.kind is HistoryKind.EXECUTED and each.version <= top]
        return any(at + wanted.per <= now for at in made[-wanted.limit :]) or len(made) < wanted.limit


def _votes(decisions: Iterable[Decision]) -> list[Said]:
    """Give the approvals that stand."""
    standing: dict[str, Said] = {}
    for each in decisions:
        principal = each.on_behalf_of or each.actor
        if each.code == "voted":
            assert principal not in standing, "somebody voted twice"
            standing[principal] = Said(each)
        elif each.code == "withdrawn":
            standing.pop(principal, None)
        elif each.code == "approval_expired":
            standing.clear()
    return list(standing.values())


def _added_up(requirements: Iterable[Requirement]) -> list[Requirement]:
    """Put together the approvals that ask the same people: the largest number counts, and all are the most."""
    found: list[Requirement] = []
    for each in requirements:
        if isinstance(each, Approval):
            same = [one for one in found if isinstance(one, Approval) and _who(one) == _who(each)]
            counts = [one.count for one in (*same, each)]
            most: Any = "all" if "all" in counts else max(int(str(one)) for one in counts)
            found = [one for one in found if one not in same]
            found.append(Approval(most, roles=each.roles, actors=each.actors, kinds=each.kinds, step=each.step))
        else:
            found.append(each)
    return found


def _who(approval: Approval) -> tuple[object, ...]:
    return (approval.actors, approval.roles, approval.groups, approval.kinds, approval.step)


def _filled(
    places: Sequence[Approval], votes: Sequence[Said], moment: Moment, asking: set[str], used: frozenset[str]
) -> bool:
    """Tell whether distinct people fill all places, by trying."""
    if not places:
        return True
    return any(
        vote.fits(places[0], moment, asking)
        and not vote.persons & used
        and _filled(places[1:], votes, moment, asking, used | vote.persons)
        for vote in votes
    )


def demand_whole(entries: Sequence[HistoryEntry], found: Sequence[MutationRequest]) -> None:
    """Versions are 1, 2, 3 ..., and each but the first was made by one executed request."""
    assert [each.version for each in entries] == list(range(1, len(entries) + 1))
    made = [each.request_id for each in entries[1:]]
    done = {each.id for each in found if each.status == "executed"}
    assert len(set(made)) == len(made)
    assert set(made) == done


# ---- lives

BROKEN = (
    IntegrityError,
    StoreError,
    ConfigurationError,
    MutationContractError,
    DirectoryRaisedError,
    PolicyRaisedError,
)
"""What no ask may raise here: nobody has tampered with anything, and all that is registered keeps its contract."""

PERSON = st.sampled_from(EVERYBODY)
LEADS = st.sampled_from(("ann", "dan", "kim", "gil", "eve", "bob", "del", "agent-8"))
WHICH = st.integers(0, 99)
MUTATING: st.SearchStrategy[Mutation[Any]] = st.one_of(
    st.builds(GrantRole, user=st.sampled_from(["ada", "fay"]), role=st.sampled_from(["reader", "admin"])),
    st.builds(AddTeam, team=st.sampled_from(["red", "blue", "free"])),
    st.builds(Slippery, user=st.sampled_from(["ada", "fay"])),
    st.builds(Slippery, user=st.sampled_from(["ada", "fay"])),
)
TROUBLES = ["overtaken", "overtaken", "overtaken", "icy", "icy", "denied", "strict"]
OWN = st.sampled_from(
    ["", "", "", "", "", "", "later", "until", "after another", "legal", "board at last", "noted", "any rejection"]
)


DEEDS: list[tuple[str, dict[str, st.SearchStrategy[Any]]]] = []
"""What can be done: the name of a method, and its arguments. One that stands there twice is done twice as often."""

F = TypeVar("F", bound=Callable[..., Any])


def deed(*, often: int = 1, **arguments: st.SearchStrategy[Any]) -> Callable[[F], F]:
    """Make a method a deed. Were each a rule of its own, most lives would lack most of them."""

    def made(method: F) -> F:
        DEEDS.extend([(method.__name__, arguments)] * often)
        return method

    return made


class Lives(RuleBasedStateMachine):
    """Whatever people can do to requests, in any order."""

    census: ClassVar[Counter[str]] = Counter()
    """How often each status was come to (`= status`), and each trigger fired."""

    def __init__(self) -> None:
        super().__init__()
        Slippery.icy = False
        self.seen: dict[str, int] = {}
        self.town: Town

    def make_store(self) -> Store:
        raise NotImplementedError

    @initialize(law=st.sampled_from(list(LAWS)), mutation=MUTATING)
    def begin(self, law: str, mutation: Mutation[Any]) -> None:
        self.town = Town(self.make_store(), LAWS[law])
        event(f"law: {law}")
        self.ask("submit", mutation, to=STATES[0], by="bob")

    @rule(data=st.data())
    def live(self, data: st.DataObject) -> None:
        name, arguments = data.draw(st.sampled_from(DEEDS), "deed")
        getattr(self, name)(**{key: data.draw(values, key) for key, values in arguments.items()})

    # ---- how they ask

    def ask(self, method: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - of whatever method of Governance
        """Ask for something; it may be refused, and then nothing has changed."""
        before = self.now()
        answer = self.tried(method, *args, **options)
        if isinstance(answer, PlacetError):
            assert self.now() == before, f"{method} raised {answer!r}, and something has changed"
            return None
        self.note()
        return answer

    def tried(self, method: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as above
        """Ask for something, and give the answer, or the error that refuses it."""
        try:
            answer = getattr(self.town.gov, method)(*args, **options)
        except PlacetError as error:
            answer = error
        assert not isinstance(answer, BROKEN), repr(answer)
        return answer

    def now(self) -> dict[str, MutationRequest]:
        return {each.id: each for each in self.town.gov.find_requests(limit=1000)}

    def note(self) -> None:
        """Write in the journal what the world was like at each new decision."""
        moment = None
        for request in self.now().values():
            known = self.seen.get(request.id, 0)
            if request.id not in self.town.ids:
                self.town.ids.append(request.id)
            if request.revision == known:
                continue
            moment = moment or self.town.moment()
            for each in self.town.gov.decisions(request.id)[known:]:
                self.town.journal[request.id, each.seq] = moment
                self.census[each.trigger] += 1
                self.census[f"= {each.to_status}"] += 1
            self.seen[request.id] = request.revision
        self.town.ids.sort()

    def pick(self, which: int) -> str:
        """Pick a request, mostly one that is not final."""
        found = self.now()
        lively = [each for each in self.town.ids if not found[each].status.terminal]
        ids = lively if lively and which % 8 else self.town.ids
        return ids[which % len(ids)] if ids else "nobody"

    def among(self, which: int, *statuses: Status) -> str:
        """Pick a request in one of these statuses, or any where there is none."""
        found = sorted(each.id for each in self.now().values() if each.status in statuses)
        return found[which % len(found)] if found and which % 8 else self.pick(which)

    def digest(self, request_id: str) -> str:
        found = self.now().get(request_id)
        return found.digest if found else "0" * 64

    # ---- asking

    @deed(
        often=3,
        mutation=MUTATING,
        to=st.sampled_from(STATES),
        by=st.sampled_from(["bob", "bob", "ann", "agent-7", "eve", "root"]),
        on_drift=st.sampled_from(OnDrift),
        fallback=st.sampled_from([OnDrift.REJECT, OnDrift.RENEW_APPROVAL, OnDrift.REVALIDATE]),
        pause=st.booleans(),
        expires=st.sampled_from([None, None, None, 30, 300]),
        lasts=st.sampled_from([None, None, None, 90]),
        own=OWN,
        which=WHICH,
    )
    def submit(
        self,
        *,
        mutation: Mutation[Any],
        to: str,
        by: str,
        on_drift: OnDrift,
        fallback: OnDrift,
        pause: bool,
        expires: int | None,
        lasts: int | None,
        own: str,
        which: int,
    ) -> None:
        self.ask(
            "submit",
            mutation,
            to=to,
            by=by,
            on_drift=on_drift,
            fallback=fallback,
            pause_for_revalidation=pause,
            expires_at=None if expires is None else self.town.clock.now + expires * MINUTE,
            approval_valid_for=None if lasts is None else lasts * MINUTE,
            requirements=self.own(own, which),
        )

    def own(self, what: str, which: int) -> list[Requirement]:
        now = self.town.clock.now
        made: dict[str, Callable[[], Requirement]] = {
            "later": lambda: Schedule(not_before=now + 30 * MINUTE),
            "until": lambda: Schedule(not_after=now + 2 * HOUR),
            "after another": lambda: Dependency(request_id=self.pick(which)),
            "legal": lambda: ManualReview(name="legal", roles=("board",), valid_for=HOUR),
            "board at last": lambda: Approval(1, roles=("board",), step=2),
            "noted": lambda: Approval(1, roles=("release-manager",), when_impossible=WhenImpossible.NOTE),
            "any rejection": lambda: Approval(1, roles=("lead", "board"), any_rejection_ends=True),
        }
        return [made[what]()] if what else []

    @deed(which=WHICH, mutation=MUTATING, by=st.sampled_from(["bob", "bob", "bob", "ann", "eve", "agent-7"]))
    def amend(self, which: int, mutation: Mutation[Any], by: str) -> None:
        self.ask("amend", self.among(which, Status.CREATED, Status.FAILED), mutation, by=by)

    @deed(which=WHICH, by=st.sampled_from(["root", "root", "gil", "agent-8", "ann"]))
    def take_over(self, which: int, by: str) -> None:
        self.ask("take_over", self.pick(which), by=by, reason="somebody has left")

    # ---- deciding

    @deed(often=2, which=WHICH, by=PERSON)
    def approve(self, which: int, by: str) -> None:
        request_id = self.pick(which)
        self.ask("approve", request_id, by=by, digest=self.digest(request_id))

    @deed(which=WHICH)
    def everybody_agrees(self, which: int) -> None:
        self.agree(which)

    def agree(self, which: int) -> str:
        """Let everybody say yes, until there is nothing more to say yes to."""
        request_id = self.among(which, Status.PENDING, Status.APPROVED)
        shown = self.digest(request_id)
        for by in ("ci", "dan"):
            for check in ("tests", "legal"):
                self.ask("report", request_id, check=check, passed=True, by=by, digest=shown, evidence="seen")
        for by in ("gil", "ann", "dan", "kim", "eve", "gil", "del"):
            if self.ask("approve", request_id, by=by, digest=shown) is not None:
                event("agree: a vote")
        for each in self.town.frozen:
            self.ask("waive", request_id, freeze=each.name, by="eve", digest=shown, reason="small")
        return request_id

    @deed(often=2, which=WHICH)
    def live_a_good_life(self, which: int) -> None:
        request_id = self.agree(which)
        self.ask("execute", request_id, by="ops")

    @deed(
        often=5,
        which=WHICH,
        trouble=st.sampled_from(TROUBLES),
    )
    def get_into_trouble(self, which: int, trouble: str) -> None:
        """Be agreed on, and then find the world changed."""
        request_id = self.agree(which)
        found = self.now().get(request_id)
        if found is not None and trouble == "overtaken":
            other = self.ask("submit", AddTeam(team="free"), to=found.state_id, by="bob")
            if other is not None:
                self.ask("execute", other.id, by="ops")
        mode = self.town.mode
        Slippery.icy = trouble == "icy"
        self.town.mode = trouble if trouble in {"denied", "strict"} else mode
        self.ask("execute", request_id, by="ops")
        Slippery.icy, self.town.mode = False, mode

    @deed(
        which=WHICH,
        by=st.sampled_from(["del", "del", "bob", "ann", "eve"]),
        for_=st.sampled_from(["ann", "kim", "dan", "bob", "eve"]),
        method=st.sampled_from(["approve", "approve", "abstain"]),
    )
    def vote_for_another(self, which: int, by: str, for_: str, method: str) -> None:
        request_id = self.pick(which)
        self.ask(method, request_id, by=by, digest=self.digest(request_id), on_behalf_of=for_)

    @deed(which=WHICH, by=LEADS)
    def reject(self, which: int, by: str) -> None:
        self.ask("reject", self.pick(which), by=by, reason="no", code="wrong_scope")

    @deed(which=WHICH, by=LEADS)
    def abstain(self, which: int, by: str) -> None:
        request_id = self.pick(which)
        self.ask("abstain", request_id, by=by, digest=self.digest(request_id))

    @deed(often=3, which=WHICH, by=LEADS, for_=st.sampled_from([None, None, None, "ann", "kim"]))
    def withdraw(self, which: int, by: str, for_: str | None) -> None:
        self.ask("withdraw", self.among(which, Status.PENDING), by=by, on_behalf_of=for_)

    @deed(
        which=WHICH,
        by=st.sampled_from(["ci", "ci", "dan", "eve", "bob"]),
        check=st.sampled_from(["tests", "legal"]),
        passed=st.booleans(),
    )
    def report(self, which: int, by: str, check: str, passed: bool) -> None:
        request_id = self.pick(which)
        shown = self.digest(request_id)
        self.ask("report", request_id, check=check, passed=passed, by=by, digest=shown, evidence="seen")

    @deed(which=WHICH, by=st.sampled_from(["eve", "gil", "bob"]))
    def waive(self, which: int, by: str) -> None:
        request_id = self.pick(which)
        shown = self.digest(request_id)
        self.ask("waive", request_id, freeze="storm", by=by, digest=shown, reason="small")

    @deed(often=3, which=WHICH, by=LEADS)
    def request_changes(self, which: int, by: str) -> None:
        self.ask("request_changes", self.among(which, Status.PENDING), by=by, reason="another name")

    @deed(by=PERSON)
    def work_through_the_inbox(self, by: str) -> None:
        """Whatever an inbox shows can be voted on, reported on, or waived."""
        for request in self.tried_inbox(by):
            shown = self.digest(request.id)
            checks = [str(vars(each)["name"]) for each in request.requirements if hasattr(each, "name")]
            did = [
                self.ask("approve", request.id, by=by, digest=shown, on_behalf_of=for_)
                for for_ in (None, *self.town.people.delegates)
            ]
            for name in dict.fromkeys([*checks, *(each.name for each in self.town.frozen)]):
                did.append(
                    self.ask("report", request.id, check=name, passed=True, by=by, digest=shown, evidence="seen")
                )
                did.append(self.ask("waive", request.id, freeze=name, by=by, digest=shown, reason="small"))
            assert any(did), f"{request} is in the inbox of {by}, who can do nothing about it"

    def tried_inbox(self, by: str) -> tuple[MutationRequest, ...]:
        found = self.tried("inbox", by)
        return () if isinstance(found, PlacetError) else tuple(found)[:1]

    # ---- everything else

    @deed(which=WHICH, by=PERSON, method=st.sampled_from(["comment", "hold"]))
    def comment_or_hold(self, which: int, by: str, method: str) -> None:
        self.ask(method, self.pick(which), by=by, reason="hm")

    @deed(which=WHICH, by=PERSON)
    def release(self, which: int, by: str) -> None:
        held = sorted(each.id for each in self.now().values() if each.held and not each.status.terminal)
        for each in (by, "root", "dan"):
            self.ask("release", held[which % len(held)] if held else self.pick(which), by=each)

    @deed(often=3, which=WHICH, by=PERSON)
    def retry(self, which: int, by: str) -> None:
        self.ask("retry", self.among(which, Status.FAILED), by=by)

    @deed(which=WHICH, by=PERSON)
    def cancel(self, which: int, by: str) -> None:
        request_id = self.pick(which)
        found = self.now().get(request_id)
        self.ask("cancel", request_id, by=found.requester if found and which % 2 else by)

    @deed(which=WHICH, other=WHICH, by=st.sampled_from(["bob", "root", "ann"]))
    def supersede(self, which: int, other: int, by: str) -> None:
        request_id = self.pick(which)
        found = self.now().get(request_id)
        successors = [each for each in self.town.ids if each != request_id][-3:] or [request_id]
        asker = found.requester if found and which % 3 else by
        self.ask("supersede", request_id, successor=successors[other % len(successors)], by=asker)

    @deed(often=3, which=WHICH, by=LEADS)
    def review(self, which: int, by: str) -> None:
        owed = [each.id for each in self.now().values() if each.review == "open"]
        for each in owed or [self.pick(which)]:
            self.ask("review", each, by=by, reason="fine")

    # ---- executing

    @deed(often=2, which=WHICH, by=st.sampled_from(["ops", "bob"]))
    def execute(self, which: int, by: str) -> None:
        self.ask("execute", self.among(which, Status.APPROVED, Status.REVALIDATION), by=by)

    @deed(which=st.lists(WHICH, min_size=1, max_size=3))
    def execute_many(self, which: list[int]) -> None:
        self.ask("execute_many", [self.pick(each) for each in which], by="ops")

    @deed(often=3, which=WHICH, by=st.sampled_from(["ops", "ops", "bob", "agent-7", "root"]))
    def break_glass(self, which: int, by: str) -> None:
        self.ask("execute", self.pick(which), by=by, emergency=Emergency("it burns", "INC-1"))

    @deed(often=3, which=WHICH, by=st.sampled_from(["ann", "dan", "ops"]))
    def revalidate(self, which: int, by: str) -> None:
        request_id = self.among(which, Status.REVALIDATION)
        looked = self.tried("current_effect", request_id)
        digest = looked.digest if isinstance(looked, CurrentEffect) else "none"
        self.ask("revalidate", request_id, by=by, digest=digest)

    # ---- time, and the world

    @deed()
    def expire_due(self) -> None:
        self.ask("expire_due")

    @deed(which=WHICH)
    def reassess(self, which: int) -> None:
        self.ask("reassess", self.pick(which))

    @deed()
    def reassess_open(self) -> None:
        self.ask("reassess_open")

    @deed(minutes=st.sampled_from([1, 1, 10, 35, 65, 130, -5, -70]))
    def time_passes(self, minutes: int) -> None:
        self.town.clock.tick(minutes=minutes)

    @deed(who=LEADS, role=st.sampled_from(["lead", "board", "release-manager", "oncall"]))
    def somebody_changes(self, who: str, role: str) -> None:
        self.town.people.turn(who, role)

    @deed(often=3, role=st.sampled_from(["lead", "board", "release-manager"]), for_good=st.booleans())
    def a_role_dies_out(self, role: str, for_good: bool) -> None:
        before = dict(self.town.people.staff)
        for actor in before.values():
            if role in actor.roles:
                self.town.people.turn(actor.id, role)
        self.ask("reassess_open")
        if not for_good:
            self.town.people.staff = before

    @deed(often=3)
    def a_long_time_passes(self) -> None:
        self.town.clock.tick(minutes=310)
        self.ask("expire_due")

    @deed(who=PERSON)
    def somebody_leaves_or_returns(self, who: str) -> None:
        self.town.people.leave_or_return(who)

    @deed(who=st.sampled_from(list(DELEGATES)), to=PERSON)
    def somebody_hands_on_votes(self, who: str, to: str) -> None:
        self.town.people.delegates[who] = to

    @deed(often=1, mode=st.sampled_from(["calm", "calm", "calm", "strict", "denied"]))
    def times_change(self, mode: str) -> None:
        self.town.mode = mode

    @deed(icy=st.booleans())
    def it_freezes_over(self, icy: bool) -> None:
        Slippery.icy = icy

    @deed(minutes=st.sampled_from([20, 200]))
    def a_storm_comes(self, minutes: int) -> None:
        now = self.town.clock.now
        self.town.frozen[:] = [FreezeWindow("storm", now, now + minutes * MINUTE)]

    # ---- at once

    @deed(
        which=WHICH,
        first=st.sampled_from(["approve", "approve", "execute", "withdraw", "cancel"]),
        second=st.sampled_from(["approve", "approve", "execute", "abstain", "hold"]),
        one=LEADS,
        other=LEADS,
    )
    def race(self, which: int, first: str, second: str, one: str, other: str) -> None:
        """Let two people do something in the same moment."""
        request_id = self.pick(which)
        shown = self.digest(request_id)
        barrier, answers = Barrier(2, timeout=60), list[Any]()

        def act(method: str, by: str) -> None:
            options: dict[str, Any] = {"digest": shown} if method in {"approve", "abstain"} else {}
            if method == "hold":
                options["reason"] = "hm"
            barrier.wait()
            try:
                answers.append(self.tried(method, request_id, by=by, **options))
            except BaseException as error:  # noqa: BLE001 - it is raised again, below
                answers.append(error)

        racers = [Thread(target=act, args=pair) for pair in ((first, one), (second, other))]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        self.note()
        assert len(answers) == 2
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, PlacetError):
                raise answer

    # ---- what always holds

    @invariant()
    def every_life_is_in_order(self) -> None:
        if not hasattr(self, "town"):
            return
        found = self.now()
        for request_id, request in found.items():
            if self.judged.get(request_id) == request.revision:
                continue
            judge = Judge(self.town, self.town.gov.get_request(request_id))
            judge.demand_order()
            judge.demand_separation()
            judge.demand_steps()
            judge.demand_execution()
            judge.demand_run_out()
            self.judged[request_id] = request.revision
        for state_id in STATES:
            entries = self.town.gov.history(state_id)
            assert self.town.gov.get_state(state_id).version == len(entries)
            demand_whole(entries, [each for each in found.values() if each.state_id == state_id])

    @property
    def judged(self) -> dict[str, int]:
        """The revision at which each request was judged last."""
        kept: dict[str, int] = self.__dict__.setdefault("_judged", {})
        return kept

    def teardown(self) -> None:
        if not hasattr(self, "town"):
            return
        gov = self.town.gov
        try:
            found = gov.verify()
            assert found.ok, str(found)
            self.town.people.come_back(*EVERYBODY)
            for request_id in self.town.ids:
                self.demand_a_way_out(request_id)
            found = gov.verify()
            assert found.ok, str(found)
        finally:
            gov.close()

    def demand_a_way_out(self, request_id: str) -> None:
        """Whatever is not final waits for something it can name, or can be executed; and can be taken back."""
        gov = self.town.gov
        request = gov.get_request(request_id)
        waiting = gov.waiting_for(request_id)
        if request.status.terminal:
            return
        if not waiting.reasons:
            answer = self.tried("execute", request_id, by="ops")
            if isinstance(answer, TransitionRefusedError):
                assert answer.rule == "must_wait", f"{waiting}, and yet: {answer}"
        request = gov.get_request(request_id)
        if not request.status.terminal:
            assert gov.cancel(request_id, by=request.requester).status is Status.CANCELED

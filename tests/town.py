"""The town in which sequences are lived: its law, its people, its times, and how each trigger is asked for.

`WAYS` has for each trigger of the table the ways to ask for it through the public face.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, ClassVar

from placet import (
    Actor,
    ActorKind,
    Emergency,
    Governance,
    Intent,
    Mutation,
    Policy,
    Proposal,
    Requirement,
    State,
    Verdict,
    allow_emergency,
    allow_take_over,
)
from placet.errors import ActorNotFoundError
from placet.requirements import Approval, ExternalCheck, Freeze, WhenImpossible
from placet.store.port import Store
from placet.testing import FrozenClock, counting_ids
from turn import (
    ADMINISTRATOR,
    CHECKER,
    HOUR,
    LEADS,
    MOST_FAILURES,
    ON_CALL,
    REQUESTER,
    STEWARDS,
    VALID,
    WAIVER,
    Ask,
    Wish,
)

STATE = "pair"

# ---- the town


class Pair(State):
    """Two numbers."""

    first: int = 0
    second: int = 0


class Write(Mutation[Pair]):
    """Give one of two fields a value."""

    intent = Intent(operation="write")
    broken: ClassVar[bool] = False
    field: int
    value: int
    leads: int
    checked: bool
    lenient: bool

    covers: str

    def apply(self, state: Pair) -> Pair:
        if Write.broken:
            raise ValueError("broken")
        return state.evolve(**{("first", "second")[self.field]: self.value})


class Overwrite(Write):
    """The same, whatever value the field has by then."""

    intent = Intent(operation="overwrite")
    approval_covers = "mutation"


def wished(wish: Wish) -> Write:
    """Make the mutation that is wished for."""
    return (Overwrite if wish.covers == "mutation" else Write)(**asdict(wish))


STAFF = (
    Actor(REQUESTER),
    *(Actor(each, roles=("lead", *(["steward"] if each in STEWARDS else []))) for each in LEADS),
    Actor(ON_CALL, roles=("oncall",)),
    Actor(WAIVER, roles=("release-manager",)),
    Actor(ADMINISTRATOR, roles=("administrator",)),
    Actor(CHECKER, ActorKind.SERVICE),
)


class Town:
    """The clock, the directory and the law, in times that change."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.times = "calm"
        self.freeze = Freeze(name="sale", until=self.clock.now + timedelta(days=999), waiver_roles=("release-manager",))

    def actor(self, actor_id: str) -> Actor:
        for each in STAFF:
            if each.id == actor_id:
                stripped = self.times == "stripped" and actor_id in LEADS
                return Actor(actor_id) if stripped else each
        raise ActorNotFoundError(actor_id)

    def holders(self, roles: tuple[str, ...], groups: tuple[str, ...]) -> Iterable[Actor]:
        return [each for each in (self.actor(one.id) for one in STAFF) if {*roles} & {*each.roles}]

    def law(self, proposal: Proposal) -> Verdict:
        wish = proposal.mutation
        assert isinstance(wish, Write)
        if self.times == "denied":
            return Verdict.deny("these are not the times")
        required: list[Requirement] = []
        leads = wish.leads + (self.times == "strict")
        if leads:
            then = WhenImpossible.NOTE if wish.lenient else WhenImpossible.REJECT
            required.append(Approval(leads, roles=("lead",), recheck=True, when_impossible=then))
        if wish.checked:
            required.append(ExternalCheck(name="tests", kinds=(ActorKind.SERVICE,)))
        if self.times == "frozen":
            required.append(self.freeze)
        return Verdict.require(*required) if required else Verdict.allow()

    @contextmanager
    def during(self, times: str) -> Iterator[None]:
        """Let times be like this for a while, and then as before; a clock that was ahead jumps back."""
        before = self.times
        ahead = HOUR * ((times == "late") - (before == "late"))
        self.times, Write.broken = times, times == "broken"
        self.clock.tick(minutes=ahead)
        try:
            yield
        finally:
            self.times, Write.broken = before, before == "broken"
            self.clock.tick(minutes=-ahead)

    def governance(self, store: Store, prefix: str) -> Governance:
        return Governance.open(
            store,
            mutations=[Write, Overwrite],
            policies=[
                Policy("law", self.law),
                allow_emergency(["oncall"], reviewer_roles=["lead"]),
                allow_take_over(["steward"]),
            ],
            directory=self,
            clock=self.clock,
            new_id=counting_ids(prefix),
            timer=lambda: 0,
            max_failures=MOST_FAILURES,
            approval_valid_for=timedelta(minutes=VALID),
        )


# ---- how to ask


@dataclass(frozen=True)
class Said:
    """An ask, with what whoever asks has in hand: the digest they read, and the moment it was."""

    ask: Ask
    digest: str
    clock: FrozenClock


def _submit(gov: Governance, it: Said) -> object:
    ask = it.ask
    base = it.clock.now - timedelta(minutes=HOUR if ask.times == "late" else 0)
    return gov.submit(
        wished(ask.wish),
        to=STATE,
        by=ask.by,
        request_id=ask.id,
        on_drift=ask.on_drift,
        fallback=ask.fallback,
        pause_for_revalidation=ask.pause,
        expires_at=None if ask.deadline is None else base + timedelta(minutes=ask.deadline),
    )


def _execute(gov: Governance, it: Said) -> object:
    emergency = Emergency("the shop is down", "INC-42") if it.ask.emergency else None
    return gov.execute(it.ask.id, by=it.ask.by, emergency=emergency)


CALLS: dict[str, Callable[[Governance, Said], object]] = {
    "submit": _submit,
    "take_over": lambda gov, it: gov.take_over(it.ask.id, by=it.ask.by, reason="bob has left"),
    "amend": lambda gov, it: gov.amend(it.ask.id, wished(it.ask.wish), by=it.ask.by),
    "approve": lambda gov, it: gov.approve(it.ask.id, by=it.ask.by, digest=it.digest),
    "reject": lambda gov, it: gov.reject(it.ask.id, by=it.ask.by, reason="no", digest=it.digest),
    "abstain": lambda gov, it: gov.abstain(it.ask.id, by=it.ask.by, digest=it.digest),
    "withdraw": lambda gov, it: gov.withdraw(it.ask.id, by=it.ask.by),
    "request_changes": lambda gov, it: gov.request_changes(it.ask.id, by=it.ask.by, reason="smaller"),
    "report": lambda gov, it: gov.report(
        it.ask.id, check="tests", passed=it.ask.passed, by=it.ask.by, digest=it.digest, evidence="log"
    ),
    "waive": lambda gov, it: gov.waive(it.ask.id, freeze="sale", by=it.ask.by, digest=it.digest, reason="small"),
    "hold": lambda gov, it: gov.hold(it.ask.id, by=it.ask.by, reason="wait"),
    "release": lambda gov, it: gov.release(it.ask.id, by=it.ask.by),
    "cancel": lambda gov, it: gov.cancel(it.ask.id, by=it.ask.by),
    "supersede": lambda gov, it: gov.supersede(it.ask.id, successor=it.ask.successor or "nobody", by=it.ask.by),
    "retry": lambda gov, it: gov.retry(it.ask.id, by=it.ask.by),
    "comment": lambda gov, it: gov.comment(it.ask.id, by=it.ask.by, reason="hm"),
    "review": lambda gov, it: gov.review(it.ask.id, by=it.ask.by, reason="it was right to"),
    "reassess": lambda gov, it: gov.reassess(it.ask.id),
    "execute": _execute,
    "revalidate": lambda gov, it: gov.revalidate(it.ask.id, by=it.ask.by, digest=gov.current_effect(it.ask.id).digest),
    "expire_due": lambda gov, it: gov.expire_due(),
}

ALL_TIMES = ("calm", "strict", "denied", "broken", "stripped", "frozen", "late")


def every(verb: str, **choices: Sequence[Any]) -> tuple[Ask, ...]:
    """Give every combination of these choices, in all times unless some are named."""
    choices = {"times": ALL_TIMES, **choices}
    return tuple(
        Ask(verb, **dict(zip(choices, values, strict=True))) for values in itertools.product(*choices.values())
    )


VOTER = {"by": (*LEADS, REQUESTER, ADMINISTRATOR), "shown": (0, 1)}
OWNER = {"by": (REQUESTER, ADMINISTRATOR, "ann", *STEWARDS)}
WISHES = (
    Wish(1, 2),
    Wish(0, 3, leads=0),
    Wish(0, 4, leads=2),
    Wish(1, 5, checked=True),
    Wish(1, 6, 1, lenient=True),
    Wish(0, 7, covers="mutation"),
)
TAKEN = every("submit", wish=WISHES[:2])
REASSESS = every("reassess")
VOTE = every("approve", **VOTER)
REJECT = every("reject", **VOTER)
ABSTAIN = every("abstain", **VOTER)
EXECUTE = every("execute", by=(ON_CALL, CHECKER))
REVALIDATE = every("revalidate", by=("ann", REQUESTER, ON_CALL))
OVERRIDE = every("execute", by=(ON_CALL, CHECKER), emergency=(True,))

WAYS: dict[str, tuple[Ask, ...]] = {
    "submit": TAKEN,
    "admit": TAKEN,
    "amend": every("amend", by=(REQUESTER, "ann", *STEWARDS), wish=WISHES),
    "take_over": every("take_over", by=(*STEWARDS, "ann", REQUESTER)),
    "vote": VOTE,
    "dissent": REJECT,
    "abstain": ABSTAIN,
    "withdraw": every("withdraw", by=(*LEADS, REQUESTER)),
    "report": every("report", by=(CHECKER, "ann"), passed=(True, False), shown=(0, 1)),
    "waive": every("waive", by=(WAIVER, "ann"), shown=(0, 1)),
    "request_changes": every("request_changes", by=("dan", REQUESTER)),
    "approve": (*VOTE, *REASSESS),
    "reject": (*REJECT, *REASSESS),
    "note": (*ABSTAIN, *REASSESS),
    "lapse": (*EXECUTE, *REASSESS),
    "expire_approval": (*EXECUTE, *REASSESS, *VOTE, *REVALIDATE),
    "hold": every("hold", by=(REQUESTER, ADMINISTRATOR, "ann", CHECKER)),
    "release": every("release", by=(REQUESTER, ADMINISTRATOR, "ann")),
    "cancel": every("cancel", **OWNER),
    "expire": (*EXECUTE, *REASSESS, *every("expire_due")),
    "supersede": every("supersede", **OWNER),
    "resolve": EXECUTE,
    "override": OVERRIDE,
    "execute": (*EXECUTE, *OVERRIDE),
    "mark_stale": (*EXECUTE, *OVERRIDE),
    "mark_in_place": (*EXECUTE, *OVERRIDE),
    "renew_approval": (*EXECUTE, *OVERRIDE, *REVALIDATE),
    "require_revalidation": (*EXECUTE, *OVERRIDE),
    "revalidate": REVALIDATE,
    "block": (*EXECUTE, *REVALIDATE),
    "fail": (*EXECUTE, *REVALIDATE),
    "retry": every("retry", by=(REQUESTER,)),
    "comment": every("comment", by=(REQUESTER,), times=("calm",)),
    "review": every("review", by=("kim", REQUESTER)),
}
"""How each trigger of the table is asked for; submission anew only of what is there, where it is refused."""
ASKS = tuple(dict.fromkeys(itertools.chain.from_iterable(WAYS.values())))

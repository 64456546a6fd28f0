"""The words of the oracle: asks, requests, the world, and a turn, which is one ask while it is judged.

Nothing of placet is imported here, nor in `oracle.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

LEADS = ("ann", "dan", "kim")
REQUESTER, ADMINISTRATOR, ON_CALL, WAIVER, CHECKER = "bob", "root", "ops", "eve", "ci"
STEWARDS = ("kim",)
MOST_FAILURES = 2
HOUR = 60
VALID = 50
"""How many minutes an approval counts."""

OPEN = ("created", "pending", "approved", "revalidation", "failed")
FINAL = ("executed", "stale", "rejected", "canceled", "expired", "superseded")

AUDITED = {"execute", "mark_stale", "mark_in_place", "renew_approval", "require_revalidation", "block", "fail"}
"""What ends an attempt, and leaves an audit record."""

UNDOES = {"hold": ("release",), "amend": ("request_changes", "retry"), "fail": ("retry",)}
UNDOES["take_over"] = UNDOES["amend"]
"""After which trigger what is something new."""

Arrow = tuple[str, str, str, str]
"""Request, source, trigger, target."""


class Refused(Exception):  # noqa: N818 - it is an answer, as legal as any
    """This is refused, and nothing has changed."""


@dataclass(frozen=True)
class Wish:
    """What is asked for: one field of the state is to have a value, which so many leads have to approve.

    Attributes:
        field: which of the two.
        value: what it is to be.
        leads: how many have to approve.
        checked: whether a check has to pass as well.
        lenient: whether it is only noted, where too few leads are left.
        covers: what an approval covers: the effect that was shown, or the mutation.
    """

    field: int = 0
    value: int = 1
    leads: int = 1
    checked: bool = False
    lenient: bool = False
    covers: str = "effect"


@dataclass(frozen=True)
class Ask:
    """Something that somebody asks for.

    Attributes:
        verb: the name of a method of Governance.
        id: of which request.
        by: who asks.
        times: what the world is like meanwhile: calm, strict (one lead more), denied, broken (`apply` raises), stripped
            (the leads have lost their role), frozen, or late (the clock is an hour ahead).
        wish: for submit and amend.
        shown: which terms the voter has read, counted back from the present ones.
        passed: for report.
        emergency: whether to break the glass.
        successor: for supersede.
        on_drift, fallback, pause, deadline: for submit; the deadline in minutes from now.
    """

    verb: str
    id: str = ""
    by: str = REQUESTER
    times: str = "calm"
    wish: Wish = Wish()
    shown: int = 0
    passed: bool = True
    emergency: bool = False
    successor: str = ""
    on_drift: str = "reject"
    fallback: str = "reject"
    pause: bool = False
    deadline: int | None = None

    def __repr__(self) -> str:
        told = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.name != "verb")
        plain = {f"{each.name}={each.default!r}" for each in fields(self)}
        return f"Ask({', '.join([repr(self.verb), *(each for each in told if each not in plain)])})"

    def _repr_pretty_(self, printer: Any, _: bool) -> None:  # noqa: ANN401 - the protocol of pretty printers
        printer.text(repr(self))


@dataclass(frozen=True)
class Demand:
    """What has to be met.

    Attributes:
        leads: how many have to approve.
        check: whether a check has to pass.
        freeze: whether a freeze has to be waived.
    """

    leads: int = 0
    check: bool = False
    freeze: bool = False


@dataclass(frozen=True)
class Request:
    """A request, as far as what becomes of it depends on it. Votes and findings are those on its present terms.

    Attributes:
        moved: when it last moved.
        voted: when each vote was given.
        passed_at, waived_at: when the check passed, and the freeze was waived, for the first time.
    """

    id: str
    wish: Wish
    demand: Demand
    expected: int
    effect: tuple[int, int, int] | None
    on_drift: str
    fallback: str
    pause: bool
    deadline: int | None
    status: str = "created"
    revision: int = 0
    terms: int = 1
    votes: Mapping[str, str] = field(default_factory=dict)
    passed: bool = False
    waived: bool = False
    noted: bool = False
    held: bool = False
    failures: int = 0
    validated: int | None = None
    emergency: bool = False
    review: str = ""
    successor: str | None = None
    attempts: int = 0
    audits: int = 0
    moved: int = 0
    voted: Mapping[str, int] = field(default_factory=dict)
    passed_at: int | None = None
    waived_at: int | None = None
    requester: str = REQUESTER
    formerly: frozenset[str] | set[str] = frozenset()
    done: Mapping[str, str] = field(default_factory=dict)
    """Who did what last, by its trigger, as long as nothing has undone it."""


@dataclass(frozen=True)
class World:
    """Every request, and the state: two numbers, a version, and when that was made."""

    requests: Mapping[str, Request] = field(default_factory=dict)
    values: tuple[int, int] = (0, 0)
    version: int = 1
    made: int = 0
    now: int = 0


class Turn:
    """One ask, while it is judged."""

    def __init__(self, world: World, ask: Ask, request: Request) -> None:
        self.before, self.ask, self.request = world, ask, request
        self.values, self.version, self.made = world.values, world.version, world.made
        self.looked = False
        self.arrows: list[Arrow] = []

    @property
    def world(self) -> World:
        requests = {**self.before.requests, self.request.id: self.request}
        return replace(self.before, requests=requests, values=self.values, version=self.version, made=self.made)

    # ---- what there is to know

    @property
    def now(self) -> int:
        return self.before.now + (HOUR if self.ask.times == "late" else 0)

    @property
    def moment(self) -> int:
        """What a move that is made now is dated: a clock that jumps back does not turn a trail around."""
        return max(self.now, self.request.moved, *([self.before.made] if self.looked else []))

    @property
    def late(self) -> bool:
        return self.request.deadline is not None and self.moment >= self.request.deadline

    @property
    def outdated(self) -> bool:
        """Whether its approval ran out: it counts from the last vote, or the first moment at which it could run."""
        it = self.request
        if it.status not in {"pending", "approved", "revalidation"} or not 0 < it.demand.leads <= self.approvals:
            return False
        begins = [it.voted[each] for each, vote in it.votes.items() if vote == "vote"]
        for demanded, met_at in ((it.demand.check, it.passed_at), (it.demand.freeze, it.waived_at)):
            if demanded and met_at is None:
                return False
            begins += [met_at] if demanded and met_at is not None else []
        return self.moment >= max(begins) + VALID

    @property
    def leads(self) -> tuple[str, ...]:
        asked = {self.request.requester, *self.request.formerly}
        return () if self.ask.times == "stripped" else tuple(each for each in LEADS if each not in asked)

    @property
    def eligible(self) -> bool:
        return self.request.demand.leads > 0 and self.ask.by in self.leads

    @property
    def approvals(self) -> int:
        return sum(self.request.votes[each] == "vote" for each in self.request.votes if each in self.leads)

    @property
    def impossible(self) -> bool:
        left = sum(each not in self.request.votes for each in self.leads)
        return self.approvals + left < self.request.demand.leads

    def people_agree(self, demand: Demand) -> bool:
        return self.approvals >= demand.leads and (self.request.passed or not demand.check)

    def met(self, demand: Demand) -> bool:
        return self.people_agree(demand) and (self.request.waived or not demand.freeze)

    def demanded(self, wish: Wish) -> Demand:
        """Give what the law demands of a wish in times like these."""
        return Demand(wish.leads + (self.ask.times == "strict"), wish.checked, self.ask.times == "frozen")

    def effect(self, wish: Wish) -> tuple[int, int, int] | None:
        old = self.values[wish.field]
        return None if old == wish.value else (wish.field, old, wish.value)

    @property
    def same(self) -> bool:
        """Whether what it would do now is what was approved."""
        return self.effect(self.request.wish) == self.request.effect

    @property
    def in_place(self) -> bool:
        """Whether what was approved is there already, or where the mutation was approved, there is nothing to do."""
        it = self.request
        if it.effect is None:
            return False
        field, _, value = it.effect
        return self.effect(it.wish) is None if it.wish.covers == "mutation" else self.values[field] == value

    # ---- moving

    def demand(self, holds: object) -> None:
        if not holds:
            raise Refused(self.ask.verb)

    def among(self, *statuses: str) -> None:
        self.demand(self.request.status in statuses)

    def move(self, trigger: str, to: str | None = None, **changes: Any) -> None:  # noqa: ANN401 - fields of Request
        source, target = self.request.status, to or self.request.status
        self.arrows.append((self.request.id, source, trigger, target))
        it = self.request
        attempts, audits = it.attempts + (target == "resolving"), it.audits + (trigger in AUDITED)
        done = {each: by for each, by in it.done.items() if each not in UNDOES.get(trigger, ())}
        changes = {"attempts": attempts, "audits": audits, "done": {**done, trigger: self.ask.by}, **changes}
        self.request = replace(it, status=target, revision=it.revision + 1, **{"moved": self.moment, **changes})

    def renew(self, trigger: str, wish: Wish, demand: Demand) -> None:
        """Take new terms, on which nobody has said anything, and let follow what follows."""
        self.move(
            trigger,
            "pending",
            wish=wish,
            demand=demand,
            expected=self.version,
            effect=self.effect(wish),
            terms=self.request.terms + 1,
            votes={},
            voted={},
            passed=False,
            passed_at=None,
            waived=False,
            waived_at=None,
            noted=False,
            validated=None,
        )
        self.settle()

    def settle(self, *which: str) -> None:
        """Make the first move that follows by itself, if one does."""
        it = self.request
        pending, given = it.status == "pending", it.status in {"approved", "revalidation"}
        moves: dict[str, tuple[bool, str | None]] = {
            "expire": (it.status in OPEN and self.late, "expired"),
            "expire_approval": (self.outdated, "pending"),
            "approve": (
                pending and not it.held and not self.late and not self.outdated and self.met(it.demand),
                "approved",
            ),
            "reject": (pending and self.impossible and not it.wish.lenient, "rejected"),
            "note": (pending and self.impossible and not it.noted, None),
            "lapse": (given and not self.people_agree(it.demand), "pending"),
        }
        for trigger in which or ("expire", "expire_approval", "approve", "reject", "note"):
            holds, target = moves[trigger]
            if holds:
                others = {who: vote for who, vote in it.votes.items() if vote != "vote"}
                changes: dict[str, dict[str, Any]] = {"note": {"noted": True}, "expire_approval": {"votes": others}}
                self.move(trigger, target, **changes.get(trigger, {}))
                return

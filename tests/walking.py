"""Walking the arrows of the table beside the oracle: how a request comes to each status, and goes on from there."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from placet.lifecycle.table import LIFECYCLE
from sequences import LockStep
from town import WAYS
from turn import CHECKER, FINAL, LEADS, ON_CALL, OPEN, Ask, Wish

STATUSES = (*OPEN, *FINAL)
ARROWS = tuple(sorted({(str(a), str(trigger), str(b)) for row in LIFECYCLE for a, trigger, b in row.arrows()}))
BEFORE = {
    "withdraw": Ask("abstain", by="ann"),
    "release": Ask("hold"),
    "resolve": Ask("revalidate", by="ann"),
    "override": Ask("revalidate", by="ann"),
}
"""What has to be done first, where a trigger cannot be asked for."""
EXECUTING = {
    "resolve",
    "override",
    "mark_stale",
    "mark_in_place",
    "renew_approval",
    "require_revalidation",
    "revalidate",
}
"""What may need a state that has moved."""
WISHING: dict[str, dict[str, bool]] = {"report": {"checked": True}, "note": {"lenient": True}}
"""What must have been wished for, so that it can be walked."""

Choose = Callable[[list[Ask]], Ask]


@dataclass
class Walker:
    """Brings requests to where they are wanted, and walks on from there.

    Attributes:
        both: the stores and the oracle.
        numbers: how many requests there are.
    """

    both: LockStep = field(default_factory=LockStep)
    numbers: int = 0

    def create_in(self, status: str, options: dict[str, Any]) -> str:
        """Bring a fresh request straight to a status."""
        needs: dict[str, dict[str, Any]] = {
            "revalidation": {"on_drift": "revalidate", "pause": True},
            "stale": {"on_drift": "reject"},
            "expired": {"deadline": 30},
        }
        ahead = self.both.world.made - self.both.world.now
        if ahead > 0:  # the clock was put back, and what is executed counts as later
            self.both.town.clock.tick(minutes=ahead)
            self.both.world = replace(self.both.world, now=self.both.world.made)
        new = self.submit(**{**options, **needs.get(status, {})})
        road: dict[str, list[Ask]] = {
            "created": [Ask("request_changes", by="ann")],
            "failed": [Ask("execute", by=CHECKER, times="broken")],
            "executed": [Ask("execute", by=ON_CALL, emergency=options.get("pause", False) and not self.owed)],
            "rejected": [Ask("execute", by=CHECKER, times="denied")],
            "canceled": [Ask("cancel")],
            "expired": [Ask("expire_due", times="late")],
            "revalidation": [Ask("execute", by=CHECKER)],
            "stale": [Ask("execute", by=CHECKER)],
        }
        if status in {"approved", "failed", "executed", "rejected", "revalidation", "stale"}:
            self.agree(new)
        if status in {"revalidation", "stale"}:
            self.another_writer(1 - self.both.world.requests[new].wish.field, 9)
        if status == "superseded":
            other = self.submit(wish=Wish(leads=0))
            self.both.do(Ask("supersede", new, successor=other))
        for ask in road.get(status, []):
            self.both.do(replace(ask, id=new))
        assert self.both.world.requests[new].status == status
        return new

    @property
    def owed(self) -> bool:
        """Whether a review is open, so that nobody can break the glass."""
        return any(each.review == "open" for each in self.both.world.requests.values())

    def submit(self, **options: Any) -> str:  # noqa: ANN401 - fields of Ask
        self.numbers += 1
        self.both.do(Ask("submit", f"r-{self.numbers:03}", **options))
        return f"r-{self.numbers:03}"

    def agree(self, request_id: str) -> None:
        """Give all the approval that it needs."""
        demand = self.both.world.requests[request_id].demand
        if demand.check:
            self.both.do(Ask("report", request_id, CHECKER))
        for lead in LEADS[: demand.leads]:
            self.both.do(Ask("approve", request_id, lead))

    def another_writer(self, field: int, value: int) -> None:
        """Another request moves the state on."""
        new = self.submit(wish=Wish(field, value, leads=0))
        self.both.do(Ask("execute", new, ON_CALL))

    def successor(self, request_id: str) -> str:
        """Give the latest of the other requests."""
        return next((each for each in reversed([*self.both.world.requests]) if each != request_id), "")

    def ways(self, arrow: tuple[str, str, str], request_id: str) -> list[Ask]:
        """Give what can be asked of a request that walks an arrow."""
        successor = self.successor(request_id)
        asks = [replace(ask, id=request_id, successor=successor) for ask in WAYS[arrow[1]]]
        return [ask for ask in asks if (request_id, *arrow) in (self.both.foretold(ask) or (None, []))[1]]

    def walk(self, which: int, arrow: tuple[str, str, str], options: dict[str, Any], choose: Choose) -> bool:
        """Walk an arrow of the table, on a fresh request where none is there to walk it."""
        if arrow[1] in {"submit", "admit"}:
            return bool(self.submit(wish=Wish(leads=int(arrow[1] == "submit"))))
        if arrow[1] == "expire_approval":
            options = {**options, "wish": replace(options.get("wish", Wish()), checked=False), "deadline": None}
            given = self.create_in("revalidation" if arrow[0] == "revalidation" else "approved", options)
            if arrow[0] == "pending":
                self.both.do(Ask("hold", given))
            self.both.do(choose(self.ways(arrow, given)))
            return True
        source = "approved" if arrow[0] == "resolving" else arrow[0]
        ids = [each.id for each in self.both.world.requests.values() if each.status == source]
        if not ids or which % 3 == 0 or arrow[1] in WISHING:
            wish = replace(options.get("wish", Wish()), **WISHING.get(arrow[1], {}))
            ids = [self.create_in(source, {**options, "wish": wish})]
        request_id = ids[which % len(ids)]
        asks = self.ways(arrow, request_id)
        before = replace(BEFORE.get(arrow[1], Ask("comment")), id=request_id)
        if not asks and arrow[1] in BEFORE and self.both.foretold(before):
            self.both.do(before)
            asks = self.ways(arrow, request_id)
        if not asks and arrow[1] in EXECUTING:
            wish = self.both.world.requests[request_id].wish
            in_place = arrow[1] == "mark_in_place"
            self.another_writer(*((wish.field, wish.value) if in_place else (which % 2, which % 5)))
            asks = self.ways(arrow, request_id)
        if asks:
            self.both.do(choose(asks))
        return bool(asks)


def walk_first(arrow: tuple[str, str, str]) -> None:
    """Walk an arrow in the first way there is, on a request whose strategy allows it, with nothing left to chance."""
    walker = Walker()
    for strategy, pause in itertools.product(("reject", "revalidate", "renew_approval"), (True, False)):
        if walker.walk(0, arrow, {"on_drift": strategy, "pause": pause, "deadline": 30}, lambda asks: asks[0]):
            break
    assert walker.both.walked[arrow], f"nobody could walk {arrow}"
    walker.both.demand_whole()
    walker.both.close()

"""A freeze over the year's end: what waits, who may waive it, and what happens when it burns.

Run it: `python examples/freeze_and_break_glass.py`. It prints what happens and asserts what it promises.
"""

from datetime import UTC, datetime, timedelta

from placet import (
    Actor,
    ActorKind,
    Emergency,
    FreezeWindow,
    Governance,
    PlacetError,
    StaticDirectory,
    allow_emergency,
    freeze,
    require_approval,
)
from placet.documents import Document, MergeDocument
from placet.requirements import Dependency, ExternalCheck, Schedule

FREEZE = FreezeWindow("year-end", datetime(2026, 12, 20, tzinfo=UTC), datetime(2027, 1, 4, tzinfo=UTC))


class Clock:
    """A clock that the example moves on by itself."""

    now = datetime(2026, 12, 18, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Give the moment that the example has come to."""
        return self.now


clock = Clock()
people = StaticDirectory(
    [
        Actor("bob"),
        Actor("carol", roles=("lead",)),
        Actor("rita", roles=("release-manager",)),
        Actor("omar", roles=("on-call",)),
        Actor("backup-bot", ActorKind.SERVICE),
        Actor("runner", ActorKind.SERVICE),
    ]
)
gov = Governance.open(
    "memory:",
    mutations=[MergeDocument],
    policies=[
        require_approval(roles=["lead"]),
        freeze([FREEZE], waiver_roles=["release-manager"]),
        allow_emergency(["on-call"], reviewer_roles=["lead"]),
    ],
    directory=people,
    clock=clock,
)
gov.create_state("shop", Document.of({"checkout": "v1", "workers": 4}))


def refused(what: str, error: PlacetError) -> None:
    """Say what was refused, and why."""
    print(f"  {what}: {getattr(error, 'reason', error)}")


print("Approved before the freeze, executed in it: refused, and the approval is not lost.")
request = gov.submit(MergeDocument(merge={"checkout": "v2"}), to="shop", by="bob", on_drift="keep_if_same_effect")
gov.approve(request.id, by="carol", digest=request.digest)
clock.now = datetime(2026, 12, 21, 9, tzinfo=UTC)
try:
    gov.execute(request.id, by="runner")
except PlacetError as error:
    refused("runner executes", error)
assert gov.get_request(request.id).status == "approved"

print("A waiver takes its own role; whoever approves has it not.")
try:
    gov.waive(request.id, freeze="year-end", by="carol", digest=request.digest, reason="it is small")
except PlacetError as error:
    refused("carol waives", error)
gov.waive(request.id, freeze="year-end", by="rita", digest=request.digest, reason="the old checkout loses orders")
assert gov.execute(request.id, by="runner").executed

print("Submitted in the freeze: it waits for the approval, for the end of the freeze, and for what bob adds.")
backup = ExternalCheck(name="backup-is-fresh", valid_for=timedelta(hours=6))
first = gov.submit(MergeDocument(merge={"workers": 8}), to="shop", by="bob", requirements=[backup])
second = gov.submit(
    MergeDocument(merge={"checkout": "v3"}),
    to="shop",
    by="bob",
    on_drift="keep_if_same_effect",
    requirements=[Dependency(request_id=first.id), Schedule(not_before=datetime(2027, 1, 5, tzinfo=UTC))],
)
for each in (first, second):
    gov.approve(each.id, by="carol", digest=each.digest)
    for reason in gov.waiting_for(each.id).reasons:
        print(f"  {reason}")
clock.now = FREEZE.end
gov.report(
    first.id, check="backup-is-fresh", passed=True, by="backup-bot", digest=first.digest, evidence="snapshot 2027-01-04"
)
assert gov.execute(first.id, by="runner").executed
clock.now += timedelta(days=1)
assert [each.id for each in gov.reassess_open().moved] == [second.id]  # nobody touched it: time and events met it
assert gov.execute(second.id, by="runner").executed

print("It burns on a holiday: omar, on call, executes what nobody has approved. That has to be reviewed.")
fire = gov.submit(MergeDocument(merge={"workers": 16}), to="shop", by="omar", reason="queues are full")
outcome = gov.execute(fire.id, by="omar", emergency=Emergency(reason="orders are lost", ticket="INC-7"))
assert outcome.executed
print(f"  {gov.waiting_for(fire.id)}")
again = gov.submit(MergeDocument(merge={"workers": 32}), to="shop", by="omar")
try:
    gov.execute(again.id, by="omar", emergency=Emergency(reason="still full", ticket="INC-7"))
except PlacetError as error:
    refused("omar, once more", error)
(open_review,) = gov.find_requests(review="open")
try:
    gov.review(open_review.id, by="omar", reason="looks fine to me")
except PlacetError as error:
    refused("omar reviews himself", error)
gov.review(open_review.id, by="carol", reason="right call; we will raise the default")
assert gov.execute(again.id, by="omar", emergency=Emergency(reason="still full", ticket="INC-7")).executed
print(f"  the trail says: {gov.decisions(again.id)[-2].metadata['not_met']}")
assert gov.verify().ok

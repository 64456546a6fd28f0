"""Approvals as organisations need them: two steps, a quorum by role, a rejection, a delegate, a deadline.

Run it: `python examples/approvals.py`. It prints what happens and asserts what it promises.
"""

from datetime import UTC, datetime, timedelta

from placet import (
    Actor,
    Delegation,
    Governance,
    Intent,
    Mutation,
    PlacetError,
    State,
    StaticDirectory,
    require,
)
from placet.requirements import Approval

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Limits(State):
    """How much each customer may draw in a day."""

    daily: dict[str, int] = {}


class SetLimit(Mutation[Limits]):
    """Set the daily limit of one customer."""

    intent = Intent(operation="set-limit", category="risk", description="Set a daily limit")
    customer: str
    euros: int

    def apply(self, state: Limits) -> Limits:
        """Give the limits with this one set."""
        return state.evolve(daily={**state.daily, self.customer: self.euros})


class Clock:
    """A clock that the example moves on by itself."""

    now = NOON

    def __call__(self) -> datetime:
        """Give the moment that the example has come to."""
        return self.now


clock = Clock()
people = StaticDirectory(
    [
        Actor("bob", roles=("analyst",)),
        Actor("ann", roles=("analyst",)),
        Actor("eve", roles=("analyst",)),
        Actor("mo", roles=("head-of-risk",)),
        Actor("dee"),
        Actor("runner"),
    ],
    delegations=[Delegation("mo", "dee", since=NOON, until=NOON + 7 * DAY)],  # mo is on holiday
)
two_steps = require(
    Approval(2, roles=("analyst",), within=2 * DAY),  # first two analysts, side by side, within two days ...
    Approval(roles=("head-of-risk",), step=2),  # ... then the head of risk, or whoever stands in
)
gov = Governance.open("memory:", mutations=[SetLimit], policies=[two_steps], directory=people, clock=clock)
gov.create_state("limits", Limits())


def refused(what: str, error: PlacetError) -> None:
    """Say what was refused."""
    print(f"  {what}: refused ({getattr(error, 'rule', error.code)})")


print("dee asks; two analysts and then the head of risk have to agree.")
request = gov.submit(SetLimit(customer="acme", euros=5000), to="limits", by="dee", reason="a new contract")
print(f"  {gov.waiting_for(request.id)}")
gov.cancel(request.id, by="dee", reason="bob should ask: dee stands in for mo")

print("bob asks. An analyst himself, he never counts: ann and eve have to.")
request = gov.submit(
    SetLimit(customer="acme", euros=5000),
    to="limits",
    by="bob",
    reason="a new contract",
    approval_valid_for=DAY,
)
try:
    gov.approve(request.id, by="bob", digest=request.digest)
except PlacetError as error:
    refused("bob approves", error)
gov.approve(request.id, by="ann", digest=request.digest)
try:
    gov.approve(request.id, by="dee", digest=request.digest, on_behalf_of="mo")
except PlacetError as error:
    refused("dee approves for mo, while step 1 is open", error)
gov.approve(request.id, by="eve", digest=request.digest, reason="fine with me")
approved = gov.approve(request.id, by="dee", digest=request.digest, on_behalf_of="mo", reason="as mo would")
assert approved.status == "approved"
last_vote = gov.decisions(request.id)[-2]
print(f"  dee stands in for mo: {last_vote.code} by {last_vote.actor} on behalf of {last_vote.on_behalf_of}")
assert gov.execute(request.id, by="runner").executed

print("One analyst rejects; two are needed, and only ann and eve are left: it can no longer be met.")
request = gov.submit(SetLimit(customer="acme", euros=50_000), to="limits", by="bob", reason="they grow")
ended = gov.reject(request.id, by="eve", code="risk_too_high", reason="they pay late")
assert ended.status == "rejected"
print(f"  {ended.status}: {gov.decisions(request.id)[-1].metadata['requirements'][0]}")

print("Nobody acts for two days: the step's own deadline ends it, though the request had none.")
request = gov.submit(SetLimit(customer="zenith", euros=900), to="limits", by="bob")
clock.now += 2 * DAY
(expired,) = gov.expire_due().expired
assert (expired.id, expired.status) == (request.id, "expired")

print("Approved, but not executed for a day: an approval does not last for ever.")
request = gov.submit(SetLimit(customer="zenith", euros=900), to="limits", by="bob", approval_valid_for=DAY)
for who in ("ann", "eve"):
    gov.approve(request.id, by=who, digest=request.digest)
gov.approve(request.id, by="mo", digest=request.digest)
clock.now += DAY
outcome = gov.execute(request.id, by="runner")
assert outcome.status == "pending"
print(f"  {outcome}")
gov.cancel(request.id, by="bob")

print("Asked for changes, bob amends. What ann approved before is outdated, and does not count.")
request = gov.submit(SetLimit(customer="zenith", euros=900), to="limits", by="bob")
gov.approve(request.id, by="ann", digest=request.digest)
gov.request_changes(request.id, by="eve", reason="500 is enough")
print(f"  {gov.waiting_for(request.id).reasons[0]}")
amended = gov.amend(request.id, SetLimit(customer="zenith", euros=500), by="bob")
waiting = gov.waiting_for(request.id)
assert [vote.actor for vote in waiting.outdated] == ["ann"]
assert amended.digest != request.digest
for who in ("ann", "eve", "mo"):
    gov.approve(request.id, by=who, digest=amended.digest)
assert gov.execute(request.id, by="runner").executed
assert gov.get_state("limits", Limits).state.daily == {"acme": 5000, "zenith": 500}
assert gov.verify().ok

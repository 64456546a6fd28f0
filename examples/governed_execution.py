"""Every branch of the governed execution path, one after the other, each with what it leaves behind.

Run it: it needs no file and no network. Requests are made by bob, approved by carol, executed by a runner.
"""

from collections.abc import Iterator

from placet import (
    Governance,
    Intent,
    Issue,
    Mutation,
    MutationRequest,
    OpenDirectory,
    Outcome,
    Risk,
    State,
    deny,
    require_approval,
)
from placet.errors import PlacetError, TransitionRefusedError
from placet.store.memory import MemoryStore


class Limits(State):
    """How much each tenant may use."""

    daily: dict[str, int] = {}
    frozen: bool = False


class SetLimit(Mutation[Limits]):
    """Give one tenant another limit."""

    intent = Intent(operation="set-limit", category="quota", risk=Risk.MEDIUM)
    tenant: str
    limit: int

    def check(self, state: Limits) -> Iterator[Issue]:
        """A limit is positive, and a frozen table takes none."""
        if self.limit <= 0:
            yield Issue(path="limit", message="must be positive")
        if state.frozen:
            yield Issue(path="", message="the table is frozen")

    def apply(self, state: Limits) -> Limits:
        """Replace the tenant's limit."""
        return state.evolve(daily={**state.daily, self.tenant: self.limit})


class RaiseLimit(Mutation[Limits]):
    """Give one tenant so much more, whatever that is added to."""

    intent = Intent(operation="raise-limit", category="quota", description="Give so much more, whatever it is added to")
    approval_covers = "mutation"
    tenant: str
    by: int

    def apply(self, state: Limits) -> Limits:
        """Add to the tenant's limit."""
        return state.evolve(daily={**state.daily, self.tenant: state.daily[self.tenant] + self.by})


class Share(Mutation[Limits]):
    """Share a budget equally among all tenants, whoever they are by then."""

    intent = Intent(operation="share", category="quota", risk=Risk.HIGH)
    approval_covers = "mutation"
    budget: int

    def apply(self, state: Limits) -> Limits:
        """Divide, and let it raise where there is nobody to share with."""
        return state.evolve(daily=dict.fromkeys(state.daily, self.budget // len(state.daily)))


class Clear(Mutation[Limits]):
    """Remove every limit."""

    intent = Intent(operation="clear", category="quota", risk=Risk.HIGH)

    def apply(self, state: Limits) -> Limits:
        """Remove them."""
        return state.evolve(daily={})


class Freeze(Mutation[Limits]):
    """Take no more changes."""

    intent = Intent(operation="freeze", category="quota")

    def apply(self, state: Limits) -> Limits:
        """Set the flag."""
        return state.evolve(frozen=True)


store = MemoryStore()
gov = Governance.open(
    store,
    mutations=[SetLimit, RaiseLimit, Share, Clear, Freeze],
    policies=[require_approval(count=1)],
    directory=OpenDirectory(),  # accepts any name: for trying out
)
gov.create_state("limits", Limits(daily={"acme": 10}))


def approved(mutation: Mutation[Limits], on_drift: str = "reject") -> MutationRequest:
    """Submit by bob, approve by carol."""
    request = gov.submit(mutation, to="limits", by="bob", on_drift=on_drift, fallback="reject")
    return gov.approve(request.id, by="carol", digest=request.digest)


def execute(title: str, request: MutationRequest) -> Outcome:
    """Execute, and print the title, the outcome and the trail."""
    outcome = gov.execute(request.id, by="runner")
    print(f"\n{title}\n  -> {outcome.status}", *(f"     because {reason}" for reason in outcome.reasons), sep="\n")
    print("     trail:", " > ".join(decision.code for decision in gov.decisions(request.id)))
    return outcome


first = approved(SetLimit(tenant="acme", limit=20))
stale = approved(SetLimit(tenant="acme", limit=30))
renewed = approved(SetLimit(tenant="acme", limit=40), "renew_approval")
revalidated = approved(SetLimit(tenant="acme", limit=50), "revalidate")
raised = approved(RaiseLimit(tenant="acme", by=5), "revalidate")
in_place = approved(SetLimit(tenant="acme", limit=20), "revalidate")
elsewhere = approved(SetLimit(tenant="globex", limit=5), "keep_if_same_effect")

assert execute("approved and not moved: executed", first).executed
assert execute("somebody else did the same: stale, already in place", in_place).code == "already_in_place"
assert execute("moved since, strategy reject: stale", stale).status == "stale"
assert execute("moved since, strategy renew_approval: back to the approvers", renewed).status == "pending"
again = gov.get_request(renewed.id)
gov.approve(again.id, by="carol", digest=again.digest)
assert execute("approved again on the version there is now: executed", again).executed
another = execute("moved since, strategy revalidate, another effect: back to the approvers", revalidated)
assert another.status == "pending"
more = execute("the approval covers the mutation: policies and checks pass, executed with another effect", raised)
assert more.executed
assert more.effect_differs
assert execute("moved since, but the effect is the same: the approval holds", elsewhere).executed

replay = gov.execute(first.id, by="runner")
print(f"\nexecuted already: the recorded outcome again\n  -> {replay.status}, replayed={replay.replayed}")
assert replay.replayed

share = approved(Share(budget=100), "revalidate")
clear = approved(Clear())
assert execute("nothing to divide by yet: executed", clear).executed
assert execute("apply raises: failed, and it can be retried", share).status == "failed"
gov.retry(share.id, by="bob")
assert execute("somebody puts a tenant back", approved(SetLimit(tenant="acme", limit=1))).executed
assert execute("retried, and now there is somebody to share with: executed", gov.get_request(share.id)).executed

try:
    gov.execute(stale.id, by="runner")
except TransitionRefusedError as refused:
    print(f"\nnot approved: refused, and nothing has changed\n  -> {refused}")

blocked = approved(SetLimit(tenant="acme", limit=60), "revalidate")
gov.execute(approved(Freeze()).id, by="runner")
assert execute("a check fails on the current state: rejected", blocked).status == "rejected"

unapproved = approved(Clear())
gov.register_policy(require_approval(count=2, when=lambda proposal: proposal.intent.risk is Risk.HIGH))
assert execute("a policy wants an approval nobody gave: pending", unapproved).status == "pending"

denied = approved(Freeze())
gov.register_policy(deny("it is the end of the year"))
assert execute("a policy denies on the current state: rejected", denied).status == "rejected"

request = gov.find_requests(status="pending").requests[0]
other_process = Governance.open(
    store,
    mutations=[SetLimit],
    policies=[require_approval(count=1)],
    directory=OpenDirectory(),  # accepts any name: for trying out
)
try:
    other_process.preview(Clear(), to="limits", by="bob")
except PlacetError as error:
    print(f"\na process that does not know the mutation: a typed error, nothing changed\n  -> {error}")

print(f"\n{gov.verify()}")
assert gov.verify().ok

"""Quotas: a check over several fields, approval only above a threshold, and the same request asked twice."""

from collections.abc import Iterator

from placet import Governance, Intent, Issue, Mutation, OpenDirectory, Proposal, State, allow, require_approval
from placet.errors import IdempotencyConflictError, MutationInvalidError


class Quotas(State):
    """How many machines each team may run, out of a total."""

    total: int
    teams: dict[str, int]


class Move(Mutation[Quotas]):
    """Move machines from one team to another."""

    intent = Intent(operation="move-quota", category="capacity")
    machines: int
    source: str
    target: str

    def check(self, state: Quotas) -> Iterator[Issue]:
        """Both teams exist, the source has enough, and the teams together stay within the total."""
        for name in ("source", "target"):
            if getattr(self, name) not in state.teams:
                yield Issue(path=name, message=f"no team {getattr(self, name)!r}")
        if self.source == self.target:
            yield Issue(path="target", message="is the source")
        if self.machines <= 0 or self.machines > state.teams.get(self.source, 0):
            yield Issue(path="machines", message=f"must be 1 to {state.teams.get(self.source, 0)}")
        if sum(state.teams.values()) > state.total:
            yield Issue(path="", message=f"the teams have more than the total of {state.total}")

    def apply(self, state: Quotas) -> Quotas:
        """Take here, give there."""
        teams = dict(state.teams)
        teams[self.source] -= self.machines
        teams[self.target] += self.machines
        return state.evolve(teams=teams)


def large(proposal: Proposal) -> bool:
    """Whether more than ten machines move."""
    return isinstance(proposal.mutation, Move) and proposal.mutation.machines > 10


gov = Governance.open(
    "memory:",
    mutations=[Move],
    policies=[allow(when=lambda proposal: not large(proposal)), require_approval(count=1, when=large)],
    directory=OpenDirectory(),  # accepts any name: for trying out
)
gov.create_state("quotas", Quotas(total=100, teams={"search": 60, "ads": 30}))

small = gov.submit(Move(machines=5, source="search", target="ads"), to="quotas", by="ann")
print(f"5 machines: {small.status}, nobody need approve; {gov.execute(small.id, by='ann')}")
assert gov.get_request(small.id).status == "executed"

big = gov.submit(Move(machines=40, source="search", target="ads"), to="quotas", by="ann", idempotency_key="move-40")
print(f"40 machines: {big.status}, {', '.join(map(str, big.requirements))}")

twice = gov.submit(Move(machines=40, source="search", target="ads"), to="quotas", by="ann", idempotency_key="move-40")
print(f"asked again under the same key: the first request ({twice.id == big.id})")
assert twice.id == big.id

try:
    gov.submit(Move(machines=50, source="search", target="ads"), to="quotas", by="ann", idempotency_key="move-40")
except IdempotencyConflictError as conflict:
    print(f"something else under the same key: {conflict}")

gov.approve(big.id, by="ben", digest=big.digest)
print(gov.execute(big.id, by="ann"))

try:
    gov.submit(Move(machines=40, source="search", target="mars"), to="quotas", by="ann")
except MutationInvalidError as invalid:
    print(f"refused with everything that is wrong: {invalid}")

teams = gov.get_state("quotas").state.to_json()["teams"]
print(teams)
assert teams == {"search": 15, "ads": 75}

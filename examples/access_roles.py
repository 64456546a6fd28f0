"""Access rights: typed mutations, checks that span fields, and a policy that keeps the last administrator."""

from collections.abc import Iterator

from placet import (
    Actor,
    Governance,
    Intent,
    Issue,
    Mutation,
    Proposal,
    Risk,
    State,
    StaticDirectory,
    Verdict,
    policy,
    require_approval,
)
from placet.errors import MutationInvalidError, PolicyDeniedError


class Access(State):
    """Who has which roles, and which roles there are."""

    roles: list[str] = ["reader", "editor", "admin"]
    members: dict[str, list[str]] = {}


class Grant(Mutation[Access]):
    """Give one member a role."""

    intent = Intent(operation="grant", category="security", risk=Risk.HIGH, tags=("access",))
    user: str
    role: str

    def check(self, state: Access) -> Iterator[Issue]:
        """The role must exist, and nobody is given it twice."""
        if self.role not in state.roles:
            yield Issue(path="role", message=f"there is no role {self.role!r}, only {', '.join(state.roles)}")
        if self.role in state.members.get(self.user, []):
            yield Issue(path="user", message=f"{self.user} is {self.role} already")

    def apply(self, state: Access) -> Access:
        """Add the role at the end of the member's list."""
        return state.evolve(members={**state.members, self.user: [*state.members.get(self.user, []), self.role]})


class Revoke(Mutation[Access]):
    """Take a role from one member."""

    intent = Intent(operation="revoke", category="security", risk=Risk.MEDIUM, tags=("access",))
    user: str
    role: str

    def check(self, state: Access) -> Iterator[Issue]:
        """Only what somebody has can be taken."""
        if self.role not in state.members.get(self.user, []):
            yield Issue(path="user", message=f"{self.user} is no {self.role}")

    def apply(self, state: Access) -> Access:
        """Remove the role."""
        left = [role for role in state.members[self.user] if role != self.role]
        return state.evolve(members={**state.members, self.user: left})


@policy
def keep_an_administrator(proposal: Proposal) -> Verdict:
    """Deny whatever would leave nobody with the role `admin`."""
    after = proposal.after
    if isinstance(after, Access) and not any("admin" in roles for roles in after.members.values()):
        return Verdict.deny("it would remove the last administrator; make somebody else admin first")
    return Verdict.abstain()


gov = Governance.open(
    "sqlite:///:memory:",
    mutations=[Grant, Revoke],
    policies=[keep_an_administrator, require_approval(count=2, roles=["security"])],
    directory=StaticDirectory(
        [
            Actor("ada", roles=("staff",)),
            Actor("carol", roles=("security",)),
            Actor("dave", roles=("security",)),
            Actor("runner"),
        ]
    ),
)
gov.create_state("acme:access", Access(members={"root": ["admin"]}))


def carry_through(mutation: Mutation[Access], why: str) -> None:
    """Ask as ada, approve as carol and dave, execute."""
    request = gov.submit(mutation, to="acme:access", by="ada", reason=why)
    print(f"{request.mutation} by {request.requester}: {'; '.join(map(str, request.effect))}")
    gov.approve(request.id, by="carol", digest=request.digest)
    gov.approve(request.id, by="dave", digest=request.digest)
    print(f"  {gov.execute(request.id, by='runner')}")


carry_through(Grant(user="ada", role="editor"), "she writes the manual now")

try:
    gov.submit(Revoke(user="root", role="admin"), to="acme:access", by="ada")
except PolicyDeniedError as denied:
    print(f"refused: {denied}")

try:
    gov.submit(Grant(user="ada", role="emperor"), to="acme:access", by="ada")
except MutationInvalidError as invalid:
    print(f"refused: {invalid}")

carry_through(Grant(user="ada", role="admin"), "a second administrator, so that root can go")
carry_through(Revoke(user="root", role="admin"), "the shared account goes")

members = gov.get_state("acme:access").state.to_json()["members"]
print(members)
assert members == {"ada": ["editor", "admin"], "root": []}
assert gov.verify().ok

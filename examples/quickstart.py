from collections.abc import Iterator
from placet import Governance, Intent, Issue, Mutation, OpenDirectory, Risk, State, require_approval

class Roles(State):
    members: dict[str, str] = {}

class GrantRole(Mutation[Roles]):
    """Give one member a role."""
    intent = Intent(operation="grant-role", category="security", risk=Risk.HIGH)
    user: str
    role: str

    def check(self, state: Roles) -> Iterator[Issue]:
        if self.role not in {"reader", "admin"}:
            yield Issue(path="role", message=f"unknown role {self.role!r}")

    def apply(self, state: Roles) -> Roles:
        return state.evolve(members={**state.members, self.user: self.role})

gov = Governance.open("sqlite:///governance.db", mutations=[GrantRole], policies=[require_approval(count=1)],
                      directory=OpenDirectory())  # accepts any name: for trying out
gov.create_state("tenant-42:roles", Roles(), exist_ok=True)
request = gov.submit(GrantRole(user="ada", role="admin"), to="tenant-42:roles", by="bob", reason="INC-42")
gov.approve(request.id, by="carol", digest=request.digest)
outcome = gov.execute(request.id, by="runner")
assert outcome.executed and outcome.resulting_version == 2

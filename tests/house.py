"""The states and mutations that tests govern: who has which role in a house, and how much anybody may spend."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from placet import (
    Governance,
    Intent,
    Issue,
    Mutation,
    MutationRequest,
    OnDrift,
    OpenDirectory,
    Outcome,
    Risk,
    State,
    require_approval,
)
from placet.errors import TransitionRefusedError
from placet.model.requirement import Requirement
from placet.model.terms import Terms
from placet.store.port import Store
from placet.testing import FrozenClock


class Roles(State):
    """Who has which role."""

    members: dict[str, str] = {}
    teams: list[str] = []


class GrantRole(Mutation[Roles]):
    """Give one member a role."""

    intent = Intent(
        operation="grant-role", category="security", description="Give a role", risk=Risk.HIGH, tags=("iam",)
    )
    user: str
    role: str

    def check(self, state: Roles) -> Iterator[Issue]:
        if self.role not in {"reader", "admin"}:
            yield Issue(path="role", message=f"unknown role {self.role!r}")

    def apply(self, state: Roles) -> Roles:
        return state.evolve(members={**state.members, self.user: self.role})


class AddTeam(Mutation[Roles]):
    """Add a team at the end of the list."""

    intent = Intent(operation="add-team", category="organisation")
    team: str

    def apply(self, state: Roles) -> Roles:
        return state.evolve(teams=[*state.teams, self.team])


class Awkward(Mutation[Roles]):
    """Does whatever a test hangs on it: `Awkward.doing = lambda state: ...`."""

    intent = Intent(operation="be-awkward")
    doing: ClassVar[Callable[[Roles], Any]] = lambda state: state
    checking: ClassVar[Callable[[Roles], Any]] = lambda _state: ()

    def check(self, state: Roles) -> Any:  # noqa: ANN401 - the point is that it may be anything
        return type(self).checking(state)

    def apply(self, state: Roles) -> Any:  # noqa: ANN401 - the point is that it may be anything
        return type(self).doing(state)


MUTATIONS: list[type[Mutation[Any]]] = [GrantRole, AddTeam, Awkward]
HOUSE = "house:roles"


def opened(store: str | Store = "memory:", **options: Any) -> Governance:  # noqa: ANN401 - options of Governance.open
    """Open a store with one approval required of everything, and the house in it at version 1."""
    options.setdefault("policies", [require_approval(count=1)])
    options.setdefault("directory", OpenDirectory())
    gov = Governance.open(store, mutations=MUTATIONS, **options)
    gov.create_state(HOUSE, Roles(members={"root": "admin"}))
    return gov


def approved(gov: Governance, mutation: Mutation[Any] | None = None, **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    """Submit by bob and approve by carol."""
    request = gov.submit(mutation or GrantRole(user="ada", role="reader"), to=HOUSE, by="bob", **options)
    return gov.approve(request.id, by="carol", digest=request.digest)


def released(gov: Governance, request: MutationRequest, by: str = "carol") -> Outcome:
    """Let a paused request go on, by somebody who has looked at its effect on the current state."""
    return gov.revalidate(request.id, by=by, digest=gov.current_effect(request.id).digest)


@contextmanager
def later(gov: Governance, **step: float) -> Iterator[None]:
    """Let it be later inside the block, by a clock that stands still."""
    clock = gov._context.clock
    assert isinstance(clock, FrozenClock)
    clock.tick(**step)
    yield
    clock.tick(**{unit: -number for unit, number in step.items()})


def a_terms(*requirements: Requirement, **fields: Any) -> Terms:  # noqa: ANN401 - fields of Terms
    """Make terms that require this: bob asks to make ada a reader, on version 4 of the house."""
    plain: dict[str, Any] = {
        "request_id": "r-1",
        "number": 1,
        "state_id": "house",
        "state_type": "Roles",
        "mutation": "GrantRole",
        "schema_version": 1,
        "payload": '{"role":"reader","user":"ada"}',
        "intent": Intent(operation="grant-role"),
        "requester": "bob",
        "on_behalf_of": None,
        "reason": "INC-42",
        "expected_version": 4,
        "state_hash": "h4",
        "approval_covers": "effect",
        "on_drift": OnDrift.REJECT,
        "fallback": OnDrift.REJECT,
        "pause_for_revalidation": False,
        "requirements": requirements,
        "effect": (),
        "expires_at": None,
    }
    return Terms(**{**plain, **fields})


@contextmanager
def unchanged(gov: Governance, request: MutationRequest) -> Iterator[None]:
    """See to it that the request, its trail, its attempts and the house are afterwards what they were."""

    def seen() -> tuple[object, ...]:
        return gov.get_request(request.id), gov.decisions(request.id), gov.audit(request.id), gov.get_state(HOUSE)

    before = seen()
    yield
    assert seen() == before


@contextmanager
def refused(gov: Governance, request: MutationRequest, rule: str, words: str | None = None) -> Iterator[None]:
    """Expect a refusal by a rule of the lifecycle, in these words, that leaves nothing behind."""
    with unchanged(gov, request), pytest.raises(TransitionRefusedError, match=words) as caught:
        yield
    assert (caught.value.rule, caught.value.request_id) == (rule, request.id)

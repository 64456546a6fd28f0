"""Who acts: every public method takes the id of an actor, and only the directory says who that is."""

import inspect
from typing import Any

import pytest

from house import HOUSE, AddTeam, GrantRole, Roles, opened, unchanged
from placet import Actor, ActorKind, Emergency, Governance, MutationRequest, StaticDirectory, allow_emergency, require
from placet.errors import ActorNotFoundError, InputError
from placet.requirements import Approval, ExternalCheck
from placet.store.port import Store

PEOPLE = StaticDirectory([Actor("bob"), Actor("carol"), Actor("ci", ActorKind.SERVICE), Actor("runner")])
IMPOSTOR = Actor("carol", roles=("administrator", "lead", "ops"))

OF_BY = sorted(
    name
    for name, method in inspect.getmembers(Governance, inspect.isfunction)
    if not name.startswith("_") and "by" in inspect.signature(method).parameters
)


class AlwaysEqual(str):
    """A string that says it equals anything."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return hash(str.__str__(self))


class Loud(str):
    """A string whose methods raise."""

    __slots__ = ()

    def _raise(self, *_: object) -> Any:  # noqa: ANN401 - never returns
        raise RuntimeError(self.__class__.__name__)

    __str__ = __len__ = __iter__ = _raise


def arguments(name: str, request: MutationRequest, by: Any) -> dict[str, Any]:  # noqa: ANN401 - the point
    """Make arguments for a method that are good but for `by`."""
    known: dict[str, Any] = {
        "request_id": request.id,
        "request_ids": [request.id],
        "digest": request.digest,
        "reason": "because",
        "check": "tests",
        "passed": True,
        "evidence": "a link",
        "freeze": "sale",
        "successor": request.id,
        "mutation": AddTeam(team="y"),
        "to": HOUSE,
        "state_id": "another:house",
        "state": Roles(),
        "by": by,
    }
    wanted = inspect.signature(getattr(Governance, name)).parameters
    return {
        each: known[each]
        for each, parameter in wanted.items()
        if each in known and (parameter.default is parameter.empty or each == "by")
    }


@pytest.fixture
def gov(store: Store) -> Governance:
    policies = [require(Approval(1), ExternalCheck(name="tests")), allow_emergency(["ops"])]
    return opened(store, directory=PEOPLE, policies=policies)


@pytest.fixture
def request_(gov: Governance) -> MutationRequest:
    return gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob")


def test_the_methods_with_by_are_those_we_know() -> None:
    assert {"report", "waive", "review", "hold", "release", "cancel", "supersede", "request_changes"} < set(OF_BY)
    assert {"comment", "reassess", "retry", "approve", "execute", "execute_many", "inbox", "preview"} < set(OF_BY)


@pytest.mark.parametrize("by", [IMPOSTOR, Actor("bob"), b"bob", 7, ["bob"], object(), "", " bob", "b\u3164ob"])
@pytest.mark.parametrize("name", OF_BY)
def test_by_is_an_id_and_nothing_else(gov: Governance, request_: MutationRequest, name: str, by: object) -> None:
    with unchanged(gov, request_), pytest.raises(InputError, match="^by="):
        getattr(gov, name)(**arguments(name, request_, by))


@pytest.mark.parametrize("name", OF_BY)
def test_somebody_unknown_is_nobody(gov: Governance, request_: MutationRequest, name: str) -> None:
    with unchanged(gov, request_), pytest.raises(ActorNotFoundError, match="'mallory'"):
        getattr(gov, name)(**arguments(name, request_, "mallory"))


@pytest.mark.parametrize("kind", [AlwaysEqual, Loud])
@pytest.mark.parametrize("name", OF_BY)
def test_a_string_of_a_class_of_its_own_counts_as_what_it_holds(
    gov: Governance, request_: MutationRequest, name: str, kind: type[str]
) -> None:
    with unchanged(gov, request_), pytest.raises(ActorNotFoundError, match="'mallory'"):
        getattr(gov, name)(**arguments(name, request_, kind("mallory")))


def test_an_actor_that_somebody_made_cannot_break_the_glass(gov: Governance, request_: MutationRequest) -> None:
    impostor: Any = IMPOSTOR
    with unchanged(gov, request_), pytest.raises(InputError, match="pass its id"):
        gov.execute(request_.id, by=impostor, emergency=Emergency(reason="fire", ticket="INC-1"))


def test_nor_can_one_be_passed_as_whom_somebody_acts_for(gov: Governance, request_: MutationRequest) -> None:
    impostor: Any = IMPOSTOR
    for vote in (gov.approve, gov.abstain, gov.reject):
        with unchanged(gov, request_), pytest.raises(InputError, match="^on_behalf_of="):
            vote(request_.id, by="carol", digest=request_.digest, reason="so", on_behalf_of=impostor)
    with unchanged(gov, request_), pytest.raises(InputError, match="^on_behalf_of="):
        gov.withdraw(request_.id, by="carol", on_behalf_of=impostor)

"""A requester who has left the directory: said as what it is, told ahead, and taken over from."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, Awkward, opened, unchanged
from placet import Actor, ActorKind, FreezeWindow, Governance, MutationRequest, Status, freeze, require
from placet.errors import ActorNotFoundError, DirectoryRaisedError, RequesterGoneError
from placet.requirements import Approval
from placet.store.port import Store
from placet.testing import FrozenClock

PEOPLE = (
    Actor("bob"),
    Actor("agent-7", ActorKind.AGENT, on_behalf_of="ann"),
    *(Actor(each, roles=("lead",)) for each in ("ann", "dan", "kim")),
    Actor("boss", roles=("release-manager",)),
    Actor("eve", roles=("steward",)),
    Actor("root", roles=("administrator",)),
    Actor("ops"),
)
LEAVING = [("bob", "bob"), ("agent-7", "agent-7"), ("agent-7", "ann")]
"""Who asks, and who leaves."""


class People:
    """A directory that people leave."""

    def __init__(self) -> None:
        self.known = {actor.id: actor for actor in PEOPLE}
        self.down = False

    def actor(self, actor_id: str) -> Actor:
        if self.down:
            raise ConnectionError("no route to host")
        if actor_id not in self.known:
            raise ActorNotFoundError(actor_id)
        return self.known[actor_id]

    def leaves(self, actor_id: str) -> None:
        del self.known[actor_id]


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def gov(store: Store, clock: FrozenClock, people: People) -> Governance:
    window = FreezeWindow("sale", clock() - timedelta(days=1), clock() + timedelta(days=1))
    return opened(
        store,
        clock=clock,
        directory=people,
        policies=[
            require(Approval(1, roles=("lead",))),
            freeze([window], waiver_roles=["release-manager"], when=lambda proposal: proposal.requester.id == "nobody"),
        ],
    )


def ask(gov: Governance, by: str = "bob", **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    return gov.submit(AddTeam(team="x"), to=HOUSE, by=by, **options)


def approve(gov: Governance, request: MutationRequest, by: str = "dan") -> MutationRequest:
    return gov.approve(request.id, by=by, digest=request.digest)


def demand_gone(error: RequesterGoneError, request: MutationRequest, gone: str) -> None:
    assert (error.code, error.http_status) == ("requester_gone", 409)
    assert (error.request_id, error.requester, error.actor_id) == (request.id, request.requester, gone)
    assert f"no longer knows {gone!r}" in str(error)
    assert "take_over() the request, or cancel() it" in str(error)


Call = Callable[[Governance, MutationRequest], object]


CALLS: dict[str, Call] = {
    "execute": lambda gov, it: gov.execute(it.id, by="ops"),
    "waive": lambda gov, it: gov.waive(it.id, freeze="sale", by="boss", digest=it.digest, reason="small"),
}


@pytest.mark.parametrize(("by", "gone"), LEAVING)
@pytest.mark.parametrize("call", CALLS)
def test_every_call_that_needs_the_requester_says_who_is_gone(
    gov: Governance, people: People, by: str, gone: str, call: str
) -> None:
    request = approve(gov, ask(gov, by))
    people.leaves(gone)
    with unchanged(gov, request), pytest.raises(RequesterGoneError) as caught:
        CALLS[call](gov, request)
    demand_gone(caught.value, request, gone)


@pytest.mark.parametrize(("by", "gone"), LEAVING)
@pytest.mark.parametrize("on_drift", ["renew_approval", "revalidate", "keep_if_same_effect"])
def test_so_does_an_execution_on_a_state_that_moved(
    gov: Governance, people: People, by: str, gone: str, on_drift: str
) -> None:
    request = approve(gov, ask(gov, by, on_drift=on_drift))
    gov.execute(approve(gov, ask(gov, "dan"), "kim").id, by="ops")
    people.leaves(gone)
    with unchanged(gov, request), pytest.raises(RequesterGoneError) as caught:
        gov.execute(request.id, by="ops")
    demand_gone(caught.value, request, gone)


def test_so_does_each_item_of_a_batch(gov: Governance, people: People) -> None:
    request, other = approve(gov, ask(gov)), approve(gov, ask(gov, "dan"), "kim")
    people.leaves("bob")
    first, second = gov.execute_many([request.id, other.id], by="ops")
    assert isinstance(first.error, RequesterGoneError)
    assert second.executed


def test_a_principal_who_amends_for_an_agent_that_is_gone_is_told_so(gov: Governance, people: People) -> None:
    request = ask(gov, "agent-7")
    people.leaves("agent-7")
    with unchanged(gov, request), pytest.raises(RequesterGoneError) as caught:
        gov.amend(request.id, AddTeam(team="y"), by="ann")
    demand_gone(caught.value, request, "agent-7")


def test_a_caller_who_is_not_known_is_another_matter(gov: Governance, people: People) -> None:
    request = approve(gov, ask(gov))
    people.leaves("bob")
    for by in ("bob", "nobody"):
        with pytest.raises(ActorNotFoundError, match=f"does not know '{by}'"):
            gov.execute(request.id, by=by)


def test_a_directory_that_is_down_is_another_matter(gov: Governance, people: People) -> None:
    request = approve(gov, ask(gov))
    people.down = True
    with pytest.raises(DirectoryRaisedError):
        gov.execute(request.id, by="ops")


@pytest.mark.parametrize(("by", "gone"), LEAVING)
@pytest.mark.parametrize("approved", [False, True])
def test_it_is_told_ahead(gov: Governance, people: People, by: str, gone: str, approved: bool) -> None:
    request = ask(gov, by)
    if approved:
        approve(gov, request)
    people.leaves(gone)
    assert f"no longer knows {gone!r}" in str(gov.waiting_for(request.id))
    with unchanged(gov, request):
        ((request_id, why),) = gov.reassess_open().passed_over
    assert request_id == request.id
    assert f"no longer knows {gone!r}" in why


@pytest.mark.parametrize("status", ["created", "failed", "revalidation"])
def test_it_is_told_of_whatever_is_open(
    gov: Governance, people: People, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    request = gov.submit(Awkward(), to=HOUSE, by="bob", on_drift="revalidate", pause_for_revalidation=True)
    match status:
        case "created":
            gov.request_changes(request.id, by="dan", reason="smaller")
        case "failed":
            monkeypatch.setattr(Awkward, "doing", lambda _state: 1 // 0)
            gov.execute(approve(gov, request).id, by="ops")
        case "revalidation":
            gov.execute(approve(gov, ask(gov, "dan"), "kim").id, by="ops")
            gov.execute(approve(gov, request).id, by="ops")
    assert gov.get_request(request.id).status == status
    assert "no longer knows" not in str(gov.waiting_for(request.id))
    people.leaves("bob")
    assert "no longer knows 'bob'" in str(gov.waiting_for(request.id))


def test_what_is_final_is_not_told_of(gov: Governance, people: People) -> None:
    gov.cancel(ask(gov).id, by="bob")
    people.leaves("bob")
    assert gov.reassess_open().passed_over == ()


def test_one_who_is_back_is_as_before(gov: Governance, people: People) -> None:
    request = approve(gov, ask(gov))
    people.leaves("bob")
    people.known["bob"] = Actor("bob")
    assert gov.reassess_open().passed_over == ()
    assert gov.execute(request.id, by="ops").executed


def test_an_administrator_may_cancel_it(gov: Governance, people: People) -> None:
    request = ask(gov)
    people.leaves("bob")
    assert gov.cancel(request.id, by="root").status is Status.CANCELED

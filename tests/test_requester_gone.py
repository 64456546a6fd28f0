"""A requester who has left the directory: said as what it is, told ahead, and taken over from."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, Awkward, Roles, opened, refused, unchanged
from placet import (
    Actor,
    ActorKind,
    Delegation,
    FreezeWindow,
    Governance,
    MutationRequest,
    StaticDirectory,
    Status,
    allow,
    allow_take_over,
    deny,
    freeze,
    require,
)
from placet.engine.hooks import Moved
from placet.errors import (
    ActorNotFoundError,
    ConfigurationError,
    DirectoryRaisedError,
    PolicyDeniedError,
    RequesterGoneError,
    UnsatisfiableError,
)
from placet.requirements import Approval, Dependency, ManualReview
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


def brought(gov: Governance, monkeypatch: pytest.MonkeyPatch, status: str) -> MutationRequest:
    """Submit by bob, and bring it to a status."""
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
    return gov.get_request(request.id)


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
    request = brought(gov, monkeypatch, status)
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


# ---- taking over


@pytest.fixture
def open_house(store: Store, clock: FrozenClock, people: People) -> Governance:
    """One lead approves, and stewards take over."""
    return opened(
        store,
        clock=clock,
        directory=people,
        policies=[require(Approval(1, roles=("lead",))), allow_take_over(["steward"])],
    )


def take(gov: Governance, request: MutationRequest, by: str = "eve") -> MutationRequest:
    return gov.take_over(request.id, by=by, reason="bob has left")


@pytest.mark.parametrize(("by", "gone"), [*LEAVING, ("bob", None)])
def test_it_can_be_taken_over(open_house: Governance, people: People, by: str, gone: str | None) -> None:
    gov = open_house
    request = approve(gov, ask(gov, by, reason="INC-42"))
    if gone is not None:
        people.leaves(gone)
    taken = take(gov, request)
    assert (taken.status, taken.requester, taken.terms_number) == (Status.PENDING, "eve", 2)
    assert (taken.terms.on_behalf_of, taken.terms.reason) == (None, "INC-42")
    assert taken.digest != request.digest
    said = gov.decisions(request.id)[-1]
    assert (said.code, said.trigger, said.actor, said.reason) == ("taken_over", "take_over", "eve", "bob has left")
    assert (said.metadata["requester_before"], said.metadata["replaced_digest"]) == (by, request.digest)
    assert [vote.actor for vote in gov.waiting_for(request.id).outdated] == ["dan"]
    assert [each.id for each in gov.find_requests(requester="eve")] == [request.id]
    assert len(gov.find_requests(requester=by)) == 0
    approve(gov, taken, "kim")
    assert gov.execute(request.id, by="ops").executed
    assert gov.verify().ok


def test_nobody_who_ever_asked_for_it_decides_on_it(store: Store, clock: FrozenClock, people: People) -> None:
    for each in ("bob", "eve", "sue"):
        people.known[each] = Actor(each, roles=("lead", "steward", "release-manager"))
    people.known["agent-7"] = Actor("agent-7", ActorKind.AGENT, roles=("steward",), on_behalf_of="ann")
    policies = [require(Approval(1, roles=("lead",)), ManualReview(name="legal", roles=("lead",)))]
    gov = opened(store, clock=clock, directory=people, policies=[*policies, allow_take_over(["steward"])])
    request = ask(gov)
    for by in ("agent-7", "eve", "sue"):
        request = gov.take_over(request.id, by=by, reason="again")
    assert request.terms.formerly == ("agent-7", "ann", "bob", "eve")
    report: dict[str, Any] = {"check": "legal", "passed": True, "digest": request.digest, "evidence": "seen"}
    for by in ("bob", "agent-7", "ann", "eve", "sue"):
        with refused(gov, request, "separation_of_duties"):
            gov.approve(request.id, by=by, digest=request.digest)
        with refused(gov, request, "separation_of_duties"):
            gov.reject(request.id, by=by, reason="no")
        with refused(gov, request, "separation_of_duties"):
            gov.report(request.id, by=by, **report)
    gov.report(request.id, by="kim", **report)
    assert approve(gov, request, "dan").status is Status.APPROVED


def test_only_who_asks_now_owns_it(open_house: Governance) -> None:
    gov = open_house
    taken = take(gov, ask(gov))
    with refused(gov, taken, "requester"):
        gov.amend(taken.id, AddTeam(team="y"), by="bob")
    with refused(gov, taken, "requester_or_administrator"):
        gov.cancel(taken.id, by="bob")
    amended = gov.amend(taken.id, AddTeam(team="y"), by="eve")
    assert (amended.requester, amended.terms.formerly) == ("eve", ("bob",))
    assert gov.cancel(taken.id, by="eve").status is Status.CANCELED


def test_one_who_takes_it_back_counts_as_having_asked(open_house: Governance, people: People) -> None:
    gov, request = open_house, ask(open_house)
    people.known["bob"] = Actor("bob", roles=("steward",))
    back = gov.take_over(take(gov, request).id, by="bob", reason="I am back")
    assert (back.requester, back.terms.formerly) == ("bob", ("eve",))


def test_a_delegate_of_one_who_asked_does_not_decide_either(store: Store, clock: FrozenClock, people: People) -> None:
    people.known["bob"] = Actor("bob", roles=("lead",))
    away = [Delegation("bob", "kim", clock() - timedelta(days=1), clock() + timedelta(days=1))]
    directory = StaticDirectory(people.known.values(), away)
    policies = [require(Approval(1, roles=("lead",))), allow_take_over(["steward"])]
    gov = opened(store, clock=clock, directory=directory, policies=policies)
    taken = take(gov, ask(gov))
    with refused(gov, taken, "separation_of_duties"):
        gov.approve(taken.id, by="kim", digest=taken.digest, on_behalf_of="bob")


def test_one_who_acts_for_a_former_requester_by_now_does_not_count(open_house: Governance, people: People) -> None:
    gov, request = open_house, ask(open_house)
    taken = take(gov, request)
    approve(gov, taken, "dan")
    people.known["dan"] = Actor("dan", roles=("lead",), on_behalf_of="bob")
    assert gov.reassess(taken.id).status is Status.PENDING


@pytest.mark.parametrize(
    ("by", "reason", "rule", "words"),
    [
        ("kim", "why", "may_take_over", "kim may not take it over: it takes role steward"),
        ("bob", "why", "not_theirs", "bob is its requester already"),
        ("eve", "", "reason_given", "say why"),
        ("eve", "  ", "reason_given", "say why"),
    ],
)
def test_it_is_refused(open_house: Governance, by: str, reason: str, rule: str, words: str) -> None:
    request = ask(open_house)
    with refused(open_house, request, rule, words):
        open_house.take_over(request.id, by=by, reason=reason)


def test_where_no_policy_says_so_nobody_takes_over(gov: Governance) -> None:
    request = ask(gov)
    with refused(gov, request, "may_take_over", r"no policy allows to take it over; add allow_take_over\(roles"):
        take(gov, request)


def test_a_policy_may_say_so_for_some_requests_only(store: Store, clock: FrozenClock, people: People) -> None:
    some = allow_take_over(["steward"], when=lambda proposal: getattr(proposal.mutation, "team", "") == "x")
    gov = opened(store, clock=clock, directory=people, policies=[require(Approval(1, roles=("lead",))), some])
    assert take(gov, ask(gov)).requester == "eve"
    other = gov.submit(AddTeam(team="y"), to=HOUSE, by="bob")
    with refused(gov, other, "may_take_over"):
        take(gov, other)


def test_no_role_is_no_policy() -> None:
    with pytest.raises(ConfigurationError, match="then nobody may take it over"):
        allow_take_over([])


def test_what_the_new_requester_may_not_ask_for_is_not_taken_over(
    store: Store, clock: FrozenClock, people: People
) -> None:
    never = deny("not for eve", when=lambda proposal: proposal.requester.id == "eve")
    policies = [require(Approval(1, roles=("lead",))), allow_take_over(["steward"]), never]
    gov = opened(store, clock=clock, directory=people, policies=policies)
    request = ask(gov)
    with unchanged(gov, request), pytest.raises(PolicyDeniedError, match="not for eve"):
        take(gov, request)


def test_what_nobody_could_then_approve_is_not_taken_over(store: Store, clock: FrozenClock) -> None:
    few = StaticDirectory([Actor("bob"), Actor("eve", roles=("lead", "steward"))])
    policies = [require(Approval(1, roles=("lead",))), allow_take_over(["steward"])]
    gov = opened(store, clock=clock, directory=few, policies=policies)
    request = ask(gov)
    with unchanged(gov, request), pytest.raises(UnsatisfiableError, match="nobody is eligible"):
        take(gov, request)


@pytest.mark.parametrize("status", ["executed", "canceled"])
def test_what_is_final_is_not_taken_over(open_house: Governance, status: str) -> None:
    gov, request = open_house, ask(open_house)
    if status == "executed":
        gov.execute(approve(gov, request).id, by="ops")
    else:
        gov.cancel(request.id, by="bob")
    with refused(gov, request, "no_transition", "that is final"):
        take(gov, request)


def test_what_is_overdue_is_not_taken_over(open_house: Governance, clock: FrozenClock) -> None:
    request = ask(open_house, expires_at=timedelta(hours=1))
    clock.tick(hours=1)
    with refused(open_house, request, "in_time"):
        take(open_house, request)


def test_it_asks_on_the_state_as_it_is_now(open_house: Governance) -> None:
    gov = open_house
    request = approve(gov, ask(gov))
    gov.execute(approve(gov, gov.submit(AddTeam(team="y"), to=HOUSE, by="bob")).id, by="ops")
    taken = take(gov, request)
    assert taken.expected_version == 2
    assert gov.execute(approve(gov, taken).id, by="ops").executed
    assert gov.get_state(HOUSE, Roles).state.teams == ["y", "x"]


def test_what_an_agent_takes_over_is_approved_for_a_day_at_most(open_house: Governance, people: People) -> None:
    people.known["agent-7"] = Actor("agent-7", ActorKind.AGENT, roles=("steward",), on_behalf_of="ann")
    week, never, hour = timedelta(days=7), None, timedelta(hours=1)
    for before, after in ((week, timedelta(days=1)), (never, timedelta(days=1)), (hour, hour)):
        taken = take(open_house, ask(open_house, approval_valid_for=before), "agent-7")
        assert taken.terms.approval_valid_for == after
    assert take(open_house, ask(open_house, approval_valid_for=week)).terms.approval_valid_for == week


def test_what_the_first_requester_required_stays(open_house: Governance) -> None:
    request = ask(open_house, requirements=[Approval(1, actors=("kim",))])
    assert take(open_house, request).requirements == request.requirements


def test_what_was_asked_for_stays_what_another_request_depends_on(open_house: Governance) -> None:
    gov = open_house
    request = ask(gov)
    after = gov.submit(
        AddTeam(team="z"),
        to=HOUSE,
        by="bob",
        on_drift="keep_if_same_effect",
        requirements=[Dependency(request_id=request.id)],
    )
    gov.execute(approve(gov, take(gov, request)).id, by="ops")
    assert gov.execute(approve(gov, after).id, by="ops").executed


def test_the_same_call_again_is_a_success_that_records_nothing(open_house: Governance) -> None:
    gov, request = open_house, ask(open_house)
    taken = take(gov, request)
    with unchanged(gov, request):
        assert take(gov, request) == taken
    with refused(gov, taken, "not_theirs"):
        gov.take_over(request.id, by="eve", reason="for another reason")


def test_where_nothing_is_required_it_goes_on_at_once(store: Store, clock: FrozenClock, people: People) -> None:
    gov = opened(store, clock=clock, directory=people, policies=[allow(), allow_take_over(["steward"])])
    request = ask(gov)
    people.leaves("bob")
    assert take(gov, request).status is Status.APPROVED
    assert gov.execute(request.id, by="ops").executed


def test_hooks_are_told(store: Store, clock: FrozenClock, people: People) -> None:
    heard: list[Moved] = []
    policies = [require(Approval(1, roles=("lead",))), allow_take_over(["steward"])]
    gov = opened(store, clock=clock, directory=people, policies=policies, hooks=[heard.append])
    take(gov, ask(gov))
    told = [(each.method, each.actor.id, [one.code for one in each.decisions]) for each in heard]
    assert told == [("submit", "bob", ["submitted"]), ("take_over", "eve", ["taken_over"])]


@pytest.mark.parametrize("status", ["created", "failed", "revalidation"])
def test_whatever_is_open_can_be_taken_over(
    open_house: Governance, people: People, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    gov = open_house
    request = brought(gov, monkeypatch, status)
    monkeypatch.setattr(Awkward, "doing", lambda state: state)
    people.leaves("bob")
    assert take(gov, request).status is Status.PENDING
    assert gov.verify().ok

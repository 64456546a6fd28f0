"""Whatever a vote, a report or a waiver was judged by is judged again, until what was asked for is executed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, opened, refused
from placet import (
    Actor,
    ActorKind,
    FreezeWindow,
    Governance,
    MutationRequest,
    Requirement,
    Status,
    freeze,
    require,
    require_approval,
)
from placet.errors import ActorNotFoundError, ConfigurationError, DirectoryRaisedError
from placet.requirements import Approval, ExternalCheck, Freeze, ManualReview, WhenImpossible
from placet.store.port import Store
from placet.testing import FrozenClock

HOUR = timedelta(hours=1)
SECURITY = Approval(1, roles=("security",))
DEED = ManualReview(name="deed", roles=("security",))
TESTS = ExternalCheck(name="tests", roles=("runner",))
PEOPLE = (
    Actor("alice"),
    Actor("bob", roles=("security",), groups=("floor",)),
    Actor("carol", roles=("security",)),
    Actor("dora", roles=("security",)),
    Actor("erin"),
    Actor("ci", ActorKind.SERVICE, roles=("runner",)),
    Actor("root", roles=("administrator",)),
)


class Staff:
    """A directory of people who come, go, and change; with delegates who do, too."""

    def __init__(self) -> None:
        self.people = {each.id: each for each in PEOPLE}
        self.delegates: dict[str, str] = {}
        self.until: datetime | None = None

    def actor(self, actor_id: str) -> Actor:
        if actor_id not in self.people:
            raise ActorNotFoundError(actor_id)
        return self.people[actor_id]

    def holders(self, roles: tuple[str, ...], groups: tuple[str, ...]) -> list[Actor]:
        return [each for each in self.people.values() if {*roles} & {*each.roles} or {*groups} & {*each.groups}]

    def delegate(self, actor_id: str, at: datetime) -> str | None:
        return None if self.until and at >= self.until else self.delegates.get(actor_id)

    def change(self, actor_id: str, **facts: Any) -> None:  # noqa: ANN401 - fields of Actor
        self.people[actor_id] = replace(self.people[actor_id], **facts)

    def dismiss(self, actor_id: str) -> None:
        del self.people[actor_id]


@pytest.fixture
def staff() -> Staff:
    return Staff()


def governed(store: Store, staff: Staff, clock: FrozenClock, *required: Requirement) -> Governance:
    return opened(store, clock=clock, directory=staff, policies=[require(*required)])


def asked(gov: Governance) -> MutationRequest:
    return gov.submit(AddTeam(team="x"), to=HOUSE, by="alice")


def approve(gov: Governance, request: MutationRequest, by: str, for_: str | None = None) -> Status:
    return gov.approve(request.id, by=by, digest=request.digest, on_behalf_of=for_).status


def report(gov: Governance, request: MutationRequest, check: str, by: str, *, passed: bool = True) -> Status:
    shown = gov.get_request(request.id).digest
    return gov.report(request.id, check=check, passed=passed, by=by, digest=shown, evidence="seen").status


WHAT_CHANGES: dict[str, Callable[[Staff], None]] = {
    "the directory no longer knows them": lambda staff: staff.dismiss("bob"),
    "they lost the role": lambda staff: staff.change("bob", roles=("sales",)),
    "they became another kind of actor": lambda staff: staff.change("bob", kind=ActorKind.SERVICE),
    "they act for the requester": lambda staff: staff.change("bob", on_behalf_of="alice"),
    "the requester acts for them": lambda staff: staff.change("alice", on_behalf_of="bob"),
}


@pytest.mark.parametrize("what", WHAT_CHANGES)
def test_a_vote_counts_no_more_once(store: Store, clock: FrozenClock, staff: Staff, what: str) -> None:
    gov = governed(store, staff, clock, SECURITY)
    request = asked(gov)
    assert approve(gov, request, "bob") is Status.APPROVED
    WHAT_CHANGES[what](staff)
    assert not gov.waiting_for(request.id).positions[0].met
    assert gov.execute(request.id, by="erin").status is Status.PENDING
    assert gov.decisions(request.id)[-1].code == "lapsed"
    assert approve(gov, request, "carol") is Status.APPROVED
    assert gov.execute(request.id, by="erin").executed


@pytest.mark.parametrize("what", WHAT_CHANGES)
def test_it_does_not_count_for_a_group_or_a_name_either(
    store: Store, clock: FrozenClock, staff: Staff, what: str
) -> None:
    named = Approval(1, actors=("bob", "carol"))
    gov = governed(store, staff, clock, named)
    request = asked(gov)
    assert approve(gov, request, "bob") is Status.APPROVED
    WHAT_CHANGES[what](staff)
    lost = what == "they lost the role"
    assert gov.execute(request.id, by="erin").status is (Status.EXECUTED if lost else Status.PENDING)


@pytest.mark.parametrize("what", WHAT_CHANGES)
def test_nor_for_an_approval_by_anybody(store: Store, clock: FrozenClock, staff: Staff, what: str) -> None:
    gov = governed(store, staff, clock, Approval(1))
    request = asked(gov)
    assert approve(gov, request, "bob") is Status.APPROVED
    WHAT_CHANGES[what](staff)
    lost = what == "they lost the role"
    assert gov.execute(request.id, by="erin").status is (Status.EXECUTED if lost else Status.PENDING)


@pytest.mark.parametrize("what", WHAT_CHANGES)
def test_without_a_recheck_it_counts_as_it_was_given(store: Store, clock: FrozenClock, staff: Staff, what: str) -> None:
    gov = governed(store, staff, clock, replace(SECURITY, recheck=False))
    request = asked(gov)
    assert approve(gov, request, "bob") is Status.APPROVED
    WHAT_CHANGES[what](staff)
    assert gov.execute(request.id, by="erin").executed


@pytest.mark.parametrize("what", WHAT_CHANGES)
def test_while_it_is_pending_it_is_judged_again_at_each_vote(
    store: Store, clock: FrozenClock, staff: Staff, what: str
) -> None:
    gov = governed(store, staff, clock, replace(SECURITY, count=2))
    request = asked(gov)
    approve(gov, request, "bob")
    WHAT_CHANGES[what](staff)
    assert approve(gov, request, "carol") is Status.PENDING
    assert approve(gov, request, "dora") is Status.APPROVED
    assert gov.decisions(request.id)[-1].metadata == {"counted": ["carol", "dora"]}


@pytest.mark.parametrize("what", WHAT_CHANGES)
def test_what_policies_require_at_execution_is_judged_by_it_too(
    store: Store, clock: FrozenClock, staff: Staff, what: str
) -> None:
    gov = governed(store, staff, clock, replace(SECURITY, recheck=False))
    request = asked(gov)
    assert approve(gov, request, "bob") is Status.APPROVED
    gov.register_policy(require(Approval(1, roles=("security",))))
    WHAT_CHANGES[what](staff)
    assert gov.execute(request.id, by="erin").status is Status.PENDING


def test_whoever_acts_for_the_requester_by_now_does_not_vote(store: Store, clock: FrozenClock, staff: Staff) -> None:
    gov = governed(store, staff, clock, SECURITY)
    request = asked(gov)
    staff.change("alice", on_behalf_of="bob")
    with refused(gov, request, "separation_of_duties", "bob asked for it"):
        approve(gov, request, "bob")
    assert approve(gov, request, "carol") is Status.APPROVED


# One hand in one vote.


@pytest.mark.parametrize("who", [("bob", "carol"), ("carol", "bob")])
def test_two_who_turn_out_to_be_one_hand_count_once(
    store: Store, clock: FrozenClock, staff: Staff, who: tuple[str, str]
) -> None:
    gov = governed(store, staff, clock, replace(SECURITY, count=2))
    request = asked(gov)
    approve(gov, request, "bob")
    assert approve(gov, request, "carol") is Status.APPROVED
    staff.change(who[0], on_behalf_of=who[1])
    assert gov.execute(request.id, by="erin").status is Status.PENDING
    assert approve(gov, request, "dora") is Status.APPROVED


def test_nor_do_two_who_act_for_the_same_person(store: Store, clock: FrozenClock, staff: Staff) -> None:
    gov = governed(store, staff, clock, replace(SECURITY, count=2))
    request = asked(gov)
    approve(gov, request, "bob")
    approve(gov, request, "carol")
    for each in ("bob", "carol"):
        staff.change(each, on_behalf_of="erin")
    assert gov.reassess(request.id).status is Status.PENDING


def test_whoever_somebody_votes_for_by_now_has_a_hand_in_that_vote(
    store: Store, clock: FrozenClock, staff: Staff
) -> None:
    gov = governed(store, staff, clock, replace(SECURITY, count=2, when_impossible=WhenImpossible.NOTE))
    request = asked(gov)
    approve(gov, request, "bob")
    staff.change("bob", on_behalf_of="carol")
    assert gov.waiting_for(request.id).positions[0].candidates == ("dora",)
    assert request.id not in [each.id for each in gov.inbox("carol")]
    with refused(gov, request, "one_vote", "carol has approved it already"):
        approve(gov, request, "carol")
    assert approve(gov, request, "dora") is Status.APPROVED


# Delegates.


WHAT_CHANGES_OF_DELEGATES: dict[str, Callable[[Staff], None]] = {
    "they are a delegate no more": lambda staff: staff.delegates.clear(),
    "another one is": lambda staff: staff.delegates.update(bob="carol"),
    "the directory no longer knows the delegate": lambda staff: staff.dismiss("erin"),
    "it no longer knows whom they stand in for": lambda staff: staff.dismiss("bob"),
    "whom they stand in for lost the role": lambda staff: staff.change("bob", roles=()),
    "whom they stand in for acts for the requester": lambda staff: staff.change("bob", on_behalf_of="alice"),
    "the delegate acts for the requester": lambda staff: staff.change("erin", on_behalf_of="alice"),
    "the delegate became another kind of actor": lambda staff: staff.change("erin", kind=ActorKind.AGENT),
    "it is handed on through the requester": lambda staff: staff.delegates.update(bob="alice", alice="erin"),
    "the requester acts for the delegate": lambda staff: staff.change("alice", on_behalf_of="erin"),
}


@pytest.mark.parametrize("recheck", [True, False])
@pytest.mark.parametrize("what", WHAT_CHANGES_OF_DELEGATES)
def test_the_vote_of_a_delegate_counts_no_more_once(
    store: Store, clock: FrozenClock, staff: Staff, what: str, recheck: bool
) -> None:
    gov = governed(store, staff, clock, replace(SECURITY, recheck=recheck))
    staff.delegates["bob"] = "erin"
    request = asked(gov)
    assert approve(gov, request, "erin", "bob") is Status.APPROVED
    WHAT_CHANGES_OF_DELEGATES[what](staff)
    assert gov.execute(request.id, by="dora").status is (Status.PENDING if recheck else Status.EXECUTED)


def test_a_vote_by_a_delegate_stands_as_long_as_the_delegation_does(
    store: Store, clock: FrozenClock, staff: Staff
) -> None:
    gov = governed(store, staff, clock, SECURITY)
    staff.delegates["bob"], staff.until = "erin", clock() + HOUR
    request = asked(gov)
    assert approve(gov, request, "erin", "bob") is Status.APPROVED
    clock.tick(minutes=59)
    assert gov.reassess(request.id).status is Status.APPROVED
    clock.tick(minutes=1)
    assert gov.execute(request.id, by="dora").status is Status.PENDING


# Reports and waivers.


WHO_REPORTS = {"a review": (DEED, "bob", "carol"), "a check": (TESTS, "ci", "ci-2")}
WHAT_CHANGES_OF_REPORTERS: dict[str, Callable[[Staff, str], None]] = {
    "the directory no longer knows them": lambda staff, who: staff.dismiss(who),
    "they lost the role": lambda staff, who: staff.change(who, roles=("sales",)),
    "they became another kind of actor": lambda staff, who: staff.change(who, kind=ActorKind.AGENT),
    "they act for the requester": lambda staff, who: staff.change(who, on_behalf_of="alice"),
    "the requester acts for them": lambda staff, who: staff.change("alice", on_behalf_of=who),
}


@pytest.mark.parametrize("recheck", [True, False])
@pytest.mark.parametrize("what", WHAT_CHANGES_OF_REPORTERS)
@pytest.mark.parametrize("reported", WHO_REPORTS)
def test_a_report_counts_no_more_once(store: Store, staff: Staff, reported: str, what: str, recheck: bool) -> None:
    wanted, by, other = WHO_REPORTS[reported]
    gov = governed(store, staff, FrozenClock(), replace(wanted, recheck=recheck))
    staff.people.setdefault(other, Actor(other, ActorKind.SERVICE, ("runner",)))
    request = asked(gov)
    assert report(gov, request, wanted.name, by) is Status.APPROVED
    WHAT_CHANGES_OF_REPORTERS[what](staff, by)
    assert gov.execute(request.id, by="erin").status is (Status.PENDING if recheck else Status.EXECUTED)
    if recheck:
        assert report(gov, request, wanted.name, other) is Status.APPROVED
        assert gov.execute(request.id, by="erin").executed


def test_a_report_that_failed_holds_it_up_whoever_gave_it(store: Store, clock: FrozenClock, staff: Staff) -> None:
    gov = governed(store, staff, clock, DEED)
    request = asked(gov)
    assert report(gov, request, "deed", "carol") is Status.APPROVED
    assert report(gov, request, "deed", "bob", passed=False) is Status.PENDING
    staff.dismiss("bob")
    assert gov.reassess(request.id).status is Status.PENDING
    assert report(gov, request, "deed", "dora") is Status.APPROVED


def test_where_two_reported_that_it_passes_one_of_them_is_enough(
    store: Store, clock: FrozenClock, staff: Staff
) -> None:
    gov = governed(store, staff, clock, DEED)
    request = asked(gov)
    report(gov, request, "deed", "carol")
    report(gov, request, "deed", "bob")
    staff.dismiss("bob")
    assert gov.execute(request.id, by="erin").executed


@pytest.mark.parametrize("recheck", [True, False])
@pytest.mark.parametrize("what", [each for each in WHAT_CHANGES if "kind" not in each])
def test_a_waiver_counts_no_more_once(store: Store, clock: FrozenClock, staff: Staff, what: str, recheck: bool) -> None:
    storm = Freeze(name="storm", until=clock() + HOUR, waiver_roles=("security",), recheck=recheck)
    gov = governed(store, staff, clock, storm)
    request = asked(gov)
    assert gov.waive(request.id, freeze="storm", by="bob", digest=request.digest, reason="small").status == "approved"
    WHAT_CHANGES[what](staff)
    if recheck:
        with refused(gov, request, "requirements_met", "the end of freeze 'storm'"):
            gov.execute(request.id, by="erin")
        gov.waive(request.id, freeze="storm", by="carol", digest=request.digest, reason="small")
    assert gov.execute(request.id, by="erin").executed


def test_a_freeze_of_a_calendar_looks_at_waivers_again(store: Store, clock: FrozenClock, staff: Staff) -> None:
    storm = FreezeWindow("storm", clock(), clock() + HOUR)
    policies = [require_approval(1, roles=["security"]), freeze(lambda: (storm,), waiver_roles=["security"])]
    gov = opened(store, clock=clock, directory=staff, policies=policies)
    request = asked(gov)
    gov.waive(request.id, freeze="storm", by="bob", digest=request.digest, reason="small")
    assert approve(gov, request, "carol") is Status.APPROVED
    staff.dismiss("bob")
    with refused(gov, request, "requirements_met", "the end of freeze 'storm'"):
        gov.execute(request.id, by="erin")


# What is asked, and what is said.


def test_recheck_is_the_default_everywhere(clock: FrozenClock) -> None:
    made = (Approval(1), DEED, TESTS, Freeze(name="storm", until=clock()))
    assert [each.recheck for each in made] == [True] * 4
    wrong: dict[str, Any] = {"recheck": 1}
    for make in (
        lambda: Approval(1, **wrong),
        lambda: ManualReview(name="deed", **wrong),
        lambda: Freeze(name="storm", until=clock(), **wrong),
    ):
        with pytest.raises(ConfigurationError, match="recheck=1 of a requirement: pass True or False"):
            make()


def test_a_directory_that_raises_while_it_is_judged_again_leaves_everything_as_it_was(
    store: Store, clock: FrozenClock, staff: Staff
) -> None:
    gov = governed(store, staff, clock, SECURITY)
    request = asked(gov)
    approve(gov, request, "bob")
    staff.people["bob"] = Actor("somebody-else")
    before = gov.get_request(request.id), gov.decisions(request.id)
    with pytest.raises(DirectoryRaisedError):
        gov.execute(request.id, by="erin")
    assert (gov.get_request(request.id), gov.decisions(request.id)) == before


# Deadlines of what has to be given again.


@pytest.mark.parametrize("wanted", [SECURITY, DEED])
def test_what_lapses_after_its_deadline_expires_at_once_and_says_why(
    store: Store, clock: FrozenClock, staff: Staff, wanted: Approval | ManualReview
) -> None:
    gov = governed(store, staff, clock, replace(wanted, within=HOUR))
    request = asked(gov)
    if isinstance(wanted, Approval):
        approve(gov, request, "bob")
    else:
        report(gov, request, "deed", "bob")
    staff.dismiss("bob")
    clock.tick(hours=2)
    outcome = gov.execute(request.id, by="erin")
    assert outcome.status is Status.EXPIRED
    assert "still needs" in outcome.reasons[0]
    assert outcome.reasons[1:] == (f"the deadline of {wanted} passed at 2026-01-31T13:00:00Z",)
    assert [each.code for each in gov.decisions(request.id)][-2:] == ["lapsed", "expired"]


@pytest.mark.parametrize("act", ["reassess", "reassess_open"])
def test_so_it_does_when_it_is_reassessed(store: Store, clock: FrozenClock, staff: Staff, act: str) -> None:
    gov = governed(store, staff, clock, replace(SECURITY, within=HOUR))
    request = asked(gov)
    approve(gov, request, "bob")
    staff.dismiss("bob")
    clock.tick(hours=1)
    if act == "reassess":
        gov.reassess(request.id)
    else:
        assert [each.id for each in gov.reassess_open().moved] == [request.id]
    assert gov.get_request(request.id).status is Status.EXPIRED


def test_before_its_deadline_it_goes_back_to_the_approvers(store: Store, clock: FrozenClock, staff: Staff) -> None:
    gov = governed(store, staff, clock, replace(SECURITY, within=HOUR))
    request = asked(gov)
    approve(gov, request, "bob")
    staff.dismiss("bob")
    clock.tick(minutes=59)
    assert gov.execute(request.id, by="erin").status is Status.PENDING
    assert gov.get_request(request.id).due_at == request.created_at + HOUR
    assert approve(gov, request, "carol") is Status.APPROVED


def test_a_check_that_runs_out_after_its_deadline_expires_too(store: Store, clock: FrozenClock, staff: Staff) -> None:
    gov = governed(store, staff, clock, replace(TESTS, within=HOUR, valid_for=HOUR))
    request = asked(gov)
    clock.tick(minutes=30)
    assert report(gov, request, "tests", "ci") is Status.APPROVED
    clock.tick(hours=1)
    assert gov.execute(request.id, by="erin").status is Status.EXPIRED


def test_a_pending_request_that_lost_a_vote_after_its_deadline_takes_no_other_and_expires(
    store: Store, clock: FrozenClock, staff: Staff
) -> None:
    gov = governed(store, staff, clock, replace(SECURITY, within=HOUR), DEED)
    request = asked(gov)
    approve(gov, request, "bob")
    staff.dismiss("bob")
    clock.tick(hours=1)
    late = "the deadline of 1 approval by role security passed at 2026-01-31T13:00:00Z"
    assert gov.waiting_for(request.id).reasons[0].startswith(late)
    assert request.id not in [each.id for each in gov.inbox("carol")]
    with refused(gov, request, "in_time", late):
        approve(gov, request, "carol")
    assert gov.reassess(request.id).status is Status.EXPIRED

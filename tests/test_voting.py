"""Votes and the places they fill: from submission to approval, through the front door."""

from dataclasses import replace
from typing import Any

import pytest

from house import HOUSE, AddTeam, GrantRole, opened, refused, released, unchanged
from placet import (
    Actor,
    ActorKind,
    Governance,
    MutationRequest,
    Proposal,
    StaticDirectory,
    Status,
    Verdict,
    policy,
    require,
    require_approval,
)
from placet.errors import (
    ActorNotFoundError,
    ConfigurationError,
    InputError,
    PolicyRaisedError,
    UnsatisfiableError,
)
from placet.model.directory import Directory
from placet.requirements import Approval, ManualReview, Rejection, Requirement, Schedule, WhenImpossible
from placet.store.port import Store
from placet.testing import FrozenClock

PEOPLE = (
    Actor("bob"),
    Actor("carol", roles=("security",)),
    Actor("dave", roles=("security", "owner")),
    Actor("erin", roles=("security",)),
    Actor("fred", groups=("board",)),
    Actor("gina", groups=("board",)),
    Actor("root", roles=("administrator",)),
    Actor("ann", roles=("security",)),
    Actor("robot", ActorKind.AGENT, roles=("security",), on_behalf_of="ann"),
    Actor("robot-2", ActorKind.AGENT, roles=("security",), on_behalf_of="ann"),
    Actor("ci", ActorKind.SERVICE, roles=("security",)),
)
SECURITY = ("ann", "carol", "dave", "erin")
"""Everybody human with the role `security`."""


class Staff:
    """A directory of people who come, go, and change their roles."""

    def __init__(self, *people: Actor) -> None:
        self.people = {each.id: each for each in people}

    def actor(self, actor_id: str) -> Actor:
        if actor_id not in self.people:
            raise ActorNotFoundError(actor_id)
        return self.people[actor_id]

    def give(self, actor_id: str, *roles: str) -> None:
        self.people[actor_id] = Actor(actor_id, roles=roles)


class ListedStaff(Staff):
    """The same, which can also be listed."""

    def holders(self, roles: tuple[str, ...], groups: tuple[str, ...]) -> list[Actor]:
        return [each for each in self.people.values() if {*roles} & {*each.roles} or {*groups} & {*each.groups}]


STAFFS = [Staff, ListedStaff]


def governed(store: Store, *required: Requirement, directory: Directory | None = None) -> Governance:
    """Open the house where all of these are required."""
    return opened(
        store, clock=FrozenClock(), directory=directory or StaticDirectory(PEOPLE), policies=[require(*required)]
    )


def asked(gov: Governance, by: str = "bob") -> MutationRequest:
    return gov.submit(GrantRole(user="ada", role="admin"), to=HOUSE, by=by)


def approve(gov: Governance, request: MutationRequest, *people: str) -> MutationRequest:
    """Let these people approve, one after the other."""
    for by in people:
        request = gov.approve(request.id, by=by, digest=request.digest)
    return request


def codes(gov: Governance, request: MutationRequest) -> list[str]:
    return [each.code for each in gov.decisions(request.id)]


# What is required is data, fixed at submission.


def test_what_is_required_is_fixed_at_submission(store: Store) -> None:
    strict: list[int] = [1]

    @policy
    def some(_: Proposal) -> Verdict:
        return Verdict.require(Approval(strict[0], roles=("security",)))

    gov = opened(store, directory=StaticDirectory(PEOPLE), policies=[some])
    request = asked(gov)
    strict[0] = 3
    assert gov.get_request(request.id).requirements == (Approval(1, roles=("security",)),)
    assert approve(gov, request, "carol").status is Status.APPROVED
    assert gov.decisions(request.id)[0].metadata["requirements"] == ["1 approval by role security"]


def test_steps_open_one_after_the_other(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",)), Approval(1, groups=("board",), step=2))
    request = asked(gov)
    with refused(gov, request, "seat_in_open_step", "fred has no part in step 1"):
        approve(gov, request, "fred")
    assert approve(gov, request, "carol").status is Status.PENDING
    with refused(gov, request, "seat_in_open_step", "dave has no part in step 2"):
        approve(gov, request, "dave")
    assert approve(gov, request, "fred").status is Status.APPROVED
    votes = [each for each in gov.decisions(request.id) if each.code == "voted"]
    assert [(each.actor, each.metadata["step"]) for each in votes] == [("carol", 1), ("fred", 2)]


def test_steps_need_not_be_numbered_without_gaps(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",), step=3), Approval(1, groups=("board",), step=7))
    request = asked(gov)
    with refused(gov, request, "seat_in_open_step"):
        approve(gov, request, "fred")
    assert approve(gov, request, "carol", "fred").status is Status.APPROVED


def test_in_a_step_approvals_stand_side_by_side(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",)), Approval(2, groups=("board",)))
    request = asked(gov)
    assert approve(gov, request, "fred", "carol").status is Status.PENDING
    with refused(gov, request, "seat_in_open_step", "every place that dave could fill is taken"):
        approve(gov, request, "dave")
    assert approve(gov, request, "gina").status is Status.APPROVED
    assert gov.decisions(request.id)[-1].metadata == {"counted": ["carol", "fred", "gina"]}


def test_a_step_opens_again_when_a_vote_of_it_is_withdrawn(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",)), Approval(2, groups=("board",), step=2))
    request = approve(gov, asked(gov), "carol", "fred")
    gov.withdraw(request.id, by="carol")
    with refused(gov, request, "seat_in_open_step"):
        approve(gov, request, "gina")
    assert approve(gov, request, "dave", "gina").status is Status.APPROVED
    assert gov.decisions(request.id)[-1].metadata == {"counted": ["dave", "fred", "gina"]}


def test_whoever_voted_in_one_step_has_no_vote_in_the_next(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",)), Approval(1, roles=("security",), step=2))
    request = approve(gov, asked(gov), "carol")
    with unchanged(gov, request):
        assert approve(gov, request, "carol").status is Status.PENDING
    assert approve(gov, request, "dave").status is Status.APPROVED


def test_a_list_of_approvers_without_a_count_means_all_of_them(store: Store) -> None:
    gov = governed(store, Approval(actors=("carol", "fred")))
    request = asked(gov)
    assert str(request.requirements[0]) == "approval by carol and fred"
    assert approve(gov, request, "carol").status is Status.PENDING
    assert approve(gov, request, "fred").status is Status.APPROVED


def test_n_of_m_named_actors_are_enough(store: Store) -> None:
    gov = governed(store, Approval(2, actors=("carol", "fred", "gina")))
    assert approve(gov, asked(gov), "gina", "carol").status is Status.APPROVED


def test_all_of_a_role_are_written_down_by_name(store: Store) -> None:
    gov = governed(store, Approval("all", roles=("security",)))
    request = asked(gov)
    (required,) = request.requirements
    assert isinstance(required, Approval)
    assert (required.people, required.roles) == (SECURITY, ("security",))
    assert str(required) == "approval by all of role security: ann, carol, dave, erin"
    assert approve(gov, request, "ann", "carol", "dave").status is Status.PENDING
    assert approve(gov, request, "erin").status is Status.APPROVED


def test_all_of_a_role_are_all_who_may_so_never_the_requester(store: Store) -> None:
    gov = governed(store, Approval("all", roles=("security",)))
    request = asked(gov, by="carol")
    assert approve(gov, request, "ann", "dave", "erin").status is Status.APPROVED


def test_all_of_a_group_must_approve(store: Store) -> None:
    gov = governed(store, Approval("all", groups=("board",)))
    assert approve(gov, asked(gov), "fred", "gina").status is Status.APPROVED


@pytest.mark.parametrize("count", [0, -1, "2", "two", "", 1.5, True, "ALL"])
def test_a_count_that_cannot_be_read_makes_no_requirement(count: int) -> None:
    with pytest.raises(ConfigurationError, match="must be a whole number from 1, or 'all'"):
        Approval(count, roles=("security",))


def test_a_count_of_more_than_the_list_names_who_is_eligible() -> None:
    with pytest.raises(ConfigurationError, match="count=3 of a requirement exceeds the eligible: carol, fred"):
        Approval(3, actors=("carol", "fred", "carol"))


def test_all_of_anybody_makes_no_requirement() -> None:
    with pytest.raises(ConfigurationError, match="name actors, roles or groups"):
        Approval("all")


@pytest.mark.parametrize("count", [0, "many", 5])
def test_a_policy_that_builds_a_bad_requirement_decides_nothing(store: Store, count: int) -> None:
    @policy
    def broken(_: Proposal) -> Verdict:
        return Verdict.require(Approval(count, actors=("carol", "fred")))

    gov = opened(store, directory=StaticDirectory(PEOPLE), policies=[broken])
    with pytest.raises(PolicyRaisedError, match="policy 'broken' raised ConfigurationError"):
        asked(gov)
    assert len(gov.find_requests()) == 0


TOO_FEW = {
    "more than have the role": ((Approval(5, roles=("security",)),), "bob", "ann, carol, dave, erin"),
    "a role nobody has": ((Approval(1, roles=("pilot",)),), "bob", "nobody is eligible"),
    "somebody nobody knows": ((Approval(actors=("carol", "ghost")),), "bob", "eligible are only carol"),
    "the requester alone": ((Approval(1, roles=("owner",)),), "dave", "nobody is eligible"),
    "a list with the requester": ((Approval(2, actors=("bob", "carol")),), "bob", "eligible are only carol"),
    "one person for two places": (
        (Approval(1, roles=("owner",)), Approval(1, actors=("dave",))),
        "bob",
        "eligible are only dave",
    ),
    "one person in two steps": (
        (Approval(1, roles=("owner",)), Approval(1, actors=("dave",), step=2)),
        "bob",
        "eligible are only dave",
    ),
    "only services": ((Approval(1, actors=("ci",)),), "bob", "nobody is eligible"),
    "all of nobody": ((Approval("all", roles=("pilot",)),), "bob", "nobody is eligible"),
    "two agents of one person": (
        (Approval(2, actors=("robot", "robot-2"), kinds=(ActorKind.AGENT,)),),
        "bob",
        "robot",
    ),
    "a person and their own agent": (
        (Approval(2, actors=("ann", "robot"), kinds=(ActorKind.HUMAN, ActorKind.AGENT)),),
        "bob",
        "ann",
    ),
}


@pytest.mark.parametrize(("required", "by", "words"), TOO_FEW.values(), ids=TOO_FEW.keys())
def test_more_than_are_eligible_is_refused_at_submission_by_name(
    store: Store, required: tuple[Requirement, ...], by: str, words: str
) -> None:
    gov = governed(store, *required)
    with pytest.raises(UnsatisfiableError, match=words):
        asked(gov, by=by)
    assert len(gov.find_requests()) == 0


def test_what_the_requester_adds_must_be_possible_too(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",)))
    with pytest.raises(UnsatisfiableError, match="eligible are only fred, gina, each for one place"):
        gov.submit(AddTeam(team="x"), to=HOUSE, by="bob", requirements=[Approval(3, groups=("board",))])


def test_policies_cannot_take_away_what_the_requester_added(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",)))
    own = [Approval(1, actors=("gina",))]
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob", requirements=own)
    assert approve(gov, request, "carol").status is Status.PENDING
    assert approve(gov, request, "gina").status is Status.APPROVED


def test_where_nobody_can_list_a_role_all_of_it_is_refused(store: Store) -> None:
    gov = governed(store, Approval("all", roles=("security",)), directory=Staff(*PEOPLE))
    with pytest.raises(UnsatisfiableError, match="the directory cannot list who is eligible"):
        asked(gov)


def test_where_nobody_can_list_a_role_a_number_of_it_is_believed(store: Store) -> None:
    gov = governed(store, Approval(50, roles=("security",)), directory=Staff(*PEOPLE))
    request = asked(gov)
    assert request.status is Status.PENDING
    assert gov.waiting_for(request.id).positions[0].candidates is None


# Distinct people.


@pytest.mark.parametrize(
    ("requester", "by"),
    [("carol", "carol"), ("robot", "robot"), ("robot", "ann"), ("ann", "robot"), ("robot", "robot-2")],
)
def test_nobody_decides_on_what_they_have_a_hand_in(store: Store, requester: str, by: str) -> None:
    gov = governed(store, Approval(1, roles=("security",), kinds=(ActorKind.HUMAN, ActorKind.AGENT)))
    request = asked(gov, by=requester)
    for act in (gov.approve, gov.abstain, gov.reject):
        with refused(gov, request, "separation_of_duties", "asked for it and cannot decide on it"):
            act(request.id, by=by, digest=request.digest, reason="why not")


@pytest.mark.parametrize("by", ["robot", "ci"])
def test_agents_and_services_have_no_vote_unless_the_requirement_says_so(store: Store, by: str) -> None:
    gov = governed(store, Approval(1, roles=("security",)))
    request = asked(gov)
    with refused(gov, request, "eligible", "is not eligible as"):
        approve(gov, request, by)


@pytest.mark.parametrize(("by", "kind"), [("robot", ActorKind.AGENT), ("ci", ActorKind.SERVICE)])
def test_agents_and_services_vote_where_the_requirement_says_so(store: Store, by: str, kind: ActorKind) -> None:
    gov = governed(store, Approval(1, roles=("security",), kinds=(kind,)))
    request = asked(gov)
    with refused(gov, request, "eligible"):
        approve(gov, request, "carol")
    assert approve(gov, request, by).status is Status.APPROVED
    assert gov.decisions(request.id)[1].metadata["kind"] == kind


@pytest.mark.parametrize(("first", "second"), [("ann", "robot"), ("robot", "ann"), ("robot", "robot-2")])
def test_a_person_and_their_agents_have_one_vote_together(store: Store, first: str, second: str) -> None:
    gov = governed(store, Approval(2, roles=("security",), kinds=(ActorKind.HUMAN, ActorKind.AGENT)))
    request = approve(gov, asked(gov), first)
    with refused(gov, request, "one_vote", "ann has approved it already"):
        approve(gov, request, second)


def test_whoever_sits_is_moved_where_that_makes_room(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",)), Approval(1, roles=("owner",)))
    assert approve(gov, asked(gov), "dave", "carol").status is Status.APPROVED


def test_roles_are_read_at_the_moment_of_voting(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    gov = governed(store, Approval(1, roles=("security",)), directory=staff)
    request = asked(gov)
    staff.give("carol")
    with refused(gov, request, "eligible", "carol is not eligible, with no roles"):
        approve(gov, request, "carol")
    staff.give("fred", "security")
    assert approve(gov, request, "fred").status is Status.APPROVED
    assert gov.decisions(request.id)[1].metadata["roles"] == ["security"]


def test_where_all_of_a_role_must_approve_a_role_that_was_lost_gives_no_vote(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    required = Approval("all", roles=("security",), when_impossible=WhenImpossible.NOTE)
    gov = governed(store, required, directory=staff)
    request = asked(gov)
    staff.give("carol")
    with refused(gov, request, "eligible"):
        approve(gov, request, "carol")


def test_a_rechecked_approval_by_all_of_a_role_lapses_with_the_role(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    gov = governed(store, Approval("all", roles=("security",), recheck=True), directory=staff)
    request = approve(gov, asked(gov), *SECURITY)
    staff.give("carol")
    assert gov.execute(request.id, by="bob").status is Status.PENDING


def test_a_vote_stands_though_the_role_is_lost_where_no_recheck_is_required(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    gov = governed(store, Approval(1, roles=("security",), recheck=False), directory=staff)
    request = approve(gov, asked(gov), "carol")
    staff.give("carol")
    assert gov.execute(request.id, by="bob").executed


@pytest.mark.parametrize("staff_class", STAFFS)
@pytest.mark.parametrize("gone", [False, True])
def test_a_rechecked_approval_lapses_at_execution_and_somebody_else_can_give_it(
    store: Store, staff_class: type[Staff], gone: bool
) -> None:
    staff = staff_class(*PEOPLE)
    gov = governed(store, Approval(1, roles=("security",), recheck=True), directory=staff)
    request = approve(gov, asked(gov), "carol")
    if gone:
        del staff.people["carol"]
    else:
        staff.give("carol")
    outcome = gov.execute(request.id, by="bob")
    assert (outcome.status, outcome.audit) == (Status.PENDING, None)
    assert outcome.reasons == ("still needs 1 approval by role security (1 more)",)
    assert codes(gov, request) == ["submitted", "voted", "approved", "lapsed"]
    assert gov.decisions(request.id)[-1].metadata == {"requirements": ["1 approval by role security"]}
    assert [vote.actor for vote in gov.waiting_for(request.id).votes] == ["carol"]
    with refused(gov, request, "requirements_met", "still needs 1 approval"):
        gov.execute(request.id, by="bob")
    assert approve(gov, request, "dave").status is Status.APPROVED
    assert gov.decisions(request.id)[-1].metadata == {"counted": ["dave"]}
    assert gov.execute(request.id, by="bob").executed


def test_a_lapsed_vote_counts_again_with_the_role(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    gov = governed(store, Approval(1, roles=("security",), recheck=True), directory=staff)
    request = approve(gov, asked(gov), "carol")
    staff.give("carol")
    assert gov.reassess(request.id).status is Status.PENDING
    assert gov.decisions(request.id)[-1].actor == "placet"
    staff.give("carol", "security")
    with unchanged(gov, request):
        approve(gov, request, "carol")
    assert gov.reassess(request.id, by="dave", reason="she is back").status is Status.APPROVED
    assert (gov.decisions(request.id)[-1].actor, gov.decisions(request.id)[-1].reason) == ("dave", "she is back")
    assert gov.execute(request.id, by="bob").executed


def test_a_lapsed_approval_that_nobody_can_give_ends_the_request(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    gov = governed(store, Approval(1, roles=("owner",), recheck=True), directory=staff)
    request = approve(gov, asked(gov), "dave")
    staff.give("dave")
    assert gov.execute(request.id, by="bob").status is Status.PENDING
    assert gov.reassess(request.id).status is Status.REJECTED


def test_while_it_is_pending_a_rechecked_vote_is_asked_again_at_each_move(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    gov = governed(store, Approval(2, roles=("security",), recheck=True), directory=staff)
    request = approve(gov, asked(gov), "carol")
    staff.give("carol")
    assert approve(gov, request, "dave").status is Status.PENDING
    assert approve(gov, request, "erin").status is Status.APPROVED
    assert gov.decisions(request.id)[-1].metadata == {"counted": ["dave", "erin"]}


def test_a_paused_request_lapses_too_and_comes_through_in_the_end(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    gov = governed(store, Approval(1, roles=("security",), recheck=True), directory=staff)
    paused: dict[str, Any] = {"on_drift": "revalidate", "pause_for_revalidation": True}
    first = gov.submit(AddTeam(team="first"), to=HOUSE, by="bob", **paused)
    other = gov.submit(AddTeam(team="other"), to=HOUSE, by="bob")
    approve(gov, first, "carol")
    approve(gov, other, "dave")
    gov.execute(other.id, by="bob")
    assert gov.execute(first.id, by="bob").status is Status.REVALIDATION
    staff.give("carol")
    assert released(gov, first, "erin").status is Status.PENDING
    assert approve(gov, first, "erin").status is Status.APPROVED
    assert gov.execute(first.id, by="bob").status is Status.REVALIDATION
    assert released(gov, first, "erin").status is Status.REVALIDATION
    assert gov.execute(first.id, by="bob").executed


# Votes.


def test_each_vote_keeps_the_digest_it_was_given_to(store: Store) -> None:
    gov = governed(store, Approval(3, roles=("security",), when_impossible=WhenImpossible.NOTE))
    request = asked(gov)
    approve(gov, request, "carol")
    gov.abstain(request.id, by="dave", digest=request.digest, reason="no opinion")
    gov.reject(request.id, by="erin", digest=request.digest, reason="no", code="wrong_scope")
    votes = gov.waiting_for(request.id).votes
    assert [(each.actor, each.choice.value, each.code, each.reason) for each in votes] == [
        ("carol", "approve", "", ""),
        ("dave", "abstain", "", "no opinion"),
        ("erin", "reject", "wrong_scope", "no"),
    ]
    assert {each.digest for each in votes} == {request.digest}
    assert {each.digest for each in gov.decisions(request.id)} == {request.digest}


@pytest.mark.parametrize("shown", ["0" * 64, "beginning"])
@pytest.mark.parametrize("act", ["approve", "reject", "abstain"])
def test_a_vote_on_anything_but_the_present_digest_is_refused(store: Store, act: str, shown: str) -> None:
    gov = governed(store, Approval(1, roles=("security",)))
    request = asked(gov)
    digest = request.digest[:12] if shown == "beginning" else shown
    with refused(gov, request, "present_digest", "digest"):
        getattr(gov, act)(request.id, by="carol", digest=digest, reason="because")


@pytest.mark.parametrize("code", list(Rejection))
def test_a_rejection_has_a_code_and_a_message(store: Store, code: Rejection) -> None:
    gov = governed(store, Approval(actors=("carol",)))
    request = asked(gov)
    assert gov.reject(request.id, by="carol", reason="too much", code=code).status is Status.REJECTED
    dissent, end = gov.decisions(request.id)[1:]
    assert (dissent.code, dissent.actor, dissent.reason) == ("dissented", "carol", "too much")
    assert dissent.metadata["code"] == code
    assert end.code == "rejected"
    assert end.metadata == {
        "rejections": [{"actor": "carol", "code": code}],
        "requirements": ["approval by carol"],
        "reasons": ["approval by carol (1 more)"],
    }


@pytest.mark.parametrize("code", ["because", "", "OTHER", None])
def test_a_rejection_without_a_known_code_is_refused(store: Store, code: str) -> None:
    gov = governed(store, Approval(1, roles=("security",)))
    request = asked(gov)
    with pytest.raises(InputError, match="code="):
        gov.reject(request.id, by="carol", reason="no", code=code)
    assert gov.get_request(request.id) == request


def test_a_rejection_without_a_message_is_refused(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",)))
    request = asked(gov)
    with refused(gov, request, "reason_given"):
        gov.reject(request.id, by="carol", reason="  ")


def test_one_rejection_does_not_end_what_can_still_be_met(store: Store) -> None:
    gov = governed(store, Approval(2, roles=("security",)))
    request = asked(gov)
    assert gov.reject(request.id, by="carol", reason="no").status is Status.PENDING
    assert gov.reject(request.id, by="dave", reason="no").status is Status.PENDING
    assert approve(gov, request, "erin", "ann").status is Status.APPROVED


def test_the_rejection_that_leaves_too_few_ends_it(store: Store) -> None:
    gov = governed(store, Approval(3, roles=("security",)))
    request = approve(gov, asked(gov), "ann")
    gov.reject(request.id, by="carol", reason="no")
    assert gov.reject(request.id, by="dave", reason="no", code="wrong_scope").status is Status.REJECTED
    assert codes(gov, request) == ["submitted", "voted", "dissented", "dissented", "rejected"]
    assert gov.decisions(request.id)[-1].metadata == {
        "rejections": [{"actor": "carol", "code": "other"}, {"actor": "dave", "code": "wrong_scope"}],
        "requirements": ["3 approvals by role security"],
        "reasons": ["3 approvals by role security (2 more)"],
    }


def test_any_rejection_ends_it_where_the_requirement_says_so(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",), any_rejection_ends=True))
    request = asked(gov)
    assert gov.reject(request.id, by="carol", reason="no").status is Status.REJECTED


def test_where_all_must_approve_one_rejection_ends_it_by_default(store: Store) -> None:
    gov = governed(store, Approval("all", roles=("security",), when_impossible=WhenImpossible.NOTE))
    assert gov.reject(asked(gov).id, by="carol", reason="no").status is Status.REJECTED


def test_where_all_must_approve_the_requirement_can_say_otherwise(store: Store) -> None:
    required = Approval("all", groups=("board",), when_impossible=WhenImpossible.NOTE, any_rejection_ends=False)
    gov = governed(store, required)
    request = asked(gov)
    assert gov.reject(request.id, by="fred", reason="no").status is Status.PENDING
    gov.withdraw(request.id, by="fred")
    assert approve(gov, request, "fred", "gina").status is Status.APPROVED


@pytest.mark.parametrize(("ends", "status"), [(None, Status.REJECTED), (False, Status.PENDING)])
def test_where_nobody_can_count_the_eligible_one_rejection_ends_it_by_default(
    store: Store, ends: bool | None, status: Status
) -> None:
    required = Approval(1, roles=("security",), any_rejection_ends=ends)
    gov = governed(store, required, directory=Staff(*PEOPLE))
    assert gov.reject(asked(gov).id, by="carol", reason="no").status is status


def test_an_abstention_fills_no_place(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",)))
    request = asked(gov)
    assert gov.abstain(request.id, by="carol", digest=request.digest).status is Status.PENDING
    with refused(gov, request, "one_vote", "carol has abstained from it already"):
        approve(gov, request, "carol")
    assert approve(gov, request, "dave").status is Status.APPROVED
    assert gov.decisions(request.id)[-1].metadata == {"counted": ["dave"]}


def test_an_abstention_that_leaves_too_few_ends_it(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("owner",)))
    request = asked(gov)
    assert gov.abstain(request.id, by="dave", digest=request.digest).status is Status.REJECTED
    assert codes(gov, request) == ["submitted", "abstained", "rejected"]
    assert gov.decisions(request.id)[-1].metadata["rejections"] == []


def test_only_what_says_so_must_stay_possible(store: Store) -> None:
    strict = Approval(1, roles=("security",), when_impossible=WhenImpossible.REFUSE)
    gov = governed(store, strict, Approval(1, roles=("owner",), when_impossible=WhenImpossible.NOTE))
    request = asked(gov)
    assert gov.abstain(request.id, by="dave", digest=request.digest).status is Status.PENDING
    assert codes(gov, request) == ["submitted", "abstained", "unsatisfiable"]


def test_a_vote_can_be_withdrawn_while_it_is_pending_and_given_again(store: Store) -> None:
    gov = governed(store, Approval(2, roles=("security",)))
    request = approve(gov, asked(gov), "carol")
    assert gov.withdraw(request.id, by="carol", reason="on second thoughts").status is Status.PENDING
    assert gov.waiting_for(request.id).votes == ()
    assert approve(gov, request, "dave").status is Status.PENDING
    assert approve(gov, request, "carol").status is Status.APPROVED


def test_a_rejection_can_be_withdrawn(store: Store) -> None:
    gov = governed(store, Approval(4, roles=("security",), when_impossible=WhenImpossible.NOTE))
    request = asked(gov)
    gov.reject(request.id, by="carol", reason="no")
    gov.withdraw(request.id, by="carol")
    assert approve(gov, request, *SECURITY).status is Status.APPROVED


def test_a_vote_cannot_be_withdrawn_once_it_is_approved(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",)))
    request = approve(gov, asked(gov), "carol")
    with refused(gov, request, "no_transition"):
        gov.withdraw(request.id, by="carol")


@pytest.mark.parametrize("by", ["dave", "bob", "root"])
def test_nobody_withdraws_the_vote_of_somebody_else(store: Store, by: str) -> None:
    gov = governed(store, Approval(2, roles=("security",)))
    request = approve(gov, asked(gov), "carol")
    with refused(gov, request, "has_voted", "has given no vote that counts now"):
        gov.withdraw(request.id, by=by)


def test_a_vote_is_withdrawn_once(store: Store) -> None:
    gov = governed(store, Approval(2, roles=("security",)))
    request = approve(gov, asked(gov), "carol")
    gov.withdraw(request.id, by="carol")
    with refused(gov, request, "has_voted"):
        gov.withdraw(request.id, by="carol")


def test_while_it_is_held_votes_come_in_and_go(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",)))
    request = approve(gov, asked(gov), "carol")
    gov.hold(request.id, by="bob", reason="wait")
    gov.withdraw(request.id, by="carol")
    assert gov.release(request.id, by="dave").status is Status.PENDING
    assert approve(gov, request, "dave").status is Status.APPROVED


@pytest.mark.parametrize("digest", ["0" * 64, "beginning"])
def test_a_veto_of_a_paused_request_is_bound_to_what_was_read_too(store: Store, digest: str) -> None:
    gov = governed(store, Approval(1, roles=("security",)))
    paused: dict[str, Any] = {"on_drift": "revalidate", "pause_for_revalidation": True}
    first = approve(gov, gov.submit(AddTeam(team="first"), to=HOUSE, by="bob", **paused), "carol")
    other = approve(gov, gov.submit(AddTeam(team="other"), to=HOUSE, by="bob"), "carol")
    gov.execute(other.id, by="bob")
    assert gov.execute(first.id, by="bob").status is Status.REVALIDATION
    with refused(gov, first, "present_digest"):
        gov.reject(first.id, by="dave", reason="no", digest=digest)
    assert gov.reject(first.id, by="dave", reason="no", digest=first.digest).status is Status.REJECTED


# Whether it can still be met.


@pytest.mark.parametrize(
    ("follows", "status", "last"),
    [("reject", Status.REJECTED, "rejected"), ("note", Status.PENDING, "unsatisfiable")],
)
def test_a_rejection_that_makes_it_impossible_ends_it_or_is_noted(
    store: Store, follows: str, status: Status, last: str
) -> None:
    gov = governed(store, impossible_when(follows))
    request = asked(gov)
    assert gov.reject(request.id, by="dave", reason="no").status is status
    assert codes(gov, request) == ["submitted", "dissented", last]
    assert gov.decisions(request.id)[-1].metadata["requirements"] == ["1 approval by role owner"]


def impossible_when(follows: str) -> Approval:
    """Make an approval that dave alone can give."""
    return Approval(1, roles=("owner",), when_impossible=WhenImpossible(follows))


@pytest.mark.parametrize("act", ["reject", "abstain"])
def test_a_vote_that_would_make_it_impossible_can_be_refused(store: Store, act: str) -> None:
    gov = governed(store, impossible_when("refuse"))
    request = asked(gov)
    with refused(gov, request, "still_possible", "then this could no longer be met: 1 approval by role owner"):
        getattr(gov, act)(request.id, by="dave", digest=request.digest, reason="no")


def test_an_approval_that_would_make_a_later_step_impossible_can_be_refused(store: Store) -> None:
    later = Approval(1, roles=("owner",), step=2, when_impossible=WhenImpossible.REFUSE)
    gov = governed(store, Approval(1, roles=("security",)), later)
    request = asked(gov)
    with refused(gov, request, "still_possible", "1 approval by role owner"):
        approve(gov, request, "dave")
    assert approve(gov, request, "carol", "dave").status is Status.APPROVED


def test_an_approval_that_makes_a_later_step_impossible_ends_the_request(store: Store) -> None:
    gov = governed(store, Approval(1, roles=("security",)), Approval(1, roles=("owner",), step=2))
    request = approve(gov, asked(gov), "dave")
    assert request.status is Status.REJECTED
    assert codes(gov, request) == ["submitted", "voted", "rejected"]


def test_a_withdrawal_that_would_make_it_impossible_can_be_refused(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    counted = [replace(each, recheck=False) for each in (impossible_when("refuse"), Approval(1, groups=("board",)))]
    gov = governed(store, *counted, directory=staff)
    request = approve(gov, asked(gov), "dave")
    staff.give("dave")
    with refused(gov, request, "still_possible"):
        gov.withdraw(request.id, by="dave")
    assert approve(gov, request, "fred").status is Status.APPROVED


def test_a_withdrawal_that_makes_it_impossible_ends_it(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    gov = governed(store, impossible_when("reject"), Approval(1, groups=("board",)), directory=staff)
    request = approve(gov, asked(gov), "dave")
    staff.give("dave")
    assert gov.withdraw(request.id, by="dave").status is Status.REJECTED
    assert codes(gov, request) == ["submitted", "voted", "withdrawn", "rejected"]


def test_what_was_reported_still_counts_when_a_vote_is_judged_by_what_it_leaves_possible(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    review = ManualReview(name="deed", roles=("owner",), recheck=False, when_impossible=WhenImpossible.REFUSE)
    gov = governed(store, Approval(1, roles=("security",)), review, directory=staff)
    request = asked(gov)
    gov.report(request.id, by="dave", check="deed", passed=True, evidence="seen", digest=request.digest)
    staff.give("dave")
    assert approve(gov, request, "carol").status is Status.APPROVED


@pytest.mark.parametrize(
    ("follows", "status"), [("reject", Status.REJECTED), ("note", Status.PENDING), ("refuse", Status.PENDING)]
)
def test_a_role_that_goes_is_found_when_the_request_is_reassessed(store: Store, follows: str, status: Status) -> None:
    staff = ListedStaff(*PEOPLE)
    gov = governed(store, impossible_when(follows), directory=staff)
    request = asked(gov)
    assert gov.reassess(request.id) == request
    staff.give("dave", "security")
    assert gov.reassess(request.id).status is status
    last = gov.decisions(request.id)[-1]
    assert (last.code, last.actor) == ("rejected" if follows == "reject" else "unsatisfiable", "placet")


def test_that_it_cannot_be_met_is_said_once_and_people_can_come_back(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    gov = governed(store, impossible_when("note"), directory=staff)
    request = asked(gov)
    staff.give("dave")
    gov.reassess(request.id)
    gov.reassess(request.id)
    assert codes(gov, request) == ["submitted", "unsatisfiable"]
    assert "it can no longer be met" in str(gov.waiting_for(request.id))
    staff.give("erin", "owner")
    assert approve(gov, request, "erin").status is Status.APPROVED


def test_all_open_requests_are_reassessed_and_others_are_left_alone(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    gov = governed(store, replace(impossible_when("reject"), recheck=False), directory=staff)
    ended, done, other = asked(gov), approve(gov, asked(gov), "dave"), asked(gov)
    gov.cancel(other.id, by="bob")
    staff.give("dave")
    sweep = gov.reassess_open()
    assert ([each.id for each in sweep.moved], sweep.passed_over) == ([ended.id], ())
    assert gov.get_request(ended.id).status is Status.REJECTED
    assert gov.get_request(done.id) == done
    assert gov.reassess_open().moved == ()


def test_without_a_recheck_a_voter_who_leaves_the_directory_keeps_their_vote_and_nobody_is_stuck(store: Store) -> None:
    staff = ListedStaff(*PEOPLE)
    gov = governed(store, Approval(2, roles=("security",), recheck=False), directory=staff)
    request = approve(gov, asked(gov), "carol")
    del staff.people["carol"]
    assert approve(gov, request, "dave").status is Status.APPROVED
    assert gov.execute(request.id, by="bob").executed


def test_a_deadline_of_a_schedule_that_is_over_is_refused_at_submission(store: Store) -> None:
    clock = FrozenClock()
    over = Schedule(not_after=clock())
    gov = opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=[require_approval(1), require(over)])
    with pytest.raises(UnsatisfiableError, match="not after"):
        asked(gov)

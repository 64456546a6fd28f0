"""Amending, sending back, commenting, renewed approvals, and everything that ends a request or takes it up again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, Awkward, GrantRole, Roles, later, opened, refused, released, unchanged
from placet import (
    Actor,
    ActorKind,
    Governance,
    Mutation,
    MutationRequest,
    Proposal,
    StaticDirectory,
    Status,
    Verdict,
    allow,
    deny,
    policy,
    require,
    require_approval,
)
from placet.errors import (
    InputError,
    MutationInvalidError,
    PolicyDeniedError,
    RefusedError,
    UnsatisfiableError,
)
from placet.requirements import Approval, Dependency, ExternalCheck, ManualReview, Quota
from placet.store.port import Store
from placet.testing import FrozenClock

PEOPLE = (
    Actor("bob"),
    Actor("ann"),
    Actor("helper", on_behalf_of="ann"),
    Actor("carol", roles=("security",)),
    Actor("dave", roles=("security",)),
    Actor("erin", roles=("owner",)),
    Actor("root", roles=("administrator",)),
)
TWO = require_approval(count=2, roles=["security", "owner"])


@pytest.fixture
def gov(store: Store, clock: FrozenClock) -> Governance:
    """Open the house, where two approvals are required and nobody may add a team called `denied`."""
    no = deny("not that one", when=lambda proposal: getattr(proposal.mutation, "team", "") == "denied")
    return opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=[TWO, no])


@pytest.fixture
def request_(gov: Governance) -> MutationRequest:
    return gov.submit(AddTeam(team="first"), to=HOUSE, by="bob", reason="we need it")


def approve(gov: Governance, request: MutationRequest, *people: str) -> MutationRequest:
    """Let these people approve what the request is now, one after the other."""
    for by in people:
        request = gov.approve(request.id, by=by, digest=gov.get_request(request.id).digest)
    return request


def executed(gov: Governance, what: str | Mutation[Any]) -> None:
    """Move the state on by one version."""
    mutation = AddTeam(team=what) if isinstance(what, str) else what
    other = gov.submit(mutation, to=HOUSE, by="ann")
    approve(gov, other, "carol", "dave")
    assert gov.execute(other.id, by="ann").executed


def codes(gov: Governance, request: MutationRequest) -> list[str]:
    return [each.code for each in gov.decisions(request.id)]


def teams(gov: Governance) -> list[str]:
    return gov.get_state(HOUSE, Roles).state.teams


def rejected(gov: Governance, request: MutationRequest) -> MutationRequest:
    gov.reject(request.id, by="carol", reason="no")
    return gov.reject(request.id, by="dave", reason="no")


def expired(gov: Governance, request: MutationRequest) -> MutationRequest:
    late = gov.submit(AddTeam(team="late"), to=HOUSE, by="bob", expires_at=request.created_at + timedelta(hours=1))
    with later(gov, hours=2):
        return next(each for each in gov.expire_due().moved if each.id == late.id)


def superseded(gov: Governance, request: MutationRequest) -> MutationRequest:
    other = gov.submit(AddTeam(team="other"), to=HOUSE, by="bob")
    return gov.supersede(request.id, successor=other.id, by="bob")


def done(gov: Governance, request: MutationRequest) -> MutationRequest:
    approve(gov, request, "carol", "dave")
    return gov.execute(request.id, by="bob").request


def stale(gov: Governance, request: MutationRequest) -> MutationRequest:
    approve(gov, request, "carol", "dave")
    executed(gov, "meanwhile")
    return gov.execute(request.id, by="bob").request


def failed(gov: Governance, _: MutationRequest) -> MutationRequest:
    """Give a request whose apply raises once it is executed."""
    request = gov.submit(Awkward(), to=HOUSE, by="bob")
    approve(gov, request, "carol", "dave")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Awkward, "doing", lambda _state: 1 // 0)
        return gov.execute(request.id, by="bob").request


def paused(gov: Governance, _: MutationRequest) -> MutationRequest:
    options: dict[str, Any] = {"on_drift": "revalidate", "pause_for_revalidation": True}
    request = gov.submit(AddTeam(team="paused"), to=HOUSE, by="bob", **options)
    approve(gov, request, "carol", "dave")
    executed(gov, "meanwhile")
    return gov.execute(request.id, by="bob").request


def sent_back(gov: Governance, request: MutationRequest) -> MutationRequest:
    return gov.request_changes(request.id, by="carol", reason="another name, please")


Bring = Callable[[Governance, MutationRequest], MutationRequest]

OPEN: dict[Status, Bring] = {
    Status.CREATED: sent_back,
    Status.PENDING: lambda _gov, request: request,
    Status.APPROVED: lambda gov, request: approve(gov, request, "carol", "dave"),
    Status.REVALIDATION: paused,
    Status.FAILED: failed,
}
FINAL: dict[Status, Bring] = {
    Status.EXECUTED: done,
    Status.STALE: stale,
    Status.REJECTED: rejected,
    Status.CANCELED: lambda gov, request: gov.cancel(request.id, by="bob"),
    Status.EXPIRED: expired,
    Status.SUPERSEDED: superseded,
}
EVERY = OPEN | FINAL


def brought(gov: Governance, request: MutationRequest, status: Status) -> MutationRequest:
    """Bring a request, or one like it, to a status."""
    found = EVERY[status](gov, request)
    assert found.status is status
    return found


# Amending.


@pytest.mark.parametrize("status", OPEN)
def test_its_requester_amends_whatever_is_not_final(gov: Governance, request_: MutationRequest, status: Status) -> None:
    before = brought(gov, request_, status)
    version = gov.get_state(HOUSE).version
    after = gov.amend(before.id, AddTeam(team="better"), by="bob", reason="a better name")
    assert (after.status, after.id) == (Status.PENDING, before.id)
    assert after.digest != before.digest
    assert (after.terms_number, after.expected_version) == (before.terms_number + 1, version)
    assert after.payload == {"team": "better"}
    assert [each.after for each in after.effect] == [["better"]]
    assert after.terms.reason == "a better name"
    last = gov.decisions(before.id)[-1]
    assert (last.code, last.actor, last.digest) == ("amended", "bob", after.digest)
    assert last.metadata == {
        "replaced_digest": before.digest,
        "expected_version": version,
        "requirements": ["2 approvals by role owner or role security"],
    }
    approve(gov, after, "carol", "dave")
    assert gov.execute(after.id, by="bob").executed
    assert teams(gov)[-1] == "better"
    assert gov.verify().ok


def test_votes_on_what_was_amended_are_outdated_and_kept(gov: Governance, request_: MutationRequest) -> None:
    approve(gov, request_, "carol", "dave")
    after = gov.amend(request_.id, AddTeam(team="second"), by="bob")
    waiting = gov.waiting_for(request_.id)
    assert waiting.votes == ()
    assert [(each.actor, each.digest) for each in waiting.outdated] == [
        ("carol", request_.digest),
        ("dave", request_.digest),
    ]
    with refused(gov, after, "present_digest"):
        gov.approve(after.id, by="erin", digest=request_.digest)
    with refused(gov, after, "has_voted"):
        gov.withdraw(after.id, by="carol")
    assert approve(gov, after, "carol").status is Status.PENDING
    assert approve(gov, after, "erin").status is Status.APPROVED


def test_all_that_was_ever_asked_can_be_read_again(gov: Governance, request_: MutationRequest) -> None:
    gov.amend(request_.id, AddTeam(team="second"), by="bob", reason="shorter")
    gov.amend(request_.id, GrantRole(user="ada", role="admin"), by="bob")
    terms = gov.revisions(request_.id)
    assert [each.number for each in terms] == [1, 2, 3]
    assert [each.mutation for each in terms] == ["AddTeam", "AddTeam", "GrantRole"]
    assert [each.reason for each in terms] == ["we need it", "shorter", "shorter"]
    assert [each.effect[0].path for each in terms] == ["/teams", "/teams", "/members/ada"]


def test_even_the_same_again_is_another_thing_to_approve(gov: Governance, request_: MutationRequest) -> None:
    approve(gov, request_, "carol")
    again = gov.amend(request_.id, AddTeam(team="first"), by="bob")
    assert again.digest != request_.digest
    assert approve(gov, again, "dave").status is Status.PENDING


@pytest.mark.parametrize("by", ["carol", "ann", "root"])
def test_nobody_amends_what_somebody_else_asks_for(gov: Governance, request_: MutationRequest, by: str) -> None:
    with refused(gov, request_, "requester"):
        gov.amend(request_.id, AddTeam(team="second"), by=by)


@pytest.mark.parametrize("by", ["ann", "helper"])
def test_whoever_it_is_asked_for_amends_it_too(gov: Governance, by: str) -> None:
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="helper")
    after = gov.amend(request.id, AddTeam(team="y"), by=by)
    assert (after.requester, after.terms.on_behalf_of) == ("helper", "ann")


@pytest.mark.parametrize("status", FINAL)
def test_what_is_final_is_not_amended(gov: Governance, request_: MutationRequest, status: Status) -> None:
    request = brought(gov, request_, status)
    with refused(gov, request, "no_transition"):
        gov.amend(request.id, AddTeam(team="second"), by="bob")


def test_an_amendment_that_a_policy_denies_changes_nothing(gov: Governance, request_: MutationRequest) -> None:
    approve(gov, request_, "carol", "dave")
    with unchanged(gov, request_), pytest.raises(PolicyDeniedError, match="not that one"):
        gov.amend(request_.id, AddTeam(team="denied"), by="bob")
    assert gov.execute(request_.id, by="bob").executed
    assert teams(gov) == ["first"]


def test_an_amendment_that_is_not_valid_changes_nothing(gov: Governance, request_: MutationRequest) -> None:
    with unchanged(gov, request_), pytest.raises(MutationInvalidError, match="unknown role"):
        gov.amend(request_.id, GrantRole(user="ada", role="emperor"), by="bob")
    no_mutation: Any = "a string"
    with unchanged(gov, request_), pytest.raises(InputError):
        gov.amend(request_.id, no_mutation, by="bob")


def test_policies_are_asked_anew_when_it_is_amended(store: Store, clock: FrozenClock) -> None:
    risky = require(Approval(1, roles=("owner",)), when=lambda proposal: proposal.intent.category == "security")
    harmless = allow(when=lambda proposal: proposal.intent.category != "security")
    gov = opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=[risky, harmless])
    request = gov.submit(GrantRole(user="ada", role="admin"), to=HOUSE, by="bob")
    assert request.status is Status.PENDING
    assert gov.amend(request.id, AddTeam(team="x"), by="bob").status is Status.APPROVED
    assert codes(gov, request) == ["submitted", "amended", "approved"]
    assert gov.amend(request.id, GrantRole(user="ada", role="admin"), by="bob").status is Status.PENDING


def test_an_amendment_says_why_and_policies_hear_who_asks(store: Store, clock: FrozenClock) -> None:
    asking: list[str] = []

    @policy
    def listening(proposal: Proposal) -> Verdict:
        asking.append(proposal.requester.id)
        return Verdict.allow()

    gov = opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=[listening])
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="helper")
    gov.amend(request.id, AddTeam(team="y"), by="ann", reason="a slip")
    assert asking == ["helper", "helper"]
    assert (gov.decisions(request.id)[-2].code, gov.decisions(request.id)[-2].reason) == ("amended", "a slip")


def test_an_amendment_asks_all_of_a_role_by_name_but_for_the_requester(store: Store, clock: FrozenClock) -> None:
    every = require(Approval("all", roles=("owner",)), when=lambda proposal: proposal.intent.category == "security")
    harmless = allow(when=lambda proposal: proposal.intent.category != "security")
    owners = (*PEOPLE, Actor("zoe", roles=("owner",)))
    gov = opened(store, clock=clock, directory=StaticDirectory(owners), policies=[every, harmless])
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="zoe")
    (required,) = gov.amend(request.id, GrantRole(user="ada", role="admin"), by="zoe").requirements
    assert isinstance(required, Approval)
    assert required.people == ("erin",)


def test_an_amendment_that_nobody_could_approve_changes_nothing(store: Store, clock: FrozenClock) -> None:
    pilots = require(Approval(1, roles=("pilot",)), when=lambda proposal: proposal.intent.category == "security")
    policies = [require_approval(1, roles=["owner"]), pilots]
    gov = opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=policies)
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob")
    with unchanged(gov, request), pytest.raises(UnsatisfiableError, match="pilot"):
        gov.amend(request.id, GrantRole(user="ada", role="admin"), by="bob")


def test_what_the_requester_required_outlives_an_amendment(gov: Governance) -> None:
    own = [Approval(1, actors=("erin",))]
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob", requirements=own)
    after = gov.amend(request.id, AddTeam(team="y"), by="bob")
    assert after.requirements == request.requirements
    assert approve(gov, after, "carol", "dave").status is Status.PENDING
    assert approve(gov, after, "erin").status is Status.APPROVED


def test_what_is_held_stays_held_when_it_is_amended(gov: Governance, request_: MutationRequest) -> None:
    gov.hold(request_.id, by="carol", reason="wait for the lawyers")
    after = gov.amend(request_.id, AddTeam(team="second"), by="bob")
    assert approve(gov, after, "carol", "dave").status is Status.PENDING
    assert gov.release(after.id, by="dave").status is Status.APPROVED


def test_reports_on_what_was_amended_do_not_count_either(store: Store) -> None:
    policies = [require(ManualReview(name="legal", roles=("owner",)))]
    gov = opened(store, directory=StaticDirectory(PEOPLE), policies=policies)
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob")
    passed: dict[str, Any] = {"check": "legal", "passed": True, "by": "erin", "evidence": "read it"}
    assert gov.report(request.id, digest=request.digest, **passed).status is Status.APPROVED
    after = gov.amend(request.id, AddTeam(team="y"), by="bob")
    assert after.status is Status.PENDING
    with refused(gov, after, "present_digest"):
        gov.report(request.id, digest=request.digest, **passed)
    assert gov.report(request.id, digest=after.digest, **passed).status is Status.APPROVED


# Sending back.


def test_a_request_that_is_sent_back_waits_for_its_requester(gov: Governance, request_: MutationRequest) -> None:
    approve(gov, request_, "dave")
    back = sent_back(gov, request_)
    assert back.status is Status.CREATED
    last = gov.decisions(request_.id)[-1]
    assert (last.code, last.actor, last.reason) == ("changes_requested", "carol", "another name, please")
    assert gov.waiting_for(request_.id).reasons == ("carol wants changes: another name, please; bob has to amend it",)
    assert gov.amend(request_.id, AddTeam(team="second"), by="bob").status is Status.PENDING


def test_only_an_amendment_leads_on_from_there(gov: Governance, request_: MutationRequest) -> None:
    back = sent_back(gov, request_)
    with refused(gov, back, "no_transition"):
        gov.approve(back.id, by="dave", digest=back.digest)
    with refused(gov, back, "no_transition"):
        gov.reject(back.id, by="dave", reason="no")
    with refused(gov, back, "no_transition"):
        gov.request_changes(back.id, by="dave", reason="this, too")
    with refused(gov, back, "no_transition"):
        gov.release(back.id, by="dave")
    with refused(gov, back, "no_transition"):
        gov.execute(back.id, by="bob")
    with unchanged(gov, back):
        gov.reassess(back.id)


@pytest.mark.parametrize("by", ["bob", "carol", "root"])
def test_holding_does_not_lead_on_from_there_either(gov: Governance, request_: MutationRequest, by: str) -> None:
    back = sent_back(gov, request_)
    with refused(gov, back, "no_transition"):
        gov.hold(back.id, by=by, reason="never mind the changes")


@pytest.mark.parametrize(("by", "rule"), [("bob", "separation_of_duties"), ("ann", "eligible"), ("root", "eligible")])
def test_who_may_not_decide_does_not_send_it_back(
    gov: Governance, request_: MutationRequest, by: str, rule: str
) -> None:
    with refused(gov, request_, rule):
        gov.request_changes(request_.id, by=by, reason="another name")


def test_sending_back_wants_a_reason(gov: Governance, request_: MutationRequest) -> None:
    with refused(gov, request_, "reason_given"):
        gov.request_changes(request_.id, by="carol", reason=" ")


def test_what_was_sent_back_can_be_taken_back_and_runs_out_of_time(gov: Governance, request_: MutationRequest) -> None:
    sent_back(gov, request_)
    assert gov.cancel(request_.id, by="bob").status is Status.CANCELED
    soon = request_.created_at + timedelta(hours=1)
    other = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob", expires_at=soon)
    sent_back(gov, other)
    with later(gov, hours=1):
        assert [each.id for each in gov.expire_due().expired] == [other.id]


# Comments.


@pytest.mark.parametrize("status", EVERY)
def test_a_comment_is_kept_in_every_status_and_moves_nothing(
    gov: Governance, request_: MutationRequest, status: Status
) -> None:
    before = brought(gov, request_, status)
    after = gov.comment(before.id, by="carol", reason="just saying")
    assert (after.status, after.digest, after.revision) == (status, before.digest, before.revision + 1)
    last = gov.decisions(before.id)[-1]
    assert (last.code, last.actor, last.reason) == ("commented", "carol", "just saying")
    assert (last.from_status, last.to_status, last.metadata) == (status, status, {})
    assert gov.waiting_for(before.id).request == after
    assert gov.verify().ok


def test_an_empty_comment_is_refused(gov: Governance, request_: MutationRequest) -> None:
    with refused(gov, request_, "reason_given"):
        gov.comment(request_.id, by="carol", reason="")


def test_what_was_executed_gives_the_same_outcome_after_a_comment(gov: Governance, request_: MutationRequest) -> None:
    brought(gov, request_, Status.EXECUTED)
    gov.comment(request_.id, by="carol", reason="well done")
    outcome = gov.execute(request_.id, by="bob")
    assert (outcome.executed, outcome.replayed, teams(gov)) == (True, True, ["first"])


# A renewed approval, from beginning to end.


def test_an_approval_on_version_10_is_renewed_on_version_15_and_executed_there(gov: Governance) -> None:
    for number in range(2, 11):
        executed(gov, f"team-{number}")
    request = gov.submit(GrantRole(user="ada", role="admin"), to=HOUSE, by="bob", on_drift="renew_approval")
    assert approve(gov, request, "carol", "dave").status is Status.APPROVED
    assert (request.expected_version, [str(each) for each in request.effect]) == (10, ['/members/ada: + "admin"'])
    for number in range(11, 15):
        executed(gov, f"team-{number}")
    executed(gov, GrantRole(user="ada", role="reader"))

    outcome = gov.execute(request.id, by="bob")
    renewed = outcome.request
    assert (outcome.status, renewed.expected_version) == (Status.PENDING, 15)
    assert outcome.resolution is not None
    assert (outcome.resolution.expected_version, outcome.resolution.current_version) == (10, 15)
    assert [step.version for step in outcome.resolution.drift] == [11, 12, 13, 14, 15]
    assert gov.get_state(HOUSE).version == 15
    assert codes(gov, request)[-2:] == ["resolved", "approval_renewed"]
    assert gov.decisions(request.id)[-1].metadata["replaced_digest"] == request.digest

    with refused(gov, renewed, "requirements_met"):
        gov.execute(request.id, by="bob")
    with refused(gov, renewed, "present_digest"):
        gov.approve(request.id, by="erin", digest=request.digest)
    with refused(gov, renewed, "has_voted"):
        gov.withdraw(request.id, by="carol")
    with unchanged(gov, renewed):
        gov.reassess(request.id)
    waiting = gov.waiting_for(request.id)
    assert (waiting.votes, [each.actor for each in waiting.outdated]) == ((), ["carol", "dave"])
    old, new = gov.revisions(request.id)
    assert (old.expected_version, new.expected_version) == (10, 15)
    assert [str(each) for each in old.effect] == ['/members/ada: + "admin"']
    assert [str(each) for each in new.effect] == ['/members/ada: "reader" -> "admin"']

    assert approve(gov, renewed, "carol").status is Status.PENDING
    with refused(gov, gov.get_request(request.id), "requirements_met"):
        gov.execute(request.id, by="bob")
    assert approve(gov, renewed, "erin").status is Status.APPROVED
    final = gov.execute(request.id, by="bob")
    assert (final.executed, final.resulting_version) == (True, 16)
    assert gov.get_state(HOUSE, Roles).state.members["ada"] == "admin"
    assert codes(gov, request) == [
        "submitted",
        *("voted", "voted", "approved", "resolved", "approval_renewed"),
        *("voted", "voted", "approved", "resolved", "executed"),
    ]
    assert [each.outcome for each in gov.audit(request.id)] == ["pending", "executed"]
    assert gov.verify().ok


def test_an_approval_is_renewed_as_often_as_the_state_moves(gov: Governance) -> None:
    request = gov.submit(AddTeam(team="ours"), to=HOUSE, by="bob", on_drift="renew_approval")
    for number in range(3):
        approve(gov, request, "carol", "dave")
        executed(gov, f"team-{number}")
        assert gov.execute(request.id, by="bob").status is Status.PENDING
    approve(gov, request, "carol", "dave")
    assert gov.execute(request.id, by="bob").executed
    assert [each.expected_version for each in gov.revisions(request.id)] == [1, 2, 3, 4]
    assert len(gov.waiting_for(request.id).outdated) == 6


def test_where_nothing_is_required_any_more_a_renewed_approval_goes_on_at_once(
    store: Store, clock: FrozenClock
) -> None:
    early = require(Approval(1), when=lambda proposal: not getattr(proposal.state, "teams", ()))
    gov = opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=[early, allow()])
    request = gov.submit(AddTeam(team="ours"), to=HOUSE, by="bob", on_drift="renew_approval")
    other = gov.submit(AddTeam(team="other"), to=HOUSE, by="bob")
    for each in (request, other):
        gov.approve(each.id, by="carol", digest=each.digest)
    gov.execute(other.id, by="bob")
    outcome = gov.execute(request.id, by="bob")
    # what was required when it was submitted is required still, where policies now require nothing
    assert outcome.status is Status.PENDING
    gov.approve(request.id, by="carol", digest=outcome.request.digest)
    assert gov.execute(request.id, by="bob").executed


# Superseding, canceling, trying again.


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize("by", ["bob", "root"])
def test_requester_and_administrator_end_whatever_is_open(
    gov: Governance, request_: MutationRequest, status: Status, by: str
) -> None:
    request = brought(gov, request_, status)
    assert gov.cancel(request.id, by=by).status is Status.CANCELED


@pytest.mark.parametrize("status", OPEN)
def test_another_request_takes_the_place_of_whatever_is_open(
    gov: Governance, request_: MutationRequest, status: Status
) -> None:
    request = brought(gov, request_, status)
    successor = gov.submit(AddTeam(team="successor"), to=HOUSE, by="bob")
    with refused(gov, request, "requester_or_administrator"):
        gov.supersede(request.id, successor=successor.id, by="carol")
    after = gov.supersede(request.id, successor=successor.id, by="bob", reason="a better idea")
    assert gov.decisions(request.id)[-1].reason == "a better idea"
    assert (after.status, after.successor) == (Status.SUPERSEDED, successor.id)
    assert gov.decisions(request.id)[-1].metadata == {"successor": successor.id}


def test_a_request_is_not_superseded_by_one_that_waits_for_it(gov: Governance, request_: MutationRequest) -> None:
    waits = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob", requirements=[Dependency(request_id=request_.id)])
    far = gov.submit(AddTeam(team="y"), to=HOUSE, by="bob", requirements=[Dependency(request_id=waits.id)])
    for successor in (waits, far):
        with unchanged(gov, request_), pytest.raises(RefusedError, match="a circle"):
            gov.supersede(request_.id, successor=successor.id, by="bob")


def test_a_successor_that_cannot_be_is_named(gov: Governance, request_: MutationRequest) -> None:
    with unchanged(gov, request_), pytest.raises(InputError, match="^successor=' x' begins or ends with white space"):
        gov.supersede(request_.id, successor=" x", by="bob")


def test_a_failed_request_is_tried_again_so_often_and_no_more(
    store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gov = opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=[TWO], max_failures=2)
    request = gov.submit(Awkward(), to=HOUSE, by="bob")
    approve(gov, request, "carol", "dave")
    monkeypatch.setattr(Awkward, "doing", lambda _state: 1 // 0)
    assert gov.execute(request.id, by="bob").status is Status.FAILED
    assert gov.retry(request.id, by="bob").status is Status.APPROVED
    last = gov.execute(request.id, by="bob").request
    with refused(gov, last, "attempts_left"):
        gov.retry(request.id, by="bob")
    monkeypatch.undo()
    assert gov.amend(request.id, AddTeam(team="instead"), by="bob").status is Status.PENDING


def test_trying_again_does_not_pass_over_a_check_that_ran_out(
    store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = ExternalCheck(name="backup", kinds=(ActorKind.HUMAN,), valid_for=timedelta(hours=1))
    gov = opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=[require(backup)])
    request = gov.submit(Awkward(), to=HOUSE, by="bob")
    passed: dict[str, Any] = {
        "check": "backup",
        "passed": True,
        "by": "erin",
        "evidence": "seen",
        "digest": request.digest,
    }
    gov.report(request.id, **passed)
    with monkeypatch.context() as patch:
        patch.setattr(Awkward, "doing", lambda _state: 1 // 0)
        assert gov.execute(request.id, by="bob").status is Status.FAILED
    clock.tick(hours=2)
    assert gov.retry(request.id, by="bob").status is Status.PENDING
    assert codes(gov, request)[-2:] == ["retried", "lapsed"]
    assert gov.report(request.id, **passed).status is Status.APPROVED
    assert gov.execute(request.id, by="bob").executed


def test_a_paused_request_waits_while_the_quota_is_used_up(store: Store, clock: FrozenClock) -> None:
    policies = [require(Approval(1)), require(Quota(limit=2, per=timedelta(days=1)))]
    gov = opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=policies)
    options: dict[str, Any] = {"on_drift": "revalidate", "pause_for_revalidation": True}
    request = gov.submit(AddTeam(team="paused"), to=HOUSE, by="bob", **options)
    others = [gov.submit(AddTeam(team=name), to=HOUSE, by="bob", on_drift="revalidate") for name in ("one", "two")]
    for each in (request, *others):
        gov.approve(each.id, by="carol", digest=each.digest)
    gov.execute(others[0].id, by="bob")
    assert gov.execute(request.id, by="bob").status is Status.REVALIDATION
    gov.execute(others[1].id, by="bob")
    with refused(gov, request, "must_wait", "the next one from"):
        released(gov, request)
    clock.tick(days=1)
    released(gov, request)
    assert gov.execute(request.id, by="bob").executed
    assert teams(gov) == ["one", "two", "paused"]


class NoTeam(Mutation[Roles]):
    """Not registered anywhere."""

    intent = AddTeam.intent

    def apply(self, state: Roles) -> Roles:
        return state


def test_a_mutation_that_is_not_registered_amends_nothing(gov: Governance, request_: MutationRequest) -> None:
    with unchanged(gov, request_), pytest.raises(LookupError):
        gov.amend(request_.id, NoTeam(), by="bob")

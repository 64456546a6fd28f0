"""Break-glass: past the requirements, never past a denial, and never without a review by somebody else."""

from datetime import timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, Awkward, GrantRole, Roles, opened, refused, released
from placet import (
    Actor,
    ActorKind,
    Emergency,
    FreezeWindow,
    Governance,
    Issue,
    MutationRequest,
    Outcome,
    Policy,
    StaticDirectory,
    Status,
    allow,
    allow_emergency,
    deny,
    freeze,
    require,
    require_approval,
)
from placet.errors import ConfigurationError, InputError, PolicyDeniedError
from placet.requirements import Approval, Dependency, ExternalCheck, Quota, Schedule
from placet.store.port import Store
from placet.testing import FrozenClock

PEOPLE = (
    Actor("bob"),
    Actor("carol", roles=("security",)),
    Actor("dave", roles=("security",)),
    Actor("oncall", roles=("sre",)),
    Actor("second", roles=("sre",)),
    Actor("aide", roles=("sre",), on_behalf_of="oncall"),
    Actor("auditor", roles=("audit",)),
    Actor("root", roles=("administrator",)),
    Actor("robot", ActorKind.AGENT, roles=("audit",)),
)
OUTAGE = Emergency(reason="the shop is down", ticket="INC-42")
TWO = require_approval(2, roles=["security"])
GLASS = allow_emergency(roles=["sre"])


def governed(store: Store, clock: FrozenClock, *more: Policy, glass: Policy | None = GLASS) -> Governance:
    policies = [TWO, *more, *([glass] if glass else [])]
    return opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=policies)


@pytest.fixture
def gov(store: Store, clock: FrozenClock) -> Governance:
    return governed(store, clock)


def asked(gov: Governance, team: str = "x", by: str = "bob", **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    return gov.submit(AddTeam(team=team), to=HOUSE, by=by, **options)


def approve(gov: Governance, request: MutationRequest, *people: str) -> MutationRequest:
    for by in people or ("carol", "dave"):
        request = gov.approve(request.id, by=by, digest=gov.get_request(request.id).digest)
    return request


def break_glass(gov: Governance, request: MutationRequest, by: str = "oncall") -> Outcome:
    return gov.execute(request.id, by=by, emergency=OUTAGE)


def drift(gov: Governance) -> None:
    """Move the state on by one version."""
    other = approve(gov, asked(gov, "other"))
    assert gov.execute(other.id, by="bob").executed


def codes(gov: Governance, request: MutationRequest) -> list[str]:
    return [each.code for each in gov.decisions(request.id)]


def teams(gov: Governance) -> list[str]:
    return gov.get_state(HOUSE, Roles).state.teams


def test_in_an_emergency_it_is_executed_past_its_requirements(gov: Governance) -> None:
    request = approve(gov, asked(gov), "carol")
    outcome = break_glass(gov, request)
    assert (outcome.executed, outcome.request.review, outcome.request.emergency_by) == (True, "open", "oncall")
    assert (outcome.replayed, outcome.reasons) == (False, ())
    assert teams(gov) == ["x"]
    assert codes(gov, request) == ["submitted", "voted", "overridden", "executed"]
    said = gov.decisions(request.id)[2]
    assert (said.actor, said.from_status, said.to_status) == ("oncall", "pending", "resolving")
    assert {name: said.metadata[name] for name in ("emergency", "ticket", "reviewer_roles", "not_met")} == {
        "emergency": "the shop is down",
        "ticket": "INC-42",
        "reviewer_roles": [],
        "not_met": ["2 approvals by role security"],
    }
    assert said.metadata["outcome"] == "unchanged"
    assert gov.waiting_for(request.id).reasons == (
        "oncall executed it in an emergency: somebody else has to review() it",
    )
    assert gov.verify().ok


def test_whoever_asked_for_it_may_break_the_glass_with_the_role(gov: Governance) -> None:
    assert break_glass(gov, asked(gov, by="oncall")).executed


@pytest.mark.parametrize("by", ["bob", "carol", "root"])
def test_it_takes_the_role_that_the_policy_names(gov: Governance, by: str) -> None:
    request = asked(gov)
    with refused(gov, request, "break_glass_role", f"{by} may not execute it in an emergency: it takes role sre"):
        break_glass(gov, request, by=by)


def test_where_no_policy_allows_it_nobody_may(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, glass=None)
    request = asked(gov)
    with refused(gov, request, "break_glass_role", "no policy allows it in an emergency"):
        break_glass(gov, request)


def test_a_policy_allows_it_for_some_changes_only(store: Store, clock: FrozenClock) -> None:
    teams_only = allow_emergency(["sre"], when=lambda proposal: proposal.intent.category == "organisation")
    gov = governed(store, clock, glass=teams_only)
    request = gov.submit(GrantRole(user="ada", role="admin"), to=HOUSE, by="bob")
    with refused(gov, request, "break_glass_role", "no policy allows it"):
        break_glass(gov, request)
    assert break_glass(gov, asked(gov)).executed


def test_that_something_is_allowed_in_an_emergency_does_not_speak_for_it(store: Store, clock: FrozenClock) -> None:
    gov = opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=[GLASS])
    with pytest.raises(PolicyDeniedError):
        asked(gov)


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"ticket": ""}, {"ticket": None}])
def test_an_emergency_has_a_reason_and_a_ticket(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError):
        Emergency(**({"reason": "down", "ticket": "INC-1"} | wrong))


@pytest.mark.parametrize("emergency", ["the shop is down", True, {"reason": "down", "ticket": "INC-1"}])
def test_what_is_no_emergency_is_refused(gov: Governance, emergency: Any) -> None:  # noqa: ANN401 - on purpose
    request = asked(gov)
    with pytest.raises(InputError, match="pass Emergency"):
        gov.execute(request.id, by="oncall", emergency=emergency)
    assert gov.get_request(request.id) == request


def test_nobody_at_all_makes_no_policy() -> None:
    with pytest.raises(ConfigurationError, match="name roles="):
        allow_emergency(roles=[])


# What it does not pass.


def test_a_denial_counts_in_an_emergency(gov: Governance) -> None:
    request = asked(gov)
    gov.register_policy(deny("not on a Friday"))
    with refused(gov, request, "not_denied", "not on a Friday"):
        break_glass(gov, request)


def test_a_check_counts_in_an_emergency(gov: Governance, monkeypatch: pytest.MonkeyPatch) -> None:
    request = gov.submit(Awkward(), to=HOUSE, by="bob")
    monkeypatch.setattr(Awkward, "checking", lambda _state: [Issue(path="", message="not like this")])
    with refused(gov, request, "not_denied", "not like this"):
        break_glass(gov, request)


def test_a_mutation_that_raises_changes_nothing_in_an_emergency(
    gov: Governance, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = approve(gov, gov.submit(Awkward(), to=HOUSE, by="bob"), "carol")
    with monkeypatch.context() as patch:
        patch.setattr(Awkward, "doing", lambda _state: 1 // 0)
        with refused(gov, request, "not_denied", "ZeroDivisionError"):
            break_glass(gov, request)
    with refused(gov, request, "requirements_met"):
        gov.execute(request.id, by="bob")
    assert break_glass(gov, request).executed


def test_a_failed_request_is_no_more_approved_after_an_emergency_than_before(
    gov: Governance, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = approve(gov, gov.submit(Awkward(), to=HOUSE, by="bob"))
    with monkeypatch.context() as patch:
        patch.setattr(Awkward, "doing", lambda _state: 1 // 0)
        failed = gov.execute(request.id, by="bob").request
        assert failed.status is Status.FAILED
    with refused(gov, failed, "no_transition"):
        break_glass(gov, failed)
    after = gov.amend(request.id, AddTeam(team="instead"), by="bob")
    with refused(gov, after, "no_transition"):
        gov.retry(request.id, by="bob")
    with refused(gov, after, "requirements_met"):
        gov.execute(request.id, by="bob")


def test_what_is_held_is_held_in_an_emergency(gov: Governance) -> None:
    request = gov.hold(asked(gov).id, by="carol", reason="do not touch")
    with refused(gov, request, "not_held", "do not touch"):
        break_glass(gov, request)
    gov.release(request.id, by="dave")
    assert break_glass(gov, request).executed


def test_what_is_too_late_is_too_late_in_an_emergency(gov: Governance, clock: FrozenClock) -> None:
    request = asked(gov, expires_at=clock() + timedelta(hours=1))
    clock.tick(hours=1)
    outcome = break_glass(gov, request)
    assert (outcome.status, outcome.request.review, teams(gov)) == (Status.EXPIRED, "", [])


@pytest.mark.parametrize("end", ["cancel", "request_changes"])
def test_what_nobody_asks_for_now_is_not_executed_in_an_emergency(gov: Governance, end: str) -> None:
    request = asked(gov)
    by = "bob" if end == "cancel" else "carol"
    ended: MutationRequest = getattr(gov, end)(request.id, by=by, reason="no")
    with refused(gov, ended, "no_transition"):
        break_glass(gov, ended)


# What it passes.


def test_it_passes_requirements_of_every_kind(store: Store, clock: FrozenClock) -> None:
    window = FreezeWindow("year-end", clock() - timedelta(1), clock() + timedelta(1))
    quota = require(Quota(limit=1, per=timedelta(days=1)))
    gov = governed(store, clock, freeze([window]), quota)
    first = asked(gov)
    own = [
        Schedule(not_before=clock() + timedelta(days=1)),
        Dependency(request_id=first.id),
        ExternalCheck(name="backup"),
        Approval(1, roles=("audit",), step=2),
    ]
    second = asked(gov, "second", requirements=own)
    assert break_glass(gov, first).executed
    gov.review(first.id, by="auditor", reason="well done")
    third = asked(gov, "third", requirements=own)
    assert break_glass(gov, third).executed
    not_met = gov.decisions(third.id)[1].metadata["not_met"]
    assert len(not_met) == len(set(not_met))
    assert {each.split()[0] for each in not_met} == {"2", "the", "at", "not", "external", "1"}
    with refused(gov, second, "no_open_review"):
        break_glass(gov, second)


def test_it_passes_what_a_policy_has_begun_to_require_since(gov: Governance) -> None:
    request = approve(gov, asked(gov))
    gov.register_policy(require(Approval(1, roles=("audit",))))
    assert break_glass(gov, request).executed
    assert gov.decisions(request.id)[-2].metadata["not_met"] == ["1 approval by role audit"]


def test_what_has_happened_by_then_is_not_passed_over(gov: Governance) -> None:
    first = approve(gov, asked(gov))
    assert gov.execute(first.id, by="bob").executed
    request = approve(gov, asked(gov, "second"))
    gov.register_policy(require(Dependency(request_id=first.id), Quota(limit=2, per=timedelta(days=1))))
    assert break_glass(gov, request).executed
    assert gov.decisions(request.id)[-2].metadata["not_met"] == []


def test_what_was_approved_anyway_opens_a_review_too(gov: Governance) -> None:
    request = approve(gov, asked(gov))
    assert break_glass(gov, request).request.review == "open"
    assert gov.decisions(request.id)[-2].metadata["not_met"] == []


def test_it_passes_an_approval_that_no_longer_stands(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = asked(gov, requirements=[ExternalCheck(name="backup", kinds=(ActorKind.AGENT,), valid_for=timedelta(1))])
    approve(gov, request)
    gov.report(request.id, check="backup", passed=True, by="robot", digest=request.digest, evidence="seen")
    clock.tick(days=2)
    assert break_glass(gov, request).executed
    assert codes(gov, request)[-3:] == ["approved", "overridden", "executed"]


@pytest.mark.parametrize("votes", [(), ("carol",), ("carol", "dave")])
def test_how_long_an_approval_counts_does_not_matter_where_none_was_given(
    gov: Governance, votes: tuple[str, ...]
) -> None:
    request = asked(gov, approval_valid_for=timedelta(hours=1))
    for by in votes:
        approve(gov, request, by)
    assert break_glass(gov, request).executed


# The state has moved.


def test_on_drift_it_is_stale_where_drift_is_rejected(gov: Governance) -> None:
    request = asked(gov, on_drift="reject")
    drift(gov)
    outcome = break_glass(gov, request)
    assert (outcome.status, outcome.request.review, teams(gov)) == (Status.STALE, "", ["other"])
    assert codes(gov, request) == ["submitted", "overridden", "stale"]


def test_on_drift_it_is_renewed_and_then_it_can_be_executed(gov: Governance) -> None:
    request = approve(gov, asked(gov, on_drift="renew_approval"), "carol")
    drift(gov)
    outcome = break_glass(gov, request)
    assert (outcome.status, outcome.request.expected_version, teams(gov)) == (Status.PENDING, 2, ["other"])
    assert outcome.request.review == ""
    assert gov.waiting_for(request.id).votes == ()
    with refused(gov, outcome.request, "requirements_met"):
        gov.execute(request.id, by="bob")
    assert break_glass(gov, request).executed
    assert gov.get_request(request.id).review == "open"


def test_after_an_emergency_that_only_renewed_it_an_ordinary_execution_opens_no_review(gov: Governance) -> None:
    request = asked(gov, on_drift="renew_approval")
    drift(gov)
    break_glass(gov, request)
    approve(gov, request)
    outcome = gov.execute(request.id, by="bob")
    assert (outcome.executed, outcome.request.review, outcome.request.emergency_by) == (True, "", None)
    assert break_glass(gov, asked(gov)).executed


def test_on_drift_it_is_revalidated_and_executed(gov: Governance) -> None:
    request = asked(gov, on_drift="revalidate")
    drift(gov)
    outcome = break_glass(gov, request)
    assert (outcome.executed, outcome.request.review, teams(gov)) == (True, "open", ["other", "x"])
    assert codes(gov, request) == [
        "submitted",
        *("overridden", "executed"),
    ]


@pytest.mark.parametrize(
    ("fallback", "team", "status"), [("reject", "x", Status.EXECUTED), ("reject", "other", Status.STALE)]
)
def test_on_drift_it_keeps_the_effect_or_falls_back(gov: Governance, fallback: str, team: str, status: Status) -> None:
    request = asked(gov, team, on_drift="keep_if_same_effect", fallback=fallback)
    drift(gov)
    assert break_glass(gov, request).status is status


def test_a_paused_request_can_be_executed_in_an_emergency_once_it_was_revalidated(gov: Governance) -> None:
    request = asked(gov, on_drift="revalidate", pause_for_revalidation=True)
    drift(gov)
    paused = break_glass(gov, request).request
    assert (paused.status, paused.review) == (Status.REVALIDATION, "")
    with refused(gov, paused, "revalidated"):
        break_glass(gov, paused)
    released(gov, request)
    assert break_glass(gov, request).executed


def test_an_approved_request_that_was_paused_in_an_emergency_is_executed_as_any_other(gov: Governance) -> None:
    request = approve(gov, asked(gov, on_drift="revalidate", pause_for_revalidation=True))
    drift(gov)
    assert break_glass(gov, request).status is Status.REVALIDATION
    released(gov, request)
    outcome = gov.execute(request.id, by="bob")
    assert (outcome.executed, outcome.request.review) == (True, "")


# The review.


def test_somebody_else_closes_the_review(gov: Governance) -> None:
    request = break_glass(gov, asked(gov)).request
    assert [each.id for each in gov.find_requests(review="open")] == [request.id]
    after = gov.review(request.id, by="carol", reason="it was right")
    assert (after.status, after.review) == (Status.EXECUTED, "closed")
    last = gov.decisions(request.id)[-1]
    assert (last.code, last.actor, last.reason) == ("reviewed", "carol", "it was right")
    assert [each.id for each in gov.find_requests(review="open")] == []
    assert [each.id for each in gov.find_requests(review="closed")] == [request.id]
    with refused(gov, after, "review_is_open", "its review is closed"):
        gov.review(request.id, by="dave", reason="me, too")
    assert gov.verify().ok


@pytest.mark.parametrize("by", ["bob", "oncall", "aide", "robot"])
def test_neither_who_asked_nor_who_acted_nor_a_machine_reviews_it(gov: Governance, by: str) -> None:
    request = break_glass(gov, asked(gov)).request
    with refused(gov, request, "other_eyes", f"{by} cannot review it"):
        gov.review(request.id, by=by, reason="it was right")


def test_whoever_an_aide_acted_for_does_not_review_it(gov: Governance) -> None:
    request = break_glass(gov, asked(gov), by="aide").request
    assert request.emergency_by == "oncall"
    with refused(gov, request, "other_eyes"):
        gov.review(request.id, by="oncall", reason="it was right")


def moved(store: Store, clock: FrozenClock, actor: Actor) -> Governance:
    """Return the same house once the directory says something else of one actor."""
    people = [actor if each.id == actor.id else each for each in PEOPLE]
    return Governance.open(
        store, clock=clock, mutations=[AddTeam], directory=StaticDirectory(people), policies=[TWO, GLASS]
    )


@pytest.mark.parametrize("hand", ["bob", "oncall", "aide"])
def test_whoever_a_hand_in_it_acts_for_by_now_does_not_review_it(
    gov: Governance, store: Store, clock: FrozenClock, hand: str
) -> None:
    request = break_glass(gov, asked(gov), by="aide" if hand == "aide" else "oncall").request
    later = moved(store, clock, Actor(hand, on_behalf_of="carol"))
    with refused(later, request, "other_eyes", "carol cannot review it"):
        later.review(request.id, by="carol", reason="it was right")
    assert later.review(request.id, by="dave", reason="it was right").review == "closed"


def test_whoever_acts_for_somebody_else_by_now_still_owes_the_review(
    gov: Governance, store: Store, clock: FrozenClock
) -> None:
    request = break_glass(gov, asked(gov)).request
    later = moved(store, clock, Actor("oncall", roles=("sre",), on_behalf_of="dave"))
    second = asked(later, "y")
    with refused(later, second, "no_open_review", request.id):
        break_glass(later, second)


def test_a_review_takes_the_role_that_the_policy_names(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, glass=allow_emergency(["sre"], reviewer_roles=["audit"]))
    request = break_glass(gov, asked(gov)).request
    assert gov.decisions(request.id)[1].metadata["reviewer_roles"] == ["audit"]
    with refused(gov, request, "other_eyes", "it takes role audit"):
        gov.review(request.id, by="carol", reason="it was right")
    assert gov.review(request.id, by="auditor", reason="it was right").review == "closed"


def test_a_review_says_something(gov: Governance) -> None:
    request = break_glass(gov, asked(gov)).request
    with refused(gov, request, "reason_given"):
        gov.review(request.id, by="carol", reason=" ")


def test_what_was_executed_as_usual_is_not_reviewed(gov: Governance) -> None:
    request = gov.execute(approve(gov, asked(gov)).id, by="bob").request
    with refused(gov, request, "review_is_open", "it was not executed in an emergency"):
        gov.review(request.id, by="carol", reason="it was right")


def test_what_is_not_executed_yet_is_not_reviewed(gov: Governance) -> None:
    request = asked(gov)
    with refused(gov, request, "no_transition"):
        gov.review(request.id, by="carol", reason="it was right")


# The duty.


@pytest.mark.parametrize("by", ["oncall", "aide"])
def test_while_a_review_is_open_the_same_person_is_refused_another_emergency(gov: Governance, by: str) -> None:
    first = break_glass(gov, asked(gov)).request
    second = asked(gov, "second")
    with refused(gov, second, "no_open_review", f"oncall executed {first.id} in an emergency"):
        break_glass(gov, second, by=by)
    assert break_glass(gov, second, by="second").executed
    third = asked(gov, "third")
    gov.review(first.id, by="carol", reason="it was right")
    assert break_glass(gov, third, by=by).executed


def test_an_open_review_keeps_nobody_from_executing_what_is_approved(gov: Governance) -> None:
    break_glass(gov, asked(gov))
    request = approve(gov, asked(gov, "second"))
    assert gov.execute(request.id, by="oncall").executed


def test_a_second_emergency_for_the_same_request_gives_the_same_outcome(gov: Governance) -> None:
    request = asked(gov)
    first = break_glass(gov, request)
    again = break_glass(gov, request)
    assert (again.replayed, again.request, teams(gov)) == (True, first.request, ["x"])


def test_a_comment_does_not_close_a_review(gov: Governance) -> None:
    request = break_glass(gov, asked(gov)).request
    assert gov.comment(request.id, by="bob", reason="sorry").review == "open"


def test_where_nothing_is_required_an_emergency_opens_a_review_all_the_same(store: Store, clock: FrozenClock) -> None:
    gov = opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=[allow(), GLASS])
    assert break_glass(gov, asked(gov)).request.review == "open"

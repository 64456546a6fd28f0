"""What time, other requests, systems and reviewers have to say: conditions of every kind, end to end."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, GrantRole, Roles, opened, refused
from placet import (
    Actor,
    ActorKind,
    FreezeWindow,
    Governance,
    MutationRequest,
    Policy,
    Proposal,
    StaticDirectory,
    Status,
    Verdict,
    allow,
    freeze,
    policy,
    require,
    require_approval,
)
from placet.errors import (
    ConfigurationError,
    InputError,
    PolicyDeniedError,
    RequestNotFoundError,
    TransitionRefusedError,
    UnsatisfiableError,
)
from placet.requirements import (
    Approval,
    Dependency,
    ExternalCheck,
    Freeze,
    ManualReview,
    Quota,
    Requirement,
    Schedule,
    WhenImpossible,
)
from placet.store.port import Store
from placet.testing import FrozenClock

PEOPLE = (
    Actor("bob"),
    Actor("boss", roles=("release-manager",)),
    Actor("carol", roles=("security",)),
    Actor("dave", roles=("security",)),
    Actor("ann", roles=("security",)),
    Actor("law", roles=("legal",)),
    Actor("root", roles=("administrator",)),
    Actor("ci", ActorKind.SERVICE),
    Actor("other-ci", ActorKind.SERVICE),
    Actor("robot", ActorKind.AGENT),
    Actor("annbot", ActorKind.SERVICE, on_behalf_of="ann"),
)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONE = require_approval(1, roles=["security"])


def governed(store: Store, clock: FrozenClock, *policies: Policy) -> Governance:
    return opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=policies or [ONE])


def asked(gov: Governance, *own: Requirement, team: str = "x", by: str = "bob", **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    return gov.submit(AddTeam(team=team), to=HOUSE, by=by, requirements=own, **options)


def approve(gov: Governance, request: MutationRequest, by: str = "carol") -> MutationRequest:
    return gov.approve(request.id, by=by, digest=gov.get_request(request.id).digest)


def codes(gov: Governance, request: MutationRequest) -> list[str]:
    return [each.code for each in gov.decisions(request.id)]


def teams(gov: Governance) -> list[str]:
    return gov.get_state(HOUSE, Roles).state.teams


# Schedules.


def test_a_scheduled_request_is_approved_before_and_executed_then(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, Schedule(not_before=clock() + HOUR)))
    assert request.status is Status.PENDING
    with refused(gov, request, "requirements_met", "still needs not before 2026-01-31T13:00:00"):
        gov.execute(request.id, by="bob")
    clock.tick(minutes=59, seconds=59)
    with refused(gov, request, "requirements_met"):
        gov.execute(request.id, by="bob")
    clock.tick(seconds=1)
    assert gov.execute(request.id, by="bob").executed
    assert codes(gov, request) == ["submitted", "voted", "approved", "resolved", "executed"]


def test_a_scheduled_request_is_approved_by_a_sweep_when_its_time_has_come(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, Schedule(not_before=clock() + HOUR)))
    assert gov.reassess_open().moved == ()
    clock.tick(hours=1)
    (moved,) = gov.reassess_open().moved
    assert (moved.id, moved.status) == (request.id, Status.APPROVED)
    assert gov.decisions(request.id)[-1].actor == "placet"


@pytest.mark.parametrize("approved", [False, True])
def test_after_its_period_a_scheduled_request_expires(store: Store, clock: FrozenClock, approved: bool) -> None:
    gov = governed(store, clock)
    request = asked(gov, Schedule(not_after=clock() + HOUR))
    if approved:
        approve(gov, request)
    clock.tick(hours=1)
    outcome = gov.execute(request.id, by="bob")
    assert (outcome.status, teams(gov)) == (Status.EXPIRED, [])


def test_where_the_clock_jumps_back_before_the_period_it_waits_again(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = asked(gov, Schedule(not_before=clock() + HOUR))
    clock.tick(hours=2)
    assert approve(gov, request).status is Status.APPROVED
    clock.tick(hours=-2)
    with refused(gov, request, "requirements_met", "still needs not before 2026-01-31T13:00:00Z"):
        gov.execute(request.id, by="bob")
    clock.tick(hours=1)
    assert gov.execute(request.id, by="bob").executed


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"not_before": datetime(2026, 1, 1)},  # noqa: DTZ001 - that is what is wrong with it
        {"not_before": FrozenClock()(), "not_after": FrozenClock()()},
    ],
    ids=["nothing", "no time zone", "no time at all"],
)
def test_a_schedule_that_says_nothing_is_none(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Schedule(**bad)


# Freezes.


def frozen(clock: FrozenClock, begins: timedelta = timedelta(0), name: str = "year-end") -> Policy:
    """Make a freeze that begins so much later, and lasts a day."""
    start = clock() + begins
    return freeze([FreezeWindow(name, start, start + DAY)], waiver_roles=["release-manager"])


def test_what_is_submitted_in_a_freeze_waits_for_its_end(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, frozen(clock))
    request = approve(gov, asked(gov))
    assert request.status is Status.PENDING
    with refused(gov, request, "requirements_met", "still needs the end of freeze 'year-end'"):
        gov.execute(request.id, by="bob")
    clock.tick(days=1)
    assert gov.execute(request.id, by="bob").executed


def test_what_is_allowed_without_approval_does_not_pass_a_freeze(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, allow(), frozen(clock))
    request = asked(gov)
    assert (request.status, [each.kind for each in request.requirements if isinstance(each, Freeze)]) == (
        Status.PENDING,
        ["freeze"],
    )
    with refused(gov, request, "requirements_met"):
        gov.execute(request.id, by="bob")
    clock.tick(days=1)
    assert gov.execute(request.id, by="bob").executed


@pytest.mark.parametrize("speaks", [ONE, allow()], ids=["approved", "allowed"])
def test_a_freeze_that_begins_after_the_approval_makes_it_wait(
    store: Store, clock: FrozenClock, speaks: Policy
) -> None:
    gov = governed(store, clock, speaks, frozen(clock, HOUR))
    request = asked(gov)
    if request.status is Status.PENDING:
        request = approve(gov, request)
    clock.tick(hours=1)
    with refused(gov, request, "must_wait", "the end of freeze 'year-end'"):
        gov.execute(request.id, by="bob")
    assert gov.get_request(request.id).status is Status.APPROVED
    assert gov.audit(request.id) == ()
    clock.tick(days=1)
    assert gov.execute(request.id, by="bob").executed


def test_a_freeze_that_begins_after_the_approval_can_be_waived(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, frozen(clock, HOUR))
    request = approve(gov, asked(gov))
    clock.tick(hours=1)
    waived = gov.waive(request.id, freeze="year-end", by="boss", digest=request.digest, reason="an incident")
    assert waived.status is Status.APPROVED
    last = gov.decisions(request.id)[-1]
    assert (last.code, last.actor, last.reason) == ("waived", "boss", "an incident")
    until = ["2026-02-01T13:00:00.000000Z"]
    assert last.metadata == {"freeze": "year-end", "until": until, "roles": ["release-manager"]}
    assert gov.execute(request.id, by="bob").executed


def test_a_freeze_it_was_submitted_in_can_be_waived(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, frozen(clock))
    request = asked(gov)
    waive: dict[str, Any] = {"freeze": "year-end", "by": "boss", "digest": request.digest, "reason": "an incident"}
    assert gov.waive(request.id, **waive).status is Status.PENDING
    assert approve(gov, request).status is Status.APPROVED
    assert gov.decisions(request.id)[-1].metadata == {"counted": ["boss", "carol"]}
    assert gov.execute(request.id, by="bob").executed


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"by": "carol"}, "may_waive"),
        ({"by": "root"}, "may_waive"),
        ({"freeze": "easter"}, "may_waive"),
        ({"reason": " "}, "reason_given"),
    ],
)
def test_a_waiver_takes_its_own_role_the_right_name_and_a_reason(
    store: Store, clock: FrozenClock, change: dict[str, str], rule: str
) -> None:
    gov = governed(store, clock, ONE, frozen(clock))
    request = asked(gov)
    waive = {"freeze": "year-end", "by": "boss", "digest": request.digest, "reason": "why not"} | change
    with refused(gov, request, rule):
        gov.waive(request.id, **waive)


def test_nobody_waives_a_freeze_for_themselves(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, frozen(clock))
    request = asked(gov, by="boss")
    with refused(gov, request, "separation_of_duties"):
        gov.waive(request.id, freeze="year-end", by="boss", digest=request.digest, reason="I need it")


def test_a_waiver_is_bound_to_what_was_read(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, frozen(clock))
    request = asked(gov)
    with refused(gov, request, "present_digest"):
        gov.waive(request.id, freeze="year-end", by="boss", digest="0" * 64, reason="an incident")
    gov.waive(request.id, freeze="year-end", by="boss", digest=request.digest, reason="an incident")
    after = gov.amend(request.id, AddTeam(team="y"), by="bob")
    assert approve(gov, after).status is Status.PENDING
    with refused(gov, gov.get_request(after.id), "requirements_met", "freeze"):
        gov.execute(after.id, by="bob")


def test_a_waiver_of_one_freeze_is_none_of_another(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, frozen(clock), frozen(clock, name="audit"))
    request = approve(gov, asked(gov))
    waive: dict[str, Any] = {"by": "boss", "digest": request.digest, "reason": "an incident"}
    assert gov.waive(request.id, freeze="year-end", **waive).status is Status.PENDING
    assert gov.waive(request.id, freeze="audit", **waive).status is Status.APPROVED


def test_a_freeze_alone_speaks_for_nothing(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, frozen(clock))
    with pytest.raises(PolicyDeniedError, match="no policy speaks for AddTeam"):
        asked(gov)
    clock.tick(days=2)
    with pytest.raises(PolicyDeniedError, match="no policy speaks for AddTeam"):
        asked(gov)


def test_a_calendar_may_be_asked_each_time(store: Store, clock: FrozenClock) -> None:
    windows: list[FreezeWindow] = []
    gov = governed(store, clock, allow(), freeze(lambda: windows))
    request = asked(gov)
    windows.append(FreezeWindow("sudden", clock(), clock() + DAY))
    with refused(gov, request, "must_wait", "sudden"):
        gov.execute(request.id, by="bob")
    with refused(gov, request, "may_waive", "nobody may"):
        gov.waive(request.id, freeze="sudden", by="boss", digest=request.digest, reason="please")
    windows.clear()
    assert gov.execute(request.id, by="bob").executed


def test_a_freeze_is_for_some_changes_only_where_it_says_so(store: Store, clock: FrozenClock) -> None:
    window = FreezeWindow("year-end", clock(), clock() + DAY)
    risky = freeze([window], when=lambda proposal: proposal.intent.category == "security")
    gov = governed(store, clock, allow(), risky)
    assert asked(gov).status is Status.APPROVED
    assert gov.submit(GrantRole(user="ada", role="admin"), to=HOUSE, by="bob").status is Status.PENDING


@pytest.mark.parametrize("strategy", ["renew_approval", "revalidate", "keep_if_same_effect"])
def test_a_freeze_holds_back_what_has_drifted_too_and_lets_it_go_on_afterwards(
    store: Store, clock: FrozenClock, strategy: str
) -> None:
    gov = governed(store, clock, ONE, frozen(clock, HOUR))
    request = approve(gov, asked(gov, team="ours", on_drift=strategy))
    other = approve(gov, asked(gov, team="other"))
    gov.execute(other.id, by="bob")
    clock.tick(hours=1)
    with refused(gov, request, "must_wait"):
        gov.execute(request.id, by="bob")
    clock.tick(days=1)
    outcome = gov.execute(request.id, by="bob")
    if strategy == "renew_approval":
        approve(gov, request, "dave")
        outcome = gov.execute(request.id, by="bob")
    assert (outcome.executed, teams(gov)) == (True, ["other", "ours"])


def test_a_freeze_does_not_keep_the_approvers_of_later_steps_from_voting(store: Store, clock: FrozenClock) -> None:
    second = require_approval(1, roles=["legal"], step=2)
    gov = governed(store, clock, ONE, second, frozen(clock))
    request = approve(gov, asked(gov))
    assert approve(gov, request, "law").status is Status.PENDING
    clock.tick(days=1)
    outcome = gov.execute(request.id, by="bob")
    assert (outcome.executed, outcome.reasons) == (True, ())


# Dependencies.


def test_a_request_waits_for_the_one_it_depends_on(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    first = asked(gov, team="first")
    second = approve(gov, asked(gov, Dependency(request_id=first.id), team="second", on_drift="keep_if_same_effect"))
    assert second.status is Status.PENDING
    with refused(gov, second, "requirements_met", f"execution of request {first.id}, which is pending"):
        gov.execute(second.id, by="bob")
    approve(gov, first)
    gov.execute(first.id, by="bob")
    assert gov.execute(second.id, by="bob").executed
    assert teams(gov) == ["first", "second"]


def test_both_can_be_executed_in_one_batch(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    first = approve(gov, asked(gov, team="first"))
    second = approve(gov, asked(gov, Dependency(request_id=first.id), team="second", on_drift="keep_if_same_effect"))
    items = gov.execute_many([second.id, first.id, second.id], by="bob")
    assert [each.executed for each in items] == [False, True, True]


@pytest.mark.parametrize(
    ("follows", "status"), [("reject", Status.REJECTED), ("note", Status.PENDING), ("refuse", Status.PENDING)]
)
def test_what_depends_on_a_canceled_request_can_no_longer_be_met(
    store: Store, clock: FrozenClock, follows: str, status: Status
) -> None:
    gov = governed(store, clock)
    first = asked(gov)
    second = asked(gov, Dependency(request_id=first.id, when_impossible=WhenImpossible(follows)))
    gov.cancel(first.id, by="bob")
    (moved,) = gov.reassess_open().moved
    assert (moved.id, moved.status) == (second.id, status)
    assert "which is canceled" in str(gov.waiting_for(second.id).positions[-1])


def test_what_depends_on_a_superseded_request_waits_for_its_successor(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    first, better, best = (
        asked(gov, team="first", on_drift="revalidate", reason=why) for why in ("good", "better", "best")
    )
    second = asked(gov, Dependency(request_id=first.id), team="second", on_drift="keep_if_same_effect")
    gov.supersede(first.id, successor=better.id, by="bob")
    gov.supersede(better.id, successor=best.id, by="bob")
    assert approve(gov, second).status is Status.PENDING
    approve(gov, best)
    gov.execute(best.id, by="bob")
    assert gov.execute(second.id, by="bob").executed


def test_what_depends_on_a_request_whose_successor_was_canceled_ends(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    first, better = asked(gov), asked(gov)
    second = asked(gov, Dependency(request_id=first.id))
    gov.supersede(first.id, successor=better.id, by="bob")
    gov.cancel(better.id, by="bob")
    assert gov.reassess(second.id).status is Status.REJECTED


def test_a_request_cannot_depend_on_what_is_not_there(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    with pytest.raises(RequestNotFoundError, match="no-such-request"):
        asked(gov, Dependency(request_id="no-such-request"))
    assert len(gov.find_requests()) == 0


@pytest.mark.parametrize("end", ["cancel", "reject"])
def test_a_request_cannot_depend_on_what_has_ended(store: Store, clock: FrozenClock, end: str) -> None:
    gov = governed(store, clock, require(Approval(actors=("carol",))))
    first = asked(gov)
    ended = gov.cancel(first.id, by="bob") if end == "cancel" else gov.reject(first.id, by="carol", reason="no")
    with pytest.raises(UnsatisfiableError, match=f"which is {ended.status}"):
        asked(gov, Dependency(request_id=first.id))


def test_a_request_cannot_depend_on_itself(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    with pytest.raises(UnsatisfiableError, match="a circle"):
        asked(gov, Dependency(request_id="mine"), request_id="mine")


def test_an_amendment_that_makes_a_circle_is_refused(store: Store, clock: FrozenClock) -> None:
    @policy
    def after_that(proposal: Proposal) -> Verdict:
        """Let a team named after a request wait for that request."""
        team = getattr(proposal.mutation, "team", "")
        return Verdict.require(Dependency(request_id=team)) if team in {"one", "two"} else Verdict.abstain()

    gov = governed(store, clock, ONE, after_that)
    asked(gov, request_id="one")
    asked(gov, Dependency(request_id="one"), request_id="two")
    three = asked(gov, Dependency(request_id="two"), request_id="three")
    before = gov.get_request("one"), gov.decisions("one")
    with pytest.raises(UnsatisfiableError, match="a circle"):
        gov.amend("one", AddTeam(team="two"), by="bob")
    assert (gov.get_request("one"), gov.decisions("one")) == before
    assert gov.amend(three.id, AddTeam(team="one"), by="bob").status is Status.PENDING


def grown(meanwhile: list[Requirement]) -> Policy:
    """Make a policy that requires what has become necessary meanwhile."""

    @policy
    def necessary(_: Proposal) -> Verdict:
        return Verdict.require(*meanwhile) if meanwhile else Verdict.abstain()

    return necessary


def test_a_renewal_that_makes_a_circle_is_refused(store: Store, clock: FrozenClock) -> None:
    meanwhile: list[Requirement] = []
    gov = governed(store, clock, ONE, grown(meanwhile))
    one = approve(gov, asked(gov, on_drift="renew_approval", request_id="one"))
    asked(gov, Dependency(request_id="one"), request_id="two")
    gov.execute(approve(gov, asked(gov, team="y")).id, by="ci")
    meanwhile += [Approval(roles=("legal",)), Dependency(request_id="two")]
    with pytest.raises(UnsatisfiableError, match="a circle"):
        gov.execute("one", by="ci")
    assert gov.get_request("one") == one


def test_a_renewal_that_requires_what_has_happened_goes_on_at_once(store: Store, clock: FrozenClock) -> None:
    meanwhile: list[Requirement] = [Approval(roles=("security",))]
    gov = governed(store, clock, grown(meanwhile))
    one, done = (approve(gov, asked(gov, team=team, on_drift="renew_approval")) for team in ("x", "y"))
    gov.execute(done.id, by="ci")
    meanwhile[:] = [Dependency(request_id=done.id)]
    assert gov.execute(one.id, by="ci").executed
    assert [each.trigger for each in gov.decisions(one.id)][-4:] == ["renew_approval", "approve", "resolve", "execute"]


def test_a_renewal_that_requires_what_nobody_can_give_is_rejected_at_once(store: Store, clock: FrozenClock) -> None:
    meanwhile: list[Requirement] = []
    gov = governed(store, clock, ONE, grown(meanwhile))
    one, other = (approve(gov, asked(gov, team=team, on_drift="renew_approval")) for team in ("x", "y"))
    gov.execute(other.id, by="ci")
    meanwhile.append(Approval(roles=("astronaut",)))
    assert gov.execute(one.id, by="ci").status is Status.REJECTED


def test_a_renewal_asks_all_of_a_role_by_name_but_for_the_requester(store: Store, clock: FrozenClock) -> None:
    meanwhile: list[Requirement] = []
    gov = governed(store, clock, ONE, grown(meanwhile))
    one = approve(gov, asked(gov, by="carol", on_drift="renew_approval", request_id="one"), by="dave")
    gov.execute(approve(gov, asked(gov, team="y")).id, by="ci")
    meanwhile.append(Approval("all", roles=("security",)))
    renewed = gov.execute(one.id, by="ci").request
    everybody = [each for each in renewed.requirements if isinstance(each, Approval) and each.people]
    assert [each.people for each in everybody] == [("ann", "dave")], "all but the requester"


# External checks.


BACKUP = ExternalCheck(name="backup", valid_for=HOUR)
Result = dict[str, Any]


def result(request: MutationRequest, by: str = "ci", *, passed: bool = True, evidence: str = "run 7") -> Result:
    """Make the report of a backup."""
    return {"check": "backup", "passed": passed, "by": by, "digest": request.digest, "evidence": evidence}


def test_a_check_that_passes_meets_the_requirement(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, require(BACKUP))
    request = asked(gov)
    assert gov.report(request.id, **result(request)).status is Status.APPROVED
    said, end = gov.decisions(request.id)[1:]
    assert (said.code, said.actor, said.reason, said.digest) == ("reported", "ci", "run 7", request.digest)
    assert said.metadata == {
        "check": "backup",
        "passed": True,
        "step": 1,
        "roles": [],
        "groups": [],
        "kind": "service",
    }
    assert end.metadata == {"counted": ["ci"]}
    assert gov.execute(request.id, by="bob").executed


def test_a_check_that_fails_does_not_and_may_pass_later(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, require(BACKUP))
    request = asked(gov)
    after = gov.report(request.id, **result(request, passed=False, evidence="disk full"))
    assert after.status is Status.PENDING
    (reason,) = gov.waiting_for(request.id).reasons
    assert reason == "external check 'backup', which ci reported as failed: disk full"
    with refused(gov, after, "requirements_met", "disk full"):
        gov.execute(request.id, by="bob")
    assert gov.report(request.id, **result(request, by="other-ci")).status is Status.APPROVED


def test_a_report_of_failure_takes_the_approval_away(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, require(BACKUP))
    request = asked(gov)
    gov.report(request.id, **result(request))
    assert gov.report(request.id, **result(request, passed=False)).status is Status.PENDING
    assert codes(gov, request) == ["submitted", "reported", "approved", "reported", "lapsed"]


def test_a_report_runs_out_and_is_renewed(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, require(BACKUP))
    request = approve(gov, asked(gov))
    gov.report(request.id, **result(request))
    clock.tick(hours=1)
    assert gov.waiting_for(request.id).reasons == (
        "external check 'backup' anew: the last ran out at 2026-01-31T13:00:00Z",
    )
    outcome = gov.execute(request.id, by="bob")
    assert (outcome.status, codes(gov, request)[-1]) == (Status.PENDING, "lapsed")
    assert gov.report(request.id, **result(request)).status is Status.APPROVED
    assert gov.execute(request.id, by="bob").executed


def test_a_report_may_be_renewed_before_it_runs_out(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, require(BACKUP))
    request = asked(gov)
    gov.report(request.id, **result(request))
    clock.tick(minutes=59)
    assert gov.report(request.id, **result(request)).status is Status.APPROVED
    clock.tick(minutes=59)
    assert gov.execute(request.id, by="bob").executed


@pytest.mark.parametrize(
    ("by", "rule"),
    [("carol", "may_report"), ("robot", "may_report"), ("bob", "separation_of_duties"), ("root", "may_report")],
)
def test_only_the_right_kind_of_actor_reports(store: Store, clock: FrozenClock, by: str, rule: str) -> None:
    gov = governed(store, clock, require(BACKUP))
    request = asked(gov)
    with refused(gov, request, rule):
        gov.report(request.id, **result(request, by=by))


def test_a_service_of_the_requester_does_not_report(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, require(BACKUP))
    request = asked(gov, by="ann")
    with refused(gov, request, "separation_of_duties"):
        gov.report(request.id, **result(request, by="annbot"))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"check": "restore"}, "may_report"),
        ({"digest": "0" * 64}, "present_digest"),
    ],
)
def test_a_report_names_its_check_the_digest_and_the_evidence(
    store: Store, clock: FrozenClock, change: Result, rule: str
) -> None:
    gov = governed(store, clock, require(BACKUP))
    request = asked(gov)
    with refused(gov, request, rule):
        gov.report(request.id, **(result(request) | change))


@pytest.mark.parametrize("passed", [1, "yes", None])
def test_a_report_says_yes_or_no(store: Store, clock: FrozenClock, passed: bool) -> None:
    gov = governed(store, clock, require(BACKUP))
    request = asked(gov)
    with pytest.raises(InputError, match="pass True or False"):
        gov.report(request.id, **(result(request) | {"passed": passed}))
    assert gov.get_request(request.id) == request


def test_a_check_of_a_later_step_waits_until_that_opens(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, require(ExternalCheck(name="backup", step=2)))
    request = asked(gov)
    with refused(gov, request, "step_is_open"):
        gov.report(request.id, **result(request))
    approve(gov, request)
    assert gov.report(request.id, **result(request)).status is Status.APPROVED


def test_in_an_approval_a_check_has_no_vote(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, require(BACKUP))
    request = asked(gov)
    with pytest.raises(TransitionRefusedError):
        approve(gov, request, "ci")
    assert gov.get_request(request.id) == request


# Manual reviews.


def test_a_manual_review_is_reported_by_somebody_with_the_role(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, require(ManualReview(name="legal", roles=("legal",))))
    request = approve(gov, asked(gov))
    report: dict[str, Any] = {"check": "legal", "passed": True, "digest": request.digest, "evidence": "read it"}
    with refused(gov, request, "may_report"):
        gov.report(request.id, by="carol", **report)
    with refused(gov, request, "may_report"):
        gov.report(request.id, by="ci", **report)
    assert gov.report(request.id, by="law", **report).status is Status.APPROVED
    assert gov.decisions(request.id)[-1].metadata == {"counted": ["carol", "law"]}


def test_nobody_reviews_what_they_asked_for(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, require(ManualReview(name="legal")))
    request = asked(gov)
    with refused(gov, request, "separation_of_duties"):
        gov.report(request.id, check="legal", passed=True, by="bob", digest=request.digest, evidence="fine")


# Quotas.


def limited(limit: int = 1, per: timedelta = DAY) -> Policy:
    return require(Quota(limit=limit, per=per))


def test_a_quota_slides_along_with_the_executions_of_the_state(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, limited(2))
    keep: dict[str, Any] = {"on_drift": "revalidate"}
    requests = [asked(gov, team=str(number), **keep) for number in range(4)]
    assert {each.status for each in requests} == {Status.APPROVED}
    for each in requests[:2]:
        assert gov.execute(each.id, by="bob").executed
        clock.tick(hours=6)
    with refused(gov, requests[2], "requirements_met", "the next one from 2026-02-01T12:00:00Z"):
        gov.execute(requests[2].id, by="bob")
    assert gov.waiting_for(requests[2].id).reasons == (
        "at most 2 changes of the state in 1 day, 0:00:00: the next one from 2026-02-01T12:00:00Z",
    )
    clock.tick(hours=12)
    assert gov.execute(requests[2].id, by="bob").executed
    with refused(gov, requests[3], "requirements_met"):
        gov.execute(requests[3].id, by="bob")
    clock.tick(hours=6)
    assert gov.execute(requests[3].id, by="bob").executed
    assert teams(gov) == ["0", "1", "2", "3"]


def test_a_quota_counts_every_change_of_the_state_and_none_of_another(store: Store, clock: FrozenClock) -> None:
    free = allow(when=lambda proposal: proposal.intent.category == "security")
    gov = governed(store, clock, free, require(Quota(limit=1, per=DAY), when=lambda p: p.intent.category != "security"))
    gov.create_state("house:two", Roles())
    far = gov.submit(AddTeam(team="x"), to="house:two", by="bob")
    assert gov.execute(far.id, by="bob").executed
    near = gov.submit(GrantRole(user="ada", role="admin"), to=HOUSE, by="bob")
    assert gov.execute(near.id, by="bob").executed
    assert asked(gov).status is Status.PENDING


def test_in_a_batch_a_quota_counts_what_was_executed_just_before(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, limited())
    requests = [asked(gov, team=str(number), on_drift="revalidate") for number in range(3)]
    items = gov.execute_many([each.id for each in requests], by="bob")
    assert [each.executed for each in items] == [True, False, False]
    assert teams(gov) == ["0"]


def test_a_policy_added_later_makes_an_approved_request_wait(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    first, second = (approve(gov, asked(gov, team=name, on_drift="revalidate")) for name in ("one", "two"))
    gov.execute(first.id, by="bob")
    gov.register_policy(limited())
    with refused(gov, second, "must_wait", "at most 1 change of the state"):
        gov.execute(second.id, by="bob")
    clock.tick(days=1)
    assert gov.execute(second.id, by="bob").executed


@pytest.mark.parametrize("limit", [0, -1, True, 1001, 1.5, "1"])
def test_a_quota_of_nothing_is_none(limit: int) -> None:
    with pytest.raises(ConfigurationError, match="limit="):
        Quota(limit=limit, per=DAY)


@pytest.mark.parametrize("per", [timedelta(0), -DAY, None, 3600])
def test_a_quota_needs_a_period(per: timedelta) -> None:
    with pytest.raises(ConfigurationError, match="per="):
        Quota(limit=1, per=per)


def test_a_report_without_evidence_is_refused_by_name(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, require(BACKUP))
    request = asked(gov)
    with pytest.raises(InputError, match="evidence= is empty"):
        gov.report(request.id, check="backup", passed=True, by="ci", digest=request.digest, evidence=" ")


def test_a_period_that_ends_while_policies_are_asked_has_ended(store: Store, clock: FrozenClock) -> None:
    end, slow = clock() + HOUR, [False]

    def ponders(_: Proposal) -> Verdict:
        if slow[0]:
            clock.tick(hours=2)
        return Verdict.require(Schedule(not_after=end))

    gov = governed(store, clock, Policy("ponders", ponders), allow())
    request = asked(gov)
    slow[0] = True
    assert gov.execute(request.id, by="bob").status is Status.EXPIRED
    assert gov.decisions(request.id)[-1].at == end + HOUR


def test_a_change_is_stamped_with_the_moment_after_policies_were_asked(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Policy("ponders", lambda _: (clock.tick(minutes=5), Verdict.allow())[1]))
    request = asked(gov)
    begun = clock()
    outcome = gov.execute(request.id, by="bob")
    resolved, executed = gov.decisions(request.id)[-2:]
    assert resolved.at == begun + timedelta(minutes=5)
    assert executed.at == begun + timedelta(minutes=5) == gov.history(HOUSE)[-1].at
    assert outcome.audit == gov.audit(request.id)[-1]
    assert repr(outcome.audit).replace("datetime.timezone.utc", "TzInfo(0)") == repr(gov.audit(request.id)[-1])

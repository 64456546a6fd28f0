"""How long an approval counts: by default, as written, from when, and what becomes of a request afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, Roles, opened, refused, released
from placet import (
    Actor,
    ActorKind,
    Emergency,
    Governance,
    MutationRequest,
    Policy,
    StaticDirectory,
    Status,
    allow,
    allow_emergency,
    require,
)
from placet.errors import ConfigurationError, InputError, TransitionRefusedError
from placet.requirements import Approval, Dependency, ExternalCheck, Freeze, ManualReview, Quota, Requirement, Schedule
from placet.store.port import Store
from placet.testing import FrozenClock

PEOPLE = (
    Actor("bob"),
    Actor("carol", roles=("security",)),
    Actor("dave", roles=("security",)),
    Actor("erin", roles=("owner",)),
    Actor("ci", ActorKind.SERVICE),
    Actor("robot", ActorKind.AGENT),
    Actor("helper", ActorKind.AGENT, on_behalf_of="bob"),
    Actor("proxy", on_behalf_of="robot"),
    Actor("clerk", on_behalf_of="bob"),
    Actor("lost", on_behalf_of="somebody-else"),
    Actor("olga", roles=("oncall",)),
)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TICK = timedelta(microseconds=1)
ONE, TWO = Approval(1, roles=("security",)), Approval(2, roles=("security",))
LEGAL = ManualReview(name="legal", roles=("owner",))
BACKUP = ExternalCheck(name="backup")


def governed(store: Store, clock: FrozenClock, *required: Requirement, **options: Any) -> Governance:  # noqa: ANN401 - options of Governance.open
    policies: list[Policy] = options.pop("policies", [require(*(required or (ONE,)))])
    return opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=policies, **options)


def asked(gov: Governance, team: str = "x", by: str = "bob", **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    return gov.submit(AddTeam(team=team), to=HOUSE, by=by, **options)


def approve(gov: Governance, request: MutationRequest, by: str = "carol") -> MutationRequest:
    return gov.approve(request.id, by=by, digest=gov.get_request(request.id).digest)


def report(
    gov: Governance, request: MutationRequest, check: str, by: str = "erin", *, passed: bool = True
) -> MutationRequest:
    return gov.report(request.id, check=check, passed=passed, by=by, digest=request.digest, evidence="seen")


def codes(gov: Governance, request: MutationRequest) -> list[str]:
    return [each.code for each in gov.decisions(request.id)]


def teams(gov: Governance) -> list[str]:
    return gov.get_state(HOUSE, Roles).state.teams


def until(gov: Governance, request: MutationRequest) -> datetime | None:
    return gov.waiting_for(request.id).approved_until


# How long.


@pytest.mark.parametrize(
    ("by", "lasts"),
    [("bob", 30 * DAY), ("clerk", 30 * DAY), ("robot", DAY), ("helper", DAY), ("proxy", DAY)],
)
def test_an_approval_counts_thirty_days_and_one_where_an_agent_has_a_hand_in_it(
    store: Store, clock: FrozenClock, by: str, lasts: timedelta
) -> None:
    gov = governed(store, clock)
    request = asked(gov, by=by)
    assert request.terms.approval_valid_for == lasts
    approve(gov, request)
    assert until(gov, request) == clock() + lasts
    clock.now += lasts - TICK
    assert gov.execute(request.id, by="bob").executed


def test_so_it_is_where_nobody_knows_whom_it_is_asked_for(store: Store, clock: FrozenClock) -> None:
    assert asked(governed(store, clock), by="lost").terms.approval_valid_for == DAY


@pytest.mark.parametrize(
    ("usual", "people", "agents"), [(None, None, DAY), (HOUR, HOUR, HOUR), (DAY, DAY, DAY), (9 * DAY, 9 * DAY, DAY)]
)
def test_the_default_is_said_where_the_store_is_opened_and_agents_get_no_more_than_a_day(
    store: Store, clock: FrozenClock, usual: timedelta | None, people: timedelta | None, agents: timedelta
) -> None:
    gov = governed(store, clock, approval_valid_for=usual)
    assert asked(gov).terms.approval_valid_for == people
    assert asked(gov, by="robot").terms.approval_valid_for == agents


@pytest.mark.parametrize("by", ["bob", "robot"])
@pytest.mark.parametrize("written", [None, HOUR, 90 * DAY])
def test_what_is_written_wins(store: Store, clock: FrozenClock, by: str, written: timedelta | None) -> None:
    gov = governed(store, clock, approval_valid_for=2 * DAY)
    assert asked(gov, by=by, approval_valid_for=written).terms.approval_valid_for == written


def test_it_is_fixed_in_the_terms_whatever_the_default_becomes(store: Store, clock: FrozenClock) -> None:
    request = asked(governed(store, clock))
    gov = Governance.open(
        store,
        mutations=[AddTeam],
        policies=[require(ONE)],
        directory=StaticDirectory(PEOPLE),
        clock=clock,
        approval_valid_for=HOUR,
    )
    assert gov.amend(request.id, AddTeam(team="y"), by="bob").terms.approval_valid_for == 30 * DAY
    approve(gov, request)
    assert until(gov, request) == clock() + 30 * DAY


@pytest.mark.parametrize("lasts", [timedelta(0), -HOUR, 3600, "1h", True, timedelta.max])
def test_no_time_at_all_is_refused_in_both_places(store: Store, clock: FrozenClock, lasts: timedelta) -> None:
    gov = governed(store, clock)
    with pytest.raises(InputError, match="approval_valid_for=.*None for approvals that count for ever"):
        asked(gov, approval_valid_for=lasts)
    with pytest.raises(ConfigurationError, match="approval_valid_for=.*None for approvals that count for ever"):
        governed(store, clock, approval_valid_for=lasts)


def test_none_counts_for_ever(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, approval_valid_for=None))
    assert until(gov, request) is None
    clock.tick(days=3650)
    assert gov.execute(request.id, by="bob").executed


@pytest.mark.parametrize("lasts", [HOUR, timedelta(days=36525)])
def test_a_century_after_the_last_schedule_there_is_is_no_moment(
    store: Store, clock: FrozenClock, lasts: timedelta
) -> None:
    gov = governed(store, clock)
    last = Schedule(not_before=datetime.max.replace(tzinfo=UTC))
    request = approve(gov, asked(gov, approval_valid_for=lasts, requirements=[last]))
    assert until(gov, request) is None
    assert gov.reassess(request.id).status is Status.PENDING


# What becomes of it.


def test_when_it_ends_the_request_is_pending_and_has_to_be_approved_again(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov))
    ends = clock() + 30 * DAY
    clock.tick(days=30)
    outcome = gov.execute(request.id, by="bob", reason="the nightly run")
    words = "its approval ran out at 2026-03-02T12:00:00Z; it has to be approved again"
    assert (outcome.status, outcome.reasons, outcome.audit, teams(gov)) == (Status.PENDING, (words,), None, [])
    last = gov.decisions(request.id)[-1]
    assert (last.code, last.actor, last.reason, last.to_status) == (
        "approval_expired",
        "bob",
        "the nightly run",
        "pending",
    )
    assert last.metadata == {"approved_until": "2026-03-02T12:00:00.000000Z", "outdated": ["carol"], "reviews": []}
    waiting = gov.waiting_for(request.id)
    assert ([each.actor for each in waiting.outdated], waiting.votes, waiting.approved_until) == (["carol"], (), None)
    with refused(gov, gov.get_request(request.id), "requirements_met"):
        gov.execute(request.id, by="bob")
    approve(gov, request)
    assert until(gov, request) == ends + 30 * DAY
    assert gov.execute(request.id, by="bob").executed
    assert gov.verify().ok


def test_in_the_meantime_waiting_for_says_that_it_ran_out(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, approval_valid_for=HOUR))
    clock.tick(hours=1)
    waiting = gov.waiting_for(request.id)
    assert waiting.reasons == ("its approval ran out at 2026-01-31T13:00:00Z; it has to be approved again",)
    assert waiting.approved_until == clock()


def test_it_works_years_later_though_nobody_swept(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, requirements=[Schedule(not_before=clock() + DAY)]))
    clock.tick(days=3650)
    assert request.status is Status.PENDING
    outcome = gov.execute(request.id, by="bob")
    assert (outcome.status, codes(gov, request)[-1]) == (Status.PENDING, "approval_expired")
    assert "2026-03-03T12:00:00Z" in outcome.reasons[0]
    approve(gov, request)
    assert gov.execute(request.id, by="bob").executed


@pytest.mark.parametrize("voter", ["carol", "dave"])
@pytest.mark.parametrize("waits", [True, False])
def test_somebody_may_vote_again_at_once_though_nobody_has_noticed_that_it_ran_out(
    store: Store, clock: FrozenClock, voter: str, waits: bool
) -> None:
    gov = governed(store, clock)
    later = [Schedule(not_before=clock() + HOUR)] if waits else []
    request = approve(gov, asked(gov, approval_valid_for=DAY, requirements=later))
    clock.tick(days=3)
    assert request.id in {each.id for each in gov.inbox(voter)}
    assert approve(gov, request, voter).status is Status.APPROVED
    ran_out, voted = gov.decisions(request.id)[-3:-1]
    assert (ran_out.code, ran_out.actor) == ("approval_expired", "placet")
    assert "ran out at" in ran_out.reason
    assert (voted.code, voted.actor) == ("voted", voter)
    assert gov.execute(request.id, by="bob").executed


def test_who_rejects_what_ran_out_ends_what_is_pending_again(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, approval_valid_for=DAY))
    clock.tick(days=3)
    gov.reject(request.id, by="dave", reason="not any more")
    assert codes(gov, request)[-2:] == ["approval_expired", "dissented"]


def test_a_refused_vote_leaves_it_as_it_was(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, approval_valid_for=DAY))
    clock.tick(days=3)
    for by, digest in (("bob", request.digest), ("dave", "other")):
        with pytest.raises(TransitionRefusedError):
            gov.approve(request.id, by=by, digest=digest)
    assert gov.get_request(request.id) == request


def test_reassessing_and_sweeping_notice_it(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    one, two = (approve(gov, asked(gov, team, approval_valid_for=DAY)) for team in "xy")
    clock.tick(days=1)
    assert gov.expire_due().moved == ()
    assert gov.reassess(one.id).status is Status.PENDING
    assert [(each.id, each.status) for each in gov.reassess_open().moved] == [(two.id, Status.PENDING)]


@pytest.mark.parametrize("how", ["execute", "revalidate", "reassess"])
def test_it_runs_out_while_it_waits_for_revalidation(store: Store, clock: FrozenClock, how: str) -> None:
    gov = governed(store, clock)
    paused: dict[str, Any] = {"on_drift": "revalidate", "pause_for_revalidation": True}
    request = approve(gov, asked(gov, approval_valid_for=DAY, **paused))
    other = approve(gov, asked(gov, "other"))
    gov.execute(other.id, by="bob")
    assert gov.execute(request.id, by="bob").status is Status.REVALIDATION
    clock.tick(days=1)
    if how == "reassess":
        gov.reassess(request.id)
    elif how == "execute":
        gov.execute(request.id, by="bob")
    else:
        released(gov, request)
    assert (gov.get_request(request.id).status, codes(gov, request)[-1]) == (Status.PENDING, "approval_expired")


def test_it_expires_only_at_its_own_deadline(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, approval_valid_for=HOUR, expires_at=clock() + DAY))
    assert request.due_at == clock() + DAY
    clock.tick(hours=2)
    assert gov.execute(request.id, by="bob").status is Status.PENDING
    clock.tick(days=1)
    assert gov.execute(request.id, by="bob").status is Status.EXPIRED


def test_amended_terms_are_approved_anew(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, approval_valid_for=DAY))
    clock.tick(days=2)
    gov.amend(request.id, AddTeam(team="y"), by="bob")
    assert approve(gov, request).status is Status.APPROVED
    assert until(gov, request) == clock() + DAY


def test_an_emergency_goes_past_it(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, policies=[require(ONE), allow_emergency(["oncall"])])
    request = approve(gov, asked(gov, approval_valid_for=HOUR))
    clock.tick(days=1)
    assert gov.execute(request.id, by="olga", emergency=Emergency("down", "INC-1")).executed


@pytest.mark.parametrize("required", [[], [Schedule(not_before=FrozenClock().now + HOUR)], [BACKUP]])
def test_what_nobody_has_to_approve_does_not_run_out(
    store: Store, clock: FrozenClock, required: list[Requirement]
) -> None:
    gov = governed(store, clock, policies=[allow()])
    request = asked(gov, approval_valid_for=HOUR, requirements=required)
    if required == [BACKUP]:
        report(gov, request, "backup", "ci")
    clock.tick(days=999)
    assert until(gov, request) is None
    assert gov.execute(request.id, by="bob").executed


def test_a_rejection_that_did_not_end_it_still_stands(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Approval(1, roles=("security", "owner"), any_rejection_ends=False))
    request = asked(gov, approval_valid_for=HOUR)
    gov.reject(request.id, by="erin", reason="no")
    approve(gov, request)
    clock.tick(hours=1)
    assert gov.execute(request.id, by="bob").status is Status.PENDING
    assert [each.actor for each in gov.waiting_for(request.id).votes] == ["erin"]


# From when.


def test_of_two_votes_the_last_completes_it(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, TWO)
    request = approve(gov, asked(gov, approval_valid_for=DAY))
    assert until(gov, request) is None
    clock.tick(days=9)
    approve(gov, request, "dave")
    assert until(gov, request) == clock() + DAY


def test_a_review_completes_it_too_and_has_to_be_given_again(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, LEGAL)
    request = approve(gov, asked(gov, approval_valid_for=2 * HOUR))
    clock.tick(hours=1)
    assert report(gov, request, "legal").status is Status.APPROVED
    assert until(gov, request) == clock() + 2 * HOUR
    clock.tick(hours=2)
    assert gov.execute(request.id, by="bob").status is Status.PENDING
    assert gov.decisions(request.id)[-1].metadata["reviews"] == ["legal"]
    assert approve(gov, request).status is Status.PENDING
    assert report(gov, request, "legal").status is Status.APPROVED


def test_reviewing_or_checking_it_again_does_not_prolong_it(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, LEGAL, BACKUP)
    request = approve(gov, asked(gov, approval_valid_for=DAY))
    report(gov, request, "legal")
    report(gov, request, "backup", "ci")
    ends = clock() + DAY
    for _ in range(3):
        clock.tick(hours=5)
        report(gov, request, "legal")
        report(gov, request, "backup", "ci", passed=False)
        report(gov, request, "backup", "ci")
        assert until(gov, request) == ends


def test_a_check_has_a_time_of_its_own(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, ONE, ExternalCheck(name="backup", valid_for=30 * DAY))
    request = approve(gov, asked(gov, approval_valid_for=DAY))
    clock.tick(days=9)
    assert until(gov, request) is None
    report(gov, request, "backup", "ci")
    assert until(gov, request) == clock() + DAY
    clock.tick(days=1)
    gov.reassess(request.id)
    assert approve(gov, request).status is Status.APPROVED


@pytest.mark.parametrize("pause", [HOUR / 2, 2 * HOUR])
def test_holding_and_releasing_does_not_prolong_it(store: Store, clock: FrozenClock, pause: timedelta) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, approval_valid_for=HOUR))
    ends = until(gov, request)
    gov.hold(request.id, by="dave", reason="wait")
    clock.tick(seconds=pause.total_seconds())
    released = gov.release(request.id, by="dave")
    assert released.status is (Status.APPROVED if pause < HOUR else Status.PENDING)
    assert until(gov, request) == (ends if pause < HOUR else None)


def test_it_runs_from_the_beginning_of_its_schedule(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    begins = clock() + 90 * DAY
    request = approve(gov, asked(gov, requirements=[Schedule(not_before=begins)]))
    assert until(gov, request) == begins + 30 * DAY
    clock.now = begins + 30 * DAY - TICK
    assert gov.execute(request.id, by="bob").executed


def test_it_runs_from_the_end_of_a_freeze_or_from_its_waiver(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    freeze = Freeze(name="sale", until=clock() + 5 * DAY, waiver_roles=("owner",))
    one, two = (approve(gov, asked(gov, team, approval_valid_for=DAY, requirements=[freeze])) for team in "xy")
    clock.tick(days=1)
    gov.waive(one.id, freeze="sale", by="erin", digest=one.digest, reason="urgent")
    assert (until(gov, one), until(gov, two)) == (clock() + DAY, clock() + 5 * DAY)


def test_it_runs_from_the_execution_of_what_it_depends_on(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    first = approve(gov, asked(gov, "first"))
    after = [Dependency(request_id=first.id)]
    request = approve(gov, asked(gov, "second", approval_valid_for=DAY, requirements=after))
    clock.tick(days=9)
    assert until(gov, request) is None
    gov.execute(first.id, by="bob")
    ends = clock() + DAY
    clock.tick(hours=5)
    gov.comment(first.id, by="bob", reason="done")
    assert until(gov, request) == ends


def test_it_runs_from_when_a_quota_has_room_for_the_first_time(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    quota = [Quota(limit=1, per=10 * DAY)]
    begun = clock()
    follow: dict[str, Any] = {"approval_valid_for": None, "on_drift": "keep_if_same_effect"}
    others = [approve(gov, asked(gov, str(number), **follow)) for number in range(4)]
    gov.execute(others[0].id, by="bob")
    clock.tick(days=1)
    request = approve(gov, asked(gov, approval_valid_for=2 * DAY, requirements=quota))
    assert until(gov, request) == begun + 12 * DAY
    clock.now = begun + 10 * DAY + HOUR
    for each in others[1:]:
        gov.execute(each.id, by="bob")
    assert until(gov, request) == begun + 12 * DAY, "others that went first do not prolong it"


def test_a_clock_that_jumps_back_does_not_prolong_it(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, approval_valid_for=HOUR))
    ends = clock() + HOUR
    clock.tick(hours=-5)
    gov.hold(request.id, by="dave", reason="wait")
    gov.release(request.id, by="dave")
    assert until(gov, request) == ends
    clock.now = ends
    assert gov.execute(request.id, by="bob").status is Status.PENDING


def test_a_new_vote_begins_a_new_approval(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, approval_valid_for=HOUR))
    gov.hold(request.id, by="dave", reason="wait")
    gov.withdraw(request.id, by="carol")
    gov.release(request.id, by="dave")
    clock.tick(hours=3)
    approve(gov, request, "dave")
    assert until(gov, request) == clock() + HOUR
    assert gov.execute(request.id, by="bob").executed

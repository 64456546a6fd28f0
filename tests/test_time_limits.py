"""Deadlines: of a request, of what it requires, and of an approval once it is given."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, Roles, opened, refused, released
from placet import Actor, ActorKind, Governance, MutationRequest, StaticDirectory, Status, require
from placet.errors import ConfigurationError, InputError, RevisionConflictError, TransitionRefusedError
from placet.governance import sweeps
from placet.governance.moves import Moves
from placet.requirements import Approval, ExternalCheck, ManualReview, Requirement, Schedule
from placet.store.port import Store
from placet.testing import FrozenClock

PEOPLE = (
    Actor("bob"),
    Actor("carol", roles=("security",)),
    Actor("dave", roles=("security",)),
    Actor("erin", roles=("owner",)),
    Actor("ci", ActorKind.SERVICE),
)
HOUR = timedelta(hours=1)
ONE = Approval(1, roles=("security",))


def governed(store: Store, clock: FrozenClock, *required: Requirement) -> Governance:
    policies = [require(*(required or (ONE,)))]
    return opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=policies)


def asked(gov: Governance, team: str = "x", **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    return gov.submit(AddTeam(team=team), to=HOUSE, by="bob", **options)


def approve(gov: Governance, request: MutationRequest, by: str = "carol") -> MutationRequest:
    return gov.approve(request.id, by=by, digest=gov.get_request(request.id).digest)


def codes(gov: Governance, request: MutationRequest) -> list[str]:
    return [each.code for each in gov.decisions(request.id)]


def teams(gov: Governance) -> list[str]:
    return gov.get_state(HOUSE, Roles).state.teams


# Of a request.


def test_no_vote_is_taken_after_the_deadline_and_one_before_it_is(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Approval(2, roles=("security",)))
    request = asked(gov, expires_at=clock() + HOUR)
    clock.tick(minutes=59, seconds=59)
    request = approve(gov, request)
    clock.tick(seconds=1)
    for act in (gov.approve, gov.abstain, gov.reject):
        with refused(gov, request, "in_time"):
            act(request.id, by="dave", digest=request.digest, reason="too late?")


@pytest.mark.parametrize("approved", [False, True])
def test_executing_what_is_overdue_expires_it_without_a_sweep(store: Store, clock: FrozenClock, approved: bool) -> None:
    gov = governed(store, clock)
    request = asked(gov, expires_at=clock() + HOUR)
    if approved:
        approve(gov, request)
    clock.tick(hours=1)
    outcome = gov.execute(request.id, by="bob")
    assert (outcome.status, outcome.audit, outcome.reasons) == (
        Status.EXPIRED,
        None,
        ("the deadline of requester bob passed at 2026-01-31T13:00:00Z",),
    )
    last = gov.decisions(request.id)[-1]
    assert (last.code, last.actor, teams(gov)) == ("expired", "bob", [])


def test_revalidating_what_is_overdue_expires_it(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = asked(gov, expires_at=clock() + HOUR, on_drift="revalidate", pause_for_revalidation=True)
    approve(gov, request)
    other = approve(gov, asked(gov, "other"))
    gov.execute(other.id, by="bob")
    assert gov.execute(request.id, by="bob").status is Status.REVALIDATION
    clock.tick(hours=1)
    assert released(gov, request).status is Status.EXPIRED


def test_a_deadline_survives_an_amendment(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = asked(gov, expires_at=clock() + HOUR)
    clock.tick(minutes=30)
    after = gov.amend(request.id, AddTeam(team="y"), by="bob")
    assert after.due_at == request.due_at
    clock.tick(minutes=30)
    with refused(gov, after, "in_time"):
        approve(gov, after)


def test_a_deadline_can_be_given_in_any_time_zone(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    local = datetime.fromisoformat("2026-01-31T15:00:00+02:00")
    assert asked(gov, expires_at=local).due_at == datetime(2026, 1, 31, 13, tzinfo=UTC)


# Of a requirement.


def test_a_requirement_may_take_so_long_and_no_longer(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Approval(1, roles=("security",), within=HOUR))
    request = asked(gov)
    assert request.due_at == clock() + HOUR
    clock.tick(hours=1)
    with refused(gov, request, "in_time"):
        approve(gov, request)
    assert gov.reassess(request.id).status is Status.EXPIRED
    assert gov.decisions(request.id)[-1].actor == "placet"


def test_a_requirement_that_is_met_has_no_deadline_any_more(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Approval(1, roles=("security",), within=HOUR))
    request = approve(gov, asked(gov))
    assert request.due_at is None
    clock.tick(days=9)
    assert gov.execute(request.id, by="bob").executed


def test_of_several_deadlines_the_first_that_still_matters_counts(store: Store, clock: FrozenClock) -> None:
    first = Approval(1, roles=("security",), within=HOUR)
    second = Approval(1, roles=("owner",), within=3 * HOUR, step=2)
    gov = governed(store, clock, first, second)
    request = asked(gov, expires_at=clock() + 2 * HOUR)
    moments = [request.due_at]
    moments.append(approve(gov, request).due_at)
    gov.withdraw(request.id, by="carol")
    moments.append(gov.get_request(request.id).due_at)
    assert moments == [clock() + HOUR, clock() + 2 * HOUR, clock() + HOUR]


def test_a_withdrawal_after_the_deadline_of_a_met_requirement_ends_it(store: Store, clock: FrozenClock) -> None:
    first = Approval(1, roles=("security",), within=HOUR)
    gov = governed(store, clock, first, Approval(1, roles=("owner",)))
    request = approve(gov, asked(gov))
    clock.tick(hours=2)
    assert gov.withdraw(request.id, by="carol").status is Status.EXPIRED


@pytest.mark.parametrize(
    "required",
    [ManualReview(name="legal", within=HOUR), ExternalCheck(name="backup", within=HOUR)],
    ids=lambda each: each.name,
)
def test_a_review_and_a_check_have_deadlines_too(
    store: Store, clock: FrozenClock, required: ManualReview | ExternalCheck
) -> None:
    gov = governed(store, clock, required)
    request = asked(gov)
    clock.tick(hours=1)
    by = "erin" if isinstance(required, ManualReview) else "ci"
    with refused(gov, request, "in_time"):
        gov.report(request.id, check=required.name, passed=True, by=by, digest=request.digest, evidence="seen")
    assert gov.execute(request.id, by="bob").status is Status.EXPIRED


def test_an_amendment_gives_people_their_time_again(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Approval(1, roles=("security",), within=HOUR))
    request = asked(gov)
    clock.tick(minutes=50)
    after = gov.amend(request.id, AddTeam(team="y"), by="bob")
    assert after.due_at == clock() + HOUR
    clock.tick(minutes=50)
    assert approve(gov, after).status is Status.APPROVED


def test_a_renewed_approval_gives_people_their_time_again(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Approval(1, roles=("security",), within=HOUR))
    request = approve(gov, asked(gov, on_drift="renew_approval"))
    other = approve(gov, asked(gov, "other"))
    gov.execute(other.id, by="bob")
    clock.tick(hours=5)
    outcome = gov.execute(request.id, by="bob")
    assert (outcome.status, outcome.request.due_at) == (Status.PENDING, clock() + HOUR)
    approve(gov, request)
    assert gov.execute(request.id, by="bob").executed


def test_what_the_requester_requires_gets_its_time_again_too(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = asked(gov, requirements=[Approval(1, roles=("owner",), within=HOUR)])
    clock.tick(minutes=50)
    assert gov.amend(request.id, AddTeam(team="y"), by="bob").due_at == clock() + HOUR


@pytest.mark.parametrize("within", [timedelta(0), -HOUR, 3600, "1h"])
def test_no_time_at_all_is_no_limit(within: timedelta) -> None:
    with pytest.raises(ConfigurationError, match="within="):
        Approval(1, within=within)


# Of an approval: see test_approval_validity.py.


@pytest.mark.parametrize("lasts", [timedelta(0), -HOUR, 3600, "1h"])
def test_an_approval_that_counts_for_no_time_is_refused(store: Store, clock: FrozenClock, lasts: timedelta) -> None:
    gov = governed(store, clock)
    with pytest.raises(InputError, match="approval_valid_for="):
        asked(gov, approval_valid_for=lasts)


# A clock that jumps back.


def test_a_clock_that_jumps_back_does_not_turn_the_trail_around(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Approval(2, roles=("security",)))
    request = asked(gov)
    approve(gov, request)
    clock.tick(hours=-5)
    approve(gov, request, "dave")
    moments = [each.at for each in gov.decisions(request.id)]
    assert moments == sorted(moments)
    assert gov.execute(request.id, by="bob").executed
    assert gov.verify().ok


def test_what_has_expired_stays_expired_when_the_clock_jumps_back(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = approve(gov, asked(gov, expires_at=clock() + HOUR))
    clock.tick(hours=2)
    expired = gov.expire_due().expired[0]
    clock.tick(hours=-2)
    with refused(gov, expired, "no_transition"):
        gov.execute(request.id, by="bob")
    with refused(gov, expired, "no_transition"):
        approve(gov, request)


# Sweeps.


def test_a_sweep_expires_what_is_overdue_in_every_status(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    soon: dict[str, Any] = {"expires_at": clock() + HOUR}
    pending, approved, sent_back = asked(gov, **soon), asked(gov, **soon), asked(gov, **soon)
    approve(gov, approved)
    gov.request_changes(sent_back.id, by="carol", reason="another name")
    later, never, done = asked(gov, expires_at=clock() + 2 * HOUR), asked(gov), asked(gov, **soon)
    gov.cancel(done.id, by="bob")
    clock.tick(hours=1)
    sweep = gov.expire_due()
    assert {each.id for each in sweep.expired} == {pending.id, approved.id, sent_back.id}
    assert sweep.passed_over == ()
    assert [gov.get_request(each.id).status for each in (later, never, done)] == ["pending", "pending", "canceled"]
    last = gov.decisions(pending.id)[-1]
    assert (last.code, last.actor, last.reason) == (
        "expired",
        "placet",
        "the deadline of requester bob passed at 2026-01-31T13:00:00Z",
    )
    assert gov.expire_due().moved == ()


def test_a_sweep_judges_by_the_clock_and_by_nothing_else(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = asked(gov, expires_at=clock() + HOUR)
    sweep: Any = gov.expire_due
    with pytest.raises(TypeError):
        sweep(clock() + 99 * HOUR)
    clock.tick(minutes=59, seconds=59)
    assert gov.expire_due().moved == ()
    clock.tick(seconds=1)
    assert [each.id for each in gov.expire_due().moved] == [request.id]
    assert gov.decisions(request.id)[-1].at == clock()


def test_no_moment_of_a_callers_gets_into_the_trail(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Approval(1, roles=("security",), within=HOUR))
    request = asked(gov, expires_at=clock() + 99 * HOUR, requirements=[Schedule(not_before=clock() + 2 * HOUR)])
    gov.expiring(clock() + 999 * HOUR)
    gov.find_requests(since=clock() + 999 * HOUR, until=clock() + 9999 * HOUR)
    approve(gov, request)
    gov.reassess_open()
    assert {each.at for each in gov.decisions(request.id)} == {clock()}


# Looking ahead.


def test_what_expires_next_is_told_with_its_deadline_and_nothing_changes(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Approval(1, roles=("security",), within=3 * HOUR))
    first = asked(gov, "1", expires_at=clock() + HOUR)
    second = asked(gov, "2", requirements=[Schedule(not_after=clock() + 2 * HOUR)])
    third = asked(gov, "3")
    met, done = approve(gov, asked(gov, "4")), asked(gov, "5", expires_at=clock() + HOUR)
    gov.cancel(done.id, by="bob")
    before = [gov.get_request(each.id) for each in (first, second, third, met, done)]
    found = gov.expiring(clock() + 3 * HOUR)
    assert [each.request.id for each in found] == [first.id, second.id, third.id]
    assert [each.deadline.kind for each in found] == ["requester", "schedule", "requirement"]
    assert [each.deadline.at for each in found] == [clock() + hours * HOUR for hours in (1, 2, 3)]
    assert [each.request.id for each in gov.expiring(clock() + 3 * HOUR - timedelta(microseconds=1))] == [
        first.id,
        second.id,
    ]
    assert [gov.get_request(each.id) for each in before] == before
    assert (len(found), found.cursor) == (3, None)


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_looking_ahead_goes_page_by_page_the_earliest_first(store: Store, clock: FrozenClock, limit: int) -> None:
    gov = governed(store, clock)
    hours = (5, 1, 4, 1, 3, 2, 5)
    requests = [asked(gov, str(n), expires_at=clock() + hour * HOUR) for n, hour in enumerate(hours)]
    wanted = sorted(requests, key=lambda each: (each.due_at, each.id))
    found, cursor = [], None
    while True:
        page = gov.expiring(clock() + 5 * HOUR, limit=limit, cursor=cursor)
        found += [each.request.id for each in page]
        cursor = page.cursor
        if cursor is None:
            break
        assert len(page) == limit
    assert found == [each.id for each in wanted]


def test_what_is_overdue_already_is_told_as_well(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    request = asked(gov, expires_at=clock() + HOUR)
    clock.tick(hours=5)
    assert [each.request.id for each in gov.expiring(clock())] == [request.id]
    assert gov.get_request(request.id).status is Status.PENDING


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"until": datetime(2026, 1, 1)}, "until"),  # noqa: DTZ001 - that is what is wrong with it
        ({"until": "tomorrow"}, "until"),
        ({"limit": 0}, "limit"),
        ({"limit": True}, "limit"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_looking_ahead_wants_a_moment_and_a_page(
    store: Store, clock: FrozenClock, arguments: dict[str, Any], words: str
) -> None:
    gov = governed(store, clock)
    with pytest.raises(InputError, match=words):
        gov.expiring(**{"until": clock(), **arguments})


# Which deadline it was.


@dataclass(frozen=True)
class Due:
    """What sets a deadline an hour after noon."""

    options: dict[str, Any]
    kind: str
    of: str


AN_HOUR_LATER = FrozenClock().now + HOUR
OWNERS = Approval(2, roles=("owner",), within=HOUR, when_impossible="note")


@pytest.mark.parametrize(
    "due",
    [
        Due({"expires_at": AN_HOUR_LATER}, "requester", "requester bob"),
        Due({"requirements": [Schedule(not_after=AN_HOUR_LATER)]}, "schedule", "the schedule"),
        Due({"requirements": [OWNERS]}, "requirement", "2 approvals by role owner"),
        Due({"requirements": [ExternalCheck(name="ci", within=HOUR)]}, "requirement", "external check 'ci'"),
    ],
    ids=lambda due: due.of,
)
@pytest.mark.parametrize("how", ["sweep", "reassess", "execute"])
def test_what_expired_says_whose_deadline_passed_and_when(store: Store, clock: FrozenClock, due: Due, how: str) -> None:
    people = StaticDirectory([*PEOPLE, Actor("fred", roles=("owner",))])
    gov = opened(store, clock=clock, directory=people, policies=[require(ONE)])
    request = asked(gov, **due.options)
    clock.tick(hours=2)
    words = f"the deadline of {due.of} passed at 2026-01-31T13:00:00Z"
    with pytest.raises(TransitionRefusedError, match=re.escape(words)):
        approve(gov, request)
    assert words in gov.waiting_for(request.id).reasons[0]
    if how == "sweep":
        gov.expire_due()
        assert gov.decisions(request.id)[-1].reason == words
    elif how == "reassess":
        gov.reassess(request.id)
    else:
        assert gov.execute(request.id, by="bob").reasons == (words,)
    last = gov.decisions(request.id)[-1]
    deadline = {"at": "2026-01-31T13:00:00.000000Z", "kind": due.kind, "of": due.of}
    assert (last.code, last.metadata) == ("expired", {"deadline": deadline})


def test_a_sweep_goes_page_by_page(store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "PAGE", 2)
    gov = governed(store, clock)
    requests = [asked(gov, str(number), expires_at=clock() + HOUR) for number in range(7)]
    clock.tick(hours=1)
    assert {each.id for each in gov.expire_due().expired} == {each.id for each in requests}


def test_a_sweep_goes_on_after_a_conflict(store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    gov = governed(store, clock)
    requests = [asked(gov, str(number), expires_at=clock() + HOUR) for number in range(3)]
    clock.tick(hours=1)
    settle = Moves.settle

    def contended(self: Moves, request_id: str, *rest: Any) -> tuple[MutationRequest, bool]:  # noqa: ANN401 - what settle takes
        if request_id == requests[1].id:
            raise RevisionConflictError(request_id, 1)
        return settle(self, request_id, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Moves, "settle", contended)
        sweep = gov.expire_due()
    assert {each.id for each in sweep.expired} == {requests[0].id, requests[2].id}
    ((passed_over, why),) = sweep.passed_over
    assert passed_over == requests[1].id
    assert "read it again and retry" in why
    assert [each.id for each in gov.expire_due().expired] == [requests[1].id]

"""Why a request waits, in words; and whose turn it is."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, Awkward, opened, released
from placet import (
    Actor,
    ActorKind,
    Delegation,
    Emergency,
    FreezeWindow,
    Governance,
    MutationRequest,
    Policy,
    StaticDirectory,
    Status,
    allow_emergency,
    freeze,
    require,
)
from placet.errors import ActorNotFoundError, InputError, PlacetError, RequestNotFoundError, TransitionRefusedError
from placet.governance import finding
from placet.requirements import Approval, Dependency, ExternalCheck, ManualReview, Quota, Requirement, Schedule
from placet.store.port import Store
from placet.testing import FrozenClock

PEOPLE = (
    Actor("bob"),
    Actor("ann"),
    Actor("boss", roles=("release-manager",)),
    Actor("carol", roles=("security",)),
    Actor("dave", roles=("security",)),
    Actor("erin", roles=("owner",)),
    Actor("law", roles=("legal",)),
    Actor("oncall", roles=("sre",)),
    Actor("ci", ActorKind.SERVICE),
    Actor("annbot", ActorKind.SERVICE, on_behalf_of="ann"),
    Actor("robot", ActorKind.AGENT, roles=("security",)),
)
DAY = timedelta(days=1)
TWO = Approval(2, roles=("security",))
GLASS = allow_emergency(["sre"])


def governed(store: Store, clock: FrozenClock, *required: Requirement, more: tuple[Policy, ...] = ()) -> Governance:
    policies = [require(*(required or (TWO,))), GLASS, *more]
    return opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=policies)


@pytest.fixture
def gov(store: Store, clock: FrozenClock) -> Governance:
    return governed(store, clock)


def asked(gov: Governance, *own: Requirement, by: str = "bob", **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    return gov.submit(AddTeam(team="x"), to=HOUSE, by=by, requirements=own, **options)


def approve(gov: Governance, request: MutationRequest, *people: str) -> MutationRequest:
    for by in people or ("carol", "dave"):
        request = gov.approve(request.id, by=by, digest=gov.get_request(request.id).digest)
    return request


def reasons(gov: Governance, request: MutationRequest) -> tuple[str, ...]:
    return gov.waiting_for(request.id).reasons


# In every status.


def test_a_pending_request_names_what_is_missing_and_who_is_left(gov: Governance) -> None:
    request = asked(gov)
    assert reasons(gov, request) == ("2 approvals by role security (2 more); left: carol, dave",)
    approve(gov, request, "carol")
    assert reasons(gov, request) == ("2 approvals by role security (1 more); left: dave",)
    assert str(gov.waiting_for(request.id)) == (
        f"{request.id} pending: 2 approvals by role security (1 more); left: dave"
    )


def test_an_approved_request_waits_for_nothing(gov: Governance) -> None:
    request = approve(gov, asked(gov))
    assert reasons(gov, request) == ()
    assert str(gov.waiting_for(request.id)) == f"{request.id} approved: it can be executed"
    assert str(gov.waiting_for(request.id).positions[0]) == "2 approvals by role security: met by carol, dave"


def test_a_request_that_was_sent_back_waits_for_its_requester(gov: Governance) -> None:
    request = asked(gov)
    gov.request_changes(request.id, by="carol", reason="name it y")
    gov.comment(request.id, by="dave", reason="yes, y")
    assert reasons(gov, request) == ("carol wants changes: name it y; bob has to amend it",)


def test_a_held_request_says_why(gov: Governance) -> None:
    request = approve(gov, asked(gov))
    gov.hold(request.id, by="carol", reason="not before Monday")
    assert reasons(gov, request) == ("it is held: not before Monday",)


def test_a_held_request_says_what_else_is_missing(gov: Governance) -> None:
    request = asked(gov)
    gov.hold(request.id, by="carol", reason="not before Monday")
    assert reasons(gov, request) == (
        "it is held: not before Monday",
        "2 approvals by role security (2 more); left: carol, dave",
    )


def test_a_failed_request_says_what_was_raised(gov: Governance, monkeypatch: pytest.MonkeyPatch) -> None:
    request = approve(gov, gov.submit(Awkward(), to=HOUSE, by="bob"))
    monkeypatch.setattr(Awkward, "doing", lambda _state: 1 // 0)
    gov.execute(request.id, by="bob")
    (reason,) = reasons(gov, request)
    assert reason.startswith("its mutation raised: ZeroDivisionError")
    assert reason.endswith("retry() or amend() it")


def test_a_request_that_failed_too_often_is_not_to_be_retried(gov: Governance, monkeypatch: pytest.MonkeyPatch) -> None:
    request = approve(gov, gov.submit(Awkward(), to=HOUSE, by="bob"))
    monkeypatch.setattr(Awkward, "doing", lambda _state: 1 // 0)
    for _ in range(3):
        gov.execute(request.id, by="bob")
        (reason,) = reasons(gov, request)
        with suppress(PlacetError):
            gov.retry(request.id, by="bob")
    assert gov.get_request(request.id).status == "failed"
    assert reason.endswith("it failed 3 times, the most allowed: amend() it")


def test_a_paused_request_waits_for_its_revalidation_and_then_for_nothing(gov: Governance) -> None:
    request = approve(gov, asked(gov, on_drift="revalidate", pause_for_revalidation=True))
    other = approve(gov, gov.submit(AddTeam(team="other"), to=HOUSE, by="bob"))
    gov.execute(other.id, by="bob")
    gov.execute(request.id, by="bob")
    assert reasons(gov, request) == (
        "its state has moved: an approver has to revalidate() it with the digest of current_effect()",
    )
    released(gov, request)
    assert str(gov.waiting_for(request.id)) == f"{request.id} revalidation: it can be executed"


def executed(gov: Governance, request: MutationRequest, _: FrozenClock) -> None:
    gov.execute(approve(gov, request).id, by="bob")


def stale(gov: Governance, request: MutationRequest, _: FrozenClock) -> None:
    other = approve(gov, gov.submit(AddTeam(team="other"), to=HOUSE, by="bob"))
    gov.execute(other.id, by="bob")
    gov.execute(approve(gov, request).id, by="bob")


def rejected(gov: Governance, request: MutationRequest, _: FrozenClock) -> None:
    gov.reject(request.id, by="carol", reason="no")


def canceled(gov: Governance, request: MutationRequest, _: FrozenClock) -> None:
    gov.cancel(request.id, by="bob")


def expired(gov: Governance, request: MutationRequest, clock: FrozenClock) -> None:
    clock.tick(days=1)
    gov.reassess(request.id)


def superseded(gov: Governance, request: MutationRequest, _: FrozenClock) -> None:
    gov.supersede(request.id, successor=asked(gov).id, by="bob")


@pytest.mark.parametrize(
    ("status", "end"),
    [
        (Status.EXECUTED, executed),
        (Status.STALE, stale),
        (Status.REJECTED, rejected),
        (Status.CANCELED, canceled),
        (Status.EXPIRED, expired),
        (Status.SUPERSEDED, superseded),
    ],
)
def test_what_is_final_waits_for_nothing(
    gov: Governance,
    clock: FrozenClock,
    status: Status,
    end: Callable[[Governance, MutationRequest, FrozenClock], None],
) -> None:
    request = asked(gov, expires_at=clock() + DAY)
    end(gov, request, clock)
    assert reasons(gov, request) == ()
    assert str(gov.waiting_for(request.id)) == f"{request.id} {status}: nothing follows"


def test_what_was_executed_in_an_emergency_waits_for_its_review(gov: Governance) -> None:
    request = asked(gov)
    gov.execute(request.id, by="oncall", emergency=Emergency(reason="down", ticket="INC-1"))
    assert reasons(gov, request) == ("oncall executed it in an emergency: somebody else has to review() it",)
    gov.review(request.id, by="carol", reason="it was right")
    assert reasons(gov, request) == ()


def test_what_is_overdue_says_so(gov: Governance, clock: FrozenClock) -> None:
    request = asked(gov, expires_at=clock() + DAY)
    clock.tick(days=1)
    assert reasons(gov, request)[0] == (
        "the deadline of requester bob passed at 2026-02-01T12:00:00Z: "
        "execute(), reassess() or expire_due() will expire it"
    )


# For every kind.


KINDS: dict[str, tuple[Requirement, str]] = {
    "an approval by anybody": (Approval(1), "1 approval (1 more)"),
    "all of a list": (
        Approval(actors=("law", "erin")),
        "approval by erin and law (2 more); left: erin, law",
    ),
    "agents": (
        Approval(1, roles=("security",), kinds=(ActorKind.AGENT,)),
        "1 approval by role security (agent) (1 more); left: robot",
    ),
    "a limited time": (
        Approval(1, roles=("owner",), within=DAY),
        "1 approval by role owner until 2026-02-01T12:00:00Z (1 more); left: erin",
    ),
    "a review": (ManualReview(name="legal", roles=("legal",)), "manual review 'legal' by role legal; left: law"),
    "a check": (ExternalCheck(name="backup"), "external check 'backup'"),
    "a schedule": (
        Schedule(not_before=FrozenClock()() + DAY, not_after=FrozenClock()() + 2 * DAY),
        "not before 2026-02-01T12:00:00Z, not after 2026-02-02T12:00:00Z",
    ),
}


@pytest.mark.parametrize(("required", "words"), KINDS.values(), ids=KINDS.keys())
def test_every_kind_of_requirement_says_what_it_waits_for(
    store: Store, clock: FrozenClock, required: Requirement, words: str
) -> None:
    gov = governed(store, clock, required)
    assert reasons(gov, asked(gov)) == (words,)


def test_a_dependency_says_how_the_other_request_is(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Approval(1, roles=("owner",)))
    first = asked(gov)
    second = approve(gov, asked(gov, Dependency(request_id=first.id)), "erin")
    assert reasons(gov, second) == (f"execution of request {first.id}, which is pending",)
    gov.cancel(first.id, by="bob")
    assert reasons(gov, second) == (f"execution of request {first.id}, which is canceled; it can no longer be met",)


def test_a_freeze_says_when_it_ends_and_who_may_waive_it(store: Store, clock: FrozenClock) -> None:
    year_end = freeze([FreezeWindow("year-end", clock(), clock() + DAY)], waiver_roles=["release-manager"])
    gov = governed(store, clock, more=(year_end,))
    request = approve(gov, asked(gov))
    assert reasons(gov, request) == (
        "the end of freeze 'year-end' at 2026-02-01T12:00:00Z, or a waiver by role release-manager",
    )
    clock.tick(days=1)
    assert reasons(gov, request) == ("everything it requires is met: execute it, or reassess() it",)


def test_what_a_freeze_holds_back_that_began_after_the_approval_cannot_be_executed(
    store: Store, clock: FrozenClock
) -> None:
    sudden = freeze([FreezeWindow("sudden", clock() + DAY, clock() + 2 * DAY)])
    gov = governed(store, clock, more=(sudden,))
    request = approve(gov, asked(gov))
    clock.tick(days=1)
    with pytest.raises(TransitionRefusedError, match="sudden"):
        gov.execute(request.id, by="bob")
    assert "it can be executed" not in str(gov.waiting_for(request.id))


def test_a_quota_says_when_the_next_change_is_free(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Quota(limit=1, per=DAY))
    gov.execute(asked(gov).id, by="bob")
    assert reasons(gov, asked(gov)) == (
        "at most 1 change of the state in 1 day, 0:00:00: the next one from 2026-02-01T12:00:00Z",
    )


def test_only_the_step_that_is_open_is_waited_for(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock, Approval(1, roles=("security",)), Approval(1, roles=("owner",), step=2))
    request = asked(gov)
    assert reasons(gov, request) == ("1 approval by role security (1 more); left: carol, dave",)
    assert len(gov.waiting_for(request.id).positions) == 2
    approve(gov, request, "carol")
    assert reasons(gov, request) == ("1 approval by role owner (1 more); left: erin",)


def test_what_is_not_there_waits_for_nothing(gov: Governance) -> None:
    with pytest.raises(RequestNotFoundError):
        gov.waiting_for("no-such-request")


def test_looking_changes_nothing(gov: Governance) -> None:
    request = asked(gov)
    gov.waiting_for(request.id)
    gov.inbox("carol")
    assert gov.get_request(request.id) == request


# The inbox.


def inboxes(gov: Governance) -> set[str]:
    """Give everybody who finds something in their inbox."""
    return {each.id for each in PEOPLE if gov.inbox(each.id)}


def lets_act(gov: Governance, request: MutationRequest, by: str) -> bool:
    """Tell whether a guard lets somebody vote on a request, report on it, or waive a freeze of it, and not again."""
    before = gov.get_request(request.id)
    digest = before.digest
    attempts: list[Callable[[], MutationRequest]] = [
        lambda: gov.approve(request.id, by=by, digest=digest),
        lambda: gov.report(request.id, check="legal", passed=False, by=by, digest=digest, evidence="seen"),
        lambda: gov.report(request.id, check="backup", passed=False, by=by, digest=digest, evidence="seen"),
        lambda: gov.waive(request.id, freeze="year-end", by=by, digest=digest, reason="an incident"),
    ]
    for attempt in attempts:
        try:
            if attempt().revision > before.revision:
                return True
        except TransitionRefusedError:
            continue
    return False


SITUATIONS: dict[str, tuple[tuple[Requirement, ...], tuple[str, ...], set[str]]] = {
    "an approval": ((TWO,), (), {"carol", "dave"}),
    "one who has voted": ((TWO,), ("carol",), {"dave"}),
    "places that are taken": ((Approval(1, roles=("security",)), Approval(1, roles=("owner",))), ("carol",), {"erin"}),
    "a step that is not open": ((TWO, Approval(1, roles=("owner",), step=2)), (), {"carol", "dave"}),
    "a step that is open": ((TWO, Approval(1, roles=("owner",), step=2)), ("carol", "dave"), {"erin"}),
    "anybody": ((Approval(1),), (), {"boss", "carol", "dave", "erin", "law", "oncall", "ann"}),
    "agents": ((Approval(1, roles=("security",), kinds=(ActorKind.AGENT,)),), (), {"robot"}),
    "a review": ((ManualReview(name="legal", roles=("legal",)),), (), {"law"}),
    "a check": ((ExternalCheck(name="backup"),), (), {"ci", "annbot"}),
    "a check of a later step": ((TWO, ExternalCheck(name="backup", step=2)), (), {"carol", "dave"}),
}


@pytest.mark.parametrize(("required", "voted", "expected"), SITUATIONS.values(), ids=SITUATIONS.keys())
def test_a_request_lies_in_the_inbox_of_exactly_those_who_may_act(
    store: Store, clock: FrozenClock, required: tuple[Requirement, ...], voted: tuple[str, ...], expected: set[str]
) -> None:
    gov = governed(store, clock, *required)
    request = asked(gov)
    if voted:
        approve(gov, request, *voted)
    assert inboxes(gov) == expected
    for each in PEOPLE:
        if each.id not in expected:
            assert not lets_act(gov, request, each.id)
    assert lets_act(gov, request, min(expected))


def test_whoever_may_waive_a_freeze_finds_it_in_their_inbox(store: Store, clock: FrozenClock) -> None:
    year_end = freeze([FreezeWindow("year-end", clock(), clock() + DAY)], waiver_roles=["release-manager"])
    gov = governed(store, clock, more=(year_end,))
    request = approve(gov, asked(gov))
    assert inboxes(gov) == {"boss"}
    gov.waive(request.id, freeze="year-end", by="boss", digest=request.digest, reason="an incident")
    assert inboxes(gov) == set()


def test_whoever_may_waive_a_freeze_that_began_later_finds_it_in_their_inbox(store: Store, clock: FrozenClock) -> None:
    later = freeze([FreezeWindow("year-end", clock() + DAY, clock() + 2 * DAY)], waiver_roles=["release-manager"])
    gov = governed(store, clock, more=(later,))
    request = approve(gov, asked(gov), "carol")
    clock.tick(days=1)
    assert inboxes(gov) == {"boss", "dave"}
    assert lets_act(gov, request, "boss")


def test_a_delegate_finds_what_they_may_vote_on_for_somebody_else(store: Store, clock: FrozenClock) -> None:
    directory = StaticDirectory(PEOPLE, [Delegation("carol", "law", clock(), clock() + DAY)])
    gov = opened(store, clock=clock, directory=directory, policies=[require(TWO)])
    request = asked(gov)
    assert [each.id for each in gov.inbox("law")] == [request.id]
    gov.approve(request.id, by="law", digest=request.digest, on_behalf_of="carol")
    assert gov.inbox("law") == ()


@pytest.mark.parametrize("requester", ["carol", "annbot"])
def test_nobody_finds_what_they_asked_for_in_their_inbox(store: Store, clock: FrozenClock, requester: str) -> None:
    gov = governed(store, clock, Approval(1), ExternalCheck(name="backup"))
    asked(gov, by=requester)
    hands = {requester} | ({"ann"} if requester == "annbot" else set())
    assert hands.isdisjoint(inboxes(gov))


def test_what_is_overdue_or_no_longer_pending_lies_in_no_inbox(gov: Governance, clock: FrozenClock) -> None:
    asked(gov, expires_at=clock() + DAY)
    back, done, gone = asked(gov), asked(gov), asked(gov)
    gov.request_changes(back.id, by="carol", reason="name it y")
    approve(gov, done)
    gov.cancel(gone.id, by="bob")
    assert inboxes(gov) == {"carol", "dave"}
    clock.tick(days=1)
    assert inboxes(gov) == set()


def test_what_is_held_can_be_voted_on_still(gov: Governance) -> None:
    request = gov.hold(asked(gov).id, by="bob", reason="wait")
    assert inboxes(gov) == {"carol", "dave"}
    assert lets_act(gov, request, "carol")


def test_after_an_amendment_it_is_their_turn_again(gov: Governance) -> None:
    request = approve(gov, asked(gov), "carol")
    assert inboxes(gov) == {"dave"}
    gov.amend(request.id, AddTeam(team="y"), by="bob")
    assert inboxes(gov) == {"carol", "dave"}


def test_an_inbox_is_sorted_limited_and_looks_through_every_page(
    gov: Governance, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PAGE", 2)
    requests = []
    for _ in range(7):
        requests.append(asked(gov))
        clock.tick(seconds=1)
    approve(gov, requests[5], "carol")
    expected = [each.id for each in reversed(requests) if each is not requests[5]]
    assert [each.id for each in gov.inbox("carol")] == expected
    assert [each.id for each in gov.inbox("carol", limit=3)] == expected[:3]


@pytest.mark.parametrize("limit", [0, -1, 1001, True])
def test_an_inbox_has_a_limit(gov: Governance, limit: int) -> None:
    with pytest.raises(InputError, match="limit="):
        gov.inbox("carol", limit=limit)


def test_nobody_has_no_inbox(gov: Governance) -> None:
    with pytest.raises(ActorNotFoundError):
        gov.inbox("ghost")

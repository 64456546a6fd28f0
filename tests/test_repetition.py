"""The same call again: a success that records nothing; and with the same key a conflict that names what differs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import HOUSE, AddTeam, Awkward, GrantRole, opened, refused, unchanged
from placet import Actor, ActorKind, Emergency, Governance, MutationRequest, StaticDirectory, Status
from placet.engine.policies import allow_emergency, require
from placet.errors import IdempotencyConflictError, InputError, TransitionRefusedError
from placet.model.directory import Delegation
from placet.model.terms import OnDrift
from placet.requirements import Approval, Schedule
from placet.store.port import Store
from placet.testing import FrozenClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AT = datetime(2026, 3, 1, tzinfo=UTC)
PEOPLE = [
    Actor("bob"),
    *(Actor(each, roles=("lead",)) for each in ("ann", "dan", "kim", "eve")),
    Actor("ops", ActorKind.SERVICE, roles=("oncall",)),
    Actor("root", roles=("administrator",)),
]


@pytest.fixture
def gov(store: Store, clock: FrozenClock) -> Governance:
    away = [Delegation("kim", "dan", clock() - DAY, clock() + DAY)]
    rule = Approval(2, roles=("lead",), any_rejection_ends=False)
    return opened(
        store,
        clock=clock,
        directory=StaticDirectory(PEOPLE, away),
        policies=[require(rule), allow_emergency(["oncall"])],
        max_failures=3,
    )


def ask(gov: Governance, **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    return gov.submit(**{"mutation": AddTeam(team="x"), "to": HOUSE, "by": "bob", **options})


def approve(gov: Governance, request: MutationRequest, *voters: str) -> MutationRequest:
    for by in voters:
        request = gov.approve(request.id, by=by, digest=request.digest)
    return request


# ---- votes

Cast = Callable[[Governance, MutationRequest, str], MutationRequest]
VOTES: dict[str, Cast] = {
    "approve": lambda gov, it, by: gov.approve(it.id, by=by, digest=it.digest),
    "reject": lambda gov, it, by: gov.reject(it.id, by=by, reason="no", digest=it.digest),
    "abstain": lambda gov, it, by: gov.abstain(it.id, by=by, digest=it.digest),
}


@pytest.mark.parametrize("vote", VOTES)
def test_the_same_vote_again_is_a_success_that_records_nothing(gov: Governance, vote: str) -> None:
    request = ask(gov)
    voted = VOTES[vote](gov, request, "ann")
    with unchanged(gov, request):
        assert VOTES[vote](gov, request, "ann") == voted


@pytest.mark.parametrize("first", VOTES)
@pytest.mark.parametrize("then", VOTES)
def test_another_choice_is_refused(gov: Governance, first: str, then: str) -> None:
    request = ask(gov)
    voted = VOTES[first](gov, request, "ann")
    if then != first:
        with refused(gov, voted, "one_vote"):
            VOTES[then](gov, request, "ann")


def test_a_rejection_with_another_code_is_another_vote(gov: Governance) -> None:
    request = ask(gov)
    gov.reject(request.id, by="ann", reason="no", code="wrong_scope")
    with refused(gov, request, "one_vote"):
        gov.reject(request.id, by="ann", reason="no", code="risk_too_high")
    with unchanged(gov, request):
        gov.reject(request.id, by="ann", reason="no, as I said", code="wrong_scope")


def test_a_vote_is_the_same_for_the_same_principal_only(gov: Governance) -> None:
    request = ask(gov)
    for_kim: dict[str, Any] = {"by": "dan", "on_behalf_of": "kim", "digest": request.digest}
    voted = gov.approve(request.id, **for_kim)
    assert gov.approve(request.id, **for_kim) == voted
    with refused(gov, request, "one_vote"):
        gov.approve(request.id, by="dan", digest=request.digest)
    with refused(gov, request, "one_vote"):
        gov.approve(request.id, by="kim", digest=request.digest)


@pytest.mark.parametrize("then", ["canceled", "superseded", "expired", "stale"])
def test_where_something_else_has_ended_it_the_same_vote_is_refused(
    gov: Governance, clock: FrozenClock, then: str
) -> None:
    request = approve(gov, ask(gov, expires_at=DAY), "ann")
    match then:
        case "canceled":
            gov.cancel(request.id, by="bob")
        case "superseded":
            gov.supersede(request.id, successor=ask(gov).id, by="bob")
        case "expired":
            clock.tick(days=2)
            gov.expire_due()
        case "stale":
            for each in (ask(gov), approve(gov, request, "dan")):
                gov.execute(approve(gov, each, "ann", "dan").id, by="ops")
    assert gov.get_request(request.id).status == then
    with refused(gov, request, "no_transition", "that is final"):
        approve(gov, request, "ann")


@pytest.mark.parametrize("then", ["approved", "executed", "failed", "held", "created"])
def test_whatever_has_become_of_it_the_same_vote_is_a_success(
    gov: Governance, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    request = ask(gov, mutation=Awkward())
    approve(gov, request, "ann")
    match then:
        case "approved" | "executed" | "failed":
            approve(gov, request, "dan")
            if then == "failed":
                monkeypatch.setattr(Awkward, "doing", lambda _state: 1 // 0)
            if then != "approved":
                gov.execute(request.id, by="ops")
        case "held":
            gov.hold(request.id, by="bob", reason="wait")
        case "created":
            gov.request_changes(request.id, by="dan", reason="smaller")
    found = gov.get_request(request.id)
    assert then in {str(found.status), "held"}
    with unchanged(gov, request):
        assert approve(gov, request, "ann") == found


def test_a_rejection_that_ended_it_can_be_repeated(gov: Governance) -> None:
    request = ask(gov)
    for by in ("ann", "dan", "eve"):
        ended = gov.reject(request.id, by=by, reason="no")
    assert ended.status is Status.REJECTED
    for digest in (None, request.digest):
        assert gov.reject(request.id, by="eve", reason="no", digest=digest) == ended


def test_a_veto_can_be_repeated(gov: Governance) -> None:
    request = ask(gov, on_drift="revalidate", pause_for_revalidation=True)
    gov.reject(request.id, by="kim", reason="no")
    approve(gov, request, "ann", "dan")
    gov.execute(approve(gov, ask(gov, mutation=AddTeam(team="y")), "ann", "dan").id, by="ops")
    assert gov.execute(request.id, by="ops").status is Status.REVALIDATION
    ended = gov.reject(request.id, by="kim", reason="no")
    assert ended.status is Status.REJECTED, "a vote against it while it was pending is no veto"
    assert gov.reject(request.id, by="kim", reason="no") == ended
    with refused(gov, request, "no_transition"):
        gov.reject(request.id, by="eve", reason="no")


def test_a_vote_on_other_terms_is_none_that_stands(gov: Governance) -> None:
    request = approve(gov, ask(gov), "ann")
    amended = gov.amend(request.id, AddTeam(team="y"), by="bob")
    with refused(gov, amended, "present_digest"):
        gov.approve(request.id, by="ann", digest=request.digest)
    assert len(gov.waiting_for(approve(gov, amended, "ann").id).votes) == 1


def test_a_vote_that_was_withdrawn_does_not_stand(gov: Governance) -> None:
    request = approve(gov, ask(gov), "ann")
    gov.withdraw(request.id, by="ann")
    with refused(gov, request, "has_voted"):
        gov.withdraw(request.id, by="ann")
    assert approve(gov, request, "ann").revision == 4


@given(st.lists(st.sampled_from(["ann", "dan", "eve"]), max_size=5), st.data())
def test_however_often_somebody_votes_they_have_one_vote(voters: list[str], data: st.DataObject) -> None:
    gov = opened(
        directory=StaticDirectory(PEOPLE),
        policies=[require(Approval(3, roles=("lead",), any_rejection_ends=False))],
    )
    request, said = ask(gov), dict[str, str]()
    for by in voters:
        vote = data.draw(st.sampled_from([*VOTES]))
        before = gov.get_request(request.id)
        try:
            found = VOTES[vote](gov, request, by)
        except TransitionRefusedError:
            assert said.get(by, vote) != vote or before.status is Status.REJECTED
            continue
        assert said.setdefault(by, vote) == vote
        assert len(gov.waiting_for(request.id).votes) == len(said)
        assert found == gov.get_request(request.id)
    assert gov.verify().ok


# ---- everything else that is done once


def _supersede(gov: Governance, it: MutationRequest) -> Callable[[], MutationRequest]:
    successor = ask(gov).id
    return lambda: gov.supersede(it.id, successor=successor, by="bob", reason="better")


def _release(gov: Governance, it: MutationRequest) -> Callable[[], MutationRequest]:
    gov.hold(it.id, by="bob", reason="wait")
    return lambda: gov.release(it.id, by="ann")


def _review(gov: Governance, it: MutationRequest) -> Callable[[], MutationRequest]:
    gov.execute(it.id, by="ops", emergency=Emergency("fire", "INC-1"))
    return lambda: gov.review(it.id, by="ann", reason="it did burn")


def _retry(gov: Governance, it: MutationRequest) -> Callable[[], MutationRequest]:
    Awkward.doing = lambda _state: 1 // 0
    gov.execute(approve(gov, it, "ann", "dan").id, by="ops")
    return lambda: gov.retry(it.id, by="bob")


ONCE: dict[str, Callable[[Governance, MutationRequest], Callable[[], MutationRequest]]] = {
    "cancel": lambda gov, it: lambda: gov.cancel(it.id, by="bob", reason="enough"),
    "cancel as an administrator": lambda gov, it: lambda: gov.cancel(it.id, by="root"),
    "supersede": _supersede,
    "release": _release,
    "review": _review,
    "request_changes": lambda gov, it: lambda: gov.request_changes(it.id, by="ann", reason="smaller"),
    "retry": _retry,
}


@pytest.mark.parametrize("act", ONCE)
def test_the_same_call_again_is_a_success_that_records_nothing(
    gov: Governance, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Awkward, "doing", lambda state: state)
    request = ask(gov, mutation=Awkward())
    call = ONCE[act](gov, request)
    done = call()
    with unchanged(gov, request):
        assert call() == done


@pytest.mark.parametrize(
    "other",
    [
        lambda gov, it: gov.cancel(it.id, by="root", reason="enough"),
        lambda gov, it: gov.cancel(it.id, by="bob", reason="for another reason"),
        lambda gov, it: gov.supersede(it.id, successor=ask(gov).id, by="bob", reason="enough"),
    ],
)
def test_another_call_is_refused(gov: Governance, other: Callable[[Governance, MutationRequest], object]) -> None:
    request = ask(gov)
    gov.cancel(request.id, by="bob", reason="enough")
    with refused(gov, request, "no_transition"):
        other(gov, request)


def test_another_successor_is_another_call(gov: Governance) -> None:
    request, one, other = (ask(gov) for _ in range(3))
    gov.supersede(request.id, successor=one.id, by="bob")
    with refused(gov, request, "no_transition"):
        gov.supersede(request.id, successor=other.id, by="bob")


def test_what_was_undone_can_be_done_again(gov: Governance, monkeypatch: pytest.MonkeyPatch) -> None:
    request = ask(gov, mutation=Awkward())
    for _ in range(2):
        gov.hold(request.id, by="bob", reason="wait")
        assert gov.release(request.id, by="ann").held == ""
    for _ in range(2):
        gov.request_changes(request.id, by="ann", reason="smaller")
        assert gov.amend(request.id, Awkward(), by="bob").status is Status.PENDING
    request = approve(gov, gov.get_request(request.id), "ann", "dan")
    monkeypatch.setattr(Awkward, "doing", lambda _state: 1 // 0)
    for _ in range(2):
        assert gov.execute(request.id, by="ops").status is Status.FAILED
        assert gov.retry(request.id, by="bob").status is Status.APPROVED


# ---- idempotency keys

PLAIN: dict[str, Any] = {"mutation": AddTeam(team="x"), "to": HOUSE, "by": "bob", "idempotency_key": "key"}
FULL: dict[str, Any] = PLAIN | {
    "reason": "INC-42",
    "on_drift": "keep_if_same_effect",
    "fallback": "renew_approval",
    "pause_for_revalidation": True,
    "expires_at": AT,
    "approval_valid_for": HOUR,
    "requirements": [Schedule(not_before=AT - DAY), Approval(1, roles=("lead",))],
    "expected_version": 1,
    "correlation_id": "batch-7",
    "metadata": {"ticket": 42},
    "request_id": "mine",
}
OTHER: dict[str, Any] = {
    "mutation": GrantRole(user="x", role="reader"),
    "to": "shed:roles",
    "by": "ann",
    "reason": "INC-43",
    "on_drift": "revalidate",
    "fallback": "revalidate",
    "pause_for_revalidation": False,
    "expires_at": AT + HOUR,
    "approval_valid_for": DAY,
    "requirements": [Approval(1, roles=("lead",))],
    "expected_version": 2,
    "correlation_id": "batch-8",
    "metadata": {"ticket": 43},
    "request_id": "yours",
}


def conflict(gov: Governance, **options: Any) -> IdempotencyConflictError:  # noqa: ANN401 - options of submit
    before = gov.find_requests()
    with pytest.raises(IdempotencyConflictError) as caught:
        gov.submit(**options)
    assert gov.find_requests() == before
    return caught.value


@pytest.mark.parametrize("said", [PLAIN, FULL], ids=["little", "all"])
def test_the_same_call_with_a_key_gives_the_first_request(gov: Governance, said: dict[str, Any]) -> None:
    first = gov.submit(**said)
    assert gov.submit(**said) == first
    gov.cancel(first.id, by="bob")
    assert gov.submit(**said).status is Status.CANCELED


@pytest.mark.parametrize("name", OTHER)
def test_a_call_that_differs_in_any_argument_is_a_conflict_that_names_it(gov: Governance, name: str) -> None:
    first = gov.submit(**FULL)
    error = conflict(gov, **FULL | {name: OTHER[name]})
    assert (error.key, error.request_id, error.differs) == ("key", first.id, (name,))
    assert f"with another {name}" in str(error)
    assert "INC-4" not in str(error)


@pytest.mark.parametrize("name", [name for name in OTHER if name not in PLAIN])
def test_an_argument_that_was_left_out_is_another(gov: Governance, name: str) -> None:
    gov.submit(**FULL)
    left_out = {each: value for each, value in FULL.items() if each != name}
    assert conflict(gov, **left_out).differs == (name,)


@pytest.mark.parametrize("name", [name for name in OTHER if name not in {*PLAIN, "pause_for_revalidation"}])
def test_an_argument_that_was_added_is_another(gov: Governance, name: str) -> None:
    gov.submit(**PLAIN)
    assert conflict(gov, **PLAIN | {name: OTHER[name]}).differs == (name,)


def test_all_that_differs_is_named(gov: Governance) -> None:
    gov.submit(**FULL)
    assert conflict(gov, **OTHER, idempotency_key="key").differs == tuple(OTHER)


@pytest.mark.parametrize(
    "same",
    [
        {"expires_at": AT.astimezone(timezone(5 * HOUR))},
        {"on_drift": OnDrift.KEEP_IF_SAME_EFFECT, "fallback": OnDrift.RENEW_APPROVAL},
        {"requirements": tuple(reversed(FULL["requirements"]))},
        {"requirements": set(FULL["requirements"])},
        {"mutation": AddTeam(team="x")},
    ],
    ids=lambda same: next(iter(same)),
)
def test_the_same_in_another_form_is_the_same(gov: Governance, same: dict[str, Any]) -> None:
    first = gov.submit(**FULL)
    assert gov.submit(**FULL | same) == first


def test_nothing_that_was_read_or_computed_is_compared(gov: Governance, clock: FrozenClock) -> None:
    said = PLAIN | {"expires_at": 2 * DAY}
    first = gov.submit(**said)
    gov.execute(approve(gov, ask(gov), "ann", "dan").id, by="ops")
    clock.tick(days=1)
    assert gov.submit(**said) == first
    clock.tick(days=7)
    assert gov.submit(**said) == first, "though its deadline has passed"


def test_a_deadline_may_be_a_duration(gov: Governance, clock: FrozenClock) -> None:
    request = ask(gov, expires_at=HOUR)
    assert request.expires_at == clock() + HOUR
    clock.tick(hours=1)
    assert gov.expire_due().expired[0].id == request.id


def test_a_duration_is_another_than_the_moment_it_leads_to(gov: Governance, clock: FrozenClock) -> None:
    gov.submit(**PLAIN | {"expires_at": HOUR})
    assert conflict(gov, **PLAIN | {"expires_at": clock() + HOUR}).differs == ("expires_at",)
    assert conflict(gov, **PLAIN | {"expires_at": 2 * HOUR}).differs == ("expires_at",)


@pytest.mark.parametrize("bad", [timedelta(0), -HOUR, timedelta.max, 3600, "tomorrow", True])
def test_a_deadline_that_is_none_is_refused(gov: Governance, bad: Any) -> None:  # noqa: ANN401 - the point
    with pytest.raises(InputError, match="^expires_at"):
        ask(gov, expires_at=bad)
    assert len(gov.find_requests()) == 0


@pytest.mark.parametrize("bad", ["1", 1.0, True, [], object()])
def test_an_expected_version_that_is_none_is_refused_though_the_key_is_known(gov: Governance, bad: Any) -> None:  # noqa: ANN401 - the point
    gov.submit(**PLAIN)
    with pytest.raises(InputError, match="^expected_version="):
        gov.submit(**PLAIN | {"expected_version": bad})


def test_a_request_without_a_key_keeps_no_record_of_what_was_asked(gov: Governance) -> None:
    assert ask(gov).asked == ""

"""Approving and everything else people do to a request."""

from datetime import timedelta

import pytest

from house import HOUSE, AddTeam, GrantRole, approved, opened
from placet import Actor, Governance, MutationRequest, OpenDirectory, StaticDirectory, Status, require_approval
from placet.errors import InputError, RequestNotFoundError, TransitionRefusedError
from placet.store.port import Store
from placet.testing import FrozenClock

PEOPLE = [
    Actor("bob"),
    Actor("ann"),
    Actor("agent-7", on_behalf_of="ann"),
    Actor("carol", roles=("security",)),
    Actor("dave", roles=("security", "owner")),
    Actor("eve", groups=("board",)),
    Actor("root", roles=("administrator",)),
    Actor("runner"),
]


@pytest.fixture
def gov(store: Store, clock: FrozenClock) -> Governance:
    directory = StaticDirectory(PEOPLE)
    policies = [require_approval(count=2, roles=["security"], groups=["board"])]
    return opened(store, clock=clock, directory=directory, policies=policies)


@pytest.fixture
def request_(gov: Governance) -> MutationRequest:
    return gov.submit(GrantRole(user="ada", role="admin"), to=HOUSE, by="bob")


def test_an_approval_is_complete_when_enough_distinct_people_gave_it(
    gov: Governance, request_: MutationRequest
) -> None:
    assert gov.approve(request_.id, by="carol", digest=request_.digest).status is Status.PENDING
    assert gov.approve(request_.id, by="eve", digest=request_.digest, reason="fine").status is Status.APPROVED
    trail = [(each.code, each.actor, each.reason) for each in gov.decisions(request_.id)]
    assert trail[1:] == [("voted", "carol", ""), ("voted", "eve", "fine"), ("approved", "eve", "fine")]
    assert gov.decisions(request_.id)[-1].metadata == {"counted": ["carol", "eve"]}


@pytest.mark.parametrize(
    ("by", "rule", "words"),
    [
        ("bob", "separation_of_duties", "bob asked for it and cannot decide on it"),
        (
            "ann",
            "eligible",
            "ann is not eligible, with no roles: it requires 2 approvals by role security or group board",
        ),
    ],
)
def test_who_may_not_approve_is_told_why(
    gov: Governance, request_: MutationRequest, by: str, rule: str, words: str
) -> None:
    with pytest.raises(TransitionRefusedError, match=words) as refused:
        gov.approve(request_.id, by=by, digest=request_.digest)
    assert (refused.value.method, refused.value.rule) == ("approve", rule)
    assert gov.get_request(request_.id) == request_


def test_nobody_approves_what_was_asked_on_their_behalf(store: Store) -> None:
    gov = opened(store, directory=StaticDirectory(PEOPLE))
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="agent-7")
    for by in ("agent-7", "ann"):
        with pytest.raises(TransitionRefusedError, match="asked for it"):
            gov.approve(request.id, by=by, digest=request.digest)


def test_nobody_has_two_votes(gov: Governance, request_: MutationRequest) -> None:
    gov.approve(request_.id, by="carol", digest=request_.digest)
    with pytest.raises(TransitionRefusedError, match="carol has approved it already") as refused:
        gov.abstain(request_.id, by="carol", digest=request_.digest)
    assert refused.value.rule == "one_vote"


@pytest.mark.parametrize("digest", ["0" * 64, "", None])
def test_an_approval_of_other_terms_is_refused(gov: Governance, request_: MutationRequest, digest: str) -> None:
    with pytest.raises((TransitionRefusedError, InputError), match="digest"):
        gov.approve(request_.id, by="carol", digest=digest)
    assert gov.get_request(request_.id) == request_


def test_two_requirements_want_different_people(store: Store) -> None:
    gov = opened(
        store,
        directory=StaticDirectory(PEOPLE),
        policies=[require_approval(roles=["security"]), require_approval(roles=["owner"])],
    )
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob")
    assert gov.approve(request.id, by="dave", digest=request.digest).status is Status.PENDING
    assert gov.approve(request.id, by="carol", digest=request.digest).status is Status.APPROVED


def test_whoever_may_approve_may_reject_with_a_reason(gov: Governance, request_: MutationRequest) -> None:
    with pytest.raises(TransitionRefusedError, match="reason= is empty"):
        gov.reject(request_.id, by="carol", reason=" ")
    with pytest.raises(TransitionRefusedError, match="not eligible"):
        gov.reject(request_.id, by="ann", reason="no")
    assert gov.reject(request_.id, by="carol", reason="too much").status is Status.PENDING
    last = gov.decisions(request_.id)[-1]
    assert (last.code, last.actor, last.reason, last.metadata["code"]) == ("dissented", "carol", "too much", "other")


def test_rejections_end_a_request_once_too_few_are_left_to_approve(gov: Governance, request_: MutationRequest) -> None:
    """Two of carol, dave and eve must approve: after two rejections only one is left."""
    gov.reject(request_.id, by="carol", reason="too much")
    ended = gov.reject(request_.id, by="eve", reason="too risky", code="risk_too_high")
    assert ended.status is Status.REJECTED
    assert [each.code for each in gov.decisions(request_.id)] == ["submitted", "dissented", "dissented", "rejected"]
    assert gov.decisions(request_.id)[-1].metadata["rejections"] == [
        {"actor": "carol", "code": "other"},
        {"actor": "eve", "code": "risk_too_high"},
    ]


def test_the_first_rejection_ends_what_nobody_can_count_the_candidates_of(store: Store) -> None:
    gov = opened(store, policies=[require_approval(count=2)])
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob")
    gov.approve(request.id, by="carol", digest=request.digest)
    assert gov.reject(request.id, by="dave", reason="no").status is Status.REJECTED
    assert [each.code for each in gov.decisions(request.id)][1:] == ["voted", "dissented", "rejected"]


def test_a_held_request_waits_and_keeps_its_votes(gov: Governance, request_: MutationRequest) -> None:
    gov.approve(request_.id, by="carol", digest=request_.digest)
    held = gov.hold(request_.id, by="dave", reason="audit season")
    assert (held.status, held.held) == (Status.PENDING, "audit season")
    gov.approve(request_.id, by="eve", digest=request_.digest)
    with pytest.raises(TransitionRefusedError, match="it is held: audit season"):
        gov.execute(request_.id, by="runner")
    assert gov.get_request(request_.id).status is Status.PENDING
    with pytest.raises(TransitionRefusedError, match="every place that dave could fill is taken") as refused:
        gov.approve(request_.id, by="dave", digest=request_.digest)
    assert refused.value.rule == "seat_in_open_step"
    assert gov.release(request_.id, by="dave").status is Status.APPROVED
    assert gov.execute(request_.id, by="runner").executed


def test_an_approved_request_that_is_held_is_approved_again_when_it_is_released(
    gov: Governance, request_: MutationRequest
) -> None:
    for by in ("carol", "eve"):
        gov.approve(request_.id, by=by, digest=request_.digest)
    assert gov.hold(request_.id, by="dave", reason="audit season").status is Status.PENDING
    with pytest.raises(TransitionRefusedError, match="it is held: audit season"):
        gov.execute(request_.id, by="runner")
    assert gov.release(request_.id, by="dave").status is Status.APPROVED
    assert gov.execute(request_.id, by="runner").executed


def test_holding_wants_a_reason_and_releasing_something_held(gov: Governance, request_: MutationRequest) -> None:
    with pytest.raises(TransitionRefusedError, match="it is not held"):
        gov.release(request_.id, by="dave")
    with pytest.raises(TransitionRefusedError, match="say why: reason= is empty") as refused:
        gov.hold(request_.id, by="dave", reason="")
    assert refused.value.rule == "reason_given"


def test_the_requester_and_administrators_may_cancel(gov: Governance, request_: MutationRequest) -> None:
    with pytest.raises(TransitionRefusedError, match="carol is neither its requester bob nor an administrator"):
        gov.cancel(request_.id, by="carol")
    assert gov.cancel(request_.id, by="bob", reason="not needed").status is Status.CANCELED
    other = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob")
    assert gov.cancel(other.id, by="root").status is Status.CANCELED


def test_a_request_gives_way_to_its_successor(gov: Governance, request_: MutationRequest) -> None:
    successor = gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob")
    for wrong, words in (("nobody", "no such successor"), (request_.id, "cannot succeed itself")):
        with pytest.raises(TransitionRefusedError, match=words):
            gov.supersede(request_.id, successor=wrong, by="bob")
    with pytest.raises(TransitionRefusedError, match="neither its requester"):
        gov.supersede(request_.id, successor=successor.id, by="carol")
    done = gov.supersede(request_.id, successor=successor.id, by="bob")
    assert (done.status, done.successor) == (Status.SUPERSEDED, successor.id)
    with pytest.raises(TransitionRefusedError, match=f"its successor {request_.id} is superseded"):
        gov.supersede(successor.id, successor=request_.id, by="bob")


def test_what_is_overdue_can_neither_be_approved_nor_resolved_and_a_sweep_ends_it(
    gov: Governance, clock: FrozenClock
) -> None:
    later = clock.now + timedelta(hours=1)
    due = [gov.submit(AddTeam(team=f"t{n}"), to=HOUSE, by="bob", expires_at=later) for n in range(3)]
    endless = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob")
    assert gov.expire_due().expired == ()
    clock.tick(hours=1)
    with pytest.raises(TransitionRefusedError, match="the deadline of requester bob passed"):
        gov.approve(due[0].id, by="carol", digest=due[0].digest)
    swept = gov.expire_due()
    assert {request.id for request in swept.expired} == {request.id for request in due}
    assert swept.passed_over == ()
    assert gov.get_request(endless.id).status is Status.PENDING
    assert gov.decisions(due[0].id)[-1].actor == "placet"
    assert gov.expire_due().expired == ()


def test_a_sweep_goes_page_by_page(store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placet.governance.sweeps.PAGE", 3)
    gov = opened(store, clock=clock)
    for n in range(8):
        gov.submit(AddTeam(team=f"t{n}"), to=HOUSE, by="bob", expires_at=clock.now + timedelta(minutes=n + 1))
    clock.tick(minutes=7)
    assert len(gov.expire_due().expired) == 7
    assert [each.status for each in gov.find_requests(status="pending")] == [Status.PENDING]


def test_nothing_leaves_a_terminal_status(gov: Governance, request_: MutationRequest) -> None:
    gov.cancel(request_.id, by="bob")
    before = gov.get_request(request_.id)
    for move in (
        lambda: gov.approve(request_.id, by="carol", digest=request_.digest),
        lambda: gov.reject(request_.id, by="carol", reason="x"),
        lambda: gov.hold(request_.id, by="carol", reason="x"),
        lambda: gov.release(request_.id, by="carol"),
        lambda: gov.cancel(request_.id, by="root"),
        lambda: gov.cancel(request_.id, by="bob", reason="for another reason"),
        lambda: gov.retry(request_.id, by="bob"),
        lambda: gov.revalidate(request_.id, by="bob", digest="x"),
    ):
        with pytest.raises(TransitionRefusedError, match="that is final; submit a new request"):
            move()
    assert gov.get_request(request_.id) == before


def test_unknown_requests_are_named(gov: Governance) -> None:
    with pytest.raises(RequestNotFoundError, match="find_requests"):
        gov.approve("nobody", by="carol", digest="x")


def test_an_approval_survives_reopening(store: Store) -> None:
    request = approved(opened(store))
    again = Governance.open(store, mutations=[GrantRole], policies=[require_approval()], directory=OpenDirectory())
    assert again.execute(request.id, by="runner").executed

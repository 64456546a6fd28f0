"""Nobody makes a trail so long that whoever works on the request waits for it."""

import sys
from collections.abc import Callable
from datetime import timedelta

import pytest

from house import HOUSE, AddTeam, opened, refused
from placet import Actor, Governance, MutationRequest, StaticDirectory, require
from placet.errors import TransitionRefusedError
from placet.lifecycle.rules import limits
from placet.model.actor import ActorKind
from placet.model.request import Status
from placet.requirements import Approval, ExternalCheck, Freeze
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.testing import FrozenClock

PEOPLE = [
    Actor("bob"),
    Actor("agent", ActorKind.AGENT, on_behalf_of="bob"),
    Actor("carol", roles=("lead",)),
    Actor("dave", groups=("board",)),
    Actor("ci", ActorKind.SERVICE, roles=("builds",)),
    Actor("olga", roles=("oncall",)),
    Actor("root", roles=("administrator",)),
    Actor("mallory"),
    Actor("runner"),
]
LAW = (
    Approval(1, roles=("lead",)),
    ExternalCheck(name="build", roles=("builds",), valid_for=timedelta(days=1)),
)


@pytest.fixture
def gov(store: Store, clock: FrozenClock) -> Governance:
    return opened(store, clock=clock, directory=StaticDirectory(PEOPLE), policies=[require(*LAW)])


@pytest.fixture
def request_(gov: Governance, clock: FrozenClock) -> MutationRequest:
    freeze = Freeze(name="year-end", until=clock() + timedelta(days=3), waiver_roles=("oncall",))
    return gov.submit(AddTeam(team="a"), to=HOUSE, by="bob", requirements=[freeze, Approval(1, groups=("board",))])


CONCERNED = ["bob", "agent", "carol", "dave", "ci", "olga", "root"]


@pytest.mark.parametrize("by", CONCERNED)
@pytest.mark.parametrize("ended", [False, True])
def test_those_who_have_a_part_in_a_request_comment_on_it(
    gov: Governance, request_: MutationRequest, by: str, ended: bool
) -> None:
    if ended:
        gov.cancel(request_.id, by="root")
    assert gov.comment(request_.id, by=by, reason="hm").revision == request_.revision + 1 + ended
    assert gov.decisions(request_.id)[-1].actor == by


@pytest.mark.parametrize("by", ["mallory", "runner"])
@pytest.mark.parametrize("ended", [False, True])
def test_nobody_else_does(gov: Governance, request_: MutationRequest, by: str, ended: bool) -> None:
    if ended:
        gov.cancel(request_.id, by="root")
    with refused(gov, request_, "takes_part", f"{by} has no part in it"):
        gov.comment(request_.id, by=by, reason="hm")


def test_whoever_has_acted_on_it_has_a_part_in_it(gov: Governance) -> None:
    plain = opened(MemoryStore(), directory=StaticDirectory(PEOPLE), policies=[require(Approval(1, roles=("lead",)))])
    request = plain.submit(AddTeam(team="a"), to=HOUSE, by="bob")
    plain.approve(request.id, by="carol", digest=request.digest)
    with refused(plain, request, "takes_part"):
        plain.comment(request.id, by="runner", reason="shall I?")
    assert plain.execute(request.id, by="runner").executed
    plain.comment(request.id, by="runner", reason="done")
    assert gov.verify().ok


def test_a_hundred_comments_are_the_most_and_the_request_goes_on(gov: Governance, request_: MutationRequest) -> None:
    for number in range(limits.MOST_COMMENTS):
        gov.comment(request_.id, by="carol", reason=f"comment {number}")
    with refused(gov, request_, "room_for_comments", "it has 100 comments, and no more are kept"):
        gov.comment(request_.id, by="root", reason="one more")
    gov.waive(request_.id, freeze="year-end", by="olga", digest=request_.digest, reason="small")
    gov.report(request_.id, check="build", passed=True, by="ci", digest=request_.digest, evidence="green")
    gov.approve(request_.id, by="dave", digest=request_.digest)
    gov.approve(request_.id, by="carol", digest=request_.digest)
    assert gov.execute(request_.id, by="runner").executed
    assert gov.verify().ok


def vote_and_withdraw(gov: Governance, request: MutationRequest) -> None:
    gov.approve(request.id, by="carol", digest=request.digest)
    gov.withdraw(request.id, by="carol")


def hold_and_release(gov: Governance, request: MutationRequest) -> None:
    gov.hold(request.id, by="bob", reason="wait")
    gov.release(request.id, by="carol")


def amend(gov: Governance, request: MutationRequest) -> None:
    gov.amend(request.id, AddTeam(team=f"team {gov.get_request(request.id).revision}"), by="bob")


def report(gov: Governance, request: MutationRequest) -> None:
    passed = gov.get_request(request.id).revision % 2 == 0
    gov.report(request.id, check="build", passed=passed, by="ci", digest=request.digest, evidence="look")


def waive(gov: Governance, request: MutationRequest) -> None:
    gov.waive(request.id, freeze="year-end", by="olga", digest=request.digest, reason="small")


def send_back_and_amend(gov: Governance, request: MutationRequest) -> None:
    gov.request_changes(request.id, by="carol", reason="hm")
    amend(gov, request)


LOOPS = [vote_and_withdraw, hold_and_release, amend, report, waive, send_back_and_amend]


@pytest.mark.parametrize("again", LOOPS)
def test_what_can_be_done_for_ever_is_done_until_the_trail_is_full_and_then_the_request_can_still_be_ended(
    gov: Governance,
    request_: MutationRequest,
    monkeypatch: pytest.MonkeyPatch,
    again: Callable[[Governance, MutationRequest], None],
) -> None:
    monkeypatch.setattr(limits, "MOST_ENTRIES", 20)
    with pytest.raises(TransitionRefusedError) as caught:
        _for_ever(lambda: again(gov, request_))
    assert caught.value.rule == "room_in_trail"
    assert 20 <= gov.get_request(request_.id).revision < 24
    assert gov.verify().ok
    assert gov.cancel(request_.id, by="bob").status is Status.CANCELED


def _for_ever(again: Callable[[], None]) -> None:
    for _ in range(100):
        again()


def test_on_a_full_trail_a_request_is_still_voted_on_and_executed(
    gov: Governance, request_: MutationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    gov.waive(request_.id, freeze="year-end", by="olga", digest=request_.digest, reason="small")
    gov.report(request_.id, check="build", passed=True, by="ci", digest=request_.digest, evidence="green")
    held = gov.hold(request_.id, by="bob", reason="wait")
    monkeypatch.setattr(limits, "MOST_ENTRIES", held.revision)
    gov.release(request_.id, by="carol")
    gov.approve(request_.id, by="dave", digest=request_.digest)
    gov.approve(request_.id, by="carol", digest=request_.digest)
    assert gov.execute(request_.id, by="runner").executed


def calls(work: Callable[[], object]) -> int:
    """Count the calls that something takes: a measure that does not depend on the machine."""
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("step", ["execute", "comment", "waiting_for"])
def test_a_step_costs_in_proportion_to_the_trail_and_no_more(gov: Governance, clock: FrozenClock, step: str) -> None:
    """Counted after none, half and all of the comments that there may be."""
    costs: list[int] = []
    for comments in (0, 0, 50, 99):  # the first one loads what is loaded once
        request = gov.submit(AddTeam(team=f"{step} {clock()} {len(costs)}"), to=HOUSE, by="bob")
        gov.report(request.id, check="build", passed=True, by="ci", digest=request.digest, evidence="green")
        gov.approve(request.id, by="carol", digest=request.digest)
        for number in range(comments):
            gov.comment(request.id, by="bob", reason=f"comment {number}")
        work: dict[str, Callable[[], object]] = {
            "execute": lambda: gov.execute(request.id, by="runner"),  # noqa: B023 - called before the next one
            "comment": lambda: gov.comment(request.id, by="bob", reason="last"),  # noqa: B023 - as above
            "waiting_for": lambda: gov.waiting_for(request.id),  # noqa: B023 - as above
        }
        costs.append(calls(work[step]))
    _, none, half, most = costs
    assert most - none < 2.2 * (half - none)
    assert most < 4 * none

"""A clock that steps back: no recorded moment is before the one that precedes it; lists are in order of execution."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from house import HOUSE, AddTeam, Awkward, Roles, opened, released
from placet import Governance, MutationRequest, Policy, Status, Verdict, require_approval
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.testing import FrozenClock

HOUR = timedelta(hours=1)


@pytest.fixture
def gov(store: Store, clock: FrozenClock) -> Governance:
    return opened(store, clock=clock)


def ready(gov: Governance, team: str, **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    options.setdefault("on_drift", "keep_if_same_effect")
    request = gov.submit(AddTeam(team=team), to=HOUSE, by="bob", **options)
    return gov.approve(request.id, by="carol", digest=request.digest)


def in_order(moments: Sequence[datetime]) -> bool:
    return all(before <= after for before, after in pairwise(moments))


def test_a_history_never_goes_back(gov: Governance, clock: FrozenClock) -> None:
    for number in range(3):
        assert gov.execute(ready(gov, str(number)).id, by="runner").executed
        clock.tick(hours=-1)
    entries = gov.history(HOUSE)
    assert [each.version for each in entries] == [1, 2, 3, 4]
    assert in_order([each.at for each in entries])
    assert gov.verify().ok


def test_decision_audit_record_and_history_entry_of_one_execution_have_one_moment(
    gov: Governance, clock: FrozenClock
) -> None:
    gov.execute(ready(gov, "x").id, by="runner")
    clock.tick(hours=-5)
    request = ready(gov, "y")
    gov.execute(request.id, by="runner")
    decision, record, entry = gov.decisions(request.id)[-1], gov.audit(request.id)[-1], gov.history(HOUSE)[-1]
    assert decision.at == record.at == entry.at == gov.history(HOUSE)[-2].at
    assert gov.get_request(request.id).updated_at == entry.at


def test_audit_records_of_a_state_come_in_order_of_execution(gov: Governance, clock: FrozenClock) -> None:
    late = ready(gov, "late", on_drift="reject")
    requests = [ready(gov, str(number)) for number in range(3)]
    for request in requests:
        gov.execute(request.id, by="runner")
        clock.tick(hours=-1)
    assert gov.execute(late.id, by="runner").status is Status.STALE
    records = gov.audit(state_id=HOUSE)
    assert [each.request_id for each in records] == [*(each.id for each in requests), late.id]
    assert in_order([each.at for each in records])


def test_of_those_that_looked_at_one_version_the_one_that_replaced_it_is_the_last(
    store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Roles) -> Roles:
        raise ValueError("not today")

    gov = opened(store, clock=clock)
    done, failed = ready(gov, "x"), gov.submit(Awkward(), to=HOUSE, by="bob", on_drift="revalidate")
    gov.approve(failed.id, by="carol", digest=failed.digest)
    monkeypatch.setattr(Awkward, "doing", fail)
    clock.tick(hours=1)
    assert gov.execute(failed.id, by="runner").status is Status.FAILED
    clock.tick(hours=-1)
    assert gov.execute(done.id, by="runner").executed
    assert [each.request_id for each in gov.audit(state_id=HOUSE)] == [failed.id, done.id]


def test_a_revalidation_stands_where_the_version_that_it_looked_at_does(store: Store, clock: FrozenClock) -> None:
    denying: list[str] = []
    deny = Policy("mood", lambda _: Verdict.deny(denying[0]) if denying else Verdict.abstain())
    gov = opened(store, clock=clock, policies=[require_approval(count=1), deny])
    paused = ready(gov, "paused", on_drift="revalidate", pause_for_revalidation=True)
    first, second = ready(gov, "first"), ready(gov, "second")
    gov.execute(first.id, by="runner")
    assert gov.execute(paused.id, by="runner").status is Status.REVALIDATION
    denying.append("no")
    assert released(gov, paused).status is Status.REJECTED
    denying.clear()
    gov.execute(second.id, by="runner")
    records = gov.audit(state_id=HOUSE)
    assert [each.request_id for each in records] == [first.id, paused.id, paused.id, second.id]
    assert [each.revalidated_version for each in records] == [None, None, 2, None]


@pytest.mark.parametrize("limit", ["expires_at", "approval_valid_for"])
def test_nothing_is_recorded_as_executed_after_it_was_too_late(gov: Governance, clock: FrozenClock, limit: str) -> None:
    """The state was made by a clock that was ahead: whatever comes after it counts as later, and so as too late."""
    ahead = ready(gov, "ahead")
    clock.tick(hours=5)
    gov.execute(ahead.id, by="runner")
    clock.tick(hours=-5)
    request = ready(gov, "x", **{limit: clock() + HOUR if limit == "expires_at" else HOUR})
    outcome = gov.execute(request.id, by="runner")
    assert outcome.status == ("expired" if limit == "expires_at" else "pending")
    assert "2026-01-31T13:00:00Z" in outcome.reasons[0]
    assert in_order([each.at for each in gov.decisions(request.id)])


MOVES = st.lists(st.tuples(st.sampled_from(["ask", "execute", "comment", "sweep"]), st.integers(0, 9)), max_size=20)


@settings(deadline=None)
@given(moves=MOVES, steps=st.lists(st.integers(-90, 90), min_size=20, max_size=20))
def test_whatever_the_clock_does_no_moment_is_earlier_than_the_one_before(
    moves: list[tuple[str, int]], steps: list[int]
) -> None:
    clock = FrozenClock()
    gov = opened(MemoryStore(), clock=clock)
    made: list[MutationRequest] = []
    for (move, which), minutes in zip(moves, steps, strict=False):
        clock.tick(minutes=minutes)
        if move == "ask" or not made:
            made.append(ready(gov, str(len(made)), approval_valid_for=3 * HOUR))
        elif move == "sweep":
            gov.reassess_open()
        elif move == "comment":
            gov.comment(made[which % len(made)].id, by="bob", reason="hm")
        else:
            request = gov.get_request(made[which % len(made)].id)
            if request.status is Status.APPROVED:
                gov.execute(request.id, by="runner")
    assert in_order([each.at for each in gov.history(HOUSE)])
    executed = [each for each in gov.audit(state_id=HOUSE) if each.resulting_version]
    assert [each.resulting_version for each in executed] == list(range(2, len(executed) + 2))
    assert in_order([each.at for each in executed])
    for request in made:
        assert in_order([each.at for each in gov.decisions(request.id)])
        assert in_order([each.at for each in gov.audit(request.id)])
    assert gov.verify().ok

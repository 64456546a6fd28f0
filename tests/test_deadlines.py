"""When a request expires as it stands: for each status, and for each kind of deadline."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from house import a_terms
from placet import Actor, MutationRequest, Status
from placet.lifecycle import deadlines
from placet.lifecycle.deadlines import Deadline, next_deadline
from placet.lifecycle.standing import Known
from placet.model.ballots import Ballots
from placet.model.circumstances import NOTHING, Circumstances
from placet.model.requirement import Requirement
from placet.model.terms import Terms
from placet.model.trail import Category, Code, Decision
from placet.requirements import Approval, ExternalCheck, ManualReview, Schedule

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RESTING = ("created", "pending", "approved", "resolving", "revalidation", "failed")
SECURITY = Approval(1, roles=("security",), deadline=NOON + HOUR)
LEGAL = ManualReview(name="legal", deadline=NOON + 2 * HOUR)
BACKUP = ExternalCheck(name="backup", deadline=NOON + 3 * HOUR)


def known(request: MutationRequest, trail: Iterable[Decision], at: datetime, around: Circumstances = NOTHING) -> Known:
    return Known(request.terms, request.digest, Ballots.of(trail), at, around)


def due(
    request: MutationRequest, trail: Iterable[Decision], at: datetime, around: Circumstances = NOTHING
) -> datetime | None:
    found = deadlines.due(request.status, known(request, trail, at, around))
    return None if found is None else found.at


def a_request(status: str, terms: Terms) -> MutationRequest:
    return MutationRequest.on(terms, at=NOON).evolve(status=Status(status))


def said(request: MutationRequest, code: Code, at: datetime = NOON, **facts: Any) -> Decision:  # noqa: ANN401 - JSON
    """Make a decision by carol as it stands in the trail of a request."""
    return Decision(
        request_id=request.id,
        seq=1,
        at=at,
        category=Category.APPROVAL,
        code=code,
        trigger="",
        from_status="",
        to_status="",
        actor="carol",
        on_behalf_of=None,
        reason="",
        digest=request.digest,
        seal="",
        metadata=facts,
    )


def voted(request: MutationRequest, at: datetime = NOON, code: Code = Code.VOTED) -> Decision:
    return said(request, code, at, roles=["security"], groups=[])


def reported(request: MutationRequest, check: str, *, passed: bool = True, kind: str = "human") -> Decision:
    held: dict[str, Any] = {"roles": ["legal"], "groups": [], "kind": kind, "step": 1}
    return said(request, Code.REPORTED, check=check, passed=passed, **held)


def pending(*requirements: Requirement, **fields: Any) -> MutationRequest:  # noqa: ANN401 - fields of Terms
    return a_request("pending", a_terms(*requirements, **fields))


class TestTheRequestersDeadline:
    @pytest.mark.parametrize("status", RESTING)
    def test_it_counts_in_every_status(self, status: str) -> None:
        request = a_request(status, a_terms(expires_at=NOON + DAY))
        assert due(request, (), NOON) == NOON + DAY

    @pytest.mark.parametrize("status", RESTING)
    def test_without_any_deadline_a_request_never_expires(self, status: str) -> None:
        assert due(a_request(status, a_terms(Approval(1))), (), NOON) is None


class TestTheEndOfASchedule:
    @pytest.mark.parametrize("status", RESTING)
    def test_it_counts_in_every_status(self, status: str) -> None:
        request = a_request(status, a_terms(Schedule(not_after=NOON + DAY)))
        assert due(request, (), NOON) == NOON + DAY

    def test_its_beginning_does_not(self) -> None:
        assert due(pending(Schedule(not_before=NOON + DAY)), (), NOON) is None

    def test_the_first_of_two_counts(self) -> None:
        both = pending(Schedule(not_after=NOON + DAY), Schedule(not_after=NOON + HOUR, step=2))
        assert due(both, (), NOON) == NOON + HOUR


class TestTheDeadlineOfARequirement:
    @pytest.mark.parametrize("requirement", [SECURITY, LEGAL, BACKUP])
    def test_it_counts_while_a_pending_request_waits_for_it(self, requirement: Approval | ManualReview) -> None:
        assert due(pending(requirement), (), NOON) == requirement.deadline

    @pytest.mark.parametrize("status", sorted({*RESTING} - {"pending"}))
    def test_it_counts_in_no_other_status(self, status: str) -> None:
        assert due(a_request(status, a_terms(SECURITY, LEGAL)), (), NOON) is None

    def test_time_that_was_not_fixed_to_a_moment_yet_does_not_count(self) -> None:
        assert due(pending(Approval(1, within=HOUR)), (), NOON) is None

    def test_what_is_met_lets_the_next_one_count(self) -> None:
        request = pending(SECURITY, LEGAL, BACKUP)
        trail = [voted(request), reported(request, "legal"), reported(request, "backup", kind="service")]
        wanted = [SECURITY.deadline, LEGAL.deadline, BACKUP.deadline, None]
        assert [due(request, trail[:length], NOON) for length in range(4)] == wanted

    def test_a_part_of_an_approval_is_not_enough(self) -> None:
        request = pending(replace(SECURITY, count=2))
        assert due(request, (voted(request),), NOON) == SECURITY.deadline

    def test_neither_are_a_dissent_nor_a_report_that_failed(self) -> None:
        request = pending(SECURITY, LEGAL)
        trail = [voted(request, code=Code.DISSENTED), reported(request, "legal", passed=False)]
        assert due(request, trail, NOON) == SECURITY.deadline
        assert due(request, [voted(request), trail[1]], NOON) == LEGAL.deadline

    def test_nor_is_a_vote_for_other_terms_or_one_that_was_withdrawn(self) -> None:
        request = pending(SECURITY)
        assert due(request, (replace(voted(request), digest="old"),), NOON) == SECURITY.deadline
        assert due(request, (voted(request), said(request, Code.WITHDRAWN)), NOON) == SECURITY.deadline

    def test_a_report_that_has_run_out_lets_it_count_again(self) -> None:
        lasting = replace(LEGAL, valid_for=timedelta(milliseconds=1))
        request = pending(lasting)
        trail = (reported(request, "legal"),)
        assert due(request, trail, NOON + timedelta(milliseconds=1) - TICK) is None
        assert due(request, trail, NOON + timedelta(milliseconds=1)) == LEGAL.deadline

    def test_a_later_step_counts_before_it_is_open(self) -> None:
        later = replace(LEGAL, step=2, deadline=NOON + HOUR / 2)
        assert due(pending(SECURITY, later), (), NOON) == NOON + HOUR / 2

    def test_one_that_has_passed_is_given_as_it_is(self) -> None:
        assert due(pending(SECURITY), (), NOON + DAY) == SECURITY.deadline

    def test_it_is_judged_by_what_the_directory_says_now_where_that_is_wanted(self) -> None:
        request = pending(replace(SECURITY, recheck=True))
        for held, wanted in [(("security",), None), ((), SECURITY.deadline)]:
            around = Circumstances(speakers={("carol", "carol"): Actor("carol", roles=held)})
            assert due(request, (voted(request),), NOON, around) == wanted


class TestTheFirstOfAll:
    def test_whichever_comes_first_counts(self) -> None:
        moments = [NOON + hours * HOUR for hours in (1, 2, 3)]
        for first in range(3):
            expires, until, deadline = moments[first:] + moments[:first]
            request = pending(Approval(1, deadline=deadline), Schedule(not_after=until), expires_at=expires)
            assert due(request, (), NOON) == NOON + HOUR


class TestWhoseDeadlineItIs:
    def test_each_says_what_sets_it_and_when(self) -> None:
        for terms, wanted in [
            (a_terms(SECURITY, expires_at=NOON), Deadline(NOON, "requester", "requester bob")),
            (a_terms(SECURITY, Schedule(not_after=NOON)), Deadline(NOON, "schedule", "the schedule")),
            (a_terms(LEGAL, SECURITY), Deadline(NOON + HOUR, "requirement", "1 approval by role security")),
            (a_terms(BACKUP), Deadline(NOON + 3 * HOUR, "requirement", "external check 'backup'")),
        ]:
            request = a_request("pending", terms)
            assert deadlines.due(request.status, known(request, (), NOON)) == wanted
            assert next_deadline(request.evolve(due_at=wanted.at), known(request, (), NOON)) == wanted

    def test_of_two_at_the_same_moment_it_is_the_one_that_is_not_met(self) -> None:
        request = pending(SECURITY, replace(LEGAL, deadline=SECURITY.deadline)).evolve(due_at=SECURITY.deadline)
        for trail, of in [
            (voted(request), "manual review 'legal'"),
            (reported(request, "legal"), "1 approval by role security"),
        ]:
            found = next_deadline(request, known(request, (trail,), NOON))
            assert found is not None
            assert found.of == of

    def test_one_that_was_recorded_counts_though_its_requirement_is_met_by_now(self) -> None:
        request = pending(SECURITY, LEGAL).evolve(due_at=SECURITY.deadline)
        found = next_deadline(request, known(request, (voted(request),), NOON))
        assert found == Deadline(NOON + HOUR, "requirement", "1 approval by role security")

    def test_in_words_and_as_json(self) -> None:
        deadline = Deadline(NOON, "requester", "requester bob")
        assert str(deadline) == "the deadline of requester bob is 2026-01-31T12:00:00Z"
        assert deadline.passed == "the deadline of requester bob passed at 2026-01-31T12:00:00Z"
        assert Deadline.from_json(deadline.to_json()) == deadline
        assert deadline.to_json() == {
            "at": "2026-01-31T12:00:00.000000Z",
            "kind": "requester",
            "of": "requester bob",
        }

"""Ways around a requirement that a hostile reader of the documentation would try; each was open once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, opened, refused, unchanged
from placet import (
    Actor,
    ActorKind,
    Delegation,
    Governance,
    MutationRequest,
    Policy,
    Proposal,
    StaticDirectory,
    Status,
    Verdict,
    allow,
    policy,
    require,
)
from placet.errors import ConfigurationError, DelegationError, InputError, IntegrityError, UnsatisfiableError
from placet.model.request import Status as Stored
from placet.requirements import (
    Approval,
    Dependency,
    ExternalCheck,
    ManualReview,
    Quota,
    Requirement,
    Schedule,
)
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.testing import FrozenClock

START = FrozenClock()()
HOUR = timedelta(hours=1)
LONG = timedelta(days=9)
LEAD = Approval(1, roles=("lead",))
PEOPLE = [
    Actor("bob"),
    Actor("ann", roles=("lead",)),
    Actor("erin", roles=("lead", "board")),
    Actor("carol", roles=("lead",), on_behalf_of="bob"),
    Actor("fay", roles=("lead",), on_behalf_of="erin"),
    Actor("dave"),
    Actor("ci", ActorKind.SERVICE),
]
DELEGATIONS = [Delegation("carol", "dave", START, START + LONG), Delegation("fay", "dave", START, START + LONG)]


def governed(store: Store, clock: FrozenClock, *policies: Policy) -> Governance:
    return opened(store, clock=clock, directory=StaticDirectory(PEOPLE, DELEGATIONS), policies=policies)


def asked(gov: Governance, **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    return gov.submit(AddTeam(team="x"), to=HOUSE, by="bob", **options)


class TestWhoCounts:
    def test_whoever_acts_for_the_requester_cannot_hand_that_on(self, store: Store, clock: FrozenClock) -> None:
        gov = governed(store, clock, require(LEAD))
        request = asked(gov)
        with unchanged(gov, request), pytest.raises(DelegationError, match="carol acts for bob"):
            gov.approve(request.id, by="dave", digest=request.digest, on_behalf_of="carol")

    def test_nor_does_one_person_count_twice_that_way(self, store: Store, clock: FrozenClock) -> None:
        gov = governed(store, clock, require(Approval(2, roles=("lead",))))
        request = asked(gov)
        gov.approve(request.id, by="erin", digest=request.digest)
        with pytest.raises(DelegationError, match="fay acts for erin"):
            gov.approve(request.id, by="dave", digest=request.digest, on_behalf_of="fay")

    def test_who_may_only_report_decides_on_nothing_else(self, store: Store, clock: FrozenClock) -> None:
        gov = governed(store, clock, require(LEAD, ExternalCheck(name="tests")))
        request = asked(gov)
        for act in (gov.reject, gov.request_changes):
            with refused(gov, request, "eligible", "ci is not eligible as service"):
                act(request.id, by="ci", reason="no")
        with refused(gov, request, "concerned"):
            gov.hold(request.id, by="ci", reason="no")

    def test_an_empty_directory_lets_nobody_in(self, store: Store) -> None:
        class Listed(dict[str, Actor]):
            def actor(self, actor_id: str) -> Actor:
                return self[actor_id]

        with pytest.raises(Exception, match="mallory"):
            Governance.open(store, directory=Listed()).inbox("mallory")

    @pytest.mark.parametrize("wrong", [PEOPLE, StaticDirectory, "people"])
    def test_what_is_no_directory_is_refused_at_once(self, wrong: Any) -> None:  # noqa: ANN401 - the point
        with pytest.raises(ConfigurationError, match=r"wrap actors in StaticDirectory\(\[...\]\)"):
            Governance.open("memory:", directory=wrong)


class TestWhatIsRequired:
    @pytest.mark.parametrize("wrong", [Requirement(), Approval, type("Mine", (Approval,), {})(1)])
    def test_only_the_kinds_there_are_can_be_required(self, wrong: Any) -> None:  # noqa: ANN401 - the point
        with pytest.raises(ConfigurationError, match="is no Requirement"):
            require(wrong)
        with pytest.raises(InputError, match="pass instances from placet.requirements"):
            asked(opened(), requirements=[wrong])

    def test_what_the_requester_adds_wants_a_vote_of_its_own(self, store: Store, clock: FrozenClock) -> None:
        demands: list[Verdict] = [Verdict.allow()]

        @policy
        def later(_: Proposal) -> Verdict:
            return demands[0]

        gov = governed(store, clock, later)
        request = asked(gov, requirements=[LEAD])
        gov.approve(request.id, by="erin", digest=request.digest)
        demands[0] = Verdict.require(Approval(1, roles=("board",)))
        renewed = gov.execute(request.id, by="dave").request
        assert (renewed.status, len(renewed.requirements)) == (Status.PENDING, 2)

    def test_a_review_that_nobody_can_give_is_refused_at_submission(self, store: Store, clock: FrozenClock) -> None:
        gov = governed(store, clock, allow())
        for nobody in (ManualReview(name="legal", roles=("lawyer",)), ManualReview(name="own", actors=("bob",))):
            with pytest.raises(UnsatisfiableError, match="nobody is eligible"):
                asked(gov, requirements=[nobody])

    def test_a_check_may_be_required_again_in_a_later_step(self, store: Store, clock: FrozenClock) -> None:
        gov = governed(store, clock, require(ExternalCheck(name="tests"), ExternalCheck(name="tests", step=2)))
        request = asked(gov)
        result: dict[str, Any] = {"check": "tests", "by": "ci", "digest": request.digest, "evidence": "log"}
        assert gov.report(request.id, passed=True, **result).status is Status.PENDING
        assert gov.report(request.id, passed=True, **result).status is Status.APPROVED

    def test_a_dependency_whose_row_was_tampered_with_is_not_believed(self, clock: FrozenClock) -> None:
        store = MemoryStore()
        gov = governed(store, clock, allow())
        first = asked(gov)
        second = asked(gov, requirements=[Dependency(request_id=first.id)])
        store._tables.requests[first.id] = first.evolve(
            status=Stored.EXECUTED, resolved_version=1, resulting_version=2, execution_id="x"
        )
        with pytest.raises(IntegrityError, match="a column was changed since its last decision"):
            gov.execute(second.id, by="dave")

    @pytest.mark.parametrize(
        "options",
        [
            {"approval_valid_for": timedelta(days=3_000_000)},
            {"approval_valid_for": timedelta.max},
        ],
    )
    def test_a_time_beyond_a_century_is_refused(self, options: dict[str, Any]) -> None:
        with pytest.raises(InputError, match="at most 100 years"):
            asked(opened(), **options)
        for make in (
            lambda: Quota(limit=1, per=timedelta.max),
            lambda: Approval(1, within=timedelta.max),
            lambda: ManualReview(name="x", valid_for=timedelta.max),
        ):
            with pytest.raises(ConfigurationError, match="at most 100 years"):
                make()

    def test_a_moment_that_utc_has_not_is_refused(self) -> None:
        from datetime import timezone  # noqa: PLC0415 - for this alone

        with pytest.raises(ConfigurationError, match="pass a datetime with a time zone"):
            Schedule(not_before=datetime.max.replace(tzinfo=timezone(-HOUR)))
        assert Schedule(not_before=datetime.max.replace(tzinfo=UTC)).not_before is not None

    def test_too_many_requirements_are_refused(self) -> None:
        many = [Approval(1, roles=(f"r{number}",)) for number in range(101)]
        with pytest.raises(InputError, match="102 requirements are too many; keep them to 100"):
            asked(opened(), requirements=many)


class TestTime:
    def test_an_approval_that_has_run_out_cannot_be_held_to_be_revived(self, store: Store, clock: FrozenClock) -> None:
        gov = governed(store, clock, require(LEAD))
        request = asked(gov, approval_valid_for=HOUR)
        request = gov.approve(request.id, by="ann", digest=request.digest)
        clock.tick(hours=5)
        gov.hold(request.id, by="bob", reason="wait")
        assert gov.release(request.id, by="ann").status is Status.PENDING
        assert [each.code for each in gov.decisions(request.id)][-3:] == ["held", "approval_expired", "released"]
        with refused(gov, gov.get_request(request.id), "requirements_met"):
            gov.execute(request.id, by="bob")

    def test_what_nobody_has_to_decide_on_its_requester_may_release(self, store: Store, clock: FrozenClock) -> None:
        gov = governed(store, clock, allow())
        request = asked(gov)
        gov.hold(request.id, by="bob", reason="wait")
        with refused(gov, request, "may_release"):
            gov.release(request.id, by="dave")
        assert gov.release(request.id, by="bob").status is Status.APPROVED

    def test_a_rejection_does_not_end_it_later_in_a_process_that_cannot_list(
        self, store: Store, clock: FrozenClock
    ) -> None:
        class Unlisted:
            def actor(self, actor_id: str) -> Actor:
                return StaticDirectory(PEOPLE).actor(actor_id)

        gov = governed(store, clock, require(LEAD))
        request = asked(gov)
        assert gov.reject(request.id, by="ann", reason="no").status is Status.PENDING
        again = Governance.open(store, mutations=[AddTeam], policies=[require(LEAD)], directory=Unlisted(), clock=clock)
        assert again.reassess(request.id).status is Status.PENDING
        assert again.approve(request.id, by="erin", digest=request.digest).status is Status.APPROVED

    def test_a_refusal_to_wait_names_the_status_that_the_request_has(self, store: Store, clock: FrozenClock) -> None:
        demands = [Verdict.allow()]

        @policy
        def later(_: Proposal) -> Verdict:
            return demands[0]

        gov = governed(store, clock, later)
        request = asked(gov)
        demands[0] = Verdict.require(Schedule(not_before=clock() + HOUR))
        with pytest.raises(Exception, match="is approved, and execute is refused: still needs not before"):
            gov.execute(request.id, by="dave")
        assert gov.get_request(request.id) == request

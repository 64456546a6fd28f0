"""The governed execution path: every branch of it, over every store, through the public face.

The acceptance criteria of the execution manager are the tests named `test_criterion_...`.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, Awkward, GrantRole, Roles, approved, opened, released
from placet import (
    Governance,
    Intent,
    Issue,
    Mutation,
    OnDrift,
    OpenDirectory,
    Outcome,
    Proposal,
    State,
    Status,
    Verdict,
    allow,
    deny,
    policy,
    require_approval,
)
from placet.errors import (
    CheckRaisedError,
    ConfigurationError,
    InputError,
    IntegrityError,
    MutationContractError,
    NotRegisteredError,
    PolicyRaisedError,
    RequestNotFoundError,
    StateNotFoundError,
    TransitionRefusedError,
)
from placet.governance.execution import GovernanceExecutionManager
from placet.governance.resolution import VersionResolver
from placet.model.resolution import Resolution, ResolutionOutcome
from placet.model.terms import Terms
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.testing import FrozenClock


@pytest.fixture
def gov(store: Store, clock: FrozenClock) -> Governance:
    return opened(store, clock=clock)


@pytest.fixture
def awkward() -> Iterator[type[Awkward]]:
    doing, checking = Awkward.doing, Awkward.checking
    yield Awkward
    Awkward.doing, Awkward.checking = doing, checking


def codes(gov: Governance, request_id: str) -> list[str]:
    return [decision.code for decision in gov.decisions(request_id)]


def drift(gov: Governance, user: str = "eve") -> Outcome:
    """Move the house on by one version."""
    outcome = gov.execute(approved(gov, GrantRole(user=user, role="reader")).id, by="runner")
    assert outcome.executed
    return outcome


def test_criterion_approved_requests_cannot_bypass_version_resolution(gov: Governance) -> None:
    request = approved(gov)
    outcome = gov.execute(request.id, by="runner")
    assert outcome.resolution is not None
    assert outcome.resolution.outcome is ResolutionOutcome.UNCHANGED
    assert codes(gov, request.id) == ["submitted", "voted", "approved", "resolved", "executed"]
    resolved = gov.decisions(request.id)[3]
    assert (resolved.category, resolved.metadata["outcome"]) == ("version_resolution", "unchanged")
    assert (resolved.metadata["expected_version"], resolved.metadata["current_version"]) == (1, 1)


def test_criterion_the_execution_outcome_is_persisted_on_the_request(gov: Governance) -> None:
    request = approved(gov)
    outcome = gov.execute(request.id, by="runner")
    kept = gov.get_request(request.id)
    assert kept.status is Status.EXECUTED
    assert kept == outcome.request
    (record,) = gov.audit(request.id)
    entry = gov.history(HOUSE)[-1]
    assert record.execution_id == entry.execution_id == kept.execution_id == outcome.execution_id
    assert entry.request_id == request.id
    assert record.outcome == "executed"


def test_criterion_the_resulting_state_version_is_stored(gov: Governance) -> None:
    outcome = gov.execute(approved(gov).id, by="runner")
    assert outcome.resulting_version == 2
    kept = gov.get_request(outcome.request.id)
    assert (kept.resolved_version, kept.resulting_version) == (1, 2)
    snapshot = gov.get_state(HOUSE)
    assert (snapshot.version, snapshot.state) == (2, Roles(members={"root": "admin", "ada": "reader"}))


@pytest.mark.parametrize(
    ("on_drift", "status", "code"),
    [
        ("reject", Status.STALE, "stale"),
        ("renew_approval", Status.PENDING, "approval_renewed"),
        ("revalidate", Status.EXECUTED, "executed"),
        ("keep_if_same_effect", Status.EXECUTED, "executed"),
    ],
)
def test_criterion_each_branch_is_explicit_and_auditable(
    gov: Governance, on_drift: str, status: Status, code: str
) -> None:
    request = approved(gov, on_drift=on_drift)
    moved = drift(gov)
    outcome = gov.execute(request.id, by="runner")
    assert outcome.status is status
    assert code in codes(gov, request.id)
    record = gov.audit(request.id)[0]
    assert record.resolution is not None
    (step,) = record.resolution.drift
    assert (step.version, step.request_id, step.paths) == (2, moved.request.id, ("/members/eve",))
    assert gov.verify().ok


def test_criterion_end_to_end_from_approved_to_terminal_decision(gov: Governance) -> None:
    request = gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob", reason="INC-42")
    assert request.status is Status.PENDING
    assert [str(change) for change in request.effect] == ['/members/ada: + "reader"']
    assert gov.approve(request.id, by="carol", digest=request.digest).status is Status.APPROVED
    assert gov.execute(request.id, by="runner").executed
    statuses = [decision.to_status for decision in gov.decisions(request.id)]
    assert statuses == ["pending", "pending", "approved", "resolving", "executed"]
    assert gov.verify().ok


def test_an_executed_request_answers_with_its_recorded_outcome(gov: Governance) -> None:
    first = gov.execute(approved(gov).id, by="runner")
    again = gov.execute(first.request.id, by="somebody-else")
    assert again.replayed
    assert not first.replayed
    assert (again.request, again.audit) == (first.request, first.audit)
    assert gov.get_state(HOUSE).version == 2


def test_a_state_that_went_away_and_came_back_has_moved(gov: Governance) -> None:
    request = approved(gov)
    drift(gov)
    back = approved(gov, Awkward(), on_drift="reject")
    Awkward.doing = lambda _: Roles(members={"root": "admin"})
    try:
        with pytest.raises(MutationContractError, match="deterministic"):
            gov.execute(back.id, by="runner")
        again = approved(gov, Awkward())
        assert gov.execute(again.id, by="runner").executed
    finally:
        Awkward.doing = lambda state: state
    assert gov.get_state(HOUSE).hash == request.terms.state_hash
    assert gov.execute(request.id, by="runner").status is Status.STALE


def test_a_renewed_approval_starts_from_no_votes_on_the_current_version(gov: Governance) -> None:
    request = approved(gov, on_drift="renew_approval")
    drift(gov)
    renewed = gov.execute(request.id, by="runner").request
    assert renewed.digest != request.digest
    assert renewed.expected_version == 2
    with pytest.raises(TransitionRefusedError) as refused:
        gov.approve(request.id, by="carol", digest=request.digest)
    assert refused.value.rule == "present_digest"
    gov.approve(request.id, by="carol", digest=renewed.digest)
    assert gov.execute(request.id, by="runner").executed


def test_a_renewed_approval_without_requirements_goes_on_at_once(store: Store) -> None:
    gov = opened(store, policies=[allow()])
    request = gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob", on_drift="renew_approval")
    gov.execute(gov.submit(AddTeam(team="x"), to=HOUSE, by="bob").id, by="runner")
    assert gov.execute(request.id, by="runner").executed
    assert codes(gov, request.id)[1:] == ["resolved", "approval_renewed", "approved", "resolved", "executed"]


def test_an_unchanged_effect_keeps_its_approval_though_lists_have_moved(gov: Governance) -> None:
    request = approved(gov, AddTeam(team="red"), on_drift="keep_if_same_effect")
    assert gov.execute(approved(gov, AddTeam(team="blue")).id, by="runner").executed
    outcome = gov.execute(request.id, by="runner")
    assert outcome.executed
    assert outcome.resolution is not None
    assert outcome.resolution.outcome is ResolutionOutcome.SAME_EFFECT
    state = gov.get_state(HOUSE).state
    assert isinstance(state, Roles)
    assert state.teams == ["blue", "red"]


@pytest.mark.parametrize(
    ("fallback", "status"), [("reject", "stale"), ("renew_approval", "pending"), ("revalidate", "pending")]
)
def test_another_effect_falls_back(gov: Governance, fallback: str, status: str) -> None:
    request = approved(gov, on_drift="keep_if_same_effect", fallback=fallback)
    gov.execute(approved(gov, GrantRole(user="ada", role="admin")).id, by="runner")
    assert gov.execute(request.id, by="runner").status == status


def test_a_resolver_that_never_has_enough_is_told_so_and_nothing_changes(gov: Governance) -> None:
    class Restless(VersionResolver):
        """Wants every version revalidated."""

        def resolve(self, terms: Terms, **about: Any) -> Resolution:  # noqa: ANN401 - whatever is asked
            return replace(super().resolve(terms, **about), outcome=ResolutionOutcome.REVALIDATE)

    request = approved(gov)
    restless = GovernanceExecutionManager(gov._context, Restless())
    with pytest.raises(ConfigurationError, match="says revalidate of a version that was revalidated in this very"):
        restless.execute(request.id, by="runner")
    assert_untouched(gov, request.id)


def test_a_paused_revalidation_waits_until_somebody_revalidates(gov: Governance) -> None:
    request = approved(gov, on_drift="revalidate", pause_for_revalidation=True)
    drift(gov)
    assert gov.execute(request.id, by="runner").status is Status.REVALIDATION
    with pytest.raises(TransitionRefusedError, match="has not been revalidated"):
        gov.execute(request.id, by="runner")
    assert released(gov, request).status is Status.REVALIDATION
    drift(gov, "mallory")  # it moves once more: what was revalidated is old again
    assert gov.execute(request.id, by="runner").status is Status.REVALIDATION
    released(gov, request)
    assert gov.execute(request.id, by="runner").resulting_version == 4


def test_a_policy_that_denies_on_the_current_state_blocks(gov: Governance) -> None:
    request = approved(gov)
    gov.register_policy(deny("frozen until Monday"))
    outcome = gov.execute(request.id, by="runner")
    assert outcome.status is Status.REJECTED
    assert outcome.reasons == ("policy deny: frozen until Monday",)
    assert gov.decisions(request.id)[-1].metadata["reasons"] == ["policy deny: frozen until Monday"]
    assert ("deny: frozen until Monday", "deny") in [(each.policy, each.verdict) for each in outcome.answers]
    assert gov.get_state(HOUSE).version == 1


def test_a_check_that_fails_on_the_current_state_blocks(gov: Governance, awkward: type[Awkward]) -> None:
    request = approved(gov, awkward(), on_drift="revalidate")
    drift(gov)
    awkward.checking = lambda state: [Issue("members", "too many")] if len(state.members) > 1 else []
    outcome = gov.execute(request.id, by="runner")
    assert outcome.status is Status.REJECTED
    assert outcome.issues == (Issue("members", "too many"),)
    assert codes(gov, request.id)[-2:] == ["resolved", "blocked"]


def test_a_policy_that_wants_what_nobody_gave_sends_it_back(gov: Governance) -> None:
    request = approved(gov)
    gov.register_policy(require_approval(count=2, roles=["security"]))
    outcome = gov.execute(request.id, by="runner")
    assert outcome.status is Status.PENDING
    assert [str(each) for each in outcome.request.requirements] == ["1 approval", "2 approvals by role security"]
    assert outcome.reasons == ("requires 1 approval", "requires 2 approvals by role security")


def test_apply_that_raises_fails_and_can_be_retried(gov: Governance, awkward: type[Awkward]) -> None:
    request = approved(gov, awkward())

    def broken(_: Roles) -> Roles:
        raise ZeroDivisionError("nothing to share")

    for failures in (1, 2, 3):
        awkward.doing = broken
        outcome = gov.execute(request.id, by="runner")
        assert outcome.status is Status.FAILED
        assert outcome.reasons == ("ZeroDivisionError: nothing to share",)
        assert outcome.audit is not None
        assert outcome.audit.error == "ZeroDivisionError: nothing to share"
        assert gov.get_request(request.id).failures == failures
        if failures < 3:
            assert gov.retry(request.id, by="bob").status is Status.APPROVED
    with pytest.raises(TransitionRefusedError, match="failed 3 times"):
        gov.retry(request.id, by="bob")


def test_a_failed_request_succeeds_after_a_retry(gov: Governance, awkward: type[Awkward]) -> None:
    request = approved(gov, awkward())
    good = awkward.doing
    awkward.doing = lambda _: 1 / 0
    gov.execute(request.id, by="runner")
    awkward.doing = good
    gov.retry(request.id, by="bob", reason="mended")
    assert gov.execute(request.id, by="runner").executed
    assert [record.outcome for record in gov.audit(request.id)] == ["failed", "executed"]


def test_the_same_state_again_is_still_a_new_version(gov: Governance) -> None:
    outcome = gov.execute(approved(gov, Awkward()).id, by="runner")
    assert outcome.executed
    assert outcome.changes == ()
    assert gov.get_state(HOUSE).version == 2


@pytest.mark.parametrize("returned", [None, "text", {"members": {}}, Awkward()])
def test_the_wrong_type_returned_changes_nothing(gov: Governance, awkward: type[Awkward], returned: object) -> None:
    request = approved(gov, awkward())
    awkward.doing = lambda _: returned
    with pytest.raises(MutationContractError, match="return state.evolve"):
        gov.execute(request.id, by="runner")
    assert_untouched(gov, request.id)


def test_apply_that_changes_its_input_changes_nothing(gov: Governance, awkward: type[Awkward]) -> None:
    request = approved(gov, awkward())

    def sly(state: Roles) -> Roles:
        state.members["mallory"] = "admin"
        return state

    awkward.doing = sly
    with pytest.raises(MutationContractError, match="changed the state it was given, at /members/mallory"):
        gov.execute(request.id, by="runner")
    assert_untouched(gov, request.id)


def test_apply_that_does_something_else_than_was_approved_changes_nothing(
    gov: Governance, awkward: type[Awkward]
) -> None:
    request = approved(gov, awkward())
    awkward.doing = lambda state: state.evolve(members={})
    with pytest.raises(MutationContractError, match="does something else on version 1"):
        gov.execute(request.id, by="runner")
    assert_untouched(gov, request.id)


def test_a_policy_that_raises_decides_nothing(gov: Governance) -> None:
    request = approved(gov)

    @policy
    def broken(_: Proposal) -> Verdict:
        raise RuntimeError("no connection")

    gov.register_policy(broken)
    with pytest.raises(PolicyRaisedError, match="'broken' raised RuntimeError: no connection"):
        gov.execute(request.id, by="runner")
    assert_untouched(gov, request.id)


def test_a_check_that_raises_decides_nothing(gov: Governance, awkward: type[Awkward]) -> None:
    request = approved(gov, awkward())
    awkward.checking = lambda _: 1 / 0
    with pytest.raises(CheckRaisedError, match="ZeroDivisionError"):
        gov.execute(request.id, by="runner")
    assert_untouched(gov, request.id)


def test_a_mutation_class_that_is_gone_changes_nothing(store: Store) -> None:
    request = approved(opened(store))
    bare = Governance.open(store, mutations=[AddTeam], policies=[require_approval()], directory=OpenDirectory())
    with pytest.raises(NotRegisteredError, match="no mutation 'GrantRole' in schema version 1"):
        bare.execute(request.id, by="runner")
    assert_untouched(bare, request.id)


class Others(State):
    """Another state than the one that the mutation was made for."""


class GrantOther(Mutation[Others]):
    """Has taken the name of a mutation of another state."""

    intent = Intent("grant-other")
    mutation_name = "GrantRole"
    user: str
    role: str

    def apply(self, state: Others) -> Others:
        return state


def test_a_mutation_class_that_changes_another_state_by_now_changes_nothing(store: Store) -> None:
    request = approved(opened(store))
    other = Governance.open(
        store, mutations=[AddTeam, GrantOther], policies=[require_approval()], directory=OpenDirectory()
    )
    with pytest.raises(MutationContractError, match="^GrantRole no longer changes a Roles; cancel the request"):
        other.execute(request.id, by="runner")
    assert_untouched(other, request.id)


def test_a_call_that_is_cancelled_leaves_nothing(gov: Governance, awkward: type[Awkward]) -> None:
    request = approved(gov, awkward())
    good = awkward.doing

    def interrupted(_: Roles) -> Roles:
        raise KeyboardInterrupt

    awkward.doing = interrupted
    with pytest.raises(KeyboardInterrupt):
        gov.execute(request.id, by="runner")
    assert_untouched(gov, request.id)
    awkward.doing = good
    assert gov.execute(request.id, by="runner").executed


def assert_untouched(gov: Governance, request_id: str) -> None:
    """The request is approved as before, the state has not moved, and the store is whole."""
    assert gov.get_request(request_id).status is Status.APPROVED
    assert codes(gov, request_id) == ["submitted", "voted", "approved"]
    assert gov.get_state(HOUSE).version == 1
    assert gov.audit(request_id) == ()
    assert gov.verify().ok


@pytest.mark.parametrize("status", ["pending", "stale", "rejected", "canceled", "failed", "superseded"])
def test_what_is_not_approved_is_refused_and_unchanged(gov: Governance, awkward: type[Awkward], status: str) -> None:
    request = gov.submit(awkward(), to=HOUSE, by="bob")
    match status:
        case "stale":
            gov.approve(request.id, by="carol", digest=request.digest)
            drift(gov)
            gov.execute(request.id, by="runner")
        case "rejected":
            gov.reject(request.id, by="carol", reason="no")
        case "canceled":
            gov.cancel(request.id, by="bob")
        case "failed":
            gov.approve(request.id, by="carol", digest=request.digest)
            awkward.doing = lambda _: 1 / 0
            gov.execute(request.id, by="runner")
        case "superseded":
            gov.supersede(request.id, successor=approved(gov).id, by="bob")
    before = gov.get_request(request.id)
    assert before.status == status
    with pytest.raises(TransitionRefusedError) as refused:
        gov.execute(request.id, by="runner")
    assert (refused.value.request_id, refused.value.status, refused.value.method) == (request.id, status, "execute")
    assert refused.value.rule == ("requirements_met" if status == "pending" else "no_transition")
    assert gov.get_request(request.id) == before


def test_an_approved_request_past_its_deadline_expires_when_executed(gov: Governance, clock: FrozenClock) -> None:
    request = approved(gov, expires_at=clock.now.replace(hour=13))
    clock.tick(hours=1)
    outcome = gov.execute(request.id, by="runner")
    assert outcome.status is Status.EXPIRED
    assert outcome.reasons == ("the deadline of requester bob passed at 2026-01-31T13:00:00Z",)
    assert outcome.audit is None
    assert gov.get_state(HOUSE).version == 1


def test_an_outcome_says_what_was_recorded_and_why(gov: Governance) -> None:
    late, request = approved(gov, AddTeam(team="late")), approved(gov)
    executed = gov.execute(request.id, by="runner")
    assert (executed.replayed, executed.reasons) == (False, ())
    assert executed.audit == gov.audit(request.id)[-1]
    stale = gov.execute(late.id, by="runner")
    assert (stale.replayed, stale.reasons) == (False, (str(stale.resolution),))
    assert stale.audit == gov.audit(late.id)[-1]


def test_an_outcome_says_why_it_waits_again_and_nothing_once_it_was_revalidated(gov: Governance) -> None:
    again = approved(gov, on_drift="renew_approval")
    paused = approved(gov, on_drift="revalidate", pause_for_revalidation=True)
    drift(gov)
    for request in (again, paused):
        outcome = gov.execute(request.id, by="runner")
        assert outcome.resolution is not None
        assert outcome.reasons == (str(outcome.resolution),)
    assert released(gov, paused).reasons == ()


def test_why_somebody_executed_is_recorded_though_its_deadline_had_passed(gov: Governance, clock: FrozenClock) -> None:
    request = approved(gov, expires_at=clock() + timedelta(hours=1))
    clock.tick(hours=1)
    outcome = gov.execute(request.id, by="runner", reason="the nightly run")
    assert outcome.status is Status.EXPIRED
    assert outcome.reasons == ("the deadline of requester bob passed at 2026-01-31T13:00:00Z",)
    assert (outcome.audit, gov.decisions(request.id)[-1].reason) == (None, "the nightly run")


def test_what_somebody_holds_is_not_executed_and_says_why(gov: Governance) -> None:
    request = approved(gov)
    gov.hold(request.id, by="bob", reason="wait for Monday")
    with pytest.raises(TransitionRefusedError, match="it is held: wait for Monday") as caught:
        gov.execute(request.id, by="runner")
    assert (caught.value.rule, caught.value.request_id) == ("not_held", request.id)


def test_unknown_requests_and_states_are_named(gov: Governance) -> None:
    with pytest.raises(RequestNotFoundError, match="no request 'nobody'"):
        gov.execute("nobody", by="runner")
    with pytest.raises(InputError, match="^request_id=' x' begins or ends with white space"):
        gov.execute(" x", by="runner")
    with pytest.raises(StateNotFoundError, match="no state 'nowhere'"):
        gov.submit(GrantRole(user="ada", role="reader"), to="nowhere", by="bob")


def test_many_execute_in_one_commit_each_for_itself(gov: Governance) -> None:
    teams = [approved(gov, AddTeam(team=f"team-{n}"), on_drift=OnDrift.KEEP_IF_SAME_EFFECT).id for n in range(5)]
    pending = gov.submit(GrantRole(user="eve", role="admin"), to=HOUSE, by="bob").id
    stale = approved(gov).id
    ids = [*teams, pending, "nobody", stale, teams[0]]
    items = gov.execute_many(ids, by="runner")
    assert [item.request_id for item in items] == ids
    assert [item.executed for item in items] == [True] * 5 + [False, False, False, True]
    assert isinstance(items[5].error, TransitionRefusedError)
    assert isinstance(items[6].error, RequestNotFoundError)
    assert items[7].outcome is not None
    assert items[7].outcome.status is Status.STALE
    assert items[8].outcome is not None
    assert items[8].outcome.replayed
    assert gov.get_state(HOUSE).version == 6
    assert gov.verify().ok


class CountingStore(MemoryStore):
    """Counts units of work."""

    def __init__(self) -> None:
        super().__init__()
        self.units = 0

    def unit(self) -> Any:  # noqa: ANN401 - the same as in the store
        self.units += 1
        return super().unit()


def test_many_take_one_unit_of_work() -> None:
    store = CountingStore()
    gov = opened(store)
    ids = [approved(gov, AddTeam(team=name), on_drift="keep_if_same_effect").id for name in "abc"]
    before = store.units
    gov.execute_many(ids, by="runner")
    assert store.units == before + 1


def test_policies_are_told_of_which_state(store: Store) -> None:
    states: list[str] = []

    @policy
    def listening(proposal: Proposal) -> Verdict:
        states.append(proposal.state_id)
        return Verdict.abstain()

    gov = opened(store)
    request = approved(gov)
    gov.register_policy(listening)
    assert gov.execute(request.id, by="runner").executed
    assert states == [HOUSE]


def test_a_policy_that_calls_back_is_refused_before_it_can_do_harm(gov: Governance) -> None:
    request = approved(gov)

    @policy
    def meddling(_: Proposal) -> Verdict:
        gov.submit(AddTeam(team="sly"), to=HOUSE, by="bob")
        return Verdict.allow()

    gov.register_policy(meddling)
    with pytest.raises(PolicyRaisedError, match="must not call Governance"):
        gov.execute(request.id, by="runner")
    assert_untouched(gov, request.id)


def test_a_state_rolled_back_behind_its_history_is_refused() -> None:
    store = MemoryStore()
    gov = opened(store)
    request = approved(gov)
    old = store._tables.states[HOUSE]
    drift(gov)
    store._tables.states[HOUSE] = old
    with pytest.raises(IntegrityError, match=f"^placet_states {HOUSE}: its version went back from 2 to 1"):
        gov.execute(request.id, by="runner")


def test_a_clock_that_jumps_back_does_not_turn_a_trail_around(gov: Governance, clock: FrozenClock) -> None:
    request = approved(gov)
    clock.tick(hours=-5)
    gov.execute(request.id, by="runner")
    moments = [decision.at for decision in gov.decisions(request.id)]
    assert moments == sorted(moments)


def test_a_mutation_that_only_reorders_shows_and_keeps_its_order(gov: Governance, awkward: type[Awkward]) -> None:
    for team in ("red", "blue"):
        gov.execute(approved(gov, AddTeam(team=team)).id, by="runner")
    awkward.doing = lambda state: state.evolve(teams=sorted(state.teams))
    request = approved(gov, awkward(), on_drift="keep_if_same_effect")
    assert [str(change) for change in request.effect] == ['/teams: ["red","blue"] -> ["blue","red"]']
    gov.execute(approved(gov, AddTeam(team="amber")).id, by="runner")
    assert gov.execute(request.id, by="runner").status is Status.STALE  # another order than the one approved


def test_on_the_approved_version_even_the_place_of_a_member_is_held_to(gov: Governance, awkward: type[Awkward]) -> None:
    gov.execute(approved(gov, AddTeam(team="red")).id, by="runner")
    awkward.doing = lambda state: state.evolve(teams=[*state.teams, "blue"])
    request = approved(gov, awkward())
    awkward.doing = lambda state: state.evolve(teams=["blue", *state.teams])
    with pytest.raises(MutationContractError, match="does something else on version 2"):
        gov.execute(request.id, by="runner")

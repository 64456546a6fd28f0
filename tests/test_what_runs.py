"""What runs is what was approved: effects, what an approval covers, what is already in place, who looks, and when."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import released
from placet import (
    Actor,
    ActorKind,
    Governance,
    Intent,
    Issue,
    Mutation,
    MutationRequest,
    OpenDirectory,
    Outcome,
    Policy,
    Proposal,
    State,
    StaticDirectory,
    Status,
    Verdict,
    allow,
    require,
    require_approval,
)
from placet.documents import Document, MergeDocument, PatchDocument
from placet.errors import (
    ConfigurationError,
    MutationContractError,
    PlacetError,
    PolicyRaisedError,
    TransitionRefusedError,
)
from placet.model.changes import diff, in_place, patch
from placet.requirements import Approval, Dependency, ExternalCheck, Schedule
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.testing import FrozenClock

DOC = "settings"


class Counter(State):
    """A number."""

    count: int = 0


class Add(Mutation[Counter]):
    """So many more, whatever that is added to."""

    intent = Intent(operation="add", description="Add so many")
    approval_covers = "mutation"
    most: ClassVar[int] = 100
    by: int

    def check(self, state: Counter) -> list[Issue]:
        """Nothing beyond the most."""
        return [Issue("by", "too many")] if state.count + self.by > self.most else []

    def apply(self, state: Counter) -> Counter:
        """Add."""
        return state.evolve(count=state.count + self.by)


class Reset(Mutation[Counter]):
    """Begin at a number."""

    intent = Intent(operation="reset")
    to: int

    def apply(self, state: Counter) -> Counter:
        """Set."""
        return state.evolve(count=self.to)


def documents(store: Store, content: dict[str, Any], *policies: Policy, **options: Any) -> Governance:  # noqa: ANN401 - options of open
    options.setdefault("directory", OpenDirectory())
    asked = policies or (require_approval(count=1),)
    gov = Governance.open(store, mutations=[PatchDocument, MergeDocument, Add, Reset], policies=asked, **options)
    gov.create_state(DOC, Document.of(content))
    gov.create_state("counter", Counter())
    return gov


def approved(gov: Governance, mutation: Mutation[Any], **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    to = DOC if isinstance(mutation, PatchDocument | MergeDocument) else "counter"
    request = gov.submit(mutation, to=to, by="bob", **options)
    return gov.approve(request.id, by="carol", digest=request.digest)


def meanwhile(gov: Governance, mutation: Mutation[Any]) -> None:
    """Let somebody else change it."""
    assert gov.execute(approved(gov, mutation).id, by="runner").executed


def content(gov: Governance) -> Any:  # noqa: ANN401 - JSON
    state = gov.get_state(DOC).state
    assert isinstance(state, Document)
    return state.content


def count(gov: Governance) -> int:
    return gov.get_state("counter", Counter).state.count


def replaced(path: str, value: Any) -> PatchDocument:  # noqa: ANN401 - JSON
    return PatchDocument(patch=[{"op": "add", "path": path, "value": value}])


AGAIN: tuple[dict[str, Any], ...] = (
    {"on_drift": "revalidate"},
    {"on_drift": "keep_if_same_effect", "fallback": "revalidate"},
    {"on_drift": "keep_if_same_effect", "fallback": "renew_approval"},
)
"""Strategies that come to the same where an approval covers the effect."""


@pytest.mark.parametrize("options", AGAIN)
class TestAnApprovalCoversTheEffect:
    def test_an_index_that_names_somebody_else_by_now_is_not_executed(
        self, store: Store, options: dict[str, Any]
    ) -> None:
        gov = documents(store, {"m": ["ann", "cy", "eve"]})
        request = approved(gov, PatchDocument(patch=[{"op": "remove", "path": "/m/1"}]), **options)
        meanwhile(gov, replaced("/m/1", "bea"))
        outcome = gov.execute(request.id, by="runner")
        assert (outcome.status, outcome.code) == (Status.PENDING, "approval_renewed")
        assert [str(each) for each in outcome.request.effect] == ['/m: -"bea"']
        assert content(gov) == {"m": ["ann", "bea", "cy", "eve"]}
        assert gov.verify().ok

    def test_a_list_that_is_put_over_another_takes_nobody_else_away(
        self, store: Store, options: dict[str, Any]
    ) -> None:
        gov = documents(store, {"m": ["ann"]})
        request = approved(gov, MergeDocument(merge={"m": ["ann", "cy"]}), **options)
        meanwhile(gov, MergeDocument(merge={"m": ["ann", "bea"]}))
        assert gov.execute(request.id, by="runner").status is Status.PENDING
        assert content(gov) == {"m": ["ann", "bea"]}

    def test_the_same_effect_elsewhere_is_executed(self, store: Store, options: dict[str, Any]) -> None:
        gov = documents(store, {"m": ["ann"], "n": 1})
        request = approved(gov, replaced("/m/-", "cy"), **options)
        meanwhile(gov, MergeDocument(merge={"n": 2}))
        outcome = gov.execute(request.id, by="runner")
        assert (outcome.executed, outcome.code, outcome.effect_differs) == (True, "executed", False)
        assert content(gov) == {"m": ["ann", "cy"], "n": 2}

    def test_an_emergency_makes_no_other_effect_either(self, store: Store, options: dict[str, Any]) -> None:
        gov = documents(store, {"m": ["ann", "cy"]})
        request = approved(gov, PatchDocument(patch=[{"op": "remove", "path": "/m/1"}]), **options)
        meanwhile(gov, replaced("/m/1", "bea"))
        assert not gov.execute(request.id, by="runner").executed


@pytest.mark.parametrize("options", AGAIN[:2])
def test_an_approval_of_a_mutation_covers_whatever_it_does_and_both_effects_are_kept(
    store: Store, options: dict[str, Any]
) -> None:
    gov = documents(store, {})
    request = approved(gov, Add(by=15), **options)
    assert request.terms.approval_covers == "mutation"
    meanwhile(gov, Reset(to=5))
    outcome = gov.execute(request.id, by="runner")
    assert (outcome.executed, outcome.effect_differs, count(gov)) == (True, True, 20)
    assert outcome.audit is not None
    made, wanted = [str(each) for each in outcome.changes], [str(each) for each in outcome.request.effect]
    assert (made, wanted) == (["/count: 5 -> 20"], ["/count: 0 -> 15"])
    assert outcome.audit.approved_changes == outcome.request.effect
    facts = gov.decisions(request.id)[-1].metadata
    assert [each["after"] for each in facts["effect"]] == [20]
    assert [each["after"] for each in facts["approved_effect"]] == [15]
    replay = gov.execute(request.id, by="runner")
    assert (replay.replayed, replay.code, replay.effect_differs) == (True, "executed", True)
    assert gov.verify().ok


def test_what_an_approval_covers_is_pinned_though_the_class_changes_its_mind(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    gov = documents(store, {})
    request = approved(gov, Reset(to=15), on_drift="revalidate")
    meanwhile(gov, Reset(to=5))
    monkeypatch.setattr(Reset, "approval_covers", "mutation")
    assert gov.execute(request.id, by="runner").status is Status.PENDING
    assert count(gov) == 5


@pytest.mark.parametrize("wrong", ["everything", None, "", ["effect"], True])
def test_a_class_that_covers_something_else_is_refused(wrong: Any) -> None:  # noqa: ANN401 - that it may be anything
    odd = type("Odd", (Reset,), {"approval_covers": wrong, "__annotations__": {"approval_covers": ClassVar[Any]}})
    with pytest.raises(ConfigurationError, match="approval_covers=.*use effect or mutation"):
        Governance.open("memory:", mutations=[odd], directory=OpenDirectory())


def test_a_waiting_request_says_how_often_it_was_renewed_and_what_to_do_about_it(store: Store) -> None:
    gov = documents(store, {"m": ["ann", "cy", "eve"], "n": 0})
    request = approved(gov, PatchDocument(patch=[{"op": "remove", "path": "/m/0"}]), on_drift="renew_approval")
    for number in range(1, 6):
        meanwhile(gov, MergeDocument(merge={"n": number}))
        renewed = gov.execute(request.id, by="runner").request
        found = gov.waiting_for(request.id)
        assert found.renewals == number
        assert any("amend() it" in reason for reason in found.reasons) is (number == 5)
        gov.approve(request.id, by="carol", digest=renewed.digest)
    gov.amend(request.id, replaced("/n", 9), by="bob")
    assert gov.waiting_for(request.id).renewals == 0


class TestAlreadyInPlace:
    @pytest.mark.parametrize("on_drift", ["reject", "renew_approval", "revalidate", "keep_if_same_effect"])
    @pytest.mark.parametrize("pause", [True, False])
    def test_it_is_not_made_again_whatever_the_strategy(self, store: Store, on_drift: str, pause: bool) -> None:
        gov = documents(store, {"m": ["ann"]})
        request = approved(gov, replaced("/m/-", "cy"), on_drift=on_drift, pause_for_revalidation=pause)
        meanwhile(gov, MergeDocument(merge={"m": ["cy", "ann"]}))
        outcome = gov.execute(request.id, by="runner")
        assert (outcome.status, outcome.code, outcome.executed) == (Status.STALE, "already_in_place", False)
        assert outcome.reasons[0].startswith("its effect is already in place: version 1 -> 2")
        assert content(gov) == {"m": ["cy", "ann"]}
        assert gov.verify().ok

    @pytest.mark.parametrize(
        ("patched", "other"),
        [
            ([{"op": "remove", "path": "/a"}], {"a": None}),  # whose check would find an issue now
            ([{"op": "replace", "path": "/a", "value": 2}], {"a": 2}),
            ([{"op": "add", "path": "/b", "value": {"c": [1]}}], {"b": {"c": [1]}}),
            ([{"op": "remove", "path": "/m/1"}], {"m": ["ann"]}),
            ([{"op": "remove", "path": "/m/1"}, {"op": "add", "path": "/m/-", "value": "dan"}], {"m": ["dan", "ann"]}),
            ([{"op": "move", "from": "/m/1", "path": "/m/0"}], {"m": ["cy", "ann"]}),
        ],
    )
    def test_it_is_recognised_by_the_effect(
        self, store: Store, patched: list[dict[str, Any]], other: dict[str, Any]
    ) -> None:
        gov = documents(store, {"a": 1, "m": ["ann", "cy"]})
        request = approved(gov, PatchDocument(patch=patched), on_drift="keep_if_same_effect")
        meanwhile(gov, MergeDocument(merge=other))
        assert gov.execute(request.id, by="runner").code == "already_in_place"

    def test_half_of_it_is_not_all_of_it(self, store: Store) -> None:
        gov = documents(store, {"a": 1, "b": 1})
        request = approved(gov, MergeDocument(merge={"a": 2, "b": 2}), on_drift="revalidate")
        meanwhile(gov, MergeDocument(merge={"a": 2}))
        assert gov.execute(request.id, by="runner").status is Status.PENDING

    def test_what_changes_nothing_is_in_place_nowhere(self, store: Store) -> None:
        gov = documents(store, {"a": 1})
        request = approved(gov, MergeDocument(merge={"a": 1}), on_drift="revalidate")
        meanwhile(gov, MergeDocument(merge={"b": 1}))
        assert gov.execute(request.id, by="runner").executed

    def test_a_mutation_that_was_approved_whatever_it_does_is_not_in_place_by_a_value(self, store: Store) -> None:
        gov = documents(store, {})
        request = approved(gov, Add(by=15), on_drift="revalidate")
        meanwhile(gov, Reset(to=15))
        assert gov.execute(request.id, by="runner").executed
        assert count(gov) == 30
        nothing = approved(gov, Add(by=0), on_drift="revalidate")
        meanwhile(gov, Reset(to=1))
        assert gov.execute(nothing.id, by="runner").executed

    def test_what_depends_on_it_goes_on(self, store: Store) -> None:
        gov = documents(store, {"m": ["ann"]})
        request = approved(gov, replaced("/m/-", "cy"))
        waits = approved(gov, Reset(to=1), requirements=[Dependency(request_id=request.id)])
        assert waits.status is Status.PENDING
        meanwhile(gov, replaced("/m/-", "cy"))
        assert gov.execute(request.id, by="runner").code == "already_in_place"
        assert gov.execute(waits.id, by="runner").executed

    @given(st.data())
    def test_a_document_that_a_change_set_leads_to_has_it(self, data: st.DataObject) -> None:
        members = st.lists(st.sampled_from("abcd"), unique=True)
        some = st.fixed_dictionaries({}, optional={"m": members, "n": st.integers(0, 2), "o": st.just({"p": [1]})})
        before, after = data.draw(some), data.draw(some)
        changes = diff(before, after)
        assert in_place(changes, after) is bool(changes)
        assert in_place(changes, patch(dict(before), changes)) is bool(changes)
        assert not in_place(changes, before)


class TestStaleSaysWhy:
    def test_it_says_what_it_would_have_done_and_what_each_policy_said(self, store: Store) -> None:
        gov = documents(store, {"a": 1, "n": 0})
        request = approved(gov, MergeDocument(merge={"a": 2}))
        meanwhile(gov, MergeDocument(merge={"n": 1}))
        outcome = gov.execute(request.id, by="runner")
        assert (outcome.status, outcome.code) == (Status.STALE, "stale")
        assert [str(each) for each in outcome.changes] == ["/a: 1 -> 2"]
        assert [each.verdict for each in outcome.answers] == ["require"]
        assert gov.audit(request.id)[-1] == outcome.audit

    def test_it_says_what_checks_find_there(self, store: Store) -> None:
        gov = documents(store, {})
        request = approved(gov, Add(by=15))
        meanwhile(gov, Reset(to=90))
        outcome = gov.execute(request.id, by="runner")
        assert (outcome.status, outcome.issues) == (Status.STALE, (Issue("by", "too many"),))
        assert outcome.reasons[1:] == ("by: too many",)

    @pytest.mark.parametrize("fallback", ["reject", "renew_approval", "revalidate"])
    def test_a_denial_on_the_new_state_rejects(self, store: Store, fallback: str) -> None:
        denied: list[str] = []

        def law(proposal: Proposal) -> Verdict:
            asks = isinstance(proposal.mutation, MergeDocument) and "a" in proposal.mutation.merge
            return Verdict.deny(denied[0]) if asks and denied else Verdict.require(Approval(1))

        merges: tuple[dict[str, Any], ...] = ({"a": 2}, {"a": 2, "n": 2})
        for merge in merges:  # with the same effect there, and with another
            denied.clear()
            gov = documents(MemoryStore(), {"a": 1, "n": 0}, Policy("law", law))
            request = approved(gov, MergeDocument(merge=merge), on_drift="keep_if_same_effect", fallback=fallback)
            meanwhile(gov, MergeDocument(merge={"n": 1}))
            denied.append("not in winter")
            outcome = gov.execute(request.id, by="runner")
            assert (outcome.status, outcome.code) == (Status.REJECTED, "blocked")
            assert any("not in winter" in reason for reason in outcome.reasons)
            assert any("not in winter" in reason for reason in gov.decisions(request.id)[-1].metadata["reasons"])

    def test_a_drift_report_names_each_path_once(self, store: Store) -> None:
        gov = documents(store, {"m": ["ann", "bea"], "a": 1})
        request = approved(gov, MergeDocument(merge={"a": 2}))
        meanwhile(gov, MergeDocument(merge={"m": ["cy", "ann"]}))
        outcome = gov.execute(request.id, by="runner")
        assert outcome.resolution is not None
        assert outcome.resolution.drift[0].paths == ("/m",)
        assert outcome.reasons[0].count("/m") == 1


class Slow:
    """Policies, a directory and a mutation that take their time when told to."""

    def __init__(self, clock: FrozenClock) -> None:
        self.clock, self.minutes = clock, 0

    def law(self, _: Proposal) -> Verdict:
        self.clock.tick(minutes=self.minutes)
        return Verdict.require(Approval(1))

    def actor(self, actor_id: str) -> Actor:
        if actor_id == "slow":
            self.clock.tick(minutes=self.minutes)
        return Actor(actor_id)


HOUR = timedelta(hours=1)


class TestTheMomentWhenDecidingEnds:
    @pytest.mark.parametrize("on_drift", ["reject", "renew_approval", "revalidate", "keep_if_same_effect"])
    def test_nothing_is_executed_after_its_deadline_though_policies_took_their_time(
        self, store: Store, clock: FrozenClock, on_drift: str
    ) -> None:
        slow = Slow(clock)
        gov = documents(store, {"a": 1, "n": 0}, Policy("law", slow.law), clock=clock)
        request = approved(gov, MergeDocument(merge={"a": 2}), on_drift=on_drift, expires_at=clock() + HOUR)
        meanwhile(gov, MergeDocument(merge={"n": 1}))
        slow.minutes = 61
        outcome = gov.execute(request.id, by="runner")
        assert (outcome.status, content(gov)["a"]) == (Status.EXPIRED, 1)
        last = gov.decisions(request.id)[-1]
        assert (last.code, last.at) == ("expired", clock())

    def test_nor_in_an_emergency(self, store: Store, clock: FrozenClock) -> None:
        slow = Slow(clock)
        gov = documents(store, {"a": 1}, Policy("law", slow.law), clock=clock)
        request = approved(gov, MergeDocument(merge={"a": 2}), requirements=[Schedule(not_after=clock() + HOUR)])
        slow.minutes = 61
        assert gov.execute(request.id, by="runner").status is Status.EXPIRED

    def test_what_is_recorded_is_the_moment_after(self, store: Store, clock: FrozenClock) -> None:
        slow = Slow(clock)
        gov = documents(store, {"a": 1}, Policy("law", slow.law), clock=clock)
        request = approved(gov, MergeDocument(merge={"a": 2}))
        slow.minutes = 7
        assert gov.execute(request.id, by="runner").executed
        moments = {each.at for each in gov.decisions(request.id)[-2:]} | {gov.history(DOC)[-1].at}
        assert moments == {clock()} == {gov.audit(request.id)[-1].at}

    def test_a_vote_that_comes_too_late_while_the_directory_is_asked_does_not_count(
        self, store: Store, clock: FrozenClock
    ) -> None:
        slow = Slow(clock)
        gov = documents(store, {"a": 1}, clock=clock, directory=slow)
        request = gov.submit(MergeDocument(merge={"a": 2}), to=DOC, by="bob", expires_at=clock() + HOUR)
        slow.minutes = 61
        with pytest.raises(TransitionRefusedError, match="deadline"):
            gov.approve(request.id, by="slow", digest=request.digest)

    def test_an_amendment_that_takes_too_long_is_refused(self, store: Store, clock: FrozenClock) -> None:
        slow = Slow(clock)
        gov = documents(store, {"a": 1}, Policy("law", slow.law), clock=clock)
        request = gov.submit(MergeDocument(merge={"a": 2}), to=DOC, by="bob", expires_at=clock() + HOUR)
        slow.minutes = 61
        with pytest.raises(TransitionRefusedError, match="deadline"):
            gov.amend(request.id, MergeDocument(merge={"a": 3}), by="bob")

    def test_a_submission_that_takes_longer_than_its_deadline_is_refused(
        self, store: Store, clock: FrozenClock
    ) -> None:
        slow = Slow(clock)
        gov = documents(store, {"a": 1}, Policy("law", slow.law), clock=clock)
        slow.minutes = 61
        with pytest.raises(ValueError, match="has passed already"):
            gov.submit(MergeDocument(merge={"a": 2}), to=DOC, by="bob", expires_at=clock() + HOUR)

    def test_a_check_that_runs_out_while_policies_are_asked_counts_no_more(
        self, store: Store, clock: FrozenClock
    ) -> None:
        slow = Slow(clock)
        people = StaticDirectory([Actor("bob"), Actor("carol"), Actor("runner"), Actor("ci", ActorKind.SERVICE)])
        gov = documents(store, {"a": 1}, Policy("law", slow.law), clock=clock, directory=people)
        request = gov.submit(
            MergeDocument(merge={"a": 2}),
            to=DOC,
            by="bob",
            requirements=[ExternalCheck(name="tests", valid_for=HOUR)],
        )
        gov.report(request.id, check="tests", passed=True, by="ci", digest=request.digest, evidence="run 7")
        assert gov.approve(request.id, by="carol", digest=request.digest).status is Status.APPROVED
        slow.minutes = 61
        outcome = gov.execute(request.id, by="runner")
        assert (outcome.status, outcome.code) == (Status.PENDING, "lapsed")
        assert content(gov) == {"a": 1}


PEOPLE = StaticDirectory(
    [
        Actor("bob"),
        Actor("carol", roles=("lead",)),
        Actor("dan", roles=("lead",)),
        Actor("eve"),
        Actor("runner"),
        Actor("root", roles=("administrator",)),
        Actor("bot", ActorKind.AGENT, on_behalf_of="bob"),
    ]
)


class TestAPausedRequest:
    def paused(self, store: Store, *policies: Policy, mutation: Mutation[Any] | None = None) -> tuple[Governance, str]:
        law = policies or (require_approval(roles=["lead"]),)
        gov = documents(store, {"m": ["ann", "cy"], "n": 0}, *law, directory=PEOPLE)
        request = approved(
            gov,
            mutation or replaced("/m/-", "eve"),
            on_drift="revalidate",
            pause_for_revalidation=True,
        )
        meanwhile(gov, MergeDocument(merge={"n": 1}) if mutation is None else Reset(to=5))
        outcome = gov.execute(request.id, by="runner")
        assert outcome.status is Status.REVALIDATION
        assert outcome.changes
        return gov, request.id

    @pytest.mark.parametrize("by", ["bob", "bot", "eve", "runner", "root"])
    def test_nobody_lets_it_go_on_who_could_not_approve_it(self, store: Store, by: str) -> None:
        gov, request_id = self.paused(store)
        digest = gov.current_effect(request_id).digest
        before = gov.get_request(request_id)
        with pytest.raises(TransitionRefusedError) as caught:
            gov.revalidate(request_id, by=by, digest=digest)
        assert caught.value.rule in {"eligible_look", "identified"}
        assert gov.get_request(request_id) == before

    def test_the_effect_that_was_shown_is_let_go_on_and_no_other(self, store: Store) -> None:
        gov, request_id = self.paused(store)
        shown = gov.current_effect(request_id)
        assert ([str(each) for each in shown.changes], shown.same, shown.version) == (['/m: +"eve"'], True, 2)
        meanwhile(gov, MergeDocument(merge={"n": 2}))
        for digest in (shown.digest, gov.get_request(request_id).digest, "x", shown.digest[:12]):
            with pytest.raises(TransitionRefusedError) as caught:
                gov.revalidate(request_id, by="dan", digest=digest)
            assert caught.value.rule == "current_effect"
        assert gov.revalidate(request_id, by="dan", digest=gov.current_effect(request_id).digest).code == "revalidated"
        assert gov.execute(request_id, by="runner").executed
        assert content(gov) == {"m": ["ann", "cy", "eve"], "n": 2}
        assert gov.verify().ok

    def test_it_pauses_again_where_the_state_moves_again(self, store: Store) -> None:
        gov, request_id = self.paused(store)
        released(gov, gov.get_request(request_id), "dan")
        meanwhile(gov, MergeDocument(merge={"n": 2}))
        assert gov.execute(request_id, by="runner").status is Status.REVALIDATION
        with pytest.raises(TransitionRefusedError, match="has not been revalidated"):
            gov.execute(request_id, by="runner")

    def test_another_effect_goes_back_to_all_approvers(self, store: Store) -> None:
        law = require_approval(2, roles=["lead"])
        gov = documents(store, {"m": ["ann", "cy"]}, law, directory=PEOPLE)
        remove = PatchDocument(patch=[{"op": "remove", "path": "/m/1"}])
        request = gov.submit(remove, to=DOC, by="bob", on_drift="revalidate", pause_for_revalidation=True)
        other = gov.submit(replaced("/m/1", "bea"), to=DOC, by="bob")
        for each in (request, other):
            for by in ("carol", "dan"):
                gov.approve(each.id, by=by, digest=each.digest)
        assert gov.execute(other.id, by="runner").executed
        assert gov.execute(request.id, by="runner").status is Status.REVALIDATION
        outcome = released(gov, request, "dan")
        assert (outcome.status, outcome.code) == (Status.PENDING, "approval_renewed")
        assert content(gov) == {"m": ["ann", "bea", "cy"]}

    def test_of_a_mutation_that_was_approved_whatever_it_does_the_shown_effect_is_made(self, store: Store) -> None:
        gov, request_id = self.paused(store, mutation=Add(by=15))
        shown = gov.current_effect(request_id)
        assert ([str(each) for each in shown.changes], shown.same) == (["/count: 5 -> 20"], False)
        assert released(gov, gov.get_request(request_id), "dan").code == "revalidated"
        outcome = gov.execute(request_id, by="runner")
        assert (outcome.executed, outcome.effect_differs, count(gov)) == (True, True, 20)

    @pytest.mark.parametrize("mutation", [Add(by=15), None])
    def test_code_that_does_something_else_by_then_than_was_shown_is_refused(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, mutation: Mutation[Any] | None
    ) -> None:
        gov, request_id = self.paused(store, mutation=mutation)
        released(gov, gov.get_request(request_id), "dan")
        if mutation is None:
            put = Document.of({"m": ["eve", "ann", "cy"], "n": 1})
            monkeypatch.setattr(PatchDocument, "apply", lambda _self, _state: put)  # members stand elsewhere
        else:
            monkeypatch.setattr(Add, "apply", lambda self, state: state.evolve(count=state.count + 7 * self.by))
        assert "MutationContractError" in foretold(gov, gov.get_request(request_id))
        before = gov.get_request(request_id)
        with pytest.raises(MutationContractError, match="was revalidated"):
            gov.execute(request_id, by="runner")
        assert (gov.get_request(request_id), count(gov)) == (before, 0 if mutation is None else 5)

    def test_it_says_what_revalidating_it_would_come_to(self, store: Store) -> None:
        said = [Verdict.require(Approval(1, roles=("lead",)))]
        gov, request_id = self.paused(store, Policy("law", lambda _: said[0]))
        request = gov.get_request(request_id)
        assert foretold(gov, request).endswith("with the digest of current_effect()")
        said[0] = Verdict.deny("not any more")
        assert "as things are it is refused: policy law: not any more" in foretold(gov, request)
        said.clear()
        assert "revalidate() raises PolicyRaisedError" in foretold(gov, request)

    def test_where_nobody_could_approve_it_its_requester_lets_it_go_on(self, store: Store) -> None:
        gov = documents(store, {"n": 0, "a": 1}, allow(), directory=PEOPLE)
        options: dict[str, Any] = {"on_drift": "revalidate", "pause_for_revalidation": True}
        request = gov.submit(MergeDocument(merge={"a": 2}), to=DOC, by="bob", **options)
        gov.execute(gov.submit(MergeDocument(merge={"n": 1}), to=DOC, by="bob").id, by="runner")
        assert gov.execute(request.id, by="runner").status is Status.REVALIDATION
        with pytest.raises(TransitionRefusedError, match="neither its requester"):
            released(gov, request, "eve")
        released(gov, request, "bob")
        assert gov.execute(request.id, by="runner").executed


def test_what_is_executed_after_a_renewal_with_nobody_to_ask_gives_no_reason_against_it(store: Store) -> None:
    gov = documents(store, {"m": ["ann", "cy"]}, allow())
    remove = PatchDocument(patch=[{"op": "remove", "path": "/m/0"}])
    request = gov.submit(remove, to=DOC, by="bob", on_drift="renew_approval")
    gov.execute(gov.submit(MergeDocument(merge={"n": 1}), to=DOC, by="eve").id, by="runner")
    outcome = gov.execute(request.id, by="runner")
    assert (outcome.executed, outcome.reasons) == (True, ())


@pytest.mark.parametrize("on_drift", ["renew_approval", "revalidate"])
def test_where_policies_ask_nobody_a_renewal_executes_at_once_what_they_allow_by_then(
    store: Store, on_drift: str
) -> None:
    gov = documents(store, {"m": ["ann", "cy"]}, allow())
    remove = PatchDocument(patch=[{"op": "remove", "path": "/m/0"}])
    request = gov.submit(remove, to=DOC, by="bob", on_drift=on_drift)
    put_first = PatchDocument(patch=[{"op": "add", "path": "/m/0", "value": "zoe"}])
    gov.execute(gov.submit(put_first, to=DOC, by="eve").id, by="runner")
    assert gov.execute(request.id, by="runner").executed
    assert content(gov) == {"m": ["ann", "cy"]}, "zoe is gone, and ann was meant"


def foretold(gov: Governance, request: MutationRequest) -> str:
    return "; ".join(gov.waiting_for(request.id).reasons)


class TestWaitingForKeepsItsWord:
    def ready(self, store: Store, law: Any, **options: Any) -> tuple[Governance, MutationRequest]:  # noqa: ANN401 - a policy's function, and options of submit
        gov = documents(store, {"a": 1, "n": 0}, Policy("law", law))
        request = approved(gov, MergeDocument(merge={"a": 2}), **options)
        assert foretold(gov, request) == ""
        return gov, request

    def check(self, gov: Governance, request: MutationRequest) -> Outcome | PlacetError:
        """Look ahead, and see that looking changed nothing and that execution keeps the word."""
        before = gov.get_request(request.id), gov.decisions(request.id), gov.audit(request.id)
        said = foretold(gov, request)
        assert (gov.get_request(request.id), gov.decisions(request.id), gov.audit(request.id)) == before
        refused: PlacetError | None = None
        try:
            outcome = gov.execute(request.id, by="runner")
        except PlacetError as error:
            refused = error
        if refused is not None:
            assert type(refused).__name__ in said or getattr(refused, "reason", "?") in said
            return refused
        assert (said == "") is outcome.executed
        if not outcome.executed:
            assert f"execute() will leave it {outcome.status}" in said
        return outcome

    def test_a_policy_that_became_stricter(self, store: Store) -> None:
        wanted = [Verdict.require(Approval(1))]
        gov, request = self.ready(store, lambda _: wanted[0])
        wanted[0] = Verdict.require(Approval(2))
        assert isinstance(self.check(gov, request), Outcome)

    def test_a_policy_that_raises(self, store: Store) -> None:
        wanted: list[Any] = [Verdict.require(Approval(1))]
        gov, request = self.ready(store, lambda _: wanted[0])
        wanted.clear()
        assert isinstance(self.check(gov, request), PolicyRaisedError)

    def test_a_policy_that_denies(self, store: Store) -> None:
        wanted = [Verdict.require(Approval(1))]
        gov, request = self.ready(store, lambda _: wanted[0])
        wanted[0] = Verdict.deny("no")
        assert isinstance(self.check(gov, request), Outcome)

    def test_a_policy_that_wants_a_check(self, store: Store) -> None:
        wanted = [Verdict.require(Approval(1))]
        gov, request = self.ready(store, lambda _: wanted[0])
        wanted[0] = Verdict.require(Approval(1), ExternalCheck(name="tests"))
        assert isinstance(self.check(gov, request), Outcome)

    @pytest.mark.parametrize("on_drift", ["reject", "renew_approval", "revalidate", "keep_if_same_effect"])
    @pytest.mark.parametrize("merge", [{"n": 1}, {"a": 7}, {"a": 2}])
    def test_a_state_that_has_moved(self, store: Store, on_drift: str, merge: dict[str, Any]) -> None:
        gov, request = self.ready(store, lambda _: Verdict.require(Approval(1)), on_drift=on_drift)
        meanwhile(gov, MergeDocument(merge=merge))
        self.check(gov, request)

    def test_a_class_that_is_gone(self, store: Store) -> None:
        _, request = self.ready(store, lambda _: Verdict.require(Approval(1)))
        other = Governance.open(store, mutations=[Reset], policies=[require_approval()], directory=OpenDirectory())
        assert "NotRegisteredError" in foretold(other, request)
        with pytest.raises(LookupError):
            other.execute(request.id, by="runner")

    def test_a_process_without_any_class_says_that_it_cannot_tell(self, store: Store) -> None:
        _, request = self.ready(store, lambda _: Verdict.require(Approval(1)))
        bare = Governance.open(store, directory=OpenDirectory())
        assert foretold(bare, request).startswith("only a process that has its mutation registered can tell")

    def test_a_pending_request_says_what_no_vote_would_remove(self, store: Store) -> None:
        wanted = [Verdict.require(Approval(1))]
        gov = documents(store, {"a": 1}, Policy("law", lambda _: wanted[0]))
        request = gov.submit(MergeDocument(merge={"a": 2}), to=DOC, by="bob")
        wanted[0] = Verdict.deny("not in winter")
        assert "as things are it is refused" in foretold(gov, request)
        assert "not in winter" in foretold(gov, request)

    def test_policies_are_asked_while_no_view_is_open(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        open_views: list[int] = [0]
        seen: list[int] = []

        def law(_: Proposal) -> Verdict:
            seen.append(open_views[0])
            return Verdict.require(Approval(1))

        gov, request = self.ready(store, law)
        real = type(store).view

        class Counted:
            def __init__(self, inner: Any) -> None:  # noqa: ANN401 - a context manager
                self.inner = inner

            def __enter__(self) -> Any:  # noqa: ANN401 - a reader
                open_views[0] += 1
                return self.inner.__enter__()

            def __exit__(self, *error: object) -> None:
                open_views[0] -= 1
                self.inner.__exit__(*error)

        monkeypatch.setattr(type(store), "view", lambda self: Counted(real(self)))
        seen.clear()
        gov.waiting_for(request.id)
        gov.current_effect(request.id)
        assert seen
        assert set(seen) == {0}

    def test_looking_ahead_uses_up_no_id(self, store: Store) -> None:
        ids = iter(f"id-{number}" for number in range(100))
        gov = documents(store, {"a": 1}, new_id=lambda: next(ids))
        request = approved(gov, MergeDocument(merge={"a": 2}))
        gov.waiting_for(request.id)
        assert gov.execute(request.id, by="runner").execution_id == "id-1"


def test_two_that_require_the_same_class_of_thing_are_each_told(store: Store) -> None:
    gov = documents(store, {"a": 1}, require(Approval(1), ExternalCheck(name="tests")))
    request = gov.submit(MergeDocument(merge={"a": 2}), to=DOC, by="bob")
    assert len(gov.waiting_for(request.id).reasons) == 2

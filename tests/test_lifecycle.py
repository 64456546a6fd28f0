"""The lifecycle: every cell of the table moves or is refused with a reason, and every move leaves exactly its trail."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import Actor, Change, Intent, MutationRequest, OnDrift, Requirement, Status
from signoff.errors import ConfigurationError, IntegrityError, TableError, TransitionRefusedError
from signoff.lifecycle.guards import Guard
from signoff.lifecycle.machine import MACHINE, Lifecycle
from signoff.lifecycle.step import Evidence, Step
from signoff.lifecycle.table import LIFECYCLE, Table, Transition, Trigger
from signoff.model.canonical import Link, digest
from signoff.model.changes import ChangeKind
from signoff.model.request import TERMINAL
from signoff.model.requirement import Vote
from signoff.model.resolution import Resolution, ResolutionOutcome
from signoff.model.run import Mode, Run, RunStatus
from signoff.model.state import StoredState
from signoff.model.terms import Terms
from signoff.model.trail import AUDIT_BOOK, DECISION_BOOK, HISTORY_BOOK, Book, Category, Decision, HistoryKind

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
BOB, CAROL, ROOT = Actor("bob"), Actor("carol", roles=("security",)), Actor("root", roles=("administrator",))
STRANGER = Actor("mallory", roles=("sales",))

# Section by section as the lifecycle was designed, written down by hand: trigger, sources, target, category, code.
DESIGN = [
    ("submit", "created", "pending", "lifecycle", "submitted"),
    ("admit", "created", "approved", "lifecycle", "admitted"),
    ("hold", "created approved", "pending", "lifecycle", "held"),
    ("approve", "pending", "approved", "approval", "approved"),
    ("reject", "pending revalidation", "rejected", "approval", "rejected"),
    ("cancel", "created pending approved revalidation failed", "canceled", "lifecycle", "canceled"),
    ("expire", "pending approved revalidation failed", "expired", "lifecycle", "expired"),
    ("supersede", "created pending approved revalidation failed", "superseded", "lifecycle", "superseded"),
    ("resolve", "approved revalidation", "resolving", "version_resolution", "resolved"),
    ("execute", "resolving", "executed", "execution", "executed"),
    ("mark_stale", "resolving", "stale", "version_resolution", "stale"),
    ("renew_approval", "resolving revalidation", "pending", "version_resolution", "approval_renewed"),
    ("require_revalidation", "resolving", "revalidation", "version_resolution", "revalidation_required"),
    ("block", "resolving revalidation", "rejected", "execution", "blocked"),
    ("fail", "resolving revalidation", "failed", "execution", "failed"),
    ("retry", "failed", "approved", "lifecycle", "retried"),
    ("vote", "pending", "pending", "approval", "voted"),
    ("release", "pending", "pending", "lifecycle", "released"),
    ("revalidate", "revalidation", "revalidation", "version_resolution", "revalidated"),
]
ARROWS = {(source, trigger, target) for trigger, sources, target, _, _ in DESIGN for source in sources.split()}
CELLS = {(source, trigger): target for source, trigger, target in ARROWS}
RECORDED = {trigger: (category, code) for trigger, _, _, category, code in DESIGN}
AUDITED = {"execute", "mark_stale", "renew_approval", "require_revalidation", "block", "fail"}
NEVER_LEFT = {"executed", "stale", "rejected", "canceled", "expired", "superseded"}

TERMS_ = Terms(
    request_id="r-1",
    number=1,
    state_id="house",
    state_type="Roles",
    mutation="GrantRole",
    schema_version=1,
    payload='{"role":"reader","user":"ada"}',
    intent=Intent(operation="grant-role"),
    requester="bob",
    on_behalf_of=None,
    reason="INC-42",
    expected_version=4,
    state_hash="h4",
    on_drift=OnDrift.REJECT,
    fallback=OnDrift.REJECT,
    pause_for_revalidation=False,
    requirements=(Requirement(1, ("security",)),),
    effect=(),
    expires_at=None,
)
STATE = StoredState("house", "Roles", 4, b'{"members":{}}', digest(b'{"members":{}}'))
CHANGED = (Change("/members/ada", ChangeKind.ADDED, after="reader"),)
OUTCOMES = {
    "mark_stale": ResolutionOutcome.STALE,
    "renew_approval": ResolutionOutcome.RENEW_APPROVAL,
    "require_revalidation": ResolutionOutcome.REVALIDATE,
}


def a_request(status: str, terms: Terms = TERMS_, **columns: Any) -> MutationRequest:  # noqa: ANN401 - columns of a request
    request = MutationRequest.on(terms, at=NOON).evolve(status=Status(status))
    return replace(request, **columns)


def a_resolution(outcome: str = "unchanged", expected: int = 4, current: int = 4) -> Resolution:
    return Resolution(ResolutionOutcome(outcome), expected, current, "reject")


def a_run(status: RunStatus = RunStatus.ACCEPTED, **parts: Any) -> Run:  # noqa: ANN401 - fields of Run
    return Run("GrantRole", Mode.COMMIT, status, changes=CHANGED, **parts)


def good(status: str, trigger: str) -> tuple[Step, Evidence]:
    """Give a step in this status, and the least evidence with which the trigger moves it."""
    terms = replace(TERMS_, **GOOD_TERMS.get(trigger, {}))
    request = a_request(status, terms, **GOOD_COLUMNS.get((status, trigger), {}))
    step = Step(request)
    if status == "resolving":
        step.resolution = a_resolution(OUTCOMES.get(trigger, ResolutionOutcome.UNCHANGED))
    return step, Evidence(**{"at": NOON, "actor": BOB, **good_facts(trigger, request)})


GOOD_TERMS: dict[str, dict[str, Any]] = {"admit": {"requirements": ()}, "expire": {"expires_at": NOON}}
GOOD_COLUMNS: dict[tuple[str, str], dict[str, Any]] = {
    ("pending", "release"): {"held": "wait"},
    ("revalidation", "resolve"): {"validated_version": 4},
}


def good_facts(trigger: str, request: MutationRequest) -> dict[str, Any]:
    votes = (Vote.by(CAROL, request.digest),)
    facts: dict[str, dict[str, Any]] = {
        "admit": {"run": a_run()},
        "hold": {"reason": "because"},
        "release": {"actor": CAROL},
        "vote": {"actor": CAROL, "digest": request.digest},
        "approve": {"votes": votes},
        "reject": {"actor": CAROL, "reason": "because"},
        "supersede": {"successor": replace(request, id="r-2", status=Status.PENDING)},
        "resolve": {"votes": votes, "resolution": a_resolution(), "state": STATE, "execution_id": "x-1"},
        "execute": {"state": STATE, "run": a_run(), "new_state": STATE.next(b'{"members":{"ada":"reader"}}')},
        "renew_approval": {
            "state": STATE,
            "run": a_run(RunStatus.UNAPPROVED),
            "terms": replace(request.terms, number=request.terms.number + 1),
        },
        "revalidate": {"state": STATE, "run": a_run()},
        "block": {"run": a_run(RunStatus.REFUSED)},
        "fail": {"run": a_run(RunStatus.FAILED, error="ValueError: eh")},
    }
    return facts.get(trigger, {})


def as_before(step: Step) -> Callable[[], bool]:
    """Remember a step, to tell later whether it is still what it was."""
    was = (step.request, step.state, step.resolution, step.new_state)
    ledgers = ([*step.decisions], [*step.audit], [*step.history])
    writes = step.writes()

    def same() -> bool:
        now = (step.request, step.state, step.resolution, step.new_state)
        return (
            all(one is other for one, other in zip(now, was, strict=True))
            and (step.decisions, step.audit, step.history) == ledgers
            and step.writes() == writes
        )

    return same


def decisions(step: Step) -> list[Decision]:
    return DECISION_BOOK.read(step.decisions)


class TestEveryCell:
    @pytest.mark.parametrize("trigger", list(Trigger))
    @pytest.mark.parametrize("status", list(Status))
    def test_it_moves_and_leaves_one_decision_or_it_is_refused_and_leaves_nothing(
        self, status: Status, trigger: Trigger
    ) -> None:
        step, evidence = good(status, trigger)
        before, same = step.request, as_before(step)
        target = CELLS.get((status.value, trigger.value))
        if target is None:
            with pytest.raises(TransitionRefusedError) as refused:
                MACHINE.fire(step, trigger, evidence)
            error = refused.value
            assert (error.request_id, error.status, error.trigger, error.rule) == (
                "r-1",
                status,
                trigger,
                "no_transition",
            )
            possible = sorted(name for source, name in CELLS if source == status.value)
            listed = error.reason.removeprefix(f"from {status} there is ")
            assert sorted(listed.split(", ")) == (possible or ["that is final; submit a new request"])
            assert same()
            return
        MACHINE.fire(step, trigger, evidence)
        (decision,) = decisions(step)
        assert (decision.from_status, decision.to_status, decision.trigger) == (status, target, trigger)
        assert (decision.category, decision.code) == RECORDED[trigger]
        assert (decision.request_id, decision.seq, decision.at) == ("r-1", 1, NOON)
        assert (decision.actor, decision.reason) == (evidence.actor.id, evidence.reason)
        assert (step.request.status, step.state) == (target, target)
        assert step.request.revision == before.revision + 1
        assert step.request.head == step.decisions[0].hash
        assert decision.digest == step.request.digest
        assert decision.seal == step.request.seal()
        assert len(step.audit) == (trigger in AUDITED) == step.request.audits
        assert bool(step.history) == (step.new_state is not None) == (trigger == "execute")
        assert before == a_request(status, before.terms, validated_version=before.validated_version, held=before.held)

    def test_the_hand_written_table_speaks_of_every_status_and_trigger(self) -> None:
        assert {trigger for _, trigger, _ in ARROWS} == set(Trigger)
        assert {source for source, _, _ in ARROWS} | NEVER_LEFT == set(Status)
        assert NEVER_LEFT == TERMINAL == {status for status in Status if status.terminal}


class TestTheRunningMachine:
    def test_it_has_the_arrows_of_the_design_and_no_others(self) -> None:
        assert MACHINE.arrows() == ARROWS

    def test_so_has_the_declared_table(self) -> None:
        declared = [(source.value, row.trigger.value, row.target.value) for row in LIFECYCLE for source in row.sources]
        assert len(declared) == len(set(declared))
        assert set(declared) == ARROWS

    def test_the_table_answers_by_cell(self) -> None:
        for status in Status:
            assert set(LIFECYCLE.triggers(status)) == {trigger for source, trigger in CELLS if source == status}
            for trigger in Trigger:
                row = LIFECYCLE.cell(status, trigger)
                assert (row.target if row else None) == CELLS.get((status.value, trigger.value))

    def test_the_only_road_to_executed_leads_through_resolving(self) -> None:
        assert {(source, trigger) for source, trigger, target in ARROWS if target == "executed"} == {
            ("resolving", "execute")
        }
        assert {trigger for _, trigger, target in MACHINE.arrows() if target == "resolving"} == {"resolve"}
        assert not any(source == "approved" and target == "executed" for source, _, target in MACHINE.arrows())

    def test_every_guard_has_a_name_of_its_own_and_a_rule(self) -> None:
        names = [row.guard.name for row in LIFECYCLE]
        assert len(set(names)) == len(names)
        assert all(row.guard.rule for row in LIFECYCLE)

    @pytest.mark.parametrize(("status", "pretended"), [("pending", "resolving"), ("executed", "resolving")])
    def test_a_status_set_from_outside_moves_nothing(self, status: str, pretended: str) -> None:
        _, evidence = good("resolving", "execute")
        step = Step(a_request(status))
        step.state = pretended
        step.resolution = a_resolution()
        with pytest.raises(TransitionRefusedError):
            MACHINE.fire(step, Trigger.EXECUTE, evidence)
        assert (step.request.status, step.decisions) == (status, [])

    def test_a_slot_out_of_step_with_its_request_is_refused(self) -> None:
        step, evidence = good("pending", "approve")
        step.state = "created"
        with pytest.raises(TransitionRefusedError) as refused:
            MACHINE.fire(step, Trigger.APPROVE, evidence)
        assert refused.value.rule == "no_transition"
        assert step.decisions == []

    def test_an_effect_without_its_fact_is_a_configuration_error_not_a_move(self) -> None:
        lax = [
            replace(row, guard=Guard("lax", "anything goes", lambda _step, _evidence: ""))
            if row.trigger is Trigger.SUPERSEDE
            else row
            for row in LIFECYCLE
        ]
        step, evidence = good("pending", "supersede")
        request = step.request
        with pytest.raises(ConfigurationError, match="make the guard demand it"):
            Lifecycle(Table(lax)).fire(step, Trigger.SUPERSEDE, replace(evidence, successor=None))
        assert (step.request, step.decisions) == (request, [])


class TestFireIfAllowed:
    def test_it_moves_where_the_guard_lets_it(self) -> None:
        step, evidence = good("pending", "approve")
        assert MACHINE.fire_if_allowed(step, Trigger.APPROVE, evidence)
        assert step.request.status is Status.APPROVED
        assert len(step.decisions) == 1

    def test_it_says_no_where_the_guard_refuses(self) -> None:
        step, evidence = good("pending", "approve")
        same = as_before(step)
        assert not MACHINE.fire_if_allowed(step, Trigger.APPROVE, replace(evidence, votes=()))
        assert same()

    def test_it_says_no_where_there_is_no_such_transition(self) -> None:
        step, evidence = good("executed", "approve")
        same = as_before(step)
        assert not MACHINE.fire_if_allowed(step, Trigger.APPROVE, evidence)
        assert same()

    def test_demand_raises_only_where_there_is_no_transition(self) -> None:
        step, _ = good("pending", "approve")
        MACHINE.demand(step, Trigger.APPROVE)
        with pytest.raises(TransitionRefusedError, match="r-1 is pending, and execute is refused: from pending there"):
            MACHINE.demand(step, Trigger.EXECUTE)


OVERDUE = replace(TERMS_, expires_at=NOON)
NO_STATE: dict[str, Any] = {"state": None}
DRIFTED = replace(STATE, version=5)

# status, trigger, columns of the request, facts of the evidence, resolution of the step, words of the reason
REFUSALS: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ("created", "submit", {"terms": replace(TERMS_, requirements=())}, {}, "nothing is required of it"),
    ("created", "admit", {"terms": TERMS_}, {}, "it requires 1 approval by role security"),
    ("created", "admit", {}, {"run": None}, "no policy allows it"),
    ("created", "admit", {}, {"run": a_run(RunStatus.REFUSED)}, "no policy allows it"),
    ("created", "admit", {}, {"run": a_run(RunStatus.UNAPPROVED)}, "no policy allows it"),
    ("approved", "hold", {}, {"reason": ""}, "reason= is empty"),
    ("approved", "hold", {}, {"reason": " \n"}, "reason= is empty"),
    ("approved", "hold", {}, {"actor": STRANGER}, "mallory may neither approve it, nor is its requester"),
    ("pending", "release", {"held": "wait"}, {"actor": BOB}, "bob asked for it and cannot decide on it"),
    ("pending", "release", {"held": "wait"}, {"actor": STRANGER}, "mallory is not eligible"),
    ("pending", "release", {"held": ""}, {}, "it is not held"),
    ("pending", "vote", {}, {"digest": "other"}, "the digest 'other' is not that of its present terms"),
    ("pending", "vote", {}, {"digest": ""}, "is not that of its present terms"),
    ("pending", "vote", {}, {"actor": BOB}, "bob asked for it and cannot decide on it"),
    (
        "pending",
        "vote",
        {"terms": replace(TERMS_, requester="bot", on_behalf_of="carol")},
        {"digest": None},
        "carol asked for it and cannot decide on it",
    ),
    (
        "pending",
        "vote",
        {},
        {"actor": replace(CAROL, on_behalf_of="bob")},
        "carol acts for bob, who asked for it and cannot decide on it",
    ),
    (
        "pending",
        "vote",
        {"terms": replace(TERMS_, requester="bot", on_behalf_of="boss")},
        {"digest": None, "actor": replace(CAROL, on_behalf_of="boss")},
        "carol acts for boss, who asked for it",
    ),
    (
        "pending",
        "vote",
        {},
        {"actor": STRANGER},
        "mallory is not eligible, with sales: it requires",
    ),
    ("pending", "vote", {}, {"votes": "carol"}, "carol has approved it already"),
    ("pending", "vote", {"terms": OVERDUE}, {"digest": None}, "its deadline passed at 2026-01-31T12:00:00+00:00"),
    ("pending", "approve", {"held": "frozen"}, {}, "it is held: frozen"),
    ("pending", "approve", {}, {"votes": ()}, "still needs 1 approval by role security"),
    ("pending", "approve", {}, {"votes": (Vote.by(CAROL, "old"),)}, "still needs 1 approval"),
    ("pending", "approve", {}, {"votes": "bob"}, "still needs 1 approval"),
    ("pending", "approve", {}, {"votes": "mallory"}, "still needs 1 approval"),
    ("pending", "approve", {"terms": OVERDUE}, {"votes": "carol"}, "its deadline passed"),
    ("pending", "reject", {}, {"reason": ""}, "say why"),
    ("pending", "reject", {}, {"actor": STRANGER}, "mallory is not eligible"),
    ("pending", "reject", {}, {"actor": BOB}, "bob asked for it"),
    ("revalidation", "reject", {}, {"actor": ROOT}, "root is not eligible"),
    ("revalidation", "reject", {"terms": replace(TERMS_, requirements=())}, {}, "it requires nobody"),
    ("pending", "cancel", {}, {"actor": CAROL}, "carol is neither its requester bob nor an administrator"),
    ("failed", "cancel", {}, {"actor": ROOT, "administrator_role": "owner"}, "nor an owner"),
    ("pending", "expire", {"terms": TERMS_}, {}, "it has no deadline"),
    ("approved", "expire", {}, {"at": NOON - timedelta(microseconds=1)}, "its deadline is 2026-01-31T12:00:00+00:00"),
    ("pending", "supersede", {}, {"successor": None}, "there is no such successor"),
    ("pending", "supersede", {}, {"successor": a_request("pending")}, "it cannot succeed itself"),
    ("pending", "supersede", {}, {"successor": a_request("canceled", id="r-2")}, "its successor r-2 is canceled"),
    ("pending", "supersede", {}, {"successor": a_request("superseded", id="r-2")}, "its successor r-2 is superseded"),
    ("pending", "supersede", {}, {"actor": CAROL}, "carol is neither its requester"),
    ("approved", "resolve", {}, {"resolution": None}, "its version was not resolved"),
    ("approved", "resolve", {}, NO_STATE, "its version was not resolved"),
    ("approved", "resolve", {}, {"state": DRIFTED}, "resolved against another version than the state has"),
    ("approved", "resolve", {}, {"resolution": a_resolution(current=5)}, "against another version than the state has"),
    ("approved", "resolve", {}, {"resolution": a_resolution(expected=3)}, "another version than it was approved for"),
    ("approved", "resolve", {}, {"votes": ()}, "still needs 1 approval"),
    ("approved", "resolve", {}, {"votes": (Vote.by(CAROL, "old"),)}, "still needs 1 approval"),
    ("approved", "resolve", {"terms": OVERDUE}, {"votes": "carol"}, "its deadline passed"),
    ("revalidation", "resolve", {"validated_version": None}, {}, "it has not been revalidated"),
    ("resolving", "execute", {"resolution": None}, {}, "no resolution of this attempt lets it proceed"),
    ("resolving", "execute", {"resolution": a_resolution("stale")}, {}, "no resolution of this attempt"),
    ("resolving", "execute", {"resolution": a_resolution("revalidate")}, {}, "no resolution of this attempt"),
    ("resolving", "execute", {"resolution": a_resolution("renew_approval")}, {}, "no resolution of this attempt"),
    ("resolving", "execute", {}, NO_STATE, "the version to be replaced is not the one that was resolved"),
    ("resolving", "execute", {}, {"state": DRIFTED}, "the version to be replaced is not the one that was resolved"),
    ("resolving", "execute", {}, {"run": None}, "the mutation did not succeed"),
    ("resolving", "execute", {}, {"run": a_run(RunStatus.UNAPPROVED)}, "the mutation did not succeed"),
    ("resolving", "execute", {}, {"run": a_run(RunStatus.REFUSED)}, "the mutation did not succeed"),
    ("resolving", "execute", {}, {"run": a_run(RunStatus.FAILED)}, "the mutation did not succeed"),
    ("resolving", "execute", {}, {"new_state": None}, "the new version is not the next one"),
    ("resolving", "execute", {}, {"new_state": STATE}, "the new version is not the next one"),
    ("resolving", "execute", {}, {"new_state": replace(STATE, version=6)}, "the new version is not the next one"),
    ("resolving", "mark_stale", {"resolution": None}, {}, "its resolution does not say stale"),
    ("resolving", "mark_stale", {"resolution": a_resolution()}, {}, "its resolution does not say stale"),
    ("resolving", "require_revalidation", {"resolution": None}, {}, "its resolution does not say revalidate"),
    ("resolving", "require_revalidation", {"resolution": a_resolution("stale")}, {}, "does not say revalidate"),
    ("resolving", "renew_approval", {"resolution": None}, {"run": None}, "neither its resolution nor a policy demands"),
    (
        "resolving",
        "renew_approval",
        {"resolution": a_resolution()},
        {"run": a_run()},
        "neither its resolution nor a policy",
    ),
    ("revalidation", "renew_approval", {}, {"run": a_run(RunStatus.REFUSED)}, "neither its resolution nor a policy"),
    ("resolving", "renew_approval", {}, {"terms": None}, "its terms were not renewed on the current version"),
    ("resolving", "renew_approval", {}, NO_STATE, "its terms were not renewed on the current version"),
    ("resolving", "renew_approval", {}, {"state": DRIFTED}, "its terms were not renewed on the current version"),
    ("revalidation", "revalidate", {}, NO_STATE, "there is no current state to revalidate it on"),
    ("revalidation", "revalidate", {}, {"run": None}, "its run on the current state did not end as accepted"),
    ("revalidation", "revalidate", {}, {"run": a_run(RunStatus.UNAPPROVED)}, "did not end as accepted"),
    ("resolving", "block", {}, {"run": None}, "did not end as refused"),
    ("revalidation", "block", {}, {"run": a_run()}, "did not end as refused"),
    ("resolving", "fail", {}, {"run": None}, "did not end as failed"),
    ("revalidation", "fail", {}, {"run": a_run(RunStatus.REFUSED)}, "did not end as failed"),
    ("failed", "retry", {"failures": 3}, {}, "it failed 3 times, the most allowed"),
    ("failed", "retry", {"failures": 1}, {"max_failures": 1}, "it failed 1 times, the most allowed"),
    ("failed", "retry", {}, {"max_failures": 0}, "it failed 0 times, the most allowed"),
]


class TestGuards:
    @pytest.mark.parametrize(("status", "trigger", "columns", "facts", "words"), REFUSALS)
    def test_a_refusal_says_why_and_changes_nothing(
        self, status: str, trigger: str, columns: dict[str, Any], facts: dict[str, Any], words: str
    ) -> None:
        fine, evidence = good(status, trigger)
        columns, facts = dict(columns), dict(facts)
        resolution = columns.pop("resolution", fine.resolution)
        request = fine.request
        if "terms" in columns:
            request = a_request(status, columns.pop("terms"), validated_version=request.validated_version)
        step = Step(replace(request, **columns))
        step.resolution = resolution
        if facts.get("digest", "") is None:
            facts["digest"] = request.digest
        if isinstance(facts.get("votes"), str):
            voter = {"carol": CAROL, "bob": replace(BOB, roles=("security",)), "mallory": STRANGER}[facts["votes"]]
            facts["votes"] = (Vote.by(voter, request.digest),)
        same = as_before(step)
        with pytest.raises(TransitionRefusedError) as refused:
            MACHINE.fire(step, Trigger(trigger), replace(evidence, **facts))
        error = refused.value
        row = LIFECYCLE.cell(Status(status), Trigger(trigger))
        assert row is not None
        assert words in error.reason
        assert (error.request_id, error.status, error.trigger, error.rule) == ("r-1", status, trigger, row.guard.name)
        assert error.reason in str(error)
        assert same()

    def test_every_guard_is_refused_somewhere_above(self) -> None:
        assert {trigger for _, trigger, _, _, _ in REFUSALS} == set(Trigger)

    @pytest.mark.parametrize("actor", [BOB, ROOT])
    def test_requester_and_administrator_may_cancel(self, actor: Actor) -> None:
        step, evidence = good("pending", "cancel")
        MACHINE.fire(step, Trigger.CANCEL, replace(evidence, actor=actor))
        assert step.status is Status.CANCELED

    def test_an_executed_request_may_be_a_successor(self) -> None:
        step, evidence = good("pending", "supersede")
        MACHINE.fire(step, Trigger.SUPERSEDE, replace(evidence, successor=a_request("executed", id="r-2")))
        assert step.request.successor == "r-2"

    def test_a_deadline_counts_from_its_very_moment(self) -> None:
        step, evidence = good("pending", "expire")
        assert not MACHINE.fire_if_allowed(step, Trigger.EXPIRE, replace(evidence, at=NOON - timedelta(microseconds=1)))
        assert MACHINE.fire_if_allowed(step, Trigger.EXPIRE, replace(evidence, at=NOON))

    def test_a_policy_may_demand_approval_again_where_the_version_is_the_same(self) -> None:
        step, evidence = good("revalidation", "renew_approval")
        MACHINE.fire(step, Trigger.RENEW_APPROVAL, evidence)
        assert step.request.status is Status.PENDING


class TestWhatAMoveDoes:
    def moved(self, status: str, trigger: str) -> tuple[Step, Decision]:
        step, evidence = good(status, trigger)
        MACHINE.fire(step, Trigger(trigger), evidence)
        return step, decisions(step)[0]

    def test_a_hold_is_remembered_and_forgotten(self) -> None:
        assert self.moved("approved", "hold")[0].request.held == "because"
        assert self.moved("pending", "release")[0].request.held == ""

    def test_an_attempt_is_counted_and_named(self) -> None:
        step, decision = self.moved("approved", "resolve")
        assert (step.request.attempts, step.request.execution_id) == (1, "x-1")
        assert decision.metadata["execution_id"] == "x-1"
        assert decision.metadata["attempt"] == 1
        assert (decision.metadata["expected_version"], decision.metadata["current_version"]) == (4, 4)

    def test_an_execution_names_both_versions_and_writes_the_history(self) -> None:
        step, decision = self.moved("resolving", "execute")
        assert (step.request.resolved_version, step.request.resulting_version) == (4, 5)
        assert (decision.metadata["resolved_version"], decision.metadata["resulting_version"]) == (4, 5)
        (audit,) = AUDIT_BOOK.read(step.audit)
        assert (audit.outcome, audit.resulting_version, audit.changes) == ("executed", 5, CHANGED)
        writes = step.writes()
        assert (writes.version, writes.state) == (4, step.new_state)

    def test_where_the_table_was_changed_by_other_hands_its_history_begins_again(self) -> None:
        adopted, executed = HISTORY_BOOK.read(self.moved("resolving", "execute")[0].history)
        assert (adopted.kind, adopted.version, adopted.changes[0].after) == (HistoryKind.ADOPTED, 4, {"members": {}})
        assert (executed.kind, executed.version, executed.before_hash) == (HistoryKind.EXECUTED, 5, STATE.hash)

    def test_a_failure_is_counted_and_its_error_kept(self) -> None:
        step, _ = self.moved("resolving", "fail")
        (audit,) = AUDIT_BOOK.read(step.audit)
        assert (step.request.failures, audit.outcome, audit.error) == (1, "failed", "ValueError: eh")

    def test_renewed_terms_have_another_digest(self) -> None:
        step, decision = self.moved("resolving", "renew_approval")
        assert step.request.terms_number == 2
        assert step.writes().new_terms
        assert decision.metadata["replaced_digest"] != step.request.digest == digest(step.request.terms_json)

    def test_a_revalidation_is_for_its_version_and_forgotten_when_another_is_required(self) -> None:
        assert self.moved("revalidation", "revalidate")[0].request.expected_version == 4
        step, evidence = good("resolving", "require_revalidation")
        step.request = replace(step.request, validated_version=4)
        MACHINE.fire(step, Trigger.REQUIRE_REVALIDATION, evidence)
        assert step.request.validated_version is None

    def test_a_vote_records_the_roles_held_then_and_an_approval_who_counted(self) -> None:
        assert self.moved("pending", "vote")[1].metadata == {"roles": ["security"], "groups": []}
        assert self.moved("pending", "approve")[1].metadata == {"counted": ["carol"]}

    def test_who_acts_for_somebody_is_recorded_with_them(self) -> None:
        step, evidence = good("pending", "cancel")
        MACHINE.fire(step, Trigger.CANCEL, replace(evidence, actor=replace(BOB, on_behalf_of="boss")))
        assert (decisions(step)[0].actor, decisions(step)[0].on_behalf_of) == ("bob", "boss")

    def test_a_clock_that_jumps_back_does_not_turn_a_trail_around(self) -> None:
        step, evidence = good("pending", "vote")
        MACHINE.fire(step, Trigger.VOTE, replace(evidence, at=LATER))
        votes = (Vote.by(CAROL, step.request.digest),)
        MACHINE.fire(step, Trigger.APPROVE, replace(evidence, votes=votes, at=NOON))
        MACHINE.fire(step, Trigger.HOLD, replace(evidence, reason="wait", at=LATER + timedelta(seconds=1)))
        assert [each.at for each in decisions(step)] == [LATER, LATER, LATER + timedelta(seconds=1)]
        assert step.request.updated_at == LATER + timedelta(seconds=1)


def a_long_life() -> Step:
    """Vote, approve, hold, release, approve, and fail twice."""
    step, voted = good("pending", "vote")
    votes = (Vote.by(CAROL, step.request.digest),)
    plain = replace(voted, votes=votes, reason="because")
    attempt = replace(plain, resolution=a_resolution(), state=STATE, execution_id="x", run=a_run(RunStatus.FAILED))
    MACHINE.fire(step, Trigger.VOTE, voted)
    for trigger in (Trigger.APPROVE, Trigger.HOLD, Trigger.RELEASE, Trigger.APPROVE):
        MACHINE.fire(step, trigger, plain)
    for trigger in (Trigger.RESOLVE, Trigger.FAIL, Trigger.RETRY, Trigger.RESOLVE, Trigger.FAIL):
        MACHINE.fire(step, trigger, attempt)
    return step


LIFE = a_long_life()
LEDGERS: list[tuple[Book[Any], list[Link]]] = [
    (DECISION_BOOK, LIFE.decisions),
    (AUDIT_BOOK, LIFE.audit),
    (HISTORY_BOOK, good("resolving", "execute")[0].history),
]
BOOKS = st.sampled_from(LEDGERS[:2])


class TestTheChain:
    def test_it_reads_back_from_end_to_end(self) -> None:
        read = decisions(LIFE)
        assert [each.seq for each in read] == list(range(1, 11)) == [link.seq for link in LIFE.decisions]
        assert [one.to_status for one in read][:-1] == [other.from_status for other in read][1:]
        assert read[-1].seal == LIFE.request.seal()
        assert [each.attempt for each in AUDIT_BOOK.read(LIFE.audit)] == [1, 2]
        assert (LIFE.request.head, LIFE.request.audit_head) == (LIFE.decisions[-1].hash, LIFE.audit[-1].hash)

    def test_it_can_be_read_on_from_any_place(self) -> None:
        for place in range(1, len(LIFE.decisions)):
            assert DECISION_BOOK.read(LIFE.decisions[place:], LIFE.decisions[place - 1].hash) == decisions(LIFE)[place:]

    @given(st.data(), BOOKS)
    def test_a_changed_byte_anywhere_is_found_and_its_row_is_named(
        self, data: st.DataObject, ledger: tuple[Book[Any], list[Link]]
    ) -> None:
        book, links = ledger
        index = data.draw(st.integers(0, len(links) - 1))
        link = links[index]
        at = data.draw(st.integers(0, len(link.body) - 1))
        byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != link.body[at]))
        body = link.body[:at] + bytes([byte]) + link.body[at + 1 :]
        with pytest.raises(IntegrityError) as broken:
            book.read([*links[:index], replace(link, body=body), *links[index + 1 :]])
        assert (broken.value.table, broken.value.row) == (book.ledger, f"r-1#{link.seq}")

    @given(st.data(), BOOKS)
    def test_so_is_a_changed_hash(self, data: st.DataObject, ledger: tuple[Book[Any], list[Link]]) -> None:
        book, links = ledger
        index = data.draw(st.integers(0, len(links) - 1))
        other = data.draw(st.text("0123456789abcdef", min_size=64, max_size=64))
        with pytest.raises(IntegrityError):
            book.read([*links[:index], replace(links[index], hash=other), *links[index + 1 :]])

    @given(st.data())
    def test_so_are_rows_removed_doubled_or_moved(self, data: st.DataObject) -> None:
        links = LIFE.decisions
        indices = data.draw(st.lists(st.integers(0, len(links) - 1), min_size=1))
        picked = [links[index] for index in indices]
        if indices == list(range(len(indices))):
            assert len(DECISION_BOOK.read(picked)) == len(indices)
        else:
            with pytest.raises(IntegrityError):
                DECISION_BOOK.read(picked)


def moves() -> st.SearchStrategy[list[tuple[Trigger, Status, int]]]:
    return st.lists(
        st.tuples(st.sampled_from(list(Trigger)), st.sampled_from(list(Status)), st.integers(-60, 60)), max_size=25
    )


def fired(step: Step, trigger: Trigger, evidence: Evidence) -> bool:
    try:
        MACHINE.fire(step, trigger, evidence)
    except TransitionRefusedError:
        return False
    return True


class TestAnyLife:
    @given(moves())
    def test_whatever_is_asked_in_whatever_order_the_trail_is_whole(
        self, asked: list[tuple[Trigger, Status, int]]
    ) -> None:
        step = Step(a_request("created"), new=True)
        refusals = 0
        for trigger, status, minutes in asked:
            _, evidence = good(status, trigger)
            before = (step.request, len(step.decisions))
            at = NOON + timedelta(minutes=minutes)
            votes = (Vote.by(CAROL, step.request.digest),)
            evidence = replace(evidence, at=at, votes=votes, digest=step.request.digest)
            if not fired(step, trigger, evidence):
                refusals += 1
                assert (step.request, len(step.decisions)) == before
        trail = decisions(step)
        assert len(trail) + refusals == len(asked)
        assert [each.seq for each in trail] == list(range(1, len(trail) + 1))
        assert all((each.from_status, each.trigger, each.to_status) in ARROWS for each in trail)
        path = ["created", *(each.to_status for each in trail)]
        assert path[:-1] == [each.from_status for each in trail]
        assert path[-1] == step.state == step.request.status
        assert not any(status in NEVER_LEFT for status in path[:-1])
        assert sorted(each.at for each in trail) == [each.at for each in trail]
        assert step.request.revision == len(trail)
        assert ("executed" in path) == (step.new_state is not None)
        assert not trail or trail[-1].seal == step.request.seal()


ROWS = tuple(LIFECYCLE)
ANY: Any = None
SUBMIT = ROWS[0]


def without(*triggers: Trigger) -> list[Transition]:
    return [row for row in ROWS if row.trigger not in triggers]


class TestTheTableItself:
    def test_the_rows_of_the_lifecycle_are_sound(self) -> None:
        assert tuple(Table(ROWS)) == ROWS

    @pytest.mark.parametrize(
        ("rows", "words"),
        [
            ([replace(SUBMIT, trigger=ANY)], "unknown trigger None"),
            ([*ROWS, replace(SUBMIT, trigger=ANY)], "unknown trigger"),
            ([*ROWS, replace(SUBMIT, sources=())], "submit starts nowhere"),
            ([*without(Trigger.SUBMIT), replace(SUBMIT, sources=(ANY,))], "submit names the unknown status None"),
            ([*without(Trigger.SUBMIT), replace(SUBMIT, target=ANY)], "submit names the unknown status None"),
            ([*ROWS, replace(SUBMIT, target=Status.APPROVED)], "two rows for submit from created"),
            ([*ROWS, replace(SUBMIT)], "two rows for submit from created"),
            ([*without(Trigger.SUBMIT), replace(SUBMIT, guard=Guard("", "a rule", SUBMIT.guard.refuses))], "no reason"),
            ([*without(Trigger.SUBMIT), replace(SUBMIT, guard=Guard("name", " ", SUBMIT.guard.refuses))], "no reason"),
            ([*ROWS, replace(SUBMIT, sources=(Status.EXECUTED,))], "submit leaves executed, which is terminal"),
            (without(Trigger.MARK_STALE), "nothing leads to stale"),
            (without(Trigger.REQUIRE_REVALIDATION, Trigger.REVALIDATE), "nothing leads to revalidation"),
            (
                [
                    replace(row, sources=tuple(each for each in row.sources if each is not Status.FAILED))
                    for row in without(Trigger.RETRY)
                ],
                "nobody can leave failed",
            ),
            ([], "nobody can leave created|nothing leads to"),
        ],
    )
    def test_an_unsound_table_is_refused_when_it_is_built(self, rows: list[Transition], words: str) -> None:
        with pytest.raises(TableError, match=words):
            Table(rows)

    def test_a_status_that_only_leads_to_itself_is_nobodys_way_out(self) -> None:
        rows = [
            replace(row, sources=tuple(each for each in row.sources if each is not Status.FAILED))
            for row in without(Trigger.RETRY)
        ]
        circle = replace(SUBMIT, trigger=Trigger.RETRY, sources=(Status.FAILED,), target=Status.FAILED)
        with pytest.raises(TableError, match="nobody can leave failed for good"):
            Table([*rows, circle])

    def test_nor_is_it_a_way_in(self) -> None:
        circle = replace(SUBMIT, trigger=Trigger.MARK_STALE, sources=(Status.FAILED,), target=Status.FAILED)
        rows = [replace(row, target=Status.PENDING) if row.target is Status.FAILED else row for row in ROWS]
        with pytest.raises(TableError, match="nothing leads to failed"):
            Table([*rows, circle])

    def test_categories_are_those_of_decisions(self) -> None:
        assert {row.category for row in ROWS} == set(Category)

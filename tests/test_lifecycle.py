"""The lifecycle: every cell of the table moves or is refused with a reason, and every move leaves exactly its trail."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import a_terms
from placet import Actor, ActorKind, Change, MutationRequest, Status
from placet.errors import ConfigurationError, IntegrityError, TableError, TransitionRefusedError
from placet.lifecycle.guards import Guard
from placet.lifecycle.machine import MACHINE, Lifecycle
from placet.lifecycle.step import Evidence, Step
from placet.lifecycle.table import LIFECYCLE
from placet.lifecycle.transition import Table, Transition, Trigger
from placet.model.canonical import Link, canonical, digest
from placet.model.changes import ChangeKind
from placet.model.channel import Channel
from placet.model.circumstances import Awaited, Circumstances
from placet.model.emergency import Emergency
from placet.model.grant import Act, Grant
from placet.model.mutation import Issue
from placet.model.request import TERMINAL
from placet.model.requirement import Requirement, WhenImpossible
from placet.model.resolution import Resolution, ResolutionOutcome
from placet.model.run import Mode, Run, RunStatus
from placet.model.state import StoredState
from placet.model.terms import Terms
from placet.model.trail import (
    AUDIT_BOOK,
    DECISION_BOOK,
    DECISIONS,
    HISTORY_BOOK,
    Answer,
    Book,
    Category,
    Code,
    Decision,
    HistoryKind,
)
from placet.requirements import Approval, Dependency, ExternalCheck, Freeze, ManualReview, Rejection, Schedule

Trail = Callable[[MutationRequest], tuple[Decision, ...]]
"""Makes the decisions that a request has behind it, once its digest is known."""

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
LATER = NOON + HOUR
BOB, ROOT = Actor("bob"), Actor("root", roles=("administrator",))
CAROL, DAVE = Actor("carol", roles=("security",)), Actor("dave", roles=("security",))
LARA, OLGA, STRANGER = (
    Actor("lara", roles=("legal",)),
    Actor("olga", roles=("oncall",)),
    Actor("mallory", roles=("sales",)),
)
STEWARD = Actor("steve", roles=("steward",))
TAKES = Grant(Act.TAKE_OVER, ("steward",))

# Section by section as the lifecycle was designed, written down by hand: trigger, sources, target, category, code.
# The target "=" is the status it starts from.
DESIGN = [
    ("submit", "created", "pending", "lifecycle", "submitted"),
    ("admit", "created", "approved", "lifecycle", "admitted"),
    ("amend", "created pending approved revalidation failed", "pending", "lifecycle", "amended"),
    ("take_over", "created pending approved revalidation failed", "pending", "lifecycle", "taken_over"),
    ("hold", "pending approved", "pending", "lifecycle", "held"),
    ("release", "pending", "=", "lifecycle", "released"),
    ("vote", "pending", "=", "approval", "voted"),
    ("dissent", "pending", "=", "approval", "dissented"),
    ("abstain", "pending", "=", "approval", "abstained"),
    ("withdraw", "pending", "=", "approval", "withdrawn"),
    ("report", "pending approved", "=", "approval", "reported"),
    ("waive", "pending approved", "=", "approval", "waived"),
    ("request_changes", "pending", "created", "approval", "changes_requested"),
    ("approve", "pending", "approved", "approval", "approved"),
    ("reject", "pending", "rejected", "approval", "rejected"),
    ("reject", "revalidation", "rejected", "approval", "rejected"),
    ("note", "pending", "=", "approval", "unsatisfiable"),
    ("lapse", "approved revalidation", "pending", "approval", "lapsed"),
    ("expire_approval", "pending approved revalidation", "pending", "approval", "approval_expired"),
    ("cancel", "created pending approved revalidation failed", "canceled", "lifecycle", "canceled"),
    ("expire", "created pending approved revalidation failed", "expired", "lifecycle", "expired"),
    ("supersede", "created pending approved revalidation failed", "superseded", "lifecycle", "superseded"),
    ("resolve", "approved revalidation", "resolving", "version_resolution", "resolved"),
    ("override", "pending approved revalidation", "resolving", "version_resolution", "overridden"),
    ("execute", "resolving", "executed", "execution", "executed"),
    ("mark_stale", "resolving", "stale", "version_resolution", "stale"),
    ("mark_in_place", "resolving", "stale", "version_resolution", "already_in_place"),
    ("renew_approval", "resolving revalidation", "pending", "version_resolution", "approval_renewed"),
    ("require_revalidation", "resolving", "revalidation", "version_resolution", "revalidation_required"),
    ("revalidate", "revalidation", "=", "version_resolution", "revalidated"),
    ("block", "resolving revalidation", "rejected", "execution", "blocked"),
    ("fail", "resolving revalidation", "failed", "execution", "failed"),
    ("retry", "failed", "approved", "lifecycle", "retried"),
    ("comment", "created pending approved revalidation failed", "=", "lifecycle", "commented"),
    ("comment", "executed stale rejected canceled expired superseded", "=", "lifecycle", "commented"),
    ("review", "executed", "=", "approval", "reviewed"),
]
ARROWS = {
    (source, trigger, source if target == "=" else target)
    for trigger, sources, target, _, _ in DESIGN
    for source in sources.split()
}
CELLS = {(source, trigger): target for source, trigger, target in ARROWS}
RECORDED = {trigger: (category, code) for trigger, _, _, category, code in DESIGN}
AUDITED = {"execute", "mark_stale", "mark_in_place", "renew_approval", "require_revalidation", "block", "fail"}
NEVER_LEFT = {"executed", "stale", "rejected", "canceled", "expired", "superseded"}
FOLLOWED = {
    "submit": "expire expire_approval approve reject note",
    "amend": "expire expire_approval approve reject note",
    "take_over": "expire expire_approval approve reject note",
    "vote": "expire expire_approval approve reject note",
    "dissent": "expire expire_approval approve reject note",
    "abstain": "expire expire_approval approve reject note",
    "withdraw": "expire expire_approval approve reject note",
    "report": "expire expire_approval approve reject note lapse",
    "waive": "expire expire_approval approve reject note",
    "release": "expire expire_approval approve reject note",
    "renew_approval": "expire expire_approval approve reject note",
    "lapse": "expire",
    "retry": "expire_approval lapse",
}

SECURITY = Approval(1, roles=("security",))
LEGAL = ManualReview(name="legal", roles=("legal",))
FREEZE = Freeze(name="year-end", until=LATER, waiver_roles=("security",))
AFTER = Dependency(request_id="r-0")
TERMS_ = a_terms(SECURITY)
PAUSING = a_terms(SECURITY, pause_for_revalidation=True)
PAUSING_FREE = a_terms(pause_for_revalidation=True)
FOR_AN_HOUR = a_terms(SECURITY, approval_valid_for=HOUR)
STATE = StoredState("house", "Roles", 4, b'{"members":{}}', digest(b'{"members":{}}'))
CHANGED = (Change("/members/ada", ChangeKind.ADDED, after="reader"),)
GLASS = Grant(Act.EMERGENCY, ("oncall",))
OUTCOMES = {
    "mark_stale": ResolutionOutcome.STALE,
    "mark_in_place": ResolutionOutcome.ALREADY_IN_PLACE,
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


def said(request: MutationRequest, code: Code, actor: Actor, facts: dict[str, Any]) -> Decision:
    """Make a decision as it stands in the trail of a request."""
    return Decision(
        request_id=request.id,
        seq=1,
        at=NOON,
        category=Category.APPROVAL,
        code=code,
        trigger="",
        from_status="",
        to_status="",
        actor=actor.id,
        on_behalf_of=actor.on_behalf_of,
        reason="because",
        digest=request.digest,
        seal="",
        metadata=facts,
    )


def votes(*actors: Actor, code: Code = Code.VOTED, step: int = 1, ends: bool = True) -> Trail:
    """Make a trail in which these have voted, for the terms that the request has."""

    def facts(actor: Actor) -> dict[str, Any]:
        held = {"roles": list(actor.roles), "groups": list(actor.groups), "kind": actor.kind.value, "step": step}
        return held | ({"code": "other", "ends": ends} if code is Code.DISSENTED else {})

    return lambda request: tuple(said(request, code, actor, facts(actor)) for actor in actors)


def dissents(*actors: Actor, ends: bool = True) -> Trail:
    return votes(*actors, code=Code.DISSENTED, ends=ends)


def on_other_terms(trail: Trail) -> Trail:
    return lambda request: tuple(replace(each, digest="old") for each in trail(request))


def voted_and_reviewed(request: MutationRequest) -> tuple[Decision, ...]:
    held = {"check": "legal", "passed": True, "roles": ["legal"], "groups": [], "kind": "human", "step": 1}
    return (*votes(CAROL)(request), said(request, Code.REPORTED, Actor("erin", roles=("legal",)), held))


def nothing(_: MutationRequest) -> tuple[Decision, ...]:
    return ()


def listed(requirement: Requirement, *actors: Actor) -> Circumstances:
    """Make circumstances in which these are eligible for a requirement."""
    return Circumstances(candidates={requirement: actors})


GOOD_TERMS: dict[str, Terms] = {
    "admit": a_terms(),
    "expire": a_terms(SECURITY, expires_at=NOON),
    "report": a_terms(LEGAL),
    "waive": a_terms(FREEZE),
    "note": a_terms(AFTER),
    "expire_approval": a_terms(SECURITY, LEGAL, approval_valid_for=HOUR),
}
GOOD_COLUMNS: dict[tuple[str, str], dict[str, Any]] = {
    ("pending", "release"): {"held": "wait"},
    ("revalidation", "resolve"): {"validated_version": 4},
    ("revalidation", "override"): {"validated_version": 4},
    ("executed", "review"): {"review": "open", "emergency_by": "olga"},
}
GOOD_TRAILS: dict[tuple[str, str], Trail] = {
    ("pending", "withdraw"): votes(CAROL),
    ("pending", "approve"): votes(CAROL),
    ("pending", "reject"): dissents(CAROL),
    ("approved", "resolve"): votes(CAROL),
    ("revalidation", "resolve"): votes(CAROL),
    **{(status, "expire_approval"): voted_and_reviewed for status in ("pending", "approved", "revalidation")},
}


def good(
    status: str,
    trigger: str,
    terms: Terms | None = None,
    trail: Trail | None = None,
    **columns: Any,  # noqa: ANN401 - columns of a request
) -> tuple[Step, Evidence]:
    """Give a step in this status, and the least evidence with which the trigger moves it."""
    cell = (str(status), str(trigger))
    columns = GOOD_COLUMNS.get(cell, {}) | columns
    request = a_request(status, terms or GOOD_TERMS.get(trigger, TERMS_), **columns)
    behind = trail or GOOD_TRAILS.get(cell, nothing)
    step = Step(request, behind(request))
    if status == "resolving":
        step.resolution = a_resolution(OUTCOMES.get(trigger, ResolutionOutcome.UNCHANGED))
    return step, Evidence(**{"at": NOON, "actor": BOB, **good_facts(trigger, request)})


def good_facts(trigger: str, request: MutationRequest) -> dict[str, Any]:
    shown: dict[str, Any] = {"actor": CAROL, "digest": request.digest}
    spoken = {"reason": "because"}
    renewed = {"state": STATE, "terms": replace(request.terms, number=request.terms.number + 1)}
    attempt = {"resolution": a_resolution(), "state": STATE, "execution_id": "x-1"}
    facts: dict[str, dict[str, Any]] = {
        "admit": {"run": a_run()},
        "amend": renewed,
        "take_over": renewed | spoken | {"actor": STEWARD, "run": a_run(grants=(TAKES,))},
        "hold": spoken,
        "release": {"actor": CAROL},
        "comment": spoken,
        "vote": shown,
        "dissent": shown | spoken | {"code": "other"},
        "abstain": shown,
        "withdraw": {"actor": CAROL},
        "report": shown | spoken | {"actor": LARA, "about": "legal", "passed": True},
        "waive": shown | spoken | {"about": "year-end"},
        "request_changes": spoken | {"actor": CAROL},
        "reject": spoken | {"actor": CAROL, "code": "other", "digest": request.digest},
        "expire_approval": {"at": LATER},
        "supersede": {"successor": replace(request, id="r-2", status=Status.PENDING)},
        "resolve": attempt,
        "override": attempt
        | {"actor": OLGA, "emergency": Emergency("the house burns", "INC-43"), "run": a_run(grants=(GLASS,))},
        "execute": {"state": STATE, "run": a_run(), "new_state": STATE.next(b'{"members":{"ada":"reader"}}')},
        "mark_stale": {"state": STATE, "run": a_run()},
        "mark_in_place": {"state": STATE, "run": a_run()},
        "renew_approval": renewed | {"run": a_run(RunStatus.UNAPPROVED)},
        "revalidate": shown | {"state": STATE, "run": a_run(), "effect_digest": request.digest},
        "block": {"run": a_run(RunStatus.REFUSED)},
        "fail": {"run": a_run(RunStatus.FAILED, error="ValueError: eh")},
        "review": spoken | {"actor": CAROL},
    }
    return facts.get(trigger, {})


def as_before(step: Step) -> Callable[[], bool]:
    """Remember a step, to tell later whether it is still what it was."""
    was = (step.request, step.state, step.resolution, step.new_state, step.trail, step.ballots)
    ledgers = ([*step.decisions], [*step.audit], [*step.history])
    writes = step.writes()

    def same() -> bool:
        now = (step.request, step.state, step.resolution, step.new_state, step.trail, step.ballots)
        return (
            all(one is other for one, other in zip(now, was, strict=True))
            and (step.decisions, step.audit, step.history) == ledgers
            and step.writes() == writes
        )

    return same


def decisions(step: Step) -> list[Decision]:
    return DECISION_BOOK.read(step.decisions)


class TestAStep:
    def test_one_that_moved_nothing_replaces_nothing(self) -> None:
        step = Step(a_request("approved"))
        writes = step.writes()
        assert (writes.request, writes.revision, writes.new_terms) == (step.request, step.request.revision, False)
        assert (writes.state, writes.version) == (None, 0)
        assert (writes.decisions, writes.audit, writes.history) == ((), (), ())
        assert (step.resolution, step.refusal) == (None, None)

    def test_it_is_judged_once_for_the_same_facts_and_anew_for_others(self) -> None:
        step, evidence = good("pending", "vote")
        found = step.standing(evidence)
        assert step.standing(evidence) is found
        assert step.standing(replace(evidence, at=LATER)) is not found

    def test_its_deadline_is_judged_by_the_moment_and_the_circumstances_of_the_move(self) -> None:
        lasting = ExternalCheck(name="backup", valid_for=HOUR, deadline=LATER + HOUR)
        held = {"check": "backup", "passed": True, "roles": [], "groups": [], "kind": "service", "step": 1}

        def reported(request: MutationRequest) -> tuple[Decision, ...]:
            return (said(request, Code.REPORTED, Actor("ci", ActorKind.SERVICE), held),)

        for at, due in ((LATER - TICK, None), (LATER, LATER + HOUR)):
            step, evidence = good("pending", "comment", a_terms(lasting, SECURITY), reported)
            MACHINE.fire(step, Trigger.COMMENT, replace(evidence, at=at))
            assert step.request.due_at == due
        rechecked = replace(SECURITY, recheck=True, deadline=LATER)
        for now, due in ((CAROL, None), (Actor("carol"), LATER)):
            step, evidence = good("pending", "comment", a_terms(rechecked), votes(CAROL))
            MACHINE.fire(
                step,
                Trigger.COMMENT,
                replace(evidence, circumstances=Circumstances(speakers={("carol", "carol"): now})),
            )
            assert step.request.due_at == due


class TestEveryCell:
    @pytest.mark.parametrize("trigger", list(Trigger))
    @pytest.mark.parametrize("status", list(Status))
    def test_it_moves_and_leaves_one_decision_or_it_is_refused_and_leaves_nothing(
        self, status: Status, trigger: Trigger
    ) -> None:
        step, evidence = good(status, trigger)
        before, behind, same = step.request, step.trail, as_before(step)
        target = CELLS.get((status.value, trigger.value))
        if target is None:
            with pytest.raises(TransitionRefusedError) as refused:
                MACHINE.fire(step, trigger, evidence)
            error = refused.value
            assert (error.request_id, error.status, error.method, error.rule) == (
                "r-1",
                status,
                trigger.method,
                "no_transition",
            )
            possible = {Trigger(name).method for source, name in CELLS if source == status.value}
            offered = set(error.reason.removeprefix("what can be done with it now is ").split(", "))
            assert offered == ({"that is final; submit a new request"} if status.terminal else possible)
            assert same()
            return
        MACHINE.fire(step, trigger, evidence)
        (decision,) = decisions(step)
        assert (decision.from_status, decision.to_status, decision.trigger) == (status, target, trigger)
        assert (decision.category, decision.code) == RECORDED[trigger]
        assert (decision.request_id, decision.seq, decision.at) == ("r-1", 1, evidence.at)
        assert (decision.actor, decision.reason) == (evidence.actor.id, evidence.reason)
        assert (step.request.status, step.state) == (target, target)
        assert step.request.revision == before.revision + 1
        assert step.request.head == step.decisions[0].hash
        assert decision.digest == step.request.digest
        assert decision.seal == step.request.seal()
        assert step.trail[:-1] == behind
        assert DECISIONS.dump(step.trail[-1]) == step.decisions[0].body
        assert len(step.audit) == (trigger in AUDITED) == step.request.audits
        assert bool(step.history) == (step.new_state is not None) == (trigger == "execute")
        assert before == good(status, trigger)[0].request

    def test_the_hand_written_table_speaks_of_every_status_and_trigger(self) -> None:
        assert {trigger for _, trigger, _ in ARROWS} == set(Trigger)
        assert {source for source, _, _ in ARROWS} == set(Status)
        assert NEVER_LEFT == TERMINAL == {status for status in Status if status.terminal}
        assert len(ARROWS) == sum(len(sources.split()) for _, sources, _, _, _ in DESIGN)

    def test_every_code_of_a_decision_is_recorded_by_one_trigger(self) -> None:
        assert {code for _, code in RECORDED.values()} == set(Code)
        assert len(RECORDED) == len(Code)
        assert [(row.category, row.code) for row in LIFECYCLE] == [RECORDED[row.trigger] for row in LIFECYCLE]

    def test_a_final_status_is_never_left_but_something_may_be_said(self) -> None:
        loops = {(source, trigger, target) for source, trigger, target in ARROWS if source in NEVER_LEFT}
        assert {target for source, _, target in loops if source != target} == set()
        assert {(source, trigger) for source, trigger, _ in loops} == {
            ("executed", "review"),
            *((status, "comment") for status in NEVER_LEFT),
        }


class TestTheRunningMachine:
    def test_it_has_the_arrows_of_the_design_and_no_others(self) -> None:
        assert MACHINE.arrows() == ARROWS

    def test_so_has_the_declared_table(self) -> None:
        declared = [arrow for row in LIFECYCLE for arrow in row.arrows()]
        assert len(declared) == len(set(declared))
        assert set(declared) == ARROWS

    def test_the_table_answers_by_cell(self) -> None:
        for status in Status:
            assert set(LIFECYCLE.triggers(status)) == {trigger for source, trigger in CELLS if source == status}
            for trigger in Trigger:
                row = LIFECYCLE.cell(status, trigger)
                assert (row.leads_to(status) if row else None) == CELLS.get((status.value, trigger.value))

    def test_the_only_road_to_executed_leads_through_resolving(self) -> None:
        moves = {arrow for arrow in MACHINE.arrows() if arrow[0] != arrow[2]}
        assert {(source, trigger) for source, trigger, target in moves if target == "executed"} == {
            ("resolving", "execute")
        }
        assert {trigger for _, trigger, target in moves if target == "resolving"} == {"resolve", "override"}

    def test_what_follows_a_move_is_what_was_designed(self) -> None:
        assert {row.trigger: " ".join(row.then) for row in LIFECYCLE if row.then} == FOLLOWED

    def test_what_follows_a_move_can_follow_it(self) -> None:
        for row in LIFECYCLE:
            reached = {row.leads_to(source) for source in row.sources}
            for trigger in row.then:
                assert any((status.value, trigger.value) in CELLS for status in reached), (row.trigger, trigger)

    def test_every_guard_has_words_of_its_own_or_says_the_same_as_another(self) -> None:
        words = {row.guard.words: row.guard for row in LIFECYCLE}
        assert all(words[row.guard.words] is row.guard for row in LIFECYCLE)
        assert all(row.guard.rules for row in LIFECYCLE)

    def test_a_rejection_of_a_pending_request_is_judged_by_votes_and_a_veto_by_who_gives_it(self) -> None:
        pending, paused = (LIFECYCLE.cell(each, Trigger.REJECT) for each in (Status.PENDING, Status.REVALIDATION))
        assert pending is not None
        assert paused is not None
        assert [rule.code for rule in pending.guard.rules] == ["rejected"]
        assert [rule.code for rule in paused.guard.rules] == [
            "identified",
            "vouched_requester",
            "reason_given",
            "rejection_code",
            "present_digest",
            "separation_of_duties",
            "eligible",
        ]

    def test_a_rule_is_known_by_the_name_of_its_function(self) -> None:
        for row in LIFECYCLE:
            for rule in row.guard.rules:
                assert rule.code == getattr(rule.refuses, "__name__", "")

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
        error = refused.value
        assert (error.status, error.method, error.rule) == ("pending", "reassess", "no_transition")
        assert "approve" in error.reason
        assert "created" in error.reason
        assert step.decisions == []

    def test_an_effect_without_its_fact_is_a_configuration_error_not_a_move(self) -> None:
        lax = [
            replace(row, guard=Guard("anything goes", ())) if row.trigger is Trigger.SUPERSEDE else row
            for row in LIFECYCLE
        ]
        step, evidence = good("pending", "supersede")
        request = step.request
        words = "^an effect needs a fact that its guard does not demand; make the guard demand it$"
        with pytest.raises(ConfigurationError, match=words):
            Lifecycle(Table(lax)).fire(step, Trigger.SUPERSEDE, replace(evidence, successor=None))
        assert (step.request, step.decisions) == (request, [])


class TestFireIfAllowed:
    def test_it_moves_where_the_guard_lets_it(self) -> None:
        step, evidence = good("pending", "approve")
        assert MACHINE.would(step, Trigger.APPROVE, evidence)
        assert step.decisions == []
        assert MACHINE.fire_if_allowed(step, Trigger.APPROVE, evidence)
        assert step.request.status is Status.APPROVED
        assert len(step.decisions) == 1

    def test_it_says_no_where_the_guard_refuses(self) -> None:
        step, evidence = good("pending", "approve", trail=nothing)
        same = as_before(step)
        assert not MACHINE.would(step, Trigger.APPROVE, evidence)
        assert not MACHINE.fire_if_allowed(step, Trigger.APPROVE, evidence)
        assert same()

    def test_it_says_no_where_there_is_no_such_transition(self) -> None:
        step, evidence = good("executed", "approve")
        same = as_before(step)
        assert not MACHINE.would(step, Trigger.APPROVE, evidence)
        assert not MACHINE.fire_if_allowed(step, Trigger.APPROVE, evidence)
        assert same()

    def test_demand_raises_only_where_there_is_no_transition(self) -> None:
        step, _ = good("pending", "approve")
        assert MACHINE.demand(step, Trigger.APPROVE) is LIFECYCLE.cell(Status.PENDING, Trigger.APPROVE)
        with pytest.raises(
            TransitionRefusedError,
            match="r-1 is pending, and execute is refused: what can be done with it now is amend",
        ):
            MACHINE.demand(step, Trigger.EXECUTE)


OVERDUE = a_terms(SECURITY, expires_at=NOON)
FOR_CAROL = a_terms(SECURITY, requester="bot", on_behalf_of="carol")
FOR_BOSS = a_terms(SECURITY, requester="bot", on_behalf_of="boss")
STRICT = Approval(2, roles=("security",), when_impossible=WhenImpossible.REFUSE)
ONE_STRICT = Approval(1, roles=("security",), when_impossible=WhenImpossible.REFUSE)
TOLERANT = Approval(1, roles=("security",), any_rejection_ends=False)
DRIFTED = replace(STATE, version=5)
CAROL_FOR_BOB = replace(CAROL, on_behalf_of="bob")
BOT = replace(CAROL, kind=ActorKind.AGENT)

Refused = tuple[str, str, str, str, dict[str, Any], dict[str, Any]]


def ballot(trigger: str) -> list[Refused]:
    """Give what refuses a vote of any choice."""
    taken = a_terms(SECURITY, Approval(1, roles=("legal",)))
    second = a_terms(SECURITY, Approval(1, roles=("legal",), step=2))
    finance = Approval(1, roles=("finance", "security"))
    several = a_terms(SECURITY, finance, Approval(1, roles=("legal",), step=2))
    full, both = a_terms(SECURITY, finance), votes(DAVE, replace(DAVE, id="erin"))
    waits = a_terms(Schedule(not_before=LATER, step=1), replace(SECURITY, step=2))
    refused: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        ("present_digest", "the digest 'other' is not that of its present terms", {}, {"digest": "other"}),
        ("present_digest", "is not that of its present terms", {}, {"digest": ""}),
        ("present_digest", "the digest 'ffffffffffff' is not", {}, {"digest": "f" * 64}),
        ("present_digest", "is only the beginning of its digest", {}, {"digest": lambda one: one.digest[:12]}),
        ("one_vote", "carol has approved it already; withdraw that vote first", {"trail": votes(CAROL)}, {}),
        ("one_vote", "carol has rejected it already", {"trail": dissents(CAROL)}, {}),
        ("one_vote", "carol has abstained from it already", {"trail": votes(CAROL, code=Code.ABSTAINED)}, {}),
        ("one_vote", "carol has approved it", {"trail": votes(CAROL)}, {"actor": replace(DAVE, on_behalf_of="carol")}),
        ("one_vote", "carol has approved it", {"trail": votes(replace(DAVE, on_behalf_of="carol"))}, {}),
        ("in_time", "the deadline of requester bob passed at 2026-01-31T12:00:00Z", {"terms": OVERDUE}, {}),
        ("separation_of_duties", "bob asked for it and cannot decide on it", {}, {"actor": BOB}),
        ("separation_of_duties", "carol asked for it and cannot decide on it", {"terms": FOR_CAROL}, {}),
        ("separation_of_duties", "carol acts for bob, who asked for it", {}, {"actor": CAROL_FOR_BOB}),
        (
            "separation_of_duties",
            "carol acts for boss, who asked for it",
            {"terms": FOR_BOSS},
            {"actor": replace(CAROL, on_behalf_of="boss")},
        ),
        ("separation_of_duties", "handed on through bob, who asked for it", {}, {"chain": ("dave", "bob", "carol")}),
        (
            "separation_of_duties",
            "handed on through bob, boss, who asked for it",
            {"terms": a_terms(SECURITY, on_behalf_of="boss")},
            {"chain": ("dave", "boss", "bob", "carol")},
        ),
        ("eligible", "mallory is not eligible, with sales: it requires 1 approval by", {}, {"actor": STRANGER}),
        ("eligible", "ann is not eligible, with no roles", {}, {"actor": Actor("ann")}),
        ("eligible", "carol is not eligible as agent, with security", {}, {"actor": BOT}),
        ("seat_in_open_step", "every place that carol could fill is taken", {"terms": taken, "trail": votes(DAVE)}, {}),
        ("seat_in_open_step", "lara has no part in step 1, which is open", {"terms": second}, {"actor": LARA}),
        ("seat_in_open_step", "it requires 1 approval by role security, ", {"terms": several}, {"actor": LARA}),
        ("seat_in_open_step", "is taken: 1 approval by role security, ", {"terms": full, "trail": both}, {}),
        ("seat_in_open_step", "it requires no approval", {"terms": waits}, {}),
    ]
    return [("pending", trigger, *each) for each in refused]


def resolvable(trigger: str) -> list[Refused]:
    """Give what refuses an attempt, in an emergency or not."""
    past = a_resolution(expected=3)
    refused: list[tuple[str, str, dict[str, Any]]] = [
        ("resolved_now", "its version was not resolved", {"resolution": None}),
        ("resolved_now", "its version was not resolved", {"state": None}),
        ("resolved_now", "resolved against another version than the state has", {"state": DRIFTED}),
        ("resolved_now", "against another version than the state has", {"resolution": a_resolution(current=5)}),
        ("resolved_for_approval", "another version than it was approved for", {"resolution": past}),
    ]
    return [
        *(("approved", trigger, rule, words, {}, facts) for rule, words, facts in refused),
        ("revalidation", trigger, "revalidated", "it has not been revalidated", {"validated_version": None}, {}),
        ("approved", trigger, "in_time", "the deadline of requester bob", {"terms": OVERDUE}, {}),
    ]


# status, trigger, the rule that refuses, words of its reason, what differs in the request and in the evidence
BOTH = a_terms(SECURITY, LEGAL)
TWICE = a_terms(LEGAL, replace(LEGAL, roles=("finance",)))
FREEZES = a_terms(FREEZE, replace(FREEZE, name="easter", waiver_roles=("cfo", "ceo")))
PLENTY = Actor("zoe", roles=("sales", "support"), groups=("staff",))
FIRES = (Grant(Act.EMERGENCY, ("oncall", "cfo"), ("lead", "auditor")),)
OVERRIDDEN = said(a_request("executed"), Code.OVERRIDDEN, OLGA, {"reviewer_roles": ["auditor", "lead"]})
DAVE_FOR_CAROL = {"actor": replace(DAVE, on_behalf_of="carol"), "chain": ("carol", "dave")}
SEVERAL: list[Refused] = [
    ("executed", "review", "other_eyes", "it takes role auditor or lead", {"trail": lambda _: (OVERRIDDEN,)}, {}),
    ("pending", "vote", "eligible", "dave is not", {"terms": a_terms(Approval(1, actors=("dave",)))}, DAVE_FOR_CAROL),
    ("created", "admit", "nothing_required", "it requires 1 approval by role security, manual", {"terms": BOTH}, {}),
    ("pending", "vote", "eligible", "with sales, support, staff: it requires", {"terms": BOTH}, {"actor": PLENTY}),
    ("pending", "report", "may_report", "role legal, manual review", {"terms": TWICE}, {"actor": CAROL}),
    ("pending", "report", "may_report", "it requires 1 approval by role", {"terms": BOTH}, {"about": "backup"}),
    ("pending", "waive", "may_waive", "there is 'year-end', 'easter'", {"terms": FREEZES}, {"about": "xmas"}),
    ("pending", "waive", "may_waive", "it takes role ceo or cfo", {"terms": FREEZES}, {"about": "easter"}),
    ("pending", "override", "break_glass_role", "cfo or oncall", {}, {"run": a_run(grants=FIRES), "actor": CAROL}),
]
KNOWN = "submit created, admit created, hold pending, withdraw pending, request_changes pending, cancel pending"
KNOWN += ", supersede pending, review executed"
COUNTS = "amend pending, take_over pending, release pending, vote pending, dissent pending, abstain pending"
COUNTS += (
    ", report pending, waive pending, reject revalidation, resolve approved, override pending, revalidate revalidation"
)
COUNTS += ", retry failed"
CLAIMED = Channel("cli", authenticated=False)


def unidentified() -> list[Refused]:
    """Give what refuses people whom nobody vouches for, or requests of such people."""
    found: list[Refused] = []
    for trigger, status in (each.split() for each in f"{KNOWN}, {COUNTS}".split(", ")):
        vouched = {"terms": replace(GOOD_TERMS.get(trigger, TERMS_), vouched=True)}
        found.append((status, trigger, "identified", "is only a name here", vouched, {}))
        claimed = {"vouched": True, "channel": CLAIMED}
        found.append((status, trigger, "identified", "channel 'cli' does not authenticate", vouched, claimed))
    for trigger, status in (each.split() for each in COUNTS.split(", ")):
        found.append((status, trigger, "vouched_requester", "submit it again", {}, {"vouched": True}))
    return found


EXECUTORS = {"terms": replace(TERMS_, executors=("deployer", "ops"))}
NOT_NOW = {"run": a_run(grants=(Grant(Act.EXECUTION, ("ops",)), Grant(Act.EXECUTION, ("dba",))))}
UNFIT: list[Refused] = [
    ("approved", "resolve", "may_execute", "may not execute it: it takes role deployer or ops", EXECUTORS, {}),
    ("pending", "override", "may_execute", "it takes role deployer or ops", EXECUTORS, {}),
    ("resolving", "execute", "may_execute", "bob may not execute it: it takes role dba or ops", {}, NOT_NOW),
]


def long(trail: Trail = nothing, code: Code = Code.HELD, length: int = 500) -> dict[str, Any]:
    """Give a trail that begins like this, and goes on for long."""
    return {
        "trail": lambda request: (*trail(request), *(said(request, code, OLGA, {}) for _ in range(length)))[:length]
    }


LENGTHENED = (
    ("created", "amend"),
    ("approved", "hold"),
    ("executed", "comment"),
    ("pending", "waive"),
    ("pending", "report"),
)
FULL: list[Refused] = [
    *(
        (status, trigger, "room_in_trail", "its trail has 500 entries, and takes no more like this", long(), {})
        for status, trigger in (*LENGTHENED, ("pending", "request_changes"), ("revalidation", "revalidate"))
    ),
    ("pending", "withdraw", "room_in_trail", "its trail has 500 entries", long(votes(CAROL)), {}),
    (
        "executed",
        "comment",
        "room_for_comments",
        "it has 100 comments, and no more are kept; write behind a link",
        long(code=Code.COMMENTED, length=100),
        {},
    ),
]
REFUSALS: list[Refused] = [
    *SEVERAL,
    *unidentified(),
    *UNFIT,
    *FULL,
    ("created", "submit", "something_required", "nothing is required of it", {"terms": a_terms()}, {}),
    ("created", "admit", "nothing_required", "it requires 1 approval by role security", {"terms": TERMS_}, {}),
    ("created", "admit", "allowed", "no policy allows it", {}, {"run": None}),
    *(
        ("created", "admit", "allowed", "no policy allows it", {}, {"run": a_run(status)})
        for status in RunStatus
        if status is not RunStatus.ACCEPTED
    ),
    ("created", "amend", "requester", "carol is not its requester bob", {}, {"actor": CAROL}),
    ("failed", "amend", "requester", "root is not its requester bob", {}, {"actor": ROOT}),
    ("pending", "take_over", "reason_given", "say why: reason= is empty", {}, {"reason": " "}),
    ("pending", "take_over", "not_theirs", "bob is its requester already", {}, {"actor": BOB}),
    (
        "pending",
        "take_over",
        "may_take_over",
        "carol may not take it over: it takes role",
        {},
        {"actor": CAROL},
    ),
    ("pending", "take_over", "may_take_over", "no policy allows to take it over", {}, {"run": a_run()}),
    ("pending", "take_over", "may_take_over", "no policy allows to take it over", {}, {"run": None}),
    ("pending", "take_over", "in_time", "the deadline of requester bob", {"terms": OVERDUE}, {}),
    ("pending", "take_over", "terms_are_next", "its terms are not the next ones", {}, {"terms": TERMS_}),
    ("pending", "amend", "in_time", "the deadline of requester bob", {"terms": OVERDUE}, {}),
    ("pending", "amend", "terms_are_next", "its terms were not renewed on the current version", {}, {"terms": None}),
    ("pending", "amend", "terms_are_next", "its terms were not renewed on the current version", {}, {"state": None}),
    ("pending", "amend", "terms_are_next", "not renewed on the current version", {}, {"state": DRIFTED}),
    ("pending", "amend", "terms_are_next", "its terms are not the next ones", {}, {"terms": TERMS_}),
    ("pending", "amend", "terms_are_next", "not the next ones", {}, {"terms": replace(TERMS_, number=3)}),
    ("approved", "hold", "in_time", "the deadline of requester bob", {"terms": OVERDUE}, {}),
    ("pending", "request_changes", "in_time", "the deadline of requester bob", {"terms": OVERDUE}, {}),
    ("approved", "hold", "reason_given", "reason= is empty", {}, {"reason": ""}),
    ("approved", "hold", "reason_given", "reason= is empty", {}, {"reason": " \n"}),
    (
        "approved",
        "hold",
        "concerned",
        "mallory may not decide on it, and is neither its requester",
        {},
        {"actor": STRANGER},
    ),
    ("pending", "hold", "concerned", "carol may not decide on it", {}, {"actor": BOT}),
    ("pending", "release", "held", "it is not held", {"held": ""}, {}),
    ("pending", "release", "may_release", "bob asked for it and cannot decide on it", {}, {"actor": BOB}),
    ("pending", "release", "may_release", "mallory is not eligible", {}, {"actor": STRANGER}),
    (
        "pending",
        "release",
        "may_release",
        "bob asked for it and cannot decide on it",
        {},
        {"actor": replace(BOB, roles=ROOT.roles)},
    ),
    ("executed", "comment", "reason_given", "say why: reason= is empty", {}, {"reason": " "}),
    ("executed", "comment", "takes_part", "mallory has no part in it: neither requester, ", {}, {"actor": STRANGER}),
    ("pending", "comment", "takes_part", "carol has no part in it", {}, {"actor": BOT}),
    ("pending", "comment", "takes_part", "nor an admin; write", {}, {"actor": STRANGER, "administrator_role": "admin"}),
    *ballot("vote"),
    *ballot("dissent"),
    *ballot("abstain"),
    ("pending", "dissent", "reason_given", "say why", {}, {"reason": ""}),
    ("pending", "dissent", "rejection_code", "code='' is none; use policy_violation, insufficient", {}, {"code": ""}),
    ("pending", "dissent", "rejection_code", "code='no' is none", {}, {"code": "no"}),
    *(
        (
            "pending",
            trigger,
            "still_possible",
            "then this could no longer be met: 2 approvals by role security",
            {"terms": a_terms(STRICT)},
            {"circumstances": listed(STRICT, CAROL, DAVE)},
        )
        for trigger in ("dissent", "abstain")
    ),
    (
        "pending",
        "vote",
        "still_possible",
        "then this could no longer be met: 1 approval by role security",
        {"terms": a_terms(SECURITY, replace(ONE_STRICT, step=2))},
        {"circumstances": listed(replace(ONE_STRICT, step=2), CAROL)},
    ),
    ("revalidation", "reject", "present_digest", "the digest 'other' is not", {}, {"digest": "other"}),
    ("pending", "withdraw", "has_voted", "carol has given no vote that counts now", {"trail": nothing}, {}),
    ("pending", "withdraw", "has_voted", "carol has given no vote", {"trail": on_other_terms(votes(CAROL))}, {}),
    ("pending", "withdraw", "has_voted", "dave has given no vote that counts now", {}, {"actor": DAVE}),
    (
        "pending",
        "withdraw",
        "has_voted",
        "the vote of carol was given by dave",
        {"trail": votes(replace(DAVE, on_behalf_of="carol"))},
        {"actor": Actor("eve", on_behalf_of="carol")},
    ),
    (
        "pending",
        "withdraw",
        "still_possible",
        "then this could no longer be met: 1 approval by role security",
        {"terms": a_terms(ONE_STRICT)},
        {"circumstances": listed(ONE_STRICT)},
    ),
    ("pending", "report", "reason_given", "say why", {}, {"reason": ""}),
    ("approved", "report", "present_digest", "the digest 'other' is not", {}, {"digest": "other"}),
    (
        "pending",
        "report",
        "in_time",
        "the deadline of requester bob passed",
        {"terms": a_terms(LEGAL, expires_at=NOON)},
        {},
    ),
    ("pending", "report", "separation_of_duties", "bob asked for it", {}, {"actor": replace(BOB, roles=("legal",))}),
    ("pending", "report", "may_report", "it has no check or review 'backup'; it requires", {}, {"about": "backup"}),
    ("pending", "report", "may_report", "it has no check or review ''", {"terms": TERMS_}, {"about": ""}),
    ("pending", "report", "may_report", "it requires nothing", {"terms": a_terms()}, {}),
    ("pending", "report", "may_report", "carol may not report on it: it requires", {}, {"actor": CAROL}),
    (
        "pending",
        "report",
        "may_report",
        "lara may not report on it: it requires external check 'backup'",
        {"terms": a_terms(ExternalCheck(name="backup"))},
        {"about": "backup"},
    ),
    (
        "pending",
        "report",
        "step_is_open",
        "manual review 'legal' by role legal belongs to step 2, and step 1 is not complete",
        {"terms": a_terms(SECURITY, replace(LEGAL, step=2))},
        {},
    ),
    ("approved", "waive", "reason_given", "say why", {}, {"reason": ""}),
    ("pending", "waive", "present_digest", "the digest 'other' is not", {}, {"digest": "other"}),
    (
        "pending",
        "waive",
        "in_time",
        "the deadline of requester bob passed",
        {"terms": a_terms(FREEZE, expires_at=NOON)},
        {},
    ),
    ("pending", "waive", "separation_of_duties", "bob asked for it", {}, {"actor": replace(BOB, roles=("security",))}),
    ("pending", "waive", "may_waive", "no freeze 'easter' stands in its way", {}, {"about": "easter"}),
    ("pending", "waive", "may_waive", "no freeze 'year-end' stands in its way", {"terms": TERMS_}, {}),
    ("pending", "waive", "may_waive", "lara may not waive freeze 'year-end': it takes role", {}, {"actor": LARA}),
    ("pending", "waive", "may_waive", "nobody may", {"terms": a_terms(replace(FREEZE, waiver_roles=()))}, {}),
    ("pending", "request_changes", "reason_given", "say why", {}, {"reason": ""}),
    ("pending", "request_changes", "separation_of_duties", "bob asked for it", {}, {"actor": BOB}),
    ("pending", "request_changes", "eligible", "mallory is not eligible", {}, {"actor": STRANGER}),
    ("pending", "approve", "not_held", "it is held: frozen", {"held": "frozen"}, {}),
    ("pending", "approve", "in_time", "the deadline of requester bob", {"terms": OVERDUE}, {}),
    ("pending", "approve", "approval_valid", "ran out at 2026-01-31T13:00:00Z", {"terms": FOR_AN_HOUR}, {"at": LATER}),
    ("approved", "resolve", "approval_valid", "has to be approved again", {"terms": FOR_AN_HOUR}, {"at": LATER}),
    ("pending", "approve", "requirements_met", "still needs 1 approval by role security", {"trail": nothing}, {}),
    ("pending", "approve", "requirements_met", "still needs", {"trail": on_other_terms(votes(CAROL))}, {}),
    ("pending", "approve", "requirements_met", "still needs", {"trail": votes(replace(BOB, roles=("security",)))}, {}),
    ("pending", "approve", "requirements_met", "still needs", {"trail": votes(STRANGER)}, {}),
    ("pending", "approve", "requirements_met", "still needs", {"trail": votes(CAROL, step=2)}, {}),
    ("pending", "approve", "requirements_met", "still needs", {"trail": dissents(CAROL)}, {}),
    ("pending", "reject", "rejected", "it can still be approved", {"trail": nothing}, {}),
    ("pending", "reject", "rejected", "it can still be approved", {"trail": votes(CAROL)}, {}),
    ("pending", "reject", "rejected", "it can still be approved", {"trail": on_other_terms(dissents(CAROL))}, {}),
    ("pending", "reject", "rejected", "it can still be approved", {"trail": dissents(CAROL, ends=False)}, {}),
    ("revalidation", "reject", "reason_given", "say why", {}, {"reason": ""}),
    ("revalidation", "reject", "rejection_code", "code='no' is none", {}, {"code": "no"}),
    ("revalidation", "reject", "separation_of_duties", "bob asked for it", {}, {"actor": BOB}),
    ("revalidation", "reject", "eligible", "root is not eligible", {}, {"actor": ROOT}),
    ("revalidation", "reject", "eligible", "it requires nobody", {"terms": a_terms()}, {}),
    ("pending", "note", "unsatisfiable", "what is required can still be met", {"terms": TERMS_}, {}),
    (
        "pending",
        "note",
        "unsatisfiable",
        "that was said already",
        {"trail": lambda one: (said(one, Code.UNSATISFIABLE, BOB, {"requirements": [str(AFTER)]}),)},
        {},
    ),
    ("approved", "lapse", "requirements_lapsed", "what people have to give is there", {"trail": votes(CAROL)}, {}),
    ("revalidation", "lapse", "requirements_lapsed", "what people have to give is there", {"trail": votes(CAROL)}, {}),
    (
        "pending",
        "expire_approval",
        "approval_ran_out",
        "its approval is valid until 2026-01-31T13:00:00Z",
        {},
        {"at": LATER - TICK},
    ),
    ("approved", "expire_approval", "approval_ran_out", "has no approval that runs out", {"terms": TERMS_}, {}),
    ("revalidation", "expire_approval", "approval_ran_out", "no approval that runs out", {"trail": votes(CAROL)}, {}),
    (
        "pending",
        "cancel",
        "requester_or_administrator",
        "carol is neither its requester bob nor an administrator",
        {},
        {"actor": CAROL},
    ),
    (
        "failed",
        "cancel",
        "requester_or_administrator",
        "nor an owner",
        {},
        {"actor": ROOT, "administrator_role": "owner"},
    ),
    ("pending", "expire", "overdue", "it has no deadline", {"terms": TERMS_}, {}),
    (
        "created",
        "expire",
        "overdue",
        "the deadline of requester bob is 2026-01-31T12:00:00Z",
        {"updated_at": NOON - HOUR},
        {"at": NOON - TICK},
    ),
    ("pending", "supersede", "successor_exists", "there is no such successor", {}, {"successor": None}),
    ("pending", "supersede", "successor_exists", "cannot succeed itself", {}, {"successor": a_request("pending")}),
    *(
        (
            "pending",
            "supersede",
            "successor_exists",
            f"its successor r-2 is {status}",
            {},
            {"successor": a_request(status, id="r-2")},
        )
        for status in NEVER_LEFT - {"executed"}
    ),
    ("pending", "supersede", "requester_or_administrator", "carol is neither its requester", {}, {"actor": CAROL}),
    *resolvable("resolve"),
    *resolvable("override"),
    ("approved", "resolve", "requirements_met", "still needs 1 approval", {"trail": nothing}, {}),
    ("approved", "resolve", "requirements_met", "still needs", {"trail": on_other_terms(votes(CAROL))}, {}),
    ("pending", "override", "emergency_given", "no emergency is given; pass emergency=", {}, {"emergency": None}),
    ("pending", "override", "not_denied", "it is refused on the current state: nobody was asked", {}, {"run": None}),
    ("pending", "override", "break_glass_role", "no policy allows it in an emergency", {}, {"run": a_run()}),
    ("approved", "override", "break_glass_role", "it takes role oncall", {}, {"actor": CAROL}),
    ("pending", "override", "no_open_review", "olga executed r-9 in an emergency, and nobody has", {}, {"duty": "r-9"}),
    ("pending", "override", "not_held", "it is held: frozen", {"held": "frozen"}, {}),
    (
        "approved",
        "override",
        "not_denied",
        "it is refused on the current state: role: unknown; ValueError: eh",
        {},
        {"run": a_run(RunStatus.FAILED, issues=(Issue(path="role", message="unknown"),), error="ValueError: eh")},
    ),
    (
        "pending",
        "override",
        "not_denied",
        "it is refused on the current state: role: unknown",
        {},
        {"run": a_run(RunStatus.REFUSED, issues=(Issue(path="role", message="unknown"),), grants=(GLASS,))},
    ),
    *(
        ("resolving", "execute", "proceeds", "no resolution of this attempt", {"resolution": resolution}, {})
        for resolution in (None, *map(a_resolution, ("stale", "revalidate", "renew_approval")))
    ),
    ("resolving", "execute", "replaces_resolved", "is not the one that was resolved", {}, {"state": None}),
    ("resolving", "execute", "replaces_resolved", "is not the one that was resolved", {}, {"state": DRIFTED}),
    *(
        ("resolving", "execute", "succeeded", "the mutation did not succeed", {}, {"run": run})
        for run in (None, *(a_run(status) for status in RunStatus if status is not RunStatus.ACCEPTED))
    ),
    ("resolving", "execute", "covered", "is not the one that was approved", {}, {"effect_differs": True}),
    *(
        ("resolving", "execute", "next_version", "the new version is not the next one", {}, {"new_state": state})
        for state in (None, STATE, replace(STATE, version=6))
    ),
    *(
        ("resolving", trigger, "resolution_says", f"its resolution does not say {word}", {"resolution": resolution}, {})
        for trigger, word, other in [
            ("mark_stale", "stale", "revalidate"),
            ("mark_in_place", "already_in_place", "stale"),
            ("require_revalidation", "revalidate", "stale"),
        ]
        for resolution in (None, a_resolution(), a_resolution(other))
    ),
    *(
        ("resolving", trigger, "looked", "nobody has looked what it would do on the current state", {}, {"run": None})
        for trigger in ("mark_stale", "mark_in_place")
    ),
    ("resolving", "renew_approval", "renewal_demanded", "neither its", {"resolution": None}, {"run": None}),
    (
        "revalidation",
        "renew_approval",
        "renewal_demanded",
        "neither",
        {"terms": a_terms(SECURITY, approval_covers="mutation")},
        {"run": a_run(), "effect_differs": True},
    ),
    (
        "resolving",
        "renew_approval",
        "renewal_demanded",
        "neither its resolution nor a policy demands approval again",
        {"resolution": a_resolution()},
        {"run": a_run()},
    ),
    ("revalidation", "renew_approval", "renewal_demanded", "neither", {}, {"run": a_run(RunStatus.REFUSED)}),
    ("revalidation", "renew_approval", "renewal_demanded", "neither", {}, {"run": a_run(RunStatus.WAITING)}),
    ("resolving", "renew_approval", "terms_are_next", "its terms were not renewed", {}, {"terms": None}),
    ("resolving", "renew_approval", "terms_are_next", "its terms were not renewed", {}, {"state": None}),
    ("resolving", "renew_approval", "terms_are_next", "its terms were not renewed", {}, {"state": DRIFTED}),
    ("resolving", "renew_approval", "terms_are_next", "its terms are not the next ones", {}, {"terms": TERMS_}),
    ("revalidation", "revalidate", "on_current_state", "no current state to revalidate it on", {}, {"state": None}),
    ("revalidation", "revalidate", "run_ended", "did not end as accepted", {}, {"run": None}),
    ("revalidation", "revalidate", "run_ended", "did not end as accepted", {}, {"run": a_run(RunStatus.UNAPPROVED)}),
    ("revalidation", "revalidate", "covered", "is not the one that was approved", {}, {"effect_differs": True}),
    *(
        ("revalidation", "revalidate", "eligible_look", words, {"terms": terms}, {"actor": actor})
        for words, terms, actor in (
            ("cannot decide on it", PAUSING, BOB),
            ("is not eligible", PAUSING, LARA),
            ("is neither its requester bob nor an administrator", PAUSING_FREE, CAROL),
        )
    ),
    *(
        ("revalidation", "revalidate", "current_effect", "is not that of its effect", {"terms": PAUSING}, shown)
        for shown in ({"digest": "e" * 64}, {"digest": ""}, {"digest": "", "effect_digest": ""})
    ),
    ("resolving", "block", "run_ended", "its run on the current state did not end as refused", {}, {"run": None}),
    ("revalidation", "block", "run_ended", "did not end as refused", {}, {"run": a_run()}),
    ("resolving", "fail", "run_ended", "did not end as failed", {}, {"run": None}),
    ("revalidation", "fail", "run_ended", "did not end as failed", {}, {"run": a_run(RunStatus.REFUSED)}),
    ("failed", "retry", "attempts_left", "it failed 3 times, the most allowed", {"failures": 3}, {}),
    ("failed", "retry", "attempts_left", "it failed 1 times", {"failures": 1}, {"max_failures": 1}),
    ("failed", "retry", "attempts_left", "it failed 0 times", {}, {"max_failures": 0}),
    ("executed", "review", "review_is_open", "it was not executed in an emergency", {"review": ""}, {}),
    ("executed", "review", "review_is_open", "its review is closed", {"review": "closed"}, {}),
    ("executed", "review", "reason_given", "say why", {}, {"reason": ""}),
    ("executed", "review", "other_eyes", "olga cannot review it: another person", {}, {"actor": OLGA}),
    ("executed", "review", "other_eyes", "bob cannot review it", {}, {"actor": BOB}),
    ("executed", "review", "other_eyes", "carol cannot review it", {}, {"actor": replace(CAROL, on_behalf_of="olga")}),
    ("executed", "review", "other_eyes", "carol cannot review it", {}, {"actor": BOT}),
    (
        "executed",
        "review",
        "other_eyes",
        "carol cannot review it: another person",
        {"trail": lambda one: (said(one, Code.EXECUTED, CAROL, {}),)},
        {},
    ),
    (
        "executed",
        "review",
        "other_eyes",
        "carol cannot review it: it takes role auditor",
        {"trail": lambda one: (said(one, Code.OVERRIDDEN, OLGA, {"reviewer_roles": ["auditor"]}),)},
        {},
    ),
]


WORDS = Path(__file__).parent / "refusals.txt"
"""Every reason that the refusals above give, written down to be read by people."""


def led_to(refused: Refused) -> tuple[Step, Evidence]:
    """Give the step and the evidence of a refusal."""
    status, trigger, _, _, differs, facts = refused
    differs = dict(differs)
    resolution = differs.pop("resolution", ...)
    step, evidence = good(status, trigger, **differs)
    if resolution is not ...:
        step.resolution = resolution
    facts = {name: fact(step.request) if callable(fact) else fact for name, fact in facts.items()}
    return step, replace(evidence, **facts)


def read() -> list[str]:
    """Give the reasons, the digests in them left out."""
    lines: set[str] = set()
    for refused in REFUSALS:
        step, evidence = led_to(refused)
        with pytest.raises(TransitionRefusedError) as caught:
            MACHINE.fire(step, Trigger(refused[1]), evidence)
        lines.add(re.sub("'[0-9a-f]{12}'", "'(twelve digits)'", f"{caught.value.rule}: {caught.value.reason}"))
    return sorted(lines)


class TestGuards:
    @pytest.mark.parametrize("refused", REFUSALS, ids=lambda refused: "-".join(refused[:3]))
    def test_a_refusal_says_why_and_changes_nothing(self, refused: Refused) -> None:
        status, trigger, rule, words, *_ = refused
        step, evidence = led_to(refused)
        same = as_before(step)
        with pytest.raises(TransitionRefusedError) as caught:
            MACHINE.fire(step, Trigger(trigger), evidence)
        error = caught.value
        assert words in error.reason
        method = Trigger(trigger).method
        assert (error.request_id, error.status, error.method, error.rule) == ("r-1", status, method, rule)
        assert error.reason in str(error)
        assert same()

    @pytest.mark.parametrize("able", [(DAVE,), ()], ids=["stays possible", "was impossible before"])
    def test_a_vote_may_end_what_need_not_stay_possible(self, able: tuple[Actor, ...]) -> None:
        loose = Approval(1, actors=("carol",), when_impossible=WhenImpossible.NOTE)
        strict = replace(loose, actors=("dave",), when_impossible=WhenImpossible.REFUSE)
        step, evidence = good("pending", "abstain", terms=a_terms(strict, loose))
        around = Circumstances(candidates={strict: able, loose: (CAROL,)})
        assert MACHINE.would(step, Trigger.ABSTAIN, replace(evidence, circumstances=around))

    def test_what_people_read_is_word_for_word_what_was_agreed(self) -> None:
        assert read() == WORDS.read_text("utf-8").splitlines()

    def test_every_rule_of_every_guard_is_refused_somewhere_above(self) -> None:
        asked = {
            (source.value, row.trigger.value, rule.code)
            for row in LIFECYCLE
            for source in row.sources
            for rule in row.guard.rules
        }
        refused = {(status, trigger, rule) for status, trigger, rule, *_ in REFUSALS}
        assert refused <= asked
        assert {(trigger, rule) for _, trigger, rule in refused} == {(trigger, rule) for _, trigger, rule in asked}

    @pytest.mark.parametrize("actor", [BOB, ROOT])
    def test_requester_and_administrator_may_cancel(self, actor: Actor) -> None:
        step, evidence = good("pending", "cancel")
        MACHINE.fire(step, Trigger.CANCEL, replace(evidence, actor=actor))
        assert step.status is Status.CANCELED

    @pytest.mark.parametrize("actor", [BOB, ROOT, CAROL])
    def test_requester_administrator_and_approvers_may_hold(self, actor: Actor) -> None:
        step, evidence = good("pending", "hold")
        MACHINE.fire(step, Trigger.HOLD, replace(evidence, actor=actor))
        assert step.request.held == "because"

    @pytest.mark.parametrize("actor", [CAROL, ROOT])
    def test_approvers_and_administrators_may_release(self, actor: Actor) -> None:
        step, evidence = good("pending", "release")
        MACHINE.fire(step, Trigger.RELEASE, replace(evidence, actor=actor))
        assert step.request.held == ""

    def test_the_one_the_requester_acts_for_may_amend(self) -> None:
        step, evidence = good("pending", "amend", FOR_BOSS)
        MACHINE.fire(step, Trigger.AMEND, replace(evidence, actor=Actor("boss")))
        assert step.request.terms_number == 2

    @pytest.mark.parametrize("actor", [CAROL, replace(DAVE, on_behalf_of="carol")])
    def test_the_one_who_voted_and_the_one_it_counts_for_may_withdraw(self, actor: Actor) -> None:
        step, evidence = good("pending", "withdraw", trail=votes(replace(DAVE, on_behalf_of="carol")))
        MACHINE.fire(step, Trigger.WITHDRAW, replace(evidence, actor=actor))
        assert step.ballots.votes == ()

    @pytest.mark.parametrize("code", list(Rejection))
    def test_a_rejection_takes_each_typed_code(self, code: Rejection) -> None:
        step, evidence = good("pending", "dissent")
        MACHINE.fire(step, Trigger.DISSENT, replace(evidence, code=code))
        assert decisions(step)[0].metadata["code"] == code

    def test_a_freeze_that_began_since_can_be_waived_too(self) -> None:
        step, evidence = good("pending", "waive", TERMS_)
        MACHINE.fire(step, Trigger.WAIVE, replace(evidence, demanded=(FREEZE,)))
        assert [each.name for each in step.ballots.waivers] == ["year-end"]

    def test_an_executed_request_may_be_a_successor(self) -> None:
        step, evidence = good("pending", "supersede")
        MACHINE.fire(step, Trigger.SUPERSEDE, replace(evidence, successor=a_request("executed", id="r-2")))
        assert step.request.successor == "r-2"

    def test_a_deadline_counts_from_its_very_moment(self) -> None:
        step, evidence = good("pending", "expire", updated_at=NOON - HOUR)
        assert not MACHINE.fire_if_allowed(step, Trigger.EXPIRE, replace(evidence, at=NOON - TICK))
        assert MACHINE.fire_if_allowed(step, Trigger.EXPIRE, replace(evidence, at=NOON))

    def test_a_policy_may_demand_approval_again_where_the_version_is_the_same(self) -> None:
        step, evidence = good("revalidation", "renew_approval")
        MACHINE.fire(step, Trigger.RENEW_APPROVAL, evidence)
        assert step.request.status is Status.PENDING

    def test_what_can_no_longer_be_met_is_said_again_when_it_is_something_else(self) -> None:
        other = Dependency(request_id="r-7")
        step, evidence = good(
            "pending",
            "note",
            a_terms(AFTER, other),
            trail=lambda one: (said(one, Code.UNSATISFIABLE, BOB, {"requirements": [str(AFTER)]}),),
        )
        assert MACHINE.fire_if_allowed(step, Trigger.NOTE, evidence)
        assert not MACHINE.fire_if_allowed(step, Trigger.NOTE, evidence)

    @pytest.mark.parametrize(
        "requirement",
        [
            Approval(actors=("carol", "dave"), when_impossible=WhenImpossible.NOTE),
            replace(TOLERANT, any_rejection_ends=True),
        ],
    )
    def test_one_rejection_ends_it_where_all_must_approve_or_it_says_so(self, requirement: Approval) -> None:
        step, evidence = good("pending", "dissent", a_terms(requirement))
        around = listed(requirement, CAROL, DAVE, Actor("eve", roles=("security",)))
        MACHINE.fire_and_settle(step, Trigger.DISSENT, replace(evidence, circumstances=around))
        assert (step.status, decisions(step)[0].metadata["ends"]) == (Status.REJECTED, True)

    @pytest.mark.parametrize("requirement", [SECURITY, TOLERANT])
    def test_one_rejection_does_not_end_it_where_others_are_left(self, requirement: Approval) -> None:
        step, evidence = good("pending", "dissent", a_terms(requirement))
        around = listed(requirement, CAROL, DAVE)
        MACHINE.fire_and_settle(step, Trigger.DISSENT, replace(evidence, circumstances=around))
        assert (step.status, decisions(step)[0].metadata["ends"]) == (Status.PENDING, False)
        MACHINE.settle(step, (Trigger.REJECT,), evidence)  # by a process whose directory lists nobody
        assert step.status is Status.PENDING

    def test_where_nobody_can_list_who_is_left_one_rejection_ends_it(self) -> None:
        step, evidence = good("pending", "dissent")
        MACHINE.fire_and_settle(step, Trigger.DISSENT, evidence)
        assert step.status is Status.REJECTED

    def test_somebody_else_with_a_role_that_the_policy_names_may_review(self) -> None:
        facts = {"reviewer_roles": ["security"]}
        step, evidence = good("executed", "review", trail=lambda one: (said(one, Code.OVERRIDDEN, OLGA, facts),))
        MACHINE.fire(step, Trigger.REVIEW, evidence)
        assert step.request.review == "closed"


RECORDS = Path(__file__).parent / "records.txt"
"""What every move records: in its decision beside the usual, and in the audit record that ends an attempt."""


def recorded() -> list[str]:
    """Give the facts of every move, and every audit record."""
    lines: set[str] = set()
    answers = (Answer("tests", "allow"),)
    told: dict[str, Any] = {"answers": answers, "issues": (Issue("role", "unknown"),), "error": "eh", "duration_us": 7}
    for status, trigger in sorted(CELLS):
        step, evidence = good(status, trigger, attempts=2, execution_id="x-0")
        if evidence.run is not None:
            evidence = replace(evidence, run=replace(evidence.run, **told))
        MACHINE.fire(step, Trigger(trigger), evidence)
        lines.add(f"{trigger}: {canonical(decisions(step)[0].metadata).decode()}")
        lines |= {f"{trigger}, audit: {link.body.decode()}" for link in step.audit}
        lines |= {f"{trigger}, history: {link.body.decode()}" for link in step.history}
    return sorted(re.sub(r"\b[0-9a-f]{64}\b", "(hash)", line) for line in lines)


class TestWhatAMoveDoes:
    def moved(self, status: str, trigger: str, terms: Terms | None = None, **facts: Any) -> tuple[Step, Decision]:  # noqa: ANN401 - fields of Evidence
        step, evidence = good(status, trigger, terms)
        MACHINE.fire(step, Trigger(trigger), replace(evidence, **facts))
        return step, decisions(step)[0]

    def test_what_is_recorded_is_word_for_word_what_programs_read(self) -> None:
        assert recorded() == RECORDS.read_text("utf-8").splitlines()

    @pytest.mark.parametrize(("trigger", "required"), [("submit", (SECURITY, LEGAL)), ("admit", ())])
    def test_what_was_asked_is_recorded_with_what_it_requires(
        self, trigger: str, required: tuple[Requirement, ...]
    ) -> None:
        _, decision = self.moved("created", trigger, a_terms(*required))
        assert decision.metadata == {"expected_version": 4, "requirements": [str(each) for each in required]}

    def test_a_rejection_ends_it_only_by_an_approval_that_admits_its_voter(self) -> None:
        board = Approval(1, groups=("board",), kinds=(ActorKind.AGENT,), any_rejection_ends=True)
        terms = a_terms(board, replace(SECURITY, any_rejection_ends=False))
        agent = Actor("agent", ActorKind.AGENT, groups=("board",))
        for actor, ends in ((agent, True), (replace(CAROL, groups=("board",)), False)):
            assert self.moved("pending", "dissent", terms, actor=actor)[1].metadata["ends"] is ends

    def test_who_acts_for_somebody_is_eligible_by_either_name_and_a_delegate_by_that_of_whoever_they_stand_for(
        self,
    ) -> None:
        acting = replace(DAVE, on_behalf_of="carol")
        for name, chain in (("dave", ()), ("carol", ()), ("carol", ("carol", "dave"))):
            terms = a_terms(Approval(1, actors=(name,)))
            assert self.moved("pending", "vote", terms, actor=acting, chain=chain)[1].actor == "dave"

    def test_a_vote_that_fills_the_last_place_leaves_it_met_and_not_impossible(self) -> None:
        only_carol = listed(ONE_STRICT, CAROL)
        step, _ = self.moved("pending", "vote", a_terms(ONE_STRICT, FREEZE), circumstances=only_carol)
        assert [each.actor for each in step.ballots.votes] == ["carol"]

    def test_a_vote_takes_a_place_by_group_and_by_kind(self) -> None:
        board = Approval(1, groups=("board",), kinds=(ActorKind.AGENT,))
        agent = Actor("agent", ActorKind.AGENT, groups=("board",))
        assert self.moved("pending", "vote", a_terms(board), actor=agent)[1].metadata["groups"] == ["board"]

    def test_a_hold_is_remembered_and_forgotten(self) -> None:
        assert self.moved("approved", "hold")[0].request.held == "because"
        assert self.moved("pending", "release")[0].request.held == ""

    def test_an_attempt_is_counted_and_named(self) -> None:
        step, decision = self.moved("approved", "resolve")
        assert (step.request.attempts, step.request.execution_id) == (1, "x-1")
        assert decision.metadata["execution_id"] == "x-1"
        assert decision.metadata["attempt"] == 1
        assert (decision.metadata["expected_version"], decision.metadata["current_version"]) == (4, 4)

    def test_an_override_is_an_attempt_too_and_says_who_went_past_what_and_why(self) -> None:
        step, decision = self.moved("pending", "override", actor=replace(OLGA, on_behalf_of="boss"))
        assert (step.request.attempts, step.request.execution_id, step.request.emergency_by) == (1, "x-1", "boss")
        wanted = {"emergency": "the house burns", "ticket": "INC-43", "not_met": ["1 approval by role security"]}
        assert decision.metadata | wanted == decision.metadata
        assert decision.metadata["execution_id"] == "x-1"

    def test_an_override_names_everybody_who_may_review_it(self) -> None:
        run = a_run(
            grants=(Grant(Act.EMERGENCY, ("oncall",), ("lead", "auditor")), Grant(Act.EMERGENCY, ("x",), ("auditor",)))
        )
        assert self.moved("pending", "override", run=run)[1].metadata["reviewer_roles"] == ["auditor", "lead"]

    def test_an_override_names_what_policies_demand_now_and_not_what_is_met(self) -> None:
        step, evidence = good("approved", "override", trail=votes(CAROL))
        MACHINE.fire(step, Trigger.OVERRIDE, replace(evidence, demanded=(SECURITY, FREEZE)))
        assert decisions(step)[0].metadata["not_met"] == [str(FREEZE)]

    def test_an_override_names_once_what_is_required_and_demanded_in_the_words_of_the_policy(self) -> None:
        plain = Approval("all", roles=("security",))
        step, evidence = good("pending", "override", a_terms(replace(plain, people=("carol", "dave"), deadline=LATER)))
        MACHINE.fire(step, Trigger.OVERRIDE, replace(evidence, demanded=(plain,)))
        assert decisions(step)[0].metadata["not_met"] == [str(plain)]

    def test_an_attempt_without_an_emergency_forgets_an_earlier_one(self) -> None:
        step, evidence = good("approved", "resolve", emergency_by="olga")
        MACHINE.fire(step, Trigger.RESOLVE, evidence)
        assert step.request.emergency_by is None

    def test_an_emergency_that_was_executed_waits_for_a_review_and_no_other_execution_does(self) -> None:
        assert self.moved("resolving", "execute")[0].request.review == ""
        step, evidence = good("resolving", "execute", emergency_by="olga")
        MACHINE.fire(step, Trigger.EXECUTE, evidence)
        assert step.request.review == "open"
        assert self.moved("executed", "review")[0].request.review == "closed"

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

    @pytest.mark.parametrize(("status", "trigger"), [("resolving", "renew_approval"), ("pending", "amend")])
    def test_new_terms_have_another_digest_and_name_the_one_before(self, status: str, trigger: str) -> None:
        step, decision = self.moved(status, trigger)
        assert step.request.terms_number == 2
        assert step.writes().new_terms
        assert decision.metadata["replaced_digest"] != step.request.digest == digest(step.request.terms_json)
        assert decision.metadata["requirements"] == ["1 approval by role security"]

    def test_new_terms_leave_every_earlier_vote_behind(self) -> None:
        step, evidence = good("pending", "amend", trail=votes(CAROL))
        MACHINE.fire_and_settle(step, Trigger.AMEND, evidence)
        assert step.status is Status.PENDING
        assert [vote.digest == step.request.digest for vote in step.ballots.votes] == [False]
        assert not step.standing(evidence).met

    def test_a_revalidation_is_for_its_version_and_forgotten_when_another_is_required(self) -> None:
        assert self.moved("revalidation", "revalidate")[0].request.expected_version == 4
        step, evidence = good("resolving", "require_revalidation", validated_version=4)
        MACHINE.fire(step, Trigger.REQUIRE_REVALIDATION, evidence)
        assert step.request.validated_version is None

    @pytest.mark.parametrize("trigger", ["vote", "dissent", "abstain"])
    def test_a_vote_records_what_was_held_then_and_the_step_that_was_open(self, trigger: str) -> None:
        held = {"roles": ["security"], "groups": ["board"], "kind": "human", "step": 2}
        terms = a_terms(Approval(1, roles=("legal",)), replace(SECURITY, step=2))
        step, evidence = good("pending", trigger, terms, trail=votes(LARA))
        MACHINE.fire(step, Trigger(trigger), replace(evidence, actor=replace(CAROL, groups=("board",))))
        assert decisions(step)[0].metadata == held | ({"code": "other", "ends": True} if trigger == "dissent" else {})
        (vote,) = step.ballots.votes[1:]
        assert (vote.actor, vote.step, vote.digest) == ("carol", 2, step.request.digest)

    def test_a_vote_that_was_handed_on_records_by_whom(self) -> None:
        chain = ("carol", "eve", "dave")
        decision = self.moved("pending", "vote", actor=replace(CAROL, id="dave", on_behalf_of="carol"), chain=chain)[1]
        assert decision.metadata["chain"] == list(chain)
        assert (decision.actor, decision.on_behalf_of) == ("dave", "carol")

    def test_an_approval_records_who_counted(self) -> None:
        assert self.moved("pending", "approve")[1].metadata == {"counted": ["carol"]}

    def test_a_rejection_records_who_was_against_it_and_what_cannot_be_met(self) -> None:
        step, evidence = good("pending", "reject", a_terms(SECURITY, AFTER))
        MACHINE.fire(step, Trigger.REJECT, evidence)
        assert decisions(step)[0].metadata == {
            "rejections": [{"actor": "carol", "code": "other"}],
            "requirements": [str(AFTER)],
            "reasons": [f"{AFTER}, which is unknown"],
        }

    def test_a_veto_records_its_code(self) -> None:
        assert self.moved("revalidation", "reject", code="wrong_scope")[1].metadata == {"code": "wrong_scope"}

    def test_a_note_and_a_lapse_record_what_is_not_met(self) -> None:
        assert self.moved("pending", "note")[1].metadata == {
            "requirements": [str(AFTER)],
            "reasons": [f"{AFTER}, which is unknown"],
        }
        assert self.moved("approved", "lapse")[1].metadata == {"requirements": ["1 approval by role security"]}

    def test_an_expiry_records_whose_deadline_passed_and_when(self) -> None:
        deadline = {"at": "2026-01-31T12:00:00.000000Z", "kind": "requester", "of": "requester bob"}
        assert self.moved("pending", "expire")[1].metadata == {"deadline": deadline}

    @pytest.mark.parametrize("status", ["pending", "approved", "revalidation"])
    def test_an_approval_that_ran_out_records_until_when_it_counted_and_what_no_longer_does(self, status: str) -> None:
        step, said_last = self.moved(status, "expire_approval")
        facts = {"approved_until": "2026-01-31T13:00:00.000000Z", "outdated": ["carol"], "reviews": ["legal"]}
        assert said_last.metadata == facts
        ballots = step.ballots
        assert (ballots.votes, ballots.reports, [each.actor for each in ballots.expired]) == ((), (), ["carol"])

    def test_a_report_records_what_was_found_and_by_whom(self) -> None:
        found = {"check": "legal", "step": 1, "roles": ["legal"], "groups": [], "kind": "human"}
        assert self.moved("pending", "report")[1].metadata == found | {"passed": True}
        step, decision = self.moved("approved", "report", passed=False)
        assert decision.metadata == found | {"passed": False}
        assert step.ballots.reports[-1].by.roles == ("legal",)

    def test_a_waiver_records_the_freeze_and_the_roles_held_then(self) -> None:
        until = ["2026-01-31T13:00:00.000000Z"]
        waived = {"freeze": "year-end", "until": until, "roles": ["security"]}
        assert self.moved("pending", "waive")[1].metadata == waived

    def test_a_vote_that_is_withdrawn_is_gone_and_may_be_given_again(self) -> None:
        step, evidence = good("pending", "withdraw")
        MACHINE.fire(step, Trigger.WITHDRAW, evidence)
        assert step.ballots.votes == ()
        assert MACHINE.fire_if_allowed(step, Trigger.VOTE, replace(evidence, digest=step.request.digest))

    def test_a_withdrawal_leaves_the_votes_of_others_and_those_on_other_terms(self) -> None:
        def trail(request: MutationRequest) -> tuple[Decision, ...]:
            return (*on_other_terms(votes(CAROL))(request), *votes(CAROL, DAVE)(request))

        step, evidence = good("pending", "withdraw", trail=trail)
        MACHINE.fire(step, Trigger.WITHDRAW, evidence)
        assert [(vote.actor, vote.digest) for vote in step.ballots.votes] == [
            ("carol", "old"),
            ("dave", step.request.digest),
        ]

    def test_who_acts_for_somebody_is_recorded_with_them(self) -> None:
        _, decision = self.moved("pending", "cancel", actor=replace(BOB, on_behalf_of="boss"))
        assert (decision.actor, decision.on_behalf_of) == ("bob", "boss")

    def test_a_clock_that_jumps_back_does_not_turn_a_trail_around(self) -> None:
        step, evidence = good("pending", "vote")
        MACHINE.fire(step, Trigger.VOTE, replace(evidence, at=LATER))
        MACHINE.fire(step, Trigger.APPROVE, replace(evidence, at=NOON))
        MACHINE.fire(step, Trigger.HOLD, replace(evidence, reason="wait", at=LATER + timedelta(seconds=1)))
        assert [each.at for each in decisions(step)] == [LATER, LATER, LATER + timedelta(seconds=1)]
        assert step.request.updated_at == LATER + timedelta(seconds=1)


def settled(step: Step, trigger: str, evidence: Evidence) -> list[str]:
    """Fire a trigger and what follows, and give the codes that were recorded."""
    MACHINE.fire_and_settle(step, Trigger(trigger), evidence)
    return [each.code for each in decisions(step)]


class TestWhatFollows:
    def of(self, status: str, trigger: str, terms: Terms | None = None, **parts: Any) -> tuple[Step, str, Evidence]:  # noqa: ANN401 - columns, trail and circumstances
        around = parts.pop("around", Circumstances())
        step, evidence = good(status, trigger, terms, **parts)
        return step, trigger, replace(evidence, circumstances=around)

    def test_the_last_vote_approves(self) -> None:
        assert settled(*self.of("pending", "vote")) == ["voted", "approved"]

    def test_a_vote_that_is_not_the_last_leaves_it_pending(self) -> None:
        two = a_terms(Approval(2, roles=("security",)))
        assert settled(*self.of("pending", "vote", two)) == ["voted"]

    def test_the_last_vote_on_a_held_request_waits_for_its_release(self) -> None:
        assert settled(*self.of("pending", "vote", held="wait")) == ["voted"]
        assert settled(*self.of("pending", "release", trail=votes(CAROL))) == ["released", "approved"]

    def test_a_release_with_votes_missing_leaves_it_pending(self) -> None:
        assert settled(*self.of("pending", "release")) == ["released"]

    def test_a_dissent_rejects_where_nobody_knows_who_else_could_approve(self) -> None:
        step, trigger, evidence = self.of("pending", "dissent")
        assert settled(step, trigger, evidence) == ["dissented", "rejected"]
        assert step.status is Status.REJECTED

    def test_a_dissent_leaves_it_pending_while_enough_others_are_left(self) -> None:
        around = listed(SECURITY, CAROL, DAVE)
        assert settled(*self.of("pending", "dissent", around=around)) == ["dissented"]
        assert settled(*self.of("pending", "dissent", a_terms(TOLERANT))) == ["dissented"]

    @pytest.mark.parametrize(("trigger", "code"), [("dissent", "dissented"), ("abstain", "abstained")])
    @pytest.mark.parametrize(("impossible", "follows"), [("reject", "rejected"), ("note", "unsatisfiable")])
    def test_where_too_few_are_left_it_ends_or_says_so(
        self, trigger: str, code: str, impossible: str, follows: str
    ) -> None:
        two = Approval(2, roles=("security",), when_impossible=WhenImpossible(impossible))
        around = listed(two, CAROL, DAVE)
        assert settled(*self.of("pending", trigger, a_terms(two), around=around)) == [code, follows]

    def test_a_withdrawal_says_so_where_nobody_is_left(self) -> None:
        one = replace(SECURITY, when_impossible=WhenImpossible.NOTE)
        assert settled(*self.of("pending", "withdraw", a_terms(one), around=listed(one))) == [
            "withdrawn",
            "unsatisfiable",
        ]
        assert settled(*self.of("pending", "withdraw")) == ["withdrawn"]

    def test_a_withdrawal_from_a_held_request_may_leave_it_as_it_was(self) -> None:
        assert settled(*self.of("pending", "withdraw", held="wait")) == ["withdrawn"]

    def test_a_report_approves_if_it_passed_and_was_the_last_thing_missing(self) -> None:
        assert settled(*self.of("pending", "report")) == ["reported", "approved"]
        step, trigger, evidence = self.of("pending", "report")
        assert settled(step, trigger, replace(evidence, passed=False)) == ["reported"]
        assert settled(*self.of("pending", "report", a_terms(LEGAL, SECURITY))) == ["reported"]

    def test_a_report_that_failed_takes_an_approval_back(self) -> None:
        step, trigger, evidence = self.of("approved", "report")
        assert settled(step, trigger, replace(evidence, passed=False)) == ["reported", "lapsed"]
        assert step.status is Status.PENDING

    def test_a_report_that_passed_leaves_an_approval_as_it_is(self) -> None:
        step, trigger, evidence = self.of("approved", "report")
        assert settled(step, trigger, evidence) == ["reported"]
        assert step.status is Status.APPROVED

    def test_a_waiver_approves_if_nothing_else_is_missing(self) -> None:
        assert settled(*self.of("pending", "waive")) == ["waived", "approved"]
        assert settled(*self.of("approved", "waive")) == ["waived"]

    def test_a_submission_whose_requirements_are_met_is_approved_at_once(self) -> None:
        met = a_terms(Schedule(not_before=NOON))
        assert settled(*self.of("created", "submit", met)) == ["submitted", "approved"]
        assert settled(*self.of("created", "submit")) == ["submitted"]

    def test_a_submission_whose_requirements_cannot_be_met_ends_or_says_so(self) -> None:
        assert settled(*self.of("created", "submit", a_terms(AFTER))) == ["submitted", "rejected"]
        noted = replace(AFTER, when_impossible=WhenImpossible.NOTE)
        assert settled(*self.of("created", "submit", a_terms(noted))) == ["submitted", "unsatisfiable"]

    @pytest.mark.parametrize(
        ("status", "trigger", "code"),
        [("pending", "amend", "amended"), ("resolving", "renew_approval", "approval_renewed")],
    )
    def test_new_terms_that_require_nothing_are_approved_at_once(self, status: str, trigger: str, code: str) -> None:
        step, _, evidence = self.of(status, trigger, a_terms())
        assert settled(step, trigger, evidence) == [code, "approved"]

    def test_a_retry_goes_back_to_the_approvers_where_an_approval_no_longer_stands(self) -> None:
        step, trigger, evidence = self.of("failed", "retry")
        assert settled(step, trigger, evidence) == ["retried", "lapsed"]
        assert step.status is Status.PENDING
        assert settled(*self.of("failed", "retry", trail=votes(CAROL))) == ["retried"]

    def test_what_follows_is_done_by_the_same_actor_for_the_same_reason(self) -> None:
        step, trigger, evidence = self.of("pending", "vote")
        MACHINE.fire_and_settle(step, Trigger(trigger), replace(evidence, reason="fine"))
        assert {(each.actor, each.reason, each.at) for each in decisions(step)} == {("carol", "fine", NOON)}

    def test_where_the_move_itself_is_refused_nothing_follows(self) -> None:
        step, trigger, evidence = self.of("pending", "vote")
        same = as_before(step)
        with pytest.raises(TransitionRefusedError):
            MACHINE.fire_and_settle(step, Trigger(trigger), replace(evidence, actor=STRANGER))
        assert same()

    def test_settling_makes_the_first_move_that_it_can_and_tells(self) -> None:
        step, evidence = good("pending", "approve", a_terms(SECURITY, expires_at=LATER))
        both = (Trigger.EXPIRE, Trigger.APPROVE)
        assert MACHINE.settle(step, both, evidence)
        assert [each.code for each in decisions(step)] == ["approved"]
        assert not MACHINE.settle(step, (Trigger.NOTE, Trigger.REJECT), evidence)


class TestDeadlinesAndSeals:
    def test_a_vote_that_meets_a_requirement_leaves_its_deadline_behind(self) -> None:
        both = a_terms(replace(SECURITY, deadline=LATER), replace(LEGAL, deadline=LATER + HOUR))
        step, evidence = good("pending", "vote", both, due_at=LATER)
        MACHINE.fire(step, Trigger.VOTE, evidence)
        assert step.request.due_at == LATER + HOUR

    def test_a_withdrawal_brings_it_back(self) -> None:
        step, evidence = good("pending", "withdraw", a_terms(replace(SECURITY, deadline=LATER)))
        MACHINE.fire(step, Trigger.WITHDRAW, evidence)
        assert step.request.due_at == LATER

    def test_how_long_an_approval_counts_is_no_deadline(self) -> None:
        step, evidence = good("pending", "approve", a_terms(SECURITY, approval_valid_for=HOUR))
        MACHINE.fire(step, Trigger.APPROVE, evidence)
        assert step.request.due_at is None

    def test_new_terms_bring_their_own_deadlines(self) -> None:
        step, evidence = good("pending", "amend", due_at=LATER)
        terms = a_terms(replace(SECURITY, deadline=LATER + HOUR), number=2)
        MACHINE.fire(step, Trigger.AMEND, replace(evidence, terms=terms))
        assert step.request.due_at == LATER + HOUR

    @pytest.mark.parametrize("trigger", ["cancel", "expire", "supersede"])
    def test_what_is_final_keeps_the_deadline_it_had(self, trigger: str) -> None:
        step, evidence = good("pending", trigger, a_terms(SECURITY, approval_valid_for=HOUR), due_at=NOON)
        MACHINE.fire(step, Trigger(trigger), evidence)
        MACHINE.fire(step, Trigger.COMMENT, replace(evidence, reason="so be it"))
        assert step.request.due_at == NOON

    def test_an_emergency_needs_no_approval_whose_validity_could_run_out(self) -> None:
        step, evidence = good("pending", "override", a_terms(SECURITY, approval_valid_for=HOUR, expires_at=LATER))
        failed = replace(evidence, run=a_run(RunStatus.FAILED))
        MACHINE.fire(step, Trigger.OVERRIDE, evidence)
        assert step.request.due_at == LATER
        MACHINE.fire(step, Trigger.FAIL, failed)
        MACHINE.fire_and_settle(step, Trigger.RETRY, failed)
        assert (step.status, step.request.due_at) == (Status.PENDING, LATER)

    def test_the_seal_is_over_the_deadline_that_the_move_has_set(self) -> None:
        step, evidence = good("pending", "vote", a_terms(replace(SECURITY, deadline=LATER)), due_at=LATER)
        MACHINE.fire(step, Trigger.VOTE, evidence)
        assert step.request.due_at is None
        assert decisions(step)[0].seal == step.request.seal() != replace(step.request, due_at=LATER).seal()

    def test_it_covers_the_deadline_and_the_emergency_and_its_review(self) -> None:
        request = a_request("executed")
        variants = [
            request,
            *(replace(request, due_at=at) for at in (NOON, NOON + TICK)),
            *(replace(request, emergency_by=who) for who in ("olga", "carol")),
            *(replace(request, emergency_by="olga", review=review) for review in ("open", "closed")),
            replace(request, review="open"),
        ]
        assert len({each.seal() for each in variants}) == len(variants)


def a_long_life() -> Step:
    """Vote, approve, hold, release, approve, and fail twice."""
    step, voted = good("pending", "vote")
    plain = replace(voted, reason="because")
    attempt = replace(plain, resolution=a_resolution(), state=STATE, execution_id="x", run=a_run(RunStatus.FAILED))
    MACHINE.fire(step, Trigger.VOTE, voted)
    for trigger in (Trigger.APPROVE, Trigger.HOLD, Trigger.RELEASE, Trigger.APPROVE):
        MACHINE.fire(step, trigger, plain)
    for trigger in (Trigger.RESOLVE, Trigger.FAIL, Trigger.RETRY, Trigger.RESOLVE, Trigger.FAIL):
        MACHINE.fire(step, trigger, attempt)
    return step


LIFE = a_long_life()
LEDGERS: list[tuple[Book[Any], list[Link]]] = [(DECISION_BOOK, LIFE.decisions), (AUDIT_BOOK, LIFE.audit)]
BOOKS = st.sampled_from(LEDGERS)


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


LIVES = [
    TERMS_,
    a_terms(),
    a_terms(SECURITY, LEGAL),
    a_terms(FREEZE, replace(SECURITY, step=2)),
    a_terms(SECURITY, expires_at=LATER),
    a_terms(replace(SECURITY, deadline=LATER), approval_valid_for=HOUR / 2),
    a_terms(replace(SECURITY, any_rejection_ends=False), AFTER),
]
MOVES = st.lists(
    st.tuples(st.booleans(), st.integers(0, 999), st.integers(-60, 60), st.sampled_from(list(ResolutionOutcome))),
    max_size=25,
)


def fired(step: Step, trigger: Trigger, evidence: Evidence) -> bool:
    try:
        MACHINE.fire(step, trigger, evidence)
    except TransitionRefusedError:
        return False
    return True


class TestAnyLife:
    @given(st.sampled_from(LIVES), MOVES)
    def test_whatever_is_asked_in_whatever_order_the_trail_is_whole(
        self, terms: Terms, asked: list[tuple[bool, int, int, ResolutionOutcome]]
    ) -> None:
        step = Step(a_request("created", terms), new=True)
        around = Circumstances(awaited={"r-0": Awaited(request_id="r-0", status=Status.EXECUTED, asks="", about="")})
        refusals = 0
        for wild, number, minutes, outcome in asked:
            possible = list(Trigger) if wild else LIFECYCLE.triggers(step.status)
            trigger = possible[number % len(possible)]
            before, same = len(step.decisions), as_before(step)
            facts: dict[str, Any] = {"actor": BOB, "circumstances": around} | good_facts(trigger, step.request)
            if "resolution" in facts:
                facts["resolution"] = a_resolution(outcome, expected=step.request.expected_version)
            evidence = Evidence(**{"at": NOON + timedelta(minutes=minutes), **facts})
            if fired(step, trigger, evidence):
                assert len(step.decisions) == before + 1
            else:
                refusals += 1
                assert same()
        trail = decisions(step)
        assert len(trail) + refusals == len(asked)
        assert [each.seq for each in trail] == list(range(1, len(trail) + 1))
        assert all((each.from_status, each.trigger, each.to_status) in ARROWS for each in trail)
        path = ["created", *(each.to_status for each in trail)]
        assert path[:-1] == [each.from_status for each in trail]
        assert path[-1] == step.state == step.request.status
        ends = [status for status in path if status in NEVER_LEFT]
        assert ends == path[len(path) - len(ends) :]
        assert len(set(ends)) <= 1
        assert sorted(each.at for each in trail) == [each.at for each in trail]
        assert step.request.revision == len(trail)
        assert ("executed" in path) == (step.new_state is not None)
        assert not trail or trail[-1].seal == step.request.seal()
        approved = [each.seq for each in trail if each.code in {"approved", "admitted", "overridden"}]
        assert all(approved and approved[0] < each.seq for each in trail if each.code == "executed")


ROWS = tuple(LIFECYCLE)
ANY: Any = None
UNKNOWN: Any = "lost"
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
            ([*without(Trigger.SUBMIT), replace(SUBMIT, target=UNKNOWN)], "submit names the unknown status 'lost'"),
            ([*ROWS, replace(SUBMIT, target=Status.APPROVED)], "two rows for submit from created"),
            ([*ROWS, replace(SUBMIT)], "two rows for submit from created"),
            ([*without(Trigger.SUBMIT), replace(SUBMIT, guard=Guard("", SUBMIT.guard.rules))], "does not say what it"),
            ([*without(Trigger.SUBMIT), replace(SUBMIT, guard=Guard(" ", SUBMIT.guard.rules))], "does not say what it"),
            ([*ROWS, replace(SUBMIT, sources=(Status.EXECUTED,))], "submit leaves executed, which is terminal"),
            ([*ROWS, replace(SUBMIT, sources=(Status.EXECUTED,), target=Status.STALE)], "submit leaves executed"),
            (without(Trigger.MARK_STALE, Trigger.MARK_IN_PLACE), "nothing leads to stale"),
            (without(Trigger.REQUIRE_REVALIDATION, Trigger.REVALIDATE), "nothing leads to revalidation"),
            (
                [
                    replace(row, sources=tuple(each for each in row.sources if each is not Status.FAILED))
                    for row in without(Trigger.RETRY)
                ],
                "nobody can leave failed for good",
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
        circle = replace(SUBMIT, trigger=Trigger.RETRY, sources=(Status.FAILED,), target=None)
        with pytest.raises(TableError, match="nobody can leave failed for good"):
            Table([*rows, circle])

    def test_nor_is_it_a_way_in(self) -> None:
        circle = replace(SUBMIT, trigger=Trigger.MARK_STALE, sources=(Status.FAILED,), target=Status.FAILED)
        rows = [replace(row, target=Status.PENDING) if row.target is Status.FAILED else row for row in ROWS]
        with pytest.raises(TableError, match="nothing leads to failed"):
            Table([*rows, circle])

    def test_categories_are_those_of_decisions(self) -> None:
        assert {row.category for row in ROWS} == set(Category)


if __name__ == "__main__":  # write both golden copies again
    for file, lines in ((WORDS, read()), (RECORDS, recorded())):
        file.write_text("".join(f"{line}\n" for line in lines), "utf-8")

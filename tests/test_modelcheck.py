"""The model check: everything holds in every world of the lifecycle, and each planted fault is found and told."""

from dataclasses import replace

import pytest

from placet.cli.checking import show
from placet.lifecycle.guards import Guard
from placet.lifecycle.step import Evidence, given
from placet.lifecycle.table import LIFECYCLE
from placet.lifecycle.transition import Table, Transition, Trigger
from placet.model.request import MutationRequest, Status
from placet.modelcheck import AbstractStore, Report, check, invariants

pytestmark = pytest.mark.exhaustive

NOT_WALKED = {Trigger.REPORT, Trigger.WAIVE, Trigger.NOTE, Trigger.ABSTAIN, Trigger.EXPIRE_APPROVAL}
"""They need requirements, a directory or a time limit that the cast of the check has not: see docs/proof.md."""


def row_of(trigger: Trigger) -> Transition:
    (row,) = (row for row in LIFECYCLE if row.trigger is trigger)
    return row


def changed(new: Transition) -> Table:
    """Copy the table with one row changed."""
    return Table([new if row.trigger is new.trigger else row for row in LIFECYCLE])


def without(trigger: Trigger, *codes: str) -> Table:
    """Copy the table with a guard that lacks some of its rules."""
    row = row_of(trigger)
    rules = tuple(rule for rule in row.guard.rules if rule.code not in codes)
    assert len(rules) == len(row.guard.rules) - len(codes)
    return changed(replace(row, guard=Guard(row.guard.words, rules)))


def opened(trigger: Trigger) -> Table:
    """Copy the table with a guard that lets everything pass."""
    return changed(replace(row_of(trigger), guard=Guard("nothing at all", ())))


def leading(trigger: Trigger, target: Status) -> Table:
    """Copy the table with another target in one row."""
    return changed(replace(row_of(trigger), target=target))


def keeping_the_digest(request: MutationRequest, evidence: Evidence) -> MutationRequest:
    """Take new terms, and leave the digest that votes were bound to."""
    return request.with_terms(given(evidence.terms)).evolve(digest=request.digest)


RENEWED = changed(replace(row_of(Trigger.RENEW_APPROVAL), effect=keeping_the_digest))

FAULTS = {
    "a resolution that need not be true": (opened(Trigger.RESOLVE), invariants.EXECUTED, 6),
    "execution without a proceeding resolution": (without(Trigger.EXECUTE, "proceeds"), invariants.EXECUTED, 6),
    "execution on another version": (without(Trigger.EXECUTE, "replaces_resolved"), invariants.EXECUTED, 6),
    "execution of another effect": (without(Trigger.EXECUTE, "covered"), invariants.EXECUTED, 5),
    "approval without what is required": (without(Trigger.APPROVE, "requirements_met"), invariants.APPROVED, 1),
    "a swapped target": (leading(Trigger.BLOCK, Status.EXECUTED), invariants.EXECUTED, 5),
    "retrying without end": (opened(Trigger.RETRY), invariants.RETRIED, 11),
    "old votes on new terms": (RENEWED, invariants.APPROVED, 7),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_told_as_the_shortest_story(fault: str) -> None:
    table, invariant, length = FAULTS[fault]
    broken = check(table).broken
    assert broken is not None
    assert (broken.invariant, len(broken.story)) == (invariant.name, length), str(broken)


@pytest.mark.parametrize(
    ("store", "invariant", "length"),
    [
        (AbstractStore(checks_revision=False), invariants.FINAL, 6),
        (AbstractStore(checks_revision=False, checks_version=False), invariants.FINAL, 6),
    ],
)
def test_a_store_that_compares_too_little_is_told(
    store: AbstractStore, invariant: invariants.Invariant, length: int
) -> None:
    broken = check(store=store).broken
    assert broken is not None
    assert (broken.invariant, len(broken.story)) == (invariant.name, length), str(broken)


def test_a_story_says_who_did_what_and_what_became_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert not show(check(without(Trigger.EXECUTE, "proceeds")))
    assert capsys.readouterr().out.splitlines()[1:] == [
        "✗ executed only as resolved in the same attempt, and as approved or in an emergency",
        "1. rex submits it, and nothing is required: it is approved",
        "2. another writer changes the state: it has a new version",
        "3. one loads request and state: it is approved",
        "4. one resolves: stale: in its hands it is resolving",
        "5. one runs it: in its hands it is executed",
        "6. one commits: it is executed, and the state is changed",
        "So its resolution says stale.",
    ]


@pytest.fixture(scope="module")
def found() -> Report:
    """Check the lifecycle as it is, once."""
    return check()


def test_everything_holds_in_every_world(found: Report) -> None:
    assert found.ok, str(found.broken)
    assert found.worlds > 20_000


def test_every_arrow_is_walked_but_those_of_other_requirements(found: Report) -> None:
    declared = {arrow for row in LIFECYCLE for arrow in row.arrows()}
    assert {trigger for _, trigger, _ in declared - found.walked} == NOT_WALKED


def test_what_holds_is_ticked_off(found: Report, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(found)
    assert capsys.readouterr().out.count("✓") == len(invariants.ALL)

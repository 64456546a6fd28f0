"""The comparison of two versions, and the report of what lies between, by themselves."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from house import HOUSE, AddTeam, a_terms, approved, opened
from placet import Governance, OnDrift
from placet.errors import IntegrityError
from placet.governance import resolution
from placet.governance.resolution import VersionResolver, drift_steps
from placet.model.canonical import Link
from placet.model.resolution import DriftStep, Effect, Resolution, ResolutionOutcome
from placet.model.trail import Ledger
from placet.store.memory import MemoryStore
from placet.store.port import Store

STEP = DriftStep(4, "r-2", "AddTeam", "runner", ("/teams",))


def resolved(
    current: int,
    on_drift: OnDrift = OnDrift.REJECT,
    effect: Effect = Effect.OTHER,
    *,
    listed: int = 1,
    **terms: Any,  # noqa: ANN401 - fields of Terms
) -> Resolution:
    return VersionResolver().resolve(
        a_terms(on_drift=on_drift, **terms),
        expected=3,
        current=current,
        effect=lambda: effect,
        drift=lambda: [STEP] * listed,
    )


def test_the_same_version_proceeds_whatever_the_strategy() -> None:
    for strategy in OnDrift:
        assert resolved(3, strategy) == Resolution(ResolutionOutcome.UNCHANGED, 3, 3, strategy)


STALE, RENEW, AGAIN, KEPT = (
    ResolutionOutcome.STALE,
    ResolutionOutcome.RENEW_APPROVAL,
    ResolutionOutcome.REVALIDATE,
    ResolutionOutcome.SAME_EFFECT,
)


@pytest.mark.parametrize(
    ("covers", "strategy", "fallback", "pause", "outcomes"),
    [
        ("effect", OnDrift.REJECT, OnDrift.REJECT, False, (STALE, STALE)),
        ("effect", OnDrift.RENEW_APPROVAL, OnDrift.REJECT, False, (RENEW, RENEW)),
        ("effect", OnDrift.REVALIDATE, OnDrift.REJECT, False, (KEPT, RENEW)),
        ("effect", OnDrift.REVALIDATE, OnDrift.REJECT, True, (AGAIN, AGAIN)),
        ("effect", OnDrift.KEEP_IF_SAME_EFFECT, OnDrift.REJECT, False, (KEPT, STALE)),
        ("effect", OnDrift.KEEP_IF_SAME_EFFECT, OnDrift.RENEW_APPROVAL, False, (KEPT, RENEW)),
        ("effect", OnDrift.KEEP_IF_SAME_EFFECT, OnDrift.REVALIDATE, False, (KEPT, RENEW)),
        ("effect", OnDrift.KEEP_IF_SAME_EFFECT, OnDrift.REVALIDATE, True, (KEPT, RENEW)),
        ("mutation", OnDrift.REJECT, OnDrift.REJECT, False, (STALE, STALE)),
        ("mutation", OnDrift.REVALIDATE, OnDrift.REJECT, False, (AGAIN, AGAIN)),
        ("mutation", OnDrift.REVALIDATE, OnDrift.REJECT, True, (AGAIN, AGAIN)),
        ("mutation", OnDrift.KEEP_IF_SAME_EFFECT, OnDrift.REVALIDATE, False, (KEPT, AGAIN)),
    ],
)
def test_another_version_leads_where_strategy_and_coverage_say(
    covers: str, strategy: OnDrift, fallback: OnDrift, pause: bool, outcomes: tuple[ResolutionOutcome, ...]
) -> None:
    same, other = outcomes
    terms: dict[str, Any] = {"approval_covers": covers, "fallback": fallback, "pause_for_revalidation": pause}
    assert resolved(4, strategy, Effect.SAME, **terms) == Resolution(same, 3, 4, strategy, (STEP,), 0)
    assert resolved(4, strategy, Effect.OTHER, **terms) == Resolution(other, 3, 4, strategy, (STEP,), 0)
    in_place = resolved(4, strategy, Effect.IN_PLACE, **terms)
    assert in_place.outcome is ResolutionOutcome.ALREADY_IN_PLACE
    assert not in_place.proceeds


def test_what_the_report_does_not_list_is_counted() -> None:
    assert resolved(10, listed=5).unlisted == 2


def test_a_version_that_went_back_names_its_row() -> None:
    with pytest.raises(IntegrityError, match="its version went back from 3 to 2") as caught:
        resolved(2)
    assert (caught.value.table, caught.value.row) == ("placet_states", "house")


def test_a_report_has_room_for_a_hundred_steps() -> None:
    assert resolution.MOST_STEPS == 100


@pytest.fixture
def moved(store: Store, monkeypatch: pytest.MonkeyPatch) -> Governance:
    """A house that was changed more often than a report, here of three steps, can list."""
    monkeypatch.setattr(resolution, "MOST_STEPS", 3)
    gov = opened(store)
    for number in range(4):
        gov.execute(approved(gov, AddTeam(team=f"team-{number}")).id, by="runner")
    return gov


@pytest.mark.parametrize(("expected", "listed"), [(1, [2, 3, 4]), (2, [3, 4, 5]), (3, [4, 5]), (5, [])])
def test_a_report_begins_after_the_approved_version_and_ends_when_it_is_full(
    moved: Governance, store: Store, expected: int, listed: list[int]
) -> None:
    with store.view() as reader:
        assert [each.version for each in drift_steps(reader, HOUSE, expected)] == listed


def test_a_report_asks_the_store_for_no_more_than_it_lists(
    moved: Governance, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.view() as reader:
        asked: list[tuple[int, int | None]] = []
        links = reader.links

        def watched(ledger: Ledger, owner: str, after: int = 0, limit: int | None = None) -> Sequence[Link]:
            asked.append((after, limit))
            return links(ledger, owner, after, limit)

        monkeypatch.setattr(reader, "links", watched)
        drift_steps(reader, HOUSE, 2)
        assert asked == [(1, 4)]


def test_a_report_goes_on_from_the_very_version_that_was_approved() -> None:
    store = MemoryStore()
    gov = opened(store)
    for team in ("red", "blue", "green"):
        gov.execute(approved(gov, AddTeam(team=team)).id, by="runner")
    links = store._tables.ledgers[(Ledger.HISTORY, HOUSE)]
    links[1] = replace(links[1], hash="0" * 64)
    with store.view() as reader, pytest.raises(IntegrityError, match=f"{HOUSE}#3: the hash does not follow"):
        drift_steps(reader, HOUSE, 2)

"""The comparison of two versions, and the report of what lies between, by themselves."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from house import HOUSE, AddTeam, approved, opened
from placet import Governance, OnDrift
from placet.errors import IntegrityError
from placet.governance import resolution
from placet.governance.resolution import VersionResolver, drift_steps
from placet.model.canonical import Link
from placet.model.resolution import DriftStep, Resolution, ResolutionOutcome
from placet.model.trail import Ledger
from placet.store.memory import MemoryStore
from placet.store.port import Store

STEP = DriftStep(4, "r-2", "AddTeam", "runner", ("/teams",))


def resolved(current: int, on_drift: OnDrift = OnDrift.REJECT, *, same: bool = False, listed: int = 1) -> Resolution:
    return VersionResolver().resolve(
        state_id="house",
        expected=3,
        current=current,
        on_drift=on_drift,
        fallback=OnDrift.REVALIDATE,
        same_effect=lambda: same,
        drift=lambda: [STEP] * listed,
    )


def test_the_same_version_proceeds_whatever_the_strategy() -> None:
    for strategy in OnDrift:
        assert resolved(3, strategy) == Resolution(ResolutionOutcome.UNCHANGED, 3, 3, strategy)


@pytest.mark.parametrize(
    ("strategy", "outcome"),
    [
        (OnDrift.REJECT, ResolutionOutcome.STALE),
        (OnDrift.RENEW_APPROVAL, ResolutionOutcome.RENEW_APPROVAL),
        (OnDrift.REVALIDATE, ResolutionOutcome.REVALIDATE),
    ],
)
def test_another_version_leads_where_the_strategy_says(strategy: OnDrift, outcome: ResolutionOutcome) -> None:
    for same in (True, False):
        assert resolved(4, strategy, same=same) == Resolution(outcome, 3, 4, strategy, (STEP,), 0)


def test_the_same_effect_is_kept_and_another_falls_back() -> None:
    keep = OnDrift.KEEP_IF_SAME_EFFECT
    assert resolved(4, keep, same=True).outcome is ResolutionOutcome.SAME_EFFECT
    assert resolved(4, keep, same=False).outcome is ResolutionOutcome.REVALIDATE


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

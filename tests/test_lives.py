"""Requests lived at random on both stores, judged after every step by rules that know nothing of the lifecycle.

`HYPOTHESIS_PROFILE=deep` lives longer.
"""

from collections import Counter
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from lives import Lives
from placet.lifecycle.transition import Trigger
from placet.model.request import Status
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.store.sqlite import SqliteStore

pytestmark = pytest.mark.exhaustive

PROFILE = settings()
"""What `conftest.py` has loaded."""

LIVES = PROFILE.max_examples if PROFILE.max_examples > 100 else min(PROFILE.max_examples, 30)


class InMemory(Lives):
    """On the memory store."""

    def make_store(self) -> Store:
        return MemoryStore()


class InSqlite(Lives):
    """On SQLite."""

    def make_store(self) -> Store:
        return SqliteStore(":memory:")


class Counted(InMemory):
    """The same lives each time, to be counted."""

    census: ClassVar[Counter[str]] = Counter()


InMemory.TestCase.settings = InSqlite.TestCase.settings = settings(
    max_examples=LIVES, stateful_step_count=40, suppress_health_check=[HealthCheck.too_slow]
)
TestLivesInMemory = InMemory.TestCase
TestLivesInSqlite = InSqlite.TestCase


def test_lives_come_to_every_status_and_fire_most_triggers() -> None:
    run_state_machine_as_test(
        Counted,
        settings=settings(
            max_examples=90,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    never = {status for status in Status if not Counted.census[f"= {status}"]}
    unfired = {trigger for trigger in Trigger if not Counted.census[trigger]}
    assert len(never) <= 1, f"never came to {never}"  # other seeds miss none or one
    assert len(unfired) <= 7, f"never fired {unfired}"  # other seeds miss three to five
    assert Counted.census["execute"] >= 80, "too few are executed"  # others 140 to 180

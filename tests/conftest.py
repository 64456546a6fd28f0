"""What every test may use: profiles for hypothesis, a clock that stands still, ids that count, and both stores."""

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from signoff.store.memory import MemoryStore
from signoff.store.port import Store
from signoff.store.sqlite import SqliteStore

settings.register_profile("dev", max_examples=30, deadline=None)
settings.register_profile("ci", derandomize=True, database=None, deadline=None)
settings.register_profile(
    "mutation",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=20,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],  # many of them share the machine
)
settings.register_profile("deep", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@dataclass
class FrozenClock:
    """A clock that moves only when told."""

    now: datetime = field(default_factory=lambda: datetime(2026, 1, 31, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **step: float) -> datetime:
        """Move on by so many `seconds=`, `hours=`, ...; backwards if negative."""
        self.now += timedelta(**step)
        return self.now


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def new_id() -> Callable[[], str]:
    """Ids that count: id-0001, id-0002 ..."""
    numbers = itertools.count(1)
    return lambda: f"id-{next(numbers):04}"


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store in turn."""
    made: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "signoff.db")
    yield made
    made.close()

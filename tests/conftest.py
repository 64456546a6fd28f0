"""What every test may use: profiles for hypothesis, a clock that stands still, ids that count, and both stores."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.store.sqlite import SqliteStore
from placet.testing import FrozenClock, counting_ids

settings.register_profile("dev", max_examples=30, deadline=None)
settings.register_profile("ci", derandomize=True, database=None, deadline=None)
settings.register_profile(
    "mutation",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=20,
    phases=[Phase.explicit, Phase.generate],
    # many of them share the machine; and tests are run, and run again, in forks of one process
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
settings.register_profile("deep", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def new_id() -> Callable[[], str]:
    return counting_ids()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store in turn."""
    made: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "placet.db")
    yield made
    made.close()

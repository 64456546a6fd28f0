"""Tools to test your own mutations, policies and stores, and your program's trails: the extra `placet[testing]`.

- Time, ids and failures that a test decides: `FrozenClock`, `counting_ids`, `FaultStore`, `dies`, `Crash`, `contents`.
- A contract for a store of your own: `StoreContract`, a class of tests to subclass.
- Your mutations on every road: `LifecycleStateMachine`, and `shortest_story` where something does not hold.
- Strategies for hypothesis: `actors`, `documents`, `patches`, `terms`, `requests`.
- Trails approved once, and compared ever after: `record_trail`.

`docs/testing.md` shows how to use them. `import placet` never imports this package, nor pytest, nor hypothesis.
"""

import pytest

pytest.register_assert_rewrite("placet.testing.contract")  # before it is imported, so that its asserts explain

from placet.testing.clock import FrozenClock, counting_ids
from placet.testing.contract import StoreContract
from placet.testing.faults import Crash, FaultStore, dies
from placet.testing.holdings import contents
from placet.testing.machine import LifecycleStateMachine, shortest_story
from placet.testing.strategies import actors, documents, patches, requests, terms
from placet.testing.trails import record_trail

__all__ = [
    "Crash",
    "FaultStore",
    "FrozenClock",
    "LifecycleStateMachine",
    "StoreContract",
    "actors",
    "contents",
    "counting_ids",
    "dies",
    "documents",
    "patches",
    "record_trail",
    "requests",
    "shortest_story",
    "terms",
]

"""Tools to test your own mutations, policies and stores, and your program's trails: the extra `signoff[testing]`.

- Time, ids and failures that a test decides: `FrozenClock`, `counting_ids`, `FaultStore`, `dies`, `Crash`, `contents`.
- A contract for a store of your own: `StoreContract`, a class of tests to subclass.
- Your mutations on every road: `LifecycleStateMachine`, and `shortest_story` where something does not hold.
- Strategies for hypothesis: `actors`, `documents`, `patches`, `terms`, `requests`.
- Trails approved once, and compared ever after: `record_trail`.

`docs/testing.md` shows how to use them. `import signoff` never imports this package, nor pytest, nor hypothesis.
"""

import pytest

pytest.register_assert_rewrite("signoff.testing.contract")  # before it is imported, so that its asserts explain

from signoff.testing.clock import FrozenClock, counting_ids
from signoff.testing.contract import StoreContract
from signoff.testing.faults import Crash, FaultStore, dies
from signoff.testing.holdings import contents
from signoff.testing.machine import LifecycleStateMachine, shortest_story
from signoff.testing.strategies import actors, documents, patches, requests, terms
from signoff.testing.trails import record_trail

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

"""Execution hand-off on its own: the core engine, without store or request. By policies, a figure is of 20 runs."""

from functools import partial
from typing import Any, ClassVar

from benchmarks.batches import _Batch, _One
from benchmarks.world import Action, GrantRole, Roles
from placet import Actor, Mode, MutationEngine, allow

SIZES = {"1 kB": 45, "32 kB": 1_480, "1 MB": 47_500}
"""How many members make a state so large."""


def roles(size: str) -> Roles:
    """Give a state of a size, as JSON."""
    return Roles(members={f"user-{number:06}": "reader" for number in range(SIZES[size])})


def run(mode: str, policies: int, size: str) -> Action:
    """Give a run of the engine on a state of a size, with so many policies that allow."""
    engine = MutationEngine([allow()] * policies)
    return partial(engine.run, GrantRole(user="ada", role="admin"), roles(size), Actor("bob"), Mode(mode))


class EngineByPolicies(_Batch):
    """A state of 1 kB. Without a policy the run is refused, as the default is no, after all the work."""

    param_names: ClassVar = ["mode", "policies"]
    params: ClassVar = [["commit", "simulate", "validate"], [0, 1, 10]]

    def prepare(self, count: int, *parameters: Any) -> list[Action]:
        mode, policies = parameters
        return [run(mode, policies, "1 kB")] * count


class EngineByStateSize(_One):
    """One policy; a figure is of a single run."""

    param_names: ClassVar = ["mode", "state"]
    params: ClassVar = [["commit", "simulate", "validate"], list(SIZES)]

    def prepare(self, count: int, *parameters: Any) -> list[Action]:
        mode, size = parameters
        return [run(mode, 1, size)] * count

"""Version resolution on its own: the approved version against the one there is. A figure is of 20 resolutions."""

from functools import cache, partial
from typing import Any, ClassVar

from benchmarks.batches import _Batch
from benchmarks.world import Action, World
from placet import MutationRequest


@cache
def drifted(versions: int) -> tuple[World, MutationRequest]:
    """Give a world, and a request for a house that has moved on since by so many versions; made once in a process."""
    world = World()
    house = world.house()
    request = world.asked(house)
    world.drift(house, versions)
    return world, request


class _Resolved(_Batch):
    drift_report = False
    param_names: ClassVar = ["versions"]
    params: ClassVar = [[0, 1, 10, 1_000]]

    def prepare(self, count: int, *parameters: Any) -> list[Action]:
        return [resolution(parameters[0], drift_report=self.drift_report)] * count


class VersionsCompared(_Resolved):
    """Without asking what moved the state."""


class VersionsComparedWithDriftReport(_Resolved):
    """Reading from the history who moved the state, 100 steps at most."""

    drift_report = True


def resolution(versions: int, *, drift_report: bool) -> Action:
    """Give a resolution of a house that has moved on by so many versions.

    Raises:
        NotImplementedError: this commit resolves otherwise.
    """
    try:
        from placet.governance.resolution import VersionResolver, drift_steps  # noqa: PLC0415 - not on every commit
        from placet.model.resolution import Effect  # noqa: PLC0415 - as above
    except ImportError as missing:
        raise NotImplementedError(str(missing)) from missing
    world, request = drifted(versions)
    reader = world.gov._context.store.view().__enter__()  # noqa: SLF001 - the memory store has nothing to close
    return partial(
        VersionResolver().resolve,
        request.terms,
        expected=1,
        current=1 + versions,
        effect=lambda: Effect.OTHER,
        drift=partial(drift_steps, reader, request.state_id, 1) if drift_report else tuple,
    )

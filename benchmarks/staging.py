"""Executions taken apart: each stage on its own, on real attempts, through the code that executes."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

from benchmarks.world import Action, World
from placet import Actor

if TYPE_CHECKING:
    from placet.governance.resolution import VersionResolver
    from placet.model.resolution import Resolution

ROADS = {
    "approved request executed": "execute",
    "approved request rejected as stale before execution": "mark_stale",
    "approved request blocked by policy": "execute",
}
"""The paths that can be taken apart, and what records their outcome."""


class _Given:
    """Gives a resolution that was made before, so that only what follows from it is measured."""

    def __init__(self, resolution: "Resolution") -> None:
        self._resolution = resolution

    def resolve(self, *_: Any, **__: Any) -> "Resolution":
        return self._resolution


class Staged:
    """Approved requests, taken through an execution stage by stage instead of one by one, inside one unit of work.

    The stages are those of `Governance.execute`, in its order; what is left out is the call itself, looking up who
    executes, and opening a unit of work for each.

    Args:
        world: where.
        path: which path they take, one of `ROADS`.
        actions: their executions, made ready.

    Raises:
        NotImplementedError: this commit has other stages.
    """

    def __init__(self, world: World, path: str, actions: list[Action]) -> None:
        try:  # here, as whatever asv finds must be importable on every commit
            from placet.governance.attempt import Attempt  # noqa: PLC0415
            from placet.governance.dossier import Dossier  # noqa: PLC0415
            from placet.governance.resolution import VersionResolver  # noqa: PLC0415
            from placet.model.resolution import Effect  # noqa: PLC0415
        except ImportError as missing:
            raise NotImplementedError(str(missing)) from missing
        if not hasattr(Attempt, "pass_time"):
            raise NotImplementedError("the stages are others")
        self._load, self._attempt = Dossier.load, Attempt
        self._ids = [action.args[0] for action in actions]
        self._road = ROADS[path]
        self._context = world.gov._context  # noqa: SLF001 - the parts are not public
        self._actor = Actor("runner")
        self._resolver, self._other = VersionResolver(), Effect.OTHER
        self._attempts: list[Attempt] = []
        self._compared: list[Resolution] = []
        self._stack = ExitStack()
        self._unit = self._stack.enter_context(self._context.store.unit())

    def loading(self) -> None:
        """Read request, trail and state, and check them against their hashes."""
        for request_id in self._ids:
            dossier = self._load(self._unit, request_id)
            attempt = self._attempt(self._context, self._unit, dossier, self._actor, reason="")
            attempt._seen.state  # noqa: B018, SLF001 - reads it
            self._attempts.append(attempt)

    def deadlines(self) -> None:
        """Ask the machine whether time has made something of it: expired, or no longer approved."""
        for attempt in self._attempts:
            attempt.pass_time()

    def resolution(self) -> None:
        """Compare the versions."""
        for attempt in self._attempts:
            request, terms = attempt._step.request, attempt._terms  # noqa: SLF001 - the parts are not public
            resolved = self._resolver.resolve(
                terms,
                expected=request.expected_version,
                current=attempt._seen.state.version,  # noqa: SLF001 - the parts are not public
                effect=lambda: self._other,
                drift=attempt._drift,  # noqa: SLF001 - the parts are not public
            )
            self._compared.append(resolved)

    def hand_off(self) -> None:
        """Let the engine run the mutation: policies, checks, apply, change set."""
        for attempt in self._attempts:
            attempt._seen.run  # noqa: B018, SLF001 - runs it

    def machine(self) -> None:
        """See what time that took, fire `resolve`, and record the resolution."""
        for attempt, resolution in zip(self._attempts, self._compared, strict=True):
            attempt.resolve(cast("VersionResolver", _Given(resolution)))

    def recording(self) -> None:
        """Fire the trigger that ends it, and write request, decisions, audit, state and history."""
        for attempt in self._attempts:
            getattr(attempt, self._road)()
            self._unit.write(attempt.writes())

    def telling(self) -> None:
        """Commit, and say what came of it."""
        self._stack.close()
        for attempt in self._attempts:
            attempt.outcome()

    def statuses(self) -> set[str]:
        """Give the statuses they have come to."""
        return {str(attempt.status) for attempt in self._attempts}

    def until(self, stage: str) -> None:
        """Take all stages before one; all there are before `end`."""
        for each in STAGES:
            if each == stage:
                return
            getattr(self, each)()

    def close(self) -> None:
        """Let go of the unit of work."""
        self._stack.close()


STAGES = ("loading", "deadlines", "resolution", "hand_off", "machine", "recording", "telling")

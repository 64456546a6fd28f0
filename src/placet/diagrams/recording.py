"""Records who calls whom while a request is executed: each part of governance, with an ear in front of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from placet.diagrams.sequence import Call
from placet.engine.runtime import MutationEngine
from placet.governance.resolution import VersionResolver
from placet.lifecycle.machine import Lifecycle
from placet.lifecycle.step import Evidence, Step
from placet.lifecycle.transition import Trigger
from placet.model.resolution import Resolution
from placet.model.run import Run
from placet.model.terms import Terms
from placet.model.writes import Writes
from placet.store.memory import MemoryStore, MemoryUnit
from placet.store.port import Unit

Calls = list[Call]

_READ = {"request": "read request", "state": "read state", "links": "read", "last_link": "read the last of"}
"""What the reading methods of a store are called in a picture."""


class RecordingLifecycle(Lifecycle):
    """Moves requests, and keeps who moved where."""

    def __init__(self, calls: Calls) -> None:
        super().__init__()
        self._calls = calls

    def fire_if_allowed(self, step: Step, trigger: Trigger, evidence: Evidence) -> bool:
        """Move a step as the machine does."""
        moved = super().fire_if_allowed(step, trigger, evidence)
        if moved:
            self._calls.append(Call("request", f"{trigger}, if its guard lets it", f"is {step.status}"))
        return moved


class RecordingResolver(VersionResolver):
    """Resolves versions, and keeps what came of it."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def resolve(self, terms: Terms, *, expected: int, current: int, **more: Any) -> Resolution:  # noqa: ANN401 - passed on as it is
        """Resolve as ever."""
        found = super().resolve(terms, expected=expected, current=current, **more)
        self._calls.append(Call("resolver", f"resolve version {expected} against {current}", found.outcome))
        return found


class RecordingEngine(MutationEngine):
    """Runs mutations, and keeps what came of it."""

    calls: Calls

    def evaluate(self, *what: Any, **more: Any) -> Run:  # noqa: ANN401 - passed on as it is
        """Evaluate as ever."""
        run = super().evaluate(*what, **more)
        self.calls.append(Call("engine", f"{run.mode} {run.mutation}: check, apply, ask policies", run.status))
        return run


class RecordingStore(MemoryStore):
    """Keeps what is governed in memory, and what was read and written."""

    calls: Calls

    @contextmanager
    def unit(self) -> Iterator[MemoryUnit]:
        """Begin a unit of work, as ever."""
        self.calls.append(Call("store", "begin a unit of work"))
        with super().unit() as unit:
            yield cast("MemoryUnit", _RecordingUnit(unit, self.calls))
        self.calls.append(Call("store", "commit", "durable, all of it"))


class _RecordingUnit:
    """Passes everything on to a unit of work, and keeps what it was."""

    def __init__(self, unit: Unit, calls: Calls) -> None:
        self._unit = unit
        self._calls = calls

    def __getattr__(self, name: str) -> Callable[..., object]:
        method: Callable[..., object] = getattr(self._unit, name)

        def recorded(*what: Any, **more: Any) -> object:  # noqa: ANN401 - passed on as it is
            given = method(*what, **more)
            self._calls.append(_told(name, what))
            return given

        return recorded


def _told(name: str, what: Sequence[object]) -> Call:
    first = what[0] if what else ""
    if isinstance(first, Writes):
        return Call("store", f"compare and set: {', '.join(_written(first))}", "written")
    return Call("store", f"{_READ.get(name, name)} {first}")


def _written(writes: Writes) -> Iterator[str]:
    if writes.request is not None:
        yield f"request {writes.revision} to {writes.request.revision}"
    if writes.state is not None:
        yield f"state {writes.version} to {writes.state.version}"
    for links, one in (
        (writes.decisions, "decision"),
        (writes.audit, "audit record"),
        (writes.history, "history entry"),
    ):
        if links:
            yield f"{len(links)} {one}{'s' if len(links) > 1 else ''}"

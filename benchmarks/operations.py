"""Every governed step that is measured, by a name that says which path it takes, with the status it must come to."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.world import Action, GrantRole, World
from placet import MutationRequest

Meanwhile = Callable[[World, MutationRequest], object]
"""What happens to an approved request, or to its house, before it is executed."""


@dataclass(frozen=True)
class Operation:
    """One governed step.

    Attributes:
        ends: the status it must come to.
        prepare: makes so many of them ready, each on a house of its own.
    """

    ends: str
    prepare: Callable[[World, int], list[Action]]


def _executions(meanwhile: Meanwhile = lambda *_: None, **options: Any) -> Callable[[World, int], list[Action]]:
    def prepare(world: World, count: int) -> list[Action]:
        requests = [world.approved(**options) for _ in range(count)]
        for request in requests:
            meanwhile(world, request)
        return [partial(world.gov.execute, request.id, by="runner") for request in requests]

    return prepare


def _moved(world: World, request: MutationRequest) -> None:
    world.drift(request.state_id)


def _executed(world: World, request: MutationRequest) -> None:
    world.execute(request)


def _denied(world: World, count: int) -> list[Action]:
    world.set_closed(closed=False)
    actions = _executions()(world, count)
    world.set_closed(closed=True)
    return actions


def _submissions(world: World, count: int) -> list[Action]:
    mutation = GrantRole(user="ada", role="admin")
    return [
        partial(world.gov.submit, mutation, to=house, by="bob", reason="INC-42")
        for house in [world.house() for _ in range(count)]
    ]


def _votes(world: World, count: int) -> list[Action]:
    return [
        partial(world.gov.approve, request.id, by="carol", digest=request.digest)
        for request in [world.asked() for _ in range(count)]
    ]


def _cancellations(world: World, count: int) -> list[Action]:
    return [
        partial(world.gov.cancel, request.id, by="bob", reason="not needed")
        for request in [world.approved() for _ in range(count)]
    ]


PATHS = {
    "approved request executed": Operation("executed", _executions()),
    "approved request rejected as stale before execution": Operation("stale", _executions(_moved)),
    "approved request revalidated and then executed": Operation("executed", _executions(_moved, on_drift="revalidate")),
    "approved request sent back to renewed approval": Operation(
        "pending", _executions(_moved, on_drift="renew_approval")
    ),
    "approved request executed as its effect is preserved": Operation(
        "executed", _executions(_moved, on_drift="keep_if_same_effect")
    ),
    "approved request blocked by policy": Operation("rejected", _denied),
    "executed request replayed": Operation("executed", _executions(_executed)),
}
"""The governed execution paths."""

ROAD = {
    "request submitted": Operation("pending", _submissions),
    "request approved by a vote": Operation("approved", _votes),
    "approved request canceled": Operation("canceled", _cancellations),
}
"""What leads there, and away."""

OPERATIONS = PATHS | ROAD


def status_of(result: Any) -> str:
    """Give the status a step came to."""
    return str(getattr(result, "request", result).status)


def made(path: str, world: World, count: int) -> list[Action]:
    """Make steps ready, or let asv skip what this commit has not.

    Raises:
        NotImplementedError: it has not.
    """
    try:
        return OPERATIONS[path].prepare(world, count)
    except (AttributeError, TypeError, ValueError) as error:
        raise NotImplementedError(f"{path}: {error}") from error

"""Interceptors: see every run, change nothing."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from placet.model.answers import checked_function
from placet.model.names import described
from placet.model.run import Run, RunStatus

log = logging.getLogger("placet.engine")

Hook = Callable[[Run], None]


@dataclass(frozen=True, slots=True)
class Interceptor:
    """Hooks around runs, for metrics, tracing and notification.

    A hook that raises is reported (in the run's `reports`, in the outcome, in the log) and changes nothing: policies
    are there to refuse. In governance they hear of executions: `before` inside the unit of work, the others once what
    they tell is durable. An execution that raises ends after `before`, and one that is stale without a run is not told.

    Attributes:
        name: how a report calls it.
        before: called with the run about to begin; only its mutation and mode are known.
        after: called with a run that was accepted; in governance, that was executed.
        refused: called with a run that a check or policy refused, or that came to rest without being executed.
        failed: called with a run whose `apply` raised.
    """

    name: str
    before: Hook | None = None
    after: Hook | None = None
    refused: Hook | None = None
    failed: Hook | None = None

    def __post_init__(self) -> None:
        for stage in ("before", "after", "refused", "failed"):
            if getattr(self, stage) is not None:
                checked_function(stage, getattr(self, stage))


STAGES = {
    RunStatus.ACCEPTED: "after",
    RunStatus.UNAPPROVED: "refused",
    RunStatus.WAITING: "refused",
    RunStatus.REFUSED: "refused",
    RunStatus.FAILED: "failed",
}


def notify(interceptors: Iterable[Interceptor], stage: str, run: Run) -> tuple[str, ...]:
    """Call one stage of every interceptor, in order.

    Returns:
        A report for each one that raised.
    """
    reports = []
    for interceptor in interceptors:
        hook: Hook | None = getattr(interceptor, stage)
        try:
            if hook is not None:
                hook(run)
        except Exception as error:  # noqa: BLE001 - whatever an observer raises, what happened has happened
            report = f"{interceptor.name}.{stage}: {described(error)}"
            log.warning("interceptor %s", report)
            reports.append(report)
    return tuple(reports)

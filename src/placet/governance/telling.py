"""One governed call: its unit of work, how long its parts take, and the hooks that are told once it is durable."""

from contextlib import AbstractContextManager, suppress
from types import TracebackType

from placet.engine.hooks import Moved
from placet.governance.context import Context
from placet.lifecycle.step import Step
from placet.model.actor import Actor
from placet.model.answers import nanoseconds
from placet.model.run import Run
from placet.store.port import Unit


class Telling:
    """A unit of work, and afterwards the word to the hooks.

    `with telling as unit:` begins and ends the unit of work; `telling.tell(...)` follows it.

    Args:
        context: the surroundings.
        method: the method of `Governance` that was called.
    """

    def __init__(self, context: Context, method: str) -> None:
        self._context = context
        self._method = method
        self._wanted = context.hooks.wanted
        self._marks = [nanoseconds(context.timer)] if self._wanted else [0]
        self._unit: AbstractContextManager[Unit] = context.store.unit()

    def _mark(self) -> None:
        """Note the moment; whatever the timer raises, the unit of work ends as it would have."""
        if self._wanted:
            self._marks.append(self._marks[-1])
            with suppress(BaseException):
                self._marks[-1] = nanoseconds(self._context.timer)

    def __enter__(self) -> Unit:
        unit = self._unit.__enter__()
        self._mark()
        return unit

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._mark()
        return self._unit.__exit__(kind, error, trace)

    def tell(self, step: Step, actor: Actor, run: Run | None = None) -> None:
        """Tell the hooks what a step has moved, if anything, now that it is durable."""
        if not (self._wanted and step.decisions):
            return
        self._mark()
        asked, began, decided, durable = self._marks[:3] + self._marks[-1:]
        self._context.hooks.tell(
            Moved(
                method=self._method,
                actor=actor,
                request=step.request,
                decisions=step.trail[-len(step.decisions) :],
                audit=step.audited,
                run=run,
                waited_us=(began - asked) // 1000,
                decided_us=(decided - began) // 1000,
                committed_us=(durable - decided) // 1000,
            )
        )

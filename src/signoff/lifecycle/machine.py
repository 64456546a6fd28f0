"""Runs the table on `transitions`: one private machine, shared, with a throw-away step as its model.

The only module that imports transitions. A step is never registered with the machine (that costs four to seven times a
whole flow); a guard that refuses becomes a typed error, where transitions alone would answer False.
"""

from collections.abc import Callable, Iterable

from transitions import EventData, Machine, MachineError

from signoff.errors import TransitionRefusedError
from signoff.lifecycle.emission import emit
from signoff.lifecycle.step import Evidence, Refusal, Step
from signoff.lifecycle.table import LIFECYCLE
from signoff.lifecycle.transition import Table, Transition, Trigger
from signoff.model.request import Status


class Lifecycle:
    """A machine for one table.

    Args:
        table: the table to run.
    """

    def __init__(self, table: Table = LIFECYCLE) -> None:
        self.table = table
        self._machine = Machine(
            model=None,
            states=[status.value for status in Status],
            initial=Status.CREATED.value,
            auto_transitions=False,
            send_event=True,
            transitions=[
                {
                    "trigger": row.trigger.value,
                    "source": [source.value for source in row.sources],
                    "dest": row.target.value if row.target else "=",
                    "conditions": [_condition(row)],
                    "after": [_callback(row)],
                }
                for row in table
            ],
        )

    def arrows(self) -> set[tuple[str, str, str]]:
        """Give what the running machine knows as (source, trigger, target)."""
        return {
            (str(arrow.source), name, str(arrow.dest))
            for name, event in self._machine.events.items()
            for arrows in event.transitions.values()
            for arrow in arrows
        }

    def fire(self, step: Step, trigger: Trigger, evidence: Evidence) -> None:
        """Move a step, and let the callbacks write what that leaves behind.

        Args:
            step: the step being built; it is as before if this is refused.
            trigger: what is asked.
            evidence: the facts to judge by.

        Raises:
            TransitionRefusedError: the table has no such transition, or its guard refuses.
        """
        self.demand(step, trigger)
        try:
            moved = self._machine.events[trigger.value].trigger(step, evidence)
        except MachineError as error:  # somebody has set the slot's state from outside
            raise self._refusal(step, trigger, "no_transition", str(error)) from error
        if not moved:
            refusal = step.refusal or Refusal("no_transition", "its guard said no more")
            raise self._refusal(step, trigger, refusal.rule, refusal.reason)

    def fire_and_settle(self, step: Step, trigger: Trigger, evidence: Evidence) -> None:
        """Move a step, and make the move that follows from it at once, if one does.

        Raises:
            TransitionRefusedError: the table has no such transition, or its guard refuses.
        """
        row = self.demand(step, trigger)
        self.fire(step, trigger, evidence)
        self.settle(step, row.then, evidence)

    def settle(self, step: Step, triggers: Iterable[Trigger], evidence: Evidence) -> bool:
        """Make the first of these moves whose guard lets it, and tell whether one did."""
        return any(self.fire_if_allowed(step, trigger, evidence) for trigger in triggers)

    def fire_if_allowed(self, step: Step, trigger: Trigger, evidence: Evidence) -> bool:
        """Move a step if its guard lets it, and tell whether it did."""
        if not self.would(step, trigger, evidence):
            return False
        self.fire(step, trigger, evidence)
        return True

    def would(self, step: Step, trigger: Trigger, evidence: Evidence) -> bool:
        """Tell whether a trigger would move a step."""
        row = self.table.cell(step.status, trigger)
        return row is not None and row.guard.refuses(step, evidence) is None

    def demand(self, step: Step, trigger: Trigger) -> Transition:
        """Give the table's row for this transition, before evidence is gathered for it.

        Raises:
            TransitionRefusedError: it has not.
        """
        row = self.table.cell(step.status, trigger)
        if row is None:
            possible = ", ".join(self.table.triggers(step.status))
            reason = f"from {step.status} there is {possible}"
            if step.status.terminal:
                reason = "that is final; submit a new request"
            raise self._refusal(step, trigger, "no_transition", reason)
        return row

    @staticmethod
    def _refusal(step: Step, trigger: Trigger, rule: str, reason: str) -> TransitionRefusedError:
        return TransitionRefusedError(
            request_id=step.request.id, status=step.status, trigger=trigger, rule=rule, reason=reason
        )


def _condition(row: Transition) -> Callable[[EventData], bool]:
    def condition(event: EventData) -> bool:
        step, evidence = _subject(event)
        step.refusal = row.guard.refuses(step, evidence)
        return step.refusal is None

    return condition


def _callback(row: Transition) -> Callable[[EventData], None]:
    def callback(event: EventData) -> None:
        step, evidence = _subject(event)
        emit(step, row, evidence)

    return callback


def _subject(event: EventData) -> tuple[Step, Evidence]:
    (evidence,) = event.args
    step = event.model
    if not isinstance(step, Step) or not isinstance(evidence, Evidence):
        raise TypeError(f"the lifecycle moves a Step by Evidence, not {step!r} by {evidence!r}")
    return step, evidence


MACHINE = Lifecycle()

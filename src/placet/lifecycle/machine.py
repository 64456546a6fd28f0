"""Runs the table on `transitions`: one private machine, shared, with a throw-away step as its model.

A step is never registered with the machine (that costs four to seven times a whole flow); a guard that refuses becomes
a typed error, where transitions alone would answer False.
"""

from collections.abc import Callable, Iterable
from typing import Any

from transitions import Machine, MachineError

from placet.errors import TransitionRefusedError
from placet.lifecycle.dispatch import LeanMachine
from placet.lifecycle.emission import emit
from placet.lifecycle.rules import Rule
from placet.lifecycle.step import Evidence, Step, given
from placet.lifecycle.table import LIFECYCLE
from placet.lifecycle.transition import Table, Transition, Trigger
from placet.model.request import Status


class Lifecycle:
    """A machine for one table.

    Args:
        table: the table to run.
        machine: the class of machine that runs it.
    """

    def __init__(self, table: Table = LIFECYCLE, machine: type[Machine] = LeanMachine) -> None:
        self.table = table
        self._machine = machine(
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
        if not self.fire_if_allowed(step, trigger, evidence):
            refusal = given(step.refusal)
            raise self._refusal(step, trigger, refusal.rule, refusal.reason)

    def fire_if_allowed(self, step: Step, trigger: Trigger, evidence: Evidence) -> bool:
        """Move a step if the table and its guard let it, and tell whether they did."""
        if self.table.cell(step.status, trigger) is None:
            return False
        try:
            return self._machine.events[trigger].trigger(step, evidence)
        except MachineError as error:  # somebody has set the slot's state from outside
            raise self._refusal(step, trigger, "no_transition", str(error)) from error

    def fire_and_settle(self, step: Step, trigger: Trigger, evidence: Evidence) -> None:
        """Move a step, and make the move that follows from it at once, if one does.

        Raises:
            TransitionRefusedError: the table has no such transition, or its guard refuses.
        """
        row = self.demand(step, trigger)
        self.fire(step, trigger, evidence)
        self.settle(step, row.then, evidence)

    def demand_rule(self, step: Step, trigger: Trigger, rule: Rule, evidence: Evidence) -> None:
        """See to it that one rule holds before anything else happens.

        Raises:
            TransitionRefusedError: it does not.
        """
        reason = rule.refuses(step, evidence)
        if reason:
            raise self._refusal(step, trigger, rule.code, reason)

    def settle(self, step: Step, triggers: Iterable[Trigger], evidence: Evidence) -> bool:
        """Make the first of these moves whose guard lets it, and what follows from it; tell whether one did."""
        before = step.status
        for trigger in triggers:
            if self.fire_if_allowed(step, trigger, evidence):
                self.settle(step, given(self.table.cell(before, trigger)).then, evidence)
                return True
        return False

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
            possible = dict.fromkeys(each.method for each in self.table.triggers(step.status))
            reason = f"what can be done with it now is {', '.join(possible)}"
            if step.status.terminal:
                reason = "that is final; submit a new request"
            raise self._refusal(step, trigger, "no_transition", reason)
        return row

    @staticmethod
    def _refusal(step: Step, trigger: Trigger, rule: str, reason: str) -> TransitionRefusedError:
        return TransitionRefusedError(
            request_id=step.request.id, status=step.status, method=trigger.method, rule=rule, reason=reason
        )


def _condition(row: Transition) -> Callable[[Any], bool]:
    def condition(event: Any) -> bool:  # noqa: ANN401 - EventData of transitions, or what stands in for it
        step: Step = event.model
        step.refusal = row.guard.refuses(step, event.args[0])
        return step.refusal is None

    return condition


def _callback(row: Transition) -> Callable[[Any], None]:
    def callback(event: Any) -> None:  # noqa: ANN401 - as above
        emit(event.model, row, event.args[0])

    return callback


MACHINE = Lifecycle()

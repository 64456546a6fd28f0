"""The lean machine and the stock one of `transitions`, driven side by side."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transitions import Machine, MachineError

from placet.errors import ConfigurationError, TransitionRefusedError
from placet.lifecycle.dispatch import LeanMachine
from placet.lifecycle.machine import MACHINE, Lifecycle
from placet.lifecycle.step import Evidence
from placet.lifecycle.transition import Trigger
from placet.model.request import Status
from test_lifecycle import good

PLACES = ("a", "b", "c")
STOCK = Lifecycle(machine=Machine)


@dataclass
class Slot:
    """A model that keeps its state, and nothing else."""

    state: str = "a"


@dataclass(frozen=True)
class Way:
    """One arrow, what its condition says, and whether its callback raises."""

    trigger: str
    source: str
    dest: str
    holds: bool
    breaks: bool


WAYS = st.lists(
    st.builds(
        Way,
        trigger=st.sampled_from(["go", "turn"]),
        source=st.sampled_from(PLACES),
        dest=st.sampled_from([*PLACES, "="]),
        holds=st.booleans(),
        breaks=st.sampled_from([False, False, False, True]),
    ),
    max_size=8,
)


@pytest.mark.parametrize("kind", [LeanMachine, Machine])
def test_a_machine_is_what_the_table_declares_and_nothing_else(kind: type[Machine]) -> None:
    lifecycle = Lifecycle(machine=kind)
    machine = lifecycle._machine
    assert list(machine.states) == [status.value for status in Status]
    assert set(machine.events) == {row.trigger.value for row in lifecycle.table}
    assert (machine.initial, machine.models) == (Status.CREATED.value, [])
    assert machine.send_event is True


def lived(machine: type[Machine], ways: list[Way], asked: list[str]) -> list[object]:
    """Trigger one thing after another, and tell everything that happened."""
    told: list[object] = []

    def asks(number: int, way: Way) -> Any:  # noqa: ANN401 - a callable
        def condition(event: Any) -> bool:  # noqa: ANN401 - EventData, or what stands in for it
            told.append(("asked", number, event.model.state, event.args))
            return way.holds

        return condition

    def tells(number: int, way: Way) -> Any:  # noqa: ANN401 - a callable
        def callback(event: Any) -> None:  # noqa: ANN401 - as above
            told.append(("called", number, event.model.state, event.args))
            if way.breaks:
                raise ValueError(number)

        return callback

    rows = [
        {
            "trigger": way.trigger,
            "source": way.source,
            "dest": way.dest,
            "conditions": [asks(number, way)],
            "after": [tells(number, way)],
        }
        for number, way in enumerate(ways)
    ]
    made = machine(
        model=None, states=list(PLACES), initial="a", auto_transitions=False, send_event=True, transitions=rows
    )
    slot = Slot()
    for turn, name in enumerate(asked):
        if name not in made.events:
            continue
        try:
            told.append(made.events[name].trigger(slot, turn, "by"))
        except (MachineError, ValueError) as error:
            told.append(type(error))
        told.append(slot.state)
    return told


@given(ways=WAYS, asked=st.lists(st.sampled_from(["go", "turn"]), max_size=6))
def test_whatever_is_declared_both_machines_do_the_same(ways: list[Way], asked: list[str]) -> None:
    assert lived(LeanMachine, ways, asked) == lived(Machine, ways, asked)


def moved(lifecycle: Lifecycle, status: Status, trigger: Trigger, *, blank: bool) -> tuple[object, ...]:
    """Fire a trigger on a request in a status, with evidence that is good for it or says nothing; tell what came."""
    step, evidence = good(status, trigger)
    if blank:
        evidence = replace(Evidence(at=evidence.at, actor=evidence.actor), circumstances=evidence.circumstances)
    try:
        lifecycle.fire(step, trigger, evidence)
    except TransitionRefusedError as error:
        return str(error), error.rule, step.state, step.request
    return step.state, step.request, step.trail, step.writes()


@pytest.mark.parametrize("blank", [False, True])
@pytest.mark.parametrize("trigger", list(Trigger))
def test_in_every_cell_the_lifecycle_does_on_it_what_it_does_on_the_stock_machine(
    trigger: Trigger, blank: bool
) -> None:
    for status in Status:
        assert moved(MACHINE, status, trigger, blank=blank) == moved(STOCK, status, trigger, blank=blank)


@pytest.mark.parametrize(
    "hooks",
    [{"prepare": [print]}, {"before": [print]}, {"unless": [print]}, {"after": ["by_name"]}, {"conditions": ["it"]}],
)
def test_a_hook_that_it_would_not_call_is_refused_when_it_is_declared(hooks: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="lean machine"):
        LeanMachine(
            model=None,
            states=list(PLACES),
            initial="a",
            auto_transitions=False,
            transitions=[{"trigger": "go", "source": "a", "dest": "b", **hooks}],
        )

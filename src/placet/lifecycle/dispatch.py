"""How a trigger finds its arrow and takes it: the classes of transitions, less what no row of a table asks for.

A row declares one condition and one callback, both functions, and no hooks of statuses or machine. Stock `transitions`
looks for all of these, and logs, at every trigger. Its documented extension points `event_cls` and `transition_cls` let
a machine be built of these classes instead; a test drives both kinds side by side.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from transitions import Event, Machine, MachineError, Transition

from placet.errors import ConfigurationError


class Model(Protocol):
    """What is moved: its status stands in `state`."""

    state: str


class Firing:
    """One trigger of one model: what conditions and callbacks read of `EventData`.

    Attributes:
        model: what is moved.
        args: what came with the trigger.
    """

    __slots__ = ("args", "model")

    def __init__(self, model: Model, args: tuple[Any, ...]) -> None:
        self.model = model
        self.args = args


class Arrow(Transition):
    """One way from a status to another.

    Raises:
        ConfigurationError: it has hooks that would never be called, or names where functions belong.
    """

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - what transitions declares
        super().__init__(*args)
        if self.prepare or self.before or not all(condition.target for condition in self.conditions):
            raise ConfigurationError(f"{self!r} has hooks besides conditions and after; a lean machine calls no others")
        self._conditions = _functions([condition.func for condition in self.conditions])
        self._callbacks = _functions(self.after)

    def execute(self, event_data: Any) -> bool:  # noqa: ANN401 - a Firing, where the stock class takes EventData
        """Take it if its conditions hold, and tell whether they did."""
        for condition in self._conditions:
            if not condition(event_data):
                return False
        event_data.model.state = self.dest
        for callback in self._callbacks:
            callback(event_data)
        return True


class Dispatch(Event):
    """One trigger, and its arrows by the status they start from."""

    def trigger(self, model: Any, *args: Any, **_: Any) -> bool:  # noqa: ANN401 - as transitions declares it
        """Take the first arrow from the model's status whose conditions hold, and tell whether there was one.

        Raises:
            MachineError: no arrow starts there.
        """
        arrows = self.transitions.get(model.state)
        if not arrows:
            raise MachineError(f"{self.name} does not start at {model.state}")
        firing: Any = Firing(model, args)
        for arrow in arrows:
            if arrow.execute(firing):
                break
        else:
            return False
        return True


class LeanMachine(Machine):
    """A machine built of these."""

    event_cls = Dispatch
    transition_cls = Arrow


def _functions(callbacks: Sequence[Any]) -> tuple[Callable[[Any], object], ...]:
    if not all(map(callable, callbacks)):
        raise ConfigurationError(f"{callbacks!r} are not all functions; a lean machine looks up no names")
    return tuple(callbacks)

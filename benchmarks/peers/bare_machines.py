"""Two transitions, approved -> resolving -> executed, by a machine alone: nothing is kept, compared or recorded.

Machines and their models are made before the clock starts, which is kinder than real use.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from transitions import Machine

from benchmarks.peers.peer import MACHINE_ONLY, Tally

_STATUSES = ["approved", "resolving", "executed"]


class Slot:
    """What `transitions` moves; it adds `state` and a method for each trigger."""

    state: str
    judged: int = 0

    def may_go(self) -> bool:
        """Let it go."""
        return True

    def note(self) -> None:
        """Note that it went."""
        self.judged += 1


class BareTransitions:
    """Stock `transitions`: two bare triggers."""

    one = MACHINE_ONLY
    extras: ClassVar[dict[str, Any]] = {}

    def __init__(self, _folder: Path) -> None:
        self._machine = Machine(
            model=None,
            states=_STATUSES,
            initial="approved",
            auto_transitions=False,
            transitions=[
                {"trigger": "resolve", "source": "approved", "dest": "resolving", **self.extras},
                {"trigger": "execute", "source": "resolving", "dest": "executed", **self.extras},
            ],
        )
        self._ready: list[Any] = []  # the triggers are methods that it adds to each model
        self._done: list[Any] = []

    def prepare(self, count: int) -> None:
        """Make models, and let the machine bind its triggers to them."""
        self._ready += [Slot() for _ in range(count)]
        self._machine.add_model(self._ready[-count:])

    def run(self) -> None:
        """Fire both triggers of each."""
        for slot in self._ready:
            slot.resolve()
            slot.execute()
        self._done += self._ready
        self._ready.clear()

    def tally(self) -> Tally:
        """Count the slots that arrived."""
        return Tally(executed=sum(slot.state == "executed" for slot in self._done))

    def durability(self) -> Iterable[tuple[str, int]]:
        """Nothing is durable here."""
        return ()

    def close(self) -> None:
        """Nothing is open."""


class GuardedTransitions(BareTransitions):
    """Stock `transitions`: two triggers, each with a guard and a callback that do next to nothing."""

    extras: ClassVar[dict[str, Any]] = {"conditions": "may_go", "after": "note"}

    def tally(self) -> Tally:
        """Count the slots that arrived with both callbacks called."""
        return Tally(executed=sum((slot.state, slot.judged) == ("executed", 2) for slot in self._done))

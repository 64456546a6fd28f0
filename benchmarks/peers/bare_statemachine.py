"""Two transitions, approved -> resolving -> executed, by python-statemachine alone: nothing is kept or recorded.

The machines, one for each request as is usual with it, are made before the clock starts.
"""

from collections.abc import Iterable
from pathlib import Path

from statemachine import State, StateMachine

from benchmarks.peers.peer import MACHINE_ONLY, Tally


class Execution(StateMachine):
    """The way from approved to executed."""

    approved = State(initial=True)
    resolving = State()
    executed = State(final=True)
    resolve = approved.to(resolving)
    execute = resolving.to(executed)


class BareStateMachine:
    """python-statemachine: two bare triggers."""

    one = MACHINE_ONLY

    def __init__(self, _folder: Path) -> None:
        self._ready: list[Execution] = []
        self._done: list[Execution] = []

    def prepare(self, count: int) -> None:
        """Make machines."""
        self._ready += [Execution() for _ in range(count)]

    def run(self) -> None:
        """Fire both triggers of each."""
        for machine in self._ready:
            machine.resolve()
            machine.execute()
        self._done += self._ready
        self._ready.clear()

    def tally(self) -> Tally:
        """Count the machines that arrived."""
        return Tally(executed=sum(machine.executed.is_active for machine in self._done))

    def durability(self) -> Iterable[tuple[str, int]]:
        """Nothing is durable here."""
        return ()

    def close(self) -> None:
        """Nothing is open."""

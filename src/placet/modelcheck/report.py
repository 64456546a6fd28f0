"""What came of a model check."""

from dataclasses import dataclass

from placet.modelcheck.events import Event


@dataclass(frozen=True, slots=True)
class CounterExample:
    """The shortest way to break an invariant.

    Attributes:
        invariant: the name of what is broken.
        why: how.
        events: what happened, in order.
    """

    invariant: str
    why: str
    events: tuple[Event, ...]

    @property
    def story(self) -> tuple[str, ...]:
        """One line per step: who did what, and what became of it."""
        return tuple(
            f"{number}. {each.who} {each.did}: {each.became}" for number, each in enumerate(self.events, start=1)
        )

    def __str__(self) -> str:
        return "\n".join((f"broken: {self.invariant}", *self.story, f"So {self.why}."))


@dataclass(frozen=True, slots=True)
class Report:
    """What was explored.

    Attributes:
        worlds: how many different worlds were reached.
        steps: how many steps between them were taken.
        requests: how many different stored requests there were in them.
        walked: the arrows of the table that were walked, as (source, trigger, target).
        declared: how many arrows the table has.
        invariants: the names of what was checked.
        broken: the shortest counter-example, or None if everything holds.
        seconds: how long it took.
    """

    worlds: int
    steps: int
    requests: int
    walked: frozenset[tuple[str, str, str]]
    declared: int
    invariants: tuple[str, ...]
    broken: CounterExample | None
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether every invariant holds in every world."""
        return self.broken is None

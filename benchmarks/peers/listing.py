"""Who is compared: one row for each, in the order of the table."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final


@dataclass(frozen=True, slots=True)
class Budget:
    """What design demands of a ratio.

    Attributes:
        words: the demand.
        unit: whether it is of the ratio to the unit; otherwise of the ratio to placet.
        holds: whether a ratio meets it.
    """

    words: str
    unit: bool
    holds: Callable[[float], bool]


def _at_most(ratio: float) -> Budget:
    return Budget(f"at most {ratio:g} units", unit=True, holds=lambda measured: measured <= ratio)


def _faster(times: float) -> Budget:
    return Budget(f"placet {times:g}x faster", unit=False, holds=lambda measured: measured >= times)


@dataclass(frozen=True, slots=True)
class Entry:
    """One peer.

    Attributes:
        name: as `--only` takes it.
        title: as the table shows it.
        place: "module:Class" in this package.
        leaves_out: of what placet does, in short; the module says it in full.
        durable: whether each execution is a durable commit.
        needs: modules that must be installed.
        budget: what is demanded, if anything is.
    """

    name: str
    title: str
    place: str
    leaves_out: str
    durable: bool = True
    needs: tuple[str, ...] = ()
    budget: Budget | None = None

    @property
    def installed(self) -> bool:
        """Whether everything it needs is there."""
        return all(find_spec(module) is not None for module in self.needs)


_RECORDS_ONLY: Final = "hashes, seals, reading the trail, policies, requirements"
_MACHINE_ONLY: Final = "everything but the machine"

ENTRIES: Final = (
    Entry("triggers", "transitions, two bare triggers", "bare_machines:BareTransitions", _MACHINE_ONLY, durable=False),
    Entry(
        "guarded-triggers",
        "transitions, each with guard and callback",
        "bare_machines:GuardedTransitions",
        _MACHINE_ONLY,
        durable=False,
    ),
    Entry(
        "statemachine",
        "python-statemachine, two bare triggers",
        "bare_statemachine:BareStateMachine",
        _MACHINE_ONLY,
        durable=False,
        needs=("statemachine",),
    ),
    Entry("placet-memory", "placet in memory", "governed:InMemory", "nothing", durable=False, budget=_at_most(3)),
    Entry("insert", "one bare durable INSERT+COMMIT", "by_hand:BareInsert", "everything"),
    Entry("floor", "the same rows by hand, sqlite3", "by_hand:HandWritten", "every check of what it reads, policies"),
    Entry("placet", "placet on SQLite", "governed:OnSqlite", "nothing", budget=_at_most(3)),
    Entry(
        "eventsourcing",
        "eventsourcing",
        "event_sourced:EventSourced",
        "hashes, seals, policies, requirements, finding by status",
        needs=("eventsourcing",),
        budget=_faster(1),
    ),
    Entry("orm", "SQLAlchemy ORM by hand", "sqlalchemy_orm:OrmByHand", _RECORDS_ONLY, needs=("sqlalchemy",)),
    Entry(
        "orm-statemachine",
        "SQLAlchemy ORM + python-statemachine",
        "sqlalchemy_orm:OrmWithStateMachine",
        _RECORDS_ONLY,
        needs=("sqlalchemy", "statemachine"),
        budget=_faster(5),
    ),
    Entry(
        "django",
        "Django ORM + django-fsm-2",
        "django_fsm_orm:DjangoFsm",
        _RECORDS_ONLY,
        needs=("django", "django_fsm"),
        budget=_faster(3),
    ),
    Entry(
        "dbos",
        "DBOS workflow, three steps",
        "dbos_workflow:DbosWorkflow",
        f"{_RECORDS_ONLY}, one transaction for it all",
        needs=("dbos",),
        budget=_faster(20),
    ),
)

PLACET: Final = {False: "placet-memory", True: "placet"}
"""What a peer is compared with, by whether it is durable."""

UNIT: Final = {False: "triggers", True: "insert"}
"""What a unit is, by whether it is durable."""


def chosen(names: list[str]) -> tuple[Entry, ...]:
    """Give the entries of these names, with those they are compared to; all, if there are none."""
    durable = {entry.durable for entry in ENTRIES if entry.name in names}
    wanted = {*names, *(compared[each] for each in durable for compared in (PLACET, UNIT))}
    return tuple(entry for entry in ENTRIES if not names or entry.name in wanted)

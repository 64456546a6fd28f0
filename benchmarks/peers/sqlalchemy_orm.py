"""SQLAlchemy's ORM by hand, and with python-statemachine as its machine: one session and one commit for each execution.

The same facts go into tables of the same shape. Left out: digests, seals and chained hashes, reading the trail back,
policies, requirements and deadlines, strategies other than reject, typed refusals.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Engine, ForeignKey, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from statemachine import State, StateMachine

from benchmarks.peers import facts, same_work
from benchmarks.peers.peer import GOVERNED, Tally, durability_of


class Base(DeclarativeBase):
    """The tables of `same_work`."""


class StateRow(Base):
    """A state, replaced by compare-and-set: SQLAlchemy's own version counter."""

    __tablename__ = "states"
    id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    body: Mapped[str]
    __mapper_args__: ClassVar = {"version_id_col": version}


class RequestRow(Base):
    """A request; its revision grows by one for each decision."""

    __tablename__ = "requests"
    id: Mapped[str] = mapped_column(primary_key=True)
    state_id: Mapped[str] = mapped_column(ForeignKey("states.id"))
    status: Mapped[str]
    revision: Mapped[int]
    expected_version: Mapped[int]
    payload: Mapped[str]
    resolved_version: Mapped[int | None]
    resulting_version: Mapped[int | None]
    execution_id: Mapped[str | None]
    updated_at: Mapped[str]


class DecisionRow(Base):
    """A decision."""

    __tablename__ = "decisions"
    request_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]


class AuditRow(Base):
    """An audit record."""

    __tablename__ = "audits"
    request_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]


class HistoryRow(Base):
    """A history entry."""

    __tablename__ = "history"
    state_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]


class ByHand:
    """Moves a row by assignment, after an `if`."""

    def __init__(self, row: RequestRow) -> None:
        self._row = row

    def resolve(self) -> None:
        """Go from approved to resolving."""
        self._go("approved", "resolving")

    def execute(self) -> None:
        """Go from resolving to executed."""
        self._go("resolving", "executed")

    def _go(self, source: str, target: str) -> None:
        if self._row.status != source:
            raise facts.StaleError(f"it is {self._row.status}")
        self._row.status = target


class Execution(StateMachine):
    """Moves a row by python-statemachine, which keeps its status in the row."""

    approved = State(initial=True)
    resolving = State()
    executed = State(final=True)
    resolve = approved.to(resolving)
    execute = resolving.to(executed)


def _on(row: RequestRow) -> Any:
    return Execution(model=row, state_field="status")


class OrmByHand:
    """SQLAlchemy's ORM, the machine written by hand."""

    one = GOVERNED
    machine: Any = ByHand

    def __init__(self, folder: Path) -> None:
        self._path = folder / "orm.db"
        self._engine = _engine(self._path)
        self._ready: list[str] = []

    def prepare(self, count: int) -> None:
        """Seed the tables."""
        self._ready += same_work.seed(self._path, count)

    def run(self) -> None:
        """Execute, in a session each."""
        machine = type(self).machine
        for request_id in self._ready:
            with Session(self._engine) as session, session.begin():
                execute(session, request_id, machine)
        self._ready.clear()

    def tally(self) -> Tally:
        """Count the rows."""
        return same_work.tally(self._path)

    def durability(self) -> Iterable[tuple[str, int]]:
        """Ask the pooled connection."""
        with self._engine.connect() as connection:
            return [durability_of(connection.connection.driver_connection)]

    def close(self) -> None:
        """Close the pool."""
        self._engine.dispose()


class OrmWithStateMachine(OrmByHand):
    """SQLAlchemy's ORM, with python-statemachine."""

    machine = staticmethod(_on)


def execute(session: Session, request_id: str, machine: Any) -> None:
    """Make the change and write the trail."""
    request = session.get_one(RequestRow, request_id)
    state = session.get_one(StateRow, request.state_id)
    version, seq, mover = state.version, request.revision + 1, machine(request)
    attempt = facts.Attempt(request.id, state.id, request.revision, version)
    attempt.demand(request.expected_version)
    mover.resolve()
    at = facts.now()
    first = attempt.resolved(at)

    after, changes = facts.merged(facts.load(state.body), facts.load(request.payload))
    state.body = facts.dump(after)

    mover.execute()
    at = facts.now()
    second = attempt.executed(at)
    audit = attempt.audited(at, changes)
    entry = attempt.entered(at, changes)
    request.revision, request.updated_at, request.execution_id = seq + 1, at, attempt.execution_id
    request.resolved_version, request.resulting_version = version, version + 1
    session.add_all(
        [
            DecisionRow(request_id=request.id, seq=seq, body=facts.dump(first)),
            DecisionRow(request_id=request.id, seq=seq + 1, body=facts.dump(second)),
            AuditRow(request_id=request.id, seq=1, body=facts.dump(audit)),
            HistoryRow(state_id=state.id, version=version + 1, body=facts.dump(entry)),
        ]
    )


def _engine(path: Path) -> Engine:
    """Make an engine whose connections are durable and begin as writers, as SQLAlchemy's manual says."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine

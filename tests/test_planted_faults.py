"""Each planted fault is caught: by the oracle beside two stores, by the table itself, or by the contract of stores."""

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from placet.errors import PlacetError, TableError
from placet.governance import facade
from placet.lifecycle import effects, machine
from placet.lifecycle.effects import keep
from placet.lifecycle.emission import emit
from placet.lifecycle.guards import Guard
from placet.lifecycle.machine import Lifecycle
from placet.lifecycle.step import Evidence, Step
from placet.lifecycle.table import LIFECYCLE
from placet.lifecycle.transition import Table, Transition, Trigger
from placet.model.request import Status
from placet.store.memory import MemoryStore, MemoryUnit
from placet.store.sql import queries
from placet.store.sqlite import SqliteStore, writers
from placet.store.sqlite.turnstile import Turnstile
from placet.testing import StoreContract
from sequences import LockStep
from town import WAYS
from turn import LEADS, Ask
from walking import Walker, walk_first

pytestmark = pytest.mark.exhaustive

CAUGHT = (AssertionError, PlacetError)
"""What does not go as foretold is an assertion that fails, or an error where none was to be."""

ROWS = {f"{row.trigger} from {row.sources[0]}": row for row in LIFECYCLE}


UNSEEN = {
    **dict.fromkeys(("submit", "admit"), "the library itself picks one of the two, by what is required"),
    **dict.fromkeys(
        (
            "execute",
            "mark_stale",
            "mark_in_place",
            "require_revalidation",
            "renew_approval",
            "revalidate",
            "block",
            "fail",
        ),
        "the library itself picks one, by the resolution and the run",
    ),
    "comment": "nobody here comments without a word",
}
"""Guards that stop nobody who comes from outside, and why. `test_lifecycle.py` asks the machine for each of them."""


def planted(monkeypatch: pytest.MonkeyPatch, old: Transition, **changes: Any) -> None:  # noqa: ANN401 - of Transition
    """Let the machine run a copy of the table in which one row is another."""
    table = Table([replace(row, **changes) if row is old else row for row in LIFECYCLE])
    monkeypatch.setattr(facade, "MACHINE", Lifecycle(table))


def walk(*rows: Transition) -> None:
    """Walk each arrow of some rows; with nothing planted, `test_sequences.py` does the same."""
    for source, trigger, target in (arrow for row in rows for arrow in row.arrows()):
        walk_first((str(source), str(trigger), str(target)))


def ask_what_is_refused(row: Transition) -> None:
    """Ask for a trigger where the oracle says that this is refused, though the status has it."""
    for source in (each for each in row.sources if each != "resolving"):
        walker = Walker()
        request_id = walker.create_in(source, {"deadline": 30})
        if source == "failed":
            for ask in (Ask("retry", request_id), Ask("execute", request_id, times="broken")):
                walker.both.do(ask)
        for way in WAYS[row.trigger]:
            ask = replace(way, id=request_id)
            if way.times in {"calm", "late", "stripped"} and walker.both.foretold(ask) is None:
                walker.both.do(ask)


def test_with_nothing_planted_nobody_gets_past_a_guard() -> None:
    for row in ROWS.values():
        if row.trigger not in UNSEEN:
            ask_what_is_refused(row)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.trigger not in UNSEEN])
def test_a_removed_guard_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ROWS[name]
    planted(monkeypatch, row, guard=Guard("nothing at all", ()))
    with pytest.raises(AssertionError):
        ask_what_is_refused(row)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.trigger in UNSEEN])
def test_a_guard_is_called_unseen_only_where_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ROWS[name]
    planted(monkeypatch, row, guard=Guard("nothing at all", ()))
    walk(row)
    ask_what_is_refused(row)


@pytest.mark.parametrize("name", ROWS)
def test_a_swapped_target_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ROWS[name]
    target = Status.CANCELED if row.target is not Status.CANCELED else Status.REJECTED

    def walk_it() -> None:
        planted(monkeypatch, row, target=target)  # which a table refuses where nothing leads to its target any more
        walk(row)

    with pytest.raises((*CAUGHT, TableError)):
        walk_it()


ELSEWHERE = {keep, effects.renewed, effects.unvalidated}
"""What is no effect; and two without which an execution would resolve for ever, and the test with it: what
`renewed` is for is planted in the model check (old votes on new terms)."""


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.effect not in ELSEWHERE])
def test_an_effect_that_is_left_out_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(monkeypatch, ROWS[name], effect=keep)
    with pytest.raises(CAUGHT):
        walk(ROWS[name])


@pytest.mark.parametrize("trigger", list(Trigger))
def test_a_callback_that_emits_nothing_is_caught(trigger: Trigger, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(step: Step, row: Transition, evidence: Evidence) -> None:
        if row.trigger is not trigger:
            emit(step, row, evidence)

    monkeypatch.setattr(machine, "emit", silent)
    with pytest.raises(CAUGHT):
        walk(*(row for row in LIFECYCLE if row.trigger is trigger))


@pytest.mark.parametrize("trigger", list(Trigger))
def test_a_callback_that_moves_and_records_nothing_is_caught(trigger: Trigger, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(step: Step, row: Transition, evidence: Evidence) -> None:
        emit(step, row, evidence)
        if row.trigger is trigger:
            step.decisions.pop()

    monkeypatch.setattr(machine, "emit", forgetful)
    with pytest.raises(CAUGHT):
        walk(*(row for row in LIFECYCLE if row.trigger is trigger))


# ---- faults of stores


class SqliteContract(StoreContract):
    """The contract, on SQLite; its tests are called one by one."""

    __test__ = False


BLIND = {
    "the revision of the request": ("update_request", " AND revision = :read_revision", "another revision"),
    "the version of the state": ("update_state", " AND version = :read_version", "another version"),
}


@pytest.mark.parametrize("name", BLIND)
def test_a_compare_and_set_without_its_where_fails_the_contract(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    statement, where, case = BLIND[name]
    contract, sql = SqliteContract(), queries("sqlite")
    contract.test_a_refused_write_leaves_nothing_and_its_unit_goes_on(SqliteStore(":memory:"), case)
    assert where in sql[statement]
    monkeypatch.setitem(sql, statement, sql[statement].replace(where, ""))
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        contract.test_a_refused_write_leaves_nothing_and_its_unit_goes_on(SqliteStore(":memory:"), case)


@contextmanager
def never_undone(connection: sqlite3.Connection, _: str, turnstile: Turnstile) -> Iterator[None]:
    """Commit where it should roll back."""
    turnstile.begin(connection)
    try:
        yield
    except BaseException:
        connection.execute("COMMIT")
        raise


class Forgetful(MemoryStore):
    """Forgets to roll back."""

    @contextmanager
    def unit(self) -> Iterator[MemoryUnit]:
        with self._held():
            yield MemoryUnit(self._tables)


def die_at_each_call(both: LockStep) -> None:
    """Die at each call of a vote and of an execution, before and after it."""
    walker = Walker(both)
    for at, after in itertools.product(range(1, 10), (False, True)):
        request_id = walker.create_in("pending", {})
        both.crash(Ask("approve", request_id, LEADS[0]), at, after=after)
        both.crash(Ask("execute", request_id), at, after=after)
    both.demand_whole()


def test_with_a_rollback_that_is_not_forgotten_all_of_it_is_there_or_nothing() -> None:
    die_at_each_call(LockStep())


def test_a_rollback_that_memory_forgets_is_caught_in_lock_step() -> None:
    with pytest.raises(AssertionError, match="the stores answer differently"):
        die_at_each_call(LockStep((Forgetful(), SqliteStore(":memory:"))))


def test_a_rollback_that_sqlite_forgets_is_caught_in_lock_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "opened", never_undone)
    with pytest.raises(AssertionError, match="the stores answer differently"):
        die_at_each_call(LockStep())

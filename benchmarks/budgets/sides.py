"""What the budgets compare, alone in its process; each function measures once, in microseconds for one."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from transitions import EventData, Machine

from benchmarks.counting import quiet
from benchmarks.footprint import ALONE, import_seconds
from benchmarks.operations import made
from benchmarks.world import Action, World
from placet import Actor, Status
from placet.lifecycle.machine import Lifecycle
from placet.lifecycle.rules import Rule
from placet.lifecycle.step import Evidence, Step
from placet.lifecycle.table import LIFECYCLE
from placet.lifecycle.transition import Table, Trigger

Sides = dict[str, float]

EXECUTED = "approved request executed"


def each(act: Callable[[], object], count: int, clock: Callable[[], int] = time.thread_time_ns) -> float:
    """Give the microseconds that an action takes for each of so many; of processor time unless told otherwise."""
    with quiet():
        begun = clock()
        act()
        return (clock() - begun) / 1000 / count


def all_of(actions: list[Action]) -> None:
    """Take all steps."""
    for action in actions:
        action()


def in_memory(count: int) -> Sides:
    """Execute approved requests over the memory store."""
    with World() as world:
        ready = made(EXECUTED, world, 3 + count)
        all_of(ready[:3])
        return {"governed, memory": each(lambda: all_of(ready[3:]), count)}


class _Slot:
    __slots__ = ("seen", "state")

    def __init__(self) -> None:
        self.state, self.seen = "approved", 0


def _allowed(event: EventData) -> bool:
    (evidence,) = event.args
    return evidence is not None


def _noted(event: EventData) -> None:
    slot = event.model
    if isinstance(slot, _Slot):
        slot.seen += 1


def stock_triggers(count: int) -> Sides:
    """Fire two triggers, each with a guard and a callback, on transitions as it comes: one machine, shared."""
    machine = Machine(
        model=None,
        states=["approved", "resolving", "executed"],
        initial="approved",
        auto_transitions=False,
        send_event=True,
        transitions=[
            {"trigger": "resolve", "source": "approved", "dest": "resolving", "conditions": _allowed, "after": _noted},
            {"trigger": "execute", "source": "resolving", "dest": "executed", "conditions": _allowed, "after": _noted},
        ],
    )
    slots = [_Slot() for _ in range(count)]

    def fire() -> None:
        for slot in slots:
            machine.events["resolve"].trigger(slot, "evidence")
            machine.events["execute"].trigger(slot, "evidence")

    taken = each(fire, count)
    if {(slot.state, slot.seen) for slot in slots} != {("executed", 2)}:
        raise RuntimeError("the stock machine did not fire")
    return {"two triggers, stock": taken}


def our_triggers(count: int) -> Sides:
    """Fire the same two through placet's machine: a guard that lets all pass, a callback that only moves the step."""
    with World() as world:
        request = world.approved()
    following = {
        "approved": replace(request, status=Status.RESOLVING),
        "resolving": replace(request, status=Status.EXECUTED),
    }
    passes = Rule("passes", "all pass", lambda *_: "")
    plain = [replace(row, guard=replace(row.guard, rules=(passes,))) for row in LIFECYCLE]
    evidence = Evidence(at=request.created_at, actor=Actor("runner"))

    def moved(step: Step, *_: object) -> None:
        step.request = following[step.request.status]

    with patch("placet.lifecycle.machine.emit", moved):
        lifecycle = Lifecycle(Table(plain))
        steps = [Step(request) for _ in range(count)]

        def fire() -> None:
            for step in steps:
                lifecycle.fire(step, Trigger.RESOLVE, evidence)
                lifecycle.fire(step, Trigger.EXECUTE, evidence)

        taken = each(fire, count)
    if {(step.state, step.status.value) for step in steps} != {("executed", "executed")}:
        raise RuntimeError("placet's machine did not fire")
    return {"two triggers, ours": taken}


class _Plain:
    """One table in a file of its own, as durable as placet's: write-ahead log, FULL."""

    def __init__(self, folder: str) -> None:
        self.connection = sqlite3.connect(Path(folder, "plain.db"), isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        self.connection.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")

    def insert(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute("INSERT INTO plain (body) VALUES (?)", ("x" * 200,))
        self.connection.execute("COMMIT")


def on_disk(count: int) -> Sides:
    """Execute over SQLite, one by one and 100 in a commit, in turns with a bare durable insert."""
    with World("sqlite", exact=True) as world, TemporaryDirectory() as folder:
        plain = _Plain(folder)
        with world.hasty():
            ready = made(EXECUTED, world, 3 + count)
            many = [action.args[0] for action in made(EXECUTED, world, 100)]
            all_of(ready[:3])
        taken = {"governed, SQLite": 0.0, "bare insert": 0.0}
        with closing(plain.connection), quiet():
            for action in ready[3:]:
                for name, act in (("governed, SQLite", action), ("bare insert", plain.insert)):
                    begun = time.perf_counter_ns()
                    act()
                    taken[name] += (time.perf_counter_ns() - begun) / 1000 / count
            begun = time.perf_counter_ns()
            items = world.gov.execute_many(many, by="runner")
            taken["execute_many"] = (time.perf_counter_ns() - begun) / 1000 / len(many)
        if not all(item.executed for item in items):
            raise RuntimeError("execute_many did not execute all")
        return taken


def importing(_: int) -> Sides:
    """Import placet, and what a program like it imports anyway, in interpreters of their own."""
    return {"import placet": import_seconds("import placet"), "import alone": import_seconds(ALONE)}

"""Counters that give the same number on every run: what the interpreter did, and what reached the disk.

Each measures one action. Wall clock is not among them: on shared machines it hides a step that costs three times as
much.
"""

import gc
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from benchmarks.world import Action, World

WARM_UPS = 3
"""How many steps are taken before one is measured: caches are filled, statements prepared, classes built."""

_HEADER, _FRAME = 32, 24
"""Bytes of the header of an SQLite write-ahead log, and of the header of each frame in it."""


M = TypeVar("M", bound=Callable[..., object])


def in_unit(unit: str) -> Callable[[M], M]:
    """Tell asv in which unit a figure is."""

    def marked(method: M) -> M:
        vars(method)["unit"] = unit
        return method

    return marked


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the cycle collector out, which would run at moments of its own."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def python_calls(action: Action) -> int:
    """Count calls of Python functions, and resumptions of generators."""
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event == "call"

    with quiet():
        sys.setprofile(count)
        try:
            action()
        finally:
            sys.setprofile(None)
    return calls


def opcodes(action: Action) -> int:
    """Count the instructions that the interpreter executed."""
    executed = 0

    def count(frame: FrameType, event: str, __: object) -> Any:
        nonlocal executed
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        executed += event == "opcode"
        return count

    with quiet():
        before = sys.gettrace()
        sys.settrace(count)
        try:
            action()
        finally:
            sys.settrace(before)
    return executed


def objects(action: Action) -> int:
    """Count the objects that are there afterwards and were not before, among those that can hold others.

    Not the blocks of memory: pydantic keeps strings in a cache whose order depends on addresses, and with it the blocks
    that are taken differ by a few from run to run. `footprint` shows them; they cannot gate.
    """
    with quiet():
        before = len(gc.get_objects())
        kept = action()  # what it gives counts, too
        there = len(gc.get_objects()) - before
    del kept
    return there


def statements(action: Action, world: World) -> int:
    """Count the SQL statements that were run, BEGIN and COMMIT included; each row of an executemany is one."""
    heard: list[str] = []
    for connection in world.connections:
        connection.set_trace_callback(heard.append)
    with quiet():
        action()
    return len(heard)


def commits(action: Action, world: World) -> int:
    """Count the commits that reached the write-ahead log."""
    return sum(1 for committed in _frames(action, world) if committed)


def wal_bytes(action: Action, world: World) -> int:
    """Count the bytes that reached the write-ahead log."""
    _frames(action, world)
    return _log(world).stat().st_size


def _frames(action: Action, world: World) -> list[int]:
    """Empty the log, act, and give for each frame the size of the database it commits, or 0 where it does not."""
    with sqlite3.connect(world.file, isolation_level=None) as own:
        (blocked, *_) = own.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    own.close()
    if blocked or _log(world).stat().st_size:
        raise RuntimeError("somebody reads or writes while this is measured")
    action()
    log = _log(world).read_bytes()
    page = int.from_bytes(log[8:12], "big")
    return [int.from_bytes(log[start + 4 : start + 8], "big") for start in range(_HEADER, len(log), _FRAME + page)]


def _log(world: World) -> Path:
    return world.file.with_name(world.file.name + "-wal")

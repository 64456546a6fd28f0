"""Large stores, built in minutes instead of hours, in which every row is right.

One request of each kind is taken through the library: submitted and canceled, submitted and left pending, executed.
While that happens, everything that is hashed is noted, in order. A copy is then the same rows with other ids, another
moment, and every hash computed anew from what it was computed of: digests, seals and chains fit, `verify` passes, and
what is pending can be approved and executed. Of a hundred requests 10 are executed, each on a house of its own, 1 is
pending, 89 are canceled; these are for a hundred houses.

Stores are kept in .asv/scale and used again by every commit that writes the same rows.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.world import SQLITE, Clock, World

KEPT = Path(__file__).resolve().parent.parent / ".asv" / "scale"
REQUEST_TABLES = ("placet_requests", "placet_terms", "placet_decisions", "placet_audit")
STATE_TABLES = ("placet_states", "placet_history")
HOUSES = 100

Rows = dict[str, list[tuple[Any, ...]]]


def _canceled(world: World) -> None:
    request = world.asked()
    world.clock.tick(minutes=1)
    world.gov.cancel(request.id, by="bob", reason="not needed")


def _pending(world: World) -> None:
    world.asked()


def _executed(world: World) -> None:
    request = world.asked()
    world.clock.tick(minutes=1)
    world.voted(request)
    world.execute(request)


class Mould:
    """What one request left behind, and how to make more like it.

    Args:
        make: takes one request through the library.
        tables: which of its rows a copy has.
    """

    def __init__(self, make: Callable[[World], None], tables: tuple[str, ...]) -> None:
        self._moment = Clock().now
        hashed: dict[bytes, bytes] = {}

        def noting(data: bytes) -> Any:
            found = hashlib.sha256(data)
            hashed.setdefault(data, found.hexdigest().encode())
            return found

        with World(SQLITE, exact=True) as world:
            with patch("placet.model.canonical.sha256", noting):
                make(world)
            with sqlite3.connect(world.file) as own:
                self.rows: Rows = {each: own.execute(f"SELECT * FROM {each}").fetchall() for each in tables}  # noqa: S608
            own.close()
        known = [*self._names(0, "house-00000000", first=True)]
        self._hashed = []
        for data, found in hashed.items():
            if used := [each for each in known if each in data]:
                self._hashed.append((data, found, used))
                known.append(found)
        self._cells = {
            value: [each for each in known if each in value.encode()]
            for rows in self.rows.values()
            for row in rows
            for value in row
            if isinstance(value, str)
        }

    def _names(self, number: int, house: str, *, first: bool = False) -> dict[bytes, bytes]:
        """Give what is another in each copy: ids, moments as text and as number. Those of the first one, if asked."""
        changed = {}
        for minutes in (1, 0):  # the later one first, so that what becomes of the other is not changed again
            was = self._moment + timedelta(minutes=minutes)
            now = was if first else was + timedelta(seconds=number)
            changed[was.strftime("%Y-%m-%dT%H:%M:%S").encode()] = now.strftime("%Y-%m-%dT%H:%M:%S").encode()
            changed[str(int(was.timestamp())).encode()] = str(int(now.timestamp())).encode()
        ids = (f"00000000-0000-7000-{kind}000-{number:012x}".encode() for kind in (8, 9))
        return {
            **changed,
            **dict(zip((b"id-00000001", b"id-00000002"), ids, strict=True)),
            b"house-00000001": house.encode(),
        }

    def copy(self, number: int, house: str) -> Rows:
        """Give the rows of another one, on this house."""
        changed = self._names(number, house)
        for data, found, used in self._hashed:
            changed[found] = hashlib.sha256(_replaced(data, used, changed)).hexdigest().encode()
        cells = {value: _replaced(value.encode(), used, changed).decode() for value, used in self._cells.items()}

        def cell(value: Any) -> Any:
            """Give what stands in a column; a number of that size is a moment in microseconds."""
            if isinstance(value, str):
                return cells[value]
            return value + number * 1_000_000 if isinstance(value, int) and value > 10**15 else value

        return {table: [tuple(map(cell, row)) for row in rows] for table, rows in self.rows.items()}


def _replaced(data: bytes, used: list[bytes], changed: dict[bytes, bytes]) -> bytes:
    for each in used:
        data = data.replace(each, changed[each])
    return data


def _copies(count: int, moulds: tuple[Mould, Mould, Mould], houses: list[str]) -> Iterator[Rows]:
    executed, pending, canceled = moulds
    for number in range(1, count + 1):
        if number % 10 == 0:
            yield executed.copy(number, f"house-of-{number:08}")
        else:
            yield (pending if number % 100 == 1 else canceled).copy(number, houses[number % HOUSES])


def stocked(count: int) -> Path:
    """Give a file with so many requests; it is built if there is none that fits."""
    moulds = (
        Mould(_executed, (*REQUEST_TABLES, *STATE_TABLES)),
        Mould(_pending, REQUEST_TABLES),
        Mould(_canceled, REQUEST_TABLES),
    )
    key = hashlib.sha256(repr([each.rows for each in moulds]).encode()).hexdigest()[:12]
    kept = KEPT / f"requests-{count}-{key}.db"
    if not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with World(SQLITE) as world:
            houses = [world.house() for _ in range(HOUSES)]
            world.gov.close()
            _fill(world.file, _copies(count, moulds, houses))
            shutil.move(world.file, kept.with_suffix(f".{os.getpid()}"))
        kept.with_suffix(f".{os.getpid()}").rename(kept)
    return kept


def _fill(file: Path, copies: Iterator[Rows]) -> None:
    own = sqlite3.connect(file, isolation_level=None)
    own.execute("PRAGMA journal_mode=OFF")  # placet turns the write-ahead log on again when it opens the file
    own.execute("PRAGMA synchronous=OFF")
    own.execute("PRAGMA cache_size=-500000")
    own.execute("BEGIN")
    waiting: Rows = {}
    for number, rows in enumerate(copies, start=1):
        for table, more in rows.items():
            waiting.setdefault(table, []).extend(more)
        if number % 1000 == 0:
            _insert(own, waiting)
    _insert(own, waiting)
    own.execute("COMMIT")
    own.close()


def _insert(own: sqlite3.Connection, waiting: Rows) -> None:
    for table, rows in waiting.items():
        if rows:
            own.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)  # noqa: S608
    waiting.clear()

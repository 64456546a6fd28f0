"""What every peer is and does, and the check that it did all of it."""

import importlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

FULL = ("wal", 2)
"""The durability all are held to where they write to a disk: `journal_mode=WAL`, `synchronous=FULL`."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What is there once requests were executed.

    Attributes:
        executed: requests in the final status that name the version they were executed on, the one they made, and the
            execution.
        moved: states that have the approved content, one version on.
        decisions: decisions made by executions.
        audits: audit records.
        entries: history entries made by executions.
        inserted: rows of the bare insert.
    """

    executed: int = 0
    moved: int = 0
    decisions: int = 0
    audits: int = 0
    entries: int = 0
    inserted: int = 0

    def __mul__(self, times: int) -> "Tally":
        """Give what so many executions leave."""
        parts = (self.executed, self.moved, self.decisions, self.audits, self.entries, self.inserted)
        return Tally(*(part * times for part in parts))


GOVERNED = Tally(executed=1, moved=1, decisions=2, audits=1, entries=1)
"""What one governed execution leaves."""

MACHINE_ONLY = Tally(executed=1)
"""What two bare triggers leave: a slot that has moved."""


class Peer(Protocol):
    """One way to execute approved requests. Made with the folder it may write to, which is not timed.

    Attributes:
        one: what one execution leaves.
    """

    one: Tally

    def prepare(self, count: int) -> None:
        """Make so many more approved requests, each on a state of its own; not timed."""

    def run(self) -> None:
        """Execute all that were prepared and not yet executed, one after the other, each in a commit of its own."""

    def tally(self) -> Tally:
        """Count what is there by now, read from where it was written."""

    def durability(self) -> Iterable[tuple[str, int]]:
        """Give journal mode and synchronous of each connection that commits; none where nothing is durable."""

    def close(self) -> None:
        """Let go of everything."""


class CheckError(Exception):
    """A peer did not do the work it is measured for."""


def check(peer: Peer, executions: int, *, durable: bool) -> None:
    """See to it that a peer did the same work as all others, on the same terms.

    Args:
        peer: the peer.
        executions: how many it was given, since it was made.
        durable: whether every execution had to be durable.

    Raises:
        CheckError: it did less, or more, or with another durability.
    """
    wanted, found = peer.one * executions, peer.tally()
    if found != wanted:
        raise CheckError(f"after {executions} executions there should be {wanted}, there is {found}")
    settings = list(peer.durability())
    if settings != [FULL] * len(settings) or bool(settings) != durable:
        raise CheckError(f"connections that commit should have {FULL if durable else 'no file'}, they have {settings}")


def make(place: str, folder: Path) -> Peer:
    """Make a peer, given as "module:Class" of this package."""
    module, name = place.split(":")
    return cast("Peer", getattr(importlib.import_module(f"{__package__}.{module}"), name)(folder))


def durability_of(connection: sqlite3.Connection) -> tuple[str, int]:
    """Ask a connection what its commits are worth."""
    ((journal,), (synchronous,)) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "synchronous")
    )
    return str(journal), int(synchronous)


def counted(path: Path, queries: Iterable[str]) -> Tally:
    """Count by SQL, over a connection of its own: executed, moved, decisions, audits, entries."""
    with closing(sqlite3.connect(path)) as connection:
        return Tally(*(int(connection.execute(query).fetchone()[0]) for query in queries))


def connected(path: Path) -> sqlite3.Connection:
    """Open a file for commits that are durable."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection

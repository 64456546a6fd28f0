"""The world that is measured: who has which role in a house, changed on request, after one approval.

Only names that the first release had are imported here, so that the benchmarks of today run on every commit.
"""

import itertools
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any, Self
from unittest.mock import patch

from placet import (
    Governance,
    Intent,
    Issue,
    Mutation,
    MutationRequest,
    OpenDirectory,
    Risk,
    State,
    deny,
    require_approval,
)

MEMORY, SQLITE = "memory", "sqlite"

MEMBERS = {f"user-{number:02}": "reader" for number in range(20)}
"""Who is in a house from the beginning: about 500 bytes of JSON."""


class Roles(State):
    """Who has which role."""

    members: dict[str, str] = {}


class GrantRole(Mutation[Roles]):
    """Give one member a role."""

    intent = Intent(operation="grant-role", category="security", risk=Risk.HIGH)
    user: str
    role: str

    def check(self, state: Roles) -> Iterator[Issue]:
        """Yield an issue where there is no such role."""
        if self.role not in {"reader", "admin"}:
            yield Issue(path="role", message=f"unknown role {self.role!r}")

    def apply(self, state: Roles) -> Roles:
        """Give the role."""
        return state.evolve(members={**state.members, self.user: self.role})


class GrantRoleAnyway(GrantRole):
    """Give one member a role, whatever they had by then."""

    intent = Intent(operation="grant-role-anyway", category="security", risk=Risk.HIGH)
    approval_covers = "mutation"


class Clock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Give the moment it shows."""
        return self.now

    def tick(self, **step: float) -> None:
        """Move on."""
        self.now += timedelta(**step)


class World:
    """A store of its own with a governance over it, thrown away in the end.

    Args:
        store: `memory`, or `sqlite` for a file in a folder of its own.
        exact: take ids that count and a timer that shows nothing, so that two runs are the same to the byte; and note
            every connection, so that its statements can be counted.
        file: the SQLite file, if it is not to be a new one.
    """

    def __init__(self, store: str = MEMORY, *, exact: bool = False, file: Path | None = None) -> None:
        self._folder = None if store == MEMORY else tempfile.TemporaryDirectory(prefix="placet-benchmark-")
        self.file = file or Path(self._folder.name if self._folder else "", "placet.db")
        self.clock = Clock()
        self.connections: list[sqlite3.Connection] = []
        self._connect = sqlite3.connect
        self._noting = patch.object(sqlite3, "connect", self._noted)
        numbers = itertools.count(1)
        self._names = itertools.count(1)
        self._closed: bool | None = None
        self._exact = exact
        self._street = "house" if exact else f"house-{token_hex(4)}"
        fixed: dict[str, Any] = {"clock": self.clock}
        if exact:
            self._noting.start()
            fixed |= {"new_id": lambda: f"id-{next(numbers):08}", "timer": lambda: 0}
        self._url = "memory:" if store == MEMORY else f"sqlite:///{self.file}"
        self._fixed = fixed
        self.gov = self.another()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def another(self) -> Governance:
        """Open a governance over the same store, if that is a file."""
        policies = [require_approval(count=1)]
        return Governance.open(
            self._url,
            mutations=[GrantRole, GrantRoleAnyway],
            policies=policies,
            directory=OpenDirectory(),
            **self._fixed,
        )

    def close(self) -> None:
        """Throw everything away."""
        self.gov.close()
        if self._exact:
            self._noting.stop()
        if self._folder:
            self._folder.cleanup()

    def _noted(self, *args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._connect(*args, **options)
        self.connections.append(connection)
        return connection

    @contextmanager
    def hasty(self) -> Iterator[None]:
        """Wait for no disk while things are made ready; only in an exact world, which knows its connections."""
        for pragma in ("OFF", "FULL"):
            for connection in self.connections:
                connection.execute(f"PRAGMA synchronous={pragma}")
            if pragma == "OFF":
                yield

    def house(self) -> str:
        """Make a house of its own, at version 1, and give its id."""
        name = f"{self._street}-{next(self._names):08}"
        self.gov.create_state(name, Roles(members=MEMBERS))
        return name

    def asked(self, house: str | None = None, user: str = "ada", **options: Any) -> MutationRequest:
        """Let bob ask for a role for somebody, in a house of its own unless one is named."""
        wanted = GrantRoleAnyway if options.get("on_drift") == "revalidate" else GrantRole
        mutation = wanted(user=user, role="admin")
        return self.gov.submit(mutation, to=house or self.house(), by="bob", reason="INC-42", **options)

    def voted(self, request: MutationRequest) -> MutationRequest:
        """Let carol approve it."""
        return self.gov.approve(request.id, by="carol", digest=request.digest)

    def approved(self, house: str | None = None, user: str = "ada", **options: Any) -> MutationRequest:
        """Ask and approve."""
        return self.voted(self.asked(house, user, **options))

    def execute(self, request: MutationRequest) -> object:
        """Let the runner execute it."""
        return self.gov.execute(request.id, by="runner")

    def drift(self, house: str, versions: int = 1) -> None:
        """Let others move a house on by so many versions, as it is always done: asked, approved, executed."""
        for number in range(versions):
            self.execute(self.approved(house, f"other-{number % 50:02}"))

    def set_closed(self, *, closed: bool) -> None:
        """Let a policy deny everything from now on, or no more."""
        if self._closed is None:
            self.gov.register_policy(deny("the houses are closed", when=lambda _: bool(self._closed)))
        self._closed = closed


Action = partial[Any]
"""One governed step, ready to be measured; it can be taken once."""

"""Govern a table you already have: placet's trail and your own rows change together, in one commit.

Your application keeps its `users` table and goes on changing it as ever. What you want governed goes through placet,
which reaches the table by an adapter of two methods, inside its own transaction. The only thing the table needs is a
`version` that grows with each change; a trigger gives it one, whoever makes the change.
"""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from placet import Governance, Intent, Mutation, OnDrift, OpenDirectory, Risk, State, require_approval

SCHEMA = """
CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1);
CREATE TRIGGER users_version AFTER UPDATE ON users WHEN NEW.version = OLD.version
BEGIN UPDATE users SET version = OLD.version + 1 WHERE id = NEW.id; END;
INSERT INTO users (id, name, role) VALUES ('42', 'Ada', 'reader'), ('43', 'Eve', 'reader');
"""


class User(State):
    """One row of `users`, as placet sees it."""

    name: str
    role: str


class UsersTable:
    """The adapter: state `user:42` is the row with id 42."""

    prefix = "user:"
    state_type = User

    def load(self, connection: sqlite3.Connection, key: str) -> tuple[int, dict[str, Any]] | None:
        """Give version and fields of a row."""
        row = connection.execute("SELECT version, name, role FROM users WHERE id = ?", (key,)).fetchone()
        return None if row is None else (row[0], {"name": row[1], "role": row[2]})

    def save(
        self, connection: sqlite3.Connection, key: str, fields: dict[str, Any], *, expected: int, version: int
    ) -> bool:
        """Write a row, if nobody has changed it meanwhile."""
        done = connection.execute(
            "UPDATE users SET name = :name, role = :role, version = :version WHERE id = :id AND version = :expected",
            {**fields, "id": key, "version": version, "expected": expected},
        )
        return done.rowcount == 1


class ChangeRole(Mutation[User]):
    """Give a user another role."""

    intent = Intent(operation="change-role", category="security", risk=Risk.HIGH)
    role: str

    def apply(self, state: User) -> User:
        """Give the user with the new role."""
        return state.evolve(role=self.role)


def govern(gov: Governance, mine: sqlite3.Connection) -> None:
    """Change two users, one of whom somebody else changes first."""
    print("Ada is to become an administrator; Bob asks, Carol approves.")
    wish = gov.submit(ChangeRole(role="admin"), to="user:42", by="bob")
    gov.approve(wish.id, by="carol", digest=wish.digest)
    outcome = gov.execute(wish.id, by="runner")
    print("  ", outcome)
    assert mine.execute("SELECT role, version FROM users WHERE id = '42'").fetchone() == ("admin", 2)

    print("Eve is to become an editor; but before that is executed, other code renames her.")
    wish = gov.submit(ChangeRole(role="editor"), to="user:43", by="bob", on_drift=OnDrift.REJECT)
    gov.approve(wish.id, by="carol", digest=wish.digest)
    with mine:
        mine.execute("UPDATE users SET name = 'Eva' WHERE id = '43'")
    outcome = gov.execute(wish.id, by="runner")
    print("  ", outcome)
    assert outcome.status == "stale"

    print("Bob asks again, this time for Eva as she is now, and with a strategy that bears a change of name.")
    wish = gov.submit(ChangeRole(role="editor"), to="user:43", by="bob", on_drift=OnDrift.KEEP_IF_SAME_EFFECT)
    gov.approve(wish.id, by="carol", digest=wish.digest)
    with mine:
        mine.execute("UPDATE users SET name = 'Eva B.' WHERE id = '43'")
    outcome = gov.execute(wish.id, by="runner")
    print("  ", outcome)
    assert mine.execute("SELECT name, role FROM users WHERE id = '43'").fetchone() == ("Eva B.", "editor")


def join(gov: Governance, mine: sqlite3.Connection) -> None:
    """Write a row of our own and ask for a change in one transaction."""
    print("A ticket and the request it belongs to, committed together.")
    mine.execute("CREATE TABLE tickets (request_id TEXT PRIMARY KEY, subject TEXT NOT NULL)")
    with mine:
        mine.execute("BEGIN IMMEDIATE")
        wish = gov.within(mine).submit(ChangeRole(role="reader"), to="user:42", by="bob", reason="leaves the team")
        mine.execute("INSERT INTO tickets VALUES (?, ?)", (wish.id, "Ada leaves the team"))
    print("  ", gov.get_request(wish.id).status, "for", wish.state_id)
    assert mine.execute("SELECT request_id FROM tickets").fetchone() == (wish.id,)


def main() -> None:
    """Set up a database as an application has it, and govern it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app.db"
        with closing(sqlite3.connect(path)) as mine:
            mine.executescript(SCHEMA)
            with Governance.open(
                f"sqlite:///{path}",
                mutations=[ChangeRole],
                policies=[require_approval()],
                sources=[UsersTable()],
                directory=OpenDirectory(),  # accepts any name: for trying out
            ) as gov:
                govern(gov, mine)
                join(gov, mine)

                print("How Eva came to be what she is:")
                for entry in gov.history("user:43"):
                    print(f"   version {entry.version} {entry.kind}: {', '.join(map(str, entry.changes))}")
                assert [entry.kind for entry in gov.history("user:43")] == ["adopted", "executed"]
                assert gov.replay("user:43", 4).state == User(name="Eva B.", role="editor")
                print(gov.verify())
                assert gov.verify().ok


if __name__ == "__main__":
    main()

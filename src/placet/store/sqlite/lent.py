"""A connection of placet's own: careful with what a file holds, and it can be lent to the user's code."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LARGEST = 2**26
"""The longest text, and the largest row, that is read or written, in bytes."""

_OFTEN = 1_000_000
"""After how many steps of SQLite's machine they are counted."""

_MOST = 2_000
"""How often they are counted in one statement before it is ended; a scan of ten million rows takes less."""

_CAREFUL = ("synchronous=FULL", "trusted_schema=OFF", "cell_size_check=ON")


class Budget:
    """Ends a statement that takes more steps than any of placet's does: a damaged tree of pages may have no end.

    Attributes:
        spent: how often its steps were counted.
    """

    __slots__ = ("spent",)

    def __init__(self) -> None:
        self.spent = 0

    def exceeded(self) -> bool:
        """Count once more, and tell whether it was too often."""
        self.spent += 1
        return self.spent > _MOST


class LentConnection(sqlite3.Connection):
    """A connection whose transaction nobody it is lent to can begin, commit or roll back, by whatever means.

    SQLite itself refuses: that holds for commit(), `with connection`, executescript() and the SQL statement alike.

    Attributes:
        budget: how long a statement may take.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as the driver declares it
        super().__init__(*args, **options)
        self.budget = Budget()
        self.set_progress_handler(self.budget.exceeded, _OFTEN)
        self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)

    def be_careful(self) -> None:
        """Make commits durable, and trust neither the schema of the file nor its pages."""
        for setting in _CAREFUL:
            self.execute(f"PRAGMA {setting}")

    @contextmanager
    def lent(self, attempts: list[str | None]) -> Iterator[None]:
        """Refuse every BEGIN, COMMIT and ROLLBACK inside the block, and note what was attempted."""

        def permit(action: int, what: str | None, *_: object) -> int:
            if action != sqlite3.SQLITE_TRANSACTION:
                return sqlite3.SQLITE_OK
            attempts.append(what)
            return sqlite3.SQLITE_DENY

        self.set_authorizer(permit)
        try:
            yield
        finally:
            self.set_authorizer(None)

"""A connection of placet's own that can be lent to the user's code, and stays in its transaction meanwhile."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


class LentConnection(sqlite3.Connection):
    """A connection whose transaction nobody it is lent to can begin, commit or roll back, by whatever means.

    SQLite itself refuses: that holds for commit(), `with connection`, executescript() and the SQL statement alike.
    """

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

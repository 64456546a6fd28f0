"""The SQL, in `.sql` files: the schema, and named queries that are loaded once and never concatenated."""

from functools import cache
from importlib.resources import files

from placet.errors import StoreUnavailableError


@cache
def queries(name: str) -> dict[str, str]:
    """Return the statements of a file, each under the name in the `-- name:` line above it.

    Raises:
        StoreUnavailableError: Raised if the file cannot be opened.
    """
    found: dict[str, str] = {}
    for block in _read(f"{name}.sql").split("-- name: ")[1:]:
        title, statement = block.split("\n", 1)
        found[title.strip()] = statement.strip().rstrip(";")
    return found


@cache
def schema() -> str:
    """Return the script that makes the tables.

    Raises:
        StoreUnavailableError: Raised if it cannot be opened.
    """
    return _read("schema.sql")


def _read(name: str) -> str:
    try:
        return (files(__name__) / name).read_text("utf-8")
    except OSError as error:  # it is read when the first store is opened, where no file descriptor may be free
        raise StoreUnavailableError(f"{name} of placet: {error.strerror}: it cannot be opened; call again") from error

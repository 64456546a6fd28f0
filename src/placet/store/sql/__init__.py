"""The SQL, in `.sql` files: the schema, and named queries that are loaded once and never concatenated."""

from functools import cache
from importlib.resources import files


@cache
def queries(name: str) -> dict[str, str]:
    """Return the statements of a file, each under the name in the `-- name:` line above it."""
    found: dict[str, str] = {}
    for block in (files(__name__) / f"{name}.sql").read_text("utf-8").split("-- name: ")[1:]:
        title, statement = block.split("\n", 1)
        found[title.strip()] = statement.strip().rstrip(";")
    return found


@cache
def schema() -> str:
    """Return the script that makes the tables."""
    return (files(__name__) / "schema.sql").read_text("utf-8")

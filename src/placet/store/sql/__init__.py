"""The SQL, in `.sql` files: numbered migrations, and named queries that are loaded once and never concatenated."""

from functools import cache
from importlib.resources import files


@cache
def queries(name: str) -> dict[str, str]:
    """Give the statements of a file, each under the name in the `-- name:` line above it."""
    found: dict[str, str] = {}
    for block in (files(__name__) / f"{name}.sql").read_text("utf-8").split("-- name: ")[1:]:
        title, statement = block.split("\n", 1)
        found[title.strip()] = statement.strip().rstrip(";")
    return found


@cache
def migrations() -> tuple[str, ...]:
    """Give the migrations in order; the first makes schema version 1."""
    scripts = sorted((files(__name__) / "migrations").iterdir(), key=lambda file: file.name)
    return tuple(script.read_text("utf-8") for script in scripts if script.name.endswith(".sql"))

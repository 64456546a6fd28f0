"""The command that checks the lifecycle itself; it needs no file."""

import typer

from placet.cli.helping import Command
from placet.cli.pieces import clean, console
from placet.modelcheck import Report, check


def register(app: typer.Typer) -> None:
    """Add `check-model` to the commands."""
    app.command("check-model", cls=Command)(check_model)


def check_model() -> None:
    """Explore every world that the lifecycle can come to, and check what must hold in all of them.

    Takes less than a minute. Exit code 1, and the shortest counter-example, if something does not hold.
    """
    if not show(check()):
        raise typer.Exit(1)


def show(found: Report) -> bool:
    """Print what a model check found, and tell whether everything holds.

    Args:
        found: the report.
    """
    out = console()
    out.print(
        clean(
            f"{found.worlds:,} worlds, {found.steps:,} steps, {len(found.walked)} of {found.declared} arrows walked, "
            f"{found.seconds:.1f} s"
        ),
        soft_wrap=True,
    )
    if found.broken is None:
        for name in found.invariants:
            out.print(clean("✓ ", "green").append_text(clean(name)), soft_wrap=True)
        return True
    out.print(clean("✗ ", "red").append_text(clean(found.broken.invariant, "red")), soft_wrap=True)
    for line in (*found.broken.story, f"So {found.broken.why}."):
        out.print(clean(line), soft_wrap=True)
    return False

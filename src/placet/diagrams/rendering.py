"""Renders DOT as SVG, by `graphviz-pure`: a program from the package index that writes the same bytes everywhere."""

import shutil
import subprocess
import sysconfig

from placet.errors import ConfigurationError

PROGRAM = "graphviz-pure"
_PATIENCE = 60.0
"""Seconds; a graph of ours takes a few hundredths of one."""


def program() -> str | None:
    """Give where the program is: beside this Python, or else on PATH; None if it is not installed."""
    return shutil.which(PROGRAM, path=sysconfig.get_path("scripts")) or shutil.which(PROGRAM)


def svg(dot: str) -> str:
    """Render a graph as SVG.

    Args:
        dot: the graph in DOT.

    Returns:
        The picture. It does not change from run to run.

    Raises:
        ConfigurationError: the program that renders is not installed, or it refuses the graph.
    """
    found = program()
    if found is None:
        raise ConfigurationError(
            f"{PROGRAM} draws SVG and is not installed: pip install {PROGRAM}; or take dot, mermaid"
        )
    try:
        done = subprocess.run(  # noqa: S603 - a program of our own choosing, and the graph is its input, not an argument
            [found, "-Tsvg"], input=dot.encode(), capture_output=True, check=False, timeout=_PATIENCE
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigurationError(f"{found} cannot be run: {error}; pip install {PROGRAM}") from error
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()
        raise ConfigurationError(f"{found} cannot draw this: {said or 'it says nothing'}; pip install -U {PROGRAM}")
    return done.stdout.decode()

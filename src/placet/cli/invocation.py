"""What to type to run this program again, as it was run: not everybody has it on PATH."""

import os
import shlex
import shutil
import sys
from pathlib import Path

_BARE = "placet"


def program() -> str:
    """Give the name of this program if it is on PATH, otherwise the way it was called, quoted for a shell."""
    if shutil.which(_BARE):
        return _BARE
    called = Path(sys.argv[0])
    if called.name == "__main__.py" or not called.is_file():
        return f"{_short(sys.executable)} -m {_BARE}"
    return _short(sys.argv[0])


def command(*words: str, db: Path) -> str:
    """Give a whole command on a file, quoted for a shell."""
    return f"{program()} {shlex.join((*words, '--db', str(db)))}"


def _short(path: str) -> str:
    """Give a path as it was, or from the current directory if that is shorter."""
    near = os.path.relpath(path)
    if os.sep not in near:
        near = os.path.join(os.curdir, near)  # noqa: PTH118 - pathlib would take the dot away again
    return shlex.quote(min(path if os.sep in path else near, near, key=len))

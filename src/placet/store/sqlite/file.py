"""The files of a database: which path can be one, and who may read those that placet makes."""

import errno
import os
import stat

from placet.errors import StoreUnavailableError

PRIVATE = 0o600
"""The mode of new files: for their owner alone. A umask may restrict it further."""

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

_EXHAUSTED = {errno.EMFILE, errno.ENFILE}


def make_file(path: str) -> None:
    """Make an empty file that its owner alone may read, unless there is one: that keeps its mode.

    Raises:
        StoreUnavailableError: Raised if it cannot be made, or if something else is there.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE))
    except FileExistsError:
        check_file(path)
    except OSError as error:
        raise _unavailable(path, error) from error


def check_file(path: str) -> None:
    """Check that a path leads to a regular file.

    Raises:
        StoreUnavailableError: Raised if it leads to something else, or nowhere.
    """
    try:
        kind = stat.S_IFMT(os.stat(path).st_mode)  # noqa: PTH116 - pathlib would read the path again
    except OSError as error:
        raise _unavailable(path, error) from error
    if kind != stat.S_IFREG:
        raise StoreUnavailableError(f"{path}: it is {_KINDS.get(kind, 'something else')}, not a file; check the path")


def mode_beside(path: str) -> int:
    """Return the mode of a new file beside a database: that of the database, as SQLite's own files there have it."""
    try:
        return os.stat(path).st_mode & 0o666  # noqa: PTH116 - as above
    except OSError:
        return PRIVATE


def private(path: str, flags: int) -> int:
    """Open a file for `open(..., opener=private)`: a new one for its owner alone."""
    return os.open(path, flags, PRIVATE)


def _unavailable(path: str, error: OSError) -> StoreUnavailableError:
    advice = "check the path and its permissions"
    if error.errno in _EXHAUSTED:
        advice = "close files that you do not need, or raise the limit of open files, and call again"
    return StoreUnavailableError(f"{path}: {error.strerror}: it cannot be opened; {advice}")

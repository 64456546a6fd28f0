"""How a command gets at a file: opened without registered classes, errors told in one line, ids found by a part."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from signoff.cli.pieces import clean, console
from signoff.errors import InputError, NotFoundError, RequestNotFoundError, SignoffError, StateNotFoundError
from signoff.governance.dossier import check_state
from signoff.governance.facade import Governance
from signoff.model.names import checked_id
from signoff.model.state import StoredState
from signoff.store.port import REQUESTS, STATES, Store
from signoff.store.sqlite import SqliteStore

SHORTEST = 4
"""How many characters of an id are enough, if no other id has them."""

_PAGE = 1000
_LISTED = 5


@dataclass(frozen=True, slots=True)
class Book:
    """An open file.

    Attributes:
        gov: governance over it, with no classes registered and everybody let in.
        store: the store itself, for what needs no classes.
    """

    gov: Governance
    store: Store


@contextmanager
def told() -> Iterator[None]:
    """Turn a signoff error into one red line on stderr and exit code 1."""
    try:
        yield
    except SignoffError as error:
        console(stderr=True).print(clean(f"error: {error}", "red"), soft_wrap=True)
        raise typer.Exit(1) from error


@contextmanager
def opened(db: Path, *, write: bool = False) -> Iterator[Book]:
    """Open a file that signoff wrote; never create one.

    Args:
        db: the file.
        write: whether to write, too.

    Raises:
        NotFoundError: there is no such file.
        StoreError: it is no database, or not one of signoff's.
    """
    if not db.is_file():
        raise NotFoundError(f"no file {str(db)!r}; give one with --db or SIGNOFF_DB, or make one with `signoff demo`")
    if write:
        # opening to write would bring any database to signoff's schema: see first that it is one of signoff's
        SqliteStore(db, read_only=True).close()
    store = SqliteStore(db, read_only=not write)
    try:
        yield Book(Governance.open(store), store)
    finally:
        store.close()


def request_id(store: Store, given: str) -> str:
    """Find the one request that is meant: by its id, or by the beginning or the end of it.

    Args:
        store: where to look.
        given: an id, or at least four characters of one; a leading ellipsis is no part of it.

    Raises:
        RequestNotFoundError: no request is meant.
        InputError: several are.
    """
    wanted = checked_id("request", given).removeprefix("…")
    with store.view() as reader:
        if reader.request(wanted) is not None:
            return wanted
        found, after = [], ""
        while len(wanted) >= SHORTEST and (page := reader.keys(REQUESTS, after, _PAGE)):
            found += [key for key in page if key.startswith(wanted) or key.endswith(wanted)]
            after = page[-1]
    if len(found) > 1:
        some = ", ".join(found[:_LISTED]) + (" ..." if len(found) > _LISTED else "")
        raise InputError(f"{len(found)} requests begin or end with {wanted!r}: {some}; give more of the id")
    if not found:
        raise _UnknownRequestError(wanted)
    return found[0]


def stored_state(store: Store, state_id: str) -> StoredState:
    """Read a state as it is kept, checked against its history; needs no class.

    Raises:
        StateNotFoundError: there is no such state; the message names some that there are.
        IntegrityError: it is not what its history says.
    """
    with store.view() as reader:
        found = reader.state(checked_id("state", state_id))
        if found is None:
            some = reader.keys(STATES, "", _LISTED)
            raise StateNotFoundError(state_id, f"it holds {', '.join(some)}" if some else "it holds none")
        check_state(reader, found)
    return found


class _UnknownRequestError(RequestNotFoundError):
    """No request is meant, said for somebody at a prompt."""

    def __init__(self, given: str) -> None:
        super().__init__(given)
        self.args = (f"no request begins or ends with {given!r}; `signoff list` shows those there are",)

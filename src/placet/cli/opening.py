"""How a command gets at a file: opened without registered classes, errors told in one line, ids found by a part."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from placet.cli.invocation import command, program
from placet.cli.pieces import clean, console
from placet.cli.program import Program
from placet.cli.views import shortened
from placet.errors import (
    InputError,
    NotFoundError,
    PlacetError,
    RefusedError,
    RequestNotFoundError,
    StateNotFoundError,
    TransitionRefusedError,
)
from placet.governance.dossier import check_state
from placet.governance.facade import Governance
from placet.lifecycle.rules import actors, identity
from placet.model.actor import Actor
from placet.model.approval import Eligibility
from placet.model.channel import Channel
from placet.model.directory import Directory, OpenDirectory
from placet.model.names import checked_id
from placet.model.request import MutationRequest
from placet.model.state import StoredState
from placet.model.trail import Ledger
from placet.store.port import REQUESTS, STATES, Filter, Reader, Store
from placet.store.sqlite import SqliteStore

SHORTEST = 4
"""How many characters of an id are enough, if no other id has them."""

_PAGE = 1000
_LISTED = 5


@dataclass(frozen=True, slots=True)
class Book:
    """An open file.

    Attributes:
        gov: governance over it: the program's, or one with no classes registered and everybody let in.
        store: the store itself, for what needs no classes.
        db: the file; None where the program knows which.
        knows_roles: whether a program is named, whose directory knows them.
    """

    gov: Governance
    store: Store
    db: Path | None
    knows_roles: bool = False


@contextmanager
def told() -> Iterator[None]:
    """Turn a placet error into one red line on stderr and its exit code."""
    try:
        yield
    except PlacetError as error:
        console(stderr=True).print(clean(f"error: {error}", "red"), soft_wrap=True)
        raise typer.Exit(error.exit_code) from error


@contextmanager
def opened(db: Path, *, write: bool = False, directory: Directory | None = None) -> Iterator[Book]:
    """Open a file that placet wrote; never create one.

    Args:
        db: the file.
        write: whether to write, too.
        directory: who is who; everybody is let in without roles if left out.

    Raises:
        NotFoundError: there is no such file.
        StoreError: it is no database, or not one of placet's.
    """
    _demand_file(db)
    if write:
        _demand_placets(db)
    store = SqliteStore(db, read_only=not write)
    try:
        yield Book(Governance.open(store, directory=directory or OpenDirectory()), store, db)
    finally:
        store.close()


@contextmanager
def acting(db: Path | None, app: str | None, by: str | None) -> Iterator[tuple[Book, str]]:
    """Open a file to act on it: by the governance of the program that is named, or else with everybody let in.

    Args:
        db: the file; that of the program if left out.
        app: the program, as `module:attribute`; as pyproject.toml says if left out.
        by: who acts.

    Yields:
        The open file, and the id of who acts.

    Raises:
        InputError: neither a file nor a program is named, or nobody says who acts.
        RefusedError: somebody unidentified acts where a directory vouches for its people; with the way out.
        ConfigurationError: the program cannot be loaded.
        NotFoundError, StoreError: as for `opened`.
    """
    named = Program.named(app)
    actor, authenticated = named.caller(by)
    gov, made = named.governance()
    if db is None and gov is None:
        raise InputError("no file is named; give one with --db or PLACET_DB, or a program with --app module:attribute")
    if db is not None:
        _demand_file(db)
        _demand_placets(db)
    known = gov or Governance.open("memory:", directory=OpenDirectory())
    there, store = known._over(db)  # noqa: SLF001 - only the library's own faces exchange the store
    there = there.through(Channel("cli", authenticated=authenticated))
    try:
        yield Book(there, store, db, knows_roles=gov is not None), actor
    except TransitionRefusedError as refusal:
        if refusal.rule != identity.identified.code:
            raise
        way = _HOW_TO_BE_KNOWN if gov else _HOW_TO_KNOW
        raise RefusedError(f"{refusal}; {way}") from refusal
    finally:
        if db is not None:
            there.close()
        if gov is not None and made:
            gov.close()


_HOW_TO_KNOW = "name the program with --app module:attribute, or as app under [tool.placet] of pyproject.toml"
_HOW_TO_BE_KNOWN = 'let the program say who you are: actor = "module:function" under [tool.placet] of pyproject.toml'


def _demand_file(db: Path) -> None:
    if not _is_file(db):
        raise NotFoundError(
            f"no file {str(db)!r}; give one with --db or PLACET_DB, or make one with `{program()} demo`"
        )


def _demand_placets(db: Path) -> None:
    """See to it that a file is one of placet's, before opening it to write would make it one."""
    SqliteStore(db, read_only=True).close()


def _is_file(db: Path) -> bool:
    try:
        return db.is_file()
    except OSError:  # a folder that cannot be read, a name that is too long
        return False


class _Claimed(OpenDirectory):
    """Believes one actor what they say about themselves: only for looking."""

    def __init__(self, you: Actor) -> None:
        self._you = you

    def actor(self, actor_id: str) -> Actor:
        return self._you if actor_id == self._you.id else super().actor(actor_id)


def claimed(by: str, roles: Iterable[str], groups: Iterable[str]) -> Directory:
    """Make a directory that takes somebody's word for their roles and groups."""
    return _Claimed(Actor(by, roles=tuple(roles), groups=tuple(groups)))


def request_id(book: Book, given: str) -> str:
    """Find the one request that is meant: by its id, or by the beginning or the end of it.

    A shortened id, as `list` shows it, never stands for a request whose whole id it happens to be.

    Args:
        book: where to look.
        given: an id, or at least four characters of one; after an ellipsis, of its end.

    Raises:
        RequestNotFoundError: no request is meant.
        InputError: several are.
    """
    given = checked_id("request", given)
    wanted = given.removeprefix("…").removeprefix("?")  # what a terminal shows that has no ellipsis
    with book.store.view() as reader:
        whole = wanted == given and reader.request(wanted) is not None
        found, after = [], ""
        while (whole or len(wanted) >= SHORTEST) and (page := reader.keys(REQUESTS, after, _PAGE)):
            if wanted != given:
                found += [key for key in page if key.endswith(wanted) and key != wanted]
            elif whole:
                found += [key for key in page if key == wanted or shortened(key) == f"…{wanted}"]
            else:
                found += [key for key in page if key.startswith(wanted) or key.endswith(wanted)]
            after = page[-1]
    if len(found) > 1:
        some = ", ".join(found[:_LISTED]) + (" ..." if len(found) > _LISTED else "")
        raise InputError(f"{len(found)} requests begin or end with {wanted!r}: {some}; give more of the id")
    if not found:
        raise (
            RequestNotFoundError(wanted)
            if book.db is None
            else _UnknownRequestError(wanted, command("list", db=book.db))
        )
    return found[0]


def stored_state(book: Book, state_id: str) -> StoredState:
    """Read a state as it is kept, checked against its history; needs no class.

    Raises:
        StateNotFoundError: there is no such state here; the message names some that there are.
        IntegrityError: it is not what its history says.
    """
    with book.store.view() as reader:
        found = reader.state(checked_id("state", state_id))
        if found is None:
            known = _foreign(reader, state_id)
            raise StateNotFoundError(
                state_id, "it is in a table of your own; read it there" if known else _those_there_are(reader)
            )
        check_state(reader, found)
    return found


def known_state(book: Book, state_id: str) -> None:
    """See to it that there is such a state, be it in a table of the user's own.

    Raises:
        StateNotFoundError: there is none; the message names some that there are.
    """
    with book.store.view() as reader:
        if reader.state(checked_id("state", state_id)) is None and not _foreign(reader, state_id):
            raise StateNotFoundError(state_id, _those_there_are(reader))


def _foreign(reader: Reader, state_id: str) -> bool:
    """Tell whether a state that has no row here has left traces: then it is in a table of the user's own."""
    return reader.last_link(Ledger.HISTORY, state_id) is not None or bool(reader.find(Filter(state_id=state_id), 1))


def _those_there_are(reader: Reader) -> str:
    keys = {key for table in (STATES, Ledger.HISTORY) for key in reader.keys(table, "", _LISTED)}
    some = sorted(keys)[:_LISTED]
    return f"it holds {', '.join(some)}" if some else "it holds none"


@contextmanager
def without_roles(book: Book, request: MutationRequest, what: str) -> Iterator[None]:
    """Say where to decide on a request, if everything it requires wants a role that the directory in use does not know.

    Args:
        book: the open file.
        request: the request that is decided on.
        what: what is tried, as a verb.

    Raises:
        RefusedError: it is refused.
    """
    try:
        yield
    except TransitionRefusedError as refusal:
        open_to_all = any(isinstance(each, Eligibility) and each.anybody for each in request.requirements)
        if refusal.rule != actors.eligible.code or open_to_all or book.knows_roles:
            raise
        raise RefusedError(f"{refusal}; the command line knows no roles; {what} in your program") from refusal


class _UnknownRequestError(RequestNotFoundError):
    """No request is meant, said for somebody at a prompt."""

    def __init__(self, given: str, listing: str) -> None:
        super().__init__(given)
        said = "begins or ends with" if len(given) >= SHORTEST else "is called"
        self.args = (f"no request {said} {given!r}; `{listing}` shows those there are",)

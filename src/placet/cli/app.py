"""The commands."""

import os.path
from pathlib import Path
from typing import Annotated, Any

import typer

from placet._version import __version__
from placet.cli import plain, views
from placet.cli.checking import register
from placet.cli.demo import play
from placet.cli.diagram import diagram
from placet.cli.file import File, file_view
from placet.cli.helping import Command, Group
from placet.cli.invocation import command
from placet.cli.opening import acting, claimed, known_state, opened, request_id, stored_state, told, without_roles
from placet.cli.pieces import clean, console, label
from placet.errors import StateNotFoundError
from placet.model.ballots import Rejection
from placet.model.canonical import parse
from placet.model.request import MutationRequest, Status

app = typer.Typer(
    cls=Group,
    help="Look into a file of governed mutations, approve and reject, and see a demonstration.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

Db = Annotated[
    Path, typer.Option("--db", metavar="FILE", envvar="PLACET_DB", help="The SQLite file.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RequestId = Annotated[str, typer.Argument(metavar="REQUEST", help="Its id, or enough of the beginning or the end.")]
StateId = Annotated[str, typer.Argument(metavar="STATE", help="The id of the state.")]
By = Annotated[str, typer.Option("--by", metavar="ACTOR", help="Who you are. Nobody checks it.", show_default=False)]


def _option(metavar: str, told: str) -> Any:  # noqa: ANN401 - whatever typer makes of it
    return typer.Option(metavar=metavar, help=told, show_default=False)


MaybeDb = Annotated[
    Path | None,
    typer.Option("--db", metavar="FILE", envvar="PLACET_DB", help="The SQLite file.", show_default=False),
]
MaybeBy = Annotated[
    str | None,
    typer.Option("--by", metavar="ACTOR", help="Who you are; your program may know better.", show_default=False),
]
App = Annotated[
    str | None,
    typer.Option("--app", metavar="MODULE:ATTRIBUTE", help="Your program's Governance.", show_default=False),
]


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer passes an option's value by position
    if wanted:
        typer.echo(f"placet {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Look into a file of governed mutations, approve and reject, and see a demonstration."""


@app.command(cls=Command)
@told()
def demo(
    db: Annotated[Path, typer.Option("--db", metavar="FILE", help="A new file; it stays.")] = Path("placet-demo.db"),
) -> None:
    """Play the whole loop on feature flags, in a new file that stays for you to look into."""
    if os.path.lexists(db):  # which, unlike pathlib, raises nothing where a name is too long
        told_where = clean(f"{str(db)!r} exists already, and the demo wants a new file.", "yellow")
        console(stderr=True).print(told_where, soft_wrap=True)
        look = command("list", db=db)
        console(stderr=True).print(
            clean(f"Look into it with `{look}`, delete it, or name another with --db."), soft_wrap=True
        )
        raise typer.Exit(2)
    play(db, console())


@app.command("list", cls=Command)
@told()
def list_requests(
    *,
    db: Db,
    status: Annotated[str | None, _option("STATUS", f"In this status: {', '.join(Status)}.")] = None,
    state: Annotated[str | None, _option("STATE", "For this state.")] = None,
    requester: Annotated[str | None, _option("ACTOR", "Asked by this actor.")] = None,
    text: Annotated[str | None, _option("TEXT", "With this in intent or reason.")] = None,
    limit: Annotated[int, typer.Option(metavar="NUMBER", help="How many at most.")] = 20,
    cursor: Annotated[str | None, _option("CURSOR", "Where the page before ended.")] = None,
    as_json: Json = False,
) -> None:
    """List requests, newest first."""
    with opened(db) as book:
        page = book.gov.find_requests(
            status=status, state_id=state, requester=requester, text=text, limit=limit, cursor=cursor
        )
        if state is not None and not page.requests:
            known_state(book, state)  # says which states there are
    if as_json:
        typer.echo(plain.text(plain.page(page)))
        return
    out = console()
    out.print(views.requests_view(page))
    if page.cursor:
        out.print(f"\nmore with --cursor {page.cursor}", style="bright_black", soft_wrap=True)


@app.command(cls=Command)
@told()
def show(request: RequestId, db: Db, *, as_json: Json = False) -> None:
    """Show one request: what it asks, does and requires, its trail and its attempts."""
    with opened(db) as book:
        file = File.read(book.gov, request_id(book, request))
    if as_json:
        typer.echo(plain.text(plain.file(file)))
    else:
        console().print(file_view(file))


@app.command(cls=Command)
@told()
def inbox(
    db: Db,
    by: By,
    *,
    role: Annotated[list[str] | None, _option("ROLE", "A role you have; can be given more than once.")] = None,
    group: Annotated[list[str] | None, _option("GROUP", "A group you belong to; the same.")] = None,
    limit: Annotated[int, typer.Option(metavar="NUMBER", help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List the requests that wait for you, and for what: those on which you could vote, report or waive now.

    Looking changes nothing, so the command line takes your word for the roles you have.
    """
    you = claimed(by, role or (), group or ())
    with opened(db, directory=you) as book:
        found = [book.gov.waiting_for(each.id) for each in book.gov.inbox(by, limit=limit)]
    if as_json:
        typer.echo(plain.text([plain.waiting(each) for each in found]))
    else:
        console().print(views.inbox_view(found))


@app.command(cls=Command)
@told()
def why(request: RequestId, db: Db) -> None:
    """Say in words why a request waits. The command line knows no roles, so it cannot say who is eligible."""
    with opened(db) as book:
        found = book.gov.waiting_for(request_id(book, request))
    out = console()
    out.print(clean(found.request.id).append("  ").append_text(label(found.request.status)), soft_wrap=True)
    nothing = "nothing follows" if found.request.status.terminal else "it can be executed"
    for reason in found.reasons or (nothing,):
        out.print(clean(reason), soft_wrap=True)


@app.command(cls=Command)
@told()
def history(state: StateId, db: Db, *, as_json: Json = False) -> None:
    """Show how each version of a state came to be."""
    with opened(db) as book:
        try:
            entries = book.gov.history(state)
        except StateNotFoundError:
            stored_state(book, state)  # says which states there are
            raise
    if as_json:
        typer.echo(plain.text(plain.history(entries)))
    else:
        out = console()
        out.print(views.history_view(entries, out))


@app.command(cls=Command)
@told()
def verify(db: Db, *, as_json: Json = False) -> None:
    """Recompute every digest, seal and chain. Exit code 7 if a row is not what was written."""
    with opened(db) as book:
        found = book.gov.verify()
    if as_json:
        typer.echo(plain.text(plain.verification(found)))
    else:
        console().print(views.verification_view(found))
    if not found.ok:
        raise typer.Exit(found.problems[0].exit_code)


@app.command(cls=Command)
@told()
def export(state: StateId, db: Db) -> None:
    """Print a state as it is now, as JSON: `placet export shop:flags --db shop.db > flags.json`."""
    with opened(db) as book:
        found = stored_state(book, state)
    typer.echo(plain.text(parse(found.body)))


app.command(cls=Command)(diagram)


@app.command(cls=Command)
@told()
def approve(
    request: RequestId,
    digest: Annotated[str, _option("DIGEST", "The digest that `show` gave you.")],
    *,
    db: MaybeDb = None,
    by: MaybeBy = None,
    app: App = None,
    reason: Annotated[str, _option("TEXT", "Why.")] = "",
) -> None:
    """Approve what you have read.

    Without a program that says who you are, the command line trusts the name you give, and without one at all it knows
    no roles: whoever can write the file can be anybody. What was submitted where a directory vouches for its people
    takes both: a program (`--app`), and its function `actor` under `[tool.placet]` of pyproject.toml, which receives
    the name of the operating-system user and returns an id.
    """
    with acting(db, app, by) as (book, actor):
        found = book.gov.get_request(request_id(book, request))
        with without_roles(book, found, "approve"):
            _became(book.gov.approve(found.id, by=actor, digest=digest, reason=reason))


@app.command(cls=Command)
@told()
def reject(
    request: RequestId,
    reason: Annotated[str, _option("TEXT", "Why.")],
    *,
    db: MaybeDb = None,
    by: MaybeBy = None,
    app: App = None,
    code: Annotated[str, _option("CODE", f"Which sort of reason: {', '.join(Rejection)}.")] = Rejection.OTHER,
) -> None:
    """Vote against a request. Where nobody can list who is eligible, it ends it, unless its requirement says not.

    Without a program that says who you are, the command line trusts the name you give; see `approve`.
    """
    with acting(db, app, by) as (book, actor):
        found = book.gov.get_request(request_id(book, request))
        with without_roles(book, found, "reject"):
            _became(book.gov.reject(found.id, by=actor, reason=reason, code=code))


def _became(request: MutationRequest) -> None:
    out = console()
    out.print(clean(request.id).append("  ").append_text(label(request.status)), soft_wrap=True)
    if request.status is Status.APPROVED:
        out.print(clean(f"execute it in your program: gov.execute({request.id!r}, by=...)"), soft_wrap=True)


register(app)

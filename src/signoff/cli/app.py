"""The commands."""

from pathlib import Path
from typing import Annotated

import typer

from signoff._version import __version__
from signoff.cli import plain, views
from signoff.cli.demo import play
from signoff.cli.opening import opened, request_id, stored_state, told
from signoff.cli.pieces import clean, console, label
from signoff.errors import StateNotFoundError
from signoff.model.canonical import parse
from signoff.model.request import MutationRequest, Status

app = typer.Typer(
    help="Look into a file of governed mutations, approve and reject, and see a demonstration.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

Db = Annotated[Path, typer.Option("--db", envvar="SIGNOFF_DB", help="The SQLite file.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RequestId = Annotated[str, typer.Argument(metavar="REQUEST", help="Its id, or enough of the beginning or the end.")]
StateId = Annotated[str, typer.Argument(metavar="STATE", help="The id of the state.")]
By = Annotated[str, typer.Option("--by", help="Who you are. Nobody checks it.", show_default=False)]


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer passes an option's value by position
    if wanted:
        typer.echo(f"signoff {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Look into a file of governed mutations, approve and reject, and see a demonstration."""


@app.command()
@told()
def demo(
    db: Annotated[Path, typer.Option("--db", help="A new file; it stays.")] = Path("signoff-demo.db"),
) -> None:
    """Play the whole loop on feature flags, in a new file that stays for you to look into."""
    if db.exists():
        told_where = clean(f"{str(db)!r} exists already, and the demo wants a new file.", "yellow")
        console(stderr=True).print(told_where, soft_wrap=True)
        console(stderr=True).print(
            clean("Look into it with `signoff list --db FILE`, delete it, or name another with --db."), soft_wrap=True
        )
        raise typer.Exit(2)
    play(db, console())


@app.command("list")
@told()
def list_requests(
    *,
    db: Db,
    status: Annotated[Status | None, typer.Option(help="In this status.", show_default=False)] = None,
    state: Annotated[str | None, typer.Option(help="For this state.", show_default=False)] = None,
    requester: Annotated[str | None, typer.Option(help="Asked by this actor.", show_default=False)] = None,
    text: Annotated[str | None, typer.Option(help="With this in intent or reason.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="How many at most.")] = 20,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """List requests, newest first."""
    with opened(db) as book:
        page = book.gov.find_requests(
            status=status, state_id=state, requester=requester, text=text, limit=limit, cursor=cursor
        )
    if as_json:
        typer.echo(plain.text(plain.page(page)))
        return
    out = console()
    out.print(views.requests_view(page, out))
    if page.cursor:
        out.print(f"\nmore with --cursor {page.cursor}", style="bright_black", soft_wrap=True)


@app.command()
@told()
def show(request: RequestId, db: Db, *, as_json: Json = False) -> None:
    """Show one request: what it asks, does and requires, its trail and its attempts."""
    with opened(db) as book:
        file = views.File.read(book.store, request_id(book.store, request))
    if as_json:
        typer.echo(plain.text(plain.file(file)))
    else:
        console().print(views.file_view(file))


@app.command()
@told()
def history(state: StateId, db: Db, *, as_json: Json = False) -> None:
    """Show how each version of a state came to be."""
    with opened(db) as book:
        try:
            entries = book.gov.history(state)
        except StateNotFoundError:
            stored_state(book.store, state)  # says which states there are
            raise
    if as_json:
        typer.echo(plain.text(plain.history(entries)))
    else:
        out = console()
        out.print(views.history_view(entries, out))


@app.command()
@told()
def verify(db: Db, *, as_json: Json = False) -> None:
    """Recompute every digest, seal and chain. Exit code 1 if a row is not what was written."""
    with opened(db) as book:
        found = book.gov.verify()
    if as_json:
        typer.echo(plain.text(plain.verification(found)))
    else:
        console().print(views.verification_view(found))
    if not found.ok:
        raise typer.Exit(1)


@app.command()
@told()
def export(state: StateId, db: Db) -> None:
    """Print a state as it is now, as JSON: `signoff export shop:flags > flags.json`."""
    with opened(db) as book:
        found = stored_state(book.store, state)
    typer.echo(plain.text(parse(found.body)))


@app.command()
@told()
def approve(
    request: RequestId,
    db: Db,
    by: By,
    digest: Annotated[str, typer.Option(help="The digest that `show` gave you.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Approve what you have read.

    The command line trusts the name you give, and knows no roles: whoever can write the file can be anybody. Approvals
    that want a role or a group are given where your program knows its people.
    """
    with opened(db, write=True) as book:
        _became(book.gov.approve(request_id(book.store, request), by=by, digest=digest, reason=reason))


@app.command()
@told()
def reject(
    request: RequestId, db: Db, by: By, reason: Annotated[str, typer.Option(help="Why.", show_default=False)]
) -> None:
    """Refuse a request for good.

    The command line trusts the name you give, and knows no roles: whoever can write the file can be anybody.
    """
    with opened(db, write=True) as book:
        _became(book.gov.reject(request_id(book.store, request), by=by, reason=reason))


def _became(request: MutationRequest) -> None:
    out = console()
    out.print(clean(request.id).append("  ").append_text(label(request.status)), soft_wrap=True)

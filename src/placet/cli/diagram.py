"""The command `diagram`: the lifecycle, or one request's road, as a picture."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from placet.cli.opening import opened, request_id, told
from placet.diagrams import Form, dot, mermaid, svg
from placet.errors import InputError
from placet.store.sqlite.file import private


class Format(StrEnum):
    """How to draw it."""

    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"


@told()
def diagram(
    *,
    how: Annotated[Format, typer.Option("--format", help="How to draw it; svg wants graphviz-pure.")] = Format.MERMAID,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write it there.", show_default=False)
    ] = None,
    request: Annotated[
        str | None, typer.Option("--request", metavar="REQUEST", help="Draw this one's road.", show_default=False)
    ] = None,
    db: Annotated[
        Path | None,
        typer.Option("--db", metavar="FILE", envvar="PLACET_DB", help="The SQLite file it is in.", show_default=False),
    ] = None,
) -> None:
    """Draw the lifecycle as a picture, or the road of one request: who did what and when, and what it waits for."""
    text = _lifecycle(how) if request is None else _road(request, db, how)
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        with open(output, "wb", opener=private) as file:
            file.write(text.encode())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{str(output)!r} cannot be written: {getattr(error, 'strerror', None) or error}; name another file"
        ) from error


def _lifecycle(how: Format) -> str:
    match how:
        case Format.MERMAID:
            return mermaid()
        case Format.DOT:
            return dot()
        case Format.SVG:
            return svg(dot())


def _road(request: str, db: Path | None, how: Format) -> str:
    """Draw the road of a request that a file has.

    Raises:
        InputError: no file is named, or no one request is meant.
        NotFoundError: there is no such file or request.
    """
    if db is None:
        raise InputError("--request wants the file it is in: give one with --db or PLACET_DB")
    with opened(db) as book:
        form = Form.MERMAID if how is Format.MERMAID else Form.DOT
        text = book.gov.diagram(request_id(book, request), form=form)
    return svg(text) if how is Format.SVG else text

"""The command line. `main` is all that the entry point needs; everything else is loaded when it is called."""

import sys

_EXTRA = {"typer", "rich"}


def main() -> None:
    """Run the command line, or say in one line what to install where its extra is missing."""
    for stream in (sys.stdout, sys.stderr):
        # a terminal that cannot show an arrow shows a question mark, instead of ending the command
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    try:
        from placet.cli.app import app  # noqa: PLC0415 - so that the one line below can be said without the extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write("placet: the command line needs typer and rich: pip install 'placet[cli]'\n")
        raise SystemExit(2) from None
    app(prog_name="placet")

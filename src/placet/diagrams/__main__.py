"""Writes every picture: `python -m placet.diagrams FOLDER`."""

import sys
from pathlib import Path

from placet.diagrams.gallery import gallery
from placet.errors import PlacetError


def main() -> None:
    """Write all files of the gallery into the folder that is named on the command line, which is made if need be."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its one argument
        raise SystemExit("usage: python -m placet.diagrams FOLDER")
    folder = Path(sys.argv[1])
    try:
        files = gallery()
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_bytes(text.encode())
    except (PlacetError, OSError) as error:
        raise SystemExit(f"error: {error}") from error


if __name__ == "__main__":
    main()

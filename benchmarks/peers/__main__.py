"""`python -m benchmarks.peers`: measure, and print one table."""

import argparse
import platform
import sqlite3
import sys
import tempfile
from pathlib import Path

from benchmarks.peers.listing import ENTRIES, chosen
from benchmarks.peers.report import doubts, table
from benchmarks.peers.rounds import PeerFailedError, interleaved


def _whole(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number}: pass a whole number from 1")
    return number


def main(arguments: list[str] | None = None) -> int:
    """Measure what is installed; give the exit code."""
    parser = argparse.ArgumentParser("python -m benchmarks.peers", description="placet side by side with its peers")
    parser.add_argument("--rounds", type=_whole, default=9, metavar="N", help="rounds that count (default 9)")
    parser.add_argument(
        "--per-round", type=_whole, default=100, metavar="N", help="executions in a round (default 100)"
    )
    parser.add_argument(
        "--only", action="append", default=[], choices=[entry.name for entry in ENTRIES], metavar="NAME"
    )
    parser.add_argument("--folder", type=Path, help="where the files go: on the disk that is to be measured")
    options = parser.parse_args(arguments)

    entries = chosen(options.only)
    present = [entry for entry in entries if entry.installed]
    for entry in entries:
        if entry not in present:
            print(f"{entry.title}: not installed: pip install -r benchmarks/peers/requirements.txt")
    with tempfile.TemporaryDirectory(prefix="peers-", dir=options.folder, ignore_cleanup_errors=True) as folder:
        try:
            times = interleaved(present, Path(folder), options.rounds, options.per_round)
        except PeerFailedError as error:
            print(error, file=sys.stderr)
            return 1
    size = f"{options.rounds} rounds of {options.per_round} executions each, peers in turn"
    print(f"{size}; Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}\n")
    print(table(present, times))
    print(f"\n{doubts(present, times)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

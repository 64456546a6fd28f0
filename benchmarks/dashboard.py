"""`python -m benchmarks.dashboard record | build | serve`: the history of the figures, and its pages.

`record [RANGE]` measures the deterministic family for commits that are not recorded yet (the last one, unless a range
for `git log` is given), in an environment of their own with pinned requirements, into benchmarks/results. `build` makes
the pages in .asv/html; they load nothing from anywhere. `serve` shows them at http://127.0.0.1:8080, to this machine
only.
"""

import argparse
import json
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / ".asv" / "html"

MACHINE = {"cpu": "any", "num_cpu": "any", "os": "Linux", "ram": "any"}
"""What asv would find out, and split every curve at the next update: these figures are the same on all of them."""


def _run(*command: str) -> None:
    subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True)


def record(commits: str) -> None:
    """Measure what is not recorded yet."""
    _run(
        "asv",
        "machine",
        "--machine",
        "ref",
        *(word for name, value in MACHINE.items() for word in (f"--{name}", value)),
    )
    chosen = ["--machine", "ref", "--bench", "^cost", "--launch-method", "forkserver", "--skip-existing-successful"]
    _run("asv", "run", *chosen, commits)


def build() -> None:
    """Make the pages."""
    _run("asv", "publish")
    _run("asv_tachyon", "install", str(HTML))
    _point()
    log = subprocess.run(["git", "log", "--format=%H %s"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    subjects = dict(line.split(" ", 1) for line in log.splitlines())
    (HTML / "commits.json").write_text(json.dumps(subjects))


def _point() -> None:
    """Say that less is better, which asv does not hand on, and leave out what is not recorded."""
    index = json.loads((HTML / "index.json").read_text())
    recorded = {each.stem for each in (HTML / "graphs").rglob("*.json")}
    index["benchmarks"] = {
        name: {**described, "less_is_better": True}
        for name, described in index["benchmarks"].items()
        if name in recorded
    }
    (HTML / "index.json").write_text(json.dumps(index))


def serve(port: int) -> None:
    """Show the pages to this machine."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(HTML))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"http://127.0.0.1:{port}")
        server.serve_forever()


def main() -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record").add_argument("commits", nargs="?", default="HEAD^!")
    commands.add_parser("build")
    commands.add_parser("serve").add_argument("--port", type=int, default=8080)
    wanted = parser.parse_args()
    if wanted.command == "record":
        record(wanted.commits)
    elif wanted.command == "build":
        build()
    else:
        serve(wanted.port)


if __name__ == "__main__":
    main()

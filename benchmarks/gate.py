"""`python -m benchmarks.gate [BASE ...]`: does anything cost more than before?

Measures every deterministic figure of `cost` on the source as it is and as it was, with the benchmarks of today and the
same interpreter, and fails where one grew by more than half a per cent (bytes written: five). It needs git and nothing
else: no second environment, no network. What is compared with, unless commits are named: the commit before, and the
last one whose figures are recorded in results/, so that growth in small steps shows, too. A commit from before the
package had its name cannot be imported by the benchmarks of today: its recorded figures stand in.

Growth can be right. Then a commit since says why, in a line of its message that begins with `Cost:`, and the gate shows
it.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FACTORS = {"track_wal_bytes": 1.05}
"""By how much a figure may grow, where that is not FACTOR: a page more or less hangs on single bytes."""

FACTOR = 1.005
"""By how much a figure may grow."""

Figures = dict[str, int]


def figures() -> Figures:
    """Measure every figure of the source that this process has imported."""
    from benchmarks import cost  # noqa: PLC0415 - the comparing process imports no placet

    found: Figures = {}
    for family in cost.FAMILIES:
        for path in family.params[0]:
            for name in [each for each in dir(family) if each.startswith("track_")]:
                benchmark = family()
                try:
                    benchmark.setup(path)
                    found[f"{family.__name__}.{name}({path})"] = getattr(benchmark, name)(path)
                except NotImplementedError:
                    continue
                finally:
                    benchmark.teardown(path)
    return found


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout


def _lines(*arguments: str) -> list[str]:
    return _git(*arguments).decode().splitlines()


def _measuring(source: Path) -> subprocess.Popen[bytes]:
    """Begin to measure a source, in a process of its own."""
    surroundings = {**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{ROOT}", "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "benchmarks.gate", "--figures"]
    return subprocess.Popen(command, cwd=ROOT, env=surroundings, stdout=subprocess.PIPE)


def _measured(process: subprocess.Popen[bytes]) -> Figures:
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{process.args!r} failed")
    found: Figures = json.loads(output)
    return found


def recorded(base: str) -> Figures | None:
    """Return the figures that results/ holds for a commit on this version of Python, or None."""
    python = f"py{sys.version_info.major}.{sys.version_info.minor}"
    for file in (ROOT / "benchmarks/results").glob(f"*/{base[:8]}-*-{python}-*.json"):
        found = json.loads(file.read_text())["results"]
        return {
            f"{name.removeprefix('cost.')}({path.strip(chr(39))})": int(value)
            for name, (values, (paths,), *_) in found.items()
            if name.startswith("cost.") and values
            for path, value in zip(paths, values, strict=True)
            if value is not None
        }
    return None


def _importable(base: str) -> bool:
    """Tell whether the benchmarks of today can import the source of a commit."""
    return bool(_lines("ls-tree", base, "src/placet"))


def _changed() -> bool:
    """Tell whether the source has changes that are not committed."""
    return bool(_lines("status", "--porcelain", "--", "src"))


def bases() -> list[str]:
    """Give what to compare with: the commit before what is here, and the last one that is recorded."""
    before = _lines("rev-list", "--max-count=2", "HEAD")[0 if _changed() else 1 :][:1]
    recorded = {
        json.loads(each.read_text())["commit_hash"]
        for each in (ROOT / "benchmarks/results").glob("*/*.json")
        if each.name != "machine.json"
    }
    last = next((each for each in _lines("rev-list", "HEAD~1") if each in recorded), None) if before else None
    return list(dict.fromkeys(each for each in (*before, last) if each))


def grown(old: Figures, new: Figures) -> list[str]:
    """Give the figures that grew by more than the factor."""
    return [name for name in new if name in old and new[name] > old[name] * _factor(name)]


def _factor(name: str) -> float:
    return next((factor for metric, factor in FACTORS.items() if f".{metric}(" in name), FACTOR)


def table(old: Figures, new: Figures) -> str:
    """Show every figure that is another."""
    changed = [name for name in new if name in old and new[name] != old[name]]
    width = max(map(len, changed), default=0)
    return "\n".join(
        f"  {name:{width}} {old[name]:>9,} -> {new[name]:>9,}  {_ratio(old, new, name)}" for name in changed
    )


def _ratio(old: Figures, new: Figures, name: str) -> str:
    return f"x{new[name] / old[name]:.3f}" if old[name] else "new"


def reasons(base: str) -> list[str]:
    """Give what the commits since say about cost."""
    return re.findall(r"^Cost: .+$", _git("log", "--format=%B", f"{base}..HEAD").decode(), re.MULTILINE)


def judge(base: str, old: Figures, new: Figures) -> bool:
    """Say what changed since a commit, and whether that passes."""
    worse, said = grown(old, new), reasons(base)
    print(f"cost since {base[:8]}: {len(new)} figures, {len(worse)} of them grew")
    print(table(old, new) or "  all the same")
    if worse and said:
        print("\n".join(f"  {each}" for each in said))
    return not worse or bool(said)


def compare(wanted: list[str]) -> bool:
    """Measure here and there, and judge; what has the same source costs the same."""
    for same in [each for each in wanted if not (_changed() or _lines("diff", "--name-only", each, "--", "src"))]:
        print(f"cost since {same[:8]}: src is the same")
        wanted = [each for each in wanted if each != same]
    if not wanted:
        return True
    with tempfile.TemporaryDirectory(prefix="placet-gate-") as folder:
        measuring = {}
        for base in filter(_importable, wanted):
            with tarfile.open(fileobj=BytesIO(_git("archive", base, "src"))) as archive:
                archive.extractall(Path(folder, base), filter="data")
            measuring[base] = _measuring(Path(folder, base, "src"))
        new = _measured(_measuring(ROOT / "src"))
        old = {base: _measured(measuring[base]) if base in measuring else recorded(base) for base in wanted}
    verdicts = [_judged(base, figures, new) for base, figures in old.items()]
    return all(verdicts)


def _judged(base: str, old: Figures | None, new: Figures) -> bool:
    if old is None:
        print(f"cost since {base[:8]}: not compared, as its package has another name and no figures are recorded")
        return True
    return judge(base, old, new)


def main() -> None:
    """Compare, and exit with 1 where something costs more."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("base", nargs="*", help="commits to compare with")
    parser.add_argument("--figures", action="store_true", help="print the figures of the installed source as JSON")
    wanted = parser.parse_args()
    if wanted.figures:
        json.dump(figures(), sys.stdout)
        return
    try:
        chosen = [_lines("rev-parse", each)[0] for each in wanted.base] or bases()
    except (OSError, subprocess.CalledProcessError) as error:
        if (ROOT / ".git").exists():
            raise  # there is a history, so it must be looked at
        print(f"cost: not compared, as git gives no history: {error}")
        return
    if not chosen:
        print("cost: not compared, as there is no commit before this one")
    elif not compare(chosen):
        raise SystemExit("cost grew: make it cheap again, or say why in a line `Cost: ...` of the commit message")


if __name__ == "__main__":
    main()

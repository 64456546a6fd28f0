"""What the README and the examples show runs, as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from placet.cli.app import app
from placet.diagrams import mermaid

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def run(source: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-"], input=source, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("block", blocks("python"))
def test_each_block_of_the_readme_runs(block: str, tmp_path: Path) -> None:
    run(block, tmp_path)


def test_the_first_block_runs_again_on_the_file_it_made(tmp_path: Path) -> None:
    for _ in range(2):
        run(blocks("python")[0], tmp_path)


def test_the_readme_names_every_command() -> None:
    (line,) = re.findall(r"- \*\*The command line\*\*:(.*?)\n- ", README, re.DOTALL)
    named = set(re.findall(r"`(?:placet )?([a-z-]+)`", line))
    assert named == {info.name or info.callback.__name__ for info in app.registered_commands if info.callback}


def test_the_readme_shows_the_quickstart_word_for_word() -> None:
    assert (ROOT / "examples" / "quickstart.py").read_text() in blocks("python")


def test_the_readme_draws_the_lifecycle_as_it_is() -> None:
    assert blocks("mermaid") == [mermaid()]


def test_the_checks_run_the_readmes_test_command() -> None:
    (commands,) = blocks("sh")
    command = commands.rstrip().rsplit("&& ", 1)[1]
    assert command.endswith("-m pytest")
    assert f"\n{command}\n" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_runs(example: Path, tmp_path: Path) -> None:
    if example.stem.startswith("test_"):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(example)]
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    else:
        run(example.read_text(), tmp_path)


def test_there_are_the_promised_examples() -> None:
    promised = {"quickstart", "governed_execution", "own_table", "access_roles", "quotas"}
    promised |= {"approvals", "freeze_and_break_glass", "test_my_mutations"}
    assert promised <= {example.stem for example in EXAMPLES}

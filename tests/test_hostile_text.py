"""Whatever a file holds, what is printed of it is text that is seen, and nothing that acts."""

import sqlite3
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text
from typer.testing import CliRunner

from forging import everywhere, forge
from house import HOUSE, AddTeam, approved, opened
from placet import Actor, Emergency, MutationRequest, StaticDirectory, allow_emergency, require_approval
from placet.cli.app import app
from placet.cli.pieces import clean, console
from placet.diagrams.looks import escaped
from placet.model.invisible import invisible
from placet.model.visible import visible

HOSTILE = (
    "\x1b[31;1m\x1b]0;x\x07\x9b2J\x7f\r\b\x00\u202eu\u2066\u200b\u200f\u061c\u2028\u2029\ufe0f\u3164"
    "\U000e0041[red]r[/] :fire:"
)


def harmless(shown: str) -> bool:
    """Tell whether text does nothing but stand there."""
    return all(line.isprintable() and not invisible(line) for line in shown.split("\n"))


@given(st.text())
def test_what_is_visible_is_harmless_and_text_that_was_is_as_it_was(text: str) -> None:
    assert harmless(visible(text).replace("\n", ""))
    assert "\n" not in visible(text)
    assert harmless(escaped(text, "#{};"))
    if harmless(text) and "\n" not in text:
        assert visible(text) == text


@given(st.text(min_size=1))
def test_whatever_is_printed_by_whatever_way_is_harmless(text: str) -> None:
    made = console()
    made.file = stream = StringIO()
    made.width = 500
    made.print(text)
    made.print(Text(text), text, soft_wrap=True)
    made.print(clean(text))
    assert harmless(stream.getvalue())


def test_text_is_taken_for_text_and_cut_where_it_has_no_end() -> None:
    made = console()
    made.file = stream = StringIO()
    made.print("[red]:fire:[/red]")
    assert stream.getvalue() == "[red]:fire:[/red]\n"
    long = clean("x" * 100_007)
    assert long.plain == "x" * 100_000 + "... and 7 characters more"
    assert isinstance(made, Console)


@pytest.fixture
def request_in(tmp_path: Path) -> MutationRequest:
    """A request in a file, every text of which is hostile."""
    path = tmp_path / "hostile.db"
    directory = StaticDirectory([*map(Actor, ("bob", "carol", "runner")), Actor("eve", roles=("sre",))])
    policies = [require_approval(count=1), allow_emergency(["sre"])]
    with opened(f"sqlite:///{path}", directory=directory, policies=policies) as gov:
        first = approved(gov, reason="why", metadata={"a": "b"})
        gov.execute(first.id, by="runner")
        urgent = gov.submit(AddTeam(team=HOSTILE), to=HOUSE, by="bob", correlation_id="c", idempotency_key="k")
        gov.comment(urgent.id, by="bob", reason="hm")
        gov.execute(urgent.id, by="eve", emergency=Emergency(reason="fire", ticket="INC-1"))
        waits = gov.submit(AddTeam(team="y"), to=HOUSE, by="bob")
        gov.hold(waits.id, by="bob", reason="wait")

    def worse(text: str) -> str:
        return text + HOSTILE

    def column(name: str, value: object) -> object:
        return f"{value}{HOSTILE}" if isinstance(value, str) and name in {"held", "correlation_id"} else value

    keep = frozenset({"bob", "carol", "eve"})

    def hostile(table: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        kept = {"changes": body["changes"]} if table == "history" else {}  # the state is what they make
        return everywhere(body, worse, keep) | kept

    forge(path, hostile, column)
    return waits


IDS = "SELECT id FROM placet_requests"


@pytest.mark.parametrize(
    "command",
    [
        "list",
        "list --json",
        "verify",
        "verify --json",
        f"history {HOUSE}",
        f"history {HOUSE} --json",
        f"export {HOUSE}",
    ],
)
@pytest.mark.parametrize("columns", ["40", "300"])
def test_no_command_prints_what_acts(tmp_path: Path, request_in: MutationRequest, command: str, columns: str) -> None:
    assert request_in.id
    done = CliRunner(env={"COLUMNS": columns}).invoke(app, [*command.split(), "--db", str(tmp_path / "hostile.db")])
    assert (done.exit_code != 0) == ("verify" in command), done.output  # whose ids of executions were written over, too
    assert columns == "40" or "verify" in command or "\\u202e" in "".join(done.output.split())
    assert harmless(done.output)


@pytest.mark.parametrize("command", ["show ID", "show ID --json", "why ID", "diagram --request ID"])
def test_no_command_about_a_request_prints_what_acts(tmp_path: Path, request_in: MutationRequest, command: str) -> None:
    assert request_in.id
    path = tmp_path / "hostile.db"
    with closing(sqlite3.connect(path)) as file:
        ids = [row[0] for row in file.execute(IDS)]
    for each in ids:
        words = [each if word == "ID" else word for word in command.split()]
        done = CliRunner(env={"COLUMNS": "300"}).invoke(app, [*words, "--db", str(path)])
        assert done.exit_code == 0, done.output
        assert harmless(done.output), each


@pytest.mark.parametrize(
    "arguments",
    [
        [HOSTILE.replace("\0", "")],
        [f"--{HOSTILE}"],
        ["list", f"--{HOSTILE}"],
        ["list", "--limit", HOSTILE],
        ["list", "--status", HOSTILE],
        ["list", "--cursor", HOSTILE],
        ["list", HOSTILE],
        ["show", HOSTILE],
        ["why", HOSTILE],
        ["history", HOSTILE],
        ["export", HOSTILE],
        ["inbox", "--by", HOSTILE],
        ["approve", HOSTILE, "--by", HOSTILE, "--digest", HOSTILE],
        ["diagram", "--format", HOSTILE],
        ["diagram", "--output", HOSTILE],
        ["diagram", "--request", HOSTILE],
        ["demo", "--db", HOSTILE],
        ["demo", HOSTILE],
        ["list", "--db", "x" * 5000],
        ["demo", "--db", "x" * 5000],
        ["diagram", "--output", "x" * 5000],
    ],
    ids=lambda arguments: (
        " ".join(arguments)[:20].encode("ascii", "replace").decode().replace("\x1b", "").replace("\0", "")
    ),
)
def test_no_mistake_is_answered_with_what_acts(tmp_path: Path, arguments: list[str]) -> None:
    path = tmp_path / "fine.db"
    opened(f"sqlite:///{path}").close()
    db = [] if {"--db", "diagram"} & set(arguments) else ["--db", str(path)]
    done = CliRunner().invoke(app, [*arguments, *(db if len(arguments) > 1 else ())])
    assert done.exit_code
    assert isinstance(done.exception, SystemExit)
    assert done.output
    assert harmless(done.output)

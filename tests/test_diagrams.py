"""What is drawn is what the machine runs, and what happened; the committed pictures are what is drawn."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from house import HOUSE, GrantRole, approved, opened
from placet import Actor, Delegation, Governance, MutationRequest, StaticDirectory
from placet.cli.app import app
from placet.diagrams import Call, dot, mermaid, request_diagram, sequence_diagram, svg
from placet.diagrams.example import play
from placet.diagrams.gallery import gallery
from placet.diagrams.looks import LOOKS
from placet.diagrams.page import transitions, who
from placet.diagrams.rendering import PROGRAM, program
from placet.errors import ConfigurationError, InputError
from placet.lifecycle.machine import MACHINE
from placet.lifecycle.rules import Rule, actors
from placet.lifecycle.table import LIFECYCLE
from placet.lifecycle.transition import Trigger
from placet.model.request import TERMINAL, Status
from placet.model.trail import Decision
from placet.testing import FrozenClock

Arrows = set[tuple[str, str, str]]

DIAGRAMS = Path(__file__).parent.parent / "diagrams"
FILES = ["README.md", "execution.mmd"]
FILES += [f"{name}.{ending}" for name in ("lifecycle", "request") for ending in ("dot", "mmd", "svg")]
OPEN = {"created", "pending", "approved", "revalidation", "failed"}
COMMENT: Arrows = {(status, "comment", status) for status in set(Status) - {"resolving"}}

ARROW = re.compile(r"^    (\S+) --> (\S+)(?: : (.+))?$", re.MULTILINE)
rendering = pytest.mark.skipif(program() is None, reason=f"{PROGRAM} is not installed")


def drawn(text: str) -> Arrows:
    """Read a Mermaid state diagram back as (source, trigger, target): its arrows, and what stands in boxes."""
    inside: dict[str, str] = {}
    for status, line in re.findall(r"^    (\w+) : (.+)$", text, re.MULTILINE):
        inside[status] = f"{inside[status]} {line}".strip() if status in inside else ""
    return {
        (source, trigger, target)
        for source, target, triggers in [*ARROW.findall(text), *((each, each, it) for each, it in inside.items())]
        for trigger in (triggers.split(", ") if triggers else [""])
    }


def drawn_dot(text: str) -> Arrows:
    """Read a drawn lifecycle back: its arrows, those from the frame, what stands in boxes, titles and the note."""
    frame = re.search(r"subgraph cluster_open \{.*?\n  \}", text, re.DOTALL)
    inside = set(re.findall(r"^    (\w+) \[label", frame.group(), re.MULTILINE)) if frame else set()
    arrows: Arrows = set()
    for source, target, rest in re.findall(r"^  (\w+) -> (\w+) \[label=<(.*)\]$", text, re.MULTILINE):
        sources = inside if "ltail=cluster_open" in rest else {source}
        arrows |= {(each, trigger, target) for each in sources for trigger in re.findall(r"<b>(\w+)</b>", rest)}
    for status, rest in re.findall(r"^ +(\w+) \[label=<<b>\w+</b>(.*)>, fill", text, re.MULTILINE):
        lines = " ".join(re.findall(r"<font[^>]*>(.*?)</font>", rest))
        arrows |= {(status, trigger, status) for trigger in lines.split(", ") if trigger}
    for trigger, target in re.findall(r"<br/>(\w+): from each to (\w+)", text):
        arrows |= {(each, trigger, target) for each in inside}
    for trigger, never in re.findall(r'label="(\w+): in every status but (\w+),', text):
        arrows |= {(status.value, trigger, status.value) for status in Status if status != never}
    return arrows


def test_what_is_drawn_in_dot_is_what_is_declared_is_what_runs() -> None:
    declared = {arrow for row in LIFECYCLE for arrow in row.arrows()}
    assert drawn_dot(dot()) == declared == MACHINE.arrows()


def test_what_is_drawn_in_mermaid_is_what_is_declared_is_what_runs() -> None:
    ends = {("[*]", "", "created")} | {(status, "", "[*]") for status in TERMINAL}
    arrows = drawn(mermaid()) - ends
    shared = {(source, trigger, target) for start, trigger, target in arrows if start == "open" for source in OPEN}
    assert {arrow for arrow in arrows if arrow[0] != "open"} | shared | COMMENT == MACHINE.arrows()
    assert ends <= drawn(mermaid())


def test_what_can_be_said_in_every_status_is_a_note() -> None:
    (row,) = (row for row in LIFECYCLE if row.trigger is Trigger.COMMENT)
    assert set(row.arrows()) == COMMENT
    assert "    note right of open : comment, in every status\n" in mermaid()


def test_what_can_befall_any_open_request_starts_in_open_statuses_only() -> None:
    for row in LIFECYCLE:
        if row.trigger in {Trigger.CANCEL, Trigger.EXPIRE, Trigger.SUPERSEDE}:
            assert set(row.sources) == OPEN


def test_a_part_of_the_table_can_be_drawn() -> None:
    rows = [row for row in LIFECYCLE if row.trigger is Trigger.SUBMIT]
    assert {arrow for arrow in drawn(mermaid(rows)) if arrow[1]} == {("created", "submit", "pending")}
    assert drawn_dot(dot(rows)) == {("created", "submit", "pending")}
    assert "cluster" not in dot(rows)


@pytest.mark.parametrize("row", LIFECYCLE.rows, ids=lambda row: f"{row.trigger}-{row.sources[0]}")
def test_a_transition_that_is_gone_is_gone_from_the_picture(row: object) -> None:
    rest = [each for each in LIFECYCLE if each is not row]
    assert drawn_dot(dot(rest)) == {arrow for each in rest for arrow in each.arrows()}


def test_it_is_a_mermaid_state_diagram() -> None:
    text = mermaid()
    assert text.startswith("stateDiagram-v2\n")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert all(len(line) < 120 for line in text.splitlines())


def test_every_status_has_its_colour_and_only_finals_a_double_border() -> None:
    assert set(LOOKS) == set(Status)
    text = dot()
    for status in Status:
        (line,) = re.findall(rf"^ +{status} \[label.*$", text, re.MULTILINE)
        assert f'fillcolor="{LOOKS[status].fill}"' in line
        assert ("peripheries=2" in line) == (status in TERMINAL)


def test_the_committed_files_are_all_there_are() -> None:
    assert sorted(each.name for each in DIAGRAMS.iterdir()) == sorted(FILES)


@rendering
@pytest.mark.parametrize("name", FILES)
def test_each_committed_file_is_what_is_drawn(name: str) -> None:
    assert (DIAGRAMS / name).read_bytes().decode() == gallery()[name]


@rendering
def test_the_command_in_the_page_writes_every_file(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "placet.diagrams", tmp_path / "new"], check=False)
    assert done.returncode == 0
    for name in FILES:
        assert (tmp_path / "new" / name).read_bytes() == (DIAGRAMS / name).read_bytes()


def test_without_a_folder_the_command_says_how_to_use_it() -> None:
    done = subprocess.run([sys.executable, "-m", "placet.diagrams"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "usage: python -m placet.diagrams FOLDER\n")


@rendering
def test_a_picture_shows_every_status_and_every_trigger() -> None:
    shown = svg(dot())
    assert all(f">{status}</text>" in shown for status in Status)
    assert set(Trigger) <= set(re.findall(r"[a-z_]+", " ".join(re.findall(r">([^<]+)</text>", shown))))
    assert shown.isascii()


@rendering
def test_what_is_no_graph_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot draw this"):
        svg("this is no graph")


def test_without_the_program_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ConfigurationError, match="pip install graphviz-pure"):
        svg(dot())


def test_every_transition_is_in_the_table_of_the_page() -> None:
    page = (DIAGRAMS / "README.md").read_text("utf-8")
    lines = transitions().splitlines()[2:]
    assert len(lines) == len(LIFECYCLE.rows)
    for row in LIFECYCLE:
        sources, target = ", ".join(row.sources), row.target or "stays"
        cells = f"| {row.category} | `{row.code}` | `{row.trigger}` | {sources} | {target} | {row.guard.words} |"
        assert f"{cells} {who(row)} |\n" in page


def test_every_rule_about_actors_says_who() -> None:
    rules = {each for each in vars(actors).values() if isinstance(each, Rule)}
    for row in LIFECYCLE:
        assert len(who(row).split("; ")) >= len(rules.intersection(row.guard.rules))


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ("submit", "who submits it"),
        ("vote", "an eligible actor; never its requester"),
        ("withdraw", "who voted"),
        ("approve", "follows by itself"),
        ("cancel", "its requester, an administrator"),
        ("execute", "who executes it"),
        ("retry", "anybody the directory knows"),
    ],
)
def test_the_page_says_who_may_fire_it(trigger: str, expected: str) -> None:
    assert [who(row) for row in LIFECYCLE if row.trigger == trigger] == [expected]


# One request


def trod(clock: FrozenClock) -> tuple[Governance, MutationRequest]:
    """Ask, comment, let a delegate approve, and execute; a minute apart."""
    people = [Actor("bob"), Actor("carol"), Actor("dee"), Actor("runner")]
    away = Delegation("carol", "dee", since=clock.now, until=clock.now.replace(year=2027))
    gov = opened(clock=clock, directory=StaticDirectory(people, delegations=[away]))
    request = gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob", request_id="r-1")
    clock.tick(minutes=1)
    gov.comment(request.id, by="carol", reason="see you")
    clock.tick(minutes=1)
    gov.approve(request.id, by="dee", on_behalf_of="carol", digest=request.digest)
    clock.tick(minutes=1)
    gov.execute(request.id, by="runner")
    return gov, gov.get_request(request.id)


def said(each: Decision) -> list[str]:
    """Give what a picture says of a decision."""
    actor = f"{each.actor} for {each.on_behalf_of}" if each.on_behalf_of else each.actor
    return [f"{each.seq}. {each.trigger}", actor, f"{each.at:%Y-%m-%d %H:%M:%S}Z"]


def expected(decisions: tuple[Decision, ...]) -> list[tuple[str, str, list[str]]]:
    return sorted((each.from_status, each.to_status, said(each)) for each in decisions)


def stays(text: str) -> list[tuple[str, str, list[str]]]:
    """Read back what stands in boxes."""
    boxes = re.findall(r"^ +(\w+)(?: \[label=<|[\[(]+\")<b>\w+</b>(.*?)(?:>, fill|\"[\])]+$)", text, re.MULTILINE)
    lines = [
        (status, line) for status, rest in boxes for line in re.split(r"<br/>", re.sub(r"</?font[^>]*>", "", rest))
    ]
    return [(status, status, line.split(", ")) for status, line in lines if line]


def test_the_arrows_of_a_request_in_mermaid_are_its_decisions(clock: FrozenClock) -> None:
    gov, request = trod(clock)
    text = request_diagram(request, gov.decisions("r-1"))
    arrows = re.findall(r'^    (\w+) ==>\|"(.*)"\| (\w+)$', text, re.MULTILINE)
    moves = [(source, target, label.split("<br/>")) for source, label, target in arrows]
    assert sorted(moves + stays(text)) == expected(gov.decisions("r-1"))
    assert ("pending", "pending", ["3. vote", "dee for carol", "2026-01-31 12:02:00Z"]) in stays(text)


def test_the_arrows_of_a_request_in_dot_are_its_decisions(clock: FrozenClock) -> None:
    gov, request = trod(clock)
    text = request_diagram(request, gov.decisions("r-1"), form="dot")
    arrows = re.findall(r"^  (\w+) -> (\w+) \[label=<(.*)>, penwidth=2\]$", text, re.MULTILINE)
    moves = [(a, b, re.split(r"<br/>", re.sub(r"</?(?:font|b\b)[^>]*>", "", label))) for a, b, label in arrows]
    assert sorted(moves + stays(text)) == expected(gov.decisions("r-1"))


def test_only_the_present_status_is_filled(clock: FrozenClock) -> None:
    gov, request = trod(clock)
    text = request_diagram(request, gov.decisions("r-1"), form="dot")
    filled = re.findall(r'^  (\w+) \[label.*fillcolor="#', text, re.MULTILINE)
    assert filled == ["executed"]
    assert re.findall(r"^    style (\w+) fill:#(?!ffffff|5b6472)", request_diagram(request, ()), re.MULTILINE) == filled


def test_statuses_it_never_was_in_are_left_out(clock: FrozenClock) -> None:
    gov, request = trod(clock)
    text = request_diagram(request, gov.decisions("r-1"))
    assert {each for each in Status if each in text} == {"created", "pending", "approved", "resolving", "executed"}


def test_what_it_waits_for_is_drawn() -> None:
    example = play()
    assert example.waits == ("2 approvals by role finance (1 more); left: ann",)
    for form in ("mermaid", "dot"):
        text = request_diagram(example.request, example.decisions, waits=example.waits, form=form)
        assert "2 approvals by role finance (1 more)" in text
        assert "waits" not in request_diagram(example.request, example.decisions, form=form)


@rendering
def test_names_cannot_break_out_of_a_picture(clock: FrozenClock) -> None:
    gov, request = trod(clock)
    evil = '"]|<b>;\nclick x "javascript:alert(1)" & {é} #quot; %%\\'
    decisions = [replace(each, actor=evil) for each in gov.decisions("r-1")]
    graph = request_diagram(request, decisions, waits=[evil], form="dot")
    plain = request_diagram(request, decisions, waits=[evil])
    assert "&#34;]" not in graph + plain
    assert evil.partition("\n")[0] not in graph + plain
    assert (graph + plain).isascii()
    assert len(plain.splitlines()) == len(request_diagram(request, decisions, waits=["x"]).splitlines())
    assert "javascript:alert(1)&quot;" in svg(graph).replace("&#34;", "&quot;")


def test_there_is_no_third_form(clock: FrozenClock) -> None:
    gov, request = trod(clock)
    with pytest.raises(InputError, match="form='png'"):
        request_diagram(request, gov.decisions("r-1"), form="png")


# One execution


def test_the_recorded_run_is_the_same_each_time() -> None:
    assert play() == play()


def test_a_recorded_execution_resolves_before_it_runs_and_commits_last() -> None:
    lines = play().sequence.splitlines()
    order = [
        "begin a unit of work",
        "resolve version 1",
        "engine: commit",
        ": resolve,",
        ": execute,",
        "compare and set",
    ]
    places = [next(at for at, line in enumerate(lines) if each in line) for each in order]
    assert places == sorted(places)
    assert "store: commit" in lines[-3]
    assert lines[-1].endswith("executed, version 2")


def test_calls_in_a_row_are_one_arrow_until_something_is_answered() -> None:
    calls = [Call("store", "a"), Call("store", "b", "c"), Call("store", "d"), Call("engine", "e; f")]
    text = sequence_diagram(calls, by="x", asked="y", outcome="z")
    arrows = [line.strip() for line in text.splitlines() if "execution->>" in line or "-->>execution:" in line]
    assert arrows == [
        "execution->>store: a",
        "execution->>store: b",
        "store-->>execution: c",
        "execution->>store: d",
        "execution->>engine: e#59; f",
    ]


# The command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with one request, which waits for an approval."""
    with opened(f"sqlite:///{tmp_path / 'house.db'}") as gov:
        gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob", request_id="0001-request")
    return tmp_path / "house.db"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["diagram", *map(str, arguments)], env={"PLACET_DB": None})


def test_the_command_draws_the_lifecycle() -> None:
    assert run().stdout == mermaid()
    assert run("--format", "dot").stdout == dot()


@rendering
def test_the_command_writes_a_file(tmp_path: Path) -> None:
    result = run("--format", "svg", "--output", tmp_path / "made.svg")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "made.svg").read_bytes() == (DIAGRAMS / "lifecycle.svg").read_bytes()


@rendering
def test_the_command_draws_a_request_by_a_part_of_its_id(file: Path) -> None:
    for form, start in (("mermaid", "flowchart LR\n"), ("dot", "digraph request {\n"), ("svg", "<?xml ")):
        text = run("--request", "0001", "--db", file, "--format", form).stdout
        assert text.startswith(start)
        assert "1. submit" in text
        assert "1 approval" in text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--request", "0001"], 6, "give one with --db"),
        (["--request", "9999", "--db", "{}"], 5, "no request begins or ends with '9999'"),
        (["--request", "0001", "--db", "{}.not"], 5, "no file"),
        (["--output", "{}/below/a/file"], 6, "cannot be written"),
    ],
)
def test_a_mistake_is_told_in_one_line(arguments: list[str], code: int, words: str, file: Path) -> None:
    result = run(*(each.format(file) for each in arguments))
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


def test_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    result = run("--format", "svg")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "pip install graphviz-pure" in result.stderr


def test_the_facade_draws_a_road_as_well(clock: FrozenClock) -> None:
    with opened(clock=clock) as gov:
        request = approved(gov)
        text = gov.diagram(request.id)
        assert text == request_diagram(request, gov.decisions(request.id))
        assert gov.diagram(request.id, form="dot").startswith("digraph")
        with pytest.raises(InputError, match="use one of mermaid, dot"):
            gov.diagram(request.id, form="png")

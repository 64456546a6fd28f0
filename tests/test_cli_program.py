"""The command line on behalf of a program: its governance by `--app`, and who its caller is by a function of it."""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner, Result

from house import HOUSE, MUTATIONS, GrantRole, Roles
from placet import Actor, Governance, MutationRequest, OpenDirectory, StaticDirectory, require_approval
from placet.cli.app import app

USER = pwd.getpwuid(os.getuid()).pw_name
PROGRAM = """
from house import MUTATIONS
from placet import Actor, Governance, StaticDirectory, require_approval

PEOPLE = StaticDirectory([Actor("bob"), Actor("carol", roles=("lead",)), Actor("dave")])

def over(store):
    return Governance.open(
        store, mutations=MUTATIONS, directory=PEOPLE, policies=[require_approval(roles=["lead"])]
    )

def make():
    return over("sqlite:///shop.db")

gov = over("memory:")
number = 7

def broken():
    raise KeyError("no")

async def later():
    return gov

def carol(user):
    assert user == {user!r}
    return "carol"

def dave(user):
    return "dave"

def nobody(user):
    return None

def odd(user):
    return 7
"""


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Write a program into the working directory."""
    (tmp_path / "shop_program.py").write_text(PROGRAM.replace("{user!r}", repr(USER)), "utf-8")
    (tmp_path / "shop_broken.py").write_text("raise SystemExit(3)", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    for name in ("shop_program", "shop_broken"):
        sys.modules.pop(name, None)


@pytest.fixture
def request_(tmp_path: Path) -> Iterator[MutationRequest]:
    people = StaticDirectory([Actor("bob"), Actor("carol", roles=("lead",)), Actor("dave")])
    policies = [require_approval(roles=["lead"])]
    with Governance.open(tmp_path / "shop.db", mutations=MUTATIONS, directory=people, policies=policies) as gov:
        gov.create_state(HOUSE, Roles())
        yield gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "80", "NO_COLOR": "1", "PLACET_DB": None})


def approve(request: MutationRequest, *more: str) -> Result:
    return run("approve", request.id, "--digest", request.digest, *more)


def settings(**named: str) -> None:
    lines = ["[tool.placet]", *(f'{key} = "{value}"' for key, value in named.items())]
    Path("pyproject.toml").write_text("\n".join(lines), "utf-8")


def said(result: Result, code: int) -> str:
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (code, "", 1), result.output
    return result.stderr


def trail(request: MutationRequest) -> list[tuple[str, str, str, bool, bool]]:
    with Governance.open("sqlite:///shop.db?mode=ro", directory=OpenDirectory()) as gov:
        decisions = gov.decisions(request.id)
    return [(each.code, each.actor, each.channel, each.authenticated, each.vouched) for each in decisions][1:]


def test_without_the_program_a_name_is_nobody(request_: MutationRequest) -> None:
    for verb in (["approve", request_.id, "--digest", request_.digest], ["reject", request_.id, "--reason", "no"]):
        line = said(run(*verb, "--db", "shop.db", "--by", "carol"), 3)
        assert "carol is only a name here" in line
        assert "name the program with --app module:attribute" in line
    assert trail(request_) == []


@pytest.mark.parametrize("target", ["shop_program:make", "shop_program:gov"])
def test_with_the_program_alone_a_name_is_only_claimed(request_: MutationRequest, target: str) -> None:
    line = said(approve(request_, "--db", "shop.db", "--app", target, "--by", "carol"), 3)
    assert "channel 'cli' does not authenticate its callers" in line
    assert 'actor = "module:function" under [tool.placet]' in line
    assert trail(request_) == []


@pytest.mark.parametrize("by", [[], ["--by", "carol"]])
@pytest.mark.parametrize("target", ["shop_program:make", "shop_program:gov"])
def test_with_a_function_that_says_who_the_user_is_it_is_them(
    request_: MutationRequest, by: list[str], target: str
) -> None:
    settings(actor="shop_program:carol")
    result = approve(request_, "--db", "shop.db", "--app", target, *by)
    assert (result.exit_code, result.stderr) == (0, "")
    assert trail(request_) == [("voted", "carol", "cli", True, True), ("approved", "carol", "cli", True, True)]
    shown = " ".join(run("show", request_.id, "--db", "shop.db").stdout.split())
    assert "carol by cli" in shown
    assert "a directory vouches for everybody" in shown


def test_the_environment_does_not_say_who_the_user_is(
    request_: MutationRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    settings(actor="shop_program:carol", app="shop_program:make")
    assert approve(request_).exit_code == 0


def test_the_settings_name_the_program_also_from_a_folder_below(
    request_: MutationRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(app="shop_program:gov", actor="shop_program:carol")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert run("reject", request_.id, "--reason", "no", "--db", "../shop.db").exit_code == 0
    monkeypatch.chdir(tmp_path)
    assert trail(request_)[0] == ("dissented", "carol", "cli", True, True)


def test_somebody_else_than_the_program_says_is_refused(request_: MutationRequest) -> None:
    settings(app="shop_program:make", actor="shop_program:dave")
    assert "--by 'carol' is not who you are: the program says 'dave'" in said(approve(request_, "--by", "carol"), 6)
    line = said(approve(request_), 3)
    assert "dave is not eligible" in line
    assert "knows no roles" not in line


@pytest.mark.parametrize(
    ("function", "code", "words"),
    [
        ("shop_program:nobody", 3, f"does not know {USER!r}"),
        ("shop_program:odd", 1, "answered a value of type int"),
        ("shop_program:broken", 1, "raised TypeError"),
        ("shop_program:later", 2, "asynchronous"),
        ("shop_program:number", 2, "cannot be called"),
        ("shop_program:missing", 2, "cannot be loaded"),
        ("shop_program", 2, "write module:attribute"),
    ],
)
def test_a_function_that_names_nobody_lets_nobody_in(
    request_: MutationRequest, function: str, code: int, words: str
) -> None:
    settings(app="shop_program:make", actor=function)
    assert words in said(approve(request_, "--by", "carol"), code)
    assert trail(request_) == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("shop_program:number", "is a int; name a Governance"),
        ("shop_program:broken", "raised KeyError"),
        ("shop_program:later", "asynchronous"),
        ("shop_program:missing", "cannot be loaded: AttributeError"),
        ("no_such_module_at_all:gov", "cannot be loaded: ModuleNotFoundError"),
        ("shop_broken:gov", "cannot be loaded: SystemExit"),
        ("shop_program", "names nothing; write module:attribute"),
        (":gov", "names nothing"),
        ("", "names nothing"),
        ("..:gov", "cannot be loaded"),
    ],
)
def test_a_program_that_cannot_be_loaded_is_one_line(request_: MutationRequest, target: str, words: str) -> None:
    assert words in said(approve(request_, "--by", "carol", "--app", target), 2)


@pytest.mark.parametrize("content", ["tool = [", "tool.placet = 7", "[tool.placet]\napp = 7", "tool = 7", "\xff"])
def test_settings_that_cannot_be_read_are_one_line(request_: MutationRequest, content: str) -> None:
    Path("pyproject.toml").write_text(content, "latin-1")
    assert "pyproject.toml" in said(approve(request_, "--by", "carol", "--db", "shop.db"), 2)


def test_without_a_file_or_a_name_it_says_what_is_missing(request_: MutationRequest) -> None:
    Path("pyproject.toml").write_text(dedent("[tool.other]\nx = 1\n"), "utf-8")
    assert "pass --by ACTOR" in said(approve(request_, "--db", "shop.db"), 6)
    assert "give one with --db" in said(approve(request_, "--by", "carol"), 6)


def test_nothing_of_a_program_is_loaded_to_read(request_: MutationRequest) -> None:
    settings(app="shop_broken:gov", actor="shop_broken:x")
    for verb in (["show", request_.id], ["list"], ["why", request_.id], ["verify"], ["inbox", "--by", "carol"]):
        assert run(*verb, "--db", "shop.db").exit_code == 0


def test_it_works_as_a_process_of_its_own(request_: MutationRequest) -> None:
    settings(app="shop_program:make", actor="shop_program:carol")
    arguments = ["-m", "placet", "approve", request_.id, "--digest", request_.digest]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments], capture_output=True, check=False, env=environment, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert [each[0] for each in trail(request_)] == ["voted", "approved"]

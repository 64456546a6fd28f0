"""The command line: what each command shows, and one line with the way out for each mistake."""

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType
from typer.testing import CliRunner, Result

from house import HOUSE, AddTeam, Awkward, GrantRole, Roles, opened
from placet import (
    Governance,
    MutationRequest,
    OnDrift,
    OpenDirectory,
    Status,
    __version__,
    allow,
    deny,
    require_approval,
)
from placet import cli as command_line
from placet.cli.app import app
from placet.cli.file import answer_view, drift_view
from placet.cli.invocation import program
from placet.cli.pieces import changes_view
from placet.model.changes import Change, ChangeKind
from placet.model.resolution import DriftStep, Resolution, ResolutionOutcome
from placet.model.trail import Answer
from placet.testing import FrozenClock

READING = [
    ["list"],
    ["show", "anything"],
    ["inbox", "--by", "x"],
    ["why", "anything"],
    ["history", HOUSE],
    ["verify"],
    ["export", HOUSE],
]
WRITING = [["approve", "anything", "--by", "x", "--digest", "y"], ["reject", "anything", "--by", "x", "--reason", "y"]]


def run(*arguments: str | Path, **env: str) -> Result:
    environment = {"COLUMNS": "80", "NO_COLOR": "1", "PLACET_DB": None, **env}
    return CliRunner().invoke(app, [str(each) for each in arguments], env=environment)


def out(*arguments: str | Path, **env: str) -> str:
    """Run a command that must succeed; give what it printed."""
    result = run(*arguments, **env)
    assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    return result.stdout


def words(*arguments: str | Path) -> str:
    """Give what a command printed, however it was laid out."""
    return " ".join(out(*arguments).split())


def refused(*arguments: str | Path, code: int) -> str:
    """Run a command that must be refused in one line; give that line."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ")
    return result.stderr


def loaded(*arguments: str | Path) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads(out(*arguments, "--json"))


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "house.db"


@pytest.fixture
def gov(db: Path, clock: FrozenClock) -> Iterator[Governance]:
    with opened(f"sqlite:///{db}", clock=clock) as made:
        yield made


def ask(gov: Governance, number: int = 1, user: str = "ada", **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    """Submit a request with an id that can be told from others at both ends."""
    options.setdefault("by", "bob")
    return gov.submit(
        GrantRole(user=user, role="reader"), to=HOUSE, request_id=f"{number:04}-req-{number:04}", **options
    )


def test_version() -> None:
    assert out("--version") == f"placet {__version__}\n"


def test_without_a_command_it_helps() -> None:
    assert "verify" in run().output


@pytest.mark.parametrize("command", ["approve", "reject"])
def test_help_says_that_names_are_trusted(command: str) -> None:
    assert "trusts the name you give" in " ".join(out(command, "--help").split())


def test_list_shows_newest_first_with_state_and_mutation(gov: Governance, db: Path, clock: FrozenClock) -> None:
    ask(gov, 1, reason="INC-1")
    clock.tick(seconds=1)
    ask(gov, 2, reason="INC-2", by="eve")
    lines = out("list", "--db", db).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["0002-req-0002", "●", "pending", HOUSE, "GrantRole", "eve", "INC-2"],
        ["0001-req-0001", "●", "pending", HOUSE, "GrantRole", "bob", "INC-1"],
    ]


def test_list_shortens_long_ids_to_an_end_that_names_one_request(gov: Governance, db: Path) -> None:
    for request_id in ("a-long-id-0000-0000-0001", "one-000000000002", "two-000000000002"):
        gov.submit(AddTeam(team=request_id), to=HOUSE, by="bob", request_id=request_id)
    shown = [line.split()[0] for line in out("list", "--db", db).splitlines()[1:]]
    assert sorted(shown) == ["one-000000000002", "two-000000000002", "…00-0000-0001"]
    for each in shown:
        assert run("show", each, "--db", db).exit_code == 0


def test_help_names_things_as_people_call_them() -> None:
    listing = words("list", "--help")
    assert "--status STATUS In this status: created, pending" in listing
    assert "Usage: placet show [OPTIONS] REQUEST " in words("show", "--help").replace("root show", "placet show")
    for command in ("list", "show", "history", "verify", "export", "approve", "reject", "demo"):
        told = out(command, "--help")
        assert not any(mark in told for mark in ("<bool>", "{", "<path>"))


def called(monkeypatch: pytest.MonkeyPatch, argument: str, *, on_path: bool = False) -> str:
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/placet" if on_path else None)
    monkeypatch.setattr(sys, "argv", [argument])
    return program()


def test_the_program_is_named_the_way_it_was_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "a venv" / "bin" / "placet"
    script.parent.mkdir(parents=True)
    script.touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert called(monkeypatch, str(script), on_path=True) == "placet"
    assert called(monkeypatch, str(script)) == "'a venv/bin/placet'"
    assert called(monkeypatch, "a venv/bin/placet") == "'a venv/bin/placet'"
    for argument in (str(tmp_path / "placet" / "__main__.py"), "-c", ""):
        assert called(monkeypatch, argument) == "./python -m placet"
    monkeypatch.chdir(script.parent)
    assert called(monkeypatch, "placet") == called(monkeypatch, str(script)) == "./placet"


def test_advice_names_the_file_that_was_meant(gov: Governance, db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gov.verify().ok
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/placet")
    assert f"`placet list --db {db}` shows those there are" in refused("show", "nobody", "--db", db, code=5)


def test_list_says_when_there_is_nothing(gov: Governance, db: Path) -> None:
    assert gov.verify().ok
    assert out("list", "--db", db) == "no requests\n"


@pytest.mark.parametrize(
    ("option", "value", "found"),
    [
        ("--status", "pending", ["0002", "0003"]),
        ("--status", "approved", ["0001"]),
        ("--requester", "eve", ["0002"]),
        ("--text", "inc-3", ["0003"]),
        ("--state", HOUSE, ["0001", "0002", "0003"]),
        ("--requester", "nobody", []),
    ],
)
def test_list_filters(gov: Governance, db: Path, option: str, value: str, found: list[str]) -> None:
    first = ask(gov, 1)
    gov.approve(first.id, by="carol", digest=first.digest)
    ask(gov, 2, by="eve")
    ask(gov, 3, reason="INC-3")
    listed = loaded("list", option, value, "--db", db)["requests"]
    assert sorted(each["id"][:4] for each in listed) == found


def test_list_goes_on_at_the_cursor_it_gave(gov: Governance, db: Path) -> None:
    for number in range(1, 6):
        ask(gov, number)
    ids: list[str] = []
    more: list[str] = []
    while True:
        page = loaded("list", "--limit", "2", *more, "--db", db)
        ids += [each["id"] for each in page["requests"]]
        if page["cursor"] is None:
            break
        assert f"more with --cursor {page['cursor']}" in out("list", "--limit", "2", *more, "--db", db)
        more = ["--cursor", page["cursor"]]
    assert len(ids) == len(set(ids)) == 5


def test_show_gives_terms_effect_requirements_and_trail(gov: Governance, db: Path, clock: FrozenClock) -> None:
    request = ask(gov, reason="INC-7", expires_at=clock.now.replace(year=2027), metadata={"ticket": 7})
    shown = words("show", request.id, "--db", db)
    for piece in (
        request.id,
        request.digest,
        "● pending",
        "bob, 2026-01-31 12:00:00Z",
        "INC-7",
        "GrantRole, schema 1",
        '{"role": "reader", "user": "ada"}',
        "grant-role: Give a role",
        "risk high",
        "2027-01-31 12:00:00Z",
        '{"ticket": 7}',
        '/members/ada + "reader"',
        "○ 1 approval (1 more)",
        "submitted",
    ):
        assert piece in shown
    assert "Attempts" not in shown


def test_show_tells_what_came_of_it(gov: Governance, db: Path) -> None:
    request = ask(gov, on_drift=OnDrift.REJECT)
    gov.approve(request.id, by="carol", digest=request.digest)
    other = gov.submit(AddTeam(team="red"), to=HOUSE, by="eve")
    gov.approve(other.id, by="carol", digest=other.digest)
    assert gov.execute(other.id, by="runner").executed
    assert gov.execute(request.id, by="runner").status is Status.STALE
    shown = words("show", request.id, "--db", db)
    assert "✓ 1 approval counted: carol" in shown
    assert f"v2 /teams by request {other.id}" in shown
    assert "approved for v1, now v2: stale" in shown
    assert "What it would have done to version 1" in shown
    done = words("show", other.id, "--db", db)
    assert "● executed, version 2 by runner" in done
    assert "What it did to version 1: approvers approved this" in done
    assert "• require 1 approval /teams" in done
    assert '/teams + "red"' in done


def failing(_: Roles) -> Roles:
    raise ZeroDivisionError("no\x1b[0m luck")


def test_show_tells_every_way_a_request_can_go(
    gov: Governance, db: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ready(**options: Any) -> str:  # noqa: ANN401 - options of submit
        request = gov.submit(Awkward(), to=HOUSE, by="bob", **options)
        return gov.approve(request.id, by="carol", digest=request.digest).id

    paused, checked = (ready(on_drift="revalidate", pause_for_revalidation=pause) for pause in (True, False))
    kept, failed, stopped = ready(on_drift="keep_if_same_effect"), ready(on_drift="revalidate"), ready()
    held, canceled, late = ready(), ready(), ready(expires_at=clock.now + timedelta(hours=1))
    replaced, ran_out = ready(), ready(approval_valid_for=timedelta(hours=1))
    gov.hold(held, by="sam", reason="a second look")
    gov.cancel(canceled, by="bob", reason="not needed")
    gov.supersede(replaced, successor=kept, by="bob")
    clock.tick(hours=1)
    gov.expire_due()
    gov.reassess(ran_out)
    moving = ask(gov)
    gov.approve(moving.id, by="carol", digest=moving.digest)
    for request_id in (moving.id, paused, checked, kept, stopped):
        gov.execute(request_id, by="runner")
    monkeypatch.setattr(Awkward, "doing", failing)
    gov.execute(failed, by="runner")
    gov.register_policy(deny("freeze"))
    monkeypatch.undo()
    gov.revalidate(paused, by="carol", digest=gov.current_effect(paused).digest)
    for request_id, *pieces in (
        (paused, "● rejected", "revalidation_required", "blocked ● rejected carol policy deny: freeze", "✗ freeze"),
        (checked, "● executed", "approved for v1, now v2: same_effect"),
        (
            kept,
            "What was approved, for version 1",
            "What it did to version 3",
            "● executed",
            "same_effect",
            "keep_if_same_effect, or else reject",
        ),
        (failed, "● failed", "ZeroDivisionError: no\\x1b[0m luck"),
        (stopped, "● stale", "approved for v1, now v4: stale"),
        (held, "● pending", "held a second look"),
        (canceled, "● canceled", "not needed"),
        (late, "● expired", "the deadline of requester bob passed at 2026-01-31T13:00:00Z"),
        (ran_out, "● pending", "counts for 1:00:00", "approval_expired", "no longer counted: carol", "outdated carol"),
        (replaced, "● superseded", f"successor {kept}"),
    ):
        shown = words("show", request_id, "--db", db)
        assert [piece for piece in pieces if piece not in shown] == [], shown
        assert loaded("show", request_id, "--db", db)["request"]["id"] == request_id


def test_show_as_json_is_everything(gov: Governance, db: Path) -> None:
    request = ask(gov)
    gov.approve(request.id, by="carol", digest=request.digest)
    gov.execute(request.id, by="runner")
    shown = loaded("show", request.id, "--db", db)
    assert shown["request"]["status"] == "executed"
    assert shown["request"]["digest"] == request.digest
    assert shown["request"]["terms"]["effect"][0]["path"] == "/members/ada"
    assert shown["requirements"] == [{"requirement": "1 approval", "step": 1, "met": True, "missing": 0}]
    assert [each["code"] for each in shown["decisions"]] == ["submitted", "voted", "approved", "resolved", "executed"]
    assert shown["audit"][0]["resulting_version"] == 2


@pytest.mark.parametrize("part", ["0002-req-0002", "0002", "…0002", "?0002", "0002-req", "req-0002"])
def test_a_request_is_found_by_the_beginning_or_the_end_of_its_id(gov: Governance, db: Path, part: str) -> None:
    for number in (1, 2, 3):
        ask(gov, number)
    assert loaded("show", part, "--db", db)["request"]["id"] == "0002-req-0002"


def test_an_id_that_is_the_beginning_of_another_is_still_found(gov: Governance, db: Path) -> None:
    for request_id in ("case-1", "case-11"):
        gov.submit(AddTeam(team=request_id), to=HOUSE, by="bob", request_id=request_id)
    assert loaded("show", "case-1", "--db", db)["request"]["id"] == "case-1"
    assert "2 requests begin or end with 'case': case-1, case-11" in refused("show", "case", "--db", db, code=6)


@pytest.mark.parametrize("own", ["r-1", "7"])
def test_a_whole_id_is_found_however_short_it_is(gov: Governance, db: Path, own: str) -> None:
    gov.submit(AddTeam(team="a"), to=HOUSE, by="bob", request_id=own)
    assert own in out("show", own, "--db", db)
    assert own in out("list", "--db", db)


def test_a_request_cannot_take_the_place_of_another_by_being_called_its_short_id(gov: Governance, db: Path) -> None:
    gov.submit(AddTeam(team="a"), to=HOUSE, by="bob", request_id="0198c5aa-0df6f037b5da")
    gov.submit(AddTeam(team="b"), to=HOUSE, by="eve", request_id="0df6f037b5da")
    for shown in ("…0df6f037b5da", "?0df6f037b5da"):
        assert loaded("show", shown, "--db", db)["request"]["id"] == "0198c5aa-0df6f037b5da"
    assert "2 requests begin or end with '0df6f037b5da'" in refused("show", "0df6f037b5da", "--db", db, code=6)
    assert loaded("show", "0198c5aa-0df6f037b5da", "--db", db)["request"]["id"] == "0198c5aa-0df6f037b5da"


@pytest.mark.parametrize("part", ["nobody", "000", "0002-req-0002x"])
def test_a_request_that_is_not_there_is_said_with_the_way_out(gov: Governance, db: Path, part: str) -> None:
    ask(gov, 2)
    line = refused("show", part, "--db", db, code=5)
    said = "is called" if part == "000" else "begins or ends with"  # what is shorter than four characters is no part
    assert f"no request {said} {part!r}" in line
    assert f"list --db {db}` shows those there are" in line


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (Answer("execution by role ops", "execution", "by role ops"), "• execution by role ops: by role ops"),
        (Answer("allow", "allow"), "✓ allow"),
        (Answer("notes", "allow"), "✓ notes: allow"),
        (
            Answer("require 2 approvals by role x", "require", "2 approvals by role x"),
            "• require 2 approvals by role x",
        ),
        (Answer("big", "require", "2 approvals"), "• big: require 2 approvals"),
        (Answer("deny: closed", "deny", "closed"), "✗ closed"),
        (Answer("freeze", "deny", "it is Friday"), "✗ freeze: it is Friday"),
        (Answer("(default)", "none", "no policy speaks"), "✗ no policy speaks"),
    ],
)
def test_what_a_policy_said_is_shown_once(answer: Answer, shown: str) -> None:
    assert rendered(answer_view(answer)) == shown


def rendered(what: RenderableType) -> str:
    console = Console(width=80, file=io.StringIO())
    with console.capture() as capture:
        console.print(what)
    return " ".join(capture.get().split())


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (Change("/a", ChangeKind.ADDED, after={"b": None}), '/a + {"b": null}'),
        (Change("/a", ChangeKind.REMOVED, before=1.0), "/a - 1.0"),
        (Change("/a", ChangeKind.REPLACED, before=1, after=True), "/a 1 → true"),
        (Change("/a", ChangeKind.REPLACED, before="x" * 40, after="y"), f'/a - "{"x" * 40}" + "y"'),
        (Change("/a", ChangeKind.MEMBERS, before=["x"], after=["y", "z"]), '/a - "x" + "y" + "z"'),
        (Change("/a", ChangeKind.ORDER, before=[1, 2], after=[2, 1]), "/a in another order - [1, 2] + [2, 1]"),
        (Change("", ChangeKind.REPLACED, before=1, after=2), "(the whole document) 1 → 2"),
        (Change("/a", ChangeKind.ADDED, after='", "b": "\u202e'), '/a + "\\", \\"b\\": \\"\\u202e"'),
    ],
)
def test_a_change_is_shown_whole_and_exactly(change: Change, shown: str) -> None:
    assert rendered(changes_view([change])) == shown


def test_no_change_is_said_as_such() -> None:
    assert rendered(changes_view([])) == "nothing changes"


def test_drift_by_other_hands_and_drift_beyond_the_list_is_told() -> None:
    step = DriftStep(4, None, "", "root", ("/limit",))
    resolution = Resolution(ResolutionOutcome.STALE, 3, 9, "reject", (step,), unlisted=5)
    shown = rendered(drift_view(resolution))
    assert shown == "approved for version 3, now it is 9: v4 /limit by root, without placet and 5 more"


def test_what_people_wrote_cannot_command_the_terminal(gov: Governance, db: Path) -> None:
    request = ask(gov, user="\u202eada", reason="fine\x1b[2J\x9b1mnot\x00fine".replace("\x00", "\r"))
    for shown in (out("show", request.id, "--db", db), out("list", "--db", db)):
        assert not any(mark in shown for mark in ("\x1b", "\x9b", "\r", "\u202e"))
        assert "fine\\x1b[2J" in "".join(shown.split())
    assert "/members/\\u202eada" in out("show", request.id, "--db", db)


def test_what_people_wrote_is_not_taken_for_markup(gov: Governance, db: Path) -> None:
    request = ask(gov, reason="[red]not red[/red] [/]")
    assert "[red]not red[/red] [/]" in out("show", request.id, "--db", db)


def test_history_needs_no_classes(gov: Governance, db: Path) -> None:
    request = ask(gov)
    gov.approve(request.id, by="carol", digest=request.digest)
    gov.execute(request.id, by="runner")
    shown = out("history", HOUSE, "--db", db)
    assert "created" in shown
    assert request.id in shown
    assert [each["version"] for each in loaded("history", HOUSE, "--db", db)] == [1, 2]


@pytest.mark.parametrize("command", [["history"], ["export"], ["list", "--state"]], ids=lambda command: command[0])
def test_an_unknown_state_is_said_with_those_there_are(gov: Governance, db: Path, command: list[str]) -> None:
    assert gov.verify().ok
    assert f"no state 'house' here; it holds {HOUSE}" in refused(*command, "house", "--db", db, code=5)


class Notes:
    """Keeps its states itself."""

    prefix = "note:"
    state_type = Roles

    def __init__(self) -> None:
        self.row: tuple[int, dict[str, Any]] = (1, {"members": {}, "teams": []})

    def load(self, connection: sqlite3.Connection, key: str) -> tuple[int, dict[str, Any]]:
        return self.row

    def save(self, connection: sqlite3.Connection, key: str, fields: Any, *, expected: int, version: int) -> bool:  # noqa: ANN401 - any JSON
        self.row = (version, fields)
        return True


def test_a_state_in_a_table_of_your_own_is_not_exported_but_known(db: Path) -> None:
    with Governance.open(
        f"sqlite:///{db}", mutations=[AddTeam], policies=[allow()], sources=[Notes()], directory=OpenDirectory()
    ) as gov:
        request = gov.submit(AddTeam(team="red"), to="note:1", by="bob")
        line = "no state 'note:1' here; it is in a table of your own; read it there"
        assert line in refused("export", "note:1", "--db", db, code=5)
        assert out("list", "--state", "note:1", "--status", "stale", "--db", db) == "no requests\n"
        gov.execute(request.id, by="runner")
    assert line in refused("export", "note:1", "--db", db, code=5)
    assert "it holds note:1" in refused("export", "nothing", "--db", db, code=5)
    assert words("verify", "--db", db) == (
        "✓ 1 request and 1 state: every digest, seal and chain holds "
        "1 state in a table of your own: only the history was checked"
    )


def test_export_prints_the_state_and_nothing_else(gov: Governance, db: Path) -> None:
    request = ask(gov)
    gov.approve(request.id, by="carol", digest=request.digest)
    gov.execute(request.id, by="runner")
    exported = json.loads(out("export", HOUSE, "--db", db))
    assert exported == {"members": {"ada": "reader", "root": "admin"}, "teams": []}


def tampered(gov: Governance, db: Path, statement: str) -> None:
    gov.close()
    with sqlite3.connect(db) as connection:
        connection.execute(statement)
    connection.close()


def test_verify_tells_that_all_is_well(gov: Governance, db: Path) -> None:
    ask(gov)
    assert out("verify", "--db", db) == "✓ 1 request and 1 state: every digest, seal and chain holds\n"
    assert loaded("verify", "--db", db) == {"ok": True, "requests": 1, "states": 1, "unreached": 0, "problems": []}


def test_verify_names_table_row_and_rule_of_what_is_broken(gov: Governance, db: Path) -> None:
    tampered(gov, db, "UPDATE placet_states SET body = replace(body, 'admin', 'other')")
    result = run("verify", "--db", db)
    assert result.exit_code == 7
    assert "✗ 1 broken, of 0 requests and 1 state" in result.stdout
    for piece in ("placet_states", HOUSE, "its body is not what the hash"):
        assert piece in result.stdout
    as_json = run("verify", "--json", "--db", db)
    assert as_json.exit_code == 7
    assert [(each["table"], each["row"]) for each in json.loads(as_json.stdout)["problems"]] == [
        ("placet_states", HOUSE)
    ]


def test_a_state_that_was_tampered_with_is_not_exported(gov: Governance, db: Path) -> None:
    tampered(gov, db, "UPDATE placet_states SET body = replace(body, 'admin', 'other')")
    assert "placet_states" in refused("export", HOUSE, "--db", db, code=7)


def test_approve_and_reject(gov: Governance, db: Path) -> None:
    first, second = ask(gov, 1), ask(gov, 2)
    said = out("approve", "0001", "--by", "carol", "--digest", first.digest, "--reason", "read", "--db", db)
    assert said == f"{first.id}  ● approved\nexecute it in your program: gov.execute({first.id!r}, by=...)\n"
    assert gov.decisions(first.id)[1].reason == "read"
    assert out("reject", "0002", "--by", "carol", "--reason", "no", "--db", db).split() == [second.id, "●", "rejected"]
    assert gov.get_request(second.id).status is Status.REJECTED


def test_a_rejection_may_have_a_code(gov: Governance, db: Path) -> None:
    request = ask(gov)
    line = refused("reject", request.id, "--by", "carol", "--reason", "no", "--code", "dislike", "--db", db, code=6)
    assert "use one of policy_violation, insufficient_justification" in line
    out("reject", request.id, "--by", "carol", "--reason", "no", "--code", "wrong_scope", "--db", db)
    assert "wrong_scope; no" in words("show", request.id, "--db", db)


def test_an_inbox_holds_what_its_owner_can_act_on(db: Path) -> None:
    with opened(f"sqlite:///{db}", policies=[require_approval(roles=["boss"])]) as gov:
        ask(gov, 1, reason="for the audit")
        gov.cancel(ask(gov, 2).id, by="bob")
    assert out("inbox", "--by", "carol", "--db", db) == "nothing waits for you\n"
    shown = words("inbox", "--by", "carol", "--role", "boss", "--db", db)
    assert "bob for the audit 1 approval by role boss" in shown
    assert out("inbox", "--by", "bob", "--role", "boss", "--db", db) == "nothing waits for you\n"
    (found,) = loaded("inbox", "--by", "carol", "--role", "boss", "--db", db)
    assert found["waiting"] == ["1 approval by role boss (1 more)"]
    assert found["request"]["id"] == "0001-req-0001"


def test_why_says_in_words_what_a_request_waits_for(gov: Governance, db: Path) -> None:
    request = ask(gov, approval_valid_for=None)
    assert words("why", request.id, "--db", db) == f"{request.id} ● pending 1 approval (1 more)"
    gov.approve(request.id, by="carol", digest=request.digest)
    assert words("why", request.id, "--db", db) == (
        f"{request.id} ● approved only a process that has its mutation registered can tell what execute() would do"
    )
    gov.execute(request.id, by="runner")
    assert words("why", request.id, "--db", db) == f"{request.id} ● executed nothing follows"


def test_show_tells_who_voted_and_which_votes_no_longer_count(gov: Governance, db: Path) -> None:
    request = ask(gov)
    gov.abstain(request.id, by="dave", digest=request.digest, reason="on leave")
    gov.amend(request.id, GrantRole(user="ada", role="admin"), by="bob")
    shown = words("show", request.id, "--db", db)
    assert "abstain outdated dave on leave" in shown
    assert "What it did before, to version 1: votes on that do not count" in shown
    assert '/members/ada + "reader"' in shown
    assert '/members/ada + "admin"' in shown


def test_a_vote_that_governance_refuses_is_one_line_and_changes_nothing(gov: Governance, db: Path) -> None:
    request = ask(gov)
    ours: list[str | Path] = ["--digest", request.digest, "--db", db]
    assert "digest" in refused("approve", request.id, "--by", "carol", "--digest", "0" * 64, "--db", db, code=4)
    assert "bob" in refused("approve", request.id, "--by", "bob", *ours, code=3)
    assert "by=" in refused("approve", request.id, "--by", " ", *ours, code=6)
    assert "reason" in refused("reject", request.id, "--by", "carol", "--reason", "", "--db", db, code=6)
    assert gov.get_request(request.id).revision == request.revision


def test_an_approval_that_wants_a_role_is_not_given_here(db: Path) -> None:
    with opened(f"sqlite:///{db}", policies=[require_approval(roles=["boss"])]) as gov:
        request = ask(gov)
    line = refused("approve", request.id, "--by", "carol", "--digest", request.digest, "--db", db, code=3)
    assert "it requires 1 approval by role boss" in line
    assert "the command line knows no roles; approve in your program" in line
    line = refused("reject", request.id, "--by", "carol", "--reason", "no", "--db", db, code=3)
    assert "the command line knows no roles; reject in your program" in line


@pytest.mark.parametrize("command", [*READING, *WRITING], ids=lambda command: command[0])
def test_a_missing_file_is_said_as_such_and_not_made(tmp_path: Path, command: list[str]) -> None:
    missing = tmp_path / "nothing.db"
    assert f"no file {str(missing)!r}" in refused(*command, "--db", missing, code=5)
    assert "no file" in refused(*command, "--db", tmp_path, code=5)
    assert not missing.exists()


@pytest.mark.parametrize("command", [*READING, *WRITING], ids=lambda command: command[0])
@pytest.mark.parametrize("content", [b"", b"These are notes, and no database. " * 100], ids=["empty", "notes"])
def test_a_file_that_is_not_placets_is_refused_and_left_alone(
    tmp_path: Path, command: list[str], content: bytes
) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    line = refused(*command, "--db", file, code=8)
    assert ("no tables of placet" if content == b"" else "not an SQLite database") in line
    assert file.read_bytes() == content


def test_another_programs_database_is_not_given_placets_tables(db: Path) -> None:
    with sqlite3.connect(db) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    refused(*WRITING[0], "--db", db, code=8)
    with sqlite3.connect(db) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    connection.close()


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_reading_writes_nothing(gov: Governance, db: Path, command: list[str]) -> None:
    ask(gov)
    gov.close()
    before = db.read_bytes()
    run(*command, "--db", db)
    assert db.read_bytes() == before


def test_the_file_may_be_named_by_the_environment_and_have_any_name(gov: Governance, db: Path) -> None:
    ask(gov)
    gov.close()
    odd = db.with_name("a b?c#d%20é.db")
    shutil.copy(db, odd)
    assert "0001-req-0001" in out("list", PLACET_DB=str(odd))


def test_without_a_file_it_says_which_option_is_missing() -> None:
    result = run("list")
    assert result.exit_code == 2
    assert "--db" in result.output


def test_a_status_that_is_none_is_answered_with_those_there_are(gov: Governance, db: Path) -> None:
    ask(gov)
    line = refused("list", "--status", "done", "--db", db, code=6)
    assert line.startswith("error: status='done' is none; use one of created, ")
    assert all(status in line for status in Status)


@pytest.mark.parametrize(("option", "value"), [("--limit", "0"), ("--limit", "1001"), ("--cursor", "nonsense")])
def test_other_values_that_make_no_sense_are_one_line(gov: Governance, db: Path, option: str, value: str) -> None:
    ask(gov)
    assert option.removeprefix("--") in refused("list", option, value, "--db", db, code=6)


def test_the_line_is_red_on_a_terminal(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["list", "--db", str(tmp_path / "nothing.db")], env={"FORCE_COLOR": "1", "TERM": "xterm"}
    )
    assert result.stderr.startswith("\x1b[31merror: ")


def process(*arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", **env},
        timeout=60,
        check=False,
    )


def test_as_a_module_in_a_process_of_its_own(gov: Governance, db: Path) -> None:
    ask(gov)
    assert process("-m", "placet", "--version").stdout == f"placet {__version__}\n"
    verified = process("-m", "placet", "verify", "--db", db)
    assert (verified.returncode, verified.stderr) == (0, "")
    missing = process("-m", "placet", "verify", "--db", f"{db}x")
    assert (missing.returncode, missing.stdout, missing.stderr.count("\n")) == (5, "", 1)


def test_a_terminal_without_arrows_gets_question_marks(gov: Governance, db: Path) -> None:
    ask(gov)
    shown = process("-m", "placet", "list", "--db", db, PYTHONIOENCODING="ascii")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "? pending" in shown.stdout


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_its_extra_it_says_in_one_line_what_to_install(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from placet.cli import main; main()"
    result = process("-c", code)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "placet: the command line needs typer and rich: pip install 'placet[cli]'\n"


def test_another_module_that_is_missing_is_not_blamed_on_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "placet.cli.app", None)
    with pytest.raises(ModuleNotFoundError, match=r"placet\.cli\.app"):
        command_line.main()


def test_main_runs_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["placet", "--version"])
    with pytest.raises(SystemExit, match="0"):
        command_line.main()
    assert capsys.readouterr().out == f"placet {__version__}\n"

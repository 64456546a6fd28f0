"""The demonstration: every act happens and is told, and the file it leaves can be read with the commands it names."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from placet import Governance, OpenDirectory, PlacetError, Status
from placet.cli.app import app
from placet.cli.shop import FLAGS, MUTATIONS, WidenRollout, flags, people, rules
from placet.requirements import Approval

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
ENDING = re.compile(r"…[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-f]{12}…|'[0-9a-f]{12}'")
NARROW = {"COLUMNS": "80", "NO_COLOR": "1"}


def run(*arguments: str, columns: int = 80) -> Result:
    return CliRunner().invoke(app, list(arguments), env=NARROW | {"COLUMNS": str(columns)})


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A file the demo has made, and what it printed."""
    file = tmp_path_factory.mktemp("demo") / "demo.db"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shutil, "which", lambda _: "/usr/bin/placet")
        result = run("demo", "--db", str(file))
    assert (result.exit_code, result.stderr) == (0, "")
    return file, result.stdout


@pytest.fixture
def db(played: tuple[Path, str]) -> str:
    return str(played[0])


@pytest.fixture
def told(played: tuple[Path, str]) -> str:
    return played[1]


def act(told: str, number: int) -> str:
    """Give what was told in one act, on one line."""
    found = re.search(rf"^ {number}  .*?(?=^─)", told, re.DOTALL | re.MULTILINE)
    assert found, f"there is no act {number}"
    return " ".join(found.group().split())


def test_each_act_has_a_sentence_and_shows_what_it_says(told: str) -> None:
    expected = {
        1: ["What is approved is what runs.", '"off" → "on"', "noor approves digest", "● executed version 1 → 2"],
        2: ["is gone is refused.", "approved for version 2, now it is 3: v3 /flags/search-ranker", "● stale"],
        3: ["decide again.", "● pending", '+ [["on", 60], ["off", 40]]', "refused: the digest", "● executed version 4"],
        4: ["rules are asked again", "asked again on version 6, and pass", "● executed version 6 → 7", '["on", 45]'],
        5: ["so the approval holds.", "on version 8 it does just the same", "● executed version 8 → 9"],
        6: [
            "if the rules say no on the day.",
            "a policy is registered",
            "● rejected policy deny: freeze: no changes of flags",
        ],
    }
    for number, pieces in expected.items():
        shown = act(told, number)
        assert [piece for piece in pieces if piece not in shown] == [], shown


def test_the_trail_the_history_and_the_verification_follow(told: str) -> None:
    assert re.search(r"approval_renewed +● pending", told)
    assert re.search(r"v9 +deploy +/flags/gift-cards/targeting/if", told)
    assert "✓ 13 requests and 1 state: every digest, seal and chain holds" in told


def test_nothing_is_wider_than_80_columns_but_a_path(told: str) -> None:
    assert [line for line in told.splitlines() if len(line.rstrip()) > 80 and ".db" not in line] == []


def test_an_inbox_is_shown_with_what_each_request_waits_for(told: str) -> None:
    (found,) = re.findall(r"The inbox of sam.*?(?=^─)", told, re.DOTALL | re.MULTILINE)
    inbox = " ".join(found.split())
    for piece in ("billing owns this one 1 approval", "left: noor, sam", "left: sam", "spring again after the sale"):
        assert piece in inbox
    assert MOMENT.search(inbox)


def test_it_tells_the_same_each_time_but_for_ids_digests_and_moments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        said = run("demo").stdout
        for pattern in (ID, ENDING, DIGEST, MOMENT):
            said = pattern.sub("...", said)
        shown.append(said)
        assert (tmp_path / name / "placet-demo.db").is_file()
    assert shown[0] == shown[1]


def test_a_wide_terminal_shows_when_each_version_was_made(tmp_path: Path) -> None:
    told = run("demo", "--db", str(tmp_path / "wide.db"), columns=120).stdout
    assert re.search(r"v2 +deploy +\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ +PatchDocument +/flags/new-checkout", told)


def test_every_command_it_names_works_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/placet")
    told = run("demo", "--db", "a shop's.db").stdout.replace("\\\n", "")
    named = [shlex.split(line) for line in told.splitlines() if line.startswith("placet ")]
    assert [words[1] for words in named] == ["show", "list", "history", "export", "verify", "inbox", "approve"]
    assert all(len(words[words.index("--digest") + 1]) == 64 for words in named if "--digest" in words)
    for words in named:
        arguments = words[1 : words.index(">")] if ">" in words else words[1:]
        result = run(*arguments)
        assert (result.exit_code, result.stderr) == (0, ""), words


def test_every_id_it_shows_can_be_shown(db: str, told: str) -> None:
    ids = set(ID.findall(told))
    assert len(ids) == 11
    for each in ids:
        assert run("show", each, "--db", db).exit_code == 0


def test_the_file_holds_every_outcome(db: str) -> None:
    with Governance.open(f"sqlite:///{db}?mode=ro", directory=OpenDirectory()) as gov:
        statuses = [each.status for each in gov.find_requests()]
        assert gov.verify().ok
    counts = {status: statuses.count(status) for status in set(statuses)}
    assert counts == {Status.EXECUTED: 8, Status.STALE: 1, Status.REJECTED: 1, Status.PENDING: 3}


def test_the_commands_read_the_file(db: str) -> None:
    stale = json.loads(run("list", "--status", "stale", "--json", "--db", db).stdout)["requests"]
    assert [each["terms"]["reason"] for each in stale] == ["try vector search on everybody"]
    shown = run("show", stale[0]["id"], "--db", db).stdout
    assert "v3 /flags/search-ranker/defaultVariant" in shown
    assert len(json.loads(run("history", FLAGS, "--json", "--db", db).stdout)) == 9
    assert run("verify", "--db", db).exit_code == 0


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine.db"
    file.write_bytes(b"not yours")
    result = run("demo", "--db", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "exists already" in result.stderr
    assert f" list --db {file}`, delete it" in result.stderr
    assert file.read_bytes() == b"not yours"


def test_a_place_where_nothing_can_be_made_is_one_line(tmp_path: Path) -> None:
    result = run("demo", "--db", str(tmp_path / "nowhere" / "demo.db"))
    assert (result.exit_code, result.stdout) == (8, "")
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


def test_the_document_is_large_enough_to_be_real() -> None:
    content = flags().content
    rules_there = json.dumps(content["flags"])
    assert len(content["flags"]) >= 20
    for operator in ("in", "starts_with", "fractional", "sem_ver", "$ref", "if", "var"):
        assert f'"{operator}"' in rules_there, operator
    for name in re.findall(r'"\$ref": "([^"]+)"', rules_there):
        assert name in content["$evaluators"]


@pytest.mark.parametrize(
    ("flag", "by", "why"),
    [
        ("new-checkout", 5, "is not rolled out by percent"),
        ("payment-provider", 5, "is not rolled out by percent"),
        ("no-such-flag", 5, "is not rolled out by percent"),
        ("instant-refunds", 91, "10 + 91 is no percentage"),
        ("instant-refunds", -11, "10 + -11 is no percentage"),
    ],
)
def test_a_rollout_that_makes_no_sense_is_refused_at_submission(flag: str, by: int, why: str) -> None:
    with Governance.open("memory:", mutations=MUTATIONS, policies=rules(), directory=people()) as gov:
        gov.create_state(FLAGS, flags())
        with pytest.raises(PlacetError, match=re.escape(why)):
            gov.submit(WidenRollout(flag=flag, by=by), to=FLAGS, by="dana")


@pytest.mark.parametrize(("by", "count"), [(40, 1), (41, 2), (90, 2), (-10, 1)])
def test_a_rollout_beyond_half_of_the_users_needs_two(by: int, count: int) -> None:
    with Governance.open("memory:", mutations=MUTATIONS, policies=rules(), directory=people()) as gov:
        gov.create_state(FLAGS, flags())
        run = gov.preview(WidenRollout(flag="instant-refunds", by=by), to=FLAGS, by="dana")
    assert run.requirements == (Approval(count, roles=("release-manager",)),)

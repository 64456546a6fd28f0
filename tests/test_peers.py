"""The side-by-side comparison compares the same work: nobody passes its check who did less. Nothing here is timed."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from benchmarks.peers import by_hand, same_work
from benchmarks.peers.__main__ import main
from benchmarks.peers.governed import InMemory, OnSqlite, approved, opened
from benchmarks.peers.listing import ENTRIES, PLACET, UNIT, Budget, Entry, chosen
from benchmarks.peers.peer import GOVERNED, CheckError, Peer, check, connected, durability_of, make
from benchmarks.peers.report import HEADER, doubts, ratio, table
from benchmarks.peers.rounds import Sample, measured

from placet.store.sqlite import SqliteStore

BUILT_IN = [entry for entry in ENTRIES if not entry.needs]
LEDGERS = ("placet_decisions", "placet_audit", "placet_history")


@pytest.mark.parametrize("entry", BUILT_IN, ids=lambda entry: entry.name)
def test_a_peer_that_needs_nothing_more_does_all_of_the_work(entry: Entry, tmp_path: Path) -> None:
    peer = make(entry.place, tmp_path)
    measured(peer, 3, 0, durable=entry.durable)
    measured(peer, 3, 3, durable=entry.durable)
    assert peer.tally() == peer.one * 6
    peer.close()


@pytest.mark.parametrize("entry", BUILT_IN, ids=lambda entry: entry.name)
def test_a_peer_that_executes_one_less_is_found_out(entry: Entry, tmp_path: Path) -> None:
    peer = make(entry.place, tmp_path)
    peer.prepare(2)
    peer.run()
    check(peer, 2, durable=entry.durable)
    with pytest.raises(CheckError, match="after 3 executions"):
        check(peer, 3, durable=entry.durable)
    peer.close()


@pytest.mark.parametrize(
    "statement",
    [by_hand._UPDATE_REQUEST, by_hand._UPDATE_STATE, by_hand._ADD_DECISION, by_hand._ADD_AUDIT, by_hand._ADD_HISTORY],
    ids=["request", "state", "decisions", "audit", "history"],
)
def test_a_floor_that_leaves_out_one_write_is_found_out(
    statement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = by_hand.HandWritten(tmp_path)
    name = next(name for name, value in vars(by_hand).items() if value == statement)
    monkeypatch.setattr(by_hand, name, _writing_nothing(statement))
    peer.prepare(3)
    peer.run()
    with pytest.raises(CheckError, match="after 3 executions"):
        check(peer, 3, durable=True)
    peer.close()


def _writing_nothing(statement: str) -> str:
    """Give a statement that takes the same parameters, affects one row, and leaves no trace of them."""
    count = statement.count("?")
    unused = " AND ".join("? IS NOT 0.5" for _ in range(count))
    return f"UPDATE placet_requests SET held = held WHERE id = (SELECT min(id) FROM placet_requests) AND {unused}"


@pytest.mark.parametrize("hashed", ["_seal", "_link"])
def test_a_floor_that_hashes_something_else_is_found_out(
    hashed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong: dict[str, Callable[..., Any]] = {
        "_seal": lambda columns: "0" * 64,
        "_link": lambda record, previous: (json.dumps(record), "0" * 64),
    }
    monkeypatch.setattr(by_hand, hashed, wrong[hashed])
    peer = by_hand.HandWritten(tmp_path)
    peer.prepare(1)
    peer.run()
    with pytest.raises(CheckError, match="after 1 executions"):
        check(peer, 1, durable=True)
    peer.close()


def test_the_floor_writes_what_placet_writes(tmp_path: Path) -> None:
    gov = opened(SqliteStore(tmp_path / "both.db"))
    governed, by_itself = (request.id for request in approved(gov, 2))
    gov.execute(governed, by="runner")
    with closing(connected(tmp_path / "both.db")) as connection:
        by_hand.execute(connection, by_itself)
        assert _written(connection, governed) == _written(connection, by_itself)
    gov.close()


def _written(connection: sqlite3.Connection, request_id: str) -> list[Any]:
    """Give all rows of a request and its state, whatever differs between any two of them put out of sight."""
    connection.row_factory = sqlite3.Row
    request = dict(connection.execute("SELECT * FROM placet_requests WHERE id = ?", (request_id,)).fetchone())
    state_id = request["state_id"]
    rows: list[Any] = [request]
    rows += map(dict, connection.execute("SELECT * FROM placet_states WHERE state_id = ?", (state_id,)))
    for ledger in LEDGERS:
        owner, key = ("state_id", state_id) if ledger.endswith("history") else ("request_id", request_id)
        for row in connection.execute(f"SELECT * FROM {ledger} WHERE {owner} = ?", (key,)):
            rows.append(dict(row) | {"body": json.loads(row["body"])})
    return [_masked(row) for row in rows]


def _masked(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    own = {"id", "request_id", "execution_id", "state_id", "at", "created_at", "updated_at", "duration_us", "digest"}
    own |= {"seal", "head", "audit_head", "hash", "asked"}
    if isinstance(value, dict):
        return {key: type(item) if key in own else _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else value


def test_the_tables_that_peers_share_are_counted_part_by_part(tmp_path: Path) -> None:
    path = tmp_path / "peers.db"
    (request_id,) = same_work.seed(path, 1)
    assert same_work.tally(path) == GOVERNED * 0
    writes = {
        "executed": f"""UPDATE requests SET status = 'executed', revision = 5, resolved_version = 1,
                        resulting_version = 2, execution_id = 'x' WHERE id = '{request_id}'""",
        "moved": """UPDATE states SET version = 2, body = '{"daily":50}'""",
        "decisions": f"INSERT INTO decisions VALUES ('{request_id}', 4, ''), ('{request_id}', 5, '')",
        "audits": f"INSERT INTO audits VALUES ('{request_id}', 1, '')",
        "entries": f"INSERT INTO history VALUES ('limits:{request_id}', 2, '')",
    }
    seen = []
    with closing(connected(path)) as connection:
        for part, statement in writes.items():
            before = same_work.tally(path)
            connection.execute(statement)
            after = same_work.tally(path)
            seen.append((part, getattr(after, part) - getattr(before, part)))
    assert seen == [("executed", 1), ("moved", 1), ("decisions", 2), ("audits", 1), ("entries", 1)]
    assert same_work.tally(path) == GOVERNED


class Careless(OnSqlite):
    """Does all of the work, for commits that a power cut undoes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        with self._store.view() as reader:
            self._other = reader._connection
        self._other.execute("PRAGMA synchronous=NORMAL")

    def durability(self) -> Iterable[tuple[str, int]]:
        return [*super().durability(), durability_of(self._other)]


@pytest.mark.parametrize(("peer", "durable"), [(Careless, True), (InMemory, True), (OnSqlite, False)])
def test_a_peer_with_another_durability_is_found_out(
    peer: Callable[[Path], Peer], durable: bool, tmp_path: Path
) -> None:
    made = peer(tmp_path)
    with pytest.raises(CheckError, match="connections that commit"):
        check(made, 0, durable=durable)
    made.close()


def test_an_only_brings_along_what_it_is_compared_with() -> None:
    assert [entry.name for entry in chosen(["dbos"])] == ["insert", "placet", "dbos"]
    assert [entry.name for entry in chosen(["statemachine"])] == ["triggers", "statemachine", "placet-memory"]
    assert chosen([]) == ENTRIES


def test_a_run_says_how_unsteady_its_units_were() -> None:
    samples = [Sample(wall=wall, cpu=cpu) for wall, cpu in ((2.0, 9.0), (8.0, 9.0), (3.0, 27.0))]
    said = doubts(ENTRIES, {entry.name: samples for entry in ENTRIES}).splitlines()
    assert said == [
        "transitions, two bare triggers: the slowest round took 3.0 times the fastest",
        "one bare durable INSERT+COMMIT: the slowest round took 4.0 times the fastest",
    ]


def test_ratios_are_paired_within_a_round() -> None:
    assert ratio([2.0, 20.0, 200.0], [1.0, 10.0, 100.0]) == 2.0


def test_the_table_says_which_budgets_are_met() -> None:
    met, missed = Budget("met", True, lambda ratio: ratio <= 3), Budget("missed", False, lambda ratio: ratio >= 3)
    entries = [
        Entry(UNIT[True], "a unit", "", "all"),
        Entry(PLACET[True], "us", "", "nothing", budget=met),
        Entry("peer", "them", "", "some", budget=missed),
    ]
    times = {name: [Sample(wall, cpu=0.5)] * 2 for name, wall in ((UNIT[True], 1), (PLACET[True], 3), ("peer", 6))}
    _, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table(entries, times).splitlines())
    verdict = HEADER.index("met")
    assert [(row[0], row[5], row[6], row[verdict]) for row in rows] == [
        ("a unit", "0.33", "1.00", ""),
        ("us", "1.00", "3.00", "yes"),
        ("them", "2.00", "6.00", "NO"),
    ]


def test_in_memory_processor_time_is_compared_and_on_a_disk_the_time_that_passes() -> None:
    samples = {False: [Sample(wall=8.0, cpu=2.0)], True: [Sample(wall=9.0, cpu=1.0)]}
    entries = [Entry(names[durable], "", "", "", durable=durable) for durable in samples for names in (PLACET, UNIT)]
    text = table(entries, {entry.name: samples[entry.durable] for entry in entries})
    assert [line.split("|")[3].strip() for line in text.splitlines()[2:]] == ["2.0", "2.0", "9.0", "9.0"]


def test_an_absent_peer_is_named_and_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(Entry, "installed", property(lambda entry: not entry.needs))
    monkeypatch.setattr(
        "benchmarks.peers.__main__.interleaved", lambda entries, *_: {e.name: [Sample(1.0, 1.0)] for e in entries}
    )
    assert main(["--rounds", "1", "--per-round", "1", "--only", "dbos", "--folder", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "DBOS workflow, three steps: not installed: pip install -r benchmarks/peers/requirements.txt" in said
    assert "| placet on SQLite" in said
    assert "| DBOS" not in said


def test_one_command_measures_in_processes_of_their_own(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--rounds", "1", "--per-round", "3", "--only", "floor", "--folder", str(tmp_path)]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].startswith("1 rounds of 3 executions each")
    assert [line.split("|")[1].strip() for line in lines if line.startswith("| ")][1:] == [
        "one bare durable INSERT+COMMIT",
        "the same rows by hand, sqlite3",
        "placet on SQLite",
    ]


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.needs], ids=lambda entry: entry.name)
def test_a_peer_that_is_installed_does_all_of_the_work(
    entry: Entry, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if not entry.installed:
        pytest.skip("not installed")
    assert main(["--rounds", "1", "--per-round", "3", "--only", entry.name, "--folder", str(tmp_path)]) == 0
    assert f"| {entry.title}" in capfd.readouterr().out


def test_a_peer_that_fails_in_its_process_stops_it_all(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = Entry("floor", "broken", "by_hand:NobodyIsCalledThis", "")
    monkeypatch.setattr("benchmarks.peers.__main__.chosen", lambda _: (broken,))
    assert main(["--folder", str(tmp_path)]) == 1
    assert "NobodyIsCalledThis" in capfd.readouterr().err

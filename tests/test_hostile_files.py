"""What a file holds cannot harm whoever opens it, and nobody but its owner reads what placet writes."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from house import HOUSE, MUTATIONS, AddTeam, approved, opened
from placet import Governance, OpenDirectory, require_approval
from placet.cli.app import app
from placet.errors import (
    IntegrityError,
    PlacetError,
    SchemaVersionError,
    StoreError,
    StoreFormatError,
    StoreUnavailableError,
)
from placet.model.trail import Ledger
from placet.store.port import TERMS
from placet.store.sqlite import JoinedSqliteStore, SqliteStore, lent
from placet.store.sqlite.turnstile import SUFFIX

MODES = ("", "?mode=ro")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with an approved request in it."""
    made = tmp_path / "placet.db"
    with opened(f"sqlite:///{made}") as gov:
        approved(gov)
    return made


@contextmanager
def plain(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file as anybody can."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def again(path: Path | str, mode: str = "") -> Governance:
    """Open a file that is there."""
    return Governance.open(
        f"sqlite:///{path}{mode}",
        mutations=MUTATIONS,
        policies=[require_approval(count=1)],
        directory=OpenDirectory(),
    )


def refused(path: Path, kind: type[PlacetError], words: str) -> None:
    """Expect that a file is opened in no way, and is afterwards what it was."""
    before = path.read_bytes()
    for mode in MODES:
        with pytest.raises(kind, match=words):
            again(path, mode)
    assert path.read_bytes() == before
    with plain(path) as connection:
        connection.execute("BEGIN")
        with pytest.raises(kind, match=words):
            JoinedSqliteStore(connection)


# ---- what is defined in the file

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"
COLUMNS = ", ".join(f"x AS c{number}" for number in range(29))

PLANTED = {
    "a view that never ends in place of a table": (
        f"DROP TABLE placet_states; CREATE VIEW placet_states AS {ENDLESS} {COLUMNS} FROM n",
        "view 'placet_states' is not what placet defines",
    ),
    "a view that never ends in place of another": (
        f"DROP VIEW placet_files; CREATE VIEW placet_files AS {ENDLESS} {COLUMNS} FROM n",
        "view 'placet_files' is not what placet defines",
    ),
    "a trigger on a table": (
        "CREATE TRIGGER innocent AFTER INSERT ON placet_decisions BEGIN DELETE FROM placet_states; END",
        "trigger 'innocent' is not what placet defines",
    ),
    "a trigger with a name of placet's on another table": (
        "CREATE TABLE mine (x); CREATE TRIGGER PLACET_x AFTER INSERT ON mine BEGIN SELECT 1; END",
        "trigger 'PLACET_x' is not what placet defines",
    ),
    "a trigger that replaces another": (
        (
            "DROP TRIGGER placet_audit_keep; CREATE TRIGGER placet_audit_keep BEFORE UPDATE ON placet_audit"
            " BEGIN SELECT RAISE(IGNORE); END"
        ),
        "trigger 'placet_audit_keep' is not what placet defines",
    ),
    "a generated column": (
        "ALTER TABLE placet_states ADD COLUMN more AS (upper(body))",
        "table 'placet_states' is not what placet defines",
    ),
    "another column": ("ALTER TABLE placet_audit ADD COLUMN more", "table 'placet_audit' is not what placet defines"),
    "a renamed column": (
        "ALTER TABLE placet_states RENAME COLUMN hash TO hush",
        "table 'placet_states' is not what placet defines",
    ),
    "another collation": (
        (
            "DROP TABLE placet_terms; CREATE TABLE placet_terms (request_id TEXT COLLATE NOCASE NOT NULL,"
            " number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (request_id, number)) WITHOUT ROWID"
        ),
        "table 'placet_terms' is not what placet defines",
    ),
    "a CHECK that calls a function": (
        (
            "DROP TABLE placet_audit; CREATE TABLE placet_audit (request_id TEXT, seq INTEGER, body TEXT, hash TEXT,"
            " CHECK (length(randomblob(1000)) > 1))"
        ),
        "table 'placet_audit' is not what placet defines",
    ),
    "a virtual table": (
        "DROP TABLE placet_audit; CREATE VIRTUAL TABLE placet_audit USING fts5(request_id, seq, body, hash)",
        "table 'placet_audit' is not what placet defines",
    ),
    "an index that computes": (
        "CREATE INDEX mine ON placet_states (upper(body))",
        "index 'mine' is not what placet defines",
    ),
    "a unique index": (
        "CREATE UNIQUE INDEX placet_one ON placet_requests (state_id)",
        "index 'placet_one' is not what placet defines",
    ),
    "an index gone": ("DROP INDEX placet_requests_idempotency", "index 'placet_requests_idempotency' is missing"),
    "a view gone": ("DROP VIEW placet_files", "view 'placet_files' is missing"),
    "a table gone": ("DROP TABLE placet_history", "table 'placet_history' is missing"),
    "a table of that name": ("CREATE TABLE placet_mine (x)", "table 'placet_mine' is not what placet defines"),
    "a name that writes to a terminal": (
        'CREATE TABLE "placet_\x1b[2J\u202e" (x)',
        r"table 'placet_\\x1b\[2J\\u202e' is not what placet defines",
    ),
    "no table of the format": ("DROP TABLE placet_schema", "no table placet_schema"),
    "a view of the format": (
        f"DROP TABLE placet_schema; CREATE VIEW placet_schema AS {ENDLESS} x AS version FROM n",
        "no table placet_schema",
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_file_that_defines_anything_else_than_placet_does_is_refused(path: Path, what: str) -> None:
    script, words = PLANTED[what]
    with plain(path) as connection:
        connection.executescript(script)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    refused(path, StoreFormatError, words)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("TEXT", "'three'", "its format is no number"),
        ("TEXT", "'3'", "its format is no number"),
        ("BLOB", "x'ff'", "its format is no number"),
        ("REAL", "3.5", "its format is no number"),
        ("REAL", "9e999", "its format is no number"),
        ("INTEGER", "NULL", "its format is no number"),
        ("INTEGER", str(2**63 - 1), f"its format is {2**63 - 1}"),
        ("INTEGER", "-1", "its format is -1"),
        ("INTEGER", "0", "its format is 0"),
    ],
)
def test_a_format_that_is_none_is_refused(path: Path, kind: str, value: str, words: str) -> None:
    with plain(path) as connection:
        connection.executescript(
            f"DROP TABLE placet_schema; CREATE TABLE placet_schema (version {kind});"
            f"INSERT INTO placet_schema VALUES ({value})"
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    refused(path, SchemaVersionError, words)


def test_a_format_that_is_no_text_is_refused(path: Path) -> None:
    with plain(path) as connection:
        connection.executescript(
            "DROP TABLE placet_schema; CREATE TABLE placet_schema (version);"
            "INSERT INTO placet_schema VALUES (CAST(x'ff' AS TEXT))"
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    refused(path, StoreError, "UTF-8")


def test_a_file_without_a_row_of_its_format_is_refused(path: Path) -> None:
    with plain(path) as connection:
        connection.execute("DELETE FROM placet_schema")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    refused(path, SchemaVersionError, "its format is no number")


def test_names_of_the_users_own_that_only_look_like_it_are_theirs(path: Path) -> None:
    with plain(path) as connection:
        connection.executescript("CREATE TABLE placets (x); CREATE TABLE my_placet_states (x)")
        connection.executescript("CREATE VIEW mine AS SELECT id FROM placet_requests; DROP TRIGGER placet_audit_keep")
    for mode in MODES:
        with again(path, mode) as gov:
            assert gov.verify().ok


@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
@pytest.mark.parametrize("filled", [True, False])
def test_a_file_in_utf_16_is_refused(tmp_path: Path, encoding: str, filled: bool) -> None:
    path = tmp_path / "wide.db"
    with plain(path) as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        connection.execute("CREATE TABLE mine (x)")
        if filled:
            connection.executescript((Path(lent.__file__).parent.parent / "sql" / "schema.sql").read_text())
            connection.execute("INSERT INTO placet_schema VALUES (3)")
    for mode in MODES:
        with pytest.raises(StoreFormatError, match=f"it keeps text as {encoding}; make a new file"):
            again(path, mode)


@pytest.mark.parametrize("schema", ["CREATE TABLE placet_x (", "CREATE \x00", "\ud7ff" * 3])
def test_definitions_that_are_none_are_a_damaged_file(path: Path, schema: str) -> None:
    with plain(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'placet_audit'", (schema,))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for mode in MODES:
        with pytest.raises(StoreError):
            again(path, mode)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10**6), junk=st.binary(min_size=1, max_size=64), cut=st.booleans())
def test_a_damaged_file_gives_only_typed_errors(path: Path, at: int, junk: bytes, cut: bool) -> None:
    whole = path.with_name("whole.db")
    if not whole.exists():
        with plain(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(path, whole)
    content = bytearray(whole.read_bytes())
    at %= len(content)
    content[at:] = b"" if cut else junk + content[at + len(junk) :]
    broken = path.with_name("broken.db")
    for each in broken.parent.glob("broken.db*"):
        each.unlink()
    broken.write_bytes(content)
    for mode in reversed(MODES):
        try:
            with again(broken, mode) as gov:
                for call in READING:
                    typed_or_nothing(call, gov)
        except PlacetError:
            continue


READING: tuple[Callable[[Governance], object], ...] = (
    Governance.verify,
    Governance.find_requests,
    lambda gov: gov.history(HOUSE),
    lambda gov: gov.get_state(HOUSE),
    lambda gov: gov.audit(state_id=HOUSE),
    lambda gov: gov.inbox("carol"),
)


def typed_or_nothing(call: Callable[[Governance], object], gov: Governance) -> None:
    """Make a call that may be refused."""
    try:
        call(gov)
    except PlacetError:
        return


def test_a_statement_that_has_no_end_is_ended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lent, "_MOST", 3)
    with closing(SqliteStore(path)) as store, store.view() as reader:
        monkeypatch.setitem(reader._sql, "request", f"{ENDLESS} x FROM n WHERE x < 0 AND :id <> ''")
        for _ in range(2):
            with pytest.raises(StoreFormatError, match="read more than a file of placet has"):
                reader.request("r")
        assert reader.state(HOUSE) is not None


def test_a_value_of_any_length_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with plain(path) as connection:
        connection.execute("UPDATE placet_requests SET held = ?", ("x" * 5000,))
    monkeypatch.setattr(lent, "LARGEST", 4000)
    with closing(SqliteStore(path)) as store, store.view() as reader:
        (request_id,) = reader.keys("placet_requests", "", 1)
        with pytest.raises(StoreFormatError, match="too big"):
            reader.request(request_id)


def test_connections_of_placets_own_do_not_trust_the_file(path: Path) -> None:
    with closing(SqliteStore(path)) as store, store.view() as reader:
        assert store._writer is not None
        for connection in (store._writer, reader._connection):
            assert connection.execute("PRAGMA trusted_schema").fetchone() == (0,)
            assert connection.execute("PRAGMA cell_size_check").fetchone() == (1,)
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


TABLES = ("placet_requests", TERMS, *Ledger)


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_a_trigger_drops_is_missed_at_once(path: Path, table: str) -> None:
    """Planted after the file was opened; without a look at the count, it would say that it is done."""
    with again(path) as gov:
        request = gov.find_requests(status="approved").requests[0]
        with plain(path) as connection:
            connection.execute(f"CREATE TRIGGER sly BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END")
        submitted = table in {"placet_requests", TERMS}
        step = partial(gov.submit, AddTeam(team="x"), to=HOUSE) if submitted else partial(gov.execute, request.id)
        with pytest.raises(IntegrityError, match="a trigger that is not placet's keeps it out") as caught:
            step(by="bob")
        assert caught.value.table == table
        assert gov.get_request(request.id) == request
        assert gov.verify().ok


def test_a_state_that_a_trigger_drops_is_missed_at_once(path: Path) -> None:
    with again(path) as gov:
        with plain(path) as connection:
            connection.execute("CREATE TRIGGER sly BEFORE INSERT ON placet_states BEGIN SELECT RAISE(IGNORE); END")
        with pytest.raises(IntegrityError, match="placet_states other:roles: it was not written"):
            gov.create_state("other:roles", gov.get_state(HOUSE).state)
        assert gov.verify().states == 1


# ---- which files there are, and who may read them


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Let new files have every mode that this lets through."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """Give the mode of each file."""
    return {each.name: f"{stat.S_IMODE(each.stat().st_mode):o}" for each in folder.iterdir()}


@pytest.mark.parametrize(("mask", "mode"), [(0, "600"), (0o022, "600"), (0o077, "600"), (0o200, "400")])
def test_new_files_are_for_their_owner_alone(tmp_path: Path, mask: int, mode: str) -> None:
    if mask & 0o200 and os.geteuid() != 0:  # pragma: no cover - nobody else could write such a file
        pytest.skip("only root writes a file that its owner may not write")
    with umask(mask), opened(f"sqlite:///{tmp_path}/new.db") as gov:
        approved(gov)
        names = {f"new.db{suffix}" for suffix in ("", "-wal", "-shm", SUFFIX)}
        assert modes(tmp_path) == dict.fromkeys(names, mode)


@pytest.mark.parametrize(("command", "option"), [("demo", "--db"), ("diagram", "--output")])
def test_files_that_the_command_line_makes_are_for_their_owner_alone(tmp_path: Path, command: str, option: str) -> None:
    with umask(0):
        assert CliRunner().invoke(app, [command, option, str(tmp_path / "made")]).exit_code == 0
    assert set(modes(tmp_path).values()) == {"600"}


@pytest.mark.parametrize("mode", [0o640, 0o666, 0o600])
def test_a_file_that_is_there_keeps_its_mode_and_those_beside_it_have_the_same(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "old.db"
    path.touch()
    path.chmod(mode)
    with umask(0), opened(f"sqlite:///{path}") as gov:
        approved(gov)
        assert set(modes(tmp_path).values()) == {f"{mode:o}"}


def test_a_file_is_never_readable_by_others_not_even_while_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, str]] = []
    connect = sqlite3.connect

    def watched(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the driver declares it
        seen.append(modes(tmp_path))
        return connect(*args, **options)

    monkeypatch.setattr(sqlite3, "connect", watched)
    with umask(0):
        SqliteStore(tmp_path / "new.db").close()
    assert seen[0] == {"new.db": "600"}


def make_directory(path: Path) -> None:
    path.mkdir()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("nothing.db"))


def make_loop(path: Path) -> None:
    path.symlink_to(path)


def make_link_to_a_device(path: Path) -> None:
    path.symlink_to(os.devnull)


NO_FILES = [make_directory, make_pipe, make_link_to_nothing, make_loop, make_link_to_a_device]


@pytest.mark.parametrize("make", NO_FILES)
@pytest.mark.parametrize("mode", MODES)
def test_a_path_that_leads_to_no_file_is_refused(tmp_path: Path, make: Callable[[Path], None], mode: str) -> None:
    path = tmp_path / "odd.db"
    make(path)
    with pytest.raises(StoreUnavailableError, match=r"odd\.db: .*check the path"):
        again(path, mode)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", MODES)
def test_a_device_is_no_file(mode: str) -> None:
    with pytest.raises(StoreUnavailableError, match="it is a device, not a file"):
        again(os.devnull, mode)


def test_a_link_to_a_file_is_that_file(path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    with again(link) as gov:
        approved(gov)
        assert gov.verify().requests == 2


@pytest.mark.parametrize("make", NO_FILES)
def test_a_queue_that_is_no_file_is_done_without(path: Path, make: Callable[[Path], None]) -> None:
    queue = path.with_name(f"{path.name}{SUFFIX}")
    queue.unlink()
    make(queue)
    with again(path) as gov:
        approved(gov)
    assert not queue.with_name("nothing.db").exists()


@pytest.mark.parametrize("size", [0, 15, 99, 100])
def test_a_file_that_was_cut_off_is_refused_and_an_empty_one_is_a_new_one(path: Path, size: int) -> None:
    for each in path.parent.glob(f"{path.name}-*"):
        each.unlink()
    path.write_bytes(path.read_bytes()[:size])
    if size:
        with pytest.raises(StoreFormatError):
            again(path)
    else:
        with pytest.raises(SchemaVersionError, match="no tables of placet"):
            again(path, "?mode=ro")
        again(path).close()


def test_without_a_free_file_descriptor_the_first_call_says_so_and_the_next_one_works(tmp_path: Path) -> None:
    script = Path(__file__).with_name("starved.py")
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert len(lines) > 20, done.stderr
    for name, first, then in lines:
        assert first in {"-", "StoreUnavailableError"}, name
        assert then == ("AlreadyExistsError" if (name, first) == ("create_state", "-") else "-"), name
    assert sum(first != "-" for _, first, _ in lines) > 15

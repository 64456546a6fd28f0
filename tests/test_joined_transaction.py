"""Governance inside the caller's own transaction: their rows and its rows commit together, or not at all."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from house import HOUSE, Awkward, GrantRole, approved, opened
from placet import Governance, MutationRequest, Outcome, PlacetError, Status
from placet.errors import (
    ConfigurationError,
    InputError,
    SchemaVersionError,
    StoreError,
    StoreReadOnlyError,
    StoreUnavailableError,
    TransitionRefusedError,
)
from placet.store.sqlite import JoinedSqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.db"


@pytest.fixture
def gov(path: Path) -> Iterator[Governance]:
    with opened(f"sqlite:///{path}") as made:
        yield made


@pytest.fixture
def mine(path: Path, gov: Governance) -> Iterator[sqlite3.Connection]:
    """The caller's own connection, with a table of theirs; they begin and commit themselves."""
    assert gov.get_state(HOUSE).version == 1
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        connection.execute("CREATE TABLE tickets (subject TEXT UNIQUE)")
        yield connection


def tickets(mine: sqlite3.Connection) -> list[str]:
    return [subject for (subject,) in mine.execute("SELECT subject FROM tickets ORDER BY subject")]


def execute(joined: Governance, request: MutationRequest) -> Outcome:
    return joined.execute(request.id, by="runner")


def test_the_callers_rows_and_placets_commit_together(gov: Governance, mine: sqlite3.Connection) -> None:
    request = approved(gov)
    mine.execute("BEGIN IMMEDIATE")
    mine.execute("INSERT INTO tickets VALUES ('before')")
    outcome = execute(gov.within(mine), request)
    mine.execute("INSERT INTO tickets VALUES ('after')")
    assert outcome.executed
    assert gov.get_request(request.id) == request, "nobody else sees it before the commit"
    mine.execute("COMMIT")
    assert gov.get_request(request.id) == outcome.request
    assert gov.get_state(HOUSE).version == 2
    assert tickets(mine) == ["after", "before"]
    assert gov.verify().ok


def test_a_rollback_takes_both_and_the_request_is_approved_as_before(gov: Governance, mine: sqlite3.Connection) -> None:
    request = approved(gov)
    mine.execute("BEGIN IMMEDIATE")
    mine.execute("INSERT INTO tickets VALUES ('lost')")
    assert execute(gov.within(mine), request).executed
    mine.execute("ROLLBACK")
    assert tickets(mine) == []
    assert gov.get_request(request.id) == request
    assert gov.audit(request.id) == ()
    assert gov.get_state(HOUSE).version == 1
    assert gov.execute(request.id, by="runner").resulting_version == 2
    assert gov.verify().ok


def test_a_whole_flow_fits_in_one_transaction_and_sees_itself(gov: Governance, mine: sqlite3.Connection) -> None:
    mine.execute("BEGIN IMMEDIATE")
    joined = gov.within(mine)
    made = approved(joined)
    assert joined.get_request(made.id) == made
    assert [found.id for found in joined.find_requests()] == [made.id]
    assert execute(joined, made).executed
    assert joined.get_state(HOUSE).version == 2
    assert joined.verify().ok
    assert gov.find_requests().requests == ()
    mine.execute("COMMIT")
    assert gov.get_request(made.id).status is Status.EXECUTED
    assert gov.verify().ok


def raise_in_apply(_: object) -> None:
    raise ValueError("no")


Refused = Callable[[Governance, MutationRequest], object]


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (lambda gov, request: gov.approve(request.id, by="dave", digest=request.digest), TransitionRefusedError),
        (lambda gov, request: gov.cancel(request.id, by="mallory"), TransitionRefusedError),
        (lambda gov, _: gov.submit(GrantRole(user="x", role="king"), to=HOUSE, by="bob"), InputError),
        (lambda gov, request: gov.submit(Awkward(), to=HOUSE, by="bob", request_id=request.id), PlacetError),
        (lambda gov, _: gov.create_state(HOUSE, gov.get_state(HOUSE).state), PlacetError),
    ],
    ids=["approve", "cancel", "submit", "taken request", "taken state"],
)
def test_a_step_that_is_refused_undoes_itself_and_nothing_else(
    gov: Governance, mine: sqlite3.Connection, step: Refused, error: type[PlacetError]
) -> None:
    request = approved(gov)
    mine.execute("BEGIN IMMEDIATE")
    mine.execute("INSERT INTO tickets VALUES ('kept')")
    joined = gov.within(mine)
    other = joined.submit(GrantRole(user="eve", role="reader"), to=HOUSE, by="bob")
    with pytest.raises(error):
        step(joined, request)
    assert mine.in_transaction
    assert joined.get_request(request.id) == request
    assert execute(joined, request).executed
    mine.execute("COMMIT")
    assert tickets(mine) == ["kept"]
    assert gov.get_request(other.id) == other
    assert gov.get_request(request.id).status is Status.EXECUTED
    assert gov.verify().ok


def test_a_step_whose_write_fails_half_way_undoes_itself_and_nothing_else(
    gov: Governance, mine: sqlite3.Connection
) -> None:
    request = approved(gov)
    mine.execute("BEGIN IMMEDIATE")
    mine.execute("INSERT INTO tickets VALUES ('kept')")
    joined = gov.within(mine)
    mine.set_authorizer(
        lambda _action, table, *_: sqlite3.SQLITE_DENY if table == "placet_audit" else sqlite3.SQLITE_OK
    )
    with pytest.raises(PlacetError, match="nothing was written"):
        execute(joined, request)
    mine.set_authorizer(None)
    assert joined.get_request(request.id) == request
    assert joined.get_state(HOUSE).version == 1
    assert execute(joined, request).executed
    mine.execute("COMMIT")
    assert tickets(mine) == ["kept"]
    assert gov.verify().ok


def test_apply_that_raises_fails_the_request_and_leaves_the_callers_rows(
    gov: Governance, mine: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = approved(gov, Awkward())
    monkeypatch.setattr(Awkward, "doing", staticmethod(raise_in_apply))
    mine.execute("BEGIN IMMEDIATE")
    mine.execute("INSERT INTO tickets VALUES ('kept')")
    assert execute(gov.within(mine), request).status is Status.FAILED
    mine.execute("COMMIT")
    assert tickets(mine) == ["kept"]
    assert gov.get_request(request.id).status is Status.FAILED
    assert gov.verify().ok


def test_an_error_of_the_callers_own_leaves_what_placet_did(gov: Governance, mine: sqlite3.Connection) -> None:
    request = approved(gov)
    mine.execute("INSERT INTO tickets VALUES ('taken')")
    mine.execute("BEGIN IMMEDIATE")
    assert execute(gov.within(mine), request).executed
    with pytest.raises(sqlite3.IntegrityError):
        mine.execute("INSERT INTO tickets VALUES ('taken')")
    mine.execute("COMMIT")
    assert gov.get_request(request.id).status is Status.EXECUTED


def test_savepoints_of_the_callers_own_hold_placets_steps(gov: Governance, mine: sqlite3.Connection) -> None:
    first, second = approved(gov), approved(gov, GrantRole(user="eve", role="reader"), on_drift="keep_if_same_effect")
    mine.execute("BEGIN IMMEDIATE")
    joined = gov.within(mine)
    mine.execute("SAVEPOINT placet")  # the same name that placet uses
    assert execute(joined, first).executed
    mine.execute("ROLLBACK TO placet")
    assert joined.get_request(first.id) == first
    assert execute(joined, second).executed
    mine.execute("RELEASE placet")
    mine.execute("COMMIT")
    assert gov.get_request(first.id) == first
    assert gov.get_state(HOUSE).version == 2
    assert gov.verify().ok


def test_a_step_that_is_undone_leaves_no_savepoint_behind(gov: Governance, mine: sqlite3.Connection) -> None:
    request = approved(gov)
    mine.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransitionRefusedError):
        gov.within(mine).cancel(request.id, by="mallory")
    with pytest.raises(sqlite3.OperationalError, match="no such savepoint"):
        mine.execute("RELEASE placet")
    mine.execute("ROLLBACK")


def test_many_are_executed_within_one_transaction(gov: Governance, mine: sqlite3.Connection) -> None:
    requests = [approved(gov, GrantRole(user=user, role="reader"), on_drift="keep_if_same_effect") for user in "abc"]
    mine.execute("BEGIN IMMEDIATE")
    items = gov.within(mine).execute_many([requests[0].id, "no-such", *(each.id for each in requests[1:])], by="runner")
    assert [item.executed for item in items] == [True, False, True, True]
    mine.execute("COMMIT")
    assert gov.get_state(HOUSE).version == 4
    assert gov.verify().ok


def test_a_batch_that_the_store_fails_undoes_itself_and_nothing_else(gov: Governance, mine: sqlite3.Connection) -> None:
    first, second = (approved(gov, GrantRole(user=user, role="reader"), on_drift="revalidate") for user in "ab")
    mine.execute(
        f"CREATE TEMP TRIGGER full BEFORE INSERT ON placet_audit WHEN NEW.request_id = '{second.id}'"
        " BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )
    mine.execute("BEGIN IMMEDIATE")
    mine.execute("INSERT INTO tickets VALUES ('kept')")
    with pytest.raises(StoreError, match="no room"):
        gov.within(mine).execute_many([first.id, second.id], by="runner")
    mine.execute("COMMIT")
    assert tickets(mine) == ["kept"]
    assert gov.get_request(first.id) == first
    assert gov.get_state(HOUSE).version == 1
    mine.execute("DROP TRIGGER temp.full")
    assert all(item.executed for item in gov.execute_many([first.id, second.id], by="runner"))
    assert gov.verify().ok


# ---- what must be there


def test_without_an_open_transaction_it_is_refused_with_the_line_to_write(
    gov: Governance, mine: sqlite3.Connection
) -> None:
    with pytest.raises(ConfigurationError, match="^no transaction is open on this connection: execute BEGIN"):
        gov.within(mine)


def test_after_the_commit_the_joined_governance_is_over(gov: Governance, mine: sqlite3.Connection) -> None:
    request = approved(gov)
    mine.execute("BEGIN IMMEDIATE")
    joined = gov.within(mine)
    mine.execute("COMMIT")
    with pytest.raises(ConfigurationError, match="no transaction is open"):
        execute(joined, request)
    assert gov.get_request(request.id) == request
    mine.execute("BEGIN IMMEDIATE")
    assert execute(joined, request).executed, "in the next transaction it works again"
    mine.execute("ROLLBACK")


def test_a_file_without_the_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SchemaVersionError, match="open it once with Governance.open"):
            JoinedSqliteStore(other)
        assert other.in_transaction
        assert other.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_a_newer_schema_is_refused(gov: Governance, mine: sqlite3.Connection) -> None:
    mine.execute("BEGIN IMMEDIATE")
    mine.execute("INSERT INTO placet_schema VALUES (99)")
    with pytest.raises(SchemaVersionError, match="its format is 99"):
        gov.within(mine)
    mine.execute("ROLLBACK")


@pytest.mark.parametrize("what", [None, "app.db", object()])
def test_what_is_no_connection_is_refused(gov: Governance, what: Any) -> None:  # noqa: ANN401 - that it may be anything is the point
    with pytest.raises(ConfigurationError, match=r"no sqlite3\.Connection"):
        gov.within(what)


def test_a_closed_connection_is_unavailable(gov: Governance, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        joined = gov.within(other)
    for call in (
        lambda: joined.get_state(HOUSE),
        joined.verify,
        lambda: joined.submit(Awkward(), to=HOUSE, by="bob"),
        lambda: gov.within(other),
    ):
        with pytest.raises(StoreUnavailableError, match="closed"):
            call()
    with pytest.raises(StoreUnavailableError, match="^the joined connection: Cannot operate on a closed"):
        joined.submit(Awkward(), to=HOUSE, by="bob")
    with pytest.raises(StoreUnavailableError, match=f"^{path}: Cannot operate on a closed"):
        gov.within(other)


@pytest.mark.parametrize("denied", [sqlite3.SQLITE_READ, sqlite3.SQLITE_SAVEPOINT])
def test_what_its_driver_refuses_is_said_of_the_joined_connection(mine: sqlite3.Connection, denied: int) -> None:
    mine.execute("BEGIN IMMEDIATE")
    mine.set_authorizer(lambda action, *_: sqlite3.SQLITE_DENY if action == denied else sqlite3.SQLITE_OK)
    with pytest.raises(StoreError, match="^the joined connection: "), JoinedSqliteStore(mine).unit():
        pytest.fail("it was let in")
    mine.set_authorizer(None)


def test_a_connection_of_another_thread_is_unavailable(gov: Governance, mine: sqlite3.Connection) -> None:
    mine.execute("BEGIN IMMEDIATE")
    joined = gov.within(mine)
    raised: list[PlacetError] = []

    def work() -> None:
        for call in (lambda: joined.get_state(HOUSE), lambda: joined.submit(Awkward(), to=HOUSE, by="bob")):
            try:
                call()
            except PlacetError as error:
                raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    mine.execute("ROLLBACK")
    assert [type(error) for error in raised] == [StoreUnavailableError] * 2


def test_a_read_only_connection_is_said_to_be_one(gov: Governance, path: Path) -> None:
    request = approved(gov)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as other:
        other.execute("BEGIN")
        joined = gov.within(other)
        assert joined.get_request(request.id) == request
        with pytest.raises(StoreReadOnlyError):
            execute(joined, request)
    assert gov.get_request(request.id) == request


def test_a_transaction_that_read_before_another_wrote_is_told_to_begin_again(
    gov: Governance, mine: sqlite3.Connection
) -> None:
    request = approved(gov)
    mine.execute("BEGIN")  # not IMMEDIATE
    joined = gov.within(mine)
    assert joined.get_request(request.id) == request
    gov.create_state("other:roles", gov.get_state(HOUSE).state)
    with pytest.raises(StoreUnavailableError, match="roll back, BEGIN IMMEDIATE"):
        execute(joined, request)
    mine.execute("ROLLBACK")
    mine.execute("BEGIN IMMEDIATE")
    assert execute(joined, request).executed
    mine.execute("COMMIT")
    assert gov.verify().ok


# ---- the caller's own settings


def as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip([column[0] for column in cursor.description], row, strict=True))


@pytest.mark.parametrize("row_factory", [sqlite3.Row, as_dict])
def test_the_callers_row_factory_is_neither_used_nor_changed(
    gov: Governance,
    mine: sqlite3.Connection,
    row_factory: Any,  # noqa: ANN401 - the driver's own type
) -> None:
    request = approved(gov)
    mine.row_factory = row_factory
    mine.execute("BEGIN IMMEDIATE")
    joined = gov.within(mine)
    assert execute(joined, request).executed
    assert joined.verify().ok
    mine.execute("COMMIT")
    assert mine.row_factory is row_factory
    assert gov.get_request(request.id).status is Status.EXECUTED


def test_a_connection_that_gives_text_as_bytes_is_refused(gov: Governance, mine: sqlite3.Connection) -> None:
    mine.text_factory = bytes
    mine.execute("BEGIN IMMEDIATE")
    with pytest.raises(ConfigurationError, match="set it to str"):
        gov.within(mine)
    mine.execute("ROLLBACK")


def test_pythons_own_implicit_transactions_will_do(gov: Governance, mine: sqlite3.Connection, path: Path) -> None:
    request = approved(gov)
    assert tickets(mine) == []
    with closing(sqlite3.connect(path)) as legacy:  # begins by itself before the first INSERT
        with legacy:
            with pytest.raises(ConfigurationError, match="no transaction is open"):
                gov.within(legacy)
            legacy.execute("INSERT INTO tickets VALUES ('kept')")
            assert execute(gov.within(legacy), request).executed
            assert legacy.in_transaction
            assert gov.get_request(request.id) == request
        assert tickets(mine) == ["kept"]
        assert gov.get_request(request.id).status is Status.EXECUTED
        with pytest.raises(LookupError), legacy:
            submit_and_raise(gov, legacy)
    assert len(gov.find_requests()) == 1
    assert tickets(mine) == ["kept"]
    assert gov.verify().ok


def submit_and_raise(gov: Governance, legacy: sqlite3.Connection) -> None:
    legacy.execute("INSERT INTO tickets VALUES ('lost')")
    gov.within(legacy).submit(Awkward(), to=HOUSE, by="bob")
    raise LookupError


def test_closing_the_joined_governance_leaves_the_connection_to_the_caller(
    gov: Governance, mine: sqlite3.Connection
) -> None:
    mine.execute("BEGIN IMMEDIATE")
    with gov.within(mine) as joined:
        made = joined.submit(Awkward(), to=HOUSE, by="bob")
    assert mine.in_transaction
    mine.execute("COMMIT")
    assert gov.get_request(made.id) == made


def test_it_says_no_more_of_the_connection_than_that_it_is_joined(mine: sqlite3.Connection) -> None:
    mine.execute("BEGIN")
    assert repr(JoinedSqliteStore(mine)) == "JoinedSqliteStore()"


def test_a_connection_to_another_database_is_refused(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'one.db'}") as one, opened(f"sqlite:///{tmp_path / 'two.db'}") as two:
        other = sqlite3.connect(tmp_path / "two.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConfigurationError, match="leads to another database"):
            one.within(other)
        assert two.within(other).get_state(HOUSE).version == 1
        other.execute("ROLLBACK")
        other.close()

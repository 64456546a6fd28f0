"""One contract for every store: what goes in comes out exactly, first come first served, all of a write or nothing."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import HOUSE, approved, opened
from placet.errors import (
    AlreadyExistsError,
    ConfigurationError,
    IntegrityError,
    OpenReviewError,
    RevisionConflictError,
    StoreUnavailableError,
    VersionConflictError,
)
from placet.model.approval import Approval
from placet.model.canonical import Link
from placet.model.mutation import Intent
from placet.model.request import TERMINAL, MutationRequest, Status, to_micros
from placet.model.terms import OnDrift
from placet.model.trail import Ledger
from placet.model.writes import Writes
from placet.store.memory import MemoryStore
from placet.store.port import REQUESTS, STATES, TERMS, Filter, Position, Reader, Store, Unit
from placet.store.sqlite import SqliteStore
from placet.testing.rows import NOON, a_link, a_request, a_state, a_terms

UNICODE = "zażółć 🏠 ß\u0301 \u2028 'quoted' \"twice\" %_ \\"
MAKERS = [MemoryStore, lambda: SqliteStore(":memory:")]
every_store = pytest.mark.parametrize("make", MAKERS, ids=["memory", "sqlite"])


def request(request_id: str = "r-1", *, terms: dict[str, Any] | None = None, **columns: Any) -> MutationRequest:  # noqa: ANN401 - columns of MutationRequest
    """Build a request as it could be stored, at revision 1 unless said otherwise."""
    agreed = a_terms(request_id, **({"number": columns.get("terms_number", 1)} | (terms or {})))
    return a_request(agreed, **columns)


def insert(store: Store, *requests: MutationRequest) -> None:
    with store.unit() as unit:
        for each in requests:
            unit.write(Writes(request=each, new_terms=True))


def update(store: Store, changed: MutationRequest, revision: int) -> None:
    with store.unit() as unit:
        unit.write(Writes(request=changed, revision=revision))


def contents(reader: Reader) -> dict[str, Any]:
    """Give everything a store holds, through the port."""
    requests = reader.keys(REQUESTS, "", 1000)
    states = reader.keys(STATES, "", 1000)
    ledgers = {
        (ledger, owner): list(reader.links(ledger, owner))
        for ledger in Ledger
        for owner in reader.keys(ledger, "", 1000)
    }
    return {
        "requests": {each: reader.request(each) for each in requests},
        "states": {each: reader.state(each) for each in states},
        "ledgers": ledgers,
        "terms": {each: list(reader.terms(each)) for each in reader.keys(TERMS, "", 1000)},
    }


def everything(store: Store) -> dict[str, Any]:
    with store.view() as reader:
        return contents(reader)


@contextmanager
def nothing_changes(store: Store) -> Iterator[None]:
    before = everything(store)
    yield
    assert everything(store) == before


@contextmanager
def undone(store: Store) -> Iterator[Unit]:
    """Open a unit of work that raises at its end."""
    on_purpose = LookupError("on purpose")
    with suppress(LookupError), store.unit() as unit:
        yield unit
        raise on_purpose


FULL = request(
    "r-full",
    terms={
        "reason": UNICODE,
        "intent": Intent("grant-role", description=UNICODE, tags=("STRASSE", "ß")),
        "on_behalf_of": "eve",
        "expires_at": NOON + timedelta(days=1, microseconds=1),
        "approval_covers": "effect",
        "on_drift": OnDrift.KEEP_IF_SAME_EFFECT,
        "fallback": OnDrift.REVALIDATE,
        "requirements": (Approval(2, roles=("owner",)), Approval(1, groups=("board",))),
    },
    revision=7,
    status=Status.EXECUTED,
    head="f" * 64,
    created_at=datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    updated_at=datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    terms_number=3,
    attempts=4,
    failures=2,
    audits=5,
    audit_head="e" * 64,
    validated_version=11,
    resolved_version=12,
    resulting_version=2**63 - 1,
    execution_id="x-1",
    held="waiting for " + UNICODE,
    successor="r-next",
    due_at=NOON + timedelta(hours=1, microseconds=1),
    emergency_by="eve " + UNICODE.strip(),
    review="open",
    idempotency_key="key " + UNICODE.strip(),
    asked="d" * 64,
    correlation_id="c-1",
    metadata_json='{"note":"' + "łódź" + '"}',
)


# ---- requests


@pytest.mark.parametrize("row", [request(), FULL], ids=["empty", "full"])
def test_a_request_comes_back_exactly(store: Store, row: MutationRequest) -> None:
    insert(store, row)
    with store.view() as reader:
        found = reader.request(row.id)
        assert found is not None
        for column in fields(row):
            assert getattr(found, column.name) == getattr(row, column.name), column.name
        assert list(reader.find(Filter(), 10)) == [row]
        assert found.terms == row.terms


def test_none_and_the_empty_string_are_two_things(store: Store) -> None:
    insert(store, request("r-none"), request("r-empty", execution_id="", successor="", idempotency_key=""))
    with store.view() as reader:
        none, empty = reader.request("r-none"), reader.request("r-empty")
        assert none is not None
        assert empty is not None
        assert (none.execution_id, none.successor, none.idempotency_key) == (None, None, None)
        assert (empty.execution_id, empty.successor, empty.idempotency_key) == ("", "", "")
        assert reader.request_by_key("") == empty


def test_what_is_not_there_is_none(store: Store) -> None:
    with store.view() as reader:
        assert reader.request("r-1") is None
        assert reader.request_by_key("key") is None
        assert reader.state(HOUSE) is None
        assert reader.last_link(Ledger.AUDIT, "r-1") is None
        assert list(reader.links(Ledger.AUDIT, "r-1")) == []
        assert list(reader.keys(REQUESTS, "", 10)) == []
        assert list(reader.find(Filter(), 10)) == []


def test_a_taken_request_id_is_refused_with_advice(store: Store) -> None:
    insert(store, request(idempotency_key="key"))
    with nothing_changes(store), pytest.raises(AlreadyExistsError) as caught:
        insert(store, request(idempotency_key="other", held="second"))
    assert str(caught.value) == "there is a request 'r-1' already; leave request_id= out to get a new one"


def test_a_taken_idempotency_key_is_refused_and_frees_nothing(store: Store) -> None:
    insert(store, request(idempotency_key="key"))
    with nothing_changes(store), pytest.raises(AlreadyExistsError) as caught:
        insert(store, request("r-2", idempotency_key="key"))
    assert str(caught.value) == "idempotency key 'key' is taken"
    with store.view() as reader:
        found = reader.request_by_key("key")
    assert found is not None
    assert found.id == "r-1"


def test_where_both_are_taken_the_key_is_named(store: Store) -> None:
    insert(store, request(idempotency_key="key"))
    with pytest.raises(AlreadyExistsError, match="idempotency key 'key' is taken"):
        insert(store, request(idempotency_key="key"))


def test_an_undone_insert_frees_its_id_and_key(store: Store) -> None:
    row = request(idempotency_key="key")
    with undone(store) as unit:
        unit.write(Writes(request=row, new_terms=True))
        assert unit.request_by_key("key") == row
    with store.view() as reader:
        assert reader.request_by_key("key") is None
    insert(store, row)
    with store.view() as reader:
        assert reader.request_by_key("key") == row


def test_an_update_at_the_revision_read_is_kept(store: Store) -> None:
    row = request(idempotency_key="key")
    insert(store, row)
    moved = replace(
        row,
        revision=2,
        status=Status.EXECUTED,
        head="next",
        updated_at=NOON + timedelta(seconds=1),
        attempts=1,
        failures=1,
        audits=1,
        audit_head="a",
        validated_version=1,
        resolved_version=1,
        resulting_version=2,
        execution_id="x",
        held="why",
        successor="s",
        due_at=NOON + timedelta(hours=1),
        emergency_by="eve",
        review="open",
    )
    update(store, moved, revision=1)
    with store.view() as reader:
        assert reader.request("r-1") == moved
        assert reader.request_by_key("key") == moved


@pytest.mark.parametrize("revision", [1, 3, 99])
def test_an_update_at_another_revision_is_refused_and_writes_nothing(store: Store, revision: int) -> None:
    insert(store, request(revision=2))
    changed = request(revision=revision + 1, held="lost")
    with nothing_changes(store), pytest.raises(RevisionConflictError) as caught, store.unit() as unit:
        unit.write(
            Writes(request=changed, revision=revision, decisions=(a_link(9),), state=a_state(), history=(a_link(1),))
        )
    assert (caught.value.request_id, caught.value.revision) == ("r-1", revision)


def test_an_update_of_a_request_that_is_not_there_is_a_conflict(store: Store) -> None:
    with nothing_changes(store), pytest.raises(RevisionConflictError):
        update(store, request(revision=2), revision=1)


def test_renewed_terms_are_added_and_the_last_ones_are_read(store: Store) -> None:
    row = request()
    insert(store, row)
    renewed = replace(row.with_terms(replace(row.terms, number=2, expected_version=5)), revision=2)
    with store.unit() as unit:
        unit.write(Writes(request=renewed, revision=1, new_terms=True))
    with store.view() as reader:
        found = reader.request("r-1")
    assert found == renewed
    assert found is not None
    assert (found.terms_number, found.terms.expected_version) == (2, 5)


def test_all_terms_of_a_request_come_in_order_of_their_number(store: Store) -> None:
    row, bodies = request(), []
    insert(store, request("r-0"), row, request("r-10"))
    for revision in range(1, 13):
        bodies.append(row.terms_json)
        row = replace(row.with_terms(replace(row.terms, number=revision + 1)), revision=revision + 1)
        with store.unit() as unit:
            unit.write(Writes(request=row, revision=revision, new_terms=True))
            assert unit.terms("r-1")[-1] == row.terms_json
    with store.view() as reader:
        assert list(reader.terms("r-1")) == [*bodies, row.terms_json]
        assert list(reader.terms("r-10")) == [request("r-10").terms_json]
        assert list(reader.terms("r-99")) == []


def test_terms_that_were_undone_are_not_there(store: Store) -> None:
    row = request()
    renewed = replace(row.with_terms(replace(row.terms, number=2, expected_version=5)), revision=2)
    with undone(store) as unit:
        unit.write(Writes(request=row, new_terms=True))
        unit.write(Writes(request=renewed, revision=1, new_terms=True))
    with store.view() as reader:
        assert list(reader.keys(TERMS, "", 10)) == []
        assert list(reader.terms("r-1")) == []
    insert(store, row)
    with undone(store) as unit:
        unit.write(Writes(request=renewed, revision=1, new_terms=True))
    with store.view() as reader:
        assert list(reader.keys(TERMS, "", 10)) == ["r-1"]
        assert list(reader.terms("r-1")) == [row.terms_json]


def test_terms_where_a_row_stands_already_are_a_planted_row_and_nothing_is_written(store: Store) -> None:
    insert(store, request())
    again = request(revision=2, held="moved")
    with nothing_changes(store), pytest.raises(IntegrityError) as caught, store.unit() as unit:
        unit.write(Writes(request=again, revision=1, new_terms=True, decisions=(a_link(1),)))
    planted = ("placet_terms", "r-1#1", "a row stands there already, which placet did not write")
    assert (caught.value.table, caught.value.row, caught.value.rule) == planted


# ---- reviews of emergencies


def broken(request_id: str, by: str = "eve", revision: int = 1, **columns: Any) -> MutationRequest:  # noqa: ANN401 - columns of MutationRequest
    """Build a request that somebody executed past its requirements, and nobody has reviewed."""
    return request(request_id, emergency_by=by, revision=revision, **({"review": "open"} | columns))


def test_a_second_open_review_of_the_same_person_is_refused_and_writes_nothing(store: Store) -> None:
    insert(store, broken("r-1"), request("r-2"))
    second = broken("r-2", revision=2)
    writes = Writes(request=second, revision=1, decisions=(a_link(9, "r-2"),), state=a_state(), history=(a_link(1),))
    with nothing_changes(store), pytest.raises(OpenReviewError) as caught, store.unit() as unit:
        unit.write(writes)
    assert caught.value.actor_id == "eve"


def test_a_new_request_with_a_second_open_review_is_refused_for_that_reason(store: Store) -> None:
    insert(store, broken("r-1"))
    with nothing_changes(store), pytest.raises(OpenReviewError) as caught:
        insert(store, broken("r-2"))
    assert caught.value.actor_id == "eve"


def test_a_refused_open_review_leaves_the_rest_of_its_unit_of_work_alone(store: Store) -> None:
    insert(store, broken("r-1"), request("r-2"))
    with store.unit() as unit:
        with pytest.raises(OpenReviewError):
            unit.write(Writes(request=broken("r-2", revision=2), revision=1))
        unit.write(Writes(request=request("r-2", revision=2, held="why"), revision=1))
    with store.view() as reader:
        assert reader.request("r-2") == request("r-2", revision=2, held="why")


def test_closing_the_first_review_makes_room_for_another(store: Store) -> None:
    insert(store, broken("r-1"), request("r-2"))
    update(store, broken("r-1", revision=2, review="closed"), revision=1)
    update(store, broken("r-2", revision=2), revision=1)
    with store.view() as reader:
        assert [row.id for row in reader.find(Filter(review="open", emergency_by="eve"), 5)] == ["r-2"]


def test_closing_a_review_that_is_undone_makes_no_room(store: Store) -> None:
    insert(store, broken("r-1"), request("r-2"))
    with undone(store) as unit:
        unit.write(Writes(request=broken("r-1", revision=2, review="closed"), revision=1))
        unit.write(Writes(request=broken("r-2", revision=2), revision=1))
    with pytest.raises(OpenReviewError):
        update(store, broken("r-2", revision=2), revision=1)


def test_an_open_review_is_not_in_its_own_way_nor_in_that_of_others(store: Store) -> None:
    insert(store, broken("r-1"), request("r-2"), broken("r-3", review="closed"), broken("r-4", review=""))
    update(store, broken("r-1", revision=2, held="spoken of"), revision=1)
    update(store, broken("r-2", by="EVE", revision=2), revision=1)
    with store.view() as reader:
        assert [row.id for row in reader.find(Filter(review="open"), 5)] == ["r-2", "r-1"]


# ---- states


def test_a_state_comes_back_exactly(store: Store) -> None:
    row = a_state(body=f'{{"members":{{"{UNICODE[:8]}":"admin"}}}}'.encode())
    with store.unit() as unit:
        unit.write(Writes(state=row))
        assert unit.state(HOUSE) == row
    with store.view() as reader:
        assert reader.state(HOUSE) == row


def test_a_taken_state_id_is_refused_with_advice(store: Store) -> None:
    with store.unit() as unit:
        unit.write(Writes(state=a_state()))
    with nothing_changes(store), pytest.raises(AlreadyExistsError) as caught, store.unit() as unit:
        unit.write(Writes(state=a_state(body=b"{}")))
    assert str(caught.value) == f"there is a state {HOUSE!r} already; submit a mutation to change it"


@pytest.mark.parametrize("version", [1, 3])
def test_a_state_moves_only_from_the_version_it_was_read_at(store: Store, version: int) -> None:
    with store.unit() as unit:
        unit.write(Writes(state=a_state(2)))
    with nothing_changes(store), pytest.raises(VersionConflictError) as caught, store.unit() as unit:
        unit.write(Writes(state=a_state(version + 1, body=b"{}"), version=version))
    assert (caught.value.state_id, caught.value.version) == (HOUSE, version)
    with store.unit() as unit:
        unit.write(Writes(state=a_state(3, body=b"{}"), version=2))
    with store.view() as reader:
        assert reader.state(HOUSE) == a_state(3, body=b"{}")


def test_a_state_that_is_not_there_does_not_move(store: Store) -> None:
    with nothing_changes(store), pytest.raises(VersionConflictError), store.unit() as unit:
        unit.write(Writes(state=a_state(2), version=1))


# ---- ledgers


def wrote(ledger: Ledger, *links: Link) -> Writes:
    """Give the write that adds links to a ledger, and does nothing else."""
    match ledger:
        case Ledger.DECISIONS:
            return Writes(decisions=links)
        case Ledger.AUDIT:
            return Writes(audit=links)
        case Ledger.HISTORY:
            return Writes(history=links)


@pytest.mark.parametrize("ledger", list(Ledger))
def test_a_ledger_keeps_its_links_in_order_and_apart(store: Store, ledger: Ledger) -> None:
    mine = [a_link(seq, body=f'{{"n":{seq}}}'.encode()) for seq in range(1, 13)]
    with store.unit() as unit:
        unit.write(wrote(ledger, *mine[:2]))
        unit.write(wrote(ledger, a_link(1, "r-10")))
        unit.write(wrote(ledger, *mine[2:]))
        assert list(unit.links(ledger, "r-1")) == mine
    with store.view() as reader:
        assert list(reader.links(ledger, "r-1")) == mine
        assert reader.last_link(ledger, "r-1") == mine[-1]
        assert reader.last_link(ledger, "r-10") == a_link(1, "r-10")
        for other in set(Ledger) - {ledger}:
            assert list(reader.links(other, "r-1")) == []


@pytest.mark.parametrize("ledger", list(Ledger))
@pytest.mark.parametrize("after", range(6))
@pytest.mark.parametrize("limit", [None, 0, 1, 2, 9])
def test_links_begin_after_a_place_and_end_at_a_limit(
    store: Store, ledger: Ledger, after: int, limit: int | None
) -> None:
    mine = [a_link(seq) for seq in (1, 2, 4, 5)]  # a table of the user's own leaves gaps in its history
    with store.unit() as unit:
        unit.write(wrote(ledger, *mine))
    with store.view() as reader:
        assert list(reader.links(ledger, "r-1", after, limit)) == [each for each in mine if each.seq > after][:limit]


@pytest.mark.parametrize("ledger", list(Ledger))
@pytest.mark.parametrize("taken", [1, 2])
def test_a_taken_place_in_a_ledger_is_a_planted_row_and_nothing_is_written(
    store: Store, ledger: Ledger, taken: int
) -> None:
    with store.unit() as unit:
        unit.write(wrote(ledger, a_link(1), a_link(2)))
    with nothing_changes(store), pytest.raises(IntegrityError) as caught, store.unit() as unit:
        unit.write(wrote(ledger, a_link(3), a_link(taken, body=b'{"forged":true}')))
    planted = (ledger, f"r-1#{taken}", "a row stands there already, which placet did not write")
    assert (caught.value.table, caught.value.row, caught.value.rule) == planted


@pytest.mark.parametrize("ledger", list(Ledger))
def test_a_ledger_that_two_links_of_one_write_fight_over_is_left_alone(store: Store, ledger: Ledger) -> None:
    with nothing_changes(store), pytest.raises(IntegrityError) as caught, store.unit() as unit:
        unit.write(wrote(ledger, a_link(1), a_link(2), a_link(2)))
    assert caught.value.row == "r-1#2"


def test_an_undone_link_that_came_before_others_leaves_those(store: Store) -> None:
    with store.unit() as unit:
        unit.write(wrote(Ledger.AUDIT, a_link(1), a_link(3)))
    with nothing_changes(store), undone(store) as unit:
        unit.write(wrote(Ledger.AUDIT, a_link(2)))


# ---- atomicity

STEP = Writes(
    request=request(idempotency_key="key"),
    new_terms=True,
    decisions=(a_link(1),),
    audit=(a_link(1),),
    state=a_state(),
    history=(a_link(1, HOUSE),),
)
FAILURES: dict[str, tuple[Writes, type[Exception]]] = {
    "request": (Writes(request=request(revision=6), revision=5), RevisionConflictError),
    "key": (Writes(request=request("r-2", idempotency_key="key"), new_terms=True), AlreadyExistsError),
    "state": (Writes(request=request("r-2"), new_terms=True, state=a_state(8), version=7), VersionConflictError),
    "decisions": (
        Writes(request=request("r-2"), new_terms=True, state=a_state(2), version=1, decisions=(a_link(1),)),
        IntegrityError,
    ),
    "audit": (
        Writes(request=request("r-2"), new_terms=True, decisions=(a_link(1, "r-2"),), audit=(a_link(1),)),
        IntegrityError,
    ),
    "history": (
        Writes(
            request=replace(request(held="moved", idempotency_key="key"), revision=2),
            revision=1,
            decisions=(a_link(2),),
            audit=(a_link(2),),
            state=a_state(2),
            version=1,
            history=(a_link(2, HOUSE), a_link(1, HOUSE)),
        ),
        IntegrityError,
    ),
}


@pytest.mark.parametrize("part", FAILURES)
def test_a_write_whose_later_part_fails_leaves_no_earlier_part(store: Store, part: str) -> None:
    failing, error = FAILURES[part]
    with store.unit() as unit:
        unit.write(STEP)
    with nothing_changes(store), store.unit() as unit:
        before = contents(unit)
        with pytest.raises(error):
            unit.write(failing)
        assert contents(unit) == before


@pytest.mark.parametrize("part", FAILURES)
def test_a_unit_goes_on_after_a_write_that_failed(store: Store, part: str) -> None:
    failing, error = FAILURES[part]
    with store.unit() as unit:
        unit.write(STEP)
        for _ in range(3):
            with pytest.raises(error):
                unit.write(failing)
        unit.write(Writes(request=request("r-3"), new_terms=True, decisions=(a_link(1, "r-3"),)))
    found = everything(store)
    assert sorted(found["requests"]) == ["r-1", "r-3"]
    assert found["states"] == {HOUSE: a_state()}
    assert found["ledgers"][Ledger.DECISIONS, "r-3"] == [a_link(1, "r-3")]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_every_write_of_a_unit_that_raises_is_undone(store: Store, error: type[BaseException]) -> None:
    with store.unit() as unit:
        unit.write(STEP)
    changes = (
        Writes(request=request("r-2"), new_terms=True, decisions=(a_link(1, "r-2"),)),
        Writes(request=replace(request(idempotency_key="key"), revision=2), revision=1, decisions=(a_link(2),)),
        Writes(state=a_state(2, body=b"{}"), version=1, history=(a_link(2, HOUSE),)),
        Writes(state=a_state(3, body=b"[]"), version=2, audit=(a_link(2), a_link(3))),
    )

    def raise_at_the_end() -> None:
        with store.unit() as unit:
            for each in changes:
                unit.write(each)
            assert contents(unit)["states"][HOUSE].version == 3
            raise error

    with nothing_changes(store), pytest.raises(error):
        raise_at_the_end()
    with store.unit() as unit:
        for each in changes:
            unit.write(each)
    assert everything(store)["states"][HOUSE].version == 3


def test_a_unit_reads_what_it_wrote(store: Store) -> None:
    with store.unit() as unit:
        unit.write(STEP)
        assert unit.request("r-1") == STEP.request
        assert unit.request_by_key("key") == STEP.request
        assert list(unit.find(Filter(state_id=HOUSE), 5)) == [STEP.request]
        assert unit.last_link(Ledger.HISTORY, HOUSE) == a_link(1, HOUSE)


def test_a_unit_inside_a_unit_is_refused_and_the_outer_one_goes_on(store: Store) -> None:
    with store.unit() as unit:
        with pytest.raises(ConfigurationError) as caught, store.unit():
            pytest.fail("a unit was begun inside a unit")
        assert str(caught.value) == "a unit of work is open in this thread: a policy must not call Governance"
        unit.write(STEP)
    with store.view() as reader:
        assert reader.request("r-1") == STEP.request


def test_after_a_unit_that_raised_another_can_begin(store: Store) -> None:
    with undone(store):
        pass
    insert(store, request())


# ---- views


def test_a_view_in_the_thread_of_a_unit_sees_what_that_has_written(store: Store) -> None:
    with store.unit() as unit:
        unit.write(STEP)
        with store.view() as reader:
            assert reader.request("r-1") == STEP.request


def test_a_view_never_sees_half_a_unit(store: Store) -> None:
    """One thread moves two states together; another must always see them at the same version."""
    pair = ("left", "right")
    with store.unit() as unit:
        for side in pair:
            unit.write(Writes(state=a_state(1, side)))
    stop = threading.Event()
    torn: list[tuple[int, ...]] = []
    looks = 0

    def look() -> None:
        nonlocal looks
        while not stop.is_set() or not looks:
            with store.view() as reader:
                seen = tuple(found.version for side in pair if (found := reader.state(side)))
            looks += 1
            if len(set(seen)) != 1:
                torn.append(seen)

    reading = threading.Thread(target=look)
    reading.start()
    try:
        for version in range(2, 40):
            with store.unit() as unit:
                for side in pair:
                    unit.write(Writes(state=a_state(version, side), version=version - 1))
    finally:
        stop.set()
        reading.join()
    assert torn == []
    assert looks


def test_a_view_of_sqlite_stays_as_it_was_while_another_thread_writes(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "placet.db")
    insert(store, request())
    with store.view() as reader:
        before = contents(reader)
        writing = threading.Thread(target=insert, args=(store, request("r-2")))
        writing.start()
        writing.join()
        assert contents(reader) == before
    with store.view() as reader:
        assert reader.request("r-2") == request("r-2")
    store.close()


@every_store
def test_inside_a_view_a_unit_of_work_may_begin_and_is_kept_or_undone(make: Callable[[], Store]) -> None:
    with closing(make()) as store:
        with store.view():
            insert(store, request("r-1"))
            with undone(store) as unit:
                unit.write(Writes(request=request("r-2"), new_terms=True))
            insert(store, request("r-3"))
        assert sorted(everything(store)["requests"]) == ["r-1", "r-3"]


def test_views_may_be_open_inside_each_other(store: Store) -> None:
    insert(store, request())
    with store.view() as outer, store.view() as inner:
        assert outer.request("r-1") == inner.request("r-1") == request()


def test_many_threads_may_open_views_at_once(store: Store) -> None:
    insert(store, request())
    together = threading.Barrier(8)
    wrong: list[BaseException | MutationRequest | None] = []

    def look() -> None:
        together.wait()
        for _ in range(100):
            try:
                with store.view() as reader:
                    found = reader.request("r-1")
            except Exception as error:  # noqa: BLE001 - whatever a thread raises must fail the test, not the thread
                wrong.append(error)
            else:
                if found != request():
                    wrong.append(found)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_is_handed_out_cannot_change_what_is_kept(store: Store) -> None:
    insert(store, request())
    with store.unit() as unit:
        unit.write(wrote(Ledger.DECISIONS, a_link(1)))
    with store.view() as reader:
        found = reader.request("r-1")
        found.__dict__["held"] = "tampered"
        handed = reader.links(Ledger.DECISIONS, "r-1")
        if isinstance(handed, list):
            handed.clear()
    with store.view() as reader:
        assert reader.request("r-1") == request()
        assert len(reader.links(Ledger.DECISIONS, "r-1")) == 1


# ---- find


def paged(reader: Reader, wanted: Filter, size: int) -> list[MutationRequest]:
    """Find everything, page by page."""
    found: list[MutationRequest] = []
    after: Position | None = None
    while page := reader.find(wanted, size, after):
        assert len(page) <= size
        found += page
        assert len(found) <= 1000, "the pages do not move on"
        after = (to_micros(page[-1].created_at), page[-1].id)
    return found


def matching(row: MutationRequest, wanted: Filter) -> bool:
    """Say in the plainest words what a filter means."""
    created = to_micros(row.created_at)
    return all(
        [
            wanted.status is None or row.status is wanted.status,
            wanted.state_id is None or row.filed.state_id == wanted.state_id,
            wanted.requester is None or row.filed.requester == wanted.requester,
            wanted.text is None or wanted.text in row.filed.text,
            wanted.since is None or created >= wanted.since,
            wanted.until is None or created < wanted.until,
            wanted.review is None or row.review == wanted.review,
            wanted.emergency_by is None or row.emergency_by == wanted.emergency_by,
        ]
    )


MOMENTS = st.integers(-2, 2).map(lambda micros: NOON + timedelta(microseconds=micros))
MICROS = MOMENTS.map(to_micros)


@st.composite
def populations(draw: st.DrawFn) -> list[MutationRequest]:
    rows = []
    for number in draw(st.lists(st.integers(0, 30), unique=True, max_size=14)):
        status = draw(st.sampled_from(Status))
        done = {"resolved_version": 1, "resulting_version": 2, "execution_id": "x"}
        review = draw(st.sampled_from(["", "open", "closed"]))
        hasty = st.just(f"p-{number}") if review == "open" else st.sampled_from([None, "eve", "EVE"])
        columns = {
            "status": status,
            "created_at": draw(MOMENTS),
            "due_at": draw(st.none() | MOMENTS),
            "emergency_by": draw(hasty),
            "review": review,
        }
        terms = {
            "state_id": draw(st.sampled_from([HOUSE, "other", "oth"])),
            "requester": draw(st.sampled_from(["bob", "BOB"])),
            "reason": draw(st.sampled_from(["", "Straße", "STRASSE", "50%_off"])),
            "expires_at": draw(st.none() | MOMENTS),
        }
        rows.append(request(f"r-{number}", terms=terms, **columns, **(done if status is Status.EXECUTED else {})))
    return rows


FILTERS = st.builds(
    Filter,
    status=st.none() | st.sampled_from(Status),
    state_id=st.none() | st.sampled_from([HOUSE, "other", "nowhere"]),
    requester=st.none() | st.sampled_from(["bob", "BOB"]),
    text=st.none() | st.sampled_from(["", "strasse", "grant", "%", "_"]),
    since=st.none() | MICROS,
    until=st.none() | MICROS,
    review=st.none() | st.sampled_from(["open", "closed"]),
    emergency_by=st.none() | st.sampled_from(["eve", "EVE", "p-1", "nobody"]),
)


@every_store
@given(rows=populations(), wanted=FILTERS, size=st.integers(1, 4))
def test_find_gives_exactly_what_matches_newest_first_whatever_the_page_size(
    make: Callable[[], Store], rows: list[MutationRequest], wanted: Filter, size: int
) -> None:
    expected = [row for row in rows if matching(row, wanted)]
    expected.sort(key=lambda row: (row.created_at, row.id), reverse=True)
    store = make()
    try:
        insert(store, *rows)
        with store.view() as reader:
            assert paged(reader, wanted, size) == expected
            assert list(reader.find(wanted, 100)) == expected
    finally:
        store.close()


@every_store
@given(rows=populations(), until=MICROS, size=st.integers(1, 4))
def test_what_is_due_comes_by_its_deadline_the_earliest_first_whatever_the_page_size(
    make: Callable[[], Store], rows: list[MutationRequest], until: int, size: int
) -> None:
    due = [(to_micros(row.due_at), row.id) for row in rows if row.due_at is not None and row.status not in TERMINAL]
    store = make()
    try:
        insert(store, *rows)
        found: list[tuple[int, str]] = []
        with store.view() as reader:
            while page := reader.due(until, size, found[-1] if found else None):
                assert len(page) <= size
                found += [(to_micros(row.due_at), row.id) for row in page if row.due_at is not None]
        assert found == sorted(each for each in due if each[0] <= until)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Filter(), ["e", "d", "c", "b", "a"]),
        (Filter(status=Status.APPROVED), ["d", "b"]),
        (Filter(state_id="other"), ["e", "b"]),
        (Filter(requester="ann"), ["c", "b"]),
        (Filter(text="strasse"), ["e", "a"]),
        (Filter(since=to_micros(NOON)), ["e", "d", "c", "b"]),
        (Filter(until=to_micros(NOON)), ["a"]),
        (Filter(status=Status.APPROVED, state_id="other", requester="ann"), ["b"]),
        (Filter(review="open"), ["b", "a"]),
        (Filter(review="closed"), ["c"]),
        (Filter(emergency_by="eve"), ["d", "c", "b"]),
        (Filter(review="open", emergency_by="eve"), ["b"]),
        (Filter(review="open", state_id="other"), ["b"]),
        (Filter(review="open", emergency_by="root", status=Status.APPROVED), []),
        (Filter(requester="ann", review="closed"), ["c"]),
    ],
)
def test_each_filter_finds_what_it_says(store: Store, wanted: Filter, ids: list[str]) -> None:
    early, late = NOON - timedelta(microseconds=1), NOON + timedelta(days=1)
    insert(
        store,
        request(
            "a", terms={"reason": "Die STRASSE"}, due_at=early, created_at=early, emergency_by="root", review="open"
        ),
        request(
            "b",
            terms={"state_id": "other", "requester": "ann"},
            status=Status.APPROVED,
            emergency_by="eve",
            review="open",
        ),
        request("c", terms={"requester": "ann", "expires_at": late}, emergency_by="eve", review="closed"),
        request("d", terms={"expires_at": NOON}, status=Status.APPROVED, emergency_by="eve"),
        request("e", terms={"state_id": "other", "reason": "straße", "expires_at": early}, status=Status.EXPIRED),
    )
    with store.view() as reader:
        assert [row.id for row in reader.find(wanted, 10)] == ids


def test_what_is_due_goes_by_when_it_expires_as_it_stands_not_by_what_its_requester_set(store: Store) -> None:
    early, late = NOON - timedelta(microseconds=1), NOON + timedelta(days=1)
    insert(
        store,
        request("sooner", terms={"expires_at": late}, due_at=NOON),
        request("later", terms={"expires_at": early}, due_at=late),
        request("never", terms={"expires_at": early}, due_at=None),
    )
    with store.view() as reader:
        assert [row.id for row in reader.due(to_micros(NOON), 10)] == ["sooner"]
        assert [row.id for row in reader.due(to_micros(NOON) - 1, 10)] == []


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_period_is_paged_from_its_end_to_its_beginning(store: Store, size: int) -> None:
    moments = [NOON + timedelta(microseconds=number // 2) for number in range(10)]
    rows = [request(f"r-{number}", created_at=moment) for number, moment in enumerate(moments)]
    insert(store, *rows)
    period = Filter(since=to_micros(NOON) + 1, until=to_micros(NOON) + 4)
    with store.view() as reader:
        assert paged(reader, period, size) == rows[7:1:-1]


def test_whatever_its_id_a_request_made_at_the_end_of_a_period_is_not_in_it(store: Store) -> None:
    insert(store, request("A"), request("~"))
    with store.view() as reader:
        assert list(reader.find(Filter(until=to_micros(NOON)), 5)) == []


def test_a_request_made_between_two_pages_neither_repeats_nor_hides_another(store: Store) -> None:
    insert(store, *(request(f"r-{number}") for number in range(4)))
    with store.view() as reader:
        first = reader.find(Filter(), 2)
    insert(store, request("r-9"), request("r-0a", created_at=NOON - timedelta(days=1)))
    with store.view() as reader:
        rest = reader.find(Filter(), 9, (to_micros(first[-1].created_at), first[-1].id))
    assert [row.id for row in (*first, *rest)] == ["r-3", "r-2", "r-1", "r-0", "r-0a"]


@pytest.mark.parametrize("at", [10**30, -(10**30), 2**63, 2**63 - 1, -(2**63)])
def test_a_position_or_moment_beyond_every_calendar_is_only_a_position(store: Store, at: int) -> None:
    insert(store, request())
    beyond = at > 0
    with store.view() as reader:
        assert [row.id for row in reader.find(Filter(), 5, (at, "z"))] == (["r-1"] if beyond else [])
        assert [row.id for row in reader.find(Filter(until=at), 5)] == (["r-1"] if beyond else [])
        assert [row.id for row in reader.find(Filter(since=at), 5)] == ([] if beyond else ["r-1"])


@pytest.mark.parametrize("at", [10**30, -(10**30), 2**63, 2**63 - 1, -(2**63)])
def test_so_is_one_of_a_deadline(store: Store, at: int) -> None:
    insert(store, request(due_at=NOON))
    with store.view() as reader:
        assert [row.id for row in reader.due(at, 5)] == (["r-1"] if at > 0 else [])
        assert [row.id for row in reader.due(to_micros(NOON), 5, (at, "z"))] == ([] if at > 0 else ["r-1"])


# ---- keys

NAMES = ["A", "a", "a:1", "a:10", "a:2", "b", "ä", "漢", "😀"]  # in the order of their code points


@pytest.mark.parametrize("table", [STATES, REQUESTS, TERMS, *Ledger])
@pytest.mark.parametrize("size", [1, 2, 100])
def test_keys_come_in_order_of_code_points_page_by_page_each_once(store: Store, table: str, size: int) -> None:
    with store.unit() as unit:
        for name in reversed(NAMES):
            unit.write(
                Writes(
                    request=request(name),
                    new_terms=True,
                    state=a_state(state_id=name),
                    decisions=(a_link(1, name), a_link(2, name)),
                    audit=(a_link(1, name), a_link(2, name)),
                    history=(a_link(1, name), a_link(2, name)),
                )
            )
    found: list[str] = []
    with store.view() as reader:
        while page := reader.keys(table, found[-1] if found else "", size):
            found += page
    assert found == NAMES


@pytest.mark.parametrize("ledger", list(Ledger))
def test_a_ledger_whose_only_link_was_undone_has_no_key(store: Store, ledger: Ledger) -> None:
    with undone(store) as unit:
        unit.write(wrote(ledger, a_link(1)))
    with store.view() as reader:
        assert list(reader.keys(ledger, "", 10)) == []


def test_a_period_ends_before_its_end_whatever_the_ids_are(store: Store) -> None:
    ids = ["0", "A", "z", "\u2028"]
    insert(store, *(request(each) for each in ids))
    with store.view() as reader:
        assert list(reader.find(Filter(until=to_micros(NOON)), 9)) == []
        assert [row.id for row in reader.find(Filter(until=to_micros(NOON) + 1), 9)] == ids[::-1]


# ---- the end


def test_a_closed_store_says_so_and_can_be_closed_again(store: Store) -> None:
    insert(store, request())
    store.close()
    store.close()
    closed = "^(this store|the store on .+) was closed; open another$"
    with pytest.raises(StoreUnavailableError, match=closed), store.unit():
        pytest.fail("a unit was begun on a closed store")
    with pytest.raises(StoreUnavailableError, match=closed), store.view():
        pytest.fail("a view was opened on a closed store")
    assert repr(store).startswith(f"{type(store).__name__}("), "it can still be looked at"


def test_a_store_closed_while_a_view_is_open_lets_go_of_that_too(store: Store) -> None:
    """Whatever becomes of the view, the store is closed afterwards and leaves no connection behind."""
    insert(store, request())
    with store.view() as reader:
        store.close()
        found = reader.request("r-1") if isinstance(store, SqliteStore) else request()
    assert found == request()
    if isinstance(store, SqliteStore):
        assert store._readers == []
    with pytest.raises(StoreUnavailableError), store.view():
        pytest.fail("a view was opened on a closed store")


@every_store
def test_a_real_flow_through_governance_reads_back_the_same(make: Callable[[], Store]) -> None:
    """What the facade returned is what the port gives."""
    numbers = itertools.count(1)
    with opened(make(), clock=lambda: NOON, new_id=lambda: f"id-{next(numbers)}", timer=lambda: 0) as gov:
        row = approved(gov, reason=UNICODE, idempotency_key="key", metadata={"łódź": [1, None, ""]})
        done = gov.execute(row.id, by="runner").request
        found = everything(gov._context.store)
        assert found["requests"] == {row.id: done}
        assert found["requests"][row.id].metadata == {"łódź": [1, None, ""]}
        assert found["states"][HOUSE].version == 2
        assert [each.seq for each in found["ledgers"][Ledger.DECISIONS, row.id]] == list(range(1, done.revision + 1))
        assert [each.seq for each in found["ledgers"][Ledger.HISTORY, HOUSE]] == [1, 2]
        assert gov.verify().ok

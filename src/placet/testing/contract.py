"""The contract that every store keeps, as a class of tests to subclass."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path

import pytest

from placet.errors import (
    OpenReviewError,
    StoreUnavailableError,
)
from placet.model.request import MutationRequest, to_micros
from placet.model.trail import Ledger
from placet.model.writes import Writes
from placet.store.port import REQUESTS, STATES, TERMS, Filter, Position, Reader, Store
from placet.testing.faults import Crash, FaultStore, dies
from placet.testing.holdings import contents, contents_of
from placet.testing.rows import STATE_ID, a_link, a_request, a_state, a_terms
from placet.testing.samples import BEGUN, FOUND, FULL, MOVES, NAMES, POPULATION, REFUSALS, UNICODE


class StoreContract:
    """What every store keeps. Subclass it in a test module, give it `make_store`, and pytest runs it.

    ::

        class TestMyStore(StoreContract):
            def make_store(self, tmp_path: Path) -> Store:
                return MyStore(tmp_path / "my.db")
    """

    def make_store(self, tmp_path: Path) -> Store:
        """Make an empty store.

        Args:
            tmp_path: a folder of this test's own.
        """
        raise NotImplementedError("give your subclass of StoreContract a make_store()")

    def reopen_store(self, store: Store, tmp_path: Path) -> Store:
        """Give the store as another process finds it after a crash; override it where a store outlives its process.

        Args:
            store: the store that was in use, and is not used any more.
            tmp_path: the folder it was made in.

        Returns:
            The same store, unless you override it.
        """
        del tmp_path
        return store

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """An empty store, closed at the end."""
        made = self.make_store(tmp_path)
        yield made
        made.close()

    @pytest.mark.parametrize("row", [a_request(), FULL], ids=["plain", "full"])
    def test_a_request_comes_back_exactly(self, store: Store, row: MutationRequest) -> None:
        _write(store, Writes(request=row, new_terms=True))
        with store.view() as reader:
            found = reader.request(row.id)
            assert found is not None
            for column in fields(row):
                assert getattr(found, column.name) == getattr(row, column.name), column.name
            assert list(reader.find(Filter(), 9)) == [row]
            assert list(reader.terms(row.id)) == [row.terms_json]
            if row.idempotency_key is not None:
                assert reader.request_by_key(row.idempotency_key) == row

    def test_a_state_and_a_link_come_back_to_the_byte(self, store: Store) -> None:
        body = f'{{"m":"{UNICODE[:12]}"}}'.encode()
        _write(store, Writes(state=a_state(body=body), history=(a_link(1, STATE_ID, body),)))
        with store.view() as reader:
            assert reader.state(STATE_ID) == a_state(body=body)
            assert reader.last_link(Ledger.HISTORY, STATE_ID) == a_link(1, STATE_ID, body)

    def test_what_is_not_there_is_none(self, store: Store) -> None:
        assert contents(store) == {}
        with store.view() as reader:
            for found in (reader.request("r-1"), reader.request_by_key("key"), reader.state(STATE_ID)):
                assert found is None
            assert reader.last_link(Ledger.AUDIT, "r-1") is None

    @pytest.mark.parametrize("refusal", REFUSALS)
    def test_a_refused_write_leaves_nothing_and_its_unit_goes_on(self, store: Store, refusal: str) -> None:
        _write(store, BEGUN)
        writes, error = REFUSALS[refusal]
        with store.unit() as unit:
            before = contents_of(unit)
            for _ in range(2):
                with pytest.raises(error):
                    unit.write(writes)
                assert contents_of(unit) == before
            unit.write(Writes(request=a_request("r-3"), new_terms=True))
        assert contents(store) == before | {
            "request r-3": a_request("r-3"),
            "terms r-3": [a_request("r-3").terms_json],
        }

    def test_one_person_has_one_open_review_at_a_time(self, store: Store) -> None:
        _write(store, *(Writes(request=_broken(each), new_terms=True) for each in ("r-1", "r-2:x")))
        with _unchanged(store), pytest.raises(OpenReviewError):
            _write(store, Writes(request=_broken("r-3"), new_terms=True))
        closed = _broken("r-1").evolve(revision=2, review="closed")
        _write(store, Writes(request=closed, revision=1), Writes(request=_broken("r-3"), new_terms=True))

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, Crash])
    def test_a_unit_that_raises_leaves_nothing(self, store: Store, error: type[BaseException]) -> None:
        _write(store, BEGUN)
        with _unchanged(store), suppress(error), store.unit() as unit:
            for each in MOVES:
                unit.write(each)
            raise error
        _write(store, *MOVES)

    def test_a_unit_that_dies_at_any_call_is_there_wholly_or_not_at_all(self, tmp_path: Path) -> None:
        reference = self._begun(tmp_path / "reference")
        before = contents(reference)
        _write(reference, *MOVES)
        after = contents(reference)
        reference.close()
        for at in range(1, len(MOVES) + 3):  # the begin, the writes, the commit
            for late in (False, True):
                committed = late and at == len(MOVES) + 2
                left = self._left(tmp_path / f"{at}-{late}", at, late=late)
                assert left == (after if committed else before), f"after the death at call {at}"

    def _begun(self, folder: Path) -> Store:
        folder.mkdir()
        store = self.make_store(folder)
        _write(store, BEGUN)
        return store

    def _left(self, folder: Path, at: int, *, late: bool) -> dict[str, object]:
        """Give what another process finds after a unit of moves has died at a call."""
        store = self._begun(folder)
        with pytest.raises(Crash):
            _write(dies(store, at=at, after=late), *MOVES)
        found = self.reopen_store(store, folder)
        left = contents(found)
        found.close()
        return left

    def test_a_unit_reads_what_it_wrote(self, store: Store) -> None:
        with store.unit() as unit:
            unit.write(BEGUN)
            assert (unit.request("r-1"), unit.request_by_key("key")) == (BEGUN.request, BEGUN.request)
            assert unit.last_link(Ledger.HISTORY, STATE_ID) == a_link(1, STATE_ID)

    @pytest.mark.parametrize("ledger", list(Ledger))
    def test_links_come_in_order_after_a_place_and_up_to_a_limit(self, store: Store, ledger: Ledger) -> None:
        mine = [a_link(seq) for seq in (1, 2, 4, 10, 11)]
        _write(store, _linked(ledger, 4, 11), _linked(ledger, 1, owner="r-10"), _linked(ledger, 10, 2, 1))
        with store.view() as reader:
            assert list(reader.links(ledger, "r-1")) == mine
            assert reader.last_link(ledger, "r-1") == mine[-1]
            for after in (0, 2, 3, 11):
                for limit in (None, 1, 9):
                    expected = [each for each in mine if each.seq > after][:limit]
                    assert list(reader.links(ledger, "r-1", after, limit)) == expected

    def test_terms_come_in_order_of_their_number(self, store: Store) -> None:
        row = a_request()
        _write(store, Writes(request=row, new_terms=True))
        for number in range(2, 12):
            row = row.with_terms(a_terms(number=number)).evolve(revision=number)
            _write(store, Writes(request=row, revision=number - 1, new_terms=True))
        with store.view() as reader:
            assert list(reader.terms("r-1")) == [a_request(a_terms(number=n)).terms_json for n in range(1, 12)]
            assert reader.request("r-1") == row

    def test_new_terms_may_have_another_requester(self, store: Store) -> None:
        row = a_request()
        other = row.with_terms(a_terms(number=2, requester="eve")).evolve(revision=2)
        _write(store, Writes(request=row, new_terms=True), Writes(request=other, revision=1, new_terms=True))
        with store.view() as reader:
            assert reader.request("r-1") == other
            assert list(reader.find(Filter(requester="eve"), 9)) == [other]
            assert list(reader.find(Filter(requester=row.filed.requester), 9)) == []

    @pytest.mark.parametrize(("wanted", "ids"), FOUND)
    @pytest.mark.parametrize("size", [1, 2, 9])
    def test_find_gives_what_matches_newest_first_page_by_page(
        self, store: Store, wanted: Filter, ids: str, size: int
    ) -> None:
        _write(store, *(Writes(request=each, new_terms=True) for each in POPULATION))
        with store.view() as reader:
            assert "".join(row.id for row in _paged(reader, wanted, size)) == ids

    @pytest.mark.parametrize("table", [STATES, REQUESTS, TERMS, *Ledger])
    def test_keys_come_in_order_of_code_points_page_by_page(self, store: Store, table: str) -> None:
        for name in reversed(NAMES):
            link = (a_link(1, name),)
            row, state = a_request(name), a_state(state_id=name)
            _write(store, Writes(row, 0, new_terms=True, decisions=link, audit=link, state=state, history=link))
        with store.view() as reader:
            assert list(reader.keys(table, "", 100)) == list(NAMES)
            assert list(reader.keys(table, "a:1", 2)) == ["a:10", "a:2"]

    def test_a_closed_store_says_so_and_can_be_closed_again(self, store: Store) -> None:
        store.close()
        store.close()
        for use in (store.unit, store.view):
            with pytest.raises(StoreUnavailableError), use():
                pytest.fail("a closed store was used")

    def test_a_store_that_fails_once_goes_on(self, store: Store) -> None:
        _write(store, BEGUN)
        failing = FaultStore(store, fail_at=3)
        with _unchanged(store), pytest.raises(StoreUnavailableError):
            _write(failing, *MOVES)
        _write(failing, *MOVES)


def _broken(request_id: str) -> MutationRequest:
    """Make a request executed past its requirements, by whoever stands behind the colon; by eve if nobody does."""
    return a_request(request_id, emergency_by=request_id.partition(":")[2] or "eve", review="open")


def _write(store: Store, *writes: Writes) -> None:
    with store.unit() as unit:
        for each in writes:
            unit.write(each)


def _linked(ledger: Ledger, *places: int, owner: str = "r-1") -> Writes:
    links = tuple(a_link(seq, owner) for seq in places)
    match ledger:
        case Ledger.DECISIONS:
            return Writes(decisions=links)
        case Ledger.AUDIT:
            return Writes(audit=links)
        case Ledger.HISTORY:
            return Writes(history=links)


@contextmanager
def _unchanged(store: Store) -> Iterator[None]:
    before = contents(store)
    yield
    assert contents(store) == before


def _paged(reader: Reader, wanted: Filter, size: int) -> list[MutationRequest]:
    found: list[MutationRequest] = []
    after: Position | None = None
    while page := reader.find(wanted, size, after):
        found += page
        assert len(found) <= len(POPULATION), "the pages do not move on"
        after = (to_micros(page[-1].created_at), page[-1].id)
    return found

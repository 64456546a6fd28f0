"""The testing kit does what it says: sound stores pass its contract, broken ones fail it, its fakes are faithful."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from house import AddTeam, GrantRole, Roles, approved, opened
from placet import Actor, Governance, MutationRequest, OpenDirectory, testing
from placet.documents import Document, PatchDocument
from placet.errors import ConfigurationError, InputError, StoreUnavailableError
from placet.governance.context import time_ordered_id
from placet.model.canonical import Link
from placet.model.terms import TERMS, Terms
from placet.model.trail import Ledger
from placet.model.writes import Writes
from placet.store.memory import MemoryReader, MemoryStore, MemoryUnit
from placet.store.port import Filter, Position, Store
from placet.store.sqlite import SqliteStore
from placet.testing import (
    Crash,
    FaultStore,
    FrozenClock,
    LifecycleStateMachine,
    StoreContract,
    actors,
    contents,
    counting_ids,
    dies,
    documents,
    patches,
    record_trail,
    requests,
    shortest_story,
    terms,
)
from placet.testing.rows import a_state
from placet.testing.trails import trail_text


class TestMemoryStore(StoreContract):
    def make_store(self, tmp_path: Path) -> Store:
        return MemoryStore()


class TestSqliteStore(StoreContract):
    def make_store(self, tmp_path: Path) -> Store:
        return SqliteStore(tmp_path / "placet.db")

    def reopen_store(self, store: Store, tmp_path: Path) -> Store:
        store.close()
        return SqliteStore(tmp_path / "placet.db")


class BlindUpdate(MemoryStore):
    """Compares nothing before it sets: a compare-and-set without its WHERE."""

    @contextmanager
    def unit(self) -> Iterator[MemoryUnit]:
        with super().unit() as unit:
            yield BlindUnit(unit._tables)


class BlindUnit(MemoryUnit):
    def write(self, writes: Writes) -> None:
        kept = None if writes.request is None else self._tables.requests.get(writes.request.id)
        super().write(replace(writes, revision=kept.revision if kept and writes.revision else writes.revision))


class Forgetful(MemoryStore):
    """Forgets to roll back."""

    @contextmanager
    def unit(self) -> Iterator[MemoryUnit]:
        with self._held():
            yield MemoryUnit(self._tables)


class Upside(MemoryStore):
    """Gives pages oldest first."""

    @contextmanager
    def view(self) -> Iterator[MemoryReader]:
        with self._held():
            yield UpsideReader(self._tables)


class UpsideReader(MemoryReader):
    def find(self, wanted: Filter, limit: int, after: Position | None = None) -> Sequence[MutationRequest]:
        return super().find(wanted, limit, after)[::-1]


class Shuffled(MemoryStore):
    """Gives links in the order in which they were written."""

    @contextmanager
    def view(self) -> Iterator[MemoryReader]:
        with self._held():
            yield ShuffledReader(self._tables)


class ShuffledReader(MemoryReader):
    def links(self, ledger: Ledger, owner: str, after: int = 0, limit: int | None = None) -> Sequence[Link]:
        return super().links(ledger, owner, after, limit)[::-1]


def test_a_compare_and_set_without_its_where_fails_the_contract() -> None:
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        TestMemoryStore().test_a_refused_write_leaves_nothing_and_its_unit_goes_on(BlindUpdate(), "another revision")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, Crash])
def test_a_rollback_that_is_forgotten_fails_the_contract(error: type[BaseException]) -> None:
    with pytest.raises(AssertionError):
        TestMemoryStore().test_a_unit_that_raises_leaves_nothing(Forgetful(), error)


def test_a_rollback_that_is_forgotten_fails_at_the_crash_points(tmp_path: Path) -> None:
    class Contract(StoreContract):
        def make_store(self, tmp_path: Path) -> Store:
            return Forgetful()

    with pytest.raises(AssertionError, match="after the death at call 2"):
        Contract().test_a_unit_that_dies_at_any_call_is_there_wholly_or_not_at_all(tmp_path)


@pytest.mark.parametrize("size", [2, 9])
def test_a_wrong_order_of_pages_fails_the_contract(size: int) -> None:
    with pytest.raises(AssertionError):
        TestMemoryStore().test_find_gives_what_matches_newest_first_page_by_page(Upside(), Filter(), "edcba", size)


@pytest.mark.parametrize("ledger", list(Ledger))
def test_a_wrong_order_of_links_fails_the_contract(ledger: Ledger) -> None:
    with pytest.raises(AssertionError):
        TestMemoryStore().test_links_come_in_order_after_a_place_and_up_to_a_limit(Shuffled(), ledger)


# ---- clock, ids, faults


def test_the_clock_stands_still_until_it_is_told() -> None:
    clock = FrozenClock()
    assert clock() == clock() == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert clock.tick(hours=-1) == clock() == datetime(2026, 1, 31, 11, tzinfo=UTC)
    with pytest.raises(InputError):
        FrozenClock(datetime(2026, 1, 31))  # noqa: DTZ001 - a moment without a zone is what must be refused


def test_ids_count_each_for_itself() -> None:
    one, two = counting_ids(), counting_ids("x-")
    assert [one(), one(), two()] == ["id-0001", "id-0002", "x-0001"]


def test_a_store_fails_once_and_then_goes_on() -> None:
    store = FaultStore(MemoryStore(), fail_at=2)
    with pytest.raises(StoreUnavailableError, match="told to fail"), store.view() as reader:
        reader.request("r-1")
    with store.view() as reader:
        assert reader.request("r-1") is None
    assert (store.calls, store.fired) == (["view", "request", "view", "request"], True)


def test_the_dead_make_no_more_calls() -> None:
    store = dies(MemoryStore(), at=1)
    for _ in range(2):
        with pytest.raises(Crash), store.view():
            pytest.fail("a dead process opened a view")
    assert store.calls == ["view"]


@pytest.mark.parametrize("after", [False, True])
def test_a_death_at_the_commit_is_before_it_or_after_it(after: bool) -> None:
    behind = MemoryStore()
    store = dies(behind, at=3, after=after)
    with pytest.raises(Crash), store.unit() as unit:
        unit.write(Writes(state=a_state()))
    assert (contents(behind) == {}) is not after


@pytest.mark.parametrize("at", [0, -1, True, 1.5])
def test_a_fault_wants_the_number_of_a_call(at: Any) -> None:  # noqa: ANN401 - whatever is wrong
    with pytest.raises(ConfigurationError):
        FaultStore(MemoryStore(), fail_at=at)


# ---- strategies


@given(data=st.data(), document=documents())
def test_patches_apply_to_their_document(data: st.DataObject, document: Document) -> None:
    patch = PatchDocument(patch=data.draw(patches(document)))
    assert list(patch.check(document)) == []
    assert isinstance(patch.apply(document), Document)


@given(document=documents())
def test_documents_can_be_stored(document: Document) -> None:
    with Governance.open("memory:", directory=OpenDirectory()) as gov:
        assert gov.create_state("d", document).state == document


@given(actor=actors(["ann", "bob"], roles=["lead"]))
def test_actors_are_who_they_were_asked_to_be(actor: Actor) -> None:
    assert actor.persons <= {"ann", "bob"}
    assert {*actor.roles} <= {"lead"}


@given(row=requests())
def test_requests_go_into_every_store_and_come_back(row: MutationRequest) -> None:
    for store in (MemoryStore(), SqliteStore(":memory:")):
        with store.unit() as unit:
            unit.write(Writes(request=row, new_terms=True))
        with store.view() as reader:
            assert reader.request(row.id) == row
        store.close()


@given(agreed=terms())
def test_terms_read_back_as_they_were(agreed: Terms) -> None:
    assert TERMS.load(TERMS.dump(agreed), "terms") == agreed


# ---- roads


class SafeLife(LifecycleStateMachine):
    """The house of the other tests, in which nobody is ever without a role."""

    initial = Roles()
    mutation_types = (GrantRole, AddTeam)

    def invariant(self, state: Roles) -> None:
        assert all(state.members.values())


class Hoarding(LifecycleStateMachine):
    """A house that may have one team, which nothing sees to."""

    initial = Roles()
    mutation_types = (AddTeam,)
    mutations = st.just(AddTeam(team="x"))

    def invariant(self, state: Roles) -> None:
        assert len(state.teams) < 2, "two teams"


TestSafeLife = SafeLife.TestCase
TestSafeLife.settings = settings(max_examples=10, stateful_step_count=15, deadline=None)


def test_the_shortest_road_to_what_does_not_hold_is_told() -> None:
    assert shortest_story(Hoarding, examples=30) == (
        "state.drift(mutation=AddTeam(team='x'))\nstate.drift(mutation=AddTeam(team='x'))\nAssertionError: two teams"
    )


def test_where_everything_holds_there_is_no_story() -> None:
    assert shortest_story(SafeLife, examples=5, steps=5) is None


# ---- trails


def a_road(new_id: Callable[[], str], **submitted: Any) -> tuple[Governance, str]:  # noqa: ANN401 - options of submit
    """Let one request be renewed by another that came first, and executed."""
    gov = opened(new_id=new_id)
    row = approved(gov, on_drift="renew_approval", **submitted)
    gov.execute(approved(gov, AddTeam(team="x")).id, by="runner")
    renewed = gov.execute(row.id, by="runner").request
    gov.approve(row.id, by="carol", digest=renewed.digest)
    gov.execute(row.id, by="runner")
    return gov, row.id


def test_a_trail_is_approved_once_and_compared_ever_after(tmp_path: Path) -> None:
    path = tmp_path / "trails" / "grant.md"
    with pytest.raises(AssertionError, match="no trail was approved"):
        record_trail(*a_road(counting_ids()), path)
    text = record_trail(*a_road(counting_ids()), path, approve=True)
    assert path.read_text(encoding="utf-8") == text
    for ids in (counting_ids("other-"), time_ordered_id):
        assert record_trail(*a_road(ids), path) == text


def test_a_trail_that_differs_is_shown_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "grant.md"
    record_trail(*a_road(counting_ids()), path, approve=True)
    with pytest.raises(AssertionError, match="\n-1. .*submitted.* by bob\n") as caught:
        record_trail(*a_road(counting_ids(), reason="INC-42"), path)
    assert "\n+1. **submitted** (created -> pending) by bob: INC-42\n" in str(caught.value)


def test_the_environment_approves_every_trail_and_an_argument_overrides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACET_APPROVE_TRAILS", "1")
    road = a_road(counting_ids())
    with pytest.raises(AssertionError, match="no trail was approved"):
        record_trail(*road, tmp_path / "a.md", approve=False)
    assert record_trail(*road, tmp_path / "a.md") == (tmp_path / "a.md").read_text(encoding="utf-8")


def test_a_trail_names_neither_moments_nor_hashes_nor_ids() -> None:
    gov, request_id = a_road(time_ordered_id)
    text = trail_text(gov, request_id)
    known = [gov.get_request(request_id).digest, *(each.execution_id for each in gov.audit(request_id))]
    assert not [each for each in (request_id, *known, f"{datetime.now(UTC):%Y-%m-%d}") if each in text]
    assert "<id 1>" in text


# ---- the package

HOW_TO = (Path(__file__).parent.parent / "docs" / "testing.md").read_text(encoding="utf-8")


def test_placet_alone_imports_neither_hypothesis_nor_pytest() -> None:
    code = "import placet, sys; print(sorted({'hypothesis', 'pytest', 'placet.testing'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_everything_named_is_there_and_the_how_to_names_it() -> None:
    for name in testing.__all__:
        assert getattr(testing, name).__doc__
        assert f"`{name}" in HOW_TO, name


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", HOW_TO, re.DOTALL))
def test_each_block_of_the_how_to_runs(block: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-"], input=block, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if "shortest_story" in block:
        assert f"```text\n{done.stdout}```" in HOW_TO

"""What requirements are judged by is gathered from the store and the directory: all of it, checked, and no more."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, opened
from placet import Actor, Governance, MutationRequest, StaticDirectory, allow
from placet.errors import IntegrityError
from placet.governance.dossier import check_state
from placet.governance.gathering import gather
from placet.lifecycle.step import Step
from placet.model.canonical import Link
from placet.model.trail import Ledger
from placet.requirements import Approval, Quota
from placet.store.memory import MemoryStore
from placet.store.port import Reader, Store
from placet.testing import FrozenClock

PEOPLE = (Actor("bob"), Actor("runner"), Actor("carol", roles=("security",)), Actor("dave", roles=("security",)))


class Asked(StaticDirectory):
    """Remembers whom it was asked about."""

    def __init__(self) -> None:
        super().__init__(PEOPLE)
        self.about: list[object] = []

    def actor(self, actor_id: str) -> Actor:
        self.about.append(actor_id)
        return super().actor(actor_id)

    def holders(self, roles: tuple[str, ...], groups: tuple[str, ...]) -> Iterable[Actor]:
        self.about.append(roles)
        return super().holders(roles, groups)


@pytest.mark.parametrize(
    ("recheck", "about"),
    [(False, ["runner", "bob"]), (True, ["runner", "bob", "carol", "bob"])],
    ids=["counted", "rechecked"],
)
def test_to_execute_nobody_is_asked_who_could_vote_and_only_on_demand_who_did(
    store: Store, clock: FrozenClock, recheck: bool, about: list[object]
) -> None:
    directory = Asked()
    gov = opened(store, clock=clock, directory=directory, policies=[allow()])
    approval = Approval(1, roles=("security",), recheck=recheck)
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob", requirements=[approval])
    gov.approve(request.id, by="carol", digest=request.digest)
    directory.about.clear()
    assert gov.execute(request.id, by="runner").executed
    assert directory.about == about


# How often a state was changed, for a quota.


Forged = Callable[[Sequence[Link]], Sequence[Link]]


def as_written(links: Sequence[Link]) -> Sequence[Link]:
    return links


class Recording:
    """A reader that remembers from where on history was read, and may give it as somebody has forged it."""

    def __init__(self, reader: Reader, forged: Forged) -> None:
        self._reader = reader
        self._forged = forged
        self.after: list[int] = []

    def links(self, ledger: Ledger, owner: str, after: int = 0, limit: int | None = None) -> Sequence[Link]:
        self.after.append(after)
        return self._forged(self._reader.links(ledger, owner, after, limit))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a reader has
        return getattr(self._reader, name)


class House:
    """A house that was changed four times, an hour apart, and a request to change it again."""

    def __init__(self, clock: FrozenClock) -> None:
        self.store = MemoryStore()
        self.gov: Governance = opened(self.store, clock=clock, policies=[allow()])
        self.at: list[datetime] = []
        for number in range(4):
            clock.tick(hours=1)
            self.at.append(clock())
            self.gov.execute(self.asked(str(number)).id, by="runner")
        self.request = self.asked("more")

    def asked(self, team: str) -> MutationRequest:
        return self.gov.submit(AddTeam(team=team), to=HOUSE, by="bob")

    def executions(self, limit: int, forged: Forged = as_written) -> tuple[tuple[datetime, ...], list[int]]:
        """Give what is gathered for a quota, and after which version history was read."""
        with self.store.view() as view:
            reader: Any = Recording(view, forged)
            step = Step(self.request)
            quota = Quota(limit=limit, per=timedelta(days=1))
            found = gather(StaticDirectory(PEOPLE), reader, step, self.at[-1], [quota])
            return found.executions, reader.after


@pytest.fixture
def house(clock: FrozenClock) -> House:
    return House(clock)


@pytest.mark.parametrize(("limit", "after"), [(1, 4), (2, 3), (4, 1), (5, 0), (9, 0)])
def test_of_a_quota_only_the_last_changes_are_read_newest_first(house: House, limit: int, after: int) -> None:
    assert house.executions(limit) == (tuple(reversed(house.at[-limit:])), [after])


def test_a_history_read_from_its_beginning_begins_with_nothing(house: House) -> None:
    with pytest.raises(IntegrityError, match="hash does not follow"):
        house.executions(9, lambda links: [replace(links[0], hash="0" * 64), *links[1:]])
    with pytest.raises(IntegrityError, match="hash does not follow"):
        house.executions(9, lambda links: links[1:])


def test_a_state_that_is_gone_has_its_history_read_whole(house: House) -> None:
    house.store._tables.states.pop(HOUSE)
    assert house.executions(1) == ((house.at[-1],), [0])


def test_a_state_is_checked_against_the_last_two_entries_of_its_history_and_no_more(house: House) -> None:
    with house.store.view() as view:
        reader: Any = Recording(view, as_written)
        state = view.state(HOUSE)
        assert state is not None
        last = check_state(reader, state)
    assert (last and last.version, reader.after) == (5, [3])

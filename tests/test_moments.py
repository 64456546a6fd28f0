"""Moments come in from any time zone, and are compared in UTC: in hours that the clock shows twice, or never."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, model_validator

from house import AddTeam, opened
from placet import (
    Actor,
    Delegation,
    FreezeWindow,
    Governance,
    Intent,
    Mutation,
    OpenDirectory,
    State,
    StaticDirectory,
    require_approval,
)
from placet.errors import ConfigurationError, InputError, MutationContractError
from placet.model.names import checked_moment
from placet.model.terms import REQUIREMENTS
from placet.requirements import Approval, Freeze, Requirement, Schedule
from placet.store.port import Store
from placet.testing import FrozenClock

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def berlin(minute: int, fold: int, hour: int = 2) -> datetime:
    """Make a moment on the day on which Berlin puts its clocks back: from 2:00 to 3:00 they show each minute twice."""
    return datetime(2025, 10, 26, hour, minute, tzinfo=BERLIN, fold=fold)


EARLIER, LATER = berlin(30, fold=0), berlin(15, fold=1)
"""By the clock the later one looks like the earlier one."""

GAP = datetime(2026, 3, 29, 2, 30, tzinfo=BERLIN)
"""On this day no clock of Berlin shows half past two."""

Made = Callable[[datetime, datetime], object]
PERIODS: dict[str, Made] = {
    "a schedule": lambda since, until: Schedule(not_before=since, not_after=until),
    "a delegation": lambda since, until: Delegation("carol", "dave", since, until),
    "a freeze window": lambda since, until: FreezeWindow("sale", since, until),
}


@pytest.mark.parametrize("name", PERIODS)
def test_a_period_is_judged_by_its_moments_and_not_by_what_the_clock_shows(name: str) -> None:
    assert PERIODS[name](EARLIER, LATER)
    with pytest.raises(ConfigurationError):
        PERIODS[name](LATER, EARLIER)
    with pytest.raises(ConfigurationError):
        PERIODS[name](LATER, LATER.astimezone(UTC))


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - bounds
def test_whatever_the_zone_a_moment_is_kept_in_utc(moment: datetime) -> None:
    kept = [
        Schedule(not_before=moment).not_before,
        Schedule(not_after=moment).not_after,
        Freeze(name="sale", until=moment).until,
        Approval(1, deadline=moment).deadline,
        Delegation("carol", "dave", moment, moment.astimezone(UTC) + HOUR).since,
        FreezeWindow("sale", moment, moment.astimezone(UTC) + HOUR).start,
    ]
    assert all(each == moment.astimezone(UTC) and each.tzinfo is UTC for each in kept if each is not None)
    assert None not in kept


@pytest.mark.parametrize("moment", [EARLIER, LATER, GAP])
@pytest.mark.parametrize("make", [lambda at: Schedule(not_before=at), lambda at: Freeze(name="sale", until=at)])
def test_a_requirement_reads_back_as_it_was(moment: datetime, make: Callable[[datetime], Requirement]) -> None:
    requirement = make(moment)
    assert REQUIREMENTS.load(REQUIREMENTS.dump((requirement,)), "r-1") == (requirement,)


def test_a_delegation_counts_from_moment_to_moment() -> None:
    directory = StaticDirectory([Actor("carol"), Actor("dave")], [Delegation("carol", "dave", EARLIER, LATER)])
    found = [directory.delegate("carol", EARLIER.astimezone(UTC) + minutes * HOUR / 60) for minutes in (-1, 0, 44, 45)]
    assert found == [None, "dave", "dave", None]


def test_deadlines_and_filters_are_moments_too(store: Store) -> None:
    clock = FrozenClock(EARLIER)
    gov = opened(store, clock=clock)
    early = gov.submit(AddTeam(team="x"), to="house:roles", by="bob", expires_at=LATER)
    assert early.expires_at == LATER.astimezone(UTC)
    clock.now = checked_moment("now", LATER)
    with pytest.raises(InputError, match="has passed already"):
        gov.submit(AddTeam(team="x"), to="house:roles", by="bob", expires_at=EARLIER)
    late = gov.submit(AddTeam(team="y"), to="house:roles", by="bob")
    assert [each.id for each in gov.find_requests(since=LATER)] == [late.id]
    assert [each.id for each in gov.find_requests(until=LATER)] == [early.id]
    assert [each.request.id for each in gov.expiring(LATER)] == [early.id]
    assert len(gov.expiring(EARLIER)) == 0


# In states and mutations.


class Inner(BaseModel):
    """A plain model, as others may bring it along."""

    at: datetime


@dataclass
class Plain:
    """A plain dataclass."""

    at: datetime


class Opening(State):
    """When something is open."""

    since: AwareDatetime = datetime(2025, 10, 26, 2, 15, tzinfo=BERLIN, fold=1)
    until: datetime | None = None
    days: tuple[datetime, ...] = ()
    notes: dict[datetime, str] = {}
    either: datetime | str = ""
    inner: Inner | None = None
    plain: Plain | None = None
    naive: datetime = datetime(2026, 1, 1)  # noqa: DTZ001 - it says no time zone


class Open(Mutation[Opening]):
    """Open something for a period."""

    intent = Intent(operation="open")
    since: AwareDatetime
    until: AwareDatetime
    inner: Inner | None = None

    @model_validator(mode="after")
    def in_order(self) -> "Open":
        if self.since >= self.until:
            raise ValueError("it ends before it begins")
        return self

    def apply(self, state: Opening) -> Opening:
        return state.evolve(since=self.since, until=self.until, inner=self.inner)


def governed(store: Store, *mutations: type[Mutation[Any]]) -> Governance:
    return Governance.open(
        store,
        mutations=[Open, *mutations],
        policies=[require_approval(count=1)],
        directory=OpenDirectory(),
        clock=FrozenClock(),
    )


def test_of_a_payload_the_moments_are_compared_and_stored_in_utc(store: Store) -> None:
    gov = governed(store)
    gov.create_state("shop", Opening())
    request = gov.submit(Open(since=EARLIER, until=LATER), to="shop", by="bob")
    assert request.payload == {"since": "2025-10-26T00:30:00Z", "until": "2025-10-26T01:15:00Z", "inner": None}
    gov.approve(request.id, by="carol", digest=request.digest)
    assert gov.execute(request.id, by="runner").executed
    found = gov.get_state("shop", Opening).state
    assert (found.since, found.until) == (EARLIER.astimezone(UTC), LATER.astimezone(UTC))
    with pytest.raises(InputError, match="it ends before it begins"):
        Open(since=LATER, until=EARLIER)


@pytest.mark.parametrize("moment", [EARLIER, LATER, GAP, berlin(30, fold=1), GAP.replace(fold=1)])
@pytest.mark.parametrize(
    "fields",
    [
        lambda at: {"since": at},
        lambda at: {"until": at},
        lambda at: {"days": (at,)},
        lambda at: {"notes": {at: "x"}},
        lambda at: {"either": at},
        lambda at: {"inner": Inner(at=at)},
        lambda at: {"plain": Plain(at)},
        lambda _: {},
    ],
)
def test_a_state_with_a_moment_in_an_hour_that_comes_twice_or_never_can_be_stored(
    store: Store, moment: datetime, fields: Callable[[datetime], dict[str, Any]]
) -> None:
    gov = governed(store)
    state = Opening(**fields(moment))
    assert gov.create_state("shop", state).hash == gov.get_state("shop", Opening).hash
    request = gov.submit(Open(since=EARLIER, until=LATER, inner=Inner(at=moment)), to="shop", by="bob")
    gov.approve(request.id, by="carol", digest=request.digest)
    assert gov.execute(request.id, by="runner").executed
    assert gov.verify().ok


def test_a_naive_datetime_stays_what_it_is(store: Store) -> None:
    gov = governed(store)
    gov.create_state("shop", Opening())
    assert gov.get_state("shop", Opening).state.naive == datetime(2026, 1, 1)  # noqa: DTZ001 - as above


def test_another_moment_in_a_plain_model_is_another_state(store: Store) -> None:
    """What reads back as another moment is still found out."""

    class Forgetful(BaseModel):
        at: datetime

        @model_validator(mode="after")
        def forget(self) -> "Forgetful":
            self.at = self.at - HOUR
            return self

    class Kept(State):
        inner: Forgetful

    with pytest.raises(InputError, match="reads back differently"):
        governed(store).create_state("kept", Kept(inner=Forgetful(at=LATER)))


# Time zones that do not say what time it is.


class Awkward(tzinfo):
    """A time zone that answers whatever a test wants."""

    def __init__(self, answer: Any) -> None:  # noqa: ANN401 - the point is that it may be anything
        self.answer = answer

    def utcoffset(self, _: datetime | None, /) -> Any:  # noqa: ANN401 - as above
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def dst(self, _: datetime | None, /) -> timedelta | None:
        return None

    def tzname(self, _: datetime | None, /) -> str:
        return "awkward"


AWKWARD: list[datetime] = [
    *(datetime(2026, 1, 1, tzinfo=Awkward(answer)) for answer in (ValueError("boom"), KeyError(1), "x", 3, None)),
    datetime(2026, 1, 1, tzinfo=Awkward(timedelta(hours=30))),
    datetime.max.replace(tzinfo=timezone(-HOUR)),
    datetime.min.replace(tzinfo=timezone(HOUR)),
    datetime(2026, 1, 1),  # noqa: DTZ001 - that is what is wrong with it
]


@pytest.mark.parametrize("moment", AWKWARD)
def test_a_time_zone_that_does_not_say_what_time_it_is_is_a_typed_error(store: Store, moment: datetime) -> None:
    gov = opened(store)
    calls: list[Callable[[], object]] = [
        lambda: gov.submit(AddTeam(team="x"), to="house:roles", by="bob", expires_at=moment),
        lambda: gov.find_requests(since=moment),
        lambda: gov.find_requests(until=moment),
        lambda: gov.expiring(moment),
        lambda: Opening(since=moment),
        lambda: Open(since=moment, until=LATER),
        lambda: Delegation("carol", "dave", moment, LATER),
        lambda: FreezeWindow("sale", moment, LATER),
    ]
    for call in calls:
        with pytest.raises(InputError):
            call()
    for make in (lambda: Schedule(not_before=moment), lambda: Freeze(name="sale", until=moment)):
        with pytest.raises(ConfigurationError):
            make()


def test_the_last_moment_there_is_is_one(store: Store) -> None:
    last = datetime.max.replace(tzinfo=UTC)
    gov = opened(store)
    request = gov.submit(
        AddTeam(team="x"), to="house:roles", by="bob", expires_at=last, requirements=[Schedule(not_after=last)]
    )
    assert request.due_at == last
    assert [each.request.id for each in gov.expiring(last)] == [request.id]


def test_an_apply_that_returns_a_local_moment_is_as_good_as_any(store: Store) -> None:
    class Now(Mutation[Opening]):
        """Open it in the hour that comes twice."""

        intent = Intent(operation="now")

        def apply(self, state: Opening) -> Opening:
            return state.evolve(days=(LATER,), plain=Plain(LATER))

    gov = governed(store, Now)
    gov.create_state("shop", Opening())
    try:
        request = gov.submit(Now(), to="shop", by="bob")
    except MutationContractError as error:
        pytest.fail(str(error))
    gov.approve(request.id, by="carol", digest=request.digest)
    assert gov.execute(request.id, by="runner").executed

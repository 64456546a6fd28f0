"""Where each requirement stands, by the facts alone: met or not, still possible or not, and in which words."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import a_terms
from placet import Actor, ActorKind, Status
from placet.errors import ConfigurationError, InputError, IntegrityError
from placet.lifecycle.standing import JUDGES, Known, Position, Standing, standing
from placet.model.approval import Eligibility
from placet.model.ballots import Ballots, Choice, Report, Vote, Waiver
from placet.model.canonical import stamp
from placet.model.circumstances import NOTHING, Awaited, Circumstances
from placet.model.conditions import MOST_COUNTED
from placet.model.request import TERMINAL
from placet.model.requirement import Requirement, WhenImpossible
from placet.model.terms import TERMS
from placet.requirements import Approval, Dependency, ExternalCheck, Freeze, ManualReview, Quota, Schedule

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
ROLES = ("security", "finance", "legal")
LEGAL = ManualReview(name="legal", roles=("legal",))
BACKUP = ExternalCheck(name="backup")
FREEZE = Freeze(name="year-end", until=NOON, waiver_roles=("cfo", "ceo"))
AFTER = Dependency(request_id="r-0")
SAME = "5" * 64
TWO_AN_HOUR = Quota(limit=2, per=HOUR)


def vote(actor: str, *roles: str, choice: Choice = Choice.APPROVE, step: int = 1) -> Vote:
    return Vote(actor, actor, roles, (), "now", choice, step=step)


DORA = Actor("dora", roles=("legal",))
ROBOT = Actor("robot", ActorKind.SERVICE)


def report(name: str, *, passed: bool = True, digest: str = "now", by: Actor | None = None) -> Report:
    return Report(name, passed, by or (ROBOT if name == "backup" else DORA), digest, NOON, "see the log")


def waiver(*roles: str, name: str = "year-end", until: datetime = NOON, digest: str = "now") -> Waiver:
    return Waiver(name, stamp(until), "fay", roles, digest, NOON)


def judged(
    requirements: Sequence[Requirement],
    *said: Vote | Report | Waiver,
    at: datetime = NOON,
    around: Circumstances = NOTHING,
) -> Standing:
    ballots = Ballots(
        tuple(each for each in said if isinstance(each, Vote)),
        tuple(each for each in said if isinstance(each, Report)),
        tuple(each for each in said if isinstance(each, Waiver)),
    )
    return standing(Known(a_terms(*requirements), "now", ballots, at, around))


def alone(requirement: Requirement, *said: Vote | Report | Waiver, **more: Any) -> Position:  # noqa: ANN401 - at, around
    (position,) = judged([requirement], *said, **more).positions
    return position


class TestReports:
    @pytest.mark.parametrize("requirement", [LEGAL, BACKUP])
    def test_it_is_met_by_a_report_that_passed(self, requirement: ManualReview | ExternalCheck) -> None:
        nobody = alone(requirement)
        assert (nobody.met, nobody.waits_for, nobody.possible) == (False, str(requirement), True)
        found = alone(requirement, report(requirement.name))
        assert (found.met, found.counted, found.waits_for) == (True, (report(requirement.name).by.id,), "")

    def test_a_report_on_something_else_does_not_meet_it(self) -> None:
        assert not alone(BACKUP, report("legal")).met

    def test_neither_does_one_for_other_terms(self) -> None:
        assert not alone(BACKUP, report("backup", digest="then")).met
        assert alone(BACKUP, report("backup"), report("backup", passed=False, digest="then")).met

    def test_one_that_failed_says_so_and_can_be_reported_anew(self) -> None:
        failed = alone(BACKUP, report("backup", passed=False))
        assert (failed.met, failed.possible) == (False, True)
        assert failed.waits_for == "external check 'backup', which robot reported as failed: see the log"
        assert alone(BACKUP, report("backup", passed=False), report("backup")).met

    def test_the_last_one_counts(self) -> None:
        assert not alone(LEGAL, report("legal"), report("legal", passed=False)).met

    def test_one_runs_out_at_its_very_moment(self) -> None:
        lasting = replace(BACKUP, valid_for=HOUR)
        assert alone(lasting, report("backup"), at=NOON + HOUR - TICK).met
        ended = alone(lasting, report("backup"), at=NOON + HOUR)
        assert (ended.met, ended.possible) == (False, True)
        assert ended.waits_for.startswith("external check 'backup' anew: the last ran out at 2026-01-31T13:00:00Z")

    def test_one_by_somebody_who_is_not_eligible_makes_no_difference(self) -> None:
        finance = replace(LEGAL, roles=("finance",))
        found = judged([LEGAL, finance], report("legal"))
        assert [each.met for each in found.positions] == [True, False]
        fay = Actor("fay", roles=("finance",))
        assert judged([LEGAL, finance], report("legal"), report("legal", by=fay, passed=False)).positions[0].met


class TestSchedules:
    def test_it_is_met_from_its_first_moment_until_just_before_its_last(self) -> None:
        period = Schedule(not_before=NOON, not_after=NOON + HOUR)
        found = [alone(period, at=at) for at in (NOON - TICK, NOON, NOON + HOUR - TICK, NOON + HOUR)]
        assert [each.met for each in found] == [False, True, True, False]
        assert [each.possible for each in found] == [True, True, True, False]

    def test_it_may_have_no_beginning(self) -> None:
        assert alone(Schedule(not_after=NOON), at=NOON - TICK).met
        assert not alone(Schedule(not_after=NOON)).possible

    def test_it_may_have_no_end(self) -> None:
        early = alone(Schedule(not_before=NOON), at=NOON - TICK)
        assert (early.met, early.possible) == (False, True)
        assert early.waits_for.startswith("not before 2026-01-31T12:00:00")
        assert alone(Schedule(not_before=NOON), at=NOON + 1000 * HOUR).met


class TestFreezes:
    def test_it_ends_at_its_very_moment(self) -> None:
        before = alone(FREEZE, at=NOON - TICK)
        assert (before.met, before.possible) == (False, True)
        assert before.waits_for.startswith("the end of freeze 'year-end' at 2026-01-31T12:00:00")
        assert before.waits_for.endswith("or a waiver by role ceo or cfo")
        assert alone(FREEZE).met

    @pytest.mark.parametrize("role", ["cfo", "ceo"])
    def test_a_waiver_by_one_of_its_roles_meets_it(self, role: str) -> None:
        found = alone(FREEZE, waiver(role, "sales"), at=NOON - TICK)
        assert (found.met, found.counted) == (True, ("fay",))

    def test_of_two_waivers_the_first_counts(self) -> None:
        second = replace(waiver("ceo"), actor="gus")
        assert alone(FREEZE, waiver("cfo"), second, at=NOON - TICK).counted == ("fay",)

    @pytest.mark.parametrize(
        "other", [waiver("sales"), waiver(), waiver("cfo", digest="then"), waiver("cfo", name="easter")]
    )
    def test_no_other_waiver_does(self, other: Waiver) -> None:
        assert not alone(FREEZE, other, at=NOON - TICK).met

    def test_one_without_roles_cannot_be_waived(self) -> None:
        assert not alone(replace(FREEZE, waiver_roles=()), waiver("cfo"), at=NOON - TICK).met


def after(asks: str = "", **facts: Any) -> Position:  # noqa: ANN401 - fields of Awaited
    """Judge a dependency on r-0."""
    plain: dict[str, Any] = {"request_id": "r-0", "status": Status.EXECUTED, "asks": SAME, "about": "Grant on house"}
    return alone(replace(AFTER, asks=asks), around=Circumstances(awaited={"r-0": Awaited(**plain | facts)}))


class TestDependencies:
    @pytest.mark.parametrize("asks", ["", SAME])
    @pytest.mark.parametrize("status", list(Status))
    def test_it_is_met_once_the_other_is_executed_and_impossible_once_that_cannot_be(
        self, status: Status, asks: str
    ) -> None:
        found = after(asks, status=status)
        assert found.met == (status is Status.EXECUTED)
        assert found.possible == (status is Status.EXECUTED or status not in TERMINAL)
        assert found.waits_for == f"execution of request r-0, which is {status}"

    @pytest.mark.parametrize(
        "awaited", [{}, {"r-0": None}, {"r-1": Awaited(request_id="r-1", status=Status.EXECUTED, asks="", about="")}]
    )
    def test_one_that_nobody_knows_can_never_be_met(self, awaited: dict[str, Awaited | None]) -> None:
        found = alone(AFTER, around=Circumstances(awaited=awaited))
        assert (found.met, found.possible) == (False, False)
        assert found.waits_for == "execution of request r-0, which is unknown"

    def test_it_is_met_by_what_is_in_place_already(self) -> None:
        assert after(SAME, status=Status.STALE, already_in_place=True).met

    @pytest.mark.parametrize(
        "facts", [{}, {"status": Status.PENDING}, {"status": Status.STALE, "already_in_place": True}]
    )
    @pytest.mark.parametrize(("by", "who"), [("r-0", "which"), ("r-9", "whose successor r-9")])
    def test_something_else_never_meets_it(self, facts: dict[str, Any], by: str, who: str) -> None:
        found = after("0" * 64, request_id=by, **facts)
        assert (found.met, found.possible) == (False, False)
        assert found.waits_for == f"execution of request r-0, {who} now asks for something else: Grant on house"

    def test_what_was_executed_before_never_meets_it(self) -> None:
        found = after(SAME, request_id="r-9", outdated=True)
        assert (found.met, found.possible) == (False, False)
        assert found.waits_for == "execution of request r-0, whose successor r-9 was executed before it was made"


class TestQuotas:
    def ago(self, *times: timedelta) -> Circumstances:
        return Circumstances(executions=tuple(NOON - each for each in times))

    def test_fewer_changes_than_its_limit_meet_it(self) -> None:
        assert alone(TWO_AN_HOUR).met
        assert alone(TWO_AN_HOUR, around=self.ago(TICK)).met

    def test_as_many_as_its_limit_do_not_until_one_is_old_enough(self) -> None:
        assert not alone(TWO_AN_HOUR, around=self.ago(TICK, HOUR - TICK)).met
        assert alone(TWO_AN_HOUR, around=self.ago(TICK, HOUR)).met

    def test_more_are_counted_from_the_newest(self) -> None:
        assert not alone(TWO_AN_HOUR, around=self.ago(TICK, 2 * TICK, 2 * HOUR)).met
        assert alone(TWO_AN_HOUR, around=self.ago(TICK, 2 * HOUR, 3 * HOUR)).met

    def test_it_says_from_when_on_and_stays_possible(self) -> None:
        found = alone(TWO_AN_HOUR, around=self.ago(TICK, HOUR / 2))
        assert found.waits_for.startswith(
            "at most 2 changes of the state in 1:00:00: the next one from 2026-01-31T12:30"
        )
        assert found.possible


def people(*names: str, roles: tuple[str, ...] = ("security",)) -> tuple[Actor, ...]:
    return tuple(Actor(name, roles=roles) for name in names)


class TestWhetherEnoughPeopleAreLeft:
    two = Approval(2, roles=("security",))

    def of(self, *names: str) -> Circumstances:
        return Circumstances(candidates={self.two: people(*names)})

    def test_where_nobody_can_list_them_it_is_always_possible(self) -> None:
        found = alone(self.two, vote("carol", "security", choice=Choice.REJECT))
        assert (found.possible, found.candidates) == (True, None)

    def test_it_is_possible_while_as_many_as_it_takes_are_left(self) -> None:
        assert alone(self.two, around=self.of("carol", "dave")).possible
        assert not alone(self.two, around=self.of("carol")).possible
        assert not alone(self.two, around=self.of()).possible

    def test_who_has_approved_counts_and_is_not_listed_as_left(self) -> None:
        found = alone(self.two, vote("carol", "security"), around=self.of("carol", "dave"))
        assert (found.possible, found.candidates, found.missing) == (True, ("dave",), 1)
        assert str(found) == "2 approvals by role security (1 more); left: dave"

    @pytest.mark.parametrize("choice", [Choice.REJECT, Choice.ABSTAIN])
    def test_who_has_voted_otherwise_is_gone(self, choice: Choice) -> None:
        found = alone(self.two, vote("carol", "security", choice=choice), around=self.of("carol", "dave"))
        assert (found.possible, found.candidates) == (False, ("dave",))
        assert str(found).endswith("; left: dave; it can no longer be met")

    def test_who_voted_for_somebody_and_whom_they_voted_for_are_gone(self) -> None:
        said = replace(vote("carol", "security"), principal="dave")
        assert alone(self.two, said, around=self.of("carol", "dave", "eve")).candidates == ("eve",)

    def test_a_vote_on_other_terms_takes_nobody_away(self) -> None:
        said = replace(vote("carol", choice=Choice.REJECT), digest="then")
        assert alone(self.two, said, around=self.of("carol", "dave")).possible

    def test_the_requester_is_never_left(self) -> None:
        found = alone(self.two, around=self.of("bob", "carol"))
        assert (found.possible, found.candidates) == (False, ("carol",))
        assert str(alone(self.two, around=self.of("bob"))).endswith("left: nobody; it can no longer be met")

    def test_a_candidate_may_vote_in_a_later_step_too(self) -> None:
        later = replace(self.two, step=2)
        around = Circumstances(candidates={later: people("carol", "dave")})
        assert judged([Approval(1), later], around=around).positions[1].possible

    def test_a_vote_in_an_earlier_step_is_no_help_in_a_later_one(self) -> None:
        later = Approval(1, roles=("security",), step=2)
        around = Circumstances(candidates={later: people("carol")})
        assert not judged([Approval(1), later], vote("carol", "security"), around=around).positions[1].possible

    def test_one_person_left_for_two_places_of_different_kinds_is_not_enough(self) -> None:
        one, other = Approval(1, roles=("security",)), Approval(1, roles=("legal",))
        both = people("carol", roles=("security", "legal"))
        found = judged([one, other], around=Circumstances(candidates={one: both, other: both}))
        assert len(found.impossible) == 1

    def test_what_is_met_stays_met_though_nobody_is_left(self) -> None:
        one = Approval(1, roles=("security",))
        found = alone(one, vote("carol", "security"), around=Circumstances(candidates={one: ()}))
        assert (found.met, found.possible) == (True, True)

    @given(
        wanted=st.lists(
            st.builds(
                Approval,
                count=st.integers(1, 2),
                roles=st.sets(st.sampled_from(ROLES), min_size=1, max_size=2).map(tuple),
                step=st.sampled_from([1, 1, 2]),
            ),
            min_size=1,
            max_size=3,
            unique=True,
        ),
        held=st.dictionaries(
            st.sampled_from(["carol", "dave", "eve", "frank", "bob"]), st.sets(st.sampled_from(ROLES)), max_size=5
        ),
        unlisted=st.sets(st.integers(0, 5), max_size=1),
        voted=st.dictionaries(
            st.sampled_from(["carol", "dave"]), st.tuples(st.sampled_from(list(Choice)), st.sampled_from([1, 1, 2]))
        ),
    )
    def test_it_is_possible_just_where_some_seating_of_all_of_them_fills_every_place(
        self,
        wanted: list[Approval],
        held: dict[str, set[str]],
        unlisted: set[int],
        voted: dict[str, tuple[Choice, int]],
    ) -> None:
        actors = [Actor(name, roles=tuple(roles)) for name, roles in held.items()]
        listed = [each for index, each in enumerate(wanted) if index not in unlisted]
        around = Circumstances(
            candidates={each: tuple(one for one in actors if {*one.roles} & {*each.roles}) for each in listed}
        )
        said = [vote(name, *held.get(name, ()), choice=choice, step=step) for name, (choice, step) in voted.items()]
        seats = _seatings([each for each in listed for _ in range(each.places)], said, actors)
        found = judged(wanted, *said, around=around)
        assert (not found.impossible) == any(seats)
        assert all(each.possible for each in found.positions if each.requirement not in listed)


def _seatings(places: list[Approval], said: list[Vote], actors: list[Actor]) -> Iterable[bool]:
    """Try every way to fill the places with those who have approved and those who still could."""
    free = [each for each in actors if each.id != "bob" and each.id not in {vote.actor for vote in said}]
    there = [(vote.roles, vote.step) for vote in said if vote.choice is Choice.APPROVE]
    there += [(each.roles, 0) for each in free]
    for chosen in permutations(there, len(places)):
        yield all(
            step in {0, place.step} and {*roles} & {*place.roles}
            for place, (roles, step) in zip(places, chosen, strict=True)
        )


class TestRecheck:
    one = Approval(1, roles=("security",), recheck=True)
    said = vote("carol", "security")

    def now(self, actor: Actor | None) -> Circumstances:
        return Circumstances(speakers={("carol", "carol"): actor})

    def test_a_vote_counts_while_its_voter_has_the_role_still(self) -> None:
        assert alone(self.one, self.said, around=self.now(Actor("carol", roles=("security",)))).met
        assert not alone(self.one, self.said, around=self.now(Actor("carol", roles=("sales",)))).met

    def test_or_belongs_to_the_group_still(self) -> None:
        one, said = Approval(1, groups=("board",), recheck=True), replace(self.said, groups=("board",))
        assert alone(one, said, around=self.now(Actor("carol", groups=("board",)))).met
        assert not alone(one, said, around=self.now(Actor("carol"))).met

    def test_one_whose_voter_the_directory_no_longer_knows_does_not_count(self) -> None:
        assert not alone(self.one, self.said, around=self.now(None)).met
        assert not alone(Approval(1, recheck=True), self.said, around=self.now(None)).met

    def test_a_role_that_came_later_counts_too(self) -> None:
        assert alone(self.one, vote("carol"), around=self.now(Actor("carol", roles=("security",)))).met

    def test_where_nobody_asked_the_roles_held_then_count(self) -> None:
        assert alone(self.one, self.said).met

    def test_without_recheck_what_was_held_then_counts_whatever_became_of_it(self) -> None:
        plain = replace(self.one, recheck=False)
        assert alone(plain, self.said, around=self.now(None)).met
        assert alone(plain, self.said, around=self.now(Actor("carol"))).met

    def test_a_delegate_is_asked_about_as_who_stands_in_for_somebody(self) -> None:
        handed = replace(self.said, actor="dave", delegated=True)
        for acting, met in (
            (Actor("dave", roles=("security",), on_behalf_of="carol"), True),
            (Actor("dave", on_behalf_of="carol"), False),
            (Actor("dave", ActorKind.SERVICE, ("security",), on_behalf_of="carol"), False),
            (None, False),
        ):
            assert alone(self.one, handed, around=Circumstances(speakers={("dave", "carol"): acting})).met is met
        assert alone(self.one, handed, around=Circumstances(speakers={("dave", "dave"): None})).met

    def test_for_whoever_acts_for_somebody_their_own_roles_and_kind_are_asked(self) -> None:
        acting = replace(self.said, actor="bot")
        assert not alone(self.one, acting, around=Circumstances(speakers={("bot", "bot"): None})).met
        agent = Actor("bot", ActorKind.AGENT, ("security",), on_behalf_of="carol")
        assert not alone(self.one, acting, around=Circumstances(speakers={("bot", "bot"): agent})).met
        person = replace(agent, kind=ActorKind.HUMAN)
        assert alone(self.one, acting, around=Circumstances(speakers={("bot", "bot"): person})).met

    def test_who_lost_the_role_leaves_a_place_for_another(self) -> None:
        around = Circumstances(
            speakers={("carol", "carol"): Actor("carol")},
            candidates={self.one: people("dave"), replace(self.one, count=2): ()},
        )
        found = alone(self.one, self.said, around=around)
        assert (found.met, found.possible, found.candidates) == (False, True, ("dave",))


class TestAllTogether:
    def test_every_kind_has_its_judge_and_approvals_are_seated_together(self) -> None:
        assert {*JUDGES, Approval} == {ManualReview, ExternalCheck, Schedule, Freeze, Dependency, Quota, Approval}

    def test_positions_stand_in_the_order_of_the_requirements(self) -> None:
        wanted = [Approval(1, step=2), LEGAL, Approval(2), BACKUP]
        assert [each.requirement for each in judged(wanted).positions] == wanted

    def test_what_is_open_comes_by_step(self) -> None:
        late, early = replace(LEGAL, step=3), replace(BACKUP, step=2)
        found = judged([late, early])
        assert [each.requirement for each in found.open] == [early, late]
        assert found.step == 2
        assert not found.met

    def test_what_has_no_step_comes_before_every_step(self) -> None:
        assert [each.requirement for each in judged([LEGAL, AFTER]).open] == [AFTER, LEGAL]

    def test_what_is_needed_now_is_said_first_and_then_what_comes_later(self) -> None:
        late, later = replace(LEGAL, step=2), replace(BACKUP, step=3)
        found = judged([Approval(1), AFTER, late, later])
        assert str(found) == (
            f"still needs execution of request r-0, which is unknown and 1 approval (1 more), then {late} and {later}"
        )
        assert str(judged([])) == "every requirement is met"

    def test_each_position_names_its_requirement_met_or_not(self) -> None:
        quiet, busy = Circumstances(), Circumstances(executions=(NOON, NOON))
        for requirement in EVERY:
            assert [alone(requirement, around=around).requirement for around in (quiet, busy)] == [requirement] * 2

    def test_what_is_met_waits_for_nothing_and_misses_nobody(self) -> None:
        found = alone(Approval(2), vote("carol"), vote("dave"))
        assert (found.met, found.waits_for, found.missing) == (True, "", 0)

    def test_whoever_counted_is_named_once_for_each_place(self) -> None:
        found = judged([LEGAL, Approval(1)], report("legal"), vote("carol"))
        assert (found.met, found.counted, found.step) == (True, ("carol", "dora"), None)
        assert [str(each) for each in found.positions] == [f"{LEGAL}: met by dora", "1 approval: met by carol"]

    def test_what_is_met_by_nobody_names_nobody(self) -> None:
        assert str(after()) == f"{AFTER}: met"

    def test_other_requirements_than_those_of_the_terms_can_be_judged(self) -> None:
        known = Known(a_terms(LEGAL), "now", Ballots((), (report("backup"),)), NOON)
        assert standing(known, [BACKUP]).met
        assert not standing(known).met
        assert standing(known, ()).met

    @pytest.mark.parametrize(
        ("requirement", "people"),
        [(Approval(1), True), (LEGAL, True), (BACKUP, True), (FREEZE, False), (AFTER, False), (TWO_AN_HOUR, False)],
    )
    def test_it_is_known_which_kinds_wait_for_people(self, requirement: Requirement, people: bool) -> None:
        assert requirement.asks_people == people


class TestWhatCannotBeRequired:
    @pytest.mark.parametrize(
        ("cls", "fields", "words"),
        [
            (Approval, {"step": 0}, "step=0 of a requirement must be a whole number from 1"),
            (Approval, {"step": True}, "step=True"),
            (Quota, {"limit": 1, "per": HOUR, "step": 1.5}, "step=1.5"),
            (
                Approval,
                {"when_impossible": "panic"},
                "when_impossible='panic' of a requirement is none; use reject, note",
            ),
            (Schedule, {"not_after": NOON, "when_impossible": None}, "when_impossible=None"),
            (Approval, {"kinds": ()}, "admits nobody; name at least one kind of actor"),
            (Approval, {"kinds": ("robot",)}, "kinds='robot' of a requirement is none; use human, service"),
            (Approval, {"kinds": "human"}, "kinds='human' is no collection of strings"),
            (Approval, {"roles": ("",)}, "is no collection of strings"),
            (Approval, {"groups": (1,)}, "is no collection of strings"),
            (Approval, {"actors": None}, "actors=None is no collection of strings"),
            (Approval, {"within": timedelta(0)}, "within=.* pass a timedelta above zero"),
            (LEGAL.__class__, {"name": "x", "within": 3600}, "within=3600"),
            (Approval, {"deadline": datetime(2026, 1, 31)}, "deadline=.* pass a datetime with a time zone"),  # noqa: DTZ001 - the point
            (Approval, {"deadline": "tomorrow"}, "deadline='tomorrow'"),
            (Approval, {"count": "all"}, "count='all' of an approval by anybody; name actors, roles or groups"),
            (Approval, {"count": 3, "actors": ("carol", "dave")}, "count=3 .* exceeds the eligible: carol, dave"),
            (ManualReview, {"name": ""}, "ManualReview wants a name of 1 to 256 characters, not ''"),
            (ManualReview, {"name": "legal", "valid_for": -HOUR}, "valid_for="),
            (ExternalCheck, {"name": " "}, "ExternalCheck wants a name of 1 to 256 characters, not ' '"),
            (ExternalCheck, {"name": "a\nb"}, "ExternalCheck wants a name"),
            (ExternalCheck, {"name": None}, "ExternalCheck wants a name of 1 to 256 characters, not None"),
            (ExternalCheck, {"name": "backup", "valid_for": timedelta(0)}, "valid_for="),
            (Schedule, {}, "says nothing; give it not_before= or not_after="),
            (Schedule, {"not_before": datetime(2026, 1, 31)}, "not_before="),  # noqa: DTZ001 - the point
            (Schedule, {"not_after": "2026-01-31"}, "not_after='2026-01-31'"),
            (Schedule, {"not_before": NOON, "not_after": NOON}, "not_after= of a Schedule must come after"),
            (Freeze, {"name": "", "until": NOON}, "Freeze wants a name"),
            (Freeze, {"name": "x", "until": datetime(2026, 1, 31)}, "until="),  # noqa: DTZ001 - the point
            (Freeze, {"name": "x", "until": NOON, "waiver_roles": "cfo"}, "waiver_roles='cfo'"),
            (Quota, {"limit": 0, "per": HOUR}, "limit=0 of a Quota: pass a whole number from 1 to 1000"),
            (Quota, {"limit": MOST_COUNTED + 1, "per": HOUR}, "limit=1001"),
            (Quota, {"limit": True, "per": HOUR}, "limit=True"),
            (Quota, {"limit": 2.0, "per": HOUR}, "limit=2.0"),
            (Quota, {"limit": 2, "per": timedelta(0)}, "per="),
        ],
    )
    def test_it_is_refused_when_it_is_made(self, cls: type[Requirement], fields: dict[str, Any], words: str) -> None:
        with pytest.raises(ConfigurationError, match=words):
            cls(**fields)

    def test_a_quota_without_a_time_is_refused(self) -> None:
        nothing: Any = None
        with pytest.raises(ConfigurationError, match="per=None of a requirement: pass a timedelta above zero"):
            Quota(limit=1, per=nothing)

    def test_a_freeze_without_an_end_is_refused(self) -> None:
        nothing: Any = None
        with pytest.raises(ConfigurationError, match="until=None of a requirement: pass a datetime with a time zone"):
            Freeze(name="x", until=nothing)

    @pytest.mark.parametrize("request_id", ["", " r-0", "r\n0", "x" * 257, None])
    def test_a_dependency_wants_the_id_of_a_request(self, request_id: Any) -> None:  # noqa: ANN401 - the point
        with pytest.raises(InputError, match="request_id="):
            Dependency(request_id=request_id)

    def test_all_of_a_list_is_what_a_list_without_a_count_means(self) -> None:
        assert Approval(actors=("carol", "dave")).count == "all"
        assert Approval(actors=("carol",), roles=("security",)).count == 1
        assert Approval().count == Approval(roles=("security",)).count == 1
        assert Approval("all", actors=("carol", "dave")).places == 2

    def test_choices_may_be_given_as_words(self) -> None:
        words: dict[str, Any] = {"kinds": ("human", "agent"), "when_impossible": "note"}
        made = Approval(**words)
        assert made.kinds == (ActorKind.AGENT, ActorKind.HUMAN)
        assert made.when_impossible is WhenImpossible.NOTE


EAST = timezone(HOUR)
EVERY: list[Requirement] = [
    Approval(),
    Approval("all", actors=("carol", "dave")),
    Approval(
        2,
        actors=("carol",),
        roles=("security", "finance"),
        groups=("board",),
        kinds=(ActorKind.HUMAN, ActorKind.AGENT),
        within=HOUR,
        deadline=NOON,
        recheck=True,
        any_rejection_ends=False,
        step=2,
        when_impossible=WhenImpossible.REFUSE,
    ),
    ManualReview(name="legal", groups=("legal",), valid_for=HOUR, within=TICK),
    ExternalCheck(name="backup", valid_for=HOUR, when_impossible=WhenImpossible.NOTE),
    ExternalCheck(name="scan", kinds=tuple(ActorKind)),
    Schedule(not_before=NOON),
    Schedule(not_before=NOON, not_after=datetime(2026, 2, 1, 0, tzinfo=EAST), step=3),
    FREEZE,
    Freeze(name="ever", until=datetime(9999, 12, 31, tzinfo=UTC)),
    AFTER,
    replace(AFTER, asks=SAME),
    TWO_AN_HOUR,
]


class TestKeptTerms:
    @pytest.mark.parametrize("requirement", EVERY, ids=str)
    def test_each_kind_is_read_back_as_it_was_written(self, requirement: Requirement) -> None:
        terms = a_terms(requirement, own=(requirement,), approval_valid_for=HOUR)
        body = TERMS.dump(terms)
        read = TERMS.load(body, "r-1#1")
        assert read == terms
        assert type(read.requirements[0]) is type(requirement)
        assert (str(read.requirements[0]), hash(read.requirements[0])) == (str(requirement), hash(requirement))
        assert TERMS.dump(read) == body

    def test_every_kind_is_tried_here(self) -> None:
        assert {type(each) for each in EVERY} == {*JUDGES, Approval}

    def test_each_says_in_json_what_it_is(self) -> None:
        kinds = {each["kind"] for each in json.loads(TERMS.dump(a_terms(*EVERY)))["requirements"]}
        assert kinds == {"approval", "manual_review", "external_check", "schedule", "freeze", "dependency", "quota"}

    @pytest.mark.parametrize(
        "broken",
        [
            {"kind": "oracle"},
            {"kind": "schedule"},
            {"kind": "quota", "limit": 0, "per": "PT1H"},
            {"kind": "freeze", "name": "x"},
            {"kind": "approval", "count": 0, "roles": [], "groups": []},
            {"kind": None, "count": 1},
            {"count": 1},
        ],
    )
    def test_what_cannot_be_read_is_no_requirement(self, broken: dict[str, Any]) -> None:
        with pytest.raises(IntegrityError, match="placet_terms"):
            TERMS.load(json.dumps(json.loads(TERMS.dump(a_terms())) | {"requirements": [broken]}).encode(), "r-1#1")

    def test_moments_of_any_zone_are_the_same_requirement(self) -> None:
        one = Schedule(not_before=NOON)
        other = Schedule(not_before=NOON.astimezone(EAST))
        assert TERMS.dump(a_terms(one)) == TERMS.dump(a_terms(other))

    def test_people_meet_approvals_reviews_and_checks(self) -> None:
        assert {type(each) for each in EVERY if isinstance(each, Eligibility)} == {
            Approval,
            ManualReview,
            ExternalCheck,
        }

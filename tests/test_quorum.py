"""Who has to approve, and whether those who did are enough: held against a count of every possible seating."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import a_terms
from placet import Actor, ActorKind
from placet.errors import ConfigurationError
from placet.lifecycle.quorum import Seating, asking, counting
from placet.lifecycle.standing import Known, Standing, standing
from placet.model.ballots import Ballots, Choice, Vote
from placet.model.terms import Terms
from placet.requirements import Approval

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROLES = ("security", "finance", "legal")


def vote(actor: str, *roles: str, groups: tuple[str, ...] = (), digest: str = "now") -> Vote:
    return Vote(actor, actor, roles, groups, digest)


def judged(terms: Terms, votes: Iterable[Vote]) -> Standing:
    return standing(Known(terms, "now", Ballots(tuple(votes)), NOON))


class TestWhoCounts:
    def test_two_approvals_need_two_people(self) -> None:
        two = a_terms(Approval(2))
        assert not judged(two, [vote("carol"), vote("carol")]).met
        assert judged(two, [vote("carol"), vote("dave")]).met

    def test_nobody_counts_a_second_time_though_another_voted_in_between(self) -> None:
        votes = [vote("carol"), vote("dave"), replace(vote("carol"), principal="eve")]
        assert not judged(a_terms(Approval(3)), votes).met
        assert judged(a_terms(Approval(3)), votes).counted == ("carol", "dave")

    def test_the_requester_never_counts(self) -> None:
        assert not judged(a_terms(Approval(1)), [vote("bob")]).met

    def test_nor_does_whoever_the_requester_acts_for(self) -> None:
        asked = a_terms(Approval(1), requester="bot", on_behalf_of="bob")
        assert asking(asked) == {"bot", "bob"}
        assert not judged(asked, [vote("bob"), vote("bot")]).met
        assert judged(asked, [vote("carol")]).counted == ("carol",)

    def test_nor_does_whoever_votes_for_the_requester_or_lets_the_requester_vote(self) -> None:
        assert not judged(a_terms(Approval(1)), [replace(vote("carol"), principal="bob")]).met
        assert not judged(a_terms(Approval(1)), [replace(vote("bob"), principal="carol")]).met

    def test_a_requester_who_acts_for_nobody_asks_alone(self) -> None:
        assert asking(a_terms()) == {"bob"}

    def test_a_vote_for_another_digest_never_counts(self) -> None:
        assert not judged(a_terms(Approval(1)), [vote("carol", digest="then")]).met
        assert not judged(a_terms(Approval(1)), [vote("carol", digest="")]).met

    def test_an_old_vote_beside_a_new_one_makes_no_difference(self) -> None:
        votes = [vote("carol", "finance"), vote("carol", digest="then"), vote("dave", digest="then")]
        assert judged(a_terms(Approval(1, roles=("finance",))), votes).counted == ("carol",)

    def test_roles_and_groups_are_those_held_when_the_vote_was_given(self) -> None:
        needs = a_terms(Approval(1, roles=("security",), groups=("board",)))
        assert not judged(needs, [vote("carol", "finance", groups=("staff",))]).met
        assert judged(needs, [vote("carol", "security")]).met
        assert judged(needs, [vote("carol", groups=("board",))]).met

    def test_nothing_required_is_met_by_nobody(self) -> None:
        assert judged(a_terms(), []).met
        assert judged(a_terms(), [vote("carol")]).counted == ()

    @pytest.mark.parametrize("choice", [Choice.REJECT, Choice.ABSTAIN])
    def test_a_vote_of_another_choice_never_fills_a_place(self, choice: Choice) -> None:
        said = replace(vote("carol"), choice=choice)
        assert not judged(a_terms(Approval(1)), [said]).met
        assert judged(a_terms(Approval(1)), [said, vote("dave")]).counted == ("dave",)


class TestOnePersonHasAHandInOneVote:
    def test_a_delegate_who_has_voted_for_somebody_does_not_count_again(self) -> None:
        votes = [replace(vote("dave"), principal="carol"), vote("dave")]
        assert judged(a_terms(Approval(2)), votes).counted == ("dave",)
        assert counting(a_terms(), "now", votes) == votes[:1]

    def test_nor_does_whoever_somebody_has_voted_for(self) -> None:
        votes = [replace(vote("dave"), principal="carol"), vote("carol")]
        assert counting(a_terms(), "now", votes) == votes[:1]

    def test_nor_does_somebody_who_votes_for_a_third_with_a_hand_used_already(self) -> None:
        votes = [vote("dave"), replace(vote("dave"), principal="carol")]
        assert counting(a_terms(), "now", votes) == votes[:1]

    def test_nor_do_two_delegates_of_one_person(self) -> None:
        votes = [replace(vote(each), principal="carol") for each in ("dave", "eve")]
        assert counting(a_terms(), "now", votes) == votes[:1]

    def test_a_vote_that_does_not_count_uses_nobodys_hand(self) -> None:
        for other in (
            replace(vote("dave"), choice=Choice.ABSTAIN),
            replace(vote("dave"), digest="then"),
            replace(vote("dave"), principal="bob"),
        ):
            assert counting(a_terms(), "now", [other, vote("dave")]) == [vote("dave")]

    def test_the_one_given_first_counts(self) -> None:
        first, second = vote("carol", "security"), vote("carol", "finance")
        assert counting(a_terms(), "now", [first, second]) == [first]
        assert counting(a_terms(), "now", [second, first]) == [second]


class TestSteps:
    def test_a_vote_of_an_earlier_step_never_fills_a_place_of_a_later_one(self) -> None:
        needs = a_terms(Approval(1, roles=("security",)), Approval(1, step=2))
        early = [vote("carol", "security"), vote("dave")]
        assert [each.met for each in judged(needs, early).positions] == [True, False]
        assert judged(needs, [early[0], replace(early[1], step=2)]).met

    def test_nor_does_one_of_a_later_step_fill_a_place_of_an_earlier_one(self) -> None:
        assert not judged(a_terms(Approval(1)), [replace(vote("carol"), step=2)]).met

    def test_the_same_approval_in_two_steps_takes_two_people(self) -> None:
        needs = a_terms(Approval(1), Approval(1, step=2))
        assert judged(needs, [vote("carol"), replace(vote("dave"), step=2)]).met
        assert not judged(needs, [vote("carol"), replace(vote("carol"), step=2)]).met

    def test_the_open_step_is_the_first_that_is_not_met(self) -> None:
        needs = a_terms(Approval(1, step=3), Approval(1), Approval(1, step=2))
        assert judged(needs, []).step == 1
        assert judged(needs, [vote("carol")]).step == 2
        assert judged(needs, [vote("carol"), replace(vote("dave"), step=2)]).step == 3
        whole = [replace(vote(name), step=step) for step, name in enumerate(("carol", "dave", "eve"), 1)]
        assert judged(needs, whole).step is None


class TestKindsOfActor:
    def test_humans_alone_approve_unless_it_says_otherwise(self) -> None:
        for kind in ActorKind:
            said = replace(vote("carol"), kind=kind)
            assert judged(a_terms(Approval(1)), [said]).met == (kind is ActorKind.HUMAN)

    def test_a_kind_that_is_named_approves_and_no_other(self) -> None:
        needs = a_terms(Approval(1, kinds=(ActorKind.AGENT, ActorKind.SERVICE)))
        fine = {kind for kind in ActorKind if judged(needs, [replace(vote("x"), kind=kind)]).met}
        assert fine == {ActorKind.AGENT, ActorKind.SERVICE}

    def test_a_vote_has_the_kind_of_whoever_gave_it(self) -> None:
        assert Vote.by(Actor("bot", ActorKind.AGENT), "now").kind is ActorKind.AGENT

    def test_a_kind_alone_is_not_enough(self) -> None:
        needs = a_terms(Approval(1, roles=("security",), kinds=(ActorKind.AGENT,)))
        assert not judged(needs, [replace(vote("bot"), kind=ActorKind.AGENT)]).met
        assert judged(needs, [replace(vote("bot", "security"), kind=ActorKind.AGENT)]).met


class TestNamedActors:
    def test_all_of_a_list_must_approve(self) -> None:
        needs = a_terms(Approval(actors=("carol", "dave")))
        assert not judged(needs, [vote("carol"), vote("eve")]).met
        assert judged(needs, [vote("dave"), vote("carol")]).counted == ("carol", "dave")

    def test_some_of_a_list_may_be_enough(self) -> None:
        needs = a_terms(Approval(2, actors=("carol", "dave", "eve")))
        assert judged(needs, [vote("eve"), vote("carol")]).met
        assert not judged(needs, [vote("eve"), vote("frank")]).met

    def test_a_delegate_fills_the_place_of_whoever_they_vote_for(self) -> None:
        needs = a_terms(Approval(actors=("carol",)))
        assert judged(needs, [replace(vote("dave"), principal="carol")]).counted == ("dave",)

    def test_a_list_a_role_and_a_group_are_three_ways_to_be_eligible(self) -> None:
        needs = a_terms(Approval(3, actors=("carol",), roles=("security",), groups=("board",)))
        votes = [vote("carol"), vote("dave", "security"), vote("eve", groups=("board",)), vote("frank", "sales")]
        assert judged(needs, votes).counted == ("carol", "dave", "eve")


APPROVALS = st.builds(
    Approval,
    count=st.integers(1, 2),
    actors=st.sampled_from([(), (), ("carol", "eve")]),
    roles=st.sets(st.sampled_from(ROLES), max_size=2).map(tuple),
    groups=st.sets(st.sampled_from(["board"])).map(tuple),
    step=st.sampled_from([1, 1, 1, 2]),
)
NAMES = st.sampled_from(["carol", "dave", "eve", "frank", "bob", "boss"])
VOTES = st.builds(
    Vote,
    actor=NAMES,
    principal=NAMES,
    roles=st.sets(st.sampled_from(ROLES), max_size=2).map(tuple),
    groups=st.sets(st.sampled_from(["board", "staff"])).map(tuple),
    digest=st.sampled_from(["now", "now", "now", "then"]),
    choice=st.sampled_from([Choice.APPROVE] * 4 + [Choice.REJECT, Choice.ABSTAIN]),
    step=st.sampled_from([1, 1, 1, 2]),
)


class TestSeating:
    def test_one_person_fills_one_place(self) -> None:
        needs = a_terms(Approval(1, roles=("security",)), Approval(1, roles=("finance",)))
        assert not judged(needs, [vote("carol", "security", "finance")]).met

    def test_who_fits_both_is_seated_where_it_helps(self) -> None:
        needs = a_terms(Approval(1, roles=("security", "finance")), Approval(1, roles=("security",)))
        both, plain = vote("carol", "security"), vote("dave", "finance")
        assert judged(needs, [both, plain]).met
        assert judged(needs, [plain, both]).met

    def test_a_chain_of_three_is_moved_along(self) -> None:
        needs = a_terms(*(Approval(1, roles=roles) for roles in (("a", "b"), ("b", "c"), ("c",))))
        assert judged(needs, [vote("1", "a", "b"), vote("2", "b", "c"), vote("3", "a")]).met

    def test_whoever_is_moved_may_move_another_in_turn_and_nobody_sits_twice(self) -> None:
        seating = Seating([1, 1, 1])
        assert [seating.add(fits) for fits in ([0, 1], [1, 2], [0])] == [True, True, True]
        assert seating.seats == [[2], [0], [1]]

    def test_whoever_sits_keeps_a_place_and_those_who_find_none_stand(self) -> None:
        seating = Seating([1, 1])
        assert [seating.add(fits) for fits in ([0, 1], [0], [0], [], [0, 1])] == [True, True, False, False, False]
        assert sorted(each for taken in seating.seats for each in taken) == [0, 1]
        assert seating.missing == 0

    def test_a_place_that_was_out_of_reach_of_one_is_found_by_another(self) -> None:
        seating = Seating([1, 1])
        assert [seating.add(fits) for fits in ([0], [0], [1])] == [True, False, True]

    @given(
        st.lists(st.integers(0, 2), min_size=1, max_size=4),
        st.lists(st.sets(st.integers(0, 3)).map(sorted), max_size=6),
    )
    def test_everybody_finds_a_place_whom_some_seating_of_those_before_has_room_for(
        self, places: list[int], people: list[list[int]]
    ) -> None:
        wishes = [[sort for sort in fits if sort < len(places)] for fits in people]
        seating = Seating(places)
        for number, fits in enumerate(wishes, 1):
            found = seating.add(fits)
            assert found == (_most(places, wishes[:number]) > _most(places, wishes[: number - 1]))
        assert all(len(taken) <= there for taken, there in zip(seating.seats, places, strict=True))
        assert all(sort in wishes[each] for sort, taken in enumerate(seating.seats) for each in taken)

    @given(st.lists(APPROVALS, max_size=3), st.lists(VOTES, max_size=6))
    def test_as_many_places_are_filled_as_can_be(self, approvals: list[Approval], votes: list[Vote]) -> None:
        named = [each for each in approvals if each.actors or each.roles or each.groups]
        places = [each for each in named for _ in range(each.places)]
        good = _good(votes)
        positions = judged(a_terms(*approvals, on_behalf_of="boss"), votes).positions
        seated = [each for each in positions if each.requirement in named]
        assert len(places) - sum(each.missing for each in seated) == _most_filled(places, good)
        assert all(each.met == (each.missing == 0) for each in positions)
        assert {actor for each in positions for actor in each.counted} <= {each.actor for each in good}
        taken = [actor for each in seated for actor in each.counted]
        assert len(taken) == len({*taken})

    @given(st.lists(APPROVALS, max_size=3), st.lists(VOTES, max_size=6))
    def test_an_approval_by_anybody_counts_whoever_approves_in_its_step(
        self, approvals: list[Approval], votes: list[Vote]
    ) -> None:
        for each in judged(a_terms(*approvals, on_behalf_of="boss"), votes).positions:
            approval = each.requirement
            if isinstance(approval, Approval) and approval.anybody:
                there = sum(one.step == approval.step for one in _good(votes))
                assert (each.missing, len(each.counted)) == (
                    max(0, approval.places - there),
                    min(approval.places, there),
                )

    def test_in_whatever_order_votes_come_in_the_same_people_are_enough(self) -> None:
        needs = a_terms(Approval(2, roles=("security",)), Approval(3))
        votes = [vote("carol", "security"), vote("dave"), vote("eve", "security")]
        assert {judged(needs, order).counted for order in permutations(votes)} == {("carol", "dave", "eve")}


def _most(places: list[int], people: list[list[int]]) -> int:
    """Count by hand how many of these people can sit at once."""
    if not people:
        return 0
    first, rest = people[0], people[1:]
    seated = [
        1 + _most([there - (sort == taken) for sort, there in enumerate(places)], rest)
        for taken in first
        if places[taken]
    ]
    return max([_most(places, rest), *seated])


def _good(votes: list[Vote]) -> list[Vote]:
    """Take the votes that may count, in the order given, each person with a hand in one."""
    used = {"bob", "boss"}
    good = []
    for each in votes:
        if each.digest == "now" and each.choice == "approve" and not used & {each.actor, each.principal}:
            good.append(each)
            used |= {each.actor, each.principal}
    return good


def _may(place: Approval, each: Vote) -> bool:
    """Say by hand whether a vote is good for a place."""
    anybody = not (place.actors or place.roles or place.groups)
    listed = {each.actor, each.principal} & {*place.actors}
    belongs = {*each.roles} & {*place.roles} or {*each.groups} & {*place.groups}
    return each.step == place.step and (anybody or bool(listed) or bool(belongs))


def _most_filled(places: list[Approval], votes: list[Vote]) -> int:
    """Try every way to give each voter a place or none."""
    best = 0
    for seats in product(range(-1, len(places)), repeat=len(votes)):
        taken = [index for index in seats if index >= 0]
        if len(set(taken)) == len(taken) and all(
            _may(places[index], each) for index, each in zip(seats, votes, strict=True) if index >= 0
        ):
            best = max(best, len(taken))
    return best


class TestWords:
    def test_what_is_missing_is_said_in_words(self) -> None:
        needs = a_terms(Approval(2, roles=("security",), groups=("board",)), Approval(2))
        assert str(judged(needs, [vote("carol", "security")])) == (
            "still needs 2 approvals by role security or group board (1 more) and 2 approvals (1 more)"
        )
        assert str(judged(a_terms(), [])) == "every requirement is met"

    def test_a_later_step_is_named_after_the_open_one(self) -> None:
        needs = a_terms(Approval(2, step=2), Approval(1, roles=("legal",)))
        assert str(judged(needs, [])) == "still needs 1 approval by role legal (1 more), then 2 approvals (2 more)"

    @pytest.mark.parametrize("count", [0, -1, True, 1.0, "2", "ALL", [1]])
    def test_a_count_is_a_whole_number_from_one_or_all(self, count: Any) -> None:  # noqa: ANN401 - the point
        with pytest.raises(ConfigurationError, match="whole number from 1, or 'all'"):
            Approval(count)

    @pytest.mark.parametrize("name", ["actors", "roles", "groups"])
    def test_one_string_is_no_collection_of_roles(self, name: str) -> None:
        options: dict[str, Any] = {name: "security"}
        with pytest.raises(ConfigurationError, match="is no collection of strings"):
            Approval(1, **options)

    def test_roles_are_a_set(self) -> None:
        assert Approval(1, roles=("b", "a", "b")) == Approval(1, roles=("a", "b"))

"""Who has to approve, and whether those who did are enough: held against a count of every possible seating."""

from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import Intent, OnDrift, Requirement
from signoff.errors import ConfigurationError
from signoff.lifecycle.quorum import standing
from signoff.model.requirement import Vote
from signoff.model.terms import Terms

ROLES = ("security", "finance", "legal")


def terms(*requirements: Requirement, requester: str = "bob", on_behalf_of: str | None = None) -> Terms:
    return Terms(
        request_id="r-1",
        number=1,
        state_id="house",
        state_type="Roles",
        mutation="GrantRole",
        schema_version=1,
        payload="{}",
        intent=Intent(operation="grant-role"),
        requester=requester,
        on_behalf_of=on_behalf_of,
        reason="",
        expected_version=1,
        state_hash="",
        on_drift=OnDrift.REJECT,
        fallback=OnDrift.REJECT,
        pause_for_revalidation=False,
        requirements=requirements,
        effect=(),
        expires_at=None,
    )


def vote(actor: str, *roles: str, groups: tuple[str, ...] = (), digest: str = "now") -> Vote:
    return Vote(actor, actor, roles, groups, digest)


class TestWhoCounts:
    def test_two_approvals_need_two_people(self) -> None:
        two = terms(Requirement(2))
        assert not standing(two, "now", [vote("carol"), vote("carol")]).met
        assert standing(two, "now", [vote("carol"), vote("dave")]).met

    def test_the_requester_never_counts(self) -> None:
        assert not standing(terms(Requirement(1)), "now", [vote("bob")]).met

    def test_nor_does_whoever_the_requester_acts_for(self) -> None:
        asked = terms(Requirement(1), requester="bot", on_behalf_of="bob")
        assert not standing(asked, "now", [vote("bob"), vote("bot")]).met
        assert standing(asked, "now", [vote("carol")]).counted == ("carol",)

    def test_a_vote_for_another_digest_never_counts(self) -> None:
        assert not standing(terms(Requirement(1)), "now", [vote("carol", digest="then")]).met
        assert not standing(terms(Requirement(1)), "now", [vote("carol", digest="")]).met

    def test_an_old_vote_beside_a_new_one_makes_no_difference(self) -> None:
        votes = [vote("carol", "finance"), vote("carol", digest="then"), vote("dave", digest="then")]
        assert standing(terms(Requirement(1, ("finance",))), "now", votes).counted == ("carol",)

    def test_roles_and_groups_are_those_held_when_the_vote_was_given(self) -> None:
        needs = terms(Requirement(1, roles=("security",), groups=("board",)))
        assert not standing(needs, "now", [vote("carol", "finance", groups=("staff",))]).met
        assert standing(needs, "now", [vote("carol", "security")]).met
        assert standing(needs, "now", [vote("carol", groups=("board",))]).met

    def test_nothing_required_is_met_by_nobody(self) -> None:
        assert standing(terms(), "now", []).met
        assert standing(terms(), "now", [vote("carol")]).counted == ()


class TestSeating:
    def test_one_person_fills_one_place(self) -> None:
        needs = terms(Requirement(1, ("security",)), Requirement(1, ("finance",)))
        assert not standing(needs, "now", [vote("carol", "security", "finance")]).met

    def test_who_fits_both_is_seated_where_it_helps(self) -> None:
        needs = terms(Requirement(1), Requirement(1, ("security",)))
        both, plain = vote("carol", "security"), vote("dave")
        assert standing(needs, "now", [both, plain]).met
        assert standing(needs, "now", [plain, both]).met

    def test_a_chain_of_three_is_moved_along(self) -> None:
        needs = terms(*(Requirement(1, roles) for roles in (("a", "b"), ("b", "c"), ("c",))))
        assert standing(needs, "now", [vote("1", "a", "b"), vote("2", "b", "c"), vote("3", "a")]).met

    @given(
        requirements=st.lists(
            st.builds(
                Requirement,
                count=st.integers(1, 2),
                roles=st.sets(st.sampled_from(ROLES), max_size=2).map(tuple),
                groups=st.sets(st.sampled_from(["board"])).map(tuple),
            ),
            max_size=3,
        ),
        votes=st.lists(
            st.builds(
                lambda actor, roles, groups, digest: Vote(actor, actor, roles, groups, digest),
                actor=st.sampled_from(["carol", "dave", "eve", "frank", "bob", "boss"]),
                roles=st.sets(st.sampled_from(ROLES), max_size=2).map(tuple),
                groups=st.sets(st.sampled_from(["board", "staff"])).map(tuple),
                digest=st.sampled_from(["now", "now", "now", "then"]),
            ),
            max_size=6,
            unique_by=lambda vote: (vote.actor, vote.digest),
        ),
    )
    def test_as_many_places_are_filled_as_can_be(self, requirements: list[Requirement], votes: list[Vote]) -> None:
        places = [requirement for requirement in requirements for _ in range(requirement.count)]
        counting = [each for each in votes if each.digest == "now" and each.actor not in {"bob", "boss"}]
        most = _most_filled(places, counting)
        stands = standing(terms(*requirements, on_behalf_of="boss"), "now", votes)
        assert len(places) - sum(count for _, count in stands.missing) == most
        assert stands.met == (most == len(places))
        assert len(set(stands.counted)) == len(stands.counted) == most
        assert set(stands.counted) <= {each.actor for each in counting}

    def test_the_order_of_votes_makes_no_difference(self) -> None:
        needs = terms(Requirement(2, ("security",)), Requirement(1))
        votes = [vote("carol", "security"), vote("dave"), vote("eve", "security"), vote("frank")]
        assert len({str(standing(needs, "now", order).counted) for order in permutations(votes)}) == 1


def _most_filled(places: list[Requirement], votes: list[Vote]) -> int:
    """Try every way to give each voter a place or none."""
    best = 0
    for seats in product(range(-1, len(places)), repeat=len(votes)):
        taken = [seat for seat in seats if seat >= 0]
        if len(set(taken)) == len(taken) and all(
            places[seat].admits(each.roles, each.groups) for seat, each in zip(seats, votes, strict=True) if seat >= 0
        ):
            best = max(best, len(taken))
    return best


class TestWords:
    def test_what_is_missing_is_said_in_words(self) -> None:
        needs = terms(Requirement(2, ("security",), ("board",)), Requirement(1))
        assert str(standing(needs, "now", [vote("carol", "security")])) == (
            "still needs 2 approvals by role security or group board (1 more) and 1 approval (1 more)"
        )
        assert str(standing(terms(), "now", [])) == "every requirement is met"

    @pytest.mark.parametrize("count", [0, -1, True, 1.0, "2", None])
    def test_a_count_is_a_whole_number_from_one(self, count: Any) -> None:  # noqa: ANN401 - the point
        with pytest.raises(ConfigurationError, match="whole number from 1"):
            Requirement(count)

    @pytest.mark.parametrize("name", ["roles", "groups"])
    def test_one_string_is_no_collection_of_roles(self, name: str) -> None:
        options: dict[str, Any] = {name: "security"}
        with pytest.raises(ConfigurationError, match="is no collection of strings"):
            Requirement(1, **options)

    def test_roles_are_a_set(self) -> None:
        assert Requirement(1, ("b", "a", "b")) == Requirement(1, ("a", "b"))

"""Who is left to approve: whoever's vote would be taken, and would help those there are to be complete."""

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import HOUSE, AddTeam, opened
from placet import Actor, Governance, MutationRequest, Requirement, StaticDirectory, Status, require
from placet.errors import ActorNotFoundError, PlacetError, TransitionRefusedError
from placet.lifecycle.quorum import Seating
from placet.requirements import Approval, WhenImpossible
from placet.store.port import Store
from placet.testing import FrozenClock

LEAD, BOARD = Approval(1, roles=("lead",)), Approval(1, roles=("board",))
PEOPLE = (
    Actor("bob"),
    Actor("ann", roles=("lead",)),
    Actor("mo", roles=("lead", "board")),
    Actor("una", roles=("board",)),
)


def governed(store: Store | str, people: Iterable[Actor], *required: Requirement, directory: Any = None) -> Governance:  # noqa: ANN401 - a directory
    return opened(
        store,
        clock=FrozenClock(),
        directory=directory or StaticDirectory(people),
        policies=[require(*required)],
    )


def without(*names: str) -> list[Actor]:
    return [each for each in PEOPLE if each.id not in names]


def asked(gov: Governance) -> MutationRequest:
    return gov.submit(AddTeam(team="x"), to=HOUSE, by="bob")


def approve(gov: Governance, request: MutationRequest, *people: str) -> Status:
    for by in people:
        request = gov.approve(request.id, by=by, digest=request.digest)
    return request.status


def waits(gov: Governance, request: MutationRequest) -> tuple[str, ...]:
    return gov.waiting_for(request.id).reasons


@pytest.mark.parametrize("required", [(LEAD, BOARD), (BOARD, LEAD)])
@pytest.mark.parametrize(
    ("people", "reason"),
    [
        (without("una"), "1 approval by role lead (1 more); left: ann"),
        (without("ann"), "1 approval by role board (1 more); left: una"),
    ],
)
def test_whoever_voted_first_takes_the_place_that_others_cannot(
    store: Store, required: tuple[Approval, ...], people: list[Actor], reason: str
) -> None:
    gov = governed(store, people, *required)
    request = asked(gov)
    assert approve(gov, request, "mo") is Status.PENDING
    assert waits(gov, request) == (reason,)
    (other,) = [each.id for each in people if each.id not in {"bob", "mo"}]
    assert request.id in [each.id for each in gov.inbox(other)]
    assert approve(gov, request, other) is Status.APPROVED


def test_where_either_place_can_be_left_both_who_could_take_it_are_left(store: Store) -> None:
    for last in ("ann", "una"):
        gov = governed("memory:", PEOPLE, LEAD, BOARD)
        request = asked(gov)
        approve(gov, request, "mo")
        (open_,) = [each for each in gov.waiting_for(request.id).positions if not each.met]
        assert open_.candidates == ("ann", "una")
        assert approve(gov, request, last) is Status.APPROVED


def test_a_chain_of_voters_moves_up_for_who_is_left(store: Store) -> None:
    people = [Actor("bob"), Actor("1", roles=("a", "b")), Actor("2", roles=("b", "c")), Actor("3", roles=("a",))]
    gov = governed(store, people, *(Approval(1, roles=(role,)) for role in ("a", "b", "c")))
    request = asked(gov)
    approve(gov, request, "1", "2")
    assert waits(gov, request) == ("1 approval by role a (1 more); left: 3",)
    assert approve(gov, request, "3") is Status.APPROVED


def test_somebody_listed_by_name_moves_up_where_others_can_take_the_role(store: Store) -> None:
    """Nobody can list who has a role here, so that somebody else may have it."""

    class Unlisted:
        def actor(self, actor_id: str) -> Actor:
            found = [each for each in PEOPLE if each.id == actor_id]
            if not found:
                raise ActorNotFoundError(actor_id)
            return found[0]

    named = Approval(actors=("ann", "mo"))
    gov = governed(store, (), LEAD, named, directory=Unlisted())
    request = asked(gov)
    approve(gov, request, "ann")
    assert [each.missing for each in gov.waiting_for(request.id).positions] == [1, 1]
    assert waits(gov, request)[1] == "approval by ann and mo (1 more); left: mo"


def test_who_came_later_is_not_left_where_all_of_a_role_are_named(store: Store) -> None:
    people = {each.id: each for each in without("una")}

    class Growing(StaticDirectory):
        def holders(self, roles: tuple[str, ...], groups: tuple[str, ...]) -> Iterable[Actor]:
            return [each for each in people.values() if {*roles} & {*each.roles}]

        def actor(self, actor_id: str) -> Actor:
            return people[actor_id]

    gov = governed(store, (), Approval("all", roles=("lead",)), directory=Growing([]))
    request = asked(gov)
    people["zoe"] = Actor("zoe", roles=("lead",))
    assert waits(gov, request)[0].endswith("left: ann, mo")
    with pytest.raises(TransitionRefusedError):
        approve(gov, request, "zoe")


NAMES = ("ann", "mo", "una", "vic", "wim")
APPROVALS = st.builds(
    Approval,
    count=st.integers(1, 2),
    roles=st.sampled_from([("a",), ("b",), ("c",), ("a", "b"), ("b", "c")]),
    step=st.sampled_from([1, 1, 1, 2]),
    when_impossible=st.just(WhenImpossible.NOTE),
)


@given(
    st.lists(APPROVALS, min_size=1, max_size=3, unique_by=lambda each: (each.roles, each.step)),
    st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from("abc"), min_size=1), min_size=3),
    st.lists(st.sampled_from(NAMES), max_size=4, unique=True),
)
def test_who_is_left_is_whoever_could_vote_and_so_say_the_inbox_and_the_guard(
    required: list[Approval], held: dict[str, set[str]], voters: list[str]
) -> None:
    people = [Actor("bob"), *(Actor(name, roles=tuple(roles)) for name, roles in held.items())]
    gov = governed("memory:", people, *required)
    try:
        request = asked(gov)
    except PlacetError:
        return
    for by in voters:
        try:
            request = gov.approve(request.id, by=by, digest=request.digest)
        except PlacetError:
            continue
    if request.status is not Status.PENDING:
        return
    waiting = gov.waiting_for(request.id)
    step = min(each.requirement.step or 0 for each in waiting.positions if not each.met)
    left = {
        name
        for each in waiting.positions
        if not each.met and each.requirement.step == step
        for name in each.candidates or ()
    }
    assert left == {name for name in held if _would_vote(gov, request, name)}
    assert left == {name for name in held if request.id in [each.id for each in gov.inbox(name)]}
    voted = [vote.actor for vote in waiting.votes]
    votes = [(vote.step, held[vote.actor]) for vote in waiting.votes]
    free = [(0, roles) for name, roles in held.items() if name not in voted]
    assert all(each.possible for each in waiting.positions) == _can_be_complete(required, votes, free)


def _would_vote(gov: Governance, request: MutationRequest, name: str) -> bool:
    """Vote, and take it back."""
    request = gov.get_request(request.id)
    try:
        voted = gov.approve(request.id, by=name, digest=request.digest)
    except PlacetError:
        return False
    if voted.revision == request.revision:  # the same vote again
        return False
    if voted.status is Status.PENDING:
        gov.withdraw(request.id, by=name)
        return True
    gov.hold(request.id, by=name, reason="to look")  # which takes it back to pending
    gov.withdraw(request.id, by=name)
    gov.release(request.id, by=name)
    return True


def _can_be_complete(
    required: list[Approval], votes: list[tuple[int, set[str]]], free: list[tuple[int, set[str]]]
) -> bool:
    """Tell by Hall's theorem whether different people can take all places."""
    places = [each for each in required for _ in range(each.places)]
    people = [*votes, *free]
    return all(
        sum(any(step in {0, one.step} and roles & {*one.roles} for one in some) for step, roles in people) >= len(some)
        for size in range(1, len(places) + 1)
        for some in combinations(places, size)
    )


# However many there are, eligibility is asked once.


def test_a_hundred_approvals_with_nested_lists_are_judged_by_looking_at_each_pair_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"p{number}" for number in range(100)]
    asked_about: list[str] = []

    class Counting(StaticDirectory):
        def actor(self, actor_id: str) -> Actor:
            asked_about.append(actor_id)
            return super().actor(actor_id)

    own = [Approval(1, actors=tuple(names[: number + 1])) for number in range(100)]
    directory = Counting([Actor("bob"), *map(Actor, names)])
    gov = opened(clock=FrozenClock(), directory=directory, policies=[require(Approval(1))])
    looks = 0
    admits = Approval.admits

    def counted(self: Approval, *who: Any) -> bool:  # noqa: ANN401 - who they are
        nonlocal looks
        looks += 1
        return admits(self, *who)

    monkeypatch.setattr(Approval, "admits", counted)
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob", requirements=own[:99])
    assert len(asked_about) <= 110
    assert looks <= 99 * 100
    for by in reversed(names[1:50]):
        looks = 0
        asked_about.clear()
        request = gov.approve(request.id, by=by, digest=request.digest)
        assert len(asked_about) <= 110
        assert looks <= 10 * 99 * 100
    assert request.status is Status.PENDING


def test_the_search_for_a_place_visits_each_sort_of_place_once() -> None:
    class Counted(list[int]):
        visits = 0

        def __iter__(self) -> Any:  # noqa: ANN401 - an iterator
            Counted.visits += 1
            return super().__iter__()

    seating = Seating([1] * 100)
    for number in range(100):
        assert seating.add(Counted(range(number, 100)))
    for _ in range(1000):
        seating.add(Counted(range(100)))
    assert Counted.visits <= 100 * 100

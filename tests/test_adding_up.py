"""How requirements add up: those of several policies, and the requester's own, are put together by one rule."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import HOUSE, AddTeam, opened, refused
from placet import (
    Actor,
    ActorKind,
    Governance,
    MutationRequest,
    Proposal,
    StaticDirectory,
    Status,
    Verdict,
    policy,
    require,
    require_approval,
)
from placet.errors import ConfigurationError, InputError, PolicyRaisedError, UnsatisfiableError
from placet.model.approval import MOST_NAMED, MOST_PLACES
from placet.model.merging import merged
from placet.model.requirement import MOST_STEPS, Requirement
from placet.requirements import Approval, Dependency, ExternalCheck, Freeze, ManualReview, Quota, Schedule
from placet.store.port import Store
from placet.testing import FrozenClock

HOUR = timedelta(hours=1)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LEAD, BOARD, ANYBODY = Approval(1, roles=("lead",)), Approval(1, roles=("board",)), Approval(1)
BOTH_KINDS = (ActorKind.HUMAN, ActorKind.AGENT)
PEOPLE = (
    Actor("bob"),
    Actor("ann", roles=("lead",)),
    Actor("eve", roles=("lead",)),
    Actor("mo", roles=("lead", "board")),
    Actor("una", roles=("board",)),
    Actor("xi"),
    Actor("yo"),
    Actor("robot", ActorKind.AGENT, roles=("lead",), on_behalf_of="zoe"),
)
LEADS = ("ann", "eve", "mo")


def governed(store: Store, *policies: Sequence[Requirement]) -> Governance:
    """Open the house where each of these is what one policy requires."""
    return opened(
        store, clock=FrozenClock(), directory=StaticDirectory(PEOPLE), policies=[require(*each) for each in policies]
    )


def asked(gov: Governance, *own: Requirement) -> MutationRequest:
    return gov.submit(AddTeam(team="x"), to=HOUSE, by="bob", requirements=own)


def approve(gov: Governance, request: MutationRequest, *people: str) -> Status:
    for by in people:
        request = gov.approve(request.id, by=by, digest=request.digest)
    return request.status


@dataclass(frozen=True)
class Case:
    """One row of the table in the README: what the policies require, and who are enough.

    Attributes:
        policies: what each requires.
        enough: people who are, in every order in which they are given here.
        not_enough: people who are not.
    """

    policies: tuple[tuple[Requirement, ...], ...]
    enough: tuple[tuple[str, ...], ...]
    not_enough: tuple[tuple[str, ...], ...]


CASES = {
    "one approval, and two approvals": Case(
        ((ANYBODY,), (Approval(2),)), enough=(("xi", "yo"),), not_enough=(("xi",),)
    ),
    "one approval by a lead, and two by leads": Case(
        ((LEAD,), (Approval(2, roles=("lead",)),)), enough=(("ann", "mo"),), not_enough=(("ann",),)
    ),
    "one approval by a lead, and two approvals": Case(
        ((LEAD,), (Approval(2),)),
        enough=(("ann", "xi"), ("xi", "ann"), ("ann", "eve")),
        not_enough=(("ann",), ("xi",), ("xi", "yo")),
    ),
    "one approval by a lead, and one by the board": Case(
        ((LEAD,), (BOARD,)), enough=(("mo", "una"), ("mo", "ann"), ("ann", "mo")), not_enough=(("mo",),)
    ),
    "one approval by a lead in step 1, and the same in step 2": Case(
        ((LEAD,), (replace(LEAD, step=2),)), enough=(("ann", "mo"),), not_enough=(("ann",),)
    ),
}
"""The rows of the table in the README by their first cell; the last one is the test after these."""

TWICE = "the same approval twice in one `require`"


def test_the_table_in_the_readme_has_a_row_for_each_case() -> None:
    text = (Path(__file__).parent.parent / "README.md").read_text()
    table = text.split("| what is required | is met by |\n| --- | --- |\n")[1].split("\n\n")[0]
    assert [row.split("|")[1].strip() for row in table.splitlines()] == [*CASES, TWICE]


@pytest.mark.parametrize("what", CASES)
@pytest.mark.parametrize("by_the_requester", [False, True])
def test_a_row_of_the_table_holds_for_policies_and_for_what_the_requester_adds(
    store: Store, what: str, by_the_requester: bool
) -> None:
    case = CASES[what]
    gov = governed(store, *(case.policies[:1] if by_the_requester else case.policies))
    own = case.policies[1] if by_the_requester else ()
    for people in case.not_enough:
        assert approve(gov, asked(gov, *own), *people) is Status.PENDING
    for people in case.enough:
        request = asked(gov, *own)
        assert approve(gov, request, *people[:-1]) is Status.PENDING
        assert approve(gov, request, people[-1]) is Status.APPROVED


@pytest.mark.parametrize(
    "made", [lambda: require(ANYBODY, ANYBODY), lambda: Verdict.require(ANYBODY, ANYBODY)], ids=["require", "verdict"]
)
def test_the_same_requirement_twice_in_one_require_is_refused(made: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError, match=r"1 approval is required twice.*write Approval\(2, \.\.\.\)"):
        made()


@pytest.mark.parametrize(
    ("twice", "way_out"),
    [
        (Approval(2, roles=("lead",)), r"write Approval\(4"),
        (Approval(actors=("ann", "eve")), "leave one out"),
        (ManualReview(name="legal"), "leave one out"),
        (ExternalCheck(name="tests"), "leave one out"),
        (Quota(limit=1, per=HOUR), "leave one out"),
        (Dependency(request_id="r"), "leave one out"),
        (Schedule(not_after=NOON), "leave one out"),
        (Freeze(name="storm", until=NOON), "leave one out"),
    ],
)
def test_so_is_any_other_requirement_with_the_way_out(twice: Requirement, way_out: str) -> None:
    for made in (Verdict.require, Verdict.restrict, require):
        with pytest.raises(ConfigurationError, match=way_out):
            made(BOARD, twice, replace(twice))


def test_a_policy_that_does_so_when_it_is_asked_has_raised(store: Store) -> None:
    @policy
    def double(_: Proposal) -> Verdict:
        return Verdict.require(ANYBODY, Approval(1))

    with pytest.raises(PolicyRaisedError, match="double"):
        asked(opened(store, policies=[double]))


def test_so_is_what_the_requester_adds(store: Store) -> None:
    gov = governed(store, [ANYBODY])
    with pytest.raises(InputError, match=r"requirements=: 1 approval by role lead is required twice"):
        asked(gov, LEAD, replace(LEAD))
    assert not list(gov.find_requests())


def test_two_policies_of_one_mind_ask_for_one(store: Store) -> None:
    gov = opened(
        store,
        directory=StaticDirectory(PEOPLE),
        policies=[require_approval(1, roles=["lead"]), require(LEAD), require_approval(1, roles=["lead"])],
    )
    assert asked(gov).requirements == (LEAD,)
    assert approve(gov, asked(gov, LEAD), "ann") is Status.APPROVED


# What becomes of the fields.


def only(*requirements: Requirement) -> Approval:
    (found,) = merged(requirements)
    assert isinstance(found, Approval)
    return found


def test_the_largest_count_is_what_is_wanted_and_all_is_the_largest() -> None:
    assert only(LEAD, replace(LEAD, count=3), replace(LEAD, count=2)) == replace(LEAD, count=3)
    assert only(replace(LEAD, count=3), Approval("all", roles=("lead",))).count == "all"
    assert only(Approval("all", roles=("lead",)), replace(LEAD, count=3)).count == "all"


STRICTER: dict[str, tuple[Any, Any]] = {
    "within": (2 * HOUR, HOUR),
    "recheck": (False, True),
    "any_rejection_ends": (False, None),
    "when_impossible": ("note", "refuse"),
}
STRICTEST: dict[str, tuple[Any, Any]] = {
    "within": (None, HOUR),
    "recheck": (False, True),
    "any_rejection_ends": (None, True),
    "when_impossible": ("refuse", "reject"),
}


@pytest.mark.parametrize("name", STRICTER)
@pytest.mark.parametrize("pairs", [STRICTER, STRICTEST])
def test_of_every_other_field_the_strictest_counts(name: str, pairs: dict[str, tuple[Any, Any]]) -> None:
    loose, strict = (Approval(1, roles=("lead",), **{name: value}) for value in pairs[name])
    assert only(loose, strict) == only(strict, loose) == strict


@pytest.mark.parametrize(
    "other",
    [
        Approval(1, roles=("lead",), actors=("xi",)),
        Approval(1, roles=("lead", "board")),
        Approval(1, roles=("lead",), groups=("floor",)),
        Approval(1, roles=("lead",), kinds=BOTH_KINDS),
        Approval(1, roles=("lead",), step=2),
        Approval(1),
    ],
)
def test_approvals_that_ask_others_stay_apart(other: Approval) -> None:
    assert merged([LEAD, other]) == (LEAD, other)


def test_what_is_put_together_stands_where_the_first_stood() -> None:
    quota = Quota(limit=1, per=HOUR)
    assert merged([LEAD, quota, ANYBODY, replace(LEAD, count=2), quota]) == (replace(LEAD, count=2), quota, ANYBODY)


APPROVALS = st.builds(
    Approval,
    st.one_of(st.integers(1, 3), st.just("all")),
    roles=st.sampled_from([("lead",), ("board",)]),
    within=st.sampled_from([None, HOUR, 2 * HOUR]),
    recheck=st.booleans(),
    any_rejection_ends=st.sampled_from([None, True, False]),
    when_impossible=st.sampled_from(["reject", "refuse", "note"]),
)


@given(st.lists(APPROVALS, max_size=6), st.randoms())
def test_neither_order_nor_doing_it_twice_makes_a_difference(wanted: list[Approval], random: Any) -> None:  # noqa: ANN401 - of hypothesis
    found = merged(wanted)
    shuffled = random.sample(wanted, len(wanted))
    assert {*merged(shuffled)} == {*found}
    assert merged(found) == found
    assert {*merged([*merged(wanted[:2]), *wanted[2:]])} == {*found}


# Through the front door.


def test_a_preview_shows_what_would_be_required(store: Store) -> None:
    gov = governed(store, [LEAD], [replace(LEAD, count=2)])
    assert gov.preview(AddTeam(team="x"), to=HOUSE, by="bob").requirements == (replace(LEAD, count=2),)


def test_the_deadline_is_that_of_the_shorter_time(store: Store) -> None:
    gov = governed(store, [replace(LEAD, within=2 * HOUR)], [replace(LEAD, within=HOUR)])
    request = asked(gov, replace(LEAD, within=3 * HOUR))
    assert request.due_at == request.created_at + HOUR


def test_all_of_a_role_absorb_a_number_but_never_fall_short_of_it(store: Store) -> None:
    every = Approval("all", roles=("lead",))
    gov = governed(store, [every], [replace(LEAD, count=2)])
    request = asked(gov)
    assert approve(gov, request, *LEADS[:2]) is Status.PENDING
    assert approve(gov, request, LEADS[2]) is Status.APPROVED
    with pytest.raises(UnsatisfiableError, match="4 approvals by role lead, and 3 are all who are eligible"):
        asked(gov, replace(LEAD, count=4))


def test_an_amended_request_adds_up_too(store: Store) -> None:
    gov = governed(store, [LEAD])
    request = asked(gov, replace(LEAD, count=2))
    amended = gov.amend(request.id, AddTeam(team="y"), by="bob")
    assert amended.requirements == (replace(LEAD, count=2),)
    assert approve(gov, amended, "ann", "eve") is Status.APPROVED


def test_what_policies_require_at_execution_adds_up_too(store: Store) -> None:
    gov = governed(store, [replace(LEAD, count=2)])
    request = asked(gov)
    assert approve(gov, request, "ann", "eve") is Status.APPROVED
    gov.register_policy(require_approval(1, roles=["lead"]))
    gov.register_policy(require_approval(2))
    assert gov.execute(request.id, by="bob").executed


def test_and_what_it_then_lacks_is_asked_for_together(store: Store) -> None:
    gov = governed(store, [LEAD])
    request = asked(gov)
    assert approve(gov, request, "ann") is Status.APPROVED
    gov.register_policy(require_approval(2, roles=["lead"]))
    outcome = gov.execute(request.id, by="bob")
    assert (outcome.status, outcome.request.requirements) == (Status.PENDING, (replace(LEAD, count=2),))
    assert approve(gov, outcome.request, "ann", "eve") is Status.APPROVED
    assert gov.execute(request.id, by="bob").executed


def test_a_lower_bound_counts_only_votes_of_its_kind(store: Store) -> None:
    gov = governed(store, [Approval(1, roles=("lead",), kinds=BOTH_KINDS), Approval(1)])
    request = asked(gov)
    assert approve(gov, request, "robot") is Status.PENDING
    assert str(gov.waiting_for(request.id)).endswith("pending: 1 approval (1 more)")
    assert approve(gov, request, "xi") is Status.APPROVED


def test_a_lower_bound_counts_only_votes_of_its_step(store: Store) -> None:
    gov = governed(store, [LEAD, Approval(1, step=2)])
    request = asked(gov)
    assert approve(gov, request, "ann") is Status.PENDING
    assert approve(gov, request, "eve") is Status.APPROVED


def test_a_vote_that_only_a_met_bound_admits_has_no_place(store: Store) -> None:
    gov = governed(store, [LEAD], [Approval(2)])
    request = asked(gov)
    assert approve(gov, request, "xi", "yo") is Status.PENDING
    assert request.id not in [each.id for each in gov.inbox("bob")]
    assert request.id in [each.id for each in gov.inbox("ann")]
    assert approve(gov, request, "ann") is Status.APPROVED
    assert gov.decisions(request.id)[-1].metadata == {"counted": ["ann", "xi", "yo"]}


def test_a_vote_beyond_every_bound_is_refused(store: Store) -> None:
    gov = governed(store, [BOARD], [Approval(1)])
    request = asked(gov)
    assert approve(gov, request, "xi") is Status.PENDING
    with refused(gov, request, "seat_in_open_step", "every place that yo could fill is taken"):
        approve(gov, request, "yo")


def test_the_rejection_that_ends_one_ends_what_they_are_together(store: Store) -> None:
    gov = governed(store, [LEAD], [replace(LEAD, any_rejection_ends=True)])
    request = asked(gov)
    assert gov.reject(request.id, by="ann", reason="no").status is Status.REJECTED


# Other kinds keep their own sense, though they bear one name.


def test_two_checks_of_one_name_are_met_by_one_report_each_in_its_own_time(store: Store, clock: FrozenClock) -> None:
    short, long = (ExternalCheck(name="tests", valid_for=hours * HOUR) for hours in (1, 6))
    gov = opened(
        store,
        clock=clock,
        directory=StaticDirectory([*PEOPLE, Actor("ci", ActorKind.SERVICE)]),
        policies=[require(short), require(long)],
    )
    request = asked(gov)
    gov.report(request.id, check="tests", passed=True, by="ci", digest=request.digest, evidence="green")
    assert gov.get_request(request.id).status is Status.APPROVED
    clock.tick(hours=1)
    assert gov.execute(request.id, by="bob").status is Status.PENDING


def test_two_reviews_of_one_name_by_different_roles_need_both(store: Store) -> None:
    gov = governed(store, [ManualReview(name="deed", roles=("lead",))], [ManualReview(name="deed", roles=("board",))])
    request = asked(gov)
    for by, status in (("ann", Status.PENDING), ("una", Status.APPROVED)):
        gov.report(request.id, check="deed", passed=True, by=by, digest=request.digest, evidence="read")
        assert gov.get_request(request.id).status is status


# What is bounded.


@pytest.mark.parametrize("name", ["actors", "roles", "groups"])
def test_a_requirement_names_so_many_at_most(name: str) -> None:
    names = tuple(f"n{number}" for number in range(MOST_NAMED + 1))
    most: dict[str, Any] = {name: names[1:]}
    more: dict[str, Any] = {name: names}
    assert Approval(1, **most).places == 1
    for made in (lambda: Approval(1, **more), lambda: ManualReview(name="deed", **more)):
        with pytest.raises(ConfigurationError, match=f"{name}= of a requirement names 101; keep it to 100"):
            made()


def test_an_approval_wants_so_many_people_at_most() -> None:
    assert Approval(MOST_PLACES).places == MOST_PLACES
    with pytest.raises(ConfigurationError, match="count=1001 of a requirement is too many; keep it to 1000"):
        Approval(MOST_PLACES + 1)


def test_all_of_a_crowd_are_too_many(store: Store) -> None:
    crowd = [Actor(f"p{number}", roles=("lead",)) for number in range(MOST_PLACES + 1)]
    gov = opened(
        store,
        directory=StaticDirectory([Actor("bob"), *crowd]),
        policies=[require(Approval("all", roles=("lead",)))],
    )
    with pytest.raises(UnsatisfiableError, match="1001 people are too many, at most 1000 can"):
        asked(gov)


def test_an_approval_belongs_to_a_step() -> None:
    with pytest.raises(ConfigurationError, match="step=None of an approval"):
        Approval(1, step=None)


@pytest.mark.parametrize("step", [0, -1, MOST_STEPS + 1, 2**64, True, 1.0, "1"])
def test_a_step_is_a_whole_number_and_not_beyond_all_measure(step: Any) -> None:  # noqa: ANN401 - the point
    for made in (lambda: Approval(1, step=step), lambda: Quota(limit=1, per=HOUR, step=step)):
        with pytest.raises(ConfigurationError, match="of a requirement must be a whole number from 1 to 1000"):
            made()
    assert ManualReview(name="deed", step=MOST_STEPS).step == MOST_STEPS

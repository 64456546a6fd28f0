"""Voting for somebody else: who may, for how long, and whose hands are in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from house import HOUSE, GrantRole, opened, refused
from placet import Actor, ActorKind, Delegation, Governance, MutationRequest, StaticDirectory, Status, require
from placet.errors import ActorNotFoundError, ConfigurationError, DelegationError, RefusedError
from placet.model.directory import Directory
from placet.requirements import Approval, Requirement, WhenImpossible
from placet.store.port import Store
from placet.testing import FrozenClock

ANY_KIND = (ActorKind.HUMAN, ActorKind.AGENT, ActorKind.SERVICE)
PEOPLE = (
    Actor("bob"),
    Actor("carol", roles=("security",)),
    Actor("dave", roles=("security",)),
    Actor("erin"),
    Actor("fred"),
    Actor("gina"),
    Actor("hugo"),
    Actor("ann"),
    Actor("helper", ActorKind.AGENT, on_behalf_of="ann"),
    Actor("aide", roles=("security",), on_behalf_of="ann"),
    Actor("ci", ActorKind.SERVICE, roles=("security",)),
)
WEEK = timedelta(weeks=1)
SECURITY = Approval(1, roles=("security",))
BOTH = Approval(2, roles=("security",))


def governed(store: Store, *required: Requirement, clock: FrozenClock, **handed: str) -> Governance:
    """Open the house where each of these votes is handed on for a week."""
    delegations = [Delegation(one, other, clock(), clock() + WEEK) for one, other in handed.items()]
    return with_directory(store, StaticDirectory(PEOPLE, delegations), *required, clock=clock)


def with_directory(store: Store, directory: Directory, *required: Requirement, clock: FrozenClock) -> Governance:
    return opened(store, clock=clock, directory=directory, policies=[require(*(required or (SECURITY,)))])


def asked(gov: Governance, by: str = "bob") -> MutationRequest:
    return gov.submit(GrantRole(user="ada", role="admin"), to=HOUSE, by=by)


def approve(gov: Governance, request: MutationRequest, by: str, instead_of: str | None = None) -> MutationRequest:
    return gov.approve(request.id, by=by, digest=request.digest, on_behalf_of=instead_of)


@contextmanager
def turned_down(gov: Governance, request: MutationRequest) -> Iterator[None]:
    """Expect a refusal of whatever sort, that leaves nothing behind."""
    before = gov.get_request(request.id), gov.decisions(request.id)
    with pytest.raises(RefusedError):
        yield
    assert (gov.get_request(request.id), gov.decisions(request.id)) == before


@contextmanager
def no_delegate(gov: Governance, request: MutationRequest, words: str) -> Iterator[None]:
    """Expect that no delegation leads there, and that nothing is left behind."""
    before = gov.get_request(request.id), gov.decisions(request.id)
    with pytest.raises(DelegationError, match=words) as caught:
        yield
    assert caught.value.code == "delegation"
    assert (gov.get_request(request.id), gov.decisions(request.id)) == before


def test_a_delegate_fills_the_place_of_who_is_away_and_both_names_are_kept(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock=clock, carol="erin")
    request = asked(gov)
    assert approve(gov, request, "erin", "carol").status is Status.APPROVED
    voted, end = gov.decisions(request.id)[1:]
    assert (voted.code, voted.actor, voted.on_behalf_of) == ("voted", "erin", "carol")
    assert voted.metadata == {
        "roles": ["security"],
        "groups": [],
        "kind": "human",
        "step": 1,
        "chain": ["carol", "erin"],
    }
    assert end.metadata == {"counted": ["erin"]}
    (vote,) = gov.waiting_for(request.id).votes
    assert (vote.actor, vote.principal) == ("erin", "carol")


def test_a_delegate_has_no_eligibility_of_who_is_away_when_they_vote_for_themselves(
    store: Store, clock: FrozenClock
) -> None:
    gov = governed(store, clock=clock, carol="erin")
    request = asked(gov)
    with refused(gov, request, "eligible"):
        approve(gov, request, "erin")


def test_a_delegate_brings_no_roles_of_their_own(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock=clock, fred="carol")
    request = asked(gov)
    with refused(gov, request, "eligible"):
        approve(gov, request, "carol", "fred")


def test_a_vote_is_handed_on_three_times_at_most(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, BOTH, clock=clock, carol="erin", erin="fred", fred="gina", gina="hugo")
    request = asked(gov)
    with no_delegate(gov, request, "handed on too often: carol -> erin -> fred -> gina -> hugo"):
        approve(gov, request, "hugo", "carol")
    approve(gov, request, "gina", "carol")
    assert gov.decisions(request.id)[-1].metadata["chain"] == ["carol", "erin", "fred", "gina"]


@pytest.mark.parametrize(
    "circle", [{"carol": "erin", "erin": "carol"}, {"carol": "dave", "dave": "erin", "erin": "dave"}]
)
def test_a_circle_leads_to_nobody_else(store: Store, clock: FrozenClock, circle: dict[str, str]) -> None:
    gov = governed(store, clock=clock, **circle)
    request = asked(gov)
    with no_delegate(gov, request, "it turns in a circle"):
        approve(gov, request, "gina", "carol")
    assert approve(gov, request, "erin", "carol").status is Status.APPROVED


def test_nobody_votes_for_somebody_who_did_not_ask_them(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock=clock, carol="erin")
    request = asked(gov)
    with no_delegate(gov, request, "fred may not vote for carol: erin has no delegate now"):
        approve(gov, request, "fred", "carol")
    with no_delegate(gov, request, "carol may not vote for erin: erin has no delegate now"):
        approve(gov, request, "carol", "erin")


def test_nobody_votes_for_somebody_who_is_not_there(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock=clock)
    request = asked(gov)
    with pytest.raises(ActorNotFoundError, match="ghost"):
        approve(gov, request, "erin", "ghost")
    assert gov.get_request(request.id) == request


@pytest.mark.parametrize(
    ("before", "lets"), [(-1, False), (0, True), (WEEK.total_seconds() - 1, True), (WEEK.total_seconds(), False)]
)
def test_a_delegation_counts_from_its_beginning_and_before_its_end(
    store: Store, clock: FrozenClock, before: float, lets: bool
) -> None:
    gov = governed(store, clock=clock, carol="erin")
    request = asked(gov)
    clock.tick(seconds=before)
    if lets:
        assert approve(gov, request, "erin", "carol").status is Status.APPROVED
        return
    with no_delegate(gov, request, "carol has no delegate now"):
        approve(gov, request, "erin", "carol")


def test_without_a_recheck_a_vote_stands_though_the_delegation_is_over(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, replace(BOTH, recheck=False), clock=clock, carol="erin")
    request = approve(gov, asked(gov), "erin", "carol")
    clock.tick(weeks=2)
    assert approve(gov, request, "dave").status is Status.APPROVED
    assert gov.execute(request.id, by="bob").executed


def test_of_several_delegations_the_first_that_counts_now_is_followed(store: Store, clock: FrozenClock) -> None:
    now = clock()
    later = [Delegation("carol", "fred", now + WEEK, now + 2 * WEEK), Delegation("carol", "erin", now, now + 2 * WEEK)]
    gov = with_directory(store, StaticDirectory(PEOPLE, later), clock=clock)
    request = asked(gov)
    with no_delegate(gov, request, "erin has no delegate now"):
        approve(gov, request, "fred", "carol")
    clock.tick(weeks=1)
    assert approve(gov, request, "fred", "carol").status is Status.APPROVED


@pytest.mark.parametrize("bad", [{"delegate": "carol"}, {"until": timedelta(0)}, {"until": -WEEK}])
def test_a_delegation_that_delegates_nothing_is_none(clock: FrozenClock, bad: dict[str, object]) -> None:
    delegate = str(bad.get("delegate", "erin"))
    lasts = bad.get("until", WEEK)
    assert isinstance(lasts, timedelta)
    with pytest.raises(ConfigurationError, match="delegates nothing"):
        Delegation("carol", delegate, clock(), clock() + lasts)


# One person, one hand.


def test_whoever_voted_for_somebody_else_cannot_vote_for_themselves(store: Store, clock: FrozenClock) -> None:
    gov = governed(
        store, Approval(3, roles=("security",), when_impossible=WhenImpossible.NOTE), clock=clock, carol="dave"
    )
    request = approve(gov, asked(gov), "dave", "carol")
    with refused(gov, request, "one_vote"):
        approve(gov, request, "dave")
    with refused(gov, request, "one_vote"):
        approve(gov, request, "carol")


def test_whoever_voted_for_themselves_cannot_vote_for_somebody_else(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, BOTH, clock=clock, carol="dave")
    request = approve(gov, asked(gov), "dave")
    with refused(gov, request, "one_vote"):
        approve(gov, request, "dave", "carol")
    assert approve(gov, request, "carol").status is Status.APPROVED


def test_nobody_votes_for_two_others(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, BOTH, clock=clock, carol="erin", dave="erin")
    request = approve(gov, asked(gov), "erin", "carol")
    with refused(gov, request, "one_vote"):
        approve(gov, request, "erin", "dave")
    assert approve(gov, request, "dave").status is Status.APPROVED


def test_a_vote_given_on_ones_own_behalf_is_ones_own(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, BOTH, clock=clock)
    request = approve(gov, asked(gov), "carol", "carol")
    assert approve(gov, request, "carol") == request
    with refused(gov, request, "one_vote"):
        gov.abstain(request.id, by="carol", digest=request.digest)
    assert approve(gov, request, "dave").status is Status.APPROVED


def test_whoever_acts_for_somebody_cannot_vote_as_if_they_did_not(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock=clock)
    request = asked(gov, by="ann")
    with refused(gov, request, "separation_of_duties"):
        approve(gov, request, "aide")
    with turned_down(gov, request):
        approve(gov, request, "aide", "aide")


def test_a_person_and_their_aide_have_one_hand_together_whoever_they_vote_for(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, Approval(2, roles=("security",), actors=("ann",)), clock=clock, carol="aide")
    request = approve(gov, asked(gov), "ann")
    with refused(gov, request, "one_vote"):
        approve(gov, request, "aide")
    with turned_down(gov, request):
        approve(gov, request, "aide", "carol")


# Never the requester.


@pytest.mark.parametrize(
    ("handed", "by", "principal"),
    [
        ({"carol": "bob"}, "bob", "carol"),
        ({"bob": "erin"}, "erin", "bob"),
        ({"carol": "bob", "bob": "erin"}, "erin", "carol"),
        ({"carol": "erin", "erin": "bob", "bob": "fred"}, "fred", "carol"),
    ],
    ids=["as the delegate", "as who is away", "in between", "far in between"],
)
def test_the_requester_stands_nowhere_in_the_chain(
    store: Store, clock: FrozenClock, handed: dict[str, str], by: str, principal: str
) -> None:
    gov = governed(store, Approval(1), clock=clock, **handed)
    request = asked(gov)
    for act in (gov.approve, gov.abstain, gov.reject):
        with refused(gov, request, "separation_of_duties"):
            act(request.id, by=by, digest=request.digest, on_behalf_of=principal, reason="no")


@pytest.mark.parametrize(("by", "principal"), [("ann", "carol"), ("erin", "carol")])
def test_whoever_the_requester_acts_for_stands_nowhere_in_the_chain(
    store: Store, clock: FrozenClock, by: str, principal: str
) -> None:
    gov = governed(store, Approval(1), clock=clock, carol="ann", ann="erin")
    request = asked(gov, by="helper")
    with refused(gov, request, "separation_of_duties"):
        approve(gov, request, by, principal)


def test_an_agent_of_the_requester_does_not_vote_for_somebody_else(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, Approval(1, roles=("security",), kinds=ANY_KIND), clock=clock, carol="helper")
    request = asked(gov, by="ann")
    with turned_down(gov, request):
        approve(gov, request, "helper", "carol")


# Kinds.


def test_an_agent_has_no_vote_for_a_person_either(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock=clock, carol="helper")
    request = asked(gov)
    with turned_down(gov, request):
        approve(gov, request, "helper", "carol")


def test_a_service_has_no_vote_that_it_could_hand_on(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock=clock, ci="erin")
    request = asked(gov)
    with refused(gov, request, "eligible"):
        approve(gov, request, "erin", "ci")


# What follows.


def test_a_delegate_rejects_and_abstains_too(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, BOTH, clock=clock, carol="erin", dave="fred")
    request = asked(gov)
    gov.abstain(request.id, by="erin", digest=request.digest, on_behalf_of="carol")
    gov.reject(request.id, by="fred", reason="no", code="risk_too_high", on_behalf_of="dave")
    trail = [(each.code, each.actor, each.on_behalf_of) for each in gov.decisions(request.id)]
    assert trail[1:] == [
        ("abstained", "erin", "carol"),
        ("dissented", "fred", "dave"),
        ("rejected", "fred", "dave"),
    ]


def test_the_delegate_withdraws_what_they_said(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, BOTH, clock=clock, carol="erin")
    request = approve(gov, asked(gov), "erin", "carol")
    with refused(gov, request, "has_voted"):
        gov.withdraw(request.id, by="erin")
    gov.withdraw(request.id, by="erin", on_behalf_of="carol")
    assert gov.waiting_for(request.id).votes == ()
    assert [each.code for each in gov.decisions(request.id)] == ["submitted", "voted", "withdrawn"]


def test_whoever_comes_back_withdraws_what_was_said_for_them(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, BOTH, clock=clock, carol="erin")
    request = approve(gov, asked(gov), "erin", "carol")
    gov.withdraw(request.id, by="carol")
    approve(gov, request, "carol")
    assert approve(gov, request, "dave").status is Status.APPROVED


def test_a_delegate_does_not_withdraw_what_was_said_without_them(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, BOTH, clock=clock, carol="erin")
    request = approve(gov, asked(gov), "carol")
    with refused(gov, request, "has_voted"):
        gov.withdraw(request.id, by="erin", on_behalf_of="carol")


def test_a_vote_for_somebody_is_rechecked_by_the_roles_of_that_one(store: Store, clock: FrozenClock) -> None:
    class Staff(StaticDirectory):
        def leave(self, actor_id: str) -> None:
            self._actors[actor_id] = Actor(actor_id)

    staff = Staff(PEOPLE, [Delegation("carol", "erin", clock(), clock() + WEEK)])
    gov = with_directory(store, staff, Approval(1, roles=("security",), recheck=True), clock=clock)
    request = approve(gov, asked(gov), "erin", "carol")
    staff.leave("erin")
    assert gov.reassess(request.id).status is Status.APPROVED
    staff.leave("carol")
    assert gov.execute(request.id, by="bob").status is Status.PENDING
    assert approve(gov, request, "dave").status is Status.APPROVED


class Plain:
    """A directory that knows of no delegations."""

    def actor(self, actor_id: str) -> Actor:
        found = {each.id: each for each in PEOPLE}.get(actor_id)
        if found is None:
            raise ActorNotFoundError(actor_id)
        return found


def test_a_directory_without_delegation_hands_on_nothing(store: Store, clock: FrozenClock) -> None:
    gov = with_directory(store, Plain(), clock=clock)
    request = asked(gov)
    with no_delegate(gov, request, "carol has no delegate now"):
        approve(gov, request, "erin", "carol")
    assert approve(gov, request, "carol").status is Status.APPROVED


def test_a_list_that_names_both_is_not_complete_by_one_hand(store: Store, clock: FrozenClock) -> None:
    required = Approval(actors=("carol", "dave"), when_impossible=WhenImpossible.NOTE)
    gov = governed(store, required, clock=clock, carol="dave")
    request = approve(gov, asked(gov), "dave", "carol")
    assert request.status is Status.PENDING
    with refused(gov, request, "one_vote"):
        approve(gov, request, "dave")
    gov.withdraw(request.id, by="dave", on_behalf_of="carol")
    approve(gov, request, "dave")
    assert approve(gov, request, "carol").status is Status.APPROVED


def test_a_place_is_given_to_who_is_away_and_not_to_the_delegate(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, Approval(1, actors=("dave",)), clock=clock, erin="dave")
    request = asked(gov)
    with refused(gov, request, "eligible"):
        approve(gov, request, "dave", "erin")

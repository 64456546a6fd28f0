"""What a request that depends on another waits for: what that one asked for, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import HOUSE, MUTATIONS, AddTeam, GrantRole, Roles
from placet import Actor, Governance, Mutation, MutationRequest, StaticDirectory, Status, Verdict, allow, policy
from placet.errors import ConfigurationError, TransitionRefusedError, UnsatisfiableError
from placet.lifecycle.standing import Position
from placet.model.conditions import Dependency
from placet.model.terms import OnDrift
from placet.store.port import Store
from placet.testing import FrozenClock, counting_ids

SHED = "shed:roles"
PEOPLE = [Actor("bob"), Actor("alice"), Actor("ci"), Actor("root", roles=("administrator",))]
FIRST, NOTE = AddTeam(team="first"), AddTeam(team="a note")


def governed(store: Store | str, clock: FrozenClock, *policies: Any) -> Governance:  # noqa: ANN401 - policies
    gov = Governance.open(
        store,
        mutations=MUTATIONS,
        policies=policies or [allow()],
        directory=StaticDirectory(PEOPLE),
        clock=clock,
        new_id=counting_ids(),
    )
    for state_id in (HOUSE, SHED):
        gov.create_state(state_id, Roles())
    return gov


@pytest.fixture
def gov(store: Store, clock: FrozenClock) -> Governance:
    return governed(store, clock)


def ask(gov: Governance, mutation: Mutation[Roles] = FIRST, to: str = HOUSE, by: str = "bob", **options: Any) -> str:  # noqa: ANN401 - options of submit
    return gov.submit(mutation, to=to, by=by, on_drift=OnDrift.REVALIDATE, **options).id


def depending(gov: Governance, on: str, by: str = "alice", **options: Any) -> str:  # noqa: ANN401 - fields of Dependency
    return ask(gov, AddTeam(team="second"), by=by, requirements=[Dependency(request_id=on, **options)])


def where(gov: Governance, request_id: str) -> Position:
    (found,) = gov.waiting_for(request_id).positions
    return found


def demand_impossible(gov: Governance, request_id: str, words: str) -> None:
    """See to it that a request can neither be executed nor wait any longer, and says why."""
    with pytest.raises(TransitionRefusedError, match=words):
        gov.execute(request_id, by="ci")
    assert words in str(where(gov, request_id))
    assert gov.reassess(request_id).status is Status.REJECTED
    (reason,) = gov.decisions(request_id)[-1].metadata["reasons"]
    assert words in reason


OTHERS = [
    pytest.param(NOTE, SHED, id="a note on another state"),
    pytest.param(FIRST, SHED, id="the same on another state"),
    pytest.param(NOTE, HOUSE, id="another payload"),
    pytest.param(GrantRole(user="bob", role="admin"), HOUSE, id="another mutation"),
]


@pytest.mark.parametrize(("mutation", "to"), OTHERS)
@pytest.mark.parametrize("executed_first", [False, True])
def test_a_successor_that_asks_for_anything_else_does_not_stand_in(
    gov: Governance, mutation: Mutation[Roles], to: str, executed_first: bool
) -> None:
    first = ask(gov)
    second = depending(gov, first)
    other = ask(gov, mutation, to)
    if executed_first:
        gov.execute(other, by="ci")
    gov.supersede(first, successor=other, by="bob")
    if not executed_first:
        gov.execute(other, by="ci")
    words = f"{first}, whose successor {other} now asks for something else: {type(mutation).__name__} on {to}"
    demand_impossible(gov, second, words)


@pytest.mark.parametrize("mutation", [NOTE, GrantRole(user="bob", role="admin")])
def test_an_amended_request_is_another_one(gov: Governance, mutation: Mutation[Roles]) -> None:
    first = ask(gov)
    second = depending(gov, first)
    gov.amend(first, mutation, by="bob")
    gov.execute(first, by="ci")
    demand_impossible(gov, second, f"{first}, which now asks for something else: {type(mutation).__name__} on {HOUSE}")


def test_one_who_owns_both_does_not_get_past_it_either(store: Store, clock: FrozenClock) -> None:
    @policy
    def after_the_first(proposal: Any) -> Verdict:  # noqa: ANN401 - a Proposal
        """What is added second waits for the first."""
        second = getattr(proposal.mutation, "team", "") == "second"
        return Verdict.require(Dependency(request_id="one")) if second else Verdict.allow()

    gov = governed(store, clock, after_the_first)
    ask(gov, request_id="one")
    second = ask(gov, AddTeam(team="second"))
    gov.amend("one", NOTE, by="bob")
    gov.execute("one", by="ci")
    demand_impossible(gov, second, "which now asks for something else")


def test_no_payload_is_told(gov: Governance) -> None:
    first = ask(gov)
    second = depending(gov, first)
    gov.amend(first, AddTeam(team="hunter2"), by="bob")
    assert "hunter2" not in str(gov.waiting_for(second))
    gov.reassess(second)
    assert "hunter2" not in str(gov.decisions(second))


def test_amending_it_back_makes_it_what_it_was(gov: Governance) -> None:
    first = ask(gov)
    second = depending(gov, first, when_impossible="note")
    gov.amend(first, NOTE, by="bob")
    assert gov.reassess(second).status is Status.PENDING
    assert gov.decisions(second)[-1].code == "unsatisfiable"
    gov.amend(first, FIRST, by="bob")
    gov.execute(first, by="ci")
    assert gov.execute(second, by="ci").executed


def test_a_successor_that_asks_for_the_same_stands_in(gov: Governance) -> None:
    first = last = ask(gov)
    second = depending(gov, first)
    for _ in range(3):
        gov.supersede(last, successor=(again := ask(gov)), by="bob")
        last = again
    assert str(where(gov, second)) == f"execution of request {first}, whose successor {last} is approved"
    gov.execute(last, by="ci")
    assert gov.execute(second, by="ci").executed


def test_only_where_succession_ends_matters(gov: Governance) -> None:
    first = ask(gov)
    second = depending(gov, first)
    note, again = ask(gov, NOTE), ask(gov)
    gov.supersede(first, successor=note, by="bob")
    gov.supersede(note, successor=again, by="bob")
    gov.execute(again, by="ci")
    assert gov.execute(second, by="ci").executed


def test_succession_is_followed_however_long_it_is(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    first = ask(gov)
    second = depending(gov, first)
    for _ in range(150):
        gov.supersede(first, successor=(again := ask(gov)), by="bob")
        first = again
    gov.execute(first, by="ci")
    assert gov.execute(second, by="ci").executed


def test_what_was_executed_before_it_was_asked_for_does_not_stand_in(gov: Governance) -> None:
    long_ago = ask(gov)
    gov.execute(long_ago, by="ci")
    first = ask(gov, FIRST)
    second = depending(gov, first)
    gov.supersede(first, successor=long_ago, by="bob")
    demand_impossible(gov, second, f"whose successor {long_ago} was executed before it was made")


def test_what_was_executed_since_stands_in(gov: Governance) -> None:
    first = ask(gov)
    second = depending(gov, first)
    meanwhile = ask(gov)
    gov.execute(meanwhile, by="ci")
    gov.supersede(first, successor=meanwhile, by="bob")
    assert gov.execute(second, by="ci").executed


def test_what_was_in_place_already_counts_as_done(gov: Governance) -> None:
    first = gov.submit(FIRST, to=HOUSE, by="bob", on_drift="keep_if_same_effect").id
    second = depending(gov, first)
    gov.execute(ask(gov), by="ci")
    outcome = gov.execute(first, by="ci")
    assert (outcome.status, outcome.code) == (Status.STALE, "already_in_place")
    gov.comment(first, by="bob", reason="somebody was faster")
    assert gov.execute(second, by="ci").executed


def test_what_is_stale_for_another_reason_does_not(gov: Governance) -> None:
    first = gov.submit(FIRST, to=HOUSE, by="bob").id
    second = depending(gov, first)
    gov.execute(ask(gov, NOTE), by="ci")
    assert gov.execute(first, by="ci").code == "stale"
    demand_impossible(gov, second, "which is stale")


def test_one_that_was_executed_already_is_pinned_to_what_was_executed(gov: Governance) -> None:
    first = ask(gov)
    gov.execute(first, by="ci")
    assert gov.execute(depending(gov, first), by="ci").executed


def test_a_renewed_request_asks_for_the_same(store: Store, clock: FrozenClock) -> None:
    gov = governed(store, clock)
    first = gov.submit(FIRST, to=HOUSE, by="bob", on_drift="renew_approval").id
    second = depending(gov, first)
    gov.execute(ask(gov, NOTE), by="ci")
    outcome = gov.execute(first, by="ci")
    assert (outcome.executed, outcome.request.terms_number) == (True, 2)
    assert gov.execute(second, by="ci").executed


@pytest.mark.parametrize("change", ["amend", "renew"])
def test_new_terms_of_what_depends_stay_on_what_they_were_on(store: Store, clock: FrozenClock, change: str) -> None:
    gov = governed(store, clock)
    first = ask(gov, to=SHED)
    pinned = Dependency(request_id=first, when_impossible="note")
    second = gov.submit(AddTeam(team="second"), to=HOUSE, by="alice", on_drift="renew_approval", requirements=[pinned])
    gov.amend(first, NOTE, by="bob")
    if change == "amend":
        with pytest.raises(UnsatisfiableError, match="now asks for something else"):
            gov.amend(second.id, AddTeam(team="third"), by="alice")
    gov.execute(first, by="ci")
    gov.execute(ask(gov), by="ci")
    with pytest.raises(TransitionRefusedError, match="now asks for something else"):
        gov.execute(second.id, by="ci")
    assert gov.get_request(second.id).status is Status.PENDING


def test_a_renewal_stays_on_what_it_was_on_though_a_policy_demands_it_anew(store: Store, clock: FrozenClock) -> None:
    required = [Dependency(request_id="one")]

    @policy
    def grown(proposal: Any) -> Verdict:  # noqa: ANN401 - a Proposal
        """Demand of the second what is required by now."""
        second = getattr(proposal.mutation, "team", "") == "second"
        return Verdict.require(*required) if second else Verdict.allow()

    gov = governed(store, clock, grown)
    ask(gov, request_id="one", to=SHED)
    second = gov.submit(AddTeam(team="second"), to=HOUSE, by="bob", on_drift="renew_approval")
    before = second.requirements
    gov.execute("one", by="ci")
    gov.execute(ask(gov, request_id="two"), by="ci")
    required.append(Dependency(request_id="two"))
    outcome = gov.execute(second.id, by="ci")
    assert outcome.executed
    assert outcome.request.requirements[0] == before[0]


def test_a_policy_that_demands_it_anew_is_not_listed_twice(store: Store, clock: FrozenClock) -> None:
    @policy
    def after_the_first(proposal: Any) -> Verdict:  # noqa: ANN401 - a Proposal
        """What is added second waits for the first."""
        second = getattr(proposal.mutation, "team", "") == "second"
        return Verdict.require(Dependency(request_id="one")) if second else Verdict.allow()

    gov = governed(store, clock, after_the_first)
    ask(gov, request_id="one")
    assert where(gov, ask(gov, AddTeam(team="second"))).met is False


def test_what_has_a_successor_that_asks_for_something_else_cannot_be_depended_on(gov: Governance) -> None:
    first = ask(gov)
    gov.supersede(first, successor=ask(gov, NOTE), by="bob")
    with pytest.raises(UnsatisfiableError, match="now asks for something else"):
        depending(gov, first)


def test_what_was_read_can_be_pinned_by_hand(gov: Governance) -> None:
    first = gov.get_request(ask(gov))
    gov.amend(first.id, NOTE, by="bob")
    with pytest.raises(UnsatisfiableError, match="now asks for something else"):
        depending(gov, first.id, asks=first.terms.asks)
    assert depending(gov, first.id, asks=gov.get_request(first.id).terms.asks)


@pytest.mark.parametrize("asks", ["x", 7, b"x" * 64, "x" * 65])
def test_what_is_no_hash_pins_nothing(asks: Any) -> None:  # noqa: ANN401 - the point
    with pytest.raises(ConfigurationError, match="asks= of a Dependency"):
        Dependency(request_id="r", asks=asks)


def test_a_successor_that_depends_on_it_in_turn_is_refused(gov: Governance) -> None:
    first = ask(gov)
    second = depending(gov, first)
    third = ask(gov, requirements=[Dependency(request_id=second)])
    direct = ask(gov, requirements=[Dependency(request_id=first)])
    for successor in (third, direct, second):
        with pytest.raises(UnsatisfiableError, match="a circle"):
            gov.supersede(first, successor=successor, by="bob")
    assert gov.get_request(first).status is Status.APPROVED


def test_a_circle_through_a_successor_is_refused(store: Store, clock: FrozenClock) -> None:
    @policy
    def after_that(proposal: Any) -> Verdict:  # noqa: ANN401 - a Proposal
        """A team that is named after a request waits for it."""
        team = getattr(proposal.mutation, "team", "")
        return Verdict.require(Dependency(request_id=team)) if team not in {"first", "second"} else Verdict.allow()

    gov = governed(store, clock, after_that)
    first, successor = ask(gov), ask(gov)
    second = depending(gov, first)
    gov.supersede(first, successor=successor, by="bob")
    with pytest.raises(UnsatisfiableError, match="a circle"):
        gov.amend(successor, AddTeam(team=second), by="bob")


ACTS = st.lists(st.sampled_from(["amend", "back", "same", "other", "execute", "note"]), max_size=6)


@given(ACTS)
def test_whatever_the_other_requester_does_it_is_met_only_by_what_was_asked(acts: list[str]) -> None:
    gov = governed("memory:", FrozenClock())
    last = ask(gov)
    second = depending(gov, last)
    for act in acts:
        if gov.get_request(last).status.terminal:
            break
        if act in {"amend", "back"}:
            gov.amend(last, NOTE if act == "amend" else FIRST, by="bob")
        elif act in {"same", "other", "note"}:
            to = HOUSE if act == "same" else SHED
            gov.supersede(last, successor=(new := ask(gov, NOTE if act == "note" else FIRST, to)), by="bob")
            last = new
        else:
            gov.execute(last, by="ci")
    done = "first" in gov.get_state(HOUSE, Roles).state.teams
    assert where(gov, second).met == done
    try:
        executed = gov.execute(second, by="ci").executed
    except TransitionRefusedError:
        executed = False
    assert executed == done
    assert gov.verify().ok


def test_requests_that_wait_are_told_of_by_number(gov: Governance) -> None:
    first: MutationRequest = gov.get_request(ask(gov))
    second = depending(gov, first.id)
    assert str(where(gov, second)) == f"execution of request {first.id}, which is approved"

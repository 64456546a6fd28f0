"""Whether those who act are who they are said to be: what directories vouch for, and channels authenticate."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from house import HOUSE, MUTATIONS, AddTeam, GrantRole, Roles, refused, unchanged
from placet import (
    Actor,
    ActorKind,
    Channel,
    Emergency,
    Governance,
    MutationRequest,
    OpenDirectory,
    StaticDirectory,
    allow,
    allow_emergency,
    allow_execution,
    require,
    require_approval,
)
from placet.errors import ActorNotFoundError, ConfigurationError, InputError, TransitionRefusedError
from placet.model.canonical import digest
from placet.model.terms import TERMS
from placet.requirements import Approval, ExternalCheck
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.testing import FrozenClock
from test_identity import OF_BY, arguments

STAFF = [
    Actor("bob"),
    Actor("carol"),
    Actor("ci", ActorKind.SERVICE),
    Actor("ops", roles=("oncall",)),
    Actor("deb", roles=("deployer",)),
    Actor("dan", roles=("dba",)),
]
PEOPLE = StaticDirectory(STAFF)
CLAIMED, LOGIN = Channel("cli", authenticated=False), Channel("http", authenticated=True)
ACTS = sorted(set(OF_BY) - {"comment", "inbox", "preview", "create_state", "execute_many"})


def governed(store: Store, directory: Any = PEOPLE, **options: Any) -> Governance:  # noqa: ANN401 - any directory, options of open
    options.setdefault("policies", [require(Approval(1), ExternalCheck(name="tests")), allow_emergency(["oncall"])])
    gov = Governance.open(store, mutations=MUTATIONS, directory=directory, **options)
    gov.create_state(HOUSE, Roles(members={"root": "admin"}), exist_ok=True)
    return gov


def asked(gov: Governance, **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    return gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob", **options)


def open_policies(*more: Any) -> dict[str, Any]:  # noqa: ANN401 - policies
    return {"policies": [require_approval(1), *more]}


class TestWhoIsKnown:
    @pytest.mark.parametrize("face", ["an open directory", "a claimed name"])
    @pytest.mark.parametrize("name", ACTS)
    def test_every_act_but_a_comment_takes_somebody_identified(self, store: Store, name: str, face: str) -> None:
        gov = governed(store)
        request = asked(gov)
        other = governed(store, OpenDirectory()) if face == "an open directory" else gov.through(CLAIMED)
        given = arguments(name, request, "carol")
        if name == "submit" and face == "an open directory":
            return  # is a request of its own, which no directory vouches for
        with unchanged(gov, request), pytest.raises(TransitionRefusedError) as caught:
            getattr(other, name)(**given)
        assert caught.value.rule in {"identified", "no_transition"}
        if caught.value.rule == "no_transition":
            assert name in {"review", "retry", "amend"}

    def test_so_does_an_execution_in_an_emergency_and_one_of_many(self, store: Store) -> None:
        gov = governed(store)
        request = asked(gov)
        for other in (governed(store, OpenDirectory()), gov.through(CLAIMED)):
            with refused(gov, request, "identified"):
                other.execute(request.id, by="ops", emergency=Emergency(reason="fire", ticket="INC-1"))
            with unchanged(gov, request):
                item = other.execute_many([request.id], by="ops")[0]
            assert isinstance(item.error, TransitionRefusedError)
            assert item.error.rule == "identified"

    def test_the_refusal_says_what_is_missing_and_the_way_out(self, store: Store) -> None:
        gov = governed(store)
        request = asked(gov)
        with refused(gov, request, "identified", "act under the directory of your program"):
            governed(store, OpenDirectory()).approve(request.id, by="carol", digest=request.digest)
        with refused(gov, request, "identified", "channel 'cli' does not authenticate its callers; use one that does"):
            gov.through(CLAIMED).approve(request.id, by="carol", digest=request.digest)
        assert gov.through(LOGIN).approve(request.id, by="carol", digest=request.digest).revision == 2

    def test_a_directory_that_does_not_know_them_refuses_them_as_ever(self, store: Store) -> None:
        request = asked(governed(store))
        with pytest.raises(ActorNotFoundError):
            governed(store).approve(request.id, by="agent-8", digest=request.digest)

    def test_time_moves_nothing_in_the_name_of_somebody_unidentified(self, store: Store, clock: FrozenClock) -> None:
        gov = governed(store, clock=clock)
        request = asked(gov, expires_at=clock() + timedelta(hours=1))
        clock.tick(hours=2)
        for other in (governed(store, OpenDirectory(), clock=clock), gov.through(CLAIMED)):
            for act in (other.execute, other.reassess):
                with refused(gov, request, "identified"):
                    act(request.id, by="carol")
        assert [each.status for each in gov.through(CLAIMED).expire_due().moved] == ["expired"]

    def test_nobody_submits_under_a_name_that_is_only_claimed(self, store: Store) -> None:
        gov = governed(store)
        with pytest.raises(TransitionRefusedError, match="does not authenticate") as caught:
            asked(gov.through(CLAIMED))
        assert caught.value.rule == "identified"
        with pytest.raises(TransitionRefusedError, match="does not authenticate"):
            asked(governed(store, policies=[allow()]).through(CLAIMED))
        assert not gov.find_requests().requests

    def test_an_inbox_is_for_anybody_who_looks(self, store: Store) -> None:
        gov = governed(store)
        request = asked(gov)
        for looking in (gov, gov.through(CLAIMED), governed(store, OpenDirectory())):
            assert [each.id for each in looking.inbox("carol")] == [request.id]

    def test_under_an_open_directory_anybody_acts_by_any_channel(self, store: Store) -> None:
        gov = governed(store, OpenDirectory(), **open_policies()).through(CLAIMED)
        request = asked(gov)
        gov.approve(request.id, by="anybody", digest=request.digest)
        assert gov.execute(request.id, by="whoever").executed


class TestWhoKnowsNobody:
    def test_a_process_that_knows_nobody_lets_no_vote_lapse_but_lets_time_pass(
        self, store: Store, clock: FrozenClock
    ) -> None:
        lead = Actor("lead", roles=("lead",))
        gov = governed(store, StaticDirectory([*STAFF, lead]), clock=clock, policies=[require_approval(roles=["lead"])])
        request = asked(gov, expires_at=clock.now + timedelta(hours=1))
        gov.approve(request.id, by="lead", digest=request.digest)
        bare = governed(store, OpenDirectory(), clock=clock)
        with unchanged(gov, request):
            bare.reassess(request.id)
            bare.reassess_open()
        clock.tick(hours=1)
        assert bare.reassess(request.id).status == "expired"

    def test_nobody_acts_under_the_name_of_placet(self, store: Store) -> None:
        for directory in (OpenDirectory(), StaticDirectory([*STAFF, Actor("placet")])):
            gov = governed(store, directory)
            request = asked(gov)
            with unchanged(gov, request), pytest.raises(InputError, match="stands in the trail for placet itself"):
                gov.approve(request.id, by="placet", digest=request.digest)


class TestWhoAsked:
    def test_what_anybody_could_have_asked_is_neither_voted_on_nor_executed(self, store: Store) -> None:
        anybody = governed(store, OpenDirectory(), **open_policies(allow_emergency(["oncall"])))
        gov = governed(store, **open_policies(allow_emergency(["oncall"])))
        request = asked(anybody)
        for vote in (gov.approve, gov.reject, gov.abstain):
            with refused(gov, request, "vouched_requester", "submit it again"):
                vote(request.id, by="carol", digest=request.digest, reason="so")
        with refused(gov, request, "vouched_requester"):
            gov.amend(request.id, AddTeam(team="y"), by="bob")
        with refused(gov, request, "vouched_requester"):
            gov.execute(request.id, by="ops", emergency=Emergency(reason="fire", ticket="INC-1"))
        anybody.approve(request.id, by="x", digest=request.digest)
        with refused(gov, request, "vouched_requester", "no directory vouched for them then"):
            gov.execute(request.id, by="ops")
        again = asked(gov)
        gov.approve(again.id, by="carol", digest=again.digest)
        assert gov.execute(again.id, by="ops").executed

    def test_it_can_be_put_away(self, store: Store) -> None:
        anybody, gov = governed(store, OpenDirectory()), governed(store)
        first, second, third = asked(anybody), asked(anybody), asked(gov)
        assert gov.cancel(first.id, by="bob").status == "canceled"
        gov.comment(second.id, by="carol", reason="who asked for this?")
        assert gov.supersede(second.id, successor=third.id, by="bob").status == "superseded"

    def test_whether_a_directory_vouched_is_under_the_digest(self, store: Store) -> None:
        terms = asked(governed(store)).terms
        assert terms.vouched
        assert not asked(governed(store, OpenDirectory())).terms.vouched
        assert digest(TERMS.dump(terms)) != digest(TERMS.dump(replace(terms, vouched=False)))

    def test_new_terms_of_a_request_keep_it(self, store: Store) -> None:
        gov = governed(store)
        request = asked(gov)
        assert gov.amend(request.id, AddTeam(team="y"), by="bob").terms.vouched


class TestWhatIsRecorded:
    def test_every_decision_says_by_which_channel_and_whether_anybody_vouched(self, store: Store) -> None:
        gov = governed(store)
        request = asked(gov)
        gov.through(LOGIN).comment(request.id, by="carol", reason="hm")
        gov.through(CLAIMED).comment(request.id, by="carol", reason="hm")
        governed(store, OpenDirectory()).comment(request.id, by="x", reason="hm")
        found = [(each.channel, each.authenticated, each.vouched) for each in gov.decisions(request.id)]
        assert found == [
            ("library", True, True),
            ("http", True, True),
            ("cli", False, True),
            ("library", True, False),
        ]
        assert gov.verify().ok

    def test_a_channel_has_a_name_and_says_whether_it_authenticates(self) -> None:
        wrong: Any = "yes"
        with pytest.raises(ConfigurationError, match="pass True or False"):
            Channel("http", authenticated=wrong)
        with pytest.raises(InputError, match="^name="):
            Channel("", authenticated=True)
        with pytest.raises(ConfigurationError, match="pass Channel"):
            governed(MemoryStore()).through(wrong)

    def test_a_directory_of_your_own_vouches_unless_it_says_not(self, store: Store) -> None:
        class Mine:
            def actor(self, actor_id: str) -> Actor:
                return Actor(actor_id)

        assert asked(governed(store, Mine())).terms.vouched
        assert not asked(governed(store, type("Loose", (Mine,), {"vouches": False})())).terms.vouched
        assert asked(governed(store, type("Strict", (Mine,), {"vouches": True})())).terms.vouched

    @pytest.mark.parametrize("wrong", [1, 0, None, "no", lambda: False, property(lambda _: 1 / 0)])
    def test_and_says_it_by_true_or_false(self, wrong: object) -> None:
        mine = type("Mine", (OpenDirectory,), {"vouches": wrong})()
        with pytest.raises(ConfigurationError, match=r"Mine\.vouches"):
            governed(MemoryStore(), mine)


class TestWhoExecutes:
    def test_without_a_policy_for_it_anybody_known_may(self, store: Store) -> None:
        gov = governed(store, **open_policies())
        request = asked(gov)
        gov.approve(request.id, by="carol", digest=request.digest)
        assert gov.execute(request.id, by="ci").executed

    def test_with_one_it_takes_its_role(self, store: Store) -> None:
        gov = governed(store, **open_policies(allow_execution(["deployer", "dba"])))
        request = asked(gov)
        assert request.terms.executors == ("dba", "deployer")
        gov.approve(request.id, by="carol", digest=request.digest)
        for by in ("bob", "carol", "ci", "ops"):
            with refused(gov, request, "may_execute", f"{by} may not execute it: it takes role dba or deployer"):
                gov.execute(request.id, by=by)
            item = gov.execute_many([request.id], by=by)[0]
            assert isinstance(item.error, TransitionRefusedError)
            assert item.error.rule == "may_execute"
        assert gov.execute(request.id, by="deb").executed

    def test_it_speaks_for_nothing_by_itself(self) -> None:
        gov = governed(MemoryStore(), policies=[allow_execution(["deployer"])])
        assert "no policy speaks" in str(gov.preview(AddTeam(team="x"), to=HOUSE, by="bob").reasons)

    def test_only_where_it_says_so(self, store: Store) -> None:
        schema = allow_execution(["dba"], when=lambda proposal: isinstance(proposal.mutation, AddTeam))
        gov = governed(store, policies=[allow(), schema])
        request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob")
        with refused(gov, request, "may_execute"):
            gov.execute(request.id, by="deb")
        assert gov.execute(request.id, by="dan").executed
        assert gov.execute(asked(gov).id, by="bob").executed

    def test_of_several_policies_a_role_of_any_suffices(self, store: Store) -> None:
        gov = governed(store, policies=[allow(), allow_execution(["dba"]), allow_execution(["deployer"])])
        for by in ("deb", "dan"):
            assert gov.execute(gov.submit(AddTeam(team=by), to=HOUSE, by="bob").id, by=by).executed

    def test_one_that_comes_later_counts_for_open_requests_too(self, store: Store) -> None:
        gov = governed(store, policies=[allow(), allow_execution(["dba", "deployer"])])
        request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob")
        stricter = governed(store, policies=[allow(), allow_execution(["dba"])])
        looser = governed(store, policies=[allow()])
        with refused(gov, request, "may_execute", "takes role dba$"):
            stricter.execute(request.id, by="deb")
        with refused(gov, request, "may_execute", "takes role dba or deployer"):
            looser.execute(request.id, by="bob")
        assert stricter.execute(request.id, by="dan").executed

    def test_nothing_is_run_for_somebody_who_may_not(self, store: Store) -> None:
        gov = governed(store, policies=[allow(), allow_execution(["deployer"])])
        request, other = (gov.submit(AddTeam(team=team), to=HOUSE, by="bob") for team in ("x", "y"))
        assert gov.execute(other.id, by="deb").executed
        with refused(gov, request, "may_execute"):
            gov.execute(request.id, by="bob")  # it would end as stale
        assert gov.execute(request.id, by="deb").status == "stale"

    def test_in_an_emergency_it_takes_both_roles(self, store: Store) -> None:
        policies = open_policies(allow_execution(["deployer", "oncall"]), allow_emergency(["oncall", "dba"]))
        gov = governed(store, **policies)
        request, burns = asked(gov), Emergency(reason="fire", ticket="INC-1")
        with refused(gov, request, "may_execute"):
            gov.execute(request.id, by="dan", emergency=burns)
        with refused(gov, request, "break_glass_role"):
            gov.execute(request.id, by="deb", emergency=burns)
        assert gov.execute(request.id, by="ops", emergency=burns).executed

    def test_new_terms_have_the_roles_of_their_day(self, store: Store) -> None:
        gov = governed(store, policies=[allow(), allow_execution(["deployer"])])
        request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob")
        other = governed(store, policies=[allow(), allow_execution(["dba"])])
        assert other.amend(request.id, AddTeam(team="y"), by="bob").terms.executors == ("dba",)

    def test_nobody_at_all_is_refused_when_it_is_made(self) -> None:
        nobody: list[Any] = [(), [], "deployer", {"deployer": False}]
        for roles in nobody:
            with pytest.raises(ConfigurationError):
                allow_execution(roles)

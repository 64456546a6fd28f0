"""What the type checker knows of the public face; mypy reads the claims, and they are true at run time, too."""

from datetime import datetime
from typing import Any, assert_type

from house import HOUSE, AddTeam, GrantRole, Roles, opened
from placet import (
    Actor,
    Change,
    Governance,
    Intent,
    Mode,
    Mutation,
    MutationEngine,
    MutationRequest,
    OnDrift,
    Outcome,
    Policy,
    Proposal,
    Requirement,
    Run,
    Snapshot,
    State,
    Status,
    Verdict,
    allow,
    deny,
    policy,
    require_approval,
)
from placet.documents import Document
from placet.model.outcome import BatchItem


def test_a_state_evolves_into_its_own_type() -> None:
    roles = assert_type(Roles().evolve(teams=["core"]), Roles)
    assert type(roles) is Roles
    assert_type(roles.members, dict[str, str])
    assert_type(roles.to_json(), dict[str, Any])
    assert type(assert_type(Document.of({}), Document)) is Document


def test_a_mutation_takes_and_gives_the_state_it_names() -> None:
    grant = GrantRole(user="ada", role="reader")
    after = assert_type(grant.apply(Roles()), Roles)
    assert after.members == {"ada": "reader"}
    assert_type(AddTeam(team="core").apply(after), Roles)
    assert_type(grant.user, str)
    assert_type(grant.payload(), bytes)
    assert_type(GrantRole.intent, Intent)
    assert issubclass(assert_type(GrantRole.state_class(), type[State]), Roles)


def test_the_front_door_says_what_it_gives() -> None:
    gov = assert_type(opened(), Governance)
    request = assert_type(gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob"), MutationRequest)
    assert_type(request.status, Status)
    assert_type(request.on_drift, OnDrift)
    assert_type(request.requirements, tuple[Requirement, ...])
    assert_type(request.effect, tuple[Change, ...])
    assert_type(request.expires_at, datetime | None)
    approved = assert_type(gov.approve(request.id, by="carol", digest=request.digest), MutationRequest)
    outcome = assert_type(gov.execute(approved.id, by="runner"), Outcome)
    assert assert_type(outcome.executed, bool)
    assert assert_type(outcome.resulting_version, int | None) == 2
    assert_type(gov.execute_many([request.id], by="runner"), tuple[BatchItem, ...])
    assert_type(gov.get_state(HOUSE), Snapshot[State])
    assert assert_type(gov.get_state(HOUSE, Roles).state, Roles).members
    assert assert_type(gov.replay(HOUSE, 1, Roles), Snapshot[Roles]).version == 1
    assert isinstance(assert_type(gov.preview(AddTeam(team="x"), to=HOUSE, by="bob"), Run), Run)


def test_the_engine_and_its_policies_say_so_too() -> None:
    @policy
    def daytime(proposal: Proposal) -> Verdict:
        assert_type(proposal.mutation, Mutation[Any])
        assert_type(proposal.changes, tuple[Change, ...])
        return assert_type(Verdict.abstain(), Verdict)

    assert_type(daytime, Policy)
    policies = assert_type([allow(), deny("no", when=lambda proposal: proposal.state_id == ""), daytime], list[Policy])
    assert_type(require_approval(2, roles=["security"]), Policy)
    engine = MutationEngine(policies)
    run = assert_type(engine.run(AddTeam(team="core"), Roles(), Actor("bob"), Mode.SIMULATE), Run)
    assert_type(run.after, State | None)
    assert run.reasons == ("policy deny: no",)

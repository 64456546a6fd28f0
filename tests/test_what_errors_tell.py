"""Errors and outcomes say what was called, which policy, mutation, request and requirement it was about, and why."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from house import HOUSE, AddTeam, Awkward, GrantRole, approved, opened, released
from placet import (
    Actor,
    Emergency,
    Governance,
    MutationRequest,
    OpenDirectory,
    Proposal,
    StaticDirectory,
    Verdict,
    allow,
    deny,
    freeze,
    policy,
    require,
    require_approval,
)
from placet.engine.calendar import FreezeWindow
from placet.errors import (
    ApplyRaisedError,
    DirectoryRaisedError,
    MutationContractError,
    PolicyDeniedError,
    PolicyRaisedError,
    TransitionRefusedError,
)
from placet.requirements import ManualReview
from placet.store.port import Store
from placet.testing import FrozenClock

Call = Callable[[Governance, MutationRequest], object]

CALLS: dict[str, Call] = {
    "approve": lambda gov, request: gov.approve(request.id, by="bob", digest=request.digest),
    "reject": lambda gov, request: gov.reject(request.id, by="bob", reason="no"),
    "abstain": lambda gov, request: gov.abstain(request.id, by="bob", digest=request.digest),
    "withdraw": lambda gov, request: gov.withdraw(request.id, by="carol"),
    "report": lambda gov, request: gov.report(
        request.id, check="ci", passed=True, by="carol", digest=request.digest, evidence="log"
    ),
    "waive": lambda gov, request: gov.waive(
        request.id, freeze="year-end", by="carol", digest=request.digest, reason="must"
    ),
    "request_changes": lambda gov, request: gov.request_changes(request.id, by="bob", reason="more"),
    "amend": lambda gov, request: gov.amend(request.id, AddTeam(team="blue"), by="carol"),
    "take_over": lambda gov, request: gov.take_over(request.id, by="carol", reason="left"),
    "comment": lambda gov, request: gov.comment(request.id, by="bob", reason=" "),
    "hold": lambda gov, request: gov.hold(request.id, by="bob", reason=" "),
    "release": lambda gov, request: gov.release(request.id, by="carol"),
    "cancel": lambda gov, request: gov.cancel(request.id, by="mallory"),
    "supersede": lambda gov, request: gov.supersede(request.id, successor="r-9", by="bob"),
    "retry": lambda gov, request: gov.retry(request.id, by="bob"),
    "review": lambda gov, request: gov.review(request.id, by="carol", reason="fine"),
    "execute": lambda gov, request: gov.execute(request.id, by="bob"),
    "revalidate": lambda gov, request: gov.revalidate(request.id, by="bob", digest="x"),
}


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("status", ["pending", "executed"])
def test_a_refusal_names_the_method_that_was_called(store: Store, method: str, status: str) -> None:
    gov = opened(store, policies=[require_approval(count=2)] if status == "pending" else [allow()])
    request = gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")
    if status == "executed":
        request = gov.execute(request.id, by="bob").request
        if method == "execute":
            return  # which gives the recorded outcome
    with pytest.raises(TransitionRefusedError) as refused:
        CALLS[method](gov, request)
    error = refused.value
    assert (error.method, error.request_id, error.status) == (method, request.id, status)
    assert f"request {request.id} is {status}, and {method} is refused: {error.reason}" == str(error)
    for internal in ("vote,", "dissent", "resolve,", "override", "note,", "lapse"):
        assert internal not in error.reason
    assert gov.get_request(request.id) == request


def test_an_emergency_that_is_refused_names_execute_too(store: Store) -> None:
    gov = opened(store)
    request = gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")
    with pytest.raises(TransitionRefusedError) as refused:
        gov.execute(request.id, by="bob", emergency=Emergency(reason="fire", ticket="INC-1"))
    assert (refused.value.method, refused.value.rule) == ("execute", "break_glass_role")


def test_every_item_of_a_batch_says_so(store: Store) -> None:
    gov = opened(store)
    request = gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")
    (item,) = gov.execute_many([request.id], by="bob")
    assert isinstance(item.error, TransitionRefusedError)
    assert (item.error.method, item.error.requirements) == ("execute", ("1 approval",))


def test_what_is_missing_is_named_where_it_has_to_wait(store: Store, clock: FrozenClock) -> None:
    frozen: list[FreezeWindow] = []
    gov = opened(store, clock=clock, policies=[require(ManualReview(name="ci")), freeze(lambda: frozen)])
    request = gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")
    with pytest.raises(TransitionRefusedError) as refused:
        gov.execute(request.id, by="bob")
    assert (refused.value.rule, refused.value.requirements) == ("requirements_met", ("manual review 'ci'",))
    gov.report(request.id, check="ci", passed=True, by="carol", digest=request.digest, evidence="log")
    frozen.append(FreezeWindow("year-end", datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)))
    with pytest.raises(TransitionRefusedError) as refused:
        gov.execute(request.id, by="bob")
    assert refused.value.rule == "must_wait"
    assert "year-end" in " ".join(refused.value.requirements)


@policy
def ceiling(proposal: Proposal) -> Verdict:
    return Verdict.deny("too many") if CLOSED else Verdict.abstain()


CLOSED: list[bool] = []


@pytest.fixture
def closed() -> Any:  # noqa: ANN401 - a list for the length of a test
    CLOSED.clear()
    yield CLOSED
    CLOSED.clear()


def test_a_denial_at_submission_names_the_policies(closed: list[bool]) -> None:
    gov = opened(policies=[allow(), ceiling, deny("no teams", when=lambda each: isinstance(each.mutation, AddTeam))])
    closed.append(True)
    with pytest.raises(PolicyDeniedError) as denied:
        gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")
    assert denied.value.policies == ("ceiling", "deny: no teams")
    assert denied.value.reasons == ("policy ceiling: too many", "policy deny: no teams")
    assert denied.value.mutation == "AddTeam"
    assert "policy ceiling: too many" in str(denied.value)


def test_where_no_policy_speaks_none_is_named() -> None:
    with pytest.raises(PolicyDeniedError, match="no policy speaks for AddTeam") as denied:
        opened(policies=[]).submit(AddTeam(team="red"), to=HOUSE, by="bob")
    assert denied.value.policies == ()


def test_a_denial_at_execution_names_the_policy_in_outcome_decision_and_audit(store: Store, closed: list[bool]) -> None:
    gov = opened(store, policies=[require_approval(count=1), ceiling])
    request = approved(gov)
    closed.append(True)
    outcome = gov.execute(request.id, by="runner")
    assert outcome.status == "rejected"
    assert outcome.reasons == ("policy ceiling: too many",)
    blocked = gov.decisions(request.id)[-1]
    assert (blocked.code, blocked.metadata["policies"]) == ("blocked", ["ceiling"])
    assert blocked.metadata["reasons"] == ["policy ceiling: too many"]
    assert "ceiling" in [answer.policy for answer in gov.audit(request.id)[-1].answers if answer.verdict == "deny"]


def test_so_does_a_denial_when_it_is_revalidated(store: Store, closed: list[bool]) -> None:
    gov = opened(store, policies=[require_approval(count=1), ceiling])
    options: dict[str, Any] = {"on_drift": "revalidate", "pause_for_revalidation": True}
    request = approved(gov, **options)
    gov.execute(approved(gov, AddTeam(team="blue")).id, by="runner")
    gov.execute(request.id, by="runner")
    closed.append(True)
    outcome = released(gov, request)
    assert (outcome.status, outcome.reasons) == ("rejected", ("policy ceiling: too many",))


def test_errors_of_user_code_name_mutation_and_request(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    gov = opened(store, policies=[allow()])
    request = gov.submit(Awkward(), to=HOUSE, by="bob")
    monkeypatch.setattr(Awkward, "doing", lambda _: None)
    calls: list[Callable[[], object]] = [
        lambda: gov.execute(request.id, by="bob"),
        lambda: gov.amend(request.id, Awkward(), by="bob"),
    ]
    for call in calls:
        with pytest.raises(MutationContractError) as raised:
            call()
        assert (raised.value.mutation, raised.value.request_id) == ("Awkward", request.id)
    (item,) = gov.execute_many([request.id], by="bob")
    assert isinstance(item.error, MutationContractError)
    assert item.error.request_id == request.id
    with pytest.raises(MutationContractError) as raised:
        gov.submit(Awkward(), to=HOUSE, by="bob")
    assert (raised.value.mutation, raised.value.request_id) == ("Awkward", "")
    monkeypatch.setattr(Awkward, "doing", lambda _: 1 // 0)
    with pytest.raises(ApplyRaisedError) as failed:
        gov.submit(Awkward(), to=HOUSE, by="bob")
    assert failed.value.mutation == "Awkward"


def test_a_directory_that_fails_while_a_request_is_judged_names_the_request(store: Store) -> None:
    down: list[bool] = []

    class Failing(StaticDirectory):
        def holders(self, roles: tuple[str, ...], groups: tuple[str, ...]) -> Any:  # noqa: ANN401 - a directory's answer
            if down:
                raise OSError("ldap is down")
            return super().holders(roles, groups)

    people = [Actor("bob"), Actor("carol", roles=("lead",)), Actor("dave", roles=("lead",))]
    gov = opened(store, directory=Failing(people), policies=[require_approval(count=2, roles=["lead"])])
    request = gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")
    down.append(True)
    calls: list[Callable[[], object]] = [
        lambda: gov.approve(request.id, by="carol", digest=request.digest),
        lambda: gov.reject(request.id, by="carol", reason="no"),
        lambda: gov.reassess(request.id),
        lambda: gov.waiting_for(request.id),
        lambda: gov.diagram(request.id),
    ]
    for call in calls:
        with pytest.raises(DirectoryRaisedError) as raised:
            call()
        assert (raised.value.asked, raised.value.request_id) == ("holders of lead", request.id)
    assert gov.get_request(request.id) == request


def test_a_policy_that_raises_names_itself_and_what_it_was_asked_about(store: Store) -> None:
    broken: list[bool] = []

    @policy
    def region(_: Proposal) -> Verdict:
        if broken:
            raise KeyError("region")
        return Verdict.allow()

    gov = opened(store, policies=[region], directory=OpenDirectory())
    request = gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob")
    broken.append(True)
    with pytest.raises(PolicyRaisedError) as raised:
        gov.execute(request.id, by="bob")
    error = raised.value
    assert (error.policy, error.mutation, error.request_id) == ("region", "GrantRole", request.id)
    assert (error.code, error.http_status, error.exit_code) == ("policy_raised", 500, 1)

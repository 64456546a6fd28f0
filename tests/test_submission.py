"""Asking for a change: what is stored, what is refused, and what a hostile caller may try."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from house import HOUSE, AddTeam, Awkward, GrantRole, Roles, opened
from placet import (
    Actor,
    Governance,
    Intent,
    Mutation,
    OnDrift,
    OpenDirectory,
    Proposal,
    Risk,
    State,
    StaticDirectory,
    Status,
    Verdict,
    allow,
    deny,
    policy,
    require_approval,
)
from placet.documents import Document, MergeDocument
from placet.errors import (
    ActorNotFoundError,
    AlreadyExistsError,
    ApplyRaisedError,
    CallbackRaisedError,
    ConfigurationError,
    DirectoryRaisedError,
    IdempotencyConflictError,
    InputError,
    MutationInvalidError,
    NotCanonicalError,
    NotRegisteredError,
    PolicyDeniedError,
    VersionConflictError,
)
from placet.model.requirement import LONGEST
from placet.requirements import Approval
from placet.store.memory import MemoryStore
from placet.store.port import Store
from placet.testing import FrozenClock


@pytest.fixture
def gov(store: Store, clock: FrozenClock) -> Governance:
    return opened(store, clock=clock)


def ask(gov: Governance, **options: Any) -> str:  # noqa: ANN401 - options of submit, good and bad
    arguments: dict[str, Any] = {"to": HOUSE, "by": "bob"} | options
    return gov.submit(GrantRole(user="ada", role="reader"), **arguments).id


def test_a_request_says_everything_an_approver_needs(gov: Governance, clock: FrozenClock) -> None:
    request = gov.submit(
        GrantRole(user="ada", role="admin"),
        to=HOUSE,
        by="bob",
        reason="INC-42",
        on_drift="keep_if_same_effect",
        fallback="renew_approval",
        correlation_id="batch-7",
        metadata={"ticket": 42},
        expires_at=clock.now + timedelta(days=1),
    )
    kept = gov.get_request(request.id)
    assert kept == request
    assert kept.status is Status.PENDING
    assert (kept.mutation, kept.payload) == ("GrantRole", {"user": "ada", "role": "admin"})
    assert (kept.state_id, kept.expected_version, kept.requester) == (HOUSE, 1, "bob")
    assert kept.terms.intent.risk is Risk.HIGH
    assert kept.terms.reason == "INC-42"
    assert (kept.on_drift, kept.terms.fallback) == (OnDrift.KEEP_IF_SAME_EFFECT, OnDrift.RENEW_APPROVAL)
    assert kept.requirements == (Approval(1),)
    assert [str(change) for change in kept.effect] == ['/members/ada: + "admin"']
    assert (kept.correlation_id, kept.metadata) == ("batch-7", {"ticket": 42})
    assert kept.expires_at == clock.now + timedelta(days=1)
    assert kept.created_at == clock.now
    assert len(kept.digest) == 64


def test_what_requires_nothing_is_approved_at_once(store: Store) -> None:
    gov = opened(store, policies=[allow()])
    assert gov.get_request(ask(gov)).status is Status.APPROVED


def test_what_nobody_speaks_for_is_refused_with_the_line_that_would_allow_it(store: Store) -> None:
    gov = opened(store, policies=[])
    with pytest.raises(PolicyDeniedError) as refused:
        ask(gov)
    assert "allow(when=lambda proposal: isinstance(proposal.mutation, GrantRole))" in str(refused.value)
    assert len(gov.find_requests()) == 0


def test_a_denial_overrides_and_stores_nothing(gov: Governance) -> None:
    gov.register_policy(deny("never on a Friday", when=lambda proposal: isinstance(proposal.mutation, GrantRole)))
    with pytest.raises(PolicyDeniedError, match="never on a Friday"):
        ask(gov)
    assert gov.submit(AddTeam(team="x"), to=HOUSE, by="bob").status is Status.PENDING
    assert len(gov.find_requests()) == 1


def test_issues_of_the_check_are_all_named(gov: Governance) -> None:
    with pytest.raises(MutationInvalidError, match="role: unknown role 'king'") as refused:
        gov.submit(GrantRole(user="ada", role="king"), to=HOUSE, by="bob")
    assert [issue.path for issue in refused.value.issues] == ["role"]
    assert len(gov.find_requests()) == 0


def test_apply_that_raises_at_submission_stores_nothing(gov: Governance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Awkward, "doing", lambda _: 1 / 0)
    with pytest.raises(ApplyRaisedError, match="ZeroDivisionError: division by zero"):
        gov.submit(Awkward(), to=HOUSE, by="bob")
    assert len(gov.find_requests()) == 0


def test_a_preview_says_what_would_happen_and_stores_nothing(gov: Governance) -> None:
    run = gov.preview(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob")
    assert [str(change) for change in run.changes] == ['/members/ada: + "reader"']
    assert run.requirements == (Approval(1),)
    assert run.reasons == ("requires 1 approval",)
    assert gov.preview(GrantRole(user="ada", role="king"), to=HOUSE, by="bob").issues
    assert len(gov.find_requests()) == 0
    assert gov.get_state(HOUSE).version == 1


def test_a_preview_asks_in_the_name_of_whoever_would_ask(gov: Governance) -> None:
    asking: list[str] = []

    @policy
    def listening(proposal: Proposal) -> Verdict:
        asking.append(proposal.requester.id)
        return Verdict.abstain()

    gov.register_policy(listening)
    gov.preview(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob")
    assert asking == ["bob"]


def test_the_first_decision_says_why_it_was_asked_for(gov: Governance) -> None:
    assert gov.decisions(ask(gov, reason="INC-42"))[0].reason == "INC-42"


def test_what_the_caller_did_not_hang_on_it_is_empty(gov: Governance) -> None:
    request = gov.get_request(ask(gov))
    assert (request.idempotency_key, request.correlation_id, request.metadata) == (None, "", {})


def test_the_same_key_and_wish_give_the_first_request(gov: Governance) -> None:
    first = ask(gov, idempotency_key="key")
    assert ask(gov, idempotency_key="key") == first
    gov.execute(gov.approve(first, by="carol", digest=gov.get_request(first).digest).id, by="runner")
    assert ask(gov, idempotency_key="key") == first  # an honest retry, though the state has moved meanwhile
    assert len(gov.find_requests()) == 1


def test_the_same_key_and_wish_for_more_give_the_first_request(gov: Governance) -> None:
    more: dict[str, object] = {"requirements": [Approval(3)], "approval_valid_for": timedelta(hours=1)}
    assert ask(gov, idempotency_key="key", **more) == ask(gov, idempotency_key="key", **more)


@pytest.mark.parametrize(
    "other",
    [
        {"by": "eve"},
        {"on_drift": "revalidate"},
        {"fallback": "revalidate"},
        {"pause_for_revalidation": True},
        {"requirements": [Approval(3)]},
        {"approval_valid_for": timedelta(hours=1)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_the_same_key_with_another_wish_is_a_conflict(gov: Governance, other: dict[str, object]) -> None:
    first = ask(gov, idempotency_key="key")
    with pytest.raises(IdempotencyConflictError) as refused:
        ask(gov, idempotency_key="key", **other)
    assert (refused.value.key, refused.value.request_id) == ("key", first)
    with pytest.raises(IdempotencyConflictError):
        gov.submit(GrantRole(user="eve", role="reader"), to=HOUSE, by="bob", idempotency_key="key")
    assert len(gov.find_requests()) == 1


@pytest.mark.parametrize(
    "other",
    [{"by": "eve"}, {"requirements": [Approval(2)]}, {"approval_valid_for": timedelta(hours=2)}],
    ids=lambda other: next(iter(other)),
)
def test_so_is_another_wish_for_as_much(gov: Governance, other: dict[str, object]) -> None:
    much: dict[str, object] = {"requirements": [Approval(3)], "approval_valid_for": timedelta(hours=1)}
    ask(gov, idempotency_key="key", **much)
    with pytest.raises(IdempotencyConflictError):
        ask(gov, idempotency_key="key", **(much | other))


def test_an_expected_version_that_is_gone_is_a_conflict(gov: Governance) -> None:
    ask(gov, expected_version=1)
    with pytest.raises(VersionConflictError):
        ask(gov, expected_version=2)


def test_ids_of_ones_own_are_kept_and_taken_once(gov: Governance) -> None:
    assert ask(gov, request_id="my-request ünï") == "my-request ünï"
    with pytest.raises(AlreadyExistsError):
        ask(gov, request_id="my-request ünï")
    with pytest.raises(AlreadyExistsError):
        gov.create_state(HOUSE, Roles())


@pytest.mark.parametrize("argument", ["to", "by", "request_id", "idempotency_key", "correlation_id"])
@pytest.mark.parametrize("bad", ["", "x" * 10_000, "a\0b", "\ud800", " a", "a\n", 7, b"a"])
def test_ids_that_cannot_be_are_named(gov: Governance, argument: str, bad: object) -> None:
    if (argument, bad) == ("correlation_id", ""):
        return  # the default: none
    with pytest.raises(InputError, match=f"^{argument}="):
        ask(gov, **{argument: bad})
    assert len(gov.find_requests()) == 0


MISTAKES: list[dict[str, Any]] = [
    {"to": "x" * 257},
    {"to": " house"},
    {"by": ""},
    {"request_id": 7},
    {"idempotency_key": "a\n"},
    {"correlation_id": 0},
    {"correlation_id": None},
    {"on_drift": "hope"},
    {"on_drift": ["reject"]},
    {"fallback": "keep_if_same_effect"},
    {"fallback": {}},
    {"pause_for_revalidation": "no"},
    {"expected_version": []},
    {"expected_version": True},
    {"expected_version": "1"},
    {"expected_version": 2},
    {"expires_at": "tomorrow"},
    {"expires_at": datetime(2027, 1, 1)},  # noqa: DTZ001 - the naive one is the point
    {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
    {"approval_valid_for": 5},
    {"approval_valid_for": timedelta(0)},
    {"approval_valid_for": LONGEST + timedelta(microseconds=1)},
    {"requirements": 5},
    {"requirements": ["carol"]},
    {"metadata": {"x": float("nan")}},
    {"metadata": ["x"]},
    {"reason": "x" * 20_000},
    {"reason": "a\0"},
    {"reason": None},
]

SAID = Path(__file__).parent / "mistakes.txt"
"""What is said of each, written down to be read by people."""


def named(options: dict[str, Any]) -> str:
    """Give what was passed, as it stands in the golden copy."""
    return ", ".join(f"{name}={value!r:.60}" for name, value in options.items())


def mistakes(gov: Governance) -> Iterator[tuple[str, str]]:
    """Give what was passed, and what is said of it."""
    for options in MISTAKES:
        with pytest.raises((InputError, VersionConflictError)) as refused:
            ask(gov, **options)
        yield named(options), f"{type(refused.value).__name__}: {refused.value}"


def test_what_is_said_of_a_mistake_is_word_for_word_what_was_agreed(gov: Governance) -> None:
    assert [f"{passed} -> {said}" for passed, said in mistakes(gov)] == SAID.read_text("utf-8").splitlines()
    assert len(gov.find_requests()) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"approval_valid_for": LONGEST},
        {"expected_version": 1},
        {"requirements": (each for each in [Approval(2)])},
    ],
)
def test_what_is_just_possible_is_taken(gov: Governance, options: dict[str, Any]) -> None:
    assert gov.get_request(ask(gov, **options)).status is Status.PENDING


def test_metadata_that_json_cannot_say_is_refused(gov: Governance) -> None:
    with pytest.raises(NotCanonicalError, match="^metadata has no canonical JSON"):
        ask(gov, metadata={"x": {1, 2}})


def test_a_deadline_lies_after_the_moment_of_submission(gov: Governance, clock: FrozenClock) -> None:
    with pytest.raises(InputError, match="has passed already"):
        ask(gov, expires_at=clock())
    at = clock() + timedelta(microseconds=1)
    assert gov.get_request(ask(gov, expires_at=at)).expires_at == at


def test_what_is_no_mutation_is_refused(gov: Governance) -> None:
    wrong: Any
    for wrong in (None, "GrantRole", GrantRole, Roles()):
        with pytest.raises(InputError, match="is no Mutation"):
            gov.submit(wrong, to=HOUSE, by="bob")


class Quota(State):
    """Another kind of state."""

    limit: int = 0


class RaiseQuota(Mutation[Quota]):
    """Raise a limit."""

    intent = Intent(operation="raise-quota")
    by: int

    def apply(self, state: Quota) -> Quota:
        return state.evolve(limit=state.limit + self.by)


def test_mutations_must_be_registered_and_fit_the_state(gov: Governance, store: Store) -> None:
    with pytest.raises(NotRegisteredError, match="no mutation 'RaiseQuota'"):
        gov.submit(RaiseQuota(by=1), to=HOUSE, by="bob")
    other = Governance.open(store, mutations=[RaiseQuota], policies=[allow()], directory=OpenDirectory())
    with pytest.raises(InputError, match="RaiseQuota changes a Quota, and 'house:roles' is a Roles"):
        other.submit(RaiseQuota(by=1), to=HOUSE, by="bob")


def test_a_mutation_of_the_same_name_from_elsewhere_is_refused(gov: Governance) -> None:
    other = type("GrantRole", (AddTeam,), {"mutation_name": "AddTeam"})
    with pytest.raises(NotRegisteredError, match="registered as another class"):
        gov.submit(other(team="x"), to=HOUSE, by="bob")


def test_a_huge_payload_goes_through(store: Store) -> None:
    gov = Governance.open(store, mutations=[MergeDocument], policies=[require_approval()], directory=OpenDirectory())
    gov.create_state("doc", Document.of({}))
    text = "ä🦉\0" * 800_000  # over 5 MB as UTF-8
    request = gov.submit(MergeDocument(merge={"text": text}), to="doc", by="bob")
    gov.approve(request.id, by="carol", digest=request.digest)
    assert gov.execute(request.id, by="runner").executed
    state = gov.get_state("doc").state
    assert isinstance(state, Document)
    assert state.content == {"text": text}
    assert gov.verify().ok


def test_a_payload_that_json_cannot_say_is_refused(store: Store) -> None:
    gov = Governance.open(store, mutations=[MergeDocument], policies=[allow()], directory=OpenDirectory())
    gov.create_state("doc", Document.of({}))
    for bad in (float("nan"), float("inf"), "\ud800"):
        with pytest.raises(NotCanonicalError):
            gov.submit(MergeDocument.model_construct(merge={"x": bad}), to="doc", by="bob")
    assert len(gov.find_requests()) == 0


def test_a_payload_forced_past_its_types_is_refused(gov: Governance) -> None:
    forced: dict[str, Any] = {"user": 7, "role": "reader"}
    with pytest.raises(InputError, match="user"):
        gov.submit(GrantRole.model_construct(**forced), to=HOUSE, by="bob")


def test_actors_come_from_the_directory_alone(store: Store) -> None:
    directory = StaticDirectory([Actor("bob", roles=("staff",), on_behalf_of="ann")])
    gov = opened(store, directory=directory)
    assert gov.get_request(ask(gov)).terms.on_behalf_of == "ann"
    with pytest.raises(ActorNotFoundError, match="does not know 'eve'"):
        ask(gov, by="eve")
    with pytest.raises(ActorNotFoundError):
        gov.create_state("other", Roles(), by="eve")


def test_a_directory_that_raises_is_named(store: Store) -> None:
    class Broken:
        def actor(self, actor_id: str) -> Actor:
            raise OSError("ldap is down")

    class Wrong:
        def actor(self, actor_id: str) -> Actor:
            return Actor("root", roles=("administrator",))

    with pytest.raises(DirectoryRaisedError, match="OSError.*ldap is down"):
        ask(opened(store, directory=Broken()))
    gov = Governance.open(store, mutations=[GrantRole], policies=[allow()], directory=Wrong())
    with pytest.raises(DirectoryRaisedError, match="return that Actor"):
        ask(gov)


def test_a_naive_clock_is_refused(store: Store) -> None:
    with pytest.raises(CallbackRaisedError, match="no time zone"):
        opened(store, clock=lambda: datetime(2026, 1, 1))  # noqa: DTZ001 - the naive one is the point


def test_policies_see_the_real_mutation_and_the_simulated_changes(store: Store) -> None:
    seen: list[Proposal] = []

    @policy
    def watching(proposal: Proposal) -> Verdict:
        seen.append(proposal)
        return Verdict.allow()

    gov = opened(store, policies=[watching])
    ask(gov)
    (proposal,) = seen
    assert proposal.mutation == GrantRole(user="ada", role="reader")
    assert proposal.state == Roles(members={"root": "admin"})
    assert proposal.after == Roles(members={"root": "admin", "ada": "reader"})
    assert proposal.requester.id == "bob"
    assert [change.path for change in proposal.changes] == ["/members/ada"]
    assert proposal.state_id == HOUSE


@pytest.mark.parametrize("url", ["", "postgres://x", "sqlite://", "sqlite:///", "sqlite:///x.db?mode=rw", "file.db"])
def test_a_url_that_reaches_no_store_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="no store is reached by|unknown option"):
        Governance.open(url, directory=OpenDirectory())


if __name__ == "__main__":  # write the golden copy again
    SAID.write_text("".join(f"{passed} -> {said}\n" for passed, said in mistakes(opened(MemoryStore()))), "utf-8")

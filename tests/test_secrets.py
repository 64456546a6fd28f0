"""What is in a payload, a state or metadata is in no repr, no text, no traceback and no log.

Approvers read values where they are meant to: `str(change)`, `request.payload`, `placet show`. What an exception of
`apply` says is recorded, as is documented; what pydantic says in it is, without the value.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, field_validator

from placet import (
    Actor,
    Governance,
    Intent,
    Issue,
    Mode,
    Mutation,
    MutationEngine,
    OpenDirectory,
    Policy,
    Proposal,
    State,
    Verdict,
    require_approval,
)
from placet.documents import Document, MergeDocument, PatchDocument
from placet.errors import PlacetError
from placet.store.port import Store

PLANTED = "planted-secret"
NOTHING: dict[str, str] = {}


class Strict(BaseModel):
    """A plain model of the user's own, whose errors of pydantic show the value."""

    number: int


def never(*_: object) -> Any:  # noqa: ANN401 - it returns nothing
    return None


class Vault(State):
    """Holds secrets."""

    entries: dict[str, str] = {}
    names: list[str] = []

    @field_validator("names")
    @classmethod
    def _checked(cls, names: list[str]) -> list[str]:
        Put.validating(names)
        return names


class Put(Mutation[Vault]):
    """Put a secret into the vault; each test hangs on it what its code does."""

    intent = Intent(operation="put")
    text: str = PLANTED
    checking: ClassVar[Callable[[Any, Any], Any]] = never
    applying: ClassVar[Callable[[Any, Any], Any]] = never
    validating: ClassVar[Callable[[Any], Any]] = never

    def check(self, state: Vault) -> Any:  # noqa: ANN401 - whatever a test wants
        return type(self).checking(self, state)

    def apply(self, state: Vault) -> Vault:
        found: Vault | None = type(self).applying(self, state)
        return state.evolve(names=[*state.names, self.text]) if found is None else found


def chained(error: Exception) -> Callable[..., Any]:
    """Return a function that raises an error while it handles one that shows the secret."""

    def raises(*_: object) -> Any:  # noqa: ANN401 - it returns nothing
        try:
            NOTHING[PLANTED]
        except KeyError:
            raise error  # noqa: B904 - as users write it

    return raises


def strict(*_: object) -> Any:  # noqa: ANN401 - it returns nothing
    return Strict.model_validate({"number": PLANTED})


def changing(_: object, state: Vault) -> Any:  # noqa: ANN401 - it returns nothing
    state.names.append(PLANTED)


def unfit(_: object, state: Vault) -> Vault:
    wrong: Any = [PLANTED.encode(), 5, PLANTED]
    return state.model_copy(update={"names": wrong})


FAULTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "a check that raises what pydantic says": ("checking", strict),
    "a check that raises while it handles another": ("checking", chained(RuntimeError("no"))),
    "a check that answers with the state": ("checking", lambda _, state: [state]),
    "a check that answers with text": ("checking", lambda *_: PLANTED),
    "a check that changes the state": ("checking", changing),
    "an apply that raises what pydantic says": ("applying", strict),
    "an apply that raises while it handles another": ("applying", chained(RuntimeError("no"))),
    "an apply that changes the state": ("applying", changing),
    "an apply that returns something else": ("applying", lambda *_: {"names": [PLANTED]}),
    "an apply that returns what does not fit": ("applying", unfit),
    "a validator that raises": ("validating", lambda names: NOTHING[PLANTED] if names else None),
    "a validator that raises what pydantic says": ("validating", lambda names: strict() if names else None),
}


def judge(proposal: Proposal) -> Verdict:
    """Stand in for a policy that looks at everything."""
    return Policed.deciding(proposal) or Verdict.abstain()


class Policed:
    deciding: ClassVar[Callable[[Proposal], Any]] = never


POLICIES: dict[str, Callable[..., Any]] = {
    "a policy that raises what pydantic says": strict,
    "a policy that raises while it handles another": chained(RuntimeError("no")),
    "a policy that answers with the proposal": lambda proposal: proposal,
    "a policy that answers with the state": lambda proposal: proposal.after,
    "a policy that changes the state": lambda proposal: changing(None, proposal.after),
}


def texts(value: object) -> Iterator[str]:
    """Give everything that is printed of a value, and of what it consists of."""
    if isinstance(value, BaseException):
        yield from (str(value), repr(value), *traceback.format_exception(value))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from texts(each)
    elif is_dataclass(value) and not isinstance(value, type):
        yield repr(value)
        if type(value).__name__ != "Change":
            yield str(value)
        for each in fields(value):
            if each.repr:
                yield from texts(getattr(value, each.name))
    else:
        yield from (str(value), repr(value))


def demand_clean(value: object) -> None:
    for text in texts(value):
        assert PLANTED not in text, text


def outcome_of(call: Callable[..., object], *args: Any, **options: Any) -> object:  # noqa: ANN401 - of any call
    try:
        return call(*args, **options)
    except PlacetError as error:
        return error


@pytest.fixture
def gov(store: Store) -> Governance:
    opened = Governance.open(
        store,
        mutations=[Put, MergeDocument, PatchDocument],
        policies=[Policy("judge", judge), require_approval(count=1)],
        directory=OpenDirectory(),
        hooks=[chained(RuntimeError("no"))],
    )
    opened.create_state("vault", Vault(names=["first"], entries={"a": PLANTED}))
    opened.create_state("doc", Document.of({"a": PLANTED, "list": [PLANTED]}))
    return opened


def every_step(gov: Governance) -> Iterator[object]:
    """Take a request and its states through everything the public face has."""
    yield gov.preview(Put(), to="vault", by="bob")
    request = gov.submit(Put(), to="vault", by="bob", metadata={"note": PLANTED}, on_drift="keep_if_same_effect")
    other = gov.submit(Put(text=f"{PLANTED}-2"), to="vault", by="bob", on_drift="renew_approval")
    third = gov.submit(Put(text=f"{PLANTED}-3"), to="vault", by="bob")
    yield from (request, request.terms, other)
    for each in (request, other, third):
        yield gov.approve(each.id, by="carol", digest=each.digest)
    yield gov.waiting_for(request.id)
    yield gov.amend(third.id, Put(text=f"{PLANTED}-4"), by="bob", reason="better")
    for each in (request, other, third):
        yield outcome_of(gov.execute, each.id, by="runner")
    yield gov.execute_many([request.id, other.id, third.id], by="runner")
    for each in (request, other, third):
        yield from (gov.get_request(each.id), gov.decisions(each.id), gov.audit(each.id), gov.revisions(each.id))
    yield from (gov.history("vault"), gov.get_state("vault"), gov.replay("vault", 1), gov.verify())
    yield from (gov.find_requests(), gov.inbox("carol"))
    yield outcome_of(lambda: gov.get_state("vault", Document))


OPTIONS = (
    *("on_drift", "fallback", "pause_for_revalidation", "expected_version", "expires_at", "approval_valid_for"),
    *("idempotency_key", "correlation_id", "request_id", "reason"),
)


def every_mistake(gov: Governance) -> Iterator[object]:
    """Pass what is wrong wherever it can be passed."""
    wrong: list[Any] = [
        {"secret": PLANTED},
        Put(),
        Vault(names=[PLANTED]),
        Document.of({"a": PLANTED}),
        gov.get_state("vault"),
        gov.preview(Put(), to="vault", by="bob"),
    ]
    for value in wrong:
        yield outcome_of(gov.submit, value, to="doc", by="bob")
        yield outcome_of(gov.submit, Put(), to=value, by="bob")
        yield outcome_of(gov.submit, Put(), to="vault", by=value)
        yield outcome_of(gov.submit, Put(), to="vault", by="bob", requirements=value)
        for option in OPTIONS:
            yield outcome_of(gov.submit, Put(), to="vault", by="bob", **{option: value})
        yield outcome_of(gov.execute, value, by="bob")
        yield outcome_of(gov.execute, "nobody", by="bob", emergency=value)
        yield outcome_of(gov.get_request, value)
        yield outcome_of(gov.replay, "vault", value)
        yield outcome_of(gov.find_requests, limit=value)
        yield outcome_of(gov.find_requests, cursor=value)
        if not isinstance(value, State):
            yield outcome_of(gov.create_state, "other", value)
    junk: Any = PLANTED
    many: Any = [junk]
    makers: list[Callable[[], object]] = [
        lambda: MergeDocument.model_construct(merge=PLANTED).payload(),
        lambda: MergeDocument(merge=junk),
        lambda: PatchDocument(patch=many),
        lambda: Vault(names=junk),
        lambda: Vault(entries={"a": many}),
        lambda: Vault().evolve(names=PLANTED),
        lambda: Vault.model_construct(names=PLANTED).to_json(),
        lambda: gov.create_state("other", Vault.model_construct(names=PLANTED)),
        lambda: gov.submit(Put.model_construct(text=[PLANTED]), to="vault", by="bob"),
        lambda: Document.of({"a": {PLANTED}}),
        lambda: Document.of({"a": float("nan"), "b": PLANTED}),
        lambda: MutationEngine().run(Put(), Vault.model_construct(names=PLANTED), Actor("bob"), Mode.SIMULATE),
    ]
    for make in makers:
        yield outcome_of(make)
    for path, value in (("/a", 1), ("/list/0", 1), ("/list", [1]), ("/list/x", 1), ("/a/b", 1)):
        for op in ("test", "add", "remove", "replace"):
            patch: Any = [{"op": op, "path": path, "value": value}]
            yield outcome_of(gov.submit, PatchDocument(patch=patch), to="doc", by="bob")


def test_nothing_that_is_returned_shows_it(gov: Governance, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for found in every_step(gov):
        demand_clean(found)
    assert PLANTED not in caplog.text


def test_nothing_that_is_said_of_a_mistake_shows_it(gov: Governance, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for found in every_mistake(gov):
        demand_clean(found)
    assert PLANTED not in caplog.text


@pytest.mark.parametrize("fault", FAULTS)
def test_nor_does_what_is_said_of_code_that_fails(gov: Governance, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request = gov.submit(Put(), to="vault", by="bob")
    gov.approve(request.id, by="carol", digest=request.digest)
    name, code = FAULTS[fault]
    monkeypatch.setattr(Put, name, code)
    calls: list[Callable[[], object]] = [
        lambda: gov.submit(Put(), to="vault", by="bob"),
        lambda: gov.preview(Put(), to="vault", by="bob"),
        lambda: gov.execute(request.id, by="bob"),
        lambda: gov.get_state("vault"),
        lambda: gov.replay("vault", 1),
        lambda: gov.create_state("other", Vault.model_construct(names=[PLANTED], entries={})),
        lambda: gov.amend(request.id, Put(text="b"), by="bob"),
        lambda: (gov.get_request(request.id), gov.decisions(request.id), gov.audit(request.id)),
        lambda: MutationEngine([Policy("judge", judge)]).run(Put(), Vault(names=[PLANTED]), Actor("bob")),
    ]
    for call in calls:
        demand_clean(outcome_of(call))


@pytest.mark.parametrize("fault", POLICIES)
def test_nor_does_what_is_said_of_a_policy_that_fails(
    gov: Governance, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = gov.submit(Put(), to="vault", by="bob")
    gov.approve(request.id, by="carol", digest=request.digest)
    monkeypatch.setattr(Policed, "deciding", POLICIES[fault])
    for call in (
        lambda: gov.submit(Put(), to="vault", by="bob"),
        lambda: gov.preview(Put(), to="vault", by="bob"),
        lambda: gov.execute(request.id, by="bob"),
    ):
        found = outcome_of(call)
        assert isinstance(found, PlacetError)
        demand_clean(found)


def test_a_proposal_shows_nothing_either(gov: Governance, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(Policed, "deciding", seen.append)
    gov.preview(Put(), to="vault", by="bob")
    demand_clean(seen)
    assert seen


def test_an_issue_says_what_its_author_says(gov: Governance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Put, "checking", lambda *_: [Issue("/secret", "is too short")])
    with pytest.raises(PlacetError, match="/secret: is too short"):
        gov.submit(Put(), to="vault", by="bob")

"""Functions of the user answer what they were asked, or a typed error says so: nothing fails open or is awaited."""

import itertools
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import partial
from typing import Any, cast

import pytest

from house import HOUSE, AddTeam, Awkward, GrantRole, Roles, opened
from placet import (
    Actor,
    FreezeWindow,
    Governance,
    Intent,
    Issue,
    Mutation,
    MutationEngine,
    OpenDirectory,
    Policy,
    StaticDirectory,
    Verdict,
    allow,
    allow_emergency,
    deny,
    freeze,
    policy,
    require_approval,
)
from placet.engine.hooks import Hooks
from placet.errors import (
    CallbackRaisedError,
    CheckRaisedError,
    ConfigurationError,
    DirectoryRaisedError,
    MutationContractError,
    PolicyRaisedError,
)
from placet.requirements import Approval
from placet.store.port import Store

NOTHING: Any = None
SECRET = "hunter2"  # noqa: S105 - the value that no error may repeat


async def later(*_: object) -> bool:
    return True


async def stream(*_: object) -> AsyncIterator[bool]:
    yield True


def unawaited(*_: object) -> object:
    """Give a coroutine, though nothing about the function says so."""
    return later()


class Eventually:
    """An object that is called and must be awaited."""

    async def __call__(self, *_: object) -> bool:
        return True

    async def method(self, *_: object) -> bool:
        return True


ASYNCHRONOUS: list[Any] = [
    later,
    stream,
    partial(later, 1),
    partial(partial(Eventually(), 1), 2),
    Eventually(),
    Eventually().method,
]
IDS = ["function", "generator", "partial", "partial-of-partial", "object", "method"]
MAKERS: dict[str, Callable[[Any], object]] = {
    "policy": policy,
    "Policy": lambda given: Policy("odd", given),
    "allow": lambda given: allow(when=given),
    "deny": lambda given: deny("no", when=given),
    "require": lambda given: require_approval(count=1, when=given),
    "emergency": lambda given: allow_emergency(["root"], when=given),
    "freeze": lambda given: freeze([], when=given),
    "calendar": freeze,
    "engine-clock": lambda given: MutationEngine(clock=given),
    "engine-timer": lambda given: MutationEngine(timer=given),
    "clock": lambda given: opened(clock=given),
    "timer": lambda given: opened(timer=given),
    "new_id": lambda given: opened(new_id=given),
    "hook": lambda given: Hooks([given]),
    "check": lambda given: registered(check=given),
    "apply": lambda given: registered(apply=given),
    "actor": lambda given: directed(actor=given),
    "holders": lambda given: directed(actor=Actor, holders=given),
    "delegate": lambda given: directed(actor=Actor, delegate=given),
}


def registered(**methods: Any) -> Governance:  # noqa: ANN401 - functions of a mutation
    body = {"intent": Intent("odd"), "apply": lambda _self, state: state}
    body |= {name: staticmethod(given) for name, given in methods.items()}
    odd = type("Odd", (Mutation[Roles],), {**body, "__module__": __name__, "__annotations__": {}})
    return Governance.open("memory:", mutations=[odd], directory=OpenDirectory())


def directed(**methods: Any) -> Governance:  # noqa: ANN401 - methods of a directory
    made = type("Odd", (), {name: staticmethod(given) for name, given in methods.items()})()
    return Governance.open("memory:", directory=cast("Any", made))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("given", ASYNCHRONOUS, ids=IDS)
def test_what_would_have_to_be_awaited_is_refused_where_it_is_handed_over(
    make: Callable[[Any], object], given: object
) -> None:
    with pytest.raises(ConfigurationError, match="asynchronous, which is not supported"):
        make(given)


@pytest.mark.parametrize(
    "make", [each for name, each in MAKERS.items() if name not in {"calendar", "check", "apply", "actor"}]
)
@pytest.mark.parametrize("given", ["text", 5, object()], ids=["text", "number", "object"])
def test_what_cannot_be_called_is_refused_there_too(make: Callable[[Any], object], given: object) -> None:
    with pytest.raises(ConfigurationError):
        make(given)


def house(store: Store | str, *policies: Policy, **options: Any) -> Governance:  # noqa: ANN401 - options of open
    return opened(store, policies=[allow(when=lambda _: True), *policies], **options)


class Truthy:
    def __bool__(self) -> bool:
        raise RuntimeError(SECRET)


JUNK: dict[str, Callable[[], object]] = {
    "no": lambda: "no",
    "yes": lambda: "yes",
    "none": lambda: None,
    "not-implemented": lambda: NotImplemented,
    "one": lambda: 1,
    "zero": lambda: 0,
    "coroutine": unawaited,
    "object": Truthy,
    "class": lambda: bool,
    "list": list,
}
CONDITIONAL: dict[str, Callable[[Any], Policy]] = {
    "allow": lambda when: allow(when=when),
    "deny": lambda when: deny("no", when=when),
    "require_approval": lambda when: require_approval(count=1, when=when),
    "allow_emergency": lambda when: allow_emergency(["root"], when=when),
    "freeze": lambda when: freeze([], when=when),
}


@pytest.mark.parametrize("make", CONDITIONAL.values(), ids=CONDITIONAL)
@pytest.mark.parametrize("answer", JUNK.values(), ids=JUNK)
def test_a_condition_answers_true_or_false_and_nothing_else(
    store: Store, make: Callable[[Any], Policy], answer: Callable[[], object]
) -> None:
    made = make(lambda _: answer())
    gov = house(store, made)
    with pytest.raises(PolicyRaisedError, match="to when; return True or False") as raised:
        gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")
    assert (raised.value.policy, raised.value.mutation) == (made.name, "AddTeam")
    assert SECRET not in str(raised.value)
    assert not gov.find_requests()


@pytest.mark.parametrize("make", CONDITIONAL.values(), ids=CONDITIONAL)
def test_a_condition_is_asked_again_at_execution(store: Store, make: Callable[[Any], Policy]) -> None:
    answers: list[Any] = [False]
    gov = house(store, make(lambda _: answers[-1]))
    request = gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")
    answers.append("no")
    with pytest.raises(PolicyRaisedError) as raised:
        gov.execute(request.id, by="bob")
    assert raised.value.request_id == request.id
    assert gov.get_request(request.id) == request


@pytest.mark.parametrize(
    "answer",
    [*JUNK.values(), lambda: Verdict.allow, lambda: [Verdict.allow()], lambda: Approval(1)],
    ids=[*JUNK, "method", "verdicts", "requirement"],
)
def test_a_policy_answers_a_verdict_and_nothing_else(answer: Callable[[], object]) -> None:
    with pytest.raises(PolicyRaisedError, match="policy 'odd' answered a value of type") as raised:
        house("memory:", Policy("odd", lambda _: cast("Any", answer()))).submit(AddTeam(team="x"), to=HOUSE, by="bob")
    assert raised.value.policy == "odd"


class TestChecks:
    @pytest.fixture
    def checking(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Roles], object]], Governance]:
        def made(check: Callable[[Roles], object]) -> Governance:
            monkeypatch.setattr(Awkward, "checking", check)
            return house("memory:")

        return made

    @pytest.mark.parametrize(
        "answer",
        [
            lambda: False,
            lambda: True,
            lambda: 0,
            lambda: 1,
            lambda: "",
            lambda: SECRET,
            lambda: b"",
            dict,
            lambda: {"path": "message"},
            set,
            frozenset,
            deque,
            OrderedDict,
            lambda: Issue("a", "b"),
            lambda: Issue,
            lambda: {Issue("a", "b")},
            unawaited,
            lambda: [later()],
            lambda: [Issue("a", "b"), later(), later()],
            partial(stream),
            lambda: iter("ab"),
            lambda: iter([Issue("a", "b"), None]),
            lambda: (each for each in [SECRET]),
            lambda: itertools.repeat(Issue("a", "b")),
            lambda: [Issue("a", NOTHING)],
            lambda: [Issue(NOTHING, "b")],
            lambda: [Issue],
            lambda: NotImplemented,
            lambda: ...,
            object,
            range,
            lambda: range(0),
            lambda: memoryview(b""),
            {}.values,
        ],
    )
    def test_none_or_issues_count_and_all_else_is_an_error(
        self, checking: Callable[[Callable[[Roles], object]], Governance], answer: Callable[[], object]
    ) -> None:
        gov = checking(lambda _: answer())
        with pytest.raises(CheckRaisedError) as raised:
            gov.submit(Awkward(), to=HOUSE, by="bob")
        assert raised.value.mutation == "Awkward"
        assert SECRET not in str(raised.value)
        assert not gov.find_requests()

    @pytest.mark.parametrize(
        "answer",
        [lambda: None, list, tuple, lambda: iter(()), lambda: map(Issue, [], [])],
    )
    def test_nothing_can_be_said_in_these_ways(
        self, checking: Callable[[Callable[[Roles], object]], Governance], answer: Callable[[], object]
    ) -> None:
        assert checking(lambda _: answer()).submit(Awkward(), to=HOUSE, by="bob").status == "approved"

    def test_so_it_is_at_execution(self, monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
        gov = house(store)
        request = gov.submit(Awkward(), to=HOUSE, by="bob")
        monkeypatch.setattr(Awkward, "checking", lambda _: False)
        with pytest.raises(CheckRaisedError) as raised:
            gov.execute(request.id, by="bob")
        assert (raised.value.mutation, raised.value.request_id) == ("Awkward", request.id)
        assert gov.get_request(request.id) == request

    @pytest.mark.parametrize("answer", [unawaited, lambda: None, list], ids=["coroutine", "none", "list"])
    def test_an_apply_returns_a_state_and_nothing_else(
        self, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], object]
    ) -> None:
        monkeypatch.setattr(Awkward, "doing", lambda _: answer())
        with pytest.raises(MutationContractError, match="not Roles") as raised:
            house("memory:").submit(Awkward(), to=HOUSE, by="bob")
        assert raised.value.mutation == "Awkward"


class TestCalendars:
    WINDOW = FreezeWindow("year-end", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))

    @pytest.mark.parametrize(
        "answer",
        [
            lambda: None,
            lambda: "",
            lambda: b"",
            dict,
            lambda: False,
            lambda: 0,
            unawaited,
            lambda: [later()],
            lambda: [None],
            lambda: ["year-end"],
            lambda: TestCalendars.WINDOW,
            lambda: {TestCalendars.WINDOW: 1},
            lambda: itertools.repeat(TestCalendars.WINDOW),
        ],
    )
    def test_what_is_no_collection_of_windows_lets_nothing_pass(self, answer: Callable[[], Any]) -> None:
        gov = house("memory:", freeze(answer))
        with pytest.raises(PolicyRaisedError, match="for a calendar; give a list of FreezeWindow") as raised:
            gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")
        assert raised.value.policy == "freeze"

    @pytest.mark.parametrize("calendar", [None, "", {}, [None], 5, b"", {"a": 1}])
    def test_nor_is_it_taken_where_it_is_handed_over(self, calendar: Any) -> None:  # noqa: ANN401 - the point
        with pytest.raises(ConfigurationError, match="calendar="):
            freeze(calendar)

    @pytest.mark.parametrize("kind", [list, tuple, set, frozenset, iter])
    def test_any_collection_of_windows_is(self, kind: Callable[[list[FreezeWindow]], Any]) -> None:
        windows = [self.WINDOW]
        for made in (freeze(kind(windows)), freeze(lambda: kind(windows))):
            assert house("memory:", made).submit(AddTeam(team="red"), to=HOUSE, by="bob").status == "approved"


class TestDirectories:
    @pytest.mark.parametrize(
        "answer",
        [
            lambda _: None,
            lambda by: by,
            lambda by: {"id": by},
            lambda by: [Actor(by)],
            lambda _: Actor("root"),
            lambda _: Actor,
            unawaited,
            lambda by: Actor(by, kind=cast("Any", "robot")),
        ],
    )
    def test_only_that_actor_is_an_answer(self, answer: Callable[[str], Any]) -> None:
        class Odd(OpenDirectory):
            def actor(self, actor_id: str) -> Actor:
                return cast("Actor", answer(actor_id)) if actor_id == "bob" else Actor(actor_id)

        gov = house("memory:", directory=Odd())
        for call in (lambda: gov.inbox("bob"), lambda: gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")):
            with pytest.raises(DirectoryRaisedError, match="when asked for 'bob'") as raised:
                call()
            assert raised.value.asked == "'bob'"

    @pytest.mark.parametrize(
        "answer",
        [
            lambda: None,
            lambda: "carol",
            dict,
            lambda: [None],
            lambda: ["carol"],
            unawaited,
            lambda: [later()],
            lambda: Actor("carol"),
            lambda: itertools.repeat(Actor("carol")),
        ],
    )
    def test_only_a_collection_of_actors_lists_holders(self, answer: Callable[[], Any]) -> None:
        class Odd(StaticDirectory):
            def holders(self, roles: tuple[str, ...], groups: tuple[str, ...]) -> Any:  # noqa: ANN401 - the point
                return answer()

        gov = opened(policies=[require_approval(count=1, roles=["lead"])], directory=Odd([Actor("bob")]))
        with pytest.raises(DirectoryRaisedError, match="when asked for holders of lead"):
            gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")

    @pytest.mark.parametrize(
        "answer", [lambda: 5, lambda: "", lambda: ["dave"], unawaited, lambda: Actor("dave"), lambda: "\0"]
    )
    def test_only_an_id_or_none_names_a_delegate(self, answer: Callable[[], Any]) -> None:
        class Odd(StaticDirectory):
            def delegate(self, actor_id: str, at: datetime) -> Any:  # noqa: ANN401 - the point
                return answer()

        gov = opened(directory=Odd([Actor("bob"), Actor("carol"), Actor("dave")]))
        request = gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")
        with pytest.raises(DirectoryRaisedError, match="when asked for the delegate of 'carol'"):
            gov.approve(request.id, by="dave", digest=request.digest, on_behalf_of="carol")

    def test_one_that_cannot_be_shown_is_named_by_its_class(self) -> None:
        class Odd(OpenDirectory):
            def actor(self, actor_id: str) -> Actor:
                raise RuntimeError("down")

            def __repr__(self) -> str:
                raise ValueError(SECRET)

        with pytest.raises(DirectoryRaisedError, match="a Odd, raised RuntimeError: down"):
            house("memory:", directory=Odd()).inbox("bob")


class Broken(tzinfo):
    def utcoffset(self, _: datetime | None) -> timedelta:
        raise RuntimeError("no such zone")

    def dst(self, _: datetime | None) -> timedelta:
        raise RuntimeError("no such zone")

    def tzname(self, _: datetime | None) -> str:
        raise RuntimeError("no such zone")


class Odd(datetime):
    def utcoffset(self) -> timedelta:
        raise RuntimeError("no such zone")


FAR = timezone(timedelta(hours=-23))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CLOCKS: dict[str, Callable[[], Any]] = {
    "raises": lambda: 1 // 0,
    "none": lambda: None,
    "text": lambda: "now",
    "number": lambda: 5.0,
    "naive": lambda: datetime(2026, 1, 1),  # noqa: DTZ001 - the point
    "year-1": lambda: datetime(1, 1, 1, tzinfo=UTC),
    "year-9999": lambda: datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    "beyond": lambda: datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=FAR),
    "zone-raises": lambda: datetime(2026, 1, 1, tzinfo=Broken()),
    "subclass": lambda: Odd(2026, 1, 1, tzinfo=UTC),
    "coroutine": unawaited,
    "date": NOON.date,
}


@pytest.mark.parametrize("told", CLOCKS.values(), ids=CLOCKS)
def test_a_clock_gives_a_moment_and_nothing_else(store: Store, told: Callable[[], Any]) -> None:
    moments: list[Callable[[], Any]] = [lambda: NOON]
    gov = opened(
        store,
        clock=lambda: moments[-1](),  # noqa: PLW0108 - another one later
    )
    request = gov.submit(AddTeam(team="red"), to=HOUSE, by="bob")
    moments.append(told)
    calls: list[Callable[[], object]] = [
        lambda: gov.submit(AddTeam(team="blue"), to=HOUSE, by="bob"),
        lambda: gov.approve(request.id, by="carol", digest=request.digest),
        lambda: gov.create_state("other", Roles()),
        lambda: gov.waiting_for(request.id),
        gov.expire_due,
        gov.reassess_open,
    ]
    for call in calls:
        with pytest.raises(CallbackRaisedError) as raised:
            call()
        assert raised.value.argument == "clock"
    moments.append(lambda: NOON)
    assert (gov.get_request(request.id), gov.verify().ok) == (request, True)


IDENTIFIERS: dict[str, Callable[[], Any]] = {
    "raises": lambda: 1 // 0,
    "none": lambda: None,
    "number": lambda: 7,
    "empty": lambda: "",
    "control": lambda: "a\nb",
    "coroutine": unawaited,
}


@pytest.mark.parametrize("given", IDENTIFIERS.values(), ids=IDENTIFIERS)
def test_new_id_gives_an_id_and_nothing_else(store: Store, given: Callable[[], Any]) -> None:
    gov = opened(store, new_id=given)
    with pytest.raises(CallbackRaisedError) as raised:
        gov.submit(AddTeam(team="blue"), to=HOUSE, by="bob")
    assert raised.value.argument == "new_id"
    request = gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob", request_id="r-1")
    approved = gov.approve(request.id, by="carol", digest=request.digest)
    with pytest.raises(CallbackRaisedError) as raised:
        gov.execute(request.id, by="carol")
    assert (raised.value.argument, raised.value.request_id) == ("new_id", "r-1")
    assert gov.get_request("r-1") == approved


@pytest.mark.parametrize("given", [lambda: 1 // 0, lambda: "now", lambda: None, lambda: 1.5, unawaited])
def test_a_timer_gives_a_number_and_nothing_else(given: Callable[[], Any]) -> None:
    gov = opened(timer=given)
    with pytest.raises(CallbackRaisedError) as raised:
        gov.submit(AddTeam(team="blue"), to=HOUSE, by="bob")
    assert raised.value.argument == "timer"


def test_where_policies_come_from_may_raise(store: Store) -> None:
    def broken() -> Iterator[Any]:
        yield from ()
        raise RuntimeError("no more")

    for name in ("policies", "mutations", "hooks", "sources"):
        options: dict[str, Any] = {name: broken()}
        with pytest.raises(ConfigurationError, match=f"{name}= raised RuntimeError: no more"):
            Governance.open(store, directory=OpenDirectory(), **options)

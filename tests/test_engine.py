"""The engine alone: what runs, who is asked, who is told, and that nobody can change what they were given."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

import placet
from anyjson import OBJECTS, Json, exact, nested
from placet import (
    Actor,
    Change,
    Intent,
    Issue,
    Mode,
    Mutation,
    MutationEngine,
    Policy,
    Proposal,
    State,
    Verdict,
    allow,
    deny,
    policy,
    require_approval,
)
from placet.errors import (
    CheckRaisedError,
    ConfigurationError,
    InputError,
    MutationContractError,
    NotCanonicalError,
    PolicyRaisedError,
)
from placet.model.changes import ChangeKind
from placet.model.run import RunStatus
from placet.requirements import Approval

NOTHING: Any = None
BOB = Actor("bob", roles=("author",))
COMMIT, SIMULATE, VALIDATE = Mode.COMMIT, Mode.SIMULATE, Mode.VALIDATE


class Box(State):
    """Anything."""

    content: dict[str, Any] = {}
    count: int = 0
    ratio: float = 0.0


class Bigger(Box):
    """A box that is more than a box."""

    extra: int = 0


class Tight(Box):
    """A box that needs more."""

    need: int


class Other(State):
    """No box."""


class Put(Mutation[Box]):
    """Put one thing into the box."""

    intent = Intent(operation="put", tags=("box",))
    key: str
    value: Any = None

    def check(self, state: Box) -> Iterator[Issue]:
        if self.key in state.content:
            yield Issue("key", f"{self.key!r} is in the box already")

    def apply(self, state: Box) -> Box:
        return state.evolve(content={**state.content, self.key: self.value})


class Odd(Mutation[Box]):
    """Does what a test hangs on it."""

    intent = Intent(operation="be-odd")
    mutation_name = "be.odd"
    payload_list: list[Any] = []
    doing: ClassVar[Callable[[Any, Box], Any]] = lambda _self, state: state
    checking: ClassVar[Callable[[Any, Box], Any]] = lambda _self, _state: ()

    def check(self, state: Box) -> Any:  # noqa: ANN401 - the point
        return type(self).checking(self, state)

    def apply(self, state: Box) -> Any:  # noqa: ANN401 - the point
        return type(self).doing(self, state)


def odd(monkeypatch: pytest.MonkeyPatch, **does: Callable[[Any, Box], Any]) -> Odd:
    for name, what in does.items():
        monkeypatch.setattr(Odd, name, what)
    return Odd(payload_list=[[1], {"a": 1}])


def engine(*policies: Policy, **options: Any) -> MutationEngine:  # noqa: ANN401 - options of the engine
    return MutationEngine(policies or [allow()], timer=lambda: 0, **options)


def put(key: str = "a", value: Json = 1) -> Put:
    return Put(key=key, value=value)


def answering(answer: Callable[[], Any]) -> Callable[[Proposal], Any]:
    return lambda _proposal: answer()


def raising(error: BaseException) -> Callable[..., Any]:
    def raises(*_: object) -> Any:  # noqa: ANN401 - it gives nothing
        raise error

    return raises


class TestModes:
    @pytest.mark.parametrize("mode", [COMMIT, SIMULATE])
    def test_commit_and_simulate_give_the_new_state_and_the_change_set(self, mode: Mode) -> None:
        run = engine().run(put(), Box(count=3), BOB, mode)
        assert (run.status, run.mode, run.mutation) == (RunStatus.ACCEPTED, mode, "Put")
        assert run.after == Box(content={"a": 1}, count=3)
        assert run.after_body == b'{"content":{"a":1},"count":3,"ratio":0.0}'
        assert [str(change) for change in run.changes] == ["/content/a: + 1"]
        assert (run.accepted, run.reasons, run.error) == (True, (), "")

    def test_validate_only_checks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        mutation = odd(monkeypatch, doing=raising(KeyboardInterrupt("applied")))
        run = engine(Policy("spy", raising(KeyboardInterrupt("asked")))).run(mutation, Box(), BOB, VALIDATE)
        assert (run.status, run.after, run.changes, run.answers) == (RunStatus.ACCEPTED, None, (), ())

    @pytest.mark.parametrize("mode", list(Mode))
    def test_what_the_check_finds_is_refused_in_every_mode(self, mode: Mode) -> None:
        run = engine().run(put(), Box(content={"a": 0}), BOB, mode)
        assert run.status is RunStatus.REFUSED
        assert run.issues == (Issue("key", "'a' is in the box already"),)
        assert run.reasons == ("key: 'a' is in the box already",)
        assert (run.after, run.answers) == (None, ())

    def test_a_mode_may_be_given_by_name(self) -> None:
        assert engine().run(put(), Box(), BOB, "simulate").mode is SIMULATE

    def test_an_unknown_mode_is_refused(self) -> None:
        with pytest.raises(InputError, match=r"mode='try' is none; use one of commit, simulate, validate"):
            engine().run(put(), Box(), BOB, "try")

    def test_durations_are_microseconds_by_the_timer(self) -> None:
        ticks = iter([1_000_000, 3_500_000])
        run = MutationEngine([allow()], timer=lambda: next(ticks)).run(put(), Box(), BOB)
        assert run.duration_us == 2500

    @pytest.mark.parametrize(
        ("mutation", "state", "words"),
        [
            (put(), Other(), "Put changes a Box, and it was given a Other"),
            (put(), {"content": {}}, "Put changes a Box, and it was given a dict"),
            (Put, Box(), "is no Mutation; pass an instance"),
            ("put", Box(), "is no Mutation; pass an instance"),
            (put(), Box.model_construct(count="many"), "Box has no canonical JSON"),
            (put(), Tight.model_construct(content={}), "this Tight is not valid at /need: Field required"),
        ],
    )
    def test_what_does_not_fit_is_an_input_error(self, mutation: Any, state: Any, words: str) -> None:  # noqa: ANN401 - the point
        with pytest.raises(InputError, match=words):
            engine().run(mutation, state, BOB)


class TestRulings:
    def test_allow_lets_it_pass(self) -> None:
        run = engine(allow()).run(put(), Box(), BOB)
        assert [(answer.policy, answer.verdict) for answer in run.answers] == [("allow", "allow")]

    def test_one_denial_overrides_every_allowance(self) -> None:
        run = engine(allow(), deny("never on Fridays"), require_approval(2), allow()).run(put(), Box(), BOB)
        assert run.status is RunStatus.REFUSED
        assert run.reasons == ("policy deny: never on Fridays",)
        assert [answer.verdict for answer in run.answers] == ["allow", "deny", "require", "allow"]
        assert run.after is not None  # what it would have become, for whoever reads the refusal

    def test_what_is_required_is_gathered_once(self) -> None:
        two = require_approval(2, roles=["security"])
        run = engine(two, require_approval(1), two).run(put(), Box(), BOB)
        assert run.status is RunStatus.UNAPPROVED
        assert run.requirements == (Approval(2, roles=("security",)), Approval(1))
        assert run.reasons == ("requires 2 approvals by role security", "requires 1 approval")

    def test_requirements_that_are_met_stand_in_nobodys_way(self) -> None:
        two = require_approval(2)
        body = Box().model_dump_json().encode()
        run = engine(two, allow()).evaluate(
            put(),
            Box(),
            body,
            BOB,
            COMMIT,
            judge=lambda required: RunStatus.ACCEPTED if required == (Approval(2),) else RunStatus.UNAPPROVED,
        )
        assert run.accepted
        assert run.requirements == (Approval(2),)

    @pytest.mark.parametrize("status", [RunStatus.UNAPPROVED, RunStatus.WAITING])
    def test_requirements_that_are_not_met_stand_in_the_way_as_their_judge_says(self, status: RunStatus) -> None:
        body = Box().model_dump_json().encode()
        run = engine(require_approval(2)).evaluate(put(), Box(), body, BOB, COMMIT, judge=lambda _: status)
        assert (run.status, run.accepted) == (status, False)
        assert run.reasons == ("requires 2 approvals",)

    def test_who_abstains_decides_nothing(self) -> None:
        abstaining = Policy("shrug", lambda _: Verdict.abstain())
        assert engine(abstaining, allow()).run(put(), Box(), BOB).accepted
        assert engine(abstaining).run(put(), Box(), BOB).status is RunStatus.REFUSED

    @pytest.mark.parametrize("policies", [[], [allow(when=lambda _: False)], [deny("no", when=lambda _: False)]])
    @pytest.mark.parametrize("mutation", [put(), Odd()])
    def test_nobody_speaking_means_no_with_the_line_of_code_that_would_allow_it(
        self, policies: list[Policy], mutation: Mutation[Box]
    ) -> None:
        run = MutationEngine(policies).run(mutation, Box(), BOB)
        assert run.status is RunStatus.REFUSED
        (reason,) = run.reasons
        _, _, line = reason.partition("add policies=")
        suggested = eval(line, {"allow": placet.allow, "Put": Put, "Odd": Odd})  # noqa: S307 - it must be code that works
        assert MutationEngine(suggested).run(mutation, Box(), BOB).accepted
        other: Mutation[Box] = Odd() if isinstance(mutation, Put) else put()
        assert not MutationEngine(suggested).run(other, Box(), BOB).accepted

    def test_a_policy_sees_the_real_thing(self) -> None:
        seen: list[Proposal] = []

        @policy
        def look(proposal: Proposal) -> Verdict:
            seen.append(proposal)
            return Verdict.allow()

        engine(look).run(put("a", [1]), Box(count=7), BOB, state_id="house:box")
        (proposal,) = seen
        assert proposal.mutation == put("a", [1])
        assert isinstance(proposal.mutation, Put)
        assert proposal.state == Box(count=7)
        assert proposal.after == Box(content={"a": [1]}, count=7)
        assert proposal.changes == (Change("/content/a", ChangeKind.ADDED, after=[1]),)
        assert (proposal.requester, proposal.state_id, proposal.intent) == (BOB, "house:box", Put.intent)
        assert look.name == "look"

    def test_a_policy_that_is_registered_later_counts_from_the_next_run(self) -> None:
        mine = engine()
        assert mine.run(put(), Box(), BOB).accepted
        mine.register(deny("closed"))
        assert mine.run(put(), Box(), BOB).reasons == ("policy deny: closed",)

    def test_what_is_no_policy_is_refused(self) -> None:
        wrong: list[Any] = [raising(KeyError()), allow, "allow", None]
        for each in wrong:
            with pytest.raises(ConfigurationError, match="is no Policy"):
                MutationEngine([each])


class TestBrokenPolicies:
    @pytest.mark.parametrize(
        "answer",
        [None, True, "allow", Verdict.allow, {"kind": "allow"}, Approval(1)],
        ids=repr,
    )
    def test_an_answer_that_is_no_verdict_decides_nothing(self, answer: Any) -> None:  # noqa: ANN401 - the point
        with pytest.raises(PolicyRaisedError, match="policy 'odd' answered"):
            engine(allow(), Policy("odd", lambda _: answer)).run(put(), Box(), BOB)

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (lambda: Verdict("Deny", "typo"), "Verdict.'Deny'. is none"),
            (lambda: Verdict(""), "is none"),
            (lambda: Verdict.deny(""), "needs a reason"),
            (lambda: Verdict.deny("  "), "needs a reason"),
            (lambda: Verdict.deny(NOTHING), "needs a reason"),
            (Verdict.require, "needs a Requirement"),
            (lambda: Verdict("require"), "needs a Requirement"),
            (lambda: Verdict("allow", "", (Approval(1),)), "needs a Requirement"),
            (lambda: Verdict.require(NOTHING), "is no Requirement"),
        ],
    )
    def test_a_verdict_that_says_nothing_cannot_be_made(self, answer: Callable[[], Verdict], words: str) -> None:
        with pytest.raises(ConfigurationError, match=words):
            answer()
        with pytest.raises(PolicyRaisedError, match="policy 'odd' raised ConfigurationError"):
            engine(allow(), Policy("odd", answering(answer))).run(put(), Box(), BOB)

    def test_a_policy_that_raises_is_named(self) -> None:
        broken = Policy("broken", raising(KeyError("region")))
        with pytest.raises(PolicyRaisedError, match="policy 'broken' raised KeyError: 'region'; nothing is") as raised:
            engine(allow(), broken).run(put(), Box(), BOB)
        assert isinstance(raised.value.__cause__, KeyError)

    def test_so_is_a_condition_that_raises(self) -> None:
        with pytest.raises(PolicyRaisedError, match="policy 'deny: no' raised ZeroDivisionError"):
            engine(allow(), deny("no", when=lambda _: 1 // 0 == 0)).run(put(), Box(), BOB)

    def test_a_denial_before_it_does_not_hide_it(self) -> None:
        with pytest.raises(PolicyRaisedError):
            engine(deny("no"), Policy("broken", raising(KeyError()))).run(put(), Box(), BOB)

    def test_an_interrupt_passes_through(self) -> None:
        with pytest.raises(KeyboardInterrupt):
            engine(Policy("slow", raising(KeyboardInterrupt()))).run(put(), Box(), BOB)

    def test_a_reason_no_store_could_keep_is_spelled_out(self) -> None:
        assert engine(deny("a\0b\ud800")).run(put(), Box(), BOB).reasons == ("policy deny: a\\x00b\\ud800",)


class Unreadable(Exception):  # noqa: N818 - a name for the test
    def __str__(self) -> str:
        raise RuntimeError("no words")


class TestBrokenMutations:
    def test_a_check_that_raises_is_an_error_not_an_issue(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(CheckRaisedError, match=r"the check of be\.odd raised ValueError: eh; yield an Issue"):
            engine().run(odd(monkeypatch, checking=raising(ValueError("eh"))), Box(), BOB)

    def test_so_is_one_that_raises_half_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def half(_self: Odd, _state: Box) -> Iterator[Issue]:
            yield Issue("a", "first")
            raise LookupError

        with pytest.raises(CheckRaisedError, match="raised LookupError"):
            engine().run(odd(monkeypatch, checking=half), Box(), BOB)

    @pytest.mark.parametrize(
        "found",
        [
            "no",
            ["no"],
            [None],
            [("a", "b")],
            [Issue(NOTHING, "x")],
            [Issue("x", NOTHING)],
            [Issue("a", "b"), "c"],
            5,
            Issue("a", "b"),
        ],
        ids=repr,
    )
    def test_a_check_that_yields_no_issues_is_an_error(self, monkeypatch: pytest.MonkeyPatch, found: object) -> None:
        with pytest.raises(CheckRaisedError, match=r"be\.odd"):
            engine().run(odd(monkeypatch, checking=lambda _self, _state: found), Box(), BOB)

    @pytest.mark.parametrize("found", [None, (), [], iter(())], ids=repr)
    def test_a_check_may_find_nothing_in_any_way(self, monkeypatch: pytest.MonkeyPatch, found: object) -> None:
        assert engine().run(odd(monkeypatch, checking=lambda _self, _state: found), Box(), BOB).accepted

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (ValueError("no room"), "ValueError: no room"),
            (KeyError("a"), "KeyError: 'a'"),
            (RecursionError(), "RecursionError: "),
            (ValueError("\0\ud800"), "ValueError: \\x00\\ud800"),
            (Unreadable(), "Unreadable: (its message cannot be read: RuntimeError)"),
            (StopIteration(), "StopIteration: "),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_an_apply_that_raises_is_a_failed_run(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
    ) -> None:
        run = engine().run(odd(monkeypatch, doing=raising(error)), Box(), BOB)
        assert (run.status, run.error, run.reasons) == (RunStatus.FAILED, words, (words,))
        assert (run.after, run.changes, run.answers) == (None, (), ())

    @pytest.mark.parametrize("stage", ["doing", "checking"])
    @pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_an_interrupt_passes_through(
        self, monkeypatch: pytest.MonkeyPatch, stage: str, stop: type[BaseException]
    ) -> None:
        with pytest.raises(stop):
            engine().run(odd(monkeypatch, **{stage: raising(stop())}), Box(), BOB)

    @pytest.mark.parametrize(
        ("returned", "words"),
        [
            (None, "returned NoneType, not Box"),
            ({"content": {}}, "returned dict, not Box"),
            (Bigger(), "returned Bigger, not Box"),
            (Other(), "returned Other, not Box"),
            (Box, "not Box"),
            (Box.model_construct(count="many"), "cannot be stored"),
            (Box.model_construct(content=5), "cannot be stored"),
            (Box.model_construct(), "never"),
            (Box.model_construct(content={}, count=1, ratio=float("nan")), "ratio is nan"),
            (Box(content={"x": float("nan")}), "/content/x is nan"),
            (Box(content={"x": float("inf")}), "/content/x is inf"),
            (Box(content={"x": "\ud800"}), "surrogate"),
            (Box(content={"x": object()}), "cannot be stored"),
            (Box(content={"x": nested(300)}), "cannot be stored"),
            (Box().model_copy(update={"count": "many"}), "cannot be stored"),
            (Box().model_copy(update={"count": 1.5}), "cannot be stored"),
        ],
        ids=lambda value: repr(value)[:40] if isinstance(value, str) else type(value).__name__,
    )
    def test_an_apply_that_returns_something_else_broke_its_contract(
        self, monkeypatch: pytest.MonkeyPatch, returned: object, words: str
    ) -> None:
        mutation = odd(monkeypatch, doing=lambda _self, _state: returned)
        if words == "never":  # defaults are filled in: this one is valid
            assert engine().run(mutation, Box(), BOB).after == Box()
            return
        with pytest.raises(MutationContractError, match=words) as broken:
            engine().run(mutation, Box(), BOB)
        assert "be.odd" in str(broken.value)

    def test_the_same_state_is_an_accepted_run_without_changes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run = engine().run(odd(monkeypatch, doing=lambda _self, state: state), Box(count=3), BOB)
        assert (run.accepted, run.changes, run.after) == (True, (), Box(count=3))


def poke(value: Any) -> None:  # noqa: ANN401 - any container
    """Change a nested value in place, somewhere."""
    while True:
        members = value.values() if isinstance(value, dict) else value
        inner = [each for each in members if isinstance(each, dict | list)]
        if not inner:
            break
        value = inner[0]
    if isinstance(value, dict):
        value["poked"] = 1
    else:
        value.append("poked")


class TestNobodyChangesWhatTheyWereGiven:
    """User code gets copies, and is found out if it changes them."""

    STATE = Box(content={"list": [1, {"deep": [2]}], "map": {"k": {"l": 0}}})

    def contract(self, mutation: Odd, *policies: Policy, mode: Mode = COMMIT) -> str:
        state, own = Box.model_validate(self.STATE.model_dump()), deepcopy(mutation)
        with pytest.raises(MutationContractError) as broken:
            engine(*(policies or (allow(),))).run(mutation, state, BOB, mode)
        assert exact(state.to_json()) == exact(self.STATE.to_json())
        assert mutation == own
        return str(broken.value)

    @pytest.mark.parametrize("stage", ["doing", "checking"])
    @pytest.mark.parametrize(
        ("change", "path"),
        [
            (lambda state: state.content["list"].append(3), "/content/list"),
            (lambda state: state.content["list"][1]["deep"].clear(), "/content/list"),
            (lambda state: state.content["map"]["k"].update(l=1), "/content/map/k/l"),
            (lambda state: state.content.pop("map"), "/content/map"),
            (lambda state: state.content.update(new=float("nan")), "what JSON cannot say"),
            (lambda state: state.content.update(new=object()), "what JSON cannot say"),
            (lambda state: object.__setattr__(state, "count", 5), "/count"),
            (lambda state: state.__dict__.update(count=9), "/count"),
        ],
    )
    def test_check_and_apply_cannot_change_the_state_in_place(
        self, monkeypatch: pytest.MonkeyPatch, stage: str, change: Callable[[Box], Any], path: str
    ) -> None:
        def changes(_self: Odd, state: Box) -> Box | None:
            change(state)
            return None if stage == "checking" else Box(count=1)

        message = self.contract(odd(monkeypatch, **{stage: changes}))
        assert "changed the state it was given" in message
        assert path in message

    @pytest.mark.parametrize("stage", ["doing", "checking"])
    def test_nor_their_own_payload(self, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
        def changes(self: Odd, state: Box) -> Box | None:
            self.payload_list[0].append("more")
            return None if stage == "checking" else state

        assert "changed its own payload, at /payload_list" in self.contract(odd(monkeypatch, **{stage: changes}))

    def test_a_mutation_cannot_hide_from_policies_what_it_did(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def grants_and_hides(self: Odd, state: Box) -> Box:
            granted = state.evolve(content={"granted": list(self.payload_list)})
            self.payload_list.clear()
            return granted

        fooled = deny("too much", when=lambda proposal: bool(getattr(proposal.mutation, "payload_list", None)))
        assert "its own payload" in self.contract(odd(monkeypatch, doing=grants_and_hides), allow(), fooled)

    def test_returning_the_changed_state_is_no_way_round(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def same(_self: Odd, state: Box) -> Box:
            state.content["list"].append(3)
            return state

        assert "/content/list" in self.contract(odd(monkeypatch, doing=same))

    def test_nor_is_raising_after_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def raises(_self: Odd, state: Box) -> Box:
            state.content.clear()
            raise ValueError

        assert "changed the state" in self.contract(odd(monkeypatch, doing=raises))

    @pytest.mark.parametrize("mode", [VALIDATE, COMMIT])
    def test_nor_is_finding_an_issue_after_it(self, monkeypatch: pytest.MonkeyPatch, mode: Mode) -> None:
        def finds(_self: Odd, state: Box) -> list[Issue]:
            state.content.clear()
            return [Issue("", "eh")]

        assert "changed the state" in self.contract(odd(monkeypatch, checking=finds), mode=mode)

    @pytest.mark.parametrize(
        ("change", "what"),
        [
            (lambda proposal: proposal.state.content["list"].append(3), "the state it was given, at /content/list"),
            (lambda proposal: proposal.mutation.payload_list.append(3), "its own payload, at /payload_list"),
            (lambda proposal: proposal.after.content["new"].append(3), "the new state, at /content/new"),
            (lambda proposal: proposal.changes[0].after.append(3), "the change set, at /content/new"),
            (lambda proposal: proposal.changes[0].after.append({3}), "the change set, at /content/new"),
        ],
    )
    @pytest.mark.parametrize("deny_too", [False, True])
    def test_a_policy_cannot_change_anything_either(
        self, monkeypatch: pytest.MonkeyPatch, change: Callable[[Proposal], Any], what: str, deny_too: bool
    ) -> None:
        def decide(proposal: Proposal) -> Verdict:
            change(proposal)
            return Verdict.deny("no") if deny_too else Verdict.allow()

        mutation = odd(monkeypatch, doing=lambda _self, state: state.evolve(content={**state.content, "new": [1]}))
        assert what in self.contract(mutation, Policy("sly", decide))

    @pytest.mark.parametrize("stage", ["doing", "checking"])
    @given(content=OBJECTS)
    def test_whatever_is_nested_in_the_state(self, stage: str, content: dict[str, Json]) -> None:
        def changes(_self: Odd, given_state: Box) -> Box | None:
            poke(given_state.content)
            return None if stage == "checking" else Box()

        state = Box(content=deepcopy(content))
        with pytest.MonkeyPatch.context() as patching:
            mutation = odd(patching, **{stage: changes})
            with pytest.raises(MutationContractError, match="/content"):
                engine().run(mutation, state, BOB)
        assert exact(state.content) == exact(content)

    @given(value=st.lists(OBJECTS))
    def test_whatever_is_nested_in_the_payload(self, value: list[Json]) -> None:
        def changes(self: Odd, state: Box) -> Box:
            poke(self.payload_list)
            return state

        mutation = Odd(payload_list=deepcopy(value))
        with pytest.MonkeyPatch.context() as patching:
            patching.setattr(Odd, "doing", changes)
            with pytest.raises(MutationContractError, match="/payload_list"):
                engine().run(mutation, Box(), BOB)
        assert exact(mutation.payload_list) == exact(value)

    @given(content=OBJECTS, value=OBJECTS)
    def test_an_honest_mutation_of_anything_is_accepted_and_leaves_everything_alone(
        self, content: dict[str, Json], value: Json
    ) -> None:
        state, mutation = Box(content=deepcopy(content)), put("the new one", deepcopy(value))
        run = engine().run(mutation, state, BOB)
        assert run.accepted
        assert exact(state.content) == exact(content)
        assert exact(mutation.value) == exact(value)
        assert exact(run.after.to_json() if run.after else None) == exact(
            {"content": {**content, "the new one": value}, "count": 0, "ratio": 0.0}
        )


class TestPayloads:
    def test_a_payload_without_json_is_refused_before_anything_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Odd, "checking", raising(AssertionError("ran")))
        with pytest.raises(NotCanonicalError, match=r"be\.odd/payload_list/0 is nan"):
            engine().run(Odd(payload_list=[float("nan")]), Box(), BOB)

    def test_a_payload_the_class_does_not_read_back_is_refused(self) -> None:
        with pytest.raises(MutationContractError, match="Put v1 does not accept its own payload at /key"):
            engine().run(Put.model_construct(value=1), Box(), BOB)

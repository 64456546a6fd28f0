"""Which names stand for which classes, and what is refused when they are registered."""

import math
from typing import Any, ClassVar, Generic, TypeVar

import pytest
from pydantic import field_validator, model_validator

from house import AddTeam, GrantRole, Roles
from placet import Actor, Governance, Intent, Mutation, MutationEngine, OpenDirectory, State, allow
from placet.engine.registry import Registry
from placet.errors import (
    ConfigurationError,
    InputError,
    MutationContractError,
    NotRegisteredError,
)
from placet.model.canonical import digest
from placet.model.state import StoredState, state_body

S = TypeVar("S", bound=State)


class Limits(State):
    daily: int = 1


class Base(Mutation[S], Generic[S]):
    """A base of the user's own, for mutations of any state."""

    intent = Intent(operation="touch")

    def apply(self, state: S) -> S:
        return state


class TouchRoles(Base[Roles]):
    pass


class TouchLimits(Base[Limits]):
    pass


class Deeper(TouchLimits):
    pass


class First(Mutation[Limits]):
    intent = Intent(operation="set-daily")
    mutation_name = "set-daily"
    daily: int

    def apply(self, state: Limits) -> Limits:
        return state.evolve(daily=self.daily)


class Second(First):
    mutation_name = "set-daily"
    schema_version = 2
    unit: str


class TestNames:
    def test_a_mutation_is_named_after_its_class_unless_it_names_itself(self) -> None:
        assert (GrantRole.mutation_name, First.mutation_name) == ("GrantRole", "set-daily")

    def test_a_subclass_has_a_name_of_its_own(self) -> None:
        class Third(First):
            """Inherits all but the name."""

        assert Third.mutation_name == "Third"
        Registry([First, Third])

    def test_so_has_a_state(self) -> None:
        class Tighter(Limits):
            """Inherits all but the name."""

        class Named(Limits):
            type_name: ClassVar[str] = "limits"

        assert (Limits.type_name, Tighter.type_name, Named.type_name) == ("Limits", "Tighter", "limits")

    @pytest.mark.parametrize("name", [" x", "x" * 300, "a\0b"])
    def test_a_name_must_be_an_id(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(First, "mutation_name", name)
        with pytest.raises(InputError, match="mutation_name"):
            Registry([First])


class TestVersions:
    def test_two_versions_of_a_mutation_stand_side_by_side(self) -> None:
        registry = Registry([First, Second])
        assert type(registry.rebuild("set-daily", 1, '{"daily":5}')) is First
        assert type(registry.rebuild("set-daily", 2, '{"daily":5,"unit":"EUR"}')) is Second

    def test_a_version_nobody_registered_is_named(self) -> None:
        with pytest.raises(NotRegisteredError, match="no mutation 'set-daily' in schema version 3"):
            Registry([First]).rebuild("set-daily", 3, "{}")
        with pytest.raises(LookupError):
            Registry([First]).rebuild("other", 1, "{}")

    @pytest.mark.parametrize("number", [0, -1, True, "1", 1.0, None])
    def test_a_version_is_a_whole_number_from_one(self, number: object, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(First, "schema_version", number)
        with pytest.raises(ConfigurationError, match="schema_version=.* of set-daily must be a whole number from 1"):
            Registry([First])

    @pytest.mark.parametrize(
        ("payload", "where"),
        [
            ('{"daily":"many"}', "/daily"),
            ("{}", "/daily"),
            ('{"daily":5,"unit":"EUR"}', "/unit"),
            ("[]", "does not accept"),
            ("{", "does not accept"),
            ("", "does not accept"),
        ],
    )
    def test_a_payload_the_class_no_longer_accepts_is_named_with_its_place(self, payload: str, where: str) -> None:
        with pytest.raises(MutationContractError, match="set-daily v1 does not accept its own payload at /") as refused:
            Registry([First]).rebuild("set-daily", 1, payload)
        assert where in str(refused.value)
        assert "raise schema_version" in str(refused.value)


class TestDuplicates:
    def test_the_same_class_twice_is_once(self) -> None:
        registry = Registry([First, First, AddTeam, GrantRole])
        registry.register(First)

    def test_two_mutations_of_one_name_are_refused(self) -> None:
        class Twin(Mutation[Limits]):
            intent = Intent(operation="x")
            mutation_name = "set-daily"

            def apply(self, state: Limits) -> Limits:
                return state

        registry = Registry([First])
        with pytest.raises(ConfigurationError, match="two mutations are called 'set-daily' in schema version 1"):
            registry.register(Twin)
        assert type(registry.rebuild("set-daily", 1, '{"daily":5}')) is First

    def test_two_states_of_one_name_are_refused(self) -> None:
        class Twin(State):
            type_name: ClassVar[str] = "Limits"

        class TouchTwin(Base[Twin]):
            pass

        registry = Registry([First])
        with pytest.raises(ConfigurationError, match="two states are called 'Limits': set type_name"):
            registry.register(TouchTwin)
        assert registry.state_class("Limits") is Limits

    def test_what_was_refused_is_not_half_registered(self) -> None:
        class Twin(State):
            type_name: ClassVar[str] = "Limits"

        class Half(Base[Twin]):
            pass

        registry = Registry([First])
        with pytest.raises(ConfigurationError):
            registry.register(Half)
        with pytest.raises(NotRegisteredError):
            registry.rebuild("Half", 1, "{}")


class TestWhatIsRegistered:
    def test_a_mutation_without_intent_is_refused(self) -> None:
        class Aimless(Mutation[Limits]):
            def apply(self, state: Limits) -> Limits:
                return state

        with pytest.raises(ConfigurationError, match=r"Aimless has no intent: add intent = Intent\(operation="):
            Registry([Aimless])

    def test_an_intent_that_is_none_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(First, "intent", "set-daily")
        with pytest.raises(ConfigurationError, match="First has no intent"):
            Registry([First])

    def test_an_intent_must_be_json(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(First, "intent", Intent(operation="x", metadata={"rate": math.nan}))
        with pytest.raises(InputError, match="the intent of First/rate is nan"):
            Registry([First])

    def test_a_mutation_that_does_not_say_what_it_changes_is_refused(self) -> None:
        bare: Any = Mutation
        members = {"__module__": __name__, "intent": Intent(operation="x"), "apply": lambda _self, state: state}
        vague: Any = type(bare)("Vague", (bare,), members)
        with pytest.raises(
            ConfigurationError, match=r"Vague does not say what it changes: write Mutation\[YourState\]"
        ):
            Registry([vague])

    def test_a_mutation_without_apply_is_refused(self) -> None:
        class Idle(Mutation[Limits]):
            intent = Intent(operation="idle")

        idle: Any = Idle
        with pytest.raises(ConfigurationError, match="Idle has no apply"):
            Registry([idle])

    @pytest.mark.parametrize(
        "wrong", [None, "GrantRole", Roles, object, AddTeam(team="x")], ids=lambda value: type(value).__name__
    )
    def test_what_is_no_mutation_class_is_refused(self, wrong: Any) -> None:  # noqa: ANN401 - the point
        with pytest.raises(ConfigurationError, match="is no Mutation class: pass the class itself"):
            Registry([wrong])

    def test_a_generic_base_of_the_users_own_says_what_its_subclasses_change(self) -> None:
        assert TouchRoles.state_class() is Roles
        assert TouchLimits.state_class() is Deeper.state_class() is Limits
        assert Base[Limits].state_class() is Limits
        registry = Registry([TouchRoles, TouchLimits, Deeper])
        assert registry.state_class("Roles") is Roles
        assert MutationEngine([allow()]).run(Deeper(), Limits(), Actor("bob")).accepted

    def test_a_mutation_through_a_generic_base_is_governed_like_any_other(self) -> None:
        gov = Governance.open("memory:", mutations=[TouchLimits], policies=[allow()], directory=OpenDirectory())
        gov.create_state("limits", Limits())
        request = gov.submit(TouchLimits(), to="limits", by="bob")
        assert gov.execute(request.id, by="bob").executed


class TestStoredStates:
    @staticmethod
    def stored(body: bytes, name: str = "Limits") -> StoredState:
        return StoredState("tenant:limits", name, 1, body, digest(body))

    def test_a_stored_state_is_a_new_instance_at_each_call(self) -> None:
        registry, stored = Registry([First]), self.stored(state_body(Limits(daily=7)))
        one, other = registry.load_state(stored), registry.load_state(stored)
        assert one == other == Limits(daily=7)
        assert one is not other

    def test_a_state_class_nobody_registered_is_named_beside_those_that_are(self) -> None:
        with pytest.raises(NotRegisteredError, match=r"no state class 'Roles' in this process \(there is: Limits\)"):
            Registry([First]).load_state(self.stored(b"{}", "Roles"))
        with pytest.raises(NotRegisteredError, match="there is: none"):
            Registry().state_class("Roles")

    @pytest.mark.parametrize("body", [b'{"daily":"many"}', b'{"weekly":1}', b"[]", b"{", b""])
    def test_a_stored_state_its_class_no_longer_accepts_is_told_with_the_way_out(self, body: bytes) -> None:
        with pytest.raises(ConfigurationError, match="Limits had another shape.*give new fields a default"):
            Registry([First]).load_state(self.stored(body))


class Fussy(State):
    """Does not accept what it writes."""

    name: str = "a"

    @model_validator(mode="after")
    def _short(self) -> "Fussy":
        if len(self.name) > 1:
            raise ValueError("too long")
        return self


class Growing(State):
    """Reads back longer than it was written."""

    name: str = "a"

    @field_validator("name")
    @classmethod
    def _longer(cls, name: str) -> str:
        if len(name) > 2:
            raise ValueError("too long")
        return f"{name}+"


class TestStatesThatDoNotReadBack:
    @pytest.mark.parametrize(("name", "words"), [("a", "reads back differently"), ("ab", "cannot be read back")])
    def test_they_are_refused_before_they_are_stored(self, name: str, words: str) -> None:
        gov = Governance.open("memory:", policies=[allow()], directory=OpenDirectory())
        with pytest.raises(InputError, match=words):
            gov.create_state("house", Growing(name=name))
        assert gov.create_state("house", Limits()).version == 1


class TestEvolve:
    def test_a_copy_is_validated_and_the_original_is_as_before(self) -> None:
        limits = Limits(daily=1)
        assert limits.evolve(daily=2) == Limits(daily=2)
        assert limits.daily == 1

    @pytest.mark.parametrize("changes", [{"daily": "many"}, {"weekly": 1}, {"daily": None}])
    def test_what_does_not_fit_is_an_input_error_that_names_the_field(self, changes: dict[str, Any]) -> None:
        with pytest.raises(InputError, match=rf"Limits(\.| has no field .){next(iter(changes))}"):
            Limits().evolve(**changes)

    def test_so_is_what_the_whole_does_not_accept(self) -> None:
        with pytest.raises(InputError, match="too long"):
            Fussy().evolve(name="ab")

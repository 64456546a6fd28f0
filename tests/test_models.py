"""States and mutations may be any pydantic models: whatever their fields are called, compute, nest or raise."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

import pytest
from pydantic import BaseModel, Field, ValidationError, computed_field, field_serializer, field_validator
from pydantic import model_validator as whole
from typing_extensions import TypedDict

from placet import Governance, Intent, Mutation, OpenDirectory, Snapshot, State, allow
from placet.documents import Document, MergeDocument, PatchDocument
from placet.errors import ConfigurationError, InputError, NotCanonicalError, PlacetError
from placet.model.state import state_body
from placet.store.memory import MemoryStore
from placet.store.port import Store

T = TypeVar("T")
NODE = {"type": "set", "items_schema": {"type": "str"}}


class Kind(Enum):
    SET = "set"
    LIST = "list"


class Row(TypedDict):
    type: str
    schema: list[int]


@dataclass
class Point:
    type: str = "set"
    fields: tuple[str, ...] = ()
    node: dict[str, Any] = field(default_factory=lambda: dict(NODE))


@dataclass
class Unsorted:
    type: set[int] = field(default_factory=set)


class Set(State):
    type: Literal["set"] = "set"
    serialization: str = "x"


class List(State):
    type: Literal["list"] = "list"


class Box(State, Generic[T]):
    type: T


class Rule(State):
    """Calls its fields as pydantic calls the parts of a schema, and has defaults that look like one."""

    type: str = "x"
    serialization: str = "y"
    metadata: dict[str, Any] = NODE
    fields: dict[str, Any] = {"type": "frozenset", "schema": [NODE]}
    choices: list[dict[str, Any]] = [NODE]
    kind: Kind = Kind.SET
    literal: Literal["set", "frozenset"] = "set"
    either: Annotated[Set | List, Field(discriminator="type")] = Set()
    row: Row = {"type": "set", "schema": [3, 1, 2]}
    items_schema: set[int] = {3, 1, 2}
    point: Point = Point()
    box: Box[str] = Box[str](type="set")
    definitions: "dict[str, Rule]" = {}
    noted: str = Field(default="z", json_schema_extra={"type": "set"})


class SetRule(Mutation[Rule]):
    intent = Intent(operation="set-rule")
    type: str
    schema_: dict[str, Any] = {"type": "set"}

    def apply(self, state: Rule) -> Rule:
        return state.evolve(type=self.type, definitions={"type": state})


def governed(store: Store, *mutations: type[Mutation[Any]]) -> Governance:
    return Governance.open(store, mutations=mutations, policies=[allow()], directory=OpenDirectory())


def executed(gov: Governance, mutation: Mutation[Any], state_id: str = "it") -> Snapshot[State]:
    outcome = gov.execute(gov.submit(mutation, to=state_id, by="bob").id, by="bob")
    assert outcome.executed, outcome
    assert not gov.verify().problems
    return gov.get_state(state_id)


class TestNames:
    def test_fields_may_be_called_and_default_to_anything(self, store: Store) -> None:
        gov = governed(store, SetRule)
        gov.create_state("it", Rule())
        state = executed(gov, SetRule(type="frozenset")).state
        assert isinstance(state, Rule)
        assert (state.type, state.definitions["type"]) == ("frozenset", Rule())
        assert state.metadata == state.choices[0] == state.point.node == NODE
        assert NODE == {"type": "set", "items_schema": {"type": "str"}}
        assert SetRule(type="x").schema_ == {"type": "set"}

    def test_sets_below_such_names_are_written_in_order(self) -> None:
        assert b'"items_schema":[1,2,3]' in state_body(Rule())

    def test_a_set_that_nobody_puts_in_order_is_refused(self) -> None:
        class Loose(State):
            point: Unsorted = Field(default_factory=Unsorted)

        class Touching(Mutation[Loose]):
            intent = Intent(operation="touch")

            def apply(self, state: Loose) -> Loose:
                return state

        with pytest.raises(ConfigurationError, match="Loose holds a set inside a plain pydantic model, dataclass or"):
            governed(MemoryStore(), Touching)

    @pytest.mark.parametrize(
        ("base", "name"),
        [
            *((State, name) for name in ("evolve", "to_json", "type_name")),
            *((Mutation[Rule], name) for name in ("payload", "check", "apply", "intent", "mutation_name")),
            *((Mutation[Rule], name) for name in ("schema_version", "state_class")),
            *((Document, name) for name in ("content", "of", "evolve")),
        ],
    )
    @pytest.mark.filterwarnings("ignore:Field name")
    def test_a_field_that_hides_what_every_class_has_is_refused(self, base: type[BaseModel], name: str) -> None:
        meta: Any = type(State)
        with pytest.raises(ConfigurationError, match=f"Taken has a field '{name}', which hides what its base has"):
            meta("Taken", (base,), {"__annotations__": {name: str}, "__module__": __name__, name: "x"})

    def test_a_class_that_is_never_complete_is_refused(self) -> None:
        members = {"__annotations__": {"inner": "Missing"}, "__module__": __name__}
        meta: Any = type(State)
        incomplete = meta("Open", (State,), members)
        gov = Governance.open("memory:", policies=[allow()], directory=OpenDirectory())
        with pytest.raises(PlacetError, match="Open is not complete|PydanticUserError at inner"):
            gov.create_state("it", incomplete.model_construct())


class Area(State):
    width: int = 1
    height: int = 1

    @computed_field
    def size(self) -> int:
        return self.width * self.height

    @computed_field
    def sides(self) -> frozenset[int]:
        return frozenset({self.width, self.height})


class Plan(State):
    areas: list[Area] = [Area()]

    @computed_field
    def total(self) -> int:
        return sum(area.width * area.height for area in self.areas)


class AddArea(Mutation[Plan]):
    intent = Intent(operation="add-area")
    area: Area

    @computed_field
    def what(self) -> str:
        return f"adds {self.area.width}"

    def apply(self, state: Plan) -> Plan:
        return state.evolve(areas=[*state.areas, self.area])


def test_what_is_computed_is_not_stored(store: Store) -> None:
    gov = governed(store, AddArea)
    gov.create_state("it", Plan())
    snapshot = executed(gov, AddArea(area=Area(width=3)))
    assert snapshot.state == Plan(areas=[Area(), Area(width=3)])
    assert snapshot.state.to_json() == {"areas": [{"height": 1, "width": 1}, {"height": 1, "width": 3}]}
    assert state_body(snapshot.state) == b'{"areas":[{"height":1,"width":1},{"height":1,"width":3}]}'


class Named(Document):
    name: str
    tags: set[str] = set()

    @computed_field
    def loud(self) -> str:
        return self.name.upper()


class TestDocumentsWithFields:
    def test_declared_fields_are_part_of_the_content(self) -> None:
        document = Named.of({"name": "a", "tags": ["y", "x"], "more": [1]})
        assert document.content == {"name": "a", "tags": ["x", "y"], "more": [1]}
        assert state_body(document) == b'{"more":[1],"name":"a","tags":["x","y"]}'
        document.content["more"].append(2)
        assert document.content["more"] == [1]

    def test_patches_and_merges_change_and_keep_them(self, store: Store) -> None:
        gov = governed(store, PatchDocument, MergeDocument)
        gov.create_state("it", Named.of({"name": "a"}))
        executed(gov, PatchDocument(patch=[{"op": "add", "path": "/more", "value": 1}]))
        executed(gov, PatchDocument(patch=[{"op": "replace", "path": "/name", "value": "b"}]))
        state = executed(gov, MergeDocument(merge={"tags": ["z"]})).state
        assert state == Named.of({"name": "b", "tags": ["z"], "more": 1})

    @pytest.mark.parametrize(
        "mutation",
        [
            PatchDocument(patch=[{"op": "remove", "path": "/name"}]),
            MergeDocument(merge={"name": None}),
            MergeDocument(merge={"name": 5}),
        ],
    )
    def test_what_they_do_not_accept_is_an_issue(self, mutation: Mutation[Document]) -> None:
        gov = Governance.open(
            "memory:", mutations=[PatchDocument, MergeDocument], policies=[allow()], directory=OpenDirectory()
        )
        gov.create_state("it", Named.of({"name": "a"}))
        with pytest.raises(InputError, match="Named does not accept /name"):
            gov.submit(mutation, to="it", by="bob")

    @pytest.mark.parametrize("content", [{}, {"name": 5}, {"name": "a", "tags": 1}])
    def test_nor_can_one_be_made_of_it(self, content: dict[str, Any]) -> None:
        with pytest.raises(InputError, match="Named does not accept /"):
            Named.of(content)


class Bomb:
    """What the models below do, until a test lets them: nothing; then they raise."""

    armed: ClassVar[type[Exception] | None] = None

    @classmethod
    def tick(cls) -> None:
        if cls.armed is not None:
            raise cls.armed("planted-secret")


@pytest.fixture
def arm(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Exception]], None]:
    return lambda error: monkeypatch.setattr(Bomb, "armed", error)


class Fragile(State):
    name: str = "planted-secret"

    @field_validator("name")
    @classmethod
    def _checked(cls, name: str) -> str:
        Bomb.tick()
        return name


class Rename(Mutation[Fragile]):
    intent = Intent(operation="rename")
    name: str

    @whole(mode="after")
    def _checked(self) -> "Rename":
        Bomb.tick()
        return self

    def apply(self, state: Fragile) -> Fragile:
        return state.evolve(name=self.name)


RAISED = [KeyError, AttributeError, RuntimeError, ZeroDivisionError, OSError, TypeError, RecursionError, StopIteration]


@pytest.mark.parametrize("error", RAISED)
class TestValidatorsThatRaise:
    def test_each_call_raises_an_error_with_a_type(
        self, store: Store, error: type[Exception], arm: Callable[[type[Exception]], None]
    ) -> None:
        gov = governed(store, Rename)
        gov.create_state("it", Fragile())
        mutation, state = Rename(name="b"), Fragile(name="c")
        request = gov.submit(mutation, to="it", by="bob")
        before = gov.get_request(request.id), gov.history("it")
        arm(error)
        calls: list[Callable[[], object]] = [
            lambda: Fragile(name="planted-secret"),
            lambda: Rename(name="planted-secret"),
            lambda: state.evolve(name="planted-secret"),
            lambda: gov.create_state("other", state),
            lambda: gov.get_state("it"),
            lambda: gov.replay("it", 1),
            lambda: gov.submit(mutation, to="it", by="bob"),
            lambda: gov.preview(mutation, to="it", by="bob"),
            lambda: gov.execute(request.id, by="bob"),
            lambda: gov.amend(request.id, mutation, by="bob", reason="x"),
        ]
        for call in calls:
            with pytest.raises(PlacetError, match=f"raised {error.__name__}") as caught:
                call()
            assert "planted-secret" not in str(caught.value)
        Bomb.armed = None
        assert (gov.get_request(request.id), gov.history("it")) == before
        assert gov.execute(request.id, by="bob").executed


class Odd:
    """A value whose comparison raises."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("planted-secret")

    def __hash__(self) -> int:
        return 0


class Hostile(State):
    """Shows and compares itself as nobody expects."""

    name: str = "a"

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("planted-secret")

    def __hash__(self) -> int:
        raise RuntimeError("planted-secret")

    def __repr__(self) -> str:
        raise RuntimeError("planted-secret")

    __str__ = __repr__

    def model_dump(self, **_: Any) -> Any:  # noqa: ANN401 - as pydantic declares it
        raise RuntimeError("planted-secret")

    def model_dump_json(self, **_: Any) -> Any:  # noqa: ANN401 - as pydantic declares it
        raise RuntimeError("planted-secret")


class Touch(Mutation[Hostile]):
    intent = Intent(operation="touch")
    name: str

    __eq__ = Hostile.__eq__
    __hash__ = Hostile.__hash__
    __repr__ = Hostile.__repr__
    __str__ = Hostile.__repr__
    model_dump = Hostile.model_dump

    def apply(self, state: Hostile) -> Hostile:
        return state.evolve(name=self.name)


def test_how_a_class_shows_and_compares_itself_makes_no_difference(store: Store) -> None:
    gov = governed(store, Touch)
    gov.create_state("it", Hostile())
    assert vars(executed(gov, Touch(name="b")).state)["name"] == "b"
    assert gov.replay("it", 2).version == 2
    state: Any = Hostile()
    mutation: Any = Touch(name="b")
    calls: list[Callable[[], object]] = [
        lambda: gov.submit(state, to="it", by="bob"),
        lambda: gov.create_state("other", mutation),
    ]
    for call in calls:
        with pytest.raises(PlacetError):
            call()


class Unwritable(State):
    name: str = "a"
    other: str = "b"

    @field_serializer("name")
    def _written(self, name: str) -> str:
        raise KeyError("planted-secret")


def test_a_serializer_that_raises_is_named_by_its_field() -> None:
    gov = Governance.open("memory:", policies=[allow()], directory=OpenDirectory())
    for call in (lambda: gov.create_state("it", Unwritable()), Unwritable().to_json):
        with pytest.raises(NotCanonicalError, match="Unwritable has no canonical JSON: .* at name; use") as caught:
            call()
        assert "planted-secret" not in str(caught.value)


class Lying(State):
    """Compares as equal what cannot be compared."""

    value: Any = None


def test_values_that_cannot_be_compared_do_not_read_back() -> None:
    gov = Governance.open("memory:", policies=[allow()], directory=OpenDirectory())
    with pytest.raises(PlacetError):
        gov.create_state("it", Lying(value=Odd()))


class Pair(Mutation[Fragile]):
    intent = Intent(operation="pair")
    inner: Set | List
    many: list[Fragile] = []

    def apply(self, state: Fragile) -> Fragile:
        return state


class TestConstructors:
    @pytest.mark.parametrize(
        ("cls", "values", "words"),
        [
            (MergeDocument, {"merge": "x"}, "MergeDocument.merge does not accept that value: Input should be a"),
            (MergeDocument, {}, "MergeDocument.merge does not accept that value: Field required"),
            (PatchDocument, {"patch": [1]}, "PatchDocument.patch.0 does not accept"),
            (PatchDocument, {"patch": {"op": object()}}, "PatchDocument.patch does not accept"),
            (PatchDocument, {"patch": [{}] * 1_001}, "PatchDocument.patch does not accept"),
            (Rule, {"type": 5}, "Rule.type does not accept"),
            (Rule, {"other": 5}, "Rule has no field 'other', only type, "),
            (Rule, {"either": {"type": "planted-secret"}}, "does not match any of the expected tags: 'set', 'list'"),
            (Document, {"a": object()}, "Document.a"),
        ],
    )
    def test_what_does_not_fit_is_an_input_error(
        self, cls: type[BaseModel], values: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(InputError) as caught:
            cls(**values)
        assert words in str(caught.value)
        assert "planted-secret" not in str(caught.value)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)

    def test_inside_other_models_pydantic_collects_errors_and_tries_unions_as_ever(self) -> None:
        inner: Any = {"type": "list"}
        assert Pair(inner=inner).inner == List()
        with pytest.raises(ValidationError) as caught:
            Pair.model_validate({"inner": {"type": "no"}, "many": [{"name": 1}, {"nam": "x"}]})
        assert {error["loc"][0] for error in caught.value.errors()} == {"inner", "many"}
        assert caught.value.error_count() > 2

        class Plain(BaseModel):
            state: Fragile | int

        assert Plain(state=5).state == 5
        with pytest.raises(ValidationError):
            Plain.model_validate({"state": {"name": 1}})

    def test_a_validated_default_and_a_constructor_of_ones_own_still_work(self) -> None:
        class Own(State):
            name: str

            def __init__(self, name: str) -> None:
                super().__init__(name=name * 2)

        many: Any = 5
        assert Own("a").name == "aa"
        with pytest.raises(InputError):
            Own(many)


def test_a_mutation_that_keeps_what_is_not_in_its_payload_says_nothing_of_it() -> None:
    class Hidden(Mutation[Fragile]):
        intent = Intent(operation="hide")
        shown: str
        hidden: str = Field(default="", exclude=True)

        def apply(self, state: Fragile) -> Fragile:
            return state

    gov = Governance.open("memory:", mutations=[Hidden], policies=[allow()], directory=OpenDirectory())
    gov.create_state("it", Fragile())
    with pytest.raises(InputError, match="does not come back from its payload") as caught:
        gov.submit(Hidden(shown="planted-secret", hidden="x"), to="it", by="bob")
    assert "planted-secret" not in str(caught.value)

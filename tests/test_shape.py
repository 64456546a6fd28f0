"""What a class says about its lists: in an `Ordered` one positions count, and a set has none."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import pytest
from pydantic import BaseModel, Field, JsonValue
from typing_extensions import TypeAliasType, TypedDict

from placet import Governance, Intent, Mutation, OpenDirectory, Ordered, State, require_approval
from placet.documents import Document, PatchDocument
from placet.model.changes import ChangeKind, Changes, diff, patch
from placet.model.shape import shape_of
from placet.store.port import Store

T = TypeVar("T")
Rules = Annotated[list[str], Ordered()]
Named = TypeAliasType("Named", list[str])


class Typed(TypedDict):
    rules: Rules
    names: list[str]


@dataclass
class Data:
    rules: Rules
    names: list[str]


class Pair(NamedTuple):
    first: str
    second: str


class Plain(BaseModel):
    rules: Rules = []
    names: list[str] = []


class Inner(State):
    rules: Rules = []
    names: list[str] = []
    groups: frozenset[str] = frozenset()
    inner: "Inner | None" = None


class Box(State, Generic[T]):
    value: T


class Everything(State):
    rules: Rules = []
    names: list[str] = []
    groups: set[str] = set()
    maybe: Rules | None = None
    maybe_all: Annotated[list[str] | None, Ordered()] = None
    limited: Annotated[list[str], Field(max_length=9), Ordered()] = []
    aliased: Annotated[Named, Ordered()] = []
    by_name: dict[str, Rules] = {}
    sets_by_name: dict[str, set[str]] = {}
    inner: Inner = Inner()
    inners: dict[str, Inner] = {}
    plain: Plain = Plain()
    typed: Typed = {"rules": [], "names": []}
    data: Data = Data([], [])
    boxed: Box[Rules] = Box[Rules](value=[])
    pair: tuple[str, str] = ("a", "b")
    named_pair: Pair = Pair("a", "b")
    many: tuple[str, ...] = ()
    either: int | Rules = 0
    type: str = "list"


def changed(path: str, before: list[str], after: list[str]) -> Changes:
    def put(value: list[str]) -> Any:  # noqa: ANN401 - any JSON value
        whole: Any = value
        for key in reversed(path.split("/")[1:]):
            whole = {key: whole}
        return whole

    changes = diff(put(before), put(after), shape_of(Everything))
    assert patch(deepcopy(put(before)), changes) == put(after)
    return changes


@pytest.mark.parametrize(
    "path",
    [
        "/rules",
        "/maybe",
        "/maybe_all",
        "/limited",
        "/aliased",
        "/by_name/any",
        "/inner/rules",
        "/inner/inner/inner/rules",
        "/inners/any/rules",
        "/plain/rules",
        "/typed/rules",
        "/data/rules",
        "/boxed/value",
        "/pair",
        "/named_pair",
        "/either",
    ],
)
def test_where_positions_count_the_list_is_compared_as_a_whole(path: str) -> None:
    (change,) = changed(path, ["a", "b"], ["a", "b", "c"])
    assert (change.path, change.kind) == (path, ChangeKind.REPLACED)


@pytest.mark.parametrize(
    "path",
    [
        "/names",
        "/inner/names",
        "/inner/inner/names",
        "/inners/any/names",
        "/plain/names",
        "/typed/names",
        "/data/names",
        "/many",
        "/other",
        "/rules/deeper",
    ],
)
def test_elsewhere_it_is_compared_by_its_members(path: str) -> None:
    assert [change.kind for change in changed(path, ["b"], ["b", "a"])] == [ChangeKind.MEMBERS]
    assert [change.kind for change in changed(path, ["b"], ["a", "b"])] == [ChangeKind.MEMBERS, ChangeKind.ORDER]


@pytest.mark.parametrize("path", ["/groups", "/sets_by_name/any", "/inner/groups", "/inner/inner/groups"])
def test_a_set_has_members_and_no_order(path: str) -> None:
    (change,) = changed(path, ["b", "c"], ["a", "c"])
    assert (change.kind, change.before, change.after) == (ChangeKind.SET, ["b"], ["a"])
    assert str(change) == f'{path}: -"b" +"a"'
    changed(path, ["c", "b"], ["b", "c"])
    changed(path, ["c", "b"], ["d", "b", "c"])


def test_a_class_that_says_nothing_about_its_lists_costs_nothing() -> None:
    assert shape_of(Document) is None


class House(State):
    rules: list[str] = []
    ordered: Rules = []
    groups: set[str] = set()


class Put(Mutation[House]):
    """Put members into a list, each at a place."""

    intent = Intent(operation="put")
    field: str
    members: dict[str, int]

    def apply(self, state: House) -> House:
        members = list(getattr(state, self.field))
        for member, place in self.members.items():
            members.insert(place, member)
        return state.evolve(**{self.field: members})


class Drop(Mutation[House]):
    """Drop members of a list."""

    intent = Intent(operation="drop")
    field: str
    members: set[str]

    def apply(self, state: House) -> House:
        return state.evolve(**{self.field: [each for each in getattr(state, self.field) if each not in self.members]})


@pytest.mark.parametrize(
    ("asked", "meanwhile", "status"),
    [
        (Put(field="rules", members={"allow b": 1}), Drop(field="rules", members={"allow a"}), "stale"),
        (Put(field="rules", members={"allow b": 2}), Put(field="rules", members={"allow c": 2}), "executed"),
        (Put(field="rules", members={"allow b": 1}), Put(field="rules", members={"allow c": 0}), "stale"),
        (Put(field="rules", members={"allow b": 0}), Put(field="rules", members={"allow c": 0}), "executed"),
        (Put(field="ordered", members={"b": 0}), Put(field="ordered", members={"c": 0}), "stale"),
        (Put(field="ordered", members={"b": 0}), Put(field="rules", members={"c": 0}), "executed"),
        (Put(field="groups", members={"y": 0}), Put(field="groups", members={"z": 0}), "executed"),
        (Put(field="groups", members={"z": 0}), Put(field="groups", members={"y": 0}), "executed"),
        (Drop(field="rules", members={"allow a"}), Put(field="rules", members={"c": 0}), "executed"),
    ],
)
def test_an_approval_covers_the_order_that_was_seen(
    store: Store, asked: Mutation[House], meanwhile: Mutation[House], status: str
) -> None:
    gov = Governance.open(store, mutations=[Put, Drop], policies=[require_approval(count=1)], directory=OpenDirectory())
    gov.create_state("house", House(rules=["allow a", "deny all"]))
    first, second = (
        gov.submit(each, to="house", by="bob", on_drift="keep_if_same_effect") for each in (asked, meanwhile)
    )
    for request in (first, second):
        gov.approve(request.id, by="carol", digest=request.digest)
    assert gov.execute(second.id, by="runner").executed
    outcome = gov.execute(first.id, by="runner")
    assert outcome.status == status


def test_a_move_by_index_does_not_move_another_member(store: Store) -> None:
    gov = Governance.open(
        store, mutations=[PatchDocument], policies=[require_approval(count=1)], directory=OpenDirectory()
    )
    gov.create_state("list", Document.of({"m": ["a", "b", "c"]}))
    asked: list[dict[str, JsonValue]] = [
        {"op": "move", "from": "/m/2", "path": "/m/0"},
        {"op": "add", "path": "/m/-", "value": "x"},
    ]
    meanwhile: list[dict[str, JsonValue]] = [{"op": "add", "path": "/m/0", "value": "d"}]
    first, second = (
        gov.submit(PatchDocument(patch=each), to="list", by="bob", on_drift="keep_if_same_effect")
        for each in (asked, meanwhile)
    )
    for request in (first, second):
        gov.approve(request.id, by="carol", digest=request.digest)
    assert gov.execute(second.id, by="runner").executed
    assert gov.execute(first.id, by="runner").status == "stale"
    state = gov.get_state("list").state
    assert isinstance(state, Document)
    assert state.content == {"m": ["d", "a", "b", "c"]}

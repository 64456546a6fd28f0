"""What a class says about the lists in it: which of them are sets, and in which of them positions count."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from placet.model.schema import Node, inner, nodes
from placet.model.sets import writes_sorted

_NOTES = "placet"
"""Under which key of a node's metadata the annotations of placet stand."""

_SETS = frozenset({"set", "frozenset"})
_PLACES = frozenset({"list", "tuple", "named-tuple", "call"})
_ENDS = _SETS | _PLACES | {"dict", "model-fields", "typed-dict", "dataclass-args"}
"""Nodes that stand for a JSON array or object of their own; all others pass on what they hold."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """An annotation for lists whose positions count, as in `rules: Annotated[list[str], Ordered()] = []`.

    Without it, a list of unique scalars is compared by its members and their relative order: two people who each add
    one do not disturb each other. With it, the list is compared as a whole.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's own
        """Note on the schema that positions count."""
        schema: Any = handler(source)
        return cast("CoreSchema", {**schema, "metadata": {**schema.get("metadata", {}), _NOTES: self}})


class Shape:
    """One place in a class's JSON: everything that may stand there.

    Args:
        found: the nodes of the class's core schema that may stand there.
        definitions: the nodes that others refer to, by their reference.
    """

    def __init__(self, found: list[Node], definitions: dict[str, Node]) -> None:
        self._definitions = definitions
        self._ordered = False
        self._ends = list(self._alternatives(found))
        self._inner: dict[str, Shape] = {}
        arrays = [node for node in self._ends if node["type"] in _SETS | _PLACES]
        self.is_set = bool(arrays) and not self._ordered and all(node["type"] in _SETS for node in arrays)
        self.is_ordered = self._ordered or any(map(_is_positional, arrays))

    def at(self, key: str) -> "Shape":
        """Give the place under a key."""
        if key not in self._inner:
            found = [node for end in self._ends for node in _under(end, key)]
            self._inner[key] = Shape(found, self._definitions)
        return self._inner[key]

    def _alternatives(self, found: list[Node]) -> Iterator[Node]:
        ahead, seen = list(found), set[int]()
        while ahead:
            node = ahead.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            self._ordered |= _is_noted(node)
            if node["type"] in _ENDS:
                if node["type"] not in _SETS or writes_sorted(node):
                    yield node
            elif node["type"] == "definition-ref":
                ahead.append(self._definitions[node["schema_ref"]])
            elif node["type"] == "definitions":
                ahead.append(node["schema"])
            else:
                ahead += [each for each in inner(node) if isinstance(each, dict) and "type" in each]


def _is_positional(node: Node) -> bool:
    """Tell whether each place of an array has a meaning of its own, as in `tuple[str, int]`."""
    return node["type"] in {"named-tuple", "call"} or (node["type"] == "tuple" and "variadic_item_index" not in node)


def _under(node: Node, key: str) -> Iterator[Node]:
    fields = node.get("fields", {})
    if isinstance(fields, list):
        fields = {field["name"]: field for field in fields if isinstance(field, dict)}
    rest = node.get("values_schema") or node.get("extras_schema")
    found = fields.get(key, rest)
    if found is not None:
        yield found


@cache
def shape_of(cls: type[BaseModel]) -> Shape | None:
    """Give the shape of a class's JSON; None if there is nothing in it that is not compared as any JSON is."""
    schema: Any = cls.__pydantic_core_schema__
    every = list(nodes(schema))
    if not any(_is_special(node) for node in every):
        return None
    return Shape([schema], {node["ref"]: node for node in every if "ref" in node})


def _is_special(node: Node) -> bool:
    kind = node.get("type")
    return kind in _SETS or (kind in _PLACES and _is_positional(node)) or _is_noted(node)


def _is_noted(node: Node) -> bool:
    return isinstance((node.get("metadata") or {}).get(_NOTES), Ordered)

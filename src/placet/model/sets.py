"""Sets in one order: Python gives each process another, which would give one value several canonical forms."""

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import CoreSchema, core_schema

from placet.model.canonical import canonical
from placet.model.schema import Node, nodes


def sort_sets(schema: CoreSchema) -> CoreSchema:
    """Let every set in a model's schema be written in the order of its members' canonical JSON."""
    for node in _bare_sets(schema):
        node["serialization"] = core_schema.wrap_serializer_function_ser_schema(_sorted, when_used="json")
    return schema


def holds_unsorted_set(model: type[BaseModel]) -> bool:
    """Tell whether a model has a set in it that nobody puts in order: one in a plain pydantic model."""
    return next(_bare_sets(model.__pydantic_core_schema__), None) is not None


def writes_sorted(node: Node) -> bool:
    """Tell whether a set's node writes its members in the order of their canonical JSON."""
    return node.get("serialization", {}).get("function") is _sorted


def _sorted(members: Any, handler: Callable[[Any], Any]) -> list[Any]:  # noqa: ANN401 - a set of anything
    return sorted(handler(members), key=canonical)


def _bare_sets(schema: object) -> Iterator[Node]:
    for node in nodes(schema):
        if node.get("type") in {"set", "frozenset"} and "serialization" not in node:
            yield node

"""Sets in one order: Python gives each process another, which would give one value several canonical forms."""

from collections.abc import Callable, Iterator
from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import CoreSchema, core_schema

from placet.model.canonical import canonical


def sort_sets(schema: CoreSchema) -> CoreSchema:
    """Let every set in a model's schema be written in the order of its members' canonical JSON."""
    for node in _bare_sets(schema):
        node["serialization"] = core_schema.wrap_serializer_function_ser_schema(_sorted, when_used="json")
    return schema


def holds_unsorted_set(model: type[BaseModel]) -> bool:
    """Tell whether a model has a set in it that nobody puts in order: one in a plain pydantic model."""
    return next(_bare_sets(model.__pydantic_core_schema__), None) is not None


def _sorted(members: Any, handler: Callable[[Any], Any]) -> list[Any]:  # noqa: ANN401 - a set of anything
    return sorted(handler(members), key=canonical)


def _bare_sets(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("type") in {"set", "frozenset"} and "serialization" not in node:
            yield cast("dict[str, Any]", node)
        for inner in list(node.values()):
            yield from _bare_sets(inner)
    elif isinstance(node, list | tuple):
        for inner in node:
            yield from _bare_sets(inner)

"""Moments of users' states and mutations, in UTC: by a clock that is put back they can be neither compared nor told.

Of two datetimes that share a time zone Python compares what the clock shows, and one in an hour that the clock shows
twice equals none in another time zone.
"""

from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from pydantic_core import CoreSchema, core_schema

from placet.model.names import checked_moment
from placet.model.schema import Node, nodes

_IN_UTC = "placet_in_utc"
"""Marks, in the metadata of a node, that it is seen to."""


def moments_in_utc(schema: CoreSchema) -> CoreSchema:
    """Let each aware datetime of a model become the same moment in UTC; a naive one stays what it is."""
    for node in [*nodes(schema)]:
        if node.get("type") == "datetime" and _IN_UTC not in node.get("metadata", {}):
            _wrap(node)
        elif node.get("type") == "default" and isinstance(node.get("default"), datetime):
            node["default"] = in_utc(node["default"])
    return schema


def _wrap(node: Node) -> None:
    inner: Any = {**node, "metadata": {**node.get("metadata", {}), _IN_UTC: True}}
    node.clear()
    node.update(core_schema.no_info_after_validator_function(in_utc, inner))


def in_utc(value: Any) -> Any:  # noqa: ANN401 - the point is that it may be anything
    """Return a value with each aware datetime in it as the same moment in UTC, in a form that can be compared."""
    if isinstance(value, datetime):
        return value if value.tzinfo is None else checked_moment("the datetime", value)
    if isinstance(value, BaseModel):
        parts = (vars(value), value.__pydantic_private__, value.__pydantic_extra__)
        return (type(value), *map(in_utc, parts))
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value), {each.name: in_utc(getattr(value, each.name)) for each in fields(value)})
    if isinstance(value, dict):
        return {in_utc(key): in_utc(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return (type(value), [in_utc(member) for member in value])
    return frozenset(map(in_utc, value)) if isinstance(value, set | frozenset) else value

"""A walk through pydantic's core schemas by their known structure; defaults and names of fields are no nodes."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Node: TypeAlias = dict[str, Any]

_BY_NAME = ("fields", "choices")
"""Where a node has other nodes by name; some kinds of nodes have them in a list."""

_INNER = (
    "schema",
    "items_schema",
    "keys_schema",
    "values_schema",
    "extras_keys_schema",
    "extras_schema",
    "lax_schema",
    "strict_schema",
    "json_schema",
    "python_schema",
    "arguments_schema",
    "steps",
    "definitions",
    "computed_fields",
    "serialization",
    "return_schema",
)
"""Where else a node has one other, or a list of them."""


def nodes(schema: object) -> Iterator[Node]:
    """Give every node of a core schema, the outermost first; a definition once, where it stands."""
    ahead = [schema]
    while ahead:
        node = ahead.pop()
        if isinstance(node, dict):
            yield node
            ahead += inner(node)


def inner(node: Mapping[str, Any]) -> Iterator[object]:
    """Give the nodes that a node directly consists of."""
    for key in _BY_NAME:
        found = node.get(key, ())
        yield from map(_unlabelled, found.values() if isinstance(found, dict) else found)
    for key in _INNER:
        found = node.get(key)
        if isinstance(found, list):
            yield from map(_unlabelled, found)
        elif found is not None:
            yield found


def _unlabelled(choice: object) -> object:
    """Give a choice of a union without its label."""
    return choice[0] if isinstance(choice, tuple) else choice

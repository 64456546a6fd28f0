"""Any JSON object as a governed state, and the two standard ways to change one: so that no class need be written."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Self

import jsonpatch
from jsonpointer import JsonPointerException
from pydantic import ConfigDict, JsonValue

from placet.errors import InputError
from placet.model.canonical import canonical
from placet.model.mutation import Intent, Issue, Mutation
from placet.model.state import State


class Document(State):
    """Any JSON object as a state. Make it with `Document.of(...)`; paths in change sets begin at its top level."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        """Make a document.

        Args:
            content: a JSON object.

        Raises:
            InputError: it is no JSON object.
        """
        if not isinstance(content, dict):
            raise InputError(f"a document is a JSON object, not a {type(content).__name__}; wrap it in one")
        return cls.model_validate_json(canonical(content, "document"))

    @property
    def content(self) -> dict[str, Any]:
        """The JSON object; a copy."""
        return deepcopy(self.model_extra or {})


class PatchDocument(Mutation[Document]):
    """Change a document by a JSON Patch (RFC 6902).

    Attributes:
        patch: the operations, as in `[{"op": "replace", "path": "/limit", "value": 5}]`; a `test` operation that does
            not hold is an issue.
    """

    intent = Intent(operation="patch-document", category="configuration", description="Apply a JSON Patch (RFC 6902)")
    patch: list[dict[str, JsonValue]]

    def check(self, state: Document) -> Iterator[Issue]:
        """Yield why the patch does not apply, if it does not."""
        try:
            patched = self._patched(state)
        except (jsonpatch.JsonPatchException, JsonPointerException, TypeError, ValueError, KeyError) as error:
            yield Issue("patch", str(error) or type(error).__name__)
        else:
            if not isinstance(patched, dict):
                yield Issue("patch", f"it turns the document into a {type(patched).__name__}; keep a JSON object")

    def apply(self, state: Document) -> Document:
        """Apply the patch."""
        return type(state).of(self._patched(state))

    def _patched(self, state: Document) -> Any:  # noqa: ANN401 - any JSON value
        return jsonpatch.apply_patch(state.content, deepcopy(self.patch))


class MergeDocument(Mutation[Document]):
    """Change a document by a JSON Merge Patch (RFC 7396): objects are merged, null removes, anything else replaces.

    Attributes:
        merge: the patch, as in `{"limits": {"daily": 5, "weekly": None}}`.
    """

    intent = Intent(operation="merge-document", category="configuration", description="Apply a merge patch (RFC 7396)")
    merge: dict[str, JsonValue]

    def apply(self, state: Document) -> Document:
        """Apply the merge patch."""
        return type(state).of(_merged(state.content, self.merge))


def _merged(target: Any, merge: dict[str, JsonValue]) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in merge.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value) if isinstance(value, dict) else value
    return result

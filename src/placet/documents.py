"""Any JSON object as a governed state, and the two standard ways to change one: so that no class need be written."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Self, cast

import jsonpatch
from jsonpointer import JsonPointer, JsonPointerException
from pydantic import ConfigDict, Field, JsonValue

from placet.errors import InputError, NotCanonicalError
from placet.model.canonical import Json, canonical, parse
from placet.model.mutation import Intent, Issue, Mutation
from placet.model.state import State, loaded, plain

MOST_OPERATIONS = 1_000
"""How many operations a JSON Patch may have."""

MOST_COPIED = 100_000
"""How many bytes of JSON all `copy` operations of a JSON Patch may copy."""


class Document(State):
    """Any JSON object as a state. Make it with `Document.of(...)`; paths in change sets begin at its top level.

    A subclass may declare fields, which are validated and are part of the content.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        """Make a document.

        Args:
            content: a JSON object.

        Raises:
            InputError: it is no JSON object, or the class declares fields that do not accept it.
        """
        if not isinstance(content, dict):
            raise InputError(f"a document is a JSON object, not a {type(content).__name__}; wrap it in one")
        body = canonical(content, "document")
        return loaded(cls, body, lambda why: InputError(f"{cls.__name__} does not accept {why}"))

    @property
    def content(self) -> dict[str, Any]:
        """The JSON object, declared fields included; a copy."""
        cls = type(self)
        if cls.model_fields:
            return cast("dict[str, Any]", plain(self, cls.type_name))
        return cast("dict[str, Any]", parse(canonical(self.model_extra or {}, cls.type_name)))


class PatchDocument(Mutation[Document]):
    """Change a document by a JSON Patch (RFC 6902).

    Attributes:
        patch: the operations, as in `[{"op": "replace", "path": "/limit", "value": 5}]`, at most 1,000; a `test`
            operation that does not hold is an issue. All that is copied may have 100,000 bytes.
    """

    intent = Intent(operation="patch-document", category="configuration", description="Apply a JSON Patch (RFC 6902)")
    patch: list[dict[str, JsonValue]] = Field(max_length=MOST_OPERATIONS)

    def check(self, state: Document) -> Iterator[Issue]:
        """Yield why the patch does not apply, if it does not."""
        try:
            type(state).of(self._patched(state))
        except InputError as error:
            yield Issue("patch", str(error))

    def apply(self, state: Document) -> Document:
        """Apply the patch."""
        return type(state).of(self._patched(state))

    def _patched(self, state: Document) -> Any:  # noqa: ANN401 - any JSON value
        document, copied = state.content, 0
        for number, operation in enumerate(self.patch, start=1):
            try:
                copied += _copied(operation, document)
                _demand_few(copied)
                document = jsonpatch.apply_patch(document, [deepcopy(operation)], in_place=True)
            except _PATCH_ERRORS as error:
                raise InputError(f"operation {number} {_wrong(error)}") from None
        return document


def _copied(operation: dict[str, JsonValue], document: Json) -> int:
    """Give how many bytes an operation copies."""
    source = operation.get("from")
    if operation.get("op") != "copy" or not isinstance(source, str):
        return 0
    return len(canonical(JsonPointer(source).resolve(document)))


def _demand_few(copied: int) -> None:
    if copied > MOST_COPIED:
        raise InputError(f"brings what is copied to {copied:,} bytes; keep it to {MOST_COPIED:,}, copy less")


_PATCH_ERRORS = (jsonpatch.JsonPatchException, JsonPointerException, TypeError, ValueError, KeyError)


def _wrong(error: Exception) -> str:
    """Say what is wrong with an operation, without any value of the document."""
    if isinstance(error, InputError) and not isinstance(error, NotCanonicalError):
        return str(error)
    if isinstance(error, jsonpatch.JsonPatchTestFailed):
        return "tests for another value than there is"
    if isinstance(error, jsonpatch.JsonPatchConflict | JsonPointerException):
        return "does not fit the document: what it names is not there, or cannot be changed like this"
    return "is none of RFC 6902: it needs op, path, and value or from"


class MergeDocument(Mutation[Document]):
    """Change a document by a JSON Merge Patch (RFC 7396): objects are merged, null removes, anything else replaces.

    Attributes:
        merge: the patch, as in `{"limits": {"daily": 5, "weekly": None}}`.
    """

    intent = Intent(operation="merge-document", category="configuration", description="Apply a merge patch (RFC 7396)")
    merge: dict[str, JsonValue]

    def check(self, state: Document) -> Iterator[Issue]:
        """Yield why the merge patch does not apply, if the document's class declares fields and does not accept it."""
        if type(state).model_fields:
            try:
                self.apply(state)
            except InputError as error:
                yield Issue("merge", str(error))

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

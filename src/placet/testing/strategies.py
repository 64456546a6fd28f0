"""Strategies for hypothesis: actors, documents and patches that apply to them, terms and requests for stores."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import timedelta
from typing import Any

import jsonpatch
from hypothesis import strategies as st
from jsonpointer import escape

from placet.documents import Document
from placet.model.actor import Actor, ActorKind
from placet.model.approval import Approval
from placet.model.canonical import Json
from placet.model.mutation import Intent
from placet.model.request import MutationRequest, Status
from placet.model.terms import OnDrift, Terms
from placet.testing.rows import NOON, a_request, a_terms

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
NAMES = st.text("abcdefghij0123456789", min_size=1, max_size=6)
MOMENTS = st.integers(-3, 3).map(lambda micros: NOON + timedelta(microseconds=micros))
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def actors(
    ids: Sequence[str] | None = None, roles: Sequence[str] = ("owner", "lead", "board")
) -> st.SearchStrategy[Actor]:
    """Give actors of every kind, some with roles, agents on behalf of somebody.

    Args:
        ids: who there is; anybody if left out.
        roles: which roles they may have.
    """
    named = NAMES if ids is None else st.sampled_from(ids)
    held = st.lists(st.sampled_from(roles), unique=True).map(tuple) if roles else st.just(())
    plain = st.builds(Actor, named, st.sampled_from(ActorKind), roles=held)
    return plain | st.builds(Actor, named, st.just(ActorKind.AGENT), roles=held, on_behalf_of=named)


def documents() -> st.SearchStrategy[Document]:
    """Give documents: small JSON objects, with every sort of value, and keys that need care in a path."""
    keys = TEXT | st.sampled_from(["a", "b", "a/b", "m~n", ""])
    return st.dictionaries(keys, VALUES, max_size=4).map(Document.of)


@st.composite
def patches(draw: st.DrawFn, document: Document, *, most: int = 4) -> list[dict[str, Any]]:
    """Give JSON Patches (RFC 6902) that apply to a document, for `PatchDocument(patch=...)`.

    Args:
        draw: hypothesis passes it.
        document: what they apply to.
        most: how many operations at most.
    """
    content: Json = document.content
    patch = []
    for _ in range(draw(st.integers(0, most))):
        operation = draw(_operations(content))
        content = jsonpatch.apply_patch(content, deepcopy([operation]))
        patch.append(operation)
    return patch


def _operations(content: Json) -> st.SearchStrategy[dict[str, Any]]:
    """Give operations that apply to some content now."""
    places = [*_places(content)]
    room = [place for path, value in [("", content), *places] for place in _room(path, value)]
    kinds = [
        st.builds(lambda path, value: {"op": "add", "path": path, "value": value}, _free(room), VALUES),
    ]
    if places:
        paths, there = st.sampled_from([path for path, _ in places]), st.sampled_from(places)
        kinds += [
            st.builds(lambda path: {"op": "remove", "path": path}, paths),
            st.builds(lambda path, value: {"op": "replace", "path": path, "value": value}, paths, VALUES),
            st.builds(lambda place: {"op": "test", "path": place[0], "value": deepcopy(place[1])}, there),
            st.builds(lambda path, to: {"op": "copy", "from": path, "path": to}, paths, NAMES.map("/{}".format)),
            st.builds(lambda path, to: {"op": "move", "from": path, "path": to}, paths, NAMES.map("/new-{}".format)),
        ]
    return st.one_of(kinds)


def _free(room: list[str]) -> st.SearchStrategy[str]:
    """Give places where something can be added: a new key of an object, or a place in a list."""
    objects = [path.removesuffix("/*") for path in room if path.endswith("/*")]
    lists = [path for path in room if not path.endswith("/*")]
    fresh = st.builds(lambda path, key: f"{path}/{escape(key)}", st.sampled_from(objects), TEXT)
    return fresh | st.sampled_from(lists) if lists else fresh


def _room(path: str, value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        yield f"{path}/*"
    elif isinstance(value, list):
        yield from (f"{path}/{index}" for index in range(len(value) + 1))
        yield f"{path}/-"


def _places(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    members: Iterator[tuple[str, Json]] = iter(())
    if isinstance(value, dict):
        members = ((escape(key), member) for key, member in value.items())
    elif isinstance(value, list):
        members = ((str(index), member) for index, member in enumerate(value))
    for key, member in members:
        yield f"{path}/{key}", member
        yield from _places(member, f"{path}/{key}")


def terms(request_ids: st.SearchStrategy[str] = NAMES) -> st.SearchStrategy[Terms]:
    """Give terms as a store may be asked to keep them, with deadlines within microseconds of noon.

    Args:
        request_ids: whose they are.
    """
    return st.builds(
        a_terms,
        request_ids,
        state_id=st.sampled_from(["house:roles", "house:rules", "other"]),
        intent=st.builds(Intent, st.just("grant-role"), description=TEXT),
        requester=st.sampled_from(["ann", "ANN", "bob"]),
        on_behalf_of=st.none() | NAMES,
        reason=TEXT | st.sampled_from(["Straße", "STRASSE", "50%_off"]),
        expected_version=st.integers(1, 2**53),
        on_drift=st.sampled_from(OnDrift),
        requirements=st.lists(st.integers(1, 3).map(Approval), max_size=2).map(tuple),
        expires_at=st.none() | MOMENTS,
    )


@st.composite
def requests(draw: st.DrawFn, request_ids: st.SearchStrategy[str] = NAMES) -> MutationRequest:
    """Give requests as a store may be asked to keep them, in every status, made within microseconds of noon.

    Args:
        draw: hypothesis passes it.
        request_ids: what to call them.
    """
    status = draw(st.sampled_from(Status))
    agreed = draw(terms(request_ids))
    done = {"resolved_version": 1, "resulting_version": 2, "execution_id": "x-1"} if status is Status.EXECUTED else {}
    return a_request(
        agreed,
        status=status,
        created_at=draw(MOMENTS),
        due_at=draw(st.none() | MOMENTS),
        held=draw(TEXT),
        idempotency_key=draw(st.none() | st.just(f"key of {agreed.request_id}")),
        **done,
    )

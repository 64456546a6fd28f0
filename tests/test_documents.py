"""Any JSON object as a governed state, changed by a JSON Patch or a merge patch."""

import re
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anyjson import OBJECTS, VALUES, Json, exact, nested
from placet import Actor, Governance, Issue, MutationEngine, OpenDirectory, Run, allow
from placet.documents import Document, MergeDocument, PatchDocument
from placet.errors import InputError, MutationContractError, NotCanonicalError
from placet.model.run import RunStatus
from placet.model.state import state_body

BOB = Actor("bob")
ENGINE = MutationEngine([allow()])
KEYS = [
    "evolve",
    "model_config",
    "model_fields_set",
    "self",
    "",
    "content",
    "of",
    "type_name",
    "__class__",
    "é",
    "e\u0301",
]


def patched(document: dict[str, Json], *operations: dict[str, Json]) -> Run:
    return ENGINE.run(PatchDocument(patch=list(operations)), Document.of(document), BOB)


def merged(document: dict[str, Json], merge: dict[str, Json]) -> Json:
    run = ENGINE.run(MergeDocument(merge=merge), Document.of(document), BOB)
    assert isinstance(run.after, Document), run
    return run.after.content


def content(run: Run) -> Json:
    assert isinstance(run.after, Document), run
    return run.after.content


class TestDocuments:
    @given(OBJECTS)
    def test_a_document_is_its_content_exactly(self, value: dict[str, Json]) -> None:
        document = Document.of(value)
        assert exact(document.content) == exact(value)
        assert exact(Document.model_validate_json(state_body(document)).content) == exact(value)

    @pytest.mark.parametrize("key", KEYS)
    def test_any_key_is_just_a_key(self, key: str) -> None:
        document = Document.of({key: {key: 1}})
        assert document.content == {key: {key: 1}}
        assert content(patched({key: 1}, {"op": "replace", "path": f"/{key}", "value": 2})) == {key: 2}
        assert merged({key: 1, "x": 1}, {key: None}) == {"x": 1}
        assert callable(document.evolve)

    def test_the_content_is_a_copy(self) -> None:
        source: dict[str, Json] = {"list": [1], "map": {"a": 1}}
        document = Document.of(source)
        source["list"].append(2)
        document.content["list"].append(3)
        document.content["map"].clear()
        assert document.content == {"list": [1], "map": {"a": 1}}

    @pytest.mark.parametrize("value", [[], "text", None, 5, [("a", 1)]])
    def test_what_is_no_object_is_refused(self, value: Any) -> None:  # noqa: ANN401 - the point
        with pytest.raises(InputError, match="a document is a JSON object, not a"):
            Document.of(value)

    @pytest.mark.parametrize(
        "value", [{"a": float("nan")}, {1: 2}, {"a": {3}}, {"a": "\ud800"}, {"a": object()}], ids=repr
    )
    def test_what_is_not_json_is_refused(self, value: dict[str, Any]) -> None:
        with pytest.raises(NotCanonicalError, match="document"):
            Document.of(value)

    @pytest.mark.parametrize("levels", [190, 240, 300, 5000])
    def test_so_is_what_is_nested_too_deep(self, levels: int) -> None:
        with pytest.raises(NotCanonicalError, match="document"):
            Document.of({"a": nested(levels)})

    def test_a_kind_of_document_stays_that_kind(self) -> None:
        class Flags(Document):
            """A document of flags."""

        run = ENGINE.run(PatchDocument(patch=[{"op": "add", "path": "/a", "value": 1}]), Flags.of({}), BOB)
        assert type(run.after) is Flags
        assert type(ENGINE.run(MergeDocument(merge={"a": 1}), Flags.of({}), BOB).after) is Flags

    def test_it_is_governed_from_end_to_end(self) -> None:
        gov = Governance.open(
            "memory:", mutations=[PatchDocument, MergeDocument], policies=[allow()], directory=OpenDirectory()
        )
        gov.create_state("config", Document.of({"limit": 5, "self": {"evolve": True}}))
        for mutation in (MergeDocument(merge={"limit": 6}), PatchDocument(patch=[{"op": "remove", "path": "/self"}])):
            assert gov.execute(gov.submit(mutation, to="config", by="bob").id, by="bob").executed
        state = gov.get_state("config").state
        assert isinstance(state, Document)
        assert state.content == {"limit": 6}


class TestPatchDocument:
    @pytest.mark.parametrize(
        ("before", "operation", "after"),
        [
            ({}, {"op": "add", "path": "/a", "value": 1}, {"a": 1}),
            ({"a": 1}, {"op": "add", "path": "/a", "value": None}, {"a": None}),
            ({"a": [1, 3]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2, 3]}),
            ({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}),
            ({"a": [1]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2]}),
            ({"a": 1}, {"op": "add", "path": "", "value": {"b": 2}}, {"b": 2}),
            ({"a": 1, "b": 2}, {"op": "remove", "path": "/a"}, {"b": 2}),
            ({"a": [1, 2]}, {"op": "remove", "path": "/a/0"}, {"a": [2]}),
            ({"a": 1}, {"op": "replace", "path": "/a", "value": [2]}, {"a": [2]}),
            ({"a": 1}, {"op": "replace", "path": "", "value": {}}, {}),
            ({"a": {"b": 1}}, {"op": "move", "from": "/a/b", "path": "/c"}, {"a": {}, "c": 1}),
            ({"a": [1, 2, 3]}, {"op": "move", "from": "/a/0", "path": "/a/2"}, {"a": [2, 3, 1]}),
            ({"a": {"b": 1}}, {"op": "move", "from": "/a", "path": ""}, {"b": 1}),
            ({"a": [1]}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": [1], "b": [1]}),
            ({"a": {"b": 1}}, {"op": "test", "path": "/a", "value": {"b": 1}}, {"a": {"b": 1}}),
            ({"a": 1}, {"op": "test", "path": "/a", "value": 1.0}, {"a": 1}),
            ({"a": None}, {"op": "test", "path": "/a", "value": None}, {"a": None}),
            ({"a/b": 1, "c~d": 2}, {"op": "remove", "path": "/a~1b"}, {"c~d": 2}),
            ({"a/b": 1, "c~d": 2}, {"op": "remove", "path": "/c~0d"}, {"a/b": 1}),
            ({"~1": 1}, {"op": "replace", "path": "/~01", "value": 2}, {"~1": 2}),
            ({"": 1}, {"op": "replace", "path": "/", "value": 2}, {"": 2}),
            ({"a": 1}, {"op": "add", "path": "/b", "value": 2, "comment": "ignored"}, {"a": 1, "b": 2}),
            ({"n": {}}, {"op": "add", "path": "/n/0", "value": 1}, {"n": {"0": 1}}),
        ],
    )
    def test_every_operation_does_what_rfc_6902_says(
        self, before: dict[str, Json], operation: dict[str, Json], after: Json
    ) -> None:
        run = patched(before, operation)
        assert run.accepted
        assert exact(content(run)) == exact(after)

    @pytest.mark.parametrize(
        "operation",
        [
            {"op": "test", "path": "/a", "value": 2},
            {"op": "test", "path": "/a", "value": True},
            {"op": "test", "path": "/a", "value": "1"},
            {"op": "test", "path": "/list", "value": [True, 2]},
            {"op": "test", "path": "/list", "value": [2, 1]},
            {"op": "test", "path": "/nobody", "value": None},
            {"op": "test", "path": "/text/0", "value": "t"},
            {"op": "test", "path": "/list/-", "value": 2},
            {"op": "remove", "path": "/nobody"},
            {"op": "remove", "path": "/list/2"},
            {"op": "remove", "path": "/list/-"},
            {"op": "remove", "path": "/list/-1"},
            {"op": "remove", "path": "/list/00"},
            {"op": "replace", "path": "/nobody", "value": 1},
            {"op": "replace", "path": "/list/2", "value": 1},
            {"op": "add", "path": "/list/3", "value": 1},
            {"op": "add", "path": "/list/x", "value": 1},
            {"op": "add", "path": "/nobody/x", "value": 1},
            {"op": "add", "path": "/text/0", "value": 1},
            {"op": "add", "path": "a", "value": 1},
            {"op": "add", "path": "/~2", "value": 1},
            {"op": "add", "path": "/b"},
            {"op": "add", "value": 1},
            {"op": "add", "path": 5, "value": 1},
            {"op": "add", "path": None, "value": 1},
            {"op": "move", "from": "/map", "path": "/map/inside"},
            {"op": "move", "path": "/b"},
            {"op": "copy", "from": "/nobody", "path": "/b"},
            {"op": "copy", "from": 5, "path": "/b"},
            {"op": "merge", "path": "/a", "value": 1},
            {"op": "ADD", "path": "/b", "value": 1},
            {"op": ["add"], "path": "/b", "value": 1},
            {"op": None, "path": "/b", "value": 1},
            {"path": "/b", "value": 1},
            {},
            {"op": "remove", "path": ""},
            {"op": "replace", "path": "", "value": [1]},
            {"op": "copy", "from": "/list", "path": ""},
        ],
        ids=repr,
    )
    def test_what_does_not_apply_is_an_issue(self, operation: dict[str, Json]) -> None:
        before = {"a": 1, "list": [1, 2], "text": "t", "map": {}}
        run = patched(before, operation)
        assert run.status is RunStatus.REFUSED
        (issue,) = run.issues
        assert issue.path == "patch"
        assert len(issue.message) > 3

    def test_a_patch_is_applied_as_a_whole_or_not_at_all(self) -> None:
        document = Document.of({"a": 1})
        patch: list[Any] = [{"op": "replace", "path": "/a", "value": 2}, {"op": "test", "path": "/a", "value": 1}]
        run = ENGINE.run(PatchDocument(patch=patch), document, BOB)
        assert (run.status, document.content) == (RunStatus.REFUSED, {"a": 1})

    def test_operations_are_applied_in_order(self) -> None:
        run = patched(
            {"a": [1]},
            {"op": "copy", "from": "/a", "path": "/b"},
            {"op": "add", "path": "/b/-", "value": 2},
            {"op": "test", "path": "/b/1", "value": 2},
        )
        assert content(run) == {"a": [1], "b": [1, 2]}

    @given(OBJECTS, st.lists(st.dictionaries(st.sampled_from(["op", "path", "from", "value"]), VALUES), max_size=3))
    def test_any_garbage_is_an_issue_or_a_patch(self, document: dict[str, Json], operations: list[Any]) -> None:
        own, theirs = deepcopy(operations), deepcopy(document)
        run = patched(document, *operations)
        assert run.status in {RunStatus.ACCEPTED, RunStatus.REFUSED}
        assert bool(run.issues) == (run.status is RunStatus.REFUSED)
        assert (exact(operations), exact(document)) == (exact(own), exact(theirs))

    @given(
        OBJECTS,
        st.lists(
            st.fixed_dictionaries(
                {
                    "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "nothing"]),
                    "path": st.sampled_from(["", "/", "/a", "/b", "/a/0", "/a/-", "/~1", "/a/a", "a", "/~", "/0"]),
                },
                optional={"from": st.sampled_from(["", "/a", "/b/0", "/a/-", "x"]), "value": VALUES},
            ),
            max_size=4,
        ),
    )
    def test_so_is_any_half_sensible_one(self, document: dict[str, Json], operations: list[Any]) -> None:
        assert patched(document, *operations).status in {RunStatus.ACCEPTED, RunStatus.REFUSED}

    @pytest.mark.parametrize("doublings", [17, 20, 500])
    @pytest.mark.parametrize("target", ["/a/-", "/b"])
    def test_a_patch_that_copies_what_it_copied_is_stopped_early(self, doublings: int, target: str) -> None:
        grow: list[dict[str, Json]] = [
            {"op": "copy", "from": "/a", "path": target},
            {"op": "copy", "from": target.replace("-", "0"), "path": "/a/-"},
        ]
        run = patched({"a": ["0123456789"]}, *(grow * doublings))
        assert run.status is RunStatus.REFUSED
        (issue,) = run.issues
        assert re.search(r"^operation \d+ brings what is copied to [\d,]+ bytes; keep it to 100,000", issue.message)

    def test_a_patch_with_too_many_operations_is_never_made(self) -> None:
        with pytest.raises(InputError, match="at most 1000 items"):
            PatchDocument(patch=[{"op": "test", "path": "/a", "value": 1}] * 1_001)

    @pytest.mark.parametrize(
        "operation",
        [
            {"op": "test", "path": "/a", "value": 2},
            {"op": "remove", "path": "/a/x"},
            {"op": "add", "path": "/a/b/c", "value": 1},
            {"op": "add", "path": "/list/5", "value": 1},
            {"op": "copy", "from": "/list/x", "path": "/b"},
        ],
    )
    def test_an_issue_names_the_operation_and_no_value(self, operation: dict[str, Json]) -> None:
        run = patched({"a": "planted-secret", "list": ["planted-secret"]}, {"op": "test", "path": "", "value": {}})
        assert "planted-secret" not in str(run.issues)
        document = {"a": "planted-secret", "list": ["planted-secret"]}
        run = patched(document, {"op": "add", "path": "/b", "value": 1}, operation)
        assert run.issues[0].message.startswith("operation 2 ")
        assert "planted-secret" not in str(run.issues)

    def test_what_is_too_large_is_refused_with_its_size(self) -> None:
        most = "x" * 8_000_000
        gov = Governance.open("memory:", mutations=[MergeDocument], policies=[allow()], directory=OpenDirectory())
        with pytest.raises(InputError, match="Document has 16,000,0.. bytes of JSON; keep it to 16,000,000"):
            gov.create_state("big", Document.of({"a": most, "b": most}))
        gov.create_state("it", Document.of({"a": most}))
        with pytest.raises(InputError, match="the payload of MergeDocument has 16,000,0.. bytes of JSON"):
            gov.submit(MergeDocument(merge={"a": most * 2}), to="it", by="bob")
        with pytest.raises(MutationContractError, match="cannot be stored: Document has 16,000,0.. bytes"):
            gov.submit(MergeDocument(merge={"b": most}), to="it", by="bob")
        with pytest.raises(MutationContractError, match="makes a change set of 16,000,0.. bytes; keep it to"):
            gov.submit(MergeDocument(merge={"a": "y" * 7_999_999}), to="it", by="bob")
        with pytest.raises(InputError, match="metadata has 16,000,0.. bytes"):
            gov.submit(MergeDocument(merge={}), to="it", by="bob", metadata={"a": most * 2})

    def test_a_patch_without_json_never_gets_so_far(self) -> None:
        with pytest.raises(InputError, match="finite number"):
            patched({}, {"op": "add", "path": "/a", "value": float("nan")})

    def test_an_empty_patch_changes_nothing(self) -> None:
        run = patched({"a": 1})
        assert (run.accepted, run.changes) == (True, ())


def merge_by_the_book(target: Json, patch: Json) -> Json:
    """RFC 7396, section 2, word for word."""
    if isinstance(patch, dict):
        if not isinstance(target, dict):
            target = {}
        target = dict(target)
        for name, value in patch.items():
            if value is None:
                if name in target:
                    del target[name]
            else:
                target[name] = merge_by_the_book(target.get(name), value)
        return target
    return patch


class TestMergeDocument:
    @pytest.mark.parametrize(
        ("before", "merge", "after"),
        [
            ({"a": "b"}, {"a": "c"}, {"a": "c"}),
            ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
            ({"a": "b"}, {"a": None}, {}),
            ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
            ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
            ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
            ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
            ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
            ({"a": "foo"}, {}, {"a": "foo"}),
            ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
            ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
            ({"a": [1]}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
            ({}, {"a": [None, {"b": None}]}, {"a": [None, {"b": None}]}),
            ({"a": 1}, {"b": None}, {"a": 1}),
        ],
    )
    def test_the_cases_of_the_rule(self, before: dict[str, Json], merge: dict[str, Json], after: Json) -> None:
        assert exact(merged(before, merge)) == exact(after)

    @given(OBJECTS, OBJECTS)
    def test_any_merge_is_what_the_rule_says(self, before: dict[str, Json], merge: dict[str, Json]) -> None:
        assert exact(merged(before, merge)) == exact(merge_by_the_book(before, merge))

    @given(OBJECTS, OBJECTS)
    def test_merging_twice_is_merging_once(self, before: dict[str, Json], merge: dict[str, Json]) -> None:
        once = merged(before, merge)
        assert exact(merged(once, merge)) == exact(once)

    @given(OBJECTS, OBJECTS)
    def test_the_patch_itself_is_left_alone(self, before: dict[str, Json], merge: dict[str, Json]) -> None:
        mutation = MergeDocument(merge=deepcopy(merge))
        mutation.apply(Document.of(before))
        assert exact(mutation.merge) == exact(merge)

    def test_a_merge_finds_no_issues(self) -> None:
        found: list[Issue] = list(MergeDocument(merge={"a": None}).check(Document.of({})))
        assert found == []

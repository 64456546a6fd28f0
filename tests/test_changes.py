"""Change sets: replay gives the new value exactly, and the effect is the meaning of a change."""

from copy import deepcopy

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from anyjson import OBJECTS, SCALARS, VALUES, Json, exact
from placet.model.canonical import canonical
from placet.model.changes import Change, ChangeKind, diff, effect, patch, same_effect

NAMES = st.lists(st.text(max_size=3), unique=True, max_size=6)
CLOSE = st.tuples(OBJECTS, OBJECTS).map(lambda pair: (pair[0], {**pair[0], **pair[1]}))
PAIRS = st.one_of(st.tuples(VALUES, VALUES), st.tuples(OBJECTS, OBJECTS), CLOSE, CLOSE.map(lambda pair: pair[::-1]))
LISTS: st.SearchStrategy[list[Json]] = st.lists(
    st.sampled_from([0, 0.0, -0.0, 1, 1.0, True, False, None, "", "1", "a", []]), max_size=6
)


def replayed(before: Json, after: Json) -> Json:
    return patch(deepcopy(before), diff(before, after))


class TestReplay:
    @given(PAIRS)
    def test_replaying_a_change_set_gives_the_new_value_exactly(self, pair: tuple[Json, Json]) -> None:
        before, after = pair
        assert canonical(replayed(before, after)) == canonical(after)
        assert exact(replayed(before, after)) == exact(after)

    @given(LISTS, LISTS)
    def test_so_it_does_for_lists_of_look_alikes(self, before: list[Json], after: list[Json]) -> None:
        assert exact(replayed({"list": before}, {"list": after})) == exact({"list": after})

    @given(st.data())
    def test_so_it_does_for_any_order_of_the_same_members(self, data: st.DataObject) -> None:
        before = data.draw(NAMES)
        after = data.draw(st.permutations(before))
        assert replayed(before, list(after)) == list(after)

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ({"a": 1}, {"a": 1.0}),
            ({"a": 1}, {"a": True}),
            ({"a": [1]}, {"a": [True]}),
            ({"a": [0.0]}, {"a": [-0.0]}),
            ({"a": 0.0}, {"a": -0.0}),
            ({"a": None}, {}),
            ({}, {"a": None}),
            ({"": {"": 1}}, {"": {"": 2}}),
            ({"a/b": 1, "a~b": 1, "~1": 1, "~0": 1}, {"a/b": 2, "a~b": 2, "~1": 2, "~0": 2}),
            ({"a": {"b": 1}}, {"a": [1]}),
            ({"a": []}, {"a": {}}),
            ({"a": [1, 2, 2]}, {"a": [2, 1, 2]}),
            ({"0": {"1": "x"}}, {"0": {"1": "y"}}),
            ([], {}),
            (None, {}),
            ("a", "b"),
        ],
    )
    def test_values_that_look_alike_are_told_apart(self, before: Json, after: Json) -> None:
        assert diff(before, after)
        assert exact(replayed(before, after)) == exact(after)

    @given(VALUES)
    def test_nothing_differs_from_itself(self, value: Json) -> None:
        assert diff(value, deepcopy(value)) == ()

    @given(PAIRS)
    def test_diff_leaves_what_it_compares_alone(self, pair: tuple[Json, Json]) -> None:
        copies = deepcopy(pair)
        diff(*pair)
        assert exact(list(pair)) == exact(list(copies))

    @given(OBJECTS, OBJECTS, OBJECTS)
    def test_a_history_of_change_sets_replays_and_stays_what_it_was(
        self, first: Json, second: Json, third: Json
    ) -> None:
        history = [(Change("", ChangeKind.ADDED, after=first),), diff(first, second), diff(second, third)]
        recorded = [[str(change) for change in changes] for changes in history]
        document: Json = None
        for changes in history:
            document = patch(document, changes)
        assert exact(document) == exact(third)
        assert [[str(change) for change in changes] for changes in history] == recorded

    def test_a_change_set_of_another_document_is_refused(self) -> None:
        for changes in (diff({"a": {"b": 1}}, {"a": {"b": 2}}), diff({"a": 1}, {})):
            with pytest.raises(LookupError):
                patch({}, changes)

    @given(PAIRS)
    def test_the_effect_is_empty_where_nothing_has_changed_and_only_there(self, pair: tuple[Json, Json]) -> None:
        assert bool(effect(diff(*pair))) == (exact(pair[0]) != exact(pair[1]))


class TestEffect:
    @given(st.data(), NAMES, NAMES)
    def test_the_order_of_members_makes_no_difference(
        self, data: st.DataObject, before: list[str], after: list[str]
    ) -> None:
        assume(set(before) != set(after))
        one = diff({"team": before}, {"team": after})
        other = diff(
            {"team": data.draw(st.permutations(before))},
            {"team": data.draw(st.permutations(after))},
        )
        assert effect(one) == effect(other)
        assert same_effect(one, other)

    @given(st.data())
    def test_a_mere_reorder_is_all_that_such_a_change_means(self, data: st.DataObject) -> None:
        before = data.draw(NAMES)
        after = list(data.draw(st.permutations(before)))
        assume(before != after)
        (change,) = diff({"team": before}, {"team": after})
        assert change.kind is ChangeKind.ORDER
        assert effect([change]) == (change,)

    @given(NAMES, st.text(max_size=3), st.text(max_size=3))
    def test_two_who_each_add_a_member_do_not_disturb_each_other(self, team: list[str], ada: str, eve: str) -> None:
        assume(ada != eve and ada not in team and eve not in team)
        alone = diff({"team": team}, {"team": [*team, ada]})
        later = diff({"team": [*team, eve]}, {"team": [*team, eve, ada]})
        inserted = diff({"team": [eve, *team]}, {"team": [ada, eve, *team]})
        assert same_effect(alone, later)
        assert same_effect(alone, inserted)
        assert not same_effect(alone, diff({"team": team}, {"team": [*team, eve]}))

    @given(st.dictionaries(st.text(max_size=3), SCALARS, max_size=4), SCALARS)
    def test_nor_do_two_who_each_set_another_key(self, table: dict[str, Json], value: Json) -> None:
        assume("ada" not in table and "eve" not in table)
        alone = diff(table, {**table, "ada": value})
        later = diff({**table, "eve": value}, {**table, "eve": value, "ada": value})
        assert same_effect(alone, later)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (({}, {"a": 1}), ({}, {"a": 1.0})),
            (({}, {"a": 1}), ({}, {"a": True})),
            (({}, {"a": 0.0}), ({}, {"a": -0.0})),
            (({"a": 1}, {"a": 2}), ({"a": 3}, {"a": 2})),
            (({}, {"a": 1}), ({"a": 1}, {})),
            (({}, {"a": 1}), ({}, {"b": 1})),
            (({}, {"a": None}), ({}, {})),
            (({"a": []}, {"a": [1]}), ({"a": []}, {"a": [True]})),
            (({"a": [1]}, {"a": []}), ({"a": []}, {"a": [1]})),
            (({"a": [0.0]}, {"a": [-0.0]}), ({"a": [0.0]}, {"a": [0.0]})),
            (({"a": [1, 1]}, {"a": [1]}), ({"a": [1, 1, 1]}, {"a": [1]})),
        ],
    )
    def test_effects_that_look_alike_are_told_apart(self, one: tuple[Json, Json], other: tuple[Json, Json]) -> None:
        assert not same_effect(diff(*one), diff(*other))

    @given(PAIRS)
    def test_an_effect_is_its_own_effect(self, pair: tuple[Json, Json]) -> None:
        once = effect(diff(*pair))
        assert effect(once) == once


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, {"a": {"b": 1}}, '/a: + {"b":1}'),
        ({"a": None}, {}, "/a: - null"),
        ({"a": 1}, {"a": True}, "/a: 1 -> true"),
        ({"a": ["x", "y"]}, {"a": ["y", "z"]}, '/a: -"x" +"z"'),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, '/a: ["x","y"] -> ["y","x"]'),
        ({"a/b": {"~": 1}}, {"a/b": {"~": 2}}, "/a~1b/~0: 1 -> 2"),
        ([], {}, "(whole): [] -> {}"),
        ({"": 1}, {"": 2}, "/: 1 -> 2"),
    ],
)
def test_a_change_can_be_read(before: Json, after: Json, words: str) -> None:
    assert [str(change) for change in diff(before, after)] == [words]

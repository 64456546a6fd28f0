"""Change sets: replay gives the new value exactly, and the effect is the meaning of a change."""

from copy import deepcopy
from itertools import pairwise, permutations
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from anyjson import OBJECTS, SCALARS, VALUES, Json, exact
from placet.errors import InputError
from placet.model.canonical import canonical
from placet.model.changes import Change, ChangeKind, Changes, diff, patch, same_effect

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
    def test_a_change_set_is_empty_where_nothing_has_changed_and_only_there(self, pair: tuple[Json, Json]) -> None:
        assert bool(diff(*pair)) == (exact(pair[0]) != exact(pair[1]))


def moved_past(before: list[str], after: list[str]) -> set[tuple[str, str]]:
    return {
        (first, second)
        for first, second in permutations(set(before) & set(after), 2)
        if after.index(first) < after.index(second) and before.index(first) > before.index(second)
    }


def placed(came: set[str], after: list[str], other: list[str]) -> set[tuple[str, str]]:
    """Give the order of each member that came against each member that both results hold."""
    both = set(after) & set(other)
    return {
        (first, second)
        for first, second in permutations(both, 2)
        if came & {first, second} and after.index(first) < after.index(second)
    }


def means_the_same(one: tuple[list[str], list[str]], two: tuple[list[str], list[str]]) -> bool:
    """Say by the definition what `same_effect` says of two change sets."""
    (before, after), (other_before, other_after) = one, two
    came, other_came = set(after) - set(before), set(other_after) - set(other_before)
    return (
        came == other_came
        and set(before) - set(after) == set(other_before) - set(other_after)
        and moved_past(before, after) == moved_past(other_before, other_after)
        and placed(came, after, other_after) == placed(came, other_after, after)
    )


FEW = st.lists(st.sampled_from("abcdef"), unique=True, max_size=5)


@st.composite
def drifted(draw: st.DrawFn) -> tuple[tuple[list[str], list[str]], tuple[list[str], list[str]]]:
    """Draw a change of a list, and the same or nearly the same change of a list that others have changed meanwhile."""
    before = draw(FEW)
    after = draw(st.permutations(draw(st.lists(st.sampled_from([*before, "x", "y"]), unique=True))))
    other_before = draw(st.one_of(st.just(before), FEW, st.permutations(before)))
    came = [member for member in after if member not in before]
    rest = [member for member in other_before if member not in before or member in after]
    other_after = draw(st.one_of(st.just([*rest, *came]), st.permutations([*rest, *came])))
    return (before, list(after)), (list(other_before), list(other_after))


class TestEffect:
    @settings(max_examples=300)
    @given(drifted())
    def test_it_is_never_the_same_where_the_definition_says_otherwise(
        self, pair: tuple[tuple[list[str], list[str]], tuple[list[str], list[str]]]
    ) -> None:
        one, two = pair
        if same_effect(diff(*one), diff(*two)):
            assert means_the_same(one, two)

    @settings(max_examples=500)
    @given(drifted(), st.lists(FEW, max_size=2))
    def test_with_what_happened_between_it_is_just_what_the_definition_says(
        self, pair: tuple[tuple[list[str], list[str]], tuple[list[str], list[str]]], steps: list[list[str]]
    ) -> None:
        one, two = pair
        states = [one[0], *steps, two[0]]
        between = [diff(before, after) for before, after in pairwise(states)]
        both = set(one[0]) & set(two[0])
        same = same_effect(diff(*one), diff(*two), between)
        if [member for member in one[0] if member in both] == [member for member in two[0] if member in both]:
            assert same is means_the_same(one, two)
        elif same:
            assert means_the_same(one, two)

    @pytest.mark.parametrize(
        "between",
        [
            [diff({"m": ["a"]}, {"m": []}), diff({"m": []}, {"m": ["a", "b"]})],
            [diff({"m": ["a"]}, {"m": ["b"]}), diff({"m": ["b"]}, {"m": ["a", "b"]})],
            [diff({"m": ["a"]}, {"m": ["a", "b"]}), diff({"x": 1}, {"x": 2})],
        ],
    )
    def test_somebody_elses_members_make_no_difference_to_who_adds_at_the_end(self, between: list[Changes]) -> None:
        one, two = diff({"m": ["a"]}, {"m": ["a", "x"]}), diff({"m": ["a", "b"]}, {"m": ["a", "x", "b"]})
        assert not same_effect(one, two)
        assert same_effect(one, two, between)
        assert not same_effect(one, diff({"m": ["a", "b"]}, {"m": ["x", "a", "b"]}), between)

    @pytest.mark.parametrize(
        "unknown",
        [
            diff({"m": ["a"]}, {"m": {}}),
            diff({"m": ["a"]}, {"m": [["a"]]}),
            diff({"m": ["a"]}, {}),
            diff(["a"], {"m": ["a", "b"]}),
        ],
    )
    def test_where_the_list_itself_was_replaced_nothing_is_known(self, unknown: Changes) -> None:
        one, two = diff({"m": ["a"]}, {"m": ["a", "x"]}), diff({"m": ["a", "b"]}, {"m": ["a", "x", "b"]})
        assert not same_effect(one, two, [unknown])

    @settings(max_examples=300)
    @given(FEW, st.lists(st.sampled_from("uvwxyz"), unique=True, max_size=3), st.sampled_from("uvwxyz"), st.booleans())
    def test_two_who_add_at_the_end_or_sorted_do_not_disturb_each_other(
        self, team: list[str], others: list[str], name: str, in_order: bool
    ) -> None:
        assume(name not in others)
        if in_order:  # with somebody at the end, before whom everybody else comes
            team, later = sorted([*team, "~"]), sorted([*team, "~", *others])
            assert same_effect(diff(team, sorted([*team, name])), diff(later, sorted([*later, name])))
        else:
            later = [*team, *others]
            assert same_effect(diff(team, [*team, name]), diff(later, [*later, name]))

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            (("ad", "abd"), ("d", "db"), False),  # approved before the denial, executed behind it
            (("abc", "xcab"), ("abc", "xacb"), False),  # c was moved, and then b
            (("abc", "cab"), ("abc", "cab"), True),
            (("abc", "cab"), ("abcd", "cabd"), True),
            (("abc", "cab"), ("adbc", "cadb"), False),  # nobody saw that c would also pass d
            (("ab", "xab"), ("ba", "xba"), False),
            (("ab", "xab"), ("cab", "xcab"), True),
            (("ab", "abx"), ("ab", "xab"), False),
            (("ab", "abxy"), ("ab", "abyx"), False),
            (("ab", "axb"), ("acb", "axcb"), True),
            (("ab", "axb"), ("acb", "acxb"), True),
            (("ab", "ba"), ("ba", "ab"), False),
            (("abc", "ac"), ("cba", "ca"), True),
            (("abc", "ca"), ("abc", "ac"), False),
            (("", "x"), ("ab", "abx"), True),
        ],
    )
    def test_the_order_of_what_both_hold_counts_and_the_places_between_others_do_not(
        self, one: tuple[str, str], other: tuple[str, str], same: bool
    ) -> None:
        left, right = (diff(list(before), list(after)) for before, after in (one, other))
        assert same_effect(left, right) is same_effect(right, left) is same

    def test_long_lists_are_compared_quickly(self) -> None:
        before: list[Json] = list(range(10_000))
        one, other = diff(before, before[::-1]), diff([*before, -1], [*before[::-1], -1])
        assert same_effect(one, other)
        assert not same_effect(one, diff(before, [*before[:1], *before[:0:-1]]))

    @given(st.data())
    def test_a_mere_reorder_is_all_that_such_a_change_means(self, data: st.DataObject) -> None:
        before = data.draw(NAMES)
        after = list(data.draw(st.permutations(before)))
        assume(before != after)
        (change,) = diff({"team": before}, {"team": after})
        assert change.kind is ChangeKind.ORDER
        assert same_effect([change], [change])
        assert not same_effect([change], [])

    @given(NAMES, st.text(max_size=3), st.text(max_size=3))
    def test_two_who_each_add_a_member_do_not_disturb_each_other(self, team: list[str], ada: str, eve: str) -> None:
        assume(ada != eve and ada not in team and eve not in team)
        alone = diff({"team": team}, {"team": [*team, ada]})
        later = diff({"team": [*team, eve]}, {"team": [*team, eve, ada]})
        inserted = diff({"team": [eve, *team]}, {"team": [ada, eve, *team]})
        assert same_effect(alone, later)
        assert not same_effect(alone, inserted)
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
    def test_a_change_set_means_the_same_as_itself(self, pair: tuple[Json, Json]) -> None:
        assert same_effect(diff(*pair), diff(*deepcopy(pair)))


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


@pytest.mark.parametrize("kind", [[], {}, None, "moved"], ids=str)
def test_a_change_is_of_a_kind_there_is(kind: Any) -> None:  # noqa: ANN401 - junk
    with pytest.raises(InputError, match="of a change is none; use added, removed"):
        Change("/x", kind)

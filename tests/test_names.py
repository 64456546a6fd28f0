"""What may be an id, a text, a moment or metadata: each refusal names the value, the rule and the way out."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placet.errors import InputError, NotCanonicalError
from placet.model.canonical import parse
from placet.model.names import (
    MAX_ID,
    MAX_TEXT,
    checked_id,
    checked_moment,
    checked_text,
    described,
    storable,
    written_metadata,
)

PRINTABLE = st.characters(exclude_categories=["C", "Z"])


class TestIds:
    @given(st.text(PRINTABLE, min_size=1, max_size=MAX_ID))
    def test_printable_text_is_an_id_and_comes_back_unchanged(self, value: str) -> None:
        assert checked_id("request_id", value) == value

    @pytest.mark.parametrize(
        "value", ["a", "a b", "tenant-42:roles", "../etc", "e\u0301", "\u00e9", "日本", "x" * MAX_ID]
    )
    def test_ids_are_kept_as_they_are(self, value: str) -> None:
        assert checked_id("request_id", value) is value

    @pytest.mark.parametrize(
        ("value", "rule"),
        [
            ("", "is empty"),
            ("x" * (MAX_ID + 1), "has 257 characters"),
            ("x" * 10_000, "has 10000 characters"),
            ("a\0b", "holds a control character"),
            ("a\nb", "holds a control character"),
            ("a\u202eb", "holds a control character"),
            ("\ud800", "lone surrogate"),
            (" a", "begins or ends with white space"),
            ("a ", "begins or ends with white space"),
            ("a\n", "begins or ends with white space"),
            ("\u3000a", "begins or ends with white space"),
            (" ", "begins or ends with white space"),
            (None, "is a NoneType, not a string"),
            (5, "is a int, not a string"),
            (b"a", "is a bytes, not a string"),
            (["a"], "is a list, not a string"),
        ],
    )
    def test_what_is_no_id_is_refused_with_its_name_its_value_and_the_rule(self, value: object, rule: str) -> None:
        with pytest.raises(InputError) as refused:
            checked_id("request_id", value)
        message = str(refused.value)
        assert message.startswith(f"request_id={value!r}"[:60])
        assert rule in message
        assert "use 1 to 256 printable characters" in message
        assert len(message) < 200
        message.encode()

    @given(st.text(st.characters(categories=["C"]), min_size=1, max_size=3), st.text(max_size=3))
    def test_nothing_invisible_is_in_an_id(self, hidden: str, rest: str) -> None:
        with pytest.raises(InputError):
            checked_id("request_id", f"a{rest}{hidden}b")


class TestTexts:
    @given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
    def test_any_other_text_comes_back_unchanged(self, value: str) -> None:
        assert checked_text("reason", value) == value

    @pytest.mark.parametrize(
        ("value", "rule"),
        [
            ("x" * (MAX_TEXT + 1), "has 10001 characters; keep it to 10000"),
            ("a\0b", "holds NUL or a lone surrogate"),
            ("\udcff", "holds NUL or a lone surrogate"),
            (None, "is a NoneType; pass a string"),
            (b"a", "is a bytes; pass a string"),
        ],
        ids=lambda value: repr(value)[:12],
    )
    def test_what_a_store_cannot_keep_is_refused(self, value: object, rule: str) -> None:
        with pytest.raises(InputError, match="^reason ") as refused:
            checked_text("reason", value)
        assert rule in str(refused.value)

    def test_the_longest_text_is_taken(self) -> None:
        assert checked_text("reason", "x" * MAX_TEXT) == "x" * MAX_TEXT


class TestMoments:
    @given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), st.integers(-840, 840))  # noqa: DTZ001 - bounds are naive
    def test_a_moment_comes_back_in_utc(self, moment: datetime, minutes: int) -> None:
        local = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        checked = checked_moment("expires_at", local)
        assert checked == local
        assert checked.tzinfo is UTC

    @pytest.mark.parametrize(
        ("value", "rule"),
        [
            (datetime(2026, 1, 31, 12), "expires_at=2026-01-31T12:00:00 has no time zone"),  # noqa: DTZ001 - the point
            ("2026-01-31", "expires_at is a str; pass an aware datetime"),
            (1_769_860_800, "expires_at is a int; pass an aware datetime"),
            (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), "is in no year that UTC has"),
            (datetime.min.replace(tzinfo=timezone(timedelta(hours=1))), "is in no year that UTC has"),
        ],
    )
    def test_what_is_no_moment_is_refused(self, value: object, rule: str) -> None:
        with pytest.raises(InputError) as refused:
            checked_moment("expires_at", value)
        assert rule in str(refused.value)


class TestMetadata:
    @pytest.mark.parametrize("value", [{}, {"ticket": "INC-42", "n": [1, {"x": None}]}])
    def test_json_objects_are_metadata(self, value: dict[str, Any]) -> None:
        assert parse(written_metadata("metadata", value)) == value

    @pytest.mark.parametrize("value", [None, [], "text", [("a", 1)], 5])
    def test_anything_but_a_dict_is_refused(self, value: object) -> None:
        with pytest.raises(InputError, match="metadata is a .*; pass a dict of JSON values"):
            written_metadata("metadata", value)

    @pytest.mark.parametrize(
        "value", [{"x": math.nan}, {1: 2}, {"x": {1}}, {"x": "\ud800"}, {"x": datetime(2026, 1, 1, tzinfo=UTC)}]
    )
    def test_what_is_not_json_is_refused_by_name(self, value: dict[Any, Any]) -> None:
        with pytest.raises(NotCanonicalError, match="^metadata"):
            written_metadata("metadata", value)


class Mute(Exception):  # noqa: N818 - a name for the test
    def __str__(self) -> str:
        raise RuntimeError("no words")


class TestDescriptions:
    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda: ValueError("no room"), "ValueError: no room"),
            (ValueError, "ValueError: "),
            (lambda: KeyError("a"), "KeyError: 'a'"),
            (lambda: ValueError("a\0b\ud800"), "ValueError: a\\x00b\\ud800"),
            (Mute, "Mute: (its message cannot be read: RuntimeError)"),
            (KeyboardInterrupt, "KeyboardInterrupt: "),
        ],
    )
    def test_any_exception_can_be_described(self, make: Callable[[], BaseException], words: str) -> None:
        assert described(make()) == words

    @given(st.text(st.characters(), max_size=50))
    def test_what_is_made_storable_passes_the_rule_for_text(self, text: str) -> None:
        assert checked_text("error", storable(text))[:0] == ""
        assert checked_text("error", storable(text * 1000)) == storable(text * 1000)

    def test_a_long_text_is_cut_off(self) -> None:
        cut = storable("x" * 1_000_000)
        assert len(cut) == MAX_TEXT
        assert cut.endswith("x...")

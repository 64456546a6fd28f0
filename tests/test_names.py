"""What may be an id, a text, a moment or metadata: each refusal names the value, the rule and the way out."""

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house import HOUSE, AddTeam, GrantRole, Roles, opened, refused
from placet import (
    Actor,
    ActorKind,
    Delegation,
    Emergency,
    FreezeWindow,
    Governance,
    Intent,
    StaticDirectory,
    Status,
    allow,
    allow_emergency,
    freeze,
    require_approval,
)
from placet.engine.registry import Registry
from placet.errors import (
    ConfigurationError,
    InputError,
    NotCanonicalError,
    RequestNotFoundError,
    StateNotFoundError,
)
from placet.model.canonical import parse
from placet.model.invisible import invisible
from placet.model.names import (
    MAX_ID,
    MAX_TEXT,
    checked_choice,
    checked_id,
    checked_moment,
    checked_text,
    described,
    storable,
    written_metadata,
)
from placet.requirements import Approval, Dependency, ExternalCheck, Freeze, ManualReview
from placet.store.port import Store
from placet.testing import FrozenClock

PRINTABLE = st.characters(exclude_categories=["C", "Z"]).filter(lambda letter: not invisible(letter))


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


IGNORABLE = [0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0x200B, 0x2010)]
IGNORABLE += [*range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0]
IGNORABLE += [*range(0xFFF0, 0xFFF9), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE1000)]
BLANK = [0x2800, 0x13441, 0x13442, 0x16FE4, 0x1D159]


class TestLookalikes:
    @pytest.mark.parametrize("point", [*IGNORABLE[::7], *BLANK, 0x3164, 0x115F, 0xFE0F, 0xE01EF], ids="{:04X}".format)
    def test_what_prints_as_nothing_is_in_no_id_and_is_named(self, point: int) -> None:
        for value in (chr(point), f"ann{chr(point)}", f"a{chr(point)}nn"):
            with pytest.raises(InputError, match=rf"U\+{point:04X}\b"):
                checked_id("by", value)

    def test_nor_is_any_other_of_them(self) -> None:
        assert [point for point in IGNORABLE if invisible(f"a{chr(point)}") != chr(point)] == []

    @pytest.mark.parametrize("value", ["\u0430nn", "e\u0301", "日本", "\U0001f468", "a\u0308", "क्षि"])
    def test_letters_of_other_scripts_and_marks_that_show_are_taken(self, value: str) -> None:
        assert checked_id("by", value) == value

    @pytest.mark.parametrize("hidden", ["\u3164", "\u2800", "\ufe0f", "\u200b"])
    def test_the_same_holds_for_every_name_that_people_compare(self, hidden: str) -> None:
        name, soon = f"lead{hidden}", datetime(2026, 1, 1, tzinfo=UTC)
        declared: list[Callable[[], object]] = [
            lambda: Actor("ann", roles=(name,)),
            lambda: Actor("ann", groups=(name,)),
            lambda: Actor(name),
            lambda: Actor("ann", on_behalf_of=name),
            lambda: Delegation(name, "ann", soon, soon + timedelta(1)),
            lambda: Delegation("ann", name, soon, soon + timedelta(1)),
            lambda: Approval(actors=(name,)),
            lambda: Approval(roles=(name,)),
            lambda: Approval(groups=(name,)),
            lambda: ManualReview(name=name),
            lambda: ExternalCheck(name=name),
            lambda: Freeze(name=name, until=soon),
            lambda: Freeze(name="sale", until=soon, waiver_roles=(name,)),
            lambda: Dependency(request_id=name),
            lambda: FreezeWindow(name, soon, soon + timedelta(1)),
            lambda: freeze([], waiver_roles=(name,)),
            lambda: allow_emergency([name]),
            lambda: allow_emergency(["ops"], reviewer_roles=[name]),
            lambda: require_approval(roles=[name]),
            lambda: Intent("x", tags=(name,)),
            lambda: opened(administrator_role=name),
            lambda: Registry([type("Named", (GrantRole,), {"mutation_name": name})]),
            lambda: Registry().register_state(type("Named", (Roles,), {"type_name": name})),
        ]
        for declare in declared:
            with pytest.raises((ConfigurationError, InputError), match=rf"U\+{ord(hidden):04X}"):
                declare()


class Raising:
    """A collection that cannot be read to its end."""

    def __iter__(self) -> Iterator[str]:
        yield "lead"
        raise KeyError


class TestCollections:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"lead": False},
            b"lead",
            bytearray(b"lead"),
            "lead",
            range(2),
            [None],
            [b"lead"],
            [""],
            7,
            None,
            str,
            Raising(),
            {"lead": False}.items(),
        ],
        ids=lambda each: type(each).__name__,
    )
    def test_only_a_collection_of_strings_is_one(self, wrong: Any) -> None:  # noqa: ANN401 - the point
        declared: list[Callable[[], object]] = [
            lambda: Actor("ann", roles=wrong),
            lambda: Actor("ann", groups=wrong),
            lambda: Approval(roles=wrong),
            lambda: Approval(actors=wrong),
            lambda: Approval(kinds=wrong),
            lambda: Freeze(name="sale", until=datetime(2026, 1, 1, tzinfo=UTC), waiver_roles=wrong),
            lambda: freeze([], waiver_roles=wrong),
            lambda: allow_emergency(wrong),
            lambda: allow_emergency(["ops"], reviewer_roles=wrong),
            lambda: require_approval(groups=wrong),
            lambda: Intent("x", tags=wrong),
        ]
        for declare in declared:
            with pytest.raises(ConfigurationError):
                declare()

    def test_a_mapping_is_no_list_of_anything(self, clock: FrozenClock) -> None:
        ann, window = Actor("ann"), FreezeWindow("sale", clock(), clock() + timedelta(1))
        wrong: Any = [{ann: False}, {GrantRole: False}, {allow(): False}, {Approval(): False}, {"r-1": False}]
        for declare in (
            lambda: StaticDirectory(wrong[0]),
            lambda: StaticDirectory([ann], {Delegation("ann", "bob", clock(), clock() + timedelta(1)): False}),
            lambda: Governance.open("memory:", directory=StaticDirectory([ann]), mutations=wrong[1]),
            lambda: opened(policies=wrong[2]),
            lambda: freeze({window: False}),
            lambda: opened().submit(AddTeam(team="x"), to=HOUSE, by="bob", requirements=wrong[3]),
            lambda: opened().execute_many(wrong[4], by="bob"),
        ):
            with pytest.raises((ConfigurationError, InputError), match="is no collection|type dict for a calendar"):
                declare()

    def test_sets_generators_and_views_are(self) -> None:
        several: list[Any] = [{"b", "a"}, (each for each in "ba"), {"a": 1, "b": 2}.keys(), ["a", "b", "a"]]
        for roles in several:
            assert Actor("ann", roles=roles).roles == ("a", "b")


class Sly(str):
    """A string that says it equals anything, and has the same place in every table."""

    __slots__ = ()

    def __eq__(self, _: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class TestStringsOfAnotherClass:
    def test_they_are_kept_as_strings_by_what_they_hold(self) -> None:
        made = Actor(Sly("ann"), ActorKind.HUMAN, (Sly("lead"),), (), Sly("bob"))
        held = (made.id, *made.roles, made.on_behalf_of)
        assert (held, {type(each) for each in held}) == (("ann", "lead", "bob"), {str})
        assert type(Emergency(Sly("fire"), Sly("INC-1")).reason) is str
        assert type(Freeze(name=Sly("sale"), until=datetime(2026, 1, 1, tzinfo=UTC)).name) is str
        assert type(Intent(Sly("x"), tags=(Sly("y"),)).tags[0]) is str
        assert type(checked_text("reason", Sly("so"))) is str

    def test_one_that_equals_every_choice_is_none(self) -> None:
        sly: Any = Sly("nothing")
        with pytest.raises(InputError, match="'nothing' is none"):
            checked_choice("status", sly, Status)
        for declare in (
            lambda: Actor("ann", sly),
            lambda: Intent("x", risk=sly),
            lambda: Approval(when_impossible=sly),
            lambda: Approval(kinds=(sly,)),
        ):
            with pytest.raises(ConfigurationError, match="'nothing'"):
                declare()

    def test_members_of_an_enumeration_are_what_they_say(self) -> None:
        class Team(StrEnum):
            ANN = "ann"

        assert Actor(Team.ANN).id == "ann"
        assert checked_choice("status", Status.PENDING, Status) is Status.PENDING

    def test_one_is_no_digest(self, store: Store) -> None:
        gov = opened(store)
        request = gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob")
        with refused(gov, request, "present_digest"):
            gov.approve(request.id, by="carol", digest=Sly("x" * 64))
        with refused(gov, request, "present_digest"):
            gov.reject(request.id, by="carol", reason="no", digest=Sly("x" * 64))
        assert gov.approve(request.id, by="carol", digest=Sly(request.digest)).status == "approved"

    def test_nor_an_id_a_status_or_a_cursor_of_something_else(self, store: Store) -> None:
        gov = opened(store)
        request = gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob")
        for read in (gov.get_request, gov.decisions, gov.waiting_for, gov.audit, gov.diagram):
            with pytest.raises(RequestNotFoundError, match="'nobody'"):
                read(Sly("nobody"))
        for look in (gov.get_state, gov.history):
            with pytest.raises(StateNotFoundError, match="'nowhere'"):
                look(Sly("nowhere"))
        wrong: list[dict[str, Any]] = [{name: Sly("nothing")} for name in ("status", "cursor", "review")]
        for each in wrong:
            with pytest.raises(InputError, match="nothing"):
                gov.find_requests(**each)
        assert [each.id for each in gov.find_requests(requester=Sly("bob"))] == [request.id]
        assert gov.get_request(Sly(request.id)) == request

    def test_what_they_name_at_submission_is_kept_as_strings(self, store: Store) -> None:
        gov = opened(store)
        said = {"reason": "so", "request_id": "r-77", "idempotency_key": "k-1", "correlation_id": "c-1"}
        words: dict[str, Any] = {name: Sly(value) for name, value in said.items()}
        made = gov.submit(
            GrantRole(user="ada", role="reader"),
            to=Sly(HOUSE),
            by=Sly("bob"),
            on_drift=Sly("revalidate"),
            **words,
        )
        assert (made.id, made.requester, made.terms.reason, made.on_drift) == ("r-77", "bob", "so", "revalidate")
        again = gov.submit(
            GrantRole(user="ada", role="reader"),
            to=HOUSE,
            by="bob",
            on_drift="revalidate",
            **words,
        )
        assert again == made


@pytest.mark.parametrize("own", ["…0df6f037b5da", "...0df6f037b5da", "?0df6f037b5da", "a…b"])
def test_no_request_is_called_what_looks_like_the_short_id_of_another(own: str) -> None:
    with pytest.raises(InputError, match="looks like a shortened id"):
        opened().submit(AddTeam(team="x"), to=HOUSE, by="bob", request_id=own)

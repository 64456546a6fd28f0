"""Canonical JSON: one value, one body, and the body gives the value back."""

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from anyjson import OBJECTS, VALUES, Json, exact, nested
from house import a_terms
from placet import Intent, Mutation, MutationEngine, State, allow
from placet.engine.registry import Registry
from placet.errors import ConfigurationError, InputError, IntegrityError, NotCanonicalError, PlacetError
from placet.model.actor import Actor
from placet.model.approval import Approval
from placet.model.canonical import Codec, canonical, digest, parse, stamp
from placet.model.state import state_body
from placet.model.terms import TERMS, Terms
from placet.model.trail import DECISIONS, Category, Decision

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=OFFSETS)  # noqa: DTZ001 - bounds are naive


def shuffled(value: Json, random: Any) -> Json:  # noqa: ANN401 - hypothesis' Random
    """Give the same JSON value with the keys of every object in another order."""
    if isinstance(value, dict):
        keys = list(value)
        random.shuffle(keys)
        return {key: shuffled(value[key], random) for key in keys}
    if isinstance(value, list):
        return [shuffled(member, random) for member in value]
    return value


class Invoice(State):
    total: Decimal = Decimal(0)
    due: datetime | None = None
    day: date | None = None
    wait: timedelta = timedelta()
    rows: dict[int, Decimal] = {}
    anything: Any = None


class Names(State):
    names: set[str] = set()
    by_team: dict[str, frozenset[str]] = {}


class Inner(BaseModel):
    names: set[str] = set()


class Outer(State):
    inner: Inner = Inner()


class Aliased(State):
    limit: int = Field(alias="LIMIT")


class Pay(Mutation[Invoice]):
    intent = Intent(operation="pay")
    amount: Decimal
    on: datetime
    anything: Any = None

    def apply(self, state: Invoice) -> Invoice:
        return state.evolve(total=state.total - self.amount, due=self.on)


class Rename(Mutation[Names]):
    intent = Intent(operation="rename")
    names: frozenset[str]

    def apply(self, state: Names) -> Names:
        return state.evolve(names=state.names | self.names, by_team={"all": self.names})


class TestOneValueOneBody:
    @given(VALUES)
    def test_the_body_gives_the_value_back_exactly(self, value: Json) -> None:
        assert exact(parse(canonical(value))) == exact(value)

    @given(VALUES, st.randoms(use_true_random=False))
    def test_the_order_of_keys_makes_no_difference(self, value: Json, random: Any) -> None:  # noqa: ANN401 - a Random
        assert canonical(shuffled(value, random)) == canonical(value)

    @given(VALUES, VALUES)
    def test_two_values_have_the_same_body_only_if_they_are_the_same(self, one: Json, other: Json) -> None:
        assert (canonical(one) == canonical(other)) == (exact(one) == exact(other))

    @given(OBJECTS)
    def test_a_value_read_back_has_the_same_body_again(self, value: Json) -> None:
        body = canonical(value)
        assert canonical(parse(body)) == body

    @given(VALUES)
    def test_the_body_is_plain_json_without_white_space_between(self, value: Json) -> None:
        assert exact(json.loads(canonical(value))) == exact(value)
        assert not set(canonical(json.loads(exact(value).replace(" ", "")))) & set(b" \n")

    def test_composed_and_decomposed_letters_stay_what_they_are(self) -> None:
        assert canonical("\u00e9") != canonical("e\u0301")
        assert parse(canonical({"\u212b": "A\u030a"})) == {"\u212b": "A\u030a"}

    def test_integers_of_any_size_are_exact(self) -> None:
        for number in (2**53 + 1, 2**64 - 1, 2**64, -(2**63) - 1, 10**4000):
            assert parse(canonical([number])) == [number]

    def test_minus_zero_one_and_true_are_values_of_their_own(self) -> None:
        assert len({canonical(each) for each in (0, 0.0, -0.0, 1, 1.0, True, False, "1", None)}) == 9

    def test_a_chained_digest_depends_on_what_went_before(self) -> None:
        assert len({digest(b"x"), digest(b"x", digest(b"")), digest(b"y")}) == 3


class Text(str):
    __slots__ = ()


class TestRefusals:
    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (math.nan, "nan"),
            ({"rate": [1.5, math.inf]}, "/rate/1 is inf"),
            ({"rate": -math.inf}, "/rate is -inf"),
            ("\ud800", "surrogate"),
            ({"\udfff": 1}, "surrogate"),
            ({1: "one"}, "key must be str"),
            ({None: 1}, "key must be str"),
            ({(1, 2): 1}, "key must be str"),
            ({"a", "b"}, "set"),
            (datetime(2026, 1, 1, tzinfo=UTC), "datetime"),
            (date(2026, 1, 1), "date"),
            (Decimal(1), "Decimal"),
            (b"bytes", "bytes"),
            (1j, "complex"),
            (object(), "object"),
            (Text("x"), "Text"),
        ],
        ids=repr,
    )
    def test_what_has_no_exact_json_form_is_refused_by_name(self, value: object, words: str) -> None:
        with pytest.raises(NotCanonicalError, match=words) as refused:
            canonical(value, "the payload")
        assert str(refused.value).startswith("the payload")

    def test_an_integer_that_python_does_not_write_is_refused(self) -> None:
        with pytest.raises(NotCanonicalError, match=r"the payload .*digits"):
            canonical(10**5000, "the payload")

    @pytest.mark.parametrize("leaf", [1, 2**70])
    @pytest.mark.parametrize("levels", [185, 254, 255, 1_000, 50_000])
    def test_deep_nesting_is_a_typed_refusal(self, levels: int, leaf: int) -> None:
        with pytest.raises(NotCanonicalError, match="the payload"):
            canonical(nested(levels, leaf), "the payload")

    @pytest.mark.parametrize(
        "value", [{1: 2}, {None: 0}, {"a": {2: 3}}, [{"k": [{True: 1}]}], {3}, math.nan, "\ud800", object()], ids=repr
    )
    def test_it_is_refused_just_so_beside_an_integer_over_64_bit(self, value: object) -> None:
        for mixed in ([2**70, value], [value, 2**70]):
            with pytest.raises(NotCanonicalError, match="the payload"):
                canonical(mixed, "the payload")

    @pytest.mark.parametrize("beside", [1, 2**70])
    def test_a_value_that_holds_itself_is_refused(self, beside: int) -> None:
        value: list[Any] = [beside]
        value.append(value)
        with pytest.raises(NotCanonicalError):
            canonical(value)

    @pytest.mark.parametrize("leaf", [1, 2**70])
    @given(levels=st.integers(0, 400))
    def test_however_deep_it_is_either_readable_or_refused(self, levels: int, leaf: int) -> None:
        value = nested(levels, leaf)
        try:
            body = canonical({"value": value})
        except NotCanonicalError:
            assert levels > 180
        else:
            assert parse(body) == {"value": value}

    def test_a_wide_value_may_have_any_number_of_members(self) -> None:
        wide = {str(number): [number] for number in range(1000)}
        assert parse(canonical(wide)) == wide


class TestMoments:
    @given(MOMENTS)
    def test_there_is_one_format_whatever_the_time_zone(self, moment: datetime) -> None:
        text = stamp(moment)
        assert len(text) == len("2026-01-31T12:00:00.000000Z")
        assert text.endswith("Z")
        assert datetime.fromisoformat(text) == moment.astimezone(UTC)

    def test_it_is_this_format(self) -> None:
        noon = datetime(2026, 1, 31, 13, tzinfo=timezone(timedelta(hours=1)))
        assert stamp(noon) == "2026-01-31T12:00:00.000000Z"
        assert stamp(datetime(999, 1, 1, tzinfo=UTC)) == "0999-01-01T00:00:00.000000Z"

    def test_a_moment_without_time_zone_is_refused(self) -> None:
        with pytest.raises(InputError, match="no time zone"):
            stamp(datetime(2026, 1, 31))  # noqa: DTZ001 - the point


DECISION = Decision(
    request_id="r",
    seq=1,
    at=datetime(2026, 1, 31, 12, tzinfo=UTC),
    category=Category.LIFECYCLE,
    code="submitted",
    trigger="submit",
    from_status="created",
    to_status="pending",
    actor="bob",
    on_behalf_of=None,
    reason="because",
    digest="d",
    seal="s",
    metadata={"a": [1, 2.0, None]},
)


class TestCodec:
    def test_a_record_comes_back_as_it_was(self) -> None:
        assert DECISIONS.load(DECISIONS.dump(DECISION), "r#1") == DECISION

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b"{}",
            b"{",
            b"\xff\xfe",
            b"not json",
            b"[" * 5000,
            DECISIONS.dump(DECISION)[:-1],
            DECISIONS.dump(DECISION).replace(b"lifecycle", b"lifestyle"),
            DECISIONS.dump(DECISION).replace(b".000000Z", b".000000"),
            DECISIONS.dump(DECISION).replace(b'"seq":1', b'"seq":"one"'),
        ],
    )
    def test_garbage_is_an_integrity_error_that_names_table_and_row(self, body: bytes) -> None:
        with pytest.raises(IntegrityError, match="r#1") as broken:
            DECISIONS.load(body, "r#1")
        assert (broken.value.table, broken.value.row) == ("placet_decisions", "r#1")

    @given(st.binary())
    def test_any_bytes_are_a_record_or_an_integrity_error(self, body: bytes) -> None:
        with pytest.raises(IntegrityError):
            DECISIONS.load(body, "r#1")

    def test_a_record_that_breaks_its_own_rule_is_an_integrity_error(self) -> None:
        with pytest.raises(IntegrityError, match="whole number from 1"):
            Codec(Approval, "placet_terms").load(b'{"count":0,"roles":[],"groups":[]}', "r#1")

    def test_a_record_too_deep_to_be_read_back_is_refused(self) -> None:
        class Deep(BaseModel):
            value: Any

        codec = Codec(Deep, "placet_audit")
        assert codec.load(codec.dump(Deep(value=nested(190))), "r") == Deep(value=nested(190))
        with pytest.raises(NotCanonicalError, match="placet_audit"):
            codec.dump(Deep(value=nested(220)))


class TestStatesAndMutations:
    @given(st.decimals(allow_nan=False, allow_infinity=False), MOMENTS, st.integers(), st.timedeltas())
    def test_decimals_moments_and_spans_are_exact(
        self, number: Decimal, moment: datetime, key: int, span: timedelta
    ) -> None:
        state = Invoice(total=number, due=moment, day=moment.date(), wait=span, rows={key: number})
        back = Invoice.model_validate_json(state_body(state))
        assert (str(back.total), back.due, back.day, back.wait) == (str(number), moment, moment.date(), span)
        assert list(back.rows) == [key]
        assert state_body(back) == state_body(state)

    @given(st.decimals(allow_nan=False, allow_infinity=False), MOMENTS)
    def test_a_payload_comes_back_as_it_was(self, number: Decimal, moment: datetime) -> None:
        pay = Pay(amount=number, on=moment)
        back = Registry([Pay]).rebuild("Pay", 1, pay.payload())
        assert isinstance(back, Pay)
        assert (str(back.amount), back.on) == (str(number), moment)
        assert back.payload() == pay.payload()

    def test_a_naive_moment_in_a_state_stays_naive(self) -> None:
        noon = datetime(2026, 1, 31, 12)  # noqa: DTZ001 - the point
        assert Invoice.model_validate_json(state_body(Invoice(due=noon))).due == noon

    @pytest.mark.parametrize(
        "value",
        [math.nan, [math.inf], {"x": -math.inf}, object(), {"k": object()}, "\ud800", nested(190), b"\xff"],
        ids=lambda value: repr(value)[:12],
    )
    def test_a_field_of_any_type_that_holds_no_json_is_refused_not_altered(self, value: object) -> None:
        with pytest.raises(NotCanonicalError, match="Invoice"):
            state_body(Invoice(anything=value))
        with pytest.raises(NotCanonicalError, match="Pay"):
            Pay(amount=Decimal(1), on=datetime(2026, 1, 1, tzinfo=UTC), anything=value).payload()

    def test_a_field_that_has_no_end_is_refused(self) -> None:
        with pytest.raises(NotCanonicalError, match="Invoice"):
            state_body(Invoice(anything=nested(5000)))
        loop: list[Any] = []
        loop.append(loop)
        with pytest.raises(NotCanonicalError, match="Invoice"):
            state_body(Invoice.model_construct(anything=loop))

    def test_a_state_built_past_its_validation_is_refused(self) -> None:
        with pytest.raises(NotCanonicalError, match="Invoice"):
            state_body(Invoice.model_construct(rows=5))

    def test_a_field_with_an_alias_is_read_back_under_the_name_it_is_written_by(self) -> None:
        state = Aliased(LIMIT=5)
        assert Aliased.model_validate_json(state_body(state)) == state
        assert state.evolve(limit=6).limit == 6


class TestSets:
    @given(st.sets(st.text(max_size=3)))
    def test_a_set_is_written_in_the_order_of_its_members(self, names: set[str]) -> None:
        forwards, backwards = Names(names=names), Names(names=dict.fromkeys(sorted(names, reverse=True)).keys() | set())
        assert parse(state_body(forwards))["names"] == sorted(names, key=canonical)
        assert state_body(forwards) == state_body(backwards)
        assert Names.model_validate_json(state_body(forwards)) == forwards

    def test_every_process_gives_the_same_body_and_payload(self) -> None:
        program = (
            "from test_canonical import Names, Rename, state_body\n"
            "many = {f'name-{n}' for n in range(50)}\n"
            "print(state_body(Names(names=many, by_team={'x': many})), Rename(names=many).payload())"
        )
        runs = {
            subprocess.run(
                [sys.executable, "-c", program],
                env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
                capture_output=True,
                check=True,
            ).stdout
            for seed in ("1", "2", "3")
        }
        assert len(runs) == 1

    def test_a_stored_order_of_another_process_is_no_change_in_place(self) -> None:
        run = MutationEngine([allow()]).run(
            Rename(names=frozenset("zyxwv")), Names(names=set("abcdefgh")), Actor("bob")
        )
        assert run.accepted
        assert isinstance(run.after, Names)
        assert run.after.names == set("abcdefghvwxyz")

    def test_a_set_in_a_plain_model_which_nobody_puts_in_order_is_refused_at_registration(self) -> None:
        with pytest.raises(ConfigurationError, match="Outer holds a set inside a plain pydantic model"):
            Registry().register_state(Outer)


def test_every_refusal_is_one_of_our_errors() -> None:
    assert issubclass(NotCanonicalError, PlacetError)
    assert issubclass(NotCanonicalError, ValueError)


def test_of_a_subclass_of_the_users_own_only_what_is_declared_is_written() -> None:
    @dataclass(frozen=True)
    class OurIntent(Intent):
        team: str = "platform"

    ours = TERMS.dump(a_terms(intent=OurIntent(operation="grant-role")))
    assert ours == TERMS.dump(a_terms(intent=Intent(operation="grant-role")))


def test_a_record_is_written_as_pydantic_writes_it() -> None:
    for terms in (a_terms(), a_terms(approval_valid_for=timedelta(days=1)), a_terms(payload="\u00e9\u4e2d")):
        plain = TypeAdapter(Terms).dump_python(terms, mode="json")
        assert TERMS.dump(terms) == canonical(plain)

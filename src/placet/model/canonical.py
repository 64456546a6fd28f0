"""Canonical JSON and SHA-256: the one place where a value becomes bytes and a hash.

Canonical means: keys sorted, no white space, UTF-8, no NaN or Infinity, integers of any size exact, strings kept as
they are (no Unicode normalisation), moments in UTC with one format. Equal values give equal bytes, and the bytes give
the value back.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from functools import cached_property
from hashlib import sha256
from operator import attrgetter
from pathlib import PurePath
from traceback import extract_tb
from typing import Annotated, Any, Generic, NamedTuple, TypeAlias, TypeVar

import orjson
from pydantic import AfterValidator, AwareDatetime, PlainSerializer, TypeAdapter, ValidationError
from pydantic_core import from_json

from placet.errors import InputError, IntegrityError, NotCanonicalError, PlacetError, StoreUnavailableError

Json: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, or lists and string-keyed dicts of them."""

T = TypeVar("T")

MAX_JSON = 16_000_000
"""The largest payload, state, change set or metadata, in bytes of canonical JSON."""

_PLAIN = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS
_STRICT = _PLAIN | orjson.OPT_PASSTHROUGH_DATETIME

_READABLE = 200
"""How deep the JSON may be nested that can be read back."""

_SPARE = 16
"""Of these, how many levels are left to the records that a value is kept in."""


def canonical(value: Json, what: str = "value") -> bytes:
    """Give the canonical JSON of a JSON value.

    Args:
        value: the JSON value.
        what: how to name it in an error.

    Raises:
        NotCanonicalError: the value holds NaN, Infinity, a lone surrogate, a key that is no string, or something
            that is not JSON; or it is nested more than 184 levels deep.
    """
    body = written(value, what)
    if b"null" in body:  # orjson writes NaN as null, so only then can there be one
        _refuse_not_finite(value, what)
    return _readable(body, what, _SPARE)


def bounded(body: bytes, what: str) -> bytes:
    """Give canonical JSON back, or say that it is too large.

    Raises:
        InputError: it has more than 16,000,000 bytes.
    """
    if len(body) > MAX_JSON:
        raise InputError(f"{what} has {len(body):,} bytes of JSON; keep it to {MAX_JSON:,}, put more behind a link")
    return body


def written(value: Json, what: str) -> bytes:
    """Give the canonical JSON of a value that is known to be finite and flat: placet's own, or read from such JSON.

    Raises:
        NotCanonicalError: the value holds a lone surrogate, or something that is not JSON.
    """
    try:
        return orjson.dumps(value, option=_STRICT)
    except (TypeError, RecursionError) as error:
        return _canonical_by_hand(value, what, error)


def _canonical_by_hand(value: Json, what: str, error: Exception) -> bytes:
    """Write what orjson does not, integers over 64 bit, and refuse what nobody can."""
    if "64-bit" not in str(error):
        raise NotCanonicalError(f"{what} has no canonical JSON: {error}; use plain JSON values") from error
    try:
        _refuse_other_keys(value, what)
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except NotCanonicalError:
        raise
    except (TypeError, ValueError, RecursionError) as reason:
        raise NotCanonicalError(f"{what} has no canonical JSON: {reason}; use plain JSON values") from reason


def _readable(body: bytes, what: str, spare: int) -> bytes:
    """Give JSON back if it can be read where it is kept: `spare` levels down."""
    if body.count(b"[") + body.count(b"{") > _READABLE - spare:  # only then can it be nested so deep
        try:
            from_json(b"[" * spare + body + b"]" * spare)
        except ValueError as error:
            raise NotCanonicalError(
                f"{what} is nested more than {_READABLE - spare} levels deep; keep it flat"
            ) from error
    return body


def _refuse_other_keys(value: Json, what: str, path: str = "") -> None:
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str):
                raise NotCanonicalError(f"{what}{path} has the key {key!r}, which is no string; use str({key!r})")
            _refuse_other_keys(member, what, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            _refuse_other_keys(member, what, f"{path}/{index}")


def _refuse_not_finite(value: Json, what: str, path: str = "") -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise NotCanonicalError(f"{what}{path} is {value}, which JSON cannot say; use None or a string")
    if isinstance(value, dict):
        for key, member in value.items():
            _refuse_not_finite(member, what, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            _refuse_not_finite(member, what, f"{path}/{index}")


def parse(body: bytes | str) -> Json:
    """Read canonical JSON back, exactly.

    Raises:
        ValueError: the text is not JSON.
    """
    return from_json(body, allow_inf_nan=False)


DIGEST_LENGTH = 64
"""How many characters a digest has."""


def digest(body: bytes, previous: str = "") -> str:
    """Give the SHA-256 of bytes as hex, chained to a previous hash where there is one."""
    return sha256(previous.encode() + body).hexdigest()


def complaint(error: Exception) -> str:
    """Say what a class does not accept, and where: `/limit: Field required`. The value is not shown.

    Args:
        error: what validation raised; where a validator raised something of its own, only its type and place are named.
    """
    if isinstance(error, PlacetError):
        return str(error)
    if not isinstance(error, ValidationError):
        return f"a validator raised {type(error).__name__}{_raised_at(error)}"
    first = first_of(error)
    return f"/{'/'.join(first.place)}: {first.words}"


class Refused(NamedTuple):
    """A value that validation did not accept: where it stood, what pydantic calls the fault, and the fault in words."""

    place: tuple[str, ...]
    kind: str
    words: str


def first_of(error: ValidationError) -> Refused:
    """Give the first thing that validation did not accept, without its value."""
    first = error.errors(include_url=False, include_input=False)[0]
    words = first["msg"]
    if first["type"] == "union_tag_invalid":  # a message of pydantic's own that quotes the value
        words = f"Input tag does not match any of the expected tags: {first['ctx']['expected_tags']}"
    return Refused(tuple(map(str, first["loc"])), first["type"], words)


def _raised_at(error: Exception) -> str:
    frames = extract_tb(error.__traceback__)
    return f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def stamp(moment: datetime) -> str:
    """Write a moment in UTC in the one format: `2026-01-31T12:00:00.000000Z`.

    Raises:
        InputError: it has no time zone, so nobody can say which moment it is.
    """
    if moment.tzinfo is not UTC:
        if moment.utcoffset() is None:
            raise InputError(f"{moment.isoformat()} has no time zone; pass one, as in datetime.now(timezone.utc)")
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def in_words(moment: datetime) -> str:
    """Say a moment to people: in UTC, fractions of a second only if there are any."""
    return stamp(moment).replace(".000000Z", "Z")


def _in_utc(moment: datetime) -> datetime:
    """Check that a moment is in a year that UTC has, too."""
    if not MINYEAR < moment.year < MAXYEAR:
        try:
            moment.astimezone(UTC)
        except OverflowError:
            raise ValueError("it is in no year that UTC has") from None
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc), PlainSerializer(stamp, return_type=str)]
"""An aware datetime, written by `stamp`."""


@dataclass(frozen=True, slots=True)
class Link:
    """One row of an append-only ledger: its body, and a hash that covers it and all rows before it.

    Attributes:
        owner: the request or state the ledger belongs to.
        seq: place in the ledger: 1, 2, 3 ... for decisions and audit records, the version for history.
        body: canonical JSON.
        hash: SHA-256 over the previous link's hash and this body.
    """

    owner: str
    seq: int
    body: bytes = field(repr=False)
    hash: str


_FIELDS: dict[type, tuple[tuple[str, ...], Callable[[object], tuple[object, ...]]]] = {}
"""The names of the fields of each record type that was written, and what gets them all."""


def _told(value: object) -> Json:
    """Say to orjson what it does not know: records by their fields, moments in the one format."""
    if isinstance(value, datetime):
        return stamp(value)
    cls = type(value)
    if cls not in _FIELDS:
        if not is_dataclass(cls) or not cls.__module__.startswith("placet."):
            raise TypeError(f"{cls.__name__} is no record")  # a subclass of the user's: only what is declared counts
        names = tuple(each.name for each in fields(cls))
        _FIELDS[cls] = (names, attrgetter(*names, names[0]))  # one more: of one name alone it would give no tuple
    names, values = _FIELDS[cls]
    return dict(zip(names, values(value), strict=False))


class Codec(Generic[T]):
    """Turns one record type into canonical JSON and back."""

    def __init__(self, record: type[T], table: str) -> None:
        """Make the codec of a record type that is stored in `table`."""
        self._record = record
        self._table = table

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        try:
            return TypeAdapter(self._record)  # when it is first needed: whoever imports placet should not wait for it
        except OSError as error:  # pydantic loads more of itself for that, and no file descriptor may be free
            message = f"{self._table}: {error.strerror}: what reads it cannot be loaded; call again"
            raise StoreUnavailableError(message) from error

    @cached_property
    def _read(self) -> Callable[[bytes], T]:
        return self._adapter.validator.validate_json

    def dump(self, record: T) -> bytes:
        """Give the record's canonical JSON; what JSON it holds has been through `canonical` before."""
        try:
            body = orjson.dumps(record, default=_told, option=_STRICT)
        except TypeError:  # durations, integers over 64 bit, and what has no JSON at all
            body = written(self._adapter.dump_python(record, mode="json"), self._table)
        return _readable(body, self._table, 0)

    def load(self, body: bytes, row: str) -> T:
        """Read a record back.

        Raises:
            IntegrityError: the body is not what `dump` wrote.
        """
        read = self._read
        try:
            return read(body)
        except (ValidationError, PlacetError) as error:  # of pydantic, or of a record's own rules
            raise IntegrityError(self._table, row, f"the body cannot be read ({complaint(error)})") from None

"""What may be an id, a text or a moment: the rules for what comes in from outside."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from inspect import getattr_static
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from placet.errors import ConfigurationError, InputError, PlacetError
from placet.model.canonical import bounded, canonical, complaint
from placet.model.invisible import invisible

MAX_ID = 256
"""The longest id, in characters."""

_SHOWN = 60

MOST = 2**63 - 1
"""The largest number that every store can keep."""

MAX_TEXT = 10_000
"""The longest reason, in characters."""


def exact(value: str) -> str:
    """Return a string as an instance of `str` itself, whatever a subclass of it would say it equals or holds."""
    return str.__str__(value)


def shown(value: object) -> str:
    """Return a value for an error message, shortened; of what may be a payload or a state only the type."""
    try:
        if isinstance(value, BaseModel) or (isinstance(value, Mapping | tuple) and value):
            return f"<{type(value).__name__}>"
        text = repr(exact(value) if isinstance(value, str) else value)
    except Exception as broken:  # noqa: BLE001 - a value that cannot even be shown
        text = f"<{type(value).__name__}, whose repr raises {type(broken).__name__}>"
    return text[:_SHOWN] + ("..." if len(text) > _SHOWN else "")


def checked_id(name: str, value: object) -> str:
    """Return an id as it is, or raise what is wrong with it.

    Raises:
        InputError: not a string, empty, longer than 256 characters, with white space at an end, or with a character in
            it that cannot be printed or prints as nothing.
    """
    rule = flaw(value)
    if rule or not isinstance(value, str):
        raise InputError(f"{name}={shown(value)} {rule}; use 1 to {MAX_ID} printable characters")
    return value if type(value) is str else exact(value)


def flaw(value: object) -> str:
    """Return what keeps a value from being an id or a name, or ""."""
    if not isinstance(value, str):
        hint = "; pass its id" if getattr_static(value, "id", None) else ""
        return f"is a {type(value).__name__}, not a string{hint}"
    text = value if type(value) is str else exact(value)
    if (
        0 < len(text) <= MAX_ID
        and text.isprintable()
        and text == text.strip()
        and (text.isascii() or not invisible(text))
    ):
        return ""
    if not text:
        return "is empty"
    if len(text) > MAX_ID:
        return f"has {len(text)} characters"
    if text != text.strip():
        return "begins or ends with white space"
    letter = invisible(text) or next(each for each in text if not each.isprintable())
    what = "a character that prints as nothing" if text.isprintable() else "a control character or a lone surrogate"
    return f"holds {what}, U+{ord(letter):04X}"


def checked_digest(digest: object) -> str:
    """Return a digest as it is.

    Raises:
        InputError: Raised if it is no string, or empty.
    """
    if isinstance(digest, str) and exact(digest):
        return exact(digest)
    raise InputError(f"digest={shown(digest)}: pass the digest of what you read, as in request.digest")


C = TypeVar("C", bound=StrEnum)


def member(value: object, choices: Iterable[C]) -> C | None:
    """Return the choice that a string stands for, or None if it is none of them."""
    kind: object = choices
    if type(value) is kind:  # a member already, as nearly always
        return cast("C", value)
    wanted = exact(value) if isinstance(value, str) else None
    return next((choice for choice in choices if choice == wanted), None)


def checked_choice(name: str, value: object, choices: Iterable[C]) -> C:
    """Return a choice as the member it stands for.

    Raises:
        InputError: it is none of them.
    """
    choices = tuple(choices)
    found = member(value, choices)
    if found is None:
        raise InputError(f"{name}={shown(value)} is none; use one of {', '.join(choices)}")
    return found


def listed(
    name: str, value: object, what: str = "them", error: type[PlacetError] = ConfigurationError
) -> tuple[Any, ...]:
    """Return the members of a collection: a list, a tuple, a set, whatever gives them one by one.

    Args:
        name: of the argument.
        value: the collection.
        what: it should hold, in words.
        error: what to raise if it is none: a string, bytes, a mapping, a class, or something that raises.
    """
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray | memoryview | Mapping | type):
        try:
            return tuple(value)
        except Exception as raised:
            raise error(f"{name}= raised {described(raised)} while it was read; pass a list of {what}") from raised
    raise error(f"{name}= is a {type(value).__name__}, which is no collection; pass a list of {what}")


def strings(name: str, value: object) -> tuple[str, ...]:
    """Return a collection of names in alphabetical order, each once; raises what `words` raises."""
    return value if type(value) is tuple and not value else tuple(sorted(set(words(name, value))))


def words(name: str, value: object) -> tuple[str, ...]:
    """Return a collection of names as it is.

    Raises:
        ConfigurationError: it is no collection of strings, or one of them cannot be a name.
    """
    try:
        members = listed(name, value)
    except ConfigurationError:
        members = ("",)
    for each in members:
        if not isinstance(each, str) or not (each if type(each) is str else exact(each)):
            way = f"; pass a collection, as in {name}=[{shown(value)}]" if isinstance(value, str) else ""
            raise ConfigurationError(f"{name}={shown(value)} is no collection of strings{way}")
        if rule := flaw(each):
            raise ConfigurationError(f"{name}= holds {shown(each)}, which {rule}; use printable characters")
    return members if {str}.issuperset(map(type, members)) else tuple(map(exact, members))


def checked_flag(name: str, value: object) -> bool:
    """Return a flag as it is.

    Raises:
        InputError: neither True nor False.
    """
    if type(value) is not bool:
        raise InputError(f"{name}={shown(value)}: pass True or False")
    return value


def checked_number(name: str, value: object, most: int = MOST) -> int:
    """Return a whole number as it is.

    Raises:
        InputError: not an integer, or not from 1 to the most there may be.
    """
    if type(value) is not int or not 1 <= value <= most:
        last = "2**63 - 1" if most == MOST else most
        raise InputError(f"{name}={shown(value)}: pass a whole number from 1 to {last}")
    return value


def checked_text(name: str, value: object) -> str:
    """Return free text as it is, or raise what is wrong with it.

    Raises:
        InputError: not a string, longer than 10,000 characters, or with NUL or a lone surrogate in it.
    """
    if not isinstance(value, str):
        raise InputError(f"{name} is a {type(value).__name__}; pass a string")
    value = exact(value)
    if len(value) > MAX_TEXT:
        raise InputError(f"{name} has {len(value)} characters; keep it to {MAX_TEXT}, put more behind a link")
    if "\0" in value or not _encodable(value):
        raise InputError(f"{name} holds NUL or a lone surrogate, which not every store can keep; remove it")
    return value


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def checked_moment(name: str, value: object) -> datetime:
    """Give a moment in UTC.

    Raises:
        InputError: not a datetime, one without a time zone, or with a time zone that raises.
    """
    if not isinstance(value, datetime):
        raise InputError(f"{name} is a {type(value).__name__}; pass an aware datetime")
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    try:
        offset = value.utcoffset()
        moment = value if offset is None else value.astimezone(UTC)
        written = datetime.combine(moment.date(), moment.time())
    except OverflowError:
        shown = value.replace(tzinfo=None).isoformat()
        raise InputError(f"{name}={shown} is in no year that UTC has; pass a moment nearer to now") from None
    except Exception as error:
        raise InputError(f"{name} has a time zone that raised {described(error)}; pass timezone.utc") from error
    if offset is None:
        raise InputError(f"{name}={written.isoformat()} has no time zone; pass one, as in datetime.now(timezone.utc)")
    return written.replace(tzinfo=UTC)


def described(error: BaseException) -> str:
    """Give type and message of an exception as text that every store can keep, whatever the exception is like.

    What pydantic says of a value is given without the value.
    """
    try:
        message = complaint(error) if isinstance(error, ValidationError) else str(error)
    except Exception as broken:  # noqa: BLE001 - an exception that cannot even say what it is
        message = f"(its message cannot be read: {type(broken).__name__})"
    return storable(f"{type(error).__name__}: {message}")


def cause(error: Exception) -> Exception | None:
    """Give an exception of the user's code as the cause of an error, unless its traceback may show values.

    That is so for what pydantic raises, and for exceptions that others led to.
    """
    led_to_by = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    silent = led_to_by is None and not isinstance(error, ValidationError | PydanticSerializationError)
    return error if silent else None


def storable(text: str) -> str:
    """Give text as `checked_text` would take it: NUL and lone surrogates spelled out, what is too long cut off."""
    spelled = exact(text).replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
    return spelled if len(spelled) <= MAX_TEXT else f"{spelled[: MAX_TEXT - 3]}..."


def written_metadata(name: str, value: Any) -> str:  # noqa: ANN401 - whatever the caller passed
    """Give metadata, a dict of JSON values, as canonical JSON.

    Raises:
        InputError: not a mapping, not JSON, or more than 16,000,000 bytes of it.
    """
    if not isinstance(value, dict):
        raise InputError(f"{name} is a {type(value).__name__}; pass a dict of JSON values")
    return bounded(canonical(value, name), name).decode()

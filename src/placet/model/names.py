"""What may be an id, a text or a moment: the rules for what comes in from outside."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from placet.errors import ConfigurationError, InputError
from placet.model.canonical import canonical

MAX_ID = 256
"""The longest id, in characters."""

_SHOWN = 60

MAX_TEXT = 10_000
"""The longest reason, in characters."""


def checked_id(name: str, value: object) -> str:
    """Give an id back unchanged, or say what is wrong with it.

    Raises:
        InputError: not a string, empty, longer than 256 characters, with white space at an end, or with a control
            character or lone surrogate in it.
    """
    if isinstance(value, str) and 0 < len(value) <= MAX_ID and value.isprintable() and value == value.strip():
        return value
    shown = repr(value)[:_SHOWN] + ("..." if len(repr(value)) > _SHOWN else "")
    raise InputError(f"{name}={shown} {_id_rule(value)}; use 1 to {MAX_ID} printable characters")


def _id_rule(value: object) -> str:
    if not isinstance(value, str):
        hint = "; pass its id" if hasattr(value, "id") else ""
        return f"is a {type(value).__name__}, not a string{hint}"
    if not value:
        return "is empty"
    if len(value) > MAX_ID:
        return f"has {len(value)} characters"
    if value != value.strip():
        return "begins or ends with white space"
    return "holds a control character or a lone surrogate"


C = TypeVar("C", bound=StrEnum)


def checked_choice(name: str, value: object, choices: Iterable[C]) -> C:
    """Give a choice as the member it stands for.

    Raises:
        InputError: it is none of them.
    """
    for choice in choices:
        if value == choice:
            return choice
    raise InputError(f"{name}={value!r} is none; use one of {', '.join(choices)}")


def strings(name: str, value: object) -> tuple[str, ...]:
    """Give a collection of strings in order, each once."""
    if value == ():
        return ()
    if isinstance(value, Iterable) and not isinstance(value, str):
        members = tuple(value)
        if all(isinstance(member, str) and member for member in members):
            return tuple(sorted(set(members)))
    way = f"; pass a collection, as in {name}=[{value!r}]" if isinstance(value, str) else ""
    raise ConfigurationError(f"{name}={value!r} is no collection of strings{way}")


def checked_text(name: str, value: object) -> str:
    """Give free text back unchanged, or say what is wrong with it.

    Raises:
        InputError: not a string, longer than 10,000 characters, or with NUL or a lone surrogate in it.
    """
    if not isinstance(value, str):
        raise InputError(f"{name} is a {type(value).__name__}; pass a string")
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
    """Give type and message of an exception as text that every store can keep, whatever the exception is like."""
    try:
        message = str(error)
    except Exception as broken:  # noqa: BLE001 - an exception that cannot even say what it is
        message = f"(its message cannot be read: {type(broken).__name__})"
    return storable(f"{type(error).__name__}: {message}")


def storable(text: str) -> str:
    """Give text as `checked_text` would take it: NUL and lone surrogates spelled out, what is too long cut off."""
    spelled = text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
    return spelled if len(spelled) <= MAX_TEXT else f"{spelled[: MAX_TEXT - 3]}..."


def written_metadata(name: str, value: Any) -> str:  # noqa: ANN401 - whatever the caller passed
    """Give metadata, a dict of JSON values, as canonical JSON.

    Raises:
        InputError: not a mapping, or not JSON.
    """
    if not isinstance(value, dict):
        raise InputError(f"{name} is a {type(value).__name__}; pass a dict of JSON values")
    return canonical(value, name).decode()

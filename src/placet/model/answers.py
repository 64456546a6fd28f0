"""What functions of the user's answer: only what was asked for counts, and nothing of it is waited for."""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from inspect import isasyncgenfunction, isawaitable, iscoroutinefunction
from itertools import islice
from typing import Any, TypeVar

from placet.errors import CallbackRaisedError, ConfigurationError, InputError
from placet.model.names import checked_id, checked_moment, described

T = TypeVar("T")

_FIRST, _LAST = 1970, 9899  # a hundred years, the longest period there is, can be added to any moment of a clock

ITERABLE: tuple[type, ...] = (Iterable,)
SEQUENCE: tuple[type, ...] = (list, tuple, Iterator)


class UnexpectedAnswerError(Exception):
    """An answer is not what was asked for. The message says what it is, by type and never by value."""


def checked_function(name: str, value: object) -> None:
    """See to it that something can be called, and answers when it is called.

    Args:
        name: what to call it in an error.
        value: the function, or any other object that can be called.

    Raises:
        ConfigurationError: it cannot be called, or its answer would have to be awaited.
    """
    if not callable(value):
        raise ConfigurationError(f"{name} is a {type(value).__name__}, which cannot be called; pass a function")
    if is_async(value):
        raise ConfigurationError(f"{name} is asynchronous, which is not supported; pass a function that returns")


def attribute(holder: object, name: str) -> Any:  # noqa: ANN401 - whatever stands there
    """Return an attribute, or None where there is none, or reading it raises."""
    try:
        return getattr(holder, name, None)
    except Exception:  # noqa: BLE001 - what cannot be read is as good as missing
        return None


def is_async(function: Callable[..., object]) -> bool:
    """Tell whether the answer of a function, a method, a partial or a callable object has to be awaited."""
    while isinstance(function, partial):
        function = function.func
    return any(iscoroutinefunction(each) or isasyncgenfunction(each) for each in (function, type(function).__call__))


def kind_of(answer: object) -> str:
    """Give the name of the type of an answer that is not wanted; a coroutine is closed, since nobody awaits it."""
    if isinstance(answer, Coroutine):
        with suppress(Exception):
            answer.close()
    return type(answer).__name__


def exactly(answer: object, wanted: type[T]) -> T:
    """Give an answer back if it is of exactly this type.

    Raises:
        UnexpectedAnswerError: it is of another type.
    """
    if type(answer) is wanted:
        return answer
    raise UnexpectedAnswerError(f"a value of type {kind_of(answer)}")


def collected(answer: object, wanted: type[T], most: int, kinds: tuple[type, ...] = ITERABLE) -> tuple[T, ...]:
    """Give what an answer holds, if it is a collection of instances of a class.

    Args:
        answer: what was answered; text, mappings and awaitables are never a collection.
        wanted: the class of its members.
        most: how many members it may have.
        kinds: which collections are accepted.

    Raises:
        UnexpectedAnswerError: it is not such a collection, has too many members, or one of another type.
    """
    refused = isinstance(answer, str | bytes | bytearray | Mapping) or isawaitable(answer)
    if refused or not isinstance(answer, kinds) or not isinstance(answer, Iterable):
        raise UnexpectedAnswerError(f"a value of type {kind_of(answer)}")
    try:
        members = tuple(islice(answer, most + 1))
    except Exception as error:
        raise UnexpectedAnswerError(f"a collection that raised {described(error)}") from error
    for member in members:
        if not isinstance(member, wanted):
            others = [kind_of(each) for each in members if not isinstance(each, wanted)]  # closes every coroutine
            raise UnexpectedAnswerError(f"a collection with a value of type {others[0]}")
    if len(members) > most:
        raise UnexpectedAnswerError(f"more than {most:,}")
    return members


def moment_of(clock: Callable[[], datetime]) -> datetime:
    """Ask a clock for the moment, and give it in UTC.

    Raises:
        CallbackRaisedError: it raised, or gave no moment with a time zone in the years 1970 to 9899.
    """
    return _asked("clock", clock, _moment)


def fresh_id(new_id: Callable[[], str]) -> str:
    """Ask for an id that nobody has used.

    Raises:
        CallbackRaisedError: it raised, or gave something that cannot be an id.
    """
    return _asked("new_id", new_id, lambda answer: checked_id("new_id()", exactly(answer, str)))


def nanoseconds(timer: Callable[[], int]) -> int:
    """Ask a timer.

    Raises:
        CallbackRaisedError: it raised, or gave no whole number.
    """
    return _asked("timer", timer, lambda answer: exactly(answer, int))


def _asked(argument: str, function: Callable[[], object], checked: Callable[[object], T]) -> T:
    try:
        return checked(function())
    except UnexpectedAnswerError as error:
        raise CallbackRaisedError(f"{argument}() answered {error}", argument=argument) from None
    except InputError as error:
        raise CallbackRaisedError(str(error), argument=argument) from error
    except Exception as error:
        raise CallbackRaisedError(f"{argument}() raised {described(error)}", argument=argument) from error


def _moment(answer: object) -> datetime:
    if not isinstance(answer, datetime):
        raise UnexpectedAnswerError(f"a value of type {kind_of(answer)}; give a datetime with a time zone")
    moment = checked_moment("clock()", answer)
    if not _FIRST <= moment.year <= _LAST:
        raise UnexpectedAnswerError(f"{moment.isoformat()}; a clock may say the years {_FIRST} to {_LAST}")
    return moment

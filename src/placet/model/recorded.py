"""What a decision of each code records: so much that whoever reads it need not ask whether it is there."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from placet.model.actor import ActorKind
from placet.model.request import Status
from placet.model.trail import Code, Decision


class _Fact(NamedTuple):
    """One fact.

    Attributes:
        name: its name.
        holds: tells whether a value can be one.
        needed: whether every decision of the code has it.
    """

    name: str
    holds: Callable[[Any], bool]
    needed: bool = True


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _whole(value: object) -> bool:
    return type(value) is int and abs(value) < 2**63


def _version(value: object) -> bool:
    return value is None or _whole(value)


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _kind(value: object) -> bool:
    return isinstance(value, str) and value in _ACTOR_KINDS


def _needed(holds: Callable[[Any], bool], *names: str) -> tuple[_Fact, ...]:
    return tuple(_Fact(name, holds) for name in names)


def _perhaps(holds: Callable[[Any], bool], *names: str) -> tuple[_Fact, ...]:
    return tuple(_Fact(name, holds, needed=False) for name in names)


_ACTOR_KINDS = frozenset(each.value for each in ActorKind)
_STATUSES = frozenset(each.value for each in Status)
_HELD = _needed(_texts, "roles", "groups")
_VOTE = (*_HELD, *_perhaps(_kind, "kind"), *_perhaps(_whole, "step"), *_perhaps(_texts, "chain"))
_ASKED = (*_needed(_whole, "expected_version"), *_needed(_texts, "requirements"))
_RESOLVED = (*_needed(_whole, "expected_version", "current_version"), *_needed(_text, "outcome"))
_FACTS: Mapping[str, tuple[_Fact, ...]] = dict.fromkeys(map(str, Code), ()) | {
    Code.SUBMITTED: _ASKED,
    Code.ADMITTED: _ASKED,
    Code.AMENDED: _ASKED,
    Code.APPROVAL_RENEWED: _ASKED,
    Code.VOTED: _VOTE,
    Code.ABSTAINED: _VOTE,
    Code.DISSENTED: (*_VOTE, *_needed(_text, "code"), *_perhaps(_flag, "ends")),
    Code.REPORTED: (
        *_HELD,
        *_needed(_kind, "kind"),
        *_needed(_text, "check"),
        *_needed(_flag, "passed"),
        *_needed(_whole, "step"),
    ),
    Code.WAIVED: (*_needed(_text, "freeze"), *_needed(_texts, "until", "roles")),
    Code.APPROVED: _needed(_texts, "counted"),
    Code.REJECTED: (*_perhaps(_texts, "requirements"), *_perhaps(_text, "code")),
    Code.UNSATISFIABLE: _needed(_texts, "requirements"),
    Code.LAPSED: _needed(_texts, "requirements"),
    Code.RESOLVED: _RESOLVED,
    Code.OVERRIDDEN: (
        *_RESOLVED,
        *_needed(_text, "emergency", "ticket"),
        *_needed(_texts, "not_met", "reviewer_roles"),
    ),
    Code.EXECUTED: _needed(_whole, "resolved_version", "resulting_version"),
    Code.REVALIDATED: _needed(_version, "version"),
    Code.BLOCKED: _needed(_texts, "reasons"),
    Code.FAILED: _needed(_texts, "reasons"),
    Code.SUPERSEDED: _needed(_text, "successor"),
}


def flaw(decision: Decision) -> str:
    """Return what keeps a decision from being one that placet wrote, or ""."""
    facts = _FACTS.get(decision.code)
    if facts is None:
        return "its code is none that there is"
    if decision.from_status not in _STATUSES or decision.to_status not in _STATUSES:
        return "its status is none that there is"
    wrong = _wrong(decision.metadata, facts)
    return f"what it records as {wrong!r} cannot be" if wrong else ""


def _wrong(metadata: Mapping[str, Any], facts: Iterable[_Fact]) -> str:
    for name, holds, needed in facts:
        if (needed or name in metadata) and not holds(metadata.get(name)):
            return name
    return ""

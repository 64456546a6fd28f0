"""What a call of `submit` asked for, kept as a hash of each argument, so that a key is not used for anything else."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import EllipsisType

from placet.errors import IdempotencyConflictError, InputError
from placet.model.canonical import Json, canonical, digest, parse, stamp
from placet.model.mutation import Mutation
from placet.model.names import checked_id, checked_number, exact
from placet.model.request import MutationRequest
from placet.model.requirement import Requirement
from placet.model.terms import REQUIREMENTS, OnDrift

_LEFT_OUT: dict[str, Json] = {
    "reason": "",
    "on_drift": OnDrift.REJECT,
    "fallback": OnDrift.REJECT,
    "pause_for_revalidation": False,
    "approval_valid_for": "...",
    "requirements": [],
    "correlation_id": "",
    "metadata": "{}",
}
"""What stands for an argument that was not written, where that is not None."""


def record(arguments: Mapping[str, object]) -> str:
    """Give the canonical JSON of names and hashes of the arguments that were written.

    Args:
        arguments: what the caller wrote, in the order of `submit`; nothing that was read or computed.
    """
    written = {name: _plain(value) for name, value in arguments.items()}
    kept = {name: value for name, value in written.items() if value != _LEFT_OUT.get(name)}
    return canonical([[name, digest(canonical(value, name))] for name, value in kept.items()]).decode()


def demand_same(request: MutationRequest, arguments: Mapping[str, object]) -> None:
    """See to it that a request was asked for with these arguments.

    Raises:
        IdempotencyConflictError: it was not; names those that differ.
    """
    before, now = dict(parse(request.asked)), dict(parse(record(arguments)))
    differs = [name for name in arguments if before.get(name) != now.get(name)]
    if differs:
        raise IdempotencyConflictError(request.idempotency_key or "", request.id, differs)


def _plain(value: object) -> Json:
    """Give an argument as JSON: a moment is the same in every time zone, requirements are in any order."""
    if isinstance(value, Mutation):
        return [value.mutation_name, value.schema_version, value.payload().decode()]
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, EllipsisType):
        return "..."
    if isinstance(value, timedelta):
        return [value.days, value.seconds, value.microseconds]
    if isinstance(value, tuple):
        return sorted(REQUIREMENTS.dump((each,)).decode() for each in value if isinstance(each, Requirement))
    return value


def own_id(request_id: object) -> str:
    """Return the id that the caller gives a request.

    Raises:
        InputError: it cannot be an id, or it could be taken for the shortened id of another request, as in a listing.
    """
    checked = checked_id("request_id", request_id)
    if "…" in checked or checked.startswith(("?", "...")):
        raise InputError(f"request_id={checked!r} looks like a shortened id; leave out the ellipsis and a leading '?'")
    return checked


def expected_version_of(version: object) -> int | None:
    """Return the version that the caller expects.

    Raises:
        InputError: it can be none.
    """
    return None if version is None else checked_number("expected_version", version)


def correlation(correlation_id: str) -> str:
    """Return the id of a larger operation, or "" if there is none.

    Raises:
        InputError: it cannot be an id.
    """
    none = isinstance(correlation_id, str) and not exact(correlation_id)
    return "" if none else checked_id("correlation_id", correlation_id)

"""What must hold in every world, judged without the rules of the lifecycle."""

from collections.abc import Callable
from dataclasses import dataclass

from placet.model.request import Status
from placet.modelcheck.cast import NEEDED
from placet.modelcheck.firing import given
from placet.modelcheck.world import World

Broken = Callable[[World, World], str]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that must hold.

    Attributes:
        name: what it promises.
        broken: says how a world that came from another breaks it, or "".
    """

    name: str
    broken: Broken


def _executed(_: World, now: World) -> str:
    if now.request.status is not Status.EXECUTED:
        return ""
    return now.request.breach or ("" if now.effects else "it is executed, and the state was never changed")


def _one_effect(_: World, now: World) -> str:
    return "one request changed the state twice" if now.effects > 1 else ""


def _final(before: World, now: World) -> str:
    was, became = before.request.status, now.request.status
    return f"it was {was}, which is final, and became {became}" if before.request.terminal and was != became else ""


def _approved(_: World, now: World) -> str:
    request = now.request
    if request.status is not Status.APPROVED or not request.requires or given(request) >= NEEDED:
        return ""
    return f"it is approved with {given(request)} of {NEEDED} approvals for its terms"


def _retried(_: World, now: World) -> str:
    return "" if now.request.status is Status.EXECUTED else now.request.breach


EXECUTED = Invariant("executed only as resolved in the same attempt, and as approved or in an emergency", _executed)
ONE_EFFECT = Invariant("at most one effect per request", _one_effect)
FINAL = Invariant("nothing leaves a terminal status", _final)
APPROVED = Invariant("approved only with every approval, for the present terms", _approved)
RETRIED = Invariant("retried on the same terms only while attempts are left", _retried)
WAY_OUT = Invariant("from every non-terminal status a terminal one is reachable", lambda _, __: "")
"""Judged last, over all worlds together."""

STEPWISE = (EXECUTED, ONE_EFFECT, FINAL, APPROVED, RETRIED)
ALL = (*STEPWISE, WAY_OUT)

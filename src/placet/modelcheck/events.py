"""Everything that can happen next in a world: people, time, other writers. Executors are in `executors`."""

from collections.abc import Iterator
from typing import NamedTuple

from placet.lifecycle.transition import Trigger
from placet.model.run import RunStatus
from placet.modelcheck.commit import AbstractStore
from placet.modelcheck.firing import Ask, Firing, Moved
from placet.modelcheck.world import World

_T = Trigger


class Event(NamedTuple):
    """One thing that happens.

    Attributes:
        who: who does it.
        did: what, in words.
        became: what became of it, in words.
        after: the world then.
    """

    who: str
    did: str
    became: str
    after: World


_ASKED = (
    ("rex", _T.SUBMIT, "submits it"),
    ("rex", _T.ADMIT, "submits it, and nothing is required"),
    ("rex", _T.AMEND, "amends it"),
    ("tom", _T.TAKE_OVER, "takes it over"),
    ("eve", _T.TAKE_OVER, "takes it over without a role"),
    ("rex", _T.HOLD, "holds it"),
    ("ann", _T.RELEASE, "releases it"),
    ("rex", _T.RELEASE, "releases it"),
    ("rex", _T.VOTE, "approves what rex asked for"),
    ("eve", _T.VOTE, "approves it without a role"),
    ("ann", _T.VOTE, "approves it"),
    ("bob", _T.VOTE, "approves it"),
    ("ann", _T.DISSENT, "rejects it"),
    ("ann", _T.WITHDRAW, "withdraws the vote"),
    ("bob", _T.WITHDRAW, "withdraws the vote"),
    ("ann", _T.REVALIDATE, "lets it go on"),
    ("rex", _T.REVALIDATE, "lets go on what rex asked for"),
    ("ann", _T.REQUEST_CHANGES, "asks for changes"),
    ("ann", _T.REJECT, "rejects it"),
    ("ada", _T.CANCEL, "cancels it"),
    ("eve", _T.CANCEL, "cancels it without any right"),
    ("rex", _T.SUPERSEDE, "puts another in its place"),
    ("rex", _T.RETRY, "lets it be tried again"),
    ("rex", _T.COMMENT, "says something"),
    ("ann", _T.REVIEW, "reviews the emergency"),
    ("two", _T.REVIEW, "reviews the own emergency"),
    ("placet", _T.EXPIRE, "looks at the deadline"),
    ("placet", _T.APPROVE, "looks whether it is approved"),
    ("placet", _T.NOTE, "looks whether it is still possible"),
    ("placet", _T.LAPSE, "looks whether the approval still stands"),
)
_OUTDATED = (("ann", _T.VOTE, "approves earlier terms"), ("bob", _T.VOTE, "approves earlier terms"))


def around(world: World) -> Iterator[Event]:
    """Give what can happen to the world that is not about the request."""
    if world.request.terminal:
        return
    yield Event(
        "another writer", "changes the state", "it has a new version", world._replace(version=world.version + 1)
    )
    if not world.late:
        yield Event("the clock", "passes the deadline", "it is late", world._replace(late=True))
    if not world.left and world.request.requires:
        yield Event("the directory", "takes the role from bob", "bob may no longer approve", world._replace(left=True))


def said(world: World, firing: Firing, store: AbstractStore) -> Iterator[Event]:
    """Give what people and sweeps can do to the request: each loads, fires and commits at once."""
    key = (world.request, world.version, world.late, world.left)
    if key not in firing.answers:  # whatever the executors are at, people get the same answer
        firing.answers[key] = [(who, did, moved) for who, did, moved in _answers(world, firing) if moved is not None]
    for who, did, moved in firing.answers[key]:
        after = store.moved(world, moved.request)
        if moved.replaced:
            after = after._replace(version=moved.replaced + 1, effects=min(2, after.effects + 1))
        yield Event(who, did, f"it is {moved.request.status}", after)


def _answers(world: World, firing: Firing) -> Iterator[tuple[str, str, Moved | None]]:
    for who, trigger, did in _ASKED:
        version = world.version if trigger in {_T.AMEND, _T.TAKE_OVER, _T.REVALIDATE} else 0
        yield who, did, firing.fire(world.request, Ask(trigger, who, world.late, world.left, version))
    for who, trigger, did in _OUTDATED:
        ask = Ask(trigger, who, world.late, world.left, outdated=True)
        yield who, did, firing.fire(world.request, ask)


UNHAPPY = {
    RunStatus.REFUSED: (_T.BLOCK, "finds that a policy refuses it"),
    RunStatus.FAILED: (_T.FAIL, "finds that `apply` raises"),
    RunStatus.UNAPPROVED: (_T.RENEW_APPROVAL, "finds that a policy wants it approved again"),
}
"""What follows a run that was not accepted."""

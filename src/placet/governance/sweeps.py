"""Sweeps: what becomes of many requests as time passes, page by page, each in a unit of work of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from placet.errors import ConflictError, IntegrityError, RefusedError, UserCodeError
from placet.governance.context import Context
from placet.governance.drafting import requester
from placet.governance.moves import AS_TIME_PASSES, Moves
from placet.lifecycle.transition import Trigger
from placet.model.actor import CLOCKWORK
from placet.model.names import checked_moment
from placet.model.request import MutationRequest, Status, to_micros
from placet.store.port import Filter

PAGE = 200
"""How many requests a sweep reads at once."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep did.

    Attributes:
        moved: the requests that moved, as they are now.
        passed_over: id and reason of those that moved meanwhile, that refuse, that are not what was written, or whose
            requester the directory no longer knows.
    """

    moved: tuple[MutationRequest, ...]
    passed_over: tuple[tuple[str, str], ...]

    @property
    def expired(self) -> tuple[MutationRequest, ...]:
        """Those of them that expired."""
        return tuple(each for each in self.moved if each.status is Status.EXPIRED)


class Sweeper:
    """Goes through open requests, one unit of work each, so that it never holds the store for long.

    Args:
        context: the surroundings.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._moves = Moves(context)

    def expire_due(self, now: datetime | None = None) -> Sweep:
        """Expire every open request with a deadline that has passed; see `Governance.expire_due`."""
        at = self._context.now() if now is None else checked_moment("now", now)
        return self._sweep(Filter(due=to_micros(at)), (Trigger.EXPIRE,), "its deadline passed", at)

    def reassess_open(self) -> Sweep:
        """Reassess every pending or approved request; see `Governance.reassess_open`."""
        at = self._context.now()
        done = [
            self._sweep(Filter(status=status), AS_TIME_PASSES, "reassessed", at)
            for status in (Status.APPROVED, Status.PENDING)
        ]
        return Sweep(done[0].moved + done[1].moved, done[0].passed_over + done[1].passed_over)

    def _sweep(self, wanted: Filter, triggers: tuple[Trigger, ...], reason: str, at: datetime) -> Sweep:
        moved, passed_over = [], []
        for request_id in self._ids(wanted):
            evidence = self._context.evidence(CLOCKWORK, reason).evolve(at=at)
            try:
                request, did = self._moves.settle(request_id, triggers, evidence)
                if did:
                    moved.append(request)
                if not request.status.terminal:
                    requester(self._context, request.terms)
            except (ConflictError, RefusedError, IntegrityError, UserCodeError) as error:
                passed_over.append((request_id, str(error)))
        return Sweep(tuple(moved), tuple(passed_over))

    def _ids(self, wanted: Filter) -> Iterator[str]:
        """Give the ids of all that match; no view stays open while they are dealt with."""
        after = None
        while True:
            with self._context.store.view() as reader:
                page = reader.find(wanted, PAGE, after)
            yield from (each.id for each in page)
            if len(page) < PAGE:
                return
            after = (to_micros(page[-1].created_at), page[-1].id)

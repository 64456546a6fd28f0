"""Sweeps: what becomes of many requests as time passes, page by page, each in a unit of work of its own."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from placet.errors import ConflictError, IntegrityError, RefusedError, UserCodeError
from placet.governance.context import Context
from placet.governance.drafting import requester
from placet.governance.moves import AS_TIME_PASSES, Moves
from placet.lifecycle.transition import Trigger
from placet.model.actor import CLOCKWORK
from placet.model.request import MutationRequest, Status, to_micros
from placet.store.port import Filter, Position, Reader

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

    def expire_due(self) -> Sweep:
        """Expire every open request with a deadline that has passed; see `Governance.expire_due`."""
        until = to_micros(self._context.now())
        overdue = self._ids(lambda reader, after: reader.due(until, PAGE, after), lambda each: each.due_at)
        return self._sweep(overdue, (Trigger.EXPIRE,), "")

    def reassess_open(self) -> Sweep:
        """Reassess every pending or approved request; see `Governance.reassess_open`."""

        def having(status: Status) -> Iterator[str]:
            wanted = Filter(status=status)
            return self._ids(lambda reader, after: reader.find(wanted, PAGE, after), lambda each: each.created_at)

        every = chain.from_iterable(map(having, (Status.APPROVED, Status.PENDING)))
        return self._sweep(every, AS_TIME_PASSES, "reassessed")

    def _sweep(self, ids: Iterable[str], triggers: tuple[Trigger, ...], reason: str) -> Sweep:
        moved, passed_over = [], []
        for request_id in ids:
            evidence = self._context.evidence(CLOCKWORK, reason)  # a clock that raises ends the sweep
            try:
                request, did = self._moves.settle(request_id, triggers, evidence)
                if did:
                    moved.append(request)
                if not request.status.terminal:
                    requester(self._context, request.terms)
            except (ConflictError, RefusedError, IntegrityError, UserCodeError) as error:
                passed_over.append((request_id, str(error)))
        return Sweep(tuple(moved), tuple(passed_over))

    def _ids(
        self,
        page_after: Callable[[Reader, Position | None], Sequence[MutationRequest]],
        place: Callable[[MutationRequest], datetime | None],
    ) -> Iterator[str]:
        """Return the ids of all requests on all pages; no view stays open while they are dealt with."""
        after = None
        while True:
            with self._context.store.view() as reader:
                page = page_after(reader, after)
            yield from (each.id for each in page)
            moment = place(page[-1]) if page else None
            if moment is None or len(page) < PAGE:
                return
            after = (to_micros(moment), page[-1].id)

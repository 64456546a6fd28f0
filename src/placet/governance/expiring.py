"""Looking ahead: which requests expire next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from placet.governance.context import Context
from placet.governance.dossier import Dossier
from placet.governance.finding import checked_limit, cursor_at, position
from placet.governance.gathering import gather
from placet.lifecycle.deadlines import Deadline, next_deadline
from placet.lifecycle.step import given
from placet.model.actor import CLOCKWORK
from placet.model.names import checked_moment
from placet.model.request import MutationRequest, to_micros
from placet.store.port import Reader


@dataclass(frozen=True, slots=True)
class Expiring:
    """A request that expires unless something happens to it before.

    Attributes:
        request: the request as it is now.
        deadline: when it expires, and what sets that moment.
    """

    request: MutationRequest
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class ExpiringPage:
    """Some requests that expire, the earliest first.

    Attributes:
        entries: the requests, each with its deadline.
        cursor: pass it to `expiring` for the next page; None on the last one.
    """

    entries: tuple[Expiring, ...]
    cursor: str | None

    def __iter__(self) -> Iterator[Expiring]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


def expiring(context: Context, reader: Reader, until: datetime, limit: int, cursor: str | None) -> ExpiringPage:
    """Return a page of the open requests that expire by a moment; see `Governance.expiring`."""
    after = None if cursor is None else position(cursor)
    found = reader.due(to_micros(checked_moment("until", until)), checked_limit(limit) + 1, after)
    page = found[:limit]
    entries = tuple(_entry(context, reader, each) for each in page)
    return ExpiringPage(entries, cursor_at(given(page[-1].due_at), page[-1].id) if len(found) > limit else None)


def _entry(context: Context, reader: Reader, found: MutationRequest) -> Expiring:
    step, evidence = Dossier.load(reader, found.id).step(), context.evidence(CLOCKWORK)
    around = gather(context.directory, reader, step, evidence.at, people=False)
    deadline = next_deadline(step.request, step.known(evidence.evolve(circumstances=around)))
    return Expiring(step.request, given(deadline))

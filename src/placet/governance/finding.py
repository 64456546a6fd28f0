"""Finding requests: filters, pages and their cursors. By keyset, so that deep pages cost what the first one costs."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from placet.errors import InputError
from placet.model.canonical import canonical, parse
from placet.model.names import MOST, checked_choice, checked_id, checked_moment, checked_number, checked_text, shown
from placet.model.request import MutationRequest, Review, Status, to_micros
from placet.store.port import Filter, Position, Reader

MOST_PER_PAGE = 1000
"""How many requests may be asked for at once."""

PAGE = 200
"""How many are read at once where all are wanted."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some requests, newest first.

    Attributes:
        requests: the requests.
        cursor: pass it to find_requests for the next page; None on the last one.
    """

    requests: tuple[MutationRequest, ...]
    cursor: str | None

    def __iter__(self) -> Iterator[MutationRequest]:
        return iter(self.requests)

    def __len__(self) -> int:
        return len(self.requests)


def checked_limit(limit: int) -> int:
    """Give how many are wanted.

    Raises:
        InputError: no whole number from 1 to 1000.
    """
    return checked_number("limit", limit, MOST_PER_PAGE)


def checked_filter(
    status: str | None,
    state_id: str | None,
    requester: str | None,
    text: str | None,
    *,
    review: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Filter:
    """Make a filter of what the caller passed.

    Raises:
        InputError: an argument is not what it must be.
    """
    return Filter(
        status=None if status is None else checked_choice("status", status, Status),
        state_id=None if state_id is None else checked_id("state_id", state_id),
        requester=None if requester is None else checked_id("requester", requester),
        text=None if text is None else checked_text("text", text).casefold(),
        review=None if review is None else checked_choice("review", review, Review),
        since=None if since is None else to_micros(checked_moment("since", since)),
        until=None if until is None else to_micros(checked_moment("until", until)),
    )


def every(reader: Reader, wanted: Filter) -> Iterator[MutationRequest]:
    """Give every request that matches, newest first, page by page."""
    after: Position | None = None
    while page := reader.find(wanted, PAGE, after):
        yield from page
        after = (to_micros(page[-1].created_at), page[-1].id)


def cursor_at(moment: datetime, request_id: str) -> str:
    """Return the cursor of the page that follows a request, where pages are in the order of this moment."""
    return base64.urlsafe_b64encode(canonical([to_micros(moment), request_id])).decode()


def cursor_after(last: MutationRequest) -> str:
    """Give the cursor of the page that follows a request."""
    return cursor_at(last.created_at, last.id)


def position(cursor: str) -> Position:
    """Read a cursor.

    Raises:
        InputError: it is none.
    """
    try:
        at, request_id = parse(base64.urlsafe_b64decode(checked_text("cursor", cursor)))
        if type(at) is int and -MOST <= at <= MOST:
            return at, checked_id("cursor", request_id)
        raise InputError("cursor holds no moment")
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise InputError(f"cursor={shown(cursor)} is none; pass the cursor of the page before, unchanged") from error

"""Reading back: states, requests, and the three ledgers, with their chains checked on the way."""

from datetime import datetime
from typing import TypeVar, overload

from placet.diagrams import Form, request_diagram
from placet.errors import InputError, IntegrityError, StateNotFoundError, concerning
from placet.governance.context import Context
from placet.governance.dossier import Dossier, audit_records, check_state
from placet.governance.dry_run import current_effect
from placet.governance.expiring import ExpiringPage, expiring
from placet.governance.finding import Page, checked_filter, checked_limit, cursor_after, every, position
from placet.governance.inbox import inbox
from placet.governance.states import snapshot
from placet.governance.waiting import Waiting, waiting_for
from placet.model.canonical import canonical, digest
from placet.model.changes import patch
from placet.model.names import checked_id, checked_number
from placet.model.outcome import CurrentEffect
from placet.model.request import MutationRequest, Status
from placet.model.state import Snapshot, State, StoredState
from placet.model.terms import Terms
from placet.model.trail import (
    HISTORY_BOOK,
    AuditRecord,
    Decision,
    HistoryEntry,
    HistoryKind,
    Ledger,
)
from placet.store.port import Filter, Reader

S = TypeVar("S", bound=State)


class Queries:
    """Reads, and changes nothing.

    Args:
        context: the surroundings.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    @overload
    def get_state(self, state_id: str) -> Snapshot[State]: ...

    @overload
    def get_state(self, state_id: str, expected: type[S]) -> Snapshot[S]: ...

    def get_state(self, state_id: str, expected: type[State] = State) -> Snapshot[State]:
        """Give a state as it is now.

        Args:
            state_id: which state.
            expected: its class, so that type checkers know; any if left out.

        Raises:
            InputError: it is of another class than expected.
            StateNotFoundError: there is none.
            IntegrityError: it is not what its history says.
        """
        with self._context.store.view() as reader:
            state_id = checked_id("state_id", state_id)
            found = reader.state(state_id)
            if found is None:
                raise StateNotFoundError(state_id)
            check_state(reader, found)
        return snapshot(self._context.registry, found, expected)

    def get_request(self, request_id: str) -> MutationRequest:
        """Give a request as it is now.

        Raises:
            RequestNotFoundError: there is none.
            IntegrityError: it is not what its trail says.
        """
        return self._dossier(request_id).request

    def decisions(self, request_id: str) -> tuple[Decision, ...]:
        """Give a request's own history, oldest first: one decision for each move.

        Raises:
            RequestNotFoundError: there is no such request.
            IntegrityError: a row of it was changed.
        """
        return self._dossier(request_id).decisions

    def revisions(self, request_id: str) -> tuple[Terms, ...]:
        """Give all terms a request ever had, oldest first: what was asked, and the effect each would have had.

        Raises:
            RequestNotFoundError: there is no such request.
            IntegrityError: a row of it was changed.
        """
        with self._context.store.view() as reader:
            dossier = Dossier.load(reader, request_id)
            return dossier.terms(reader)

    def waiting_for(self, request_id: str) -> Waiting:
        """Say why a request waits, in words: what is missing, who can still give it, what has to happen.

        Where nothing is missing, execution is decided as `execute` would decide it, policies and checks included, and
        nothing is written: what would come of it is said, unless it is the approved change.

        Raises:
            RequestNotFoundError: there is no such request.
            IntegrityError: a row of it was changed.
        """
        with concerning(request_id):
            return waiting_for(self._context, request_id)

    def current_effect(self, request_id: str) -> CurrentEffect:
        """Return what a request would do on its state as it is now.

        Policies and checks are asked, and nothing is written. Its digest is what `revalidate` wants of somebody who
        has looked at it.

        Args:
            request_id: which request.

        Raises:
            RequestNotFoundError: Raised if there is no such request.
            IntegrityError: Raised if a row of it was changed.
            NotRegisteredError, PolicyRaisedError, CheckRaisedError, MutationContractError: Raised if registered code
                misbehaves.
        """
        with concerning(request_id):
            return current_effect(self._context, request_id)

    def diagram(self, request_id: str, *, form: Form | str = Form.MERMAID) -> str:
        """Draw the road that a request took: who did what and when, where it is, and what it waits for.

        Args:
            request_id: which request.
            form: `mermaid` or `dot`; `placet.diagrams.svg` makes a picture of the latter.

        Raises:
            RequestNotFoundError: there is no such request.
            IntegrityError: a row of it was changed.
            InputError: there is no such form.
        """
        with concerning(request_id):
            found = waiting_for(self._context, request_id)
        with concerning(request_id), self._context.store.view() as reader:
            decisions = Dossier.load(reader, request_id).decisions
        return request_diagram(found.request, decisions, waits=found.reasons, form=form)

    def inbox(self, by: str, *, limit: int = 50) -> tuple[MutationRequest, ...]:
        """Give the requests on which somebody can do something now, newest first.

        They can vote, for themselves or for somebody who made them their delegate, or report, or waive a freeze.

        Args:
            by: whose inbox.
            limit: how many at most, 1 to 1000.

        Raises:
            ActorNotFoundError: the directory does not know them.
        """
        actor = self._context.actor(by)
        wanted = checked_limit(limit)
        with self._context.store.view() as reader:
            return tuple(inbox(self._context, reader, actor, wanted))

    def audit(self, request_id: str | None = None, *, state_id: str | None = None) -> tuple[AuditRecord, ...]:
        """Give the execution attempts of one request, or those of every request for one state, in order of execution.

        Those for one state are in the order of the versions that they looked at; of several that looked at the same
        version, the one that replaced it is the last, and the others are in the order of their moments.

        Args:
            request_id: of this request;
            state_id: or of every request for this state.

        Raises:
            InputError: both are given, or neither.
            RequestNotFoundError: there is no such request.
            IntegrityError: a row was changed.
        """
        if (request_id is None) == (state_id is None):
            raise InputError("audit() wants either a request id or state_id=, and not both")
        with self._context.store.view() as reader:
            if request_id is not None:
                return audit_records(reader, Dossier.load(reader, request_id).request)
            wanted = Filter(state_id=checked_id("state_id", state_id))
            records = [record for found in every(reader, wanted) for record in audit_records(reader, found)]
        return tuple(sorted(records, key=_order))

    def history(self, state_id: str) -> tuple[HistoryEntry, ...]:
        """Give how each version of a state came to be, oldest first.

        Raises:
            StateNotFoundError: there is no such state.
            IntegrityError: a row was changed.
        """
        with self._context.store.view() as reader:
            return self._entries(reader, state_id)

    @overload
    def replay(self, state_id: str, version: int) -> Snapshot[State]: ...

    @overload
    def replay(self, state_id: str, version: int, expected: type[S]) -> Snapshot[S]: ...

    def replay(self, state_id: str, version: int, expected: type[State] = State) -> Snapshot[State]:
        """Rebuild a state as it was at a version, from its history alone, checking the hash of every step.

        Args:
            state_id: which state.
            version: one that its history holds; all from 1 on, but for a table of your own.
            expected: its class, so that type checkers know; any if left out.

        Raises:
            InputError: it is of another class than expected.
            StateNotFoundError: there is no such state, or no such version in its history.
            IntegrityError: a step does not give what it says.
        """
        checked_number("version", version)
        with self._context.store.view() as reader:
            every = self._entries(reader, state_id)
        entries = [entry for entry in every if entry.version <= version]
        if not entries or entries[-1].version != version:
            held = ", ".join(str(entry.version) for entry in every[-5:]) or "none yet"
            raise StateNotFoundError(f"{state_id}#{version}", f"the last versions in its history are {held}")
        body = replayed(entries)
        stored = StoredState(state_id, entries[-1].state_type, version, body, digest(body))
        return snapshot(self._context.registry, stored, expected)

    def find_requests(
        self,
        *,
        status: Status | str | None = None,
        state_id: str | None = None,
        requester: str | None = None,
        text: str | None = None,
        review: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """Find requests, newest first. Everything given must hold; pages are by keyset, so deep ones cost the same.

        What it finds is as the rows say; `get_request` also checks them against the trail.

        Args:
            status: in this status.
            state_id: for this state.
            requester: asked by this actor.
            text: with these letters, in any case, in the intent or the reason.
            review: executed in an emergency, with a review that is `open` or `closed`.
            since: created at or after this moment.
            until: created before this moment.
            limit: how many at most, 1 to 1000.
            cursor: the cursor of the page before.

        Raises:
            InputError: an argument is not what it must be.
        """
        checked_limit(limit)
        wanted = checked_filter(status, state_id, requester, text, review=review, since=since, until=until)
        with self._context.store.view() as reader:
            found = reader.find(wanted, limit + 1, None if cursor is None else position(cursor))
        page = tuple(found[:limit])
        return Page(page, cursor_after(page[-1]) if len(found) > limit else None)

    def expiring(self, until: datetime, *, limit: int = 50, cursor: str | None = None) -> ExpiringPage:
        """Look ahead: give the open requests that expire at or before a moment, the earliest first; nothing is changed.

        Args:
            until: the moment, with a time zone.
            limit: how many at most, 1 to 1000.
            cursor: the cursor of the page before.

        Returns:
            A page of requests, each with its deadline: when it expires as it stands, and what sets that moment.

        Raises:
            InputError: an argument is not what it must be.
            IntegrityError: a request is not what its trail says.
        """
        with self._context.store.view() as reader:
            return expiring(self._context, reader, until, limit, cursor)

    def _dossier(self, request_id: str) -> Dossier:
        with self._context.store.view() as reader:
            return Dossier.load(reader, request_id)

    def _entries(self, reader: Reader, state_id: str) -> tuple[HistoryEntry, ...]:
        state_id = checked_id("state_id", state_id)
        links = reader.links(Ledger.HISTORY, state_id)
        state = reader.state(state_id)
        if state is not None:
            check_state(reader, state)
        elif not links:
            raise StateNotFoundError(state_id)
        return tuple(HISTORY_BOOK.read(links))


def _order(record: AuditRecord) -> tuple[int, bool, datetime, str, int]:
    """Return what puts the attempts on one state in order of execution."""
    looked_at = record.resolution.current_version if record.resolution else record.revalidated_version
    return (looked_at or 0, record.resulting_version is not None, record.at, record.request_id, record.seq)


def replayed(entries: list[HistoryEntry]) -> bytes:
    """Replay a history from its beginning, checking the hash of every step.

    Returns:
        The canonical JSON of the state after the last entry.

    Raises:
        IntegrityError: a step does not start from, or does not give, what it says.
    """
    document, body = None, b""
    for entry in entries:
        row = f"{entry.state_id}#{entry.version}"
        if entry.kind is HistoryKind.EXECUTED and digest(body) != entry.before_hash:
            raise IntegrityError(Ledger.HISTORY, row, "it does not start from the version before it")
        try:
            document = patch(document, entry.changes)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise IntegrityError(
                Ledger.HISTORY, row, f"its changes cannot be replayed: {type(error).__name__}"
            ) from None
        body = canonical(document, row)
        if digest(body) != entry.after_hash:
            raise IntegrityError(Ledger.HISTORY, row, "replaying its changes gives another state")
    return body

"""eventsourcing with its SQLite module: two aggregates, a request and a state; one `save()` of both for each execution.

Requests and states are read back by replaying their events. The facts of decisions, audit record and history entry are
events: two of the request for the decisions, one for the audit record, one of the state. Compare-and-set is its unique
key of aggregate and version. Left out: digests, seals and chained hashes, policies, requirements and deadlines,
strategies other than reject, typed refusals; nothing can be found by status, and no row says what is current.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.peers import facts
from benchmarks.peers.peer import GOVERNED, Tally, durability_of
from benchmarks.peers.same_work import BEGUN


class StateOf(Aggregate):
    """A state: what its events made of it."""

    @event("Created")
    def __init__(self, content: facts.Facts) -> None:
        self.content = content

    @event("Replaced")
    def replace(self, content: facts.Facts, entry: facts.Facts) -> None:
        """Take the new content; the event is the history entry."""
        self.content = content


class RequestOf(Aggregate):
    """A request: its status is where its events led."""

    @event("Submitted")
    def __init__(self, state_id: UUID, expected_version: int, payload: facts.Facts, decision: facts.Facts) -> None:
        self.state_id = state_id
        self.expected_version = expected_version
        self.payload = payload
        self.status = "pending"
        self.execution_id = ""
        self.resulting_version = 0

    @event("Voted")
    def vote(self, decision: facts.Facts) -> None:
        """Count a vote."""

    @event("Approved")
    def approve(self, decision: facts.Facts) -> None:
        """Go from pending to approved."""
        self.status = _moved(self.status, "pending", "approved")

    @event("Resolved")
    def resolve(self, execution_id: str, decision: facts.Facts) -> None:
        """Go from approved to resolving."""
        self.status = _moved(self.status, "approved", "resolving")
        self.execution_id = execution_id

    @event("Executed")
    def execute(self, resulting_version: int, decision: facts.Facts) -> None:
        """Go from resolving to executed."""
        self.status = _moved(self.status, "resolving", "executed")
        self.resulting_version = resulting_version

    @event("Audited")
    def audit(self, record: facts.Facts) -> None:
        """Keep the audit record."""


def _moved(status: str, source: str, target: str) -> str:
    if status != source:
        raise facts.StaleError(f"it is {status}")
    return target


class EventSourced:
    """eventsourcing."""

    one = GOVERNED

    def __init__(self, folder: Path) -> None:
        path = str(folder / "events.db")
        self._app: Any = Application(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": path})
        self._ready: list[UUID] = []
        self._done: list[UUID] = []

    def prepare(self, count: int) -> None:
        """Record what leads to approved requests."""
        submitted, voted, approved = ({"code": code, "at": facts.now()} for code in BEGUN)
        for _ in range(count):
            state = StateOf(content=facts.BEFORE)
            request = RequestOf(state.id, 1, facts.PAYLOAD, submitted)
            request.vote(voted)
            request.approve(approved)
            self._app.save(state, request)
            self._ready.append(request.id)

    def run(self) -> None:
        """Execute, in a save each."""
        for request_id in self._ready:
            execute(self._app, request_id)
        self._done += self._ready
        self._ready.clear()

    def tally(self) -> Tally:
        """Count the events in the file, and replay every request and its state."""
        topics = [stored.topic.rpartition(".")[2] for stored in self._stored()]
        executed, moved = 0, 0
        for request_id in self._done:
            request = self._app.repository.get(request_id)
            state = self._app.repository.get(request.state_id)
            executed += (request.status, request.resulting_version) == ("executed", 2) and request.execution_id != ""
            moved += (state.version, state.content) == (2, facts.AFTER)
        decisions = topics.count("Resolved") + topics.count("Executed")
        return Tally(executed, moved, decisions, topics.count("Audited"), topics.count("Replaced"))

    def _stored(self) -> list[Any]:
        return list(self._app.recorder.select_notifications(start=1, limit=2**31))

    def durability(self) -> Iterable[tuple[str, int]]:
        """Ask the connection that its pool hands to writers."""
        with self._app.recorder.datastore.get_connection(commit=True) as pooled:
            return [durability_of(pooled._sqlite_conn)]  # noqa: SLF001 - the very connection

    def close(self) -> None:
        """Close its pool."""
        self._app.close()


def execute(app: Any, request_id: UUID) -> None:
    """Make the change, and save both aggregates in one commit."""
    request = app.repository.get(request_id)
    state = app.repository.get(request.state_id)
    attempt = facts.Attempt(str(request_id), str(state.id), request.version, state.version)
    attempt.demand(request.expected_version)
    request.resolve(attempt.execution_id, attempt.resolved(facts.now()))

    after, changes = facts.merged(state.content, request.payload)

    at = facts.now()
    request.execute(state.version + 1, attempt.executed(at))
    request.audit(attempt.audited(at, changes))
    state.replace(after, attempt.entered(at, changes))
    app.save(request, state)

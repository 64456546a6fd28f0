"""Django's ORM with django-fsm-2: protected status, `@transition` methods, one `atomic()` block for each execution.

The same facts go into tables of the same shape. Left out: digests, seals and chained hashes, reading the trail back,
policies, requirements and deadlines, strategies other than reject, typed refusals. Django is configured for the
process, so this peer must have a process of its own.
"""

from collections.abc import Iterable
from pathlib import Path

import django
from django.conf import settings

from benchmarks.peers import facts, same_work
from benchmarks.peers.peer import GOVERNED, Tally, durability_of

_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
_OPTIONS = {"transaction_mode": "IMMEDIATE", "init_command": _PRAGMAS}
_DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": "", "OPTIONS": _OPTIONS}

settings.configure(DATABASES={"default": _DATABASE}, INSTALLED_APPS=[], DEBUG=False, USE_TZ=True)
django.setup()

from django.db import connection, models, transaction  # noqa: E402 - models need settings
from django_fsm import FSMField  # noqa: E402 - as above
from django_fsm import transition as moves  # noqa: E402 - as above


class StateRow(models.Model):
    """A state."""

    id = models.TextField(primary_key=True)
    version = models.IntegerField()
    body = models.TextField()

    class Meta:
        """Its table."""

        app_label, db_table, managed = "peers", "states", False


class RequestRow(models.Model):
    """A request, moved by django-fsm-2 alone."""

    id = models.TextField(primary_key=True)
    state_id = models.TextField()
    status = FSMField(default="created", protected=True)
    revision = models.IntegerField()
    expected_version = models.IntegerField()
    payload = models.TextField()
    resolved_version = models.IntegerField(null=True)
    resulting_version = models.IntegerField(null=True)
    execution_id = models.TextField(null=True)
    updated_at = models.TextField()

    class Meta:
        """Its table."""

        app_label, db_table, managed = "peers", "requests", False

    @moves(field=status, source="approved", target="resolving")
    def resolve(self, execution_id: str) -> None:
        """Begin the attempt."""
        self.execution_id = execution_id

    @moves(field=status, source="resolving", target="executed")
    def execute(self, version: int, at: str) -> None:
        """Remember what was made of what."""
        self.resolved_version, self.resulting_version = version, version + 1
        self.revision += 2
        self.updated_at = at


class DecisionRow(models.Model):
    """A decision."""

    pk = models.CompositePrimaryKey("request_id", "seq")
    request_id = models.TextField()
    seq = models.IntegerField()
    body = models.TextField()

    class Meta:
        """Its table."""

        app_label, db_table, managed = "peers", "decisions", False


class AuditRow(models.Model):
    """An audit record."""

    pk = models.CompositePrimaryKey("request_id", "seq")
    request_id = models.TextField()
    seq = models.IntegerField()
    body = models.TextField()

    class Meta:
        """Its table."""

        app_label, db_table, managed = "peers", "audits", False


class HistoryRow(models.Model):
    """A history entry."""

    pk = models.CompositePrimaryKey("state_id", "version")
    state_id = models.TextField()
    version = models.IntegerField()
    body = models.TextField()

    class Meta:
        """Its table."""

        app_label, db_table, managed = "peers", "history", False


class DjangoFsm:
    """Django and django-fsm-2."""

    one = GOVERNED

    def __init__(self, folder: Path) -> None:
        self._path = folder / "django.db"
        connection.settings_dict["NAME"] = str(self._path)
        self._ready: list[str] = []

    def prepare(self, count: int) -> None:
        """Seed the tables."""
        self._ready += same_work.seed(self._path, count)

    def run(self) -> None:
        """Execute, in a transaction each."""
        for request_id in self._ready:
            with transaction.atomic():
                execute(request_id)
        self._ready.clear()

    def tally(self) -> Tally:
        """Count the rows."""
        return same_work.tally(self._path)

    def durability(self) -> Iterable[tuple[str, int]]:
        """Ask the connection of this thread."""
        connection.ensure_connection()
        return [durability_of(connection.connection)]

    def close(self) -> None:
        """Close it."""
        connection.close()


def execute(request_id: str) -> None:
    """Make the change and write the trail."""
    request = RequestRow.objects.get(pk=request_id)
    state = StateRow.objects.get(pk=request.state_id)
    version, seq = state.version, request.revision + 1
    attempt = facts.Attempt(request.id, state.id, request.revision, version)
    attempt.demand(request.expected_version)
    request.resolve(attempt.execution_id)
    at = facts.now()
    first = attempt.resolved(at)

    after, changes = facts.merged(facts.load(state.body), facts.load(request.payload))
    replaced = StateRow.objects.filter(pk=state.pk, version=version)
    if replaced.update(version=version + 1, body=facts.dump(after)) != 1:
        raise facts.StaleError("somebody was faster")

    at = facts.now()
    request.execute(version, at)
    second = attempt.executed(at)
    audit = attempt.audited(at, changes)
    entry = attempt.entered(at, changes)
    request.save()
    DecisionRow.objects.bulk_create(
        [
            DecisionRow(request_id=request.id, seq=seq, body=facts.dump(first)),
            DecisionRow(request_id=request.id, seq=seq + 1, body=facts.dump(second)),
        ]
    )
    AuditRow.objects.create(request_id=request.id, seq=1, body=facts.dump(audit))
    HistoryRow.objects.create(state_id=state.id, version=version + 1, body=facts.dump(entry))

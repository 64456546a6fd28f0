"""Terminal outcome recording on its own: the last trigger fired, and all it leaves written. A figure is of 20."""

from benchmarks.batches import _Stage
from benchmarks.world import SQLITE


class ExecutedRecorded(_Stage):
    stage = "recording"


class StaleRecorded(ExecutedRecorded):
    path = "approved request rejected as stale before execution"


class RejectedRecorded(ExecutedRecorded):
    path = "approved request blocked by policy"


class ExecutedRecordedInSqlite(ExecutedRecorded):
    """The rows are written, not committed."""

    store = SQLITE


class StaleRecordedInSqlite(StaleRecorded):
    """The rows are written, not committed."""

    store = SQLITE


class RejectedRecordedInSqlite(RejectedRecorded):
    """The rows are written, not committed."""

    store = SQLITE

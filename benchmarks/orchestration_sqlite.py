"""Governed execution, path by path, over SQLite: a file, write-ahead log, FULL. A figure is of 20 executions.

How fast they are is how fast the disk syncs; `orchestration` shows what governance costs.
"""

from benchmarks import orchestration
from benchmarks.world import SQLITE


class ApprovedRequestExecuted(orchestration.ApprovedRequestExecuted):
    store = SQLITE


class ApprovedRequestRejectedAsStaleBeforeExecution(orchestration.ApprovedRequestRejectedAsStaleBeforeExecution):
    store = SQLITE


class ApprovedRequestRevalidatedAndThenExecuted(orchestration.ApprovedRequestRevalidatedAndThenExecuted):
    store = SQLITE


class ApprovedRequestSentBackToRenewedApproval(orchestration.ApprovedRequestSentBackToRenewedApproval):
    store = SQLITE


class ApprovedRequestExecutedAsItsEffectIsPreserved(orchestration.ApprovedRequestExecutedAsItsEffectIsPreserved):
    store = SQLITE


class ApprovedRequestBlockedByPolicy(orchestration.ApprovedRequestBlockedByPolicy):
    store = SQLITE


class ExecutedRequestReplayed(orchestration.ExecutedRequestReplayed):
    store = SQLITE

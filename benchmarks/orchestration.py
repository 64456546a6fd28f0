"""Governed execution, path by path, over the memory store: governance alone. A figure is of 20 executions."""

from benchmarks.batches import _Batch


class ApprovedRequestExecuted(_Batch):
    path = "approved request executed"


class ApprovedRequestRejectedAsStaleBeforeExecution(_Batch):
    path = "approved request rejected as stale before execution"


class ApprovedRequestRevalidatedAndThenExecuted(_Batch):
    path = "approved request revalidated and then executed"


class ApprovedRequestSentBackToRenewedApproval(_Batch):
    path = "approved request sent back to renewed approval"


class ApprovedRequestExecutedAsItsEffectIsPreserved(_Batch):
    path = "approved request executed as its effect is preserved"


class ApprovedRequestBlockedByPolicy(_Batch):
    path = "approved request blocked by policy"


class ExecutedRequestReplayed(_Batch):
    path = "executed request replayed"

"""Stages of a governed execution beside resolution, hand-off and recording. A figure is of 20 executions."""

from benchmarks.batches import _Stage


class RequestTrailAndStateLoaded(_Stage):
    stage = "loading"


class MachineAskedForDeadlines(_Stage):
    stage = "deadlines"


class MachineFiredResolve(_Stage):
    stage = "machine"

"""Everything that can be required before a request is executed: for `require(...)` and `submit(requirements=...)`.

Approvals, reviews and checks wait for people and systems; schedules, freezes, dependencies and quotas for time and
events. All can have a `step`, and say what follows when they can no longer be met.
"""

from placet.model.approval import Approval, ExternalCheck, ManualReview
from placet.model.ballots import Rejection
from placet.model.conditions import Dependency, Freeze, Quota, Schedule
from placet.model.requirement import Requirement, WhenImpossible

__all__ = [
    "Approval",
    "Dependency",
    "ExternalCheck",
    "Freeze",
    "ManualReview",
    "Quota",
    "Rejection",
    "Requirement",
    "Schedule",
    "WhenImpossible",
]

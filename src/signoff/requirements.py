"""Everything that can be required before a request is executed: for `require(...)` and `submit(requirements=...)`.

Approvals, reviews and checks wait for people and systems; schedules, freezes, dependencies and quotas for time and
events. All can have a `step`, and say what follows when they can no longer be met.
"""

from signoff.model.approval import Approval, ExternalCheck, ManualReview
from signoff.model.ballots import Rejection
from signoff.model.conditions import Dependency, Freeze, Quota, Schedule
from signoff.model.requirement import Requirement, WhenImpossible

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

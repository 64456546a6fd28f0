"""What requirements are judged by beside the trail: facts that a manager has gathered, so that judging stays pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from placet.model.actor import Actor
from placet.model.request import Status
from placet.model.requirement import Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Facts about the world around a request.

    Attributes:
        statuses: the status of each request it depends on, or of its successor; None if there is no such request.
        executions: when the state was changed last, newest first, as many as a quota wants to see.
        candidates: who is eligible for a requirement now; absent where nobody can list them, or nobody has asked.
        voters: those who voted, as the directory knows them now; None if it no longer does. Only where votes are
            checked again.
    """

    statuses: Mapping[str, Status | None] = field(default_factory=dict)
    executions: tuple[datetime, ...] = ()
    candidates: Mapping[Requirement, tuple[Actor, ...]] = field(default_factory=dict)
    voters: Mapping[str, Actor | None] = field(default_factory=dict)


NOTHING = Circumstances()

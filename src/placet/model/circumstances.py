"""What requirements are judged by beside the trail: facts that a manager has gathered, so that judging stays pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from placet.model.actor import Actor
from placet.model.ballots import Hat
from placet.model.request import Status
from placet.model.requirement import Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """Another request as one that depends on it sees it: itself, or where it was superseded the last of its successors.

    Attributes:
        request_id: the id of the last one.
        status: its status.
        asks: SHA-256 over what it asks for.
        about: what it asks for, in words.
        already_in_place: whether it ended because its effect was there already.
        met_at: when it was executed, or ended because its effect was there already, UTC; None if it was not.
        outdated: whether it was executed before the other request was made on the version that it is made on.
    """

    request_id: str
    status: Status
    asks: str
    about: str
    already_in_place: bool = False
    met_at: datetime | None = None
    outdated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Facts about the world around a request.

    Attributes:
        awaited: each request it depends on, by its id; None if there is no such request.
        executions: when the state was changed last, newest first: as many as a quota wants to see, and as many before
            the first vote.
        candidates: who is eligible for a requirement now; absent where nobody can list them, or nobody has asked.
        speakers: those who voted, reported or waived, as they could do it now; None if they could not. Only those whose
            word is checked again.
        asking: whoever the requester is and acts for now, where somebody's word is checked again.
    """

    awaited: Mapping[str, Awaited | None] = field(default_factory=dict)
    executions: tuple[datetime, ...] = ()
    candidates: Mapping[Requirement, tuple[Actor, ...]] = field(default_factory=dict)
    speakers: Mapping[Hat, Actor | None] = field(default_factory=dict)
    asking: frozenset[str] = frozenset()


NOTHING = Circumstances()

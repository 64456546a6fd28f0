"""Everything one governed step makes durable, to be written together or not at all."""

from dataclasses import dataclass

from placet.model.canonical import Link
from placet.model.request import MutationRequest
from placet.model.state import StoredState


@dataclass(frozen=True, slots=True)
class Writes:
    """One atomic write.

    Attributes:
        request: the request as it becomes, or None if none moves.
        revision: the revision it had when it was read; 0 inserts it. The write fails if it has another by now.
        new_terms: whether its terms are new and must be added.
        decisions: links to add to its decisions.
        audit: links to add to its audit records.
        state: the state as it becomes, or None if none changes.
        version: the version it had when it was read; 0 inserts it. The write fails if it has another by now.
        history: links to add to the state's history.
    """

    request: MutationRequest | None = None
    revision: int = 0
    new_terms: bool = False
    decisions: tuple[Link, ...] = ()
    audit: tuple[Link, ...] = ()
    state: StoredState | None = None
    version: int = 0
    history: tuple[Link, ...] = ()

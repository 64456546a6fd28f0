"""Where states begin."""

from pydantic import ValidationError

from signoff.errors import InputError, NotCanonicalError
from signoff.governance.context import Context
from signoff.model.actor import Actor, ActorKind, look_up
from signoff.model.canonical import digest, parse
from signoff.model.changes import Change, ChangeKind
from signoff.model.names import checked_id
from signoff.model.state import Snapshot, State, StoredState, state_body
from signoff.model.trail import HISTORY_BOOK, HistoryEntry, HistoryKind
from signoff.model.writes import Writes

FOUNDER = Actor("system", ActorKind.SYSTEM)
"""Who creates a state when nobody is named."""


def create_state(context: Context, state_id: str, state: State, by: str | None) -> Snapshot:
    """Store a state at version 1, with the history entry that begins it; see `Governance.create_state`."""
    checked_id("state_id", state_id)
    if not isinstance(state, State):
        raise InputError(f"{state!r} is no State; pass an instance of a State class")
    actor = FOUNDER if by is None else look_up(context.directory, by)
    cls, body = type(state), state_body(state)
    context.registry.register_state(cls)
    loaded = _read_back(state_id, cls, body)
    new = StoredState(state_id, cls.type_name, 1, body, digest(body))
    entry = HistoryEntry(
        state_id=state_id,
        state_type=cls.type_name,
        version=1,
        kind=HistoryKind.CREATED,
        at=context.now(),
        actor=actor.id,
        before_hash="",
        after_hash=new.hash,
        changes=(Change("", ChangeKind.ADDED, after=parse(body)),),
    )
    with context.store.unit() as unit:
        unit.write(Writes(state=new, history=(HISTORY_BOOK.link(state_id, 1, entry, ""),)))
    return Snapshot(state_id, 1, new.hash, loaded)


def _read_back(state_id: str, cls: type[State], body: bytes) -> State:
    """Read a state back before it is stored: what its class does not accept could never be loaded again."""
    try:
        loaded = cls.model_validate_json(body)
        again = state_body(loaded)
    except (ValidationError, NotCanonicalError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise InputError(f"the {cls.__name__} for {state_id!r} cannot be read back once it is stored: {why}") from error
    if again != body:
        raise InputError(
            f"the {cls.__name__} for {state_id!r} reads back differently: let its validators be idempotent"
        )
    return loaded

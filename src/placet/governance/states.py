"""Where states begin."""

from typing import TypeVar

from placet.engine.registry import Registry
from placet.errors import InputError
from placet.governance.context import Context
from placet.governance.dossier import check_state
from placet.model.actor import Actor, ActorKind
from placet.model.canonical import digest, parse
from placet.model.changes import Change, ChangeKind
from placet.model.names import checked_flag, checked_id
from placet.model.state import Snapshot, State, StoredState, alike, loaded, state_body
from placet.model.trail import HISTORY_BOOK, HistoryEntry, HistoryKind
from placet.model.writes import Writes

S = TypeVar("S", bound=State)

FOUNDER = Actor("system", ActorKind.SYSTEM)
"""Who creates a state when nobody is named."""


def create_state(context: Context, state_id: str, state: S, by: str | None, *, exist_ok: bool) -> Snapshot[S]:
    """Store a state at version 1, with the history entry that begins it; see `Governance.create_state`."""
    state_id = checked_id("state_id", state_id)
    checked_flag("exist_ok", exist_ok)
    if not isinstance(state, State):
        raise InputError(f"a {type(state).__name__} is no State; pass an instance of a State class")
    actor = FOUNDER if by is None else context.actor(by)
    cls, body = type(state), state_body(state)
    context.registry.register_state(cls)
    back = _read_back(state_id, state, body)
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
        kept = unit.state(state_id) if exist_ok else None
        if kept is not None:
            check_state(unit, kept)
            return snapshot(context.registry, kept, cls)
        unit.write(Writes(state=new, history=(HISTORY_BOOK.link(state_id, 1, entry, ""),)))
    return Snapshot(state_id, 1, new.hash, back)


def snapshot(registry: Registry, stored: StoredState, expected: type[S]) -> Snapshot[S]:
    """Give a stored state as an instance of its class.

    Raises:
        InputError: it is of another class than expected.
    """
    if not isinstance(expected, type) or not issubclass(expected, State):
        raise InputError(f"expected is a {type(expected).__name__}; pass a State class")
    state = registry.load_state(stored)
    if not isinstance(state, expected):
        raise InputError(f"state {stored.state_id!r} is a {type(state).__name__}, not a {expected.__name__}")
    return Snapshot(stored.state_id, stored.version, stored.hash, state)


def _read_back(state_id: str, state: S, body: bytes) -> S:
    """Read a state back before it is stored: what its class does not accept could never be loaded again."""
    cls = type(state)
    what = f"the {cls.__name__} for {state_id!r}"
    back = loaded(cls, body, lambda why: InputError(f"{what} cannot be read back once it is stored: {why}"))
    if state_body(back) != body or not alike(back, state):
        raise InputError(
            f"{what} reads back differently: use fields whose JSON says all there is, and let validators be idempotent"
        )
    return back

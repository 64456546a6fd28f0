"""Hooks: told of every move of a request once it is durable. Whatever a hook does, it changes nothing."""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from inspect import getattr_static, isawaitable
from traceback import extract_tb

from placet.model.actor import Actor
from placet.model.answers import checked_function, kind_of
from placet.model.names import listed
from placet.model.request import MutationRequest
from placet.model.run import Run
from placet.model.trail import AuditRecord, Decision

log = logging.getLogger("placet.hooks")
moves = logging.getLogger("placet.moves")


@dataclass(frozen=True, slots=True)
class Moved:
    """What one call has made durable of one request.

    Attributes:
        method: the method of `Governance` that was called, as `approve`; `reassess` and `expire_due` of sweeps.
        actor: who called it.
        request: the request as it is now.
        decisions: what the call has decided, oldest first.
        audit: the audit record, where an execution attempt ended.
        run: what the engine said on the current state, where it was asked. It holds the user's values.
        waited_us: microseconds that the call waited for the store.
        decided_us: microseconds that it took to read and to decide; policies, checks and `apply` included.
        committed_us: microseconds that it took to commit.
    """

    method: str
    actor: Actor
    request: MutationRequest
    decisions: tuple[Decision, ...]
    audit: AuditRecord | None = None
    run: Run | None = field(default=None, repr=False)
    waited_us: int = 0
    decided_us: int = 0
    committed_us: int = 0

    @property
    def state_id(self) -> str:
        """The state that the request wants to change."""
        return self.request.filed.state_id

    @property
    def execution_id(self) -> str | None:
        """The id of the execution attempt, where one ended."""
        return self.audit.execution_id if self.audit else None


Hook = Callable[[Moved], object]


class Hooks:
    """Tells hooks, and the log `placet.moves`, what has moved.

    Args:
        hooks: functions, called in this order.

    Raises:
        ConfigurationError: Raised if one of them cannot be called, or is asynchronous.
    """

    def __init__(self, hooks: Iterable[Hook] = ()) -> None:
        self._hooks = listed("hooks", hooks, "functions")
        for hook in self._hooks:
            checked_function("a hook", hook)

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return bool(self._hooks) or moves.isEnabledFor(logging.INFO)

    def tell(self, moved: Moved) -> None:
        """Tell every hook. What one raises is logged by its type and place, and nothing follows from it.

        That holds for `KeyboardInterrupt` and for cancellations, too, and for handlers of the log: the move is durable,
        and whoever called has to get to know what came of it. Each hook has a copy of its own to change in place.
        """
        with suppress(BaseException):
            _log_move(moved)
        for hook in self._hooks:
            try:
                answer = hook(deepcopy(moved))
                if isawaitable(answer):
                    log.warning("hook %s answered a %s, which nobody awaits", _name(hook), kind_of(answer))
            except BaseException as error:  # noqa: BLE001 - it is committed, whatever an observer raises
                with suppress(BaseException):
                    log.warning("hook %s raised %s at %s", _name(hook), type(error).__name__, _place(error))


def _log_move(moved: Moved) -> None:
    request = moved.request
    moves.info(
        "%s by %s: request %s on %s is %s", moved.method, moved.actor.id, request.id, moved.state_id, request.status
    )


def _name(hook: Hook) -> str:
    name = getattr_static(hook, "__qualname__", None)
    return name if isinstance(name, str) else type(hook).__qualname__


def _place(error: BaseException) -> str:
    """Return where an exception was raised: its message might hold a payload."""
    frames = extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"

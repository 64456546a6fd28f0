"""How a request is to be handled: what the caller of `submit` may say beside the wish."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import EllipsisType

from placet.errors import InputError, PlacetError
from placet.governance.context import Context
from placet.model.actor import Actor, ActorKind
from placet.model.directory import known
from placet.model.merging import twice
from placet.model.names import checked_choice, checked_flag, checked_moment, exact, listed, shown
from placet.model.requirement import LONGEST, Requirement
from placet.model.terms import KINDS, OnDrift

DAY = timedelta(days=1)
"""How long an approval of what an agent asks for counts, unless the request says otherwise."""

_FALLBACKS = tuple(each for each in OnDrift if each is not OnDrift.KEEP_IF_SAME_EFFECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a request is to be handled.

    Attributes:
        on_drift: what to do when the state has moved by the time of execution.
        fallback: what to do when `on_drift` is keep_if_same_effect and the effect is another.
        pause_for_revalidation: stop in `revalidation`, for a person to look, instead of going on in the same call.
        expires_at: the deadline, in UTC; or how long from submission.
        approval_valid_for: how long an approval counts; for ever if None; as the governance says if `...`.
        own: what the requester requires beyond the policies.
    """

    on_drift: OnDrift = OnDrift.REJECT
    fallback: OnDrift = OnDrift.REJECT
    pause_for_revalidation: bool = False
    expires_at: datetime | timedelta | None = None
    approval_valid_for: timedelta | EllipsisType | None = ...
    own: tuple[Requirement, ...] = ()

    @classmethod
    def checked(
        cls,
        on_drift: str,
        fallback: str,
        *,
        pause: bool,
        expires_at: datetime | timedelta | None,
        approval_valid_for: timedelta | EllipsisType | None,
        requirements: Iterable[Requirement],
    ) -> "Options":
        """Make options of what the caller passed.

        Raises:
            InputError: an unknown strategy, a fallback that is no fallback, a deadline without time zone, a time that
                is none, or requirements that are none.
        """
        strategy = checked_choice("on_drift", on_drift, OnDrift)
        checked_flag("pause_for_revalidation", pause)
        if isinstance(fallback, str) and exact(fallback) == OnDrift.KEEP_IF_SAME_EFFECT:
            raise InputError(
                f"fallback={shown(fallback)} has nothing to fall back to; use reject, renew_approval, revalidate"
            )
        instead = checked_choice("fallback", fallback, _FALLBACKS)
        deadline: datetime | timedelta | None = expires_at
        if isinstance(expires_at, timedelta):
            _lasting("expires_at", expires_at)
        elif expires_at is not None:
            deadline = checked_moment("expires_at", expires_at)
        lasts = approval_valid_for if approval_valid_for is ... else checked_validity(approval_valid_for)
        several = isinstance(requirements, Iterable)
        own = listed("requirements", requirements, "requirements", InputError) if several else (requirements,)
        for each in own:
            if type(each) not in KINDS:
                raise InputError(f"requirements= holds {shown(each)}; pass instances from placet.requirements")
        repeated = twice(own)
        if repeated:
            raise InputError(f"requirements=: {repeated}")
        return cls(
            on_drift=strategy,
            fallback=instead,
            pause_for_revalidation=pause,
            expires_at=deadline,
            approval_valid_for=lasts,
            own=own,
        )

    def expiry(self, now: datetime) -> datetime | None:
        """Give the deadline of a request that is submitted now.

        Raises:
            InputError: it has passed already, or is in no year that there is.
        """
        if self.expires_at is None:
            return None
        if isinstance(self.expires_at, datetime):
            if self.expires_at <= now:
                raise InputError(f"expires_at={self.expires_at.isoformat()} has passed already; set a later one")
            return self.expires_at
        try:
            return now + self.expires_at
        except OverflowError:
            raise InputError(f"expires_at={self.expires_at} from now is in no year that there is") from None

    def validity(self, context: Context, actor: Actor) -> timedelta | None:
        """Return how long an approval counts: as was written, or else as the governance says.

        That is at most a day where an agent asks, or where the directory does not say that whom it asks for is none.
        """
        if not isinstance(self.approval_valid_for, EllipsisType):
            return self.approval_valid_for
        return asked_by(context, actor, context.approval_valid_for)


def asked_by(context: Context, actor: Actor, usual: timedelta | None) -> timedelta | None:
    """Return how long an approval counts where an actor asks: as usual, but at most a day where that is an agent."""
    asked_for = actor if actor.on_behalf_of is None else known(context.directory, actor.on_behalf_of)
    if asked_for is not None and ActorKind.AGENT not in {actor.kind, asked_for.kind}:
        return usual
    return DAY if usual is None else min(usual, DAY)


def _lasting(name: str, value: object) -> timedelta:
    if isinstance(value, timedelta) and timedelta(0) < value <= LONGEST:
        return value
    raise InputError(f"{name}={shown(value)}: pass a timedelta above zero, at most 100 years")


def checked_validity(value: object, wrong: type[PlacetError] = InputError) -> timedelta | None:
    """Return how long an approval counts, or None for ever.

    Args:
        value: what was passed.
        wrong: the error to raise.

    Raises:
        PlacetError: it is no time, or none that is allowed.
    """
    try:
        return None if value is None else _lasting("approval_valid_for", value)
    except InputError as error:
        raise wrong(f"{error}, or None for approvals that count for ever") from None

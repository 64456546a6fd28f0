"""What an approval covers."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator, GetPydanticSchema, Tag

from placet.model.approval import Approval, ExternalCheck, ManualReview
from placet.model.canonical import Codec, Moment, digest, written
from placet.model.changes import Changes
from placet.model.conditions import Dependency, Freeze, Quota, Schedule
from placet.model.mutation import Intent
from placet.model.requirement import Requirement


class OnDrift(StrEnum):
    """What to do when the state has moved since the request was approved.

    `KEEP_IF_SAME_EFFECT` simulates again on the latest state: if the change set means the same (added members of a list
    of unique scalars may stand between other members than before), and policies and checks pass, the approval still
    covers it; otherwise the fallback applies. `REVALIDATE` is the same with `RENEW_APPROVAL` as the fallback, unless
    the mutation's class says that an approval covers the mutation: then policies and checks are asked again, and
    whatever effect it has by then is executed. An effect that is already in place is not made again.
    """

    REJECT = "reject"
    RENEW_APPROVAL = "renew_approval"
    REVALIDATE = "revalidate"
    KEEP_IF_SAME_EFFECT = "keep_if_same_effect"


KINDS = (Approval, ManualReview, ExternalCheck, Schedule, Freeze, Dependency, Quota)
"""Every kind of requirement there is; a subclass of your own could be neither stored nor judged."""


def _kind(value: object) -> str:
    """Tell which requirement this is."""
    return str(value.get("kind", "") if isinstance(value, dict) else getattr(value, "kind", ""))


_Kinds = Annotated[
    Annotated[Approval, Tag("approval")]
    | Annotated[ManualReview, Tag("manual_review")]
    | Annotated[ExternalCheck, Tag("external_check")]
    | Annotated[Schedule, Tag("schedule")]
    | Annotated[Freeze, Tag("freeze")]
    | Annotated[Dependency, Tag("dependency")]
    | Annotated[Quota, Tag("quota")],
    Discriminator(_kind),
]

AnyRequirement = Annotated[Requirement, GetPydanticSchema(lambda _, handler: handler.generate_schema(_Kinds))]
"""A requirement, kept together with the name of its kind."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything an approval covers. Immutable; an edit makes new terms with a new digest.

    Attributes:
        request_id: the request they belong to: no other request's votes can ever fit.
        number: 1 for the first terms of a request, 2 for renewed ones, and so on: no old vote can ever fit.
        state_id: which state is to change.
        state_type: the `type_name` of its class.
        mutation: the registered name of the mutation.
        schema_version: of the mutation.
        payload: the mutation's fields, as canonical JSON text.
        intent: what it is for.
        requester: who asked.
        on_behalf_of: for whom, if for somebody else.
        reason: why, in the requester's words.
        expected_version: the version of the state it was approved for.
        state_hash: SHA-256 of the state at that version.
        approval_covers: whether an approval covers the effect that was shown, or the mutation, whatever its effect.
        on_drift: what to do when the state has moved.
        fallback: what to do when `on_drift` is keep_if_same_effect and the effect is not the same.
        pause_for_revalidation: stop in `revalidation` instead of going on in the same call.
        requirements: what must be met, as policies and the requester want it.
        effect: the change set from simulating it on the state at that version.
        expires_at: the deadline, if any.
        approval_valid_for: how long an approval counts; for ever if None.
        own: those of the requirements that the requester added; policies cannot take them away.
        executors: the roles of which whoever executes it must have one; anybody may if empty.
        vouched: whether the directory it was submitted under vouches for its actors; every act on it then takes one
            that does, and a caller who is authenticated.
        formerly: who asked before the request was taken over, and for whom: they never decide on it either.
    """

    request_id: str
    number: int
    state_id: str
    state_type: str
    mutation: str
    schema_version: int
    payload: str = field(repr=False)
    intent: Intent
    requester: str
    on_behalf_of: str | None
    reason: str
    expected_version: int
    state_hash: str
    approval_covers: Literal["effect", "mutation"]
    on_drift: OnDrift
    fallback: OnDrift
    pause_for_revalidation: bool
    requirements: tuple[AnyRequirement, ...]
    effect: Changes
    expires_at: Moment | None
    approval_valid_for: timedelta | None = None
    own: tuple[AnyRequirement, ...] = ()
    executors: tuple[str, ...] = ()
    vouched: bool = False
    formerly: tuple[str, ...] = ()

    @property
    def asks(self) -> str:
        """SHA-256 over what is asked for: state, mutation and payload, on whichever version of the state."""
        return digest(written([self.state_id, self.mutation, self.schema_version, self.payload], "what is asked for"))


TERMS = Codec(Terms, "placet_terms")
REQUIREMENTS = Codec(tuple[AnyRequirement, ...], "placet_terms")

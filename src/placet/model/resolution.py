"""What came of comparing the approved version with the current one."""

from dataclasses import dataclass
from enum import StrEnum


class ResolutionOutcome(StrEnum):
    """What a resolution says."""

    UNCHANGED = "unchanged"
    SAME_EFFECT = "same_effect"
    STALE = "stale"
    RENEW_APPROVAL = "renew_approval"
    REVALIDATE = "revalidate"
    ALREADY_IN_PLACE = "already_in_place"


class Effect(StrEnum):
    """How what a mutation would do now compares with the effect that was approved."""

    SAME = "same"
    OTHER = "other"
    IN_PLACE = "in_place"


PROCEEDING = frozenset({ResolutionOutcome.UNCHANGED, ResolutionOutcome.SAME_EFFECT})


@dataclass(frozen=True, slots=True)
class DriftStep:
    """One version between the approved and the current one.

    Attributes:
        version: which.
        request_id: the executed request that made it, or None where the user's own table was changed by other hands.
        mutation: the name of its mutation, or "".
        actor: who executed it, or who found it changed by other hands.
        paths: which paths it changed, as JSON Pointers.
    """

    version: int
    request_id: str | None
    mutation: str
    actor: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Result of comparing the version a request is approved for with the one the state has now.

    Attributes:
        outcome: what follows from it.
        expected_version: the approved version.
        current_version: the version now.
        strategy: the strategy that was pinned at submission.
        drift: the steps from the approved version to the current one, oldest first, at most 100.
        unlisted: how many steps are not in `drift`: beyond the hundredth, or made without placet.
    """

    outcome: ResolutionOutcome
    expected_version: int
    current_version: int
    strategy: str
    drift: tuple[DriftStep, ...] = ()
    unlisted: int = 0

    @property
    def proceeds(self) -> bool:
        """Whether execution may go on under the approval there is."""
        return self.outcome in PROCEEDING

    @property
    def drifted(self) -> bool:
        """Whether the state has moved since the approval."""
        return self.expected_version != self.current_version

    def __str__(self) -> str:
        moved = (
            f"version {self.expected_version} -> {self.current_version}"
            if self.drifted
            else (f"still version {self.current_version}")
        )
        steps = "; ".join(
            f"v{step.version} by {step.request_id or 'other hands'} at {', '.join(step.paths) or '(nothing)'}"
            for step in self.drift
        )
        return moved + (f" ({steps})" if steps else "")

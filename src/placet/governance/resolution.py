"""Version resolution: compare the version that was approved with the version there is. Always, also when equal."""

from collections.abc import Callable, Sequence

from placet.errors import IntegrityError
from placet.model.resolution import DriftStep, Resolution, ResolutionOutcome
from placet.model.terms import OnDrift
from placet.model.trail import HISTORY_BOOK, Ledger
from placet.store.port import Reader

MOST_STEPS = 100
"""How many steps a drift report lists."""

_OUTCOMES = {
    OnDrift.REJECT: ResolutionOutcome.STALE,
    OnDrift.RENEW_APPROVAL: ResolutionOutcome.RENEW_APPROVAL,
    OnDrift.REVALIDATE: ResolutionOutcome.REVALIDATE,
}


class VersionResolver:
    """Says what follows when the state has moved, by the strategy pinned at submission. Pure."""

    def resolve(
        self,
        *,
        state_id: str,
        expected: int,
        current: int,
        on_drift: OnDrift,
        fallback: OnDrift,
        same_effect: Callable[[], bool],
        drift: Callable[[], Sequence[DriftStep]],
    ) -> Resolution:
        """Compare two versions.

        Versions are integers that the store never uses twice, so a state that went from A to B and back to A has moved.

        Args:
            state_id: of which state.
            expected: the version that was approved.
            current: the version there is.
            on_drift: the strategy.
            fallback: the strategy where on_drift is keep_if_same_effect and the effect is another.
            same_effect: tells whether the mutation would do now what was approved; asked only if that matters.
            drift: gives the steps between the versions; asked only if there are any.

        Raises:
            IntegrityError: the current version is older than the approved one.
        """
        if current < expected:
            raise IntegrityError("placet_states", state_id, f"its version went back from {expected} to {current}")
        if current == expected:
            return Resolution(ResolutionOutcome.UNCHANGED, expected, current, str(on_drift))
        if on_drift is not OnDrift.KEEP_IF_SAME_EFFECT:
            outcome = _OUTCOMES[on_drift]
        else:
            outcome = ResolutionOutcome.SAME_EFFECT if same_effect() else _OUTCOMES[fallback]
        steps = tuple(drift())
        return Resolution(outcome, expected, current, str(on_drift), steps, current - expected - len(steps))


def drift_steps(reader: Reader, state_id: str, expected: int) -> list[DriftStep]:
    """Read which requests moved a state since a version, and where.

    Args:
        reader: the store.
        state_id: of which state.
        expected: the version to begin after.

    Returns:
        At most 100 steps, oldest first.
    """
    links = list(reader.links(Ledger.HISTORY, state_id, expected - 1, MOST_STEPS + 1))
    # a table of the user's own may have come to the approved version by other hands: then the chain is taken up later
    previous = links.pop(0).hash if links and links[0].seq == expected else None
    entries = HISTORY_BOOK.read(links[:MOST_STEPS], previous)
    return [
        DriftStep(entry.version, entry.request_id, entry.mutation, entry.actor, tuple(c.path for c in entry.changes))
        for entry in entries
    ]

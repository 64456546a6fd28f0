"""Version resolution: compare the version that was approved with the version there is. Always, also when equal."""

from collections.abc import Callable, Sequence

from placet.errors import IntegrityError
from placet.model.changes import Changes
from placet.model.resolution import DriftStep, Effect, Resolution, ResolutionOutcome
from placet.model.terms import OnDrift, Terms
from placet.model.trail import HISTORY_BOOK, HistoryEntry, Ledger
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
        terms: Terms,
        *,
        expected: int,
        current: int,
        effect: Callable[[], Effect],
        drift: Callable[[], Sequence[DriftStep]],
    ) -> Resolution:
        """Compare two versions.

        Versions are integers that the store never uses twice, so a state that went from A to B and back to A has moved.

        Args:
            terms: what was approved, and what to do when the state has moved.
            expected: the version that was approved.
            current: the version there is.
            effect: compares what the mutation would do now with what was approved; asked only if versions differ.
            drift: returns the steps between the versions; asked only if there are any.

        Raises:
            IntegrityError: Raised if the current version is older than the approved one.
        """
        if current < expected:
            row = f"its version went back from {expected} to {current}"
            raise IntegrityError("placet_states", terms.state_id, row)
        if current == expected:
            return Resolution(ResolutionOutcome.UNCHANGED, expected, current, str(terms.on_drift))
        outcome, steps = _outcome(terms, effect()), tuple(drift())
        unlisted = current - expected - len(steps)
        return Resolution(outcome, expected, current, str(terms.on_drift), steps, unlisted)


def _outcome(terms: Terms, effect: Effect) -> ResolutionOutcome:
    """Return what follows on another version.

    Where an approval covers the effect, `revalidate` is `keep_if_same_effect` with `renew_approval` as its fallback;
    where it pauses, a person looks first.
    """
    if effect is Effect.IN_PLACE:
        return ResolutionOutcome.ALREADY_IN_PLACE
    strategy, fallback = terms.on_drift, terms.fallback
    if terms.approval_covers == "effect":
        if strategy is OnDrift.REVALIDATE and not terms.pause_for_revalidation:
            strategy, fallback = OnDrift.KEEP_IF_SAME_EFFECT, OnDrift.RENEW_APPROVAL
        if fallback is OnDrift.REVALIDATE:
            fallback = OnDrift.RENEW_APPROVAL
    if strategy is not OnDrift.KEEP_IF_SAME_EFFECT:
        return _OUTCOMES[strategy]
    return ResolutionOutcome.SAME_EFFECT if effect is Effect.SAME else _OUTCOMES[fallback]


def drift_steps(reader: Reader, state_id: str, expected: int) -> list[DriftStep]:
    """Return which requests moved a state since a version, and where: at most 100 steps, oldest first."""
    return [
        DriftStep(entry.version, entry.request_id, entry.mutation, entry.actor, _paths(entry.changes))
        for entry in drift_entries(reader, state_id, expected)
    ]


def drift_entries(reader: Reader, state_id: str, expected: int) -> list[HistoryEntry]:
    """Read how a state moved since a version.

    Args:
        reader: the store.
        state_id: of which state.
        expected: the version to begin after.

    Returns:
        At most 100 entries of its history, oldest first.
    """
    links = list(reader.links(Ledger.HISTORY, state_id, expected - 1, MOST_STEPS + 1))
    # a table of the user's own may have come to the approved version by other hands: then the chain is taken up later
    previous = links.pop(0).hash if links and links[0].seq == expected else None
    return HISTORY_BOOK.read(links[:MOST_STEPS], previous)


def _paths(changes: Changes) -> tuple[str, ...]:
    """Return each path once: a list whose members went, came and moved is one place."""
    return tuple(dict.fromkeys(change.path for change in changes))

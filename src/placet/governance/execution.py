"""The governed execution path: the only caller of `resolve`, and of everything that follows it."""

from collections.abc import Callable, Iterable

from placet.errors import ConfigurationError, InputError, PlacetError, StoreError, concerning
from placet.governance.attempt import Attempt, recorded
from placet.governance.context import Context
from placet.governance.dossier import Dossier
from placet.governance.resolution import VersionResolver
from placet.governance.telling import Telling
from placet.model.actor import Actor
from placet.model.emergency import Emergency
from placet.model.names import checked_digest, listed, shown
from placet.model.outcome import BatchItem, Outcome
from placet.model.request import Status
from placet.model.resolution import ResolutionOutcome
from placet.store.port import Unit

_ROADS: dict[ResolutionOutcome, Callable[[Attempt], None]] = {
    ResolutionOutcome.UNCHANGED: Attempt.execute,
    ResolutionOutcome.SAME_EFFECT: Attempt.execute,
    ResolutionOutcome.STALE: Attempt.mark_stale,
    ResolutionOutcome.ALREADY_IN_PLACE: Attempt.mark_in_place,
    ResolutionOutcome.RENEW_APPROVAL: Attempt.renew_approval,
    ResolutionOutcome.REVALIDATE: Attempt.require_revalidation,
}

Finish = Callable[[Telling], Outcome]


class GovernanceExecutionManager:
    """Takes approved requests to their outcome.

    Load the request and its state, resolve the version, take the branch the resolution demands, run the mutation, and
    make state, request, decisions, audit and history durable in one commit. If the process dies anywhere before that
    commit, the request is approved as before and the next call succeeds.

    Args:
        context: the surroundings.
        resolver: compares versions.
    """

    def __init__(self, context: Context, resolver: VersionResolver | None = None) -> None:
        self._context = context
        self._resolver = resolver or VersionResolver()

    def execute(self, request_id: str, *, by: str, reason: str = "", emergency: Emergency | None = None) -> Outcome:
        """Execute one request; see `Governance.execute`."""
        if emergency is not None and not isinstance(emergency, Emergency):
            raise InputError(f"emergency={shown(emergency)}: pass Emergency(reason=..., ticket=...)")
        actor, telling = self._context.actor(by), Telling(self._context, "execute")
        with concerning(request_id), telling as unit:
            finish = self._carry_out(unit, request_id, actor, reason, emergency)
        return finish(telling)

    def execute_many(self, request_ids: Iterable[str], *, by: str, reason: str = "") -> tuple[BatchItem, ...]:
        """Execute several requests in one commit; see `Governance.execute_many`."""
        actor = self._context.actor(by)
        # now: whatever gives them may not call back while the unit of work is open
        ids = listed("request_ids", request_ids, "ids", InputError)
        finishes: list[tuple[str, Finish | PlacetError]] = []
        telling = Telling(self._context, "execute_many")
        with telling as unit:
            for request_id in ids:
                try:
                    with concerning(request_id):
                        finishes.append((request_id, self._carry_out(unit, request_id, actor, reason)))
                except StoreError:
                    raise
                except PlacetError as error:
                    finishes.append((request_id, error))
        return tuple(
            BatchItem(request_id, error=finish)
            if isinstance(finish, PlacetError)
            else BatchItem(request_id, outcome=finish(telling))
            for request_id, finish in finishes
        )

    def revalidate(self, request_id: str, *, by: str, digest: str, reason: str = "") -> Outcome:
        """Let a request go on that waits in `revalidation`; see `Governance.revalidate`."""
        actor, read, telling = self._context.actor(by), checked_digest(digest), Telling(self._context, "revalidate")
        with concerning(request_id), telling as unit:
            attempt = Attempt(self._context, unit, Dossier.load(unit, request_id), actor, reason=reason)
            attempt.demand_identified()
            attempt.pass_time()
            if not attempt.rests:
                attempt.release(read)
            unit.write(attempt.writes())
        return attempt.tell(telling)

    def _carry_out(
        self, unit: Unit, request_id: str, actor: Actor, reason: str, emergency: Emergency | None = None
    ) -> Finish:
        dossier = Dossier.load(unit, request_id)
        if dossier.request.status is Status.EXECUTED:
            outcome = recorded(unit, dossier)
            return lambda _: outcome
        attempt = Attempt(self._context, unit, dossier, actor, reason=reason, emergency=emergency)
        attempt.demand_identified()
        decide(attempt, self._resolver)
        unit.write(attempt.writes())
        return attempt.tell


def decide(attempt: Attempt, resolver: VersionResolver) -> None:
    """Take an attempt to where its request rests: what time has made of it first, then its resolution and its run.

    Raises:
        ConfigurationError: Raised if the resolver sends a version round that was revalidated in this very attempt.
    """
    attempt.pass_time()
    if attempt.rests:
        return
    for _ in range(2):  # twice where a revalidation, or a renewal with nobody to ask, lets it go on
        outcome = attempt.resolve(resolver)
        if outcome is None:
            return
        _ROADS[outcome](attempt)
        if not attempt.goes_on:
            return
    rule = f"{resolver!r} says {outcome} of a version that was revalidated in this very attempt"
    raise ConfigurationError(f"{rule}; nothing was changed, mend the resolver")

"""What people do to a request besides executing it: approve, reject, hold, cancel, supersede, retry, expire."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from signoff.errors import ConflictError, InputError, IntegrityError, RefusedError
from signoff.governance.context import Context
from signoff.governance.dossier import Dossier
from signoff.lifecycle.step import Evidence, Step
from signoff.lifecycle.table import Trigger
from signoff.model.actor import Actor, ActorKind, look_up
from signoff.model.names import checked_id, checked_moment
from signoff.model.request import MutationRequest, to_micros
from signoff.model.requirement import Vote
from signoff.store.port import Filter

CLOCKWORK = Actor("signoff", ActorKind.SYSTEM)
"""Who expires requests when nobody else does."""

PAGE = 200
"""How many overdue requests a sweep reads at once."""


class Moves:
    """Fires triggers on behalf of people.

    Args:
        context: the surroundings.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def fire(self, request_id: str, trigger: Trigger, *, by: str, reason: str = "", **facts: Any) -> MutationRequest:  # noqa: ANN401 - fields of Evidence
        """Load a request, fire a trigger, write what its callbacks emitted.

        Args:
            request_id: which request.
            trigger: what to do.
            by: who does it.
            reason: why, in words.
            **facts: evidence that the guard wants.

        Returns:
            The request as it has become.
        """
        return self._move(
            request_id, trigger, self._context.evidence(look_up(self._context.directory, by), reason, **facts)
        )

    def _move(self, request_id: str, trigger: Trigger, evidence: Evidence) -> MutationRequest:
        with self._context.store.unit() as unit:
            dossier = Dossier.load(unit, request_id)
            step, evidence = dossier.step(), replace(evidence, votes=dossier.votes)
            self._context.lifecycle.fire(step, trigger, evidence)
            self._settle(step, trigger, evidence)
            unit.write(step.writes())
        return step.request

    def _settle(self, step: Step, trigger: Trigger, evidence: Evidence) -> None:
        """Complete the approval if this move was what it waited for."""
        if trigger not in {Trigger.VOTE, Trigger.RELEASE}:
            return
        votes = evidence.votes
        if trigger is Trigger.VOTE:
            votes += (Vote.by(evidence.actor, evidence.digest),)
        self._context.lifecycle.fire_if_allowed(step, Trigger.APPROVE, replace(evidence, votes=votes))

    def supersede(self, request_id: str, *, successor: str, by: str, reason: str) -> MutationRequest:
        """Let another request take the place of one."""
        checked_id("successor", successor)
        with self._context.store.view() as reader:
            known = reader.request(successor) is not None
            found = Dossier.load(reader, successor).request if known else None
        return self.fire(request_id, Trigger.SUPERSEDE, by=by, reason=reason, successor=found)

    def expire_due(self, now: datetime | None = None) -> "Sweep":
        """Expire every open request whose deadline has passed.

        Goes in pages and one request at a time, so that it never holds the store for long; goes on after a conflict.

        Args:
            now: the moment to judge by; the clock's if left out.
        """
        at = self._context.now() if now is None else checked_moment("now", now)
        expired, passed_over, after = [], [], None
        while True:
            with self._context.store.view() as reader:
                page = reader.find(Filter(due=to_micros(at)), PAGE, after)
            for found in page:
                evidence = replace(self._context.evidence(CLOCKWORK, "its deadline passed"), at=at)
                try:
                    expired.append(self._move(found.id, Trigger.EXPIRE, evidence))
                except (ConflictError, RefusedError, IntegrityError) as error:
                    passed_over.append((found.id, str(error)))
            if len(page) < PAGE:
                return Sweep(tuple(expired), tuple(passed_over))
            after = (to_micros(page[-1].created_at), page[-1].id)


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep did.

    Attributes:
        expired: the requests that are expired now.
        passed_over: id and reason of those that moved meanwhile, or that are not what was written.
    """

    expired: tuple[MutationRequest, ...]
    passed_over: tuple[tuple[str, str], ...]


class ApprovalWorkflow:
    """Takes votes.

    Args:
        context: the surroundings.
    """

    def __init__(self, context: Context) -> None:
        self._moves = Moves(context)

    def approve(self, request_id: str, *, by: str, digest: str, reason: str = "") -> MutationRequest:
        """Give one approval, bound to what was read; see `Governance.approve`."""
        if not isinstance(digest, str) or not digest:
            raise InputError(f"digest={digest!r}: pass the digest of the request you read, request.digest")
        return self._moves.fire(request_id, Trigger.VOTE, by=by, reason=reason, digest=digest)

    def reject(self, request_id: str, *, by: str, reason: str) -> MutationRequest:
        """Refuse a request; see `Governance.reject`."""
        return self._moves.fire(request_id, Trigger.REJECT, by=by, reason=reason)

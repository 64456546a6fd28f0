"""The approval workflow: votes, reports, waivers, by people who may act for others."""

from typing import Any

from placet.errors import InputError
from placet.governance.context import Context
from placet.governance.drafting import redraft
from placet.governance.moves import Moves
from placet.lifecycle.step import Evidence, Step
from placet.lifecycle.transition import Trigger
from placet.model.actor import Actor
from placet.model.ballots import Rejection
from placet.model.directory import standing_in
from placet.model.names import checked_choice, checked_digest, checked_flag, checked_id, checked_text
from placet.model.request import MutationRequest
from placet.store.port import Unit


class ApprovalWorkflow:
    """Takes votes, and everything else that completes an approval or keeps it from being complete.

    Args:
        context: the surroundings.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._moves = Moves(context)

    def approve(
        self, request_id: str, *, by: str, digest: str, reason: str, on_behalf_of: str | None
    ) -> MutationRequest:
        """Give one approval, bound to what was read; see `Governance.approve`."""
        return self._vote(request_id, Trigger.VOTE, by, on_behalf_of, reason=reason, digest=checked_digest(digest))

    def abstain(
        self, request_id: str, *, by: str, digest: str, reason: str, on_behalf_of: str | None
    ) -> MutationRequest:
        """Abstain; see `Governance.abstain`."""
        return self._vote(request_id, Trigger.ABSTAIN, by, on_behalf_of, reason=reason, digest=checked_digest(digest))

    def withdraw(self, request_id: str, *, by: str, reason: str, on_behalf_of: str | None) -> MutationRequest:
        """Take a vote back; see `Governance.withdraw`."""
        return self._vote(request_id, Trigger.WITHDRAW, by, on_behalf_of, reason=reason)

    def reject(
        self, request_id: str, *, by: str, reason: str, code: str, digest: str | None, on_behalf_of: str | None
    ) -> MutationRequest:
        """Vote against a request; see `Governance.reject`."""
        checked = checked_choice("code", code, Rejection)
        shown = None if digest is None else checked_digest(digest)
        actor, chain = self._actor(by, on_behalf_of)
        return self._moves.reject(request_id, by=actor, reason=reason, code=checked, digest=shown, chain=chain)

    def report(
        self, request_id: str, *, check: str, passed: bool, by: str, digest: str, evidence: str
    ) -> MutationRequest:
        """Report what came of a check or a review; see `Governance.report`."""
        checked_flag("passed", passed)
        about, read = checked_text("check", check), checked_digest(digest)
        evidence = checked_text("evidence", evidence)
        if not evidence.strip():
            raise InputError("evidence= is empty; say what shows it, in words or as a link")
        actor = self._context.actor(by)
        return self._moves.fire(
            request_id, Trigger.REPORT, by=actor, reason=evidence, about=about, passed=passed, digest=read
        )

    def waive(self, request_id: str, *, freeze: str, by: str, digest: str, reason: str) -> MutationRequest:
        """Let a request pass a freeze; see `Governance.waive`."""

        def with_demands(unit: Unit, step: Step, evidence: Evidence) -> Evidence:
            """Add what policies require now: the freeze may have begun after the request was submitted."""
            run = redraft(self._context, unit, step.request.terms).run
            return evidence.evolve(demanded=run.requirements)

        about, read = checked_text("freeze", freeze), checked_digest(digest)
        actor = self._context.actor(by)
        return self._moves.fire(
            request_id, Trigger.WAIVE, by=actor, reason=reason, prepare=with_demands, about=about, digest=read
        )

    def _actor(self, by: str, on_behalf_of: str | None) -> tuple[Actor, tuple[str, ...]]:
        actor = self._context.actor(by)
        principal = None if on_behalf_of is None else checked_id("on_behalf_of", on_behalf_of)
        if principal is None or principal in {actor.id, actor.on_behalf_of}:
            return actor, ()
        return standing_in(self._context.directory, actor, principal, self._context.now())

    def _vote(
        self,
        request_id: str,
        trigger: Trigger,
        by: str,
        on_behalf_of: str | None,
        **facts: Any,  # noqa: ANN401 - fields of Evidence
    ) -> MutationRequest:
        actor, chain = self._actor(by, on_behalf_of)
        return self._moves.fire(request_id, trigger, by=actor, chain=chain, **facts)

"""What people do to a request beside submitting and executing it: the public face of the approval workflow."""

from typing import Any

from placet.governance.amending import Amending
from placet.governance.approvals import ApprovalWorkflow
from placet.governance.context import Context
from placet.governance.moves import Moves
from placet.governance.submission import Submission
from placet.governance.sweeps import Sweep, Sweeper
from placet.lifecycle.transition import Trigger
from placet.model.mutation import Mutation
from placet.model.request import MutationRequest


class Actions:
    """Moves requests on behalf of people.

    `by` is the id of who acts. `on_behalf_of` is the id of whoever they vote for as a delegate: the directory must say
    that they may, now. Each method gives the request as it has become, and raises `TransitionRefusedError` with the
    rule and the reason where the lifecycle refuses.

    The same vote, release, retry, review, cancellation, supersession or request for changes again, by the same actor,
    is a success that records nothing, while what it did stands: a double click does no harm. For a vote the reason may
    be another one.

    Args:
        context: the surroundings.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._submission = Submission(context)
        self._amending = Amending(context)
        self._moves = Moves(context)
        self._approvals = ApprovalWorkflow(context)
        self._sweeper = Sweeper(context)

    def approve(
        self, request_id: str, *, by: str, digest: str, reason: str = "", on_behalf_of: str | None = None
    ) -> MutationRequest:
        """Approve what you read. The request becomes `approved` once every requirement is met.

        Args:
            request_id: which request.
            by: who approves; never the requester, and each person once.
            digest: `request.digest` as you read it: the vote is bound to it.
            reason: why.
            on_behalf_of: for whom, as their delegate; the vote fills that one's place.

        Raises:
            TransitionRefusedError: not pending, too late, another digest, not eligible, no place left in the step
                that is open, or voted otherwise already.
            DelegationError: nobody made you that one's delegate.
        """
        return self._approvals.approve(request_id, by=by, digest=digest, reason=reason, on_behalf_of=on_behalf_of)

    def reject(
        self,
        request_id: str,
        *,
        by: str,
        reason: str,
        code: str = "other",
        digest: str | None = None,
        on_behalf_of: str | None = None,
    ) -> MutationRequest:
        """Vote against a request. It ends if a requirement says so, or if enough approvals are no longer possible.

        Where the directory cannot list who is eligible, or anybody is, nobody can tell, and the first rejection ends
        it, unless the requirement has `any_rejection_ends=False`. One that waits in `revalidation` ends at once.

        Args:
            request_id: which request.
            by: who rejects; whoever may approve.
            reason: why, in words; required.
            code: policy_violation, insufficient_justification, wrong_scope, superseded, risk_too_high or other.
            digest: what you read; the present terms if left out.
            on_behalf_of: for whom, as their delegate.
        """
        return self._approvals.reject(
            request_id, by=by, reason=reason, code=code, digest=digest, on_behalf_of=on_behalf_of
        )

    def abstain(
        self, request_id: str, *, by: str, digest: str, reason: str = "", on_behalf_of: str | None = None
    ) -> MutationRequest:
        """Vote neither way: you will not fill a place, and whether enough others are left is judged at once."""
        return self._approvals.abstain(request_id, by=by, digest=digest, reason=reason, on_behalf_of=on_behalf_of)

    def withdraw(
        self, request_id: str, *, by: str, reason: str = "", on_behalf_of: str | None = None
    ) -> MutationRequest:
        """Take your vote back while the request is pending; you may vote again."""
        return self._approvals.withdraw(request_id, by=by, reason=reason, on_behalf_of=on_behalf_of)

    def report(
        self, request_id: str, *, check: str, passed: bool, by: str, digest: str, evidence: str
    ) -> MutationRequest:
        """Report what came of an external check or a manual review that the request requires.

        Args:
            request_id: which request.
            check: the name of the check or review.
            passed: whether it passed. One that failed can be reported anew.
            by: who reports; eligible for that check, never the requester.
            digest: the digest of what was checked.
            evidence: what shows it, in words or as a link; required.
        """
        return self._approvals.report(request_id, check=check, passed=passed, by=by, digest=digest, evidence=evidence)

    def waive(self, request_id: str, *, freeze: str, by: str, digest: str, reason: str) -> MutationRequest:
        """Let one request pass a freeze; it takes a role that the freeze names, and never the requester.

        Args:
            request_id: which request.
            freeze: the name of the freeze.
            by: who waives it.
            digest: `request.digest` as you read it.
            reason: why; required.
        """
        return self._approvals.waive(request_id, freeze=freeze, by=by, digest=digest, reason=reason)

    def request_changes(self, request_id: str, *, by: str, reason: str) -> MutationRequest:
        """Send a pending request back to its requester, who has to `amend` it; it is `created` until then.

        Args:
            request_id: which request.
            by: somebody who is eligible to decide on it.
            reason: what should be changed; required.
        """
        return self._moves.fire(request_id, Trigger.REQUEST_CHANGES, by=self._context.actor(by), reason=reason)

    def amend(self, request_id: str, mutation: Mutation[Any], *, by: str, reason: str = "") -> MutationRequest:
        """Ask for something else instead, on the state as it is now: new terms, a new digest, a new effect.

        What policies require is asked anew. Votes on the terms before are kept, shown as outdated, and do not count.

        Args:
            request_id: a request that is not final and not being executed.
            mutation: what to change instead, on the same state.
            by: its requester.
            reason: why; the reason there was stays if left out.

        Raises:
            TransitionRefusedError: not by its requester, or final.
            MutationInvalidError, PolicyDeniedError, UnsatisfiableError: as for submit.
        """
        return self._amending.amend(request_id, mutation, by=by, reason=reason)

    def take_over(self, request_id: str, *, by: str, reason: str) -> MutationRequest:
        """Become the requester of a request, where a policy made by `allow_take_over` lets you.

        The same is asked for, on the state as it is now: new terms, a new digest, a new effect, and what policies
        require is asked anew. Votes on the terms before do not count. Neither you nor the requester before, nor anybody
        for whom either of you acts, may decide on it.

        Args:
            request_id: a request that is not final and not being executed, whether or not its requester is still there.
            by: who takes it over.
            reason: why; required. The reason for which it was asked for stays.

        Raises:
            TransitionRefusedError: Raised if no policy lets you, it is yours already, or it is final or overdue.
            MutationInvalidError, PolicyDeniedError, UnsatisfiableError: as for submit.
        """
        return self._amending.take_over(request_id, by=by, reason=reason)

    def comment(self, request_id: str, *, by: str, reason: str) -> MutationRequest:
        """Say something about a request, whatever its status; `decisions` has it, and nothing moves.

        Args:
            request_id: which request.
            by: its requester, somebody eligible for what it requires, somebody who acted on it, or an administrator.
            reason: what you say.

        Raises:
            TransitionRefusedError: Raised if you have no part in it, if it has 100 comments, or if its trail has 500
                entries.
        """
        return self._moves.fire(request_id, Trigger.COMMENT, by=self._context.actor(by), reason=reason)

    def hold(self, request_id: str, *, by: str, reason: str) -> MutationRequest:
        """Make a request wait in `pending` until it is released; its votes stay, and more may come in."""
        return self._moves.fire(request_id, Trigger.HOLD, by=self._context.actor(by), reason=reason)

    def release(self, request_id: str, *, by: str, reason: str = "") -> MutationRequest:
        """Let a held request go on; it is approved again at once if its requirements are met."""
        return self._moves.fire(request_id, Trigger.RELEASE, by=self._context.actor(by), reason=reason)

    def cancel(self, request_id: str, *, by: str, reason: str = "") -> MutationRequest:
        """Take a request back for good; its requester and administrators may."""
        return self._moves.fire(request_id, Trigger.CANCEL, by=self._context.actor(by), reason=reason)

    def supersede(self, request_id: str, *, successor: str, by: str, reason: str = "") -> MutationRequest:
        """Let another request take the place of one; its requester and administrators may.

        Args:
            request_id: the old request.
            successor: the id of the new one.
            by: who does it.
            reason: why.
        """
        return self._moves.supersede(request_id, successor=successor, by=self._context.actor(by), reason=reason)

    def retry(self, request_id: str, *, by: str, reason: str = "") -> MutationRequest:
        """Make a failed request approved again, while attempts are left; then execute it."""
        return self._moves.fire(request_id, Trigger.RETRY, by=self._context.actor(by), reason=reason)

    def review(self, request_id: str, *, by: str, reason: str) -> MutationRequest:
        """Close the review that an emergency has opened.

        Args:
            request_id: a request that was executed in an emergency.
            by: another person than whoever asked for it or executed it, with a role for that if the policy names one.
            reason: what came of the review; required.
        """
        return self._moves.review(request_id, by=self._context.actor(by), reason=reason)

    def reassess(self, request_id: str, *, by: str | None = None, reason: str = "reassessed") -> MutationRequest:
        """Let become of a request what time, other requests and the directory have made of it.

        It expires if a deadline has passed, is approved if everything it waited for has happened, goes back to
        `pending` if an approval no longer stands, and ends or says so if a requirement can no longer be met. Call it
        when somebody's roles have changed.

        Args:
            request_id: which request.
            by: who does it; placet itself if left out.
            reason: why.
        """
        return self._moves.reassess(request_id, by=by, reason=reason)

    def reassess_open(self) -> Sweep:
        """Reassess every pending and approved request, page by page; goes on after a conflict, and says what moved."""
        return self._sweeper.reassess_open()

    def expire_due(self) -> Sweep:
        """Expire every open request with a deadline that has passed by the clock, those that passed first first.

        Goes page by page, one request at a time; goes on after a conflict, and says what it did. `expiring(until)`
        looks ahead and changes nothing.
        """
        return self._sweeper.expire_due()

"""The guards of the table: each is a list of rules, and what they demand together, in words."""

from dataclasses import dataclass

from placet.lifecycle.rules import Rule, actors, identity, limits, progress, running, statements
from placet.lifecycle.step import Evidence, Refusal, Step
from placet.model.ballots import Choice
from placet.model.resolution import ResolutionOutcome
from placet.model.run import RunStatus


@dataclass(frozen=True, slots=True)
class Guard:
    """What a transition must satisfy.

    Attributes:
        words: what it demands; stands in the table, the diagram and the documentation.
        rules: asked in this order; the first that does not hold is the reason of the refusal.
    """

    words: str
    rules: tuple[Rule, ...]

    def refuses(self, step: Step, evidence: Evidence) -> Refusal | None:
        """Give why it refuses, or None."""
        for rule in self.rules:
            reason = rule.refuses(step, evidence)
            if reason:
                return Refusal(rule.code, reason)
        return None


_KNOWN = (identity.identified,)
"""For what people do: somebody known does it."""
_COUNTS = (identity.identified, identity.vouched_requester)
"""For what brings a request nearer to its execution: somebody known does it, and somebody known asked for it."""

SUBMIT = Guard("something is required of it", (*_KNOWN, progress.something_required))
ADMIT = Guard(
    "nothing is required of it, and a policy allows it", (*_KNOWN, progress.nothing_required, progress.allowed)
)
AMEND = Guard(
    "by its requester, not expired, with new terms on the current version",
    (*_COUNTS, actors.requester, progress.in_time, progress.terms_are_next, limits.room_in_trail),
)
TAKE_OVER = Guard(
    "a policy allows this actor, who is not its requester, with a reason; not expired, with new terms on the current "
    "version",
    (
        *_COUNTS,
        statements.reason_given,
        actors.not_theirs,
        actors.may_take_over,
        progress.in_time,
        progress.terms_are_next,
    ),
)
HOLD = Guard(
    "a reason to wait is given, by an eligible actor, requester or administrator, before any deadline",
    (*_KNOWN, statements.reason_given, progress.in_time, actors.concerned, limits.room_in_trail),
)
RELEASE = Guard("is held; by an eligible actor or administrator", (*_COUNTS, progress.held, actors.may_release))
COMMENT = Guard(
    "something is said; by its requester, an eligible actor, one who acted on it, or an administrator; up to 100 times",
    (statements.reason_given, actors.takes_part, limits.room_for_comments, limits.room_in_trail),
)
_VOTER = (actors.separation_of_duties, actors.eligible, statements.seat_in_open_step)
_BALLOT = (*_COUNTS, statements.present_digest, statements.one_vote, progress.in_time, *_VOTER)
VOTE = Guard(
    "by an eligible actor for whom there is a place in the open step, not the requester, once, on the present digest",
    (*_BALLOT, statements.still_possible(Choice.APPROVE)),
)
DISSENT = Guard(
    "as for a vote, with a reason and a code",
    (statements.reason_given, statements.rejection_code, *_BALLOT, statements.still_possible(Choice.REJECT)),
)
ABSTAIN = Guard("as for a vote", (*_BALLOT, statements.still_possible(Choice.ABSTAIN)))
WITHDRAW = Guard(
    "has a vote that counts", (*_KNOWN, statements.has_voted, statements.still_possible(None), limits.room_in_trail)
)
REPORT = Guard(
    "on a check or review that it requires, by an actor eligible for that, not the requester, on the present digest",
    (
        *_COUNTS,
        statements.reason_given,
        statements.present_digest,
        progress.in_time,
        actors.separation_of_duties,
        actors.may_report,
        statements.step_is_open,
        limits.room_in_trail,
    ),
)
WAIVE = Guard(
    "a freeze stands in its way; by an actor with a role that waives it, not the requester, on the present digest",
    (
        *_COUNTS,
        statements.reason_given,
        statements.present_digest,
        progress.in_time,
        actors.separation_of_duties,
        actors.may_waive,
        limits.room_in_trail,
    ),
)
REQUEST_CHANGES = Guard(
    "by an eligible actor, with a comment",
    (
        *_KNOWN,
        statements.reason_given,
        progress.in_time,
        actors.separation_of_duties,
        actors.eligible,
        limits.room_in_trail,
    ),
)
APPROVE = Guard(
    "every requirement is met, by distinct eligible actors, for this digest",
    (progress.not_held, progress.in_time, progress.approval_valid, progress.requirements_met),
)
REJECT = Guard("a rejection ends it, or a requirement can no longer be met", (progress.rejected,))
VETO = Guard(
    "by an eligible actor, with a reason and a code",
    (
        *_COUNTS,
        statements.reason_given,
        statements.rejection_code,
        statements.present_digest,
        actors.separation_of_duties,
        actors.eligible,
    ),
)
NOTE = Guard("a requirement can no longer be met", (progress.unsatisfiable,))
LAPSE = Guard("a vote, review or check that is required is no longer there", (progress.requirements_lapsed,))
EXPIRE_APPROVAL = Guard("its approval ran out, by the engine's clock", (progress.approval_ran_out,))
CANCEL = Guard("by requester or administrator", (*_KNOWN, actors.requester_or_administrator))
EXPIRE = Guard("a deadline passed, by the engine's clock", (progress.overdue,))
SUPERSEDE = Guard(
    "the successor exists; by requester or administrator",
    (*_KNOWN, progress.successor_exists, actors.requester_or_administrator),
)
_RESOLVABLE = (
    *_COUNTS,
    actors.may_execute,
    running.resolved_now,
    running.resolved_for_approval,
    running.revalidated,
    progress.in_time,
)
RESOLVE = Guard(
    "resolved on the current version, approved for this digest, not expired; from revalidation only once revalidated",
    (*_RESOLVABLE, progress.approval_valid, progress.requirements_met),
)
OVERRIDE = Guard(
    "resolved as ever, but past its requirements: a policy allows this actor, nothing is denied, it is not held, and "
    "the actor's last emergency was reviewed",
    (
        *_COUNTS,
        running.emergency_given,
        running.not_denied,
        actors.break_glass_role,
        actors.no_open_review,
        progress.not_held,
        *_RESOLVABLE,
    ),
)
EXECUTE = Guard(
    "resolution of this attempt proceeds, at the replaced version; the mutation succeeded; "
    "its effect is the approved one, unless an approval covers the mutation; the new version is the next one",
    (
        actors.may_execute,
        running.proceeds,
        running.replaces_resolved,
        running.succeeded,
        running.covered,
        running.next_version,
    ),
)
MARK_STALE = Guard("resolution says stale", (running.resolution_says(ResolutionOutcome.STALE), running.looked))
MARK_IN_PLACE = Guard(
    "resolution says that the effect is already in place",
    (running.resolution_says(ResolutionOutcome.ALREADY_IN_PLACE), running.looked),
)
RENEW = Guard(
    "resolution, a policy on the new state, or another effect there demands approval again",
    (running.renewal_demanded, progress.terms_are_next),
)
REQUIRE_REVALIDATION = Guard("resolution says revalidate", (running.resolution_says(ResolutionOutcome.REVALIDATE),))
LOOK = Guard(
    "where it pauses, by an eligible actor, not the requester, on the effect it has on the current state",
    (running.eligible_look, running.current_effect),
)
REVALIDATE = Guard(
    "policies and checks pass on the current state, and an approval covers its effect there; "
    "where it pauses, an eligible actor, not the requester, has looked at that",
    (
        *_COUNTS,
        running.on_current_state,
        running.run_ended(RunStatus.ACCEPTED),
        running.covered,
        *LOOK.rules,
        limits.room_in_trail,
    ),
)
BLOCK = Guard("policies or checks refuse it on the current state", (running.run_ended(RunStatus.REFUSED),))
FAIL = Guard("`apply` raised", (running.run_ended(RunStatus.FAILED),))
RETRY = Guard("attempts left", (*_COUNTS, progress.attempts_left))
REVIEW = Guard(
    "its review is open; by another person, with a comment",
    (*_KNOWN, progress.review_is_open, statements.reason_given, actors.other_eyes),
)

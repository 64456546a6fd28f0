"""The lifecycle, declared once. Everything else follows from this table.

The machine runs it, the diagrams draw it, the SQL constraint and the documentation are held against it, the tests walk
it. A cell (status, trigger) that is not here is a typed refusal.
"""

from placet.lifecycle import effects, facts, guards
from placet.lifecycle.transition import Table, Transition, Trigger
from placet.model.request import TERMINAL, Status
from placet.model.trail import Category, Code

_S, _T, _C, _D = Status, Trigger, Category, Code
_WAITING = (_S.CREATED, _S.PENDING, _S.APPROVED, _S.REVALIDATION, _S.FAILED)
"""Where a request may be found at rest, and is not final."""

_SETTLE = (_T.EXPIRE, _T.EXPIRE_APPROVAL, _T.APPROVE, _T.REJECT, _T.NOTE)
"""What may follow from something that somebody said about a pending request."""

SUBMISSION = (
    Transition(
        _T.SUBMIT, (_S.CREATED,), _S.PENDING, guards.SUBMIT, _C.LIFECYCLE, _D.SUBMITTED, facts=facts.asked, then=_SETTLE
    ),
    Transition(_T.ADMIT, (_S.CREATED,), _S.APPROVED, guards.ADMIT, _C.LIFECYCLE, _D.ADMITTED, facts=facts.asked),
    Transition(
        _T.AMEND,
        _WAITING,
        _S.PENDING,
        guards.AMEND,
        _C.LIFECYCLE,
        _D.AMENDED,
        effects.renewed,
        facts.renewal,
        then=_SETTLE,
    ),
    Transition(
        _T.TAKE_OVER,
        _WAITING,
        _S.PENDING,
        guards.TAKE_OVER,
        _C.LIFECYCLE,
        _D.TAKEN_OVER,
        effects.renewed,
        facts.taking_over,
        then=_SETTLE,
    ),
)

APPROVAL = (
    Transition(_T.VOTE, (_S.PENDING,), None, guards.VOTE, _C.APPROVAL, _D.VOTED, facts=facts.voter, then=_SETTLE),
    Transition(
        _T.DISSENT, (_S.PENDING,), None, guards.DISSENT, _C.APPROVAL, _D.DISSENTED, facts=facts.dissenter, then=_SETTLE
    ),
    Transition(
        _T.ABSTAIN, (_S.PENDING,), None, guards.ABSTAIN, _C.APPROVAL, _D.ABSTAINED, facts=facts.voter, then=_SETTLE
    ),
    Transition(_T.WITHDRAW, (_S.PENDING,), None, guards.WITHDRAW, _C.APPROVAL, _D.WITHDRAWN, then=_SETTLE),
    Transition(
        _T.REPORT,
        (_S.PENDING, _S.APPROVED),
        None,
        guards.REPORT,
        _C.APPROVAL,
        _D.REPORTED,
        facts=facts.report,
        then=(*_SETTLE, _T.LAPSE),
    ),
    Transition(
        _T.WAIVE,
        (_S.PENDING, _S.APPROVED),
        None,
        guards.WAIVE,
        _C.APPROVAL,
        _D.WAIVED,
        facts=facts.waiver,
        then=_SETTLE,
    ),
    Transition(
        _T.REQUEST_CHANGES, (_S.PENDING,), _S.CREATED, guards.REQUEST_CHANGES, _C.APPROVAL, _D.CHANGES_REQUESTED
    ),
    Transition(_T.APPROVE, (_S.PENDING,), _S.APPROVED, guards.APPROVE, _C.APPROVAL, _D.APPROVED, facts=facts.quorum),
    Transition(_T.REJECT, (_S.PENDING,), _S.REJECTED, guards.REJECT, _C.APPROVAL, _D.REJECTED, facts=facts.refusal),
    Transition(_T.REJECT, (_S.REVALIDATION,), _S.REJECTED, guards.VETO, _C.APPROVAL, _D.REJECTED, facts=facts.veto),
    Transition(_T.NOTE, (_S.PENDING,), None, guards.NOTE, _C.APPROVAL, _D.UNSATISFIABLE, facts=facts.unsatisfiable),
    Transition(
        _T.LAPSE,
        (_S.APPROVED, _S.REVALIDATION),
        _S.PENDING,
        guards.LAPSE,
        _C.APPROVAL,
        _D.LAPSED,
        facts=facts.lapse,
        then=(_T.EXPIRE,),
    ),
    Transition(
        _T.EXPIRE_APPROVAL,
        (_S.PENDING, _S.APPROVED, _S.REVALIDATION),
        _S.PENDING,
        guards.EXPIRE_APPROVAL,
        _C.APPROVAL,
        _D.APPROVAL_EXPIRED,
        facts=facts.approval_expiry,
    ),
)

HOLDING = (
    Transition(
        _T.HOLD,
        (_S.PENDING, _S.APPROVED),
        _S.PENDING,
        guards.HOLD,
        _C.LIFECYCLE,
        _D.HELD,
        effects.held,
    ),
    Transition(
        _T.RELEASE,
        (_S.PENDING,),
        None,
        guards.RELEASE,
        _C.LIFECYCLE,
        _D.RELEASED,
        effects.released,
        then=_SETTLE,
    ),
)

LEAVING = (
    Transition(_T.CANCEL, _WAITING, _S.CANCELED, guards.CANCEL, _C.LIFECYCLE, _D.CANCELED),
    Transition(_T.EXPIRE, _WAITING, _S.EXPIRED, guards.EXPIRE, _C.LIFECYCLE, _D.EXPIRED, facts=facts.expiry),
    Transition(
        _T.SUPERSEDE,
        _WAITING,
        _S.SUPERSEDED,
        guards.SUPERSEDE,
        _C.LIFECYCLE,
        _D.SUPERSEDED,
        effects.superseded,
        facts.succession,
    ),
)

EXECUTION = (
    Transition(
        _T.RESOLVE,
        (_S.APPROVED, _S.REVALIDATION),
        _S.RESOLVING,
        guards.RESOLVE,
        _C.VERSION_RESOLUTION,
        _D.RESOLVED,
        effects.attempted,
        facts.resolution,
    ),
    Transition(
        _T.OVERRIDE,
        (_S.PENDING, _S.APPROVED, _S.REVALIDATION),
        _S.RESOLVING,
        guards.OVERRIDE,
        _C.VERSION_RESOLUTION,
        _D.OVERRIDDEN,
        effects.overridden,
        facts.override,
    ),
    Transition(
        _T.EXECUTE,
        (_S.RESOLVING,),
        _S.EXECUTED,
        guards.EXECUTE,
        _C.EXECUTION,
        _D.EXECUTED,
        effects.executed,
        facts.execution,
        audits=True,
    ),
    Transition(
        _T.MARK_STALE,
        (_S.RESOLVING,),
        _S.STALE,
        guards.MARK_STALE,
        _C.VERSION_RESOLUTION,
        _D.STALE,
        facts=facts.run,
        audits=True,
    ),
    Transition(
        _T.MARK_IN_PLACE,
        (_S.RESOLVING,),
        _S.STALE,
        guards.MARK_IN_PLACE,
        _C.VERSION_RESOLUTION,
        _D.ALREADY_IN_PLACE,
        facts=facts.run,
        audits=True,
    ),
    Transition(
        _T.RENEW_APPROVAL,
        (_S.RESOLVING, _S.REVALIDATION),
        _S.PENDING,
        guards.RENEW,
        _C.VERSION_RESOLUTION,
        _D.APPROVAL_RENEWED,
        effects.renewed,
        facts.renewal,
        audits=True,
        then=_SETTLE,
    ),
    Transition(
        _T.REQUIRE_REVALIDATION,
        (_S.RESOLVING,),
        _S.REVALIDATION,
        guards.REQUIRE_REVALIDATION,
        _C.VERSION_RESOLUTION,
        _D.REVALIDATION_REQUIRED,
        effects.unvalidated,
        audits=True,
    ),
    Transition(
        _T.REVALIDATE,
        (_S.REVALIDATION,),
        None,
        guards.REVALIDATE,
        _C.VERSION_RESOLUTION,
        _D.REVALIDATED,
        effects.validated,
        facts.validation,
    ),
    Transition(
        _T.BLOCK,
        (_S.RESOLVING, _S.REVALIDATION),
        _S.REJECTED,
        guards.BLOCK,
        _C.EXECUTION,
        _D.BLOCKED,
        facts=facts.run,
        audits=True,
    ),
    Transition(
        _T.FAIL,
        (_S.RESOLVING, _S.REVALIDATION),
        _S.FAILED,
        guards.FAIL,
        _C.EXECUTION,
        _D.FAILED,
        effects.failed,
        facts.run,
        audits=True,
    ),
    Transition(
        _T.RETRY, (_S.FAILED,), _S.APPROVED, guards.RETRY, _C.LIFECYCLE, _D.RETRIED, then=(_T.EXPIRE_APPROVAL, _T.LAPSE)
    ),
)

REMARKS = (
    Transition(_T.COMMENT, (*_WAITING, *sorted(TERMINAL)), None, guards.COMMENT, _C.LIFECYCLE, _D.COMMENTED),
    Transition(_T.REVIEW, (_S.EXECUTED,), None, guards.REVIEW, _C.APPROVAL, _D.REVIEWED, effects.reviewed),
)

LIFECYCLE = Table((*SUBMISSION, *APPROVAL, *HOLDING, *LEAVING, *EXECUTION, *REMARKS))

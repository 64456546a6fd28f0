"""What programs switch on: one row for each class of errors, and one for each rule of the lifecycle.

The classes are in `placet.errors`, the rules in `placet.lifecycle.rules`; `docs/decisions.md` is made from both tables.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What follows from an error.

    Attributes:
        code: a stable word that programs can switch on.
        kind: which sort of rule was broken, one of `KINDS`.
        way_out: what to do, in words.
    """

    code: str
    kind: str
    way_out: str

    @property
    def http_status(self) -> int:
        """The status of an HTTP answer."""
        return KINDS[self.kind][0]

    @property
    def exit_code(self) -> int:
        """The exit code of the command line."""
        return KINDS[self.kind][1]


KINDS: dict[str, tuple[int, int]] = {
    "not_this_actor": (403, 3),
    "denied": (403, 3),
    "not_found": (404, 5),
    "not_now": (409, 3),
    "still_waiting": (409, 9),
    "old_digest": (409, 4),
    "conflict": (409, 4),
    "content": (422, 6),
    "program": (500, 2),
    "user_code": (500, 1),
    "bug": (500, 1),
    "trail": (500, 7),
    "store": (503, 8),
}
"""The HTTP status and the exit code of the command line, for each sort of rule."""

EXIT_CODES = {
    0: "done",
    1: "a bug, in placet or in code of yours that it called",
    2: "wrong usage, or a program put together wrongly",
    3: "refused",
    4: "a conflict, or a digest of other terms",
    5: "not found",
    6: "invalid",
    7: "a broken trail",
    8: "the store is not available",
    9: "still waiting",
}
"""What each exit code of the command line means."""


def _rows(*rows: tuple[str, str, str, str]) -> dict[str, Row]:
    return {name: Row(*rest) for name, *rest in rows}


def _rules(*rows: tuple[str, str, str]) -> dict[str, Row]:
    return {code: Row(code, kind, way_out) for code, kind, way_out in rows}


_READ = "read it again, then decide"
_MEND = "mend the policy, mutation, directory or source; the request is as before"

ERRORS = _rows(
    ("PlacetError", "placet", "bug", "read the message"),
    ("InputError", "input", "content", "correct the value that the message names"),
    ("NotCanonicalError", "not_canonical", "content", "use plain JSON values"),
    ("MutationInvalidError", "mutation_invalid", "content", "mend what the issues name, and submit again"),
    ("NotFoundError", "not_found", "not_found", "name something that is there"),
    ("RequestNotFoundError", "request_not_found", "not_found", "find_requests() lists those there are"),
    ("StateNotFoundError", "state_not_found", "not_found", "create the state, or pass the source of its table"),
    ("ActorNotFoundError", "actor_not_found", "not_this_actor", "add the actor to the directory, or pass another by="),
    ("NotRegisteredError", "not_registered", "program", "register the class, or cancel the request"),
    ("RefusedError", "refused", "denied", "read the reason"),
    ("TransitionRefusedError", "transition_refused", "not_now", "show `reason`, switch on `rule`"),
    ("PolicyDeniedError", "policy_denied", "denied", "ask for something that the policies allow"),
    ("UnsatisfiableError", "unsatisfiable", "content", "change what is required, or who is eligible"),
    ("DelegationError", "delegation", "not_this_actor", "let the directory name a delegate, or vote for yourself"),
    ("RequesterGoneError", "requester_gone", "not_now", "take_over() the request, or cancel() it"),
    ("ConflictError", "conflict", "conflict", _READ),
    ("RevisionConflictError", "revision_conflict", "conflict", _READ),
    ("VersionConflictError", "version_conflict", "conflict", _READ),
    ("AlreadyExistsError", "already_exists", "conflict", "use another id"),
    ("IdempotencyConflictError", "idempotency_conflict", "conflict", "use a new key for a new request"),
    ("OpenReviewError", "open_review", "conflict", "have the earlier emergency reviewed"),
    ("UserCodeError", "user_code", "user_code", _MEND),
    ("PolicyRaisedError", "policy_raised", "user_code", "mend the policy; the request is as before"),
    ("CheckRaisedError", "check_raised", "user_code", "mend the check; the request is as before"),
    ("ApplyRaisedError", "apply_raised", "user_code", "mend apply, or let check yield an issue"),
    ("MutationContractError", "mutation_contract", "user_code", "make the mutation pure, and return its state"),
    ("DirectoryRaisedError", "directory_raised", "user_code", "mend the directory, and call again"),
    ("CallbackRaisedError", "callback_raised", "user_code", "mend the function, and call again"),
    ("IntegrityError", "integrity", "trail", "run verify(), and restore the row"),
    ("StoreError", "store", "store", "call again"),
    ("StoreUnavailableError", "store_unavailable", "store", "call again later"),
    ("StoreReadOnlyError", "store_read_only", "store", "open the store to write"),
    ("StoreFullError", "store_full", "store", "free some room, and call again"),
    ("StoreFormatError", "store_format", "store", "name the file that placet wrote"),
    ("SchemaVersionError", "schema_version", "store", "use the release that wrote the file"),
    ("ConfigurationError", "configuration", "program", "change the program as the message says"),
    ("TableError", "table", "program", "change the table as the message says"),
)
"""By the name of the class."""

_ELIGIBLE = "ask somebody who may"
_BUG = "this cannot happen in correct use; report it"

REFUSALS = _rules(
    ("no_transition", "not_now", "do what its status allows, or submit a new request"),
    ("must_wait", "still_waiting", "execute it later, or have the freeze waived"),
    ("requirements_met", "still_waiting", "wait for what is missing; waiting_for() names it"),
    ("revalidated", "still_waiting", "call revalidate() first"),
    (
        "identified",
        "not_this_actor",
        "act under a directory that vouches, by a channel that authenticates callers",
    ),
    ("may_execute", "not_this_actor", "ask somebody with a role for execution"),
    ("vouched_requester", "not_now", "submit it again, under a directory that vouches for people"),
    ("separation_of_duties", "not_this_actor", "ask somebody who did not ask for it"),
    ("eligible", "not_this_actor", _ELIGIBLE),
    ("requester", "not_this_actor", "ask its requester"),
    ("not_theirs", "not_now", "amend() it instead"),
    ("may_take_over", "not_this_actor", "ask somebody with a role that takes requests over"),
    ("requester_or_administrator", "not_this_actor", "ask its requester or an administrator"),
    ("concerned", "not_this_actor", _ELIGIBLE),
    ("may_release", "not_this_actor", _ELIGIBLE),
    ("takes_part", "not_this_actor", "write to somebody who has a part in it"),
    ("eligible_look", "not_this_actor", "ask somebody who could approve it"),
    ("may_report", "not_this_actor", _ELIGIBLE),
    ("may_waive", "not_this_actor", "ask somebody with a role that waives the freeze"),
    ("break_glass_role", "not_this_actor", "ask somebody with a role for emergencies"),
    ("other_eyes", "not_this_actor", "ask another person, with a role for reviews"),
    ("no_open_review", "not_now", "have the earlier emergency reviewed"),
    ("not_denied", "denied", "ask for something that policies and checks allow"),
    ("reason_given", "content", "say why, in words"),
    ("rejection_code", "content", "pass a code from the list"),
    ("emergency_given", "content", "pass emergency=Emergency(reason=..., ticket=...)"),
    ("present_digest", "old_digest", "read the request again, then decide on its digest"),
    ("current_effect", "old_digest", "look at current_effect(), then pass the digest of that"),
    ("one_vote", "not_now", "withdraw the earlier vote first"),
    ("has_voted", "not_now", "there is nothing to take back"),
    ("seat_in_open_step", "not_now", "wait for a later step; otherwise the vote is not needed"),
    ("step_is_open", "not_now", "wait for the earlier steps"),
    ("still_possible", "not_now", "see to it first that somebody else can still meet the requirement"),
    ("held", "not_now", "it goes on already"),
    ("not_held", "still_waiting", "release() it"),
    ("in_time", "not_now", "submit a new request"),
    ("overdue", "not_now", "wait for the deadline"),
    ("room_for_comments", "not_now", "write behind a link that the last comment names"),
    ("room_in_trail", "not_now", "decide on it, cancel it, or submit a new request"),
    ("approval_valid", "not_now", "have it approved again"),
    ("approval_ran_out", "not_now", "its approval still counts, or it has none"),
    ("attempts_left", "not_now", "amend it, or submit a new request"),
    ("successor_exists", "content", "submit the successor first"),
    ("review_is_open", "not_now", "there is nothing to review"),
    ("rejected", "not_now", "wait for more votes"),
    ("unsatisfiable", "not_now", "wait for more votes"),
    ("requirements_lapsed", "not_now", "nothing has lapsed"),
    ("allowed", "bug", _BUG),
    ("something_required", "bug", _BUG),
    ("nothing_required", "bug", _BUG),
    ("terms_are_next", "bug", _BUG),
    ("resolved_now", "bug", _BUG),
    ("resolved_for_approval", "bug", _BUG),
    ("proceeds", "bug", _BUG),
    ("replaces_resolved", "bug", _BUG),
    ("succeeded", "bug", _BUG),
    ("covered", "bug", _BUG),
    ("looked", "bug", _BUG),
    ("next_version", "bug", _BUG),
    ("resolution_says", "bug", _BUG),
    ("run_ended", "bug", _BUG),
    ("renewal_demanded", "bug", _BUG),
    ("on_current_state", "bug", _BUG),
)
"""By the code of the rule, as `TransitionRefusedError.rule` has it."""

"""What came of one run of a mutation through the engine."""

from dataclasses import dataclass, field
from enum import StrEnum

from placet.model.changes import Changes
from placet.model.evolving import Evolving
from placet.model.grant import Grant
from placet.model.mutation import Issue
from placet.model.requirement import Requirement
from placet.model.state import State
from placet.model.trail import Answer


class Mode(StrEnum):
    """How far a run goes.

    `VALIDATE` only checks. `SIMULATE` also applies, twice, so that an `apply` left to chance is found, and asks the
    policies. `COMMIT` applies once and asks the policies. What still needs people ends as `unapproved` in both, what
    only needs time or events as `waiting`.
    """

    COMMIT = "commit"
    SIMULATE = "simulate"
    VALIDATE = "validate"


class RunStatus(StrEnum):
    """How a run ended."""

    ACCEPTED = "accepted"
    UNAPPROVED = "unapproved"
    WAITING = "waiting"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Run(Evolving):
    """One run of a mutation.

    Attributes:
        mutation: its name.
        mode: commit, simulate or validate.
        status: accepted, unapproved (a policy requires people who have not agreed), waiting (it requires what time or
            events have not met), refused (a check or policy), or failed.
        issues: what the check found.
        answers: what each policy said, in the order they were asked.
        requirements: everything the policies require, met or not.
        grants: who may execute it, who in an emergency, and who may take it over, by the policies that say so.
        changes: the change set.
        after: the new state, or None where there is none.
        after_body: its canonical JSON.
        error: type and message of what `apply` raised, or "".
        duration_us: microseconds it took.
    """

    mutation: str
    mode: Mode
    status: RunStatus
    issues: tuple[Issue, ...] = ()
    answers: tuple[Answer, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    grants: tuple[Grant, ...] = ()
    changes: Changes = ()
    after: State | None = field(default=None, repr=False)
    after_body: bytes = field(default=b"", repr=False)
    error: str = ""
    duration_us: int = 0

    @property
    def accepted(self) -> bool:
        """Whether nothing stands against it."""
        return self.status is RunStatus.ACCEPTED

    @property
    def denied_by(self) -> tuple[str, ...]:
        """The names of the policies that denied it."""
        return tuple(answer.policy for answer in self.answers if answer.verdict == "deny")

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was not accepted, in words."""
        found = [f"{issue.path or '(whole)'}: {issue.message}" for issue in self.issues]
        found += [answer.denial for answer in self.answers if answer.verdict in {"deny", "none"}]
        if self.status in {RunStatus.UNAPPROVED, RunStatus.WAITING}:
            found += [f"requires {requirement}" for requirement in self.requirements]
        return (*found, self.error) if self.error else tuple(found)

"""The abstract world: one request, one state, a clock, and two executors. All of it plain values that can be compared.

Whatever can grow without end is kept as the little that matters of it: see `docs/proof.md`.
"""

from typing import NamedTuple

from placet.model.request import TERMINAL, Status


class Said(NamedTuple):
    """One vote that stands.

    Attributes:
        code: of its decision: voted, dissented, abstained.
        who: who gave it.
        facts: what its decision recorded, as JSON.
        present: whether it is bound to the present digest, so that the lifecycle counts it.
        fresh: whether the terms are still those that were voted on. Nobody but the check knows this: it is what
            `present` ought to say.
    """

    code: str
    who: str
    facts: str
    present: bool
    fresh: bool


class Verdict(NamedTuple):
    """A resolution: what it says, for which version, on which version."""

    outcome: str
    expected: int
    current: int


class Asked(NamedTuple):
    """A request, as far as it matters.

    Attributes:
        status: where it is.
        requires: whether two approvals are required, or nothing.
        approved_for: the version it may be executed on: that of its terms, or the one it was revalidated on.
        validated: whether it was revalidated, where it waits for that.
        held: whether it is held.
        failures: how often it failed, up to as often as is allowed.
        emergency: whether this attempt goes past the requirements.
        review: of such an execution: open, closed or "".
        said: the votes, by who gave them.
        breach: what is wrong with how it came to be executed or retried, as the check judges it; "" if nothing is.
    """

    status: Status
    requires: bool
    approved_for: int = 1
    validated: bool = False
    held: bool = False
    failures: int = 0
    emergency: bool = False
    review: str = ""
    said: tuple[Said, ...] = ()
    breach: str = ""

    @property
    def terminal(self) -> bool:
        """Whether nothing may follow."""
        return self.status in TERMINAL


class Executor(NamedTuple):
    """Somebody between loading a request and committing what came of it.

    Attributes:
        request: the request as it has become in this attempt, which nobody else sees; None if nothing was loaded.
        version: the version of the state that was loaded.
        verdict: the resolution of this attempt.
        replaced: the version that is to be replaced; 0 where the state stays as it is.
        moved: whether anything happened to the request in this attempt.
        outrun: whether the request has moved since it was loaded.
    """

    request: Asked | None = None
    version: int = 0
    verdict: Verdict | None = None
    replaced: int = 0
    moved: bool = False
    outrun: bool = False


IDLE = Executor()
OUTRUN = Executor(outrun=True)
"""An executor whose commit must fail: what it holds in its hands no longer matters."""


class World(NamedTuple):
    """Everything there is at one moment.

    Attributes:
        request: as it is stored.
        version: of the state, as it is stored.
        late: whether the deadline has passed.
        left: whether one of the approvers has lost the role.
        effects: how often the request changed the state, up to two.
        executors: the two of them; the second may break the glass.
    """

    request: Asked
    version: int = 1
    late: bool = False
    left: bool = False
    effects: int = 0
    executors: tuple[Executor, Executor] = (IDLE, IDLE)

"""The stage of the demonstration: does what a line of the play says, and prints who did it and what came of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from placet.cli.file import drift_view
from placet.cli.pieces import DIM, changes_view, label
from placet.cli.shop import FLAGS
from placet.errors import TransitionRefusedError
from placet.governance.facade import Governance
from placet.model.changes import same_effect
from placet.model.mutation import Mutation
from placet.model.outcome import Outcome
from placet.model.request import MutationRequest, Status
from placet.model.resolution import Resolution, ResolutionOutcome
from placet.model.terms import OnDrift
from placet.model.trail import Decision

MEANWHILE = "meanwhile"

_MEANS = {
    Status.STALE: "for good, and nothing is changed",
    Status.PENDING: "nothing is changed, and no vote counts any more",
}
_RESOLUTION = TypeAdapter(Resolution)
_SHORT = 12
"""How much of a digest is shown where it is only to be recognised."""


@dataclass(slots=True)
class Stage:
    """Plays.

    Attributes:
        gov: what is governed.
        console: where it is shown.
        acts: how many acts there were.
    """

    gov: Governance
    console: Console
    acts: int = field(default=0)

    def act(self, title: str, about: str) -> None:
        """Begin an act: one sentence as a heading, and what it is about."""
        self.acts += 1
        self._heading(Text.assemble((f" {self.acts} ", "bold reverse cyan"), " ", (title, "bold")))
        self.console.print(Padding(Text(about, DIM), (0, 0, 1, 0), expand=False))

    def after(self, title: str) -> None:
        """Begin what follows the acts."""
        self._heading(Text(title, "bold"))

    def _heading(self, title: Text) -> None:
        self.console.print()
        self.console.print(Rule(style=DIM))
        self.console.print(title)

    def line(self, who: str, *what: RenderableType) -> None:
        """Show what somebody did."""
        row = Table.grid(padding=(0, 2))
        row.add_column(width=len(MEANWHILE), justify="right", style="magenta" if who == MEANWHILE else "bold")
        row.add_column(overflow="fold")
        for number, each in enumerate(what):
            row.add_row("" if number else who, each)
        self.console.print(row)

    def ask(
        self, who: str, reason: str, mutation: Mutation[Any], *, on_drift: OnDrift = OnDrift.REJECT
    ) -> MutationRequest:
        """Submit, and show the effect that approvers see."""
        made = self.gov.submit(mutation, to=FLAGS, by=who, reason=reason, on_drift=on_drift)
        asked = Text.assemble("asks: ", (reason, "italic"))
        self.line(who, asked, Text(f"request {made.id}", DIM), changes_view(made.effect))
        return made

    def approve(self, who: str, request: MutationRequest) -> MutationRequest:
        """Approve what the request says now."""
        now = self.gov.approve(request.id, by=who, digest=request.digest)
        more = "" if now.status is Status.APPROVED else ", one more is needed"
        self.line(who, Text.assemble("approves ", (f"digest {now.digest[:_SHORT]}…", DIM), more))
        return now

    def approve_outdated(self, who: str, request: MutationRequest) -> None:
        """Try to approve what the request said before, and show the refusal."""
        try:
            self.gov.approve(request.id, by=who, digest=request.digest)
        except TransitionRefusedError as refusal:
            said = Text.assemble("tries to approve ", (f"digest {request.digest[:_SHORT]}…", DIM), ", as it was before")
            self.line(who, said, Text(f"refused: {refusal.reason}", "red"))

    def execute(self, request: MutationRequest, by: str = "deploy") -> Outcome:
        """Execute, and show how it was resolved and what came of it."""
        outcome = self.gov.execute(request.id, by=by)
        moves = self.gov.decisions(request.id)[request.revision :]
        self.line(by, Text("executes it"), *_resolved(moves), _result(outcome))
        if outcome.executed and not same_effect(outcome.changes, request.effect):
            self.line("", changes_view(outcome.changes))
        return outcome

    def meanwhile(self, who: str, approver: str, reason: str, mutation: Mutation[Any]) -> None:
        """Let another change come first, in short."""
        made = self.gov.submit(mutation, to=FLAGS, by=who, reason=reason)
        self.gov.approve(made.id, by=approver, digest=made.digest)
        outcome = self.gov.execute(made.id, by="deploy")
        told = f" ({approver} approved, version {outcome.resulting_version})"
        said = Text.assemble(f"{who}: ", (reason, "italic"), (told, DIM))
        self.line(MEANWHILE, said, changes_view(outcome.changes))


def _resolved(moves: Iterable[Decision]) -> Iterator[Text]:
    """Give what resolving found, where the state had moved, and what was done about it."""
    for move in moves:
        if move.code == "resolved":
            resolution = _RESOLUTION.validate_python(move.metadata)
            if resolution.drifted:
                yield drift_view(resolution)
            if resolution.outcome is ResolutionOutcome.SAME_EFFECT:
                yield Text(f"on version {resolution.current_version} it does just the same")
        elif move.code == "revalidated":
            yield Text(f"checks and policies are asked again on version {move.metadata['version']}, and pass")


def _result(outcome: Outcome) -> Text:
    head, resolution = label(outcome.status), outcome.resolution
    if outcome.executed and resolution:
        head.append(f"  version {resolution.current_version} → {outcome.resulting_version}", "default")
    elif outcome.status is Status.REJECTED:
        head.append(f"  {'; '.join(outcome.reasons)}", "default")
    elif outcome.status in _MEANS:
        head.append(f"  {_MEANS[outcome.status]}", "default")
    return head

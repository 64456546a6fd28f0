"""What `show` shows: a request with everything about it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from placet.cli.pieces import DIM, changes_view, clean, json_text, label, moment, table
from placet.governance.facade import Governance
from placet.governance.waiting import Waiting
from placet.lifecycle.deadlines import Deadline
from placet.model.channel import LIBRARY
from placet.model.request import MutationRequest, Status
from placet.model.resolution import Resolution
from placet.model.terms import Terms
from placet.model.trail import Answer, AuditRecord, Code, Decision

Facts = dict[str, Any]

_MARKS = {
    "allow": ("✓", "green"),
    "require": ("•", "yellow"),
    "restrict": ("•", "yellow"),
    "emergency": ("!", "yellow"),
    "execution": ("•", "yellow"),
    "deny": ("✗", "red"),
}
"""How the verdict of a policy is marked."""


@dataclass(frozen=True, slots=True)
class File:
    """Everything there is about one request.

    Attributes:
        waiting: the request, how far its requirements are met, and why it waits.
        decisions: its trail.
        audits: its execution attempts.
        revisions: all terms it ever had, oldest first.
    """

    waiting: Waiting
    decisions: tuple[Decision, ...]
    audits: tuple[AuditRecord, ...]
    revisions: tuple[Terms, ...]

    @property
    def request(self) -> MutationRequest:
        """The request."""
        return self.waiting.request

    @classmethod
    def read(cls, gov: Governance, request_id: str) -> "File":
        """Read it. What came in while it was read is left out: it shows the request at one revision.

        Raises:
            IntegrityError: a row was changed since it was written.
        """
        waiting = gov.waiting_for(request_id)
        request = waiting.request
        return cls(
            waiting,
            gov.decisions(request_id)[: request.revision],
            gov.audit(request_id)[: request.audits],
            gov.revisions(request_id)[: request.terms_number],
        )


def file_view(file: File) -> RenderableType:
    """Show a request: its terms, effect, requirements, trail and attempts."""
    request = file.request
    parts: list[RenderableType] = [
        Text.assemble("request ", clean(request.id, "bold"), "  ", label(request.status)),
        _section("What is asked"),
        _terms(request),
        *_effect(file),
        _section("What it requires"),
        _inset(requirements_view(file.waiting)),
        *_votes(file.waiting),
        _section("Trail"),
        _inset(trail_view(file.decisions)),
    ]
    if file.audits:
        parts += [_section("Attempts to execute"), _inset(Group(*map(_attempt, file.audits)))]
    return Group(*parts)


def _effect(file: File) -> Iterator[RenderableType]:
    """Show what was approved, and what was done where that was on another version."""
    request = file.request
    version = f"version {request.terms.expected_version}"
    elsewhere = request.resolved_version != request.terms.expected_version
    asked = bool(request.requirements)
    if request.status is not Status.EXECUTED and request.status.terminal:
        title = f"What it would have done to {version}"
    elif request.status is not Status.EXECUTED:
        covered = {"effect": "this", "mutation": "the mutation"}[request.terms.approval_covers]
        title = f"What it does to {version}" + (f": approvers approve {covered}" if asked else "")
    elif request.emergency_by:
        title = f"What it did to {version}: {request.emergency_by} executed it in an emergency"
    elif elsewhere:
        title = f"What was approved, for {version}"
    else:
        title = f"What it did to {version}" + (": approvers approved this" if asked else "")
    yield _section(title)
    yield _inset(changes_view(request.effect))
    if len(file.revisions) > 1 and not request.status.terminal:
        before = file.revisions[-2]
        yield _section(f"What it did before, to version {before.expected_version}: votes on that do not count")
        yield _inset(changes_view(before.effect))
    if request.status is Status.EXECUTED and elsewhere:
        yield _section(f"What it did to version {request.resolved_version}")
        yield _inset(changes_view(file.audits[-1].changes))


def _section(title: str) -> RenderableType:
    return Padding(Rule(clean(title, "bold"), align="left", style=DIM), (1, 0, 0, 0))


def _inset(what: RenderableType) -> RenderableType:
    return Padding(what, (0, 0, 0, 2))


_ANYWAY = {"effect": "", "mutation": ", whatever it does by then"}


def _terms(request: MutationRequest) -> Table:
    terms, intent = request.terms, request.terms.intent
    behalf = f" on behalf of {terms.on_behalf_of}" if terms.on_behalf_of else ""
    undone = "" if intent.reversible else ", cannot be undone"
    drift = terms.on_drift + (f", or else {terms.fallback}" if terms.on_drift == "keep_if_same_effect" else "")
    rows = {
        "by": f"{terms.requester}{behalf}, {moment(request.created_at)}",
        "reason": terms.reason,
        "state": f"{terms.state_id}, version {terms.expected_version}",
        "mutation": f"{terms.mutation}, schema {terms.schema_version}",
        "payload": json_text(request.payload),
        "intent": f"{intent.operation}: {intent.description}" if intent.description else intent.operation,
        "risk": f"{intent.risk}{undone}",
        "if it moves": drift,
        "approval": f"covers the {terms.approval_covers}{_ANYWAY[terms.approval_covers]}; counts "
        + (f"for {terms.approval_valid_for}" if terms.approval_valid_for else "for ever"),
        "deadline": moment(terms.expires_at) if terms.expires_at else "",
        "expires": moment(request.due_at) if request.due_at and not request.status.terminal else "",
        "executed by": f"role {' or '.join(terms.executors)}" if terms.executors else "",
        "identity": "a directory vouches for everybody" if terms.vouched else "anybody can be anybody",
        "held": request.held,
        "successor": request.successor or "",
        "correlation": request.correlation_id,
        "notes": json_text(request.metadata) if request.metadata else "",
        "digest": request.digest,
    }
    made = Table.grid(padding=(0, 2))
    made.add_column(style=DIM, justify="right", min_width=11)
    made.add_column(overflow="fold")
    for name, value in rows.items():
        if value:
            made.add_row(name, clean(value))
    return made


def requirements_view(waiting: Waiting) -> RenderableType:
    """Show what is required, how much of it is there, and why the request waits."""
    lines = []
    steps = len({each.requirement.step for each in waiting.positions}) > 1
    for each in waiting.positions:
        mark = Text("✓ ", "green") if each.met else Text("○ ", "yellow")
        step = f"step {each.requirement.step}: " if steps else ""
        lines.append(Text.assemble(mark, (step, DIM), clean(each.requirement if each.met else each.waits_for)))
    counted = sorted(actor for each in waiting.positions for actor in each.counted)
    if counted:
        lines.append(clean(f"counted: {', '.join(counted)}", DIM))
    if waiting.renewals:
        lines.append(clean(f"times that its approval was renewed, as its state has moved: {waiting.renewals}", DIM))
    told = {str(each) for each in waiting.positions}
    lines += [clean(f"waits: {reason}", "yellow") for reason in waiting.reasons if reason not in told]
    return Group(*lines) if lines else Text("nothing", DIM)


def _votes(waiting: Waiting) -> Iterator[RenderableType]:
    """Show who voted how, and which votes no longer count."""
    if not (waiting.votes or waiting.outdated):
        return
    made = table("vote", "by", "why")
    for each in (*waiting.votes, *waiting.outdated):
        by = each.actor if each.actor == each.principal else f"{each.actor} for {each.principal}"
        outdated = "" if each in waiting.votes else "  outdated"
        why = ": ".join(part for part in (each.code, each.reason) if part)
        made.add_row(clean(each.choice).append(outdated, DIM), clean(by), clean(why))
    yield _section("Votes")
    yield _inset(made)


def trail_view(decisions: Iterable[Decision]) -> Table:
    """Show a trail: a row for each decision."""
    made = table("", "decision", "then", "by", "facts and reason")
    for each in decisions:
        made.add_row(str(each.seq), clean(each.code), label(each.to_status), clean(_who(each)), clean(facts(each)))
    return made


def _who(decision: Decision) -> str:
    """Return who decided, for whom, and how they came in, where that is not the program itself."""
    behalf = f" for {decision.on_behalf_of}" if decision.on_behalf_of else ""
    by = "" if decision.channel == LIBRARY.name else f" by {decision.channel}"
    claimed = "" if decision.authenticated else ", not authenticated"
    return f"{decision.actor}{behalf}{by}{claimed}"


def facts(decision: Decision) -> str:
    """Give what a decision records, in words."""
    said = _SAID.get(decision.code)
    parts = [said(decision.metadata)] if said else []
    return "; ".join(dict.fromkeys(filter(None, (*parts, decision.reason))))


def _asked(known: Facts) -> str:
    return f"for v{known['expected_version']}: {', '.join(known['requirements']) or 'nothing required'}"


def _resolved(known: Facts) -> str:
    expected, current = known["expected_version"], known["current_version"]
    moved = f"still v{current}" if expected == current else f"approved for v{expected}, now v{current}"
    return f"{moved}: {known['outcome']}"


def _rejected(known: Facts) -> str:
    ended = [f"can no longer be met: {each}" for each in known.get("reasons", [])]
    return "; ".join(ended) or str(known.get("code", ""))


def _emergency(known: Facts) -> str:
    return f"{known['emergency']} ({known['ticket']}), past {', '.join(known['not_met']) or 'nothing'}"


_SAID: dict[str, Callable[[Facts], str]] = {
    Code.SUBMITTED: _asked,
    Code.ADMITTED: _asked,
    Code.AMENDED: _asked,
    Code.TAKEN_OVER: lambda known: f"from {known['requester_before']}; {_asked(known)}",
    Code.APPROVAL_RENEWED: _asked,
    Code.APPROVED: lambda known: f"counted {', '.join(known['counted'])}" if known["counted"] else "",
    Code.DISSENTED: lambda known: str(known["code"]),
    Code.REJECTED: _rejected,
    Code.UNSATISFIABLE: _rejected,
    Code.REPORTED: lambda known: f"{known['check']} {'passed' if known['passed'] else 'failed'}",
    Code.WAIVED: lambda known: f"freeze {known['freeze']}",
    Code.APPROVAL_EXPIRED: lambda known: f"no longer counted: {', '.join((*known['outdated'], *known['reviews']))}",
    Code.EXPIRED: lambda known: Deadline.from_json(known["deadline"]).passed,
    Code.LAPSED: lambda known: f"no longer met: {', '.join(known['requirements'])}",
    Code.RESOLVED: _resolved,
    Code.OVERRIDDEN: lambda known: f"{_resolved(known)}; {_emergency(known)}",
    Code.EXECUTED: lambda known: f"v{known['resolved_version']} → v{known['resulting_version']}",
    Code.BLOCKED: lambda known: "; ".join(known["reasons"]),
    Code.FAILED: lambda known: "; ".join(known["reasons"]),
    Code.REVALIDATED: lambda known: f"passes on v{known['version']}",
    Code.SUPERSEDED: lambda known: f"by {known['successor']}",
}
"""What each decision says about its facts; the others have none that are not in their reason."""


def drift_view(resolution: Resolution) -> Text:
    """Show what moved the state since the approval: which request made which version, and where."""
    lines = [Text(f"approved for version {resolution.expected_version}, now it is {resolution.current_version}:")]
    for step in resolution.drift:
        paths = clean(", ".join(step.paths) or "(nothing)")
        by = f"by request {step.request_id}" if step.request_id else f"by {step.actor}, without placet"
        lines += [Text.assemble((f"  v{step.version} ", "magenta"), paths), clean(f"     {by}", DIM)]
    if resolution.unlisted:
        lines.append(Text(f"  and {resolution.unlisted} more", DIM))
    return Text("\n").join(lines)


def _attempt(record: AuditRecord) -> RenderableType:
    made = f", version {record.resulting_version}" if record.resulting_version else ""
    head = Text.assemble(
        f"{record.seq}  ", label(record.outcome), made, clean(f"  by {record.actor}, {moment(record.at)}", DIM)
    )
    lines: list[RenderableType] = [clean(f"execution {record.execution_id}", DIM)]
    if record.resolution and record.resolution.drifted:
        lines.append(drift_view(record.resolution))
    lines += [answer_view(each) for each in record.answers if each.verdict != "abstain"]
    lines += [clean(f"{issue.path or '(whole)'}: {issue.message}", "red") for issue in record.issues]
    if record.error:
        lines.append(clean(record.error, "red"))
    if record.changes and record.outcome == "executed":
        lines.append(changes_view(record.changes))
    return Group(head, Padding(Group(*lines), (0, 0, 0, 3)))


def answer_view(answer: Answer) -> Text:
    """Show what a policy said; one that is named after its verdict says it once."""
    mark, style = _MARKS.get(answer.verdict, _MARKS["deny"])
    said = {"allow": "allow", "require": f"require {answer.detail}"}.get(answer.verdict, answer.detail)
    once = answer.policy in {said, f"deny: {said}", "(default)"}
    return Text.assemble((f"{mark} ", style), clean(said if once else f"{answer.policy}: {said}"))

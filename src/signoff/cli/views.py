"""What the commands show: a request with everything about it, requests, a history, a verification."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from signoff.cli.pieces import DIM, changes_view, clean, json_text, label, moment, table
from signoff.governance.dossier import Dossier, audit_records
from signoff.governance.queries import Page
from signoff.governance.verification import Verification
from signoff.lifecycle.quorum import Standing, standing
from signoff.model.changes import Changes
from signoff.model.request import MutationRequest, Status
from signoff.model.resolution import Resolution
from signoff.model.trail import Answer, AuditRecord, Decision, HistoryEntry, HistoryKind
from signoff.store.port import Store

_ENDING = 12
"""How much of an id is shown in a list."""

_MARKS = {"allow": ("✓", "green"), "require": ("•", "yellow"), "deny": ("✗", "red")}
"""How the verdict of a policy is marked."""

WIDE = 100
"""From how many columns on there is room for more of them."""


@dataclass(frozen=True, slots=True)
class File:
    """Everything there is about one request, read in one view.

    Attributes:
        request: the request.
        decisions: its trail.
        audits: its execution attempts.
        standing: how far its requirements are met.
    """

    request: MutationRequest
    decisions: tuple[Decision, ...]
    audits: tuple[AuditRecord, ...]
    standing: Standing

    @classmethod
    def read(cls, store: Store, request_id: str) -> "File":
        """Read it.

        Raises:
            IntegrityError: a row was changed since it was written.
        """
        with store.view() as reader:
            dossier = Dossier.load(reader, request_id)
            audits = audit_records(reader, dossier.request)
        request = dossier.request
        return cls(request, dossier.decisions, audits, standing(request.terms, request.digest, dossier.votes))


def file_view(file: File) -> RenderableType:
    """Show a request: its terms, effect, requirements, trail and attempts."""
    request = file.request
    parts: list[RenderableType] = [
        Text.assemble("request ", (request.id, "bold"), "  ", label(request.status)),
        _section("What is asked"),
        _terms(request),
        *_effect(file),
        _section("What it requires"),
        _inset(requirements_view(file)),
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
        title = f"What it does to {version}" + (": approvers approve this" if asked else "")
    elif elsewhere:
        title = f"What was approved, for {version}"
    else:
        title = f"What it did to {version}" + (": approvers approved this" if asked else "")
    yield _section(title)
    yield _inset(changes_view(request.effect))
    if request.status is Status.EXECUTED and elsewhere:
        yield _section(f"What it did to version {request.resolved_version}")
        yield _inset(changes_view(file.audits[-1].changes))


def _section(title: str) -> RenderableType:
    return Padding(Rule(Text(title, "bold"), align="left", style=DIM), (1, 0, 0, 0))


def _inset(what: RenderableType) -> RenderableType:
    return Padding(what, (0, 0, 0, 2))


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
        "deadline": moment(terms.expires_at) if terms.expires_at else "",
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


def requirements_view(file: File) -> RenderableType:
    """Show what is required and how much of it is there."""
    missing = dict(file.standing.missing)
    lines = []
    for requirement in file.request.requirements:
        lacking = missing.get(requirement, 0)
        mark = Text("○ ", "yellow") if lacking else Text("✓ ", "green")
        lines.append(Text.assemble(mark, clean(requirement), (f"  {lacking} missing" if lacking else "", "yellow")))
    if file.standing.counted:
        lines.append(clean(f"counted: {', '.join(file.standing.counted)}", DIM))
    return Group(*lines) if lines else Text("nothing", DIM)


def trail_view(decisions: Iterable[Decision]) -> Table:
    """Show a trail: a row for each decision."""
    made = table("", "decision", "then", "by", "facts and reason")
    for each in decisions:
        made.add_row(str(each.seq), each.code, label(each.to_status), clean(each.actor), clean(facts(each)))
    return made


def facts(decision: Decision) -> str:
    """Give what a decision records, in words."""
    known = decision.metadata
    said = {
        "submitted": lambda: f"for v{known['expected_version']}: {', '.join(known['requirements'])}",
        "admitted": lambda: f"for v{known['expected_version']}: nothing required",
        "approved": lambda: f"counted {', '.join(known['counted'])}",
        "resolved": lambda: _resolved(known["expected_version"], known["current_version"], known["outcome"]),
        "executed": lambda: f"v{known['resolved_version']} → v{known['resulting_version']}",
        "approval_renewed": lambda: f"for v{known['expected_version']}: {', '.join(known['requirements'])}",
        "blocked": lambda: "; ".join(known["reasons"]),
        "failed": lambda: "; ".join(known["reasons"]),
        "revalidated": lambda: f"passes on v{known['version']}",
        "superseded": lambda: f"by {known['successor']}",
    }.get(decision.code, str)()
    return "; ".join(part for part in (said, decision.reason) if part)


def _resolved(expected: int, current: int, outcome: str) -> str:
    moved = f"still v{current}" if expected == current else f"approved for v{expected}, now v{current}"
    return f"{moved}: {outcome}"


def drift_view(resolution: Resolution) -> Text:
    """Show what moved the state since the approval: which request made which version, and where."""
    lines = [Text(f"approved for version {resolution.expected_version}, now it is {resolution.current_version}:")]
    for step in resolution.drift:
        paths = clean(", ".join(step.paths) or "(nothing)")
        by = f"by request {step.request_id}" if step.request_id else f"by {step.actor}, without signoff"
        lines += [Text.assemble((f"  v{step.version} ", "magenta"), paths), clean(f"     {by}", DIM)]
    if resolution.unlisted:
        lines.append(Text(f"  and {resolution.unlisted} more", DIM))
    return Text("\n").join(lines)


def _attempt(record: AuditRecord) -> RenderableType:
    made = f", version {record.resulting_version}" if record.resulting_version else ""
    head = Text.assemble(
        f"{record.seq}  ", label(record.outcome), made, clean(f"  by {record.actor}, {moment(record.at)}", DIM)
    )
    lines: list[RenderableType] = [Text(f"execution {record.execution_id}", DIM)]
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


def requests_view(page: Page) -> RenderableType:
    """Show a page of requests, newest first; ids by their end, which is enough to name a request."""
    if not page.requests:
        return Text("no requests", DIM)
    made = table("request", "status", "state", "mutation", "by", "reason")
    made.columns[0].no_wrap = True
    made.columns[1].no_wrap = True
    endings = Counter(_ending(each.id) for each in page)
    for each in page:
        ending = _ending(each.id)
        shown = ending if endings[ending] == 1 else each.id
        facts = (each.state_id, each.mutation, each.requester, each.terms.reason)
        made.add_row(clean(shown), label(each.status), *map(clean, facts))
    return made


def _ending(request_id: str) -> str:
    """Shorten an id to its end, which differs where ids are time-ordered."""
    return request_id if len(request_id) <= _ENDING + 1 else f"…{request_id[-_ENDING:]}"


def history_view(entries: Sequence[HistoryEntry], console: Console) -> RenderableType:
    """Show how each version of a state came to be, oldest first."""
    wide = console.width >= WIDE
    made = table("version", "by", *(("when", "mutation") if wide else ()), "what changed, and by which request")
    for entry in entries:
        more = (moment(entry.at), clean(entry.mutation)) if wide else ()
        what = Text(entry.kind) if entry.kind is HistoryKind.CREATED else _paths(entry.changes)
        if entry.request_id:
            what = Text("\n").join([what, clean(entry.request_id, DIM)])
        made.add_row(f"v{entry.version}", clean(entry.actor), *more, what)
    return made


def _paths(changes: Changes) -> Text:
    return clean(", ".join(change.path or "(the whole)" for change in changes) or "(nothing)")


def verification_view(found: Verification) -> RenderableType:
    """Show what a verification found: one line if all is well, otherwise every broken row with the rule it breaks."""
    seen = f"{_count(found.requests, 'request')} and {_count(found.states, 'state')}"
    beyond = Text(
        f"  {_count(found.unreached, 'state')} in a table of your own: only the history was checked", "yellow"
    )
    more = [beyond] if found.unreached else []
    if found.ok:
        return Group(Text.assemble(("✓ ", "green"), f"{seen}: every digest, seal and chain holds"), *more)
    head = Text(f"✗ {len(found.problems)} broken, of {seen}", "red")
    made = table("table", "row", "rule")
    for problem in found.problems:
        made.add_row(clean(problem.table), clean(problem.row), clean(problem.rule, "red"))
    return Group(head, made, *more)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"

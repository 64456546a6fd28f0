"""Approved trails: write down once what a request went through, in words, and compare ever after."""

import difflib
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from placet.governance.facade import Governance
from placet.model.changes import Changes
from placet.model.request import MutationRequest
from placet.model.trail import AuditRecord, Decision

APPROVE_VARIABLE = "PLACET_APPROVE_TRAILS"
"""The environment variable that, set to 1, approves every trail as it is."""
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d| UTC)?")
_VARYING = {"digest", "seal", "execution_id", "state_hash"}


def record_trail(gov: Governance, request_id: str, path: Path | str, *, approve: bool | None = None) -> str:
    """Compare the trail of a request with the approved one in a file.

    The trail is Markdown: what was asked and the effect, each decision, each attempt. Ids are numbered in the order in
    which they appear; moments and hashes are left out, so that two runs of the same test give the same text.

    Args:
        gov: the governance.
        request_id: whose trail.
        path: the file with the approved trail, as in `tests/trails/grant.md`; put it under version control.
        approve: write the file instead of comparing. If left out, the environment variable `PLACET_APPROVE_TRAILS=1`
            says so.

    Returns:
        The trail as text.

    Raises:
        AssertionError: the trail is another one, with the difference line by line; or none was approved yet.
        RequestNotFoundError: there is no such request.
    """
    place, text = Path(path), trail_text(gov, request_id)
    if os.environ.get(APPROVE_VARIABLE) == "1" if approve is None else approve:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        return text
    how = f"set {APPROVE_VARIABLE}=1, or pass approve=True once, to approve it"
    if not place.exists():
        raise AssertionError(f"no trail was approved in {place} yet; read this one, and {how}:\n\n{text}")
    approved = place.read_text(encoding="utf-8")
    if approved != text:
        lines = difflib.unified_diff(approved.splitlines(), text.splitlines(), "approved", "now", lineterm="")
        raise AssertionError(f"the trail is not the one approved in {place}; {how}:\n\n" + "\n".join(lines))
    return text


def trail_text(gov: Governance, request_id: str) -> str:
    """Give the trail of a request in words, without what varies from run to run.

    Args:
        gov: the governance.
        request_id: whose trail.

    Raises:
        RequestNotFoundError: there is no such request.
    """
    request = gov.get_request(request_id)
    attempts = gov.audit(request_id)
    lines = [*_asked(request), *_decided(gov.decisions(request_id)), *_attempted(attempts)]
    ids = [request_id, *(each.execution_id for each in attempts)]
    ids += [
        step.request_id for each in attempts if each.resolution for step in each.resolution.drift if step.request_id
    ]
    ids += [request.successor] if request.successor else []
    return _steady("\n".join(lines) + "\n", ids)


def _asked(request: MutationRequest) -> Iterator[str]:
    """Tell what was asked, on the terms as they are now."""
    terms = request.terms
    behalf = f" on behalf of {terms.on_behalf_of}" if terms.on_behalf_of else ""
    yield f"# {request.mutation} on {request.state_id}: {request.status}"
    yield ""
    yield f"- asked by {request.requester}{behalf}" + (f": {terms.reason}" if terms.reason else "")
    yield f"- with {_json(request.payload)}"
    yield f"- on version {request.expected_version}; if it has moved: {terms.on_drift}"
    yield from (f"- requires {each}" for each in terms.requirements)
    yield from _effect(terms.effect)


def _decided(decisions: Iterable[Decision]) -> Iterator[str]:
    yield from ("", "## Decisions", "")
    for each in decisions:
        behalf = f" on behalf of {each.on_behalf_of}" if each.on_behalf_of else ""
        moved = each.to_status if each.from_status == each.to_status else f"{each.from_status} -> {each.to_status}"
        said = f": {each.reason}" if each.reason else ""
        yield f"{each.seq}. **{each.code}** ({moved}) by {each.actor}{behalf}{said}"
        facts = {key: value for key, value in each.metadata.items() if key not in _VARYING}
        yield from (f"   - {key}: {_json(value)}" for key, value in sorted(facts.items()))


def _attempted(attempts: Iterable[AuditRecord]) -> Iterator[str]:
    for each in attempts:
        made = f", version {each.resulting_version}" if each.resulting_version else ""
        yield from ("", f"## Attempt {each.attempt}: {each.outcome}{made}", "")
        yield f"- executed by {each.actor}"
        if each.resolution is not None:
            yield f"- {each.resolution.outcome}: {each.resolution}"
        yield from (f"- policy {one.policy}: {one.verdict} {one.detail}".rstrip() for one in each.answers)
        yield from (f"- issue at {one.path or '(whole)'}: {one.message}" for one in each.issues)
        if each.error:
            yield f"- raised {each.error}"
        yield from _effect(each.changes)


def _effect(changes: Changes) -> Iterator[str]:
    yield from (f"- `{change}`" for change in changes)


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _steady(text: str, ids: Iterable[str]) -> str:
    """Number ids in the order of their appearance, and leave out moments and hashes."""
    text = _MOMENT.sub("<moment>", _HASH.sub("<hash>", text))
    known = {*ids, *_UUID.findall(text)}
    if not known:
        return text
    pattern = re.compile(
        "|".join(rf"(?<![\w-]){re.escape(each)}(?![\w-])" for each in sorted(known, key=len, reverse=True))
    )
    names: dict[str, str] = {}
    return pattern.sub(lambda found: names.setdefault(found[0], f"<id {len(names) + 1}>"), text)

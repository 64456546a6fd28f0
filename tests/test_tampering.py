"""Whoever changes a stored row is found: `execute` refuses, nothing moves, and `verify` names table and row."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest

from house import HOUSE, AddTeam, GrantRole, approved, opened
from placet import (
    Actor,
    Emergency,
    Governance,
    MutationRequest,
    PlacetError,
    StaticDirectory,
    allow_emergency,
    require,
)
from placet.errors import IntegrityError
from placet.governance.dossier import Dossier
from placet.model.canonical import digest
from placet.model.trail import DECISION_BOOK, Ledger
from placet.requirements import Approval

TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'placet_%'"


class Vault:
    """A store with an approved request in it, and one that was amended, and a burglar who has the file."""

    executed = amended = "(none)"

    def __init__(self, path: Path) -> None:
        self.gov: Governance = opened(f"sqlite:///{path}")
        self.executed = self.gov.execute(approved(self.gov, AddTeam(team="blue")).id, by="runner").request.id
        self.request: MutationRequest = approved(self.gov, GrantRole(user="ada", role="reader"))
        amended = self.gov.submit(AddTeam(team="gren"), to=HOUSE, by="bob")
        self.amended = self.gov.amend(amended.id, AddTeam(team="green"), by="bob", reason="a slip").id
        self.file = sqlite3.connect(path, isolation_level=None)
        for (name,) in self.file.execute(TRIGGERS).fetchall():
            self.file.execute(f"DROP TRIGGER {name}")

    def tamper(self, statement: str) -> None:
        named = {"id": self.request.id, "house": HOUSE, "amended": self.amended}
        changed = self.file.execute(statement, named if ":" in statement else ())
        assert changed.rowcount >= 1

    def rows(self) -> list[str]:
        return list(self.file.iterdump())

    def says(self, error: IntegrityError) -> str:
        """Give what people read, without what differs from run to run, or between versions of pydantic."""
        message = f"{error.table} {error.row}: {error.rule}"
        for name, request_id in (("request", self.request.id), ("amended", self.amended), ("executed", self.executed)):
            message = message.replace(request_id, f"({name})")
        return re.sub(r"[(]/.*[)]", "(...)", message)

    def close(self) -> None:
        self.gov.close()
        self.file.close()


AGREED = Path(__file__).parent / "tampering.txt"
"""What is said of every row that is changed below, written down to be read by people."""


def agreed(what: str) -> str:
    return dict(line.split(" -> ") for line in AGREED.read_text("utf-8").splitlines())[what]


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    made = Vault(tmp_path / "vault.db")
    assert made.gov.verify().ok
    yield made
    made.close()


def terms(path: str, value: str) -> str:
    return f"UPDATE placet_terms SET body = json_set(body, '{path}', {value}) WHERE request_id = :id"


def column(name: str, value: str) -> str:
    return f"UPDATE placet_requests SET {name} = {value} WHERE id = :id"


def decision(path: str, value: str, seq: int = 2) -> str:
    where = f"WHERE request_id = :id AND seq = {seq}"
    return f"UPDATE placet_decisions SET body = json_set(body, '{path}', {value}) {where}"


TERMS, REQUESTS, DECISIONS = "placet_terms", "placet_requests", "placet_decisions"

APPROVED_ROW = {
    "payload": (terms("$.payload", """'{"role":"admin","user":"mallory"}'"""), TERMS),
    "state id": (terms("$.state_id", "'another:state'"), TERMS),
    "mutation name": (terms("$.mutation", "'AddTeam'"), TERMS),
    "schema version": (terms("$.schema_version", "2"), TERMS),
    "expected version": (terms("$.expected_version", "1"), TERMS),
    "state hash": (terms("$.state_hash", "'0'"), TERMS),
    "strategy": (terms("$.on_drift", "'revalidate'"), TERMS),
    "fallback": (terms("$.fallback", "'revalidate'"), TERMS),
    "requirement": (terms("$.requirements", "json('[]')"), TERMS),
    "requester": (terms("$.requester", "'carol'"), TERMS),
    "effect": (terms("$.effect", "json('[]')"), TERMS),
    "intent": (terms("$.intent.risk", "'low'"), TERMS),
    "deadline": (terms("$.expires_at", "'2099-01-01T00:00:00.000000Z'"), TERMS),
    "how many must approve": (terms("$.requirements[0].count", "2"), TERMS),
    "which kinds may approve": (terms("$.requirements[0].kinds", """json('["agent"]')"""), TERMS),
    "which step it belongs to": (terms("$.requirements[0].step", "2"), TERMS),
    "the deadline of a requirement": (terms("$.requirements[0].deadline", "'2099-01-01T00:00:00.000000Z'"), TERMS),
    "whether votes are checked again": (terms("$.requirements[0].recheck", "json('false')"), TERMS),
    "what follows when it is impossible": (terms("$.requirements[0].when_impossible", "'note'"), TERMS),
    "the kind of a requirement": (terms("$.requirements[0].kind", "'quota'"), TERMS),
    "how long an approval is valid": (terms("$.approval_valid_for", "'P9D'"), TERMS),
    "the requester's own requirements": (terms("$.own", """json('[{"kind":"approval"}]')"""), TERMS),
    "terms that are gone": ("DELETE FROM placet_terms WHERE request_id = :id", TERMS),
    "terms that are no JSON": ("UPDATE placet_terms SET body = 'x' WHERE request_id = :id", TERMS),
    "digest": (column("digest", "'0'"), TERMS),
    "filed state id": (column("state_id", "'another:state'"), REQUESTS),
    "filed requester": (column("requester", "'carol'"), REQUESTS),
    "filed deadline": (column("expires_at", "1"), REQUESTS),
    "who broke the glass": (column("emergency_by", "'mallory'"), REQUESTS),
    "a review that is open": (column("review", "'open'"), REQUESTS),
    "a review that is closed": (column("review", "'closed'"), REQUESTS),
    "filed text": (column("search", "'nothing to see'"), REQUESTS),
    "validated version": (column("validated_version", "2"), REQUESTS),
    "failures": (column("failures", "-100"), REQUESTS),
    "attempts": (column("attempts", "7"), REQUESTS),
    "creation": (column("created_at", "0"), REQUESTS),
    "metadata": (column("metadata", "'{}  '"), REQUESTS),
    "idempotency key": (column("idempotency_key", "'mine'"), REQUESTS),
    "correlation id": (column("correlation_id", "'mine'"), REQUESTS),
    "hold": (column("held", "'for ever'"), REQUESTS),
    "head": (column("head", "'0'"), DECISIONS),
    "revision": (column("revision", "2"), DECISIONS),
    "a column of the wrong type": (column("created_at", "'yesterday'"), REQUESTS),
    "a vote": (
        "UPDATE placet_decisions SET body = json_set(body, '$.actor', 'dave') WHERE request_id = :id AND seq = 2",
        DECISIONS,
    ),
    "the step of a vote": (decision("$.metadata.step", "2"), DECISIONS),
    "the kind of a voter": (decision("$.metadata.kind", "'agent'"), DECISIONS),
    "the roles of a voter": (decision("$.metadata.roles", """json('["security"]')"""), DECISIONS),
    "whom a vote is for": (decision("$.on_behalf_of", "'dave'"), DECISIONS),
    "what a vote says": (decision("$.code", "'abstained'"), DECISIONS),
    "when a vote was given": (decision("$.at", "'2020-01-01T00:00:00.000000Z'"), DECISIONS),
    "why a vote was given": (decision("$.reason", "'I was told to'"), DECISIONS),
    "a vote that is gone": ("DELETE FROM placet_decisions WHERE request_id = :id AND seq = 2", DECISIONS),
    "the last decision gone": ("DELETE FROM placet_decisions WHERE request_id = :id AND seq = 3", DECISIONS),
    "a hash that is no text": (
        "UPDATE placet_decisions SET hash = x'07' WHERE request_id = :id AND seq = 2",
        DECISIONS,
    ),
    "the whole trail gone": ("DELETE FROM placet_decisions WHERE request_id = :id", DECISIONS),
}


@pytest.mark.parametrize("what", APPROVED_ROW)
def test_an_approved_request_that_was_changed_is_not_executed(vault: Vault, what: str) -> None:
    statement, table = APPROVED_ROW[what]
    vault.tamper(statement)
    before = vault.rows()
    with pytest.raises(IntegrityError) as refused:
        vault.gov.execute(vault.request.id, by="runner")
    assert refused.value.table == table
    assert vault.request.id in refused.value.row
    assert vault.says(refused.value) == agreed(what)
    assert vault.rows() == before
    found = vault.gov.verify()
    assert not found.ok
    assert str(found.problems[0]) == str(refused.value)


def test_a_pending_request_pushed_to_approved_is_not_executed(vault: Vault) -> None:
    pending = vault.gov.submit(GrantRole(user="eve", role="admin"), to=HOUSE, by="eve")
    vault.file.execute("UPDATE placet_requests SET status = 'approved' WHERE id = ?", (pending.id,))
    with pytest.raises(IntegrityError, match="a column was changed since its last decision"):
        vault.gov.execute(pending.id, by="runner")
    assert vault.gov.verify().problems[0].row == pending.id


def test_an_executed_request_set_back_to_approved_is_not_executed_again(vault: Vault) -> None:
    vault.gov.execute(vault.request.id, by="runner")
    vault.tamper(column("status", "'approved'"))
    with pytest.raises(IntegrityError):
        vault.gov.execute(vault.request.id, by="runner")
    assert vault.gov.get_state(HOUSE).version == 3


def test_a_trail_copied_from_another_request_does_not_pass(vault: Vault) -> None:
    pending = vault.gov.submit(GrantRole(user="eve", role="admin"), to=HOUSE, by="eve")
    vault.file.execute("DELETE FROM placet_decisions WHERE request_id = ?", (pending.id,))
    vault.file.execute(
        "INSERT INTO placet_decisions SELECT ?, seq, body, hash FROM placet_decisions WHERE request_id = ?",
        (pending.id, vault.request.id),
    )
    vault.file.execute(
        "UPDATE placet_requests SET (status, revision, head) ="
        " (SELECT status, revision, head FROM placet_requests WHERE id = ?) WHERE id = ?",
        (vault.request.id, pending.id),
    )
    with pytest.raises(IntegrityError) as refused:
        vault.gov.execute(pending.id, by="runner")
    assert vault.says(refused.value) == f"{DECISIONS} {pending.id}#1: another stands in its place"


def test_a_trail_chained_anew_around_a_gap_does_not_pass(vault: Vault) -> None:
    with vault.gov._context.store.view() as view:
        links = view.links(Ledger.DECISIONS, vault.request.id)
        request = view.request(vault.request.id)
    first, _, third = DECISION_BOOK.read(links)
    forged = [links[0], DECISION_BOOK.link(vault.request.id, 3, third, links[0].hash)]
    reader: Any = SimpleNamespace(links=lambda *_: forged, request=lambda _: request)
    with pytest.raises(IntegrityError) as refused:
        Dossier.load(reader, first.request_id)
    assert vault.says(refused.value) == f"{DECISIONS} (request)#2: it is missing"


# ---- votes against it, and emergencies

PEOPLE = [Actor("bob"), Actor("carol"), Actor("dave"), Actor("eve", roles=("sre",)), Actor("runner")]


class Ward(Vault):
    """A store with an emergency in it that nobody has reviewed; dave had voted against it."""

    def __init__(self, path: Path) -> None:
        directory = StaticDirectory(PEOPLE)
        three = Approval(3, any_rejection_ends=False)
        self.gov = opened(f"sqlite:///{path}", directory=directory, policies=[require(three), allow_emergency(["sre"])])
        asked = self.gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob")
        self.gov.approve(asked.id, by="carol", digest=asked.digest)
        self.gov.reject(asked.id, by="dave", reason="too wide", code="wrong_scope")
        urgent = Emergency(reason="the house is on fire", ticket="INC-42")
        self.request = self.gov.execute(asked.id, by="eve", emergency=urgent).request
        self.file = sqlite3.connect(path, isolation_level=None)
        for (name,) in self.file.execute(TRIGGERS).fetchall():
            self.file.execute(f"DROP TRIGGER {name}")


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    made = Ward(tmp_path / "ward.db")
    assert made.gov.verify().ok
    assert (made.request.emergency_by, made.request.review) == ("eve", "open")
    yield made
    made.close()


EMERGENCY = {
    "a review closed": (column("review", "'closed'"), REQUESTS),
    "a review forgotten": (column("review", "''"), REQUESTS),
    "somebody else blamed": (column("emergency_by", "'mallory'"), REQUESTS),
    "nobody blamed": (column("emergency_by", "NULL"), REQUESTS),
    "the whole emergency forgotten": (column("(emergency_by, review)", "(NULL, '')"), REQUESTS),
    "why somebody was against it": (decision("$.metadata.code", "'other'", 3), DECISIONS),
    "a vote against it turned around": (decision("$.code", "'voted'", 3), DECISIONS),
    "a vote against it that is gone": ("DELETE FROM placet_decisions WHERE request_id = :id AND seq = 3", DECISIONS),
    "why it could not wait": (decision("$.metadata.emergency", "'it was planned'", 4), DECISIONS),
    "its ticket": (decision("$.metadata.ticket", "'INC-43'", 4), DECISIONS),
    "who must review it": (decision("$.metadata.reviewer_roles", """json('["friend"]')""", 4), DECISIONS),
    "what was passed over": (decision("$.metadata.not_met", "json('[]')", 4), DECISIONS),
    "an emergency told as a resolution": (decision("$.code", "'resolved'", 4), DECISIONS),
}


@pytest.mark.parametrize("what", EMERGENCY)
def test_an_emergency_whose_rows_were_changed_is_named_and_not_reviewed(ward: Ward, what: str) -> None:
    statement, table = EMERGENCY[what]
    ward.tamper(statement)
    before = ward.rows()
    with pytest.raises(IntegrityError) as refused:
        ward.gov.review(ward.request.id, by="carol", reason="looked at it")
    assert refused.value.table == table
    assert ward.request.id in refused.value.row
    assert ward.says(refused.value) == agreed(what)
    assert ward.rows() == before
    assert table in {problem.table for problem in ward.gov.verify().problems}


STATE = {
    "body": "UPDATE placet_states SET body = json_set(body, '$.members.mallory', 'admin') WHERE state_id = :house",
    "hash": "UPDATE placet_states SET hash = '0' WHERE state_id = :house",
    "type": "UPDATE placet_states SET state_type = 'Other' WHERE state_id = :house",
    "version forward": "UPDATE placet_states SET version = 7 WHERE state_id = :house",
    "version back": "UPDATE placet_states SET version = 1 WHERE state_id = :house",
    "its last history entry": (
        "UPDATE placet_history SET body = json_set(body, '$.after_hash', '0') WHERE state_id = :house AND version = 2"
    ),
    "a version that is no number": "UPDATE placet_states SET version = 'x' WHERE state_id = :house",
    "the history entry before it gone": "DELETE FROM placet_history WHERE state_id = :house AND version = 1",
    "its last history entry gone": "DELETE FROM placet_history WHERE state_id = :house AND version = 2",
}


@pytest.mark.parametrize("what", STATE)
def test_a_state_that_was_changed_is_not_built_upon(vault: Vault, what: str) -> None:
    vault.tamper(STATE[what])
    before = vault.rows()
    for attempt in (
        lambda: vault.gov.execute(vault.request.id, by="runner"),
        lambda: vault.gov.submit(AddTeam(team="red"), to=HOUSE, by="bob"),
        lambda: vault.gov.get_state(HOUSE),
    ):
        with pytest.raises(IntegrityError) as refused:
            attempt()
        assert vault.says(refused.value) == agreed(what)
    assert vault.rows() == before
    assert HOUSE in vault.gov.verify().problems[0].row


def test_a_state_and_its_hash_changed_together_are_found(vault: Vault) -> None:
    forged = '{"members":{"mallory":"admin"},"teams":[]}'
    digest = "0" * 64
    vault.file.execute("UPDATE placet_states SET body = ?, hash = ? WHERE state_id = ?", (forged, digest, HOUSE))
    with pytest.raises(IntegrityError):
        vault.gov.execute(vault.request.id, by="runner")


LEDGERS = {
    "an old history entry": (
        "UPDATE placet_history SET body = json_set(body, '$.actor', 'x') WHERE version = 1",
        "placet_history",
    ),
    "a history entry gone": ("DELETE FROM placet_history WHERE version = 1", "placet_history"),
    "an audit record": ("UPDATE placet_audit SET body = json_set(body, '$.actor', 'x')", "placet_audit"),
    "an audit record gone": ("DELETE FROM placet_audit", "placet_audit"),
    "a request gone": ("DELETE FROM placet_requests WHERE id = :id", "placet_requests"),
    "a state gone": ("DELETE FROM placet_states WHERE state_id = :house", "placet_states"),
    "a history gone": ("DELETE FROM placet_history WHERE state_id = :house", "placet_states"),
    "text that is no UTF-8": (column("held", "cast(x'ff' as text)"), REQUESTS),
    "text of a state that is no UTF-8": (
        "UPDATE placet_states SET hash = cast(x'ff' as text) WHERE state_id = :house",
        "placet_states",
    ),
    "text of a ledger that is no UTF-8": (
        "UPDATE placet_history SET hash = cast(x'ff' as text) WHERE state_id = :house",
        "placet_history",
    ),
    "earlier terms": (
        "UPDATE placet_terms SET body = json_set(body, '$.reason', 'x') WHERE request_id = :amended AND number = 1",
        "placet_terms",
    ),
    "earlier terms gone": ("DELETE FROM placet_terms WHERE request_id = :amended AND number = 1", "placet_terms"),
    "later terms": (
        (
            "INSERT INTO placet_terms SELECT request_id, 3, body FROM placet_terms"
            " WHERE request_id = :amended AND number = 1"
        ),
        "placet_terms",
    ),
    "an audit record too many": (
        "INSERT INTO placet_audit SELECT :id, seq, body, hash FROM placet_audit",
        "placet_audit",
    ),
}


@pytest.mark.parametrize("what", LEDGERS)
def test_verify_names_what_was_changed(vault: Vault, what: str) -> None:
    statement, table = LEDGERS[what]
    vault.tamper(statement)
    found = vault.gov.verify()
    assert not found.ok
    assert table in {problem.table for problem in found.problems}
    assert "broken: " in str(found)
    assert " | ".join(map(vault.says, found.problems)) == agreed(what)


@pytest.mark.parametrize("version", [1, 2])
def test_a_state_smuggled_in_beside_its_history_is_named(vault: Vault, version: int) -> None:
    vault.tamper(f"INSERT INTO placet_states SELECT 'sly', state_type, {version}, body, hash FROM placet_states")
    (problem,) = vault.gov.verify().problems
    assert vault.says(problem) == f"placet_states sly: no history entry made its version {version}"


def test_terms_that_were_decided_on_and_are_none_are_named(vault: Vault) -> None:
    with vault.gov._context.store.view() as reader:
        dossier = Dossier.load(reader, vault.request.id)
        bodies = [*reader.terms(vault.request.id), b"{}"]
    later = replace(dossier.decisions[-1], digest=digest(b"{}"))
    forged: Any = SimpleNamespace(terms=lambda _: bodies)
    with pytest.raises(IntegrityError, match="the body cannot be read") as found:
        replace(dossier, decisions=(*dossier.decisions, later)).terms(forged)
    assert (found.value.table, found.value.row) == (TERMS, f"{vault.request.id}#2")


TABLES = (
    "placet_requests",
    "placet_terms",
    "placet_decisions",
    "placet_audit",
    "placet_states",
    "placet_history",
)


@pytest.mark.parametrize("table", TABLES)
def test_whatever_is_written_over_a_column_only_typed_errors_come_out(vault: Vault, table: str) -> None:
    vault.gov.execute(vault.request.id, by="runner")
    request = approved(vault.gov, AddTeam(team="red"))
    whole = sqlite3.connect(":memory:")
    vault.file.backup(whole)
    for name in [row[1] for row in vault.file.execute(f"PRAGMA table_info({table})").fetchall()]:
        for junk in ("'x'", "-1", "x'ff'", "''", "9e99", "cast(x'ff' as text)"):
            try:
                changed = vault.file.execute(f"UPDATE {table} SET {name} = {junk} WHERE {name} IS NOT {junk}")
            except sqlite3.IntegrityError:
                continue  # the schema itself has refused it
            if not changed.rowcount:
                continue
            try:
                assert not vault.gov.verify().ok, f"{table}.{name} = {junk} was not noticed"
                vault.gov.execute(request.id, by="runner")
            except PlacetError:
                row = vault.file.execute("SELECT count(*) FROM placet_requests WHERE status = 'resolving'").fetchone()
                assert row == (0,)
            whole.backup(vault.file)
    whole.close()


def refusal(place: Vault, attempt: Callable[[], object]) -> str:
    with pytest.raises(IntegrityError) as refused:
        attempt()
    return place.says(refused.value)


def execution(place: Vault) -> str:
    return refusal(place, lambda: place.gov.execute(place.request.id, by="runner"))


def review(place: Vault) -> str:
    return refusal(place, lambda: place.gov.review(place.request.id, by="carol", reason="looked at it"))


def verification(place: Vault) -> str:
    return " | ".join(map(place.says, place.gov.verify().problems))


def told() -> Iterator[str]:
    """Give what people read of each change above."""
    pairs = (
        (Vault, execution, {what: statement for what, (statement, _) in APPROVED_ROW.items()}),
        (Ward, review, {what: statement for what, (statement, _) in EMERGENCY.items()}),
        (Vault, execution, STATE),
        (Vault, verification, {what: statement for what, (statement, _) in LEDGERS.items()}),
    )
    for place, attempt, statements in pairs:
        for what, statement in statements.items():
            with TemporaryDirectory() as folder, closing(place(Path(folder) / "told.db")) as made:
                made.tamper(statement)
                yield f"{what} -> {attempt(made)}\n"


if __name__ == "__main__":  # write the golden copy again
    AGREED.write_text("".join(told()), "utf-8")

"""Reading back: requests, decisions, audit, history, replay and verify."""

from datetime import timedelta
from typing import Any

import pytest

from house import HOUSE, AddTeam, GrantRole, Roles, approved, opened
from placet import Governance, Status
from placet.errors import InputError, RequestNotFoundError, StateNotFoundError
from placet.store.port import Store
from placet.testing import FrozenClock


@pytest.fixture
def gov(store: Store, clock: FrozenClock) -> Governance:
    return opened(store, clock=clock)


@pytest.fixture
def many(gov: Governance, clock: FrozenClock) -> list[str]:
    """Twelve requests, a minute apart, but for the last three, which are of one moment; oldest first."""
    gov.create_state("other:roles", Roles())
    made = []
    for n in range(12):
        if n < 10:
            clock.tick(minutes=1)
        mutation = GrantRole(user=f"u{n}", role="reader") if n % 2 else AddTeam(team=f"t{n}")
        to = "other:roles" if n % 3 == 0 else HOUSE
        made.append(gov.submit(mutation, to=to, by="ann" if n % 4 == 0 else "bob", reason=f"Größe {n}").id)
    return made


def test_requests_come_newest_first_and_page_by_page(gov: Governance, many: list[str]) -> None:
    found: list[str] = []
    cursor = None
    while True:
        page = gov.find_requests(limit=5, cursor=cursor)
        found += [request.id for request in page]
        if page.cursor is None:
            break
        assert len(page) == 5
        cursor = page.cursor
    assert found == many[::-1]


def test_a_page_stays_where_it_was_when_new_requests_come(gov: Governance, many: list[str], clock: FrozenClock) -> None:
    first = gov.find_requests(limit=5)
    clock.tick(hours=1)
    gov.submit(AddTeam(team="new"), to=HOUSE, by="bob")
    second = gov.find_requests(limit=5, cursor=first.cursor)
    assert [request.id for request in second] == many[::-1][5:10]


def test_each_filter_and_all_together(gov: Governance, many: list[str], clock: FrozenClock) -> None:
    gov.cancel(many[1], by="bob")
    tests: list[tuple[dict[str, Any], list[int]]] = [
        ({"status": "canceled"}, [1]),
        ({"status": Status.PENDING, "requester": "ann"}, [8, 4, 0]),
        ({"state_id": "other:roles"}, [9, 6, 3, 0]),
        ({"requester": "ann"}, [8, 4, 0]),
        ({"text": "GRANT-ROLE"}, [11, 9, 7, 5, 3, 1]),
        ({"text": "iam"}, [11, 9, 7, 5, 3, 1]),
        ({"text": "GRÖSSE 11"}, [11]),
        ({"text": "100%"}, []),
        ({"text": "_"}, []),
        ({"since": clock.now - timedelta(minutes=1)}, [11, 10, 9, 8]),
        ({"until": clock.now - timedelta(minutes=7)}, [1, 0]),
        ({"since": clock.now - timedelta(minutes=8), "until": clock.now - timedelta(minutes=6)}, [2, 1]),
        ({"state_id": HOUSE, "requester": "bob", "text": "grant", "status": "pending"}, [11, 7, 5]),
    ]
    for wanted, expected in tests:
        page = gov.find_requests(**wanted)
        assert [many.index(request.id) for request in page] == expected, wanted


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"status": "lost"}, "status='lost' is none; use one of created"),
        ({"limit": 0}, "limit=0: pass a whole number from 1 to 1000"),
        ({"limit": 1001}, "limit=1001"),
        ({"limit": True}, "limit=True"),
        ({"cursor": "nonsense"}, "cursor='nonsense' is none"),
        ({"cursor": "W10="}, "cursor='W10=' is none"),
        ({"since": "yesterday"}, "since is a str"),
        ({"state_id": ""}, "state_id='' is empty"),
    ],
)
def test_what_cannot_be_asked_is_named(gov: Governance, wanted: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        gov.find_requests(**wanted)


def test_audit_of_a_request_and_of_a_state(gov: Governance, clock: FrozenClock) -> None:
    stale = approved(gov)
    first = approved(gov, AddTeam(team="x"))
    gov.execute(first.id, by="runner", reason="the nightly run")
    clock.tick(seconds=1)
    gov.execute(stale.id, by="runner")
    (record,) = gov.audit(first.id)
    assert (record.attempt, record.actor, record.outcome, record.resulting_version) == (1, "runner", "executed", 2)
    assert [answer.verdict for answer in record.answers] == ["require"]
    assert [each.outcome for each in gov.audit(state_id=HOUSE)] == ["executed", "stale"]
    assert gov.audit(state_id="nowhere") == ()
    for both in ({}, {"request_id": first.id, "state_id": HOUSE}):
        with pytest.raises(InputError, match="either a request id or state_id="):
            gov.audit(**both)
    with pytest.raises(RequestNotFoundError):
        gov.audit("nobody")


def test_every_version_replays_to_exactly_what_it_was(gov: Governance) -> None:
    kept = {1: gov.get_state(HOUSE)}
    for n in range(6):
        mutation = AddTeam(team=f"t{n}") if n % 2 else GrantRole(user=f"u{n}", role="reader")
        version = gov.execute(approved(gov, mutation).id, by="runner").resulting_version or 0
        kept[version] = gov.get_state(HOUSE)
    assert [gov.replay(HOUSE, version) for version in kept] == list(kept.values())
    assert [entry.version for entry in gov.history(HOUSE)] == list(kept)
    assert [entry.kind for entry in gov.history(HOUSE)] == ["created"] + ["executed"] * 6


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1"])
def test_a_version_that_cannot_be_is_named(gov: Governance, version: int) -> None:
    with pytest.raises(InputError, match="whole number from 1"):
        gov.replay(HOUSE, version)


def test_what_is_not_there_is_named(gov: Governance) -> None:
    with pytest.raises(
        StateNotFoundError, match="no state 'house:roles#2' here; the last versions in its history are 1"
    ):
        gov.replay(HOUSE, 2)
    for read in (gov.get_state, gov.history):
        with pytest.raises(StateNotFoundError, match="no state 'nowhere'"):
            read("nowhere")
    for look in (gov.get_request, gov.decisions):
        with pytest.raises(RequestNotFoundError, match="no request 'nobody'"):
            look("nobody")


def test_verify_counts_what_it_checked(gov: Governance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placet.governance.verification.PAGE", 2)
    for n in range(5):
        gov.create_state(f"s{n}", Roles())
        gov.execute(approved(gov, AddTeam(team=f"t{n}"), on_drift="revalidate").id, by="runner")
    found = gov.verify()
    assert (found.ok, found.requests, found.states) == (True, 5, 6)
    assert str(found) == "requests: 5, states: 6, all as they were written"


def test_reprs_say_what_they_are(gov: Governance) -> None:
    assert repr(gov).startswith("Governance(")
    request = approved(gov)
    assert request.id in repr(request)
    assert "terms_json" not in repr(request)
    outcome = gov.execute(request.id, by="runner")
    assert str(outcome) == f"{request.id} executed, version 2"
    assert str(gov.execute(request.id, by="runner")) == f"{request.id} executed, version 2 (replayed)"

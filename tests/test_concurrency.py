"""Several at once, and one that dies: one effect for each request, no version lost or doubled, nothing half done."""

import json
import multiprocessing
import os
import random
import select
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from threading import Barrier
from types import FrameType
from typing import Any

import pytest

from house import HOUSE, MUTATIONS, AddTeam, Roles, approved, opened
from placet import (
    Actor,
    Emergency,
    Governance,
    MutationRequest,
    OpenDirectory,
    PlacetError,
    StaticDirectory,
    Status,
    allow_emergency,
    require_approval,
)
from placet.errors import OpenReviewError, TransitionRefusedError
from placet.model.trail import Ledger
from placet.model.writes import Writes
from placet.store.port import Store
from placet.store.sqlite.unit import SqliteUnit


def reopened(path: Path, **options: Any) -> Governance:  # noqa: ANN401 - options of Governance.open
    options.setdefault("policies", [require_approval()])
    options.setdefault("directory", OpenDirectory())
    return Governance.open(f"sqlite:///{path}?timeout=60", mutations=MUTATIONS, **options)


def prepared(path: Path, many: int) -> list[str]:
    """Make a house with so many approved requests, none of which minds that others are executed before it."""
    with opened(f"sqlite:///{path}") as gov:
        return [approved(gov, AddTeam(team=f"team-{n}"), on_drift="keep_if_same_effect").id for n in range(many)]


def in_child(work: Callable[[], Any]) -> tuple[int, int]:
    """Fork a process that works and sends its result as JSON; gives its pid and the pipe to read from."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        os.close(reading)
        os.write(writing, b".")  # it has begun
        os.write(writing, json.dumps(work()).encode())
    finally:
        os._exit(0)


def answer(pid: int, reading: int) -> Any:  # noqa: ANN401 - whatever the work gave
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(text[1:]) if text[1:] else None


def assert_whole(path: Path, ids: list[str]) -> int:
    """Every request is wholly approved or wholly executed, versions match history, and the chain holds."""
    with reopened(path) as gov:
        requests = [gov.get_request(request_id) for request_id in ids]
        assert {request.status for request in requests} <= {Status.APPROVED, Status.EXECUTED}
        executed = [request for request in requests if request.status is Status.EXECUTED]
        history = gov.history(HOUSE)
        assert [entry.version for entry in history] == list(range(1, len(executed) + 2))
        assert {entry.request_id for entry in history[1:]} == {request.id for request in executed}
        snapshot = gov.get_state(HOUSE)
        assert snapshot.version == len(executed) + 1
        assert isinstance(snapshot.state, Roles)
        assert len(set(snapshot.state.teams)) == len(snapshot.state.teams) == len(executed)
        assert gov.verify().ok
        return len(executed)


def test_two_processes_executing_the_same_requests_have_one_effect_each(tmp_path: Path) -> None:
    path = tmp_path / "two.db"
    ids = prepared(path, 200)

    def work() -> list[bool]:
        with reopened(path) as gov:
            return [gov.execute(request_id, by="runner").replayed for request_id in ids]

    children = [in_child(work) for _ in range(2)]
    first, second = (answer(*child) for child in children)
    assert [one != other for one, other in zip(first, second, strict=True)] == [True] * 200
    assert assert_whole(path, ids) == 200


def test_ten_threads_on_one_state_lose_and_double_no_version(store: Store) -> None:
    gov = opened(store)
    ids = [approved(gov, AddTeam(team=f"team-{n}"), on_drift="keep_if_same_effect").id for n in range(100)]
    barrier = Barrier(10)

    def work(number: int) -> list[int]:
        barrier.wait()
        made = [gov.execute(ids[n], by=f"runner-{number}") for n in range(number, 100, 10)]
        return [outcome.resulting_version or 0 for outcome in made]

    with ThreadPoolExecutor(10) as pool:
        versions = sorted(version for made in pool.map(work, range(10)) for version in made)
    assert versions == list(range(2, 102))
    assert gov.get_state(HOUSE).version == 101
    assert gov.verify().ok


def test_ten_threads_on_one_request_execute_it_once(store: Store) -> None:
    gov = opened(store)
    request = approved(gov)
    barrier = Barrier(10)

    def work(number: int) -> bool:
        barrier.wait()
        return gov.execute(request.id, by=f"runner-{number}").replayed

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(work, range(10))) == [False] + [True] * 9
    assert gov.get_state(HOUSE).version == 2


def test_threads_that_approve_and_read_while_others_execute_see_whole_requests(store: Store) -> None:
    gov = opened(store)
    barrier = Barrier(3)

    def work(number: int) -> int:
        barrier.wait()
        for n in range(15):
            request = approved(gov, AddTeam(team=f"{number}-{n}"), on_drift="keep_if_same_effect")
            assert gov.execute(request.id, by="runner").executed
            for found in gov.find_requests(limit=10):
                assert gov.get_request(found.id).status in {Status.PENDING, Status.APPROVED, Status.EXECUTED}
        return number

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(work, range(3))) == [0, 1, 2]
    assert gov.get_state(HOUSE).version == 46
    assert gov.verify().ok


@pytest.fixture
def moments() -> Callable[[int], int]:
    """Random moments, the same at every run."""
    return random.Random(20260131).randrange


def test_a_process_killed_at_any_of_a_hundred_moments_leaves_nothing_half_done(
    tmp_path: Path, moments: Callable[[int], int]
) -> None:
    """SIGKILL at the n-th call of Python or C code while executing: before, between and after every store call."""
    path = tmp_path / "killed.db"
    ids = prepared(path, 101)
    calls = answer(*in_child(partial(_count_calls, path, ids[100])))
    assert calls > 500
    for request_id in ids[:100]:
        last = moments(calls)
        pid, reading = in_child(partial(_execute_and_die, path, request_id, last))
        assert answer(pid, reading) is None
        with reopened(path) as gov:
            assert gov.get_request(request_id).status in {Status.APPROVED, Status.EXECUTED}
            assert gov.verify().ok
            assert gov.execute(request_id, by="the next one").executed
    assert assert_whole(path, ids) == 101


def _count_calls(path: Path, request_id: str) -> int:
    calls = count()
    with reopened(path) as gov:
        sys.setprofile(lambda *_: next(calls))
        gov.execute(request_id, by="runner")
        sys.setprofile(None)
    return next(calls)


def _execute_and_die(path: Path, request_id: str, last: int) -> None:
    calls = count()

    def watch(_frame: FrameType, _event: str, _arg: object) -> None:
        if next(calls) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    gov = reopened(path)
    sys.setprofile(watch)
    gov.execute(request_id, by="runner")
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_killed_from_outside_while_it_executes_leaves_nothing_half_done(
    tmp_path: Path, moments: Callable[[int], int]
) -> None:
    """SIGKILL by another process, so that it also falls into the driver and the system calls below it."""
    path = tmp_path / "shot.db"
    ids = prepared(path, 300)

    def work() -> None:
        gov = reopened(path)
        for request_id in ids:
            gov.execute(request_id, by="runner")

    done = 0
    for _ in range(25):
        pid, reading = in_child(work)
        assert os.read(reading, 1) == b"."
        select.select([reading], [], [], moments(40_000) / 1_000_000)  # up to 40 ms, or until it is through
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reading)
        now = assert_whole(path, ids)
        assert now >= done
        done = now
    with reopened(path) as gov:
        assert all(item.executed for item in gov.execute_many(ids, by="the next one"))
    assert assert_whole(path, ids) == 300


# ---- votes and emergencies

FORK = multiprocessing.get_context("fork")
TWO = [require_approval(2)]


def pending(path: Path, many: int) -> list[MutationRequest]:
    """Make a house with so many requests, each of which needs two approvals."""
    with opened(f"sqlite:///{path}", policies=TWO) as gov:
        return [gov.submit(AddTeam(team=f"team-{n}"), to=HOUSE, by="bob") for n in range(many)]


def test_two_processes_that_vote_at_once_both_count(tmp_path: Path) -> None:
    path = tmp_path / "votes.db"
    requests, barrier = pending(path, 100), FORK.Barrier(2)

    def work(by: str) -> list[str]:
        with reopened(path, policies=TWO) as gov:
            barrier.wait(60)
            return [gov.approve(each.id, by=by, digest=each.digest).status for each in requests]

    children = [in_child(partial(work, by)) for by in ("carol", "dave")]
    first, second = (answer(*child) for child in children)
    assert [sorted(pair) for pair in zip(first, second, strict=True)] == [["approved", "pending"]] * 100
    with reopened(path, policies=TWO) as gov:
        for each in requests:
            assert [said.code for said in gov.decisions(each.id)] == ["submitted", "voted", "voted", "approved"]
            assert gov.decisions(each.id)[-1].metadata == {"counted": ["carol", "dave"]}
        assert gov.verify().ok


def test_one_person_voting_in_two_processes_at_once_has_one_vote(tmp_path: Path) -> None:
    path = tmp_path / "twice.db"
    requests, barrier = pending(path, 50), FORK.Barrier(2)

    def vote(gov: Governance, request: MutationRequest) -> str:
        return gov.approve(request.id, by="carol", digest=request.digest).status.value

    def work() -> list[str]:
        with reopened(path, policies=TWO) as gov:
            barrier.wait(60)
            return [vote(gov, each) for each in requests]

    children = [in_child(work) for _ in range(2)]
    first, second = (answer(*child) for child in children)
    assert [*zip(first, second, strict=True)] == [("pending", "pending")] * 50
    with reopened(path, policies=TWO) as gov:
        for each in requests:
            assert [said.code for said in gov.decisions(each.id)] == ["submitted", "voted"]


HASTY: dict[str, Any] = {
    "directory": StaticDirectory([Actor("bob"), Actor("carol"), Actor("eve", roles=("sre",))]),
    "policies": [require_approval(), allow_emergency(["sre"])],
}


def test_of_two_emergencies_of_one_person_at_once_exactly_one_is_executed(tmp_path: Path) -> None:
    path, rounds = tmp_path / "glass.db", 20
    with opened(f"sqlite:///{path}", **HASTY) as gov:
        ids = [
            [
                gov.submit(AddTeam(team=f"{side}-{n}"), to=HOUSE, by="bob", on_drift="keep_if_same_effect").id
                for n in range(rounds)
            ]
            for side in range(2)
        ]
    barrier = FORK.Barrier(2)

    def break_glass(gov: Governance, request_id: str) -> str:
        barrier.wait(60)
        try:
            gov.execute(request_id, by="eve", emergency=Emergency(reason="it burns", ticket="INC-42"))
        except (TransitionRefusedError, OpenReviewError) as refused:
            return refused.code
        return "executed"

    def work(side: int) -> list[str]:
        came = []
        with reopened(path, **HASTY) as gov:
            for request_id in ids[side]:
                came.append(break_glass(gov, request_id))
                barrier.wait(60)
                if came[-1] == "executed":
                    gov.review(request_id, by="carol", reason="it did burn")
        return came

    children = [in_child(partial(work, side)) for side in range(2)]
    first, second = (answer(*child) for child in children)
    for one, other in zip(first, second, strict=True):
        assert sorted([one, other]) in (["executed", "transition_refused"], ["executed", "open_review"])
    with reopened(path, **HASTY) as gov:
        assert len(gov.find_requests(status="executed", review="closed", limit=100)) == rounds
        assert gov.get_state(HOUSE).version == rounds + 1
        assert gov.verify().ok


def test_of_many_threads_breaking_the_glass_for_one_person_exactly_one_is_executed(store: Store) -> None:
    gov = opened(store, **HASTY)
    ids = [
        gov.submit(AddTeam(team=f"team-{n}"), to=HOUSE, by="bob", on_drift="keep_if_same_effect").id for n in range(8)
    ]
    barrier = Barrier(8)

    def work(request_id: str) -> bool:
        barrier.wait()
        try:
            return gov.execute(request_id, by="eve", emergency=Emergency(reason="it burns", ticket="INC-42")).executed
        except PlacetError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, ids)) == 1
    assert len(gov.find_requests(review="open")) == 1
    assert gov.verify().ok


def test_a_process_killed_between_a_vote_and_its_commit_leaves_the_request_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vote.db"
    (request,) = pending(path, 1)
    with reopened(path, policies=TWO) as gov:
        before = gov.approve(request.id, by="carol", digest=request.digest)
        trail = gov.decisions(request.id)
    write = SqliteUnit.write

    def write_and_die(unit: SqliteUnit, writes: Writes) -> None:
        write(unit, writes)
        decisions = len(unit.links(Ledger.DECISIONS, request.id))
        os.write(says, b"%d" % decisions)
        os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        monkeypatch.setattr(SqliteUnit, "write", write_and_die)
        reopened(path, policies=TWO).approve(request.id, by="dave", digest=request.digest)

    hears, says = os.pipe()
    assert answer(*in_child(work)) is None
    os.close(says)
    with os.fdopen(hears, "rb") as pipe:
        assert pipe.read() == b"4"  # the vote, and the approval that follows, were written, and not yet durable
    with reopened(path, policies=TWO) as gov:
        assert gov.get_request(request.id) == before
        assert gov.decisions(request.id) == trail
        assert gov.verify().ok
        assert gov.approve(request.id, by="dave", digest=request.digest).status is Status.APPROVED


def test_a_process_killed_at_any_moment_of_a_vote_leaves_a_whole_vote_or_none(
    tmp_path: Path, moments: Callable[[int], int]
) -> None:
    path = tmp_path / "moments.db"
    requests = pending(path, 31)
    calls = answer(*in_child(partial(_count_calls_of_vote, path, requests[30])))
    assert calls > 300
    for request in requests[:30]:
        pid, reading = in_child(partial(_vote_and_die, path, request, moments(calls)))
        assert answer(pid, reading) is None
        with reopened(path, policies=TWO) as gov:
            codes = [each.code for each in gov.decisions(request.id)]
            assert codes in (["submitted"], ["submitted", "voted"])
            assert gov.get_request(request.id).revision == len(codes)
            assert gov.verify().ok


def _count_calls_of_vote(path: Path, request: MutationRequest) -> int:
    calls = count()
    with reopened(path, policies=TWO) as gov:
        sys.setprofile(lambda *_: next(calls))
        gov.approve(request.id, by="carol", digest=request.digest)
        sys.setprofile(None)
    return next(calls)


def _vote_and_die(path: Path, request: MutationRequest, last: int) -> None:
    calls = count()

    def watch(_frame: FrameType, _event: str, _arg: object) -> None:
        if next(calls) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    gov = reopened(path, policies=TWO)
    sys.setprofile(watch)
    gov.approve(request.id, by="carol", digest=request.digest)
    os.kill(os.getpid(), signal.SIGKILL)

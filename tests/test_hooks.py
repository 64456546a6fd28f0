"""Hooks are told of every move once it is durable, and nothing of theirs changes what a call returns or raises."""

import asyncio
import itertools
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from house import HOUSE, AddTeam, Awkward, GrantRole, approved, opened, released
from placet import Emergency, Governance, Moved, MutationRequest, OpenDirectory, allow_emergency, deny, require_approval
from placet.errors import ConfigurationError, PlacetError, StoreUnavailableError
from placet.store.port import Store
from placet.testing import Crash, FrozenClock, contents, dies


class Listener:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[Moved] = []

    def __call__(self, moved: Moved) -> None:
        self.heard.append(moved)

    @property
    def story(self) -> list[tuple[str, str, str, tuple[str, ...]]]:
        """Give who called what, what became of it, and by which decisions; and forget it."""
        told = [
            (each.method, each.actor.id, str(each.request.status), tuple(one.code for one in each.decisions))
            for each in self.heard
        ]
        self.heard.clear()
        return told


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def gov(store: Store, listener: Listener) -> Governance:
    return opened(store, hooks=[listener], policies=[require_approval(count=1), allow_emergency(["oncall"])])


def asked(gov: Governance, **options: Any) -> MutationRequest:  # noqa: ANN401 - options of submit
    return gov.submit(AddTeam(team="red"), to=HOUSE, by="bob", **options)


def test_every_move_of_a_life_is_told_once_with_who_and_what(gov: Governance, listener: Listener) -> None:
    request = asked(gov)
    gov.comment(request.id, by="carol", reason="hm")
    gov.hold(request.id, by="carol", reason="wait")
    gov.release(request.id, by="carol")
    gov.approve(request.id, by="carol", digest=request.digest)
    gov.execute(request.id, by="runner")
    assert listener.story == [
        ("submit", "bob", "pending", ("submitted",)),
        ("comment", "carol", "pending", ("commented",)),
        ("hold", "carol", "pending", ("held",)),
        ("release", "carol", "pending", ("released",)),
        ("approve", "carol", "approved", ("voted", "approved")),
        ("execute", "runner", "executed", ("resolved", "executed")),
    ]


MOVES: dict[str, tuple[Callable[[Governance, MutationRequest], object], str, tuple[str, ...]]] = {
    "amend": (lambda gov, it: gov.amend(it.id, AddTeam(team="blue"), by="bob"), "amend", ("amended",)),
    "reject": (lambda gov, it: gov.reject(it.id, by="carol", reason="no"), "reject", ("dissented", "rejected")),
    "abstain": (lambda gov, it: gov.abstain(it.id, by="carol", digest=it.digest), "abstain", ("abstained",)),
    "request_changes": (
        lambda gov, it: gov.request_changes(it.id, by="carol", reason="no"),
        "request_changes",
        ("changes_requested",),
    ),
    "cancel": (lambda gov, it: gov.cancel(it.id, by="bob"), "cancel", ("canceled",)),
    "supersede": (
        lambda gov, it: gov.supersede(it.id, successor="other", by="bob"),
        "supersede",
        ("superseded",),
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_so_is_each_other_way(gov: Governance, listener: Listener, name: str) -> None:
    call, method, codes = MOVES[name]
    request = asked(gov)
    asked(gov, request_id="other")
    listener.heard.clear()
    call(gov, request)
    (moved,) = listener.heard
    assert (moved.method, tuple(each.code for each in moved.decisions)) == (method, codes)
    assert moved.request == gov.get_request(request.id)
    assert moved.decisions == gov.decisions(request.id)[-len(codes) :]


def test_every_way_an_attempt_can_end_is_told(
    gov: Governance, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale, renewed = approved(gov), approved(gov, on_drift="renew_approval")
    paused = approved(gov, on_drift="revalidate", pause_for_revalidation=True)
    failing = approved(gov, Awkward(), on_drift="revalidate")
    gov.execute(approved(gov, AddTeam(team="x")).id, by="runner")
    listener.heard.clear()
    for each in (stale, renewed, paused):
        gov.execute(each.id, by="runner")
    released(gov, paused)

    def broken(_: object) -> object:
        raise ValueError("eh")

    monkeypatch.setattr(Awkward, "doing", broken)
    gov.execute(failing.id, by="runner")
    assert [(each[0], each[2]) for each in listener.story] == [
        ("execute", "stale"),
        ("execute", "pending"),
        ("execute", "revalidation"),
        ("revalidate", "revalidation"),
        ("execute", "failed"),
    ]


def test_an_execution_names_its_state_its_id_its_run_and_its_record(gov: Governance, listener: Listener) -> None:
    request = approved(gov)
    listener.heard.clear()
    outcome = gov.execute(request.id, by="runner")
    (moved,) = listener.heard
    assert (moved.state_id, moved.execution_id, moved.audit) == (HOUSE, outcome.execution_id, outcome.audit)
    assert moved.run is not None
    assert moved.run.changes == outcome.changes


def test_a_batch_is_told_one_by_one_and_what_is_refused_is_not(gov: Governance, listener: Listener) -> None:
    ids = [approved(gov, AddTeam(team=name), on_drift="keep_if_same_effect").id for name in "ab"]
    pending = asked(gov)
    listener.heard.clear()
    gov.execute_many([*ids, pending.id, "nobody", ids[0]], by="runner")
    assert [(each.method, each.request.id) for each in listener.heard] == [("execute_many", each) for each in ids]


def test_sweeps_are_told_as_what_they_are(store: Store, clock: FrozenClock, listener: Listener) -> None:
    gov = opened(store, hooks=[listener], clock=clock)
    request = asked(gov, expires_at=clock.now.replace(hour=13))
    listener.heard.clear()
    clock.tick(hours=2)
    gov.expire_due()
    gov.reassess(request.id)
    assert listener.story == [("expire_due", "placet", "expired", ("expired",))]


@pytest.mark.parametrize("again", ["execute", "approve", "submit"])
def test_what_was_done_already_is_not_told_again(gov: Governance, listener: Listener, again: str) -> None:
    request = asked(gov, idempotency_key="key")
    gov.approve(request.id, by="carol", digest=request.digest)
    gov.execute(request.id, by="runner")
    listener.heard.clear()
    calls: dict[str, Callable[[], object]] = {
        "execute": lambda: gov.execute(request.id, by="runner"),
        "approve": lambda: gov.approve(request.id, by="carol", digest=request.digest),
        "submit": lambda: asked(gov, idempotency_key="key"),
    }
    calls[again]()
    assert listener.heard == []


def test_nobody_is_told_of_what_is_refused_or_not_durable(store: Store, listener: Listener) -> None:
    gov = opened(store, hooks=[listener])
    request = asked(gov)
    listener.heard.clear()
    with pytest.raises(PlacetError):
        gov.approve(request.id, by="bob", digest=request.digest)
    with pytest.raises(PlacetError):
        gov.execute(request.id, by="runner")
    assert listener.heard == []
    for at in itertools.count(1):
        dying = dies(store, at=at)
        before = contents(store)
        crashing = Governance.open(
            dying,
            mutations=[AddTeam],
            policies=[require_approval(count=1)],
            directory=OpenDirectory(),
            hooks=[listener],
        )
        try:
            crashing.approve(request.id, by="carol", digest=request.digest)
        except Crash:
            assert contents(store) == before
            assert listener.heard == []
        if not dying.fired:
            break
    assert [each.method for each in listener.heard] == ["approve"]


def test_it_is_durable_when_it_is_told_and_a_hook_may_read_and_go_on(store: Store) -> None:
    seen: list[int] = []

    def follow(moved: Moved) -> None:
        seen.append(house.get_state(HOUSE).version)
        if moved.method == "approve":
            house.execute(moved.request.id, by="runner")

    house = opened(store, hooks=[follow])
    approved(house)
    assert seen == [1, 1, 2]


def _raises(error: BaseException) -> Callable[[Moved], object]:
    def hook(_: Moved) -> object:
        raise error

    return hook


@pytest.mark.parametrize(
    "error",
    [ValueError("secret"), KeyboardInterrupt(), SystemExit(3), asyncio.CancelledError(), StoreUnavailableError("x")],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("method", ["submit", "approve", "execute", "execute_many", "cancel", "expire_due"])
def test_nothing_that_a_hook_raises_changes_what_a_call_returns(
    store: Store, clock: FrozenClock, caplog: pytest.LogCaptureFixture, error: BaseException, method: str
) -> None:
    later = Listener()
    calm = opened(store, clock=clock)
    request = asked(calm, expires_at=clock.now.replace(hour=13))
    if method in {"execute", "execute_many"}:
        calm.approve(request.id, by="carol", digest=request.digest)
    loud = Governance.open(
        store,
        mutations=[AddTeam, GrantRole],
        policies=[require_approval(count=1)],
        directory=OpenDirectory(),
        clock=clock,
        hooks=[_raises(error), later],
    )
    if method == "expire_due":
        clock.tick(hours=2)
    calls: dict[str, Callable[[], object]] = {
        "submit": lambda: asked(loud).status,
        "approve": lambda: loud.approve(request.id, by="carol", digest=request.digest).status,
        "execute": lambda: loud.execute(request.id, by="runner").status,
        "execute_many": lambda: loud.execute_many([request.id], by="runner")[0].executed,
        "cancel": lambda: loud.cancel(request.id, by="bob").status,
        "expire_due": lambda: len(loud.expire_due().expired),
    }
    assert calls[method]()
    assert [each.method for each in later.heard] == [method]
    (record,) = [each for each in caplog.records if each.name == "placet.hooks"]
    assert type(error).__name__ in record.getMessage()
    assert "test_hooks.py" in record.getMessage()
    assert "secret" not in caplog.text
    assert loud.verify().ok


class Full(logging.Handler):
    """A handler whose disk is full."""

    def emit(self, record: logging.LogRecord) -> None:
        """Fail."""
        raise OSError("no space left", record.name)


@pytest.mark.parametrize("logger", ["placet.moves", "placet.hooks"])
def test_nothing_that_a_handler_of_the_log_raises_does_either(
    store: Store, listener: Listener, caplog: pytest.LogCaptureFixture, logger: str
) -> None:
    caplog.set_level(logging.INFO, logger=logger)
    handler = Full()
    logging.getLogger(logger).addHandler(handler)
    try:
        gov = opened(store, hooks=[_raises(ValueError("eh")), listener])
        ids = [approved(gov).id, approved(gov, AddTeam(team="blue"), on_drift="revalidate").id]
        listener.heard.clear()
        assert all(each.executed for each in gov.execute_many(ids, by="runner"))
    finally:
        logging.getLogger(logger).removeHandler(handler)
    assert [each.request.id for each in listener.heard] == ids


def test_what_a_hook_changes_in_place_nobody_else_sees(store: Store, listener: Listener) -> None:
    def spoils(moved: Moved) -> None:
        if moved.run is None or moved.audit is None:
            return
        for changes in (moved.run.changes, moved.audit.changes, moved.request.terms.effect):
            changes[0].after.clear()
        moved.decisions[-1].metadata.clear()

    gov = opened(store, hooks=[spoils, listener])
    request = approved(gov, AddTeam(team="red"))
    outcome = gov.execute(request.id, by="runner")
    assert outcome.changes[0].after == outcome.request.effect[0].after == ["red"]
    heard = listener.heard[-1]
    assert heard.audit == outcome.audit
    assert heard.decisions[-1].metadata
    assert gov.execute(request.id, by="runner").audit == outcome.audit


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("method", ["submit", "approve", "execute", "execute_many", "reassess"])
def test_a_timer_that_raises_leaves_no_unit_of_work_open_and_nothing_half_told(
    store: Store, listener: Listener, method: str, error: BaseException
) -> None:
    left: list[int] = []

    def timer() -> int:
        if left:
            left[0] -= 1
            if left[0] == 0:
                raise error
        return 0

    gov = opened(store, hooks=[listener], timer=timer)
    for number in range(1, 8):
        request = approved(gov, AddTeam(team=f"t{number}")) if method.startswith("execute") else asked(gov)
        calls: dict[str, Callable[[], object]] = {
            "submit": lambda: asked(gov),
            "approve": partial(gov.approve, request.id, by="carol", digest=request.digest),
            "execute": partial(gov.execute, request.id, by="runner"),
            "execute_many": partial(gov.execute_many, [request.id], by="runner"),
            "reassess": partial(gov.reassess, request.id),
        }
        listener.heard.clear()
        before = contents(store)
        left[:] = [number]
        try:
            answer = calls[method]()
            done = not isinstance(answer, tuple) or answer[0].error is None
        except (PlacetError, KeyboardInterrupt):
            done = False
        left.clear()
        if not done:
            assert contents(store) == before
            assert listener.heard == []
        assert asked(gov).status == "pending"  # nothing is left open


@pytest.mark.filterwarnings("error")
def test_a_coroutine_that_a_hook_answers_is_closed_and_logged(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    async def later() -> None:
        pass

    gov = opened(store, hooks=[lambda _: later()])
    assert asked(gov).status == "pending"
    assert "nobody awaits" in caplog.text


async def _asynchronous(_: Moved) -> None:
    pass


@pytest.mark.parametrize(
    ("hooks", "words"),
    [([7], "cannot be called"), ([_asynchronous], "asynchronous"), (print, "pass a list"), (None, "pass a list")],
)
def test_what_is_no_hook_is_refused_and_no_store_is_left_open(hooks: Any, words: str) -> None:  # noqa: ANN401 - the point
    with pytest.raises(ConfigurationError, match=words):
        Governance.open("sqlite:///:memory:", directory=OpenDirectory(), hooks=hooks)


def test_how_long_the_parts_took_is_told(store: Store, listener: Listener) -> None:
    ticks = itertools.count(0, 1_000_000)
    gov = opened(store, hooks=[listener], timer=lambda: next(ticks))
    request = approved(gov)
    listener.heard.clear()
    gov.execute(request.id, by="runner")
    (moved,) = listener.heard
    assert (moved.waited_us, moved.decided_us, moved.committed_us) == (1000, 3000, 1000)
    assert moved.run is not None
    assert moved.run.duration_us == 1000


def test_the_log_tells_every_move_by_ids_alone(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="placet.moves")
    gov = opened(store)
    request = gov.submit(GrantRole(user="hunter2", role="reader"), to=HOUSE, by="bob", reason="hunter2")
    gov.approve(request.id, by="carol", digest=request.digest)
    gov.execute(request.id, by="runner")
    assert [each.getMessage() for each in caplog.records if each.name == "placet.moves"] == [
        f"submit by bob: request {request.id} on {HOUSE} is pending",
        f"approve by carol: request {request.id} on {HOUSE} is approved",
        f"execute by runner: request {request.id} on {HOUSE} is executed",
    ]
    assert "hunter2" not in caplog.text


def test_without_anybody_who_listens_no_time_is_taken(store: Store) -> None:
    taken = itertools.count()
    gov = opened(store, timer=lambda: next(taken))
    gov.cancel(asked(gov).id, by="bob")
    assert next(taken) == 2  # of the engine, around one simulation


def test_an_emergency_is_told(store: Store, listener: Listener) -> None:
    gov = opened(store, hooks=[listener], policies=[require_approval(count=1), deny("no", when=lambda _: False)])
    request = asked(gov)
    listener.heard.clear()
    with pytest.raises(PlacetError):
        gov.execute(request.id, by="bob", emergency=Emergency("it burns", "INC-1"))
    assert listener.heard == []

"""Stores driven in lock-step beside an oracle: whatever is asked of all of them, all must do what it foretells."""

import copy
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

from oracle import predict
from placet import Governance, MutationRequest, PlacetError
from placet.errors import AlreadyExistsError, ApplyRaisedError, InputError, IntegrityError, RefusedError
from placet.model.trail import Ledger
from placet.store.memory import MemoryStore
from placet.store.port import Reader, Store, Unit
from placet.store.sqlite import SqliteStore
from placet.testing import Crash, contents, dies
from town import CALLS, STATE, Pair, Said, Town
from turn import ON_CALL, Arrow, Ask, Refused, World

TYPED = (RefusedError, AlreadyExistsError, ApplyRaisedError, InputError)
"""What a refusal may be. Anything else, a conflict too, is a fault here: nobody writes at the very same time."""


@dataclass
class Overtaken:
    """A store in which somebody else acts just before the next unit of work begins."""

    store: Store
    act: Callable[[], object]
    answers: list[object] = field(default_factory=list)

    def unit(self) -> AbstractContextManager[Unit]:
        if not self.answers:
            self.answers.append(self.act())
        return self.store.unit()

    def view(self) -> AbstractContextManager[Reader]:
        return self.store.view()

    def close(self) -> None:
        self.store.close()


def plain(answer: object) -> object:
    """Give an answer in a form that compares by value."""
    return (type(answer), str(answer)) if isinstance(answer, BaseException) else answer


@dataclass
class LockStep:
    """Stores that must all do the same, and what the oracle says that they do.

    Attributes:
        stores: the stores; the contents of the first are what is compared with the oracle.
        town: what surrounds them.
        world: what the oracle says there is.
        walked: the arrows that were walked, by the decisions.
    """

    stores: Sequence[Store] = field(default_factory=lambda: (MemoryStore(), SqliteStore(":memory:")))
    town: Town = field(default_factory=Town)
    world: World = field(default_factory=World)
    walked: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    opened: int = 0
    digests: dict[tuple[str, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.govs = self.govern(self.stores)
        for gov in self.govs:
            gov.create_state(STATE, Pair())
        self.held = self.bytes()

    def govern(self, stores: Sequence[Store]) -> list[Governance]:
        """Open a Governance over each, with the same ids."""
        self.opened += 1
        return [self.town.governance(store, f"g{self.opened}-") for store in stores]

    def close(self) -> None:
        for store in self.stores:
            store.close()

    def bytes(self) -> list[object]:
        """Give every byte that each of them holds."""
        return [_bytes(store) for store in self.stores]

    def contents(self) -> object:
        """Give what all of them hold, read through the port."""
        return self.same(contents(store) for store in self.stores)

    def foretold(self, ask: Ask) -> tuple[World, list[Arrow]] | None:
        """Give what the oracle says of an ask; None if it is refused."""
        try:
            return predict(self.world, ask)
        except Refused:
            return None

    def said(self, ask: Ask) -> Said:
        """Give an ask with the digest that its voter has read by now."""
        known = self.world.requests.get(ask.id)
        read = (ask.id, known.terms - ask.shown if known else 0)
        return Said(ask, self.digests.get(read, "0" * 64), self.town.clock)

    def call(self, gov: Governance, said: Said) -> object:
        """Ask, in its times, and give the answer, or the refusal, or the death."""
        with self.town.during(said.ask.times):
            try:
                return CALLS[said.ask.verb](gov, said)
            except (PlacetError, Crash) as error:
                return error

    def same(self, answers: Iterable[object]) -> object:
        """Give the answer that all gave."""
        first, *others = answers
        for other in others:
            assert plain(other) == plain(first), "the stores answer differently"
        return first

    # ---- what can be done

    def do(self, ask: Ask) -> None:
        """Ask of all of them, and see that they do what was foretold."""
        said, expected = self.said(ask), self.foretold(ask)
        answer = self.same([self.call(gov, said) for gov in self.govs])
        self.judge(ask, answer, expected)

    def judge(self, ask: Ask, answer: object, expected: tuple[World, list[Arrow]] | None) -> None:
        if expected is None:
            assert isinstance(answer, TYPED), f"{ask} was to be refused, and gave {answer!r}"
            expected = self.world, []
        else:
            assert not isinstance(answer, BaseException), f"{ask} was to be done, and raised {answer!r}"
        self.demand(*expected)
        if isinstance(answer, MutationRequest):
            assert answer.status == self.world.requests[answer.id].status

    def crash(self, ask: Ask, at: int, *, after: bool) -> None:
        """Die at a call to the store. All is there afterwards, or nothing, and then it is done again by another."""
        said, expected, before = self.said(ask), self.foretold(ask), self.contents()
        dying = [dies(store, at=at, after=after) for store in self.stores]
        answer = self.same([self.call(gov, said) for gov in self.govern(dying)])
        self.govs = self.govern(self.stores)
        assert expected is not None
        if not isinstance(answer, Crash):
            self.judge(ask, answer, expected)
        elif self.contents() == before:
            self.held = self.bytes()  # a file that was rolled back may be longer than it was
            self.do(ask)
        else:
            self.demand(*expected)

    def overtake(self, ask: Ask, other: Ask) -> None:
        """Let another Governance act on it, between what somebody read and what they did."""
        said, meanwhile, before, then = self.said(ask), self.said(other), self.world, self.foretold(other)
        assert then is not None
        rivals = self.govern(self.stores)
        crowded = [
            Overtaken(store, partial(self.call, gov, meanwhile)) for store, gov in zip(self.stores, rivals, strict=True)
        ]
        answer = self.same([self.call(gov, said) for gov in self.govern(crowded)])
        assert not isinstance(self.same(each.answers[0] for each in crowded), BaseException)
        self.world, arrows = then
        ask = replace(ask, shown=ask.shown + self.world.requests[ask.id].terms - before.requests[ask.id].terms)
        expected = self.foretold(ask)
        if expected is None:
            assert isinstance(answer, TYPED), f"{ask} was overtaken by {other} and to be refused; it gave {answer!r}"
            expected = self.world, []
        else:
            assert not isinstance(answer, BaseException), f"{ask}, overtaken by {other}, raised {answer!r}"
        self.demand(expected[0], arrows + expected[1])

    # ---- what must hold

    def demand(self, world: World, arrows: list[Arrow]) -> None:
        """See that all hold what the oracle says, byte for byte what they held if nothing moved."""
        found, self.world = self.bytes(), world
        if not arrows:
            assert found == self.held, "nothing was to change, and something has"
            return
        self.held = found
        for request_id in {arrow[0] for arrow in arrows}:
            self.demand_request(request_id, [arrow[1:] for arrow in arrows if arrow[0] == request_id])
        found_state = self.govs[0].get_state(STATE)
        state = found_state.state
        assert isinstance(state, Pair)
        assert (found_state.version, (state.first, state.second)) == (world.version, world.values)

    def demand_request(self, request_id: str, arrows: list[tuple[str, str, str]]) -> None:
        self.same(_rows(store, request_id) for store in self.stores)
        known, found = self.world.requests[request_id], self.govs[0].get_request(request_id)
        assert (found.status, found.revision, found.terms_number) == (known.status, known.revision, known.terms)
        assert (bool(found.held), found.expected_version) == (known.held, known.validated or known.expected)
        assert (found.failures, found.validated_version) == (known.failures, known.validated)
        assert (found.review, found.successor) == (known.review, known.successor)
        assert (found.requester, {*found.terms.formerly}) == (known.requester, {*known.formerly})
        assert (found.attempts, found.audits) == (known.attempts, known.audits)
        new = self.govs[0].decisions(request_id)[-len(arrows) :]
        walked = [(str(each.from_status), str(each.trigger), str(each.to_status)) for each in new]
        assert walked == arrows, "another road was foretold"
        self.walked.update(walked)
        self.digests[request_id, known.terms] = found.digest

    def demand_whole(self) -> None:
        """All hold the same, which verifies; each version but the first was made by one executed request."""
        self.contents()
        for gov in self.govs:
            found = gov.verify()
            assert found.ok, str(found)
            made = [each.request_id for each in gov.history(STATE)][1:]
            done = [each.id for each in self.world.requests.values() if each.status == "executed"]
            assert sorted(map(str, made)) == sorted(done)

    def tamper(self, request_id: str, kind: str) -> None:
        """Change a stored row: whoever needs it is refused, and verify names it. Then put it back."""
        names, whole = [], self.contents()
        for gov, store in zip(self.govs, self.stores, strict=True):
            with _tampered(store, kind, request_id):
                names.append([(each.table, each.row) for each in gov.verify().problems])
                with suppress(IntegrityError):
                    gov.get_state(STATE) if kind == "state" else gov.get_request(request_id)
                    raise AssertionError(f"{kind} was changed, and it was read all the same")
                if kind != "state":
                    answer = self.call(gov, self.said(Ask("execute", request_id, ON_CALL)))
                    assert isinstance(answer, IntegrityError), f"{kind} was changed, and {answer!r}"
        assert names[0], f"{kind} was changed, and verify names nothing"
        assert all(each == names[0] for each in names), "verify names different rows"
        assert self.contents() == whole
        self.held = self.bytes()  # a file counts how often it was written, and so it is another now


def _rows(store: Store, request_id: str) -> object:
    """Give what a move on a request may write."""
    with store.view() as reader:
        trails = [list(reader.links(each, request_id)) for each in (Ledger.DECISIONS, Ledger.AUDIT)]
        state = reader.state(STATE), reader.last_link(Ledger.HISTORY, STATE)
        return reader.request(request_id), list(reader.terms(request_id)), trails, state


def _bytes(store: Store) -> object:
    if isinstance(store, MemoryStore):
        tables = store._tables
        kept = {owner: list(links) for owner, links in tables.ledgers.items()}
        terms = {owner: dict(bodies) for owner, bodies in tables.terms.items()}
        return dict(tables.requests), dict(tables.states), dict(tables.by_key), terms, kept
    assert isinstance(store, SqliteStore)
    assert store._writer is not None
    return store._writer.serialize()


# ---- tampering


_SQL = {
    "column": "UPDATE placet_requests SET failures = failures + 1 WHERE id = :id",
    "terms": "UPDATE placet_terms SET body = replace(body, 'bob', 'eve') WHERE request_id = :id",
    "decision": "UPDATE placet_decisions SET body = replace(body, 'bob', 'eve') WHERE request_id = :id AND seq = 1",
    "state": "UPDATE placet_states SET body = replace(body, 'first', 'fifth')",
}
TAMPERINGS = tuple(_SQL)


@contextmanager
def _tampered(store: Store, kind: str, request_id: str) -> Iterator[None]:
    if isinstance(store, MemoryStore):
        kept = copy.deepcopy(store._tables)
        _tamper_memory(store, kind, request_id)
        yield
        store._tables = kept
        return
    assert isinstance(store, SqliteStore)
    file, safe = store._writer, sqlite3.connect(":memory:")
    assert file is not None
    file.backup(safe)
    for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        file.execute(f"DROP TRIGGER {name}")
    assert file.execute(_SQL[kind], {"id": request_id} if ":id" in _SQL[kind] else ()).rowcount > 0
    yield
    safe.backup(file)
    safe.close()


def _tamper_memory(store: MemoryStore, kind: str, request_id: str) -> None:
    tables = store._tables
    row = tables.requests[request_id]
    if kind == "column":
        tables.requests[request_id] = row.evolve(failures=row.failures + 1)
    elif kind == "terms":
        kept: Mapping[int, bytes] = tables.terms[request_id]
        tables.terms[request_id] = {number: body.replace(b"bob", b"eve") for number, body in kept.items()}
        tables.requests[request_id] = row.evolve(terms_json=row.terms_json.replace(b"bob", b"eve"))
    elif kind == "decision":
        links = tables.ledgers["placet_decisions", request_id]
        links[0] = replace(links[0], body=links[0].body.replace(b"bob", b"eve"))
    else:
        state = tables.states[STATE]
        tables.states[STATE] = replace(state, body=state.body.replace(b"first", b"fifth"))

"""Ways in which governance could be talked out of its promises, each tried by a reviewer; all over both stores."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr

from house import HOUSE, MUTATIONS, AddTeam, Awkward, GrantRole, Roles, approved, opened
from placet import (
    Actor,
    Governance,
    Intent,
    Mutation,
    OpenDirectory,
    Proposal,
    Risk,
    State,
    Status,
    Verdict,
    allow,
    policy,
    require_approval,
)
from placet.errors import (
    CallbackRaisedError,
    ConfigurationError,
    InputError,
    IntegrityError,
    MutationContractError,
    TransitionRefusedError,
)
from placet.requirements import Approval
from placet.store.port import Store


class Moods:
    """A directory whose people change."""

    def __init__(self, **people: Actor) -> None:
        self.people = people

    def actor(self, actor_id: str) -> Actor:
        return self.people.get(actor_id, Actor(actor_id))


def test_votes_for_terms_that_were_replaced_never_count_again(store: Store) -> None:
    """Two renewals on one version lead back to requirements that were met before: for other terms."""
    people = Moods(bob=Actor("bob", roles=("senior",)))

    @policy
    def by_rank(proposal: Proposal) -> Verdict:
        return Verdict.require(Approval(1 if "senior" in proposal.requester.roles else 2, roles=("lead",)))

    for name in ("carol", "dave"):
        people.people[name] = Actor(name, roles=("lead",))
    gov = opened(store, directory=people, policies=[by_rank])
    request = gov.submit(GrantRole(user="ada", role="reader"), to=HOUSE, by="bob")
    gov.approve(request.id, by="carol", digest=request.digest)
    people.people["bob"] = Actor("bob")
    renewed = gov.execute(request.id, by="runner").request
    assert (renewed.status, renewed.requirements) == (Status.PENDING, (Approval(2, roles=("lead",)),))
    assert renewed.terms.number == 2
    people.people["bob"] = Actor("bob", roles=("senior",))
    with pytest.raises(TransitionRefusedError, match=r"still needs 2 approvals by role lead \(2 more\)"):
        gov.execute(request.id, by="runner")
    gov.approve(request.id, by="carol", digest=renewed.digest)
    gov.approve(request.id, by="dave", digest=renewed.digest)
    assert gov.execute(request.id, by="runner").executed  # two are enough where one is required by now


def test_two_requests_for_the_same_thing_have_digests_of_their_own(store: Store) -> None:
    gov = opened(store)
    one, two = (gov.submit(AddTeam(team="x"), to=HOUSE, by="bob") for _ in range(2))
    assert one.digest != two.digest
    with pytest.raises(TransitionRefusedError, match="is not that of its present terms"):
        gov.approve(two.id, by="carol", digest=one.digest)


def test_a_person_counts_once_however_many_act_for_them(store: Store) -> None:
    people = Moods(bot=Actor("bot", on_behalf_of="carol"), bot2=Actor("bot2", on_behalf_of="carol"))
    gov = opened(store, directory=people, policies=[require_approval(2)])
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob")
    gov.approve(request.id, by="bot", digest=request.digest)
    for by in ("carol", "bot2"):
        with pytest.raises(TransitionRefusedError, match="carol has approved it already") as refused:
            gov.approve(request.id, by=by, digest=request.digest)
        assert refused.value.rule == "one_vote"
    assert gov.approve(request.id, by="dave", digest=request.digest).status is Status.APPROVED


class Vault(State):
    """Holds what JSON does not show."""

    secret: SecretStr = SecretStr("")
    hidden: int = Field(default=0, exclude=True)


class Hide(Mutation[Roles]):
    """Carries what JSON does not show."""

    intent = Intent("hide")
    secret: SecretStr

    def apply(self, state: Roles) -> Roles:
        return state


class Part(State):
    """Whom it concerns."""

    name: str


class NarrowPart(Part):
    """More than its field's type says."""

    only: str


class Concern(Mutation[Roles]):
    """Has a field whose value may know more than its type."""

    intent = Intent("concern")
    part: Part

    def apply(self, state: Roles) -> Roles:
        return state


def test_what_would_be_lost_on_the_way_into_the_store_is_refused(store: Store) -> None:
    gov = Governance.open(store, mutations=[Hide, Concern], policies=[allow()], directory=OpenDirectory())
    gov.create_state(HOUSE, Roles())
    for lossy in (Hide(secret=SecretStr("hunter2")), Concern(part=NarrowPart(name="ada", only="reader"))):
        with pytest.raises(InputError, match="does not come back from its payload|no canonical JSON"):
            gov.submit(lossy, to=HOUSE, by="bob")
    for state in (Vault(secret=SecretStr("hunter2")), Vault(hidden=7)):
        with pytest.raises(InputError, match="reads back differently"):
            gov.create_state("vault", state)
    assert len(gov.find_requests()) == 0


def test_an_apply_left_to_chance_is_found_before_anybody_approves_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    gov = opened(store)
    numbers = iter(range(100))
    monkeypatch.setattr(Awkward, "doing", lambda state: state.evolve(teams=[str(next(numbers))]))
    with pytest.raises(MutationContractError, match="gave two different states: no clock, no randomness"):
        gov.submit(Awkward(), to=HOUSE, by="bob")


def test_rows_put_back_from_before_an_execution_do_not_execute_it_twice(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    gov = opened(f"sqlite:///{path}")
    request = approved(gov, AddTeam(team="x"), on_drift="revalidate")
    file = sqlite3.connect(path, isolation_level=None)
    columns = file.execute("SELECT * FROM placet_requests WHERE id = ?", (request.id,)).fetchone()
    decisions = request.revision
    gov.execute(request.id, by="runner")
    for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        file.execute(f"DROP TRIGGER {name}")
    file.execute("DELETE FROM placet_requests WHERE id = ?", (request.id,))
    file.execute(f"INSERT INTO placet_requests VALUES ({', '.join('?' * len(columns))})", columns)
    file.execute("DELETE FROM placet_decisions WHERE request_id = ? AND seq > ?", (request.id, decisions))
    file.execute("DELETE FROM placet_audit WHERE request_id = ?", (request.id,))
    assert gov.get_request(request.id).status is Status.APPROVED  # what is there is consistent in itself
    with pytest.raises(IntegrityError) as caught:
        gov.execute(request.id, by="runner")
    named = ("placet_history", f"{HOUSE}#2", f"request {request.id} made this version already")
    assert (caught.value.table, caught.value.row, caught.value.rule) == named
    assert gov.get_state(HOUSE, Roles).state.teams == ["x"]
    assert not gov.verify().ok
    gov.close()
    file.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO placet_terms SELECT request_id, 2, body FROM placet_terms",
        "INSERT INTO placet_terms SELECT 'nobody', number, body FROM placet_terms",
        "UPDATE placet_history SET state_id = 'house:moved'",
        "UPDATE placet_history SET version = version + 6",
        "INSERT INTO placet_audit SELECT request_id, 2, body, hash FROM placet_audit",
    ],
)
def test_verify_sees_rows_that_were_planted_or_moved(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "g.db"
    gov = opened(f"sqlite:///{path}")
    gov.execute(approved(gov).id, by="runner")
    file = sqlite3.connect(path, isolation_level=None)
    for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        file.execute(f"DROP TRIGGER {name}")
    file.execute(statement)
    assert not gov.verify().ok
    gov.close()
    file.close()


def test_a_recorded_outcome_that_was_forged_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "g.db"
    gov = opened(f"sqlite:///{path}")
    done = gov.execute(approved(gov).id, by="runner").request
    file = sqlite3.connect(path, isolation_level=None)
    file.execute("DROP TRIGGER placet_audit_keep")
    file.execute("UPDATE placet_audit SET body = json_set(body, '$.actor', 'innocent')")
    with pytest.raises(IntegrityError):
        gov.execute(done.id, by="runner")
    gov.close()
    file.close()


class Grown(State):
    """A state whose class has grown since it was stored."""

    type_name = "Grown"
    limit: int = 0
    unit: str = "GB"


class OldGrown(State):
    """The class as it was."""

    type_name = "Grown"
    limit: int = 0


class SetLimit(Mutation[Grown]):
    """Set the limit."""

    intent = Intent("set-limit")
    limit: int

    def apply(self, state: Grown) -> Grown:
        return state.evolve(limit=self.limit)


class NeedsMore(State):
    """The class grown by a field that nobody stored."""

    type_name = "Grown"
    limit: int
    owner: str


def test_a_class_may_grow_a_field_with_a_default(store: Store) -> None:
    Governance.open(store, directory=OpenDirectory()).create_state("s", OldGrown(limit=1))
    gov = Governance.open(store, mutations=[SetLimit], policies=[allow()], directory=OpenDirectory())
    assert gov.get_state("s", Grown).state == Grown(limit=1, unit="GB")
    request = gov.submit(SetLimit(limit=2), to="s", by="bob")
    assert [str(change) for change in request.effect] == ["/limit: 1 -> 2", '/unit: + "GB"']
    assert gov.execute(request.id, by="runner").executed
    assert gov.replay("s", 2, Grown).state == Grown(limit=2, unit="GB")
    assert gov.verify().ok


def test_a_class_that_no_longer_fits_is_told_apart_from_a_row_that_was_changed(store: Store) -> None:
    Governance.open(store, directory=OpenDirectory()).create_state("s", OldGrown(limit=1))
    gov = Governance.open(store, directory=OpenDirectory())
    gov._context.registry.register_state(NeedsMore)
    with pytest.raises(ConfigurationError, match="had another shape.*give new fields a default"):
        gov.get_state("s")
    assert gov.verify().ok


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (Intent, {"risk": "severe"}, "risk='severe' of an intent is none; use one of low"),
        (Intent, {"tags": "iam"}, "no collection of strings"),
        (Intent, {"reversible": "maybe"}, "neither True nor False"),
        (Intent, {"blast_radius": "many"}, "no whole number"),
        (Intent, {"description": None}, "is no string"),
        (Approval, {"roles": [1]}, "no collection of strings"),
        (Governance.open, {"mutations": GrantRole}, "pass a list of them"),
        (Governance.open, {"policies": None}, "pass a list of them"),
        (Governance.open, {"hooks": [7]}, "cannot be called"),
        (Governance.open, {"max_failures": 0}, "max_failures=0"),
    ],
)
def test_parts_that_do_not_fit_are_told_at_once(
    make: Callable[..., object], options: dict[str, Any], words: str
) -> None:
    first = {Intent: "x", Approval: 1}.get(make, "memory:") if isinstance(make, type) else "memory:"
    with pytest.raises(ConfigurationError, match=words):
        make(first, **options, **({} if isinstance(make, type) else {"directory": OpenDirectory()}))


def test_what_is_no_store_is_told_at_once() -> None:
    wrong: Any = object()
    with pytest.raises(ConfigurationError, match="is no store"):
        Governance.open(wrong, directory=OpenDirectory())


def test_an_intents_risk_may_be_said_in_words() -> None:
    words: Any = "high"
    assert Intent("x", risk=words).risk is Risk.HIGH


@pytest.mark.parametrize("made", [7, None, "", " x"])
def test_ids_that_cannot_be_are_refused_wherever_they_are_made(store: Store, made: Any) -> None:  # noqa: ANN401 - whatever new_id gives
    opened(store)
    gov = Governance.open(
        store, mutations=MUTATIONS, policies=[allow()], new_id=lambda: made, directory=OpenDirectory()
    )
    with pytest.raises(CallbackRaisedError, match=r"new_id\(\)"):
        gov.submit(AddTeam(team="x"), to=HOUSE, by="bob")
    request = gov.submit(AddTeam(team="x"), to=HOUSE, by="bob", request_id="mine")
    with pytest.raises(CallbackRaisedError, match=r"new_id\(\)"):
        gov.execute(request.id, by="runner")
    assert gov.get_request("mine").status is Status.APPROVED


def test_the_requester_cannot_lift_a_hold(store: Store) -> None:
    gov = opened(store)
    request = approved(gov)
    gov.hold(request.id, by="carol", reason="suspicious")
    with pytest.raises(TransitionRefusedError, match="bob asked for it"):
        gov.release(request.id, by="bob")
    with pytest.raises(TransitionRefusedError, match="it is held: suspicious"):
        gov.execute(request.id, by="runner")


@pytest.mark.parametrize("ids", ["ab", None, 7])
def test_what_is_no_list_of_ids_is_refused(store: Store, ids: Any) -> None:  # noqa: ANN401 - the point
    with pytest.raises(InputError, match="pass a list of ids"):
        opened(store).execute_many(ids, by="runner")


def test_a_state_that_is_there_may_be_asked_for_again(store: Store) -> None:
    gov = opened(store)
    gov.execute(approved(gov).id, by="runner")
    assert gov.create_state(HOUSE, Roles(), exist_ok=True) == gov.get_state(HOUSE)
    with pytest.raises(InputError, match="is a Roles, not a Grown"):
        gov.get_state(HOUSE, Grown)

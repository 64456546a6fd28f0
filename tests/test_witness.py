"""User code that changes in place what it was given is found out, however the change looks."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel

from placet import Actor, Intent, Mode, Mutation, MutationEngine, Policy, Proposal, State, Verdict, allow
from placet.engine.witness import Witness
from placet.errors import MutationContractError


class Most(BaseModel):
    most: int = 1


class Level(Enum):
    LOW = "low"


class Kept(State):
    limits: dict[str, Most] = {}
    levels: list[Level] = []
    names: list[str] = []


class Shy(Kept):
    """Shows itself otherwise than it is."""

    def model_dump_json(self, **_: Any) -> str:  # noqa: ANN401 - as pydantic declares it
        return "{}"


STATE = Kept(limits={"a": Most()}, levels=[Level.LOW], names=["n"])


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda state: state.limits.update(a={"most": 1}), "some path that now holds what JSON cannot say"),
        (lambda state: state.levels.__setitem__(0, "low"), "some path that now holds what JSON cannot say"),
        (lambda state: state.names.append("planted"), "/names"),
    ],
)
@pytest.mark.parametrize("cls", [Kept, Shy])
def test_a_change_is_seen_though_it_is_the_same_json_or_the_class_hides_it(
    cls: type[Kept], change: Callable[[Any], Any], where: str
) -> None:
    state = cls.model_validate(STATE.model_dump())
    witness = Witness("GrantRole")
    witness.watch("the state it was given", state)
    witness.testify()
    change(state)
    with pytest.raises(MutationContractError, match=f"changed the state it was given, at {where}"):
        witness.testify()


def test_another_order_of_the_same_keys_is_no_change() -> None:
    state = Kept(limits={"a": Most(), "b": Most()})
    witness = Witness("GrantRole")
    witness.watch("the state it was given", state)
    state.limits["a"] = state.limits.pop("a")
    witness.testify()


def test_what_was_no_valid_model_from_the_beginning_is_never_like_itself() -> None:
    witness = Witness("GrantRole")
    witness.watch("the state it was given", Kept.model_construct(names=[object()]))
    with pytest.raises(MutationContractError, match="some path"):
        witness.testify()
    witness = Witness("GrantRole")
    broken = Kept.model_construct(names=[object()])
    witness.watch("the state it was given", broken)
    broken.names[0] = "mended"
    with pytest.raises(MutationContractError, match="at some path"):
        witness.testify()


def test_a_second_apply_cannot_change_what_the_first_one_gave() -> None:
    given: list[Kept] = []

    class Sly(Mutation[Kept]):
        intent = Intent(operation="be-sly")

        def apply(self, state: Kept) -> Kept:
            for earlier in given:
                earlier.names.clear()
            given.append(state.evolve(names=["too much"]))
            return given[-1]

    def judges(proposal: Proposal) -> Verdict:
        return Verdict.deny("too much") if "too much" in vars(proposal.after)["names"] else Verdict.allow()

    engine = MutationEngine([allow(), Policy("judges", judges)])
    with pytest.raises(MutationContractError, match="changed the new state, at /names"):
        engine.run(Sly(), Kept(), Actor("bob"), Mode.SIMULATE)

"""The error tree: every class can be pickled, has a code of its own, and stands in the drawing."""

import copy
import inspect
import pickle
import re
from typing import Any

import pytest

from placet import Issue, errors
from placet.errors import PlacetError

CLASSES = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, PlacetError)]
ARGUMENTS: dict[str, dict[str, Any]] = {
    "MutationInvalidError": {"mutation": "GrantRole", "issues": [Issue("role", "unknown"), Issue("", "eh")]},
    "RequestNotFoundError": {"request_id": "r-1"},
    "StateNotFoundError": {"state_id": "house", "detail": "it has gone"},
    "ActorNotFoundError": {"actor_id": "eve"},
    "DelegationError": {"actor_id": "eve", "principal": "carol", "reason": "carol has no delegate now"},
    "OpenReviewError": {"actor_id": "eve"},
    "TransitionRefusedError": {
        "request_id": "r-1",
        "status": "pending",
        "trigger": "execute",
        "rule": "no_transition",
        "reason": "from pending there is vote",
    },
    "PolicyDeniedError": {"mutation": "GrantRole", "reasons": ["no", "never"]},
    "RevisionConflictError": {"request_id": "r-1", "revision": 3},
    "VersionConflictError": {"state_id": "house", "version": 4},
    "IdempotencyConflictError": {"key": "k", "request_id": "r-1"},
    "IntegrityError": {"table": "placet_states", "row": "house#4", "rule": "its body is another"},
}


def made(cls: type[PlacetError]) -> PlacetError:
    if cls.__name__ in ARGUMENTS:
        return cls(**ARGUMENTS[cls.__name__])
    return cls(f"the message of {cls.__name__}")


@pytest.mark.parametrize("cls", CLASSES)
class TestEveryError:
    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_it_comes_back_from_a_pickle_as_it_was(self, cls: type[PlacetError], protocol: int) -> None:
        error = made(cls)
        error.add_note("seen on Monday")
        back = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - our own
        assert type(back) is cls
        assert str(back) == str(error)
        assert vars(back) == vars(error)
        assert (back.args, back.code, back.__notes__) == (error.args, error.code, ["seen on Monday"])

    def test_so_it_does_from_a_copy(self, cls: type[PlacetError]) -> None:
        error = made(cls)
        for back in (copy.copy(error), copy.deepcopy(error)):
            assert (type(back), str(back), vars(back)) == (cls, str(error), vars(error))

    def test_its_attributes_are_what_it_was_made_of(self, cls: type[PlacetError]) -> None:
        error = made(cls)
        for name, value in ARGUMENTS.get(cls.__name__, {}).items():
            if name != "detail":
                assert getattr(error, name) == (tuple(value) if isinstance(value, list) else value)
                assert name in (cls.__doc__ or "") or name in inspect.signature(cls).parameters

    def test_it_says_something_and_has_a_code(self, cls: type[PlacetError]) -> None:
        assert len(str(made(cls))) > 10
        assert re.fullmatch(r"[a-z_]+", cls.code)
        assert "code" in vars(cls)


def test_every_code_is_used_once() -> None:
    codes = [cls.code for cls in CLASSES]
    assert len(set(codes)) == len(codes)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    parents: dict[str, str] = {}
    above: list[str] = []
    for depth, name in re.findall(
        r"^    ((?:[| ]   )*(?:[|`]-- )?)([A-Z]\w+Error)\b", errors.__doc__ or "", re.MULTILINE
    ):
        level = len(depth) // 4
        above[level:] = [name]
        parents[name] = above[level - 1] if level else ""
    assert parents == {
        cls.__name__: next((base.__name__ for base in cls.__bases__ if issubclass(base, PlacetError)), "")
        for cls in CLASSES
    }


def test_built_in_bases_stand_in_the_drawing() -> None:
    for cls, base in ((errors.InputError, ValueError), (errors.NotFoundError, LookupError)):
        assert issubclass(cls, base)
        assert f"{cls.__name__} ({base.__name__})" in (errors.__doc__ or "")

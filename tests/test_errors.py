"""The error tree: every class can be pickled, has a code of its own, and stands in the drawing."""

import copy
import inspect
import pickle
import re
from typing import Any

import pytest

from placet import Issue, errors
from placet.errors import PlacetError
from placet.errors_table import ERRORS, EXIT_CODES, KINDS, REFUSALS

CLASSES = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, PlacetError)]
ARGUMENTS: dict[str, dict[str, Any]] = {
    "MutationInvalidError": {"mutation": "GrantRole", "issues": [Issue("role", "unknown"), Issue("", "eh")]},
    "RequestNotFoundError": {"request_id": "r-1"},
    "StateNotFoundError": {"state_id": "house", "detail": "it has gone"},
    "ActorNotFoundError": {"actor_id": "eve"},
    "DelegationError": {"actor_id": "eve", "principal": "carol", "reason": "carol has no delegate now"},
    "RequesterGoneError": {"request_id": "r-1", "requester": "agent-7", "actor_id": "ann"},
    "OpenReviewError": {"actor_id": "eve"},
    "TransitionRefusedError": {
        "request_id": "r-1",
        "status": "pending",
        "method": "execute",
        "rule": "no_transition",
        "reason": "what can be done with it now is approve",
        "requirements": ["1 approval"],
    },
    "PolicyDeniedError": {"mutation": "GrantRole", "reasons": ["no", "never"], "policies": ["ceiling"]},
    "RevisionConflictError": {"request_id": "r-1", "revision": 3},
    "VersionConflictError": {"state_id": "house", "version": 4},
    "IdempotencyConflictError": {"key": "k", "request_id": "r-1", "differs": ["reason"]},
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


def test_each_class_has_one_row_and_no_row_is_unused() -> None:
    assert set(ERRORS) == {cls.__name__ for cls in CLASSES}
    assert all(cls.entry is ERRORS[cls.__name__] for cls in CLASSES)
    assert all(cls.code == cls.entry.code for cls in CLASSES)


def test_every_kind_is_used_and_every_exit_code_means_something() -> None:
    rows = [*ERRORS.values(), *REFUSALS.values()]
    assert {row.kind for row in rows} == set(KINDS)
    assert {row.exit_code for row in rows} | {0} == set(EXIT_CODES)
    assert all(row.way_out and row.way_out[0].islower() and not row.way_out.endswith(".") for row in rows)


@pytest.mark.parametrize(
    ("base", "status", "code"),
    [
        (errors.NotFoundError, 404, 5),
        (errors.ConflictError, 409, 4),
        (errors.InputError, 422, 6),
        (errors.UserCodeError, 500, 1),
        (errors.StoreError, 503, 8),
        (errors.IntegrityError, 500, 7),
        (errors.ConfigurationError, 500, 2),
        (errors.ActorNotFoundError, 403, 3),
        (errors.NotRegisteredError, 500, 2),
    ],
)
def test_statuses_and_exit_codes_follow_the_tree(base: type[PlacetError], status: int, code: int) -> None:
    for cls in CLASSES:
        if issubclass(cls, base) and (cls is base or cls.entry.kind == base.entry.kind):
            error = made(cls)
            assert (error.http_status, error.exit_code, error.way_out) == (status, code, cls.entry.way_out)


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        ("separation_of_duties", 403, 3),
        ("eligible", 403, 3),
        ("no_transition", 409, 3),
        ("present_digest", 409, 4),
        ("requirements_met", 409, 9),
        ("must_wait", 409, 9),
        ("reason_given", 422, 6),
        ("not_denied", 403, 3),
    ],
)
def test_a_refusal_has_the_status_of_its_rule(rule: str, status: int, code: int) -> None:
    arguments: dict[str, Any] = ARGUMENTS["TransitionRefusedError"] | {"rule": rule}
    error = errors.TransitionRefusedError(**arguments)
    assert (error.rule, error.http_status, error.exit_code) == (rule, status, code)
    assert error.way_out == REFUSALS[rule].way_out
    assert error.code == "transition_refused"


def test_a_class_of_the_program_has_the_row_of_its_base() -> None:
    class StoreError(errors.InputError):
        """Called as another class of placet is."""

    assert (StoreError.code, StoreError("eh").http_status) == ("input", 422)


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

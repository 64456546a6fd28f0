"""Sees to it that user code changes nothing in place: what follows would judge, or record, something else."""

from pydantic import BaseModel

from placet.errors import MutationContractError, NotCanonicalError
from placet.model.canonical import MAX_JSON, canonical, parse
from placet.model.changes import Changes, diff
from placet.model.state import plain


class Witness:
    """Remembers what check, apply and policies are given, and tells if they changed any of it.

    Args:
        name: the name of the mutation.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._models: list[tuple[str, BaseModel, str | None]] = []
        self._changes: Changes = ()
        self._seen = b""

    def watch(self, what: str, model: BaseModel) -> None:
        """Remember what a model is like."""
        self._models.append((what, model, _likeness(model)))

    def watch_changes(self, changes: Changes) -> None:
        """Remember a change set: it goes into the audit record and the history.

        Raises:
            MutationContractError: it has more than 16,000,000 bytes.
        """
        self._changes, self._seen = changes, _values(changes)
        if len(self._seen) > MAX_JSON:
            made = f"{self._name} makes a change set of {len(self._seen):,} bytes"
            raise MutationContractError(f"{made}; keep it to {MAX_JSON:,}, change less at once", mutation=self._name)

    def testify(self) -> None:
        """Raise if anything was changed.

        Raises:
            MutationContractError: it names what, and where.
        """
        for what, model, seen in self._models:
            paths = "" if seen is not None and _likeness(model) == seen else _changed(model, seen)
            if paths:
                raise self._error(what, paths)
        if self._changes and _values(self._changes) != self._seen:
            raise self._error("the change set", ", ".join(change.path for change in self._changes))

    def _error(self, what: str, paths: str) -> MutationContractError:
        return MutationContractError(
            f"check, apply or a policy of {self._name} changed {what}, at {paths}; "
            "return state.evolve(...) with new values instead",
            mutation=self._name,
        )


def _likeness(model: BaseModel) -> str | None:
    """Give a model as JSON in the order of its fields: quick, and the same as long as nobody touches it.

    None where it holds what its fields do not say. Asked past the model's class, which may show itself otherwise.
    """
    try:
        return BaseModel.model_dump_json(model, round_trip=True, warnings="error")
    except Exception:  # noqa: BLE001 - serializers may raise anything
        return None


def _changed(model: BaseModel, seen: str | None) -> str:
    """Give the paths at which a model is not what was seen, or "" if only the order of its keys is another."""
    try:
        now = plain(model, "value")
        canonical(now)
    except NotCanonicalError:
        return "some path that now holds what JSON cannot say"
    return "some path" if seen is None else ", ".join(change.path for change in diff(parse(seen), now))


def _values(changes: Changes) -> bytes:
    try:
        return canonical([value for change in changes for value in (change.before, change.after) if value is not None])
    except NotCanonicalError:
        return b"not JSON"

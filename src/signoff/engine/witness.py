"""Sees to it that user code changes nothing in place: what follows would judge, or record, something else."""

from pydantic import BaseModel

from signoff.errors import MutationContractError, NotCanonicalError
from signoff.model.canonical import canonical, parse
from signoff.model.changes import Changes, diff
from signoff.model.state import plain


class Witness:
    """Remembers what check, apply and policies are given, and tells if they changed any of it.

    Args:
        name: the name of the mutation.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._models: list[tuple[str, BaseModel, bytes]] = []
        self._changes: Changes = ()
        self._seen = b""

    def watch(self, what: str, model: BaseModel, body: bytes) -> None:
        """Remember that a model is this canonical JSON."""
        self._models.append((what, model, body))

    def watch_changes(self, changes: Changes) -> None:
        """Remember a change set: it goes into the audit record and the history."""
        self._changes, self._seen = changes, _values(changes)

    def testify(self) -> None:
        """Raise if anything was changed.

        Raises:
            MutationContractError: it names what, and where.
        """
        for what, model, body in self._models:
            paths = _changed(model, body)
            if paths:
                raise self._error(what, paths)
        if self._changes and _values(self._changes) != self._seen:
            raise self._error("the change set", ", ".join(change.path for change in self._changes))

    def _error(self, what: str, paths: str) -> MutationContractError:
        return MutationContractError(
            f"check, apply or a policy of {self._name} changed {what}, at {paths}; "
            "return state.evolve(...) with new values instead"
        )


def _changed(model: BaseModel, body: bytes) -> str:
    """Give the paths at which a model is not this canonical JSON any more, or "" if it still is."""
    try:
        now = plain(model, "value")
        if canonical(now) == body:
            return ""
    except NotCanonicalError as error:
        return f"some path that now holds what JSON cannot say ({error})"
    return ", ".join(change.path for change in diff(parse(body), now))


def _values(changes: Changes) -> bytes:
    try:
        return canonical([value for change in changes for value in (change.before, change.after) if value is not None])
    except NotCanonicalError:
        return b"not JSON"

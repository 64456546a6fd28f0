"""The user's states, and what is known of a stored one."""

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, PydanticSerializationError

from placet.errors import InputError, NotCanonicalError
from placet.model.canonical import Json, canonical, digest
from placet.model.sets import sort_sets

FROZEN = ConfigDict(
    frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="constants", populate_by_name=True
)
"""How states and mutations are kept: what is written by field name is read by field name, NaN is seen and refused."""


class State(BaseModel):
    """Base of everything that can be governed: a frozen pydantic model.

    A state is stored as canonical JSON under a state id and has a version (1, 2, 3 ... given by the store, never used
    twice). Subclass it with the fields you need; unknown fields and NaN are refused.

    Attributes:
        type_name: the name it is stored under; the class name unless you set another.
    """

    model_config = FROZEN
    type_name: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - passed on to pydantic
        """Name the type after its class, unless the class names it itself."""
        super().__init_subclass__(**kwargs)
        if not cls.__dict__.get("type_name"):
            cls.type_name = cls.__name__

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:  # noqa: ANN401 - pydantic's own
        """Write sets in one order."""
        return sort_sets(handler(source))

    def evolve(self, **changes: Any) -> Self:  # noqa: ANN401 - the fields' own types
        """Give a validated copy with some fields replaced.

        Args:
            **changes: new values by field name.

        Raises:
            InputError: a value does not fit its field, or there is no such field.
        """
        try:
            return type(self).model_validate({**dict(self), **changes})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            if first["type"] == "extra_forbidden":
                known = ", ".join(type(self).model_fields) or "none"
                raise InputError(f"{type(self).__name__} has no field {where!r}, only {known}") from error
            raise InputError(f"{type(self).__name__}.{where} does not accept that value: {first['msg']}") from error

    def to_json(self) -> dict[str, Any]:
        """Give the state as a JSON object."""
        return self.model_dump(mode="json")


def plain(model: BaseModel, what: str) -> Json:
    """Give a state or mutation as a JSON value, if it is what its fields say.

    Raises:
        NotCanonicalError: a field holds something else than it says, or something that is not JSON.
    """
    try:
        return model.model_dump(mode="json", warnings="error")
    except (PydanticSerializationError, TypeError, ValueError, AttributeError, RecursionError) as error:
        why = " ".join(str(error).split())
        raise NotCanonicalError(f"{what} has no canonical JSON: {why}; use plain JSON values") from error


def state_body(state: State) -> bytes:
    """Give a state's canonical JSON.

    Raises:
        NotCanonicalError: it holds something JSON cannot say exactly.
    """
    what = type(state).type_name
    return canonical(plain(state, what), what)


@dataclass(frozen=True, slots=True)
class StoredState:
    """A state as a store holds it.

    Attributes:
        state_id: under which id.
        state_type: the `type_name` of its class.
        version: 1, 2, 3 ... never used twice.
        body: canonical JSON.
        hash: SHA-256 of the body.
        foreign: whether it is kept in a table of the user's own, which other hands may change too.
    """

    state_id: str
    state_type: str
    version: int
    body: bytes
    hash: str
    foreign: bool = False

    def next(self, body: bytes) -> "StoredState":
        """Give the version that follows, with another body."""
        return StoredState(self.state_id, self.state_type, self.version + 1, body, digest(body), self.foreign)


State_co = TypeVar("State_co", bound=State, covariant=True)


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[State_co]):
    """A state read back at one version.

    Attributes:
        state_id: under which id.
        version: which version.
        hash: SHA-256 of its canonical JSON.
        state: the state itself, an instance of your class.
    """

    state_id: str
    version: int
    hash: str
    state: State_co

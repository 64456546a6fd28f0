"""The user's states, and what is known of a stored one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema

from placet.errors import ConfigurationError, InputError, NotCanonicalError, PlacetError
from placet.model.canonical import Json, bounded, canonical, complaint, digest, first_of
from placet.model.moments import in_utc, moments_in_utc
from placet.model.sets import sort_sets

F = TypeVar("F", bound=Callable[..., None])
M = TypeVar("M", bound=BaseModel)

FROZEN = ConfigDict(
    frozen=True,
    extra="forbid",
    allow_inf_nan=False,
    ser_json_inf_nan="constants",
    populate_by_name=True,
    hide_input_in_errors=True,
)
"""How states and mutations are kept: what is written by field name is read by field name, NaN is seen and refused."""


def as_written_by_pydantic(init: F) -> F:
    """Mark a constructor as no custom one: pydantic makes nested models without it, and collects their errors."""
    init.__dict__["__pydantic_base_init__"] = True
    return init


def demand_free_names(cls: type[BaseModel]) -> None:
    """Raise if a field of a state or mutation class hides an attribute of its base in placet.

    Raises:
        ConfigurationError: one does.
    """
    bases = [base for base in cls.__mro__ if issubclass(base, BaseModel) and base.__module__.startswith("placet.")]
    hiding = sorted(cls.model_fields.keys() & {name for base in bases for name in (*vars(base), *base.__class_vars__)})
    if hiding:
        raise ConfigurationError(f"{cls.__name__} has a field {hiding[0]!r}, which hides what its base has: rename it")


def construct(model: BaseModel, values: dict[str, Any]) -> None:
    """Fill a new state or mutation with validated values.

    Raises:
        InputError: its class does not accept them.
    """
    try:
        BaseModel.__init__(model, **values)
    except Exception as error:  # noqa: BLE001 - validators may raise anything
        why = _not_accepted(type(model), error)
    else:
        return
    raise InputError(why)


def _not_accepted(cls: type[BaseModel], error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return f"{cls.__name__} does not accept these values: {complaint(error)}"
    first = first_of(error)
    where = ".".join(first.place)
    if first.kind == "extra_forbidden":
        return f"{cls.__name__} has no field {where!r}, only {', '.join(cls.model_fields) or 'none'}"
    return f"{cls.__name__}{where and '.'}{where} does not accept that value: {first.words}"


def loaded(cls: type[M], body: str | bytes, refusal: Callable[[str], PlacetError]) -> M:
    """Make a state or mutation from its JSON.

    Args:
        cls: its class.
        body: the JSON.
        refusal: makes the error to be raised where the class does not accept it, from what is wrong in words.
    """
    try:
        return cls.model_validate_json(body)
    except Exception as error:  # noqa: BLE001 - validators may raise anything
        why = complaint(error)
    raise refusal(why)


def alike(one: BaseModel, other: BaseModel) -> bool:
    """Tell whether two models hold the same; what cannot be compared is not the same.

    Asked past the models' own class, which may compare itself otherwise.
    """
    try:
        return bool(BaseModel.__eq__(one, other)) or in_utc(one) == in_utc(other)
    except Exception:  # noqa: BLE001 - values of fields may raise anything when they are compared
        return False


def plain(model: BaseModel, what: str) -> Json:
    """Give a state or mutation as a JSON value: its fields, and nothing computed from them.

    Asked past the model's own class, which may show itself otherwise.

    Raises:
        NotCanonicalError: a field holds something else than it says, or something that is not JSON.
    """
    try:
        return _dumped(model)
    except Exception as error:  # noqa: BLE001 - serializers may raise anything
        why = type(error).__name__
    wrong = ", ".join(_unwritable(model)) or "some field"
    raise NotCanonicalError(
        f"{what} has no canonical JSON: {why} at {wrong}; use plain JSON values of the fields' types"
    )


def _dumped(model: BaseModel, **options: Any) -> Json:  # noqa: ANN401 - options of model_dump
    return BaseModel.model_dump(model, mode="json", round_trip=True, warnings="error", **options)


def _unwritable(model: BaseModel) -> Iterator[str]:
    """Give the names of the fields that cannot be written."""
    for name in type(model).model_fields:
        try:
            _dumped(model, include={name})
        except Exception:  # noqa: BLE001 - serializers may raise anything
            yield name


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
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - as pydantic declares it
        """Refuse fields that hide what every state has."""
        super().__pydantic_init_subclass__(**kwargs)
        demand_free_names(cls)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:  # noqa: ANN401 - pydantic's own
        """Write sets in one order, and moments in UTC."""
        return moments_in_utc(sort_sets(handler(source)))

    @as_written_by_pydantic
    def __init__(self, /, **values: Any) -> None:  # noqa: ANN401 - the fields' own types
        """Make a state of these values.

        Raises:
            InputError: a value does not fit its field, or there is no such field.
        """
        construct(self, values)

    def evolve(self, **changes: Any) -> Self:  # noqa: ANN401 - the fields' own types
        """Give a validated copy with some fields replaced.

        Args:
            **changes: new values by field name.

        Raises:
            InputError: a value does not fit its field, or there is no such field.
        """
        return type(self)(**{**dict(self), **changes})

    def to_json(self) -> dict[str, Any]:
        """Give the state as a JSON object: its fields, as they are stored.

        Raises:
            NotCanonicalError: a field holds something else than it says, or something that is not JSON.
        """
        return cast("dict[str, Any]", plain(self, type(self).type_name))


def state_body(state: State) -> bytes:
    """Give a state's canonical JSON.

    Raises:
        NotCanonicalError: it holds something JSON cannot say exactly.
        InputError: it has more than 16,000,000 bytes.
    """
    what = type(state).type_name
    return bounded(canonical(plain(state, what), what), what)


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
    body: bytes = field(repr=False)
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
    state: State_co = field(repr=False)

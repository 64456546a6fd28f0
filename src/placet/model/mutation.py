"""What somebody wants to change, and what they say it is."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from placet.errors import ConfigurationError
from placet.model.canonical import bounded, canonical
from placet.model.moments import moments_in_utc
from placet.model.names import exact, member, shown, words
from placet.model.sets import sort_sets
from placet.model.state import FROZEN, State, as_written_by_pydantic, construct, demand_free_names, plain

S = TypeVar("S", bound=State)


class Risk(StrEnum):
    """How much could go wrong."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Intent:
    """What a mutation is for, in words that policies and people read.

    Attributes:
        operation: a short verb phrase such as `grant-role`.
        category: a domain such as `security`.
        description: one sentence for people.
        risk: how much could go wrong.
        reversible: whether another mutation can undo it.
        tags: labels for policies and search.
        blast_radius: how many users or systems it touches, estimated; None if unknown.
        metadata: anything else, as JSON.
    """

    operation: str
    category: str = ""
    description: str = ""
    risk: Risk = Risk.LOW
    reversible: bool = True
    tags: tuple[str, ...] = ()
    blast_radius: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("operation", "category", "description"):
            text = getattr(self, name)
            if not isinstance(text, str):
                raise ConfigurationError(f"{name}={shown(text)} of an intent is no string")
            object.__setattr__(self, name, exact(text))
        risk = member(self.risk, Risk)
        if risk is None:
            raise ConfigurationError(f"risk={shown(self.risk)} of an intent is none; use one of {', '.join(Risk)}")
        object.__setattr__(self, "risk", risk)
        object.__setattr__(self, "tags", words("tags", self.tags))
        if not isinstance(self.reversible, bool):
            raise ConfigurationError(f"reversible={shown(self.reversible)} of an intent is neither True nor False")
        if self.blast_radius is not None and (
            isinstance(self.blast_radius, bool) or not isinstance(self.blast_radius, int)
        ):
            raise ConfigurationError(f"blast_radius={shown(self.blast_radius)} of an intent is no whole number")

    @property
    def text(self) -> str:
        """Everything a search looks at."""
        return " ".join((self.operation, self.category, self.description, *self.tags))


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with a mutation on a state.

    Attributes:
        path: which field, or "" for the whole.
        message: what is wrong, in words.
    """

    path: str
    message: str


class Mutation(BaseModel, ABC, Generic[S]):
    """Base of every change: a frozen pydantic model whose fields are the payload.

    Write `class GrantRole(Mutation[Roles])`, set `intent`, and implement `apply`, and `check` where some changes are
    wrong. Both must be pure: same mutation and state, same answer; no clock, no I/O, no randomness (put a moment that
    matters into the payload). placet runs them at submission and again at execution.

    Attributes:
        intent: what it is for; required.
        mutation_name: the name it is stored under; the class name unless you set another.
        approval_covers: what an approval of it covers. `effect`, the default: the change that was shown, and no other.
            `mutation`: what it does, whatever that changes on the state there is by then, as in "15 more"; approvers
            are told so, and `on_drift="revalidate"` then executes an effect that nobody saw.
        schema_version: raise it when the payload's meaning changes, and keep the old class registered while requests
            that use it are open.
    """

    model_config = FROZEN
    intent: ClassVar[Intent]
    mutation_name: ClassVar[str] = ""
    schema_version: ClassVar[int] = 1
    approval_covers: ClassVar[Literal["effect", "mutation"]] = "effect"

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - passed on to pydantic
        """Name the mutation after its class, unless the class names it itself."""
        super().__init_subclass__(**kwargs)
        if not cls.__dict__.get("mutation_name"):
            cls.mutation_name = cls.__name__

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - as pydantic declares it
        """Refuse fields that hide what every mutation has."""
        super().__pydantic_init_subclass__(**kwargs)
        demand_free_names(cls)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:  # noqa: ANN401 - pydantic's own
        """Write sets in one order, and moments in UTC."""
        return moments_in_utc(sort_sets(handler(source)))

    @as_written_by_pydantic
    def __init__(self, /, **values: Any) -> None:  # noqa: ANN401 - the fields' own types
        """Make a mutation of these values.

        Raises:
            InputError: a value does not fit its field, or there is no such field.
        """
        construct(self, values)

    def check(self, state: S) -> Iterable[Issue]:  # noqa: ARG002 - for subclasses to look at
        """Yield what is wrong with this mutation on this state; nothing by default.

        Args:
            state: the state it would be applied to.
        """
        return ()

    @abstractmethod
    def apply(self, state: S) -> S:
        """Give the new state; `state.evolve(...)` makes one.

        Args:
            state: a private copy of the current state. Changing it in place is an error.
        """

    @classmethod
    def state_class(cls) -> type[State]:
        """Give the class of the states this mutation changes.

        Raises:
            ConfigurationError: the class does not say, as in `class Change(Mutation)`.
        """
        for base in cls.__mro__:
            generic = getattr(base, "__pydantic_generic_metadata__", {"origin": None, "args": ()})
            origin, args = generic["origin"], generic["args"]
            if isinstance(origin, type) and issubclass(
                origin, Mutation
            ):  # Mutation[Roles], or a generic base of the user's
                for found in args:
                    if isinstance(found, type) and issubclass(found, State):
                        return found
        raise ConfigurationError(f"{cls.__name__} does not say what it changes: write Mutation[YourState]")

    def payload(self) -> bytes:
        """Give the fields as canonical JSON.

        Raises:
            NotCanonicalError: a field holds something JSON cannot say exactly.
            InputError: they have more than 16,000,000 bytes.
        """
        name = type(self).mutation_name
        return bounded(canonical(plain(self, name), name), f"the payload of {name}")

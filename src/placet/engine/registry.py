"""Which names stand for which classes in this process."""

from collections.abc import Iterable
from inspect import isabstract
from typing import Any

from pydantic.errors import PydanticUndefinedAnnotation

from placet.errors import ConfigurationError, InputError, MutationContractError, NotRegisteredError
from placet.model.answers import checked_function
from placet.model.canonical import canonical
from placet.model.mutation import Intent, Mutation
from placet.model.names import checked_id
from placet.model.sets import holds_unsorted_set
from placet.model.state import State, StoredState, alike, loaded

AnyMutation = Mutation[Any]

COVERS = ("effect", "mutation")
"""What an approval can cover."""


class Registry:
    """The mutations, by name and schema version, and the states they change, by name.

    Args:
        mutations: the mutation classes.
    """

    def __init__(self, mutations: Iterable[type[AnyMutation]] = ()) -> None:
        self._mutations: dict[tuple[str, int], type[AnyMutation]] = {}
        self._states: dict[str, type[State]] = {}
        for mutation in mutations:
            self.register(mutation)

    @property
    def empty(self) -> bool:
        """Whether no mutation is registered: then this process only looks."""
        return not self._mutations

    def register(self, mutation: type[AnyMutation]) -> None:
        """Register a mutation class, and with it the class of its states.

        Raises:
            ConfigurationError: it has no intent or no apply, does not say what it changes, or its name is taken.
            InputError: its name cannot be an id, or the metadata of its intent are not JSON.
        """
        if not isinstance(mutation, type) or not issubclass(mutation, Mutation):
            kind = f"a {type(mutation).__name__}"
            raise ConfigurationError(f"{kind} is no Mutation class: pass the class itself, not an instance")
        if not isinstance(getattr(mutation, "intent", None), Intent):
            raise ConfigurationError(f"{mutation.__name__} has no intent: add intent = Intent(operation=...)")
        if isabstract(mutation):
            raise ConfigurationError(f"{mutation.__name__} has no apply: write def apply(self, state)")
        for method in ("check", "apply"):
            checked_function(f"{mutation.__name__}.{method}", getattr(mutation, method))
        canonical(dict(mutation.intent.metadata), f"the intent of {mutation.__name__}")
        name, number = checked_id("mutation_name", mutation.mutation_name), mutation.schema_version
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ConfigurationError(f"schema_version={number!r} of {name} must be a whole number from 1")
        if self._mutations.get((name, number), mutation) is not mutation:
            raise ConfigurationError(
                f"two mutations are called {name!r} in schema version {number}: set mutation_name or schema_version"
            )
        if mutation.approval_covers not in COVERS:
            raise ConfigurationError(
                f"approval_covers={mutation.approval_covers!r} of {name} is none; use {' or '.join(COVERS)}"
            )
        _refuse_unsorted(mutation)
        self.register_state(mutation.state_class())
        self._mutations[name, number] = mutation

    def register_state(self, state: type[State]) -> None:
        """Register the class of a state.

        Raises:
            ConfigurationError: its name is taken by another class.
        """
        checked_id("type_name", state.type_name)
        _refuse_unsorted(state)
        if self._states.setdefault(state.type_name, state) is not state:
            raise ConfigurationError(f"two states are called {state.type_name!r}: set type_name on one of them")

    def state_class(self, type_name: str) -> type[State]:
        """Give the class that a stored type name stands for.

        Raises:
            NotRegisteredError: there is none.
        """
        try:
            return self._states[type_name]
        except KeyError:
            known = ", ".join(sorted(self._states)) or "none"
            raise NotRegisteredError(
                f"no state class {type_name!r} in this process (there is: {known}); register a mutation of it"
            ) from None

    def is_a(self, type_name: str, wanted: type[State]) -> bool:
        """Tell whether a stored type name stands for a class, or for a subclass of it."""
        return issubclass(self._states.get(type_name, State), wanted)

    def rebuild(self, name: str, schema_version: int, payload: str | bytes) -> AnyMutation:
        """Make a mutation from its stored name and payload.

        Raises:
            NotRegisteredError: no class has this name and schema version.
            MutationContractError: the class no longer accepts the payload.
        """
        cls = self._mutations.get((name, schema_version))
        if cls is None:
            raise NotRegisteredError(
                f"no mutation {name!r} in schema version {schema_version} in this process; register its class, "
                "or cancel the requests that use it"
            )
        return rebuilt(cls, payload)

    def load_state(self, stored: StoredState) -> State:
        """Make a state from a stored one: a new instance at each call.

        Raises:
            NotRegisteredError: its class is not registered.
            ConfigurationError: the class no longer accepts what is stored.
        """
        cls = self.state_class(stored.state_type)
        return loaded(
            cls,
            stored.body,
            lambda why: ConfigurationError(
                f"state {stored.state_id!r} was stored when {cls.__name__} had another shape: it does not accept "
                f"{why}; give new fields a default, or keep the old class under its type_name"
            ),
        )


def _refuse_unsorted(model: type[AnyMutation | State]) -> None:
    try:
        model.model_rebuild()  # where its annotations name classes that came later
    except PydanticUndefinedAnnotation as error:
        raise ConfigurationError(f"{model.__name__} is not complete: {error.message}") from None
    if holds_unsorted_set(model):
        raise ConfigurationError(
            f"{model.__name__} holds a set inside a plain pydantic model, dataclass or TypedDict, which has another "
            "order in every process: derive that model from State, or use a list"
        )


def copied(mutation: AnyMutation, copy: AnyMutation | None = None) -> AnyMutation:
    """Give a copy made from the payload, once it is certain that nothing is lost on that way.

    Args:
        mutation: what was asked.
        copy: the copy, if it was made already.

    Raises:
        InputError: it does not come back as it was.
    """
    cls = type(mutation)
    copy = copy or rebuilt(cls, mutation.payload())
    if not alike(copy, mutation):
        raise InputError(
            f"{cls.mutation_name} does not come back from its payload as it was; "
            "use fields whose JSON says all there is: no secrets, no excluded fields, no subclass of a field's type"
        )
    return copy


def rebuilt(cls: type[AnyMutation], payload: str | bytes) -> AnyMutation:
    """Make a mutation of a class from its payload.

    Raises:
        MutationContractError: the class does not accept the payload.
    """
    return loaded(
        cls,
        payload,
        lambda why: MutationContractError(
            f"{cls.mutation_name} v{cls.schema_version} does not accept its own payload at {why}; "
            "raise schema_version when a payload changes, and keep the old class registered",
            mutation=cls.mutation_name,
        ),
    )

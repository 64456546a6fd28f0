"""How a frozen record moves on: by a copy with some fields changed."""

from typing import Any, Self


class Evolving:
    """Base of frozen dataclasses without slots that are copied on every move: `dataclasses.replace`, five times faster.

    A copy is not checked again by `__post_init__`: what stands in a field stood in it before, or comes from placet.
    """

    def evolve(self, **changes: Any) -> Self:  # noqa: ANN401 - the fields' own types
        """Give a copy with some fields changed.

        Raises:
            TypeError: there is no such field.
        """
        if not changes.keys() <= self.__dict__.keys():
            raise TypeError(f"{type(self).__name__} has no field {', '.join(changes.keys() - self.__dict__.keys())}")
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, **changes)
        return copy

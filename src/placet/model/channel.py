"""How calls come in: through which face of a program, and whether that face knows who calls."""

from dataclasses import dataclass

from placet.errors import ConfigurationError
from placet.model.names import checked_id


@dataclass(frozen=True, slots=True)
class Channel:
    """The way by which calls reach a `Governance`; every decision records it.

    Attributes:
        name: of the channel, as in `library`, `cli` or `http`.
        authenticated: whether `by=` was established, as by a login, and is not only claimed by whoever calls.

    Raises:
        InputError: the name cannot be a name.
        ConfigurationError: `authenticated` is neither True nor False.
    """

    name: str
    authenticated: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", checked_id("name", self.name))
        if not isinstance(self.authenticated, bool):
            raise ConfigurationError(f"authenticated= of channel {self.name!r}: pass True or False")


LIBRARY = Channel("library", authenticated=True)
"""The default: `by=` comes from the program itself, which answers for it."""

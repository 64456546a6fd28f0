"""Executing past the requirements in an emergency, where a policy allows it, with a duty to have it reviewed."""

from dataclasses import dataclass

from placet.errors import InputError
from placet.model.names import checked_text, shown


@dataclass(frozen=True, slots=True)
class Emergency:
    """Why somebody executes a request whose requirements are not met.

    Attributes:
        reason: why it cannot wait, in words.
        ticket: the incident it belongs to, as in `INC-42`.
    """

    reason: str
    ticket: str

    def __post_init__(self) -> None:
        for name in ("reason", "ticket"):
            text = checked_text(name, getattr(self, name))
            if not text.strip():
                raise InputError(f"{name}={shown(text)} of an Emergency is empty; say it, others will review it")
            object.__setattr__(self, name, text)

"""What the drawings have in common: colours by meaning, and letters that every format takes."""

from dataclasses import dataclass

from placet.model.request import Status
from placet.model.visible import visible


@dataclass(frozen=True, slots=True)
class Look:
    """How a status looks. Both colours stand on white, and so do not depend on a light or a dark page.

    Attributes:
        fill: of its box.
        line: of its border.
    """

    fill: str
    line: str


WAITING = Look("#fff3d1", "#b7791f")
READY = Look("#dbeafe", "#2563eb")
WORKING = Look("#ede4ff", "#7c3aed")
DONE = Look("#d9f5e2", "#15803d")
REFUSED = Look("#fde2e1", "#c62828")
WITHDRAWN = Look("#eceff3", "#64748b")

LOOKS = {
    Status.CREATED: WAITING,
    Status.PENDING: WAITING,
    Status.REVALIDATION: WAITING,
    Status.FAILED: WAITING,
    Status.APPROVED: READY,
    Status.RESOLVING: WORKING,
    Status.EXECUTED: DONE,
    Status.STALE: REFUSED,
    Status.REJECTED: REFUSED,
    Status.CANCELED: WITHDRAWN,
    Status.EXPIRED: WITHDRAWN,
    Status.SUPERSEDED: WITHDRAWN,
}

INK, FAINT = "#1f2937", "#5b6472"
"""The colours of what is read first, and of what is read beside it."""

_PLAIN = frozenset(" -_.,:/()=+@!?")


def escaped(text: str, form: str) -> str:
    """Write what users named in plain ASCII, with every letter that could mean something to a format by its number.

    What prints as nothing is spelled out, since whatever draws the picture makes letters of numbers again.

    Args:
        text: anything: an actor's id, a reason.
        form: how the format writes a character by its number: `&#{};` in DOT, `#{};` in Mermaid.
    """
    return "".join(
        each if each.isascii() and (each.isalnum() or each in _PLAIN) else form.format(ord(each))
        for each in visible(" ".join(text.split()))
    )

"""The rules that guards are made of: pure functions that say "" or why not, each with a code for programs.

A rule sees the step and the evidence, and answers with the reason of its refusal, or with "" if it has none.
"""

from collections.abc import Callable
from dataclasses import dataclass

from placet.lifecycle.step import Evidence, Step

Refuses = Callable[[Step, Evidence], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold.

    Attributes:
        code: a stable word that programs can switch on.
        words: what it demands.
        refuses: gives the reason why it does not hold, or "".
    """

    code: str
    words: str
    refuses: Refuses


def rule(refuses: Refuses) -> Rule:
    """Make a rule of a function: its name is the code, its docstring the words. Use it as a decorator."""
    return Rule(refuses.__name__, (refuses.__doc__ or "").strip(), refuses)

"""How much may be said about a request: each step reads its whole trail, so no trail grows without an end."""

from placet.lifecycle.rules import rule
from placet.lifecycle.step import Evidence, Step
from placet.model.trail import Code

MOST_COMMENTS = 100
"""How many comments a request may have."""

MOST_ENTRIES = 500
"""How long a trail may be before nothing is added to it but what brings the request to an end."""


@rule
def room_for_comments(step: Step, _: Evidence) -> str:
    """It has fewer than 100 comments."""
    given = sum(each.code == Code.COMMENTED for each in step.trail)
    return "" if given < MOST_COMMENTS else f"it has {given} comments, and no more are kept; write behind a link"


@rule
def room_in_trail(step: Step, _: Evidence) -> str:
    """Its trail has fewer than 500 entries."""
    length = len(step.trail)
    if length < MOST_ENTRIES:
        return ""
    return f"its trail has {length} entries, and takes no more like this; decide on it, cancel it, or submit it anew"

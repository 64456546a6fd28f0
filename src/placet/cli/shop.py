"""The world of the demonstration: a shop, its feature flags, its people and its rules."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from placet.documents import Document, MergeDocument, PatchDocument
from placet.engine.policies import Policy, Proposal, require_approval
from placet.model.actor import Actor, ActorKind
from placet.model.directory import StaticDirectory
from placet.model.mutation import Intent, Issue, Mutation, Risk

FLAGS = "shop:flags"
"""The id of the governed document."""

PEOPLE = {
    "dana": Actor("dana", roles=("developer",)),
    "eli": Actor("eli", roles=("developer",)),
    "noor": Actor("noor", roles=("release-manager",)),
    "sam": Actor("sam", roles=("release-manager", "on-call")),
    "deploy": Actor("deploy", ActorKind.SERVICE),
}

_ALL = 100
_HALF = 50


def flags() -> Document:
    """Give the shop's flags, in the format that flagd and every OpenFeature provider for it read."""
    content: dict[str, Any] = json.loads(files("placet.cli").joinpath("flags.json").read_text("utf-8"))
    return Document.of(content)


def share(state: Document, flag: str) -> int | None:
    """Give the percentage of users who get a flag's "on", or None where it is not decided by lot."""
    found = state.content.get("flags", {}).get(flag, {}).get("targeting", {}).get("fractional")
    match found:
        case [["on", int(on)], ["off", int(off)]] if on + off == _ALL:
            return on
        case _:
            return None


class WidenRollout(Mutation[Document]):
    """Give a flag's "on" to so many percent more of the users."""

    intent = Intent(
        operation="widen-rollout",
        category="release",
        description="Give a flag to more of the users",
        risk=Risk.MEDIUM,
        tags=("rollout",),
    )
    approval_covers = "mutation"  # so many percent more, whatever that is added to
    flag: str
    by: int

    def check(self, state: Document) -> Iterator[Issue]:
        """Yield what is wrong: no rollout to widen, or nobody left to widen it to."""
        now = share(state, self.flag)
        if now is None:
            yield Issue("flag", f"{self.flag!r} is not rolled out by percent")
        elif not 0 <= now + self.by <= _ALL:
            yield Issue("by", f"{now} + {self.by} is no percentage")

    def apply(self, state: Document) -> Document:
        """Move the line between "on" and "off"."""
        content, on = state.content, (share(state, self.flag) or 0) + self.by
        content["flags"][self.flag]["targeting"]["fractional"] = [["on", on], ["off", _ALL - on]]
        return Document.of(content)


MUTATIONS: tuple[type[Mutation[Any]], ...] = (PatchDocument, MergeDocument, WidenRollout)


def only_notes(proposal: Proposal) -> bool:
    """Tell whether nothing but notes about flags change: `/flags/NAME/metadata/...`."""
    return all(change.path.split("/")[3:4] == ["metadata"] for change in proposal.changes)


def beyond_half(proposal: Proposal) -> bool:
    """Tell whether a rollout goes to more than half of the users."""
    mutation, after = proposal.mutation, proposal.after
    if not isinstance(mutation, WidenRollout) or not isinstance(after, Document):
        return False
    return (share(after, mutation.flag) or 0) > _HALF


def rules() -> tuple[Policy, ...]:
    """Give the rules: who must approve what."""
    manager = ("release-manager",)
    return (
        require_approval(1, when=only_notes),
        require_approval(1, roles=manager, when=lambda it: not only_notes(it) and not beyond_half(it)),
        require_approval(2, roles=manager, when=beyond_half),
    )


RULES = (
    "a change of flags           one release manager approves",
    "a rollout beyond half       two release managers approve",
    "notes about flags           any colleague approves",
    "nobody approves their own request",
)
"""The same rules, in words."""


class Colleagues(StaticDirectory):
    """A directory that lists people and does not vouch for them: nobody logs in to a demonstration."""

    vouches = False


def people() -> StaticDirectory:
    """Give the directory."""
    return Colleagues(PEOPLE.values())

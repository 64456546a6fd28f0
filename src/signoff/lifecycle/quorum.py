"""Whether votes meet requirements: distinct people, one place each."""

from collections.abc import Iterable
from dataclasses import dataclass

from signoff.model.requirement import Requirement, Vote
from signoff.model.terms import Terms


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an approval has come.

    Attributes:
        missing: requirements that are not met, with how many votes each still needs.
        counted: the actors whose votes fill a place, in alphabetical order.
    """

    missing: tuple[tuple[Requirement, int], ...]
    counted: tuple[str, ...]

    @property
    def met(self) -> bool:
        """Whether every requirement is met."""
        return not self.missing

    def __str__(self) -> str:
        if self.met:
            return "every requirement is met"
        return "still needs " + " and ".join(f"{requirement} ({count} more)" for requirement, count in self.missing)


def standing(
    terms: Terms, digest: str, votes: Iterable[Vote], requirements: tuple[Requirement, ...] | None = None
) -> Standing:
    """Seat the votes: as many places filled as can be, each person in one, whoever acts for them.

    Votes for another digest do not count, nor do those of the requester and of whoever the requester acts for. Somebody
    who fits several requirements is seated where it helps most (augmenting paths, Kuhn 1955).

    Args:
        terms: the requirements and the requester.
        digest: the digest that votes must be bound to.
        votes: all votes there are.
        requirements: what to meet, if not what the terms require.
    """
    required = terms.requirements if requirements is None else requirements
    asking = {terms.requester, terms.on_behalf_of}
    voters = {
        vote.principal: vote
        for vote in votes
        if vote.digest == digest and asking.isdisjoint({vote.actor, vote.principal})
    }
    seats: list[list[Vote]] = [[] for _ in required]
    for _, vote in sorted(voters.items()):
        _seat(vote, required, seats, set())
    missing = tuple(
        (requirement, requirement.count - len(taken))
        for requirement, taken in zip(required, seats, strict=True)
        if len(taken) < requirement.count
    )
    return Standing(missing, tuple(sorted(vote.actor for taken in seats for vote in taken)))


def _seat(vote: Vote, requirements: tuple[Requirement, ...], seats: list[list[Vote]], tried: set[int]) -> bool:
    """Find the vote a place, moving others where that makes room."""
    for index, requirement in enumerate(requirements):
        if index in tried or not requirement.admits(vote.roles, vote.groups):
            continue
        tried.add(index)
        taken = seats[index]
        if len(taken) < requirement.count:
            taken.append(vote)
            return True
        for place, other in enumerate(taken):
            if _seat(other, requirements, seats, tried):
                taken[place] = vote
                return True
    return False

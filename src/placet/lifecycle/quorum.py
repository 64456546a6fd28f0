"""Seating votes: as many places filled as can be, each person in one."""

from collections.abc import Callable, Iterable, Sequence

from placet.model.approval import Approval
from placet.model.ballots import Choice, Vote
from placet.model.terms import Terms

Fits = Callable[[Approval, Vote], bool]


def asking(terms: Terms) -> frozenset[str]:
    """Give whoever asks for a request: the requester, and whoever the requester acts for. They never decide on it."""
    return frozenset({terms.requester, terms.on_behalf_of or terms.requester})


def counting(terms: Terms, digest: str, votes: Iterable[Vote]) -> list[Vote]:
    """Give the approvals that can count, in the order they were given.

    Votes for another digest do not, nor do those in which the requester has a hand; nobody has a hand in two.
    """
    taken = set(asking(terms))
    counted = []
    for vote in votes:
        if vote.digest == digest and vote.choice is Choice.APPROVE and taken.isdisjoint(vote.persons):
            counted.append(vote)
            taken |= vote.persons
    return counted


def seat(approvals: Sequence[Approval], votes: Iterable[Vote], fits: Fits) -> list[list[Vote]]:
    """Give every vote a place if there is one, for each approval a list of those who sit there.

    Somebody who fits several is seated where it helps most (augmenting paths, Kuhn 1955): whoever sits keeps a place.

    Args:
        approvals: what has places.
        votes: who wants one; earlier ones first.
        fits: tells who may sit where.
    """
    seats: list[list[Vote]] = [[] for _ in approvals]
    for vote in votes:
        _place(vote, approvals, seats, fits, set())
    return seats


def _place(vote: Vote, approvals: Sequence[Approval], seats: list[list[Vote]], fits: Fits, tried: set[int]) -> bool:
    """Find the vote a place, moving others where that makes room."""
    for index, approval in enumerate(approvals):
        if index in tried or not fits(approval, vote):
            continue
        tried.add(index)
        taken = seats[index]
        if len(taken) < approval.places:
            taken.append(vote)
            return True
        for place, other in enumerate(taken):
            if _place(other, approvals, seats, fits, tried):
                taken[place] = vote
                return True
    return False

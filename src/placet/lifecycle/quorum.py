"""Which votes count, which places they fill, and who could fill the rest: one maximum matching of people and places."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from placet.model.actor import Actor
from placet.model.approval import Approval
from placet.model.ballots import Choice, Vote
from placet.model.circumstances import Circumstances
from placet.model.terms import Terms


def owners(terms: Terms) -> frozenset[str]:
    """Return the requester, and whoever the requester acts for."""
    return frozenset({terms.requester, terms.on_behalf_of or terms.requester})


def asking(terms: Terms) -> frozenset[str]:
    """Return whoever asks for a request, or has asked before it was taken over. They never decide on it."""
    return owners(terms).union(terms.formerly)


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


@dataclass(frozen=True, slots=True)
class Cast:
    """A vote that counts.

    Attributes:
        given: as it was given.
        now: as its voter would give it now, or None if they could not; only a recheck asks for it.
    """

    given: Vote
    now: Vote | None

    def fits(self, approval: Approval) -> bool:
        """Tell whether it may fill a place: given in its step, by somebody eligible then, or now if rechecked."""
        vote = self.now if approval.recheck else self.given
        if vote is None or vote.step != approval.step:
            return False
        return approval.admits(vote.ids, vote.roles, vote.groups, vote.kind)


def cast(terms: Terms, digest: str, votes: Iterable[Vote], around: Circumstances) -> list[Cast]:
    """Give the votes that count, each as it was given and as it would be given now."""
    counted = counting(terms, digest, votes)
    if not around.speakers:
        return [Cast(vote, vote) for vote in counted]
    taken = set(asking(terms) | around.asking)
    found = []
    for vote in counted:
        now = _now(vote, around)
        hands = vote.persons if now is None or now is vote else vote.persons | now.persons
        stands = now is not None and taken.isdisjoint(hands)
        if stands:
            taken |= hands
        found.append(Cast(vote, now if stands else None))
    return found


def hands(vote: Vote, around: Circumstances) -> frozenset[str]:
    """Give whoever has a hand in a vote: those who had when it was given, and those who would have now."""
    now = _now(vote, around)
    return vote.persons if now is None else vote.persons | now.persons


def _now(vote: Vote, around: Circumstances) -> Vote | None:
    """Give a vote as its voter would give it now, where somebody has asked; None if they could not."""
    actor = around.speakers.get(vote.hat, vote)
    if actor is None or isinstance(actor, Vote):
        return actor
    held = (actor.principal, actor.roles, actor.groups, actor.kind)
    if held == (vote.principal, vote.roles, vote.groups, vote.kind):
        return vote
    return replace(vote, principal=actor.principal, roles=actor.roles, groups=actor.groups, kind=actor.kind)


class Seating:
    """People in places: as many places filled as can be, each person in one (augmenting paths, Kuhn 1955).

    Args:
        places: how many places there are of each sort.

    Attributes:
        seats: for each sort of place, the numbers of those who sit there; people are numbered as they come.
    """

    def __init__(self, places: Sequence[int]) -> None:
        self._places = places
        self._fits: list[Sequence[int]] = []
        self._closed: set[int] = set()
        self.seats: list[list[int]] = [[] for _ in places]

    @property
    def missing(self) -> int:
        """How many places are free."""
        return sum(self._places) - sum(map(len, self.seats))

    def add(self, fits: Sequence[int]) -> bool:
        """Seat one more person, moving others where that makes room; whoever sits keeps a place.

        Args:
            fits: the sorts of place that the person may take.

        Returns:
            Whether there is a place.
        """
        person = len(self._fits)
        self._fits.append(fits)
        came: dict[int, tuple[int, int | None]] = {sort: (person, None) for sort in fits if sort not in self._closed}
        ahead = list(came)
        for sort in ahead:
            if len(self.seats[sort]) < self._places[sort]:
                self._move(came, sort)
                return True
            for other in self.seats[sort]:
                for elsewhere in self._fits[other]:
                    if elsewhere not in came and elsewhere not in self._closed:
                        came[elsewhere] = (other, sort)
                        ahead.append(elsewhere)
        self._closed.update(came)  # no way leads from these to a free place, nor ever will
        return False

    def _move(self, came: dict[int, tuple[int, int | None]], sort: int) -> None:
        """Let everybody on the way to a free place move one on."""
        free: int | None = sort
        while free is not None:
            person, left = came[free]
            self.seats[free].append(person)
            if left is not None:
                self.seats[left].remove(person)
            free = left

    def reached_from(self, sort: int, people: int) -> set[int]:
        """Give the sorts of place from which people can move up until one of a given sort is filled, that one included.

        Args:
            sort: which one.
            people: only the first so many move.
        """
        fits = [frozenset(each) for each in self._fits[:people]]
        found, ahead = {sort}, [sort]
        for here in ahead:
            for other, taken in enumerate(self.seats):
                if other not in found and any(person < people and here in fits[person] for person in taken):
                    found.add(other)
                    ahead.append(other)
        return found


@dataclass(frozen=True, slots=True)
class Filled:
    """How far the places of an approval are filled.

    Attributes:
        counted: the votes that count for it.
        missing: how many are missing.
        possible: whether they can still be given.
        left: who could still give one of them, by id; None where nobody can list them, or nobody has to.
    """

    counted: list[Vote]
    missing: int
    possible: bool = True
    left: tuple[str, ...] | None = None


def has_place(approvals: Sequence[Approval], votes: Sequence[Cast], vote: Vote) -> bool:
    """Tell whether one more vote fills a place that the others leave free."""
    more = Cast(vote, vote)
    bounds = [each for each in approvals if each.anybody and more.fits(each)]
    if any(sum(each.fits(bound) for each in votes) < bound.places for bound in bounds):
        return True
    named = [each for each in approvals if not each.anybody]
    return _seated(named, votes).add(_fitting(named, more))


def filled(
    approvals: Sequence[Approval], votes: Sequence[Cast], around: Circumstances, gone: frozenset[str]
) -> Iterator[Filled]:
    """Say for each approval how far it is filled.

    An approval by anybody only bounds how many approve: every vote that fits counts for it, whatever it fills besides.
    All others need different people. The votes are seated so that whoever is left can fill the rest, if they can.

    Args:
        approvals: what has places.
        votes: the votes that count, earlier ones first.
        around: who is eligible, where somebody can list them.
        gone: who cannot vote any more.
    """
    named = [each for each in approvals if not each.anybody]
    seated = iter(_named(named, votes, around, gone) if named else ())
    for approval in approvals:
        if approval.anybody:
            counted = [each.given for each in votes if each.fits(approval)][: approval.places]
            yield Filled(counted, approval.places - len(counted))
        else:
            yield next(seated)


def _named(
    approvals: list[Approval], votes: Sequence[Cast], around: Circumstances, gone: frozenset[str]
) -> Iterator[Filled]:
    """Seat the votes, then whoever is left; say what is missing where only the votes sit."""
    seating = _seated(approvals, votes)
    left: list[list[Actor] | None] = [None for _ in approvals]
    free = seating.missing
    if free and around.candidates:
        left = [_left(each, around, gone) for each in approvals]
        for fits in _people(left, free):
            free -= seating.add(fits)
            if not free:
                break
    for sort, (approval, taken) in enumerate(zip(approvals, seating.seats, strict=True)):
        counted = [votes[person].given for person in sorted(taken) if person < len(votes)]
        missing = approval.places - len(counted)
        if missing and left[sort] is not None:
            helpful = [left[each] for each in seating.reached_from(sort, len(votes))]
            known = [actors for actors in helpful if actors is not None]
            who = tuple(sorted({actor.id for actors in known for actor in actors}))
            possible = len(taken) == approval.places
            yield Filled(counted, missing, possible, who if len(known) == len(helpful) else None)
        else:
            yield Filled(counted, missing)


def _seated(approvals: Sequence[Approval], votes: Sequence[Cast]) -> Seating:
    seating = Seating([each.places for each in approvals])
    for vote in votes:
        seating.add(_fitting(approvals, vote))
    return seating


def _fitting(approvals: Sequence[Approval], vote: Cast) -> list[int]:
    return [sort for sort, approval in enumerate(approvals) if vote.fits(approval)]


def _left(approval: Approval, around: Circumstances, gone: frozenset[str]) -> list[Actor] | None:
    """Give who could still vote on an approval, or None where nobody can list them."""
    listed = around.candidates.get(approval)
    return None if listed is None else [actor for actor in listed if gone.isdisjoint(actor.persons)]


def _people(left: Sequence[Sequence[Actor] | None], most: int) -> Iterator[list[int]]:
    """Give which sorts of place each person who is left may take; of each sort no more people than there are places.

    Where nobody can list who is eligible, there is always one more.
    """
    fits: dict[object, list[int]] = {}
    for sort, actors in enumerate(left):
        if actors is None:
            persons: Iterable[object] = ((sort, number) for number in range(most))
        else:
            persons = dict.fromkeys(actor.principal for actor in actors)
        for person in islice(persons, most):
            fits.setdefault(person, []).append(sort)
    yield from fits.values()

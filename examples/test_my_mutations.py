"""Testing your own mutations: hypothesis finds the road on which an innocent-looking check sells a seat twice.

Run it with `pytest -s examples/test_my_mutations.py`.
"""

from collections.abc import Iterator

from hypothesis import settings
from hypothesis import strategies as st
from pydantic import Field

from placet import Intent, Issue, Mutation, State
from placet.testing import LifecycleStateMachine, shortest_story


class Theatre(State):
    """How many seats a theatre has, and who booked how many."""

    seats: int = 3
    booked: dict[str, int] = {}


class Book(Mutation[Theatre]):
    """Book seats for a guest."""

    intent = Intent(operation="book")
    guest: str
    seats: int = Field(ge=1)

    def check(self, state: Theatre) -> Iterator[Issue]:
        """Yield an issue if there are not enough seats left."""
        if self.seats > state.seats - sum(state.booked.values()):
            yield Issue("seats", "not enough seats are left")

    def apply(self, state: Theatre) -> Theatre:
        """Add the seats to what the guest has."""
        return state.evolve(booked={**state.booked, self.guest: state.booked.get(self.guest, 0) + self.seats})


class HastyBook(Book):
    """Book seats, with a bug: it looks at how many seats there are, and not at how many are left."""

    intent = Intent(operation="book-hastily")

    def check(self, state: Theatre) -> Iterator[Issue]:
        """Yield an issue if there are not enough seats."""
        if self.seats > state.seats:
            yield Issue("seats", "there are not so many seats")


class BookingLife(LifecycleStateMachine):
    """Every road that bookings can take; none may sell more seats than there are."""

    initial = Theatre()
    mutation_types = (Book,)
    mutations = st.builds(Book, guest=st.sampled_from(["ada", "bob"]), seats=st.integers(2, 4))

    def invariant(self, state: Theatre) -> None:
        """No seat is sold twice."""
        sold = sum(state.booked.values())
        assert sold <= state.seats, f"{sold} of {state.seats} seats are sold"


class HastyLife(BookingLife):
    """The same with the bug in it."""

    mutation_types = (HastyBook,)
    mutations = st.builds(HastyBook, guest=st.sampled_from(["ada", "bob"]), seats=st.integers(2, 4))


TestBooking = BookingLife.TestCase
TestBooking.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


def test_the_hasty_check_sells_a_seat_twice() -> None:
    """The shortest road is two bookings, each of which would fit alone."""
    story = shortest_story(HastyLife)
    assert story is not None
    assert story.splitlines() == [
        "state.drift(mutation=HastyBook(guest='ada', seats=2))",
        "state.drift(mutation=HastyBook(guest='ada', seats=2))",
        "AssertionError: 4 of 3 seats are sold",
    ]

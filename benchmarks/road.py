"""The rest of the road: what leads to an execution, away from it, and back to what happened."""

from datetime import timedelta
from functools import partial
from typing import Any

from benchmarks.batches import BATCH, WARM_UPS, _Batch, _One, _Ready
from benchmarks.world import Action

HOUR = timedelta(hours=1)


class RequestSubmitted(_Batch):
    path = "request submitted"


class RequestApprovedByAVote(_Batch):
    path = "request approved by a vote"


class ApprovedRequestCanceled(_Batch):
    path = "approved request canceled"


class DueRequestsExpiredByASweep(_One):
    """One sweep over 20 requests whose deadline has passed."""

    def prepare(self, count: int, *parameters: Any) -> list[Action]:
        for _ in range(BATCH):
            self.world.asked(expires_at=self.world.clock() + HOUR)

        def sweep() -> None:
            self.world.clock.tick(hours=2)
            self.world.gov.expire_due()

        return [*[partial(self.world.gov.expire_due)] * WARM_UPS, partial(sweep)]


class _Reading(_Ready):
    """Reads a store with 50 requests, of which one state's were executed one after the other."""

    def prepare(self, count: int, *parameters: Any) -> list[Action]:
        house = self.world.house()
        self.world.drift(house, 49)
        request = self.world.approved(house)
        self.world.execute(request)
        return [self.reading(house, request.id)] * count

    def reading(self, house: str, request_id: str) -> Action:
        """Give what is read."""
        raise NotImplementedError


class RequestsFound(_Reading, _Batch):
    """A page of 50."""

    def reading(self, house: str, request_id: str) -> Action:
        return partial(self.world.gov.find_requests, state_id=house)


class TrailRead(_Reading, _Batch):
    """The decisions on one request."""

    def reading(self, house: str, request_id: str) -> Action:
        return partial(self.world.gov.decisions, request_id)


class StoreVerified(_Reading, _One):
    """50 requests and a state with 51 versions."""

    def reading(self, house: str, request_id: str) -> Action:
        return partial(self.world.gov.verify)


class StateReplayed(_Reading, _Batch):
    """A state rebuilt from its 51 versions."""

    def reading(self, house: str, request_id: str) -> Action:
        return partial(self.world.gov.replay, house, 51)

"""Firing triggers on behalf of people: load, gather evidence, fire, persist what the callbacks emitted."""

from collections.abc import Callable
from typing import Any

from placet.errors import concerning
from placet.governance.context import Context
from placet.governance.dossier import Dossier
from placet.governance.drafting import demand_no_circle
from placet.governance.gathering import Lookup, acting_now, gather
from placet.governance.telling import Telling
from placet.lifecycle.repetition import repeats
from placet.lifecycle.rules import progress
from placet.lifecycle.rules.actors import acted
from placet.lifecycle.rules.identity import identified
from placet.lifecycle.step import Evidence, Step
from placet.lifecycle.transition import Trigger
from placet.model.actor import CLOCKWORK, Actor
from placet.model.circumstances import Circumstances
from placet.model.names import checked_id
from placet.model.request import MutationRequest, Status
from placet.store.port import Unit

_VOTES = frozenset({Trigger.VOTE, Trigger.ABSTAIN, Trigger.WITHDRAW})

AS_TIME_PASSES = (Trigger.EXPIRE, Trigger.EXPIRE_APPROVAL, Trigger.APPROVE, Trigger.REJECT, Trigger.NOTE, Trigger.LAPSE)
"""What may have become of a request without anybody touching it."""

Prepare = Callable[[Unit, Step, Evidence], Evidence]


class Moves:
    """Fires triggers on behalf of people.

    Args:
        context: the surroundings.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def fire(
        self,
        request_id: str,
        trigger: Trigger,
        *,
        by: Actor,
        reason: str,
        prepare: Prepare | None = None,
        **facts: Any,  # noqa: ANN401 - fields of Evidence
    ) -> MutationRequest:
        """Load a request, fire a trigger, let follow what follows, write what the callbacks emitted.

        Nothing happens where the same actor has done the same already, and that stands.

        Args:
            request_id: which request.
            trigger: what to do.
            by: who does it, as the directory knows them.
            reason: why, in words.
            prepare: adds to the evidence what only the loaded request tells.
            **facts: evidence that the guard wants.

        Returns:
            The request as it has become.
        """
        evidence, telling = self._context.evidence(by, reason, **facts), Telling(self._context, trigger.method)
        with concerning(request_id), telling as unit:
            step = Dossier.load(unit, request_id).step()
            found, votes = step.request, trigger in _VOTES
            if votes:
                evidence = self._begun(unit, step, evidence)
            if repeats(step, trigger, evidence):
                return found
            if self._context.lifecycle.demand(step, trigger).then and not votes:
                evidence = self._begun(unit, step, evidence)
            if prepare is not None:
                evidence = prepare(unit, step, evidence)
            self._context.lifecycle.fire_and_settle(step, trigger, self._context.decided(evidence))
            unit.write(step.writes())
        telling.tell(step, by)
        return step.request

    def reject(
        self, request_id: str, *, by: Actor, reason: str, code: str, digest: str | None, chain: tuple[str, ...]
    ) -> MutationRequest:
        """Vote against a pending request, or veto one that waits for revalidation."""
        evidence, telling = self._context.evidence(by, reason, code=code, chain=chain), Telling(self._context, "reject")
        with concerning(request_id), telling as unit:
            step = Dossier.load(unit, request_id).step()
            found, evidence = step.request, self._begun(unit, step, evidence)
            trigger = Trigger.REJECT if step.status is Status.REVALIDATION else Trigger.DISSENT
            evidence = evidence.evolve(digest=step.request.digest if digest is None else digest)
            if repeats(step, trigger, evidence):
                return found
            self._context.lifecycle.fire_and_settle(step, trigger, self._context.decided(evidence))
            unit.write(step.writes())
        telling.tell(step, by)
        return step.request

    def settle(
        self, request_id: str, triggers: tuple[Trigger, ...], evidence: Evidence
    ) -> tuple[MutationRequest, bool]:
        """Make the first of some moves whose guard lets it, if one does.

        Returns:
            The request, and whether it moved.
        """
        telling = Telling(self._context, "expire_due" if triggers == (Trigger.EXPIRE,) else "reassess")
        with concerning(request_id), telling as unit:
            step = Dossier.load(unit, request_id).step()
            evidence = _because(step, self._gathered(unit, step, evidence))
            self._context.lifecycle.demand_rule(step, Trigger.APPROVE, identified, evidence)
            if step.request.terms.vouched and not self._context.vouches:
                triggers = (Trigger.EXPIRE,)  # time is the same everywhere; who has which role, this process cannot say
            moved = self._context.lifecycle.settle(step, triggers, evidence)
            if moved:
                unit.write(step.writes())
        telling.tell(step, evidence.actor)
        return step.request, moved

    def reassess(self, request_id: str, *, by: str | None, reason: str) -> MutationRequest:
        """Let become of a request what time, events and the directory have made of it; see `Governance.reassess`."""
        actor = CLOCKWORK if by is None else self._context.actor(by)
        return self.settle(request_id, AS_TIME_PASSES, self._context.evidence(actor, reason))[0]

    def review(self, request_id: str, *, by: Actor, reason: str) -> MutationRequest:
        """Close the review of an emergency, by none of those who had a hand in it, or have one now."""

        def with_hands(_: Unit, step: Step, evidence: Evidence) -> Evidence:
            hands = acting_now(Lookup(self._context.directory), acted(step))
            return evidence.evolve(circumstances=Circumstances(asking=hands))

        return self.fire(request_id, Trigger.REVIEW, by=by, reason=reason, prepare=with_hands)

    def supersede(self, request_id: str, *, successor: str, by: Actor, reason: str) -> MutationRequest:
        """Let another request take the place of one."""
        wanted = checked_id("successor", successor)

        def with_successor(unit: Unit, _: Step, evidence: Evidence) -> Evidence:
            if unit.request(wanted) is None:
                return evidence
            found = Dossier.load(unit, wanted).request
            demand_no_circle(unit, request_id, found.requirements)
            return evidence.evolve(successor=found)

        return self.fire(request_id, Trigger.SUPERSEDE, by=by, reason=reason, prepare=with_successor, about=wanted)

    def _gathered(self, unit: Unit, step: Step, evidence: Evidence) -> Evidence:
        """Add to the evidence what may follow depends on: who is left, and more."""
        return evidence.evolve(circumstances=gather(self._context.directory, unit, step, evidence.at))

    def _begun(self, unit: Unit, step: Step, evidence: Evidence) -> Evidence:
        """Gather evidence, and record that the approval ran out, if it did, before somebody says something more."""
        gathered = self._gathered(unit, step, evidence)
        why = progress.approval_valid.refuses(step, gathered)
        if why:
            ended = gathered.evolve(actor=CLOCKWORK, reason=why)
            self._context.lifecycle.fire_if_allowed(step, Trigger.EXPIRE_APPROVAL, ended)
        return gathered


def _because(step: Step, evidence: Evidence) -> Evidence:
    """Say which deadline passed, where nobody gives another reason."""
    return evidence if evidence.reason else evidence.evolve(reason=progress.in_time.refuses(step, evidence))

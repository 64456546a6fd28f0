"""New terms for a request that is there: somebody asks for something else, or somebody else asks for the same."""

from dataclasses import replace
from typing import Any

from placet.errors import concerning
from placet.governance.context import Context
from placet.governance.dossier import Dossier
from placet.governance.drafting import Draft, demand_accepted, demand_possible, draft, fixed, requester
from placet.governance.options import asked_by
from placet.governance.telling import Telling
from placet.lifecycle.quorum import asking
from placet.lifecycle.repetition import repeats
from placet.lifecycle.step import Evidence, Step
from placet.lifecycle.transition import Trigger
from placet.model.mutation import Mutation
from placet.model.request import MutationRequest
from placet.model.terms import Terms
from placet.store.port import Unit


class Amending:
    """Gives requests new terms.

    Args:
        context: the surroundings.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def amend(self, request_id: str, mutation: Mutation[Any], *, by: str, reason: str) -> MutationRequest:
        """Put another mutation in the place of what was asked for; see `Governance.amend`."""
        actor, telling = self._context.actor(by), Telling(self._context, "amend")
        with concerning(request_id), telling as unit:
            step = Dossier.load(unit, request_id).step()
            self._context.lifecycle.demand(step, Trigger.AMEND)
            terms, evidence = step.request.terms, self._context.evidence(actor, reason)
            drawn = draft(self._context, unit, mutation, terms.state_id, requester(self._context, terms))
            asked = replace(terms, reason=evidence.reason or terms.reason)
            self._renew(unit, step, Trigger.AMEND, drawn, asked=asked, by=evidence)
        telling.tell(step, actor)
        return step.request

    def take_over(self, request_id: str, *, by: str, reason: str) -> MutationRequest:
        """Put somebody else in the place of the requester; see `Governance.take_over`."""
        actor, telling = self._context.actor(by), Telling(self._context, "take_over")
        with concerning(request_id), telling as unit:
            step = Dossier.load(unit, request_id).step()
            terms, evidence = step.request.terms, self._context.evidence(actor, reason)
            if repeats(step, Trigger.TAKE_OVER, evidence):
                return step.request
            self._context.lifecycle.demand(step, Trigger.TAKE_OVER)
            mutation = self._context.registry.rebuild(terms.mutation, terms.schema_version, terms.payload)
            drawn = draft(self._context, unit, mutation, terms.state_id, actor)
            asked = replace(
                terms,
                requester=actor.id,
                on_behalf_of=actor.on_behalf_of,
                formerly=tuple(sorted(asking(terms) - actor.persons)),
                approval_valid_for=asked_by(self._context, actor, terms.approval_valid_for),
            )
            self._renew(unit, step, Trigger.TAKE_OVER, drawn, asked=asked, by=evidence)
        telling.tell(step, actor)
        return step.request

    def _renew(self, unit: Unit, step: Step, trigger: Trigger, drawn: Draft, *, asked: Terms, by: Evidence) -> None:
        """Put new terms in the place of those there are, drawn anew on the current state, with their own digest."""
        terms = step.request.terms
        demand_accepted(drawn.run)
        wanted = (*drawn.run.requirements, *terms.own)
        required = fixed(self._context, unit, wanted, by.at, asking(asked), before=terms.requirements)
        renewed = drawn.on(replace(asked, number=terms.number + 1), required)
        then = Step(step.request.with_terms(renewed), step.trail)
        evidence = by.evolve(terms=renewed, state=drawn.state, run=drawn.run)
        evidence = self._context.decided(demand_possible(self._context, unit, then, evidence))
        self._context.lifecycle.fire_and_settle(step, trigger, evidence)
        unit.write(step.writes())

"""Drafting terms: simulate a mutation on the state as it is, and fix what would be approved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from placet.engine.registry import copied
from placet.errors import (
    ApplyRaisedError,
    InputError,
    MutationInvalidError,
    NotRegisteredError,
    PolicyDeniedError,
    RequesterGoneError,
    RequestNotFoundError,
    StateNotFoundError,
    UnsatisfiableError,
)
from placet.governance.context import Context
from placet.governance.dossier import check_state
from placet.governance.gathering import Lookup, candidates, gather
from placet.lifecycle.step import Evidence, Step
from placet.model.actor import Actor
from placet.model.approval import ALL, MOST_PLACES, Approval, Eligibility
from placet.model.conditions import Dependency
from placet.model.directory import known
from placet.model.grant import Act, granted
from placet.model.merging import alike, merged
from placet.model.mutation import Mutation
from placet.model.requirement import Requirement
from placet.model.run import Mode, Run, RunStatus
from placet.model.state import StoredState
from placet.model.terms import Terms
from placet.store.port import Reader

MOST_REQUIRED = 100
"""How many requirements a request may have."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a mutation would do to a state as it is now.

    Attributes:
        mutation: what to change.
        payload: its fields, as canonical JSON.
        state: the state it was simulated on.
        run: what came of that.
    """

    mutation: Mutation[Any] = field(repr=False)
    payload: bytes = field(repr=False)
    state: StoredState
    run: Run

    def on(self, terms: Terms, requirements: tuple[Requirement, ...]) -> Terms:
        """Give the terms with what this draft says put in: mutation, state, effect, and what is required."""
        cls = type(self.mutation)
        return replace(
            terms,
            mutation=cls.mutation_name,
            schema_version=cls.schema_version,
            payload=self.payload.decode(),
            intent=cls.intent,
            approval_covers=cls.approval_covers,
            expected_version=self.state.version,
            state_hash=self.state.hash,
            requirements=requirements,
            effect=self.run.changes,
            executors=granted(Act.EXECUTION, self.run.grants),
        )


def draft(context: Context, reader: Reader, mutation: Mutation[Any], to: str, actor: Actor) -> Draft:
    """Simulate a mutation on a state as it is now.

    Raises:
        InputError: this is no mutation, or not of this state.
        StateNotFoundError: there is no such state.
        NotRegisteredError: its class is not registered.
    """
    if not isinstance(mutation, Mutation):
        raise InputError(f"a {type(mutation).__name__} is no Mutation; pass an instance of a Mutation class")
    cls, payload = type(mutation), mutation.payload()
    copy = context.registry.rebuild(cls.mutation_name, cls.schema_version, payload)
    if type(copy) is not cls:
        raise NotRegisteredError(f"{cls.mutation_name!r} is registered as another class; register {cls!r} instead")
    copied(mutation, copy)
    state = reader.state(to)
    if state is None:
        raise StateNotFoundError(to)
    check_state(reader, state)
    wanted = cls.state_class()
    if not context.registry.is_a(state.state_type, wanted):
        raise InputError(f"{cls.mutation_name} changes a {wanted.type_name}, and {to!r} is a {state.state_type}")
    loaded = context.registry.load_state(state)
    run = context.engine.evaluate(copy, loaded, state.body, actor, Mode.SIMULATE, state_id=to)
    return Draft(copy, payload, state, run)


def requester(context: Context, terms: Terms) -> Actor:
    """Return whoever asked, as the directory knows them now, still acting for whom they acted then.

    Raises:
        RequesterGoneError: Raised if the directory no longer knows them, or whoever they act for.
    """
    actor, principal = known(context.directory, terms.requester), terms.on_behalf_of
    if actor is None:
        raise RequesterGoneError(terms.request_id, terms.requester, terms.requester)
    if principal is not None and known(context.directory, principal) is None:
        raise RequesterGoneError(terms.request_id, terms.requester, principal)
    return actor if actor.on_behalf_of == principal else replace(actor, on_behalf_of=principal)


def redraft(context: Context, reader: Reader, terms: Terms) -> Draft:
    """Simulate what terms ask for once more, on the state as it is now; raises what `draft` raises."""
    mutation = context.registry.rebuild(terms.mutation, terms.schema_version, terms.payload)
    return draft(context, reader, mutation, terms.state_id, requester(context, terms))


def demand_accepted(run: Run) -> None:
    """Raise what stands against a simulated run, if anything does; what it requires does not."""
    if run.issues:
        raise MutationInvalidError(run.mutation, run.issues)
    if run.status is RunStatus.FAILED:
        message = f"the apply of {run.mutation} raised {run.error}; yield an Issue in check instead"
        raise ApplyRaisedError(message, mutation=run.mutation)
    if run.status is RunStatus.REFUSED:
        raise PolicyDeniedError(run.mutation, run.reasons, run.denied_by)


def fixed(
    context: Context,
    reader: Reader,
    requirements: Sequence[Requirement],
    at: datetime,
    asked_by: frozenset[str],
    *,
    before: Iterable[Requirement] = (),
) -> tuple[Requirement, ...]:
    """Put together what is required, and fix it.

    How long it may take becomes a moment, `all` of a role become people, by name, and a request that it depends on
    becomes what that request asks for.

    Args:
        context: the surroundings.
        reader: the store.
        requirements: what is required.
        at: now, UTC.
        asked_by: who never counts: the requester, and whoever the requester acts for.
        before: what the terms required until now: a dependency stays on what it was on.

    Raises:
        UnsatisfiableError: all of a role must approve, and the directory cannot list them, or they are nobody, too few
            or too many.
        InputError: more than so many requirements are left once those that mean the same are put together.
    """
    asks = {each.request_id: each.asks for each in before if isinstance(each, Dependency)}
    required = merged(requirements)
    if len(required) > MOST_REQUIRED:
        raise InputError(f"{len(required)} requirements are too many; keep them to {MOST_REQUIRED}")
    who = Lookup(context.directory)
    found = tuple(
        _pinned(reader, each, asks) if isinstance(each, Dependency) else _fixed(who, each, at, asked_by)
        for each in required
    )
    _demand_enough(requirements, found)
    return merged(found)


def _fixed(who: Lookup, requirement: Requirement, at: datetime, asked_by: frozenset[str]) -> Requirement:
    if isinstance(requirement, Eligibility) and requirement.within is not None:
        requirement = replace(requirement, deadline=at + requirement.within)
    if isinstance(requirement, Approval) and requirement.count == ALL and (requirement.roles or requirement.groups):
        people = candidates(who, replace(requirement, people=()))
        if people is None:
            raise UnsatisfiableError([f"{requirement}: the directory cannot list who is eligible"])
        persons = tuple(sorted({actor.principal for actor in people} - asked_by))
        if not persons:
            raise UnsatisfiableError([f"{requirement}: nobody is eligible"])
        if len(persons) > MOST_PLACES:
            raise UnsatisfiableError([f"{requirement}: {len(persons)} people are too many, at most {MOST_PLACES} can"])
        return replace(requirement, people=persons)
    return requirement


def _pinned(reader: Reader, dependency: Dependency, before: Mapping[str, str]) -> Dependency:
    """Pin a dependency to what it was on before, or else to what the other request asks for now, if there is one."""
    if dependency.asks:
        return dependency
    if dependency.request_id in before:
        return replace(dependency, asks=before[dependency.request_id])
    other = reader.request(dependency.request_id)
    return dependency if other is None else replace(dependency, asks=other.terms.asks)


def _demand_enough(written: Sequence[Requirement], found: Sequence[Requirement]) -> None:
    """See to it that where "all" absorbed a number, all are not fewer than that."""
    every = {alike(each): each for each in found if isinstance(each, Approval) and each.count == ALL}
    for each in written if every else ():
        one = every.get(alike(each)) if isinstance(each, Approval) else None
        if one is not None and isinstance(each, Approval) and each.count != ALL and each.places > one.places:
            raise UnsatisfiableError([f"{each}, and {one.places} are all who are eligible"])


def demand_possible(context: Context, reader: Reader, step: Step, evidence: Evidence) -> Evidence:
    """See to it that what a request requires can be met.

    Args:
        context: the surroundings.
        reader: the store.
        step: the request, on the terms it is to have.
        evidence: what is known.

    Returns:
        The evidence, with the circumstances that were gathered.

    Raises:
        UnsatisfiableError: something can never be met; names who is eligible.
        RequestNotFoundError: it depends on a request that is not there.
    """
    demand_no_circle(reader, step.request.id, step.request.requirements)
    known = evidence.evolve(circumstances=gather(context.directory, reader, step, evidence.at))
    impossible = step.standing(known).impossible
    if impossible:
        raise UnsatisfiableError([_short(each.waits_for, each.candidates) for each in impossible])
    return known


def _short(waits_for: str, names: tuple[str, ...] | None) -> str:
    if names is None:
        return waits_for
    who = f"eligible are only {', '.join(names)}, each for one place" if names else "nobody is eligible"
    return f"{waits_for}, and {who}"


def demand_no_circle(reader: Reader, request_id: str, requirements: Iterable[Requirement]) -> None:
    """Follow what is depended on; it must not lead back to a request.

    Raises:
        UnsatisfiableError: it does, so that the request would wait for itself.
        RequestNotFoundError: something depends on a request that is not there.
    """
    ahead = _dependencies(requirements)
    seen: set[str] = set()
    while ahead:
        following = ahead.pop()
        if following == request_id:
            raise UnsatisfiableError([f"execution of request {request_id}, which would wait for itself: a circle"])
        if following in seen:
            continue
        seen.add(following)
        request = reader.request(following)
        if request is None:
            raise RequestNotFoundError(following)
        if not request.status.terminal:
            ahead += _dependencies(request.requirements)
        elif request.successor is not None:
            ahead.append(request.successor)


def _dependencies(requirements: Iterable[Requirement]) -> list[str]:
    return [each.request_id for each in requirements if isinstance(each, Dependency)]

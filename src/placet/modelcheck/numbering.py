"""Versions by rank: only which is older than which matters, so a state may change as often as it likes."""

from functools import cache

from placet.modelcheck.world import Asked, Executor, World


def renumbered(world: World) -> World:
    """Give the same world with its versions numbered from 1 without gaps, the oldest that is still known first."""
    if world.request.terminal:
        world = world._replace(version=1)
    known = {world.version, *_of(world.request)}
    for each in world.executors:
        known |= _seen(each)
    ranks = {version: rank for rank, version in enumerate(sorted(known), start=1)}
    if all(version == rank for version, rank in ranks.items()):
        return world
    key = tuple(ranks.items())
    one, two = (_executor(each, key) for each in world.executors)
    return world._replace(request=_asked(world.request, key), version=ranks[world.version], executors=(one, two))


@cache
def _of(request: Asked) -> frozenset[int]:
    return frozenset() if request.terminal else frozenset({request.approved_for})


@cache
def _seen(executor: Executor) -> frozenset[int]:
    if executor.request is None:
        return frozenset()
    verdict = executor.verdict
    said = {verdict.expected, verdict.current} if verdict else set()
    return (frozenset({executor.version, executor.replaced, *said}) - {0}) | _of(executor.request)


@cache
def _asked(request: Asked, key: tuple[tuple[int, int], ...]) -> Asked:
    ranks = dict(key)
    if request.terminal:
        return request
    return request._replace(approved_for=ranks[request.approved_for])


@cache
def _executor(executor: Executor, key: tuple[tuple[int, int], ...]) -> Executor:
    ranks = dict(key)
    if executor.request is None:
        return executor
    verdict = executor.verdict
    if verdict:
        verdict = verdict._replace(expected=ranks[verdict.expected], current=ranks[verdict.current])
    return executor._replace(
        request=_asked(executor.request, key),
        version=ranks.get(executor.version, 0),
        verdict=verdict,
        replaced=ranks.get(executor.replaced, 0),
    )

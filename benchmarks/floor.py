"""`python -m benchmarks.floor`: what the libraries alone take for one execution: all that it asks of them, replayed.

One approved request is executed over the memory store, and every call of pydantic, orjson and SHA-256 is kept, with
what it was given. Then these calls are made again, one after the other, with nothing around them.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from hashlib import sha256
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import orjson
from pydantic import BaseModel

from benchmarks.budgets.sides import EXECUTED, all_of, each, stock_triggers
from benchmarks.operations import made
from benchmarks.world import World
from placet.model import canonical, terms, trail

CODECS = (trail.DECISIONS, trail.AUDIT, trail.HISTORY, terms.TERMS)
MODELS = ("model_validate", "model_validate_json", "model_dump_json", "model_dump")

Call = Callable[[], object]


class _Kept:
    """Keeps every call of the libraries, by what it is for."""

    def __init__(self) -> None:
        self.calls: dict[str, list[Call]] = {}

    def keeping(self, kind: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Give a function that keeps each call of another one, and makes it."""

        def kept(*given: Any, **more: Any) -> Any:
            self.calls.setdefault(kind, []).append(partial(call, *given, **more))
            return call(*given, **more)

        return kept

    @contextmanager
    def all(self) -> Iterator[None]:
        """Keep every call inside the block."""
        dumps = self.keeping("orjson: write", orjson.dumps)
        hashed = self.keeping("SHA-256", lambda body: sha256(body).hexdigest())
        with ExitStack() as patches:
            patches.enter_context(patch.object(canonical, "orjson", SimpleNamespace(dumps=dumps)))
            patches.enter_context(
                patch.object(canonical, "sha256", lambda body: SimpleNamespace(hexdigest=partial(hashed, body)))
            )
            for codec in CODECS:
                reads = self.keeping("pydantic: read a record", codec._read)  # noqa: SLF001 - there is no other way in
                patches.enter_context(patch.dict(vars(codec), _read=reads))
            for name in MODELS:
                found = vars(BaseModel)[name]
                own = getattr(found, "__func__", found)
                kept: Any = self.keeping(f"pydantic: {name}", own)
                patches.enter_context(patch.object(BaseModel, name, kept if own is found else classmethod(kept)))
            yield


def measured(count: int) -> tuple[dict[str, tuple[int, float]], float]:
    """Give how many calls of each kind there are and the microseconds they take, and those of a whole execution."""
    kept = _Kept()
    with World() as world:
        ready = made(EXECUTED, world, 4 + count)
        all_of(ready[:3])
        with kept.all():
            ready[3]()
        whole = each(partial(all_of, ready[4:]), count)
    taken = {kind: each(partial(_again, calls, count), count) for kind, calls in kept.calls.items()}
    return {kind: (len(calls), taken[kind]) for kind, calls in kept.calls.items()}, whole


def _again(calls: list[Call], count: int) -> None:
    for _ in range(count):
        for call in calls:
            call()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floor", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="executions, and how often each call is made again")
    count = parser.parse_args().count
    taken, whole = measured(count)
    bare = stock_triggers(10 * count)["two triggers, stock"]
    alone = sum(each_ for _, each_ in taken.values())
    print(f"{'':32} {'calls':>6} {'µs':>8}")
    for kind, (calls, microseconds) in taken.items():
        print(f"{kind:32} {calls:6} {microseconds:8.1f}")
    print(f"{'the libraries alone':32} {sum(calls for calls, _ in taken.values()):6} {alone:8.1f}")
    print(f"{'a governed execution':32} {'':6} {whole:8.1f}")
    print(f"{'two bare triggers':32} {'':6} {bare:8.1f}")


if __name__ == "__main__":
    main()

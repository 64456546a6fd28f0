"""Calls each method of a Governance for the first time while no file descriptor is free, each in a process of its own.

Prints a line for each: the method, what it raised or "", and what the same call raised afterwards or "".
"""

import os
import resource
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from house import HOUSE, MUTATIONS, AddTeam, Roles
from placet import Governance, OpenDirectory, PlacetError, require_approval

Call = Callable[[Governance, str], object]

CALLS: dict[str, Call] = {
    "create_state": lambda gov, _: gov.create_state("other:roles", Roles()),
    "submit": lambda gov, _: gov.submit(AddTeam(team="x"), to=HOUSE, by="bob"),
    "approve": lambda gov, digest: gov.approve("r-1", by="carol", digest=digest),
    "reject": lambda gov, _: gov.reject("r-1", by="carol", reason="no"),
    "cancel": lambda gov, _: gov.cancel("r-1", by="bob", reason="no"),
    "comment": lambda gov, _: gov.comment("r-1", by="bob", reason="hm"),
    "execute": lambda gov, _: gov.execute("r-2", by="runner"),
    "execute_many": lambda gov, _: gov.execute_many(["r-2"], by="runner"),
    "get_state": lambda gov, _: gov.get_state(HOUSE),
    "get_request": lambda gov, _: gov.get_request("r-1"),
    "decisions": lambda gov, _: gov.decisions("r-1"),
    "revisions": lambda gov, _: gov.revisions("r-1"),
    "audit": lambda gov, _: gov.audit("r-1"),
    "history": lambda gov, _: gov.history(HOUSE),
    "replay": lambda gov, _: gov.replay(HOUSE, 1),
    "waiting_for": lambda gov, _: gov.waiting_for("r-1"),
    "diagram": lambda gov, _: gov.diagram("r-1"),
    "find_requests": lambda gov, _: gov.find_requests(text="no"),
    "inbox": lambda gov, _: gov.inbox("carol"),
    "verify": lambda gov, _: gov.verify(),
}


def ready(url: str) -> Governance:
    """Open governance over a store, for the first time in this process."""
    return Governance.open(url, mutations=MUTATIONS, policies=[require_approval(count=1)], directory=OpenDirectory())


def furnish(url: str, note: Path) -> None:
    """Put a pending and an approved request into a store, and write down the digest of the first."""
    with ready(url) as gov:
        gov.create_state(HOUSE, Roles())
        note.write_text(gov.submit(AddTeam(team="a"), to=HOUSE, by="bob", request_id="r-1").digest)
        second = gov.submit(AddTeam(team="b"), to=HOUSE, by="bob", request_id="r-2")
        gov.approve("r-2", by="carol", digest=second.digest)


def starved(call: Callable[[], object]) -> str:
    """Give what a call raises while no file descriptor is free."""
    held: list[int] = []
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        return raised(call)
    finally:
        for each in held:
            os.close(each)


def raised(call: Callable[[], object]) -> str:
    """Give what a call raises, by the name of its class."""
    try:
        call()
    except PlacetError as error:
        return type(error).__name__
    except BaseException as error:  # noqa: BLE001 - to be told by whoever asked
        return f"raw {error!r}"
    return ""


def apart(work: Callable[[], object]) -> None:
    """Do something in a process of its own, so that it is the first time there."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        work()
    finally:
        sys.stdout.flush()
        os._exit(0)


def told(name: str, call: Callable[[], object]) -> None:
    """Print what a call raises, first starved and then not."""
    sys.stdout.write(f"{name} {starved(call) or '-'} {raised(call) or '-'}\n")


def first_call(name: str, url: str, digest: str) -> None:
    """Open a store, and call a method for the first time."""
    gov = ready(url)
    told(name, lambda: CALLS[name](gov, digest))


def main(folder: Path) -> None:
    """Call everything."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    for url in ("memory:", "sqlite:///:memory:", f"sqlite:///{folder}/new.db"):
        apart(partial(told, "open", partial(ready, url)))
    for name in CALLS:
        url, digest = f"sqlite:///{folder}/{name}.db", folder / name
        apart(partial(furnish, url, digest))
        apart(partial(first_call, name, url, digest.read_text()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

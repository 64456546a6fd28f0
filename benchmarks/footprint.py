"""What placet takes before and beside its work: time to import, memory of each request that is kept."""

import gc
import statistics
import subprocess
import sys
import time
import tracemalloc

from benchmarks.counting import in_unit
from benchmarks.operations import made
from benchmarks.world import World

ALONE = "from pydantic import BaseModel; from transitions import Machine"
"""What a program imports anyway that has models and a state machine; pydantic loads lazily, so its class is named."""


def import_seconds(statement: str) -> float:
    """Give the seconds that a fresh interpreter takes for a statement, less those of one that does nothing."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    done = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return done - begun - (time.perf_counter() - done)


def import_ratio(rounds: int) -> float:
    """Give how much longer `import placet` takes than pydantic and transitions alone, by medians of turns."""
    import_seconds("import placet")  # writes the bytecode
    pairs = [(import_seconds("import placet"), import_seconds(ALONE)) for _ in range(rounds)]
    return statistics.median(one for one, _ in pairs) / statistics.median(other for _, other in pairs)


class Import:
    version = "1"
    less_is_better = True
    timeout = 300

    def timeraw_import_placet(self) -> str:
        return "import placet"

    def timeraw_import_pydantic_and_transitions_alone(self) -> str:
        return ALONE

    @in_unit("times")
    def track_ratio(self) -> float:
        """Give the ratio of the two, by medians of 7 turns."""
        return import_ratio(7)

    @in_unit("modules")
    def track_modules(self) -> int:
        """Give how many modules `import placet` loads; the same on every run."""
        code = "import sys; before = len(sys.modules); import placet; print(len(sys.modules) - before)"
        run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        return int(run.stdout)


class Memory:
    """Over the memory store, which keeps every request alive: pending ones, with their terms and their trail."""

    version = "1"
    less_is_better = True
    requests = 200

    def setup(self) -> None:
        self.world = World(exact=True)
        made("request submitted", self.world, 3)[0]()
        self.actions = made("request submitted", self.world, self.requests)

    def teardown(self) -> None:
        self.world.close()

    @in_unit("bytes")
    def track_bytes_per_live_request(self) -> int:
        """Give the bytes that stay taken for each request submitted."""
        gc.collect()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for action in self.actions:
                action()
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        return (after - before) // self.requests

    @in_unit("blocks")
    def track_blocks_per_live_request(self) -> float:
        """Give the blocks of memory that stay taken; differs by a little from run to run, see `counting.objects`."""
        gc.collect()
        before = sys.getallocatedblocks()
        for action in self.actions:
            action()
        gc.collect()
        return (sys.getallocatedblocks() - before) / self.requests

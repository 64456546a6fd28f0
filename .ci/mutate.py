"""Mutation testing: mutmut, and what it lacks for this code. Used like it: `python .ci/mutate.py run [NAME ...]`.

- mutmut leaves decorated functions alone, and most rules of the lifecycle are: here the decorator stays on the function
  that chooses the mutant, and comes off the mutants.
- mutmut forks when everything is imported: mutants of what runs at import get a process of their own.
- One mutant is held to the quickest tests of each file that reach it, so that a survivor does not take minutes.
"""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from traceback import format_exc
from typing import Any

import libcst as cst
import pytest
from _pytest.config import _prepareconfig
from mutmut import __main__ as mutmut
from mutmut.configuration import config as settings
from mutmut.mutation import file_mutation
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.runners.harness import PytestRunner
from mutmut.state import state
from mutmut.utils.file_utils import change_cwd
from mutmut.utils.format_utils import mangled_name_from_mutant_name
from mutmut.workers.isolation import ForkRunner

DECORATORS = {"rule", "property", "cached_property", "contextmanager"}
"""Which may stay on the outside."""

SECONDS = float(os.environ.get("MUTANT_SECONDS", "40"))
"""How long the tests that one mutant is held to may take together."""

AT_IMPORT_HELD_TO = ("tests/test_taxonomy.py", "tests/test_lifecycle.py")
"""Files whose tests mutants of what runs at import are held to."""

CLEAN = "nothing"
"""What is mutated when the tests are tried without a mutant."""

SUSPICIOUS = 35
"""How a mutant ends, in mutmut's words, that neither survived nor was killed by a test."""

RUNS_AT_IMPORT = """
import os; os.environ["MUTANT_UNDER_TEST"] = "stats"
import placet, placet.store.sqlite
from mutmut.state import state; print(*state()._stats, sep="\\n")
"""

_skips = MutationVisitor._skip_node_and_children
_arranged = file_mutation.function_trampoline_arrangement
_run_tests = PytestRunner.run_tests
_collect = mutmut.collect_or_load_stats
_at_import: set[str] = set()
_reach: Counter[str] = Counter()
_collected: list["Collected"] = []


def _decorated(node: cst.CSTNode) -> bool:
    if not isinstance(node, cst.FunctionDef) or len(node.decorators) != 1:
        return False
    decorator = node.decorators[0].decorator
    return isinstance(decorator, cst.Name) and decorator.value in DECORATORS


def skips(visitor: MutationVisitor, node: cst.CSTNode) -> bool:
    """Let decorated functions be mutated."""
    return False if _decorated(node) else _skips(visitor, node)


def arranged(function: cst.FunctionDef, mutants: Iterable[Any], class_name: str | None) -> tuple[Any, ...]:
    """Take the decorator off the mutants and the copy of the original."""
    declared, nodes, assigned, names = _arranged(function, mutants, class_name)
    if _decorated(function):
        nodes = [nodes[0], *(node.with_changes(decorators=[]) for node in nodes[1:])]
    return declared, nodes, assigned, names


def in_turn(tests: Iterable[str]) -> list[str]:
    """Give tests with those first that reach little else, in turn with the next quickest of each file."""
    tests, took = set(tests), state().duration_by_test
    files: dict[str, list[str]] = defaultdict(list)
    for test in sorted(tests, key=lambda test: (took[test], test)):
        files[test.partition("::")[0]].append(test)
    plain = sorted(tests, key=lambda test: (_reach[test], took[test], test))
    varied = filter(None, chain.from_iterable(zip_longest(*files.values())))
    return list(dict.fromkeys(chain.from_iterable(zip(plain, varied, strict=True))))


def quickest(tests: Iterable[str]) -> set[str]:
    """Choose as many tests, of each file in turn, as there is time for."""
    chosen, left = set(), SECONDS
    for test in in_turn(tests):
        if left > 0:
            chosen.add(test)
            left -= state().duration_by_test[test] + 0.002  # what pytest takes for each
    return chosen


def collect(*arguments: Any, **options: Any) -> None:  # noqa: ANN401 - mutmut's own
    """Collect which tests reach what, and keep the quickest for each function."""
    _collect(*arguments, **options)
    env = {**os.environ, "PYTHONPATH": str(Path("mutants/src").absolute())}
    done = subprocess.run([sys.executable, "-c", RUNS_AT_IMPORT], env=env, check=True, capture_output=True, text=True)  # noqa: S603
    _at_import.update(done.stdout.split())
    reached, took = state().tests_by_mangled_function_name, state().duration_by_test
    _reach.update(chain.from_iterable(reached.values()))
    for function in {*reached, *_at_import}:
        reached[function] = quickest(reached[function])
        if function in _at_import:  # what no test reaches is not even tried
            reached[function] |= quickest(name for name in took if name.startswith(AT_IMPORT_HELD_TO))


class Collected:
    """The tests, collected once, to be run in forks: each ends at the first that fails."""

    function = folder = ""

    def __init__(self) -> None:
        arguments = ["--rootdir=.", "-qqq", "-s", "--tb=no", *settings().pytest_add_cli_args]
        with change_cwd("mutants"):
            self.config = _prepareconfig([*arguments, *settings().pytest_add_cli_args_test_selection])
            self.config._do_configure()
            self.session = pytest.Session.from_config(self.config)
            self.config.hook.pytest_sessionstart(session=self.session)
            self.items = {item.nodeid: item for item in self.session.perform_collect()}
        self.killers = Path("mutants/killers.txt").absolute()
        self.config.pluginmanager.register(self)
        for test, item in self.items.items():  # a mutant may let threads wait for each other for ever
            item.add_marker(pytest.mark.timeout(5 + 10 * state().duration_by_test[test]))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """End this process at the first test that fails: to clean up after it might take for ever."""
        if report.failed:
            with self.killers.open("a", encoding="utf-8") as file:
                file.write(f"{self.function} {report.nodeid}\n")
            if self.function == CLEAN:
                print(report.nodeid, report.longreprtext, sep="\n", file=sys.__stderr__)
            rmtree(self.folder, ignore_errors=True)
            os._exit(1)

    def run(self, function: str, tests: Sequence[str]) -> int:
        """Run tests in this process until one fails; those first that killed another mutant of the function."""
        self.function = function
        known = self.killers.read_text("utf-8").splitlines() if self.killers.exists() else []
        first = [line.partition(" ")[2] for line in known if line.partition(" ")[0] == function]
        chosen = [self.items[test] for test in dict.fromkeys([*reversed(first), *in_turn(tests)]) if test in self.items]
        with TemporaryDirectory(ignore_cleanup_errors=True) as self.folder, change_cwd("mutants"):
            self.config._tmp_path_factory._basetemp = Path(self.folder)
            for item, after in zip(chosen, [*chosen[1:], None], strict=True):
                self.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        return 0


def run_tests(runner: PytestRunner, *, mutant_name: str | None, tests: Sequence[str]) -> int:
    """Run tests in this process, and again in one of its own where the mutant must be there at import."""
    if mutant_name is None:
        return _run_tests(runner, mutant_name=mutant_name, tests=tests)
    function = mangled_name_from_mutant_name(mutant_name)
    try:
        failed = _collected[0].run(function, tests)
    except BaseException:  # noqa: BLE001 - mutmut would take it for a kill, though no test failed
        with Path("mutants/suspicious.txt").open("a", encoding="utf-8") as file:
            file.write(f"{mutant_name}\n{format_exc()}\n")
        return SUSPICIOUS
    if failed or function not in _at_import:
        return failed
    arguments = [*runner._pytest_args_regular_run(AT_IMPORT_HELD_TO), *runner._pytest_add_cli_args]
    env = {**os.environ, "MUTANT_UNDER_TEST": mutant_name, "PYTHONPATH": str(Path("mutants/src").absolute())}
    done = subprocess.run(  # noqa: S603 - as above
        [sys.executable, "-m", "pytest", *arguments], cwd="mutants", env=env, check=False, capture_output=True
    )
    return min(done.returncode, 1)  # that nothing can even be collected is a kill, too


def run_clean_tests(_: ForkRunner, tests: Iterable[str]) -> int:
    """Collect the tests before the first fork, and see in one that all of them pass without a mutant."""
    _collected.append(Collected())
    child = os.fork()
    if not child:
        set_mutant_under_test("")
        os._exit(_collected[0].run(CLEAN, [*tests] or [*_collected[0].items]))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    os.environ.setdefault("HYPOTHESIS_PROFILE", "mutation")
    MutationVisitor._skip_node_and_children = skips
    file_mutation.function_trampoline_arrangement = arranged
    PytestRunner.run_tests = run_tests
    ForkRunner.run_clean_tests = run_clean_tests
    mutmut.collect_or_load_stats = collect
    mutmut.cli()

"""The benchmarks measure what their names say, count the same twice, and add up."""

import importlib
import itertools
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from benchmarks import counting, gate, parts, stock
from benchmarks.budgets import __main__ as budgets
from benchmarks.budgets.crowds import fairness
from benchmarks.cost import FAMILIES, InMemory
from benchmarks.operations import OPERATIONS, PATHS, made, status_of
from benchmarks.staging import ROADS, STAGES, Staged
from benchmarks.world import MEMORY, SQLITE, World

ROOT = Path(__file__).parent.parent
BUILT_FOR_MINUTES = "sizes"


@pytest.fixture(scope="module")
def found() -> list[Any]:
    """Every benchmark that asv finds."""
    discovery = importlib.import_module("asv_runner.discovery")
    return list(discovery.disc_benchmarks(str(ROOT / "benchmarks")))


def test_asv_finds_every_family_and_an_edit_hides_no_history(found: list[Any]) -> None:
    families = {each.name.split(".")[0] for each in found}
    assert families >= {
        *("cost", "footprint", "handoff", "loading", "orchestration", "orchestration_sqlite"),
        *("recording", "resolution", "road", "scale"),
    }
    assert {each.name for each in found if each.version != "1"} == set()


def test_every_path_is_measured_over_both_stores(found: list[Any]) -> None:
    for family in ("orchestration", "orchestration_sqlite"):
        measured = {each.func.__self__.path for each in found if each.name.split(".")[0] == family}
        assert measured == set(PATHS)


@pytest.mark.parametrize(("path", "store"), list(itertools.product(OPERATIONS, [MEMORY, SQLITE])))
def test_a_step_comes_to_the_status_that_its_name_says(path: str, store: str) -> None:
    with World(store) as world:
        results = [action() for action in made(path, world, 2)]
        replayed = {getattr(result, "replayed", False) for result in results}
        assert {status_of(result) for result in results} == {OPERATIONS[path].ends}
        assert replayed == {path == "executed request replayed"}
        assert world.gov.verify().ok


@pytest.mark.parametrize(
    ("path", "code", "outcome"),
    [
        ("approved request executed", "executed", "unchanged"),
        ("approved request rejected as stale before execution", "stale", "stale"),
        ("approved request revalidated and then executed", "revalidated", "unchanged"),
        ("approved request sent back to renewed approval", "approval_renewed", "renew_approval"),
        ("approved request executed as its effect is preserved", "executed", "same_effect"),
        ("approved request blocked by policy", "blocked", "unchanged"),
        ("executed request replayed", "executed", "unchanged"),
    ],
)
def test_a_path_is_taken_as_its_name_says(path: str, code: str, outcome: str) -> None:
    with World() as world:
        (action,) = made(path, world, 1)
        done = action()
        assert done.resolution.outcome == outcome
        assert code in {each.code for each in world.gov.decisions(done.request.id)}


@pytest.mark.parametrize("family", FAMILIES)
def test_figures_are_the_same_on_every_run(family: type[InMemory]) -> None:
    path = "approved request executed"

    def measured() -> dict[str, int]:
        figures = {}
        for name in (each for each in dir(family) if each.startswith("track_")):
            benchmark = family()
            benchmark.setup(path)
            figures[name] = getattr(benchmark, name)(path)
            benchmark.teardown(path)
        return figures

    first = measured()
    assert first == measured()
    assert min(first.values()) > 0


def test_one_more_call_one_more_statement_and_one_more_object_are_seen() -> None:
    with World(SQLITE, exact=True) as world:
        (action,) = made("request submitted", world, 1)
        (other,) = made("request submitted", world, 1)
        kept: list[object] = []

        def more(act: Callable[[], object]) -> object:
            world.connections[0].execute("SELECT 1")
            kept.append([])
            return act()

        for counter in (counting.python_calls, counting.objects):
            before = counter(partial(len, ()))
            assert counter(partial(more, list)) > before
        assert counting.statements(partial(more, action), world) == counting.statements(other, world) + 1


@pytest.mark.parametrize("path", ROADS)
def test_the_stages_come_to_the_same_end_and_add_up_to_the_whole(path: str) -> None:
    with World() as world:
        staged = Staged(world, path, made(path, world, 2))
        staged.until("end")
        assert staged.statuses() == {PATHS[path].ends}
        assert world.gov.verify().ok
    stages, whole = parts.counted(path, counting.python_calls)
    assert len(stages) == len(STAGES)
    assert 0.9 * whole < sum(stages) < whole


def test_the_tables_are_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["parts", "--quick"])
    parts.main()
    assert "remainder" in capsys.readouterr().out
    monkeypatch.setattr(
        budgets,
        "MEASURES",
        {each: sizes for each, sizes in budgets.MEASURES.items() if each.__name__ in {"in_memory", "stock_triggers"}},
    )
    monkeypatch.setattr(sys, "argv", ["budgets", "--quick"])
    budgets.main()
    assert "governed execution in memory / two bare triggers" in capsys.readouterr().out


@pytest.mark.exhaustive
@pytest.mark.parametrize("measure", [each for each in budgets.MEASURES if each.__name__ != BUILT_FOR_MINUTES])
def test_each_side_of_a_budget_is_measured(measure: Callable[[int], dict[str, float]]) -> None:
    sides = measure(budgets.MEASURES[measure][True])
    used = {name for each in budgets.BUDGETS for name in (each.side, each.base)}
    assert set(sides) <= used
    assert all(value >= 0 for value in sides.values())


def test_a_budget_is_met_from_the_side_it_is_meant() -> None:
    most, least = (budgets.Budget("", "a", "b", 1.3, 2.0 if least else 1.0, least=least) for least in (False, True))
    rounds = [{"a": 3.0, "b": 2.0}, {"a": 1.0, "b": 2.0}, {"a": 2.0, "b": 2.0}]
    assert (most.ratio(rounds, min), most.verdict(1.2), most.verdict(0.9)) == (0.5, "met", "moonshot")
    assert (least.verdict(1.2), least.verdict(1.4), least.verdict(2.1)) == ("over budget", "met", "moonshot")


def test_fairness_is_judged_at_the_moment_when_the_first_is_done() -> None:
    fast = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]
    slow = [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 8.0)]
    assert fairness([fast, slow]) == 0.5


def test_a_large_store_verifies_and_its_requests_can_be_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "KEPT", tmp_path)
    with World(SQLITE, file=stock.stocked(130)) as world:
        assert str(world.gov.verify()) == "requests: 130, states: 113, all as they were written"
        (pending,) = [each for each in world.gov.find_requests(status="pending") if each.id.endswith("65")]
        assert status_of(world.execute(world.voted(pending))) == "executed"
        assert world.gov.verify().ok
    assert len(list(tmp_path.glob("*.db"))) == 1


class TestGate:
    OLD = {"A.track_opcodes(x)": 1000, "A.track_wal_bytes(x)": 1000, "A.track_commits(x)": 1, "A.gone(x)": 5}

    @pytest.mark.parametrize(
        ("figures", "worse"),
        [
            ({"A.track_opcodes(x)": 1004, "A.track_wal_bytes(x)": 1050, "A.track_commits(x)": 1}, []),
            ({"A.track_opcodes(x)": 1006, "A.track_commits(x)": 0}, ["A.track_opcodes(x)"]),
            ({"A.track_wal_bytes(x)": 1051}, ["A.track_wal_bytes(x)"]),
            ({"A.track_commits(x)": 2}, ["A.track_commits(x)"]),
            ({"A.new(x)": 2_000_000}, []),
        ],
    )
    def test_what_grew_beyond_its_factor_is_named(self, figures: dict[str, int], worse: list[str]) -> None:
        assert gate.grown(self.OLD, figures) == worse

    @pytest.mark.parametrize(("said", "passes"), [([], False), (["Cost: it does more"], True)])
    def test_growth_passes_only_with_a_reason(
        self, said: list[str], passes: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(gate, "reasons", lambda _: said)
        assert gate.judge("0123456789", self.OLD, {"A.track_opcodes(x)": 1200}) is passes
        shown = capsys.readouterr().out
        assert "x1.200" in shown
        assert all(each in shown for each in said)

    def test_without_history_there_is_nothing_to_compare_with(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        monkeypatch.setattr(gate, "ROOT", tmp_path)
        monkeypatch.setattr(sys, "argv", ["gate"])
        gate.main()
        assert "not compared" in capsys.readouterr().out
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
        for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
            subprocess.run([*git, *command], cwd=tmp_path, check=True)
        gate.main()
        assert "no commit before this one" in capsys.readouterr().out

    def test_what_has_the_same_source_is_not_measured_again(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(gate, "_lines", lambda *_: [])
        assert gate.compare(["0123456789"])
        assert capsys.readouterr().out == "cost since 01234567: src is the same\n"

    def test_what_was_recorded_stands_in_for_a_source_that_has_another_name(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        last = "75056e6d"  # of the package's former name
        figures = gate.recorded(last) or {}
        assert figures["InMemory.track_python_calls(approved request executed)"] == 582
        monkeypatch.setattr(gate, "_importable", lambda _: False)
        monkeypatch.setattr(gate, "_changed", lambda: True)
        monkeypatch.setattr(gate, "_measuring", lambda _: None)
        monkeypatch.setattr(gate, "_measured", lambda _: {name: 2 * value for name, value in figures.items()})
        monkeypatch.setattr(gate, "reasons", lambda _: [])
        assert not gate.compare([last])
        assert "x2.000" in capsys.readouterr().out
        assert gate.compare(["0" * 40])
        assert "no figures are recorded" in capsys.readouterr().out

    def test_a_repository_that_git_cannot_read_is_no_reason_to_pass(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / ".git").mkdir()
        monkeypatch.setattr(gate, "ROOT", tmp_path)
        monkeypatch.setattr(sys, "argv", ["gate"])
        with pytest.raises(subprocess.CalledProcessError):
            gate.main()

    def test_the_figures_of_a_source_are_those_that_asv_would_find(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(InMemory, "params", [["approved request canceled"]])
        monkeypatch.setattr("benchmarks.cost.FAMILIES", (InMemory,))
        names = ["track_objects_kept", "track_opcodes", "track_python_calls"]
        assert list(gate.figures()) == [f"InMemory.{name}(approved request canceled)" for name in names]

    def test_what_is_recorded_names_commits_and_the_machine_that_all_share(self) -> None:
        recorded = [json.loads(each.read_text()) for each in (ROOT / "benchmarks/results/ref").glob("*-*.json")]
        assert recorded
        assert {each["params"]["machine"] for each in recorded} == {"ref"}


def test_every_dependency_is_pinned_where_history_is_recorded() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[><=]", each)[0] for each in project["dependencies"]}
    pinned = json.loads((ROOT / "asv.conf.json").read_text())["matrix"]["req"]
    assert set(pinned) - {"hatchling"} == wanted
    assert {len(versions) for versions in pinned.values()} == {1}


def test_the_floor_is_every_call_of_the_libraries_in_one_execution() -> None:
    taken, whole = importlib.import_module("benchmarks.floor").measured(2)
    assert {kind: calls for kind, (calls, _) in taken.items() if "SHA" in kind or "record" in kind} == {
        "SHA-256": 14,
        "pydantic: read a record": 5,
    }
    assert whole > 0
    assert all(microseconds >= 0 for _, microseconds in taken.values())

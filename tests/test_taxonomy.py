"""The page of decisions and refusals says what the machine does."""

import inspect
from pathlib import Path

from placet import Governance, taxonomy
from placet.errors_table import KINDS, REFUSALS
from placet.lifecycle.table import LIFECYCLE
from placet.lifecycle.transition import Trigger
from placet.model.trail import Code

DOCS = Path(__file__).parent.parent / "docs"


def test_the_committed_page_is_what_the_table_gives() -> None:
    assert (DOCS / "decisions.md").read_text("utf-8") == taxonomy.page()


def test_every_code_of_a_decision_is_on_it_once_for_each_row() -> None:
    drawn = taxonomy.decisions().splitlines()[2:]
    assert len(drawn) == len(LIFECYCLE.rows)
    assert {line.split("`")[1] for line in drawn} == set(Code)


def test_every_rule_says_in_words_what_it_demands() -> None:
    for line in taxonomy.refusals().splitlines()[2:]:
        code, words, methods, kind, status, ends, way_out = (cell.strip() for cell in line.strip("|").split("|"))
        assert code.strip("`").isidentifier()
        assert words.endswith(".")
        assert methods
        assert KINDS[kind.strip("`")] == (int(status), int(ends))
        assert way_out


def test_the_table_of_the_readme_is_what_the_errors_have() -> None:
    assert taxonomy.summary() in (DOCS.parent / "README.md").read_text("utf-8")


def test_each_rule_of_the_lifecycle_has_one_row_and_no_row_is_unused() -> None:
    rules = {rule.code for row in LIFECYCLE for rule in row.guard.rules}
    assert set(REFUSALS) == rules | {"no_transition", taxonomy.MUST_WAIT}
    assert all(row.code == code for code, row in REFUSALS.items())


def test_what_a_refusal_tells_to_call_is_a_method() -> None:
    for trigger in Trigger:
        assert inspect.isfunction(getattr(Governance, trigger.method)), trigger

"""The page of decisions and refusals says what the machine does."""

from pathlib import Path

from placet import taxonomy
from placet.lifecycle.table import LIFECYCLE
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
        code, words, triggers = (cell.strip() for cell in line.strip("|").split("|"))
        assert code.strip("`").isidentifier()
        assert words.endswith(".")
        assert triggers

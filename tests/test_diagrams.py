"""The drawn lifecycle is the table."""

import re

from signoff.diagrams import mermaid
from signoff.lifecycle.table import LIFECYCLE
from signoff.lifecycle.transition import Trigger
from signoff.model.request import TERMINAL, Status

ARROW = re.compile(r"^    (\S+) --> (\S+)(?: : (.+))?$", re.MULTILINE)


def drawn(text: str) -> set[tuple[str, str, str]]:
    """Read a diagram back as (source, trigger, target)."""
    return {
        (source, trigger, target)
        for source, target, triggers in ARROW.findall(text)
        for trigger in (triggers.split(", ") if triggers else [""])
    }


def test_every_arrow_of_the_table_is_drawn_and_no_other() -> None:
    expected = {("[*]", "", "created")} | {(status, "", "[*]") for status in TERMINAL}
    for row in LIFECYCLE:
        if row.trigger in {Trigger.CANCEL, Trigger.EXPIRE, Trigger.SUPERSEDE}:
            expected.add(("open", row.trigger, row.target or ""))
        elif row.trigger is not Trigger.COMMENT:
            expected |= set(row.arrows())
    assert drawn(mermaid()) == expected


def test_what_can_be_said_in_every_status_is_a_note() -> None:
    (row,) = (row for row in LIFECYCLE if row.trigger is Trigger.COMMENT)
    assert set(row.sources) == set(Status) - {Status.RESOLVING}
    assert row.target is None
    assert "    note right of open : comment, in every status\n" in mermaid()


def test_what_can_befall_any_open_request_starts_in_open_statuses_only() -> None:
    for row in LIFECYCLE:
        if row.trigger in {Trigger.CANCEL, Trigger.EXPIRE, Trigger.SUPERSEDE}:
            assert not set(row.sources) & TERMINAL
            assert Status.RESOLVING not in row.sources


def test_a_part_of_the_table_can_be_drawn() -> None:
    rows = [row for row in LIFECYCLE if row.trigger is Trigger.SUBMIT]
    assert {arrow for arrow in drawn(mermaid(rows)) if arrow[1]} == {("created", "submit", "pending")}


def test_it_is_a_mermaid_state_diagram() -> None:
    text = mermaid()
    assert text.startswith("stateDiagram-v2\n")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert all(len(line) < 120 for line in text.splitlines())

"""The model check: every world that the lifecycle can come to, and what holds in all of them."""

from placet.modelcheck.commit import AbstractStore
from placet.modelcheck.report import CounterExample, Report
from placet.modelcheck.search import check

__all__ = ["AbstractStore", "CounterExample", "Report", "check"]

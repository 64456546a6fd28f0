"""The model check: every world that the lifecycle can come to, and what holds in all of them."""

from signoff.modelcheck.commit import AbstractStore
from signoff.modelcheck.report import CounterExample, Report
from signoff.modelcheck.search import check

__all__ = ["AbstractStore", "CounterExample", "Report", "check"]

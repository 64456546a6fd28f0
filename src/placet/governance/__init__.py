"""Governance: submission, approval, resolution, execution and reading back, over a store."""

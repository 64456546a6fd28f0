"""The core mutation runtime: policies, checks, apply, change sets. Usable alone, knows nothing of requests."""

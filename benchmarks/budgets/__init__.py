"""`python -m benchmarks.budgets`: what governance may cost, as ratios to what there is without it, taken in one run."""

"""What governance costs, measured: see docs/benchmarks.md. `asv` finds every class here whose methods it knows by name."""

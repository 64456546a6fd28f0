"""What governance costs, measured; docs/benchmarks.md says how. asv finds classes by the names of their methods."""

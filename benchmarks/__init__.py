"""What governance costs, measured; docs/benchmarks.md says how. asv finds every class here by the names of its methods."""

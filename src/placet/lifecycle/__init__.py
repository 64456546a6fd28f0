"""The life of a request: one table, pure guards, and the machine that runs them."""

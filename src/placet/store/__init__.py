"""Where requests, states and their trails are kept: one small port, and its adapters."""

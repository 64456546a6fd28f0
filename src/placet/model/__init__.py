"""The words of placet as frozen types, canonical JSON and digests. No I/O, no clock."""

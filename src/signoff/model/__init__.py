"""The words of signoff as frozen types, canonical JSON and digests. No I/O, no clock."""

"""Any JSON value, for hypothesis, and an oracle of its own for what is the same JSON."""

import json
from typing import Any

from hypothesis import strategies as st

Json = Any

KEYS = st.sampled_from(
    ["", "a", "b", "/", "~", "~1", "a/b", "~0/", "0", "-", "é", "e\u0301", "self", "model_config"]
) | st.text(max_size=5)
SCALARS: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400, 0.0, -0.0, 1.0, 1e16, 1e22, 5e-324, 1e-7]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["null", "\u212b", "A\u030a", "\x7f", "\u2028", "\U0001f600", "\\", '"', "\t\x00"]),
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS: st.SearchStrategy[dict[str, Json]] = st.dictionaries(KEYS, VALUES, max_size=5)


def exact(value: Json) -> str:
    """Write a JSON value so that 1, 1.0, true, 0.0 and -0.0 differ and the order of keys does not."""
    return json.dumps(value, sort_keys=True)


def nested(levels: int, leaf: Json = 1) -> Json:
    """Give a list in a list in a list ..."""
    value = leaf
    for _ in range(levels):
        value = [value]
    return value

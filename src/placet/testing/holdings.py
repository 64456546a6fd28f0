"""Everything a store holds, to compare what was before with what is after."""

from collections.abc import Iterator

from placet.model.trail import Ledger
from placet.store.port import REQUESTS, STATES, TERMS, Reader, Store

_PAGE = 500
"""How many ids are read at once."""


def contents(store: Store) -> dict[str, object]:
    """Give everything a store holds, read through the port: two stores that give the same here hold the same.

    Args:
        store: the store.
    """
    with store.view() as reader:
        return contents_of(reader)


def contents_of(reader: Reader) -> dict[str, object]:
    """Give everything that a view, or a unit of work, sees of a store.

    Args:
        reader: the view, or the unit.
    """
    found: dict[str, object] = {f"request {each}": reader.request(each) for each in _keys(reader, REQUESTS)}
    found |= {f"state {each}": reader.state(each) for each in _keys(reader, STATES)}
    found |= {f"terms {each}": list(reader.terms(each)) for each in _keys(reader, TERMS)}
    return found | {
        f"{ledger} {each}": list(reader.links(ledger, each)) for ledger in Ledger for each in _keys(reader, ledger)
    }


def _keys(reader: Reader, table: str) -> Iterator[str]:
    after = ""
    while page := reader.keys(table, after, _PAGE):
        yield from page
        after = page[-1]

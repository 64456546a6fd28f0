"""placet beside its peers: `python -m benchmarks.peers`; see README.md."""


class _Unwalked(list[str]):
    """Where the modules of this package are, for imports; whoever walks through packages takes it for none.

    asv imports all it finds in search of benchmarks. Here are none, and most peers are not installed.
    """

    def __bool__(self) -> bool:
        return False


__path__ = _Unwalked(__path__)

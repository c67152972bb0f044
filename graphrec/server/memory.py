"""How much memory a local server takes: enough for the graph, modest enough to run beside training."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

_MIB = 1 << 20


@dataclass(frozen=True)
class Memory:
    """Sizes in MiB. `initial` is what the heap starts with, `heap` what it may grow to."""

    initial: int
    heap: int
    page_cache: int


def for_machine(total: int | None = None) -> Memory:
    """Sizes for a machine with that many bytes of memory.

    A sixth for the heap (512 MiB to 4 GiB), a twelfth for the pages of the store (128 MiB to 2 GiB).
    """
    total = psutil.virtual_memory().total if total is None else total
    heap = _between(total // 6 // _MIB, 512, 4096)
    return Memory(initial=min(heap, 256), heap=heap, page_cache=_between(total // 12 // _MIB, 128, 2048))


def small() -> Memory:
    """Sizes for a throw-away server."""
    full = for_machine()
    return Memory(initial=128, heap=min(full.heap, 1536), page_cache=min(full.page_cache, 512))


def for_import() -> Memory:
    """Sizes for the bulk importer, which takes as much again beside its heap."""
    return Memory(initial=256, heap=min(for_machine().heap, 1024), page_cache=256)


def _between(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))

"""Memory for machines of all sizes."""

from __future__ import annotations

import pytest

from graphrec.server.memory import for_machine

GIB = 1 << 30


@pytest.mark.parametrize(
    ("total", "heap", "page_cache"),
    [(2 * GIB, 512, 170), (4 * GIB, 682, 341), (24 * GIB, 4096, 2048), (256 * GIB, 4096, 2048)],
)
def test_a_share_of_the_machine_within_limits(total: int, heap: int, page_cache: int):
    found = for_machine(total)
    assert (found.heap, found.page_cache) == (heap, page_cache)
    assert found.initial <= found.heap
    assert (found.heap + found.page_cache) << 20 < total / 2

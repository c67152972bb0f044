"""Parts of a request that are timed: into the metrics, and as spans where traces are sent.

A plain list has none, so that nothing is added to what takes a third of a millisecond.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphrec.service.app import Service


@contextmanager
def stage(service: Service, name: str) -> Iterator[None]:
    """Time a block: `rank`, `graph`, `draft`, `body` or `journal`. Microseconds."""
    begun = time.perf_counter()
    try:
        with service.tracing.span(name) if service.tracing else nullcontext():
            yield
    finally:
        service.metrics.stage(name, time.perf_counter() - begun)

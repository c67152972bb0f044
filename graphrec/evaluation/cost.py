"""What a piece of work costs: seconds, and how much more memory the process held at its most."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

EVERY = 0.01
"""Seconds between two looks at the memory."""


@dataclass
class Cost:
    """Known once the work has ended. `memory`: bytes; memory that was freed before and is taken again doesn't show."""

    seconds: float = 0.0
    memory: int = 0


@contextmanager
def cost() -> Iterator[Cost]:
    """The cost of a block."""
    found, process, ended = Cost(), psutil.Process(), threading.Event()
    before = process.memory_info().rss

    def look() -> None:
        while not ended.wait(EVERY):
            found.memory = max(found.memory, process.memory_info().rss - before)

    watching = threading.Thread(target=look, name="graphrec-cost", daemon=True)
    watching.start()
    start = time.perf_counter()
    try:
        yield found
    finally:
        found.seconds = round(time.perf_counter() - start, 3)
        ended.set()
        watching.join()
        found.memory = max(found.memory, process.memory_info().rss - before)

"""Progress that a library function tells, as bars: one for each thing it does, with its rate."""

from __future__ import annotations

import time

from rich.progress import Progress, TaskID


class Watch:
    """Takes (what, done, total) and keeps a bar for each `what`."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, tuple[TaskID, float]] = {}

    def tell(self, what: str, done: int, total: int) -> None:
        """How much of a thing is done."""
        now = time.monotonic()
        if what not in self._tasks:
            self._tasks[what] = (self._bar.add_task(what, total=total, rate=""), now)
        task, started = self._tasks[what]
        seconds = now - started
        rate = f"{done / seconds:,.0f}/s" if seconds > 0.2 else ""
        self._bar.update(task, completed=done, total=total, rate=rate)

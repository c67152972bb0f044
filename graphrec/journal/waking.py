"""From a thread back to the event loop in one turn of it instead of two.

asyncio's own future sets the result in one turn and wakes up who waits in the next. On a loop that is never idle a turn
takes as long as all the requests that came meanwhile: an event waited 6 ms for its answer after it was on the disk.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")
Woken = tuple[Callable[[Any], object], Context | None]


class _Waking(asyncio.Future[T]):
    """Wakes up who waits for it within the call that brings the result."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._woken: list[Woken] = []
        super().add_done_callback(lambda _: self._wake())  # however it ends; a cancellation comes this way

    def add_done_callback(self, fn: Callable[[Any], object], /, *, context: Context | None = None) -> None:
        if self.done():
            super().add_done_callback(fn, context=context)
        else:
            self._woken.append((fn, context))

    def remove_done_callback(self, fn: Callable[[Any], object], /) -> int:
        kept = [woken for woken in self._woken if woken[0] != fn]
        n_removed, self._woken = len(self._woken) - len(kept), kept
        return n_removed + super().remove_done_callback(fn)

    def take(self, done: concurrent.futures.Future[T]) -> None:
        """Take over how another future ended. Within the loop."""
        if self.done():  # nobody waits any more
            return
        error = done.exception()
        if error is not None:
            self.set_exception(error)
        else:
            self.set_result(done.result())
        self._wake()

    def _wake(self) -> None:
        woken, self._woken = self._woken, []
        for fn, context in woken:
            if context is None:
                fn(self)
            else:
                context.run(fn, self)


async def awaited(future: concurrent.futures.Future[T]) -> T:
    """What a thread's future gives. Its exception, if it ends with one; who no longer waits doesn't cancel it."""
    loop = asyncio.get_running_loop()
    waking: _Waking[T] = _Waking(loop)

    def tell(done: concurrent.futures.Future[T]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left
            loop.call_soon_threadsafe(waking.take, done)

    future.add_done_callback(tell)
    return await waking

"""Group commit: one thread writes what many callers want written, with one commit for all who wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from graphrec.errors import JournalError

Wanted = TypeVar("Wanted")
Answer = TypeVar("Answer")

MOST_CALLS = 1_000
"""Calls that share a commit, so that the first of them needn't wait for a queue that grows."""


class Groups(Generic[Wanted, Answer]):
    """`write` gets all that was wanted while it last ran and gives an answer or an exception for each.

    A caller alone waits for one commit and never for company: what comes during a commit is in the next one.
    """

    def __init__(self, write: Callable[[Sequence[Wanted]], Sequence[Answer | Exception]], name: str) -> None:
        self._write = write
        self._waiting: list[tuple[Wanted, Future[Answer]]] = []
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, wanted: Wanted) -> Future[Answer]:
        """The answer to come. JournalError after `close`."""
        future: Future[Answer] = Future()
        with self._changed:
            if self._closed:
                raise JournalError("the journal is closed in this process; open it again to append")
            self._waiting.append((wanted, future))
            self._changed.notify()
        return future

    def close(self) -> None:
        """Write what waits, and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while group := self._next():
            running = [(wanted, future) for wanted, future in group if future.set_running_or_notify_cancel()]
            if running:
                self._answer(running)

    def _next(self) -> list[tuple[Wanted, Future[Answer]]]:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            group, self._waiting = self._waiting[:MOST_CALLS], self._waiting[MOST_CALLS:]
            return group

    def _answer(self, group: list[tuple[Wanted, Future[Answer]]]) -> None:
        try:
            answers = self._write([wanted for wanted, _ in group])
        except Exception as error:
            answers = [error] * len(group)
        for (_, future), answer in zip(group, answers, strict=True):
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

"""Impressions and outcomes taken from the request at once, and written by one thread a process in batches."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

from graphrec.errors import GraphrecError
from graphrec.experiments.events import Impression, Outcome
from graphrec.experiments.store import Store

log = logging.getLogger(__name__)

MOST_WAITING = 50_000
"""Events that may wait; more are dropped and counted, so that a slow disk never stops a request."""

MOST_AT_ONCE = 2000
"""Events of one transaction."""

EVERY = 0.2
"""Seconds between transactions: what a killed process loses."""

Event = Impression | Outcome


class Recorder:
    """The writer of one process; make it after a worker process was forked, close it before the process ends.

    `dropped`: events that found the queue full. `failed`: attempts to write that ended in an error; they are repeated.
    `written`: events that the store took.
    """

    def __init__(self, store: Store, *, most_waiting: int = MOST_WAITING, every: float = EVERY) -> None:
        self.store = store
        self.dropped = 0
        self.failed = 0
        self.written = 0
        self._every = every
        self._queue: queue.Queue[Event] = queue.Queue(most_waiting)
        self._forgotten: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="graphrec-recorder", daemon=True)
        self._thread.start()

    def record(self, event: Event) -> bool:
        """Take an event, and say whether there was room. Never waits, never raises; about a microsecond."""
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self.dropped += 1
            return False
        return True

    def forget(self, user_id: str) -> None:
        """Let the writer delete what is recorded of a user, what waits at this moment included. Never waits."""
        self._forgotten.put(user_id)

    def waiting(self) -> int:
        """Events that aren't taken up by the writer yet."""
        return self._queue.qsize()

    def flush(self, patience: float = 10.0) -> bool:
        """Wait until all that was recorded is written; False if that takes longer than `patience` seconds."""
        until = time.monotonic() + patience
        while self._queue.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.005)
        return not self._queue.unfinished_tasks

    def close(self, patience: float = 10.0) -> bool:
        """Write what waits and stop; False if something had to be left."""
        self._closing.set()
        self._thread.join(patience)
        return not self._queue.unfinished_tasks

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._closing.wait(self._every) or not (self._queue.empty() and self._forgotten.empty()):
            forgotten = self._take_forgotten()
            while batch := self._take():
                if not self._write(batch):
                    return
                for _ in batch:
                    self._queue.task_done()
            self._forget(forgotten)

    def _take_forgotten(self) -> list[str]:
        """Whom to forget once all that was recorded before is written."""
        found: list[str] = []
        with suppress(queue.Empty):
            while True:
                found.append(self._forgotten.get_nowait())
        return list(dict.fromkeys(found))

    def _forget(self, user_ids: Sequence[str]) -> None:
        """Delete what is written of users; those for whom it fails come again, unless the process ends."""
        for user_id in user_ids:
            try:
                self.store.forget(user_id)
            except Exception as error:  # whatever it is must not end the thread
                self.failed += 1
                log.warning("what is recorded of a user can't be deleted yet: %s", type(error).__name__)
                if not self._closing.is_set():
                    self._forgotten.put(user_id)

    def _take(self) -> list[Event]:
        batch: list[Event] = []
        while len(batch) < MOST_AT_ONCE:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write(self, batch: Sequence[Event]) -> bool:
        """Write a batch, again and again where it can't be; False if the process wants to end before that works."""
        while True:
            try:
                self.store.write(
                    [event for event in batch if isinstance(event, Impression)],
                    [event for event in batch if isinstance(event, Outcome)],
                )
                self.written += len(batch)
                return True
            except GraphrecError as error:
                self.failed += 1
                log.warning("%d events of experiments wait: %s", len(batch), error)
                if self._closing.wait(1.0):
                    return False
            except Exception:  # a defect must not end the thread, and the same batch would fail again
                self.dropped += len(batch)
                log.exception("%d events of experiments are dropped", len(batch))
                return True

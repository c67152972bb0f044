"""The drain: the one process at a time that brings the journal's events into Neo4j, in their order."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from graphrec.graph import Graph
from graphrec.journal.delivery import deliver
from graphrec.journal.journal import Journal, Stats

BATCH = 1_000
GATHER_S = 0.25
"""Between two batches, unless more waits than one holds: a transaction of many events costs little more than one of a
single event, and answers don't wait for Neo4j."""
TAKE_OVER_S = 0.5
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0
ASK_S, DELIVER_S = 2.0, 30.0
"""How long Neo4j may take to say that it is there, and for a transaction. A batch of BATCH takes it about a second."""

_log = logging.getLogger(__name__)


class Drain:
    """A thread that delivers while it holds the lock beside the journal, and waits for the lock while another does.

    Start one in every process that has the journal open: when the one that drains dies, another goes on. A batch is
    marked only after Neo4j has acknowledged its commit; what was cut off between is delivered again, and Neo4j's log
    of events knows it. `trouble` says what is being waited for, None if nothing is; `told` is called where that or
    `drains` changes.
    """

    def __init__(
        self,
        journal: Journal,
        graph: Graph,
        *,
        batch: int = BATCH,
        told: Callable[[Drain], None] = lambda _: None,
    ) -> None:
        self.journal = journal
        self.graph = graph.within(DELIVER_S)
        self.batch = batch
        self._n = batch
        self.trouble: str | None = None
        self.drains = False
        self._told = told
        self._wait_s = 0.0
        self._stopping = threading.Event()
        self._lock = FileLock(lock_of(journal.path), thread_local=False, mode=0o600)
        self._thread = threading.Thread(target=self._run, name=f"drain {journal.path.name}", daemon=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Begin, in a thread of its own."""
        self._thread.start()
        return self

    def stop(self, seconds: float | None = None) -> bool:
        """End after the batch that is on its way; False if that takes longer than the time given.

        Where Neo4j went away within a batch it may take half a minute, unless the graph is closed. Nothing is lost.
        """
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def stats(self) -> Stats:
        """As the journal's, whoever drains."""
        return self.journal.stats()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._lock.acquire(timeout=0):
                    self._drain()
            except Timeout:
                self._stopping.wait(TAKE_OVER_S)
            except OSError as error:
                self._note(error)
                self._stopping.wait(LONGEST_WAIT_S)

    def _drain(self) -> None:
        self._set(drains=True, trouble=self.trouble)
        try:
            while not self._stopping.is_set():
                self._stopping.wait(self._pass())
        finally:
            self._set(drains=False, trouble=self.trouble)

    def _pass(self) -> float:
        """Deliver one batch; how many seconds to wait for the next. No error ends the drain: it may be over later."""
        try:
            n_delivered = self._deliver()
            self.journal.prune()
        except Exception as error:
            self._note(error)
            self._n = max(1, self._n // 2)  # it may be that Neo4j is too slow for so many at once
            self._wait_s = min(LONGEST_WAIT_S, max(FIRST_WAIT_S, 2 * self._wait_s))
            return self._wait_s
        self._note(None)
        is_full = n_delivered >= self._n
        self._wait_s, self._n = 0.0, min(self.batch, 2 * self._n)
        return 0.0 if is_full else GATHER_S

    def _deliver(self) -> int:
        entries = self.journal.read_after(self.journal.delivered_sequence(), self._n)
        if entries:
            self.graph.within(ASK_S).verify()  # at once, where the driver would try a transaction for half a minute
            refused = deliver(self.graph, entries)
            self.journal.mark_delivered(entries[-1].sequence, refused)
            for sequence in refused:  # the reason may hold ids; it stands in the journal, not in a log
                _log.warning("event %d of %s is put aside; its table `refused` says why", sequence, self.journal.path)
        return len(entries)

    def _note(self, error: Exception | None) -> None:
        told = str(error) if error else None
        if told and not self.trouble:
            _log.warning("events wait in %s: %s", self.journal.path, told)
        elif self.trouble and not told:
            _log.warning("events of %s are delivered again", self.journal.path)
        if told != self.trouble:
            self._set(drains=self.drains, trouble=told)

    def _set(self, *, drains: bool, trouble: str | None) -> None:
        self.drains, self.trouble = drains, trouble
        self._told(self)


def lock_of(journal: Path) -> Path:
    """The file whose lock the one process holds that drains a journal."""
    return journal.with_name(journal.name + ".drain")

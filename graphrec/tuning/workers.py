"""Trials in processes of their own, each with its share of the cores."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from graphrec.errors import ModelError
from graphrec.models.products import N_THREADS
from graphrec.tuning.trial import News, Objective, Outcome, Stopped, attempt

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What the libraries read, once, for how many threads to start."""


@dataclass(frozen=True, eq=False)
class Worker:
    """A process that runs one trial after the other."""

    process: SpawnProcess
    pipe: Connection

    def meet(self) -> None:
        """Wait until it has started. ModelError where it can't: then no trial is to blame."""
        try:
            self.pipe.recv()
        except (EOFError, ConnectionError):
            raise ModelError(
                "a process for trials ended before it began (its own error is above); a program that asks for jobs "
                'does so under `if __name__ == "__main__":`; or ask for one job'
            ) from None

    def give(self, settings: Mapping[str, Any]) -> None:
        """Start a trial."""
        self._send(settings)

    def hear(self) -> News | Outcome:
        """The next that it says; news want an `answer`. A process that ended, ends its trial too."""
        try:
            said = self.pipe.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            return Outcome(reason=f"its process ended with status {self.process.exitcode}; is the memory enough?")
        if isinstance(said, Exception):
            raise said
        return said  # type: ignore[no-any-return]

    def answer(self, stopped: Stopped | None) -> None:
        """Let the trial go on, or end it."""
        self._send(stopped)

    def is_alive(self) -> bool:
        """Whether it can run another trial."""
        return self.process.is_alive()

    def _send(self, value: Any) -> None:
        with suppress(ConnectionError):  # it died meanwhile: the next that is heard of it says so
            self.pipe.send(value)


class Crew:
    """`n` workers; one that died is replaced."""

    def __init__(self, objective: Objective, n: int) -> None:
        self._objective = objective
        self._n_threads = max(1, N_THREADS // n)
        self._workers: list[Worker] = []
        try:
            for _ in range(n):
                self._workers.append(self._start())
            for worker in self._workers:
                worker.meet()
        except BaseException:
            self.stop()
            raise

    def free(self, busy: Mapping[Worker, Any]) -> Worker | None:
        """A worker that has nothing to do, if there is one."""
        for n, worker in enumerate(self._workers):
            if worker not in busy:
                if not worker.is_alive():
                    self._workers[n] = self._start()
                    self._workers[n].meet()
                return self._workers[n]
        return None

    def stop(self) -> None:
        """End all, in the middle of whatever they do."""
        for worker in self._workers:
            worker.process.kill()
            worker.process.join()
            worker.pipe.close()

    def _start(self) -> Worker:
        context = multiprocessing.get_context("spawn")  # a fork would copy locks that other threads hold
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(self._objective, theirs), daemon=True)
        with _threads(self._n_threads):
            process.start()
        theirs.close()
        return Worker(process, ours)


@contextmanager
def crew(objective: Objective, n: int) -> Iterator[Crew]:
    """Workers, gone afterwards."""
    found = Crew(objective, n)
    try:
        yield found
    finally:
        found.stop()


def serve(objective: Objective, pipe: Connection) -> None:
    """What a worker does: settings in, an outcome out, and news between, each of which is answered."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def tell(news: News) -> None:
        pipe.send(news)
        stopped = pipe.recv()
        if stopped:
            raise stopped

    pipe.send("here")
    while True:
        settings = pipe.recv()
        try:
            pipe.send(attempt(objective, settings, tell))
        except Exception as error:
            pipe.send(error)


def _end_with_parent() -> None:
    """A parent that was killed can't stop its workers."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
    os._exit(1)


@contextmanager
def _threads(n: int) -> Iterator[None]:
    """Processes that start in the block use so many threads."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, str(n)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

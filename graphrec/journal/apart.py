"""The drain in a process of its own, so that what it does takes no turns away from the answers of a service.

    python -m graphrec.journal.apart JOURNAL HOME

The two talk in lines: the process tells what it is at and what it would log, and ends when its input does, whether the
one that started it closed it or is gone. A batch that is cut off is delivered again.
"""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TextIO

from filelock import FileLock, Timeout

from graphrec.connect import connect, environment_of
from graphrec.graph import Graph
from graphrec.journal.drain import TAKE_OVER_S, Drain, lock_of
from graphrec.journal.journal import Journal

FINISH_S = 3.0
"""How long, at the end, Neo4j may take for the batch that is on its way."""
START_AGAIN_S = 2.0

_log = logging.getLogger(__name__)


class DrainApart:
    """Keeps a drain running in a process of its own, as long as no other process drains the same journal.

    `trouble`: what it waits for, None for nothing. `drains`: whether it is this one that brings events to Neo4j.
    """

    def __init__(self, journal: Path, graph: Graph) -> None:
        self.journal = journal
        self.graph = graph
        self.trouble: str | None = None
        self.drains = False
        self._lock = FileLock(lock_of(journal), thread_local=False, mode=0o600)
        self._process: subprocess.Popen[str] | None = None
        self._changing = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"drain of {journal.name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self, seconds: float = 2 * FINISH_S) -> bool:
        """End it after the batch that is on its way, or by force after so long: what was cut off is delivered again."""
        with self._changing:
            self._stopping.set()
            process = self._process
        if process is not None and process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._is_free():
                    self._start()
                    self._stopping.wait(START_AGAIN_S)
                else:
                    self._stopping.wait(TAKE_OVER_S)
            except OSError as error:
                _log.warning("the process that brings events to Neo4j can't be started: %s", error)
                self._stopping.wait(START_AGAIN_S)

    def _is_free(self) -> bool:
        try:
            with self._lock.acquire(timeout=0):
                return True
        except Timeout:
            return False

    def _start(self) -> None:
        """Start the process, and take in what it tells until it has ended."""
        with self._changing:
            if self._stopping.is_set():
                return
            command = [sys.executable, "-m", __spec__.name, str(self.journal), str(self.graph.home)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment_of(self.graph), text=True
            )
        with self._process as process:
            assert process.stdout is not None
            for line in process.stdout:
                self._take(json.loads(line))
        self.drains, self.trouble = False, None
        if not self._stopping.is_set():
            _log.warning("the process that brings events to Neo4j ended and is started again; nothing is lost")

    def _take(self, told: dict[str, Any]) -> None:
        if "log" in told:
            _log.log(told["level"], "%s", told["log"])
        else:
            self.drains, self.trouble = told["drains"], told["trouble"]


class _Lines(logging.Handler):
    """What the process tells, a line each."""

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._out = out
        self._writing = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        self.tell(log=record.getMessage(), level=record.levelno)

    def tell(self, **told: Any) -> None:
        with self._writing, suppress(BrokenPipeError):  # who started this one is gone: it ends soon
            print(json.dumps(told), file=self._out, flush=True)


def main() -> None:
    """Drain until the input ends. Signals to a whole group are for who started this one."""
    journal, home = map(Path, sys.argv[1:3])
    for sent in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sent, signal.SIG_IGN)
    lines = _Lines(sys.stdout)
    logging.basicConfig(handlers=[lines], level=logging.WARNING)
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    with Journal(journal) as opened, connect(home, start=False) as graph:
        drain = Drain(opened, graph, told=lambda it: lines.tell(drains=it.drains, trouble=it.trouble)).start()
        sys.stdin.read()
        if not drain.stop(FINISH_S):
            graph.close()  # it waits for a Neo4j that hangs


if __name__ == "__main__":
    main()

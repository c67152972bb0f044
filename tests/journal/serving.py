"""A process that appends what it is told and drains, as one of a service's workers.

Processes are forked from one that has imported everything, so that a start takes milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from graphrec.graph import Graph
from graphrec.journal import Drain, Journal
from graphrec.server import Home

_processes = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
if sys.platform != "win32":
    _processes.set_forkserver_preload(["graphrec.graph", "graphrec.journal", "graphrec.server"])


class Worker:
    """Such a process, seen from outside."""

    def __init__(self, journal: Path, uri: str, home: Home) -> None:
        self._pipe, its_end = _processes.Pipe()
        self.process = _processes.Process(target=work, args=(its_end, journal, uri, home), daemon=True)
        self.process.start()
        its_end.close()

    def send(self, events: list[dict[str, Any]]) -> None:
        """Tell it to append, without waiting for the answer."""
        self._pipe.send(events)

    def is_acknowledged(self) -> bool:
        """Wait for its next answer; False if it has died without one."""
        try:
            return bool(self._pipe.recv() == "appended")
        except (EOFError, ConnectionError):
            return False

    def kill(self) -> bool:
        """Kill it; whether it had answered once more than was read."""
        self.process.kill()
        told = self.is_acknowledged()
        self.process.join()
        self._pipe.close()
        return told

    def end(self) -> int | None:
        """Let it end by itself; its exit status."""
        self._pipe.close()
        self.process.join(timeout=60)
        return self.process.exitcode


def work(pipe: Connection, path: Path, uri: str, home: Home) -> None:
    """Append and drain until the other end is closed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    known = home.credentials()
    with (
        Graph(uri, known.user, known.password, home=home.root) as graph,
        Journal(path) as journal,
        Drain(journal, graph, batch=250),
    ):
        while events := _told(pipe):
            journal.append(events)
            pipe.send("appended")


def _told(pipe: Connection) -> list[dict[str, Any]] | None:
    try:
        events: list[dict[str, Any]] = pipe.recv()
        return events
    except EOFError:
        return None

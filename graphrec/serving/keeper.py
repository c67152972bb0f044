"""Keeps a state up to date: events of every process as they come, and a new version once its lists are prepared."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Self

from graphrec.errors import BehindError, GraphrecError
from graphrec.graph import Graph
from graphrec.journal import Journal
from graphrec.serving.lists import lists_folder
from graphrec.serving.state import MODEL, State, load_state
from graphrec.versions import ModelVersion, current
from graphrec.versions.files import has_files

TAIL_S = 0.1
WATCH_S = 2.0
AT_ONCE = 5_000

_log = logging.getLogger(__name__)


class Keeper:
    """`state` is None until it has been read once. `trouble` says why Neo4j can't be reached, None while it can.

    Two threads: one follows the journal every tenth of a second, one looks at Neo4j every two. A new state is made
    beside the old one and takes its place in one step, so a request sees one or the other, whole.
    """

    def __init__(self, graph: Graph, journal: Journal) -> None:
        self.graph = graph
        self.journal = journal
        self.state: State | None = None
        self.trouble: str | None = "Neo4j hasn't been asked yet"
        self._told = ""
        self._sequence = 0
        self._swapping = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(work, seconds), name=name, daemon=True)
            for name, work, seconds in (("watch", self._watch, WATCH_S), ("tail", self._tail, TAIL_S))
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def reload(self) -> None:
        """Read the graph anew, and take in what the journal holds beyond it."""
        sequence = self.journal.delivered_sequence()
        state = load_state(self.graph)
        with self._swapping:
            self._sequence, self.state = self._caught_up(state, sequence), state

    def _repeat(self, work: Callable[[], None], seconds: float) -> None:
        while not self._stopping.is_set():
            try:
                work()
            except GraphrecError as error:
                if str(error) != self._told:
                    _log.warning("%s", error)
                self._told = str(error)
            except Exception:
                _log.exception("a step that keeps the state up to date failed; it is tried again")
            self._stopping.wait(seconds)

    def _watch(self) -> None:
        try:
            self.graph.verify()
            live = current(self.graph, MODEL)
            if self.state is None or _differ(live, self.state.version):
                self._make_lists(live)
                self.reload()
            self.trouble = None
        except GraphrecError as error:
            self.trouble = str(error)
            raise

    def _make_lists(self, live: ModelVersion | None) -> None:
        """In a process of its own, which has the memory that it takes for as long as it takes."""
        if live is None or not has_files(self.graph, live) or lists_folder(self.graph.home, live).is_dir():
            return
        command = [sys.executable, "-m", "graphrec.serving.prepare", str(self.graph.home)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            _log.warning("the lists of version %d can't be prepared: %s", live.version, done.stderr.strip()[-500:])

    def _tail(self) -> None:
        with self._swapping:
            if self.state is None:
                return
            try:
                self._sequence = self._caught_up(self.state, self._sequence)
                return
            except BehindError:
                _log.warning("this process fell behind the journal and reads the graph anew")
        self.reload()

    def _caught_up(self, state: State, sequence: int) -> int:
        """The last sequence number, its event and all before it taken in."""
        while entries := self.journal.read_after(sequence, AT_ONCE):
            for entry in entries:
                state.apply(entry.event, counts=True)
            sequence = entries[-1].sequence
        return sequence


def _differ(live: ModelVersion | None, known: ModelVersion | None) -> bool:
    return (live and live.version) != (known and known.version)

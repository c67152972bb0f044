"""Keeps a state up to date: what every process writes, as it comes, and a new version once its lists are prepared."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from graphrec.errors import BehindError, GraphrecError, PipelineError
from graphrec.graph import Graph
from graphrec.journal import CHANGE, Entry, Journal
from graphrec.serving.lists import lists_folder
from graphrec.serving.pipeline import Pipeline
from graphrec.serving.state import MODEL, State, load_state
from graphrec.serving.warm import warm, warm_queries
from graphrec.versions import ModelVersion, current
from graphrec.versions.files import has_files

TAIL_S = 0.1
WATCH_S = 2.0
AT_ONCE = 5_000
ASK_S, READ_S = 2.0, 60.0
"""How long Neo4j may take to say which version is live, and for one of the queries that read the graph."""
AGAIN_S = 30.0
"""Until lists that couldn't be made are tried again."""
SETTLE_S, SETTLE_SHARE = 60.0, 10.0
"""Between two readings of the graph because somebody opted out or in, the most, and how many times as long as the last
reading took: contexts move no list meanwhile."""
PATIENCE_S = 60.0
"""Until the graph is read again for a pipeline that asks for what items don't have."""

_log = logging.getLogger(__name__)


class Keeper:
    """`state` is None until it has been read once. `trouble` says why Neo4j can't be reached, or the pipeline doesn't
    fit the graph; None where all is well.

    `told` is called with every change that the journal brings, after it was taken in; it must not wait.

    Two threads: one follows the journal every tenth of a second, one looks at Neo4j every two; at the start a third has
    queries planned. A new state is made beside the old one, warmed up, and takes its place in one step, so a request
    sees one or the other, whole.
    """

    def __init__(
        self,
        graph: Graph,
        journal: Journal,
        pipeline: Pipeline | None = None,
        told: Callable[[Mapping[str, Any]], None] = lambda change: None,
    ) -> None:
        self.graph = graph
        self.journal = journal
        self.pipeline = pipeline
        self.state: State | None = None
        self.trouble: str | None = "Neo4j hasn't been asked yet"
        self._told = ""
        self._tell = told
        self._read_anew = 0
        self._refused: tuple[float, PipelineError] | None = None
        self._not_before = 0.0
        self._settle_after = 0.0
        self._delivered = 0
        self._swapping = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._begin("watch", self._repeat, self._watch, WATCH_S)
        self._begin("tail", self._repeat, self._tail, TAIL_S)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self, seconds: float | None = None) -> bool:
        """Let every thread end after the step that it is at; False if one takes longer than the time given."""
        self._stopping.set()
        for thread in self._threads:  # the list itself: the first of them may have begun one more
            thread.join(seconds)
        return not any(thread.is_alive() for thread in self._threads)

    def reload(self) -> None:
        """Read the graph anew, and take in what the journal holds beyond it."""
        began = time.monotonic()
        self._settle_after = began + SETTLE_S
        sequence = self.journal.delivered_sequence()
        state = self._read()
        state.sequence = sequence
        if self._read_anew <= sequence:
            self._read_anew = 0
        warm(state)
        with self._swapping:
            self._catch_up(state)
            self.trouble = None  # it was read; whoever sees the state is told no trouble of before
            self.state = state
        took = time.monotonic() - began
        self._settle_after = began + took + min(SETTLE_S, SETTLE_SHARE * took)
        _settle()

    def catch_up(self) -> None:
        """Take in what the journal holds at this moment, in its order. BehindError as `Journal.read_after`."""
        with self._swapping:
            if self.state is not None:
                self._catch_up(self.state)

    def owes(self) -> bool:
        """Whether somebody has opted out or in and Neo4j doesn't know it yet, so that its answers mustn't be told."""
        consented = self.state.consented if self.state is not None else 0
        if consented > self._delivered:
            self._delivered = self.journal.delivered_sequence()
        return consented > self._delivered

    def _read(self) -> State:
        """The graph's state. Reading it takes long, so what the pipeline refuses isn't read again at once."""
        if self._refused is not None and time.monotonic() < self._refused[0]:
            raise self._refused[1]
        try:
            return load_state(self.graph.within(READ_S), self.pipeline)
        except PipelineError as error:
            self._refused = time.monotonic() + PATIENCE_S, error
            raise

    def _begin(self, name: str, work: Callable[..., None], *told: Any) -> None:
        thread = threading.Thread(target=work, args=told, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)  # once it can be joined: `stop` may come in between

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
            near = self.graph.within(ASK_S)
            near.verify()
            live = current(near, MODEL)
            if self.state is None:
                self._first()
            elif not self._is_of(live) and time.monotonic() >= self._not_before:
                self._take_over(live)
            elif self._is_unsettled() or self._is_outdated():
                self.reload()
            self.trouble = None
        except GraphrecError as error:
            self.trouble = str(error)
            raise

    def _is_of(self, live: ModelVersion | None) -> bool:
        """Whether the state is of the version that is live, with its lists where they can be made here."""
        if self.state is None or (live and live.version) != (self.state.version and self.state.version.version):
            return False
        return live is None or len(self.state.lists.items) > 0 or not has_files(self.graph, live)

    def _is_unsettled(self) -> bool:
        """Whether contexts are still counted with somebody who has opted out, or without somebody who came back."""
        if self.state is None or not self.state.consented or time.monotonic() < self._settle_after:
            return False
        return not self.owes()

    def _is_outdated(self) -> bool:
        """Whether the journal said to read the graph anew, and Neo4j has all that stands before it."""
        return 0 < self._read_anew <= self.journal.delivered_sequence()

    def _first(self) -> None:
        """Where there is no state yet, one without lists answers until they are made, which may take minutes."""
        self.reload()
        self._begin("warm queries", self._warm_queries, self.state)

    def _take_over(self, live: ModelVersion | None) -> None:
        """A version takes the place of another once it has lists; where they can't be made it is tried again later."""
        made = self._make_lists(live)
        self._not_before = 0.0 if made else time.monotonic() + AGAIN_S
        if made and not self._stopping.is_set():
            self.reload()

    def _warm_queries(self, state: State) -> None:
        """Once answers are given, and beside them, so that nobody waits for it."""
        try:
            warm_queries(self.graph.within(READ_S), state, self._stopping)
        except GraphrecError as error:
            _log.info("the queries for lists can't be tried: %s", error)

    def _make_lists(self, live: ModelVersion | None) -> bool:
        """Whether there are lists, or none are wanted. They are made in a process of its own, which has the memory that
        it takes for as long as it takes."""
        if live is None or not has_files(self.graph, live) or lists_folder(self.graph.home, live).is_dir():
            return True
        command = [sys.executable, "-m", "graphrec.serving.prepare", str(self.graph.home)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            told = self._told_by(process)
        if process.returncode and not self._stopping.is_set():
            _log.warning("the lists of version %d can't be prepared: %s", live.version, told.strip()[-500:])
        return process.returncode == 0

    def _told_by(self, process: subprocess.Popen[str]) -> str:
        """What a process says on its way; it ends with this one."""
        while True:
            try:
                return process.communicate(timeout=TAIL_S)[1]
            except subprocess.TimeoutExpired:
                if self._stopping.is_set():
                    process.kill()

    def _tail(self) -> None:
        try:
            self.catch_up()
        except BehindError:
            _log.warning("this process fell behind the journal and reads the graph anew")
            self.reload()

    def _catch_up(self, state: State) -> None:
        while entries := self.journal.read_after(state.sequence, AT_ONCE):
            for entry in entries:
                state.take(entry)
                if entry.what == CHANGE:
                    self._note(entry)

    def _note(self, entry: Entry) -> None:
        """Pass a change on, and remember one that says to read the graph anew."""
        if entry.event["what"] == "read_anew":
            self._read_anew = max(self._read_anew, entry.sequence)
        self._tell(entry.event)


def _settle() -> None:
    """Let the collector of garbage pass over what stays: it would look through all of it again and again while
    requests wait."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()

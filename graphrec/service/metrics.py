"""Numbers for Prometheus: requests, latencies, strategies, stages, the journal, the version. Nothing personal.

Where `shared_numbers` has named a folder before the start, several workers keep their numbers in files there, and each
gives the sums of all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from graphrec.service.shared import FOLDER

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

GAUGES: Mapping[str, tuple[str, str]] = {
    "journal_waiting": ("livemostrecent", "Events that Neo4j hasn't got yet."),
    "journal_refused": ("livemostrecent", "Events that Neo4j refused for good."),
    "journal_oldest_seconds": ("livemostrecent", "Age of the oldest event that waits."),
    "model_version": ("livemin", "The version that answers come from, 0 for none; the oldest of all workers'."),
    "model_age_seconds": ("livemax", "Since it was trained; the oldest of all workers'."),
    "degraded": ("livemax", "1 while a worker can't reach Neo4j."),
    "workers": ("livesum", "Workers that have read the graph."),
    "neo4j_sessions": ("livesum", "Sessions with Neo4j that are open, each with a connection of the driver's pool."),
    "threads_busy": ("livesum", "Threads that wait for Neo4j or a file on behalf of requests."),
    "threads_wanted": ("livesum", "Requests that wait for such a thread."),
    "recordings_waiting": ("livesum", "Shown lists and outcomes that aren't written yet."),
}
"""By name: how the values of several workers become one, and what it is."""


class Metrics:
    """The numbers of this process; in files that all workers read, where there are several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        here = self.registry
        self._known: dict[tuple[str, str, int, str | None], tuple[Counter, tuple[Histogram, ...]]] = {}
        self._requests = Counter("graphrec_requests", "Requests answered.", ["method", "path", "status"], registry=here)
        self._seconds = _histogram("request_seconds", "How long answers took.", "path", here)
        self._answers = _histogram("answer_seconds", "How long lists took, by what found them.", "strategy", here)
        self._stages = _histogram("stage_seconds", "Parts of requests that are more than a plain list.", "stage", here)
        self._lag = Histogram(
            "graphrec_queue_seconds", "How long a request waits for its turn.", buckets=SECONDS, registry=here
        )
        self._events = Counter("graphrec_events", "Events taken, new and repeated.", ["what"], registry=here)
        self._changes = Counter("graphrec_changes", "Changes and answers taken.", ["what"], registry=here)
        self._recordings = Counter(
            "graphrec_recordings", "Shown lists and outcomes: written, dropped, and tries that failed.", ["what"],
            registry=here,
        )  # fmt: skip
        self._gauges = {
            name: Gauge(f"graphrec_{name}", text, registry=here, multiprocess_mode=mode)  # type: ignore[arg-type]
            for name, (mode, text) in GAUGES.items()
        }

    def request(self, method: str, path: str, status: int, *, strategy: str | None, seconds: float) -> None:
        """Count a request, and the list that it gave, if it gave one."""
        named = method, path, status, strategy
        found = self._known.get(named)
        if found is None:
            answers = (self._answers.labels(strategy),) if strategy else ()
            found = self._requests.labels(method, path, status), (self._seconds.labels(path), *answers)
            self._known[named] = found
        counter, histograms = found
        counter.inc()
        for histogram in histograms:
            histogram.observe(seconds)

    def stage(self, name: str, seconds: float) -> None:
        """Note how long a part of a request took."""
        self._stages.labels(name).observe(seconds)

    def lag(self, seconds: float) -> None:
        """Note how long it took until what was due had its turn."""
        self._lag.observe(seconds)

    def events(self, new: int, repeated: int) -> None:
        """Count events."""
        self._events.labels("new").inc(new)
        self._events.labels("repeated").inc(repeated)

    def changes(self, new: int, repeated: int) -> None:
        """Count changes of items and users, and the answers of new users."""
        self._changes.labels("new").inc(new)
        self._changes.labels("repeated").inc(repeated)

    def recordings(self, **more: int) -> None:
        """Count what became of recordings since the last time."""
        for what, n in more.items():
            self._recordings.labels(what).inc(n)

    def set(self, **gauges: float) -> None:
        """Say what is the case at this moment."""
        for name, value in gauges.items():
            self._gauges[name].set(value)

    def text(self) -> bytes:
        """All of it in Prometheus's format; of all workers, where there are several. Cost: reading their files."""
        folder = os.environ.get(FOLDER)
        if not folder:
            return generate_latest(self.registry)
        for pid in {path.stem.rpartition("_")[2] for path in Path(folder).glob("gauge_live*.db")}:
            if not psutil.pid_exists(int(pid)):
                with suppress(FileNotFoundError):  # another worker does the same
                    mark_process_dead(int(pid), folder)  # type: ignore[no-untyped-call]
        everything = CollectorRegistry()
        MultiProcessCollector(everything, path=folder)  # type: ignore[no-untyped-call]
        return generate_latest(everything)


def _histogram(name: str, text: str, label: str, registry: CollectorRegistry) -> Histogram:
    return Histogram(f"graphrec_{name}", text, [label], buckets=SECONDS, registry=registry)

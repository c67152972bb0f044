"""Numbers for Prometheus: requests, latencies, strategies, the journal, the version. Nothing personal."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Metrics:
    """One process's numbers; each worker tells its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        here = self.registry
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._requests = Counter("graphrec_requests", "Requests answered.", ["method", "path", "status"], registry=here)
        self._seconds = Histogram(
            "graphrec_request_seconds", "How long answers took.", ["path"], buckets=SECONDS, registry=here
        )
        self._answers = Counter("graphrec_answers", "Lists by what found them.", ["strategy"], registry=here)
        self._events = Counter("graphrec_events", "Events taken, new and repeated.", ["what"], registry=here)
        self._changes = Counter("graphrec_changes", "Changes and answers taken.", ["what"], registry=here)
        self._gauges = {
            name: Gauge(f"graphrec_{name}", text, registry=here)
            for name, text in {
                "journal_waiting": "Events that Neo4j hasn't got yet.",
                "journal_refused": "Events that Neo4j refused for good.",
                "journal_oldest_seconds": "Age of the oldest event that waits.",
                "model_version": "The version that answers come from, 0 for none.",
                "model_age_seconds": "Since it was trained.",
                "degraded": "1 while Neo4j can't be reached.",
            }.items()
        }

    def request(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        named = method, path, status
        if named not in self._known:
            self._known[named] = self._requests.labels(*named), self._seconds.labels(path)
        counter, histogram = self._known[named]
        counter.inc()
        histogram.observe(seconds)

    def answer(self, strategy: str) -> None:
        """Count a list."""
        self._answers.labels(strategy).inc()

    def events(self, new: int, repeated: int) -> None:
        """Count events."""
        self._events.labels("new").inc(new)
        self._events.labels("repeated").inc(repeated)

    def changes(self, new: int, repeated: int) -> None:
        """Count changes of items and users, and the answers of new users."""
        self._changes.labels("new").inc(new)
        self._changes.labels("repeated").inc(repeated)

    def text(self, **gauges: float) -> bytes:
        """All of it in Prometheus's format, with what is the case at this moment."""
        for name, value in gauges.items():
            self._gauges[name].set(value)
        return generate_latest(self.registry)

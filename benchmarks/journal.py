"""Appends to the journal a second, beside one commit an append; and its events a second into Neo4j.

    python benchmarks/journal.py                  both
    python benchmarks/journal.py --only append
    python benchmarks/journal.py --folder DIR     on the disk of that folder

An append is one event, and is on the disk (`synchronous=FULL`) when it returns, on both sides. The baseline is what one
writes first: each thread a connection of its own, and `BEGIN IMMEDIATE`, `INSERT OR IGNORE`, `COMMIT` for each event.
The drain goes into a small Neo4j of its own, which has most of the users and items already, and few of the pairs.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from graphrec import connect
from graphrec.graph import Graph
from graphrec.ingest.schema import ensure_schema
from graphrec.journal import Drain, Journal

THREADS = (1, 16)
BATCHES = (250, 500, 1_000, 2_000, 4_000)
N_USERS, N_ITEMS = 5_000, 5_000
TARGET = 2_000


def made(name: str, n: int, seed: int = 0) -> list[dict[str, Any]]:
    """Events of users and items, some of which are far more frequent than others."""
    rng = random.Random(seed)
    return [
        {
            "event_id": f"{name}-{k}",
            "user_id": f"u{int(N_USERS * rng.random() ** 2)}",
            "item_id": f"i{int(N_ITEMS * rng.random() ** 3)}",
            "kind": "listen",
            "device": "phone",
        }
        for k in range(n)
    ]


def rate(append: Callable[[dict[str, Any]], object], n_threads: int, seconds: float, name: str) -> float:
    """Appends a second of so many threads together."""
    end = time.perf_counter() + seconds

    def work(thread: int) -> int:
        n = 0
        while time.perf_counter() < end:
            append(made(f"{name}-{n_threads}-{thread}-{n}", 1)[0])
            n += 1
        return n

    started = time.perf_counter()
    with ThreadPoolExecutor(n_threads) as pool:
        total = sum(pool.map(work, range(n_threads)))
    return total / (time.perf_counter() - started)


class Plain:
    """One commit an append."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with closing(self._connect()) as db:
            db.execute("CREATE TABLE events (sequence INTEGER PRIMARY KEY, event_id TEXT UNIQUE, body TEXT)")
        self._connections: dict[int, sqlite3.Connection] = {}

    def append(self, event: dict[str, Any]) -> None:
        """Write an event."""
        me = threading.get_ident()
        db = self._connections.get(me) or self._connections.setdefault(me, self._connect())
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            "INSERT OR IGNORE INTO events (event_id, body) VALUES (?, ?)", (event["event_id"], json.dumps(event))
        )
        db.execute("COMMIT")

    def close(self) -> None:
        """Close every thread's connection."""
        for db in self._connections.values():
            db.close()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=60, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        return db


def measure_appends(folder: Path, seconds: float) -> str:
    """A Markdown table; the two sides by turns, three times, the median of each."""
    lines = ["| threads | one commit an append, events/s | journal, events/s | ratio | appends a commit |"]
    lines.append("|--:|--:|--:|--:|--:|")
    for n_threads in THREADS:
        plain, grouped, share = [], [], []
        for turn in range(3):
            baseline = Plain(folder / f"plain-{n_threads}-{turn}.sqlite")
            plain.append(rate(baseline.append, n_threads, seconds, "plain"))
            baseline.close()
            with Journal(folder / f"journal-{n_threads}-{turn}.sqlite") as journal:
                grouped.append(rate(lambda event, into=journal: into.append([event]), n_threads, seconds, "grouped"))
                share.append(journal.last_sequence() / journal.n_commits)
        slow, quick = sorted(plain)[1], sorted(grouped)[1]
        lines.append(f"| {n_threads} | {slow:,.0f} | {quick:,.0f} | {quick / slow:.2f} | {sorted(share)[1]:.1f} |")
    return "\n".join(lines) + "\n"


def measure_drain(folder: Path, n: int) -> str:
    """A Markdown table: events a second for some sizes of a batch of a backlog, after one that warms up."""
    lines = ["| events in a batch | drained, events/s | target |\n|--:|--:|--:|"]
    with connect.throwaway() as graph:
        ensure_schema(graph)
        drained(folder / "warm.sqlite", graph, made("warm", n), 1_000)
        for size in BATCHES:
            found = drained(folder / f"drain-{size}.sqlite", graph, made(f"drain-{size}", n, seed=size), size)
            print(f"  {size}: {found:,.0f} events/s", file=sys.stderr, flush=True)
            lines.append(f"| {size:,} | {found:,.0f} | {TARGET:,} |")
    return "\n".join(lines) + "\n"


def drained(path: Path, graph: Graph, events: list[dict[str, Any]], batch: int) -> float:
    """Events a second of a backlog."""
    with Journal(path) as journal:
        journal.append(events)
        started = time.perf_counter()
        with Drain(journal, graph, batch=batch):
            while journal.stats().waiting:
                time.sleep(0.02)
            seconds = time.perf_counter() - started
    return len(events) / seconds


def main() -> None:
    """Measure what is asked for and print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=["append", "drain"])
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run of appends")
    parser.add_argument("--events", type=int, default=20_000, help="that are drained in each run")
    parser.add_argument("--folder", type=Path, help="where the files lie (a temporary folder)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graphrec-bench-", dir=args.folder) as work:
        if args.only != "drain":
            print(measure_appends(Path(work), args.seconds))
        if args.only != "append":
            print(measure_drain(Path(work), args.events))


if __name__ == "__main__":
    main()

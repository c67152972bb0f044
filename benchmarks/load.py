"""Loading, reading back and writing vectors, measured against the ways that Neo4j's manual shows.

    python benchmarks/load.py --data DATA                    Gowalla and 10 million generated interactions
    python benchmarks/load.py --data DATA --only gowalla
    python benchmarks/load.py --memory                       the peak of 5 and of 20 million, all processes together

The baseline is `LOAD CSV … IN TRANSACTIONS` of 50,000 rows into a graph whose constraints exist, from files that hold
the same rows and properties. Clock (a): rows ready to rows stored, no start of a server on either side; of the bulk
importer the constraints are made afterwards, and counted. Clock (b): the raw file to the first answer, no server
running, no home there; the baseline's conversion to CSV counts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import generate
import numpy as np
import psutil

from graphrec import transfer
from graphrec.connect import connect
from graphrec.frames import Frames
from graphrec.graph import Graph
from graphrec.ingest import bulk
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.load import load
from graphrec.ingest.rows import open_rows
from graphrec.ingest.schema import ensure_schema
from graphrec.ingest.stats import read_stats
from graphrec.server import Home, destroy
from loaders import load_frames

TARGETS = {
    "gowalla": {"bulk (a)": 2.0, "bolt (a)": 1.3, "bolt again (a)": 0.8, "bulk (b)": 1.3},
    "generated": {"bulk (a)": 6.0, "bulk (b)": 4.0},
}
LOAD_USERS = "LOAD CSV WITH HEADERS FROM 'file:///users.csv' AS row CREATE (:User {user_id: row.user_id})"
LOAD_ITEMS = "LOAD CSV WITH HEADERS FROM 'file:///items.csv' AS row CREATE (:Item {item_id: row.item_id})"
LOAD_SUMS = """LOAD CSV WITH HEADERS FROM 'file:///sums.csv' AS row
CALL (row) {
  MATCH (u:User {user_id: row.user_id}) MATCH (i:Item {item_id: row.item_id})
  CREATE (u)-[:INTERACTED {kind: row.kind, count: toInteger(row.count), rating: toFloat(row.rating),
    first_at: toInteger(row.first_at), last_at: toInteger(row.last_at)}]->(i)
} IN TRANSACTIONS OF 50000 ROWS"""


@dataclass
class Clock:
    """Seconds by name."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Add what happens inside to a name, and say so."""
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
        print(f"  {name}: {self.seconds[name]:.1f} s", file=sys.stderr, flush=True)


def measure_loading(name: str, raw: Path, work: Path, with_bolt: bool) -> Clock:
    """Every way once, each in a home of its own."""
    clock = Clock()
    frames = load_frames(raw, staging=work / "frames")
    checksums = {"baseline": _baseline(raw, work, clock)}
    checksums["bulk (a)"] = _bulk_rows(frames, work, clock)
    checksums["bulk (b)"] = _bulk_raw(raw, work, clock)
    if with_bolt:
        checksums["bolt"] = _bolt(frames, work, clock)
    frames.discard()
    if len(set(checksums.values())) > 1:
        raise SystemExit(f"the graphs differ: {checksums}")
    return clock


def _baseline(raw: Path, work: Path, clock: Clock) -> str:
    home = Home.at(work / "baseline")
    home.make()
    with clock.time("baseline (b)"):
        _convert(raw, home.neo4j / "import", work)
        with connect(home.root) as graph:
            ensure_schema(graph)
            with clock.time("baseline (a)"), graph.session() as session:
                for statement in (LOAD_USERS, LOAD_ITEMS, LOAD_SUMS):
                    session.run(f"CYPHER 5 {statement}").consume()
            first_answer(graph)
    return _checksum_and_remove(home)


def _convert(raw: Path, out: Path, work: Path) -> None:
    """The raw file as three CSV files, the shortest way: DuckDB."""
    import duckdb

    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as db:
        db.execute("SET memory_limit = '2GB'")
        db.execute(f"SET temp_directory = '{work / 'spill'}'")
        db.execute(_adjacency(raw) if raw.is_dir() else _table(raw))
        for name, query in {
            "users": "SELECT DISTINCT user_id FROM sums",
            "items": "SELECT DISTINCT item_id FROM sums",
            "sums": "SELECT * FROM sums",
        }.items():
            db.execute(f"COPY ({query}) TO '{out / name}.csv' (HEADER)")


def _adjacency(folder: Path) -> str:
    return f"""CREATE TABLE sums AS
      SELECT words[1] AS user_id, unnest(words[2:]) AS item_id, 'interaction' AS kind, 1 AS count, NULL AS rating,
        NULL AS first_at, NULL AS last_at
      FROM (SELECT string_split(trim(line), ' ') AS words
            FROM read_csv('{folder}/train.txt', columns = {{'line': 'VARCHAR'}}, delim = '|', header = false))"""


def _table(path: Path) -> str:
    return f"""CREATE TABLE sums AS
      SELECT user_id, item_id, 'rating' AS kind, count(*) AS count,
        arg_max(rating, row(timestamp, rating)) AS rating,
        1000 * min(timestamp) AS first_at, 1000 * max(timestamp) AS last_at
      FROM (SELECT DISTINCT * FROM read_csv('{path}', types = {{'user_id': 'VARCHAR', 'item_id': 'VARCHAR'}}))
      GROUP BY user_id, item_id"""


def _bulk_rows(frames: Frames, work: Path, clock: Clock) -> str:
    home = Home.at(work / "bulk-rows")
    with open_rows(frames) as rows, clock.time("bulk (a)"):
        bulk.load_in_bulk(home, rows)
    with connect(home.root) as graph, clock.time("bulk (a)"):
        ensure_schema(graph)
    return _checksum_and_remove(home)


def _bulk_raw(raw: Path, work: Path, clock: Clock) -> str:
    home = Home.at(work / "bulk-raw")
    with clock.time("bulk (b)"):
        load(raw, home.root, via="bulk")
        with connect(home.root) as graph:
            first_answer(graph)
    return _checksum_and_remove(home)


def _bolt(frames: Frames, work: Path, clock: Clock) -> str:
    home = Home.at(work / "bolt")
    with connect(home.root) as graph:
        ensure_schema(graph)
        for name in ("bolt (a)", "bolt again (a)"):
            with open_rows(frames) as rows, clock.time(name):
                load_over_bolt(graph, rows)
    return _checksum_and_remove(home)


def first_answer(graph: Graph) -> None:
    """What a user would ask: items taken by those who took the items of one user."""
    with graph.session() as session:
        session.run(
            "MATCH (u:User) WITH u LIMIT 1 MATCH (u)-->(:Item)<--(v:User) WITH DISTINCT v LIMIT 50 "
            "MATCH (v)-->(i:Item) RETURN i.item_id, count(*) AS n ORDER BY n DESC, i.item_id LIMIT 10"
        ).consume()


def _checksum_and_remove(home: Home) -> str:
    with connect(home.root) as graph:
        checksum = read_stats(graph).checksum
    destroy(home)
    return checksum


def table(name: str, clock: Clock) -> str:
    """A Markdown table of one data set."""
    lines = [f"| {name} | seconds | times the baseline | target |", "|---|--:|--:|--:|"]
    for way, seconds in clock.seconds.items():
        baseline = clock.seconds["baseline (b)" if way.endswith("(b)") else "baseline (a)"]
        kind = "gowalla" if name.startswith("Gowalla") else "generated"
        target = TARGETS[kind].get(way)
        lines.append(f"| {way} | {seconds:.1f} | {baseline / seconds:.2f} | {target or ''} |")
    return "\n".join(lines) + "\n"


def measure_transfer(raw: Path, work: Path) -> str:
    """Reading all interactions, and writing 20,000 vectors of 64 numbers, against the plain ways."""
    home = Home.at(work / "transfer")
    load(raw, home.root, via="bulk")
    with connect(home.root) as graph:
        read = transfer.read_interactions(graph)
        ids = np.concatenate([read.item_ids, read.user_ids])[:20_000]
        matrix = np.random.default_rng(0).normal(size=(len(ids), 64)).astype(np.float32)
        ways: dict[str, tuple[Callable[[], object], Callable[[], object], float]] = {
            "read all interactions": (lambda: _read_edges(graph), lambda: transfer.read_interactions(graph), 10.0),
            "write 20,000 × 64": (
                lambda: _write_lists(graph, ids, matrix),
                lambda: transfer.write_vectors(graph, "Item", ids, matrix, "embedding_bench_a"),
                2.0,
            ),
        }
        lines = ["| Gowalla | plain, s | graphrec, s | ratio | target |", "|---|--:|--:|--:|--:|"]
        for name, (plain, fast, target) in ways.items():
            slow, quick = _best(plain), _best(fast)
            lines.append(f"| {name} | {slow:.2f} | {quick:.2f} | {slow / quick:.1f} | {target:.0f} |")
    destroy(home)
    return "\n".join(lines) + "\n"


def _best(work: Callable[[], object], n: int = 3) -> float:
    seconds = []
    for _ in range(n):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _read_edges(graph: Graph) -> int:
    query = "MATCH (u:User)-[r:INTERACTED]->(i:Item) RETURN u.user_id, i.item_id, r.kind, r.weight, r.rating, r.last_at"
    with graph.session() as session:
        return sum(1 for _ in session.run(query))


def _write_lists(graph: Graph, ids: np.ndarray, matrix: np.ndarray) -> None:
    statement = "UNWIND $rows AS row MATCH (i:Item {item_id: row.id}) SET i.embedding_bench_b = row.vector"
    with graph.session() as session:
        for start in range(0, len(ids), transfer.VECTORS_A_BLOCK):
            part = slice(start, start + transfer.VECTORS_A_BLOCK)
            rows = [{"id": i, "vector": v} for i, v in zip(ids[part], matrix[part].tolist(), strict=True)]
            session.execute_write(lambda tx, rows=rows: tx.run(statement, rows=rows).consume())


def measure_memory(n: int, work: Path) -> tuple[float, float]:
    """The most that all processes of one load held together, in GiB, and its seconds."""
    csv, home = work / f"{n}.csv", Home.at(work / f"memory-{n}")
    generate.write_csv(csv, n)
    started = time.perf_counter()
    command = [sys.executable, "-m", "graphrec", "load", str(csv), "--home", str(home.root)]
    running = subprocess.Popen(command, stdout=sys.stderr)
    peak = 0
    while running.poll() is None:
        peak = max(peak, _resident(running.pid, home))
        time.sleep(0.1)
    seconds = time.perf_counter() - started
    if running.returncode:
        raise SystemExit(f"the load of {n:,} rows failed")
    destroy(home)
    csv.unlink()
    return peak / 2**30, seconds


def _resident(pid: int, home: Home) -> int:
    state = home.running()
    total = 0
    try:
        first = psutil.Process(pid)
        processes = {first, *first.children(recursive=True)}
        processes |= {psutil.Process(state.pid)} if state else set()
    except psutil.NoSuchProcess:
        return 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def print_memory(work: Path) -> None:
    """The table of peaks."""
    small, large = (measure_memory(n, work) for n in (5_000_000, 20_000_000))
    print("| generated interactions | peak, all processes, GiB | seconds |\n|---|--:|--:|")
    print(f"| 5 million | {small[0]:.2f} | {small[1]:.0f} |\n| 20 million | {large[0]:.2f} | {large[1]:.0f} |")
    print(f"\nratio {large[0] / small[0]:.2f} (target 1.3), target 5 GiB\n")


def main() -> None:
    """Measure what is asked for and print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("GRAPHREC_DATA"), help="the folder with gowalla/")
    parser.add_argument("--only", choices=["gowalla", "generated", "transfer"])
    parser.add_argument("--rows", type=int, default=10_000_000, help="how many interactions to generate")
    parser.add_argument("--memory", action="store_true", help="measure memory instead of time")
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="graphrec-bench-"))
    try:
        if args.memory:
            print_memory(work)
            return
        if args.only != "generated" and args.data is None:
            parser.error("--data DIR or GRAPHREC_DATA names the folder with gowalla/")
        if args.only in (None, "gowalla"):
            print(table("Gowalla, 810,128 interactions", measure_loading("gowalla", args.data / "gowalla", work, True)))
        if args.only in (None, "transfer"):
            print(measure_transfer(args.data / "gowalla", work))
        if args.only in (None, "generated"):
            csv = work / "generated.csv"
            generate.write_csv(csv, args.rows, seed=1)
            print(table(f"{args.rows:,} generated interactions", measure_loading("generated", csv, work, False)))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()

"""The vector index against NumPy at real size: agreement, and time a user.

    python benchmarks/embedding.py --data DIR [--users 1000] [--home DIR] [--epochs 3]

DIR holds `gowalla/train.txt`. The data are loaded and a LightGCN is trained where the home doesn't hold them yet.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec import versions
from graphrec.connect import connect
from graphrec.graph import Graph
from graphrec.ingest.load import load
from graphrec.models.train import train
from graphrec.snapshot import Snapshot

K = 20
TIE = 1e-6
"""Scores in single precision that lie nearer than this may stand in either order."""


def main() -> None:
    arguments = read_arguments()
    with connect(arguments.home) as graph:
        snapshot = Snapshot.from_graph(graph)
    if not snapshot.n_users:
        load(arguments.data / "gowalla", arguments.home)
    with connect(arguments.home) as graph:
        snapshot = Snapshot.from_graph(graph)
        version = versions.current(graph, "lightgcn") or train(graph, "lightgcn", settings={"epochs": arguments.epochs})
        compare(graph, snapshot, version, arguments)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--home", type=Path, required=True, help="a home of its own, so that no other data are touched")
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--exact", type=int, default=100, help="users of the exact scan")
    parser.add_argument("--epochs", type=int, default=3)
    return parser.parse_args()


def compare(graph: Graph, snapshot: Snapshot, version: versions.ModelVersion, arguments: argparse.Namespace) -> None:
    """Print a Markdown table of agreement and times."""
    n_users = arguments.users
    vectors = versions.load_files(graph, version).vectors
    users = np.random.default_rng(1).choice(snapshot.n_users, n_users, replace=False)
    started = time.perf_counter()
    best, scores = numpy_best(vectors, snapshot, users)
    in_memory = (time.perf_counter() - started) / n_users
    print("| way | users | shared with NumPy's top 20 | same order | filled | p50 ms | p99 ms |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    print(f"| NumPy, all at once | {n_users} | 1 | yes | | {in_memory * 1000:.2f} | |")
    bench = Bench(graph, snapshot, best, scores)
    for overfetch in (1.0, 1.5, 2.0, 3.0):
        asked = {"overfetch": overfetch, "excluded": []}
        bench.report(users, f"index, overfetch {overfetch}", "embedding/search", asked)
    asked = {"allowed": None, "excluded": [], "seen": False}
    bench.report(users[: arguments.exact], "exact scan", "embedding/exact", asked)


def numpy_best(
    vectors: versions.Embeddings, snapshot: Snapshot, users: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Each user's unseen items in falling order of score, cut at K, and all scores."""
    scores = vectors.user_vectors[users] @ vectors.item_vectors.T
    scores[:, ~vectors.item_vectors.any(axis=1)] = -np.inf
    row, column = snapshot.seen[users].nonzero()
    scores[row, column] = -np.inf
    top = np.argpartition(-scores, K, axis=1)[:, :K]
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1), scores


@dataclass(frozen=True, eq=False)
class Bench:
    """A graph, and NumPy's answer for some users: `best` items and all `scores`."""

    graph: Graph
    snapshot: Snapshot
    best: NDArray[np.int64]
    scores: NDArray[np.float32]

    def report(self, users: NDArray[np.int64], way: str, query: str, asked: dict[str, Any]) -> None:
        """One row of the table: one user a query, as a service asks."""
        shared, ordered, filled, times = [], [], [], []
        for n, user in enumerate(users):
            started = time.perf_counter()
            rows = self.graph.read(query, model="lightgcn", user_ids=[self.snapshot.user_ids[user]], k=K, **asked)
            times.append(time.perf_counter() - started)
            found = self.scores[n][self.snapshot.item_idx([row["item_id"] for row in rows])]
            shared.append((found >= self.scores[n][self.best[n][-1]] - TIE).sum() / K)
            ordered.append(bool((np.diff(found) <= TIE).all()))
            filled.append(len(found) == K)
        p50, p99 = np.percentile(np.array(times) * 1000, [50, 99])
        order = "yes" if all(ordered) else f"{np.mean(ordered):.3f}"
        numbers = f"{np.mean(shared):.4f} | {order} | {np.mean(filled):.3f} | {p50:.1f} | {p99:.1f}"
        print(f"| {way} | {len(users)} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()

"""Live queries against Graph Data Science on the same graph, and how good the live walk's lists are.

    python benchmarks/query.py --data DIR --home DIR [--asked 300] [--sweep 0]

DIR holds `gowalla/train.txt` and `gowalla/test.txt`. The home's server is started with Graph Data Science, and the
training part is loaded where the home is empty. One client asks; the queries take turns user by user, so that what
else the machine does hits all alike. `gds.pageRank` starts from the user, 20 iterations, and streams its top 20.
The sweep ranks for every test user (0: all) with the seen items masked, by two clients in batches.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from graphrec.connect import connect
from graphrec.graph import Graph
from graphrec.ingest.load import load

K = 20
BATCH = 50
PAGE_RANK = """
MATCH (u:User {user_id: $user_id})
CALL gds.pageRank.stream('benchmark', {sourceNodes: [u], maxIterations: 20}) YIELD nodeId, score
WITH nodeId, score WHERE score > 0
ORDER BY score DESC LIMIT $k
RETURN gds.util.asNode(nodeId).item_id AS item_id, score
"""
Ask = Callable[[str, str], object]
"""Asks a question about a user and an item."""


def main() -> None:
    arguments = read_arguments()
    with connect(arguments.home, gds=True) as graph:
        empty = not graph.read("popular/items", k=1)
    if empty:
        load(arguments.data / "gowalla", arguments.home)
    test = read_test(arguments.data / "gowalla" / "test.txt")
    with connect(arguments.home, gds=True) as graph:
        time_queries(graph, sorted(test), arguments.asked)
        if arguments.sweep >= 0:
            sweep(graph, test, arguments.sweep or len(test))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--home", type=Path, required=True, help="a home of its own, so that no other data are touched")
    parser.add_argument("--asked", type=int, default=300, help="users and items that each query is timed for")
    parser.add_argument("--sweep", type=int, default=0, help="test users to rank for; 0: all, -1: none")
    return parser.parse_args()


def read_test(path: Path) -> dict[str, frozenset[str]]:
    """The test items of each user who has some."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {words[0]: frozenset(words[1:]) for words in lines if len(words) > 1}


def time_queries(graph: Graph, users: Sequence[str], n_asked: int) -> None:
    """Print p50 and p99 of each query, and how many times faster than PageRank each is."""
    rng = np.random.default_rng(1)
    asked_users = [users[n] for n in rng.choice(len(users), n_asked, replace=False)]
    items = [row["item_ids"][0] for row in graph.read("users/seen", user_ids=asked_users)]
    with graph.session() as session:
        project(session)

        def page_rank(user: str, item: str) -> object:
            return session.run(PAGE_RANK, user_id=user, k=K).data()

        asks: dict[str, Ask] = {
            "gds.pageRank": page_rank,
            "walk/recommend": lambda user, item: graph.read("walk/recommend", user_ids=[user], k=K),
            "walk/from_item": lambda user, item: graph.read("walk/from_item", item_ids=[item], k=K),
            "cooccurrence/similar": lambda user, item: graph.read("cooccurrence/similar", item_ids=[item], k=K),
            "cooccurrence/recommend": lambda user, item: graph.read("cooccurrence/recommend", user_ids=[user], k=K),
        }
        taken = take_turns(asks, list(zip(asked_users, items, strict=True)))
    print_times(taken)


def project(session: Any) -> None:
    """Project the interactions, both ways, in place of what an earlier run left."""
    session.run("CALL gds.graph.drop('benchmark', false) YIELD graphName RETURN graphName").consume()
    session.run(
        "CALL gds.graph.project('benchmark', ['User', 'Item'], {INTERACTED: {orientation: 'UNDIRECTED'}}) "
        "YIELD graphName RETURN graphName"
    ).consume()


def take_turns(asks: Mapping[str, Ask], asked: Sequence[tuple[str, str]]) -> dict[str, list[float]]:
    """Milliseconds of each ask for each pair, after a fifth of them to warm up."""
    for user, item in asked[: len(asked) // 5]:
        for ask in asks.values():
            ask(user, item)
    taken: dict[str, list[float]] = {name: [] for name in asks}
    for user, item in asked:
        for name, ask in asks.items():
            started = time.perf_counter()
            ask(user, item)
            taken[name].append(1000 * (time.perf_counter() - started))
    return taken


def print_times(taken: Mapping[str, Sequence[float]]) -> None:
    base = np.percentile(taken["gds.pageRank"], [50, 99])
    print("| query | p50 ms | p99 ms | times faster than gds.pageRank, p50 | p99 |")
    print("|---|---|---|---|---|")
    for name, values in taken.items():
        p50, p99 = np.percentile(values, [50, 99])
        print(f"| `{name}` | {p50:.1f} | {p99:.1f} | {base[0] / p50:.1f} | {base[1] / p99:.1f} |")


def sweep(graph: Graph, test: Mapping[str, frozenset[str]], n_users: int) -> None:
    """Print recall and NDCG at 20 of the live walk over the test users, and how long the lists took."""
    users = sorted(np.random.default_rng(2).permutation(sorted(test))[:n_users].tolist())
    started = time.perf_counter()
    batches = [users[at : at + BATCH] for at in range(0, len(users), BATCH)]
    with ThreadPoolExecutor(2) as pool:
        rows = [
            row
            for part in pool.map(lambda ids: graph.read("walk/recommend", user_ids=ids, k=K), batches)
            for row in part
        ]
    seconds = time.perf_counter() - started
    gain = 1 / np.log2(np.arange(2, K + 2))
    hits = [(row["user_id"], gain[row["rank"] - 1]) for row in rows if row["item_id"] in test[row["user_id"]]]
    recall = sum(1 / len(test[user]) for user, _ in hits) / len(users)
    ndcg = sum(value / gain[: len(test[user])].sum() for user, value in hits) / len(users)
    print(f"\n| users | recall@{K} | NDCG@{K} | minutes, two clients |\n|---|---|---|---|")
    print(f"| {len(users):,} | {recall:.4f} | {ndcg:.4f} | {seconds / 60:.1f} |")


if __name__ == "__main__":
    main()

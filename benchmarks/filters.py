"""Graph filters beside the plain ways: item graphs, their fit, all users' lists, and live lists from the graph.

    python benchmarks/filters.py --data DIR --home DIR [--part graph --part walk …] [--users N]

DIR holds `gowalla/train.txt` and `gowalla/test.txt`. One Markdown table a part, all in one run:

    graph   the item graph computed and stored, beside gds.nodeSimilarity on 2 threads
    walk    P3alpha beside SciPy's product, its best kept by argpartition
    fit     Chebyshev's filter, what its lists are worth, and its seconds beside SciPy's svds
    lists   all users' top 20, seen items masked, beside NumPy's and SciPy's products and argpartition
    live    similar/recommend: time a user, and recall beside the same filter in memory

The parts `graph` and `live` start the home's server with Graph Data Science, and load the training part where the home
is empty; what they store in the graph, they replace when run again.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

from graphrec.connect import connect
from graphrec.evaluation.metrics import Truth, measure
from graphrec.evaluation.ranking import IN_MEMORY, rank_users
from graphrec.graph import Graph
from graphrec.ingest.load import load
from graphrec.models.filters.cooccurrence import CooccurrenceSettings, cooccurrence
from graphrec.models.filters.item_filter import ItemFilter, powers, scaled
from graphrec.models.filters.model import FILTERS, FilterModel
from graphrec.models.filters.nearest import nearest
from graphrec.models.spectrum import normalise
from graphrec.recommend.base import Recommender
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.embedding import EmbeddingRecommender
from graphrec.recommend.filtering import FilterRecommender
from graphrec.snapshot import Snapshot
from graphrec.versions import Learnt, Neighbours, publish
from graphrec.versions.similar import write_similar

K = 20
N_NEIGHBOURS = 100
N_STORED = 30
DIM = 64
BLOCK = 512
ASKED = 300
BATCH = 50
NODE_SIMILARITY = """
CALL gds.nodeSimilarity.stream('benchmark', {
  similarityMetric: 'COSINE', topK: $n_neighbours, similarityCutoff: 0.0, concurrency: 2
}) YIELD similarity
RETURN count(similarity) AS n
"""
CREATE_SIMILAR = """
CALL gds.nodeSimilarity.write('benchmark', {
  similarityMetric: 'COSINE', topK: $n_stored, similarityCutoff: 0.0, concurrency: 2,
  writeRelationshipType: 'GDS_SIMILAR', writeProperty: 'score'
}) YIELD relationshipsWritten
RETURN relationshipsWritten AS n
"""
PROJECT = """
CALL gds.graph.project('benchmark', ['User', 'Item'], {INTERACTED: {orientation: 'REVERSE'}})
YIELD relationshipCount RETURN relationshipCount
"""
DROP = "CALL gds.graph.drop('benchmark', false) YIELD graphName RETURN graphName"
CLEAR = """
MATCH (i:Item) CALL (i) { MATCH (i)-[s:GDS_SIMILAR]->() DELETE s } IN TRANSACTIONS OF 500 ROWS
"""


def main() -> None:
    arguments = read_arguments()
    data = Data.of(arguments.data / "gowalla", arguments.users)
    for name in arguments.part or PARTS:
        print(f"\n{name}\n", flush=True)
        PARTS[name](data, arguments)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--home", type=Path, required=True, help="a home of its own, so that no other data are touched")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="which tables; may be repeated")
    parser.add_argument("--users", type=int, default=0, help="for how many users lists are made; 0: all")
    return parser.parse_args()


@dataclass(frozen=True)
class Data:
    """The training part, the held-back pairs of the users that lists are made for, and those users."""

    snapshot: Snapshot
    test: pd.DataFrame
    users: NDArray[np.object_]

    @classmethod
    def of(cls, folder: Path, n_users: int) -> Data:
        train, test = (read_pairs(folder / f"{part}.txt") for part in ("train", "test"))
        snapshot = Snapshot.from_pairs(train["user_id"], train["item_id"])
        users = np.unique(test["user_id"].to_numpy(dtype=object))
        if n_users:
            users = np.sort(np.random.default_rng(1).choice(users, min(n_users, len(users)), replace=False))
        return cls(snapshot, test[test["user_id"].isin(set(users))], users)

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        return self.snapshot.user_idx(self.users)

    def figures(self, lists: pd.DataFrame) -> Mapping[str, float]:
        """Recall and NDCG at K of rows of user_id, item_id and rank."""
        counts = np.bincount(self.snapshot.matrix.indices, minlength=self.snapshot.n_items)
        likers = dict(zip(self.snapshot.item_ids, counts.tolist(), strict=True))
        return measure(Truth.of(self.test, likers, self.snapshot.n_users), lists, (K,))


def read_pairs(path: Path) -> pd.DataFrame:
    lines = (line.split() for line in path.read_text().splitlines())
    return pd.DataFrame([(words[0], item) for words in lines for item in words[1:]], columns=["user_id", "item_id"])


def item_graph(data: Data, arguments: argparse.Namespace) -> None:
    """Compute and store the cosine item graph, as GDS does."""
    cosine = CooccurrenceSettings(user_power=0, n_neighbours=N_NEIGHBOURS)
    cooccurrence(data.snapshot.matrix[:100], cosine)  # compiled
    compute, found = clocked(lambda: cooccurrence(data.snapshot.matrix, cosine).neighbours)
    stored = nearest(ItemFilter.of_neighbours(found), N_STORED)
    with filled(data, arguments) as graph, graph.session() as session:
        session.run(DROP).consume()
        session.run(PROJECT).consume()
        gds, n_gds = clocked(lambda: session.run(NODE_SIMILARITY, n_neighbours=N_NEIGHBOURS).single()["n"])
        write_gds, n_written = clocked(lambda: session.run(CREATE_SIMILAR, n_stored=N_STORED).single()["n"])
        session.run(CLEAR).consume()
        session.run(DROP).consume()
        similar = Neighbours(data.snapshot.item_ids, stored)
        write_similar(graph, "benchmark", "a", None)
        write, n_stored = clocked(lambda: write_similar(graph, "benchmark", "a", similar))
        write_similar(graph, "benchmark", "a", None)
    print(f"| Gowalla | relationships | seconds | a second | gds.nodeSimilarity: {n_gds:,} relationships, s | ratio |")
    print("|---|--:|--:|--:|--:|--:|")
    print(f"| top {N_NEIGHBOURS} computed | {found.nnz:,} | {compute:.1f} | | {gds:.1f} | {gds / compute:.1f} |")
    print(f"| top {N_STORED} written | {n_stored:,} | {write:.1f} | {n_stored / write:,.0f} | | |")
    both = compute + write
    print(f"| both | | {both:.1f} | | {gds:.1f} (without writing) | {gds / both:.1f} |")
    print(
        f"| both | | {both:.1f} | | {write_gds:.1f} (top {N_STORED}, {n_written:,} written) | {write_gds / both:.1f} |"
    )


def walk(data: Data, arguments: argparse.Namespace) -> None:
    """P3alpha beside the same product by SciPy."""
    matrix, settings = data.snapshot.matrix, FILTERS["p3alpha"].of({}).settings
    solve = FILTERS["p3alpha"].solve
    solve(matrix[:100], settings)  # compiled
    ours, found = clocked(lambda: solve(matrix, settings).neighbours)
    degree = np.asarray(matrix.sum(axis=0), dtype=np.float64)
    per_user = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    to_users = scaled(matrix.T.tocsr(), powers(degree, -1.0), np.ones(matrix.shape[0]))
    to_items = scaled(matrix, powers(per_user, -1.0), powers(degree, -settings.beta))
    theirs, n_kept = clocked(lambda: product_by_scipy(to_users, to_items, settings.n_neighbours))
    print(f"| Gowalla, top {settings.n_neighbours} of {matrix.shape[1]:,} items | kept | seconds | ratio |")
    print("|---|--:|--:|--:|")
    print(f"| SciPy's product, argpartition | {n_kept:,} | {theirs:.1f} | 1.0 |")
    print(f"| `p3alpha` | {found.nnz:,} | {ours:.1f} | {theirs / ours:.1f} |")


def product_by_scipy(left: sparse.csr_array, right: sparse.csr_array, k: int) -> int:
    """The k best of each row of the product, without its diagonal, in blocks; how many they are."""
    n_kept = 0
    for start in range(0, left.shape[0], BLOCK):
        block = (left[start : start + BLOCK] @ right).toarray()
        block[np.arange(len(block)), np.arange(start, start + len(block))] = 0
        best = np.argpartition(-block, k, axis=1)[:, :k]
        scores = np.take_along_axis(block, best, axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")
        best, scores = np.take_along_axis(best, order, axis=1), np.take_along_axis(scores, order, axis=1)
        n_kept += int((scores > 0).sum())
    return n_kept


def fit(data: Data, arguments: argparse.Namespace) -> None:
    """Chebyshev's filter: what its lists are worth, and its fit beside one truncated SVD."""
    model = FILTERS["chebyshev"].of({})
    ours, _ = clocked(lambda: model.fit(data.snapshot))
    rank = model.settings.rank
    theirs, _ = clocked(lambda: svds(normalise(data.snapshot.matrix), k=rank, return_singular_vectors="vh"))
    figures = data.figures(rank_users(quiet(data, model), data.users.tolist(), K, IN_MEMORY))
    print(f"| users | recall@{K} | NDCG@{K} | fit, s | svds of rank {rank}, s | ratio |")
    print("|--:|--:|--:|--:|--:|--:|")
    worth = f"{figures[f'recall@{K}']:.4f} | {figures[f'ndcg@{K}']:.4f}"
    print(f"| {len(data.users):,} | {worth} | {ours:.1f} | {theirs:.1f} | {theirs / ours:.1f} |")


def lists(data: Data, arguments: argparse.Namespace) -> None:
    """All users' lists with seen items masked, from vectors and from item graphs."""
    rng = np.random.default_rng(0)
    draw = [rng.normal(size=(n, DIM)).astype(np.float32) for n in (data.snapshot.n_users, data.snapshot.n_items)]
    by_vectors = EmbeddingRecommender.of(Catalogue.of(data.snapshot), *draw)
    by_vectors.with_reasons = False
    print(f"| {len(data.users):,} users, top {K} | plain, s | graphrec, s | ratio | lists that differ |")
    print("|---|--:|--:|--:|--:|")
    report_lists(data, f"vectors of {DIM}", by_vectors, lambda rows: draw[0][rows] @ draw[1].T)
    step = FILTERS["item_graph"].of({}).fit(data.snapshot)
    for k in (N_STORED, step.settings.n_neighbours):
        step.found = ItemFilter.of_neighbours(nearest(step.found, k)) if k == N_STORED else refit(step, data)
        item_map = step.found.neighbours

        def scores(rows: NDArray[np.int64], item_map: sparse.csr_array = item_map) -> NDArray[Any]:
            return (data.snapshot.matrix[rows] @ item_map).toarray()

        report_lists(data, f"item graph, top {k}", quiet(data, step), scores)


def refit(model: FilterModel, data: Data) -> ItemFilter:
    return model.fit(data.snapshot).found


def report_lists(
    data: Data, what: str, recommender: Recommender, scores: Callable[[NDArray[np.int64]], NDArray[Any]]
) -> None:
    """One row of the table; lists differ where the same users don't get the same items."""
    rank_users(recommender, data.users[:100].tolist(), K, IN_MEMORY)  # compiled
    ours, table = clocked(lambda: rank_users(recommender, data.users.tolist(), K, IN_MEMORY))
    theirs, best = clocked(lambda: lists_by_numpy(data, scores))
    found = table.groupby("user_id")["item_id"].agg(set)
    wanted = {
        user: set(data.snapshot.item_ids[items[items >= 0]]) for user, items in zip(data.users, best, strict=True)
    }
    n_others = sum(found.get(user, set()) != items for user, items in wanted.items())
    print(f"| {what} | {theirs:.1f} | {ours:.1f} | {theirs / ours:.1f} | {n_others} |", flush=True)


def lists_by_numpy(data: Data, scores: Callable[[NDArray[np.int64]], NDArray[Any]]) -> NDArray[np.int64]:
    """Each user's unseen items in falling order of score, cut at K, in blocks; -1 where there are no more."""
    found = np.empty((len(data.rows), K), dtype=np.int64)
    for start in range(0, len(data.rows), BLOCK):
        rows = data.rows[start : start + BLOCK]
        block = scores(rows)
        block[data.snapshot.seen[rows].nonzero()] = -np.inf
        best = np.argpartition(-block, K, axis=1)[:, :K]
        values = np.take_along_axis(block, best, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        best, values = np.take_along_axis(best, order, axis=1), np.take_along_axis(values, order, axis=1)
        found[start : start + BLOCK] = np.where((values == 0) | np.isinf(values), -1, best)
    return found


def live(data: Data, arguments: argparse.Namespace) -> None:
    """Chebyshev's filter from the graph: time a user, and the worth of its lists beside those in memory."""
    model = FILTERS["chebyshev"].of({"n_stored": N_STORED}).fit(data.snapshot)
    similar = nearest(model.found, N_STORED)
    model.found = ItemFilter.of_neighbours(similar)
    with filled(data, arguments) as graph:
        publish(graph, "chebyshev", Learnt(neighbours=Neighbours(data.snapshot.item_ids, similar)))
        asked = np.random.default_rng(1).choice(data.users, min(ASKED, len(data.users)), replace=False)
        taken = []
        for round_ in range(2):
            for user in asked:
                seconds, _ = clocked(lambda user=user: ask(graph, [user]))
                taken += [1000 * seconds] * round_  # the first round warms up
        batches = [data.users[start : start + BATCH].tolist() for start in range(0, len(data.users), BATCH)]
        with ThreadPoolExecutor(2) as pool:
            rows = [row for part in pool.map(lambda batch: ask(graph, batch), batches) for row in part]
    here = data.figures(pd.DataFrame(rows)[["user_id", "item_id", "rank"]])
    there = data.figures(rank_users(quiet(data, model), data.users.tolist(), K, IN_MEMORY))
    p50, p99 = np.percentile(taken, [50, 99])
    print(f"| `similar/recommend`, {N_STORED} stored | users | p50 ms | p99 ms | recall@{K} | NDCG@{K} |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, times, figures in (("live", f"{p50:.1f} | {p99:.1f}", here), ("in memory", " | ", there)):
        worth = f"{figures[f'recall@{K}']:.4f} | {figures[f'ndcg@{K}']:.4f}"
        print(f"| {name} | {len(data.users):,} | {times} | {worth} |")


def ask(graph: Graph, user_ids: list[str]) -> list[dict[str, Any]]:
    return graph.read("similar/recommend", model="chebyshev", user_ids=user_ids, k=K)


def filled(data: Data, arguments: argparse.Namespace) -> Graph:
    """The home's graph, which holds the training part."""
    with connect(arguments.home, gds=True) as graph:
        empty = not graph.read("items/first_ids", k=1)
    if empty:
        load(arguments.data / "gowalla", arguments.home)
    return connect(arguments.home, gds=True)


def quiet(data: Data, model: FilterModel) -> FilterRecommender:
    """The model's lists from memory, without reasons."""
    found = FilterRecommender.over(model, Catalogue.of(data.snapshot))
    found.with_reasons = False
    return found


def clocked(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what the work gives."""
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


PARTS: Mapping[str, Callable[[Data, argparse.Namespace], None]] = {
    "graph": item_graph,
    "walk": walk,
    "fit": fit,
    "lists": lists,
    "live": live,
}


if __name__ == "__main__":
    main()

"""Recall of co-occurrence recommendations over epsilon: what differential privacy costs.

    python benchmarks/privacy.py --data DIR [--dataset ml-latest-small] [--repeats 3]

Items are recommended by the cosine of co-occurrence alone, from what `graphrec publish cooccurrence` gives: pairs of
the most liked items, with noise. A reader of such a table knows its noise, so pairs below twice its deviation count as
nothing. Of each epsilon recall@20 is measured on the same test part, as the mean of some draws of the noise, which
can't be seeded. Beside it: the same table without noise, without the bound on what one person adds, and of all items.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from graphrec.evaluation import split
from graphrec.evaluation.metrics import Truth, measure
from graphrec.evaluation.ranking import IN_MEMORY, rank_users
from graphrec.privacy.bounding import bounded
from graphrec.privacy.publish import CountPlan, PairPlan, released
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.recommend.tables import no_recommendations, recommendation_table
from graphrec.recommend.topk import top_k
from graphrec.snapshot import Snapshot
from loaders import load_frames

EPSILONS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
K = 20
SURE = 2.0
"""Deviations of the noise below which a count is taken for nothing."""

Pairs = sparse.csr_array


class Together:
    """Scores a user's items by how often others went together with them."""

    name = "cooccurrence"

    def __init__(self, snapshot: Snapshot, pairs: Pairs) -> None:
        self.snapshot, self.pairs = snapshot, pairs
        self.catalogue = Catalogue.of(snapshot)

    def recommend(self, profiles: list[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """The best k of each."""
        rows = self.snapshot.user_idx([profile.user_id for profile in profiles])
        scores = (self.snapshot.matrix[rows] @ self.pairs).toarray().astype(np.float32)
        scores[self.snapshot.seen[rows].nonzero()] = -np.inf
        scores[scores <= 0] = -np.inf
        best = top_k(scores, k)
        if not len(best.row):
            return no_recommendations()
        ids = self.catalogue.item_ids[best.column]
        return recommendation_table(best.row, ids, best.score, [""] * len(best.row))


def main() -> None:
    arguments = read_arguments()
    with TemporaryDirectory() as folder:
        frames = load_frames(arguments.data / arguments.dataset, staging=Path(folder) / "frames")
        dealt = split(frames, Path(folder))
        snapshot, test = Snapshot.from_frames(dealt.train), dealt.test
    print(f"{arguments.dataset}: {snapshot.n_users:,} users, {snapshot.n_items:,} items, {snapshot.matrix.nnz:,} likes")
    truth = Truth.of(test, dict(zip(snapshot.item_ids, snapshot.n_likers().tolist(), strict=True)), snapshot.n_users)
    print(f"\n| pairs of | epsilon | recall@{K} | deviation of the noise | pairs above it |\n|---|--:|--:|--:|--:|")
    whole = exact(snapshot, snapshot.matrix.astype(bool).astype(np.int64))
    tell("all items, every like", "none", [recall(snapshot, whole, truth)])
    best = np.lexsort((snapshot.item_ids, -snapshot.n_likers()))[: arguments.top_items]
    few = exact(snapshot, bounded(snapshot, 10**9, 0, among=best))
    tell(f"{arguments.top_items} items, every like", "none", [recall(snapshot, few, truth)])
    fewer = exact(snapshot, bounded(snapshot, arguments.max_items, 0, among=best))
    tell(f"{arguments.top_items} items, {arguments.max_items} of a person", "none", [recall(snapshot, fewer, truth)])
    for epsilon in EPSILONS:
        plan = PairPlan(epsilon, max_items=arguments.max_items, top_items=arguments.top_items)
        found = [noisy(snapshot, plan) for _ in range(arguments.repeats)]
        recalls = [recall(snapshot, pairs, truth) for pairs in found]
        sizes = float(np.mean([pairs.nnz // 2 for pairs in found]))
        tell("the same", f"{epsilon:g}", recalls, plan.noise.deviation, sizes)
    tell("popularity alone, no noise", "none", [popularity(snapshot, truth)])
    for epsilon in EPSILONS[:3]:
        recalls = [popularity(snapshot, truth, epsilon) for _ in range(arguments.repeats)]
        deviation = CountPlan(epsilon).noise.deviation
        tell("popularity alone", f"{epsilon:g}", recalls, deviation)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("GRAPHREC_DATA")
    parser.add_argument("--data", type=Path, default=data and Path(data), required=data is None)
    parser.add_argument("--dataset", default="ml-latest-small")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--max-items", type=int, default=20)
    parser.add_argument("--top-items", type=int, default=500)
    return parser.parse_args()


def tell(what: str, epsilon: str, recalls: list[float], deviation: float = 0.0, n_pairs: float = 0.0) -> None:
    """A row of the table."""
    spread = f" ± {np.std(recalls):.4f}" if len(recalls) > 1 else ""
    noise = f"{deviation:.1f}" if deviation else ""
    pairs = f"{n_pairs:,.0f}" if n_pairs or deviation else ""
    print(f"| {what} | {epsilon} | {np.mean(recalls):.4f}{spread} | {noise} | {pairs} |", flush=True)


def recall(snapshot: Snapshot, pairs: Pairs, truth: Truth) -> float:
    """Recall@20 by a table of pairs."""
    lists = rank_users(Together(snapshot, pairs), list(truth.user_ids), K, IN_MEMORY)
    return float(dict(measure(truth, lists, (K,)))[f"recall@{K}"])


def exact(snapshot: Snapshot, likes: sparse.csr_array) -> Pairs:
    """Cosines without noise."""
    together = (likes.T @ likes).tocoo()
    return cosine(snapshot, together.row, together.col, together.data, np.asarray(likes.sum(axis=0)).ravel())


def noisy(snapshot: Snapshot, plan: PairPlan) -> Pairs:
    """Cosines of what is published: only pairs that stand out of the noise, and degrees that are published, too."""
    found = released(snapshot, plan)
    people = np.where(found.table["people"] > SURE * found.deviation, found.table["people"], 0).astype(np.float64)
    rows, columns = snapshot.item_idx(found.table["item_id"]), snapshot.item_idx(found.table["other_id"])
    there = people > 0
    rows, columns, people = rows[there], columns[there], people[there]
    both = np.concatenate([rows, columns]), np.concatenate([columns, rows])
    twice = np.concatenate([people, people])
    strength = np.bincount(both[0], weights=twice, minlength=snapshot.n_items)
    return cosine(snapshot, *both, twice, strength)


def cosine(
    snapshot: Snapshot, rows: NDArray[np.int64], columns: NDArray[np.int64], counts: NDArray, degree: NDArray
) -> Pairs:
    """counts / sqrt(degree of both), without the diagonal."""
    off = rows != columns
    rows, columns, counts = rows[off], columns[off], counts[off]
    weights = counts / np.sqrt(np.maximum(degree[rows], 1) * np.maximum(degree[columns], 1))
    return sparse.csr_array((weights, (rows, columns)), shape=(snapshot.n_items, snapshot.n_items))


def popularity(snapshot: Snapshot, truth: Truth, epsilon: float | None = None) -> float:
    """Recall@20 by counts of likes alone, published with noise where an epsilon is given."""
    counts = snapshot.n_likers() if epsilon is None else released(snapshot, CountPlan(epsilon)).table["people"]
    column = np.maximum(np.asarray(counts, dtype=np.float64), 0)
    lists = rank_users(Everybody(snapshot, column), list(truth.user_ids), K, IN_MEMORY)
    return float(dict(measure(truth, lists, (K,)))[f"recall@{K}"])


class Everybody(Together):
    """The same scores for all."""

    name = "popular"

    def __init__(self, snapshot: Snapshot, counts: NDArray) -> None:
        super().__init__(snapshot, sparse.csr_array((snapshot.n_items, snapshot.n_items)))
        self.counts = counts

    def recommend(self, profiles: list[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """The best k of each."""
        rows = self.snapshot.user_idx([profile.user_id for profile in profiles])
        scores = np.tile(self.counts.astype(np.float32), (len(rows), 1))
        scores[self.snapshot.seen[rows].nonzero()] = -np.inf
        best = top_k(scores, k)
        ids = self.catalogue.item_ids[best.column]
        return recommendation_table(best.row, ids, best.score, [""] * len(best.row))


if __name__ == "__main__":
    main()

"""implicit (github.com/benfred/implicit): ALS, BPR and item-item neighbours, by cosine and by BM25."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from graphrec.snapshot import Snapshot
from peers.base import Ints, Real, Space, Whole

MODELS = {
    "implicit-als": AlternatingLeastSquares,
    "implicit-bpr": BayesianPersonalizedRanking,
    "implicit-cosine": CosineRecommender,
    "implicit-bm25": BM25Recommender,
}
SPACES: Mapping[str, Space] = {
    "implicit-als": {
        "factors": Whole(16, 512, log=True),
        "regularization": Real(0.001, 100, log=True),
        "alpha": Real(0.5, 50, log=True),
        "iterations": Whole(5, 40),
    },
    "implicit-bpr": {
        "factors": Whole(16, 256, log=True),
        "learning_rate": Real(0.005, 0.2, log=True),
        "regularization": Real(0.0005, 0.1, log=True),
        "iterations": Whole(50, 400, log=True),
    },
    "implicit-cosine": {"K": Whole(10, 1000, log=True)},
    "implicit-bm25": {"K": Whole(10, 1000, log=True), "K1": Real(0.1, 10, log=True), "B": Real(0, 1)},
}


class Implicit:
    """A model of implicit, on all cores. BLAS gets one thread within its own, as the package asks for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, snapshot: Snapshot, settings: Mapping[str, Any], until: float) -> str:
        seeded = {"random_state": 1} if self.name in ("implicit-als", "implicit-bpr") else {}
        with threadpool_limits(1, "blas"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the package tells itself of a format that it makes itself
            self.model = MODELS[self.name](num_threads=len(os.sched_getaffinity(0)), **seeded, **settings)
            self.matrix = sparse.csr_matrix(snapshot.matrix)
            self.model.fit(self.matrix, show_progress=False)
        return ""

    def recommend(self, users: Ints, k: int) -> Ints:
        rows = self.matrix[users]
        with threadpool_limits(1, "blas"):
            items, scores = self.model.recommend(users, rows, N=k)
        lowest = np.finfo(np.float32).min / 2  # what the package gives where it has no more items
        wanted = (scores > lowest) & (items >= 0)
        return np.where(wanted & ~_seen(rows, items), items, -1)


def _seen(rows: sparse.csr_matrix, items: Ints) -> NDArray[np.bool_]:
    """Which items are in the rows: where fewer than k others have a score, the item models fill up with these."""
    keys = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)) * rows.shape[1] + rows.indices
    return np.isin(np.arange(len(items))[:, None] * rows.shape[1] + items, keys)

"""graphrec's own models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphrec.evaluation.ranking import IN_MEMORY, rank_users
from graphrec.recommend.fitted import make_fitted
from graphrec.snapshot import Snapshot
from peers.base import Choice, Ints, Real, Space, Whole

NEIGHBOURS = Whole(50, 1000, log=True)
RANK = Whole(16, 512, log=True)
SHARE = Real(0, 1)

SPACES: Mapping[str, Space] = {
    "popular": {},
    "lightgcn": {
        "learning_rate": Real(0.001, 0.02, log=True),
        "num_layers": Whole(1, 3),
        "temperature": Real(0.05, 0.3, log=True),
        "embedding_dim": Choice((64, 128, 256)),
    },
    "p3alpha": {"alpha": Real(0.4, 1.6), "beta": SHARE, "n_neighbours": NEIGHBOURS},
    "item_graph": {
        "user_power": Real(0, 1.5),
        "item_power": Real(0.4, 1.4),
        "balance": SHARE,
        "n_neighbours": NEIGHBOURS,
    },
    "ease": {"ridge": Real(10, 3000, log=True), "n_candidates": Choice((50, 100, 200))},
    "gfcf": {"alpha": SHARE, "rank": RANK},
    "chebyshev": {
        "order": Whole(2, 12),
        "flatness": Real(0.8, 3),
        "alpha": SHARE,
        "popularity": SHARE,
        "rank": RANK,
    },
    "spectral": {"rank": RANK, "power": Real(0, 2), "popularity": SHARE},
}
"""The ranges that are searched, by model. A fitted model that isn't listed runs with its defaults alone."""


class Ours:
    """A fitted recommender of graphrec, asked as `graphrec evaluate` asks it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, snapshot: Snapshot, settings: Mapping[str, Any], until: float) -> str:
        self.snapshot = snapshot
        self.recommender = make_fitted(self.name, settings, with_reasons=False).fit(snapshot)
        return ""

    def recommend(self, users: Ints, k: int) -> Ints:
        asked = self.snapshot.user_ids[users]
        rows = rank_users(self.recommender, list(asked), k, IN_MEMORY)
        found = np.full((len(users), k), -1)
        place = {user_id: n for n, user_id in enumerate(asked)}
        row = rows["user_id"].map(place).to_numpy(np.int64)
        found[row, rows["rank"].to_numpy(np.int64) - 1] = self.snapshot.item_idx(rows["item_id"].to_numpy(object))
        return found

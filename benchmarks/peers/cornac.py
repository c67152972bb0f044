"""Cornac (cornac.preferred.ai): BPR, with its own search for factors and rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from cornac.data import Dataset
from cornac.models import BPR

from graphrec.snapshot import Snapshot
from peers.base import Ints, Real, Space, Whole, best_unseen

SPACES: Mapping[str, Space] = {
    "cornac-bpr": {
        "k": Whole(16, 256, log=True),
        "learning_rate": Real(0.001, 0.2, log=True),
        "lambda_reg": Real(0.0005, 0.1, log=True),
        "max_iter": Whole(50, 400, log=True),
    }
}


class Cornac:
    """A model of Cornac over the liked pairs."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, snapshot: Snapshot, settings: Mapping[str, Any], until: float) -> str:
        self.matrix = snapshot.matrix
        users = np.repeat(np.arange(self.matrix.shape[0]), np.diff(self.matrix.indptr))
        rows = [(int(u), int(i), 1.0) for u, i in zip(users, self.matrix.indices, strict=True)]
        self.data = Dataset.from_uir(rows, seed=1)
        self.model = BPR(**settings, verbose=False, seed=1)
        self.model.fit(self.data)
        return ""

    def recommend(self, users: Ints, k: int) -> Ints:
        items = np.array(list(self.data.iid_map), dtype=np.int64)
        found = np.full((len(users), k), -1)
        for n, user in enumerate(users.tolist()):
            if user in self.data.uid_map:
                scores = np.full((1, self.matrix.shape[1]), -np.inf)
                scores[0, items] = self.model.score(self.data.uid_map[user])
                best = best_unseen(scores, self.matrix[[user]], k)
                found[n, : best.shape[1]] = best[0]
        return found

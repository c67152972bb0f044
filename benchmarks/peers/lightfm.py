"""LightFM (github.com/lyst/lightfm, as the fork lightfm-next builds it): items as the sum of their tags, by WARP."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from lightfm import LightFM
from scipy import sparse

from graphrec.snapshot import Snapshot
from peers.base import Ints, Real, Space, Whole, best_unseen

SPACES: Mapping[str, Space] = {
    "lightfm-tags": {
        "no_components": Whole(10, 128, log=True),
        "learning_rate": Real(0.01, 0.2, log=True),
        "item_alpha": Real(1e-7, 1e-3, log=True),
        "epochs": Whole(5, 60, log=True),
    }
}


class LightFMTags:
    """WARP over the tags of items alone, as `content` has nothing else here."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, snapshot: Snapshot, settings: Mapping[str, Any], until: float) -> str:
        given = dict(settings)
        epochs = given.pop("epochs", 30)
        self.matrix = snapshot.matrix
        self.tags = sparse.csr_matrix(snapshot.tags) if snapshot.tags.nnz else None
        self.model = LightFM(loss="warp", random_state=1, **given)
        likes = sparse.coo_matrix(self.matrix)
        self.model.fit(likes, item_features=self.tags, epochs=epochs, num_threads=len(os.sched_getaffinity(0)))
        return ""

    def recommend(self, users: Ints, k: int) -> Ints:
        bias, vectors = self.model.get_item_representations(self.tags)
        _, people = self.model.get_user_representations()
        scores = (people[users] @ vectors.T + bias).astype(np.float64)
        return best_unseen(scores, self.matrix[users], k)

"""LensKit (lenskit.org): EASE, item neighbours and ALS, in its own pipeline for the best n."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import structlog
from lenskit.als import ImplicitMFScorer
from lenskit.batch import recommend
from lenskit.data import from_interactions_df
from lenskit.knn import EASEScorer, ItemKNNScorer, UserKNNScorer
from lenskit.pipeline import topn_pipeline
from lenskit.training import TrainingOptions

from graphrec.snapshot import Snapshot
from peers.base import Ints, Real, Space, Whole

MODELS = {
    "lenskit-ease": (EASEScorer, {}),
    "lenskit-knn": (ItemKNNScorer, {"feedback": "implicit"}),
    "lenskit-user-knn": (UserKNNScorer, {"feedback": "implicit"}),
    "lenskit-als": (ImplicitMFScorer, {"user_embeddings": "prefer"}),
}
"""The scorers, and what implicit data and users who are all known at the fit ask for."""

SPACES: Mapping[str, Space] = {
    "lenskit-ease": {"regularization": Real(10, 3000, log=True)},
    "lenskit-knn": {"max_nbrs": Whole(5, 200, log=True), "save_nbrs": Whole(50, 1000, log=True)},
    "lenskit-user-knn": {"max_nbrs": Whole(5, 500, log=True)},
    "lenskit-als": {
        "embedding_size": Whole(16, 256, log=True),
        "regularization": Real(0.001, 10, log=True),
        "weight": Real(1, 100, log=True),
        "epochs": Whole(5, 30),
    },
}


class LensKit:
    """A scorer of LensKit. Its lists are made in one process, on the threads that its own code starts."""

    def __init__(self, name: str) -> None:
        self.name = name
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))

    def fit(self, snapshot: Snapshot, settings: Mapping[str, Any], until: float) -> str:
        scorer, needed = MODELS[self.name]
        self.pipeline = topn_pipeline(scorer(**needed, **settings))
        rows = pd.DataFrame({"user_id": snapshot.pair_users(), "item_id": snapshot.matrix.indices})
        self.pipeline.train(from_interactions_df(rows), TrainingOptions(rng=1))
        return ""

    def recommend(self, users: Ints, k: int) -> Ints:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # users without history get no list
            rows = recommend(self.pipeline, users.tolist(), n=k, n_jobs=1).to_df()
        rows = rows[rows["score"].notna()]
        found = np.full((len(users), k), -1)
        place = {user: n for n, user in enumerate(users.tolist())}
        found[rows["user_id"].map(place).to_numpy(np.int64), rows["rank"].to_numpy(np.int64) - 1] = rows["item_id"]
        return found

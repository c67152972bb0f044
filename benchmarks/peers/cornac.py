"""Cornac (cornac.preferred.ai): BPR, with its own search for factors and rates; and networks, which run on PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from cornac.data import Dataset, SequentialDataset
from cornac.models import BPR

from graphrec.models.training_part import in_order
from graphrec.snapshot import Snapshot
from peers.base import Choice, Ints, Real, Space, Whole, best_unseen

SPACES: Mapping[str, Space] = {
    "cornac-bpr": {
        "k": Whole(16, 256, log=True),
        "learning_rate": Real(0.001, 0.2, log=True),
        "lambda_reg": Real(0.0005, 0.1, log=True),
        "max_iter": Whole(50, 400, log=True),
    },
    "cornac-vaecf": {
        "k": Choice((10, 50, 100)),
        "beta": Real(0.01, 1, log=True),
        "learning_rate": Real(0.0005, 0.01, log=True),
        "n_epochs": Whole(20, 300, log=True),
    },
    "cornac-neumf": {
        "num_factors": Choice((8, 16, 32)),
        "lr": Real(0.0003, 0.01, log=True),
        "num_epochs": Whole(5, 40, log=True),
    },
    "cornac-sasrec": {
        "dropout": Real(0.1, 0.6),
        "learning_rate": Real(0.0005, 0.005, log=True),
        "n_epochs": Whole(5, 40, log=True),
    },
}


def _made(name: str, settings: Mapping[str, Any]) -> Any:
    """The model before its fit; its module is imported where it is asked for, because some need more than others."""
    if name == "cornac-bpr":
        return BPR(**settings, verbose=False, seed=1)
    if name == "cornac-vaecf":
        from cornac.models import VAECF

        return VAECF(**settings, seed=1)
    if name == "cornac-neumf":
        from cornac.models import NeuMF

        return NeuMF(**settings, backend="pytorch", verbose=False, seed=1)
    from cornac.models import SASRec

    return SASRec(**settings, seed=1)


class Cornac:
    """A model of Cornac over the liked pairs, or over what each user likes in its order."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, snapshot: Snapshot, settings: Mapping[str, Any], until: float) -> str:
        self.matrix, self.histories = snapshot.matrix, in_order(snapshot)
        self.model = _made(self.name, settings)
        self.data = self._sequences() if self.name == "cornac-sasrec" else self._pairs()
        if self.name == "cornac-bpr":  # has no optimiser of PyTorch, which would count in its memory
            self.model.fit(self.data)
            return ""
        from peers.clock import stopped_at

        try:
            with stopped_at(until):
                self.model.fit(self.data)
        except TimeoutError:
            return "cut off before its last epoch"
        return ""

    def recommend(self, users: Ints, k: int) -> Ints:
        items = np.array(list(self.data.iid_map), dtype=np.int64)
        found = np.full((len(users), k), -1)
        for n, user in enumerate(users.tolist()):
            if user in self.data.uid_map:
                scores = np.full((1, self.matrix.shape[1]), -np.inf)
                scores[0, items] = np.asarray(self._score(user)).ravel()[: len(items)]
                best = best_unseen(scores, self.matrix[[user]], k)
                found[n, : best.shape[1]] = best[0]
        return found

    def _score(self, user: int) -> Any:
        theirs = self.data.uid_map[user]
        if self.name != "cornac-sasrec":
            return self.model.score(theirs)
        return self.model.score(theirs, [self.data.iid_map[item] for item in self.histories[user].tolist()])

    def _pairs(self) -> Dataset:
        users = np.repeat(np.arange(self.matrix.shape[0]), np.diff(self.matrix.indptr))
        return Dataset.from_uir(
            [(int(u), int(i), 1.0) for u, i in zip(users, self.matrix.indices, strict=True)], seed=1
        )

    def _sequences(self) -> SequentialDataset:
        """Each user as one session."""
        rows = [(u, u, i, n) for u, items in enumerate(self.histories) for n, i in enumerate(items.tolist())]
        return SequentialDataset.from_usit(rows, seed=1)

"""What is withheld from the training data to know when to stop, and how well it is found again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from graphrec.snapshot import NO_TIME, Snapshot

K = 20
LEAST_PAIRS = 3
"""A user with fewer likings keeps them all."""

MOST_USERS = 5000
MOST_WITHHELD = 0.05
"""At most this share of all pairs is withheld."""

BLOCK = 512


@dataclass(frozen=True, eq=False)
class Validation:
    """`train`: the matrix without the withheld pairs. `withheld`: their rows' items, aligned with `users`."""

    train: sparse.csr_array
    users: NDArray[np.int64]
    withheld: sparse.csr_array

    @classmethod
    def of(cls, snapshot: Snapshot, share: float, seed: int) -> Validation:
        """For some users the last `share` of what they like, by time; where times are missing or equal, at random."""
        matrix = snapshot.matrix
        rng = np.random.default_rng([seed, 0x7A11])
        n_liked = np.diff(matrix.indptr)
        n_taken = np.where(n_liked >= LEAST_PAIRS, np.ceil(n_liked * share), 0).astype(np.int64)
        users = rng.permutation(np.flatnonzero(n_taken))[:MOST_USERS]
        users = np.sort(users[np.cumsum(n_taken[users]) <= MOST_WITHHELD * matrix.nnz])
        taken = np.zeros(len(n_liked), dtype=np.int64)
        taken[users] = n_taken[users]
        hidden = _last(snapshot, rng) < np.repeat(taken, n_liked)
        return cls(_keep(matrix, ~hidden), users, _keep(matrix, hidden)[users])

    def recall(self, user_vectors: Tensor, item_vectors: Tensor) -> float:
        """Recall@20 over the users, training items masked; 0 where nothing could be withheld."""
        found = [self._hits(user_vectors, item_vectors, start) for start in range(0, len(self.users), BLOCK)]
        return float(np.concatenate(found).mean()) if found else 0.0

    def _hits(self, user_vectors: Tensor, item_vectors: Tensor, start: int) -> NDArray[np.float64]:
        users = self.users[start : start + BLOCK]
        scores = user_vectors[torch.from_numpy(users).to(user_vectors.device)] @ item_vectors.T
        rows, columns = self.train[users].nonzero()
        scores[torch.from_numpy(rows).long(), torch.from_numpy(columns).long()] = -torch.inf
        best = scores.topk(min(K, scores.shape[1]), sorted=False).indices.cpu().numpy()
        wanted = self.withheld[start : start + BLOCK]
        rows, columns = wanted.nonzero()
        keys = np.arange(len(users))[:, None] * scores.shape[1] + best
        hits = np.isin(keys, rows.astype(np.int64) * scores.shape[1] + columns).sum(axis=1)
        return np.asarray(hits / np.diff(wanted.indptr), dtype=np.float64)


def _last(snapshot: Snapshot, rng: np.random.Generator) -> NDArray[np.int64]:
    """The place of each pair among its user's, 0 the latest; equal and missing times in random order."""
    users = snapshot.pair_users()
    order = np.lexsort((rng.random(len(users)), -np.maximum(snapshot.last_at, NO_TIME + 1), users))
    places = np.empty(len(users), dtype=np.int64)
    places[order] = np.arange(len(users)) - snapshot.matrix.indptr[users[order]]
    return places


def _keep(matrix: sparse.csr_array, kept: NDArray[np.bool_]) -> sparse.csr_array:
    counts = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], counts), shape=matrix.shape)

"""What is withheld from the training data to know when to stop, and how well it is found again.

Which users and which of their pairs is decided by seeded hashes of ids, so that more data disturb little. With the
past of an earlier model they disturb nothing: what it withheld stays withheld, what it learnt from is never withheld.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from graphrec.hashing import hash_ids, hash_pairs
from graphrec.models.past import Mask, Past
from graphrec.snapshot import NO_TIME, Snapshot

K = 20
LEAST_PAIRS = 3
"""A user with fewer likings keeps them all."""

MOST_USERS = 5000
MOST_WITHHELD = 0.05
"""No more users, and no larger share of all pairs, than this; what an earlier model withheld stays all the same."""

BLOCK = 512


@dataclass(frozen=True, eq=False)
class Validation:
    """`train`: the matrix without the withheld pairs. `withheld`: their rows' items, aligned with `users`."""

    train: sparse.csr_array
    users: NDArray[np.int64]
    withheld: sparse.csr_array

    @classmethod
    def of(cls, snapshot: Snapshot, share: float, seed: int, past: Past | None = None) -> Validation:
        """For some users the last `share` of what they like, by time; where times are missing or equal, by hash.

        Users are taken in the order of their hashes, those of the past first; of these what is new is added.
        """
        past = past or Past.nothing()
        matrix, users = snapshot.matrix, snapshot.pair_users()
        hashes = hash_ids(snapshot.user_ids), hash_ids(snapshot.item_ids)
        kept = past.was_withheld(snapshot)
        fresh = ~kept & ~past.was_learnt(snapshot)
        n_kept, n_fresh = (np.bincount(users[mask], minlength=snapshot.n_users) for mask in (kept, fresh))
        n_new = np.minimum(np.maximum(_n_wanted(matrix, share) - n_kept, 0), n_fresh)
        order = np.lexsort((hash_pairs(hashes[0], np.zeros_like(hashes[0]), seed), n_kept == 0))
        order = order[(n_kept + n_new)[order] > 0][:MOST_USERS]
        order = order[np.cumsum((n_kept + n_new)[order]) <= MOST_WITHHELD * matrix.nnz]
        n_taken = np.zeros(snapshot.n_users, dtype=np.int64)
        n_taken[order] = n_new[order]
        ties = hash_pairs(hashes[0][users], hashes[1][matrix.indices], seed)
        hidden = kept | (fresh & (_last(snapshot, fresh, ties) < n_taken[users]))
        judged = np.flatnonzero(np.bincount(users[hidden], minlength=snapshot.n_users))
        return cls(_keep(matrix, ~hidden), judged, _keep(matrix, hidden)[judged])

    def as_past(self, snapshot: Snapshot) -> Past:
        """What a model that is trained on this leaves to the next."""
        n_withheld = np.zeros(snapshot.n_users, dtype=np.int64)
        n_withheld[self.users] = np.diff(self.withheld.indptr)
        indptr = np.concatenate([[0], np.cumsum(n_withheld)])
        whole = sparse.csr_array((self.withheld.data, self.withheld.indices, indptr), shape=self.train.shape)
        return Past(snapshot.user_ids, snapshot.item_ids, self.train, whole)

    def blocks(self) -> Iterator[tuple[NDArray[np.int64], sparse.csr_array, sparse.csr_array]]:
        """Some users at a time: who they are, their rows of `train`, and those of `withheld`."""
        for start in range(0, len(self.users), BLOCK):
            users = self.users[start : start + BLOCK]
            yield users, self.train[users], self.withheld[start : start + BLOCK]

    def recall(self, user_vectors: Tensor, item_vectors: Tensor) -> float:
        """Recall@20 over the users, training items masked; 0 where nothing could be withheld."""
        found = [_recalls(user_vectors, item_vectors, *block) for block in self.blocks()]
        return float(np.concatenate(found).mean()) if found else 0.0


def _recalls(
    user_vectors: Tensor,
    item_vectors: Tensor,
    users: NDArray[np.int64],
    train: sparse.csr_array,
    withheld: sparse.csr_array,
) -> NDArray[np.float64]:
    """Recall@20 of each user of a block."""
    scores = user_vectors[torch.from_numpy(users).to(user_vectors.device)] @ item_vectors.T
    rows, columns = train.nonzero()
    scores[torch.from_numpy(rows).long(), torch.from_numpy(columns).long()] = -torch.inf
    best = scores.topk(min(K, scores.shape[1]), sorted=False).indices.cpu().numpy()
    rows, columns = withheld.nonzero()
    keys = np.arange(len(users))[:, None] * scores.shape[1] + best
    hits = np.isin(keys, rows.astype(np.int64) * scores.shape[1] + columns).sum(axis=1)
    return np.asarray(hits / np.diff(withheld.indptr), dtype=np.float64)


def _n_wanted(matrix: sparse.csr_array, share: float) -> NDArray[np.int64]:
    """How many pairs of each user are to be withheld; one stays at least."""
    n_liked = np.diff(matrix.indptr)
    wanted = np.minimum(np.ceil(n_liked * share), n_liked - 1)
    return np.where(n_liked >= LEAST_PAIRS, wanted, 0).astype(np.int64)


def _last(snapshot: Snapshot, fresh: Mask, ties: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The place of each fresh pair among its user's fresh ones, 0 the latest; the others come after them."""
    users = snapshot.pair_users()
    order = np.lexsort((ties, -np.maximum(snapshot.last_at, NO_TIME + 1), ~fresh, users))
    places = np.empty(len(users), dtype=np.int64)
    places[order] = np.arange(len(users)) - snapshot.matrix.indptr[users[order]]
    return places


def _keep(matrix: sparse.csr_array, kept: NDArray[np.bool_]) -> sparse.csr_array:
    counts = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], counts), shape=matrix.shape)

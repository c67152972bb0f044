"""Feature augmentation: what one part recommends is, with a small weight, what the next one learns from.

Melville, Mooney and Nagarajan, "Content-boosted collaborative filtering for improved recommendations" (AAAI 2002).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy import sparse

from graphrec.errors import InputError
from graphrec.models.arrays_model import Arrays
from graphrec.models.base import Block, Progress
from graphrec.models.filters.item_filter import BLOCK
from graphrec.models.hybrids.hybrid import Hybrid, Ints, Parts, at
from graphrec.models.hybrids.scorers import Floats
from graphrec.models.hybrids.settings import HybridSettings
from graphrec.models.hybrids.shortlists import best_of
from graphrec.models.settings import Range, Space
from graphrec.models.training_part import block_of, in_order
from graphrec.snapshot import NO_TIME, Snapshot


@dataclass(frozen=True)
class AugmentedSettings(HybridSettings):
    """Two parts. `n_added`: how many items of the first each user's likes get, each with the weight `added_weight`."""

    space: ClassVar[Space] = {"n_added": Range(2, 50, log=True), "added_weight": Range(0.02, 0.5, log=True)}

    parts: str = "p3alpha+chebyshev"
    n_added: int = 10
    added_weight: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.at_least("n_added", 1)
        if len(self.names) != 2:
            raise InputError(f"expected two parts, the first to add and the second to score, found {self.parts!r}")
        if not self.added_weight > 0:
            raise InputError(f"expected added_weight above 0, found {self.added_weight}")


class Augmented(Hybrid):
    """The second part, fitted to likes and to what the first adds to them; profiles get the same at scoring."""

    name = "augmented"
    kind = AugmentedSettings

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """First the one, then the other. Memory: `n_added` pairs a user more."""
        first, second = self.settings.names
        self.fitted(snapshot, progress, [first])
        self.fitted(self._augmented(snapshot), progress, [second])
        return {}

    def scores(self, block: Block) -> Floats:
        """What the second part says of the profile with what the first adds."""
        return self.said(self.settings.names[1], self._with_added(block))

    def parts_of(self, block: Block, row: Ints, column: Ints) -> Parts:
        """The second part adds what it says of the likes alone; the first part what its items change."""
        first, second = self.settings.names
        whole, alone = at(self.scores(block), row, column), at(self.said(second, block), row, column)
        return {first: whole - alone, second: alone}

    def _with_added(self, block: Block) -> Block:
        added = self._added(block)
        told = zip(added.indices.reshape(len(block.users), -1), block.histories, strict=True)
        histories = tuple(np.concatenate([new.astype(np.int64), old]) for new, old in told)
        return replace(block, rows=sparse.csr_array(block.rows + drop_zeros(added)), histories=histories)

    def _added(self, block: Block) -> sparse.csr_array:
        """The best items of the first part that aren't liked yet, as many for each row; weight 0 for one unknown."""
        said = self.said(self.settings.names[0], block)
        columns = best_of(said, block.rows, self.settings.n_added)
        liked = np.zeros(said.shape, dtype=bool)
        liked[block.rows.nonzero()] = True
        may = np.isfinite(np.take_along_axis(np.where(liked, -np.inf, said), columns, axis=1))
        data = np.where(may, self.settings.added_weight, 0).astype(np.float32).ravel()
        indptr = np.arange(len(columns) + 1) * columns.shape[1]
        return sparse.csr_array((data, columns.ravel(), indptr), shape=said.shape)

    def _augmented(self, snapshot: Snapshot) -> Snapshot:
        histories = in_order(snapshot)
        has_likes = np.flatnonzero(np.diff(snapshot.matrix.indptr))
        added = sparse.lil_array(snapshot.matrix.shape, dtype=np.float32).tocsr()
        for start in range(0, len(has_likes), BLOCK):
            users = has_likes[start : start + BLOCK]
            found = drop_zeros(self._added(block_of(snapshot, histories, users)))
            added = added + spread(found, users, snapshot.n_users)
        return with_likes(snapshot, sparse.csr_array(added))


def drop_zeros(matrix: sparse.csr_array) -> sparse.csr_array:
    """The matrix without entries of 0."""
    found = matrix.copy()
    found.eliminate_zeros()
    return found


def spread(rows: sparse.csr_array, users: Ints, n_users: int) -> sparse.csr_array:
    """Rows put at the places of their users; the others are empty."""
    lengths = np.zeros(n_users, dtype=np.int64)
    lengths[users] = np.diff(rows.indptr)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_array((rows.data, rows.indices, indptr), shape=(n_users, rows.shape[1]))


def with_likes(snapshot: Snapshot, added: sparse.csr_array) -> Snapshot:
    """The snapshot with more likes, which have no rating and no time."""
    matrix = sparse.csr_array(snapshot.matrix + added).astype(np.float32)
    matrix.sort_indices()
    rows = np.repeat(np.arange(snapshot.n_users, dtype=np.int64), np.diff(matrix.indptr))
    own = snapshot.pair_users().astype(np.int64) * snapshot.n_items + snapshot.matrix.indices
    places = np.searchsorted(rows * snapshot.n_items + matrix.indices, own)
    rating = np.full(matrix.nnz, np.nan, dtype=np.float32)
    last_at = np.full(matrix.nnz, NO_TIME, dtype=np.int64)
    rating[places], last_at[places] = snapshot.rating, snapshot.last_at
    return replace(snapshot, matrix=matrix, rating=rating, last_at=last_at)

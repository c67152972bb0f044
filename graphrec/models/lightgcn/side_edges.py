"""Edges beside the likes: between users who follow each other, and between items and their tags.

With tags the graph has three kinds of nodes, and an item that nobody likes yet gets a vector from its tags. Wu et al.,
"A neural influence diffusion model for social recommendation" (SIGIR 2019), propagate over follows as over likes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.filters.item_filter import empty
from graphrec.models.lightgcn.settings import LightGCNSettings
from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import matrix_arrays, matrix_of


@dataclass(frozen=True, eq=False)
class SideEdges:
    """`follows`: users × users, both directions. `tags`: items × tags. Both float32, weighed against a like of 1."""

    follows: sparse.csr_array
    tags: sparse.csr_array

    @classmethod
    def of(cls, snapshot: Snapshot, settings: LightGCNSettings) -> Self | None:
        """What the settings ask for; None where they ask for nothing, or the data have nothing."""
        follows, tags = empty(snapshot.n_users, snapshot.n_users), empty(snapshot.n_items, 0)
        if settings.follow_edges:
            either = snapshot.follows + snapshot.follows.T
            follows = sparse.csr_array(either.astype(bool).astype(np.float32) * np.float32(settings.follow_edges))
        if settings.tag_edges:
            total = np.asarray(snapshot.tags.sum(axis=1), dtype=np.float64)
            share = settings.tag_edges / np.where(total > 0, total, 1)
            tags = sparse.csr_array(sparse.diags_array(share) @ snapshot.tags).astype(np.float32)
        return cls(follows, tags) if follows.nnz or tags.nnz else None

    @property
    def n_tags(self) -> int:
        return int(self.tags.shape[1])

    @property
    def is_tagged(self) -> NDArray[np.bool_]:
        """Which items have a tag."""
        return np.asarray(np.diff(self.tags.indptr) > 0)

    @property
    def is_followed(self) -> NDArray[np.bool_]:
        """Which users follow somebody, or are followed."""
        return np.asarray(np.diff(self.follows.indptr) > 0)

    def whole(self, matrix: sparse.csr_array) -> sparse.csr_array:
        """The likes and these edges, both directions, over users, items and tags."""
        blocks = [[self.follows, matrix, None], [matrix.T.tocsr(), None, self.tags], [None, self.tags.T.tocsr(), None]]
        if not self.n_tags:
            blocks = [row[:2] for row in blocks[:2]]
        return sparse.csr_array(sparse.block_array(blocks, format="csr"))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is kept; a person can be forgotten in it."""
        return {
            **matrix_arrays("follows", self.follows),
            **matrix_arrays("item_tags", self.tags),
            "n_tags": np.array(self.n_tags),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], n_users: int, n_items: int) -> Self | None:
        """What `arrays` gave; None where nothing was kept."""
        if "n_tags" not in arrays:
            return None
        tags = matrix_of(arrays, "item_tags", (n_items, int(arrays["n_tags"])))
        return cls(matrix_of(arrays, "follows", (n_users, n_users)), tags)

"""A mixture: the scores of a graph of items, of vectors and of popularity, made comparable and added.

    s(u, j) = w_graph · g(u, j) / rms g(u) + w_vectors · cos(u, j) / spread + w_popularity · p(j)

`g` is a linear filter of the user's row, here a graph filter and a walk together. Its scores are taken as parts of
their root mean square over all items, so that a row of three likes and one of three hundred weigh the same against the
cosine, whose own root mean square, over users and items, is `spread`. A query over the graph finds all of it again
without a pass over all items.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.filters.item_filter import Floats, ItemFilter


@dataclass(frozen=True)
class Weights:
    """How much each part adds. `walk` is the walk's share of the graph of items, from 0 to 1."""

    graph: float = 0.5
    vectors: float = 0.5
    popularity: float = 0.0
    walk: float = 0.0

    def normalised(self) -> Self:
        """The same ranking, with weights that add up to 1."""
        total = self.graph + self.vectors + self.popularity
        return replace(
            self,
            graph=round(self.graph / total, 4),
            vectors=round(self.vectors / total, 4),
            popularity=round(self.popularity / total, 4),
        )


@dataclass(frozen=True, eq=False)
class Mixture:
    """`graph`: filter and walk added, each by its share. `item_vectors`: of length 1, or 0 where nothing is known.
    `popularity`: an item's, from 0 to 1. `spread`: what the cosines are divided by."""

    graph: ItemFilter
    item_vectors: Floats
    popularity: Floats
    weights: Weights
    spread: float = 1.0

    def scores(self, rows: sparse.csr_array, vectors: Floats) -> Floats:
        """Rows × items, dense: for a block of rows and the unit vectors that belong to them."""
        found = self.graph.scores(rows)
        found *= np.float32(self.weights.graph) / root_mean_square(found)
        if self.weights.vectors:
            found += (np.float32(self.weights.vectors / self.spread) * vectors) @ self.item_vectors.T
        found += np.float32(self.weights.popularity) * self.popularity
        return found

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Which items anything is known of."""
        return np.asarray(self.popularity > 0)


def popularity_of(matrix: sparse.csr_array) -> Floats:
    """log(1 + people who like an item), as a part of the largest."""
    counts = np.log1p(np.bincount(matrix.indices, minlength=matrix.shape[1]))
    return np.asarray(counts / max(counts.max(initial=0), 1e-12), dtype=np.float32)


def root_mean_square(scores: Floats) -> Floats:
    """That of each row, rows × 1; 1 for a row of zeros."""
    found = np.sqrt(np.einsum("ij,ij->i", scores, scores) / scores.shape[1])[:, None]
    return np.asarray(np.where(found > 0, found, 1), dtype=np.float32)


def add(left: ItemFilter, right: ItemFilter, left_share: float, right_share: float) -> ItemFilter:
    """Two filters as one: the scores of the first times its share and of the second times its own."""
    one, other = scale(left, left_share), scale(right, right_share)
    return ItemFilter(
        sparse.csr_array(one.neighbours + other.neighbours),
        np.hstack([one.left, other.left]),
        np.hstack([one.right, other.right]),
        sparse.hstack([one.there, other.there], format="csr"),
        sparse.vstack([one.back, other.back], format="csr"),
    )


def scale(found: ItemFilter, factor: float) -> ItemFilter:
    """A filter whose scores are a factor larger."""
    size = np.float32(factor)
    return replace(found, neighbours=found.neighbours * size, left=found.left * size, there=found.there * size)

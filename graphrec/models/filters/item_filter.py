"""What every filter learns: a linear map from a user's row to the scores of all items."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.products import Rows, multiply, top_product
from graphrec.models.settings import Settings

Floats = NDArray[np.float32]

BLOCK = 512
"""Rows scored at a time: 512 × 100,000 items in single precision are 0.2 GB."""


@dataclass(frozen=True)
class FilterSettings(Settings):
    """`n_stored`: how many items an item gets in the graph, those that it gives most to; the fit is the same."""

    n_stored: int = field(default=50, kw_only=True)

    def __post_init__(self) -> None:
        self.at_least("n_stored", 1)


@dataclass(frozen=True, eq=False)
class ItemFilter:
    """score(j) = Σ_i row(i) · (neighbours(i, j) + left(i) · right(j)), over the items i of the row.

    `neighbours`: items × items, a few a row. `left`, `right`: items × rank; rank 0 where there is no such part.
    A row is all that is needed, so users who came after the fit are scored as any other.
    """

    neighbours: sparse.csr_array
    left: Floats
    right: Floats

    @classmethod
    def of_neighbours(cls, neighbours: sparse.csr_array) -> ItemFilter:
        """A filter that is a graph of items alone, in single precision, as the products take it."""
        nothing = np.zeros((int(neighbours.shape[0]), 0), dtype=np.float32)
        return cls(neighbours.astype(np.float32, copy=False), nothing, nothing)

    @classmethod
    def of_factors(cls, left: Floats, right: Floats) -> ItemFilter:
        """A filter that is a product of low rank alone."""
        return cls(empty(len(left)), left, right)

    @property
    def n_items(self) -> int:
        return len(self.left)

    @property
    def rank(self) -> int:
        return int(self.left.shape[1])

    def project(self, rows: sparse.csr_array) -> Floats:
        """The vectors of some rows: rows × rank; their dot products with `right` are the part of low rank."""
        return multiply(Rows.of(rows), self.left)

    def scores(self, rows: sparse.csr_array) -> Floats:
        """Rows × items, dense: for a block of rows."""
        found = self.project(rows) @ self.right.T if self.rank else np.zeros(rows.shape, dtype=np.float32)
        if self.neighbours.nnz:
            near = rows @ self.neighbours
            found[np.repeat(np.arange(rows.shape[0]), np.diff(near.indptr)), near.indices] += near.data
        return found

    def best_neighbours(
        self, rows: sparse.csr_array, k: int, allowed: NDArray[np.bool_], masked: sparse.csr_array
    ) -> sparse.csr_array:
        """The k best of each row by the neighbours alone, without a dense block: see `top_product`."""
        return top_product(rows, self.neighbours if allowed.all() else columns_of(self.neighbours, allowed), k, masked)

    def parts(self, liked: NDArray[np.integer], items: NDArray[np.integer]) -> Floats:
        """What each liked item alone adds to the score of each item: liked × items."""
        near = self.neighbours[liked][:, items].toarray()
        found: Floats = near.astype(np.float32) + self.left[liked] @ self.right[items].T
        return found


def empty(n: int) -> sparse.csr_array:
    """No neighbours among n items."""
    parts = np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.int32), np.zeros(n + 1, dtype=np.int64)
    return sparse.csr_array(parts, shape=(n, n))


def no_filter() -> ItemFilter:
    """The filter of no items."""
    return ItemFilter.of_neighbours(empty(0))


def diagonal(n: int) -> sparse.csr_array:
    """The pattern that keeps an item from being its own neighbour."""
    return sparse.csr_array((np.ones(n, dtype=bool), np.arange(n), np.arange(n + 1)), shape=(n, n))


def columns_of(matrix: sparse.csr_array, kept: NDArray[np.bool_]) -> sparse.csr_array:
    """The same shape, with the entries of some columns alone."""
    stays = kept[matrix.indices]
    before = np.concatenate([[0], np.cumsum(stays)])
    return sparse.csr_array((matrix.data[stays], matrix.indices[stays], before[matrix.indptr]), shape=matrix.shape)


def powers(degree: NDArray[np.floating], power: float) -> NDArray[np.float64]:
    """degree^power; 0 where the degree is 0."""
    known = degree > 0
    return np.where(known, np.where(known, degree, 1).astype(np.float64) ** power, 0.0)


def scaled(matrix: sparse.csr_array, left: NDArray[np.float64], right: NDArray[np.float64]) -> sparse.csr_array:
    """diag(left) matrix diag(right)."""
    data = matrix.data * np.repeat(left, np.diff(matrix.indptr)) * right[matrix.indices]
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)

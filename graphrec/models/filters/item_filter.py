"""What every filter learns: a linear map from a user's row to the scores of all items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.products import Rows, multiply, top_product
from graphrec.models.settings import Settings
from graphrec.versions.arrays import matrix_arrays, matrix_of

Floats = NDArray[np.float32]

BLOCK = 512
"""Rows scored at a time: 512 × 100,000 items in single precision are 0.2 GB."""


@dataclass(frozen=True)
class FilterSettings(Settings):
    """`n_stored`: how many items an item gets in the graph, those that it gives most to; the fit is the same."""

    n_stored: int = field(default=30, kw_only=True)

    def __post_init__(self) -> None:
        self.at_least("n_stored", 1)


@dataclass(frozen=True, eq=False)
class ItemFilter:
    """score(j) = Σ_i row(i) · (neighbours(i, j) + left(i) · right(j) + Σ_u there(i, u) back(u, j)), i over the row.

    `neighbours`: items × items, a few a row. `left`, `right`: items × rank; rank 0 where there is no such part.
    `there`, `back`: items × users and users × items, a step of the item graph that isn't multiplied out: exact, and no
    larger than the interactions. A row is all that is needed, so users who came after the fit are scored as any other.
    """

    neighbours: sparse.csr_array
    left: Floats
    right: Floats
    there: sparse.csr_array
    back: sparse.csr_array

    @classmethod
    def of_neighbours(cls, neighbours: sparse.csr_array) -> ItemFilter:
        """A filter that is a graph of items alone, in the types that products take: none casts it again."""
        n_items = int(neighbours.shape[0])
        nothing = np.zeros((n_items, 0), dtype=np.float32)
        return cls(neighbours.astype(np.float32, copy=False), nothing, nothing, empty(n_items, 0), empty(0, n_items))

    @classmethod
    def of_factors(cls, left: Floats, right: Floats) -> ItemFilter:
        """A filter that is a product of low rank alone."""
        return cls.of_step(left, right, empty(len(left), 0), empty(0, len(left)))

    @classmethod
    def of_step(cls, left: Floats, right: Floats, there: sparse.csr_array, back: sparse.csr_array) -> ItemFilter:
        """A filter that is a step of the item graph and a product of low rank."""
        return cls(empty(len(left), len(left)), left, right, there, back)

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ItemFilter:
        """What `arrays` gave."""
        n_items, n_users = len(arrays["left"]), len(arrays["back_indptr"]) - 1
        shapes = {"neighbours": (n_items, n_items), "there": (n_items, n_users), "back": (n_users, n_items)}
        parts = {name: matrix_of(arrays, name, shape) for name, shape in shapes.items()}
        return cls(left=arrays["left"], right=arrays["right"], **parts)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The filter as arrays by name, to be written."""
        parts = matrix_arrays("neighbours", self.neighbours)
        parts |= matrix_arrays("there", self.there) | matrix_arrays("back", self.back)
        return {"left": self.left, "right": self.right, **parts}

    def over(self, places: NDArray[np.int64]) -> ItemFilter:
        """The same filter over other items: `places` holds the position of each here, -1 for one it doesn't know."""
        known = np.flatnonzero(places >= 0)
        ones = np.ones(len(known), dtype=np.float32)
        picks = sparse.csr_array((ones, (places[known], known)), shape=(self.n_items, len(places)))
        left, right = (np.where((places >= 0)[:, None], part[places], 0) for part in (self.left, self.right))
        near = sparse.csr_array(picks.T @ self.neighbours @ picks)
        return ItemFilter(
            near, left, right, sparse.csr_array(picks.T @ self.there), sparse.csr_array(self.back @ picks)
        )

    @property
    def is_sparse(self) -> bool:
        """Whether it is a graph of items alone."""
        return not self.rank and not self.there.nnz

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
        if self.there.nnz:
            found += multiply(self._step, np.ascontiguousarray((rows @ self.there).toarray().T, dtype=np.float32)).T
        return found

    def reached(self, rows: sparse.csr_array) -> Floats:
        """The scores of a block, −inf where nothing leads from the row to the item."""
        found = self.scores(rows)
        found[found == 0] = -np.inf
        return found

    @cached_property
    def _step(self) -> Rows:
        """The way back by items, so that a block of users is multiplied with it from the right."""
        return Rows.of(self.back.T.tocsr())

    def best_neighbours(
        self, rows: sparse.csr_array, k: int, allowed: NDArray[np.bool_], masked: sparse.csr_array
    ) -> sparse.csr_array:
        """The k best of each row by the neighbours alone, without a dense block: see `top_product`."""
        return top_product(rows, self.neighbours if allowed.all() else columns_of(self.neighbours, allowed), k, masked)

    def parts(self, liked: NDArray[np.integer], items: NDArray[np.integer]) -> Floats:
        """What each liked item alone adds to the score of each item: liked × items."""
        near = self.neighbours[liked][:, items].toarray() + (self.there[liked] @ self.back[:, items]).toarray()
        found: Floats = near.astype(np.float32) + self.left[liked] @ self.right[items].T
        return found


def empty(n_rows: int, n_columns: int) -> sparse.csr_array:
    """A matrix without an entry."""
    parts = np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.int32), np.zeros(n_rows + 1, dtype=np.int64)
    return sparse.csr_array(parts, shape=(n_rows, n_columns))


def no_filter() -> ItemFilter:
    """The filter of no items."""
    return ItemFilter.of_neighbours(empty(0, 0))


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


def step(matrix: sparse.csr_array, weight: float, popularity: float) -> tuple[sparse.csr_array, sparse.csr_array]:
    """There and back: weight · d(i)^-b (R̃ᵀ R̃)(i, j) d(j)^b in two factors, R̃ = D_u^-½ R D_i^-½ and b the popularity."""
    item_degree = np.asarray(matrix.sum(axis=0), dtype=np.float64)
    user_degree = np.asarray(matrix.sum(axis=1), dtype=np.float64)
    to_users = scaled(matrix.T.tocsr(), weight * powers(item_degree, -0.5 - popularity), powers(user_degree, -0.5))
    to_items = scaled(matrix, powers(user_degree, -0.5), powers(item_degree, popularity - 0.5))
    return to_users.astype(np.float32), to_items.astype(np.float32)

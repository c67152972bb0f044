"""EASE: the linear map from rows to themselves with a diagonal of 0, by ridge regression.

    B = argmin |R - R B|² + λ |B|²,  diag(B) = 0:   B(i, j) = -P(i, j) / P(j, j),   P = (RᵀR + λ I)^-1

Steck, "Embarrassingly shallow autoencoders for sparse data" (WWW 2019). The closed form needs items × items numbers, so
a wide catalogue is solved sparsely: item j is predicted only from the `n_candidates` items that occur with it most
alike, as in Ning and Karypis, "SLIM" (ICDM 2011, its feature selection), one small ridge regression an item. With all
items as candidates both are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numba
import numpy as np
from scipy import sparse

from graphrec.models.filters.cooccurrence import CooccurrenceSettings, cooccurrence
from graphrec.models.filters.item_filter import FilterSettings, ItemFilter, scaled
from graphrec.models.products import cut_evenly, on_all_cores, parts_of
from graphrec.models.settings import Range, Space

MOST_ITEMS = 8000
"""A wider catalogue is solved sparsely: 8,000² numbers in double precision are 0.5 GB."""

BLOCK = 256
"""Items solved at a time by a thread."""

GRAM_KEPT = 500
"""Entries of RᵀR kept a row when it is solved sparsely, those of the largest cosine; the others count as 0."""


@dataclass(frozen=True)
class EASESettings(FilterSettings):
    """`ridge`: λ. `n_candidates`: from how many items each item of a wide catalogue is predicted."""

    space: ClassVar[Space] = {
        "ridge": Range(5, 5000, log=True),
        "n_candidates": Range(20, 300, log=True),
    }

    ridge: float = 200.0
    n_candidates: int = 100


def ease(matrix: sparse.csr_array, settings: EASESettings) -> ItemFilter:
    """The filter of users × items. Cost: items³, or items · n_candidates³ for a wide catalogue."""
    weights = whole(matrix, settings.ridge) if matrix.shape[1] <= MOST_ITEMS else sparsely(matrix, settings)
    return ItemFilter.of_neighbours(weights)


def whole(matrix: sparse.csr_array, ridge: float) -> sparse.csr_array:
    """B by the closed form; all its weights, negative ones too."""
    gram = (matrix.T @ matrix).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += ridge
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    weights[np.diag_indices_from(weights)] = 0
    return sparse.csr_array(weights.astype(np.float32))


def sparsely(matrix: sparse.csr_array, settings: EASESettings) -> sparse.csr_array:
    """B with at most n_candidates weights for each predicted item."""
    gram = gram_matrix(matrix, max(GRAM_KEPT, settings.n_candidates))
    candidates = _alike(matrix, settings.n_candidates)
    squares = np.asarray(matrix.multiply(matrix).sum(axis=0), dtype=np.float64)
    parts, products = parts_of(candidates), (gram.indptr, gram.indices, gram.data)
    weights = np.zeros(candidates.nnz, dtype=np.float32)

    def regress(first: int, last: int) -> None:
        for start in range(first, last, BLOCK):
            _regress(parts, products, squares + settings.ridge, start, min(start + BLOCK, last), weights)

    on_all_cores(cut_evenly(parts[0]), regress)
    by_item = sparse.csr_array((weights, candidates.indices, candidates.indptr), shape=candidates.shape)
    return by_item.T.tocsr()


def gram_matrix(matrix: sparse.csr_array, n_kept: int) -> sparse.csr_array:
    """RᵀR without its diagonal, the entries of the largest cosine of each row."""
    alike = _alike(matrix, n_kept)
    root = np.sqrt(np.asarray(matrix.sum(axis=0), dtype=np.float64))
    return scaled(alike, root, root)


def _alike(matrix: sparse.csr_array, n_neighbours: int) -> sparse.csr_array:
    return cooccurrence(matrix, CooccurrenceSettings(user_power=0, n_neighbours=n_neighbours)).neighbours


def _regress(candidates: Any, gram: Any, diagonal: Any, first: int, last: int, weights: Any) -> None:
    """The ridge regressions of some items on their candidates; the weights are aligned with the candidates."""
    lengths = np.diff(candidates[0][first : last + 1])
    width = int(lengths.max(initial=0))
    systems = np.zeros((last - first, width, width))
    wanted = np.zeros((last - first, width, 1))
    _gather(candidates, gram, diagonal, first, systems, wanted)
    solved = np.linalg.solve(systems, wanted)[:, :, 0] if width else systems[:, :, 0]
    weights[candidates[0][first] : candidates[0][last]] = solved[np.arange(width) < lengths[:, None]]


@numba.njit(cache=True, nogil=True)
def _gather(candidates: Any, gram: Any, diagonal: Any, first: int, systems: Any, wanted: Any) -> None:
    """The part of RᵀR + λ I that belongs to the candidates of each item; an empty place stands for itself."""
    place = np.full(len(diagonal), -1, dtype=np.int64)
    for n in range(len(systems)):
        start, end = candidates[0][first + n], candidates[0][first + n + 1]
        for p in range(systems.shape[1]):
            systems[n, p, p] = 1.0
        for p in range(end - start):
            place[candidates[1][start + p]] = p
        for p in range(end - start):
            other = candidates[1][start + p]
            systems[n, p, p] = diagonal[other]
            for entry in range(gram[0][other], gram[0][other + 1]):
                q = place[gram[1][entry]]
                if q >= 0:
                    systems[n, p, q] = gram[2][entry]
                    systems[n, q, p] = gram[2][entry]
        for entry in range(gram[0][first + n], gram[0][first + n + 1]):
            p = place[gram[1][entry]]
            if p >= 0:
                wanted[n, p, 0] = gram[2][entry]
        for p in range(end - start):
            place[candidates[1][start + p]] = -1

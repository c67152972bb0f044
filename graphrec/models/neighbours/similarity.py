"""How alike rows are: cosine, Jaccard or Pearson, made smaller where little is known; as `cypher/neighbours/` has it.

Shrinkage and significance: Herlocker, Konstan, Borchers and Riedl, "An algorithmic framework for performing
collaborative filtering" (SIGIR 1999); Bell and Koren, "Improved neighborhood-based collaborative filtering" (KDD Cup
2007).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import InputError
from graphrec.models.largest import largest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MEASURES = ("cosine", "jaccard", "pearson")
VARIES = 1e-9
"""n Σx² − (Σx)² below this is no variation: rounding, or ratings that are all the same."""


@dataclass(frozen=True)
class Likeness:
    """`shrinkage`: s n / (n + shrinkage), n what both have; `significance`: s min(n, it) / it, where it is above 0."""

    measure: str
    shrinkage: float
    significance: int

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise InputError(f"expected one of {', '.join(MEASURES)} as the measure, found {self.measure!r}")

    def between(self, rows: sparse.csr_array, others: sparse.csr_array) -> Floats:
        """Rows × others, dense. Values that are 0 and stored count as there."""
        there, theirs = _pattern(rows), _pattern(others)
        n = _product(there, theirs)
        found = _MEASURES[self.measure](rows, others, n)
        found *= np.divide(n, n + self.shrinkage, out=np.zeros_like(n), where=n > 0)
        if self.significance:
            found *= np.minimum(n, self.significance) / self.significance
        return found

    def nearest(self, rows: sparse.csr_array, others: sparse.csr_array, own: Ints, k: int) -> sparse.csr_array:
        """The k most alike of each row, above 0, of equal ones the first. `own`: which of the others a row is."""
        found = self.between(rows, others)
        here = np.flatnonzero(own >= 0)
        found[here, own[here]] = 0
        found[found <= 0] = -np.inf
        return best_in_rows(found, k)


def best_in_rows(scores: Floats, k: int) -> sparse.csr_array:
    """The k best entries of each row, the best first, by round(score, 10) DESC and column; −inf is none."""
    row, column = largest(scores, k, 1e-10)
    value = scores[row, column]
    order = np.lexsort((column, -np.round(value, 10), row))
    n_before = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(scores)))])
    order = order[np.arange(len(row)) - n_before[row[order]] < k]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[order], minlength=len(scores)))])
    return sparse.csr_array((value[order], column[order].astype(np.int32), indptr), shape=scores.shape)


def _pattern(matrix: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)


def _product(left: sparse.csr_array, right: sparse.csr_array) -> Floats:
    return np.asarray((left @ right.T).toarray(), dtype=np.float64)


def _squares(matrix: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array((matrix.data**2, matrix.indices, matrix.indptr), shape=matrix.shape)


def _cosine(rows: sparse.csr_array, others: sparse.csr_array, n: Floats) -> Floats:
    lengths = [np.sqrt(np.asarray(_squares(matrix).sum(axis=1), dtype=np.float64)) for matrix in (rows, others)]
    whole = lengths[0][:, None] * lengths[1]
    return np.asarray(np.divide(_product(rows, others), whole, out=np.zeros_like(n), where=whole > 0))


def _jaccard(rows: sparse.csr_array, others: sparse.csr_array, n: Floats) -> Floats:
    whole = np.diff(rows.indptr)[:, None] + np.diff(others.indptr) - n
    return np.asarray(np.divide(n, whole, out=np.zeros_like(n), where=whole > 0))


def _pearson(rows: sparse.csr_array, others: sparse.csr_array, n: Floats) -> Floats:
    """The correlation over what both have, from sums, as one statement of Cypher has them."""
    there, theirs = _pattern(rows), _pattern(others)
    x, y, xy = _product(rows, theirs), _product(there, others), _product(rows, others)
    spread = n * _product(_squares(rows), theirs) - x * x, n * _product(there, _squares(others)) - y * y
    varies = (spread[0] > VARIES) & (spread[1] > VARIES)
    whole = np.sqrt(np.where(varies, spread[0] * spread[1], 1.0))
    return np.asarray(np.where(varies, (n * xy - x * y) / whole, 0.0))


_MEASURES: dict[str, Callable[[sparse.csr_array, sparse.csr_array, Floats], Floats]] = {
    "cosine": _cosine,
    "jaccard": _jaccard,
    "pearson": _pearson,
}

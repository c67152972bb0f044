"""How alike rows are: cosine, Jaccard or Pearson, made smaller where little is known; as `cypher/neighbours/` has it.

Shrinkage and significance: Herlocker, Konstan, Borchers and Riedl, "An algorithmic framework for performing
collaborative filtering" (SIGIR 1999); Bell and Koren, "Improved neighborhood-based collaborative filtering" (KDD Cup
2007).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

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


@dataclass(frozen=True, eq=False)
class Side:
    """Rows that are compared, with what comparing them needs; each part is made once, when it is first needed."""

    values: sparse.csr_array

    def some(self, places: Ints) -> Side:
        """A few of the rows."""
        return Side(sparse.csr_array(self.values[places]))

    @cached_property
    def there(self) -> sparse.csr_array:
        """1 for each value."""
        return sparse.csr_array((np.ones(self.values.nnz), self.values.indices, self.values.indptr), self.values.shape)

    @cached_property
    def squares(self) -> sparse.csr_array:
        """Each value squared."""
        return sparse.csr_array((self.values.data**2, self.values.indices, self.values.indptr), self.values.shape)

    @cached_property
    def turned(self) -> sparse.csr_array:
        """The values by column."""
        return sparse.csr_array(self.values.T)

    @cached_property
    def turned_there(self) -> sparse.csr_array:
        """1 for each value, by column."""
        return sparse.csr_array(self.there.T)

    @cached_property
    def turned_squares(self) -> sparse.csr_array:
        """The squares by column."""
        return sparse.csr_array(self.squares.T)

    @cached_property
    def lengths(self) -> Floats:
        """Of the rows as vectors."""
        return np.sqrt(np.asarray(self.squares.sum(axis=1), dtype=np.float64))


@dataclass(frozen=True)
class Likeness:
    """`shrinkage`: s n / (n + shrinkage), n what both have; `significance`: s min(n, it) / it, where it is above 0."""

    measure: str
    shrinkage: float
    significance: int

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise InputError(f"expected one of {', '.join(MEASURES)} as the measure, found {self.measure!r}")

    def between(self, rows: Side, others: Side) -> Floats:
        """Rows × others, dense. Values that are 0 and stored count as there."""
        found = _MEASURES[self.measure](rows, others)
        if self.shrinkage or self.significance:
            n = _product(rows.there, others.turned_there)
            found *= np.divide(n, n + self.shrinkage, out=np.zeros_like(n), where=n > 0)
            if self.significance:
                found *= np.minimum(n, self.significance) / self.significance
        return found

    def nearest(self, rows: Side, others: Side, own: Ints, k: int) -> sparse.csr_array:
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


def _product(left: sparse.csr_array, turned: sparse.csr_array) -> Floats:
    return np.asarray((left @ turned).toarray(), dtype=np.float64)


def _cosine(rows: Side, others: Side) -> Floats:
    found, whole = _product(rows.values, others.turned), rows.lengths[:, None] * others.lengths
    return np.asarray(np.divide(found, whole, out=np.zeros_like(found), where=whole > 0))


def _jaccard(rows: Side, others: Side) -> Floats:
    n = _product(rows.there, others.turned_there)
    whole = np.diff(rows.values.indptr)[:, None] + np.diff(others.values.indptr) - n
    return np.asarray(np.divide(n, whole, out=np.zeros_like(n), where=whole > 0))


def _pearson(rows: Side, others: Side) -> Floats:
    """The correlation over what both have, from sums, as one statement of Cypher has them."""
    n, xy = _product(rows.there, others.turned_there), _product(rows.values, others.turned)
    x, y = _product(rows.values, others.turned_there), _product(rows.there, others.turned)
    spread = (
        n * _product(rows.squares, others.turned_there) - x * x,
        n * _product(rows.there, others.turned_squares) - y * y,
    )
    varies = (spread[0] > VARIES) & (spread[1] > VARIES)
    whole = np.sqrt(np.where(varies, spread[0] * spread[1], 1.0))
    return np.asarray(np.where(varies, (n * xy - x * y) / whole, 0.0))


_MEASURES: dict[str, Callable[[Side, Side], Floats]] = {
    "cosine": _cosine,
    "jaccard": _jaccard,
    "pearson": _pearson,
}

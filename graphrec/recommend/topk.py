"""The k best columns of each row, masked before the cut, in the order of round(score, 10) DESC, item_id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphrec.recommend.tables import rank_in_runs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


GROUP = 64
"""Columns whose maximum is taken together when the bound for the k best is sought."""


@dataclass(frozen=True)
class Best:
    """Row, column and score of the chosen entries, row by row, the best first."""

    row: Ints
    column: Ints
    score: Floats


def top_k(
    scores: npt.NDArray[np.floating],
    k: int,
    *,
    margin: float = 0.0,
    rescore: Callable[[Ints, Ints], Floats] | None = None,
) -> Best:
    """The k best of each row of a dense block; entries of −inf are never chosen. The columns are in the order of ids.

    With `margin`, all that lie within it below the k-th are scored again by `rescore(rows, columns)` before the
    cut: a block in single precision then gives the exact answer.
    """
    width = scores.shape[1]
    if k < 1 or width == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return Best(nothing, nothing, np.zeros(0))
    least = np.maximum(_floor(scores, k) - max(margin, 1e-10), np.finfo(scores.dtype).min)
    row, column = np.nonzero(scores >= least[:, None])
    score = rescore(row, column) if rescore else scores[row, column].astype(np.float64)
    return order(row, column, score, k)


def _floor(scores: npt.NDArray[np.floating], k: int) -> npt.NDArray[np.floating]:
    """For each row a bound that at least k entries reach, and few others.

    It is the k-th largest of the maxima of groups of columns: each of k groups has an entry that reaches it. Finding
    it takes one pass, many times faster than a partition of the row.
    """
    n_rows, width = scores.shape
    n_groups = width // GROUP
    if k >= width:
        return np.full(n_rows, -np.inf, dtype=scores.dtype)
    if n_groups <= 2 * k:
        return np.partition(scores, width - k, axis=1)[:, width - k]
    maxima = scores[:, : n_groups * GROUP].reshape(n_rows, n_groups, GROUP).max(axis=2)
    return np.partition(maxima, n_groups - k, axis=1)[:, n_groups - k]


def order(row: Ints, column: Ints, score: Floats, k: int) -> Best:
    """The entries sorted by row, falling rounded score and column, cut at k a row."""
    score = np.round(score, 10) + 0.0
    best = np.lexsort((column, -score, row))
    best = best[rank_in_runs(row[best]) <= k]
    return Best(row[best], column[best], score[best])

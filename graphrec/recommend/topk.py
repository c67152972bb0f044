"""The k best columns of each row, masked before the cut, in the order of round(score, 10) DESC, item_id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphrec.models.largest import largest
from graphrec.recommend.tables import rank_in_runs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Best:
    """Row, column and score of the chosen entries, row by row, the best first."""

    row: Ints
    column: Ints
    score: Floats


def joined(parts: Sequence[Best]) -> Best:
    """The entries of all parts, one part after the other."""
    nothing = Best(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
    columns = zip(*((part.row, part.column, part.score) for part in (nothing, *parts)), strict=True)
    return Best(*(np.concatenate(column) for column in columns))


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
    row, column = largest(scores, k, max(margin, 1e-10))
    score = rescore(row, column) if rescore else scores[row, column].astype(np.float64)
    return order(row, column, score, k)


def order(row: Ints, column: Ints, score: Floats, k: int) -> Best:
    """The entries sorted by row, falling rounded score and column, cut at k a row."""
    score = np.round(score, 10) + 0.0
    best = np.lexsort((column, -score, row))
    best = best[rank_in_runs(row[best]) <= k]
    return Best(row[best], column[best], score[best])

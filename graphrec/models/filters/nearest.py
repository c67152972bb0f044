"""What of a filter can be stored: the items that each item gives most to."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from graphrec.models.filters.item_filter import BLOCK, ItemFilter, diagonal
from graphrec.models.largest import largest
from graphrec.models.products import top_product


def nearest(found: ItemFilter, k: int) -> sparse.csr_array:
    """The k largest positive entries of each row of the whole filter, the best first, of equal ones the first column.

    Float32 CSR, items × items, nothing on the diagonal. In memory is a block of rows at a time. Cost: with a part of
    low rank, items² × rank.
    """
    rows = sparse.eye_array(found.n_items, dtype=np.float32, format="csr")
    if found.is_sparse:
        return top_product(rows, found.neighbours, k, diagonal(found.n_items))
    blocks = [_nearest(found, rows[start : start + BLOCK], start, k) for start in range(0, found.n_items, BLOCK)]
    return sparse.csr_array(sparse.vstack(blocks, format="csr"))


def _nearest(found: ItemFilter, rows: sparse.csr_array, start: int, k: int) -> sparse.csr_array:
    scores = found.scores(rows)
    scores[scores <= 0] = -np.inf
    scores[np.arange(rows.shape[0]), np.arange(start, start + rows.shape[0])] = -np.inf
    row, column = largest(scores, k)
    score = scores[row, column]
    order = np.lexsort((column, -score, row))
    n_before = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows.shape[0]))])
    order = order[np.arange(len(row)) - n_before[row] < k]
    lengths = np.bincount(row[order], minlength=rows.shape[0])
    parts = score[order], column[order].astype(np.int32), np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_array(parts, shape=rows.shape)

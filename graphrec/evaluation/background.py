"""What metrics need to know beside hits: what users liked before, what they have seen, and what items are like."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import sparse

from graphrec.evaluation.truth import Background, Truth
from graphrec.snapshot import Snapshot


def background(snapshot: Snapshot, truth: Truth, given: Mapping[str, Mapping[str, float]]) -> Background:
    """Read from the training part. `given`: what is told of test users who aren't in it."""
    items = truth.item_ids.get_indexer(pd.Index(snapshot.item_ids)).astype(np.int64)
    rows = snapshot.user_idx(truth.user_ids.to_numpy())
    liked = _placed(_rows(snapshot.matrix, rows), items, len(truth.item_ids))
    profiles = liked + _told(truth, given) if given else liked
    n_seen = np.diff(_rows(snapshot.seen, rows).indptr).astype(np.int64)
    n_told = np.array([sum(item in truth.item_ids for item in given.get(user, ())) for user in truth.user_ids])
    tags = _placed(snapshot.tags.T.tocsr(), items, len(truth.item_ids)).T.tocsr() if snapshot.tags.nnz else None
    features = tags if tags is not None else _placed(snapshot.matrix, items, len(truth.item_ids)).T.tocsr()
    return Background(
        n_seen=n_seen + n_told.astype(np.int64),
        profiles=_ones(profiles),
        features=scaled_rows(features, 2),
        tags=None if tags is None else scaled_rows(tags, 1),
    )


def _rows(matrix: sparse.csr_array, rows: np.ndarray) -> sparse.csr_array:
    """Some rows, empty where there is none (−1)."""
    found = matrix[np.maximum(rows, 0)].astype(np.float64)
    return sparse.csr_array(sparse.diags_array((rows >= 0).astype(np.float64)) @ found)


def _placed(matrix: sparse.csr_array, columns: np.ndarray, n: int) -> sparse.csr_array:
    """The same with its columns at other places."""
    found = matrix.astype(np.float64).tocoo()
    return sparse.csr_array((found.data, (found.coords[0], columns[found.coords[1]])), shape=(matrix.shape[0], n))


def _told(truth: Truth, given: Mapping[str, Mapping[str, float]]) -> sparse.csr_array:
    pairs = [(user, item) for user, items in given.items() for item in items if item in truth.item_ids]
    users = truth.user_ids.get_indexer(pd.Index([user for user, _ in pairs], dtype=object))
    items = truth.item_ids.get_indexer(pd.Index([item for _, item in pairs], dtype=object))
    shape = len(truth.user_ids), len(truth.item_ids)
    return sparse.csr_array((np.ones(len(pairs)), (users, items)), shape=shape)


def _ones(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix.eliminate_zeros()
    return sparse.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)


def scaled_rows(matrix: sparse.csr_array, power: int) -> sparse.csr_array:
    """Rows whose absolute values, to a power, add up to 1; rows of zeros stay."""
    totals = np.asarray(abs(matrix).power(power).sum(axis=1)).ravel() ** (1 / power)
    return sparse.csr_array(sparse.diags_array(1 / np.where(totals > 0, totals, 1)) @ matrix)

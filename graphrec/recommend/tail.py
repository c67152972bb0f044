"""Which items are the long tail."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HEAD = 0.8
"""The most popular items that have so much of all likes together are the head, the others the long tail."""


def by_popularity(n_likers: NDArray[np.int64]) -> NDArray[np.int32]:
    """Items by how many people like them, the most first; of equal ones the first first."""
    return np.lexsort((np.arange(len(n_likers)), -n_likers)).astype(np.int32)


def long_tail(n_likers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which items lie beyond those most liked that together have HEAD of all likes."""
    items = by_popularity(n_likers)
    found = np.ones(len(items), dtype=bool)
    found[items[: 1 + int(np.searchsorted(np.cumsum(n_likers[items]), HEAD * n_likers.sum()))]] = False
    return found

"""What one person can add to a published count, bounded: some of the items that each likes, drawn by a seeded hash."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.hashing import hash_ids, hash_pairs
from graphrec.snapshot import Snapshot


def bounded(snapshot: Snapshot, max_items: int, seed: int, among: NDArray[np.int64] | None = None) -> sparse.csr_array:
    """Users × items of ones: of what each user likes at most `max_items`, of the columns `among` alone if given.

    What is drawn of a person depends on that person, the items and the seed alone. So with one person more or less
    nothing changes in the rows of the others, which is what the bound on contributions stands for.
    """
    matrix = snapshot.matrix
    users, items = snapshot.pair_users().astype(np.int64), matrix.indices.astype(np.int64)
    if among is not None:
        kept = np.isin(items, among)
        users, items = users[kept], items[kept]
    drawn = hash_pairs(hash_ids(snapshot.user_ids)[users], hash_ids(snapshot.item_ids)[items], seed)
    order = np.lexsort((drawn, users))
    place = np.arange(len(order)) - np.searchsorted(users[order], users[order])
    chosen = order[place < max_items]
    ones = np.ones(len(chosen), dtype=np.int64)
    return sparse.csr_array((ones, (users[chosen], items[chosen])), shape=matrix.shape)

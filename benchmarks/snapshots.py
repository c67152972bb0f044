"""Snapshots on disk, so that a child process reads its data without the memory that making them took."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse

from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import read_arrays, read_ids, write_arrays


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Write ids, pairs, ratings and times; tags and follows are left out."""
    matrix = snapshot.matrix
    arrays = {"indptr": matrix.indptr, "indices": matrix.indices, "data": matrix.data}
    arrays |= {"rating": snapshot.rating, "last_at": snapshot.last_at}
    write_arrays(path, arrays, {"user_ids": snapshot.user_ids, "item_ids": snapshot.item_ids})


def read_snapshot(path: Path) -> Snapshot:
    """What `write_snapshot` wrote. What is liked is all that is seen."""
    arrays = read_arrays(path)
    user_ids, item_ids = read_ids(arrays, "user_ids"), read_ids(arrays, "item_ids")
    shape = len(user_ids), len(item_ids)
    matrix = sparse.csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    return Snapshot(
        user_ids=user_ids,
        item_ids=item_ids,
        matrix=matrix,
        rating=arrays["rating"],
        last_at=arrays["last_at"],
        seen=sparse.csr_array((np.ones(matrix.nnz, dtype=bool), matrix.indices, matrix.indptr), shape=shape),
        tag_names=np.zeros(0, dtype=object),
        tags=sparse.csr_array((shape[1], 0), dtype=np.float32),
        follows=sparse.csr_array((shape[0], shape[0]), dtype=bool),
    )

"""Snapshots on disk, so that a child process reads its data without the memory that making them took."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse

from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import matrix_arrays, matrix_of, read_arrays, read_ids, write_arrays


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Write ids, pairs, ratings, times and tags; follows are left out, and ratings of what isn't liked."""
    matrix = snapshot.matrix
    arrays = {"indptr": matrix.indptr, "indices": matrix.indices, "data": matrix.data}
    arrays |= {"rating": snapshot.rating, "last_at": snapshot.last_at}
    arrays |= matrix_arrays("tags", snapshot.tags)
    ids = {name: getattr(snapshot, name) for name in ("user_ids", "item_ids", "tag_names")}
    write_arrays(path, arrays, ids)


def read_snapshot(path: Path) -> Snapshot:
    """What `write_snapshot` wrote. What is liked is all that is seen."""
    arrays = read_arrays(path)
    user_ids, item_ids, tag_names = (read_ids(arrays, name) for name in ("user_ids", "item_ids", "tag_names"))
    shape = len(user_ids), len(item_ids)
    matrix = sparse.csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    given = sparse.csr_array(matrix)
    given.data = arrays["rating"].copy()
    kept = ~np.isnan(given.data)
    before = np.concatenate([[0], np.cumsum(kept)])
    rated = sparse.csr_array((given.data[kept], given.indices[kept], before[given.indptr]), shape=shape)
    return Snapshot(
        user_ids=user_ids,
        item_ids=item_ids,
        matrix=matrix,
        rating=arrays["rating"],
        last_at=arrays["last_at"],
        seen=sparse.csr_array((np.ones(matrix.nnz, dtype=bool), matrix.indices, matrix.indptr), shape=shape),
        tag_names=tag_names,
        tags=matrix_of(arrays, "tags", (shape[1], len(tag_names))),
        follows=sparse.csr_array((shape[0], shape[0]), dtype=bool),
        rated=rated,
    )

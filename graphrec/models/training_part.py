"""A snapshot without what is withheld for validation, and users of a snapshot as blocks to be scored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.base import Block
from graphrec.models.validation import Validation
from graphrec.snapshot import Snapshot

Ints = NDArray[np.int64]


def training_part(snapshot: Snapshot, validation: Validation) -> Snapshot:
    """The snapshot without the withheld pairs: as if they hadn't happened yet."""
    kept = np.isin(_keys(snapshot.matrix), _keys(validation.train))
    gone = _keys(snapshot.matrix)[~kept]
    return replace(
        snapshot,
        matrix=validation.train,
        rating=snapshot.rating[kept],
        last_at=snapshot.last_at[kept],
        seen=_without(snapshot.seen, gone),
        rated=_without(snapshot.rated, gone),
    )


def in_order(snapshot: Snapshot) -> tuple[Ints, ...]:
    """What each user likes, the oldest first; those without a time come first, equal ones by id."""
    matrix = snapshot.matrix
    order = np.lexsort((matrix.indices, snapshot.last_at, snapshot.pair_users()))
    return tuple(np.split(matrix.indices[order].astype(np.int64), matrix.indptr[1:-1]))


def block_of(snapshot: Snapshot, histories: tuple[Ints, ...], users: Ints) -> Block:
    """Some users as profiles. `histories` are those of all users."""
    return Block(snapshot.matrix[users], users, tuple(histories[user] for user in users.tolist()))


def _without(matrix: sparse.csr_array, gone: Ints) -> sparse.csr_array:
    kept = ~np.isin(_keys(matrix), gone)
    indptr = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)


def _keys(matrix: sparse.csr_array) -> Ints:
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    return np.asarray(rows * matrix.shape[1] + matrix.indices)

"""What an earlier model learnt from and what was withheld from it, so that the next one keeps the two apart."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.snapshot import Snapshot
from graphrec.snapshot.columns import positions
from graphrec.versions.arrays import matrix_arrays, matrix_of

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Past:
    """`learnt`, `withheld`: float32 CSR of weights over `user_ids` × `item_ids`, which are sorted by code point.

    Memory: eight bytes a pair.
    """

    user_ids: NDArray[np.object_]
    item_ids: NDArray[np.object_]
    learnt: sparse.csr_array
    withheld: sparse.csr_array

    @classmethod
    def nothing(cls) -> Self:
        """That of no model."""
        ids, data = np.zeros(0, dtype=object), np.zeros(0, dtype=np.float32)
        none = sparse.csr_array((data, data.astype(np.int32), np.zeros(1, dtype=np.int32)), shape=(0, 0))
        return cls(ids, ids, none, none)

    def was_learnt(self, snapshot: Snapshot) -> Mask:
        """Which pairs of a snapshot were learnt from, aligned with `snapshot.matrix.data`."""
        return self._among(snapshot, self.learnt)

    def was_withheld(self, snapshot: Snapshot) -> Mask:
        """Which pairs of a snapshot were withheld, aligned with `snapshot.matrix.data`."""
        return self._among(snapshot, self.withheld)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The matrices as arrays to write; the ids are the model's own."""
        return matrix_arrays("learnt", self.learnt) | matrix_arrays("withheld", self.withheld)

    @classmethod
    def of_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], user_ids: NDArray[np.object_], item_ids: NDArray[np.object_]
    ) -> Self:
        """What `arrays` gave."""
        shape = len(user_ids), len(item_ids)
        return cls(user_ids, item_ids, matrix_of(arrays, "learnt", shape), matrix_of(arrays, "withheld", shape))

    def digest(self) -> str:
        """32 hexadecimal digits that are the same for the same pairs only."""
        hashed = hashlib.blake2b(digest_size=16)
        for ids in (self.user_ids, self.item_ids):
            hashed.update("\0".join([*ids, ""]).encode())
        for array in self.arrays().values():
            hashed.update(array.tobytes())
        return hashed.hexdigest()

    def _among(self, snapshot: Snapshot, pairs: sparse.csr_array) -> Mask:
        users = positions(self.user_ids, snapshot.user_ids)[snapshot.pair_users()]
        items = positions(self.item_ids, snapshot.item_ids)[snapshot.matrix.indices]
        rows = np.repeat(np.arange(len(self.user_ids)), np.diff(pairs.indptr))
        known = rows * len(self.item_ids) + pairs.indices
        return (users >= 0) & (items >= 0) & np.isin(users * len(self.item_ids) + items, known)

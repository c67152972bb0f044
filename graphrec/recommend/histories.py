"""In which order users came to like what they like: what models of sequences need beside the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from graphrec.recommend.base import Profile
from graphrec.recommend.catalogue import Catalogue
from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import read_arrays, write_arrays

FILE = "histories.npz"
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Histories:
    """`items[indptr[u]:indptr[u + 1]]` are the places of what user `u` likes, the oldest first."""

    indptr: Ints
    items: Ints

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """By the time of a pair's last interaction; those without a time come first, equal ones by id."""
        matrix = snapshot.matrix
        order = np.lexsort((matrix.indices, snapshot.last_at, snapshot.pair_users()))
        return cls(matrix.indptr.astype(np.int64), matrix.indices[order].astype(np.int64))

    @classmethod
    def of_lists(cls, lists: Sequence[Ints]) -> Self:
        """From the list of each user."""
        indptr = np.concatenate([[0], np.cumsum([len(found) for found in lists])]).astype(np.int64)
        return cls(indptr, np.concatenate([np.zeros(0, dtype=np.int64), *lists]))

    def of_profile(self, catalogue: Catalogue, profile: Profile, liked: npt.NDArray[np.signedinteger]) -> Ints:
        """What a profile likes, the oldest first; items that it brings are the newest, in the order given."""
        user = catalogue.user_idx(profile.user_id)
        theirs = self.items[self.indptr[user] : self.indptr[user + 1]] if user >= 0 else np.zeros(0, dtype=np.int64)
        own = catalogue.item_idx(list(profile.items))
        own = own[np.isin(own, liked)]
        return np.concatenate([theirs[np.isin(theirs, liked) & ~np.isin(theirs, own)], own]).astype(np.int64)

    def save(self, folder: Path) -> None:
        """Write them beside the catalogue."""
        write_arrays(folder / FILE, {"indptr": self.indptr, "items": self.items})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote. ModelError where there is nothing."""
        arrays = read_arrays(folder / FILE)
        return cls(arrays["indptr"], arrays["items"])

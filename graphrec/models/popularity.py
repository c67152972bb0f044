"""Popularity: how many people like each item. The trivial model that every other must beat."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InputError
from graphrec.models.base import Progress
from graphrec.models.settings import Settings
from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import read_arrays, read_ids, write_arrays

FILE = "popularity.npz"


class Popularity:
    """`n_likers`: the number of people who like each of `item_ids`."""

    name = "popular"
    settings = Settings()

    def __init__(self) -> None:
        self.item_ids: NDArray[np.object_] = np.zeros(0, dtype=object)
        self.n_likers: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """A new one; there is nothing to set."""
        if settings:
            raise InputError(f"popular has no settings, found {', '.join(settings)}")
        return cls()

    def fit(self, snapshot: Snapshot, progress: Progress | None = None) -> Self:
        """Count."""
        self.item_ids = snapshot.item_ids
        self.n_likers = snapshot.n_likers()
        return self

    def save(self, folder: Path) -> None:
        """Write the counts."""
        write_arrays(folder / FILE, {"n_likers": self.n_likers}, {"item_ids": self.item_ids})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        arrays = read_arrays(folder / FILE)
        found = cls()
        found.item_ids, found.n_likers = read_ids(arrays, "item_ids"), arrays["n_likers"]
        return found

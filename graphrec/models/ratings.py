"""Ratings as models learn them: as (user, item, rating), on each user's own scale or as they are, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InputError
from graphrec.features.scaling import METHODS, Scaling, fit_scaling
from graphrec.models.arrays_model import Arrays
from graphrec.snapshot import Snapshot

SCALINGS = ("none", *METHODS)
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def check_scaling(scaling: str) -> None:
    """InputError for a scaling that there isn't."""
    if scaling not in SCALINGS:
        raise InputError(f"expected one of {', '.join(SCALINGS)} as the scaling, found {scaling!r}")


@dataclass(frozen=True, eq=False)
class Ratings:
    """Places of users and items, and what the first rated the second with, as `scale` has it."""

    users: Ints
    items: Ints
    values: Floats
    scale: Scale

    @classmethod
    def of(cls, snapshot: Snapshot, scaling: str, name: str) -> Self:
        """All ratings of a snapshot. InputError where there is none."""
        rated = snapshot.rated
        if not rated.nnz:
            raise InputError(f"{name} learns from ratings, and the data have none; use a model of likes, such as als")
        users = np.repeat(np.arange(snapshot.n_users, dtype=np.int64), np.diff(rated.indptr))
        given = rated.data.astype(np.float64)
        scale = Scale.fitted(users, given, snapshot.n_users, scaling)
        return cls(users, rated.indices.astype(np.int64), scale.apply(users, given), scale)


@dataclass(frozen=True, eq=False)
class Scale:
    """From ratings to values of each user's own scale and back; the user −1 is one of whom nothing is known.

    `least` and `most`: the bounds of all ratings. `scaling` has one row more than there are users, for the unknown.
    """

    scaling: Scaling
    least: float
    most: float

    @classmethod
    def fitted(cls, users: Ints, ratings: Floats, n_users: int, method: str) -> Self:
        """The scale of each user; with the method none all values are the ratings themselves."""
        check_scaling(method)
        plain = Scaling(method, np.zeros(n_users + 1), np.ones(n_users + 1))
        found = plain if method == "none" else fit_scaling(users, ratings, n_users + 1, method)
        return cls(found, float(ratings.min()), float(ratings.max()))

    def apply(self, users: Ints, ratings: Floats) -> Floats:
        """Ratings as values."""
        return self.scaling.apply(self._places(users), ratings)

    def invert(self, users: Ints, values: Floats) -> Floats:
        """Values as ratings, brought within the bounds."""
        return np.clip(self.scaling.invert(self._places(users), values), self.least, self.most)

    def arrays(self) -> Arrays:
        """What is kept of it."""
        bounds = np.array([self.least, self.most])
        return {"user_offset": self.scaling.offset, "user_divisor": self.scaling.divisor, "bounds": bounds}

    @classmethod
    def of_arrays(cls, arrays: Arrays, method: str) -> Self:
        """What `arrays` gave."""
        least, most = arrays["bounds"].tolist()
        return cls(Scaling(method, arrays["user_offset"], arrays["user_divisor"]), least, most)

    def _places(self, users: Ints) -> Ints:
        return np.where(users < 0, len(self.scaling.offset) - 1, users)

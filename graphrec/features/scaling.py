"""Ratings of each user on a scale of their own, and back: one person's 4 is another one's 5.

    mean_centre   r − mean(u)
    min_max       (r − least(u)) / (most(u) − least(u)), from 0 to 1
    z_score       (r − mean(u)) / deviation(u), the deviation over n, not n − 1

scikit-learn's scalers do the same to columns; users have different items, so here each user is a group of rows, and the
tests hold them to what scikit-learn gives. A user whose ratings are all equal has the divisor 1, as there. Who has no
rating is scaled as all users together, so that a model can tell a rating for anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphrec.errors import InputError

METHODS = ("mean_centre", "min_max", "z_score")
"""What `fit_scaling` knows."""

NARROW = 1e-12
"""A spread below this part of the ratings' size is rounding, not taste: it is taken for none."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scaling:
    """scaled = (rating − offset[user]) / divisor[user]. Users are positions; divisors are never 0."""

    method: str
    offset: Floats
    divisor: Floats

    def apply(self, users: ArrayLike, ratings: ArrayLike) -> Floats:
        """Ratings of some users on their scales; NaN stays NaN."""
        who = self._places(users)
        return np.asarray((np.asarray(ratings, dtype=np.float64) - self.offset[who]) / self.divisor[who])

    def invert(self, users: ArrayLike, scaled: ArrayLike) -> Floats:
        """The ratings that scaled values of some users stand for."""
        who = self._places(users)
        return np.asarray(np.asarray(scaled, dtype=np.float64) * self.divisor[who] + self.offset[who])

    def _places(self, users: ArrayLike) -> Ints:
        who = np.asarray(users, dtype=np.int64)
        if who.size and not 0 <= int(who.min()) <= int(who.max()) < len(self.offset):
            raise InputError(f"expected positions of users from 0 to {len(self.offset) - 1}, found others")
        return who


def fit_scaling(users: ArrayLike, ratings: ArrayLike, n_users: int, method: str) -> Scaling:
    """The scale of each user by what they rated; missing ratings (NaN) tell nothing. InputError for another method.

    `users`: a position for each of `ratings`. Cost: one pass.
    """
    if method not in METHODS:
        raise InputError(f"expected one of {', '.join(METHODS)} as the scaling, found {method!r}")
    who, given = np.asarray(users, dtype=np.int64), np.asarray(ratings, dtype=np.float64)
    there = ~np.isnan(given)
    who, given = who[there], given[there]
    counts = np.bincount(who, minlength=n_users)
    if len(counts) > n_users:
        raise InputError(f"expected positions of {n_users} users, found {int(who.max())}")
    offset, divisor = _FITS[method](who, given, counts)
    everyone = _FITS[method](np.zeros(len(given), dtype=np.int64), given, np.array([len(given)]))
    unknown = counts == 0
    offset[unknown], divisor[unknown] = everyone[0][0], everyone[1][0]
    return Scaling(method, offset, divisor)


def _means(who: Ints, given: Floats, counts: Ints) -> Floats:
    sums = np.bincount(who, weights=given, minlength=len(counts))
    return np.asarray(sums / np.maximum(counts, 1), dtype=np.float64)


def _mean_centre(who: Ints, given: Floats, counts: Ints) -> tuple[Floats, Floats]:
    return _means(who, given, counts), np.ones(len(counts))


def _z_score(who: Ints, given: Floats, counts: Ints) -> tuple[Floats, Floats]:
    means = _means(who, given, counts)
    deviation = np.sqrt(_means(who, (given - means[who]) ** 2, counts))
    return means, _divisor(deviation, np.abs(means))


def _min_max(who: Ints, given: Floats, counts: Ints) -> tuple[Floats, Floats]:
    least, most = np.full(len(counts), np.inf), np.full(len(counts), -np.inf)
    np.minimum.at(least, who, given)
    np.maximum.at(most, who, given)
    least, most = np.where(counts > 0, least, 0.0), np.where(counts > 0, most, 0.0)
    return least, _divisor(most - least, np.maximum(np.abs(least), np.abs(most)))


def _divisor(spread: Floats, size: Floats) -> Floats:
    return np.where(spread > NARROW * np.maximum(size, 1e-300), spread, 1.0)


_FITS = {"mean_centre": _mean_centre, "min_max": _min_max, "z_score": _z_score}

"""Batches of users with all that they like, and the items that they are told apart from. A batch knows no vectors.

A batch holds users, not pairs: what a user doesn't like is the same for all that the user likes, so that scoring it
once serves all of them. On Gowalla, with 27 liked items a user, an epoch costs a twentieth of one by pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Likes:
    """What is learnt from: users × items, those users who like anything, and how many like each item."""

    matrix: sparse.csr_array
    users: Ints
    n_likers: Ints

    @classmethod
    def of(cls, matrix: sparse.csr_array) -> Likes:
        """The likes of a matrix."""
        users = np.flatnonzero(np.diff(matrix.indptr)).astype(np.int64)
        return cls(matrix, users, np.bincount(matrix.indices, minlength=matrix.shape[1]))


@dataclass(frozen=True, eq=False)
class Batch:
    """`users[row[n]]` likes `candidates[column[n]]`: every like of the users, row by row.

    `candidates`: different items. `log_weight`: for how many items, as a logarithm, a candidate stands as a negative;
    None where all are there and each stands for itself. Where it is shorter than the candidates, only so many, the
    first, are negatives. `drawn`: for each like the column of one candidate that the user doesn't like, evenly drawn
    (that of the like itself where the user likes all).
    """

    users: Ints
    candidates: Ints
    row: Ints
    column: Ints
    drawn: Ints
    log_weight: Floats | None = None

    @property
    def n_negatives(self) -> int:
        return len(self.candidates) if self.log_weight is None else len(self.log_weight)


Sampler = Callable[[Likes, Ints, int, np.random.Generator], Batch]
"""likes, the batch's users, how many items to draw, rng -> a batch."""


def everything(likes: Likes, users: Ints, n_negatives: int, rng: np.random.Generator) -> Batch:
    """All items: the loss is exact, and its cost grows with the catalogue."""
    return _batch(likes, users, np.arange(likes.matrix.shape[1]), None, rng)


def in_batch(likes: Likes, users: Ints, n_negatives: int, rng: np.random.Generator) -> Batch:
    """The items that somebody in the batch likes: there without being drawn, the popular ones nearly always."""
    return _batch(likes, users, _liked(likes, users), _chance(likes, len(users)), rng)


def shared(likes: Likes, users: Ints, n_negatives: int, rng: np.random.Generator) -> Batch:
    """The items that somebody in the batch likes, and `n_negatives` drawn evenly from all, the same for every user."""
    n_items = likes.matrix.shape[1]
    drawn = rng.integers(0, n_items, n_negatives)
    missed = (1 - _chance(likes, len(users))) * (1 - 1 / n_items) ** n_negatives
    return _batch(likes, users, np.union1d(_liked(likes, users), drawn), 1 - missed, rng)


SAMPLERS: Mapping[str, Sampler] = {"all": everything, "in-batch": in_batch, "shared": shared}


def batches(
    likes: Likes,
    sampler: Sampler,
    batch_size: int,
    n_negatives: int,
    rng: np.random.Generator,
    *,
    most_negatives: int | None = None,
) -> Iterator[Batch]:
    """Every user who likes anything once, shuffled, in batches that differ by one user at most."""
    order = rng.permutation(likes.users)
    for users in np.array_split(order, n_batches(len(order), batch_size)):
        batch = sampler(likes, np.sort(users), n_negatives, rng)
        yield batch if most_negatives is None else thinned(batch, likes.n_likers, most_negatives, rng)


def thinned(batch: Batch, n_likers: Ints, most: int, rng: np.random.Generator) -> Batch:
    """The batch with at most so many negatives, each standing for more items.

    Users and the items that they like grow together, so that the scores of all pairs of both would grow as the square
    of the interactions. Those that weigh much in the loss are drawn more often: an item stands for others as
    `log_weight` says, and the more people like it the higher it scores. A batch of all items stays exact.
    """
    n = len(batch.candidates)
    if batch.log_weight is None or n <= most:
        return batch
    chance = inclusion(np.exp(batch.log_weight) * np.sqrt(n_likers[batch.candidates] + 1.0), most)
    kept = systematic(chance, rng)
    order = np.concatenate([kept, np.setdiff1d(np.arange(n), kept, assume_unique=True)])
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    weight = (batch.log_weight[kept] - np.log(chance[kept])).astype(np.float32)
    return Batch(batch.users, batch.candidates[order], batch.row, place[batch.column], place[batch.drawn], weight)


def inclusion(sizes: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """How likely each is drawn where n of them are: in proportion to their sizes, at most 1."""
    found = np.zeros(len(sizes))
    free = np.ones(len(sizes), dtype=bool)
    while True:
        found[free] = sizes[free] * ((n - np.count_nonzero(~free)) / sizes[free].sum())
        over = free & (found >= 1)
        if not over.any():
            return found
        found[over], free = 1, free & ~over


def systematic(chance: NDArray[np.float64], rng: np.random.Generator) -> Ints:
    """As many as the chances sum to, rising, by equal strides from a random start (Madow, 1949)."""
    ends = np.cumsum(chance)
    n = round(float(ends[-1]))
    ends[-1] = n
    return np.searchsorted(ends, rng.random() + np.arange(n), side="right").astype(np.int64)


def others(row: Ints, liked: Ints, n_candidates: int, rng: np.random.Generator) -> Ints:
    """For each row a column that it doesn't like, evenly drawn; -1 where it likes all.

    `liked`: row * n_candidates + column of each like, rising. Drawn again where it is liked, at last from the others
    alone.
    """
    drawn = rng.integers(0, n_candidates, len(row))
    for _ in range(8):
        again = _among(row * n_candidates + drawn, liked)
        if not again.any():
            return drawn
        drawn[again] = rng.integers(0, n_candidates, int(again.sum()))
    again = _among(row * n_candidates + drawn, liked)
    for user in np.unique(row[again]):
        start, end = np.searchsorted(liked, [user * n_candidates, (user + 1) * n_candidates])
        left = np.setdiff1d(np.arange(n_candidates), liked[start:end] - user * n_candidates)
        wanted = np.flatnonzero(again & (row == user))
        drawn[wanted] = rng.choice(left, len(wanted)) if len(left) else -1
    return drawn


def n_batches(n_users: int, batch_size: int) -> int:
    """How many batches an epoch has."""
    return max(1, round(n_users / batch_size))


def _liked(likes: Likes, users: Ints) -> Ints:
    found = np.zeros(likes.matrix.shape[1], dtype=bool)
    found[likes.matrix[users].indices] = True
    return np.flatnonzero(found).astype(np.int64)


def _chance(likes: Likes, n_users: int) -> NDArray[np.float64]:
    """How likely each item is liked by one of n users drawn without replacement."""
    missed = 1 - n_users / max(len(likes.users), n_users + 1)
    return np.asarray(1 - missed**likes.n_likers, dtype=np.float64)


def _batch(
    likes: Likes, users: Ints, candidates: Ints, chance: NDArray[np.float64] | None, rng: np.random.Generator
) -> Batch:
    """Cost: the likes of the users, and an array as long as the catalogue."""
    rows = likes.matrix[users]
    row = np.repeat(np.arange(len(users)), np.diff(rows.indptr))
    column = np.searchsorted(candidates, rows.indices)
    weight = None if chance is None else -np.log(np.maximum(chance[candidates], 1e-12)).astype(np.float32)
    return Batch(users, candidates, row, column, _draw(row, column, len(candidates), rng), weight)


def _draw(row: Ints, column: Ints, n_candidates: int, rng: np.random.Generator) -> Ints:
    """A column for each like that its row doesn't like, the like's own where there is none."""
    found = others(row, row * n_candidates + column, n_candidates, rng)
    return np.where(found < 0, column, found)


def _among(keys: Ints, rising: Ints) -> NDArray[np.bool_]:
    """Which keys are among those; a search in what is sorted, where `np.isin` would sort or hash it every time."""
    if not len(rising):
        return np.zeros(len(keys), dtype=bool)
    place = np.minimum(np.searchsorted(rising, keys), len(rising) - 1)
    return np.asarray(rising[place] == keys)

"""Batches of liked pairs and their negatives, as arrays. A batch knows nothing of vectors or losses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """The liked pairs to learn from: aligned rows and columns of `matrix`."""

    matrix: sparse.csr_array
    users: Ints
    items: Ints
    n_likers: Ints

    @classmethod
    def of(cls, matrix: sparse.csr_array) -> Pairs:
        """The entries of a matrix."""
        users = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        n_likers = np.bincount(matrix.indices, minlength=matrix.shape[1])
        return cls(matrix, users, matrix.indices.astype(np.int64), n_likers)


@dataclass(frozen=True, eq=False)
class Batch:
    """`users[n]` likes `candidates[target[n]]`; entries (row, column) of `excluded` are no negatives of theirs.

    `candidates`: different items for all users of the batch, or a row a user. For those that all users share,
    `log_drawn` is the logarithm of how often each was drawn, and `log_expected` of how often it is drawn a batch.
    """

    users: Ints
    candidates: Ints
    target: Ints
    excluded: tuple[Ints, Ints]
    log_drawn: NDArray[np.float32] | None = None
    log_expected: NDArray[np.float32] | None = None


Negatives = Callable[[Pairs, Ints, int, np.random.Generator], Batch]
"""pairs, the batch's positions in them, how many negatives, rng -> a batch."""


def in_batch(pairs: Pairs, chosen: Ints, n_negatives: int, rng: np.random.Generator) -> Batch:
    """The items of the others in the batch: drawn as often as they are liked, for nothing."""
    users, items = pairs.users[chosen], pairs.items[chosen]
    return _shared_batch(pairs, users, items, 0)


def shared(pairs: Pairs, chosen: Ints, n_negatives: int, rng: np.random.Generator) -> Batch:
    """The batch's own items and `n_negatives` drawn evenly from all items, the same for every user of the batch."""
    users, items = pairs.users[chosen], pairs.items[chosen]
    drawn = rng.integers(0, pairs.matrix.shape[1], n_negatives)
    candidates = np.concatenate([items, drawn])
    return _shared_batch(pairs, users, candidates, n_negatives)


def uniform(pairs: Pairs, chosen: Ints, n_negatives: int, rng: np.random.Generator) -> Batch:
    """`n_negatives` drawn evenly from all items for each user; those that the user likes are left out."""
    users, items = pairs.users[chosen], pairs.items[chosen]
    drawn = rng.integers(0, pairs.matrix.shape[1], (len(users), n_negatives))
    liked = np.asarray(pairs.matrix[np.repeat(users, n_negatives), drawn.ravel().copy()])
    row, column = np.nonzero(liked.reshape(drawn.shape))
    return Batch(users, np.column_stack([items, drawn]), np.zeros(len(users), dtype=np.int64), (row, column + 1))


SAMPLERS: Mapping[str, Negatives] = {"in-batch": in_batch, "shared": shared, "uniform": uniform}


def batches(
    pairs: Pairs, negatives: Negatives, batch_size: int, n_negatives: int, rng: np.random.Generator
) -> Iterator[Batch]:
    """Every pair once, shuffled. A last batch of one pair is left out."""
    order = rng.permutation(len(pairs.users))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        if len(chosen) > 1:
            yield negatives(pairs, chosen, n_negatives, rng)


def _shared_batch(pairs: Pairs, users: Ints, drawn: Ints, n_evenly: int) -> Batch:
    """`drawn` begins with the users' own. An item that was drawn twice is scored once and counts twice."""
    candidates, column, n_drawn = np.unique(drawn, return_inverse=True, return_counts=True)
    target = column[: len(users)]
    expected = len(users) * pairs.n_likers[candidates] / len(pairs.users) + n_evenly / pairs.matrix.shape[1]
    return Batch(
        users,
        candidates,
        target,
        _known(pairs.matrix, users, candidates, target),
        np.log(n_drawn).astype(np.float32),
        np.log(expected).astype(np.float32),
    )


def n_batches(n_pairs: int, batch_size: int) -> int:
    """How many batches an epoch has."""
    return n_pairs // batch_size + (n_pairs % batch_size > 1)


def _known(matrix: sparse.csr_array, users: Ints, candidates: Ints, target: Ints) -> tuple[Ints, Ints]:
    """Where a candidate is liked by the row's user, except for the target itself.

    Cost: the liked items of the users; no table of users × candidates.
    """
    column_of = np.full(matrix.shape[1], -1)
    column_of[candidates] = np.arange(len(candidates))
    starts, lengths = matrix.indptr[users].astype(np.int64), np.diff(matrix.indptr)[users]
    columns = column_of[matrix.indices[_ranges(starts, lengths)]]
    rows = np.repeat(np.arange(len(users)), lengths)
    other = (columns >= 0) & (columns != target[rows])
    return rows[other], columns[other]


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """start, start + 1, … of each, one after the other."""
    ends = np.cumsum(lengths)
    found: Ints = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)
    return found

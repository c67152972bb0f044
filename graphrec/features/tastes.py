"""What users think of tags, by what they did to the items that have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.features.reading import Facts, Floats
from graphrec.features.scaling import fit_scaling

MOST_TAGS = 20
"""Tags kept of each user, the strongest."""

MOST_SAID = 2.0
"""What one pair can say, so that no single rating outweighs a history."""

USERS_A_BLOCK = 4_000


@dataclass(frozen=True, eq=False)
class TagTastes:
    """Of one user: positions of tags, the strongest first, their weights from −1 to 1, and the breadth."""

    tags: NDArray[np.int64]
    weights: Floats
    breadth: float


def tag_tastes(facts: Facts) -> Iterator[TagTastes | None]:
    """For each user; None where nothing with a tag was done.

    A pair says its weight, and where it is liked and rated, the z-score of the rating among the user's on top, from −1
    to 2: so an item rated far below the user's mean speaks against its tags, and one that was skipped does so as well.
    What it says goes to its tags by their weights, as a vector of length 1. The largest becomes 1 or −1. Breadth is
    the exponential of the entropy of the tags' shares in what is liked.
    """
    said = _said(facts)
    by_length, by_share = _rows(facts.tags, 2), _rows(facts.tags, 1)
    shape = facts.n_users, facts.n_items
    opinions = sparse.csr_array((said, (facts.user, facts.item)), shape=shape)
    liked = sparse.csr_array(((facts.weight > 0).astype(np.float64), (facts.user, facts.item)), shape=shape)
    for start in range(0, facts.n_users, USERS_A_BLOCK):
        block = slice(start, start + USERS_A_BLOCK)
        tastes, shares = _sorted(opinions[block] @ by_length), _sorted(liked[block] @ by_share)
        for n in range(tastes.shape[0]):
            yield _one(tastes, shares, n)


def _said(facts: Facts) -> Floats:
    """What each pair says of its item."""
    scaled = fit_scaling(facts.user, facts.rating, facts.n_users, "z_score").apply(facts.user, facts.rating)
    with_rating = np.clip(facts.weight + np.nan_to_num(scaled), -1.0, MOST_SAID)
    return np.where(facts.weight > 0, with_rating, facts.weight)


def _rows(tags: sparse.csr_array, power: int) -> sparse.csr_array:
    """The rows of items, each of length 1 (`power` 2) or with the sum 1 (`power` 1)."""
    weights = np.maximum(tags.data.astype(np.float64), 0)
    owner = np.repeat(np.arange(tags.shape[0]), np.diff(tags.indptr))
    size = np.bincount(owner, weights=weights**power, minlength=tags.shape[0]) ** (1 / power)
    parts = np.divide(weights, size[owner], out=np.zeros(len(weights)), where=size[owner] > 0)
    return sparse.csr_array((parts, tags.indices, tags.indptr), shape=tags.shape)


def _sorted(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix = sparse.csr_array(matrix)
    matrix.sort_indices()
    return matrix


def _one(tastes: sparse.csr_array, shares: sparse.csr_array, row: int) -> TagTastes | None:
    tags, weights = _row(tastes, row)
    weights = np.round(weights, 10)
    largest = np.abs(weights).max(initial=0.0)
    if largest <= 0:
        return None
    order = np.lexsort((tags, -np.abs(weights)))[:MOST_TAGS]
    order = order[weights[order] != 0]
    parts = _row(shares, row)[1]
    parts = parts[parts > 0]
    parts = parts / parts.sum() if len(parts) else parts
    breadth = float(np.exp(-(parts * np.log(parts)).sum())) if len(parts) else 0.0
    return TagTastes(tags[order].astype(np.int64), weights[order] / largest, breadth)


def _row(matrix: sparse.csr_array, row: int) -> tuple[NDArray[np.int32], Floats]:
    begin, end = matrix.indptr[row : row + 2]
    return matrix.indices[begin:end], matrix.data[begin:end]

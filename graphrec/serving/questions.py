"""Questions to a new user: the items and tags whose answers tell most of a taste that one question can.

A question tells as much as its answers differ among those whose answers are known: their entropy, given the questions
before. So what everybody knows and likes tells little, what hardly anybody knows tells little, and what splits people
as an earlier question did tells nothing new. For items the answers are likes it, has seen and doesn't like it, and
doesn't know it, the last with half the weight: Entropy0 of Rashid, Karypis and Riedl, "Learning preferences of new
users in recommender systems" (SIGKDD Explorations 2008). Asked greedily, each given those before, as in the trees of
Golbandi, Koren and Lempel, "Adaptive bootstrapping of recommender systems using decision trees" (WSDM 2011), but the
same for all. For tags the likes themselves are split, by whether the item liked has the tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

MOST_ASKED = 50
CANDIDATES = 200
"""The most liked items, or the tags of most likes, among which questions are sought."""
USERS = 10_000
"""Whose answers are looked at, at even distances, where there are more."""
LEAST_SHARE = 0.005
"""A smaller group of equal answers isn't split further: it would tell of chance."""
WEIGHT_UNKNOWN = 0.5

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Tags = tuple[sparse.csr_array, Sequence[str]]


@dataclass(frozen=True, eq=False)
class Questions:
    """Positions of items and names of tags, the most telling first; in bits what each tells beyond those before."""

    items: Ints
    item_bits: Floats
    tags: tuple[str, ...]
    tag_bits: Floats


def work_out(liked: sparse.csr_array, seen: sparse.csr_array, n_likers: Ints, tags: Tags) -> Questions:
    """The questions by who likes and has seen what (users × items) and the items' tags. The same each time."""
    items = _most(n_likers, CANDIDATES)
    asked = np.unique(np.linspace(0, max(liked.shape[0] - 1, 0), USERS).astype(np.int64))[: liked.shape[0]]
    likes = _ones(liked[asked][:, items])
    others = _ones(seen[asked][:, items]) - likes
    found, bits = most_telling((likes, others), np.ones(len(asked)), MOST_ASKED, WEIGHT_UNKNOWN)
    names, tag_bits = _tag_questions(n_likers, tags)
    return Questions(items[found], bits, names, tag_bits)


def _tag_questions(n_likers: Ints, tags: Tags) -> tuple[tuple[str, ...], Floats]:
    matrix, names = tags
    known = n_likers[: matrix.shape[0]].astype(np.float64)
    has = _ones(matrix[: len(known)])
    frequent = _most((known @ has).astype(np.int64), CANDIDATES)
    found, bits = most_telling((has[:, frequent],), known, MOST_ASKED, 1.0)
    return tuple(names[tag] for tag in frequent[found]), bits


def most_telling(
    answers: tuple[sparse.csr_array, ...], weights: Floats, n: int, weight_none: float
) -> tuple[Ints, Floats]:
    """Columns, each the one that tells most given those before, and how many bits; none that tells nothing.

    `answers`: for each answer but "none" who gives it to which column, people × columns of 0 and 1. `weights`: how much
    each of the people counts; `weight_none`: how much the answer "none" does. Cost: a pass over the answers a column.
    """
    total = weights.sum()
    n_columns = answers[0].shape[1]
    groups = np.zeros(len(weights), dtype=np.int64)
    chosen: list[int] = []
    bits: list[float] = []
    while len(chosen) < min(n, n_columns) and total > 0:
        gain = _entropy(answers, groups, weights, weight_none) / total
        gain[chosen] = 0
        best = int(np.argmax(np.round(gain, 10)))
        if gain[best] <= 1e-9:
            break
        chosen.append(best)
        bits.append(float(gain[best]))
        groups = _split(answers, groups, weights, best)
    return np.array(chosen, dtype=np.int64), np.array(bits)


def _entropy(answers: tuple[sparse.csr_array, ...], groups: Ints, weights: Floats, weight_none: float) -> Floats:
    """Of each column the entropy of its answers within the groups of people, by how much the people count."""
    open_ = np.flatnonzero(groups >= 0)
    indicator = sparse.csr_array((weights[open_], (groups[open_], open_)), shape=(groups.max() + 1, len(groups)))
    sizes: Floats = np.maximum(np.asarray(indicator.sum(axis=1)).reshape(-1, 1), 1e-300)
    shares = [np.asarray((indicator @ answer).toarray()) / sizes for answer in answers]
    none = np.clip(1 - sum(shares), 0, 1)
    parts = sum(_surprise(share) for share in shares) + weight_none * _surprise(none)
    return np.asarray((sizes * parts).sum(axis=0) / (len(shares) + weight_none) * (len(shares) + 1))


def _surprise(shares: NDArray[np.float64]) -> Floats:
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(-shares * logs)


def _split(answers: tuple[sparse.csr_array, ...], groups: Ints, weights: Floats, column: int) -> Ints:
    """The groups split by the answers to a question; −1 for those that have become too small."""
    given = sum((n + 1) * answer[:, [column]].toarray()[:, 0] for n, answer in enumerate(answers))
    keys = np.where(groups >= 0, groups * (len(answers) + 1) + np.asarray(given, dtype=np.int64), -1)
    names, places = np.unique(keys, return_inverse=True)
    size = np.bincount(places, weights=weights)
    kept = (names >= 0) & (size >= LEAST_SHARE * weights.sum())
    return np.where(kept, np.cumsum(kept) - 1, -1)[places]


def _most(counts: Ints, n: int) -> Ints:
    """Positions of the largest counts above 0, the first of equal ones first."""
    order = np.lexsort((np.arange(len(counts)), -counts))[:n]
    return order[counts[order] > 0].astype(np.int64)


def _ones(matrix: sparse.csr_array) -> sparse.csr_array:
    ones = np.ones(len(matrix.indices))
    return sparse.csr_array((ones, matrix.indices, matrix.indptr), shape=matrix.shape)

"""Weights of a mixture, learnt on what was withheld: the best lists of every part are mixed anew for each trial.

What is withheld says little of small differences, and where a data set's future isn't like its past it says something
else: so a mixture has as few parts as explain what was seen. Embeddings and graph are weighed against each other; the
walk and popularity come in only where what they add is certain.

Only items that one of the parts ranks high can come into a mixture's list, so each user is left with a few hundred
candidates and what every part says of them, and a trial costs a pass over these instead of over the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.models.blend.mixture import Weights
from graphrec.models.filters.item_filter import Floats, ItemFilter
from graphrec.models.validation import K, Validation

DEPTH = 100
"""How many items of each part are candidates."""

STEPS = (0.3, 0.1, 0.03, 0.01)
"""How far a weight is moved, from coarse to fine."""

LEAST_GAIN = 1e-5
"""What a move must add to be made."""

CERTAIN = 2.0
"""Standard errors that a gain must have to be no chance."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Candidates:
    """What the parts say of each user's candidates: users × candidates, -inf in `allowed` for a place not used.

    `graph`, `walk`: scores of the two filters, with the means over all items that the root mean square of their sum
    needs: `products` is users × 3, of graph · graph, graph · walk and walk · walk. `vectors`: cosines, `squares` the
    mean square of each user's. `hits`: which candidates were withheld.
    """

    allowed: Floats
    graph: Floats
    walk: Floats
    vectors: Floats
    popularity: Floats
    products: NDArray[np.float64]
    squares: NDArray[np.float64]
    hits: Bools
    n_withheld: NDArray[np.int64]

    def qualities(self, weights: Weights) -> NDArray[np.float64]:
        """The mean of recall@20 and NDCG@20 of each user's list."""
        found = self.scores(weights)
        hits = np.take_along_axis(self.hits & (self.allowed > -np.inf), best_first(found), axis=1)
        return qualities_of(hits, self.n_withheld)

    def quality(self, weights: Weights) -> float:
        """The mean over the users."""
        return float(self.qualities(weights).mean())

    @property
    def spread(self) -> float:
        """The root mean square of the cosines of these users and all items."""
        return float(np.sqrt(self.squares.mean())) or 1.0

    def scores(self, weights: Weights) -> Floats:
        """Users × candidates, as `Mixture.scores` gives them."""
        share = weights.walk
        graph = (1 - share) * self.graph + share * self.walk
        square = self.products @ np.array([(1 - share) ** 2, 2 * share * (1 - share), share**2])
        length = np.where(square > 0, np.sqrt(np.maximum(square, 1e-30)), 1)[:, None]
        found = self.allowed + weights.graph * graph / length
        found += weights.vectors / self.spread * self.vectors + weights.popularity * self.popularity
        return np.asarray(found, dtype=np.float32)


def best_first(scores: Floats) -> NDArray[np.int64]:
    """The columns of the 20 best of each row."""
    width = min(K, scores.shape[1])
    best = np.argpartition(scores, -width, axis=1)[:, -width:]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.asarray(np.take_along_axis(best, order, axis=1))


def among(wanted: sparse.csr_array, columns: NDArray[np.int64]) -> Bools:
    """Which columns of each row a matrix has an entry at."""
    found = np.zeros(wanted.shape, dtype=bool)
    found[wanted.nonzero()] = True
    return np.take_along_axis(found, columns, axis=1)


def qualities_of(hits: Bools, n_withheld: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean of recall@20 and NDCG@20 of each list, given which of its places were withheld."""
    gains = 1 / np.log2(np.arange(K) + 2)
    ideal = np.cumsum(gains)[np.minimum(n_withheld, K) - 1]
    return np.asarray(hits.sum(axis=1) / n_withheld + hits @ gains[: hits.shape[1]] / ideal) / 2


def is_certain(gains: NDArray[np.float64]) -> bool:
    """Whether what users gain, on average, is above 0 by more than chance would have it."""
    return bool(gains.mean() > CERTAIN * gains.std() / np.sqrt(len(gains)))


def candidates(
    validation: Validation, graph: ItemFilter, walk: ItemFilter, vectors: tuple[Floats, Floats], popularity: Floats
) -> Candidates:
    """What the parts say of those from whom something was withheld. Memory: a few blocks of users × items."""
    blocks = []
    for users, rows, wanted in validation.blocks():
        tables = graph.scores(rows), walk.scores(rows), vectors[0][users] @ vectors[1].T
        blocks.append(_block(rows, wanted, tables, popularity))
    return Candidates(*(np.concatenate(part) for part in zip(*blocks, strict=True)))


def _block(
    rows: sparse.csr_array, wanted: sparse.csr_array, tables: tuple[Floats, ...], popularity: Floats
) -> tuple[NDArray[Any], ...]:
    """The fields of `Candidates`, in order, for some users."""
    graph, walk, cosines = tables
    n_items = graph.shape[1]
    pairs = (graph, graph), (graph, walk), (walk, walk)
    products = np.stack([np.einsum("ij,ij->i", a, b, dtype=np.float64) / n_items for a, b in pairs], axis=1)
    squares = np.einsum("ij,ij->i", cosines, cosines, dtype=np.float64) / n_items
    liked = rows.nonzero()
    hidden = np.where(popularity > 0, 0, -np.inf).astype(np.float32)
    columns = np.sort(np.concatenate([_best(table, liked, hidden) for table in tables], axis=1), axis=1)
    again = np.zeros(columns.shape, dtype=bool)
    again[:, 1:] = columns[:, 1:] == columns[:, :-1]
    masked = np.broadcast_to(hidden, graph.shape).copy()
    masked[liked] = -np.inf
    allowed = np.where(again, -np.inf, np.take_along_axis(masked, columns, axis=1)).astype(np.float32)
    said = [np.take_along_axis(table, columns, axis=1) for table in tables]
    return (
        allowed,
        *said,
        popularity[columns],
        products,
        squares,
        among(wanted, columns),
        np.diff(wanted.indptr),
    )


def _best(table: Floats, liked: tuple[Any, Any], hidden: Floats) -> NDArray[np.int64]:
    """The columns of the DEPTH best of each row that may come."""
    masked = table + hidden
    masked[liked] = -np.inf
    depth = min(DEPTH, masked.shape[1])
    return np.asarray(np.argpartition(masked, -depth, axis=1)[:, -depth:])


def learn(found: Candidates, start: Weights) -> tuple[Weights, float]:
    """The weights that find most, and how much they find, before they are normalised: vectors against the graph first,
    then with the walk and with popularity, each of which stays out unless its gain is certain."""
    names: tuple[str, ...] = ("vectors",)
    best = _climb(found, start, names)
    for name in ("walk", "popularity"):
        more = _climb(found, best, (*names, name))
        if is_certain(found.qualities(more) - found.qualities(best)):
            best, names = more, (*names, name)
    return best.normalised(), found.quality(best)


def _climb(found: Candidates, start: Weights, names: Sequence[str]) -> Weights:
    """One weight at a time is moved, as long as that helps."""
    best, quality = start, found.quality(start)
    for step in STEPS:
        moved = True
        while moved:
            moved = False
            for weights in _near(best, step, names):
                now = found.quality(weights)
                if now > quality + LEAST_GAIN:
                    best, quality, moved = weights, now, True
    return best


def _near(weights: Weights, step: float, names: Sequence[str]) -> Iterator[Weights]:
    """Each weight a step up and a step down, within 0 and 1; the graph takes what vectors leave."""
    for name in names:
        for value in (getattr(weights, name) + step, getattr(weights, name) - step):
            if 0 <= value <= 1:
                moved = replace(weights, **{name: round(value, 4)})
                yield replace(moved, graph=round(1 - moved.vectors, 4))

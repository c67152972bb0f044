"""The vectors of one version, brought to length 1, so that every reader computes the same score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import ModelError

METRICS = ("cosine", "dot")
Vectors = NDArray[np.float32]
Ids = NDArray[np.object_]


Ending = tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Users and items with their vectors: float32, row by row, 0 for those that nothing is known of.

    `ending`: what every user's vector ends with, as parts of the length of the numbers before. An item has numbers of
    another meaning there, such as how popular it is; so who is described by items gets the ending, not theirs.
    """

    user_ids: Ids
    user_vectors: Vectors
    item_ids: Ids
    item_vectors: Vectors
    ending: Ending = ()

    def unit(self, metric: str) -> Embeddings:
        """The same with vectors of length 1, which are compared by their cosine: see `unit_vectors`."""
        users, items = unit_vectors(self.user_vectors, self.item_vectors, metric)
        ending = (*self.ending, 0.0) if metric == "dot" else self.ending
        return Embeddings(self.user_ids, users, self.item_ids, items, ending)


def described(items: Vectors, weights: NDArray[np.floating], ending: Ending) -> Vectors:
    """The vector of somebody of whom only items are known: the weighted mean of theirs, with a user's ending."""
    found = weights @ items / weights.sum()
    if ending:
        head = found[: -len(ending)]
        found[-len(ending) :] = np.linalg.norm(head) * np.array(ending)
    return np.asarray(found, dtype=np.float32)


def unit_vectors(user_vectors: Vectors, item_vectors: Vectors, metric: str) -> tuple[Vectors, Vectors]:
    """Vectors of length 1 whose dot product ranks items as the model's own metric does.

    For `dot` the items get one more number, which fills their length up to that of the longest item, and the users
    a 0: the cosine is then the dot product divided by what is the same for all items of a user (Bachrach et al.,
    2014, "Speeding up the Xbox recommender system using a Euclidean transformation for inner-product spaces").
    """
    if metric not in METRICS:
        raise ModelError(f"expected a metric of {', '.join(METRICS)}, found {metric!r}")
    if metric == "cosine":
        return _unit(user_vectors), _unit(item_vectors)
    squares = (item_vectors.astype(np.float64) ** 2).sum(axis=1)
    filled = np.where(squares > 0, np.sqrt(squares.max(initial=0) - squares), 0)
    users = np.column_stack([user_vectors, np.zeros(len(user_vectors))])
    return _unit(users), _unit(np.column_stack([item_vectors, filled]))


def _unit(vectors: NDArray[np.floating]) -> Vectors:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)

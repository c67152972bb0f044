"""What a model has learnt for the graph: vectors of users and items, a graph of similar items, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from graphrec.errors import ModelError
from graphrec.versions.vectors import Embeddings, Ids


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Items with those similar to them: `scores` is float32 CSR, items × items, each row's best first."""

    item_ids: Ids
    scores: sparse.csr_array

    @property
    def most(self) -> int:
        """How many similar items an item has at most."""
        return int(np.diff(self.scores.indptr).max(initial=0))


@dataclass(frozen=True, eq=False)
class Learnt:
    """What one version holds. `metric` says how the vectors are compared; `numbers` are those that queries need
    beside them, by name: properties of the `Model` node."""

    embeddings: Embeddings | None = None
    neighbours: Neighbours | None = None
    metric: str = "cosine"
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def dim(self) -> int:
        """How many numbers a vector has; 0 without vectors."""
        return 0 if self.embeddings is None else int(self.embeddings.item_vectors.shape[1])

    @property
    def n_neighbours(self) -> int:
        """How many similar items an item has at most; 0 without such a graph."""
        return 0 if self.neighbours is None else self.neighbours.most

    @property
    def vectors(self) -> Embeddings:
        """The vectors. ModelError where the model has none."""
        if self.embeddings is None:
            raise ModelError("expected a version with vectors, found one of similar items alone")
        return self.embeddings

    @property
    def similar(self) -> Neighbours:
        """The similar items. ModelError where the model has none."""
        if self.neighbours is None:
            raise ModelError("expected a version with similar items, found one of vectors alone")
        return self.neighbours

    def checked(self) -> Learnt:
        """The same. Raises ModelError where something is missing, doesn't fit or isn't finite."""
        if self.embeddings is None and self.neighbours is None:
            raise ModelError("expected vectors, similar items or both, found neither; there is nothing to publish")
        if self.embeddings is not None:
            _check_vectors(self.embeddings)
        if self.neighbours is not None:
            _check_neighbours(self.neighbours)
        return self

    def unit(self) -> Learnt:
        """The same with vectors of length 1, which are compared by their cosine."""
        if self.embeddings is None:
            return self
        return replace(self, embeddings=self.embeddings.unit(self.metric), metric="cosine")


def _check_vectors(embeddings: Embeddings) -> None:
    users = embeddings.user_ids, embeddings.user_vectors
    items = embeddings.item_ids, embeddings.item_vectors
    for word, (ids, vectors) in {"user": users, "item": items}.items():
        if vectors.ndim != 2 or len(ids) != len(vectors):
            raise ModelError(f"expected a vector for each of {len(ids)} {word}s, found the shape {vectors.shape}")
        if not np.isfinite(vectors).all():
            raise ModelError(f"the {word} vectors hold numbers that aren't finite; train again with other settings")
    if users[1].shape[1] != items[1].shape[1]:
        raise ModelError(f"user vectors have {users[1].shape[1]} numbers, item vectors {items[1].shape[1]}")
    if not np.any(items[1] != 0):
        raise ModelError("no item has a vector; there is nothing to publish")


def _check_neighbours(neighbours: Neighbours) -> None:
    n_items, scores = len(neighbours.item_ids), neighbours.scores
    if scores.shape != (n_items, n_items):
        raise ModelError(f"expected similar items of {n_items} items, found the shape {scores.shape}")
    if not np.isfinite(scores.data).all():
        raise ModelError("the scores of similar items aren't all finite; train again with other settings")
    if not scores.nnz:
        raise ModelError("no item has a similar one; there is nothing to publish")

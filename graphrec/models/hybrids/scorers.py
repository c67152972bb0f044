"""The scores of any fitted model for a block of profiles, and how scores of several are made comparable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InputError
from graphrec.models.base import Block, Model, ScoringModel
from graphrec.versions.vectors import Embeddings, described

Floats = NDArray[np.float64]
Scorer = Callable[[Block], Floats]
"""From profiles to rows × items, −inf where the model knows nothing of an item."""


def scorer(model: Model) -> Scorer:
    """What scores items by a fitted model. InputError for a model that doesn't score."""
    if isinstance(model, ScoringModel):
        return lambda block: np.asarray(model.scores(block), dtype=np.float64)
    if model.name in _OWN:
        return _OWN[model.name](model)
    raise InputError(f"{model.name} can't be a part of a hybrid: it gives no scores")


def _by_popularity(model: Any) -> Scorer:
    row = np.where(model.n_likers > 0, np.log1p(model.n_likers), -np.inf)
    return lambda block: np.tile(row, (len(block.users), 1))


def _by_blend(model: Any) -> Scorer:
    vectors = Embeddings(model.user_ids, model.user_vectors, model.item_ids, model.item_vectors, model.ending)

    def scores(block: Block) -> Floats:
        asked = _profile_vectors(vectors, block)
        length = np.linalg.norm(asked, axis=1, keepdims=True)
        found = model.mixture.scores(block.rows, asked / np.where(length > 0, length, 1)).astype(np.float64)
        found[:, ~model.mixture.is_known] = -np.inf
        return np.asarray(found)

    return scores


def _by_lightgcn(model: Any) -> Scorer:
    vectors = model.scored().unit("dot")

    def scores(block: Block) -> Floats:
        found = (_profile_vectors(vectors, block) @ vectors.item_vectors.T).astype(np.float64)
        found[:, ~vectors.item_vectors.any(axis=1)] = -np.inf
        return np.asarray(found)

    return scores


_OWN: dict[str, Callable[[Any], Scorer]] = {
    "popular": _by_popularity,
    "blend": _by_blend,
    "lightgcn": _by_lightgcn,
}


def _profile_vectors(vectors: Embeddings, block: Block) -> NDArray[np.float32]:
    """The user's vector; where there is none, that of the liked items."""
    found = np.where((block.users >= 0)[:, None], vectors.user_vectors[block.users], 0).astype(np.float32)
    for row in np.flatnonzero(~found.any(axis=1)).tolist():
        liked = slice(block.rows.indptr[row], block.rows.indptr[row + 1])
        if liked.start < liked.stop:
            items = vectors.item_vectors[block.rows.indices[liked]]
            found[row] = described(items, block.rows.data[liked], vectors.ending)
    return found


def standardised(scores: Floats) -> Floats:
    """Scores of each row with mean 0 and deviation 1; what the model knows nothing of stands with the least.

    A row of which nothing is known is 0.
    """
    known = np.isfinite(scores)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    filled = np.where(known, scores, 0)
    mean = filled.sum(axis=1, keepdims=True) / count
    centred = np.where(known, scores - mean, 0)
    spread = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
    least = np.min(centred, axis=1, keepdims=True)
    return np.asarray(np.where(known, centred, least) / np.where(spread > 0, spread, 1))

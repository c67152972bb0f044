"""Ratings as people ask for them: one user, some items, by a trained model or by neighbours of the graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.models import FILE_NAMES
from graphrec.models.base import RatingModel
from graphrec.recommend.base import RatingPredictor
from graphrec.recommend.history import known_item, known_user
from graphrec.recommend.kept import kept_model
from graphrec.recommend.registry import get
from graphrec.snapshot.columns import positions

RATING_NAMES = ("svd", "svdpp", "user_neighbours", "item_neighbours")
"""Who predicts ratings, for those who asked another."""


def predict(graph: Graph, user_id: str, item_ids: Sequence[str], model: str = "svd") -> dict[str, float | None]:
    """What a user would rate each item with; None where neighbours know nothing.

    UnknownIdError for ids that the graph doesn't hold, ModelError where the model wasn't trained.
    """
    user, items = known_user(graph, user_id), [known_item(graph, item_id) for item_id in item_ids]
    withheld = graph.read("consent/is_opted_out", user_ids=[user])
    return rated(graph, None if withheld else user, items, model)


def rated(graph: Graph, user_id: str | None, item_ids: Sequence[str], model: str) -> dict[str, float | None]:
    """The same for ids as they are; without a user, as of one who has opted out, what all rate an item with.

    InputError for a model that predicts no ratings.
    """
    if model in FILE_NAMES:
        told = _by_files(graph, user_id, item_ids, model)
    else:
        live = get(model, graph)
        if not isinstance(live, RatingPredictor):
            raise InputError(f"{model} predicts no ratings; use {', '.join(RATING_NAMES)}")
        told = live.predict(["" if user_id is None else user_id] * len(item_ids), item_ids)
    return {item: None if np.isnan(value) else float(value) for item, value in zip(item_ids, told, strict=True)}


def _by_files(graph: Graph, user_id: str | None, item_ids: Sequence[str], model: str) -> NDArray[np.float64]:
    kept = kept_model(graph, model)
    if not isinstance(kept, RatingModel):
        raise InputError(f"{model} learns from likes and predicts no ratings; use {', '.join(RATING_NAMES)}")
    user = np.full(1, -1) if user_id is None else positions(kept.user_ids, [user_id])
    return kept.predict(np.repeat(user, len(item_ids)), positions(kept.item_ids, item_ids))

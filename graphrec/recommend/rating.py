"""Ratings as people ask for them: one user, some items, by a trained model or by neighbours of the graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.models import FILE_NAMES
from graphrec.models.base import RatingModel
from graphrec.recommend.history import known_item, known_user
from graphrec.recommend.kept import kept_model
from graphrec.recommend.registry import get
from graphrec.snapshot.columns import positions


def predict(graph: Graph, user_id: str, item_ids: Sequence[str], model: str = "svd") -> dict[str, float | None]:
    """What a user would rate each item with; None where neighbours know nothing.

    UnknownIdError for ids that the graph doesn't hold, ModelError where the model wasn't trained.
    """
    user, items = known_user(graph, user_id), [known_item(graph, item_id) for item_id in item_ids]
    if model in FILE_NAMES:
        kept = kept_model(graph, model)
        if not isinstance(kept, RatingModel):
            raise InputError(f"{model} learns from likes and predicts no ratings; use svd, svdpp or neighbours")
        told = kept.predict(np.repeat(positions(kept.user_ids, [user]), len(items)), positions(kept.item_ids, items))
    else:
        live = get(model, graph)
        if not hasattr(live, "predict"):
            raise InputError(f"{model} predicts no ratings; use svd, svdpp, user_neighbours or item_neighbours")
        told = live.predict([user] * len(items), items)
    return {item: None if np.isnan(value) else float(value) for item, value in zip(items, told, strict=True)}

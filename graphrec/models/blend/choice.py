"""The graph filter that suits the data: the one that finds most of what is withheld."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from graphrec.models.blend.learning import among, best_first, quality_of
from graphrec.models.filters.item_filter import ItemFilter
from graphrec.models.filters.model import FILTERS, FilterModel
from graphrec.models.validation import Validation

TRIED: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("chebyshev", {}),
    ("chebyshev", {"popularity": 0.3, "alpha": 0.3}),
    ("chebyshev", {"popularity": 0.3, "alpha": 0.3, "rank": 128}),
    ("ease", {}),
)
"""What `auto` tries. On sparse data with many items the first wins, on dense data with few EASE."""


def choose(
    validation: Validation, name: str, settings: Mapping[str, Mapping[str, Any]]
) -> tuple[FilterModel, ItemFilter]:
    """The model of the name given, or for `auto` the best of those tried, and what it finds in the training part.

    The model isn't fitted yet. Settings by filter. Memory: two filters at a time, the best so far and the next.
    """
    tried = [FILTERS[name].of(settings.get(name, {}))] if name != "auto" else list(_tried(settings))
    tried = tried if len(validation.users) else tried[:1]
    solved = ((model, model.form.solve(validation.train, model.settings)) for model in tried)
    return next(solved) if len(tried) == 1 else max(solved, key=lambda pair: quality(validation, pair[1]))


def quality(validation: Validation, found: ItemFilter) -> float:
    """The mean of recall@20 and NDCG@20 over those from whom something was withheld."""
    hits = []
    for _, rows, wanted in validation.blocks():
        scores = found.scores(rows)
        scores[rows.nonzero()] = -np.inf
        hits.append(among(wanted, best_first(scores)))
    return quality_of(np.concatenate(hits), np.diff(validation.withheld.indptr))


def _tried(settings: Mapping[str, Mapping[str, Any]]) -> Iterator[FilterModel]:
    for name, values in TRIED:
        yield FILTERS[name].of({**values, **settings.get(name, {})})

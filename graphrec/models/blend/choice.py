"""The graph filter that suits the data: the one that finds most of what is withheld."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from graphrec.models.blend.learning import best_first, quality_of
from graphrec.models.filters.item_filter import BLOCK, ItemFilter
from graphrec.models.filters.model import FILTERS, FilterModel
from graphrec.models.validation import Validation

TRIED: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("chebyshev", {}),
    ("chebyshev", {"popularity": 0.3, "alpha": 0.3}),
    ("chebyshev", {"popularity": 0.3, "alpha": 0.3, "rank": 128}),
    ("ease", {"ridge": 200.0}),
    ("ease", {"ridge": 500.0}),
)
"""What `auto` tries. On sparse data with many items the first wins, on dense data with few EASE."""


def choose(validation: Validation, name: str, settings: Mapping[str, Mapping[str, Any]]) -> FilterModel:
    """The model, not yet fitted: of the name given, or for `auto` the best of those tried. Settings by filter."""
    if name != "auto":
        return FILTERS[name].of(settings.get(name, {}))
    tried = list(_tried(settings))
    if not len(validation.users):
        return tried[0]
    found = [quality(validation, model.form.solve(validation.train, model.settings)) for model in tried]
    return tried[int(np.argmax(found))]


def quality(validation: Validation, found: ItemFilter) -> float:
    """The mean of recall@20 and NDCG@20 over those from whom something was withheld."""
    hits = []
    for start in range(0, len(validation.users), BLOCK):
        rows, wanted = (
            validation.train[validation.users[start : start + BLOCK]],
            validation.withheld[start : start + BLOCK],
        )
        scores = found.scores(rows)
        scores[rows.nonzero()] = -np.inf
        withheld = np.zeros(scores.shape, dtype=bool)
        withheld[wanted.nonzero()] = True
        hits.append(np.take_along_axis(withheld, best_first(scores), axis=1))
    return quality_of(np.concatenate(hits), np.diff(validation.withheld.indptr))


def _tried(settings: Mapping[str, Mapping[str, Any]]) -> Iterator[FilterModel]:
    for name, values in TRIED:
        yield FILTERS[name].of({**values, **settings.get(name, {})})

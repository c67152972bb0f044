"""The graph filter that suits the data: the first, unless another certainly finds more of what is withheld."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.models.blend.learning import among, best_first, is_certain, qualities_of
from graphrec.models.filters.item_filter import ItemFilter
from graphrec.models.filters.model import FILTERS, FilterModel
from graphrec.models.validation import Validation

TRIED: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("chebyshev", {}),
    ("chebyshev", {"popularity": 0.3, "alpha": 0.3}),
    ("chebyshev", {"popularity": 0.3, "alpha": 0.3, "rank": 128}),
    ("ease", {}),
)
"""What `auto` tries. On sparse data with many items a Chebyshev filter wins, on dense data with few EASE."""


def choose(
    validation: Validation, name: str, settings: Mapping[str, Mapping[str, Any]]
) -> tuple[FilterModel, ItemFilter]:
    """The model of the name given, or for `auto` the first of those tried unless a later one is certainly better, and
    what it finds in the training part.

    The model isn't fitted yet. Settings by filter. Memory: two filters at a time, the best so far and the next.
    """
    tried = [FILTERS[name].of(settings.get(name, {}))] if name != "auto" else list(_tried(settings))
    tried = tried if len(validation.users) else tried[:1]
    best = tried[0], tried[0].form.solve(validation.train, tried[0].settings)
    if len(tried) == 1:
        return best
    most = qualities(validation, best[1])
    for model in tried[1:]:
        found = model.form.solve(validation.train, model.settings)
        now = qualities(validation, found)
        if is_certain(now - most):
            best, most = (model, found), now
    return best


def qualities(validation: Validation, found: ItemFilter) -> NDArray[np.float64]:
    """The mean of recall@20 and NDCG@20 of each of those from whom something was withheld."""
    hits = []
    for _, rows, wanted in validation.blocks():
        scores = found.scores(rows)
        scores[rows.nonzero()] = -np.inf
        hits.append(among(wanted, best_first(scores)))
    return qualities_of(np.concatenate(hits), np.diff(validation.withheld.indptr))


def _tried(settings: Mapping[str, Mapping[str, Any]]) -> Iterator[FilterModel]:
    for name, values in TRIED:
        yield FILTERS[name].of({**values, **settings.get(name, {})})

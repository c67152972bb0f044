"""Recommenders: one interface over Cypher, embeddings and compositions of them.

The package can be called: `graphrec.recommend(graph, "196")` is `graphrec.recommend.answer.recommend`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from graphrec.graph import Graph
    from graphrec.recommend.asking import GraphRecommender

NAMES = (
    *("blend", "walk", "cooccurrence", "lightgcn", "popular", "trending", "tags", "friends"),
    *("p3alpha", "item_graph", "ease", "gfcf", "chebyshev", "spectral"),
    *("user_neighbours", "item_neighbours", "svd", "svdpp", "als", "bpr", "nmf", "content"),
    *("multvae", "sasrec", "neumf", "two_tower"),
    *("weighted", "switching", "cascade", "augmented", "stacked"),
)
"""The recommenders over the graph."""


def get(name: str, graph: Graph, **settings: Any) -> GraphRecommender:
    """The recommender of that name over a graph. `settings` are parameters of its queries.

    InputError for an unknown name, ModelError where it needs a version that isn't there.
    """
    from graphrec.recommend.registry import get as found

    return found(name, graph, **settings)


class _Callable(ModuleType):
    """Lets `graphrec.recommend` be both this package and the function that people look for under its name."""

    def __call__(self, graph: Graph, user_id: str | None = None, k: int = 10, **more: Any) -> pd.DataFrame:
        from graphrec.recommend.answer import recommend

        return recommend(graph, user_id, k, **more)


sys.modules[__name__].__class__ = _Callable

"""Recommenders over the graph by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.models import FILE_NAMES, FILTER_NAMES
from graphrec.recommend.asking import GraphRecommender
from graphrec.recommend.from_files import FilesRecommender
from graphrec.recommend.lightgcn import LightGCNRecommender
from graphrec.recommend.neighbours import ItemNeighbourRecommender, UserNeighbourRecommender
from graphrec.recommend.paths import CooccurrenceRecommender, FriendsRecommender, TagsRecommender, WalkRecommender
from graphrec.recommend.rankings import PopularRecommender, TrendingRecommender
from graphrec.recommend.similar import LiveBlendRecommender, SimilarRecommender
from graphrec.versions import current

RECOMMENDERS: Mapping[str, Callable[..., GraphRecommender]] = {
    "blend": LiveBlendRecommender,
    "walk": WalkRecommender,
    "cooccurrence": CooccurrenceRecommender,
    "lightgcn": LightGCNRecommender,
    "popular": PopularRecommender,
    "trending": TrendingRecommender,
    "tags": TagsRecommender,
    "friends": FriendsRecommender,
    "user_neighbours": UserNeighbourRecommender,
    "item_neighbours": ItemNeighbourRecommender,
    **{name: partial(SimilarRecommender, name=name) for name in FILTER_NAMES},
    **{name: partial(FilesRecommender, name=name) for name in FILE_NAMES},
}
NAMES = tuple(RECOMMENDERS)


def get(name: str, graph: Graph, **settings: Any) -> GraphRecommender:
    """The recommender of that name over a graph. `settings` are parameters of its queries.

    InputError for an unknown name or setting, ModelError where it needs a version that isn't there.
    """
    if name not in RECOMMENDERS:
        raise InputError(f"no recommender {name!r}; there are {', '.join(NAMES)}")
    return RECOMMENDERS[name](graph, **settings)


def best_name(graph: Graph) -> str:
    """The recommender to use where none is named: `blend` or `lightgcn` if a version is live, else `walk`."""
    return next((name for name in ("blend", "lightgcn") if current(graph, name)), "walk")

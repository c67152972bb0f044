"""Neighbours by Cypher: live, over what the graph holds at this moment, with the numbers of the models in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec import queries
from graphrec.errors import InputError
from graphrec.graph import Graph
from graphrec.models.neighbours.model import nearest_people
from graphrec.models.neighbours.settings import ItemNeighbourSettings, NeighbourSettings
from graphrec.recommend.asking import GraphRecommender, Row, masks
from graphrec.recommend.base import Candidates
from graphrec.recommend.history import ask, settings_of, titles_of

PAIRS = 200
"""Items of a user whose ratings are asked for at a time."""


class NeighbourRecommender(GraphRecommender):
    """Ranks items by neighbours, and predicts ratings. Its settings are parameters of the queries."""

    ranking: str
    rating: str
    usual: type[NeighbourSettings]
    """The model's settings; the query for similar items is the same for both kinds, whose shrinkage isn't."""

    def __init__(self, graph: Graph, *, with_reasons: bool = True, **settings: Any) -> None:
        super().__init__(graph, with_reasons=with_reasons)
        there = {name for query in (self.ranking, self.rating) for name in queries.get(query).parameters}
        if unknown := sorted(set(settings) - there):
            raise InputError(f"{self.name} has no setting {', '.join(unknown)}; there are {', '.join(sorted(there))}")
        self.settings = settings

    def rows_for_users(self, user_ids: Sequence[str], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """The rows of the query."""
        asked = [{"key": user_id, "user_id": user_id, "items": None} for user_id in user_ids]
        return [{**row, "user_id": row["key"]} for row in self._ranked(asked, k, candidates)]

    def rows_for_visitor(self, items: Mapping[str, float], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        """The same for weighted items."""
        pairs = [[item_id, weight] for item_id, weight in items.items()]
        return self._ranked([{"key": "", "user_id": None, "items": pairs}], k, candidates)

    def rows_for_items(self, item_ids: Sequence[str], k: int) -> list[dict[str, Any]]:
        """The rows of neighbours/similar_items."""
        settings = {"shrinkage": self.usual.shrinkage} | settings_of("neighbours/similar_items", self.settings)
        return ask(self.graph, "neighbours/similar_items", {"item_ids": list(item_ids), "k": k, **settings})

    def similar_reasons(self, rows: Sequence[Row]) -> list[str]:
        """How many people have both."""
        told = [row["people"] for row in rows]
        return [f"{n} people have both" if n >= self.least_people else "it goes well with that" for n in told]

    def predict(self, user_ids: Sequence[str], item_ids: Sequence[str]) -> npt.NDArray[np.float64]:
        """What each user would rate each item with, pair by pair; NaN where nothing is known of the user or item.

        It may leave the scale of the ratings: the graph is not asked for its bounds.
        """
        wanted: dict[str, list[str]] = {}
        for user_id, item_id in zip(user_ids, item_ids, strict=True):
            wanted.setdefault(user_id, []).append(item_id)
        told: dict[tuple[str, str], float] = {}
        settings = settings_of(self.rating, self.settings)
        for user_id, items in wanted.items():
            for start in range(0, len(items), PAIRS):
                one = {"user_id": user_id, "item_ids": sorted(set(items[start : start + PAIRS]))}
                rows = ask(self.graph, self.rating, {"wanted": [one], **settings})
                told |= {(user_id, row["item_id"]): row["rating"] for row in rows}
        return np.array([told.get(pair, np.nan) for pair in zip(user_ids, item_ids, strict=True)])

    def _ranked(self, asked: list[dict[str, Any]], k: int, candidates: Candidates) -> list[dict[str, Any]]:
        given = {"asked": asked, "k": k, "include_seen": candidates.seen, **masks(candidates)}
        return ask(self.graph, self.ranking, {**given, **settings_of(self.ranking, self.settings)})


class UserNeighbourRecommender(NeighbourRecommender):
    """What the people nearest to a profile like."""

    name = "user_neighbours"
    ranking = "neighbours/by_users"
    rating = "neighbours/rate_by_users"
    usual = NeighbourSettings

    def reasons(self, rows: Sequence[Row]) -> list[str]:
        """How many of the nearest people like it."""
        return [nearest_people(row["people"], self.least_people) for row in rows]


class ItemNeighbourRecommender(NeighbourRecommender):
    """What is nearest to each item that a profile likes."""

    name = "item_neighbours"
    ranking = "neighbours/by_items"
    rating = "neighbours/rate_by_items"
    usual = ItemNeighbourSettings

    def reasons(self, rows: Sequence[Row]) -> list[str]:
        """“because you liked Alien (1979)”: the liked item that adds most."""
        titles = titles_of(self.graph, {row["because_id"] for row in rows})
        return [f"because you liked {titles[row['because_id']]}" for row in rows]

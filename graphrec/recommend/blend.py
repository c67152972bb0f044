"""Several recommenders at once, their scores made comparable, weighted and added."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from graphrec.errors import InputError
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile, Recommender
from graphrec.recommend.tables import (
    concat_tables,
    no_recommendations,
    no_similar_items,
    rank_in_runs,
)

DEPTH = 100
"""How many items of each recommender are mixed, at least."""


class BlendRecommender:
    """Items by the weighted mean of their scores, each recommender's list brought to 0…1 for each profile.

    A list's best item has 1 and an item that isn't in the list 0; between, scores keep their distances from the
    list's end. The reason is that of the recommender that adds most.
    """

    def __init__(self, parts: Sequence[tuple[Recommender, float]], name: str = "blend", depth: int = DEPTH) -> None:
        if not parts or any(weight <= 0 for _, weight in parts):
            raise InputError("expected recommenders with weights above 0 to blend; leave out those of weight 0")
        self.parts = tuple(parts)
        self.name = name
        self.depth = depth

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """Each recommender is asked once for the depth of the blend."""
        tables = [part.recommend(profiles, max(k, self.depth), candidates) for part, _ in self.parts]
        return self._mix(tables, "profile", "item_id", k, no_recommendations())

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """Similar items, mixed in the same way."""
        tables = [part.similar_items(item_ids, max(k, self.depth)) for part, _ in self.parts]
        return self._mix(tables, "item_id", "similar_id", k, no_similar_items())

    def _mix(self, tables: list[pd.DataFrame], key: str, item: str, k: int, empty: pd.DataFrame) -> pd.DataFrame:
        total = sum(weight for _, weight in self.parts)
        shares = [weight / total for _, weight in self.parts]
        scaled = [
            table.assign(score=comparable(table, key) * share) for table, share in zip(tables, shares, strict=True)
        ]
        rows = concat_tables(scaled, empty).sort_values([key, "score"], ascending=[True, False], kind="stable")
        mixed = rows.groupby([key, item], sort=False).agg(score=("score", "sum"), reason=("reason", "first"))
        mixed = mixed.reset_index()
        mixed["score"] = mixed["score"].round(10)
        mixed = mixed.sort_values([key, "score", item], ascending=[True, False, True])
        mixed = mixed[mixed.groupby(key).cumcount() < k].reset_index(drop=True)
        mixed["rank"] = rank_in_runs(mixed[key].to_numpy())
        return mixed[list(empty.columns)]


def comparable(table: pd.DataFrame, key: str) -> pd.Series:
    """Scores from above 0 to 1 in each list: the distance from the list's last score, as a part of the whole span.

    The last item keeps a small part, 1 / (length + 1), so that being in a list counts; equal scores are all 1.
    """
    scores = table.groupby(key)["score"]
    low, high, length = scores.transform("min"), scores.transform("max"), scores.transform("size")
    span = (high - low).where(high > low, 1.0)
    share = ((table["score"] - low) / span).where(high > low, 1.0)
    least = 1 / (length + 1)
    return least + (1 - least) * share

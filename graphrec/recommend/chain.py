"""One recommender after another until k places are filled."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile, Recommender
from graphrec.recommend.tables import (
    concat_tables,
    no_recommendations,
    no_similar_items,
    rank_in_runs,
)


class ChainRecommender:
    """The first recommender's items, then the second's that aren't among them, and so on up to k.

    Scores of later recommenders are brought below those before: multiplied where both are positive, else shifted.
    """

    def __init__(self, recommenders: Sequence[Recommender], name: str = "chain") -> None:
        self.recommenders = tuple(recommenders)
        self.name = name

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """Each recommender is asked for k once; its reasons stay with its items."""
        tables = [recommender.recommend(profiles, k, candidates) for recommender in self.recommenders]
        return _fill(tables, "profile", "item_id", k, no_recommendations())

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """The first recommender's similar items, then the next one's, up to k."""
        tables = [recommender.similar_items(item_ids, k) for recommender in self.recommenders]
        return _fill(tables, "item_id", "similar_id", k, no_similar_items())


def _fill(tables: list[pd.DataFrame], key: str, item: str, k: int, empty: pd.DataFrame) -> pd.DataFrame:
    staged = [table.assign(_stage=stage) for stage, table in enumerate(tables)]
    rows = concat_tables(staged, empty.assign(_stage=0))
    rows = rows.sort_values([key, "_stage", "rank"], kind="stable").drop_duplicates([key, item])
    rows = rows[rows.groupby(key).cumcount() < k].reset_index(drop=True)
    rows["score"] = _descending(rows[key].tolist(), rows["_stage"].tolist(), rows["score"].tolist())
    rows["rank"] = rank_in_runs(rows[key].to_numpy())
    return rows[list(empty.columns)]


def _descending(keys: Sequence[object], stages: Sequence[int], scores: Sequence[float]) -> list[float]:
    """Scores that never rise within a key, changed only where a stage starts above the end of the one before."""
    result: list[float] = []
    factor, shift, last = 1.0, 0.0, math.inf
    for n, score in enumerate(scores):
        if n == 0 or keys[n] != keys[n - 1]:
            factor, shift, last = 1.0, 0.0, math.inf
        elif stages[n] != stages[n - 1]:
            factor = last / score if score > last > 0 else 1.0
            shift = last - score if score > last and last <= 0 else 0.0
        last = min(score * factor + shift, last)
        result.append(last)
    return result

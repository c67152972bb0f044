"""Any recommender with its lists put in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from graphrec.errors import InputError
from graphrec.fairness.steps import STEPS, Candidates, Ints, Side
from graphrec.recommend import base
from graphrec.recommend.base import ALL_UNSEEN, Profile, Recommender
from graphrec.recommend.tables import concat_tables, no_recommendations, recommendation_table
from graphrec.snapshot import Snapshot

DEPTH = 5
"""So many times the places that are asked for are candidates."""


@dataclass(eq=False)
class Reranked:
    """Asks another recommender for more than is wanted, and chooses among that by a step of STEPS and its number.

    Scores are those of places, from 1 down, because another order has others than the recommender's.
    """

    inner: Recommender
    snapshot: Snapshot
    side: Side
    step: str
    weight: float

    def __post_init__(self) -> None:
        if self.step not in STEPS:
            raise InputError(f"no way to rerank {self.step!r}; there are {', '.join(STEPS)}")
        if not 0 <= self.weight <= 1:
            raise InputError(f"expected a number from 0 to 1 for {self.step}, found {self.weight:g}")
        self.name = f"{self.inner.name} {self.step} {self.weight:g}"

    def recommend(
        self, profiles: Sequence[Profile], k: int = 10, candidates: base.Candidates = ALL_UNSEEN
    ) -> pd.DataFrame:
        """At most k rows a profile, chosen among DEPTH times as many."""
        table = self.inner.recommend(profiles, DEPTH * k, candidates)
        parts = [
            self._list(int(str(n)), profiles[int(str(n))], part, k) for n, part in table.groupby("profile", sort=False)
        ]
        return concat_tables(parts, no_recommendations())

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """Those of the recommender that is asked."""
        return self.inner.similar_items(item_ids, k)

    def _list(self, n: int, profile: Profile, part: pd.DataFrame, k: int) -> pd.DataFrame:
        items = self.snapshot.item_idx(part["item_id"].to_numpy(dtype=object))
        found = Candidates(items, part["score"].to_numpy(np.float64), self._liked(profile))
        places = STEPS[self.step](self.side, found, k, self.weight)
        chosen = part.iloc[places]
        scores = 1 - np.arange(len(chosen)) / max(len(chosen), 1)
        return recommendation_table(
            [n] * len(chosen), chosen["item_id"].to_numpy(), scores, chosen["reason"].to_numpy()
        )

    def _liked(self, profile: Profile) -> Ints:
        named = self.snapshot.item_idx([item for item, weight in profile.items.items() if weight > 0])
        row = int(self.snapshot.user_idx([profile.user_id])[0]) if profile.user_id is not None else -1
        own = self.side.liked[[row]].indices if row >= 0 else np.zeros(0, dtype=np.int64)
        return np.unique(np.concatenate([named[named >= 0], own])).astype(np.int64)

"""Any recommender with its lists put in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from graphrec.errors import InputError
from graphrec.fairness.prices import Ints, Shelf
from graphrec.fairness.steps import OF_GROUPS, PRICES, STEPS, Candidates, Side
from graphrec.recommend import base
from graphrec.recommend.base import ALL_UNSEEN, Profile, Recommender
from graphrec.recommend.tables import concat_tables, no_recommendations, recommendation_table
from graphrec.serving.rerank import scaled
from graphrec.snapshot import Snapshot

DEPTH = 5
"""So many times the places that are asked for are candidates."""

MOST_USERS = 5_000
"""The lists of so many users, evenly taken, say what exposure items get."""


@dataclass(eq=False)
class Reranked:
    """Asks another recommender for more than is wanted, and chooses among that by a step of STEPS and its number.

    Scores are those of places, from 1 down, because another order has others than the recommender's. Where items'
    exposure over all lists counts, prices are learnt from the lists of those who train, once a length of list; so a
    list doesn't hang on who else is asked for.
    """

    inner: Recommender
    snapshot: Snapshot
    side: Side
    step: str
    weight: float
    priced: dict[int, Side] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.step not in STEPS:
            raise InputError(f"no way to rerank {self.step!r}; there are {', '.join(STEPS)}")
        if not 0 <= self.weight <= 1:
            raise InputError(f"expected a number from 0 to 1 for {self.step}, found {self.weight:g}")
        if self.step in OF_GROUPS and self.side.member is None:
            raise InputError(f"{self.step} needs a group of items; name one, as tag:Drama or language:fr")
        self.name = f"{self.inner.name} {self.step} {self.weight:g}"

    def recommend(
        self, profiles: Sequence[Profile], k: int = 10, candidates: base.Candidates = ALL_UNSEEN
    ) -> pd.DataFrame:
        """At most k rows a profile, chosen among DEPTH times as many."""
        side = self._side(k)
        table = self.inner.recommend(profiles, DEPTH * k, candidates)
        parts = [
            self._list(side, (int(str(n)), profiles[int(str(n))]), part, k)
            for n, part in table.groupby("profile", sort=False)
        ]
        return concat_tables(parts, no_recommendations())

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """Those of the recommender that is asked."""
        return self.inner.similar_items(item_ids, k)

    def _side(self, k: int) -> Side:
        """What is known of items, with their prices in lists of k where there are any."""
        if self.step not in PRICES or not self.weight:
            return self.side
        if k not in self.priced:
            prices = PRICES[self.step](self._shelf(DEPTH * k), k, self.weight)
            self.priced[k] = replace(self.side, prices=prices)
        return self.priced[k]

    def _shelf(self, depth: int) -> Shelf:
        """The candidates of those who train."""
        known = self.snapshot.user_ids[np.diff(self.snapshot.matrix.indptr) > 0]
        chosen = known[np.unique(np.linspace(0, len(known) - 1, min(MOST_USERS, len(known))).astype(np.int64))]
        table = self.inner.recommend([Profile(user_id) for user_id in chosen], depth)
        items, scores = np.full((len(chosen), depth), -1, dtype=np.int64), np.zeros((len(chosen), depth))
        for n, part in table.groupby("profile", sort=False):
            row = int(str(n))
            items[row, : len(part)] = self.snapshot.item_idx(part["item_id"].to_numpy(dtype=object))
            scores[row, : len(part)] = scaled(part["score"].to_numpy(np.float64))
        return Shelf(items, scores, self.snapshot.n_items)

    def _list(self, side: Side, asked: tuple[int, Profile], part: pd.DataFrame, k: int) -> pd.DataFrame:
        n, profile = asked
        items = self.snapshot.item_idx(part["item_id"].to_numpy(dtype=object))
        found = Candidates(items, part["score"].to_numpy(np.float64), self._liked(profile))
        places = STEPS[self.step](side, found, k, self.weight)
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

"""Another recommender for each profile, by how much is known of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from graphrec.errors import InputError
from graphrec.recommend.base import ALL_UNSEEN, Candidates, Profile, Recommender
from graphrec.recommend.tables import concat_tables, no_recommendations

CountItems = Callable[[Sequence[Profile]], Sequence[int]]
"""How many liked items are known of each profile."""


class SwitchRecommender:
    """Sends each profile to the last recommender whose least number of known items it reaches.

    `steps` are (least number of items, recommender), from few to many; a profile below the first gets no rows.
    """

    def __init__(self, count_items: CountItems, steps: Sequence[tuple[int, Recommender]], name: str = "switch") -> None:
        least = [n for n, _ in steps]
        if not steps or least != sorted(set(least)):
            raise InputError(f"expected steps with rising numbers of items, found {least}; for example (0, …), (5, …)")
        self.count_items = count_items
        self.steps = tuple(steps)
        self.name = name

    def recommend(self, profiles: Sequence[Profile], k: int = 10, candidates: Candidates = ALL_UNSEEN) -> pd.DataFrame:
        """Each recommender is asked once, for the profiles that fall to it."""
        step_of = np.searchsorted([n for n, _ in self.steps], np.asarray(self.count_items(profiles)), side="right") - 1
        tables = []
        for step, (_, recommender) in enumerate(self.steps):
            mine = np.flatnonzero(step_of == step)
            table = recommender.recommend([profiles[n] for n in mine.tolist()], k, candidates)
            tables.append(table.assign(profile=mine[table["profile"].to_numpy(dtype=np.int64)]))
        rows = concat_tables(tables, no_recommendations())
        return rows.sort_values(["profile", "rank"], kind="stable").reset_index(drop=True)

    def similar_items(self, item_ids: Sequence[str], k: int = 10) -> pd.DataFrame:
        """Similar items of the recommender for those of whom most is known."""
        return self.steps[-1][1].similar_items(item_ids, k)

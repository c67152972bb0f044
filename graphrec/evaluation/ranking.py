"""Every test user's ranked list, from any recommender, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from graphrec.recommend.base import Profile, Recommender

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Pace:
    """How users are asked for: how many at a time, and by how many clients at once."""

    batch: int
    n_threads: int


IN_MEMORY = Pace(2048, 1)
IN_GRAPH = Pace(64, 2)
"""Small batches keep a transaction short; two clients keep two cores of a server busy."""


def rank_users(
    recommender: Recommender,
    user_ids: Sequence[str],
    k: int,
    pace: Pace,
    progress: Progress | None = None,
    *,
    profiles: Sequence[Profile] | None = None,
) -> pd.DataFrame:
    """Rows of user_id, item_id, rank, score and model, in the order of `user_ids`, seen items left out.

    `profiles`: whom to ask for in place of each user, where the recommender doesn't know the users.
    """
    asked = profiles if profiles is not None else [Profile(user_id) for user_id in user_ids]
    places = range(0, len(user_ids), pace.batch)
    batches = [asked[start : start + pace.batch] for start in places]
    ids = np.array([*user_ids], dtype=object)
    tables = []
    n_done = 0
    for start, batch, table in zip(places, batches, _ask(recommender, batches, k, pace), strict=True):
        users = ids[start + table["profile"].to_numpy(dtype=np.int64)]
        tables.append(table[["item_id", "rank", "score"]].assign(user_id=users, model=recommender.name))
        n_done += len(batch)
        if progress:
            progress(recommender.name, n_done, len(user_ids))
    columns = ["user_id", "item_id", "rank", "score", "model"]
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)


def _ask(recommender: Recommender, batches: list[Sequence[Profile]], k: int, pace: Pace) -> Iterator[pd.DataFrame]:
    def ask(batch: Sequence[Profile]) -> pd.DataFrame:
        return recommender.recommend(batch, k)

    if pace.n_threads == 1:
        yield from map(ask, batches)
        return
    with ThreadPoolExecutor(pace.n_threads) as pool:
        yield from pool.map(ask, batches)

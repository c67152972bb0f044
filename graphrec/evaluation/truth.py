"""What ranked lists are measured against, and the lists as positions beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Background:
    """What else is known of the users and items of a Truth, in its order.

    `n_seen`: how many items of the catalogue each user knows already. `profiles`: users × items, 1 for what is liked
    in training. `features`: items × anything, rows of length 1 (or 0), whose dot product says how alike two items are:
    tags where there are any, else the users who like them. `tags`: items × tags, rows that add up to 1 (or 0), None
    without tags.
    """

    n_seen: Ints
    profiles: sparse.csr_array
    features: sparse.csr_array
    tags: sparse.csr_array | None


@dataclass(frozen=True)
class Truth:
    """What the lists are measured against.

    `user_ids` and `item_ids` number users and items; `pairs` are the sorted keys user_idx × n_items + item_idx of
    the held-back pairs; `n_test` counts them by user; `n_likers` counts the training users of each item. `background`:
    what metrics need that look at more than hits.
    """

    user_ids: pd.Index[Any]
    item_ids: pd.Index[Any]
    in_catalogue: npt.NDArray[np.bool_]
    pairs: Ints
    n_test: Ints
    n_likers: Ints
    n_train_users: int
    background: Background | None = None

    @classmethod
    def of(cls, test: pd.DataFrame, n_likers: Mapping[str, int], n_train_users: int) -> Truth:
        """From held-back pairs (user_id, item_id) and the training users of each item of the catalogue."""
        user_ids = pd.Index(sorted(set(test["user_id"])), dtype=object)
        item_ids = pd.Index(sorted(set(test["item_id"]) | set(n_likers)), dtype=object)
        users, items = positions_in(user_ids, test["user_id"]), positions_in(item_ids, test["item_id"])
        return cls(
            user_ids=user_ids,
            item_ids=item_ids,
            in_catalogue=np.array([item in n_likers for item in item_ids], dtype=bool),
            pairs=np.sort(users * len(item_ids) + items),
            n_test=np.bincount(users, minlength=len(user_ids)),
            n_likers=np.array([n_likers.get(item, 0) for item in item_ids], dtype=np.int64),
            n_train_users=n_train_users,
        )


@dataclass(frozen=True)
class Ranked:
    """Ranked lists cut at k, aligned by row: whose, which item, at what rank (from 1), and whether it is a hit."""

    user_idx: Ints
    item_idx: Ints
    rank: Ints
    hit: npt.NDArray[np.bool_]
    k: int

    @classmethod
    def of(cls, truth: Truth, lists: pd.DataFrame, k: int) -> Ranked:
        """From rows of user_id, item_id, rank; rows of users that aren't tested are left out."""
        lists = lists[lists["rank"] <= k]
        users = positions_in(truth.user_ids, lists["user_id"])
        items = positions_in(truth.item_ids, lists["item_id"])
        known = (users >= 0) & (items >= 0)
        users, items = users[known], items[known]
        rank = lists["rank"].to_numpy(np.int64)[known]
        return cls(users, items, rank, np.isin(users * len(truth.item_ids) + items, truth.pairs), k)


def positions_in(index: pd.Index[Any], ids: pd.Series[Any]) -> Ints:
    """Where each id stands in the index, −1 where it doesn't; each different id is looked up once."""
    codes, words = pd.factorize(ids)
    found: Ints = index.get_indexer(pd.Index(words, dtype=object)).astype(np.int64)[codes]
    return found

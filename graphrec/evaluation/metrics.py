"""The metrics, each over ranked lists cut at k and the held-back items of each test user.

Every test user counts, those that got no list with 0; `n_test` is how many items of the user are held back. A hit is
a held-back item in the first k. All but coverage and novelty are means over the test users.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Truth:
    """What the lists are measured against.

    `user_ids` and `item_ids` number users and items; `pairs` are the sorted keys user_idx × n_items + item_idx of
    the held-back pairs; `n_test` counts them by user; `n_likers` counts the training users of each item.
    """

    user_ids: pd.Index[Any]
    item_ids: pd.Index[Any]
    in_catalogue: npt.NDArray[np.bool_]
    pairs: Ints
    n_test: Ints
    n_likers: Ints
    n_train_users: int

    @classmethod
    def of(cls, test: pd.DataFrame, n_likers: Mapping[str, int], n_train_users: int) -> Truth:
        """From held-back pairs (user_id, item_id) and the training users of each item of the catalogue."""
        user_ids = pd.Index(sorted(set(test["user_id"])), dtype=object)
        item_ids = pd.Index(sorted(set(test["item_id"]) | set(n_likers)), dtype=object)
        users, items = _positions(user_ids, test["user_id"]), _positions(item_ids, test["item_id"])
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
        users = _positions(truth.user_ids, lists["user_id"])
        items = _positions(truth.item_ids, lists["item_id"])
        known = (users >= 0) & (items >= 0)
        users, items = users[known], items[known]
        rank = lists["rank"].to_numpy(np.int64)[known]
        return cls(users, items, rank, np.isin(users * len(truth.item_ids) + items, truth.pairs), k)


def recall(truth: Truth, ranked: Ranked) -> float:
    """Recall@k: hits divided by n_test."""
    return float(np.mean(_hits(truth, ranked) / truth.n_test))


def precision(truth: Truth, ranked: Ranked) -> float:
    """Precision@k: hits divided by k."""
    return float(np.mean(_hits(truth, ranked)) / ranked.k)


def ndcg(truth: Truth, ranked: Ranked) -> float:
    """NDCG@k: the sum of 1/log2(rank + 1) over the hits, divided by that of min(k, n_test) hits in the first places."""
    best = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(1, ranked.k + 1) + 1))])
    gained = _sum_by_user(truth, ranked, 1 / np.log2(ranked.rank + 1))
    return float(np.mean(gained / best[np.minimum(truth.n_test, ranked.k)]))


def mean_average_precision(truth: Truth, ranked: Ranked) -> float:
    """MAP@k: at each hit the share of hits down to its rank, summed and divided by min(k, n_test)."""
    order = np.lexsort((ranked.rank, ranked.user_idx))
    user_idx, rank, hit = ranked.user_idx[order], ranked.rank[order], ranked.hit[order]
    hits_before = np.concatenate([[0], np.cumsum(hit)])
    starts = np.searchsorted(user_idx, user_idx, side="left")
    share = (hits_before[1:] - hits_before[starts]) / rank
    total = np.bincount(user_idx[hit], weights=share[hit], minlength=len(truth.user_ids))
    return float(np.mean(total / np.minimum(truth.n_test, ranked.k)))


def reciprocal_rank(truth: Truth, ranked: Ranked) -> float:
    """MRR@k: one divided by the rank of the first hit, 0 without a hit."""
    first = np.zeros(len(truth.user_ids))
    np.maximum.at(first, ranked.user_idx[ranked.hit], 1 / ranked.rank[ranked.hit])
    return float(np.mean(first))


def hit_rate(truth: Truth, ranked: Ranked) -> float:
    """Hit rate@k: the share of test users with a hit."""
    return float(np.mean(_hits(truth, ranked) > 0))


def coverage(truth: Truth, ranked: Ranked) -> float:
    """Coverage@k: different items in all lists, divided by the items of the catalogue (those known in training)."""
    shown = np.unique(ranked.item_idx)
    n_items = int(truth.in_catalogue.sum())
    return float(truth.in_catalogue[shown].sum() / n_items) if n_items else 0.0


def novelty(truth: Truth, ranked: Ranked) -> float:
    """Novelty@k: −log2 of the share of training users that have the item (at least one user), averaged over each list
    and then over the users that got one; 0 is what everybody has (Zhou et al. 2010)."""
    information = -np.log2(np.maximum(truth.n_likers, 1) / max(truth.n_train_users, 1))
    n_shown = np.bincount(ranked.user_idx, minlength=len(truth.user_ids))
    total = np.bincount(ranked.user_idx, weights=information[ranked.item_idx], minlength=len(truth.user_ids))
    return float(np.mean(total[n_shown > 0] / n_shown[n_shown > 0])) if n_shown.any() else 0.0


METRICS: Mapping[str, Callable[[Truth, Ranked], float]] = {
    "recall": recall,
    "precision": precision,
    "ndcg": ndcg,
    "map": mean_average_precision,
    "mrr": reciprocal_rank,
    "hit_rate": hit_rate,
    "coverage": coverage,
    "novelty": novelty,
}


def measure(truth: Truth, lists: pd.DataFrame, ks: tuple[int, ...]) -> dict[str, float]:
    """Every metric at every k, as `ndcg@20`. `lists` has the columns user_id, item_id and rank."""
    values: dict[str, float] = {}
    for k in ks:
        ranked = Ranked.of(truth, lists, k)
        values |= {f"{name}@{k}": metric(truth, ranked) for name, metric in METRICS.items()}
    return values


def definitions() -> dict[str, str]:
    """What each metric is, in a sentence."""
    return {name: " ".join((metric.__doc__ or "").split()) for name, metric in METRICS.items()}


def _hits(truth: Truth, ranked: Ranked) -> Ints:
    return np.bincount(ranked.user_idx[ranked.hit], minlength=len(truth.user_ids))


def _sum_by_user(truth: Truth, ranked: Ranked, gain: Floats) -> Floats:
    return np.bincount(ranked.user_idx[ranked.hit], weights=gain[ranked.hit], minlength=len(truth.user_ids)).astype(
        float
    )


def _positions(index: pd.Index[Any], ids: pd.Series[Any]) -> Ints:
    """Where each id stands in the index, −1 where it doesn't; each different id is looked up once."""
    codes, words = pd.factorize(ids)
    found: Ints = index.get_indexer(pd.Index(words, dtype=object)).astype(np.int64)[codes]
    return found

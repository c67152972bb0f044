"""What lists are like beside being right: how known, how alike, how surprising, how near to a user's own mixture.

Each metric of a user gives one number a test user, NaN for one who has no such list; those of the catalogue give one
for all lists together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec.evaluation.accuracy import background
from graphrec.evaluation.truth import Floats, Ranked, Truth
from graphrec.recommend.tail import long_tail
from graphrec.serving.rerank import EPSILON

BLOCK = 512
FEW = 2000
"""So many items of a block's lists are compared with each other at most, before their features are summed instead."""


def novelty(truth: Truth, ranked: Ranked) -> Floats:
    """Novelty@k: −log2 of the share of training users that have the item (at least one user), averaged over each list
    and then over the users that got one; 0 is what everybody has (Zhou et al. 2010)."""
    return _list_means(truth, ranked, -np.log2(np.maximum(truth.n_likers, 1) / max(truth.n_train_users, 1)))


def popularity(truth: Truth, ranked: Ranked) -> Floats:
    """Popularity@k: the share of training users that have the item, averaged over each list and then over those who
    got one (ARP: Yin et al. 2012)."""
    return _list_means(truth, ranked, truth.n_likers / max(truth.n_train_users, 1))


def tail(truth: Truth, ranked: Ranked) -> Floats:
    """Tail@k: the share of each list that is of the long tail, the least popular items that have a fifth of all likes
    together; a mean over the users that got a list."""
    return _list_means(truth, ranked, long_tail(truth.n_likers).astype(np.float64))


def diversity(truth: Truth, ranked: Ranked) -> Floats:
    """Diversity@k: 1 less the mean cosine of all pairs of a list, by their tags, or where there are none by the users
    who like them; a mean over the lists of two items or more (Ziegler et al. 2005)."""
    features = background(truth).features
    lists = _lists(truth, ranked)
    own = np.asarray(lists @ _lengths(features))
    alike = np.concatenate([np.zeros(0), *(_alike(rows, features) for rows in _blocks(lists))])
    n = np.diff(lists.indptr).astype(np.float64)
    return np.asarray(1 - np.divide(alike - own, n * (n - 1), out=np.full(len(n), np.nan), where=n > 1))


def serendipity(truth: Truth, ranked: Ranked) -> Floats:
    """Serendipity@k: for each hit 1 less its mean cosine with what the user liked in training, by what diversity goes
    by; summed and divided by k (after Zhang et al. 2012)."""
    known = background(truth)
    user_idx, item_idx = ranked.user_idx[ranked.hit], ranked.item_idx[ranked.hit]
    counts = np.maximum(np.diff(known.profiles.indptr), 1)
    expected = np.zeros(len(user_idx))
    for start in range(0, len(user_idx), BLOCK):
        part = slice(start, start + BLOCK)
        liked = known.profiles[user_idx[part]] @ known.features
        alike = np.asarray(liked.multiply(known.features[item_idx[part]]).sum(axis=1)).ravel()
        expected[part] = alike / counts[user_idx[part]]
    return np.asarray(np.bincount(user_idx, weights=1 - expected, minlength=len(truth.user_ids)) / ranked.k)


def miscalibration(truth: Truth, ranked: Ranked) -> Floats:
    """Miscalibration@k: the KL divergence of a list's mixture of tags from that of what the user liked in training, 0
    where they are the same; a mean over the users whose items have tags (Steck 2018)."""
    known = background(truth)
    assert known.tags is not None
    lists = _lists(truth, ranked)
    wanted, shown = _blocks(known.profiles), _blocks(lists)
    found = [_divergence(p @ known.tags, q @ known.tags) for p, q in zip(wanted, shown, strict=True)]
    found_all = np.concatenate([np.zeros(0), *found])
    return np.where(np.diff(lists.indptr) > 0, found_all, np.nan)


def coverage(truth: Truth, ranked: Ranked) -> float:
    """Coverage@k: different items in all lists, divided by the items of the catalogue (those known in training)."""
    shown = np.unique(ranked.item_idx)
    n_items = int(truth.in_catalogue.sum())
    return float(truth.in_catalogue[shown].sum() / n_items) if n_items else 0.0


def gini(truth: Truth, ranked: Ranked) -> float:
    """Gini@k: how unevenly the places of all lists go to the items of the catalogue; 0 equally, nearly 1 all to one."""
    return gini_of(np.bincount(ranked.item_idx, minlength=len(truth.item_ids))[truth.in_catalogue])


def lift(truth: Truth, ranked: Ranked) -> float:
    """Lift@k: how much more popular lists are than what their users liked in training: the mean popularity of lists
    over that of profiles, less 1 (Abdollahpouri et al. 2020)."""
    profiles = background(truth).profiles
    n = np.diff(profiles.indptr)
    own = np.asarray(profiles @ truth.n_likers)[n > 0] / n[n > 0]
    shown = _list_means(truth, ranked, truth.n_likers.astype(np.float64))
    if np.isnan(shown).all() or not own.sum():
        return 0.0
    return float(np.nanmean(shown) / own.mean() - 1)


def gini_of(counts: npt.NDArray[np.number]) -> float:
    """The Gini coefficient of counts, 0 where all are 0."""
    ordered, n = np.sort(counts.astype(np.float64)), len(counts)
    if not ordered.sum():
        return 0.0
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))


def _list_means(truth: Truth, ranked: Ranked, value: Floats) -> Floats:
    """The mean of an item's value over each list, NaN without one."""
    n_shown = np.bincount(ranked.user_idx, minlength=len(truth.user_ids))
    total = np.bincount(ranked.user_idx, weights=value[ranked.item_idx], minlength=len(truth.user_ids))
    return np.asarray(np.divide(total, n_shown, out=np.full(len(total), np.nan), where=n_shown > 0))


def _lists(truth: Truth, ranked: Ranked) -> sparse.csr_array:
    """Users × items, 1 where an item is in the list."""
    shape = len(truth.user_ids), len(truth.item_ids)
    return sparse.csr_array((np.ones(len(ranked.rank)), (ranked.user_idx, ranked.item_idx)), shape=shape)


def _blocks(rows: sparse.csr_array) -> Iterator[sparse.csr_array]:
    for start in range(0, rows.shape[0], BLOCK):
        yield rows[start : start + BLOCK]


def _alike(lists: sparse.csr_array, features: sparse.csr_array) -> Floats:
    """For each list the cosines of all its ordered pairs, an item with itself included, summed."""
    items = np.unique(lists.indices)
    lists, own = lists[:, items], features[items]
    if len(items) > FEW:
        return _lengths(lists @ own)
    return np.asarray((lists @ (own @ own.T).toarray() * lists.toarray()).sum(axis=1))


def _lengths(rows: sparse.csr_array) -> Floats:
    """The square of each row's length."""
    return np.asarray(rows.power(2).sum(axis=1), dtype=np.float64).ravel()


def _divergence(wanted: sparse.csr_array, shown: sparse.csr_array) -> Floats:
    p, q = _shares(wanted.toarray()), _shares(shown.toarray())
    mixed = (1 - EPSILON) * q + EPSILON * p
    terms = np.zeros_like(p)
    np.divide(p, mixed, out=terms, where=p > 0)
    found = (p * np.log(terms, out=terms, where=p > 0)).sum(axis=1)
    return np.where(p.any(axis=1), found, np.nan)


def _shares(rows: Floats) -> Floats:
    total = rows.sum(axis=1, keepdims=True)
    return np.asarray(rows / np.where(total > 0, total, 1))

"""How well lists find what is held back: each metric gives one number a test user."""

from __future__ import annotations

import numpy as np

from graphrec.evaluation.truth import Background, Floats, Ints, Ranked, Truth


def recall(truth: Truth, ranked: Ranked) -> Floats:
    """Recall@k: hits divided by n_test."""
    return n_hits(truth, ranked) / truth.n_test


def precision(truth: Truth, ranked: Ranked) -> Floats:
    """Precision@k: hits divided by k."""
    return n_hits(truth, ranked) / ranked.k


def ndcg(truth: Truth, ranked: Ranked) -> Floats:
    """NDCG@k: the sum of 1/log2(rank + 1) over the hits, divided by that of min(k, n_test) hits in the first places."""
    best = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(1, ranked.k + 1) + 1))])
    gained = _sum_by_user(truth, ranked, 1 / np.log2(ranked.rank + 1))
    return np.asarray(gained / best[np.minimum(truth.n_test, ranked.k)])


def mean_average_precision(truth: Truth, ranked: Ranked) -> Floats:
    """MAP@k: at each hit the share of hits down to its rank, summed and divided by min(k, n_test)."""
    order = np.lexsort((ranked.rank, ranked.user_idx))
    user_idx, rank, hit = ranked.user_idx[order], ranked.rank[order], ranked.hit[order]
    hits_before = np.concatenate([[0], np.cumsum(hit)])
    starts = np.searchsorted(user_idx, user_idx, side="left")
    share = (hits_before[1:] - hits_before[starts]) / rank
    total = np.bincount(user_idx[hit], weights=share[hit], minlength=len(truth.user_ids))
    return np.asarray(total / np.minimum(truth.n_test, ranked.k))


def reciprocal_rank(truth: Truth, ranked: Ranked) -> Floats:
    """MRR@k: one divided by the rank of the first hit, 0 without a hit."""
    first = np.zeros(len(truth.user_ids))
    np.maximum.at(first, ranked.user_idx[ranked.hit], 1 / ranked.rank[ranked.hit])
    return first


def hit_rate(truth: Truth, ranked: Ranked) -> Floats:
    """Hit rate@k: the share of test users with a hit."""
    return (n_hits(truth, ranked) > 0).astype(np.float64)


def auc(truth: Truth, ranked: Ranked) -> Floats:
    """AUC@k: the chance that a held-back item stands before one that isn't, among all that the user hasn't seen; what
    is beyond the first k stands equally, and equal ones count one half (LAUC: Schröder et al. 2011)."""
    n_hit, n_shown = n_hits(truth, ranked), np.bincount(ranked.user_idx, minlength=len(truth.user_ids))
    n_other = n_candidates(truth) - truth.n_test
    order = np.lexsort((ranked.rank, ranked.user_idx))
    user_idx, rank, hit = ranked.user_idx[order], ranked.rank[order], ranked.hit[order]
    before = np.concatenate([[0], np.cumsum(hit)])
    earlier = before[:-1] - before[np.searchsorted(user_idx, user_idx, side="left")]
    passed = np.bincount(user_idx[hit], weights=(rank - 1 - earlier)[hit], minlength=len(truth.user_ids))
    won = n_hit * n_other - passed + (truth.n_test - n_hit) * (n_other - n_shown + n_hit) / 2
    pairs = truth.n_test * n_other
    return np.asarray(np.divide(won, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0))


def n_candidates(truth: Truth) -> Ints:
    """How many items each test user could be shown: the catalogue less what is seen, and what is held back of items
    that training doesn't know."""
    users, items = np.divmod(truth.pairs, len(truth.item_ids))
    unknown = np.bincount(users[~truth.in_catalogue[items]], minlength=len(truth.user_ids))
    return int(truth.in_catalogue.sum()) - background(truth).n_seen + unknown


def background(truth: Truth) -> Background:
    """The truth's background, which it must have."""
    assert truth.background is not None
    return truth.background


def n_hits(truth: Truth, ranked: Ranked) -> Ints:
    """The hits of each test user."""
    return np.bincount(ranked.user_idx[ranked.hit], minlength=len(truth.user_ids))


def _sum_by_user(truth: Truth, ranked: Ranked, gain: Floats) -> Floats:
    return np.bincount(ranked.user_idx[ranked.hit], weights=gain[ranked.hit], minlength=len(truth.user_ids)).astype(
        float
    )

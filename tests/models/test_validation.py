"""Validation: what is withheld, that training never sees it, and the recall of a slow and plain count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from graphrec.models.validation import MOST_WITHHELD, K, Validation
from graphrec.snapshot import NO_TIME, Snapshot


def test_withheld_and_training_pairs_make_up_the_whole(tastes: Snapshot) -> None:
    found = Validation.of(tastes, 0.1, seed=1)
    whole = found.train.toarray()
    assert 0 < found.withheld.nnz <= MOST_WITHHELD * tastes.matrix.nnz
    assert (whole[found.users][found.withheld.toarray() > 0] == 0).all()
    whole[found.users] += found.withheld.toarray()
    np.testing.assert_array_equal(whole, tastes.matrix.toarray())


def test_the_last_by_time_are_withheld(tastes: Snapshot) -> None:
    found = Validation.of(tastes, 0.2, seed=1)
    times = tastes.matrix.copy()
    times.data = tastes.last_at.astype(np.float64) + 1
    dense = times.toarray()
    for row, user in enumerate(found.users):
        hidden = np.asarray(found.withheld.toarray()[row]) > 0
        rest = dense[user][~hidden]
        assert dense[user][hidden].min() >= rest.max()
        assert hidden.sum() == np.ceil(0.2 * (dense[user] > 0).sum())


def test_without_times_the_seed_decides(tastes: Snapshot) -> None:
    timeless = replace(tastes, last_at=np.full(tastes.matrix.nnz, NO_TIME))
    first, again, other = (Validation.of(timeless, 0.1, seed) for seed in (1, 1, 2))
    assert (first.train != again.train).nnz == 0
    assert (first.train != other.train).nnz > 0


def test_a_share_of_nothing_withholds_nothing(tastes: Snapshot) -> None:
    found = Validation.of(tastes, 0.0, seed=1)
    assert found.train.nnz == tastes.matrix.nnz
    assert found.recall(torch.zeros(60, 2), torch.zeros(41, 2)) == 0


def test_recall_agrees_with_a_plain_count(tastes: Snapshot) -> None:
    found = Validation.of(tastes, 0.2, seed=1)
    rng = np.random.default_rng(2)
    users, items = rng.normal(size=(tastes.n_users, 4)), rng.normal(size=(tastes.n_items, 4))
    shares = []
    for row, user in enumerate(found.users):
        scores = users[user] @ items.T
        scores[found.train.toarray()[user] > 0] = -np.inf
        best = set(np.argsort(-scores)[:K].tolist())
        wanted = set(np.flatnonzero(found.withheld.toarray()[row]).tolist())
        shares.append(len(best & wanted) / len(wanted))
    assert abs(found.recall(torch.from_numpy(users), torch.from_numpy(items)) - np.mean(shares)) < 1e-12

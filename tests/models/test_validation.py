"""Validation: what is withheld, that training never sees it, and the recall of a slow and plain count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from graphrec.models.past import Past
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


def night(rng: np.random.Generator, n_users: int, n_items: int, timed: bool) -> Snapshot:
    """Likings of the first so many users and items; some are left out at random, so that pairs come and go."""
    liked = np.random.default_rng(11).random((200, 80)) < 0.3
    liked &= rng.random(liked.shape) < 0.9
    user, item = np.nonzero(liked[:n_users, :n_items])
    at = rng.integers(0, 1000, len(user)) if timed else None
    return Snapshot.from_pairs([f"u{n}" for n in user], [f"i{n}" for n in item], last_at=at)


def named(snapshot: Snapshot, users: np.ndarray, items: np.ndarray) -> set[tuple[str, str]]:  # type: ignore[type-arg]
    return set(zip(snapshot.user_ids[users], snapshot.item_ids[items], strict=True))


@pytest.mark.parametrize("timed", [True, False])
def test_from_night_to_night_no_pair_changes_sides(timed: bool) -> None:
    """Users, items and pairs come and go, times change at will: the sides are compared as pairs of ids."""
    rng, past = np.random.default_rng(5), Past.nothing()
    learnt_before, withheld_before = set[tuple[str, str]](), set[tuple[str, str]]()
    n_new = []
    for size in (100, 110, 105, 130, 200):
        snapshot = night(rng, size, size // 3, timed)
        found = Validation.of(snapshot, 0.1, seed=1, past=past)
        past = found.as_past(snapshot)
        learnt = named(snapshot, *found.train.nonzero())
        row, item = found.withheld.nonzero()
        withheld = named(snapshot, found.users[row], item)
        assert not learnt & withheld_before
        assert not withheld & learnt_before
        assert withheld == named(snapshot, *past.withheld.nonzero())
        assert len(withheld) <= max(len(withheld_before), MOST_WITHHELD * snapshot.matrix.nnz)
        n_new.append(len(withheld - withheld_before))
        learnt_before, withheld_before = learnt, withheld
    assert n_new[1] > 0 < n_new[-1], "nights with more data withhold more, or the test shows little"


def test_without_a_past_more_users_disturb_little() -> None:
    """Whether a user is taken depends on the user's own hash: of those taken before, nearly all are taken again."""
    user, item = np.nonzero(np.random.default_rng(2).random((300, 40)) < 0.4)
    ids = np.array([f"u{n}" for n in user], dtype=object), np.array([f"i{n}" for n in item], dtype=object)
    before, after = (Snapshot.from_pairs(*(column[user < n] for column in ids)) for n in (250, 300))
    users = [set(s.user_ids[Validation.of(s, 0.1, seed=1).users]) for s in (before, after)]
    assert len(users[0] - users[1]) < 0.1 * len(users[0])


def test_what_a_model_withheld_survives_a_file(tastes: Snapshot) -> None:
    past = Validation.of(tastes, 0.2, seed=1).as_past(tastes)
    again = Past.of_arrays(past.arrays(), past.user_ids, past.item_ids)
    np.testing.assert_array_equal(again.was_withheld(tastes), past.was_withheld(tastes))
    np.testing.assert_array_equal(again.was_learnt(tastes), ~past.was_withheld(tastes))
    assert again.digest() == past.digest() != Past.nothing().digest()

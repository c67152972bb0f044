"""Batches: every like once, no liked item drawn, and the right count of what a candidate stands for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from graphrec.models.lightgcn.sampling import SAMPLERS, Batch, Likes, batches, inclusion, n_batches, systematic
from graphrec.models.lightgcn.settings import LightGCNSettings
from graphrec.snapshot import Snapshot

SIZE = 16


@pytest.fixture(scope="module")
def likes(tastes: Snapshot) -> Likes:
    return Likes.of(tastes.matrix)


def drawn(likes: Likes, name: str, seed: int = 1, size: int = SIZE, most: int | None = None) -> list[Batch]:
    return list(batches(likes, SAMPLERS[name], size, 7, np.random.default_rng(seed), most_negatives=most))


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_every_like_comes_once_an_epoch(likes: Likes, name: str) -> None:
    found = drawn(likes, name)
    assert len(found) == n_batches(len(likes.users), SIZE) == 4
    pairs = [pair for b in found for pair in zip(b.users[b.row], b.candidates[b.column], strict=True)]
    row, column = likes.matrix.nonzero()
    assert sorted(pairs) == sorted(zip(row, column, strict=True))
    sizes = [len(batch.users) for batch in found]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_what_is_drawn_is_not_liked(likes: Likes, name: str) -> None:
    liked = likes.matrix.toarray() > 0
    for batch in drawn(likes, name):
        assert not liked[batch.users[batch.row], batch.candidates[batch.drawn]].any()
        assert (np.diff(batch.candidates) > 0).all()
        assert (np.diff(batch.row) >= 0).all(), "blocks of rows are cut out by their first and last"


def test_one_who_likes_everything_draws_the_like_itself() -> None:
    likes = Likes.of(sparse.csr_array(np.ones((2, 3), dtype=np.float32)))
    batch = drawn(likes, "all")[0]
    np.testing.assert_array_equal(batch.drawn, batch.column)


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_the_same_seed_draws_the_same(likes: Likes, name: str) -> None:
    first, again, other = (drawn(likes, name, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.candidates, again.candidates)
    np.testing.assert_array_equal(first.drawn, again.drawn)
    assert not np.array_equal(first.users, other.users)


def first(likes: Likes, name: str, seed: int, most: int | None = None) -> Batch:
    """The first batch of ten users."""
    return next(batches(likes, SAMPLERS[name], 10, 7, np.random.default_rng(seed), most_negatives=most))


def test_an_epoch_has_as_many_batches_however_many_users() -> None:
    sizes = {n: LightGCNSettings().sized(n).batch_size for n in (10, 943, 29_858, 250_000, 2_000_000)}
    assert [n_batches(n, size) for n, size in sizes.items()] == [1, 15, 16, 16, 16]
    assert sizes[943] == 64
    assert LightGCNSettings(batch_size=100).sized(250_000).batch_size == 100


def rarely(likes: Likes) -> Likes:
    rare = likes.matrix * (np.random.default_rng(2).random(likes.matrix.shape) < 0.05)
    return Likes.of(sparse.csr_array(rare))


@pytest.mark.parametrize("name", ["in-batch", "shared"])
def test_a_thinned_batch_holds_the_same_likes_and_fewer_negatives(likes: Likes, name: str) -> None:
    for whole, thin in zip(drawn(likes, name, most=10**6), drawn(likes, name, most=9), strict=True):
        pairs = [set(zip(b.users[b.row], b.candidates[b.column], strict=True)) for b in (whole, thin)]
        assert pairs[0] == pairs[1]
        assert thin.n_negatives == 9 < whole.n_negatives == len(whole.candidates)
        liked = likes.matrix.toarray() > 0
        assert not liked[thin.users[thin.row], thin.candidates[thin.drawn]].any()


@pytest.mark.parametrize("name", ["in-batch", "shared"])
def test_the_negatives_of_a_thinned_batch_stand_for_all_items(likes: Likes, name: str) -> None:
    likes = rarely(likes)
    value = np.random.default_rng(5).random(likes.matrix.shape[1])
    sums = []
    for seed in range(600):
        batch = first(likes, name, seed, most=6)
        assert batch.log_weight is not None
        sums.append((value[batch.candidates[: batch.n_negatives]] * np.exp(batch.log_weight)).sum())
    possible = np.ones(len(value), dtype=bool) if name == "shared" else likes.n_likers > 0
    assert np.mean(sums) == pytest.approx(value[possible].sum(), rel=0.06)


def test_as_many_are_drawn_as_wanted_each_as_likely_as_its_size() -> None:
    sizes = np.array([100.0, 1, 2, 3, 4, 5, 5])
    chance = inclusion(sizes, 3)
    np.testing.assert_allclose(chance, [1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.5])
    rng = np.random.default_rng(1)
    counts = np.zeros(len(sizes))
    for _ in range(4000):
        kept = systematic(chance, rng)
        assert len(kept) == len(set(kept)) == 3
        counts[kept] += 1
    np.testing.assert_allclose(counts / 4000, chance, atol=0.03)


@pytest.mark.parametrize("name", ["in-batch", "shared"])
def test_the_candidates_of_a_batch_stand_for_all_items(likes: Likes, name: str) -> None:
    """Σ of value × weight is on average Σ over all liked items (and all items when shared)."""
    likes = rarely(likes)
    value = np.random.default_rng(5).random(likes.matrix.shape[1])
    sums = []
    for seed in range(600):
        batch = first(likes, name, seed)
        assert batch.log_weight is not None
        sums.append((value[batch.candidates] * np.exp(batch.log_weight)).sum())
    possible = np.ones(len(value), dtype=bool) if name == "shared" else likes.n_likers > 0
    assert np.mean(sums) == pytest.approx(value[possible].sum(), rel=0.06)

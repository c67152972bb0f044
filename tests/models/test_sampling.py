"""Batches: every pair once, no liked item as a negative, and the right count of how often negatives come."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec.models.sampling import SAMPLERS, Pairs, batches, n_batches
from graphrec.snapshot import Snapshot


@pytest.fixture(scope="module")
def pairs(tastes: Snapshot) -> Pairs:
    return Pairs.of(tastes.matrix)


def drawn(pairs: Pairs, name: str, seed: int = 1, size: int = 64) -> list:  # type: ignore[type-arg]
    return list(batches(pairs, SAMPLERS[name], size, 7, np.random.default_rng(seed)))


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_every_pair_comes_once_an_epoch(pairs: Pairs, name: str) -> None:
    found = drawn(pairs, name)
    assert len(found) == n_batches(len(pairs.users), 64)
    columns = [b.candidates if b.candidates.ndim == 2 else np.tile(b.candidates, (len(b.users), 1)) for b in found]
    positives = [
        (u, row[t]) for b, c in zip(found, columns, strict=True) for u, row, t in zip(b.users, c, b.target, strict=True)
    ]
    assert sorted(positives) == sorted(zip(pairs.users, pairs.items, strict=True))


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_exactly_the_other_liked_items_are_excluded(pairs: Pairs, name: str) -> None:
    liked = pairs.matrix.toarray() > 0
    for batch in drawn(pairs, name)[:3]:
        table = np.broadcast_to(batch.candidates, (len(batch.users), batch.candidates.shape[-1]))
        wanted = liked[batch.users[:, None], table]
        wanted[np.arange(len(batch.users)), batch.target] = False
        found = np.zeros_like(wanted)
        found[batch.excluded] = True
        np.testing.assert_array_equal(found, wanted)
        assert (np.diff(batch.excluded[0]) >= 0).all(), "blocks of rows are cut out by their first and last"


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_the_same_seed_draws_the_same(pairs: Pairs, name: str) -> None:
    first, again, other = (drawn(pairs, name, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.candidates, again.candidates)
    assert not np.array_equal(first.users, other.users)


@pytest.mark.parametrize("name", ["in-batch", "shared"])
def test_the_correction_makes_a_batch_stand_for_all_items(pairs: Pairs, name: str) -> None:
    """Σ of value × count / expected count is on average Σ over all liked items (and all items when shared)."""
    rng = np.random.default_rng(5)
    value = rng.random(pairs.matrix.shape[1])
    sums = []
    for seed in range(300):
        batch = next(batches(pairs, SAMPLERS[name], 50, 7, np.random.default_rng(seed)))
        assert batch.log_drawn is not None
        assert batch.log_expected is not None
        sums.append((value[batch.candidates] * np.exp(batch.log_drawn - batch.log_expected)).sum())
    possible = np.ones(len(value), dtype=bool) if name == "shared" else pairs.n_likers > 0
    assert np.mean(sums) == pytest.approx(value[possible].sum(), rel=0.03)

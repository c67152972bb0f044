"""Published counts: bounded, noisy as much as they must be, of every key, and paid for."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from math import comb, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from graphrec.errors import InputError
from graphrec.privacy import ledger
from graphrec.privacy.bounding import bounded
from graphrec.privacy.noise import gaussian, laplace
from graphrec.privacy.policy import FILE
from graphrec.privacy.publish import CountPlan, PairPlan, released
from graphrec.snapshot import Snapshot

N_USERS, N_ITEMS = 60, 40


def drawn(seed: int = 1, without: str | None = None) -> Snapshot:
    """Users who like 1 to 30 items; optionally without one user, whose items are still there."""
    rng = np.random.default_rng(seed)
    pairs = [
        (f"u{user}", f"i{item}")
        for user in range(N_USERS)
        for item in rng.choice(N_ITEMS, size=rng.integers(1, 31), replace=False)
    ]
    kept = [pair for pair in pairs if pair[0] != without]
    users, items = zip(*kept, strict=True)
    everything = [f"i{item}" for item in range(N_ITEMS)]
    return Snapshot.from_pairs(users, items, items=everything)


def test_nobody_adds_more_than_the_bound_and_nobody_changes_what_others_add() -> None:
    whole, less = drawn(), drawn(without="u7")
    for among in (None, np.arange(0, N_ITEMS, 2)):
        found = bounded(whole, 5, seed=3, among=among)
        assert found.sum(axis=1).max() == 5
        assert (found.toarray() <= (whole.matrix.toarray() > 0)).all()
        if among is not None:
            assert not found.toarray()[:, 1::2].any()
        rows = [row for row, user in enumerate(whole.user_ids) if user != "u7"]
        assert (found.toarray()[rows] == bounded(less, 5, seed=3, among=among).toarray()).all()
    again, other = bounded(whole, 5, 3).toarray(), bounded(whole, 5, 4).toarray()
    assert (again == bounded(whole, 5, 3).toarray()).all()
    assert (again != other).any()
    assert (bounded(whole, 30, 3).toarray() == (whole.matrix.toarray() > 0)).all()


@pytest.mark.parametrize(("bound", "epsilon"), [(1, 0.5), (20, 1.0), (20, 8.0)])
def test_laplace_noise_is_as_large_as_the_bound_over_epsilon(bound: int, epsilon: float) -> None:
    noise = laplace(bound, epsilon)
    assert 0.99 * epsilon < noise.epsilon <= epsilon
    assert noise.deviation == pytest.approx(sqrt(2) * bound / epsilon, rel=0.01)
    counts = np.arange(20_000)
    off = noise.add(counts) - counts
    assert off.std() == pytest.approx(noise.deviation, rel=0.15)
    assert abs(off.mean()) < 6 * noise.deviation / sqrt(len(counts))


def test_gaussian_noise_is_that_of_its_epsilon_and_delta() -> None:
    noise = gaussian(sqrt(comb(20, 2)), 1.0, 1e-6)
    assert 0.99 < noise.epsilon <= 1.0
    assert noise.delta == 1e-6
    counts = np.full(20_000, 100)
    off = noise.add(counts) - counts
    assert off.std() == pytest.approx(noise.deviation, rel=0.1)
    assert gaussian(sqrt(comb(20, 2)), 2.0, 1e-6).deviation < 0.6 * noise.deviation


def test_counts_are_of_every_item_and_pairs_of_every_pair() -> None:
    """Which items exist is public; whether anybody likes them isn't, so no key is left out where nobody does."""
    nobody_likes = Snapshot.from_pairs(["u1", "u1", "u2"], ["a", "b", "a"], items=["never liked"])
    counts = released(nobody_likes, CountPlan(1.0)).table
    assert counts["item_id"].tolist() == ["a", "b", "never liked"]
    pairs = released(drawn(), PairPlan(1.0, top_items=10)).table
    assert len(pairs) == comb(10, 2)
    assert pd.unique(pairs[["item_id", "other_id"]].to_numpy().ravel()).size == 10


def test_little_noise_leaves_the_bounded_counts() -> None:
    data = drawn()
    likes = bounded(data, 5, 2).toarray()
    found = released(data, CountPlan(100.0, 5, seed=2))
    off = found.table["people"].to_numpy() - likes.sum(axis=0)
    assert np.abs(off).max() <= 3
    plan = PairPlan(100.0, 1e-6, max_items=5, top_items=N_ITEMS, seed=2)
    pairs = released(data, plan)
    exact = likes.T @ likes
    wanted = [exact[data.item_idx([a])[0], data.item_idx([b])[0]] for a, b, _ in pairs.table.to_numpy()]
    assert np.abs(pairs.table["people"].to_numpy() - wanted).max() <= 6 * pairs.deviation + 1
    assert plan.cost[0] <= 100


def test_a_plan_says_what_it_costs_before_it_looks_at_anything() -> None:
    assert CountPlan(0.7).cost == (pytest.approx(0.7, rel=0.01), 0.0)
    epsilon, delta = PairPlan(0.7, 1e-7).cost
    assert 0.69 < epsilon <= 0.7
    assert delta == 1e-7


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: CountPlan(0.0), "epsilon above 0"),
        (lambda: CountPlan(float("nan")), "epsilon above 0"),
        (lambda: CountPlan(1.0, 0), "max_items of 1 or more"),
        (lambda: PairPlan(1.0, 0.1), "delta between 0 and 0.001"),
        (lambda: PairPlan(1.0, max_items=1), "of 2 or more"),
    ],
)
def test_plans_that_make_no_sense_are_refused(make, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=says):
        make()


def test_the_ledger_ends_where_the_budget_does(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[publish]\ntotal_epsilon = 1.0\ntotal_delta = 1e-5\n", "utf-8")
    assert ledger.spend(tmp_path, "counts", 0.4, 0.0, {"max_items": 20}).epsilon == pytest.approx(0.4)
    with pytest.raises(InputError, match=r"found 0\.4 and 0 spent already and 0\.7 and 0 asked for"):
        ledger.spend(tmp_path, "counts", 0.7, 0.0, {})
    with pytest.raises(InputError, match="spent already"):
        ledger.spend(tmp_path, "cooccurrence", 0.1, 2e-5, {})
    assert ledger.spend(tmp_path, "cooccurrence", 0.6, 1e-5, {}).epsilon == pytest.approx(1.0)
    with pytest.raises(InputError, match="spent already"):
        ledger.spend(tmp_path, "counts", 1e-6, 0.0, {})
    assert [(row.what, row.epsilon) for row in ledger.read_ledger(tmp_path)] == [("counts", 0.4), ("cooccurrence", 0.6)]
    assert (tmp_path / ledger.FILE).stat().st_mode & 0o777 == 0o600
    (tmp_path / ledger.FILE).write_text("{", "utf-8")
    with pytest.raises(InputError, match="what can't be read"):
        ledger.spend(tmp_path, "counts", 0.1, 0.0, {})


def test_two_who_publish_at_once_cannot_both_have_the_last_of_it(tmp_path: Path) -> None:
    def ask(_: int) -> bool:
        try:
            ledger.spend(tmp_path, "counts", 1.0, 0.0, {})
        except InputError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 3, "the default budget is 3"
    assert len(json.loads((tmp_path / ledger.FILE).read_text("utf-8"))) == 3

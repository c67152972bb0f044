"""The metrics: worked by hand, and against a slow reference that reads like the definitions."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from graphrec.evaluation.metrics import METRICS, Truth, definitions, measure

Lists = dict[str, list[str]]


def frame(lists: Lists) -> pd.DataFrame:
    rows = [(user, item, rank) for user, items in lists.items() for rank, item in enumerate(items, start=1)]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "rank"])


def truth(test: dict[str, set[str]], likers: dict[str, int], n_users: int) -> Truth:
    pairs = [(user, item) for user, items in test.items() for item in sorted(items)]
    return Truth.of(pd.DataFrame(pairs, columns=["user_id", "item_id"]), likers, n_users)


def test_worked_by_hand() -> None:
    test = {"u": {"a", "b", "c"}, "v": {"d"}, "w": {"a"}}
    likers = {"a": 4, "b": 2, "c": 1, "d": 1, "e": 4}
    lists = {"u": ["a", "e", "b"], "v": ["e", "d", "a"], "stranger": ["c"]}
    found = measure(truth(test, likers, 4), frame(lists), (1, 3))
    log3 = math.log2(3)
    assert found["recall@3"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found["precision@3"] == pytest.approx((2 / 3 + 1 / 3 + 0) / 3)
    assert found["hit_rate@3"] == pytest.approx(2 / 3)
    assert found["mrr@3"] == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert found["map@3"] == pytest.approx(((1 + 2 / 3) / 3 + 1 / 2) / 3)
    assert found["ndcg@3"] == pytest.approx(((1 + 1 / 2) / (1 + 1 / log3 + 1 / 2) + 1 / log3) / 3)
    assert found["coverage@3"] == pytest.approx(4 / 5)
    assert found["novelty@3"] == pytest.approx(((0 + 0 + 1) / 3 + (0 + 2 + 0) / 3) / 2)
    assert found["recall@1"] == pytest.approx((1 / 3) / 3)
    assert found["precision@1"] == pytest.approx(1 / 3)
    assert found["ndcg@1"] == pytest.approx(1 / 3), "the ideal list is cut at min(k, n_test)"
    assert found["map@1"] == pytest.approx(1 / 3)
    assert found["coverage@1"] == pytest.approx(2 / 5)


def test_perfect_and_empty_lists() -> None:
    test = {"u": {"a", "b"}, "v": {"c"}}
    likers = {"a": 1, "b": 1, "c": 1}
    best = measure(truth(test, likers, 2), frame({"u": ["b", "a"], "v": ["c"]}), (2, 5))
    for name in ("recall", "ndcg", "map", "mrr", "hit_rate", "coverage"):
        assert best[f"{name}@2"] == best[f"{name}@5"] == pytest.approx(1.0)
    nothing = measure(truth(test, likers, 2), frame({}), (2,))
    assert set(nothing.values()) == {0.0}


def test_an_item_unknown_in_training_stays_in_the_truth_but_not_in_the_catalogue() -> None:
    found = measure(truth({"u": {"cold", "a"}}, {"a": 1, "b": 1}, 1), frame({"u": ["a", "cold"]}), (2,))
    assert found["recall@2"] == 1.0
    assert found["coverage@2"] == 0.5


def slow(test: dict[str, set[str]], likers: dict[str, int], n_users: int, lists: Lists, k: int) -> dict[str, float]:
    """Every metric by its textbook formula, one user at a time."""
    per_user: dict[str, list[float]] = {name: [] for name in METRICS}
    shown: set[str] = set()
    for user, wanted in test.items():
        ranked = lists.get(user, [])[:k]
        hits = [rank for rank, item in enumerate(ranked, start=1) if item in wanted]
        per_user["recall"].append(len(hits) / len(wanted))
        per_user["precision"].append(len(hits) / k)
        per_user["hit_rate"].append(float(bool(hits)))
        per_user["mrr"].append(1 / hits[0] if hits else 0.0)
        ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(wanted)) + 1))
        per_user["ndcg"].append(sum(1 / math.log2(rank + 1) for rank in hits) / ideal)
        shares = [sum(hit <= rank for hit in hits) / rank for rank in hits]
        per_user["map"].append(sum(shares) / min(k, len(wanted)))
        if ranked:
            shown |= set(ranked)
            information = [-math.log2(max(likers.get(item, 0), 1) / n_users) for item in ranked]
            per_user["novelty"].append(sum(information) / len(information))
    per_user["coverage"] = [len(shown & set(likers)) / len(likers)]
    return {f"{name}@{k}": sum(values) / len(values) if values else 0.0 for name, values in per_user.items()}


@pytest.mark.parametrize("seed", range(8))
def test_as_a_slow_reference_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    items = [f"item {n}" for n in range(30)]
    likers = {item: int(rng.integers(0, 9)) for item in items[:25]}
    test = {f"u{n}": set(rng.choice(items, rng.integers(1, 9), replace=False).tolist()) for n in range(40)}
    lists = {user: rng.permutation(items)[: rng.integers(0, 21)].tolist() for user in test}
    shuffled = frame(lists).sample(frac=1, random_state=seed)
    found = measure(truth(test, likers, 10), shuffled, (1, 5, 20))
    for k in (1, 5, 20):
        for name, value in slow(test, likers, 10, lists, k).items():
            assert found[name] == pytest.approx(value), name


def test_every_metric_has_a_definition() -> None:
    assert list(definitions()) == ["recall", "precision", "ndcg", "map", "mrr", "hit_rate", "coverage", "novelty"]
    assert all(len(text) > 30 for text in definitions().values())

"""The metrics: worked by hand, and against a slow reference that reads like the definitions."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from graphrec.evaluation.background import background
from graphrec.evaluation.metrics import METRICS, Truth, definitions, measure
from graphrec.snapshot import Snapshot

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
    assert "diversity@2" not in nothing, "it would need a background"
    assert set(nothing.values()) == {0.0}


def test_an_item_unknown_in_training_stays_in_the_truth_but_not_in_the_catalogue() -> None:
    found = measure(truth({"u": {"cold", "a"}}, {"a": 1, "b": 1}, 1), frame({"u": ["a", "cold"]}), (2,))
    assert found["recall@2"] == 1.0
    assert found["coverage@2"] == 0.5


def slow(test: dict[str, set[str]], likers: dict[str, int], n_users: int, lists: Lists, k: int) -> dict[str, float]:
    """Every metric by its textbook formula, one user at a time."""
    per_user: dict[str, list[float]] = {name: [] for name, metric in METRICS.items() if not metric.needs}
    shown: set[str] = set()
    head: set[str] = set()
    for item in sorted(likers, key=lambda item: (-likers[item], item)):
        if sum(likers[other] for other in head) < 0.8 * sum(likers.values()):
            head.add(item)
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
            per_user["popularity"].append(sum(likers.get(item, 0) for item in ranked) / len(ranked) / n_users)
            per_user["tail"].append(sum(item not in head for item in ranked) / len(ranked))
    counts = sorted(sum(item in lists.get(user, [])[:k] for user in test) for item in likers)
    differences = sum(abs(one - other) for one in counts for other in counts)
    per_user["gini"] = [differences / (2 * len(counts) * sum(counts)) if sum(counts) else 0.0]
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
    assert list(definitions()) == list(METRICS)
    assert all(len(text) > 30 for text in definitions().values())


TAGS = {"a": ["x"], "b": ["x", "y"], "c": ["y"], "d": ["z"], "e": []}


def told(tags: dict[str, list[str]]) -> tuple[Truth, pd.DataFrame]:
    """Two users who liked a and b, and c, before; they are shown lists of two."""
    pairs = [("u", "a"), ("u", "b"), ("v", "c"), ("w", "a"), ("w", "d")]
    rows = [(item, tag) for item, names in tags.items() for tag in names]
    snapshot = Snapshot.from_pairs(
        [user for user, _ in pairs],
        [item for _, item in pairs],
        items=list(TAGS),
        item_tags=pa.table({"item_id": [i for i, _ in rows], "tag": [t for _, t in rows], "weight": [1.0] * len(rows)})
        if rows
        else None,
    )
    test = pd.DataFrame([("u", "c"), ("u", "d"), ("v", "b")], columns=["user_id", "item_id"])
    likers = dict(zip(snapshot.item_ids, snapshot.n_likers().tolist(), strict=True))
    bare = Truth.of(test, likers, 3)
    return replace(bare, background=background(snapshot, bare, {})), frame({"u": ["c", "e"], "v": ["b", "a"]})


def test_what_lists_are_like_worked_by_hand() -> None:
    found = measure(*told(TAGS), (2,))
    half = 1 / math.sqrt(2)
    assert found["diversity@2"] == pytest.approx(((1 - 0) + (1 - half)) / 2)
    # u hits c, whose cosine with a is 0 and with b one over the root of two; v hits b
    assert found["serendipity@2"] == pytest.approx(((1 - half / 2) / 2 + (1 - half) / 2) / 2)
    assert found["lift@2"] == pytest.approx((((1 + 0) / 2 + (1 + 2) / 2) / 2) / ((1.5 + 1) / 2) - 1)
    # u likes x by three quarters and is shown y alone; v likes y and is shown x by three quarters
    u = 0.75 * math.log(0.75 / (0.01 * 0.75)) + 0.25 * math.log(0.25 / (0.99 + 0.01 * 0.25))
    v = math.log(1 / (0.99 * 0.25 + 0.01))
    assert found["miscalibration@2"] == pytest.approx((u + v) / 2)
    # u could be shown c, d and e: c stands before e, d behind it. v could be shown a, b, d and e: b stands before all
    assert found["auc@2"] == pytest.approx(((1 + 0) / 2 + 1) / 2)


def test_without_tags_items_are_alike_by_who_likes_them() -> None:
    found = measure(*told({}), (2,))
    assert "miscalibration@2" not in found
    # v's list: b is liked by u, a by u and w
    assert found["diversity@2"] == pytest.approx((1 + 1 - 1 / math.sqrt(2)) / 2)

"""Recommendations from stored similar items, against sums in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from toys import Toy, assert_same, drawn, likes, pairs, put, ranked

from graphrec.graph import Graph
from graphrec.versions import Learnt, Neighbours, publish

KINDS = ("purchase", "view", "skip")
TOY = likes(
    """
    ann: a b
    bob: c
    """
)


def publish_similar(graph: Graph, scores: np.ndarray, items: list[str], name: str = "toy") -> None:
    """The positive scores, items × items, as the live version of a model."""
    rows = [np.argsort(-row, kind="stable")[: (row > 0).sum()] for row in scores]
    parts = np.concatenate([row[best] for row, best in zip(scores, rows, strict=True)]), np.concatenate(rows)
    indptr = np.r_[0, np.cumsum([len(row) for row in rows])]
    matrix = sparse.csr_array((parts[0].astype(np.float32), parts[1], indptr), shape=scores.shape)
    publish(graph, name, Learnt(neighbours=Neighbours(np.array(items, dtype=object), matrix)))


def by_hand(graph: Graph) -> None:
    """Alien leads to c and d, b to c; c leads to a."""
    put(graph, TOY)
    with graph.session() as session:
        session.run("CREATE (:Item {item_id: 'd'})").consume()
    publish_similar(graph, np.array([[0, 0, 0.5, 0.25], [0.125, 0, 0.25, 0], [1, 0, 0, 0], [0, 0, 0, 0]]), list("abcd"))


def drawn_scores(items: list[str], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    scores = np.where(rng.random((len(items), len(items))) < 0.2, rng.random((len(items), len(items))), 0)
    np.fill_diagonal(scores, 0)
    return scores.astype(np.float32).astype(float)


def test_scores_by_hand(graph: Graph) -> None:
    by_hand(graph)
    rows = graph.read("similar/recommend", model="toy", user_ids=["ann", "nobody"])
    assert pairs(rows) == [("c", 0.75), ("d", 0.25)]
    assert {row["version"] for row in rows} == {1}
    rows = graph.read("similar/recommend", model="toy", user_ids=["ann"], include_seen=True)
    assert pairs(rows) == [("c", 0.75), ("d", 0.25), ("a", 0.125)]
    assert pairs(graph.read("similar/recommend", model="toy", user_ids=["ann"], k=1, excluded=["c"])) == [("d", 0.25)]
    assert pairs(graph.read("similar/recommend", model="toy", user_ids=["ann"], k=1, allowed=["d"])) == [("d", 0.25)]
    assert graph.read("similar/recommend", model="none", user_ids=["ann"]) == []


def test_similar_items_by_hand(graph: Graph) -> None:
    by_hand(graph)
    assert pairs(graph.read("similar/items", model="toy", item_ids=["a"]), "similar_id") == [("c", 0.5), ("d", 0.25)]
    found = graph.read("similar/items", model="toy", item_ids=["a"], k=1, excluded=["c"])
    assert pairs(found, "similar_id") == [("d", 0.25)]
    found = graph.read("similar/items", model="toy", item_ids=["a", "d", "nothing"], allowed=["d"])
    assert [(row["item_id"], row["similar_id"]) for row in found] == [("a", "d")]


def test_parts_by_hand_add_up_to_the_score(graph: Graph) -> None:
    by_hand(graph)
    rows = graph.read("similar/explain", model="toy", wanted=[{"user_id": "ann", "item_ids": ["c", "d", "b"]}])
    assert [(row["item_id"], row["because_id"], row["part"], row["rank"]) for row in rows] == [
        ("c", "a", 0.5, 1),
        ("c", "b", 0.25, 2),
        ("d", "a", 0.25, 1),
    ]
    assert [row["share"] for row in rows] == pytest.approx([2 / 3, 1 / 3, 1])


def test_a_visitor_by_hand(graph: Graph) -> None:
    by_hand(graph)
    given = [{"visitor": 7, "items": [["a", 0.5], ["b", 2.0], ["c", -1.0], ["nothing", 1.0]]}]
    rows = graph.read("similar/from_items", model="toy", visitors=given)
    assert [(row["visitor"], row["item_id"], row["score"], row["because_id"]) for row in rows] == [(7, "d", 0.125, "a")]
    rows = graph.read("similar/from_items", model="toy", visitors=given, include_seen=True)
    assert [(row["item_id"], row["score"], row["because_id"]) for row in rows] == [
        ("c", 0.75, "b"),
        ("a", 0.25, "b"),
        ("d", 0.125, "a"),
    ]


@pytest.mark.parametrize("slot", ["a", "b"])
@pytest.mark.parametrize("kinds", [("interaction",), KINDS])
def test_recommend_oracle(graph: Graph, kinds: tuple[str, ...], slot: str) -> None:
    toy = put(graph, drawn(5, kinds))
    scores = drawn_scores(toy.items, 1)
    for seed in (2, 1) if slot == "b" else (1,):
        publish_similar(graph, drawn_scores(toy.items, seed), toy.items)
    publish_similar(graph, drawn_scores(toy.items, 3), toy.items, "another_model")
    weights = toy.weights()
    rows = graph.read("similar/recommend", model="toy", user_ids=toy.users, k=6)
    wanted = [{"user_id": user, "item_ids": toy.items} for user in toy.users]
    ways = graph.read("similar/explain", model="toy", wanted=wanted, k=100)
    for user in toy.users:
        liked = {item: weights[user, item] for item in toy.items if (user, item) in weights}
        row = np.array([liked.get(item, 0) for item in toy.items]) @ scores
        unseen = {i: s for i, s in zip(toy.items, row, strict=True) if s > 0 and i not in toy.seen(user)}
        assert_same(pairs(r for r in rows if r["user_id"] == user), ranked(unseen, 6))
        for item, score in unseen.items():
            mine = [way for way in ways if (way["user_id"], way["item_id"]) == (user, item)]
            assert sum(way["part"] for way in mine) == pytest.approx(score)
            assert {way["because_id"] for way in mine} <= set(liked)
        given = [{"visitor": 0, "items": [list(pair) for pair in liked.items()]}]
        hidden = sorted(toy.seen(user))
        visitor = graph.read("similar/from_items", model="toy", visitors=given, k=6, excluded=hidden)
        assert_same(pairs(visitor), ranked(unseen, 6))


def test_the_latest_of_a_long_history_are_followed(graph: Graph) -> None:
    put(graph, Toy((("u", "a", "view", 5), ("u", "b", "view", 9))))
    with graph.session() as session:
        session.run("CREATE (:Item {item_id: 'c'}), (:Item {item_id: 'd'})").consume()
    publish_similar(graph, np.array([[0, 0, 1, 0], [0, 0, 0, 1], [0] * 4, [0] * 4], dtype=float), list("abcd"))
    found = graph.read("similar/recommend", model="toy", user_ids=["u"], max_history=1)
    assert pairs(found) == [("d", 0.5)]
    found = graph.read("similar/recommend", model="toy", user_ids=["u"], kind_weights={"view": -1.0})
    assert found == []

"""Co-occurrence against counts in NumPy, by hand, and the batch that stores it."""

from __future__ import annotations

import numpy as np
import pytest
from toys import Toy, assert_same, drawn, likes, pairs, put, ranked

from graphrec.errors import QueryError
from graphrec.graph import Graph

KINDS = ("purchase", "view", "skip")
TOY = likes(
    """
    ann: a b
    bob: a b c
    cid: a c
    dee: d
    """
)


def matrix(toy: Toy) -> np.ndarray:
    """Who likes what, as ones: users by items, in the order of ids."""
    found = np.zeros((len(toy.users), len(toy.items)))
    for user, item in toy.weights():
        found[toy.users.index(user), toy.items.index(item)] = 1
    return found


def normalised(likes: np.ndarray, normalisation: str) -> np.ndarray:
    both = likes.T @ likes
    n = np.diag(both)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "count": both,
            "cosine": both / np.sqrt(np.outer(n, n)),
            "jaccard": both / (n[:, None] + n[None, :] - both),
            "lift": both * len(likes) / np.outer(n, n),
        }[normalisation]


@pytest.mark.parametrize(
    ("normalisation", "scores"),
    [("count", (2, 2)), ("cosine", (2 / 6**0.5,) * 2), ("jaccard", (2 / 3,) * 2), ("lift", (2 * 4 / 6,) * 2)],
)
def test_similar_by_hand(graph: Graph, normalisation: str, scores: tuple[float, float]) -> None:
    put(graph, TOY)
    rows = graph.read("cooccurrence/similar", item_ids=["a"], normalisation=normalisation)
    assert_same(pairs(rows, "similar_id"), list(zip("bc", scores, strict=True)))
    assert [row["support"] for row in rows] == [2, 2]


@pytest.mark.parametrize("kinds", [("interaction",), KINDS])
@pytest.mark.parametrize("normalisation", ["count", "cosine", "jaccard", "lift"])
def test_similar_oracle(graph: Graph, kinds: tuple[str, ...], normalisation: str) -> None:
    toy = put(graph, drawn(3, kinds))
    counted, score = matrix(toy), normalised(matrix(toy), normalisation)
    both = counted.T @ counted
    rows = graph.read("cooccurrence/similar", item_ids=toy.items, k=6, normalisation=normalisation, min_support=2)
    for n, item in enumerate(toy.items):
        wanted = {o: score[n, m] for m, o in enumerate(toy.items) if m != n and both[n, m] >= 2}
        assert_same(pairs((row for row in rows if row["item_id"] == item), "similar_id"), ranked(wanted, 6))


@pytest.mark.parametrize("kinds", [("interaction",), KINDS])
@pytest.mark.parametrize("normalisation", ["count", "cosine", "lift"])
def test_recommend_oracle(graph: Graph, kinds: tuple[str, ...], normalisation: str) -> None:
    toy = put(graph, drawn(4, kinds))
    counted = matrix(toy)
    rows = graph.read("cooccurrence/recommend", user_ids=toy.users, k=6, normalisation=normalisation)
    n = counted.sum(0)
    for at, user in enumerate(toy.users):
        others = np.delete(counted, at, axis=0)
        both = others.T @ others
        with np.errstate(divide="ignore", invalid="ignore"):
            divisor = {"count": 1.0, "cosine": np.sqrt(np.outer(n, n)), "lift": np.outer(n, n) / len(counted)}
            part = np.nan_to_num(both / divisor[normalisation])
        score = counted[at] @ part
        wanted = {i: score[m] for m, i in enumerate(toy.items) if score[m] > 0 and i not in toy.seen(user)}
        assert_same(pairs(row for row in rows if row["user_id"] == user), ranked(wanted, 6))


def test_recommend_explains_and_masks(graph: Graph) -> None:
    put(graph, TOY)
    rows = graph.read("cooccurrence/recommend", user_ids=["ann"])
    assert [(row["item_id"], row["people"]) for row in rows] == [("c", 2)]
    assert graph.read("cooccurrence/recommend", user_ids=["ann"], excluded=["c"]) == []
    assert graph.read("cooccurrence/recommend", user_ids=["ann"], allowed=["d"]) == []
    rows = graph.read("cooccurrence/explain", wanted=[{"user_id": "ann", "item_ids": ["c"]}], least_people=1)
    assert [(row["because_id"], row["people"], row["share"]) for row in rows] == [
        ("a", 2, pytest.approx(2 / 3)),
        ("b", 1, pytest.approx(1 / 3)),
    ]
    rows = graph.read("cooccurrence/explain", wanted=[{"user_id": "ann", "item_ids": ["c"]}], least_people=2)
    assert [(row["people"], row["share"] is None) for row in rows] == [(2, False), (None, True)]


def test_an_unknown_normalisation_is_told(graph: Graph) -> None:
    with pytest.raises(QueryError, match="one of count, cosine, lift, found 'jaccard'"):
        graph.read("cooccurrence/recommend", user_ids=["ann"], normalisation="jaccard")


def test_together_within_a_stretch_of_time(graph: Graph) -> None:
    rows = [("u", "a", 0), ("u", "b", 5), ("v", "a", 0), ("v", "b", 50), ("w", "a", 0), ("w", "c", 3), ("x", "c", 3)]
    put(graph, Toy(tuple((user, item, "purchase", at) for user, item, at in rows)))
    found = graph.read("cooccurrence/together", item_ids=["a"], min_support=1)
    assert [(row["together_id"], row["support"], row["rank"]) for row in found] == [("b", 2, 1), ("c", 1, 2)]
    assert [row["confidence"] for row in found] == pytest.approx([2 / 3, 1 / 3])
    assert [row["lift"] for row in found] == pytest.approx([2 * 4 / (3 * 2), 1 * 4 / (3 * 2)])
    near = graph.read("cooccurrence/together", item_ids=["a"], min_support=1, within_ms=10)
    assert [(row["together_id"], row["support"]) for row in near] == [("b", 1), ("c", 1)]


def test_stored_similar_items_are_those_worked_out_live(graph: Graph) -> None:
    toy = put(graph, drawn(6, KINDS))
    for _ in range(2):
        for version in ("v1", "v2"):
            graph.write("cooccurrence/write_similar", item_ids=toy.items, version=version, k=4)
    live = graph.read("cooccurrence/similar", item_ids=toy.items, k=4)
    assert graph.read("cooccurrence/read_similar", item_ids=toy.items, version="v2", k=4) == live
    assert graph.write("cooccurrence/clear_similar", keep=["v2"]) == [{"removed": len(live)}]
    assert graph.read("cooccurrence/read_similar", item_ids=toy.items, version="v1") == []
    assert graph.read("cooccurrence/read_similar", item_ids=toy.items, version="v2", k=4) == live

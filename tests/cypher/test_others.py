"""People, popularity, tags, cards and histories: toys worked by hand, and an oracle for tags."""

from __future__ import annotations

from math import log, sqrt

import pytest
from toys import Toy, assert_same, drawn, likes, pairs, put, put_edges, ranked

from graphrec.graph import Graph

TOY = likes(
    """
    ann: a
    bob: b c
    cid: b
    """
)


def test_friends_of_friends(graph: Graph) -> None:
    follows = [
        ("ann", "bob"),
        ("ann", "cid"),
        ("bob", "dee"),
        ("cid", "dee"),
        ("cid", "eve"),
        ("bob", "cid"),
        ("bob", "ann"),
    ]
    put_edges(graph, follows)
    rows = graph.read("people/friends_of_friends", user_ids=["ann", "nobody"])
    assert [(row["friend_id"], row["score"], row["rank"]) for row in rows] == [("dee", 2, 1), ("eve", 1, 2)]


def test_liked_by_friends(graph: Graph) -> None:
    put(graph, TOY)
    put_edges(graph, [("ann", "bob"), ("ann", "cid")])
    rows = graph.read("people/liked_by_friends", user_ids=["ann"], beta=0.5)
    assert_same(pairs(rows), [("b", 2 / sqrt(2)), ("c", 1.0)])
    assert [row["people"] for row in rows] == [2, 1]
    masked = graph.read("people/liked_by_friends", user_ids=["ann"], k=1, excluded=["b"])
    assert [row["item_id"] for row in masked] == ["c"]


@pytest.mark.parametrize("kinds", [("interaction",), ("purchase", "view", "skip")])
def test_popular_counts_people(graph: Graph, kinds: tuple[str, ...]) -> None:
    toy = put(graph, drawn(2, kinds))
    counts: dict[str, float] = {}
    for _, item in toy.weights():
        counts[item] = counts.get(item, 0) + 1
    assert_same(pairs(graph.read("popular/items", k=8)), ranked(counts, 8))
    allowed = toy.items[:9]
    kept = {item: n for item, n in counts.items() if item in allowed and item != "i1"}
    assert_same(pairs(graph.read("popular/items", k=4, allowed=allowed, excluded=["i1"])), ranked(kept, 4))
    rows = graph.read("popular/for_users", user_ids=["u1", "nobody"], k=8)
    unseen = {item: n for item, n in counts.items() if item not in toy.seen("u1")}
    assert_same(pairs(row for row in rows if row["user_id"] == "u1"), ranked(unseen, 8))
    assert_same(pairs(row for row in rows if row["user_id"] == "nobody"), ranked(counts, 8))


def test_trending_halves_with_age(graph: Graph) -> None:
    rows = [
        ("u", "old", 0),
        ("v", "old", 0),
        ("w", "old", 0),
        ("u", "new", 100),
        ("v", "later", 300),
        ("w", "timeless", None),
    ]
    put(graph, Toy(tuple((user, item, "purchase", at) for user, item, at in rows)))
    found = graph.read("popular/trending", now=200, half_life_ms=100)
    assert_same(pairs(found), [("old", 3 / 4), ("new", 1 / 2)])
    assert [row["people"] for row in found] == [3, 1]


TAGS = {"a": "war sad", "b": "war", "c": "sad war", "d": "fun", "e": "war fun sad"}


def vectors() -> dict[str, dict[str, float]]:
    split = {item: names.split() for item, names in TAGS.items()}
    n = {tag: sum(tag in names for names in split.values()) for tag in ("war", "sad", "fun")}
    return {item: {tag: log(len(split) / n[tag]) for tag in names} for item, names in split.items()}


def cosine(x: dict[str, float], y: dict[str, float]) -> float:
    dot = sum(x[tag] * y[tag] for tag in x if tag in y)
    return dot / sqrt(sum(v * v for v in x.values()) * sum(v * v for v in y.values()))


def test_items_with_the_same_tags(graph: Graph) -> None:
    put_edges(graph, tags=TAGS)
    rows = graph.read("tags/similar", item_ids=["a"])
    found = vectors()
    wanted = {item: cosine(found["a"], found[item]) for item in "bce"}
    assert_same(pairs(rows, "similar_id"), ranked(wanted, 10))
    assert rows[0]["tags"] == ["sad", "war"]


def test_items_with_the_tags_that_a_user_likes(graph: Graph) -> None:
    put(graph, Toy((("u", "a", "purchase", 1), ("u", "b", "view", 2), ("u", "d", "skip", 3))))
    put_edges(graph, tags=TAGS)
    found = vectors()
    unit = {i: {t: v / sqrt(sum(w * w for w in found[i].values())) for t, v in found[i].items()} for i in "ab"}
    profile = {"war": unit["a"]["war"] + 0.5 * unit["b"]["war"], "sad": unit["a"]["sad"]}
    rows = graph.read("tags/recommend", user_ids=["u"])
    assert_same(pairs(rows), ranked({item: cosine(profile, found[item]) for item in "ce"}, 10))
    rows = graph.read("tags/explain", wanted=[{"user_id": "u", "item_ids": ["c"]}])
    assert [(row["tag"], row["items"]) for row in rows] == [("sad", 1), ("war", 2)]
    assert [row["rarity"] for row in rows] == pytest.approx([log(5 / 3), log(5 / 4)])


def test_cards_counts_and_histories(graph: Graph) -> None:
    put(graph, Toy((("u", "a", "purchase", 5), ("u", "a", "view", 9), ("v", "a", "view", 1), ("u", "b", "skip", 7))))
    put(graph, Toy((("u", "c", "view", 20), ("u", "z", "like", None))))
    put_edges(graph, tags={"a": "war sad"})
    assert graph.read("items/cards", item_ids=["a", "none"]) == [
        {"item_id": "a", "title": None, "tags": ["sad", "war"], "interactions": 3}
    ]
    counts = graph.read("items/counts", item_ids=["a"])
    assert [(row["kind"], row["people"], row["times"]) for row in counts] == [("purchase", 1, 1), ("view", 2, 2)]
    assert graph.read("users/seen", user_ids=["u", "nobody"]) == [{"user_id": "u", "item_ids": ["a", "b", "c", "z"]}]
    history = graph.read("users/history", user_ids=["u"])
    assert [(row["item_id"], row["weight"], row["last_at"]) for row in history] == [
        ("c", 0.5, 20),
        ("a", 1.0, 9),
        ("z", 1.0, None),
    ]
    assert sorted(history[1]["kinds"]) == ["purchase", "view"]

"""The walks: a toy worked by hand, and networkx's transition probabilities on random graphs."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import networkx as nx
import pytest
from toys import Toy, assert_same, drawn, likes, pairs, put, ranked

from graphrec.graph import Graph

DAY = 86_400_000
ONE_KIND = ("interaction",)
KINDS = ("purchase", "view", "skip")
TOY = likes(
    """
    ann: a b
    bob: a c
    cid: a b c d
    """
)
# From ann: to a and b with 1/2 each. a has three people, b two: bob 1/2 * 1/3 = 1/6, cid 1/2 * 1/3 + 1/2 * 1/2 = 5/12.
# bob goes on to c with 1/2, cid to c and d with 1/4 each: c = 1/12 + 5/48 = 9/48, d = 5/48.
C, D = 9 / 48, 5 / 48


def walk(toy: Toy, start: dict[str, float], without: str | None = None) -> dict[str, float]:
    """The probability of every item after item -> person -> item, by networkx's stochastic graph."""
    directed = nx.DiGraph()
    for (user, item), weight in toy.weights().items():
        directed.add_edge(("user", user), ("item", item), weight=weight)
        directed.add_edge(("item", item), ("user", user), weight=weight)
    chances = nx.stochastic_graph(directed)
    people: dict[Any, float] = defaultdict(float)
    for item, p in start.items():
        for _, person, step in chances.edges(("item", item), data="weight", default=0.0):
            people[person] += p * step
    people.pop(("user", without), None)
    found: dict[str, float] = defaultdict(float)
    for person, p in people.items():
        for _, item, step in chances.edges(person, data="weight"):
            found[item[1]] += p * step
    return dict(found)


def damped(toy: Toy, found: dict[str, float], beta: float) -> dict[str, float]:
    degree: dict[str, float] = defaultdict(float)
    for (_, item), weight in toy.weights().items():
        degree[item] += weight
    return {item: p / degree[item] ** beta for item, p in found.items()}


def from_user(toy: Toy, user: str, beta: float, **decay: Any) -> dict[str, float]:
    own = {item: weight for (other, item), weight in toy.weights(**decay).items() if other == user}
    start = {item: weight / sum(own.values()) for item, weight in own.items()}
    found = damped(toy, walk(toy, start, user), beta)
    return {item: score for item, score in found.items() if item not in toy.seen(user)}


@pytest.mark.parametrize("noted", [True, False])
def test_by_hand(graph: Graph, noted: bool) -> None:
    put(graph, TOY, noted=noted)
    rows = graph.read("walk/recommend", user_ids=["ann"], beta=0)
    assert_same(pairs(rows), [("c", C), ("d", D)])
    assert [row["people"] for row in rows] == [2, 1]
    rows = graph.read("walk/recommend", user_ids=["ann"], beta=1)
    assert_same(pairs(rows), [("d", D / 1), ("c", C / 2)])


def test_explained_by_hand(graph: Graph) -> None:
    put(graph, TOY)
    rows = graph.read("walk/explain", wanted=[{"user_id": "ann", "item_ids": ["c", "nowhere"]}], least_people=1)
    # By a: bob 1/12 and cid 1/6 * 1/4; by b: cid 1/4 * 1/4.
    assert [(row["because_id"], row["people"]) for row in rows] == [("a", 2), ("b", 1)]
    assert [row["share"] for row in rows] == pytest.approx([(1 / 12 + 1 / 24) / C, (1 / 16) / C])
    visitor = {"visitor": 7, "items": [["a", 1], ["b", 1]], "item_ids": ["d"]}
    rows = graph.read("walk/explain_visitor", wanted=[visitor], least_people=1)
    assert [(row["visitor"], row["because_id"], row["people"]) for row in rows] == [(7, "b", 1), (7, "a", 1)]
    assert [row["share"] for row in rows] == pytest.approx([0.6, 0.4])
    for few, told in ((2, [2, None]), (5, [None, None])):
        rows = graph.read("walk/explain", wanted=[{"user_id": "ann", "item_ids": ["c"]}], least_people=few)
        assert [(row["because_id"], row["people"]) for row in rows] == [("a", told[0]), ("b", told[1])]
        assert [row["share"] is None for row in rows] == [each is None for each in told]
    rows = graph.read("walk/explain_visitor", wanted=[visitor])
    assert [(row["because_id"], row["people"], row["share"]) for row in rows] == [("b", None, None), ("a", None, None)]


@pytest.mark.parametrize(("kinds", "noted"), [(ONE_KIND, True), (ONE_KIND, False), (KINDS, True), (KINDS, False)])
@pytest.mark.parametrize("half_life_ms", [None, 20 * DAY])
def test_oracle(graph: Graph, kinds: tuple[str, ...], noted: bool, half_life_ms: int | None) -> None:
    toy = put(graph, drawn(5, kinds), noted=noted)
    decay = {"half_life_ms": half_life_ms, "now": 100 * DAY}
    rows = graph.read("walk/recommend", user_ids=toy.users, k=7, beta=0.4, **decay)
    assert rows == graph.read("walk/recommend", user_ids=toy.users, k=7, beta=0.4, **decay)
    for user in toy.users:
        wanted = ranked(from_user(toy, user, 0.4, **decay), 7)
        assert_same(pairs(row for row in rows if row["user_id"] == user), wanted)
    for item in toy.items[:5]:
        found = damped(toy, walk(toy, {item: 1.0}), 0.4)
        found.pop(item, None)
        rows = graph.read("walk/from_item", item_ids=[item], k=7, beta=0.4)
        assert_same(pairs(rows, "similar_id"), ranked(found, 7))
    given = toy.items[:3]
    visitor = {"visitor": 0, "items": [*zip(given, (3.0, 1.0, -1.0), strict=True), ["unknown", 9.0]]}
    rows = graph.read("walk/from_items", visitors=[visitor], k=7, beta=0.4)
    found = damped(toy, walk(toy, {given[0]: 0.75, given[1]: 0.25}), 0.4)
    assert_same(pairs(rows), ranked({i: s for i, s in found.items() if i not in given}, 7))


def test_a_pair_counts_once_and_a_dislike_never(graph: Graph) -> None:
    put(graph, TOY)
    before = graph.read("walk/recommend", user_ids=["ann"])
    more = (
        ("bob", "c", "view", None),
        ("ann", "a", "view", None),
        ("cid", "e", "skip", None),
        ("bob", "d", "skip", None),
    )
    put(graph, Toy(more))
    assert_same(pairs(graph.read("walk/recommend", user_ids=["ann"])), pairs(before))
    put(graph, Toy((("ann", "c", "dislike", None),)))
    assert [row["item_id"] for row in graph.read("walk/recommend", user_ids=["ann"])] == ["d"]


def test_masks_come_before_the_cut(graph: Graph) -> None:
    put(graph, TOY)
    ask = {"user_ids": ["ann"], "k": 1, "max_candidates": 0}
    assert [row["item_id"] for row in graph.read("walk/recommend", **ask)] == ["c"]
    assert [row["item_id"] for row in graph.read("walk/recommend", **ask, excluded=["c"])] == ["d"]
    assert [row["item_id"] for row in graph.read("walk/recommend", **ask, allowed=["a", "d"])] == ["d"]
    assert [row["item_id"] for row in graph.read("walk/recommend", **ask, include_seen=True)] == ["a"]
    assert graph.read("walk/recommend", user_ids=["nobody"]) == []


@pytest.mark.parametrize("noted", [True, False])
def test_caps_bound_the_walk(graph: Graph, noted: bool) -> None:
    toy = Toy(tuple((f"v{n}", item, "interaction", n) for n in range(60) for item in ("hub", f"own{n}")))
    put(graph, Toy((*toy.interactions, ("u", "hub", "interaction", 1))), noted=noted)
    rows = graph.read("walk/recommend", user_ids=["u"], k=100, max_fan_out=10, max_people=7)
    assert len(rows) == 7
    assert [row["score"] for row in rows] == pytest.approx([1 / 10 / 2] * 7)


def test_only_the_latest_items_are_followed(graph: Graph) -> None:
    rows = [("u", "old", 1), ("u", "new", 2), ("v", "old", 1), ("v", "x", 1), ("w", "new", 1), ("w", "y", 1)]
    put(graph, Toy(tuple((user, item, "interaction", at) for user, item, at in rows)))
    assert [row["item_id"] for row in graph.read("walk/recommend", user_ids=["u"], max_history=1)] == ["y"]

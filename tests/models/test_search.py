"""The vector index against NumPy: the same items in the same order, seen ones masked before the cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from graphrec import versions
from graphrec.graph import Graph
from graphrec.versions import Embeddings, Learnt

N_USERS, N_ITEMS, DIM, K = 40, 2000, 24, 20
EXACT = {"allowed": None, "excluded": [], "seen": False}


class World:
    """Vectors in the graph and the same in NumPy; what each user has seen."""

    def __init__(self, graph: Graph, metric: str) -> None:
        rng = np.random.default_rng(7)
        self.graph = graph
        self.users = np.array([f"u{n:03d}" for n in range(N_USERS)], dtype=object)
        self.items = np.array([f"i{n:04d}" for n in range(N_ITEMS)], dtype=object)
        tastes = rng.normal(size=(12, DIM))
        draw = [tastes[rng.integers(0, 12, n)] + 0.6 * rng.normal(size=(n, DIM)) for n in (N_USERS, N_ITEMS)]
        draw[1] *= rng.gamma(2, size=(N_ITEMS, 1))
        given = Embeddings(self.users, draw[0].astype("f4"), self.items, draw[1].astype("f4"))
        self.user_vectors, self.item_vectors = given.user_vectors, given.item_vectors
        if metric == "cosine":
            self.item_vectors = self.item_vectors / np.linalg.norm(self.item_vectors, axis=1, keepdims=True)
        scores = self.user_vectors @ self.item_vectors.T
        self.seen = [self._near(scores[n], rng) for n in range(N_USERS)]
        self._write()
        self.version = versions.publish(graph, "toy", Learnt(given, metric=metric))

    def _near(self, scores: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.int64]:
        """Seen items are the nearest ones, mostly: what makes masking after the cut fail."""
        return rng.permutation(np.argsort(-scores)[:150])[: rng.integers(0, 120)]

    def _write(self) -> None:
        pairs = [[self.users[n], self.items[i]] for n, seen in enumerate(self.seen) for i in seen]
        with self.graph.session() as session:
            session.run("UNWIND $ids AS id CREATE (:User {user_id: id})", ids=self.users.tolist()).consume()
            session.run("UNWIND $ids AS id CREATE (:Item {item_id: id})", ids=self.items.tolist()).consume()
            session.run(
                "UNWIND $pairs AS pair MATCH (u:User {user_id: pair[0]}), (i:Item {item_id: pair[1]}) "
                "CREATE (u)-[:INTERACTED {kind: 'view', count: 1}]->(i)",
                pairs=pairs,
            ).consume()

    def best(self, n: int) -> list[str]:
        """The k unseen items of the largest score, by NumPy."""
        scores = self.user_vectors[n].astype(np.float64) @ self.item_vectors.T.astype(np.float64)
        scores[self.seen[n]] = -np.inf
        return [str(self.items[i]) for i in np.argsort(-scores, kind="stable")[:K]]


@pytest.mark.parametrize(("metric", "overfetch"), [("cosine", 2.0), ("dot", 4.0)])
def test_index_and_exact_scan_agree_with_numpy(graph: Graph, metric: str, overfetch: float) -> None:
    world = World(graph, metric)
    asked: dict[str, Any] = {"model": "toy", "user_ids": world.users.tolist(), "k": K}
    exact = by_user(graph.read("embedding/exact", **asked, **EXACT))
    index = by_user(graph.read("embedding/search", **asked, overfetch=overfetch, excluded=[]))
    shared = 0
    for n, user in enumerate(world.users):
        best = world.best(n)
        assert exact[user] == best
        both = set(index[user]) & set(best)
        shared += len(both)
        assert [i for i in index[user] if i in both] == [i for i in best if i in both]
        assert len(index[user]) == K
        assert not both & set(world.items[world.seen[n]])
    assert shared / (N_USERS * K) >= 0.99


def test_what_is_excluded_allowed_and_seen_is_decided_before_the_cut(graph: Graph) -> None:
    world = World(graph, "cosine")
    asked: dict[str, Any] = {"model": "toy", "user_ids": ["u000", "nobody"], "k": 5}
    top = world.best(0)
    for found in (
        graph.read("embedding/search", **asked, overfetch=2.0, excluded=top[:3]),
        graph.read("embedding/exact", **asked, **{**EXACT, "excluded": top[:3]}),
    ):
        assert [row["item_id"] for row in found] == top[3:8]
        assert {row["version"] for row in found} == {1}
    few = graph.read("embedding/exact", **asked, **{**EXACT, "allowed": [top[4], top[1], "nothing"]})
    assert [row["item_id"] for row in few] == [top[1], top[4]]
    again = graph.read("embedding/exact", **{**asked, "k": N_ITEMS}, **{**EXACT, "seen": True})
    assert set(world.items[world.seen[0]]) < {row["item_id"] for row in again}


def test_similar_items_and_visitors(graph: Graph) -> None:
    world = World(graph, "cosine")
    scores = world.item_vectors[5].astype(np.float64) @ world.item_vectors.T.astype(np.float64)
    nearest = [str(world.items[i]) for i in np.argsort(-scores) if i != 5][:10]
    rows = graph.read("embedding/similar", model="toy", item_ids=["i0005", "nothing"], k=10, overfetch=3.0)
    assert [row["similar_id"] for row in rows] == nearest
    assert [row["score"] for row in rows] == pytest.approx(np.sort(scores)[::-1][1:11], abs=1e-5)
    asked: dict[str, Any] = {"model": "toy", "item_ids": ["i0005"], "weights": [2.0], "k": 10}
    visitor = graph.read("embedding/visitor", **asked, overfetch=3.0, excluded=[])
    assert [row["item_id"] for row in visitor] == nearest


def test_a_model_that_was_never_published_gives_no_rows(graph: Graph) -> None:
    with graph.session() as session:
        session.run("CREATE (:User {user_id: 'u'})").consume()
    assert not graph.read("embedding/search", model="toy", user_ids=["u"], k=5, overfetch=2.0, excluded=[])
    assert not graph.read("embedding/exact", model="toy", user_ids=["u"], k=5, **EXACT)


def by_user(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["user_id"], []).append(row["item_id"])
    return found

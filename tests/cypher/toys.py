"""Small graphs: written by hand or drawn at random, put into Neo4j, and held as pairs of weights beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graphrec.graph import Graph
from graphrec.kinds import kind_weight

Interaction = tuple[str, str, str, int | None]
"""User, item, kind, last time."""


@dataclass(frozen=True)
class Toy:
    """The interactions of a graph; every other answer is worked out from them."""

    interactions: tuple[Interaction, ...]

    def weights(self, half_life_ms: float | None = None, now: int = 0) -> dict[tuple[str, str], float]:
        """The weight of each pair that counts as liking."""
        found: dict[tuple[str, str], float] = {}
        for user, item, kind, at in self.interactions:
            weight = kind_weight(kind)
            if half_life_ms is not None and at is not None:
                weight *= 0.5 ** (abs(now - at) / half_life_ms)
            found[user, item] = max(weight, found.get((user, item), weight))
        return {pair: weight for pair, weight in found.items() if weight > 0}

    def seen(self, user: str) -> set[str]:
        return {item for other, item, _, _ in self.interactions if other == user}

    @property
    def users(self) -> list[str]:
        return sorted({row[0] for row in self.interactions})

    @property
    def items(self) -> list[str]:
        return sorted({row[1] for row in self.interactions})


def likes(text: str, kind: str = "interaction") -> Toy:
    """A toy from lines like `ann: a b c`, all of one kind, without times."""
    lines = [line.split(":") for line in text.strip().splitlines()]
    return Toy(tuple((user.strip(), item, kind, None) for user, items in lines for item in items.split()))


def drawn(seed: int, kinds: Sequence[str], n_users: int = 25, n_items: int = 30, per_user: int = 8) -> Toy:
    """A random graph in which some pairs have several kinds, and times spread over about a hundred days."""
    rng = np.random.default_rng(seed)
    rows: dict[tuple[str, str, str], int] = {}
    popularity = rng.dirichlet(np.full(n_items, 0.5))
    for user in range(n_users):
        for item in rng.choice(n_items, size=rng.integers(1, per_user + 1), p=popularity * 0.9 + 0.1 / n_items):
            for kind in rng.choice(kinds, size=rng.integers(1, len(kinds) + 1), replace=False):
                rows[f"u{user}", f"i{item}", str(kind)] = int(rng.integers(1, 100)) * 86_400_000
    return Toy(tuple((user, item, kind, at) for (user, item, kind), at in rows.items()))


def put(graph: Graph, toy: Toy, *, noted: bool = True) -> Toy:
    """Write the toy into an empty graph. `noted`: with its kinds on the graph's node, as every load leaves them."""
    rows = [{"u": u, "i": i, "kind": kind, "at": at} for u, i, kind, at in toy.interactions]
    with graph.session() as session:
        session.run(
            "UNWIND $rows AS row MERGE (u:User {user_id: row.u}) MERGE (i:Item {item_id: row.i}) "
            "CREATE (u)-[:INTERACTED {kind: row.kind, count: 1, first_at: row.at, last_at: row.at}]->(i)",
            rows=rows,
        ).consume()
    if noted:
        graph.write("load/kinds", kinds=sorted({kind for _, _, kind, _ in toy.interactions}), complete=True)
    return toy


def put_edges(graph: Graph, follows: Iterable[tuple[str, str]] = (), tags: Mapping[str, str] | None = None) -> None:
    """Add who follows whom, and the tags of items as in `{'a': 'war sad'}`."""
    with graph.session() as session:
        session.run(
            "UNWIND $rows AS row MERGE (u:User {user_id: row[0]}) MERGE (v:User {user_id: row[1]}) "
            "CREATE (u)-[:FOLLOWS]->(v)",
            rows=[list(pair) for pair in follows],
        ).consume()
        session.run(
            "UNWIND $rows AS row MERGE (i:Item {item_id: row[0]}) MERGE (t:Tag {name: row[1]}) "
            "CREATE (i)-[:HAS_TAG {weight: 1.0}]->(t)",
            rows=[[item, tag] for item, names in (tags or {}).items() for tag in names.split()],
        ).consume()


def ranked(scores: Mapping[str, float], k: int) -> list[tuple[str, float]]:
    """The k best by the rule of every query: the score rounded to ten digits, then the id."""
    return sorted(scores.items(), key=lambda pair: (-round(pair[1], 10), pair[0]))[:k]


def pairs(rows: Iterable[Mapping[str, object]], column: str = "item_id") -> list[tuple[str, float]]:
    """Ids and scores of rows, which must come in the order of their ranks."""
    rows = list(rows)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    return [(str(row[column]), float(row["score"])) for row in rows]  # type: ignore[arg-type]


def assert_same(found: Sequence[tuple[str, float]], wanted: Sequence[tuple[str, float]]) -> None:
    """Same ids in the same order, same scores up to rounding."""
    assert [name for name, _ in found] == [name for name, _ in wanted]
    np.testing.assert_allclose([score for _, score in found], [score for _, score in wanted], rtol=1e-9)

"""What features are worked out from, read from the graph once: interactions, tags, follows, prices, first times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from graphrec.graph import Graph
from graphrec.kinds import kind_weight
from graphrec.snapshot.columns import (
    Ids,
    Pairs,
    columns,
    follow_matrix,
    joined,
    positions,
    tag_columns,
    tag_matrix,
)
from graphrec.transfer import NO_TIME, Interactions, Progress, read_interactions

ITEMS_A_PAGE = 5_000

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Facts:
    """`rows`: one a user, item and kind; `row_weight`: how much the kind of each says that the item is liked. `user`,
    `item`, `weight`, `rating`, `last_at`: one a pair, with its largest weight. `tags`: items × `tag_names`. `follows`:
    users × users. `price`: NaN where an item has none; `first_at`: NO_TIME where nobody took an item up.
    """

    rows: Interactions
    row_weight: Floats
    user: Ints
    item: Ints
    weight: Floats
    rating: Floats
    last_at: Ints
    tags: sparse.csr_array
    tag_names: Ids
    follows: sparse.csr_array
    price: Floats
    first_at: Ints

    @property
    def n_users(self) -> int:
        return len(self.rows.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.rows.item_ids)


def read_facts(graph: Graph, price: str, progress: Progress | None = None) -> Facts:
    """All of it; `price` names the property of items that is one. Cost: two passes over the interactions."""
    rows = read_interactions(graph, progress)
    kinds = np.array([kind_weight(kind) for kind in rows.kinds])
    row_weight = kinds[rows.kind] if len(kinds) else np.zeros(0)
    n_items = max(len(rows.item_ids), 1)
    key = rows.user_idx.astype(np.int64) * n_items + rows.item_idx
    pairs = Pairs.combine(key, row_weight, rows.rating, rows.last_at)
    item_words, user_words = pa.array(rows.item_ids, pa.string()), pa.array(rows.user_ids, pa.string())
    tags = joined(graph.read("snapshot/tags"), {"item_id": pa.string(), "tag": pa.string(), "weight": pa.float64()})
    follows = joined(graph.read("snapshot/follows"), {"user_id": pa.string(), "followee_id": pa.string()})
    tag_names, tag_rows = tag_matrix(tag_columns(tags), item_words)
    user, item = np.divmod(pairs.key, n_items)
    return Facts(
        rows,
        row_weight,
        user,
        item,
        pairs.weight,
        pairs.rating,
        pairs.last_at,
        tag_rows,
        tag_names,
        follow_matrix(columns(follows, ("user_id", "followee_id")), user_words),
        _prices(graph, rows.item_ids, price),
        _first_times(graph, rows.item_ids),
    )


def _prices(graph: Graph, item_ids: Ids, price: str) -> Floats:
    found = np.full(len(item_ids), np.nan)
    for row in graph.read("features/prices", property=price):
        places = positions(item_ids, np.array(row["item_id"], dtype=object))
        known = places >= 0
        found[places[known]] = np.array(row["price"], dtype=np.float64)[known]
    return found


def _first_times(graph: Graph, item_ids: Ids) -> Ints:
    found = np.full(len(item_ids), NO_TIME)
    for start in range(0, len(item_ids), ITEMS_A_PAGE):
        rows = graph.read("items/first_times", item_ids=item_ids[start : start + ITEMS_A_PAGE].tolist())
        places = positions(item_ids, np.array([row["item_id"] for row in rows], dtype=object))
        found[places] = [row["first_at"] for row in rows]
    return found

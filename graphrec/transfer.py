"""Fast ways between the graph and arrays: all interactions out, vectors in and out.

Interactions come as columns of a few thousand users at a time, with the server's own node numbers instead of
strings; vectors travel packed, eight or more times smaller than lists of floats and quicker to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from neo4j.vector import Vector
from numpy.typing import NDArray

from graphrec.errors import GraphError
from graphrec.graph import Graph
from graphrec.sessions import side_by_side

NO_TIME = int(np.iinfo(np.int64).min)
"""Stands in `last_at` where an interaction has no time."""

USERS_A_BLOCK = 4000
VECTORS_A_BLOCK = 5000
MOST_NUMBERS = 4096
"""How many numbers one VECTOR holds."""

LABELS = ("User", "Item")
OPTIONAL = ("weight", "rating", "last_at")
"""Properties that an interaction may lack."""

Ids = NDArray[np.object_]
Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is."""


@dataclass(frozen=True, eq=False)
class Interactions:
    """All `INTERACTED` relationships, one row each, as aligned columns.

    `user_ids`, `item_ids`: object arrays of str, all users and items, sorted by code point; `user_idx` (never
    falling) and `item_idx` are int32 positions in them. `kind`: int16 positions in `kinds`. `count`: int64.
    `weight`, `rating`: float64, NaN where missing. `last_at`: int64, epoch milliseconds, NO_TIME where missing.
    """

    user_ids: Ids
    item_ids: Ids
    kinds: tuple[str, ...]
    user_idx: NDArray[np.int32]
    item_idx: NDArray[np.int32]
    kind: NDArray[np.int16]
    count: NDArray[np.int64]
    weight: NDArray[np.float64]
    rating: NDArray[np.float64]
    last_at: NDArray[np.int64]


def read_interactions(graph: Graph, progress: Progress | None = None) -> Interactions:
    """What every user did to every item. About 50 bytes an interaction; 500,000 a second."""
    user_ids, _ = read_ids(graph, "user")
    item_ids, nodes = read_ids(graph, "item")
    order = np.argsort(nodes)
    pieces, kinds = [], dict[str, int]()
    starts = range(0, len(user_ids), USERS_A_BLOCK)
    blocks = (user_ids[start : start + USERS_A_BLOCK].tolist() for start in starts)
    for start, rows in zip(starts, side_by_side(lambda ids: _read_block(graph, ids), blocks), strict=True):
        pieces.append(_columns(rows, start, kinds, nodes[order], order))
        if progress:
            progress(min(start + USERS_A_BLOCK, len(user_ids)), len(user_ids))
    joined = [np.concatenate(column) for column in zip(_nothing(), *pieces, strict=True)]
    return Interactions(user_ids, item_ids, tuple(kinds), *joined)


def write_vectors(
    graph: Graph,
    label: str,
    ids: Sequence[str] | Ids,
    matrix: NDArray[Any],
    property: str,
    *,
    progress: Progress | None = None,
) -> int:
    """How many nodes got their row of `matrix` (n × dim, stored as LIST<FLOAT> of float32 values).

    Written in transactions of VECTORS_A_BLOCK, each safe to run again; ids that the graph doesn't hold are left out.
    """
    name = f"transfer/write_{_word(label)}_vectors"
    packed = np.ascontiguousarray(matrix, dtype=">f4")
    dim = packed.shape[1]
    together = max(1, MOST_NUMBERS // dim)
    starts = range(0, len(ids), VECTORS_A_BLOCK)

    def write(start: int) -> int:
        stop = min(start + VECTORS_A_BLOCK, len(ids))
        parts = [slice(n, min(n + together, stop)) for n in range(start, stop, together)]
        rows = [[list(map(str, ids[part])), Vector(packed[part].tobytes(), "f32")] for part in parts]
        return int(graph.write(name, rows=rows, dim=dim, property=property)[0]["written"])

    written = 0
    for start, n_written in zip(starts, side_by_side(write, starts), strict=True):
        written += n_written
        if progress:
            progress(min(start + VECTORS_A_BLOCK, len(ids)), len(ids))
    return written


def read_vectors(graph: Graph, label: str, property: str) -> tuple[Ids, NDArray[np.float32]]:
    """The ids (sorted by code point) of the nodes that hold `property`, and their vectors, n × dim."""
    word = _word(label)
    found = graph.read(f"transfer/{word}_dim", property=property)
    if not found:
        return np.empty(0, dtype=object), np.empty((0, 0), dtype=np.float32)
    dim = found[0]["dim"]
    rows = graph.read(f"transfer/read_{word}_vectors", property=property, dim=dim)
    ids = np.array([user_id for row in rows for user_id in row[f"{word}_id"]], dtype=object)
    raw = b"".join(vector.raw() for row in rows for vector in row["vector"])
    matrix = np.frombuffer(raw, dtype=">f4").reshape(len(ids), dim).astype(np.float32)
    order = np.argsort(ids)
    return ids[order], matrix[order]


def _word(label: str) -> str:
    if label not in LABELS:
        raise GraphError(f"vectors belong to {' or '.join(LABELS)}, not to {label!r}")
    return label.lower()


def read_ids(graph: Graph, word: str) -> tuple[Ids, NDArray[np.int64]]:
    """The ids of all users or items, sorted by code point, and the server's numbers of their nodes."""
    rows = graph.read(f"transfer/{word}_ids")
    ids = np.array([text for row in rows for text in row[f"{word}_id"]], dtype=object)
    nodes = np.array([node for row in rows for node in row["node"]], dtype=np.int64)
    order = np.argsort(ids)
    return ids[order], nodes[order]


def read_item_properties(graph: Graph) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every item and what the data say of it, in no particular order; 100,000 a second."""
    for row in graph.read("transfer/item_properties"):
        for item_id, pairs in zip(row["item_id"], row["properties"], strict=True):
            yield item_id, dict(pairs)


def _read_block(graph: Graph, user_ids: list[str]) -> list[dict[str, Any]]:
    """The columns of some users' interactions, a row a kind, with a number in place of every missing one."""
    rows = graph.read("transfer/interactions", user_ids=user_ids)
    if any(0 < len(row[name]) < len(row["user"]) for row in rows for name in OPTIONAL):
        rows = graph.read("transfer/interactions", user_ids=user_ids, filled=True)
    return rows


def _columns(
    rows: list[dict[str, Any]], start: int, kinds: dict[str, int], nodes: NDArray[np.int64], order: NDArray[np.intp]
) -> tuple[NDArray[Any], ...]:
    """The columns of one block, sorted by user and item. `nodes` is sorted, `order` says whose they are."""
    pieces = [_one_kind(row, kinds.setdefault(row["kind"], len(kinds)), start) for row in rows]
    user, item, *rest = (np.concatenate(column) for column in zip(_nothing(), *pieces, strict=True))
    if not len(nodes):
        return _nothing()
    places = np.minimum(np.searchsorted(nodes, item), len(nodes) - 1)
    known = nodes[places] == item  # an item that came after the ids were read is left out
    item = order[places].astype(np.int32)
    by_pair = np.lexsort((item[known], user[known]))
    return tuple(column[known][by_pair] for column in (user, item, *rest))


def _one_kind(row: dict[str, Any], code: int, start: int) -> tuple[NDArray[Any], ...]:
    n = len(row["user"])
    return (
        np.array(row["user"], dtype=np.int32) + start,
        np.array(row["item"], dtype=np.int64),
        np.full(n, code, dtype=np.int16),
        np.array(row["count"], dtype=np.int64),
        np.array(row["weight"] or np.full(n, np.nan)),
        np.array(row["rating"] or np.full(n, np.nan)),
        np.array(row["last_at"] or np.full(n, NO_TIME), dtype=np.int64),
    )


def _nothing() -> tuple[NDArray[Any], ...]:
    return tuple(np.empty(0, dtype=kind) for kind in ("i4", "i4", "i2", "i8", "f8", "f8", "i8"))

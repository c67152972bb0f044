"""Counts, and a checksum that is the same for the same data however it came in.

The checksum covers users, items and tags with all their properties except embeddings and features, and `INTERACTED`,
`HAS_TAG`, `TAGGED` and `FOLLOWS`. What is computed from these (embeddings, features, `SIMILAR`, models), the event log,
which is pruned, and the graph's own id stay outside. It is a SHA-256 over blocks of users, then of items, in the order
of their ids by code point: the server's order and its internal numbers never matter. Memory: the ids and one block.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.graph import Graph
from graphrec.transfer import read_ids

USERS_A_BLOCK = 4000
"""Part of the checksum's definition: another value gives another checksum."""

NO_TIME = int(np.iinfo(np.int64).min)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Stats:
    """Counts by label, type and kind, and the checksum of the data."""

    nodes: dict[str, int]
    relationships: dict[str, int]
    kinds: dict[str, int]
    checksum: str


def read_stats(graph: Graph, progress: Progress | None = None) -> Stats:
    """The stats of a graph, read once through: about 400,000 interactions a second."""
    nodes = graph.read("stats/nodes")[0]
    relationships = graph.read("stats/relationships")[0]
    kinds, checksum = checksum_of(graph, progress)
    return Stats(nodes, relationships, dict(sorted(kinds.items())), checksum)


def checksum_of(graph: Graph, progress: Progress | None = None) -> tuple[Counter[str], str]:
    """Interactions by kind, and the checksum."""
    user_ids, _ = read_ids(graph, "user")
    item_ids, nodes = read_ids(graph, "item")
    order = np.argsort(nodes)
    digest, kinds = hashlib.sha256(b"graphrec 1\n"), Counter[str]()
    total = len(user_ids) + len(item_ids)
    for start in range(0, len(user_ids), USERS_A_BLOCK):
        block = user_ids[start : start + USERS_A_BLOCK].tolist()
        _add_nodes(digest, graph.read("stats/users", ids=block))
        rows = graph.read("stats/interactions", user_ids=block)
        _add_interactions(digest, rows, nodes[order], order)
        kinds.update({row["kind"]: len(row["user"]) for row in rows})
        _tell(progress, start + len(block), total)
    for start in range(0, len(item_ids), USERS_A_BLOCK):
        block = item_ids[start : start + USERS_A_BLOCK].tolist()
        _add_nodes(digest, graph.read("stats/items", ids=block))
        _tell(progress, len(user_ids) + start + len(block), total)
    names = sorted(name for row in graph.read("stats/tag_names") for name in row["names"])
    digest.update(json.dumps(names).encode())
    return kinds, digest.hexdigest()


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress:
        progress(done, total)


def _add_nodes(digest: Any, rows: list[dict[str, Any]]) -> None:
    """One line a node: its properties by name, then each of its lists in the order of its lines."""
    for row in sorted(rows, key=lambda row: str(row["id"])):
        lists = {name: sorted(map(_line, value)) for name, value in row.items() if name not in ("id", "properties")}
        digest.update(_line([row["id"], dict(row["properties"]), lists]).encode())


def _line(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str) + "\n"


def _add_interactions(
    digest: Any, rows: list[dict[str, Any]], nodes: NDArray[np.int64], order: NDArray[np.intp]
) -> None:
    """The block's columns in the order of user, item and kind; items and kinds as their ranks."""
    rows = sorted(rows, key=lambda row: str(row["kind"]))
    digest.update(_line([row["kind"] for row in rows]).encode())
    if not rows:
        return
    n_rows = [len(row["user"]) for row in rows]
    kind = np.repeat(np.arange(len(rows)), n_rows)
    user = np.concatenate([np.array(row["user"], dtype=np.int64) for row in rows])
    places = np.searchsorted(nodes, np.concatenate([np.array(row["item"], dtype=np.int64) for row in rows]))
    item = order[np.minimum(places, len(nodes) - 1)]
    sort = np.lexsort((kind, item, user))
    for column in (user, item, kind):
        digest.update(column[sort].astype("<i8").tobytes())
    for name, type, missing in _VALUES:
        parts = [_filled(row[name], n, type, missing) for row, n in zip(rows, n_rows, strict=True)]
        digest.update(np.concatenate(parts)[sort].tobytes())


_VALUES = (
    ("count", "<i8", 0),
    ("weight", "<f8", np.nan),
    ("rating", "<f8", np.nan),
    ("first_at", "<i8", NO_TIME),
    ("last_at", "<i8", NO_TIME),
)


def _filled(values: list[Any], n: int, type: str, missing: float) -> NDArray[Any]:
    return np.array(values, dtype=type) if values else np.full(n, missing, dtype=type)

"""`graphrec features`: worked out for all, written where they changed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from graphrec.features.described import DIGEST
from graphrec.features.items import item_features
from graphrec.features.reading import read_facts
from graphrec.features.users import DAY_MS, user_features
from graphrec.graph import Graph
from graphrec.snapshot.columns import Ids

NODES_A_WRITE = 1_000

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and how much there is."""


@dataclass(frozen=True)
class FeatureReport:
    """How many users and items got features that are new or others than before, and how many kept theirs."""

    users_written: int
    users_unchanged: int
    items_written: int
    items_unchanged: int
    seconds: float


def write_features(
    graph: Graph, *, price: str = "price", latest_ms: int | None = None, progress: Progress | None = None
) -> FeatureReport:
    """Write the features of each user and item where they differ from those that it has.

    Whose interactions, tags or follows didn't change since the last run isn't written. Reading is a pass over all
    interactions (500,000 a second), because the graph keeps no list of what changed, and so nothing that was loaded,
    changed or removed by any way is missed. `price`: the property of items that is their price. `latest_ms`: likes of
    later times are wrong clocks; a day from now, if it isn't given.
    """
    started = time.perf_counter()
    tell = progress or (lambda what, done, total: None)
    facts = read_facts(graph, price, lambda done, total: tell("reading", done, total))
    latest = round(time.time() * 1000) + DAY_MS if latest_ms is None else latest_ms
    users = _write(graph, "user", facts.rows.user_ids, user_features(facts), tell)
    items = _write(graph, "item", facts.rows.item_ids, item_features(facts, latest), tell)
    seconds = round(time.perf_counter() - started, 3)
    return FeatureReport(users, facts.n_users - users, items, facts.n_items - items, seconds)


def _write(graph: Graph, word: str, ids: Ids, features: Iterable[dict[str, Any]], tell: Progress) -> int:
    """How many nodes were written, in the order of their ids, so that writers lock them in one order."""
    known = _digests(graph, word)
    waiting: list[tuple[str, dict[str, Any]]] = []
    written = 0
    for n, (node_id, found) in enumerate(zip(ids.tolist(), features, strict=True)):
        digest = digest_of(found)
        if known.get(node_id) != digest:
            waiting.append((node_id, found | {DIGEST: digest}))
        if len(waiting) >= NODES_A_WRITE or (waiting and n + 1 == len(ids)):
            written += int(graph.write(f"features/write_{word}s", rows=waiting)[0]["written"])
            waiting = []
            tell(f"{word}s", n + 1, len(ids))
    return written


def digest_of(found: dict[str, Any]) -> str:
    """16 hexadecimal digits that are the same for the same features only."""
    return hashlib.blake2b(orjson.dumps(found, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def _digests(graph: Graph, word: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in graph.read(f"features/{word}_digests"):
        found.update(zip(row[f"{word}_id"], row["digest"], strict=True))
    return found

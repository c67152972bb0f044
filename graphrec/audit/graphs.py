"""A graph as the same tables that files give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from graphrec.audit.source import Source
from graphrec.graph import Graph
from graphrec.transfer import NO_TIME, Ids, read_ids

BLOCK = 4000
EVENTS_A_BLOCK = 20_000
HIDDEN = ("embedding_", "_")
"""Properties that are computed or inner begin so."""


def open_graph(graph: Graph, *, staging: Path, now: int | None = None) -> Source:
    """The interactions, nodes, tags and log of events of a graph. `staging`: a new folder. Memory: ids and a block."""
    source = Source.empty("graph", "graph", "graph", staging, now=now)
    try:
        user_ids, _ = read_ids(graph, "user")
        item_ids, nodes = read_ids(graph, "item")
        _interactions(source, graph, user_ids, item_ids, nodes)
        _nodes(source, graph, user_ids, "user")
        _nodes(source, graph, item_ids, "item")
        _log(source, graph)
    except BaseException:
        source.close()
        raise
    return source


def _interactions(source: Source, graph: Graph, user_ids: Ids, item_ids: Ids, nodes: Any) -> None:
    order = np.argsort(nodes)
    for start in range(0, len(user_ids), BLOCK):
        block = user_ids[start : start + BLOCK].tolist()
        for row in graph.read("stats/interactions", user_ids=block):
            places = order[np.minimum(np.searchsorted(nodes[order], row["item"]), len(order) - 1)]
            n = len(row["user"])
            columns = {
                "user_id": pa.array(user_ids[start + np.array(row["user"], dtype=np.int64)], pa.string()),
                "item_id": pa.array(item_ids[places], pa.string()),
                "kind": pa.repeat(row["kind"], n),
                "count": pa.array(row["count"], pa.int64()),
                "weight": _floats(row["weight"], n),
                "rating": _floats(row["rating"], n),
                "at": _times(row["last_at"], n),
                "first_at": _times(row["first_at"], n),
                "part": pa.repeat("train", n),
            }
            _append(source, "interactions", columns, n)


def _nodes(source: Source, graph: Graph, ids: Ids, word: str) -> None:
    """The properties of nodes, and what is told of their tags and of whom they follow."""
    for start in range(0, len(ids), BLOCK):
        rows = graph.read(f"stats/{word}s", ids=ids[start : start + BLOCK].tolist())
        known = [{name: value for name, value in row["properties"] if not name.startswith(HIDDEN)} for row in rows]
        names = sorted({name for one in known for name in one} - {f"{word}_id"})
        columns: dict[str, Any] = {f"{word}_id": pa.array([row["id"] for row in rows], pa.string())}
        for name in names:
            columns[name] = pa.array([_text(one.get(name)) for one in known], pa.string())
        _append(source, f"{word}s", columns, len(rows))
        if word == "user":
            _follows(source, rows)
            _taggings(source, rows)
        else:
            pairs = [(row["id"], tag, more.get("weight")) for row in rows for tag, more in row["has_tag"]]
            names_of = ("item_id", "tag", "weight")
            _append_rows(source, "tags", names_of, pairs)


def _follows(source: Source, rows: list[dict[str, Any]]) -> None:
    pairs = [(row["id"], followee) for row in rows for followee, _ in row["follows"]]
    _append_rows(source, "follows", ("user_id", "followee_id"), pairs)


def _taggings(source: Source, rows: list[dict[str, Any]]) -> None:
    told = [(row["id"], item, more.get("tag"), more.get("at")) for row in rows for item, more in row["tagged"]]
    _append_rows(source, "tags", ("user_id", "item_id", "tag", "at"), told)


def _log(source: Source, graph: Graph) -> None:
    """The log of events, where the graph has one, as the view `events`."""
    after, n_events = "", 0
    while rows := graph.read("audit/events", after=after, n=EVENTS_A_BLOCK):
        if not n_events:
            source.db.execute("CREATE TABLE log AS SELECT * FROM interactions LIMIT 0")
        columns: dict[str, Any] = {}
        for name in ("user_id", "item_id", "kind", "session", "device"):
            columns[name] = pa.array([_text(row[name]) for row in rows], pa.string())
        for name, kind in (("at", pa.int64()), ("dwell", pa.float64()), ("rating", pa.float64())):
            columns[name] = pa.array([row[name] for row in rows], kind)
        _append(source, "log", columns, len(rows))
        after, n_events = rows[-1]["event_id"], n_events + len(rows)
    if n_events:
        source.db.execute("CREATE OR REPLACE VIEW events AS SELECT * FROM log")


def _append_rows(source: Source, table: str, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    if rows:
        columns = {name: pa.array(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
        _append(source, table, columns, len(rows))


def _append(source: Source, table: str, columns: dict[str, Any], n: int) -> None:
    if n:
        place = {"row_id": pa.array(np.arange(n) + source.numbers(table, n)), "file": pa.repeat("graph", n)}
        source.append(table, pa.table(place | columns))


def _floats(values: list[float], n: int) -> pa.Array:
    return pa.array(np.array(values, dtype=np.float64), from_pandas=True) if values else pa.nulls(n, pa.float64())


def _times(values: list[int], n: int) -> pa.Array:
    times = np.array(values or [NO_TIME] * n, dtype=np.int64)
    return pa.array(times, mask=times == NO_TIME)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)

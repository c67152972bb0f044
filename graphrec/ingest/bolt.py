"""Into any graph over Bolt, in batches that can be run again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import pyarrow as pa

from graphrec.graph import Graph
from graphrec.ingest.interactions import batch_of, write_batch
from graphrec.ingest.rows import Column, Rows
from graphrec.sessions import side_by_side

IDS_A_BATCH = 20_000
NODES_A_BATCH = 5_000
EDGES_A_BATCH = 20_000

Progress = Callable[[str, int, int], None]
"""Called with what is being written, how much of it is done, and how much there is."""

_EDGES = {
    "has_tag": "SELECT item_id, tag, weight FROM has_tag",
    "tagged": 'SELECT user_id, item_id, tag, "at" FROM tagged',
    "followed": "SELECT user_id, followee_id FROM followed",
}

Part = TypeVar("Part")


def load_over_bolt(graph: Graph, rows: Rows, progress: Progress | None = None) -> None:
    """Write all rows. Safe to run again, whole or after a kill; two at once don't make anything twice."""
    told = progress or (lambda what, done, total: None)
    graph.write("load/kinds", kinds=rows.kinds())
    _load_nodes(graph, rows, "user", rows.user_columns, told)
    _load_nodes(graph, rows, "item", rows.item_columns, told)
    _load_ids(graph, rows, "tag", told)
    _load_interactions(graph, rows, told)
    for name, query in _EDGES.items():
        _load_edges(graph, rows, name, query, told)


def _load_nodes(graph: Graph, rows: Rows, word: str, columns: tuple[Column, ...], told: Progress) -> None:
    if not columns:
        _load_ids(graph, rows, word, told)
        return
    total, done = rows.count(f"{word}_words"), 0
    for batch in _ahead(rows.batches(f"SELECT * FROM {word}_rows", NODES_A_BATCH), _nodes):
        graph.write(f"load/{word}s", rows=batch)
        done += len(batch)
        told(f"{word}s", done, total)


def _load_ids(graph: Graph, rows: Rows, word: str, told: Progress) -> None:
    name, key = ("load/tags", "name") if word == "tag" else (f"load/{word}_ids", f"{word}_id")
    total, done = rows.count(f"{word}_words"), 0
    for ids in _ahead(rows.batches(f"SELECT {key} FROM {word}_rows", IDS_A_BATCH), lambda batch: batch[0].to_pylist()):
        graph.write(name, ids=ids)
        done += len(ids)
        told(f"{word}s", done, total)


def _load_interactions(graph: Graph, rows: Rows, told: Progress) -> None:
    """In two sessions: while one commits, the other runs. Their batches have different users, whom they lock at their
    start; what else a commit locks, Neo4j locks in the order of nodes."""
    total, done = rows.count("sums"), 0
    for n_rows in side_by_side(lambda batch: _write(graph, batch), rows.sums(EDGES_A_BATCH)):
        done += n_rows
        told("interactions", done, total)


def _write(graph: Graph, rows: pa.RecordBatch) -> int:
    batch = batch_of(rows)
    write_batch(graph, batch)
    return len(batch.user)


def _load_edges(graph: Graph, rows: Rows, name: str, query: str, told: Progress) -> None:
    total, done = rows.count(name), 0
    for batch in _ahead(rows.batches(query, EDGES_A_BATCH), lambda batch: batch):
        graph.write(f"load/{name}", rows=_grouped(batch))
        done += batch.num_rows
        told(name, done, total)


def _nodes(batch: pa.RecordBatch) -> list[list[Any]]:
    """Pairs of id and properties; missing ones are left out, so that they delete nothing."""
    key = batch.schema.names[0]
    return [
        [row.pop(key), {name: value for name, value in row.items() if value is not None}] for row in batch.to_pylist()
    ]


def _grouped(batch: pa.RecordBatch) -> list[list[Any]]:
    """One row a first column, with the list of what stands beside it (bare where that is one column)."""
    columns = [column.to_pylist() for column in batch.columns]
    rows = zip(columns[0], zip(*columns[1:], strict=True) if len(columns) > 2 else columns[1], strict=True)
    return [[key, [_plain(row[1]) for row in group]] for key, group in groupby(rows, itemgetter(0))]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _ahead(batches: Iterable[pa.RecordBatch], prepare: Callable[[pa.RecordBatch], Part]) -> Iterator[Part]:
    """Each batch prepared while the one before is being written."""
    with ThreadPoolExecutor(1) as pool:
        source = iter(batches)

        def take() -> Part | None:
            found = next(source, None)
            return None if found is None else prepare(found)

        coming = pool.submit(take)
        while (part := coming.result()) is not None:
            coming = pool.submit(take)
            yield part

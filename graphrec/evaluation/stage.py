"""Where the data of an evaluation come from, and the second, small graph that Cypher recommenders are asked in."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from graphrec.connect import throwaway
from graphrec.errors import InputError
from graphrec.evaluation.ranking import Progress
from graphrec.frames import Frames, FramesWriter
from graphrec.graph import Graph
from graphrec.ingest.bolt import load_over_bolt
from graphrec.ingest.rows import open_rows
from graphrec.ingest.schema import ensure_schema
from graphrec.snapshot.columns import Ids
from graphrec.snapshot.facts import COUNTED, KEYS, properties_of
from graphrec.transfer import NO_TIME, Interactions, read_interactions
from loaders import load_frames

ITEMS_A_BATCH = 1_000_000
"""Items written at a time: a property has one type a table."""

WINDOW = 1_000_000
"""Interactions written to the staging folder at a time."""


@contextmanager
def second_graph() -> Iterator[Future[Graph]]:
    """An empty Graph on a server of its own, which starts while the caller goes on, and is gone afterwards."""
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        yield pool.submit(stack.enter_context, throwaway())


def fill(graph: Graph, frames: Frames, progress: Progress | None = None) -> None:
    """Put the frames into the second graph."""
    ensure_schema(graph)
    with open_rows(frames) as rows:
        load_over_bolt(graph, rows, progress)


def read_files(path: Path, folder: Path) -> Frames:
    """The data set at `path`, checked and staged in `folder`."""
    return load_frames(path, staging=folder)


def staged(data: Graph | Frames | Path | str, folder: Path) -> Frames:
    """The data as Frames: those given, or files or a graph's interactions staged in `folder`."""
    if isinstance(data, Frames):
        return data
    return frames_of(data, folder) if isinstance(data, Graph) else read_files(Path(data), folder)


def frames_of(graph: Graph, folder: Path) -> Frames:
    """The graph's interactions, tags and follows, staged in `folder`; a pair's time is that of its last event."""
    read = read_interactions(graph)
    if not len(read.user_idx):
        raise InputError("the graph holds no interactions to evaluate on; load some with `graphrec load PATH`")
    with FramesWriter(folder, "the graph", "graph") as writer:
        for start in range(0, len(read.user_idx), WINDOW):
            writer.add("interactions", _rows(read, slice(start, start + WINDOW)))
        writer.add("items", pa.table({"item_id": pa.array(read.item_ids, pa.string())}))
        for start in range(0, len(read.item_ids), ITEMS_A_BATCH):
            if len(facts := _facts(graph, read.item_ids[start : start + ITEMS_A_BATCH], "items")):
                writer.add("items", facts)
        people = read.user_ids[np.unique(read.user_idx)]
        if (facts := _facts(graph, people, "users")).num_columns > 1:
            writer.add("users", facts)
        for name, table in (("snapshot/tags", "item_tags"), ("snapshot/follows", "follows")):
            for row in graph.read(name):
                writer.add(table, pa.table(row))
        return writer.finish()


def _facts(graph: Graph, ids: Ids, of: str) -> pa.Table:
    """What the graph says of items or users and its policy lets be used, a column a property; one that is of several
    types in the graph becomes text."""
    rows = [{KEYS[of]: one, **properties} for one, properties in properties_of(graph, ids, of)]
    names = sorted({name for row in rows for name in row if not name.startswith(COUNTED)})
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            columns[name] = pa.array([None if value is None else str(value) for value in values])
    return pa.table(columns)


def _rows(read: Interactions, window: slice) -> pa.Table:
    last_at = read.last_at[window]
    kinds = np.array([*read.kinds], dtype=object)
    columns = {
        "user_id": pa.array(read.user_ids[read.user_idx[window]], pa.string()),
        "item_id": pa.array(read.item_ids[read.item_idx[window]], pa.string()),
        "kind": pa.array(kinds[read.kind[window]], pa.string()),
        "count": pa.array(read.count[window], pa.int64()),
        "weight": pa.array(read.weight[window], pa.float64(), from_pandas=True),
        "rating": pa.array(read.rating[window], pa.float64(), from_pandas=True),
        "at": pa.array(last_at, pa.int64(), mask=last_at == NO_TIME),
    }
    return pa.table(columns)

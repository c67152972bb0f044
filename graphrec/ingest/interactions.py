"""Interactions over Bolt: batches of users, each written so that running it again changes nothing.

A transaction locks its users, reads what they did so far, makes what is missing in one statement over columns and
sums the rest. Rows that stand in the graph exactly so are not sent at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from graphrec.errors import GraphError
from graphrec.graph import Graph
from graphrec.ingest.lending import lent

VALUES = ("count", "weight", "rating", "first_at", "last_at")
KEY = ["user", "item_id", "kind"]
NO_TIME = int(np.iinfo(np.int64).min)


@dataclass(frozen=True)
class Batch:
    """Sums in the order of users. `user` is each row's position in `user_ids`."""

    table: pa.Table
    user_ids: list[str]
    user: NDArray[np.int64]


def batch_of(rows: pa.RecordBatch | pa.Table) -> Batch:
    """A batch from rows of `sums`."""
    table = pa.table({name: rows[name] for name in ("user_id", "item_id", "kind", *VALUES)})
    users = table["user_id"].combine_chunks().dictionary_encode()
    return Batch(table, users.dictionary.to_pylist(), users.indices.to_numpy().astype(np.int64))


def write_batch(graph: Graph, batch: Batch) -> None:
    """Write one batch in one transaction; GraphError if one of its items is gone meanwhile."""

    def work(step: Any) -> None:
        opted_out = {row["user_id"] for row in step("load/lock", user_ids=batch.user_ids)}
        with lent(step, batch.table.to_pylist() if opted_out else (), opted_out):
            known = step("load/lock_and_read", user_ids=batch.user_ids)[0]
            fresh, changed = _compare(batch, known)
            if len(fresh):
                _create(step, batch, fresh)
            if len(changed):
                step("load/merge_interactions", rows=_maps(batch.table.take(pa.array(changed))))

    graph.transact(work)


def _compare(batch: Batch, known: dict[str, list[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows that the graph doesn't hold, and those that it holds with other values."""
    n = batch.table.num_rows
    if not known["user"]:
        return np.arange(n), np.empty(0, dtype=np.int64)
    there = pd.DataFrame(known)
    given = pd.DataFrame(
        {
            "user": batch.user,
            **{name: batch.table[name].to_pylist() for name in KEY[1:]},
            **{name: _filled(batch.table[name]) for name in VALUES},
        }
    )
    both = given.merge(there.astype({"weight": "f8", "rating": "f8"}), "left", KEY, suffixes=("", "_known"))
    missing = both["count_known"].isna().to_numpy()
    same = np.ones(n, dtype=bool)
    for name in VALUES:
        left, right = both[name].to_numpy(), both[f"{name}_known"].to_numpy()
        same &= (left == right) | (np.isnan(left) & np.isnan(right))
    return np.flatnonzero(missing), np.flatnonzero(~missing & ~same)


def _filled(column: pa.ChunkedArray) -> NDArray[Any]:
    missing = np.nan if pa.types.is_floating(column.type) else NO_TIME
    values: NDArray[Any] = column.fill_null(missing).to_numpy()
    return values


def _create(step: Any, batch: Batch, fresh: NDArray[np.int64]) -> None:
    whole = len(fresh) == batch.table.num_rows
    table = batch.table if whole else batch.table.take(pa.array(fresh))
    user = batch.user[fresh]
    first = np.flatnonzero(np.r_[True, user[1:] != user[:-1]])
    items = table["item_id"].combine_chunks().dictionary_encode()
    created = step(
        "load/create_interactions",
        user_ids=[batch.user_ids[position] for position in user[first]],
        starts=[*first.tolist(), len(fresh)],
        item_ids=items.dictionary.to_pylist(),
        item=items.indices.to_pylist(),
        kind=table["kind"].to_pylist(),
        **{name: table[name].to_pylist() for name in VALUES},
    )[0]["created"]
    if created != len(fresh):
        raise GraphError(
            f"expected {len(fresh)} interactions to be written, found {created}: users or items were deleted "
            "meanwhile; load again"
        )


def _maps(table: pa.Table) -> list[dict[str, Any]]:
    return [{**row, "adds": False} for row in table.to_pylist()]

"""Frames: a checked data set, staged on disk between a loader and whatever reads it.

A loader adds tables in pieces of any size; `finish` removes duplicate rows and closes the set. Memory stays
bounded by the piece and by DuckDB's limit, however long the input is, and nothing is written to a graph before
the last line has been checked.

Tables (all ids are strings that came through `graphrec.ids`; `at` is epoch milliseconds, UTC; missing is null):

    users         user_id, and any other attribute
    items         item_id, title?, and any other attribute
    interactions  user_id, item_id, kind, count?, weight?, rating?, at?      one row an event
    valid, test   as interactions: the fixed parts of a data set that has them; never loaded into a graph
    item_tags     item_id, tag, weight?
    taggings      user_id, item_id, tag, at?
    follows       user_id, followee_id
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from graphrec.errors import InputError
from graphrec.ids import bad_ids, clean_ids

_EVENT = {
    "user_id": pa.string(),
    "item_id": pa.string(),
    "kind": pa.string(),
    "count": pa.int64(),
    "weight": pa.float64(),
    "rating": pa.float64(),
    "at": pa.int64(),
}

SCHEMAS: Mapping[str, Mapping[str, pa.DataType]] = {
    "users": {"user_id": pa.string()},
    "items": {"item_id": pa.string(), "title": pa.string()},
    "interactions": _EVENT,
    "valid": _EVENT,
    "test": _EVENT,
    "item_tags": {"item_id": pa.string(), "tag": pa.string(), "weight": pa.float64()},
    "taggings": {"user_id": pa.string(), "item_id": pa.string(), "tag": pa.string(), "at": pa.int64()},
    "follows": {"user_id": pa.string(), "followee_id": pa.string()},
}
"""The declared columns. Only `users` and `items` take others beside them."""

ID_COLUMNS = ("user_id", "item_id", "followee_id", "tag", "kind")
OPEN_TABLES = ("users", "items")

MEMORY_LIMIT = "1GB"
"""What DuckDB may hold; beyond it sorting and grouping spill to the staging folder."""


@dataclass(frozen=True)
class Frames:
    """A closed, checked, deduplicated data set on disk.

    `counts` are rows a table, `duplicates` the rows left out because an equal one stands already, `rejected`
    the bad rows that the loader was told to put aside.
    """

    folder: Path
    name: str
    format: str
    counts: Mapping[str, int]
    duplicates: Mapping[str, int]
    rejected: int = 0

    def files(self, table: str) -> str:
        """A glob over the table's Parquet files, for DuckDB; a table without rows has none."""
        return str(self.folder / table / "*.parquet")

    def table(self, table: str) -> pa.Table:
        """A whole table in memory."""
        return pa.concat_tables(
            [*self._empty(table), *map(pa.Table.from_batches, ([b] for b in self.batches(table)))],
            promote_options="default",
        )

    def batches(self, table: str, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """A table in pieces of at most `rows` rows."""
        for path in sorted((self.folder / table).glob("*.parquet")):
            with pq.ParquetFile(path) as file:
                yield from file.iter_batches(rows)

    def has(self, table: str) -> bool:
        """Whether the table has a row."""
        return self.counts.get(table, 0) > 0

    def database(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB with a view a table (empty ones too), bounded memory, spilling into the staging folder.

        The view `sums` holds one row a user, item and kind: (user_id, item_id, kind, count, weight, rating,
        first_at, last_at), where a row without a count counts 1, weights add (null where none is known), the
        rating is the latest one (of equal times the largest), and the times are the least and the greatest.
        """
        db = open_database(self.folder)
        for table, schema in SCHEMAS.items():
            if self.has(table):
                db.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{_quoted(self.files(table))}')")
            else:
                columns = ", ".join(f'NULL::{_SQL[kind]} AS "{name}"' for name, kind in schema.items())
                db.execute(f"CREATE VIEW {table} AS SELECT {columns} WHERE false")
        db.execute(f"CREATE VIEW sums AS {_SUMS}")
        return db

    def discard(self) -> None:
        """Remove the staged files."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _empty(self, table: str) -> list[pa.Table]:
        return [pa.schema(list(SCHEMAS[table].items())).empty_table()]


_SQL = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.float64(): "DOUBLE"}


_SUMS = """
SELECT user_id, item_id, kind,
       sum(coalesce(count, 1))::BIGINT AS count,
       sum(weight) AS weight,
       (max(row(coalesce("at", (-9223372036854775808)::BIGINT), rating)) FILTER (rating IS NOT NULL))[2] AS rating,
       min("at") AS first_at,
       max("at") AS last_at
FROM interactions
GROUP BY user_id, item_id, kind
"""


class FramesWriter:
    """Takes tables from a loader, checks their shape and ids, and stages them.

    Use as a context manager: an error inside removes what was staged.
    """

    def __init__(self, folder: Path, name: str, format: str) -> None:
        self.folder = folder
        self.name = name
        self.format = format
        self.rejected = 0
        self._n_pieces = 0
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> FramesWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, table: str, rows: pa.Table) -> None:
        """Stage rows of one table. InputError for an unknown column, a wrong type or a bad id (loaders check before)."""
        if rows.num_rows == 0:
            return
        rows = _conform(table, rows)
        folder = self.folder / "_raw" / table
        folder.mkdir(parents=True, exist_ok=True)
        self._n_pieces += 1
        pq.write_table(rows, folder / f"{self._n_pieces:08d}.parquet", compression="zstd", compression_level=1)

    def finish(self) -> Frames:
        """Remove equal rows, write the tables, and close the set."""
        counts, duplicates = {}, {}
        with open_database(self.folder) as db:
            for table in SCHEMAS:
                raw = self.folder / "_raw" / table
                if raw.is_dir():
                    counts[table], duplicates[table] = _deduplicate(db, raw, self.folder / table)
        shutil.rmtree(self.folder / "_raw", ignore_errors=True)
        frames = Frames(self.folder, self.name, self.format, counts, duplicates, self.rejected)
        if not counts.get("interactions") and not any(counts.values()):
            shutil.rmtree(self.folder, ignore_errors=True)
            raise InputError(f"no rows in {self.name}; expected at least one")
        return frames


def open_database(folder: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that spills into `folder`."""
    db = duckdb.connect(":memory:")
    db.execute(f"SET memory_limit='{MEMORY_LIMIT}'")
    db.execute(f"SET temp_directory='{_quoted(str(folder / '_spill'))}'")
    db.execute("SET preserve_insertion_order=false")
    return db


def _deduplicate(db: duckdb.DuckDBPyConnection, raw: Path, out: Path) -> tuple[int, int]:
    source = f"read_parquet('{_quoted(str(raw / '*.parquet'))}', union_by_name=true)"
    out.mkdir(parents=True, exist_ok=True)
    before = db.execute(f"SELECT count(*) FROM {source}").fetchone()
    target = _quoted(str(out / "part.parquet"))
    after = db.execute(
        f"COPY (SELECT DISTINCT * FROM {source}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    ).fetchone()
    assert before is not None
    assert after is not None
    return int(after[0]), int(before[0]) - int(after[0])


def _conform(table: str, rows: pa.Table) -> pa.Table:
    schema = SCHEMAS[table]
    extra = [name for name in rows.column_names if name not in schema]
    if extra and table not in OPEN_TABLES:
        raise InputError(f"table {table} has the columns {', '.join(schema)}; found also {', '.join(extra)}")
    arrays: dict[str, Any] = {}
    for name, kind in schema.items():
        column = rows[name].cast(kind) if name in rows.column_names else pa.nulls(rows.num_rows, kind)
        if name in ID_COLUMNS:
            column = clean_ids(column)
            n_bad = bad_ids(column).to_numpy(zero_copy_only=False).sum()
            if n_bad:
                raise InputError(f"table {table}: {n_bad} values of {name} are missing, empty, too long or hold a NUL")
        arrays[name] = column
    return pa.table({**arrays, **{name: rows[name] for name in extra}})


def _quoted(path: str) -> str:
    return path.replace("'", "''")


def write_manifest(frames: Frames) -> None:
    """Write what the frames hold beside them, so that an interrupted load can go on from the same staged rows."""
    body: dict[str, object] = {"name": frames.name, "format": frames.format, "counts": dict(frames.counts)}
    body |= {"duplicates": dict(frames.duplicates), "rejected": frames.rejected}
    (frames.folder / "frames.json").write_text(json.dumps(body, sort_keys=True), encoding="utf-8")


def read_manifest(folder: Path) -> Frames:
    """The frames that were closed in `folder`."""
    body = json.loads((folder / "frames.json").read_text(encoding="utf-8"))
    return Frames(folder, body["name"], body["format"], body["counts"], body["duplicates"], body["rejected"])

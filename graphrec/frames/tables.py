"""The tables of a staged data set, and the closed set that readers get."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

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

_SQL = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.float64(): "DOUBLE"}

SUMS_SQL = """
SELECT user_id, item_id, kind,
       sum(coalesce(count, 1))::BIGINT AS count,
       sum(weight) AS weight,
       (max(row(coalesce("at", (-9223372036854775808)::BIGINT), rating)) FILTER (rating IS NOT NULL))[2] AS rating,
       min("at") AS first_at,
       max("at") AS last_at
FROM interactions
GROUP BY user_id, item_id, kind
"""
"""What `sums` is. A set from a FramesWriter has it staged; this serves a set that something else wrote."""


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
        pieces = [pa.Table.from_batches([batch]) for batch in self.batches(table)]
        return pa.concat_tables([_empty(table), *pieces], promote_options="default")

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
        Its files are in the order of user_id, item_id, kind; `ORDER BY` where a query needs that order.
        """
        db = open_database(self.folder)
        for table, schema in SCHEMAS.items():
            if self.has(table):
                db.execute(f"CREATE VIEW {table} AS {self._scan(table)}")
            else:
                columns = ", ".join(f'NULL::{_SQL[kind]} AS "{name}"' for name, kind in schema.items())
                db.execute(f"CREATE VIEW {table} AS SELECT {columns} WHERE false")
        staged = self.has("interactions") and any((self.folder / "sums").glob("*.parquet"))
        db.execute(f"CREATE VIEW sums AS {self._scan('sums') if staged else SUMS_SQL}")
        return db

    def discard(self) -> None:
        """Remove the staged files."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _scan(self, table: str) -> str:
        return f"SELECT * FROM read_parquet('{quoted(self.files(table))}')"


def open_database(folder: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that spills into `folder`."""
    db = duckdb.connect(":memory:")
    db.execute(f"SET memory_limit='{MEMORY_LIMIT}'")
    db.execute(f"SET temp_directory='{quoted(str(folder / '_spill'))}'")
    db.execute("SET preserve_insertion_order=false")
    return db


def quoted(text: str) -> str:
    """The text as it stands between the quotes of a DuckDB string."""
    return text.replace("'", "''")


def write_manifest(frames: Frames) -> None:
    """Write what the frames hold beside them, so that an interrupted load can go on from the same staged rows."""
    body: dict[str, object] = {"name": frames.name, "format": frames.format, "counts": dict(frames.counts)}
    body |= {"duplicates": dict(frames.duplicates), "rejected": frames.rejected}
    (frames.folder / "frames.json").write_text(json.dumps(body, sort_keys=True), encoding="utf-8")


def read_manifest(folder: Path) -> Frames:
    """The frames that were closed in `folder`."""
    body = json.loads((folder / "frames.json").read_text(encoding="utf-8"))
    return Frames(folder, body["name"], body["format"], body["counts"], body["duplicates"], body["rejected"])


def _empty(table: str) -> pa.Table:
    return pa.schema(list(SCHEMAS[table].items())).empty_table()

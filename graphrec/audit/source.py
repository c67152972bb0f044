"""What an audit looks at: the raw rows of files or of a graph as DuckDB tables, nothing left out and nothing mended.

    interactions  row_id, part, file, line, user_id, item_id, kind, count, weight, rating, at, first_at,
                  dwell (seconds), session, device, and other columns of the data
    items, users  row_id, file, line, item_id or user_id, title (items), and other columns
    tags          row_id, file, line, user_id (null: said of the item), item_id, tag, weight, at
    follows       row_id, file, line, user_id, followee_id
    problems      table_name, row_id, file, line, field, reason: what a strict load refuses. Without a `row_id` the
                  row is in no table; with one it is, and the field is null
    events        single events: those of the files, or the graph's log where it has one, else its interactions

`row_id` is unique within a table. `at` is epoch milliseconds, UTC. In a graph `file` is 'graph' and `line` is null.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from graphrec.frames.tables import quoted

MEMORY_LIMIT = "1536MB"
"""What DuckDB may hold; beyond it tables, sorting and grouping go to the staging folder."""

_PLACE = {"row_id": "BIGINT", "file": "VARCHAR", "line": "BIGINT"}

TABLES: Mapping[str, Mapping[str, str]] = {
    "interactions": _PLACE
    | {
        "part": "VARCHAR",
        "user_id": "VARCHAR",
        "item_id": "VARCHAR",
        "kind": "VARCHAR",
        "count": "BIGINT",
        "weight": "DOUBLE",
        "rating": "DOUBLE",
        "at": "BIGINT",
        "first_at": "BIGINT",
        "dwell": "DOUBLE",
        "session": "VARCHAR",
        "device": "VARCHAR",
    },
    "items": _PLACE | {"item_id": "VARCHAR", "title": "VARCHAR"},
    "users": _PLACE | {"user_id": "VARCHAR"},
    "tags": _PLACE | {"user_id": "VARCHAR", "item_id": "VARCHAR", "tag": "VARCHAR", "weight": "DOUBLE", "at": "BIGINT"},
    "follows": _PLACE | {"user_id": "VARCHAR", "followee_id": "VARCHAR"},
    "problems": {
        "table_name": "VARCHAR",
        "row_id": "BIGINT",
        "file": "VARCHAR",
        "line": "BIGINT",
        "field": "VARCHAR",
        "reason": "VARCHAR",
    },
}
"""The columns that each table has, whatever the data hold."""


@dataclass
class Source:
    """The tables of one input. `origin` is files or graph; `now` (epoch milliseconds) is what the future begins at."""

    name: str
    format: str
    origin: str
    db: duckdb.DuckDBPyConnection
    now: int
    _next: dict[str, int] = field(default_factory=dict)

    @classmethod
    def empty(cls, name: str, format: str, origin: str, staging: Path, *, now: int | None = None) -> Self:
        """The tables without rows, in a new file in `staging`, a folder of one's own."""
        staging.mkdir(parents=True, exist_ok=True)
        db = duckdb.connect(str(staging / "audit.duckdb"))
        db.execute(f"SET memory_limit='{MEMORY_LIMIT}'")
        db.execute(f"SET temp_directory='{quoted(str(staging / '_spill'))}'")
        db.execute("SET preserve_insertion_order=false")
        for table, columns in TABLES.items():
            db.execute(f"CREATE TABLE {table} ({', '.join(f'{quote(name)} {kind}' for name, kind in columns.items())})")
        source = cls(name, format, origin, db, round(time.time() * 1000) if now is None else now)
        source.db.execute("CREATE VIEW events AS SELECT * FROM interactions")
        return source

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; its file goes with the staging folder, which is the caller's."""
        self.db.close()

    def numbers(self, table: str, n_rows: int) -> int:
        """The first of `n_rows` numbers for new rows of a table."""
        first = self._next.get(table, 0)
        self._next[table] = first + n_rows
        return first

    def append(self, table: str, rows: pa.Table) -> None:
        """Add rows; a column that comes up for the first time widens the table."""
        known = self.columns(table)
        for name in rows.column_names:
            if name not in known:
                kind = _sql_type(rows.schema.field(name).type)
                self.db.execute(f"ALTER TABLE {table} ADD COLUMN {quote(name)} {kind}")
        self.db.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows")
        if table == "interactions":
            self.db.execute("CREATE OR REPLACE VIEW events AS SELECT * FROM interactions")

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""
        return [row[0] for row in self.db.execute(f"DESCRIBE {table}").fetchall()]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self.value(f"SELECT count(*) FROM {table}"))

    def holds(self, table: str, column: str) -> bool:
        """Whether a column is there and has a value."""
        if column not in self.columns(table):
            return False
        return bool(self.value(f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {quote(column)} IS NOT NULL)"))

    def value(self, sql: str, parameters: list[Any] | None = None) -> Any:
        """The one value that a statement gives."""
        rows = self.rows(sql, parameters)
        return rows[0][0] if rows else None

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows that a statement gives."""
        return list(self.db.execute(sql, parameters or []).fetchall())

    def arrays(self, sql: str, parameters: list[Any] | None = None) -> dict[str, Any]:
        """The columns that a statement gives, as NumPy arrays."""
        table = self.db.sql(sql, params=parameters or []).to_arrow_table()
        return {name: table[name].to_numpy() for name in table.column_names}


def quote(name: str) -> str:
    """A column's name as DuckDB takes any name."""
    return '"' + name.replace('"', '""') + '"'


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "BIGINT"
    if pa.types.is_floating(kind):
        return "DOUBLE"
    return "BOOLEAN" if pa.types.is_boolean(kind) else "VARCHAR"

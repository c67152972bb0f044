"""What a staged data set puts into a graph: nodes with typed properties, and relationships between them.

Both ways in read these views, so that they can't differ. Values that a property can't hold are settled here: NaN and
infinite numbers, empty lists and missing values are left out, dates become epoch milliseconds, anything else text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from graphrec.frames import Frames

INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
FLOATS = ("FLOAT", "DOUBLE")

SEPARATOR = "\x1f"
"""Between the parts of a list in the importer's files."""


@dataclass(frozen=True)
class Column:
    """One property of users or items: its name, and 'long', 'double', 'boolean', 'string', 'double[]' or 'string[]'."""

    name: str
    type: str


@dataclass(frozen=True)
class Rows:
    """The views `user_rows` (user_id, then properties), `item_rows`, `tag_rows` (name), and `has_tag`, `tagged`,
    `followed`; the properties of users and items. `user_words`, `item_words`, `tag_words` number the nodes."""

    database: duckdb.DuckDBPyConnection
    frames: Frames
    user_columns: tuple[Column, ...]
    item_columns: tuple[Column, ...]

    def count(self, view: str) -> int:
        """How many rows a view has."""
        return int(self.first(f"SELECT count(*) FROM {view}")[0])

    def first(self, query: str) -> tuple[Any, ...]:
        """The first row of a query; () if it has none."""
        rows = self.database.cursor().execute(query).fetchall()
        return rows[0] if rows else ()

    def kinds(self) -> list[str]:
        """The kinds of interactions, in order."""
        return [
            kind
            for (kind,) in self.database.cursor().execute("SELECT DISTINCT kind FROM sums ORDER BY kind").fetchall()
        ]

    def batches(self, query: str, rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of a query in pieces."""
        yield from self.database.cursor().sql(query).to_arrow_reader(rows)

    def sums(self, rows: int) -> Iterator[pa.RecordBatch]:
        """What users did, one row a user, item and kind, in that order."""
        if any((self.frames.folder / "sums").glob("*.parquet")):
            yield from self.frames.batches("sums", rows)
        else:
            yield from self.batches("SELECT * FROM sums ORDER BY user_id, item_id, kind", rows)


@contextmanager
def open_rows(frames: Frames) -> Iterator[Rows]:
    """The rows of a data set; fixed valid and test parts are not among them."""
    with frames.database() as database:
        database.execute("SET preserve_insertion_order=true")
        for statement in _VIEWS:
            database.execute(statement)
        yield Rows(database, frames, _node_view(database, "user"), _node_view(database, "item"))


_VIEWS = (
    """CREATE TABLE user_words AS SELECT user_id, row_number() OVER (ORDER BY user_id) - 1 AS number FROM (
         SELECT user_id FROM users UNION SELECT user_id FROM sums UNION SELECT user_id FROM taggings
         UNION SELECT user_id FROM follows UNION SELECT followee_id FROM follows) ORDER BY user_id""",
    """CREATE TABLE item_words AS SELECT item_id, row_number() OVER (ORDER BY item_id) - 1 AS number FROM (
         SELECT item_id FROM items UNION SELECT item_id FROM sums UNION SELECT item_id FROM taggings
         UNION SELECT item_id FROM item_tags) ORDER BY item_id""",
    """CREATE TABLE tag_words AS SELECT name, row_number() OVER (ORDER BY name) - 1 AS number FROM (
         SELECT DISTINCT tag AS name FROM item_tags) ORDER BY name""",
    "CREATE VIEW tag_rows AS SELECT name FROM tag_words ORDER BY name",
    """CREATE VIEW has_tag AS SELECT item_id, tag, coalesce(max(weight), 1.0) AS weight FROM item_tags
       GROUP BY item_id, tag ORDER BY item_id, tag""",
    """CREATE VIEW tagged AS SELECT user_id, item_id, tag, max("at") AS "at" FROM taggings
       GROUP BY user_id, item_id, tag ORDER BY user_id, item_id, tag""",
    "CREATE VIEW followed AS SELECT DISTINCT user_id, followee_id FROM follows ORDER BY user_id, followee_id",
)


def _node_view(database: duckdb.DuckDBPyConnection, word: str) -> tuple[Column, ...]:
    """Make `user_rows` or `item_rows`; its properties."""
    described = database.execute(f"DESCRIBE SELECT * FROM {word}s").fetchall()
    settled = [_settled(row[0], row[1]) for row in described if row[0] != f"{word}_id"]
    columns = "".join(f', {sql} AS "{_quoted(column.name)}"' for column, sql in settled)
    database.execute(
        f"CREATE VIEW {word}_rows AS SELECT w.{word}_id{columns} "
        f"FROM {word}_words w LEFT JOIN {word}s t ON t.{word}_id = w.{word}_id ORDER BY w.{word}_id"
    )
    kept = [column for column, _ in settled if _occurs(database, word, column)]
    return tuple(kept)


def _occurs(database: duckdb.DuckDBPyConnection, word: str, column: Column) -> bool:
    return bool(database.execute(f'SELECT count("{_quoted(column.name)}") FROM {word}_rows').fetchall()[0][0])


def _settled(name: str, type: str) -> tuple[Column, str]:
    """A property and the SQL of its value."""
    value = f't."{_quoted(name)}"'
    if type in INTEGERS:
        return Column(name, "long"), f"{value}::BIGINT"
    if type in FLOATS or type.startswith("DECIMAL"):
        return Column(name, "double"), f"CASE WHEN isfinite({value}::DOUBLE) THEN {value}::DOUBLE + 0.0 END"
    if type == "BOOLEAN":
        return Column(name, "boolean"), value
    if type.endswith("]"):
        return _settled_list(name, type, value)
    if type.startswith(("TIMESTAMP", "DATE")):
        return Column(name, "long"), f"epoch_ms({value}::TIMESTAMP)"
    return Column(name, "string"), f"{value}::VARCHAR"


def _settled_list(name: str, type: str, value: str) -> tuple[Column, str]:
    """Numbers are a vector, which is there whole or not at all; of texts those that aren't empty stay."""
    if type.startswith((*FLOATS, *INTEGERS)):
        parts = f"{value}::DOUBLE[]"
        odd = f"len(list_filter({parts}, lambda part: NOT coalesce(isfinite(part), false)))"
        return Column(name, "double[]"), f"CASE WHEN len({parts}) > 0 AND {odd} = 0 THEN {parts} END"
    parts = f"list_filter({value}::VARCHAR[], lambda part: part <> '')"
    return Column(name, "string[]"), f"CASE WHEN len({parts}) > 0 THEN {parts} END"


def _quoted(name: str) -> str:
    return name.replace('"', '""')

"""Staging: tables in pieces from a loader become a closed, deduplicated set on disk."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from graphrec.errors import InputError
from graphrec.frames.events import EventStore
from graphrec.frames.tables import ID_COLUMNS, OPEN_TABLES, SCHEMAS, Frames, open_database, quoted
from graphrec.ids import bad_ids, clean_ids
from graphrec.privacy.entry import Entry

EVENT_TABLES = ("interactions", "valid", "test")
USER_COLUMNS = ("user_id", "followee_id")


class FramesWriter:
    """Takes tables from a loader, checks their shape and ids, and stages them.

    Use as a context manager: an error inside removes what was staged.
    """

    def __init__(self, folder: Path, name: str, format: str, entry: Entry | None = None) -> None:
        """`entry`: how ids of users and columns come in; without it as they are."""
        self.folder = folder
        self.name = name
        self.format = format
        self.entry = entry or Entry()
        self.rejected = 0
        self._n_pieces = 0
        self._events: dict[str, EventStore] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> FramesWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, table: str, rows: pa.Table) -> None:
        """Stage rows of one table; strings may come as dictionaries.

        InputError for an unknown column, a wrong type or a bad id (loaders check before).
        """
        if rows.num_rows == 0:
            return
        rows = _entered(self.entry, table, _conform(table, rows))
        if table in EVENT_TABLES:
            if table not in self._events:
                self._events[table] = EventStore(self.folder / "_raw" / table)
            self._events[table].add(rows)
            return
        folder = self.folder / "_raw" / table
        folder.mkdir(parents=True, exist_ok=True)
        self._n_pieces += 1
        pq.write_table(rows, folder / f"{self._n_pieces:08d}.parquet", compression="zstd", compression_level=1)

    def finish(self) -> Frames:
        """Remove equal rows, sum up the interactions, write the tables, and close the set.

        Of users and items one row an id stays: of each attribute the value that came last.
        """
        if not self._events and not self._n_pieces:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise InputError(f"no rows in {self.name}; expected at least one")
        counts, duplicates = self._write_events()
        pieces = [table for table in SCHEMAS if table not in self._events and (self.folder / "_raw" / table).is_dir()]
        if pieces:  # opening a database takes longer than writing a small set
            with open_database(self.folder) as db:
                for table in pieces:
                    counts[table], duplicates[table] = _deduplicate(db, table, self.folder)
        counts = {table: counts[table] for table in SCHEMAS if table in counts}
        shutil.rmtree(self.folder / "_raw", ignore_errors=True)
        shutil.rmtree(self.folder / "_spill", ignore_errors=True)
        return Frames(self.folder, self.name, self.format, counts, duplicates, self.rejected)

    def _write_events(self) -> tuple[dict[str, int], dict[str, int]]:
        """Write the tables of events; by table how many rows there are, and how many equal ones were left out."""
        counts, duplicates = {}, {}
        for table, events in self._events.items():
            sums = self.folder / "sums" if table == "interactions" else None
            counts[table] = events.write(self.folder / table, sums)
            duplicates[table] = events.n_rows - counts[table]
        return counts, duplicates


def _deduplicate(db: duckdb.DuckDBPyConnection, table: str, folder: Path) -> tuple[int, int]:
    """Write the different rows of a table; how many they are, and how many equal ones were left out."""
    raw = quoted(str(folder / "_raw" / table / "*.parquet"))
    source = f"read_parquet('{raw}', union_by_name=true, filename=true, file_row_number=true)"
    (folder / table).mkdir(parents=True, exist_ok=True)
    target = quoted(str(folder / table / "part.parquet"))
    columns = [row[0] for row in db.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    names = [name for name in columns if name not in ("filename", "file_row_number")]
    rows = f"SELECT {_merged(table, names)} FROM {source} GROUP BY {_key(table, names)} ORDER BY {_key(table, names)}"
    after = db.execute(f"COPY ({rows}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)").fetchone()
    everything = ", ".join(map(_identifier, names))
    repeated = f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {source} GROUP BY {everything})"
    again = db.execute(repeated).fetchone()
    assert again is not None
    assert after is not None
    return int(after[0]), int(again[0])


def _key(table: str, names: list[str]) -> str:
    key = [f"{table[:-1]}_id"] if table in OPEN_TABLES else names
    return ", ".join(map(_identifier, key))


def _merged(table: str, names: list[str]) -> str:
    """The columns of one row a key. `arg_max` passes over missing values, so the last known one stays."""
    if table not in OPEN_TABLES:
        return _key(table, names)
    others = [name for name in names if name != f"{table[:-1]}_id"]
    last = [f"arg_max({c}, row(filename, file_row_number)) AS {c}" for c in map(_identifier, others)]
    return ", ".join([_key(table, names), *last])


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _conform(table: str, rows: pa.Table) -> pa.Table:
    schema = SCHEMAS[table]
    extra = [name for name in rows.column_names if name not in schema]
    if extra and table not in OPEN_TABLES:
        raise InputError(f"table {table} has the columns {', '.join(schema)}; found also {', '.join(extra)}")
    arrays: dict[str, Any] = {}
    for name, kind in schema.items():
        if name not in rows.column_names:
            arrays[name] = pa.nulls(rows.num_rows, kind)
        elif name in ID_COLUMNS:
            arrays[name] = _clean(table, name, rows[name], keep_dictionary=table in EVENT_TABLES)
        else:
            arrays[name] = rows[name].cast(kind)
    return pa.table({**arrays, **{name: rows[name] for name in extra}})


def _entered(entry: Entry, table: str, rows: pa.Table) -> pa.Table:
    """The rows by the policy: users by their pseudonyms, without the columns that it drops."""
    for name in USER_COLUMNS:
        if entry.pseudonyms and name in rows.column_names:
            rows = rows.set_column(rows.column_names.index(name), name, entry.users(rows[name]))
    if table in OPEN_TABLES:
        dropped = [name for name in rows.column_names if entry.policy.drops(table, name) and not name.endswith("_id")]
        rows = rows.drop_columns([name for name in dropped if name not in SCHEMAS[table]])
        for name in set(dropped) & set(SCHEMAS[table]):
            place = rows.column_names.index(name)
            rows = rows.set_column(place, name, pa.nulls(rows.num_rows, SCHEMAS[table][name]))
    return rows


def _clean(table: str, name: str, column: pa.ChunkedArray, keep_dictionary: bool) -> pa.ChunkedArray:
    """The ids in normal form C. InputError for bad ones. A dictionary is cleaned by its words."""
    if not pa.types.is_dictionary(column.type):
        column = clean_ids(column.cast(pa.string()))
        _refuse(table, name, column)
        return column
    chunks = []
    for chunk in column.chunks:
        words = clean_ids(chunk.dictionary.cast(pa.string()))
        _refuse(table, name, words)
        if chunk.null_count:
            _refuse(table, name, chunk.cast(pa.string()))
        chunks.append(pa.DictionaryArray.from_arrays(chunk.indices, words))
    cleaned = pa.chunked_array(chunks)
    return cleaned if keep_dictionary else cleaned.cast(pa.string())


def _refuse(table: str, name: str, column: pa.ChunkedArray | pa.Array) -> None:
    n_bad = bad_ids(column).to_numpy(zero_copy_only=False).sum() if isinstance(column, pa.Array) else 0
    if isinstance(column, pa.ChunkedArray):
        n_bad = bad_ids(column).to_numpy().sum()
    if n_bad:
        raise InputError(f"table {table}: {n_bad} values of {name} are missing, empty, too long or hold a NUL")

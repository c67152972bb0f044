"""What is left, as files that `graphrec load` takes; the rejects, and the report. The same rows give the same bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from graphrec.audit import Source
from graphrec.audit.source import quote
from graphrec.cleaning.fold import fold
from graphrec.errors import InputError

REPORT, REJECTS, REVIEW = "report.json", "rejects.csv", "review.csv"
WRITTEN_BY = "graphrec clean 1"
"""How a report tells that a folder is one of ours, which may be written again."""

ROWS_A_PIECE = 65_536
HIDDEN = ("row_id", "part", "file", "line", "first_at")
"""Columns that say where a row came from, and not what it says."""


@dataclass(frozen=True)
class Written:
    """A file of the output: which rows of which table it holds."""

    name: str
    table: str
    which: str = "true"


FILES: Sequence[Written] = (
    Written("interactions", "interactions", "part = 'train'"),
    Written("valid", "interactions", "part = 'valid'"),
    Written("test", "interactions", "part = 'test'"),
    Written("users", "users"),
    Written("items", "items"),
    Written("item_tags", "tags", "user_id IS NULL"),
    Written("taggings", "tags", "user_id IS NOT NULL"),
    Written("follows", "follows"),
)


def check_folder(out: Path, path: Path) -> None:
    """InputError for a folder that holds anything else, or in which the source lies or that lies in the source."""
    out, path = out.resolve(), path.resolve()
    if out == path or out in path.parents or path in out.parents:
        raise InputError(f"expected a folder apart from the source {path} to write to, found {out}; name another --out")
    if not out.exists():
        return
    report = out / REPORT
    ours = report.is_file() and json.loads(report.read_text(encoding="utf-8")).get("written_by") == WRITTEN_BY
    if not out.is_dir() or (any(one.name != REVIEW for one in out.iterdir()) and not ours):
        raise InputError(f"expected a new or empty folder, or one that `graphrec clean` wrote, found {out}")


def write_tables(source: Source, folder: Path) -> dict[str, int]:
    """How many rows each file got; one without rows isn't written, and neither is a column without values."""
    counts: dict[str, int] = {}
    for table in ("items", "users"):
        fold(source, table)
    for one in FILES:
        n_rows = int(source.value(f"SELECT count(*) FROM {one.table} WHERE {one.which}"))
        if n_rows:
            _write(source, one, folder / f"{one.name}.parquet")
            counts[one.name] = n_rows
    return counts


def write_rejects(source: Source, file: Path) -> None:
    """A line for each row that was put aside: the rule, why, where it stood, and the row itself as JSON."""
    rows = source.db.sql(
        'SELECT rule, reason, table_name AS "table", file, "line", "row" FROM rejects ORDER BY number'
    ).to_arrow_table()
    pyarrow.csv.write_csv(rows, file)


def write_report(body: Mapping[str, Any], file: Path) -> None:
    """The report as JSON: what each rule was told and did."""
    text = json.dumps({"written_by": WRITTEN_BY, **body}, indent=2, sort_keys=True, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def take_over(folder: Path, out: Path) -> None:
    """Put the files of a folder into another one; those that a run before wrote and this one didn't are removed."""
    out.mkdir(parents=True, exist_ok=True)
    for one in FILES:
        if not (folder / f"{one.name}.parquet").exists():
            (out / f"{one.name}.parquet").unlink(missing_ok=True)
    for file in sorted(folder.iterdir()):
        os.replace(file, out / file.name)


def _write(source: Source, one: Written, file: Path) -> None:
    columns = [name for name in source.columns(one.table) if name not in HIDDEN]
    if one.name in ("item_tags", "items", "users"):
        columns = [name for name in columns if name != "user_id" or one.name == "users"]
    held = [name for name in columns if _holds(source, one, name)]
    shown = ", ".join('make_timestamp("at" * 1000) AS "at"' if name == "at" else quote(name) for name in held)
    rows = source.db.sql(f"SELECT {shown} FROM {one.table} WHERE {one.which} ORDER BY row_id")
    batches = rows.to_arrow_reader(ROWS_A_PIECE)
    with pq.ParquetWriter(file, batches.schema, compression="zstd") as writer:
        for piece in _even(batches):
            writer.write_table(piece)


def _even(batches: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Pieces of equal length, so that the file doesn't hang on how the rows came."""
    waiting = batches.schema.empty_table()
    for batch in batches:
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch])])
        while waiting.num_rows >= ROWS_A_PIECE:
            yield waiting.slice(0, ROWS_A_PIECE).combine_chunks()
            waiting = waiting.slice(ROWS_A_PIECE)
    if waiting.num_rows:
        yield waiting.combine_chunks()


def _holds(source: Source, one: Written, column: str) -> bool:
    asked = f"SELECT EXISTS (SELECT 1 FROM {one.table} WHERE {one.which} AND {quote(column)} IS NOT NULL)"
    return bool(source.value(asked))

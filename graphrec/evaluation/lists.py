"""Ranked lists as a file, so that anyone can compute the figures again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from graphrec.errors import InputError

LIST_SCHEMA = pa.schema(
    {"user_id": pa.string(), "item_id": pa.string(), "rank": pa.int64(), "score": pa.float64(), "model": pa.string()}
)


def check_path(path: Path) -> None:
    """Raise InputError unless lists can be written to `path`; asked before the work, not after it."""
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"expected a file name that ends in .csv or .parquet for the lists, found {path.name!r}")
    if not path.parent.is_dir():
        raise InputError(f"no folder {path.parent} to write the lists to; make it first")


def write_lists(path: Path, lists: Sequence[pd.DataFrame]) -> None:
    """Write the columns user_id, item_id, rank, score and model as CSV or Parquet, by the name's ending."""
    check_path(path)
    columns = list(LIST_SCHEMA.names)
    tables = [pa.Table.from_pandas(part[columns], schema=LIST_SCHEMA, preserve_index=False) for part in lists]
    table = pa.concat_tables([LIST_SCHEMA.empty_table(), *tables])
    if path.suffix.lower() == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pq.write_table(table, path)

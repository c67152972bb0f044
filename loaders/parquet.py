"""Parquet files, read in batches. They have no lines: errors name the row, from 1."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graphrec.errors import InputError
from loaders.reading import BadRow, Block, Reader
from loaders.sources import Source
from loaders.values import Field

MAGIC = b"PAR1"
BATCH_ROWS = 262_144


class Parquet(Reader):
    """A Parquet file."""

    unit = "row"

    def __init__(self, source: Source, count: Callable[[int], None] | None = None) -> None:
        self.name = source.name
        self.n_malformed = 0
        self._source = source
        self._count = count
        with self._opened() as file:
            self.columns = list(file.schema_arrow.names)

    def require(self, columns: Sequence[str]) -> None:
        """InputError unless the file has each of the columns."""
        missing = [column for column in columns if column not in self.columns]
        if missing:
            raise InputError(f"{self.name}: expected the columns {', '.join(missing)}, found {', '.join(self.columns)}")

    def blocks(self, fields: Sequence[Field]) -> Iterator[Block]:
        """The columns of the fields."""
        names = [one.column for one in fields]
        self.require(names)
        first = 0
        with self._opened() as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=names):
                columns = {name: _plain(batch[name]) for name in names}
                yield Block(columns, np.arange(first, first + batch.num_rows))
                first += batch.num_rows
                if self._count:
                    self._count(self._source.size * batch.num_rows // max(file.metadata.num_rows, 1))

    def locate(self, bad: Mapping[int, str]) -> Iterator[BadRow]:
        """The rows of that number, as JSON."""
        first = 0
        with self._opened() as file:
            for batch in file.iter_batches(BATCH_ROWS):
                for number in (n for n in sorted(bad) if first <= n < first + batch.num_rows):
                    row = batch.slice(number - first, 1).to_pylist()[0]
                    yield BadRow(number + 1, bad[number], json.dumps(row, default=str, ensure_ascii=False))
                first += batch.num_rows

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """The file; one inside an archive is unpacked for the time being, as Parquet needs to seek."""
        with tempfile.TemporaryFile() as copy, self._source.open() as file:
            seekable: Any = file
            if not (hasattr(file, "seekable") and file.seekable()):
                while piece := file.read(1 << 20):
                    copy.write(piece)
                copy.seek(0)
                seekable = copy
            try:
                with pq.ParquetFile(pa.PythonFile(seekable, "r")) as parquet:
                    yield parquet
            except (pa.ArrowInvalid, OSError) as error:
                raise InputError(f"{self.name}: can't be read as Parquet: {error}") from None


def _plain(column: pa.Array) -> pa.Array:
    """Dictionaries, views and large strings as plain strings."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_large_string(kind) or str(kind) == "string_view":
        return column.cast(pa.string())
    return column.cast(pa.float64()) if pa.types.is_decimal(kind) else column

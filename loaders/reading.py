"""Checked tables from any kind of file: the loop that every format goes through.

A reader gives blocks of text columns and can find the line of a row again; `read_checked` turns blocks into typed
tables and bad rows into an InputError that names the first of them, or into rows of the rejects file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphrec.errors import InputError
from loaders.values import Field

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Rows of a file: columns by name, the number of each row in its file, and why rows of some numbers are bad.

    Rows may share a number where they stand on one line: they are good or bad together.
    """

    columns: Mapping[str, pa.Array]
    numbers: Numbers
    bad: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BadRow:
    """A row that can't be loaded: the line it begins on (or its number, in files without lines), why, and itself."""

    line: int
    reason: str
    row: str


class Reader(Protocol):
    """A file that gives its rows in blocks.

    `n_malformed` counts rows that are left out of the blocks because they have no columns to speak of. `first_line` is
    the line of the row of number 0 in a file without gaps.
    """

    name: str
    unit: str
    n_malformed: int
    first_line: int = 1

    def blocks(self, fields: Sequence[Field]) -> Iterator[Block]:
        """The columns of the fields, all rows, in order."""
        ...

    def locate(self, bad: Mapping[int, str]) -> Iterator[BadRow]:
        """The bad rows of that number, and the malformed ones, in the order of the file."""
        ...

    def lines(self, n_rows: int) -> Numbers | None:
        """By number, the lines on which the rows of the blocks begin; None where number + `first_line` is the line.

        Asked after the last block.
        """
        return None


class Rejects:
    """Where bad rows go: a CSV file of file, line, reason and the row itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_rows = 0
        self._file: IO[str] | None = None

    def add(self, name: str, row: BadRow) -> None:
        """Write down one bad row."""
        csv.writer(self._opened()).writerow((name, row.line, row.reason, row.row))
        self.n_rows += 1

    def close(self) -> None:
        """Close the file; it is there and holds a header even when every row was good."""
        self._opened().close()

    def _opened(self) -> IO[str]:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            csv.writer(self._file).writerow(("file", "line", "reason", "row"))
        return self._file


def read_checked(reader: Reader, fields: Sequence[Field], rejects: Rejects | None) -> Iterator[pa.Table]:
    """Typed tables of the good rows. InputError at the first bad row unless there is a place for rejects."""
    rejected: dict[int, str] = {}
    for block in reader.blocks(fields):
        table, bad = _check(block, fields)
        if bad and rejects is None:
            raise first_problem(reader, bad)
        rejected |= bad
        if table.num_rows:
            yield table
    if (rejected or reader.n_malformed) and rejects is None:
        raise first_problem(reader, rejected)
    if rejects and (rejected or reader.n_malformed):
        for row in reader.locate(rejected):
            rejects.add(reader.name, row)


def first_problem(reader: Reader, bad: Mapping[int, str]) -> InputError:
    """The error for the first bad row of a file."""
    row = next(reader.locate(bad), None)
    if row is None:
        return InputError(f"{reader.name}: {next(iter(bad.values()), 'a row is malformed')}")
    return InputError(f"{reader.name} {reader.unit} {row.line}: {row.reason}")


def _check(block: Block, fields: Sequence[Field]) -> tuple[pa.Table, dict[int, str]]:
    """The good rows of a block, typed; and by number why the others are bad."""
    arrays: dict[str, pa.Array] = {}
    reasons = dict(block.bad)
    for one in fields:
        column = block.columns[one.column]
        arrays[one.name], mask = one.read(column)
        for place in np.flatnonzero(mask.to_numpy(zero_copy_only=False)):
            reasons.setdefault(int(block.numbers[place]), one.problem(plain_value(column[int(place)])))
    table = pa.table(arrays)
    if reasons:
        plain = pa.table({name: decoded(column) for name, column in arrays.items()})  # no bad words in dictionaries
        table = plain.filter(pa.array(~np.isin(block.numbers, list(reasons))))
    return table, reasons


def decoded(column: pa.Array) -> pa.Array:
    """The values themselves, where a column holds places in a dictionary."""
    return column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column


def plain_value(value: pa.Scalar) -> object:
    """A value in Python; its bytes where it isn't UTF-8."""
    try:
        return value.as_py()
    except UnicodeDecodeError:
        text = value.value if isinstance(value, pa.DictionaryScalar) else value
        return bytes(text.as_buffer())

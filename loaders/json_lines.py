"""JSON lines: an object a line, read in blocks; a block that the fast parser refuses is read line by line."""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.json as pajson

from graphrec.errors import InputError
from loaders.encoding import utf8
from loaders.lists import whole_lines
from loaders.reading import BadRow, Block, Reader
from loaders.sources import Source, explained
from loaders.values import ID, TEXT, Field

PIECE_BYTES = 1 << 23


class JsonLines(Reader):
    """A file with a JSON object on each line; blank lines are left out."""

    unit = "line"

    def __init__(self, source: Source, count: Callable[[int], None] | None = None) -> None:
        self.name = source.name
        self.n_malformed = 0
        self._source = source
        self._count = count
        self.columns = json_keys(source)

    def require(self, columns: Sequence[str]) -> None:
        """InputError unless the first objects have each of the keys."""
        missing = [column for column in columns if column not in self.columns]
        if missing:
            raise InputError(
                f"{self.name} line 1: expected the keys {', '.join(missing)}, found {', '.join(self.columns)}"
            )

    def blocks(self, fields: Sequence[Field]) -> Iterator[Block]:
        """The values of the fields; a row's number is its line, from 0."""
        first = 0
        with explained(self.name), utf8(self._source.open(self._count), self._source.head) as file:
            for piece in whole_lines(file, PIECE_BYTES):
                yield _fast_block(piece, first, fields) or _slow_block(piece, first, fields)
                first += piece.count(b"\n")

    def locate(self, bad: Mapping[int, str]) -> Iterator[BadRow]:
        """The lines of that number."""
        with explained(self.name), utf8(self._source.open(), self._source.head) as file:
            for number, line in enumerate(file):
                if number in bad:
                    text = line.decode(errors="backslashreplace").rstrip("\r\n")
                    yield BadRow(number + 1, bad[number], text)


def json_keys(source: Source) -> list[str]:
    """The keys of the first objects of a file of JSON lines, in the order in which they come up; else none."""
    keys: dict[str, None] = {}
    for line in source.lines[:100]:
        try:
            keys |= dict.fromkeys(_object(line))
        except ValueError:
            if not keys:
                return []
    return list(keys)


def _fast_block(piece: bytes, first: int, fields: Sequence[Field]) -> Block | None:
    """The block by Arrow's parser; None where it refuses, or where lines and rows may not agree."""
    try:
        table = pajson.read_json(
            io.BytesIO(piece), read_options=pajson.ReadOptions(use_threads=True, block_size=len(piece) + 1)
        ).combine_chunks()
    except pa.ArrowInvalid:
        return None
    n_lines = piece.count(b"\n") + (not piece.endswith(b"\n"))
    columns = {one.column: _column(table, one) for one in fields}
    if table.num_rows != n_lines or any(column is None for column in columns.values()):
        return None
    return Block(columns, np.arange(first, first + n_lines))


def _column(table: pa.Table, one: Field) -> pa.Array | None:
    """The values in a type that the field's kind reads; None for numbers with fractions as ids, lists and objects."""
    if one.column not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    column = table[one.column]
    array = column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
    if pa.types.is_null(array.type):
        return array.cast(pa.string())
    if pa.types.is_timestamp(array.type):
        return None
    textual = pa.types.is_string(array.type) or pa.types.is_integer(array.type)
    if one.kind in (ID, TEXT):
        return array if textual else None
    return array if textual or pa.types.is_floating(array.type) else None


def _slow_block(piece: bytes, first: int, fields: Sequence[Field]) -> Block:
    """The block by Python's parser, which knows every line."""
    rows: list[Mapping[str, Any]] = []
    numbers: list[int] = []
    bad: dict[int, str] = {}
    for number, line in enumerate(io.BytesIO(piece), first):
        if not line.strip():
            continue
        try:
            row = _object(line.decode())
        except ValueError as error:
            bad[number] = f"expected a JSON object, found {_shown(line)} ({_reason(error)})"
            continue
        problem = _wrong_type(row, fields)
        if problem:
            bad[number] = problem
            continue
        rows.append(row)
        numbers.append(number)
    columns = {one.column: pa.array([_text(row.get(one.column)) for row in rows], pa.string()) for one in fields}
    return Block(columns, np.array(numbers, dtype=np.int64), bad)


def _object(line: str) -> Mapping[str, Any]:
    """The object of a line. ValueError for anything else. Older Amazon files hold Python's notation."""
    try:
        value = json.loads(line)
    except ValueError:
        if not line.lstrip().startswith(("{'", '{"')):
            raise
        try:
            value = ast.literal_eval(line.strip())
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("it is not an object")
    return value


def _wrong_type(row: Mapping[str, Any], fields: Sequence[Field]) -> str | None:
    for one in fields:
        value = row.get(one.column)
        whole = isinstance(value, str | int) and not isinstance(value, bool)
        fits = value is None or whole or (isinstance(value, float) and one.kind not in (ID, TEXT))
        if not fits:
            return f"expected {one.kind.expected} in {one.column}, found {json.dumps(value, ensure_ascii=True)[:60]}"
        if isinstance(value, str) and not _encodable(value):
            return f"expected {one.kind.expected} in {one.column}, found half a character (a lone surrogate)"
    return None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(value: str | float | None) -> str | None:
    return value if value is None or isinstance(value, str) else repr(value)


def _shown(line: bytes) -> str:
    return repr(line[:60].decode(errors="backslashreplace").rstrip("\r\n"))


def _reason(error: ValueError) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)

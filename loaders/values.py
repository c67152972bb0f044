"""Columns of text as typed columns, with a mask of the values that don't fit. Vectorised; never trims an id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from graphrec.ids import bad_ids, clean_ids, id_problem
from loaders.times import read_times

Parsed = tuple[pa.Array, pa.Array]
"""The values (null where missing or bad) and the mask of the bad ones."""

_NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
_WHOLE = r"^\s*\+?\d+(\.0*)?\s*$"


@dataclass(frozen=True)
class Kind:
    """A kind of value: what a good one is called, and how a column is read."""

    expected: str
    read: Callable[[pa.Array], Parsed]
    dictionary: bool = True
    """Whether values come up often enough that reading each different one once is faster."""


@dataclass(frozen=True)
class Field:
    """A column to read: its name in the file, the name it gets, its kind, and whether an empty value is an error."""

    column: str
    name: str
    kind: Kind
    required: bool = True

    def read(self, column: pa.Array) -> Parsed:
        """The typed column and the mask of bad values."""
        if isinstance(column, pa.DictionaryArray):
            words, bad = self._read(column.dictionary)
            bad = bad.take(column.indices)
            if self.kind is ID:
                return pa.DictionaryArray.from_arrays(column.indices, words), _or_null(bad)
            return words.take(column.indices), _or_null(bad)
        return self._read(column)

    def problem(self, value: object) -> str:
        """Why a value is bad, in words."""
        shown = repr(value if not isinstance(value, str) or len(value) <= 60 else value[:60] + "…")
        if isinstance(value, bytes):
            return (
                f"expected {self.kind.expected} in {self.column}, found {repr(value[:60])[1:]}: it is not valid UTF-8"
            )
        if value is None or value == "":
            shown = "nothing"
        elif self.kind is ID and isinstance(value, str):
            shown += f": {id_problem(value)}"
        return f"expected {self.kind.expected} in {self.column}, found {shown}"

    def _read(self, column: pa.Array) -> Parsed:
        values, bad = self.kind.read(valid_text(column))
        if not self.required:
            empty = pc.equal(column, "").fill_null(True) if _textual(column) else pc.is_null(column, nan_is_null=True)
            values = pc.if_else(empty, pa.scalar(None, values.type), values)
            bad = pc.and_(bad, pc.invert(empty))
        return values, bad


def valid_text(column: pa.Array) -> pa.Array:
    """The column with values that aren't valid UTF-8 made null."""
    if not _textual(column):
        return column
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        texts = [_text(value) for value in column.cast(pa.binary()).to_pylist()]
        return pa.array(texts, pa.string())
    return column


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _textual(column: pa.Array) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _or_null(mask: pa.Array) -> pa.Array:
    return mask.fill_null(True) if mask.null_count else mask


def _read_ids(column: pa.Array) -> Parsed:
    if pa.types.is_integer(column.type):
        column = column.cast(pa.string())
    if not _textual(column):
        return pa.nulls(len(column), pa.string()), pa.repeat(True, len(column))
    column = clean_ids(column)
    return column, bad_ids(column)


def _read_text(column: pa.Array) -> Parsed:
    column = column if _textual(column) else column.cast(pa.string())
    return pc.utf8_normalize(column, "NFC"), pc.is_null(column)


def _read_as_is(column: pa.Array) -> Parsed:
    if _textual(column) or not _plain(column.type):
        return _read_text(column)
    return column, pc.is_null(column, nan_is_null=True)


def _plain(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _read_numbers(column: pa.Array) -> Parsed:
    values = _cast(column, pa.float64(), _NUMBER)
    finite = pc.is_finite(values).fill_null(False)
    return pc.if_else(finite, values, None), pc.invert(finite)


def _read_counts(column: pa.Array) -> Parsed:
    values = _cast(column, pa.float64(), _WHOLE)
    good = pc.and_(pc.greater_equal(values, 1), pc.less(values, 2**53)).fill_null(False)
    good = pc.and_(good, pc.equal(pc.floor(values), values).fill_null(False))
    return pc.if_else(good, values, None).cast(pa.int64()), pc.invert(good)


def _cast(column: pa.Array, kind: pa.DataType, pattern: str) -> pa.Array:
    """The column as numbers, null where a text doesn't match."""
    if not _textual(column):
        return column.cast(kind, safe=False)
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        good = pc.match_substring_regex(column, pattern).fill_null(False)
        return pc.utf8_trim_whitespace(pc.if_else(good, column, None)).cast(kind)


ID = Kind("an id", _read_ids)
TEXT = Kind("text in UTF-8", _read_text, dictionary=False)
AS_IS = Kind("text in UTF-8", _read_as_is, dictionary=False)
"""Of files whose columns have types: numbers and truth values as they are, anything else as text."""
NUMBER = Kind("a number", _read_numbers)
COUNT = Kind("a whole number of 1 or more", _read_counts)
TIME = Kind("a time (seconds, milliseconds or ISO 8601)", read_times, dictionary=False)

"""Delimited text (CSV, TSV, `::`, `|`): the shared reader, fast over blocks and exact about the lines of bad rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from graphrec.errors import InputError
from loaders.encoding import is_utf8, utf8
from loaders.reading import BadRow, Block, Numbers, Reader
from loaders.sources import Source, explained
from loaders.values import Field

BLOCK_BYTES = 1 << 24
FIELD_BYTES = 1 << 23
OPEN_QUOTE = "expected a closing quote, found none in the rest of the file"
_INSIDE = "\x1f"


@dataclass(frozen=True)
class Dialect:
    """How a text is cut into fields.

    `separator` may have two characters; `names` are the columns of a file without a header; `encoding` is tried
    where the file isn't UTF-8.
    """

    separator: str = ","
    quotes: bool = True
    names: tuple[str, ...] | None = None
    encoding: str | None = None

    @property
    def character(self) -> str:
        """The one character that separates fields for the parser."""
        return self.separator if len(self.separator) == 1 else _INSIDE


class Delimited(Reader):
    """A delimited file. `count` gets the bytes read."""

    unit = "line"

    def __init__(self, source: Source, dialect: Dialect, count: Callable[[int], None] | None = None) -> None:
        self.name = source.name
        self.n_malformed = 0
        self._source = source
        self._dialect = dialect
        self._count = count
        self._encoding = self._find_encoding()
        self._n_quotes = self._n_newlines = 0
        self._header_bytes = 0
        self.first_line = 1 if dialect.names else 2
        self.columns = list(dialect.names) if dialect.names else self._header()

    def require(self, columns: Sequence[str]) -> None:
        """InputError unless the header has each of the columns, once."""
        missing = [column for column in columns if column not in self.columns]
        if missing:
            found = ", ".join(self.columns)
            raise InputError(f"{self.name} line 1: expected the columns {', '.join(missing)}, found {found}")
        twice = [column for column in columns if self.columns.count(column) > 1]
        if twice:
            raise InputError(f"{self.name} line 1: expected each column once, found {twice[0]} twice in the header")

    def blocks(self, fields: Sequence[Field]) -> Iterator[Block]:
        """Rows in blocks of about 16 MB of text. Rows with another number of fields are counted as malformed."""
        self.require([one.column for one in fields])
        self.n_malformed = self._n_quotes = self._n_newlines = 0
        first = 0
        with explained(self.name), self._open(self._count) as file:
            file.read(self._header_bytes)
            try:
                for batch in self._batches(file, fields):
                    numbers = np.arange(first, first + batch.num_rows)
                    block = Block({one.column: batch[self._place(one.column)] for one in fields}, numbers)
                    first += batch.num_rows
                    yield self._without_headers(block, fields)
            except pa.ArrowInvalid as error:
                raise self._explained(error) from None
        if self._dialect.quotes and self._n_quotes % 2:
            self._refuse_open_quote()

    def locate(self, bad: Mapping[int, str]) -> Iterator[BadRow]:
        """One slow pass over the file; rows of another number of fields than the header come as well."""
        number = -1
        wanted = len(self.columns)
        for line, fields, raw, broken in self._records():
            malformed = broken or (f"expected {wanted} fields, found {len(fields)}" if len(fields) != wanted else None)
            number += malformed is None
            problem = malformed or bad.get(number)
            if problem is not None:
                text = raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
                yield BadRow(line, problem, text.replace(_INSIDE, self._dialect.separator).strip("\r\n"))

    def lines(self, n_rows: int) -> Numbers | None:
        """A slow pass over the file, unless there are as many lines as rows."""
        if not self.n_malformed and n_rows - self._n_newlines in (0, 1):
            return None
        wanted = len(self.columns)
        whole = (line for line, fields, _, broken in self._records() if not broken and len(fields) == wanted)
        return np.fromiter(whole, np.int64)

    def _batches(self, file: IO[bytes], fields: Sequence[Field]) -> Iterator[pa.RecordBatch]:
        text, word = pa.string(), pa.dictionary(pa.int32(), pa.string())
        kinds = {self._place(one.column): word if one.kind.dictionary else text for one in fields}
        names = [f"f{n}" for n in range(len(self.columns))]
        try:
            yield from pacsv.open_csv(
                pa.PythonFile(_Counting(file, self), "r"),
                pacsv.ReadOptions(block_size=BLOCK_BYTES, column_names=names),
                pacsv.ParseOptions(
                    delimiter=self._dialect.character,
                    quote_char='"' if self._dialect.quotes else False,
                    newlines_in_values=self._dialect.quotes,
                    invalid_row_handler=self._skip,
                ),
                pacsv.ConvertOptions(
                    check_utf8=False, column_types=kinds, include_columns=list(kinds), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" not in str(error):
                raise

    def _skip(self, row: Any) -> str:
        self.n_malformed += 1
        return "skip"

    def _without_headers(self, block: Block, fields: Sequence[Field]) -> Block:
        """The block, with repeated headers (of files put together) marked as bad."""
        if self._dialect.names:
            return block
        first, *others = [one.column for one in fields]
        column = block.columns[first]
        words = column.dictionary if isinstance(column, pa.DictionaryArray) else column
        if not pc.any(pc.equal(words.cast(pa.binary()), first.encode())).as_py():
            return block
        rows = zip(*(_texts(block.columns[name]) for name in (first, *others)), strict=True)
        found = [n for n, row in zip(block.numbers.tolist(), rows, strict=True) if row == (first, *others)]
        return Block(block.columns, block.numbers, dict.fromkeys(found, "expected a row, found the header again"))

    def _place(self, column: str) -> str:
        return f"f{self.columns.index(column)}"

    def _find_encoding(self) -> str | None:
        if not self._dialect.encoding:
            return None
        with explained(self.name), self._source.open() as file:
            return None if is_utf8(file) else self._dialect.encoding

    def _open(self, count: Callable[[int], None] | None = None) -> IO[bytes]:
        file = utf8(self._source.open(count), self._source.head, self._encoding)
        if len(self._dialect.separator) > 1:
            return io.BufferedReader(_Replaced(file, self._dialect.separator.encode()), 1 << 20)
        return file

    def _header(self) -> list[str]:
        record = next(self._records(header=True), None)
        if record is None:
            raise InputError(f"{self.name} is empty: expected a header and rows")
        self._header_bytes = len(record[2].encode("utf-8", "surrogateescape"))
        return record[1]

    def _records(self, header: bool = False, strict: bool = False) -> Iterator[tuple[int, list[str], str, str | None]]:
        """The line, the fields, the text and the problem of each row that isn't blank, the header left out."""
        skip = 0 if header or self._dialect.names else 1
        with explained(self.name), self._open() as file:
            text = io.TextIOWrapper(io.BufferedReader(_Readable(file)), "utf-8", "surrogateescape", newline="")
            for n, record in enumerate(records(text, self._dialect.character, self._dialect.quotes, strict)):
                if n >= skip:
                    yield record

    def _explained(self, error: pa.ArrowInvalid) -> InputError:
        problem = next(self.locate({}), None)
        if problem:
            return InputError(f"{self.name} line {problem.line}: {problem.reason}")
        self._refuse_open_quote()
        return InputError(f"{self.name}: can't be read as a table: {error}")

    def _refuse_open_quote(self) -> None:
        """InputError where a quote is opened and never closed: everything after it became one value."""
        for line, _, _, problem in self._records(strict=True):
            if problem == OPEN_QUOTE:
                raise InputError(f"{self.name} line {line}: {problem}")


def records(
    text: IO[str], separator: str, quotes: bool, strict: bool = False
) -> Iterator[tuple[int, list[str], str, str | None]]:
    """The line, the fields, the raw text (with blank lines before it) and the problem of each row that isn't blank."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in text:
            taken.append(line)
            yield line

    rows = csv.reader(
        lines(), delimiter=separator, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE, strict=strict
    )
    line = 1
    before = csv.field_size_limit(FIELD_BYTES)
    try:
        while True:
            n_before = len(taken)
            try:
                fields, problem = next(rows), None
            except StopIteration:
                return
            except csv.Error as error:
                open_quote = "unexpected end" in str(error) or "field larger" in str(error)
                fields, problem = [], OPEN_QUOTE if open_quote else str(error)
            if fields or problem:
                yield line + n_before, fields, "".join(taken), problem
                line += len(taken)
                taken.clear()
    finally:
        csv.field_size_limit(before)


def _texts(column: pa.Array) -> list[str]:
    return [value.decode(errors="replace") for value in column.cast(pa.string()).cast(pa.binary()).to_pylist()]


class _Counting(io.RawIOBase):
    """A stream that counts the quotes and the lines that pass through it."""

    def __init__(self, file: IO[bytes], owner: Delimited) -> None:
        self._file = file
        self._owner = owner

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = bytes(self._file.read(size))
        self._owner._n_quotes += data.count(b'"')
        self._owner._n_newlines += data.count(b"\n")
        return data


class _Readable(io.RawIOBase):
    """Anything with `read` as a raw stream, for the layers of text above it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Replaced(io.RawIOBase):
    """A stream with a separator of two equal characters replaced by the one that the parser takes."""

    def __init__(self, file: IO[bytes], separator: bytes) -> None:
        self._file = file
        self._separator = separator
        self._rest = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._rest) < 2 and not self._ended:
            piece = self._file.read(len(buffer))
            self._ended = not piece
            self._rest = (self._rest + piece).replace(self._separator, _INSIDE.encode())
        keep = 0 if self._ended or not self._rest.endswith(self._separator[:1]) else 1
        n = min(len(buffer), len(self._rest) - keep)
        buffer[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n

    def close(self) -> None:
        self._file.close()
        super().close()

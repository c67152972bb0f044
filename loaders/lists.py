"""Lines of ids separated by blanks: `user item item …`, however long a line is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loaders.encoding import utf8
from loaders.reading import BadRow, Block, Reader
from loaders.sources import Source, explained
from loaders.values import Field

PIECE_BYTES = 1 << 23
MOSTLY = 0.9
_WHOLE = re.compile(r"\d+")


class Lists(Reader):
    """A file of adjacency lists, read as the columns `user` and `item`.

    Where the first lines hold whole numbers, as the published splits do, a line with anything else is a bad row.
    """

    unit = "line"

    def __init__(self, source: Source, count: Callable[[int], None] | None = None) -> None:
        self.name = source.name
        self.n_malformed = 0
        self._source = source
        self._count = count
        tokens = [token for line in source.lines[:100] for token in line.split()]
        self._whole = sum(map(bool, map(_WHOLE.fullmatch, tokens))) >= len(tokens) * MOSTLY

    def blocks(self, fields: Sequence[Field]) -> Iterator[Block]:
        """A row a user and item. Rows are numbered by line, so that `locate` finds a line."""
        n_lines = 0
        with explained(self.name), utf8(self._source.open(self._count), self._source.head) as file:
            for piece in whole_lines(file, PIECE_BYTES):
                lines = piece.split(b"\n")
                lines = lines[:-1] if not lines[-1] else lines
                yield from self._pairs(pa.array(lines, pa.binary()).view(pa.string()), n_lines)
                n_lines += len(lines)

    def locate(self, bad: Mapping[int, str]) -> Iterator[BadRow]:
        """The lines of that number."""
        with explained(self.name), utf8(self._source.open(), self._source.head) as file:
            number = 0
            for piece in whole_lines(file, PIECE_BYTES):
                for line in piece.split(b"\n"):
                    if number in bad:
                        yield BadRow(number + 1, bad[number], line.decode(errors="backslashreplace").strip())
                    number += 1
                number -= piece.endswith(b"\n")

    def _pairs(self, lines: pa.Array, first_line: int) -> Iterator[Block]:
        tokens = pc.ascii_split_whitespace(pc.ascii_trim_whitespace(lines))
        words = pc.list_flatten(tokens)
        parents = pc.list_parent_indices(tokens).to_numpy().astype(np.int64)
        full = pc.greater(pc.binary_length(words), 0)
        words, parents = words.filter(full), parents[full.to_numpy(zero_copy_only=False)]
        if not len(words):
            return
        starts = np.r_[True, parents[1:] != parents[:-1]]
        numbers = parents + first_line
        bad = {}
        if self._whole:
            wrong = pc.invert(pc.match_substring_regex(words, r"^\d+$")).to_numpy(zero_copy_only=False)
            for place in np.flatnonzero(wrong)[::-1]:
                token = words[int(place)].as_buffer().to_pybytes()[:60].decode(errors="backslashreplace")
                bad[int(numbers[place])] = f"expected whole numbers as in the other lines, found {token!r}"
        user_of_row = (np.cumsum(starts) - 1)[~starts].astype(np.int32)
        users = pa.DictionaryArray.from_arrays(user_of_row, words.filter(pa.array(starts)))
        yield Block({"user": users, "item": words.filter(pa.array(~starts))}, numbers[~starts], bad)


def whole_lines(file: IO[bytes], size: int) -> Iterator[bytes]:
    """The stream in pieces of at least `size` bytes that end with a line's end (the last one may lack it)."""
    rest: list[bytes] = []
    while piece := file.read(size):
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield b"".join([*rest, piece[:cut]])
            rest = [piece[cut:]] if cut < len(piece) else []
        else:
            rest.append(piece)
    if rest:
        yield b"".join(rest)

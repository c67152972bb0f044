"""A growing set of strings, each with a number: how millions of ids are compared as integers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int32]


class Vocabulary:
    """Strings in the order in which they came up; a string's code never changes."""

    def __init__(self) -> None:
        self.words: pa.Array = pa.array([], pa.large_string())

    def __len__(self) -> int:
        return len(self.words)

    def extend(self, dictionaries: Sequence[pa.Array]) -> list[Codes]:
        """Take in the words of each dictionary; the codes of each, in its order.

        One pass hashes every word, those that stand already too: bring dictionaries in groups as large as the
        vocabulary and the cost a word stays constant.
        """
        parts = [_numbered(words) for words in (self.words, *dictionaries)]
        unified = pa.chunked_array(parts).unify_dictionaries()
        self.words = unified.chunk(unified.num_chunks - 1).dictionary
        return [chunk.indices.to_numpy() for chunk in unified.chunks[1:]]

    def ranks(self) -> Codes:
        """By code, the place of the word in the order of code points."""
        ranks = np.empty(len(self.words), dtype=np.int32)
        ranks[pc.sort_indices(self.words).to_numpy()] = np.arange(len(self.words), dtype=np.int32)
        return ranks


def encoded(column: pa.ChunkedArray | pa.Array) -> pa.DictionaryArray:
    """A column of strings as one dictionary array."""
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # combine_chunks keeps several chunks of a column beyond 2 GB
        column = pa.concat_arrays([column.cast(pa.large_string())])
    return column if isinstance(column, pa.DictionaryArray) else column.dictionary_encode()


def _numbered(words: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.arange(len(words), dtype=np.int32), words.cast(pa.large_string()))

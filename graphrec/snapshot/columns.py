"""Columns of ids and numbers into codes and sparse matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import InputError
from graphrec.kinds import kind_weight
from graphrec.transfer import NO_TIME

Column = Any
"""A `pa.Array` or `pa.ChunkedArray` of strings."""

Ids = NDArray[np.object_]

LEAST_STATED = 1e-6
"""What is left of a like whose stated weight is 0 or less: it stays one."""


@dataclass(frozen=True)
class Pairs:
    """One row a pair, in the order of `key` = row × n_items + column."""

    key: NDArray[np.int64]
    weight: NDArray[np.float64]
    rating: NDArray[np.float64]
    last_at: NDArray[np.int64]
    rated: NDArray[np.float64]
    extent: NDArray[np.float64]

    @classmethod
    def combine(
        cls,
        key: NDArray[np.int64],
        weight: NDArray[np.float64],
        rating: NDArray[np.float64],
        last_at: NDArray[np.int64],
        extent: NDArray[np.float64] | None = None,
    ) -> Pairs:
        """The largest weight, the latest time, and the rating given last (of equal times the higher), a pair.

        Rows of kinds that don't count as liking give a pair neither time nor rating; `rated` is the rating given last
        whatever its kind, `extent` the sum over those rows that count as liking (of their weights where not given).
        """
        order = np.argsort(key, kind="stable")
        key, weight, rating, last_at = key[order], weight[order], rating[order], last_at[order]
        extent = np.where(weight > 0, weight if extent is None else extent[order], 0.0)
        first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, dtype=np.int64)
        if len(first) == len(key):
            return cls(key, weight, rating, last_at, rating, extent)
        liked = weight > 0
        times = np.where(liked, last_at, NO_TIME)
        return cls(
            key[first],
            np.maximum.reduceat(weight, first),
            _last_rating(key, key[first], np.where(liked, rating, np.nan), times),
            np.maximum.reduceat(times, first),
            _last_rating(key, key[first], rating, last_at),
            np.add.reduceat(extent, first),
        )


def _last_rating(
    key: NDArray[np.int64], pairs: NDArray[np.int64], rating: NDArray[np.float64], last_at: NDArray[np.int64]
) -> NDArray[np.float64]:
    result = np.full(len(pairs), np.nan)
    given = np.flatnonzero(~np.isnan(rating))
    given = given[np.lexsort((rating[given], last_at[given], key[given]))]
    result[np.searchsorted(pairs, key[given])] = rating[given]
    return result


def csr(key: NDArray[np.int64], data: NDArray[Any], shape: tuple[int, int]) -> sparse.csr_array:
    """CSR from sorted keys, without a detour over COO."""
    rows, columns = np.divmod(key, max(shape[1], 1))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=shape[0]))])
    matrix = sparse.csr_array((data, columns.astype(np.int32), indptr.astype(np.int32)), shape=shape)
    matrix.has_sorted_indices = True
    matrix.has_canonical_format = True
    return matrix


def emptied(matrix: sparse.csr_array, kept: NDArray[np.bool_]) -> sparse.csr_array:
    """The same matrix with the rows alone that are kept; the others are empty."""
    lengths = np.diff(matrix.indptr)
    entries = np.repeat(kept, lengths)
    indptr = np.concatenate([[0], np.cumsum(np.where(kept, lengths, 0))]).astype(matrix.indptr.dtype)
    found = sparse.csr_array((matrix.data[entries], matrix.indices[entries], indptr), shape=matrix.shape)
    found.sort_indices()
    return found


def tag_columns(table: pa.Table | None) -> tuple[Column, Column, NDArray[np.float64]]:
    """Item, tag and weight of each row (1 where not given)."""
    item_ids, names = columns(table, ("item_id", "tag"))
    weight = table["weight"] if table is not None and "weight" in table.column_names else None
    return item_ids, names, floats(weight, len(item_ids), 1.0)


def tag_matrix(rows: tuple[Column, Column, NDArray[np.float64]], item_words: pa.Array) -> tuple[Ids, sparse.csr_array]:
    """The names of the tags, and items × tags; of equal pairs the larger weight."""
    names = vocabulary(rows[1])
    key = pair_keys(rows[0], rows[1], item_words, names)
    known = key >= 0
    pairs = Pairs.combine(key[known], rows[2][known], np.full(known.sum(), np.nan), np.full(known.sum(), NO_TIME))
    return objects(names), csr(pairs.key, pairs.weight.astype(np.float32), (len(item_words), len(names)))


def follow_matrix(rows: tuple[Column, ...], user_words: pa.Array) -> sparse.csr_array:
    """Users × users."""
    key = np.unique(pair_keys(rows[0], rows[1], user_words, user_words))
    key = key[key >= 0]
    return csr(key, np.ones(len(key), dtype=bool), (len(user_words), len(user_words)))


def strings(values: Any) -> Column:
    """The values as a column of strings. InputError where one is missing."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(pa.string())
    column = pa.array(values, type=pa.string())
    if column.null_count:
        raise InputError(f"expected ids, found {column.null_count} missing values; leave those rows out")
    return column


def columns(table: pa.Table | None, names: tuple[str, ...]) -> tuple[Column, ...]:
    """Some columns of a table, as strings; empty ones for no table."""
    if table is None:
        return tuple(pa.array([], pa.string()) for _ in names)
    return tuple(strings(table[name]) for name in names)


def joined(rows: list[dict[str, list[Any]]], schema: Mapping[str, pa.DataType]) -> pa.Table:
    """Rows that hold columns, as one table."""
    return pa.table({name: pa.array([v for row in rows for v in row[name]], kind) for name, kind in schema.items()})


def vocabulary(*columns: Any) -> pa.Array:
    """The distinct strings of the columns, sorted by code point (which is the order of their UTF-8)."""
    strings = [column for column in columns if isinstance(column, pa.Array | pa.ChunkedArray)]
    chunks = [chunk for column in strings for chunk in (column.chunks if hasattr(column, "chunks") else [column])]
    words = pc.unique(pa.chunked_array(chunks, type=pa.string()))
    return words.take(pc.sort_indices(words))


def codes(column: Column, words: pa.Array) -> NDArray[np.int32]:
    """The position of each string in the words, -1 where it is not among them."""
    codes = pc.fill_null(pc.index_in(column, value_set=words), -1)
    result: NDArray[np.int32] = codes.to_numpy(zero_copy_only=False) if len(codes) else np.zeros(0, dtype=np.int32)
    return result


def pair_keys(left: Column, right: Column, rows: pa.Array, columns: pa.Array) -> NDArray[np.int64]:
    """row × n_columns + column of each pair; -1 where one of both is unknown."""
    row, column = codes(left, rows).astype(np.int64), codes(right, columns)
    return np.where((row >= 0) & (column >= 0), row * max(len(columns), 1) + column, -1)


def objects(words: pa.Array) -> Ids:
    """The words as a NumPy array of str."""
    result: Ids = words.to_numpy(zero_copy_only=False).astype(object)
    return result


def floats(values: Any, n: int, default: float) -> NDArray[np.float64]:
    """The values in double precision, `default` where missing."""
    if values is None:
        return np.full(n, default)
    if isinstance(values, pa.Array | pa.ChunkedArray):
        values = pc.fill_null(values.cast(pa.float64()), default).to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float64)


def times(values: Any, n: int) -> NDArray[np.int64]:
    """The values as int64, NO_TIME where missing."""
    if values is None:
        return np.full(n, NO_TIME)
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        values = pa.array(values, type=pa.int64(), from_pandas=True)
    result: NDArray[np.int64] = pc.fill_null(values.cast(pa.int64()), NO_TIME).to_numpy(zero_copy_only=False)
    return result


def extents(
    weight: NDArray[np.float64], stated: NDArray[np.float64], count: NDArray[np.floating | np.integer]
) -> NDArray[np.float64]:
    """How much each row says: the weight that the data state, else that of its kind as often as it was done."""
    return np.where(np.isnan(stated), weight * count, stated)


def stated_weights(weight: NDArray[np.float64], stated: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights that the data state in place of those of the kinds, where a row counts as liking and states one.

    What counts as liking stays the kind's. On the average likes weigh what their kinds do, so that no setting of a
    model need know on which scale weights are stated. Where none is stated these are the very weights.
    """
    liked = weight > 0
    told = liked & ~np.isnan(stated)
    if not told.any():
        return weight
    found = np.where(told, np.maximum(stated, LEAST_STATED), weight)
    return np.where(liked, found * (weight[liked].mean() / found[liked].mean()), weight)


def weigh(kinds: Column, table: Mapping[str, float]) -> NDArray[np.float64]:
    """The weight of each kind."""
    encoded = pa.chunked_array(kinds).combine_chunks().dictionary_encode() if len(kinds) else None
    if encoded is None:
        return np.zeros(0)
    weights = np.array(
        [table.get(kind, kind_weight(kind)) for kind in encoded.dictionary.to_pylist()], dtype=np.float64
    )
    result: NDArray[np.float64] = weights[encoded.indices.to_numpy(zero_copy_only=False)]
    return result


def positions(words: Ids, wanted: Sequence[str] | Ids) -> NDArray[np.int64]:
    """The position of each wanted word in sorted words, -1 where it is not there."""
    asked = np.asarray(wanted, dtype=object)
    if not len(words):
        return np.full(len(asked), -1, dtype=np.int64)
    found = np.minimum(np.searchsorted(words, asked), len(words) - 1)
    return np.where(words[found] == asked, found, -1).astype(np.int64)

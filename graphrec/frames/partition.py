"""One partition of events: sorted, freed of equal rows, summed up a user, item and kind, and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from graphrec.frames.vocabulary import Codes

NO_COUNT = -1
NO_TIME = int(np.iinfo(np.int64).min)
MISSING: Mapping[str, int | float] = MappingProxyType(
    {"kind": 0, "count": NO_COUNT, "weight": float("nan"), "rating": float("nan"), "at": NO_TIME}
)
"""The columns of an event beside user and item, and what stands for a missing value in a column of numbers."""

Column = npt.NDArray[Any]
Columns = dict[str, Column]
"""Columns of numbers by name; a column that is absent holds nothing but missing values."""


@dataclass(frozen=True)
class Words:
    """A vocabulary in the order of code points: the rank of each code, and the words by rank."""

    rank: Codes
    by_rank: pa.Array


def write_partition(columns: Columns, words: Mapping[str, Words], events: Path, sums: Path | None) -> int:
    """Write the different events, and their sums where a path is given; how many events there are."""
    columns.setdefault("kind", np.zeros(len(columns["user_id"]), dtype=np.int64))
    for name, vocabulary in words.items():
        columns[name] = vocabulary.rank[columns[name]]
    key, columns = _sorted(columns, words)
    keep = ~_repeats(key, columns)
    if not keep.all():
        key, columns = key[keep], {name: column[keep] for name, column in columns.items()}
    ids = {name: _spelled(columns[name], words[name]) for name in words}
    _write(ids, columns, ("count", "weight", "rating", "at"), events)
    if sums:
        first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        if len(first) < len(key):
            ids = {name: column.take(pa.array(first)) for name, column in ids.items()}
        _write(ids, _summed(columns, first, len(key)), ("count", "weight", "rating", "first_at", "last_at"), sums)
    return len(key)


def _sorted(columns: Columns, words: Mapping[str, Words]) -> tuple[npt.NDArray[np.int64], Columns]:
    """The columns in the order of user, item, kind, time, rating, count, weight; and the key of the first three."""
    user = columns["user_id"].astype(np.int64)
    user -= user.min()
    key = (user * len(words["item_id"].by_rank) + columns["item_id"]) * len(words["kind"].by_rank) + columns["kind"]
    order = np.argsort(key)
    key = key[order]
    again = np.flatnonzero(key[1:] == key[:-1])
    if len(again):
        places = np.union1d(again, again + 1)
        tied = order[places]
        others = [columns[name][tied] for name in ("weight", "count", "rating", "at") if name in columns]
        last = np.lexsort([*(_missing_first(other) for other in others), key[places]])
        order[places] = tied[last]
    return key, {name: column[order] for name, column in columns.items()}


def _missing_first(column: Column) -> Column:
    return np.nan_to_num(column, nan=-np.inf) if column.dtype == np.float64 else column


def _repeats(key: npt.NDArray[np.int64], columns: Columns) -> npt.NDArray[np.bool_]:
    """Which rows equal the row before."""
    repeats = np.zeros(len(key), dtype=bool)
    places = np.flatnonzero(key[1:] == key[:-1]) + 1
    equal = np.ones(len(places), dtype=bool)
    for name in ("count", "weight", "rating", "at"):
        if name in columns:
            now, before = columns[name][places], columns[name][places - 1]
            equal &= now == before if now.dtype == np.int64 else (now == before) | (np.isnan(now) & np.isnan(before))
    repeats[places[equal]] = True
    return repeats


def _summed(columns: Columns, first: Column, n_rows: int) -> Columns:
    """One row a group that begins at `first`; its rows run by time, then rating, missing ones first."""
    last = np.r_[first[1:], n_rows] - 1
    at = columns.get("at")
    count = columns.get("count", np.full(n_rows, NO_COUNT))
    sums: Columns = {"count": np.add.reduceat(np.where(count == NO_COUNT, 1, count), first)}
    if "weight" in columns:
        sums["weight"] = _sum_known(columns["weight"], first)
    if "rating" in columns:
        sums["rating"] = _last_known(columns["rating"], first, last)
    if at is not None:
        known = np.where(at == NO_TIME, np.iinfo(np.int64).max, at)
        sums["last_at"] = at[last]
        sums["first_at"] = np.where(at[last] == NO_TIME, NO_TIME, np.minimum.reduceat(known, first))
    return sums


def _sum_known(values: Column, first: Column) -> Column:
    missing = np.isnan(values)
    sums = np.add.reduceat(np.where(missing, 0.0, values), first)
    return np.where(np.logical_and.reduceat(missing, first), np.nan, sums)


def _last_known(values: Column, first: Column, last: Column) -> Column:
    """A row a group: the last value that isn't missing, NaN where all are."""
    place = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))[last]
    return np.where(place >= first, values[place], np.nan)


def _write(ids: Mapping[str, pa.Array], columns: Columns, names: tuple[str, ...], path: Path) -> None:
    arrays = dict(ids)
    for name in names:
        kind = pa.float64() if name in ("weight", "rating") else pa.int64()
        column = columns.get(name)
        if column is None:
            arrays[name] = pa.nulls(len(ids["user_id"]), kind)
        else:
            missing = np.isnan(column) if kind == pa.float64() else column == (NO_COUNT if name == "count" else NO_TIME)
            arrays[name] = pa.array(column, mask=missing)
    pq.write_table(
        pa.table(arrays),
        path,
        compression="lz4",
        write_statistics=False,  # readers take whole tables, and finding the least of the ids costs half of the writing
        use_dictionary=[*ids, "rating", "weight", "count"],
        dictionary_pagesize_limit=1 << 26,
        store_schema=False,  # else the readers would get dictionaries where the contract says strings
    )


def _spelled(ranks: Column, words: Words) -> pa.DictionaryArray:
    """The words of the ranks, as a dictionary of those that occur."""
    occurs = np.zeros(len(words.by_rank), dtype=bool)
    occurs[ranks] = True
    codes = (np.cumsum(occurs, dtype=np.int32) - 1)[ranks]
    used = words.by_rank.take(pa.array(np.flatnonzero(occurs))).cast(pa.string())
    return pa.DictionaryArray.from_arrays(codes.astype(np.int32), used)

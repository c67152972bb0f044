"""One partition of events: sorted, freed of equal rows, summed up a user, item and kind, and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from graphrec.frames.vocabulary import Codes

EVENT = np.dtype(
    [
        ("user_id", "<i4"),
        ("item_id", "<i4"),
        ("kind", "<i4"),
        ("count", "<i8"),
        ("weight", "<f8"),
        ("rating", "<f8"),
        ("at", "<i8"),
    ]
)
"""An event with its ids as codes. Missing is NO_COUNT, NO_TIME and NaN."""

NO_COUNT = -1
NO_TIME = np.iinfo(np.int64).min

Column = npt.NDArray[Any]
Columns = dict[str, Column]


@dataclass(frozen=True)
class Words:
    """A vocabulary in the order of code points: the rank of each code, and the words by rank."""

    rank: Codes
    by_rank: pa.Array


def write_partition(rows: npt.NDArray[np.void], words: dict[str, Words], events: Path, sums: Path | None) -> int:
    """Write the different events, and their sums where a path is given; how many events there are."""
    columns: Columns = {name: np.ascontiguousarray(rows[name]) for name in EVENT.names or ()}
    for name, vocabulary in words.items():
        columns[name] = vocabulary.rank[columns[name]]
    key, columns = _sorted(columns, words)
    keep = ~_repeats(key, columns)
    if not keep.all():
        key, columns = key[keep], {name: column[keep] for name, column in columns.items()}
    _write(columns, words, events)
    if sums:
        _write(_summed(key, columns), words, sums)
    return len(key)


def _sorted(columns: Columns, words: dict[str, Words]) -> tuple[npt.NDArray[np.int64], Columns]:
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
        weight, rating = (np.nan_to_num(columns[name][tied], nan=-np.inf) for name in ("weight", "rating"))
        last = np.lexsort((weight, columns["count"][tied], rating, columns["at"][tied], key[places]))
        order[places] = tied[last]
    return key, {name: column[order] for name, column in columns.items()}


def _repeats(key: npt.NDArray[np.int64], columns: Columns) -> npt.NDArray[np.bool_]:
    """Which rows equal the row before."""
    repeats = np.zeros(len(key), dtype=bool)
    places = np.flatnonzero(key[1:] == key[:-1]) + 1
    equal = np.ones(len(places), dtype=bool)
    for name in ("count", "weight", "rating", "at"):
        bits = columns[name].view(np.int64)
        equal &= bits[places] == bits[places - 1]
    repeats[places[equal]] = True
    return repeats


def _summed(key: npt.NDArray[np.int64], columns: Columns) -> Columns:
    """One row a key; the rows of a key run by time, then rating, missing ones first."""
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    last = np.r_[first[1:], len(key)] - 1
    count = np.where(columns["count"] == NO_COUNT, 1, columns["count"])
    ids = {name: columns[name][first] for name in ("user_id", "item_id", "kind")}
    if len(first) == len(key):
        values = {"weight": columns["weight"], "rating": columns["rating"], "last_at": columns["at"]}
        return {**ids, "count": count, **values, "first_at": columns["at"]}
    times = np.where(columns["at"] == NO_TIME, np.iinfo(np.int64).max, columns["at"])
    return {
        **ids,
        "count": np.add.reduceat(count, first),
        "weight": _sum_known(columns["weight"], first),
        "rating": _last_known(columns["rating"], first, last),
        "last_at": columns["at"][last],
        "first_at": np.where(columns["at"][last] == NO_TIME, NO_TIME, np.minimum.reduceat(times, first)),
    }


def _sum_known(values: Column, first: Column) -> Column:
    missing = np.isnan(values)
    sums = np.add.reduceat(np.where(missing, 0.0, values), first)
    return np.where(np.logical_and.reduceat(missing, first), np.nan, sums)


def _last_known(values: Column, first: Column, last: Column) -> Column:
    """A row a group: the last value that isn't missing, NaN where all are."""
    place = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))[last]
    return np.where(place >= first, values[place], np.nan)


def _write(columns: Columns, words: dict[str, Words], path: Path) -> None:
    arrays = {}
    order = [*words, "count", "weight", "rating", *(name for name in ("at", "first_at", "last_at") if name in columns)]
    for name in order:
        column = columns[name]
        if name in words:
            arrays[name] = _spelled(column, words[name])
        elif column.dtype == np.float64:
            arrays[name] = pa.array(column, mask=np.isnan(column))
        else:
            arrays[name] = pa.array(column, mask=column == (NO_COUNT if name == "count" else NO_TIME))
    pq.write_table(
        pa.table(arrays),
        path,
        compression="zstd",
        compression_level=1,
        use_dictionary=[*words, "rating", "weight", "count"],
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

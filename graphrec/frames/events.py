"""Events on disk: spread over partitions of users, sorted, freed of equal rows, and summed up.

Ids become integers while rows arrive, so that sorting compares numbers; each partition holds about half a million
rows, so memory follows the number of different ids and not the number of rows. Columns that never hold a value
take no room.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphrec.frames.partition import MISSING, Column, Columns, Words, write_partition
from graphrec.frames.vocabulary import Codes, Vocabulary, encoded

PARTITION_ROWS = 500_000
SLICE_ROWS = 1_000_000
PENDING_WORDS = 500_000
PENDING_ROWS = 4_000_000

_IDS = ("user_id", "item_id", "kind")

Matrix = npt.NDArray[np.int64]
"""Rows of events: user and item in one number (`user << 32 | item`), then the bits of the columns of a layout."""


class EventStore:
    """Takes conforming rows of events; `write` turns them into sorted Parquet files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vocabularies = {name: Vocabulary() for name in _IDS}
        self.n_rows = 0
        self._pending: list[tuple[Columns, dict[str, pa.Array]]] = []
        self._n_pending_words = self._n_pending_rows = 0
        self._layout: tuple[str, ...] = ()
        self._raw: list[tuple[Path, tuple[str, ...], int]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, rows: pa.Table) -> None:
        """Stage rows whose ids are clean; ids may be dictionaries."""
        ids = {name: encoded(rows[name]) for name in _IDS}
        columns: Columns = {name: column.indices.to_numpy() for name, column in ids.items()}
        for name, missing in MISSING.items():
            if name != "kind" and rows[name].null_count < rows.num_rows:
                columns[name] = rows[name].fill_null(missing).to_numpy()
        self._pending.append((columns, {name: column.dictionary for name, column in ids.items()}))
        self.n_rows += rows.num_rows
        self._n_pending_rows += rows.num_rows
        self._n_pending_words += sum(len(column.dictionary) for column in ids.values())
        n_known = sum(map(len, self.vocabularies.values()))
        if self._n_pending_rows > PENDING_ROWS or self._n_pending_words > max(PENDING_WORDS, n_known):
            self._flush()

    def write(self, events: Path, sums: Path | None) -> int:
        """Write the different events, in the order of user, item and kind, and their sums; how many events."""
        self._flush()
        words = {name: _in_order(vocabulary) for name, vocabulary in self.vocabularies.items()}
        for folder in (events, *([sums] if sums else [])):
            folder.mkdir(parents=True, exist_ok=True)
        paths = self._spread(words["user_id"])

        def write_one(n: int) -> int:
            columns = _columns(np.fromfile(paths[n], np.int64).reshape(-1, 1 + len(self._layout)), self._layout)
            paths[n].unlink()
            name = f"part-{n:05d}.parquet"
            return write_partition(columns, words, events / name, sums / name if sums else None)

        with ThreadPoolExecutor(2) as pool:
            n_events = sum(pool.map(write_one, range(len(paths))))
        shutil.rmtree(self.folder)
        return n_events

    def _flush(self) -> None:
        """Give the pending rows the codes of the vocabularies and write them down."""
        if not self._pending:
            return
        for name, vocabulary in self.vocabularies.items():
            maps = vocabulary.extend([words[name] for _, words in self._pending])
            for (columns, _), codes in zip(self._pending, maps, strict=True):
                columns[name] = codes[columns[name]]
        for columns, _ in self._pending:
            self._append(columns)
        self._pending.clear()
        self._n_pending_words = self._n_pending_rows = 0

    def _append(self, columns: Columns) -> None:
        """Write rows down; a column that comes up for the first time widens the layout from here on."""
        there = [name for name in MISSING if name in columns and (name != "kind" or columns[name].any())]
        grown = tuple(name for name in MISSING if name in there or name in self._layout)
        if grown != self._layout or not self._raw:
            self._layout = grown
            self._raw.append((self.folder / f"events-{len(self._raw)}.bin", grown, 0))
        path, layout, n_rows = self._raw[-1]
        matrix = _matrix(columns, layout)
        with path.open("ab") as file:
            matrix.tofile(file)
        self._raw[-1] = (path, layout, n_rows + len(matrix))

    def _slices(self) -> Iterator[Matrix]:
        """All rows in the last layout, a slice at a time."""
        for path, layout, n_rows in self._raw:
            width = 1 + len(layout)
            for start in range(0, n_rows, SLICE_ROWS):
                rows = np.fromfile(path, np.int64, count=SLICE_ROWS * width, offset=start * width * 8)
                rows = rows.reshape(-1, width)
                yield rows if layout == self._layout else _matrix(_columns(rows, layout), self._layout)

    def _spread(self, users: Words) -> list[Path]:
        """Deal the rows into files by user, so that the files follow each other in the order of users."""
        partition_of = self._partitions(users)
        n_partitions = int(partition_of.max()) + 1
        paths = [self.folder / f"partition-{n:05d}.bin" for n in range(n_partitions)]
        for rows in self._slices():
            partition = partition_of[rows[:, 0] >> 32]
            ends = np.cumsum(np.bincount(partition, minlength=n_partitions))
            dealt = np.take(rows, np.argsort(partition, kind="stable"), axis=0)
            for path, begin, end in zip(paths, [0, *ends[:-1]], ends, strict=True):
                with path.open("ab") as file:
                    dealt[begin:end].tofile(file)
        for path, _, _ in self._raw:
            path.unlink()
        return paths

    def _partitions(self, users: Words) -> npt.NDArray[np.uint16]:
        """By code of a user, the partition: users in order, about PARTITION_ROWS rows each."""
        by_code = np.zeros(len(users.rank), dtype=np.int64)
        for rows in self._slices():
            by_code += np.bincount(rows[:, 0] >> 32, minlength=len(by_code))
        n_rows = np.empty_like(by_code)
        n_rows[users.rank] = by_code
        size = max(PARTITION_ROWS, self.n_rows // 30_000)
        wanted = (np.cumsum(n_rows) - n_rows) // size
        numbers: npt.NDArray[np.uint16] = np.unique(wanted, return_inverse=True)[1].astype(np.uint16)
        partitions: npt.NDArray[np.uint16] = numbers[users.rank]
        return partitions


def _matrix(columns: Columns, layout: tuple[str, ...]) -> Matrix:
    matrix = np.empty((len(columns["user_id"]), 1 + len(layout)), dtype=np.int64)
    np.left_shift(columns["user_id"], 32, out=matrix[:, 0], dtype=np.int64)
    matrix[:, 0] |= columns["item_id"]
    for n, name in enumerate(layout, 1):
        target: Column = matrix[:, n].view(np.float64) if isinstance(MISSING[name], float) else matrix[:, n]
        target[:] = columns.get(name, MISSING[name])
        if target.dtype == np.float64:
            target += 0.0  # -0.0 and 0.0 are one value
    return matrix


def _columns(matrix: Matrix, layout: tuple[str, ...]) -> Columns:
    columns: dict[str, npt.NDArray[Any]] = {"user_id": matrix[:, 0] >> 32, "item_id": matrix[:, 0] & 0xFFFFFFFF}
    for n, name in enumerate(layout, 1):
        column = np.ascontiguousarray(matrix[:, n])
        columns[name] = column.view(np.float64) if isinstance(MISSING[name], float) else column
    return columns


def _in_order(vocabulary: Vocabulary) -> Words:
    ranks: Codes = vocabulary.ranks()
    by_rank = np.empty_like(ranks)
    by_rank[ranks] = np.arange(len(ranks), dtype=np.int32)
    words = Words(ranks, vocabulary.words.take(pa.array(by_rank)))
    vocabulary.words = words.by_rank[:0]
    return words

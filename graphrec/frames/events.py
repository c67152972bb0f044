"""Events on disk: spread over partitions of users, sorted, freed of equal rows, and summed up.

Ids become integers while rows arrive, so that sorting compares numbers; each partition holds about half a million
rows, so memory follows the number of different ids and not the number of rows.
"""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphrec.frames.partition import EVENT, NO_COUNT, NO_TIME, Words, write_partition
from graphrec.frames.vocabulary import Codes, Vocabulary, encoded

PARTITION_ROWS = 500_000
SLICE_ROWS = 1_000_000
PENDING_WORDS = 500_000
PENDING_ROWS = 4_000_000

Rows = npt.NDArray[np.void]
_IDS = ("user_id", "item_id", "kind")


class EventStore:
    """Takes conforming rows of events; `write` turns them into sorted Parquet files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vocabularies = {name: Vocabulary() for name in _IDS}
        self.n_rows = 0
        self._pending: list[tuple[Rows, dict[str, pa.Array]]] = []
        self._n_pending_words = self._n_pending_rows = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._raw = folder / "events.bin"

    def add(self, rows: pa.Table) -> None:
        """Stage rows whose ids are clean; ids may be dictionaries."""
        ids = {name: encoded(rows[name]) for name in _IDS}
        events = np.empty(rows.num_rows, EVENT)
        for name, column in ids.items():
            events[name] = column.indices.to_numpy()
        events["count"] = _filled(rows["count"], NO_COUNT)
        events["at"] = _filled(rows["at"], NO_TIME)
        events["weight"] = _filled(rows["weight"], np.nan) + 0.0  # -0.0 and 0.0 are one value
        events["rating"] = _filled(rows["rating"], np.nan) + 0.0
        self._pending.append((events, {name: column.dictionary for name, column in ids.items()}))
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
        events.mkdir(parents=True, exist_ok=True)
        if sums:
            sums.mkdir(parents=True, exist_ok=True)
        paths = self._spread(words["user_id"])

        def write_one(n: int) -> int:
            rows = np.fromfile(paths[n], EVENT)
            paths[n].unlink()
            name = f"part-{n:05d}.parquet"
            return write_partition(rows, words, events / name, sums / name if sums else None)

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
            for (rows, _), codes in zip(self._pending, maps, strict=True):
                rows[name] = codes[rows[name]]
        with self._raw.open("ab") as file:
            for rows, _ in self._pending:
                rows.tofile(file)
        self._pending.clear()
        self._n_pending_words = self._n_pending_rows = 0

    def _spread(self, users: Words) -> list[Path]:
        """Deal the rows into files by user, so that the files follow each other in the order of users."""
        partition_of = self._partitions(users)
        n_partitions = int(partition_of.max()) + 1
        paths = [self.folder / f"partition-{n:05d}.bin" for n in range(n_partitions)]
        for start in range(0, self.n_rows, SLICE_ROWS):
            rows = np.fromfile(self._raw, EVENT, count=SLICE_ROWS, offset=start * EVENT.itemsize)
            partition = partition_of[rows["user_id"]]
            ends = np.cumsum(np.bincount(partition, minlength=n_partitions))
            rows = rows[np.argsort(partition, kind="stable")]
            for path, begin, end in zip(paths, [0, *ends[:-1]], ends, strict=True):
                with path.open("ab") as file:
                    rows[begin:end].tofile(file)
        self._raw.unlink()
        return paths

    def _partitions(self, users: Words) -> npt.NDArray[np.uint16]:
        """By code of a user, the partition: users in order, about PARTITION_ROWS rows each."""
        n_rows = np.zeros(len(users.rank), dtype=np.int64)
        for start in range(0, self.n_rows, SLICE_ROWS):
            rows = np.fromfile(self._raw, EVENT, count=SLICE_ROWS, offset=start * EVENT.itemsize)
            n_rows += np.bincount(users.rank[rows["user_id"]], minlength=len(n_rows))
        size = max(PARTITION_ROWS, self.n_rows // 30_000)
        by_rank = (np.cumsum(n_rows) - n_rows) // size
        numbers: npt.NDArray[np.uint16] = np.unique(by_rank, return_inverse=True)[1].astype(np.uint16)
        by_code: npt.NDArray[np.uint16] = numbers[users.rank]
        return by_code


def _in_order(vocabulary: Vocabulary) -> Words:
    ranks: Codes = vocabulary.ranks()
    by_rank = np.empty_like(ranks)
    by_rank[ranks] = np.arange(len(ranks), dtype=np.int32)
    words = Words(ranks, vocabulary.words.take(pa.array(by_rank)))
    vocabulary.words = words.by_rank[:0]
    return words


def _filled(column: pa.ChunkedArray, missing: float) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = column.fill_null(missing).to_numpy()
    return values

"""How often items were liked in which context: what the log of events tells, and each event since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.graph import Graph
from graphrec.serving.ids import Ids
from graphrec.snapshot import NO_TIME, Snapshot

HOUR_MS = 3_600_000
MONTH_MS = 2_629_746_000
"""A twelfth of the mean year, so that a month is one division here and in Cypher; a day or two off the calendar's."""

FIELDS = ("device", "location")
CYCLES: Mapping[str, tuple[int, int, int]] = {"hour": (HOUR_MS, 24, 2), "month": (MONTH_MS, 12, 1)}
"""What is read off a time in UTC: how long one is, how many there are, and how many neighbours on each side count."""

Pair = tuple[str, str]
"""A key and its value, such as mood and calm."""
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Part = tuple[Pair, Ints, Floats]
"""A pair, positions of items, each once, and how often each was liked in that context."""


def times_of(at: int) -> list[Pair]:
    """The hour and the month of a time (epoch ms), in UTC."""
    return [(key, str(at // length % many)) for key, (length, many, _) in CYCLES.items()]


def context_of(event: Mapping[str, Any]) -> list[Pair]:
    """What an event tells of its context."""
    told = [(name, event[name]) for name in FIELDS if event.get(name)]
    told += list((event.get("context") or {}).items())
    return told if event.get("at") is None else told + times_of(event["at"])


class Counts:
    """How often each item was counted by each name: columns of a matrix, and what came since in dictionaries.

    `matrix`: items × names, CSC with sorted rows. Adding one changes one entry of a dictionary.
    """

    def __init__(self, names: Sequence[Any], matrix: sparse.csc_array) -> None:
        matrix.sort_indices()
        self.matrix = matrix
        self.columns = {name: n for n, name in enumerate(names)}
        self.totals: dict[Any, float] = dict(zip(names, matrix.sum(axis=0).tolist(), strict=True))
        self._added: dict[Any, dict[int, int]] = {}

    def add(self, name: Any, item: int) -> None:
        """Count an item once more."""
        added = self._added.setdefault(name, {})
        added[item] = added.get(item, 0) + 1
        self.totals[name] = self.totals.get(name, 0) + 1

    def of(self, name: Any, items: Ints) -> Floats:
        """The counts of some items."""
        found = np.zeros(len(items))
        if name in self.columns:
            column = self.columns[name]
            begin, end = self.matrix.indptr[column : column + 2]
            rows, values = self.matrix.indices[begin:end], self.matrix.data[begin:end]
            place = np.minimum(np.searchsorted(rows, items), len(rows) - 1)
            found += np.where(rows[place] == items, values[place], 0)
        if name in self._added:
            added = self._added[name]
            found += np.fromiter((added.get(item, 0) for item in items.tolist()), dtype=np.float64, count=len(items))
        return found


class Tallies:
    """How often each item was liked in each context (`pairs`), and with each key known (`keys`)."""

    def __init__(self, pairs: Counts, keys: Counts) -> None:
        self.pairs = pairs
        self.keys = keys

    def count(self, item: int, pairs: Iterable[Pair]) -> None:
        """Count a like in its context."""
        for pair in pairs:
            self.pairs.add(pair, item)
            self.keys.add(pair[0], item)


def read_tallies(graph: Graph, ids: Ids, snapshot: Snapshot, columns: Ints) -> Tallies:
    """What the log of events tells; `columns`: the positions of the snapshot's items.

    Hour and month are those of each pair's last time where that tells more likes than the log: data that were loaded
    have no log, and what was logged has its time in the pairs, too. Cost: reading the log, in the graph.
    """
    parts = [_logged(row, ids) for row in graph.read("context/tallies")]
    timed = snapshot.last_at != NO_TIME
    logged = sum(part[2].sum() for part in parts if part[0][0] == "hour")
    if timed.sum() > logged:
        parts = [part for part in parts if part[0][0] not in CYCLES]
        parts += of_times(columns[snapshot.matrix.indices[timed]], snapshot.last_at[timed])
    return tallied(parts, len(ids))


def tallied(parts: Sequence[Part], n_items: int) -> Tallies:
    """Tallies of pairs, each given once."""
    parts = [part for part in parts if len(part[1])]
    pairs = [part[0] for part in parts]
    keys = {key: n for n, key in enumerate(dict.fromkeys(key for key, _ in pairs))}
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *(items for _, items, _ in parts)])
    data = np.concatenate([np.zeros(0), *(counts for _, _, counts in parts)])
    columns = np.repeat(np.arange(len(parts)), [len(items) for _, items, _ in parts])
    of_key = np.array([keys[key] for key, _ in pairs], dtype=np.int64)[columns]
    return Tallies(
        Counts(pairs, sparse.csc_array((data, (rows, columns)), shape=(n_items, len(pairs)))),
        Counts(list(keys), sparse.csc_array((data, (rows, of_key)), shape=(n_items, len(keys)))),
    )


def _logged(row: Mapping[str, Any], ids: Ids) -> Part:
    """Items that the log knows but the graph no longer has are left out."""
    known = [n for n, item_id in enumerate(row["item_ids"]) if item_id in ids.places]
    items = ids.find((row["item_ids"][n] for n in known), "item")
    return (row["key"], row["value"]), np.array(items, dtype=np.int64), np.array(row["counts"], dtype=np.float64)[known]


def of_times(items: Ints, at: Ints) -> list[Part]:
    """What times (epoch ms) of likes tell of hours and months; `items`: the position of each."""
    found: list[Part] = []
    for key, (length, many, _) in CYCLES.items():
        when = at // length % many
        for value in np.unique(when).tolist():
            liked, counts = np.unique(items[when == value], return_counts=True)
            found.append(((key, str(value)), liked, counts.astype(np.float64)))
    return found

"""Which items are new: first taken up lately, or known to hardly anyone, so that likes can't yet speak for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.graph import Graph
from graphrec.serving.ids import Bools, Ids
from graphrec.serving.trends import DAY_MS, latest_ms
from graphrec.transfer import NO_TIME

ITEMS_A_PAGE = 5_000
NEW_DAYS = 30
HARDLY = 2
"""An item that as many people like, or fewer, is known to hardly anyone."""


@dataclass(frozen=True, eq=False)
class Arrivals:
    """`new` by position, as it was when the graph was read; items that came later are new."""

    new: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def is_new(self, items: NDArray[np.int64]) -> Bools:
        """Which of some items are new."""
        found = np.ones(len(items), dtype=bool)
        known = items < len(self.new)
        found[known] = self.new[items[known]]
        return found

    def with_likers(self, items: NDArray[np.int64], n_likers: NDArray[np.int64]) -> Arrivals:
        """The same once fewer people like some items; `n_likers`: how many like each item now."""
        fewer = items[(items < len(self.new)) & (n_likers[items] <= HARDLY)]
        new = self.new.copy()
        new[fewer] = True
        return Arrivals(new)


def read_arrivals(graph: Graph, ids: Ids, liked: sparse.csr_array, last_at: NDArray[np.int64]) -> Arrivals:
    """New are items that at most HARDLY people like, and those first taken up after `newest_begin`.

    A pair's latest time bounds its first one, so only items that nobody took up for the last time before then are
    looked up in the graph: few, unless all of the data are as young.
    """
    n_likers = np.bincount(liked.indices, minlength=len(ids))
    timed = (last_at != NO_TIME) & (last_at <= latest_ms())
    begin = newest_begin(last_at[timed])
    earliest = np.full(len(ids), np.iinfo(np.int64).max)
    np.minimum.at(earliest, liked.indices[timed], last_at[timed])
    new = n_likers <= HARDLY
    doubtful = np.flatnonzero(~new & (earliest > begin) & (earliest < np.iinfo(np.int64).max))
    for item_id, first_at in _first_times(graph, [ids.names[item] for item in doubtful.tolist()]):
        new[ids.places[item_id]] = first_at > begin
    return Arrivals(new)


def newest_begin(times: NDArray[np.int64]) -> int:
    """When the newest time of the data begins: their last NEW_DAYS days, or their last tenth where that is shorter."""
    if not len(times):
        return int(np.iinfo(np.int64).max)
    newest, oldest = int(times.max()), int(times.min())
    return newest - min(NEW_DAYS * DAY_MS, (newest - oldest) // 10)


def _first_times(graph: Graph, item_ids: list[str]) -> Iterator[tuple[str, int]]:
    for start in range(0, len(item_ids), ITEMS_A_PAGE):
        for row in graph.read("items/first_times", item_ids=item_ids[start : start + ITEMS_A_PAGE]):
            yield row["item_id"], row["first_at"]

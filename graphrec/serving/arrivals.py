"""Which items are new: first taken up lately, or known to hardly anyone, so that likes can't yet speak for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

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

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class FirstTimes:
    """When people first did something to some items: columns of positions and epoch milliseconds."""

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    at: NDArray[np.int64]

    @classmethod
    def none(cls) -> FirstTimes:
        """Of no items."""
        return cls(*(np.zeros(0, dtype=np.int64) for _ in range(3)))


@dataclass(frozen=True, eq=False)
class Uptake:
    """`liked`: users × items; `last_at`: epoch milliseconds beside `liked.data`, NO_TIME for none; `firsts`: of the
    items that may be new, so far as the graph told. Items are new here as the module says, and of nobody who is hidden.
    """

    liked: sparse.csr_array
    last_at: NDArray[np.int64]
    firsts: FirstTimes = field(default_factory=FirstTimes.none)

    def new_without(self, hidden: Collection[int]) -> Bools:
        """Which items are new, were those people not there. Cost: a pass over all likes, 5 ms for 810,000."""
        n_likers, earliest, times = self._facts(hidden)
        return (n_likers <= HARDLY) | ((earliest > newest_begin(times)) & (earliest < NEVER))

    def doubtful(self, hidden: Collection[int]) -> NDArray[np.int64]:
        """Items that are new unless somebody took them up before the last time that is known. Also those that would be
        new, were the newest time as much again: it begins earlier once whoever did the latest things is hidden."""
        n_likers, earliest, times = self._facts(hidden)
        return np.flatnonzero((n_likers > HARDLY) & (earliest > newest_begin(times, 2)) & (earliest < NEVER))

    def _facts(self, hidden: Collection[int]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """How many like each item, when it was first taken up, and the last times of all pairs."""
        n_users, n_items = self.liked.shape
        counts = np.ones(n_users, dtype=bool)
        counts[[user for user in hidden if user < n_users]] = False
        likes = np.repeat(counts, np.diff(self.liked.indptr))
        timed = likes & (self.last_at != NO_TIME) & (self.last_at <= latest_ms())
        earliest = np.full(n_items, NEVER)
        np.minimum.at(earliest, self.liked.indices[timed], self.last_at[timed])
        told = ~np.isin(self.firsts.users, list(hidden))
        np.minimum.at(earliest, self.firsts.items[told], self.firsts.at[told])
        return np.bincount(self.liked.indices[likes], minlength=n_items), earliest, self.last_at[timed]


@dataclass(frozen=True, eq=False)
class Arrivals:
    """`new` by position, as it was when the graph was read, but for people who were removed or have opted out since;
    items that came later are new. `hidden`: who those people are.
    """

    new: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))
    uptake: Uptake | None = None
    hidden: frozenset[int] = frozenset()

    def is_new(self, items: NDArray[np.int64]) -> Bools:
        """Which of some items are new."""
        found = np.ones(len(items), dtype=bool)
        known = items < len(self.new)
        found[known] = self.new[items[known]]
        return found

    def hide(self, *users: int) -> Arrivals:
        """The same without what some people did."""
        return self._of(self.hidden.union(users))

    def show(self, user: int) -> Arrivals:
        """The same with what somebody did that was hidden."""
        return self._of(self.hidden - {user})

    def _of(self, hidden: frozenset[int]) -> Arrivals:
        if self.uptake is None or hidden == self.hidden:
            return self
        return replace(self, new=self.uptake.new_without(hidden), hidden=hidden)


def read_arrivals(graph: Graph, ids: tuple[Ids, Ids], uptake: Uptake, hidden: Collection[int]) -> Arrivals:
    """New are items that at most HARDLY people like, and those first taken up after `newest_begin`.

    A pair's latest time bounds its first one, so only items that nobody took up for the last time before then are
    looked up in the graph: few, unless all of the data are as young. `ids`: of users and of items. `hidden`: people who
    don't count.
    """
    uptake = replace(uptake, firsts=_first_times(graph, *ids, uptake.doubtful(hidden)))
    return Arrivals(uptake.new_without(hidden), uptake, frozenset(hidden))


def newest_begin(times: NDArray[np.int64], n: int = 1) -> int:
    """When the newest time of the data begins: their last NEW_DAYS days, or their last tenth where that is shorter; or
    n times as many."""
    if not len(times):
        return int(NEVER)
    newest, oldest = int(times.max()), int(times.min())
    return newest - n * min(NEW_DAYS * DAY_MS, (newest - oldest) // 10)


def _first_times(graph: Graph, users: Ids, items: Ids, which: NDArray[np.int64]) -> FirstTimes:
    """Of some items and of people who are known."""
    found: list[tuple[int, int, int]] = []
    for start in range(0, len(which), ITEMS_A_PAGE):
        page = [items.names[item] for item in which[start : start + ITEMS_A_PAGE].tolist()]
        for row in graph.read("items/first_times_of_each", item_ids=page):
            item = items.places[row["item_id"]]
            told = zip(row["user_ids"], row["first_at"], strict=True)
            found += [(users.places[user_id], item, at) for user_id, at in told if user_id in users.places]
    return FirstTimes(*np.array(found, dtype=np.int64).reshape(-1, 3).T)

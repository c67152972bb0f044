"""What people take up these days: every like counts, and half as much with each half-life that has passed since.

    count(j) = Σ over people v of w(v, j) · 0.5^((t* − t(v, j)) / half-life)

as the query popular/trending has it, with t* the time of the newest like instead of the clock's: so a graph whose
data end long ago has trends too, and an answer doesn't change by itself.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.transfer import NO_TIME

DAY_MS = 86_400_000
LEAST = 1.0
"""A trending item has the count of one person's like of this moment, at least; what is below is left to popularity."""

FAR = 64
"""Half-lives after which counts are brought to a newer time, long before a number of double precision ends."""

Pair = tuple[float, int]
"""The largest weight of what somebody did to an item, and when it was done last; NO_TIME: never."""

NOTHING: Pair = (0.0, NO_TIME)


class Trends:
    """`liked`: users × items with weights; `last_at`: epoch milliseconds beside `liked.data`, NO_TIME for none.

    Likes without a time, and those of more than a day from now, which a wrong clock told, don't count.
    """

    def __init__(self, liked: sparse.csr_array, last_at: NDArray[np.int64], half_life_ms: float) -> None:
        self._liked, self._last_at, self._half_life = liked, last_at, half_life_ms
        self._pairs: dict[tuple[int, int], Pair] = {}
        self._hidden: set[int] = set()
        self._best: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None
        self._recount()

    @classmethod
    def none(cls) -> Trends:
        """Of nobody's likes, with a half-life of a week."""
        nobody = sparse.csr_array(np.zeros((0, 0), dtype=np.float32))
        return cls(nobody, np.zeros(0, dtype=np.int64), 7.0 * DAY_MS)

    def apply(self, user: int, item: int, weight: float, at: int | None) -> None:
        """Take in what somebody did: a pair has its largest weight and its latest time, so again changes nothing."""
        if weight <= 0 or at is None or at > latest_ms():
            return
        known = self._pairs.get((user, item)) or self._before(user, item)
        now = max(known[0], weight), max(known[1], at)
        if now != known:
            self._pairs[user, item] = now
            if user not in self._hidden:
                self._count(item, known, now)

    def hide(self, user: int, items: NDArray[np.int64]) -> None:
        """Let nothing count that a user did, to all of these items, until `show`. Doing it again changes nothing."""
        if user in self._hidden:
            return
        pairs = self._pairs_of(user, items)
        self._hidden.add(user)
        for item, pair in pairs:
            self._count(item, pair, NOTHING)
        if self._newest in (at for _, (_, at) in pairs):  # counts that had become nothing beside it are something again
            self._recount()

    def show(self, user: int, items: NDArray[np.int64]) -> None:
        """Let count again what a user did, meanwhile too."""
        self._hidden.discard(user)
        for item, pair in self._pairs_of(user, items):
            self._count(item, NOTHING, pair)

    def best(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The items that trend, the most first, with their counts at the time of the newest like."""
        if self._best is None:
            age = self._decay(self._reference, self._newest) if self._newest != NO_TIME else 0.0
            counts = np.round(self._counts * age, 10)
            items = np.flatnonzero(counts >= LEAST)
            items = items[np.argsort(-counts[items], kind="stable")]
            self._best = items, counts[items]
        return self._best

    def _pairs_of(self, user: int, items: NDArray[np.int64]) -> list[tuple[int, Pair]]:
        found = [(item, self._pairs.get((user, item)) or self._before(user, item)) for item in items.tolist()]
        return [(item, pair) for item, pair in found if pair[1] != NO_TIME]

    def _count(self, item: int, before: Pair, now: Pair) -> None:
        if now[1] != NO_TIME:
            self._reach(now[1])
        self._grow(item)
        self._counts[item] += self._part(now) - self._part(before)
        self._best = None

    def _recount(self) -> None:
        """Count all likes of those who aren't hidden at the time of the newest of them. Cost: a pass over all."""
        timed = (self._last_at != NO_TIME) & (self._last_at <= latest_ms())
        if self._hidden:
            rows = np.repeat(np.arange(self._liked.shape[0]), np.diff(self._liked.indptr))
            timed &= ~np.isin(rows, list(self._hidden))
        later = [(key, pair) for key, pair in self._pairs.items() if key[0] not in self._hidden]
        newest = max((at for _, (_, at) in later), default=NO_TIME)
        self._newest = self._reference = max(newest, int(self._last_at[timed].max(initial=NO_TIME)))
        parts = self._liked.data[timed] * np.exp2((self._last_at[timed] - float(self._reference)) / self._half_life)
        counts = np.bincount(self._liked.indices[timed], weights=parts, minlength=self._liked.shape[1])
        self._counts, self._best = counts.astype(np.float64), None  # of nothing NumPy counts in whole numbers
        for (user, item), pair in later:
            self._grow(item)
            self._counts[item] += self._part(pair) - self._part(self._before(user, item))

    def _before(self, user: int, item: int) -> Pair:
        if user >= self._liked.shape[0]:
            return 0.0, NO_TIME
        begin, end = self._liked.indptr[user : user + 2]
        place = int(begin + np.searchsorted(self._liked.indices[begin:end], item))
        if place == end or self._liked.indices[place] != item:
            return 0.0, NO_TIME
        at = int(self._last_at[place])
        return (float(self._liked.data[place]), at) if NO_TIME < at <= latest_ms() else (0.0, NO_TIME)

    def _part(self, pair: Pair) -> float:
        return pair[0] * self._decay(pair[1], self._reference) if pair[1] != NO_TIME else 0.0

    def _decay(self, at: int, until: int) -> float:
        """What is left of 1 from one time to another; more than 1 backwards."""
        return float(2.0 ** ((at - until) / self._half_life))

    def _reach(self, at: int) -> None:
        """Let counts be of a time that isn't far before."""
        self._newest = max(self._newest, at)
        if self._reference == NO_TIME:
            self._reference = at
        elif at - self._reference > FAR * self._half_life:
            self._counts *= self._decay(self._reference, at)
            self._reference = at

    def _grow(self, item: int) -> None:
        if item >= len(self._counts):
            self._counts = np.concatenate([self._counts, np.zeros(max(item + 1 - len(self._counts), 1_000))])


def latest_ms() -> int:
    """The latest time that can be true: a day from now, because clocks differ."""
    return round(time.time() * 1000) + DAY_MS

"""What users' histories look like as numbers: how fast, how regular, how wide, and whether they hang together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec.audit.codes import encode
from graphrec.audit.source import Source

ROWS_A_PART = 4_000_000
MINUTE = 60.0
N_DRAWS = 200
USUAL = 10
"""From how many items on users tell what is usual."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pace:
    """A user's events in time. Gaps are seconds between events that follow within the pause, equal times left out.

    `spread`: the middle nine tenths of the gaps as a share of their median; infinite where there are too few.
    `awake`: the longest stretch without a pause, in seconds, with `awake_events`. `peak`: most events in a minute.
    """

    user: Ints
    n_events: Ints
    peak: Ints
    spread: Floats
    median_gap: Floats
    awake: Floats
    awake_events: Ints


def paces(source: Source, table: str, *, least: int, pause: float) -> Iterator[Pace]:
    """The pace of users with `least` events or more that have times, some users at a time."""
    source.db.execute(
        f'CREATE OR REPLACE TABLE busy AS SELECT "user", count(*) AS n FROM {table} WHERE "at" IS NOT NULL '
        f'GROUP BY "user" HAVING count(*) >= {int(least)}'
    )
    n_parts = int(source.value("SELECT coalesce(sum(n), 0) FROM busy")) // ROWS_A_PART + 1
    for part in range(n_parts):
        rows = source.arrays(
            f'SELECT "user", "at" FROM {table} SEMI JOIN busy USING ("user") '
            f'WHERE "at" IS NOT NULL AND "user" % {n_parts} = {part} ORDER BY "user", "at"'
        )
        if len(rows["user"]):
            yield _paces(rows["user"], rows["at"] / 1000.0, pause)


def _paces(user: Ints, at: Floats, pause: float) -> Pace:
    first = np.flatnonzero(np.r_[True, user[1:] != user[:-1]])
    last = np.r_[first[1:], len(user)]
    offset = np.repeat(np.arange(len(first)), last - first) * 1e11  # users apart on one line of time
    minute = np.searchsorted(at + offset, at + offset + MINUTE, side="left") - np.arange(len(at))
    gaps = [np.diff(at[a:b]) for a, b in zip(first, last, strict=True)]
    spread, median = np.array([_spread(one, pause) for one in gaps]).T
    awake = np.array([_awake(one, pause) for one in gaps])
    return Pace(
        user[first],
        last - first,
        np.maximum.reduceat(minute, first),
        spread,
        median,
        awake[:, 0],
        awake[:, 1].astype(np.int64),
    )


def _spread(gaps: Floats, pause: float) -> tuple[float, float]:
    """The spread of the gaps, and their median. Rounded times hide a pattern: gaps of few steps say nothing."""
    inside = gaps[(gaps > 0) & (gaps < pause)]
    if len(inside) < 30 or len(inside) * 2 < len(gaps):
        return np.inf, np.inf
    low, middle, high = np.percentile(inside, (5, 50, 95))
    return float((high - low) / middle), float(middle)


def _awake(gaps: Floats, pause: float) -> tuple[float, int]:
    """The longest time without a pause, and how many events lie in it."""
    cuts = np.r_[-1, np.flatnonzero(gaps > pause), len(gaps)]
    total = np.r_[0.0, np.cumsum(gaps)]
    lengths = total[cuts[1:]] - total[cuts[:-1] + 1]
    best = int(np.argmax(lengths))
    return float(lengths[best]), int(cuts[best + 1] - cuts[best])


@dataclass(frozen=True)
class Tastes:
    """Who has which items, each pair once: a CSR matrix of users and items, and what they say of taste.

    `blind`: how far the mean popularity of a user's items lies above that of all items, in standard errors: about 0
    where somebody takes items as they come, and well above where people choose.
    """

    matrix: sparse.csr_array
    popularity: Ints
    blind: Floats

    def among(self, share: float, most: float) -> Floats:
        """The least blindness of each user that is still ordinary: a share of what is usual for as many items.

        Where popularity says little, what is usual lies near 0 as well; `most` is the largest that is given.
        """
        found: Floats = np.minimum(most, share * self.usual)
        return found

    @cached_property
    def usual(self) -> Floats:
        """The blindness that people have who have as many items as each user.

        It follows the curve of people who draw by popularity until they have so many: whoever has much of the catalogue
        can't help having the unpopular, too. How far people here follow popularity is the median of all.
        """
        curve, long = np.interp(self.n_items, *self._curve), self.n_items >= USUAL
        if not long.any():
            return np.zeros(len(curve))
        follows = float(np.median(self.blind[long] / np.maximum(curve[long], 1e-9)))
        found: Floats = max(follows, 0.0) * curve
        return found

    @cached_property
    def _curve(self) -> tuple[Floats, Floats]:
        """Numbers of items, and the blindness of who draws by popularity until there are so many."""
        values, counts = np.unique(self.popularity, return_counts=True)
        n_items = int(counts.sum())
        rank = (np.cumsum(counts) - counts / 2) / n_items
        draws = np.geomspace(1e-3, 1e3, N_DRAWS)[:, None] * values / max(float(values @ counts), 1.0) * n_items
        there = -np.expm1(-draws) * counts
        n = there.sum(axis=1)
        deviation = np.sqrt(
            max(float(counts @ rank**2) / n_items - 0.25, 1e-9) * np.maximum(1 - n / n_items, 1 / n_items)
        )
        return n, ((there @ rank) / n - 0.5) / deviation * np.sqrt(n)

    @classmethod
    def of(cls, source: Source, table: str) -> Tastes:
        """The tastes of all users of a table of `encode`."""
        pairs = source.arrays(f'SELECT DISTINCT "user", item FROM {table} ORDER BY "user", item')
        shape = (int(source.value("SELECT count(*) FROM people")), int(source.value("SELECT count(*) FROM things")))
        counts = np.bincount(pairs["user"], minlength=shape[0])
        indptr = np.r_[0, np.cumsum(counts)]
        ones = np.ones(len(pairs["item"]), dtype=np.float32)
        matrix = sparse.csr_array((ones, pairs["item"].astype(np.int32), indptr), shape=shape)
        popularity = np.bincount(pairs["item"], minlength=shape[1])
        described = int(source.value("SELECT count(DISTINCT item_id) FROM items"))
        return cls(matrix, popularity, _blind(matrix, popularity, max(described - shape[1], 0)))

    @property
    def n_items(self) -> Ints:
        """How many items each user has."""
        return np.diff(self.matrix.indptr)

    def lift(self, users: Ints) -> Floats:
        """How often others have two of a user's items together, as a multiple of what chance would give.

        Chance is the configuration model: items as popular and users as active as they are, nothing else. Two standard
        errors are taken off, so that few pairs say little; NaN where fewer than 4 were to be expected. Cost: the
        columns of these users' items.
        """
        columns = self.matrix.tocsc()
        counts, popularity = self.n_items.astype(float), self.popularity.astype(float)
        kappa = float((counts * (counts - 1)).sum() / max(counts.sum(), 1.0) ** 2)
        found = np.full(len(users), np.nan)
        for place, user in enumerate(users):
            items = self.matrix.indices[self.matrix.indptr[user] : self.matrix.indptr[user + 1]]
            others_of = [columns.indices[columns.indptr[item] : columns.indptr[item + 1]] for item in items]
            overlap = np.bincount(np.concatenate(others_of), minlength=len(counts)).astype(float)
            overlap[user] = 0.0
            others = popularity[items] - 1.0
            expected = kappa * (others.sum() ** 2 - (others**2).sum()) / 2
            if expected >= 4:
                found[place] = ((overlap * (overlap - 1)).sum() / 2 - 2 * np.sqrt(expected)) / expected
        return found


def _blind(matrix: sparse.csr_array, popularity: Ints, n_silent: int) -> Floats:
    """The mean rank of users' items by the number of others who have them, against that of all items.

    Their own part is left out, because it makes an item that nobody else has twice as popular.
    """
    n_items = len(popularity) + n_silent
    counted = np.bincount(popularity, minlength=2)
    counted[0] += n_silent
    above = np.cumsum(counted)
    rank = (above - counted / 2) / n_items  # by popularity
    now, others = rank[popularity], rank[popularity - 1]
    n = np.maximum(np.diff(matrix.indptr), 1)
    everywhere = (now.sum() + n_silent * rank[0] - matrix @ (now - others)) / n_items
    spread = np.sqrt(max(float(counted @ rank**2) / n_items - 0.25, 1e-9) * np.maximum(1 - n / n_items, 1 / n_items))
    found: Floats = ((matrix @ others) / n - everywhere) / spread * np.sqrt(n)
    return found


def histories(source: Source, table: str = "interactions") -> tuple[str, Tastes]:
    """The table of encoded rows, and the tastes in it."""
    name = encode(source, table)
    return name, Tastes.of(source, name)

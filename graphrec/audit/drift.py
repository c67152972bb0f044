"""How far two profiles lie apart: PSI and Kolmogorov–Smirnov of what is spread, and ids that came and went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import kstwobign

from graphrec.audit.profile import Profile, profile_of
from graphrec.audit.source import Source

MODERATE, LARGE = 0.1, 0.25
"""The usual reading of PSI: below 0.1 nothing changed, from 0.25 on much did (Siddiqi 2006, Credit risk scorecards)."""
BINS = 10

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """What changed: `measure` is psi, ks, new or vanished; `value` from 0; `p` where there is one (ks).

    new and vanished: the share of the later and the earlier ids that the other lacks, `count` of them.
    """

    what: str
    measure: str
    value: float
    p: float | None = None
    count: int | None = None


@dataclass(frozen=True)
class Drift:
    """The changes from one stretch to another, by the names of both."""

    before: str
    after: str
    n_before: int
    n_after: int
    changes: Sequence[Change]

    def largest(self, measure: str) -> float:
        """The largest value of a measure."""
        return max((one.value for one in self.changes if one.measure == measure), default=0.0)


def drift(before: Profile, after: Profile) -> Drift:
    """What changed between two profiles."""
    changes = [*_spreads(before, after), *_ids("users", before.users, after.users)]
    changes += _ids("items", before.items, after.items)
    return Drift(before.name, after.name, before.n_rows, after.n_rows, changes)


def between_periods(source: Source) -> Drift | None:
    """The second half of the time that the interactions cover against the first; None without times.

    Halves are as long as each other, so that what people do in them can be compared. The hundredth of the times at
    either end doesn't say where the middle is, because wrong times lie there.
    """
    row = source.rows('SELECT quantile_cont("at", 0.01), quantile_cont("at", 0.99) FROM interactions')
    if not row or row[0][0] is None or row[0][0] >= row[0][1]:
        return None
    middle = round((row[0][0] + row[0][1]) / 2)
    day = source.value(f"SELECT strftime(make_timestamp({middle} * 1000), '%Y-%m-%d')")
    before = profile_of(source, f'"at" < {middle}', f"before {day}")
    return drift(before, profile_of(source, f'"at" >= {middle}', f"from {day}"))


def psi(before: npt.ArrayLike, after: npt.ArrayLike) -> float:
    """The population stability index of two histograms over the same bins; empty bins count as half a row."""
    first, second = (np.asarray(one, dtype=float) for one in (before, after))
    if not first.sum() or not second.sum():
        return 0.0
    p, q = (np.maximum(one, 0.5) / np.maximum(one, 0.5).sum() for one in (first, second))
    return float(((q - p) * np.log(q / p)).sum())


def ks(first: tuple[Shares, Shares], second: tuple[Shares, Shares]) -> tuple[float, float]:
    """The Kolmogorov–Smirnov distance of two samples given as values and counts, and its asymptotic p.

    With ties, as ratings have, p is too large rather than too small.
    """
    n, m = (float(counts.sum()) for _, counts in (first, second))
    if not n or not m:
        return 0.0, 1.0
    values = np.union1d(first[0], second[0])
    below = [_below(one, values) for one in (first, second)]
    distance = float(np.abs(below[0] - below[1]).max())
    return distance, float(kstwobign.sf(distance * np.sqrt(n * m / (n + m))))


def _below(sample: tuple[Shares, Shares], values: Shares) -> Shares:
    order = np.argsort(sample[0])
    total = np.r_[0.0, np.cumsum(np.asarray(sample[1], dtype=float)[order])]
    found: Shares = total[np.searchsorted(sample[0][order], values, side="right")] / total[-1]
    return found


def _spreads(before: Profile, after: Profile) -> list[Change]:
    found = []
    if len(before.ratings) and len(after.ratings):
        pair = [(one.ratings, one.rating_counts.astype(float)) for one in (before, after)]
        found.append(Change("ratings", "psi", psi(*_aligned(before, after, "ratings", "rating_counts"))))
        found.append(Change("ratings", "ks", *ks(pair[0], pair[1])))
    kinds = _aligned(before, after, "kinds", "kind_counts")
    if len(kinds[0]) > 1:
        found.append(Change("kinds", "psi", psi(*kinds)))
    if before.hours.any() and after.hours.any():
        found.append(Change("hours", "psi", psi(before.hours, after.hours)))
    found.append(Change("popularity", "psi", psi(*_popularity(before, after))))
    for what, name in (("events a user", "user_counts"), ("events an item", "item_counts")):
        sizes = [np.unique(getattr(one, name), return_counts=True) for one in (before, after)]
        samples = [(values.astype(float), counts.astype(float)) for values, counts in sizes]
        found.append(Change(what, "ks", *ks(samples[0], samples[1])))
    return found


def _aligned(before: Profile, after: Profile, keys: str, counts: str) -> tuple[Shares, Shares]:
    """The counts of both over the keys of either."""
    known = sorted({*getattr(before, keys), *getattr(after, keys)})
    told = [dict(zip(getattr(one, keys), getattr(one, counts), strict=True)) for one in (before, after)]
    first, second = (np.array([one.get(key, 0) for key in known], dtype=float) for one in told)
    return first, second


def _popularity(before: Profile, after: Profile) -> tuple[Shares, Shares]:
    """The events on the items of each tenth of the events before, from the most popular on, and on new ones."""
    order = np.argsort(-before.item_counts, kind="stable")
    covered = np.cumsum(before.item_counts[order]) - before.item_counts[order]
    bins = np.empty(len(order), dtype=np.int64)
    bins[order] = np.minimum(covered * BINS // max(int(before.item_counts.sum()), 1), BINS - 1)
    place = np.searchsorted(before.items, after.items)
    known = np.zeros(len(after.items), dtype=bool)
    inside = place < len(before.items)
    known[inside] = before.items[place[inside]] == after.items[inside]
    theirs = np.full(len(after.items), BINS)
    theirs[known] = bins[place[known]]
    first, second = np.zeros(BINS + 1), np.zeros(BINS + 1)
    np.add.at(first, bins, before.item_counts)
    np.add.at(second, theirs, after.item_counts)
    return first, second


def _ids(what: str, before: npt.NDArray[np.uint64], after: npt.NDArray[np.uint64]) -> list[Change]:
    new = len(after) - int(np.isin(after, before, assume_unique=True).sum())
    gone = len(before) - int(np.isin(before, after, assume_unique=True).sum())
    return [
        Change(what, "new", new / len(after) if len(after) else 0.0, count=new),
        Change(what, "vanished", gone / len(before) if len(before) else 0.0, count=gone),
    ]

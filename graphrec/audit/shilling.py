"""Groups of accounts made up to push or bury an item.

Made-up profiles (random, average and bandwagon attacks: Lam & Riedl 2004, Shilling recommender systems for fun and
profit; Mobasher et al. 2007, Toward trustworthy recommender systems) fill up with items drawn from the catalogue, so
their items are less popular than what people choose, and they agree on their target within some time. As in RD-TIA
(Zhou et al. 2014) profiles are suspected first, and then the items on which the suspects agree more than others do; a
scan over windows of time (Kulldorff 1997, A spatial scan statistic) finds groups that are small but at work together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import poisson

from graphrec.audit.bots import Found, flag_users
from graphrec.audit.codes import encode
from graphrec.audit.flags import Flags
from graphrec.audit.histories import Floats, Ints, Tastes
from graphrec.audit.scales import scale_of
from graphrec.audit.settings import Settings
from graphrec.audit.source import Source
from graphrec.audit.suspects import suspects

CHANCE = 1e-4
"""How many agreements as close as one that is flagged chance may bring, over all items, windows and suspects."""
CLEAR = 4.0
"""So many times more must agree than by chance, or too many of them are people."""
FIRST = 8
"""The most suspect come first: so many, then twice as many, and so on."""
HOUR = 3600
WINDOWS = (HOUR, 6 * HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR)
"""Within how many seconds a group may be at work, beside all the time that there is."""
ALWAYS = 2**32
"""More seconds than any data cover."""
N_TESTS = len(WINDOWS) + 1


@dataclass(frozen=True)
class Extremes:
    """The ratings at one end of the scale, by item and time: who gave them to what, and after how many seconds."""

    user: Ints
    item: Ints
    second: Ints

    def of(self, chosen: np.ndarray) -> Extremes:
        """Some of them, in the same order."""
        return Extremes(self.user[chosen], self.item[chosen], self.second[chosen])


@dataclass(frozen=True)
class Agreement:
    """`n` ratings of one item from the place `start` of `within` on, as close in time as seldom by chance."""

    within: Extremes
    start: int
    n: int
    chance: float


def shilling(source: Source, settings: Settings) -> Flags:
    """Users who look made up and agree with `settings.group_size` or more like them on an item's rating.

    None where there are no ratings on a known scale: what isn't rated is told by `bots`.
    """
    scale, table = scale_of(source, settings), encode(source)
    if scale is None:
        return flag_users(source, "shilling", [])
    tastes = Tastes.of(source, table)
    order = suspects(source, table, tastes, least=settings.group_drawn)
    place = np.full(len(tastes.n_items), len(tastes.n_items))
    place[order] = np.arange(len(order))
    shape = len(order), len(tastes.popularity)
    found: Found = []
    for verb, limit in (("push", f"rating >= {scale.high - 1e-6}"), ("bury", f"rating <= {scale.low + 1e-6}")):
        found += _members(_extremes(source, table, limit), place, shape, verb, settings)
    return flag_users(source, "shilling", found)


def _extremes(source: Source, table: str, limit: str) -> Extremes:
    rows = source.arrays(
        f'SELECT "user", item, coalesce(min("at") // 1000, 0) AS second FROM {table} WHERE {limit} '
        'GROUP BY "user", item ORDER BY item, second, "user"'
    )
    second = rows["second"].astype(np.int64)
    if len(second):
        second = np.clip(second - int(np.percentile(second, 1)) + ALWAYS // 8, 0, ALWAYS // 2)
    return Extremes(rows["user"].astype(np.int64), rows["item"].astype(np.int64), second)


def _members(extremes: Extremes, place: Ints, shape: tuple[int, int], verb: str, settings: Settings) -> Found:
    """Who belongs to a group: suspects who agree on a target, where chance doesn't bring as many."""
    best: dict[int, tuple[float, int]] = {}
    for one in _agreements(extremes, place, shape, settings.group_size):
        for user in one.within.user[one.start : one.start + one.n].tolist():
            best[user] = min(best.get(user, (1.0, 0)), (one.chance, -one.n))
    return [
        (user, float(-np.log10(max(chance, 1e-300))), f"one of {-n} that look made up and {verb} one item")
        for user, (chance, n) in best.items()
    ]


def _agreements(extremes: Extremes, place: Ints, shape: tuple[int, int], least: int) -> Iterator[Agreement]:
    """Agreements of `least` suspects or more; `shape`: how many suspects and items there are.

    The most suspect are looked at alone, then twice as many, so that a few stand out among few.
    """
    n_suspects, n_items = shape
    last = FIRST
    while last < 2 * n_suspects:
        chosen = place[extremes.user] < last
        within, others = extremes.of(chosen), np.bincount(extremes.item[~chosen], minlength=n_items)
        if len(within.user) >= least:
            yield from _scanned(within, _shares(within, others), least)
        last *= 2


def _scanned(within: Extremes, share: Floats, least: int) -> Iterator[Agreement]:
    """Agreements in windows of each length, from each rating on.

    By chance a window's ratings fall upon the items by their share; Bonferroni's bound is over ratings, windows and
    suspects looked at.
    """
    key = within.item * (2 * ALWAYS) + within.second
    times = np.sort(within.second)
    for length in (*WINDOWS, ALWAYS):
        n = np.searchsorted(key, key + length, side="right") - np.arange(len(key))
        start = np.flatnonzero(n >= least)
        first, last = within.second[start], within.second[start] + length
        around = np.searchsorted(times, last, side="right") - np.searchsorted(times, first, side="left")
        expected = around * share[within.item[start]]
        chance = np.asarray(poisson.sf(n[start] - 1, expected)) * len(key) * N_TESTS
        for one in np.flatnonzero((chance < CHANCE) & (n[start] > CLEAR * expected)):
            yield Agreement(within, int(start[one]), int(n[start[one]]), float(chance[one]))


def _shares(within: Extremes, others: Ints) -> Floats:
    """The share of each item in what suspects rate so, if they agree on nothing.

    It lies between two ends, where their other ratings lie: the share that the others give an item, a standard error
    larger because few ratings tell little, and the same for all.
    """
    n_items, counted = len(others), others + 0.5
    share, flat = counted / counted.sum(), 1 / n_items
    popular = float(share[within.item].mean())
    weight = min(max((popular - flat) / max(float(share @ share) - flat, 1e-12), 0.0), 1.0)
    larger = (counted + np.sqrt(others)) / counted.sum()
    found: Floats = weight * larger + (1 - weight) * flat
    return found

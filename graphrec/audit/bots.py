"""Accounts that behave as programs do: too regular, without sleep, too fast, or too wide.

What people do comes in bursts with long tails (Barabási 2005, The origin of bursts and heavy tails in human dynamics),
they sleep, and they choose. So the signs are gaps of nearly one length, days without a pause, floods, and long
histories that follow neither popularity nor anybody's taste.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy.stats import rankdata

from graphrec.audit.codes import encode
from graphrec.audit.flags import Flags, flag
from graphrec.audit.histories import USUAL, Floats, Ints, Pace, Tastes, paces
from graphrec.audit.settings import Settings
from graphrec.audit.source import Source

BLIND_SHARE = 0.35
"""Who is blind to popularity is nearer to none at all than to this share of what is usual."""

SURE = 3.0
"""So many standard errors less than usual, or people are blind by chance: in a catalogue of a few hundred items."""

NEARLY, MUCH = 0.9, 8.0
"""So much of the catalogue is too much for who has so many times what is usual."""
TELLING = 0.6
"""Up to this share of the catalogue the popularity of somebody's items tells how they were chosen."""

NEWS = 4.0
"""Who takes up items that are so many standard errors younger than the others chooses: by what is new."""

Found = list[tuple[int, float, str]]


def bots(source: Source, settings: Settings) -> Flags:
    """Users with `settings.bot_events` events or more that no person would make so; a reason for each sign."""
    table = encode(source, "events")
    found: Found = []
    n = settings.bot_events
    peaks = []
    for pace in paces(source, table, least=n, pause=settings.bot_pause):
        found += _regular(pace, settings) + _sleepless(pace, settings)
        peaks.append((pace.user, pace.peak))
    found += _floods(peaks, settings)
    found += _wide(Tastes.of(source, table), _ages(source, table), settings)
    return flag_users(source, "bots", found)


def flag_users(source: Source, check: str, found: Found) -> Flags:
    """Flags of users that are told by their places in the table `people`."""
    users, scores, reasons = zip(*sorted(found), strict=True) if found else ((), (), ())
    columns = {
        "user": pa.array(users, pa.int64()),
        "score": pa.array(scores, pa.float64()),
        "reason": pa.array(reasons, pa.string()),
    }
    source.db.register("found_users", pa.table(columns))
    flags = flag(
        source,
        check,
        "user",
        "SELECT 'users' AS of, user_id, score, reason FROM found_users JOIN people USING (\"user\")",
    )
    source.db.unregister("found_users")
    return flags


def _regular(pace: Pace, settings: Settings) -> Found:
    places = np.flatnonzero(pace.spread < settings.bot_spread)
    return [
        (
            int(pace.user[n]),
            float(1 - pace.spread[n]),
            f"too regular: {pace.n_events[n]} events, nearly all {pace.median_gap[n]:.0f} s apart",
        )
        for n in places
    ]


def _sleepless(pace: Pace, settings: Settings) -> Found:
    awake = (pace.awake >= settings.bot_awake) & (pace.awake_events >= settings.bot_events)
    return [
        (
            int(pace.user[n]),
            float(pace.awake[n] / settings.bot_awake),
            f"never sleeps: {pace.awake_events[n]} events in {pace.awake[n] / 3600:.0f} h without a pause",
        )
        for n in np.flatnonzero(awake)
    ]


def _floods(peaks: list[tuple[Ints, Ints]], settings: Settings) -> Found:
    """Users whose busiest minute lies far above that of others, and above what hands can do."""
    if not peaks:
        return []
    users, most = (np.concatenate(column) for column in zip(*peaks, strict=True))
    low, high = np.log(np.percentile(most, (25, 75)))
    limit = max(settings.bot_peak, float(np.exp(high + settings.bot_fence * (high - low))))
    return [
        (int(users[n]), float(most[n] / limit), f"too many: {most[n]} events in a minute")
        for n in np.flatnonzero(most >= limit)
    ]


def _ages(source: Source, table: str) -> Floats:
    """The places of items among all by when they were first taken up, from 0 to 1, the newest; none without times."""
    rows = source.arrays(f'SELECT item, min("at") AS first_at FROM {table} WHERE "at" IS NOT NULL GROUP BY item')
    if not len(rows["item"]):
        return np.zeros(0)
    found = np.full(int(source.value("SELECT count(*) FROM things")), 0.5)
    found[rows["item"]] = (rankdata(rows["first_at"]) - 0.5) / len(rows["item"])
    return found


def _wide(tastes: Tastes, ages: Floats, settings: Settings) -> Found:
    """Users with many items that are neither popular nor new nor go together: they take the catalogue as it comes.

    Who has most of it can't help having the popular ones and the others; nearly all is too much by itself.
    """
    n, n_all = tastes.n_items, len(tastes.popularity)
    most = n > max(NEARLY * n_all, MUCH * float(np.median(n[n >= USUAL])) if (n >= USUAL).any() else 0.0)
    found: Found = [
        (int(user), float(n[user] / n_all), f"too wide: {n[user]} of {n_all} items")
        for user in np.flatnonzero(most & (n >= settings.bot_items))
    ]
    least = np.minimum(tastes.among(BLIND_SHARE, settings.bot_blind), tastes.usual - SURE)
    suspects = np.flatnonzero((n >= settings.bot_items) & (n <= TELLING * n_all) & (np.abs(tastes.blind) < least))
    suspects = suspects[_newness(tastes, ages, suspects) < NEWS]
    lift = tastes.lift(suspects)
    return found + [
        (int(user), float(1 / max(value, 0.01)), f"too wide: {n[user]} items that follow no taste")
        for user, value in zip(suspects, lift, strict=True)
        if value < settings.bot_lift
    ]


def _newness(tastes: Tastes, ages: Floats, users: Ints) -> Floats:
    """How far users' items are younger than all items, in standard errors; what nobody else has says nothing."""
    found = np.zeros(len(users))
    for n, user in enumerate(users if len(ages) else ()):
        items = tastes.matrix.indices[tastes.matrix.indptr[user] : tastes.matrix.indptr[user + 1]]
        shared = items[tastes.popularity[items] > 1]
        found[n] = (ages[shared].mean() - 0.5) * np.sqrt(12 * len(shared)) if len(shared) else 0.0
    return found

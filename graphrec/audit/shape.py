"""The shape of the interactions: how sparse, how long the tail, how many are cold, and how it went over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec.audit.settings import Settings
from graphrec.audit.source import Source

POINTS = 120
"""Points of a curve."""

Curve = Sequence[tuple[float, float]]
DAY = 86_400_000


@dataclass(frozen=True)
class Shape:
    """Figures and curves. `density` is the share of all pairs of users and items that occur; Gini runs from 0 (equal)
    to 1 (all in one). Cold are those with fewer than `cold` different partners. Curves: the users of the item of each
    rank, the items of the user of each rank, and events in each stretch of `step_days` by the day it begins (days since
    1970). `hours`, `weekdays` (from Monday): events, UTC.
    """

    n_users: int
    n_items: int
    n_interactions: int
    n_pairs: int
    density: float
    gini_items: float
    gini_users: float
    top_share: float
    cold: int
    cold_users: int
    cold_items: int
    popularity: Curve
    activity: Curve
    timeline: Curve
    step_days: float
    ratings: Curve
    kinds: Sequence[tuple[str, int]]
    hours: Sequence[int]
    weekdays: Sequence[int]


def shape_of(source: Source, settings: Settings) -> Shape:
    """The shape of a source's interactions; items that are described and never occur are cold, too."""
    users, items = degrees(source, "user"), degrees(source, "item")
    n_known = {word: _known(source, word) for word in ("user", "item")}
    n_pairs = int(items.sum())
    timeline, step = _timeline(source)
    silent = {"user": n_known["user"] - len(users), "item": n_known["item"] - len(items)}
    cells = n_known["user"] * n_known["item"]
    return Shape(
        n_users=n_known["user"],
        n_items=n_known["item"],
        n_interactions=source.count("interactions"),
        n_pairs=n_pairs,
        density=n_pairs / cells if cells else 0.0,
        gini_items=gini(items),
        gini_users=gini(users),
        top_share=float(np.sort(items)[::-1][: max(1, len(items) // 100)].sum() / n_pairs) if n_pairs else 0.0,
        cold=settings.cold,
        cold_users=int((users < settings.cold).sum()) + silent["user"],
        cold_items=int((items < settings.cold).sum()) + silent["item"],
        popularity=ranked(items),
        activity=ranked(users),
        timeline=timeline,
        step_days=step,
        ratings=_pairs(
            source, "SELECT rating, count(*) FROM interactions WHERE rating IS NOT NULL GROUP BY 1 ORDER BY 1"
        ),
        kinds=source.rows("SELECT kind, count(*) FROM interactions GROUP BY kind ORDER BY count(*) DESC, kind"),
        hours=_clock(source, "extract('hour' FROM t)", 24),
        weekdays=_clock(source, "(extract('isodow' FROM t) - 1)", 7),
    )


def degrees(source: Source, word: str) -> npt.NDArray[np.int64]:
    """How many different partners each user or item has that occurs."""
    other = "item" if word == "user" else "user"
    found = source.arrays(
        f"SELECT count(DISTINCT {other}_id) AS n FROM interactions WHERE {word}_id IS NOT NULL "
        f"AND {other}_id IS NOT NULL GROUP BY {word}_id"
    )
    return np.asarray(found["n"], dtype=np.int64)


def gini(counts: npt.NDArray[np.int64]) -> float:
    """The Gini coefficient of counts."""
    total = counts.sum()
    if not total:
        return 0.0
    ordered = np.sort(counts).astype(float)
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))


def ranked(counts: npt.NDArray[np.int64]) -> Curve:
    """The counts by rank, from 1, at ranks that stand evenly on a logarithmic axis."""
    if not len(counts):
        return ()
    ordered = np.sort(counts)[::-1]
    ranks = np.unique(np.geomspace(1, len(ordered), POINTS).round().astype(int))
    return [(float(rank), float(ordered[rank - 1])) for rank in ranks]


def _known(source: Source, word: str) -> int:
    """How many users or items occur or are described."""
    tables = ["interactions", *([f"{word}s"] if source.count(f"{word}s") else [])]
    ids = " UNION ".join(f"SELECT DISTINCT {word}_id FROM {table} WHERE {word}_id IS NOT NULL" for table in tables)
    return int(source.value(f"SELECT count(*) FROM ({ids})"))


def _timeline(source: Source) -> tuple[Curve, float]:
    """Events by stretches of whole days, POINTS of them at most; the thousandth at either end is left out."""
    row = source.rows(
        'SELECT quantile_cont("at", 0.001), quantile_cont("at", 0.999) FROM interactions WHERE "at" IS NOT NULL'
    )
    if not row or row[0][0] is None:
        return (), 0.0
    low, high = (float(value) for value in row[0])
    step = max(1, int(np.ceil((high - low) / DAY / POINTS)))
    rows = source.rows(
        f'SELECT "at" // {step * DAY} AS stretch, count(*) FROM interactions WHERE "at" BETWEEN {low} AND {high} '
        "GROUP BY stretch ORDER BY stretch"
    )
    return [(float(stretch * step), float(n)) for stretch, n in rows], float(step)


def _clock(source: Source, part: str, n: int) -> list[int]:
    rows = source.rows(
        f"SELECT {part}::INTEGER AS p, count(*) FROM "
        '(SELECT make_timestamp("at" * 1000) AS t FROM interactions WHERE "at" BETWEEN 0 AND 4102444800000) GROUP BY p'
    )
    counted = dict(rows)
    return [int(counted.get(place, 0)) for place in range(n)] if counted else []


def _pairs(source: Source, sql: str) -> list[tuple[float, float]]:
    rows: list[tuple[Any, ...]] = source.rows(sql)
    return [(float(value), float(n)) for value, n in rows[:200]]

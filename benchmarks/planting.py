"""Faults planted into clean tables, so that they look like those that happen, and what was planted.

Nothing here knows the thresholds of the detectors. A planter takes tables and a share of the interactions' rows, and
gives back the tables with its faults and the keys of what it planted: positions of rows, users, or pairs of ids.

Attacks on ratings follow Lam & Riedl 2004 (Shilling recommender systems for fun and profit) and Mobasher, Burke,
Bhaumik & Williams 2007 (Toward trustworthy recommender systems): random, average and bandwagon profiles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from misspelling import misspelt

Keys = set[object]
Rng = np.random.Generator


@dataclass(frozen=True)
class Tables:
    """A data set: `events` (user_id, item_id, rating?, timestamp?, dwell?, kind?), `items` and `tags`."""

    events: pd.DataFrame
    items: pd.DataFrame
    tags: pd.DataFrame | None = None


Plant = Callable[[Tables, float, Rng], tuple[Tables, Keys]]


def duplicates(data: Tables, share: float, rng: Rng) -> tuple[Tables, Keys]:
    """Rows that stand again: some right behind the first, some anywhere, as after a second delivery."""
    copies = _some(data.events, share, rng)
    return _added(data, copies)


def scales(data: Tables, share: float, rng: Rng) -> tuple[Tables, Keys]:
    """Ratings of another scale, of another sign, of a slipped digit, or of no scale at all."""
    events = data.events.copy()
    rows = rng.choice(len(events), max(1, round(share * len(events))), replace=False)
    ratings = events["rating"].to_numpy(dtype=float).copy()
    wrong = [lambda r: r * 20, lambda r: r + 5.5, lambda r: -r, lambda r: 0.0 * r - 1, lambda r: r * 10 + 1]
    wrong += [lambda r: r + 0.3, lambda r: 0.0 * r + 99]
    which = rng.integers(len(wrong), size=len(rows))
    for n, change in enumerate(wrong):
        ratings[rows[which == n]] = change(ratings[rows[which == n]])
    events["rating"] = np.round(ratings, 3)
    return replace(data, events=events), set(rows.tolist())


def times(data: Tables, share: float, rng: Rng) -> tuple[Tables, Keys]:
    """Clocks never set, years of two digits, days of the far future, and texts that are no time."""
    events = data.events.copy()
    rows = rng.choice(len(events), max(1, round(share * len(events))), replace=False)
    stamps = events["timestamp"].astype(object).to_numpy().copy()
    day = 86_400
    wrong = [
        lambda t: 0,
        lambda t: int(rng.integers(0, 3 * 365 * day)),
        lambda t: -int(t),
        lambda t: int(t) - 100 * 365 * day,
        lambda t: 1_830_000_000 + int(rng.integers(0, 30 * 365 * day)),
        lambda t: 4_000_000_000,
        lambda t: "0000-00-00 00:00:00",
    ]
    for row in rows:
        stamps[row] = wrong[rng.integers(len(wrong))](stamps[row])
    events["timestamp"] = stamps
    return replace(data, events=events), set(rows.tolist())


def orphans(data: Tables, share: float, rng: Rng) -> tuple[Tables, Keys]:
    """Rows whose item was deleted from the catalogue, cut off, or left out."""
    events = data.events.copy()
    rows = rng.choice(len(events), max(1, round(share * len(events))), replace=False)
    items = events["item_id"].astype(object).to_numpy().copy()
    gone = [f"gone-{n}" for n in range(max(3, len(rows) // 5))]
    for row in rows:
        items[row] = (gone[rng.integers(len(gone))], "", f"{items[row]}?")[rng.choice(3, p=(0.7, 0.2, 0.1))]
    events["item_id"] = items
    return replace(data, events=events), set(rows.tolist())


def constant_raters(data: Tables, share: float, rng: Rng) -> tuple[Tables, Keys]:
    """People who give one rating to whatever they open."""
    pieces, users = [], set()
    for n in _shares(share * len(data.events), lambda: int(np.clip(rng.lognormal(4, 0.6), 25, 400)), rng):
        user = f"same-{len(users)}"
        items = _popular(data, min(n, len(data.items) // 2), rng)
        ratings = np.full(len(items), rng.choice(_scale(data)))
        pieces.append(_rows(data, user, items, ratings, _human_times(data, len(items), rng)))
        users.add(user)
    return _with(data, pieces), users


def accidents(data: Tables, share: float, rng: Rng) -> tuple[Tables, Keys]:
    """Touches that were left at once (dwell around 0.8 s), and things done and taken back after some seconds."""
    n = max(2, round(share * len(data.events)))
    touched = data.events.iloc[rng.choice(len(data.events), n - n // 4, replace=False)].copy()
    touched["item_id"] = rng.choice(data.items["item_id"].to_numpy(), len(touched))
    touched["dwell"] = rng.lognormal(np.log(0.8), 0.5, len(touched)).round(3)
    if "timestamp" not in touched:
        return _added(data, touched)
    touched["timestamp"] = touched["timestamp"].astype(np.int64) + rng.integers(20, 900, len(touched))
    done = data.events.iloc[rng.choice(len(data.events), max(1, n // 8), replace=False)].copy()
    done["item_id"] = rng.choice(data.items["item_id"].to_numpy(), len(done))
    done["kind"] = rng.choice(["like", "add_to_cart"], len(done))
    back = done.copy()
    back["kind"] = np.where(done["kind"] == "like", "unlike", "remove_from_cart")
    back["timestamp"] = back["timestamp"].astype(np.int64) + rng.gamma(2, 1.8, len(back)).round().astype(np.int64)
    return _added(data, pd.concat([touched, done, back]))


def bots(data: Tables, share: float, rng: Rng) -> tuple[Tables, Keys]:
    """Timers with jitter, crawlers of varied speed and breadth, and hammering clients."""
    timed = "timestamp" in data.events
    pieces, users = [], set()
    for n in _shares(share * len(data.events), lambda: int(np.clip(rng.lognormal(5.5, 0.7), 60, 3000)), rng):
        user = f"bot-{len(users)}"
        kind = rng.choice(["timer", "crawler", "hammer"]) if timed else "crawler"
        items = _visited(data, kind, n, rng)
        seconds = _bot_times(data, kind, len(items), rng) if timed else None
        rating = rng.choice(_scale(data), len(items)) if "rating" in data.events else None
        pieces.append(_rows(data, user, items, rating, seconds))
        users.add(user)
    return _with(data, pieces), users


def shilling(data: Tables, share: float, rng: Rng) -> tuple[Tables, Keys]:
    """Groups of 6 to 30 profiles that push or bury one seldom rated item: random, average and bandwagon."""
    stats = data.events.groupby("item_id")["rating"].agg(["mean", "std", "size"])
    n_rows, pieces, users = share * len(data.events), [], set()
    planted = 0
    while planted < n_rows or not pieces:
        attack = rng.choice(["random", "average", "bandwagon"])
        filler = int(np.clip(rng.uniform(0.01, 0.06) * len(stats), 15, 150))
        left = int((n_rows - planted) / (filler + 1))
        size = int(np.clip(min(rng.integers(6, 31), left), 5, None))
        quiet = stats.index[stats["size"] <= stats["size"].median()]
        target, push = rng.choice(quiet.to_numpy()), rng.random() < 0.75
        start, span = _moment(data, rng), 10 ** rng.uniform(3.5, 6.5)
        for _ in range(size):
            user = f"shill-{len(users)}"
            items, ratings = _profile(stats, attack, max(10, round(rng.normal(filler, filler / 8))), rng, _scale(data))
            keep = items != target
            items, ratings = (
                np.append(items[keep], target),
                np.r_[ratings[keep], max(_scale(data)) if push else min(_scale(data))],
            )
            seconds = start + rng.uniform(0, span) + np.cumsum(rng.exponential(20, len(items)))
            pieces.append(_rows(data, user, items, ratings, seconds.astype(np.int64)))
            planted += len(items)
            users.add(user)
    return _with(data, pieces), users


def near_titles(data: Tables, share: float, rng: Rng) -> tuple[Tables, Keys]:
    """Items that were entered again under another id, with their titles in another spelling."""
    items = data.items
    long = items[items["title"].fillna("").str.len() >= 5]
    chosen = long.iloc[rng.choice(len(long), max(1, round(share * len(items))), replace=False)].copy()
    first = chosen["item_id"].tolist()
    chosen["title"] = [misspelt(title, rng) for title in chosen["title"]]
    chosen["item_id"] = [f"again-{n}" for n in range(len(chosen))]
    keys: Keys = {frozenset(pair) for pair in zip(first, chosen["item_id"], strict=True)}
    return replace(data, items=pd.concat([items, chosen], ignore_index=True)), keys


def near_tags(data: Tables, share: float, rng: Rng) -> tuple[Tables, Keys]:
    """Tags that somebody wrote in another way, once or a few times."""
    assert data.tags is not None
    names = sorted({tag for tag in data.tags["tag"] if len(str(tag)) >= 5})
    chosen = [names[n] for n in rng.choice(len(names), max(1, round(share * len(names))), replace=False)]
    known, pieces, keys = set(names), [], set()
    for tag in chosen:
        other = misspelt(tag, rng)
        if other not in known:
            uses = data.tags[data.tags["tag"] == tag]
            pieces.append(uses.iloc[rng.choice(len(uses), min(len(uses), 1 + rng.poisson(0.5)))].assign(tag=other))
            keys.add(frozenset((tag, other)))
    return replace(data, tags=pd.concat([data.tags, *pieces], ignore_index=True)), keys


def _profile(stats: pd.DataFrame, attack: str, n: int, rng: Rng, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The fillers of one made-up profile, and its ratings."""
    n = min(n, len(stats) - 1)
    chosen = stats.iloc[rng.choice(len(stats), n, replace=False)]
    mean = stats["mean"].mean() if attack != "average" else chosen["mean"].to_numpy()
    spread = 1.1 if attack != "average" else chosen["std"].fillna(1.0).to_numpy()
    ratings = _nearest(rng.normal(mean, spread, n), scale)
    items = chosen.index.to_numpy()
    if attack == "bandwagon":
        popular = stats.nlargest(max(3, len(stats) // 50), "size").index.to_numpy()
        stars = rng.choice(popular, min(len(popular), max(3, n // 6)), replace=False)
        fresh = ~np.isin(items, stars)
        items, ratings = np.append(items[fresh], stars), np.r_[ratings[fresh], np.full(len(stars), max(scale))]
    return items, ratings


def _nearest(values: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return scale[np.abs(values[:, None] - scale[None, :]).argmin(axis=1)]


def _visited(data: Tables, kind: str, n: int, rng: Rng) -> np.ndarray:
    items = data.items["item_id"].to_numpy()
    n = min(n, len(items))
    if kind == "hammer":
        return rng.choice(rng.choice(items, min(len(items), int(rng.integers(3, 60)))), n)
    way = rng.choice(["in order", "any", "popular"], p=(0.35, 0.45, 0.2)) if kind == "timer" else "any"
    if way == "in order":
        first = rng.integers(len(items))
        return np.roll(items, -first)[:n]
    return _popular(data, n, rng) if way == "popular" else rng.choice(items, n, replace=False)


def _bot_times(data: Tables, kind: str, n: int, rng: Rng) -> np.ndarray:
    start = _moment(data, rng)
    if kind == "timer":
        period = 10 ** rng.uniform(0.3, 2.8)
        gaps = period * (1 + rng.normal(0, rng.uniform(0.01, 0.15), n))
    elif kind == "crawler":
        gaps = 10 ** rng.uniform(0, 2) * rng.lognormal(0, rng.uniform(0.3, 1.2), n)
    else:
        gaps = rng.exponential(1 / rng.uniform(2, 20), n)
        gaps[rng.random(n) < 1 / 300] += 10 ** rng.uniform(3, 4.5)
    return (start + np.cumsum(np.maximum(gaps, 0))).astype(np.int64)


def _human_times(data: Tables, n: int, rng: Rng) -> np.ndarray | None:
    if "timestamp" not in data.events:
        return None
    gaps = rng.lognormal(3.5, 1.3, n)
    gaps[rng.random(n) < 0.03] += rng.lognormal(12, 1, n)[0]
    return (_moment(data, rng) + np.cumsum(gaps)).astype(np.int64)


def _moment(data: Tables, rng: Rng) -> int:
    if "timestamp" not in data.events:
        return 0
    low, high = data.events["timestamp"].astype(np.int64).quantile((0.01, 0.95))
    return int(rng.uniform(low, high))


def _popular(data: Tables, n: int, rng: Rng) -> np.ndarray:
    """Different items, drawn by popularity."""
    return pd.unique(data.events["item_id"].to_numpy()[rng.permutation(len(data.events))[: n * 30]])[:n]


def _scale(data: Tables) -> np.ndarray:
    return np.array(sorted(data.events["rating"].unique()), dtype=float) if "rating" in data.events else np.array([])


def _shares(n_rows: float, draw: Callable[[], int], rng: Rng) -> list[int]:
    """Sizes that add up to about `n_rows`, one at least."""
    sizes: list[int] = []
    while not sizes or sum(sizes) < n_rows:
        size = draw()
        sizes.append(size)
    return sizes


def _rows(
    data: Tables, user: str, items: np.ndarray, ratings: np.ndarray | None, seconds: np.ndarray | None
) -> pd.DataFrame:
    columns: dict[str, object] = {"user_id": np.full(len(items), user), "item_id": items}
    if "rating" in data.events:
        columns["rating"] = ratings
    if "timestamp" in data.events:
        columns["timestamp"] = seconds
    return pd.DataFrame(columns)


def _some(events: pd.DataFrame, share: float, rng: Rng) -> pd.DataFrame:
    return events.iloc[rng.choice(len(events), max(1, round(share * len(events))), replace=False)]


def _added(data: Tables, rows: pd.DataFrame) -> tuple[Tables, Keys]:
    """The tables with more rows behind theirs, and the positions of these."""
    n = len(data.events)
    return replace(data, events=pd.concat([data.events, rows], ignore_index=True)), set(range(n, n + len(rows)))


def _with(data: Tables, pieces: list[pd.DataFrame]) -> Tables:
    """The tables with whole accounts more."""
    return replace(data, events=pd.concat([data.events, *pieces], ignore_index=True))


PLANTS: dict[str, Plant] = {
    "duplicates": duplicates,
    "scales": scales,
    "times": times,
    "orphans": orphans,
    "constant_raters": constant_raters,
    "accidents": accidents,
    "bots": bots,
    "shilling": shilling,
    "near_titles": near_titles,
    "near_tags": near_tags,
}

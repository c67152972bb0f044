"""Features of items, a map of properties each; None where there is nothing to say, so that nothing old stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graphrec.features.described import HALF_LIFE_DAYS
from graphrec.features.reading import Facts, Floats
from graphrec.features.users import DAY_MS, DIGITS
from graphrec.transfer import NO_TIME

RARITY_DIGITS = 2
"""A new item makes each tag a little rarer; so few digits change only now and then."""


def item_features(facts: Facts, latest_ms: int) -> Iterator[dict[str, Any]]:
    """In the order of the items. Likes after `latest_ms` are wrong clocks and don't count as of any time."""
    columns = _popularity(facts) | _trend(facts, latest_ms) | _ratings(facts) | {"feature_tag_rarity": _rarity(facts)}
    months = _months(facts, latest_ms)
    for n in range(facts.n_items):
        found = {name: values[n] for name, values in columns.items()}
        found["feature_months"], found["feature_month_likers"] = months.get(n, (None, None))
        yield found


def _popularity(facts: Facts) -> dict[str, Sequence[Any]]:
    n, rows = facts.n_items, facts.rows
    return {
        "feature_likers": np.bincount(facts.item[facts.weight > 0], minlength=n).tolist(),
        "feature_interactions": np.bincount(rows.item_idx, weights=rows.count, minlength=n).astype(np.int64).tolist(),
        "feature_first_at": [None if at == NO_TIME else at for at in facts.first_at.tolist()],
    }


def _timed(facts: Facts, latest_ms: int) -> Any:
    return (facts.weight > 0) & (facts.last_at != NO_TIME) & (facts.last_at <= latest_ms)


def _trend(facts: Facts, latest_ms: int) -> dict[str, Sequence[Any]]:
    """log2 Σ w · 2^(at / half-life): all likes lose the same part with time, so the order holds without the clock, and
    what is left at any time t is 2^(trend − t / half-life)."""
    timed = _timed(facts, latest_ms)
    item, weeks = facts.item[timed], facts.last_at[timed] / (HALF_LIFE_DAYS * DAY_MS)
    newest = np.full(facts.n_items, -np.inf)
    np.maximum.at(newest, item, weeks)
    counts = np.bincount(item, weights=facts.weight[timed] * np.exp2(weeks - newest[item]), minlength=facts.n_items)
    known = counts > 0
    trend = np.full(facts.n_items, np.nan)
    trend[known] = newest[known] + np.log2(counts[known])
    return {"feature_trend": _rounded(trend)}


def _months(facts: Facts, latest_ms: int) -> dict[int, tuple[list[str], list[int]]]:
    """By item: the months that have likes, in their order, and how many."""
    timed = _timed(facts, latest_ms)
    month = facts.last_at[timed].astype("datetime64[ms]").astype("datetime64[M]")
    pairs = np.stack([facts.item[timed], month.astype(np.int64)], axis=1) if len(month) else np.zeros((0, 2), np.int64)
    keys, counts = np.unique(pairs, axis=0, return_counts=True)
    names = keys[:, 1].astype("datetime64[M]").astype(str).tolist()
    found: dict[int, tuple[list[str], list[int]]] = {}
    for item, name, count in zip(keys[:, 0].tolist(), names, counts.tolist(), strict=True):
        months, likers = found.setdefault(item, ([], []))
        months.append(name)
        likers.append(count)
    return found


def _ratings(facts: Facts) -> dict[str, Sequence[Any]]:
    rated = ~np.isnan(facts.rating)
    item, rating = facts.item[rated], facts.rating[rated]
    n = np.bincount(item, minlength=facts.n_items)
    mean = np.bincount(item, weights=rating, minlength=facts.n_items) / np.maximum(n, 1)
    square = np.bincount(item, weights=(rating - mean[item]) ** 2, minlength=facts.n_items) / np.maximum(n, 1)
    return {
        "feature_ratings": n.tolist(),
        "feature_rating_mean": _rounded(np.where(n > 0, mean, np.nan)),
        "feature_rating_spread": _rounded(np.where(n > 1, np.sqrt(square), np.nan)),
    }


def _rarity(facts: Facts) -> list[float | None]:
    tags = facts.tags
    with_tag = np.bincount(tags.indices, minlength=tags.shape[1])
    rarity = np.log(max(facts.n_items, 1) / np.maximum(with_tag, 1))
    n = np.diff(tags.indptr)
    owner = np.repeat(np.arange(tags.shape[0]), n)
    total = np.bincount(owner, weights=rarity[tags.indices], minlength=facts.n_items)
    return _rounded(np.where(n > 0, total / np.maximum(n, 1), np.nan), RARITY_DIGITS)


def _rounded(values: Floats, digits: int = DIGITS) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), digits) for value in values]

"""Features of users, a map of properties each; None where there is nothing to say, so that nothing old stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.features.reading import Facts, Floats
from graphrec.features.standing import standing
from graphrec.features.tastes import tag_tastes
from graphrec.transfer import NO_TIME

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
MONDAY = 3
"""1970-01-01 was a Thursday: three days after a Monday."""
DIGITS = 4


def user_features(facts: Facts) -> Iterator[dict[str, Any]]:
    """In the order of the users. All numbers are of the data alone, so they stay true while nothing is done."""
    columns = _activity(facts) | _profile(facts) | _prices(facts)
    columns["feature_follows"] = np.diff(facts.follows.indptr).tolist()
    columns["feature_followers"] = np.bincount(facts.follows.indices, minlength=facts.n_users).tolist()
    for n, taste in enumerate(tag_tastes(facts)):
        found = {name: values[n] for name, values in columns.items()}
        found["feature_tags"] = None if taste is None else facts.tag_names[taste.tags].tolist()
        found["feature_tag_weights"] = None if taste is None else np.round(taste.weights, DIGITS).tolist()
        found["feature_breadth"] = None if taste is None else round(taste.breadth, DIGITS)
        yield found


def _activity(facts: Facts) -> dict[str, Sequence[Any]]:
    rows, n = facts.rows, facts.n_users
    total = np.bincount(rows.user_idx, weights=rows.count, minlength=n)
    skipped = np.bincount(rows.user_idx, weights=np.where(facts.row_weight > 0, 0, rows.count), minlength=n)
    last_at = np.full(n, NO_TIME)
    np.maximum.at(last_at, rows.user_idx, rows.last_at)
    return {
        "feature_last_at": [None if at == NO_TIME else at for at in last_at.tolist()],
        "feature_interactions": total.astype(np.int64).tolist(),
        "feature_items": np.bincount(facts.user, minlength=n).tolist(),
        "feature_skip_rate": _or_none(np.divide(skipped, total, out=np.full(n, np.nan), where=total > 0)),
    }


def _profile(facts: Facts) -> dict[str, Sequence[Any]]:
    """Shares of hours and weekdays among the rows that have a time."""
    timed = facts.rows.last_at != NO_TIME
    user, at = facts.rows.user_idx[timed], facts.rows.last_at[timed]
    hours, weekdays = at // HOUR_MS % 24, (at // DAY_MS + MONDAY) % 7
    return {
        "feature_hours": _shares(user, hours, facts.n_users, 24),
        "feature_weekdays": _shares(user, weekdays, facts.n_users, 7),
    }


def _shares(user: NDArray[np.int32], place: NDArray[np.int64], n_users: int, n: int) -> list[list[float] | None]:
    counts = np.bincount(user.astype(np.int64) * n + place, minlength=n_users * n).reshape(n_users, n)
    total = counts.sum(axis=1, keepdims=True)
    shares = np.round(counts / np.maximum(total, 1), DIGITS)
    return [row if known else None for row, known in zip(shares.tolist(), (total[:, 0] > 0).tolist(), strict=True)]


def _prices(facts: Facts) -> dict[str, Sequence[Any]]:
    """The median price of what is liked, and 1 − its mean place among all prices, from 0 (cheapest) to 1."""
    priced = ~np.isnan(facts.price)
    places = standing(facts.price)
    told = (facts.weight > 0) & priced[facts.item] if len(facts.item) else np.zeros(0, dtype=bool)
    user, item = facts.user[told], facts.item[told]
    n = np.bincount(user, minlength=facts.n_users)
    mean = np.bincount(user, weights=places[item], minlength=facts.n_users) / np.maximum(n, 1)
    order = np.lexsort((facts.price[item], user))
    sorted_prices, ends = facts.price[item][order], np.cumsum(n)
    lower, upper = ends - n + np.maximum(n - 1, 0) // 2, ends - n + n // 2
    median = np.full(facts.n_users, np.nan)
    some = n > 0
    median[some] = (sorted_prices[lower[some]] + sorted_prices[upper[some]]) / 2
    return {
        "feature_price": _or_none(median),
        "feature_price_sensitivity": _or_none(np.where(some, 1 - mean, np.nan)),
    }


def _or_none(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), DIGITS) for value in values]

"""The tables that recommenders give back, built from columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphrec.recommend.base import RECOMMENDATION_COLUMNS, SIMILAR_COLUMNS

Ints = npt.NDArray[np.int64]


def recommendation_table(profile: Any, item_id: Any, score: Any, reason: Any) -> pd.DataFrame:
    """RECOMMENDATION_COLUMNS from columns whose rows stand profile by profile, the best first."""
    return _table(RECOMMENDATION_COLUMNS, np.asarray(profile, dtype=np.int64), item_id, score, reason)


def similar_table(item_id: Any, similar_id: Any, score: Any, reason: Any) -> pd.DataFrame:
    """SIMILAR_COLUMNS from columns whose rows stand item by item, the best first."""
    return _table(SIMILAR_COLUMNS, np.asarray(item_id, dtype=object), similar_id, score, reason)


def rank_in_runs(keys: npt.NDArray[Any]) -> Ints:
    """1, 2, 3 … in each run of equal keys."""
    if not len(keys):
        return np.zeros(0, dtype=np.int64)
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    lengths = np.diff(np.r_[first, len(keys)])
    return np.arange(len(keys)) - np.repeat(first, lengths) + 1


def concat_tables(tables: Sequence[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    """The tables one below the other, without warnings over those that have no rows."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else empty


def _table(columns: tuple[str, ...], keys: npt.NDArray[Any], item_id: Any, score: Any, reason: Any) -> pd.DataFrame:
    values = (
        keys,
        np.asarray(item_id, dtype=object),
        np.asarray(score, dtype=np.float64),
        rank_in_runs(keys),
        np.asarray(reason, dtype=object),
    )
    return pd.DataFrame(dict(zip(columns, values, strict=True)))


def no_recommendations() -> pd.DataFrame:
    """RECOMMENDATION_COLUMNS without a row."""
    return recommendation_table([], [], [], [])


def no_similar_items() -> pd.DataFrame:
    """SIMILAR_COLUMNS without a row."""
    return similar_table([], [], [], [])

"""graphrec's own models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphrec.evaluation.ranking import IN_MEMORY, rank_users
from graphrec.models import create
from graphrec.models.settings import Range
from graphrec.recommend.fitted import FITTED, make_fitted
from graphrec.snapshot import Snapshot
from peers.base import Choice, Ints, Real, Space, Whole


def space_of(name: str) -> Space:
    """Where a model says that its settings may lie, as the benchmark draws them."""
    settings = create(name).settings
    kinds = settings.kinds()
    return {setting: _span(span, kinds[setting]) for setting, span in settings.space.items()}


def _span(span: Any, kind: type) -> Real | Whole | Choice:
    if not isinstance(span, Range):
        return Choice(tuple(span))
    return Whole(int(span.low), int(span.high), span.log) if kind is int else Real(span.low, span.high, span.log)


SPACES: Mapping[str, Space] = {name: space_of(name) for name in FITTED}
"""The ranges that are searched, by model: those of `graphrec tune`."""


class Ours:
    """A fitted recommender of graphrec, asked as `graphrec evaluate` asks it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, snapshot: Snapshot, settings: Mapping[str, Any], until: float) -> str:
        self.snapshot = snapshot
        self.recommender = make_fitted(self.name, settings, with_reasons=False).fit(snapshot)
        return ""

    def recommend(self, users: Ints, k: int) -> Ints:
        asked = self.snapshot.user_ids[users]
        rows = rank_users(self.recommender, list(asked), k, IN_MEMORY)
        found = np.full((len(users), k), -1)
        place = {user_id: n for n, user_id in enumerate(asked)}
        row = rows["user_id"].map(place).to_numpy(np.int64)
        found[row, rows["rank"].to_numpy(np.int64) - 1] = self.snapshot.item_idx(rows["item_id"].to_numpy(object))
        return found

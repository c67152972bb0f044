"""Who likes and has seen what, as it is now: what the graph held at the start, and every event since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.kinds import kind_weight
from graphrec.serving.ids import Ids


@dataclass
class Change:
    """What a user did that the prepared list doesn't know: items liked, by weight, and items seen.

    `rms`: the root mean square of the user's scores by similar items, 0 until it is needed.
    """

    liked: dict[int, float] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    rms: float = 0.0


class Tastes:
    """`liked`: users × items with weights, `seen`: the same shape; `changes` by the position of a user. `items` knows
    which items are gone.

    An event changes one entry of one dictionary, so a reader in another thread sees it whole or not at all.
    """

    def __init__(self, liked: sparse.csr_array, seen: sparse.csr_array, items: Ids | None = None) -> None:
        self.liked = liked
        self.seen = seen
        self.items = items or Ids()
        self.changes: dict[int, Change] = {}
        self._forgotten: set[int] = set()

    def apply(self, user: int, item: int, kind: str) -> None:
        """Take in an event: the largest weight of a pair counts; 0 or less only hides the item."""
        change = self.changes.setdefault(user, Change())
        change.seen.add(item)
        weight = kind_weight(kind)
        if weight > 0:
            known = max(change.liked.get(item, 0.0), self._weight(user, item))
            if weight > known:
                change.liked[item], change.rms = weight, 0.0

    def forget(self, user: int) -> NDArray[np.int64]:
        """Let nothing be known of a user any more; the items that counted this user among those who like them."""
        items = self._row(self.liked, user)[0].astype(np.int64)
        self._forgotten.add(user)
        self.changes.pop(user, None)
        return items

    def touched(self, user: int) -> NDArray[np.int64]:
        """Positions of all that a user ever did something to."""
        change = self.changes.get(user) or Change()
        items = self._row(self.seen, user)[0].astype(np.int64)
        return np.union1d(items, np.fromiter(change.seen, dtype=np.int64))

    def items_of(self, user: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Positions and weights of what a user likes."""
        items, weights = self._row(self.liked, user)
        change = self.changes.get(user)
        if not change or not change.liked:
            return self._there(items.astype(np.int64), weights.astype(np.float64))
        merged = dict(zip(items.tolist(), weights.tolist(), strict=True)) | change.liked
        return self._there(*_arrays(merged))

    def new_likes(self, user: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Positions and weights of what the prepared list doesn't know that a user likes."""
        change = self.changes.get(user)
        return self._there(*_arrays(change.liked if change else {}))

    def new_of(self, user: int) -> Mapping[int, float]:
        """What a user likes, by weight, that the version doesn't know."""
        items, weights = self.new_likes(user)
        return dict(zip(items.tolist(), weights.tolist(), strict=True))

    def seen_by(self, user: int) -> NDArray[np.int64]:
        """Positions of all that a user has seen; one may stand there twice."""
        items = self._row(self.seen, user)[0].astype(np.int64)
        change = self.changes.get(user)
        return items if change is None else np.concatenate([items, np.fromiter(change.seen, dtype=np.int64)])

    def _there(
        self, items: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        if self.items.gone is None:
            return items, weights
        kept = self.items.is_there(items)
        return items[kept], weights[kept]

    def _weight(self, user: int, item: int) -> float:
        items, weights = self._row(self.liked, user)
        place = int(np.searchsorted(items, item))
        return float(weights[place]) if place < len(items) and items[place] == item else 0.0

    def _row(self, matrix: sparse.csr_array, user: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Columns, sorted, and values of a user's row; nothing beyond the last."""
        if user < 0 or user >= matrix.shape[0] or user in self._forgotten:
            return matrix.indices[:0], matrix.data[:0]
        begin, end = matrix.indptr[user : user + 2]
        return matrix.indices[begin:end], matrix.data[begin:end]


def _arrays(liked: Mapping[int, float]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    return np.fromiter(liked, dtype=np.int64), np.fromiter(liked.values(), dtype=np.float64)

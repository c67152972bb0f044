"""Who likes and has seen what, as it is now: what the graph held at the start, and every event since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.kinds import kind_weight
from graphrec.serving.ids import Ids


@dataclass
class Change:
    """What a user did that the prepared list doesn't know: items liked, by weight, and items seen."""

    liked: dict[int, float] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)


class Tastes:
    """`liked`: users × items with weights, `seen`: the same shape; `changes` by the position of a user. `items` knows
    which items are gone. `hidden`: of users who have opted out, what they did since; nothing of them is told meanwhile.

    An event changes one entry of one dictionary, so a reader in another thread sees it whole or not at all.
    """

    def __init__(self, liked: sparse.csr_array, seen: sparse.csr_array, items: Ids | None = None) -> None:
        self.liked = liked
        self.seen = seen
        self.items = items or Ids()
        self.changes: dict[int, Change] = {}
        self.hidden: dict[int, Change] = {}
        self._forgotten: set[int] = set()

    def apply(self, user: int, item: int, kind: str) -> None:
        """Take in an event: the largest weight of a pair counts; 0 or less only hides the item."""
        hidden = self.hidden.get(user)
        change = self.changes.setdefault(user, Change()) if hidden is None else hidden
        change.seen.add(item)
        weight = kind_weight(kind)
        if weight > 0:
            known = max(change.liked.get(item, 0.0), self._weight(user, item))
            if weight > known:
                change.liked[item] = weight

    def forget(self, user: int) -> NDArray[np.int64]:
        """Let nothing be known of a user any more; the items that counted this user among those who like them."""
        items = self._row(self.liked, user)[0].astype(np.int64)
        self._forgotten.add(user)
        self.changes.pop(user, None)
        self.hidden.pop(user, None)
        return items

    def hide(self, user: int) -> NDArray[np.int64]:
        """Tell nothing of a user until `show`; the items that counted this user among those who like them."""
        self.hidden[user] = self.changes.pop(user, Change())
        return self._row(self.liked, user)[0].astype(np.int64)

    def show(self, user: int) -> NDArray[np.int64]:
        """Tell again what a user did, meanwhile too; the items that count this user among those who like them."""
        change = self.hidden.pop(user)
        if change.seen:
            self.changes[user] = change
        return self._row(self.liked, user)[0].astype(np.int64)

    def touched(self, user: int) -> NDArray[np.int64]:
        """Positions of all that a user ever did something to, hidden or not."""
        change = self.hidden.get(user) or self.changes.get(user) or Change()
        items = self._row(self.seen, user)[0].astype(np.int64)
        return np.union1d(items, np.fromiter(change.seen, dtype=np.int64))

    def told(self, matrix: sparse.csr_array) -> sparse.csr_array:
        """`liked` or `seen` without the rows of those who are hidden or forgotten."""
        return without(matrix, self.hidden.keys() | self._forgotten)

    def items_of(self, user: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Positions and weights of what a user likes."""
        if user in self.hidden:
            return _arrays({})
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
        if user in self.hidden:
            return np.zeros(0, dtype=np.int64)
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


def without(matrix: sparse.csr_array, rows: Iterable[int]) -> sparse.csr_array:
    """A matrix whose rows of some users are empty; the same one where there are none."""
    gone = [row for row in rows if row < matrix.shape[0]]
    if not gone:
        return matrix
    lengths = np.diff(matrix.indptr)
    kept = np.ones(matrix.shape[0], dtype=bool)
    kept[gone] = False
    entries = np.repeat(kept, lengths)
    indptr = np.concatenate([[0], np.cumsum(np.where(kept, lengths, 0))])
    return sparse.csr_array((matrix.data[entries], matrix.indices[entries], indptr), shape=matrix.shape)


def _arrays(liked: Mapping[int, float]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    return np.fromiter(liked, dtype=np.int64), np.fromiter(liked.values(), dtype=np.float64)

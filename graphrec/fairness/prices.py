"""Exposure of single items over all lists, by prices: an item that is shown too much costs, one shown too little gains.

At most, or at least, so much attention for each item is one constraint an item over the lists of all users. Its dual is
a price an item: with the right prices, taking from each list's candidates the best by score less price keeps all
constraints together as nearly as can be, and no list needs to know another (Balseiro, Lu and Mirrokni, "Dual mirror
descent for online allocation problems", ICML 2020; for providers of items Xu et al., "P-MMF", WWW 2023; a least
exposure: Patro et al., "FairRec", WWW 2020). A place in a list is worth 1 / log2(rank + 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TURNS = 200
"""How often prices are moved. The mean over the later half is taken: the last ones still swing."""

RATE = 0.1
"""How far a price moves in the first turn where twice of what is wanted is given; scores lie between 0 and 1."""

TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Shelf:
    """The candidates of many users: `items`, users × candidates, the best first, −1 beyond the last; `scores` from 0 to
    1 beside them. `n_items`: of the catalogue."""

    items: Ints
    scores: Floats
    n_items: int

    def given(self, prices: Floats, n: int) -> Floats:
        """How much attention each item gets, in lists of n by score less price."""
        value = np.where(self.items >= 0, self.scores - prices[self.items], -np.inf)
        top = np.argsort(-value, axis=1, kind="stable")[:, :n]
        shown = np.take_along_axis(self.items, top, axis=1)
        worth = np.broadcast_to(worths(shown.shape[1]), shown.shape)
        there = shown >= 0
        return np.bincount(shown[there], weights=worth[there], minlength=self.n_items).astype(np.float64)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which items are anybody's candidates."""
        return np.bincount(self.items[self.items >= 0], minlength=self.n_items) > 0


def worths(n: int) -> Floats:
    """What the places of a list are worth."""
    return np.asarray(1 / np.log2(np.arange(n) + 2))


def capped(shelf: Shelf, n: int, weight: float) -> Floats:
    """Prices at which no item gets more attention than a most: from what the one that is shown most gets now (0) to
    what each candidate would get of equal parts (1), evenly in factors."""
    now = shelf.given(np.zeros(shelf.n_items), n)
    even = now.sum() / max(shelf.known.sum(), 1)
    most = now.max(initial=0.0) ** (1 - weight) * even**weight
    return _moved(shelf, n, lambda given: given / max(most, TINY) - 1, 1)


def floored(shelf: Shelf, n: int, weight: float) -> Floats:
    """Prices of at most 0, with which each item that is anybody's candidate gets at least such a part of what equal
    parts would give it."""
    now = shelf.given(np.zeros(shelf.n_items), n)
    least = weight * now.sum() / max(shelf.known.sum(), 1)
    return _moved(shelf, n, lambda given: 1 - given / max(least, TINY), -1) if least else np.zeros(shelf.n_items)


def _moved(shelf: Shelf, n: int, broken: Callable[[Floats], Floats], sign: int) -> Floats:
    """Prices of one sign, moved by how far each item's constraint is broken, or kept."""
    dual, total = np.zeros(shelf.n_items), np.zeros(shelf.n_items)
    for turn in range(TURNS):
        step = RATE / np.sqrt(turn + 1) * np.clip(broken(shelf.given(sign * dual, n)), -1, 1)
        dual = np.maximum(dual + step, 0)
        total += dual if turn >= TURNS // 2 else 0
    return np.where(shelf.known, sign * total / (TURNS - TURNS // 2), 0.0)

"""Counts of likes, and of likes that go together, with noise that hides each person: (epsilon, delta)-differentially
private for everything that one person did.

Two data sets are neighbours where one has a person more, with all that this person likes. Which items exist is public:
a count is published of every item, or of every pair of chosen items, liked or not, so that no key tells that anybody
liked something. Counts may be negative: they are neither cut off nor rounded to look better, so that sums stay right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import comb, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphrec.errors import InputError
from graphrec.privacy.bounding import bounded
from graphrec.privacy.noise import Noise, gaussian, laplace
from graphrec.snapshot import Snapshot

MAX_ITEMS = 20
"""Items of one person that count. More lose less of what busy people like, and need more noise for all."""

TOP_ITEMS = 500
"""Items whose pairs are published: noise drowns the pairs of those that few people like."""

FOR_CHOICE = 0.2
"""The share of a co-occurrence release's epsilon that finds its items."""

DELTA = 1e-6
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class CountPlan:
    """How counts of items are to be published: all of it known before the data are looked at."""

    epsilon: float
    max_items: int = MAX_ITEMS
    seed: int = 0
    what: str = field(default="counts", init=False)

    def __post_init__(self) -> None:
        _check(self.epsilon, self.max_items)

    @cached_property
    def noise(self) -> Noise:
        """One person adds 1 to `max_items` counts at most."""
        return laplace(self.max_items, self.epsilon)

    @property
    def cost(self) -> tuple[float, float]:
        """Epsilon and delta."""
        return self.noise.epsilon, 0.0


@dataclass(frozen=True)
class PairPlan:
    """How co-occurrence is to be published: the `top_items` of most likes by noisy counts, then their pairs."""

    epsilon: float
    delta: float = DELTA
    max_items: int = MAX_ITEMS
    top_items: int = TOP_ITEMS
    seed: int = 0
    what: str = field(default="cooccurrence", init=False)

    def __post_init__(self) -> None:
        _check(self.epsilon, self.max_items)
        if not 0 < self.delta < 1e-3:
            raise InputError(f"expected delta between 0 and 0.001, found {self.delta:g}; take less than 1 / people")
        if self.max_items < 2 or self.top_items < 2:
            raise InputError(
                f"expected max_items and top_items of 2 or more, found {self.max_items} and {self.top_items}"
            )

    @cached_property
    def choice(self) -> CountPlan:
        """The counts by which items are chosen."""
        return CountPlan(FOR_CHOICE * self.epsilon, self.max_items, self.seed)

    @cached_property
    def noise(self) -> Noise:
        """One person adds 1 to the pairs of `max_items` items at most, a vector of the root of their number."""
        left = self.epsilon - self.choice.noise.epsilon
        return gaussian(sqrt(comb(min(self.max_items, self.top_items), 2)), left, self.delta)

    @property
    def cost(self) -> tuple[float, float]:
        """Epsilon and delta of both steps."""
        return self.choice.noise.epsilon + self.noise.epsilon, self.noise.delta


Plan = CountPlan | PairPlan


@dataclass(frozen=True, eq=False)
class Release:
    """What may be published: rows of `item_id` and `people`, or of `item_id`, `other_id` and `people`. `deviation`: the
    standard deviation of the noise in `people`."""

    table: pd.DataFrame
    deviation: float


def released(snapshot: Snapshot, plan: Plan) -> Release:
    """The release of a plan; the same plan again draws other noise, and costs as much again."""
    return _counts(snapshot, plan) if isinstance(plan, CountPlan) else _pairs(snapshot, plan)


def _counts(snapshot: Snapshot, plan: CountPlan) -> Release:
    noise = plan.noise
    counts = _of_items(bounded(snapshot, plan.max_items, plan.seed))
    return Release(pd.DataFrame({"item_id": snapshot.item_ids, "people": noise.add(counts)}), noise.deviation)


def _pairs(snapshot: Snapshot, plan: PairPlan) -> Release:
    noise = plan.noise
    people = _counts(snapshot, plan.choice).table["people"].to_numpy()
    best = np.sort(np.lexsort((snapshot.item_ids, -people))[: plan.top_items])
    likes = bounded(snapshot, plan.max_items, plan.seed, among=best)[:, best]
    together = np.asarray((likes.T @ likes).todense(), dtype=np.int64)
    rows, columns = np.triu_indices(len(best), 1)
    names = snapshot.item_ids[best]
    parts: dict[str, Any] = {"item_id": names[rows], "other_id": names[columns]}
    return Release(pd.DataFrame({**parts, "people": noise.add(together[rows, columns])}), noise.deviation)


def _of_items(likes: Any) -> Ints:
    return np.asarray(likes.sum(axis=0), dtype=np.int64).ravel()


def _check(epsilon: float, max_items: int) -> None:
    if not 0 < epsilon <= 100:
        raise InputError(f"expected epsilon above 0 and at most 100, found {epsilon:g}")
    if max_items < 1:
        raise InputError(f"expected max_items of 1 or more, found {max_items}")

"""What every contender is: something that is fitted, recommends with the seen items masked, and has a search space."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphrec.snapshot import Snapshot

Ints = NDArray[np.integer[Any]]


class Peer(Protocol):
    """A model by the interface of the benchmark. `settings` not given are the package's own defaults."""

    def fit(self, snapshot: Snapshot, settings: Mapping[str, Any], until: float) -> str:
        """Learn from `snapshot.matrix`; what was cut short at `until` (of `time.perf_counter`), or nothing."""
        ...

    def recommend(self, users: Ints, k: int) -> Ints:
        """Users × k: the best columns of each user (a row of the matrix), seen ones left out; -1 where there are
        fewer."""
        ...


@dataclass(frozen=True)
class Real:
    """A number between two others, evenly drawn, or its logarithm is."""

    low: float
    high: float
    log: bool = False

    def draw(self, rng: np.random.Generator) -> float:
        """One of them, to three digits."""
        value = (
            math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
            if self.log
            else rng.uniform(self.low, self.high)
        )
        return float(f"{value:.3g}")


@dataclass(frozen=True)
class Whole:
    """A whole number between two others, both included."""

    low: int
    high: int
    log: bool = False

    def draw(self, rng: np.random.Generator) -> int:
        """One of them."""
        if not self.log:
            return int(rng.integers(self.low, self.high + 1))
        return round(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[Any, ...]

    def draw(self, rng: np.random.Generator) -> Any:
        """One of them."""
        return self.values[int(rng.integers(len(self.values)))]


Space = Mapping[str, Real | Whole | Choice]
"""What may be drawn for each setting."""


def draw(space: Space, rng: np.random.Generator) -> dict[str, Any]:
    """Settings drawn from a space."""
    return {name: values.draw(rng) for name, values in space.items()}


def best_unseen(scores: NDArray[np.floating[Any]], seen: Any, k: int) -> Ints:
    """The k best columns of each row of dense scores; `seen`: CSR of the same shape, what is masked."""
    scores[np.repeat(np.arange(len(scores)), np.diff(seen.indptr)), seen.indices] = -np.inf
    k = min(k, scores.shape[1])
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    found = np.take_along_axis(scores, best, axis=1)
    order = np.argsort(-found, axis=1, kind="stable")
    best, found = np.take_along_axis(best, order, axis=1), np.take_along_axis(found, order, axis=1)
    return np.where(np.isfinite(found), best, -1)

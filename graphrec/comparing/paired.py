"""Whether one recommender is better than another for users like those measured, or whether chance says as much.

The same users are measured with both, so each user's difference counts, averaged over the seeds. With one seed that is
the paired t test, which keeps its level on ranking metrics (Urbano, Lima and Hanjalic, SIGIR 2019). With several, seeds
are a second sample: what would come of other users and other seeds is asked, so that two seeds tell less than three
(Cochran and Cox, "Experimental designs", 1950: two variances, each with its own degrees of freedom).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]

LEVEL = 0.95
RESAMPLES = 2000
TINY = 1e-12
"""No p-value is told to be smaller."""

BATCH = 20_000_000
"""Numbers that the bootstrap holds at a time."""


@dataclass(frozen=True)
class Difference:
    """`first` less `second`. `p`: of the paired test, `corrected`: by Holm over all comparisons that were made."""

    first: str
    second: str
    estimate: float
    interval: Interval
    p: float
    corrected: float

    @property
    def is_found(self) -> bool:
        """Whether the difference is there, with all comparisons in mind."""
        return self.corrected < 1 - LEVEL


def differences(
    values: Mapping[str, Floats], against: str | None = None, *, seed: int = 0, resamples: int = RESAMPLES
) -> list[Difference]:
    """Every pair of models, or every other one with `against`.

    `values`: users × seeds by model, the same users in the same order. Intervals are for each comparison by itself.
    """
    pairs = [pair for pair in combinations(values, 2) if against is None or against in pair]
    apart = [values[first] - values[second] for first, second in pairs]
    tested = [paired(each) for each in apart]
    corrected = holm([p for p, _ in tested])
    found = []
    for (first, second), each, (p, spread), after in zip(pairs, apart, tested, corrected, strict=True):
        by_chance = bootstrap(each[:, 0], seed, resamples) if each.shape[1] == 1 else None
        interval = by_chance or (float(each.mean() - spread), float(each.mean() + spread))
        found.append(Difference(first, second, float(each.mean()), interval, p, after))
    return found


def paired(apart: Floats) -> tuple[float, float]:
    """The p-value of a mean difference of 0, and half the width of its 95 % interval. `apart`: users × seeds."""
    parts = error_parts(apart)
    error = math.sqrt(sum(part for part, _ in parts))
    mean = abs(float(apart.mean()))
    if error == 0:
        return (1.0 if mean == 0 else 0.0), 0.0
    return _chance(mean / error, parts), error * _critical(1 - LEVEL, parts)


def error_parts(apart: Floats) -> list[tuple[float, int]]:
    """What users and, of several, seeds add to the variance of the mean, each with its degrees of freedom.

    Chance within users and seeds is in both: with few seeds it can't be taken out without being wrong too often.
    """
    n_users, n_seeds = apart.shape
    if n_users < 2:
        return [(math.inf, 1)]
    found = [(float(apart.mean(axis=1).var(ddof=1)) / n_users, n_users - 1)]
    if n_seeds > 1:
        found.append((float(apart.mean(axis=0).var(ddof=1)) / n_seeds, n_seeds - 1))
    return found


def _critical(alpha: float, parts: Sequence[tuple[float, int]]) -> float:
    """What so rare a t is: that of each part by its own degrees of freedom, weighted (Cochran and Cox 1950)."""
    total = sum(part for part, _ in parts)
    return sum(part / total * -float(stdtrit(freedom, alpha / 2)) for part, freedom in parts)


def _chance(t: float, parts: Sequence[tuple[float, int]]) -> float:
    """How rare a t at least as great is."""
    if not math.isfinite(sum(part for part, _ in parts)):
        return 1.0
    if len(parts) == 1:
        return 2 * float(stdtr(parts[0][1], -t))
    if _critical(TINY, parts) <= t:
        return TINY
    return float(brentq(lambda alpha: _critical(alpha, parts) - t, TINY, 1.0))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values with so many comparisons in mind (Holm 1979): any false alarm among them stays as rare as for one."""
    if not p_values:
        return []
    from statsmodels.stats.multitest import multipletests

    return [float(p) for p in multipletests(p_values, method="holm")[1]]


def bootstrap(values: Floats, seed: int, resamples: int = RESAMPLES) -> Interval:
    """The 95 % interval of a mean over users, by drawing as many users again and again (Efron's percentiles)."""
    if len(values) < 2 or not values.any() or values.min() == values.max():
        return float(values.mean()), float(values.mean())
    found = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, BATCH // len(values)),
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)

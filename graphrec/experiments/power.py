"""How many users an experiment needs: the exact power of the sequential test, by its own recursion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, norm

from graphrec.errors import InputError
from graphrec.experiments.sequential import Floats, Prior, log_evidence, share_at

MOST_LOOKS = 20_000
"""Longer experiments are reckoned with fewer looks, which can only lower the power."""


@dataclass(frozen=True)
class Size:
    """Users in all variants together that the sequential test needs, and what a test at a fixed time would.

    `median`: half of the experiments with that uplift have ended by then.
    """

    users: int
    median: int
    fixed: int
    power: float


def size(rate: float, uplift: float, *, power: float = 0.8, share: float = 0.5, alpha: float = 0.05) -> Size:
    """Users needed to find a relative uplift of that size, where `rate` of the control's users convert.

    `share`: the variant's share of both. The test is looked at after every event. Seconds for an uplift of 1 %.
    """
    _check(rate, uplift, power, share)
    theta = share_at(uplift, share)
    prior = Prior.around(share, abs(theta - share))
    all_rate = rate * (1 - share) + rate * (1 + uplift) * share
    fixed = _fixed(rate, uplift, power=power, share=share, alpha=alpha)
    horizon = int(4 * fixed * all_rate) + 100
    crossed = crossing(theta, share, prior, horizon, alpha)
    users = _users(crossed, all_rate, power)
    return Size(users, _users(crossed, all_rate, 0.5), fixed, power)


def crossing(theta: float, null: float, prior: Prior, horizon: int, alpha: float = 0.05) -> tuple[int, Floats]:
    """(step, chances): how likely the test has said no after 0, step, 2 · step … events, if the share is `theta`.

    The distribution of the count among the paths that are still between the limits is carried on from look to look.
    """
    step = max(1, horizon // MOST_LOOKS)
    n = np.arange(step, horizon + step, step)
    low, high = _boundaries(n, null, prior, alpha)
    moves = binom.pmf(np.arange(step + 1), step, theta)
    first, paths = 0, np.ones(1)
    chances = np.zeros(len(n) + 1)
    for look, (lowest, highest) in enumerate(zip(low.tolist(), high.tolist(), strict=True), start=1):
        paths = np.convolve(paths, moves)
        start, end = max(lowest - first, 0), highest - first + 1
        first, paths = first + start, paths[start:end]
        chances[look] = 1 - paths.sum()
    return step, chances


def _boundaries(n: np.ndarray, null: float, prior: Prior, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest count after each n at which the test goes on; log E is convex in the count."""
    most = -np.log(alpha)

    def goes_on(k: np.ndarray) -> np.ndarray:
        return np.asarray(log_evidence(k, n, null, prior) < most)

    middle = np.floor(n * null).astype(np.int64)
    low_in, low_out = middle.copy(), np.full_like(middle, -1)
    high_in, high_out = middle.copy(), n + 1
    for _ in range(int(n.max()).bit_length() + 1):
        half = (low_in + low_out) // 2
        is_in = (half > low_out) & goes_on(np.maximum(half, 0))
        low_in, low_out = np.where(is_in, half, low_in), np.where(is_in, low_out, np.maximum(half, low_out))
        half = (high_in + high_out) // 2
        is_in = goes_on(np.minimum(half, n))
        high_in, high_out = np.where(is_in, half, high_in), np.where(is_in, high_out, half)
    return low_in, high_in


def _users(crossed: tuple[int, Floats], rate: float, power: float) -> int:
    """The fewest users after whom the chance is at least `power`; how many of them convert is left to chance."""
    step, chances = crossed

    def reached(users: int) -> bool:
        converted = np.arange(len(chances)) * step
        edges = binom.cdf(converted + step - 1, users, rate)
        weights = np.diff(edges, prepend=0.0)
        return float(weights @ chances) + (1 - float(edges[-1])) * float(chances[-1]) >= power

    low, high = 0, int(len(chances) * step / rate)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _fixed(rate: float, uplift: float, *, power: float, share: float, alpha: float) -> int:
    """Users for the usual test of two rates that is looked at once."""
    other = rate * (1 + uplift)
    variance = rate * (1 - rate) / (1 - share) + other * (1 - other) / share
    return int(np.ceil((norm.isf(alpha / 2) + norm.ppf(power)) ** 2 * variance / (other - rate) ** 2))


def _check(rate: float, uplift: float, power: float, share: float) -> None:
    if not 0 < rate < 1 or not 0 < rate * (1 + uplift) < 1:
        raise InputError(f"expected --rate and the rate after the uplift in (0, 1), found {rate:g} and {uplift:+.1%}")
    if not 0.001 <= abs(uplift) <= 10:
        raise InputError(f"expected --uplift of at least 0.1% up or down, such as 10%, found {uplift:.2%}")
    if not 0.5 <= power < 1 or not 0 < share < 1:
        raise InputError(f"expected --power in [0.5, 1) and --share in (0, 1), found {power:g} and {share:g}")

"""Experiments and users whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.stats import binomtest

from graphrec.experiments import Experiment, Impression, Outcome, Shown, Variant

HOUR = 3_600_000
SIMULATIONS = 2000


def split(shares: Sequence[float] = (0.5, 0.5), **more: Any) -> Experiment:
    """An experiment of variants A, B, … with such shares."""
    variants = [Variant("ABC"[n], ("popular",), share) for n, share in enumerate(shares)]
    return Experiment(**{"name": "test", "window": HOUR, "variants": variants, **more})


def impression(n: int, user_id: str, at: int, variant: str | None = "A", items: str = "xyz") -> Impression:
    """A list of items of one letter each; `x/A` is one that team A picked."""
    shown = [Shown(one[0], one[2:] or None) for one in (items.split() if "/" in items else items)]
    return Impression(f"r{n}", at, user_id, "test", variant, shown, "popular")


def outcome(n: int, user_id: str, at: int, item_id: str = "x", kind: str = "click") -> Outcome:
    """An event of a user."""
    return Outcome(f"e{n}", kind, user_id, item_id, at)


def converted_labels(
    rng: np.random.Generator, n_users: int, rates: tuple[float, float], share: float
) -> Iterator[np.ndarray]:
    """For each of many simulations: of the users who convert, in order, whether each is one of the variant.

    How many convert is binomial, and each of them is one of the variant independently of the others.
    """
    mine, all_rate = share * rates[1], share * rates[1] + (1 - share) * rates[0]
    for n_converted in rng.binomial(n_users, all_rate, SIMULATIONS).tolist():
        yield rng.random(n_converted, dtype=np.float32) < mine / all_rate


def clopper_pearson(k: int, n: int) -> tuple[float, float]:
    """The exact 95 % interval of a frequency."""
    found = binomtest(k, n).proportion_ci(0.95, method="exact")
    return float(found.low), float(found.high)

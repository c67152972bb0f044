"""A share of positions given to chance, with the probability of what is shown, so that it can be learnt from later."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def explored(n_candidates: int, n: int, share: float, seed: int) -> tuple[Ints, NDArray[np.float64]]:
    """Places among candidates, the best first, and with which probability each was drawn at its position.

    At each position, with the chance `share`, one of the candidates that are left comes, each as likely as another;
    else the best of them. The same seed draws the same.
    """
    rng = np.random.default_rng(seed)
    left = list(range(n_candidates))
    n = min(n, n_candidates)
    chosen, chances = np.zeros(n, dtype=np.int64), np.ones(n)
    for place in range(n):
        drawn = int(rng.integers(len(left))) if rng.random() < share else 0
        chances[place] = share / len(left) + (1 - share if drawn == 0 else 0.0)
        chosen[place] = left.pop(drawn)
    return chosen, chances

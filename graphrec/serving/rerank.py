"""Another order of good candidates: less alike, more like the user's own mixture of tags, or with rare ones among them.

Each takes candidates, the best first, and gives places among them, as many as asked for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
EPSILON = 0.01


def diversified(scores: Floats, features: NDArray[np.floating], n: int, weight: float) -> Ints:
    """Maximal marginal relevance: each next item is the best of (1 − weight) · score − weight · likeness to the nearest
    one chosen. `features`: candidates × anything, rows of length 1 (or 0), whose dot product is the likeness.

    Carbonell and Goldstein, "The use of MMR, diversity-based reranking …" (SIGIR 1998). Cost: candidates² × features.
    """
    value = (1 - weight) * scaled(scores)
    likeness = weight * (features @ features.T)
    nearest = np.zeros(len(scores))
    chosen = np.zeros(min(n, len(scores)), dtype=np.int64)
    for place in range(len(chosen)):
        best = int((value - nearest).argmax())
        chosen[place], value[best] = best, -np.inf
        np.maximum(nearest, likeness[best], out=nearest)
    return chosen


def calibrated(scores: Floats, tags: Floats, wanted: Floats, n: int, weight: float) -> Ints:
    """Each next item brings the list's tags nearest to the user's: (1 − weight) · score − weight · KL divergence.

    `tags`: candidates × tags, rows that add up to 1 (or 0); `wanted`: the user's share of each tag. Steck, "Calibrated
    recommendations" (RecSys 2018). Cost: n × candidates × tags.
    """
    value = (1 - weight) * scaled(scores)
    total = np.zeros(tags.shape[1])
    chosen = np.zeros(min(n, len(scores)), dtype=np.int64)
    left = np.ones(len(scores), dtype=bool)
    known = wanted > 0
    for place in range(len(chosen)):
        share = (total + tags)[:, known] / (place + 1)
        mixed = (1 - EPSILON) * share + EPSILON * wanted[known]
        divergence = (wanted[known] * np.log(wanted[known] / mixed)).sum(axis=1)
        best = int(np.argmax(np.where(left, value - weight * divergence, -np.inf)))
        chosen[place], left[best] = best, False
        total += tags[best]
    return chosen


def with_share(order: Ints, marked: Bools, n: int, share: float, kept: Bools | None = None) -> Ints:
    """The first n of an order, of which at least so great a share is marked wherever there are as many: where it isn't
    by itself, marked ones come at even distances. Those of `kept` aren't what falls out for it."""
    n = min(n, len(order))
    special, other = order[marked[order]], order[~marked[order]]
    least = min(least_marked(n, share), len(special))
    if marked[order[:n]].sum() >= least:
        return order[:n]
    n_special = max(least, n - len(other))
    places = np.unique(np.floor((np.arange(n_special) + 1) * n / max(n_special, 1)).astype(np.int64) - 1)
    if kept is not None:
        other = other[np.sort(np.argsort(~kept[other], kind="stable")[: n - len(places)])]
    found = np.empty(n, dtype=np.int64)
    mask = np.zeros(n, dtype=bool)
    mask[places] = True
    found[mask], found[~mask] = special[: len(places)], other[: n - len(places)]
    return found


def least_marked(n: int, share: float) -> int:
    """How many of n items a share is, at least."""
    return int(np.ceil(share * n))


def scaled(scores: Floats) -> Floats:
    """From 0 for the last candidate to 1 for the best."""
    low, high = scores.min(initial=np.inf), scores.max(initial=-np.inf)
    return (scores - low) / (high - low) if high > low else np.ones(len(scores))

"""Another order of good candidates: less alike, more like the user's own mixture of tags, or with rare ones among them.

Each takes candidates, the best first, and gives places among them, as many as asked for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
EPSILON = 0.01


def diversified(scores: Floats, features: Floats, n: int, weight: float) -> Ints:
    """Maximal marginal relevance: each next item is the best of (1 − weight) · score − weight · likeness to the nearest
    one chosen. `features`: candidates × anything, rows of length 1 (or 0), whose dot product is the likeness.

    Carbonell and Goldstein, "The use of MMR, diversity-based reranking …" (SIGIR 1998). Cost: n × candidates.
    """
    value = (1 - weight) * scaled(scores)
    nearest = np.zeros(len(scores))
    chosen = np.zeros(min(n, len(scores)), dtype=np.int64)
    left = np.ones(len(scores), dtype=bool)
    for place in range(len(chosen)):
        best = int(np.argmax(np.where(left, value - weight * nearest, -np.inf)))
        chosen[place], left[best] = best, False
        nearest = np.maximum(nearest, features @ features[best])
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


def with_share(order: Ints, marked: NDArray[np.bool_], n: int, share: float) -> Ints:
    """The first n of an order, of which at least so great a share is marked wherever there are as many: where it isn't
    by itself, marked ones come at even distances."""
    n = min(n, len(order))
    special, other = order[marked[order]], order[~marked[order]]
    if marked[order[:n]].sum() >= min(int(np.ceil(share * n)), len(special)):
        return order[:n]
    n_special = max(min(int(np.ceil(share * n)), len(special)), n - len(other))
    places = np.unique(np.floor((np.arange(n_special) + 1) * n / max(n_special, 1)).astype(np.int64) - 1)
    found = np.empty(n, dtype=np.int64)
    mask = np.zeros(n, dtype=bool)
    mask[places] = True
    found[mask], found[~mask] = special[: len(places)], other[: n - len(places)]
    return found


def scaled(scores: Floats) -> Floats:
    """From 0 for the last candidate to 1 for the best."""
    low, high = scores.min(initial=np.inf), scores.max(initial=-np.inf)
    return (scores - low) / (high - low) if high > low else np.ones(len(scores))

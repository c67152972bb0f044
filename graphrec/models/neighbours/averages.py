"""Weighted averages over the nearest: what the k most alike who have a thing have made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BLOCK = 512


@dataclass(frozen=True, eq=False)
class Averages:
    """`values`: who × things, as CSR; `centre`: what is taken off the values of each; `k`: how many count."""

    values: sparse.csr_array
    centre: Floats
    k: int

    def of(self, who: Ints, things: Ints, near: Callable[[Ints], Floats]) -> tuple[Floats, NDArray[np.bool_]]:
        """Σ s (value − centre) / Σ s over the k nearest of each pair, and where there is one at all.

        `near` tells of some of `who` how alike all are to them; only those above 0 count, and never one itself.
        """
        turned = sparse.csr_array(self.values.T)
        turned.sort_indices()
        found, is_known = np.zeros(len(who)), np.zeros(len(who), dtype=bool)
        asked = np.flatnonzero((who >= 0) & (things >= 0))
        order = asked[np.argsort(who[asked], kind="stable")]
        each, starts = np.unique(who[order], return_index=True)
        bounds = np.append(starts, len(order))
        for first in range(0, len(each), BLOCK):
            some = each[first : first + BLOCK]
            alike = near(some)
            alike[np.arange(len(some)), some] = 0
            for n, place in enumerate(range(first, first + len(some))):
                for pair in order[bounds[place] : bounds[place + 1]].tolist():
                    found[pair], is_known[pair] = self._one(turned, int(things[pair]), alike[n])
        return found, is_known

    def of_things(self, nothing: float) -> Floats:
        """The mean of each thing's values, `nothing` where it has none."""
        counts = np.bincount(self.values.indices, minlength=self.values.shape[1])
        sums = np.bincount(self.values.indices, weights=self.values.data, minlength=self.values.shape[1])
        return np.asarray(np.divide(sums, counts, out=np.full(len(counts), nothing), where=counts > 0))

    def _one(self, turned: sparse.csr_array, thing: int, alike: Floats) -> tuple[float, bool]:
        part = slice(turned.indptr[thing], turned.indptr[thing + 1])
        others, values = turned.indices[part], turned.data[part]
        weight = alike[others]
        near = np.flatnonzero(weight > 0)
        if not len(near):
            return 0.0, False
        if len(near) > self.k:
            near = near[np.lexsort((others[near], -np.round(weight[near], 10)))[: self.k]]
        weight = weight[near]
        return float(weight @ (values[near] - self.centre[others[near]]) / weight.sum()), True

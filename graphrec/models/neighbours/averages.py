"""Weighted averages over the nearest: what the k most alike who have a thing have made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

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
                    found[pair], is_known[pair] = self._one(int(things[pair]), alike[n])
        return found, is_known

    @cached_property
    def everybody(self) -> float:
        """The mean of all values."""
        return float(self.values.data.mean())

    @cached_property
    def of_things(self) -> Floats:
        """The mean of each thing's values, that of all where it has none; last that of all, for things unknown."""
        n_things = self.values.shape[1]
        counts = np.bincount(self.values.indices, minlength=n_things)
        sums = np.bincount(self.values.indices, weights=self.values.data, minlength=n_things)
        means = np.divide(sums, counts, out=np.full(n_things, self.everybody), where=counts > 0)
        return np.append(means, self.everybody)

    @cached_property
    def _by_thing(self) -> sparse.csr_array:
        turned = sparse.csr_array(self.values.T)
        turned.sort_indices()
        return turned

    def _one(self, thing: int, alike: Floats) -> tuple[float, bool]:
        part = slice(*self._by_thing.indptr[thing : thing + 2])
        others, values = self._by_thing.indices[part], self._by_thing.data[part]
        weight = alike[others]
        near = np.flatnonzero(weight > 0)
        if not len(near):
            return 0.0, False
        if len(near) > self.k:
            near = near[np.lexsort((others[near], -np.round(weight[near], 10)))[: self.k]]
        weight = weight[near]
        return float(weight @ (values[near] - self.centre[others[near]]) / weight.sum()), True

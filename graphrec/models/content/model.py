"""Content-based recommendation: the nearest items to what a profile likes, by what is said of them, explained by parts.

Lops, de Gemmis and Semeraro, "Content-based recommender systems: state of the art and trends" (Recommender Systems
Handbook, 2011). An item without a single interaction is found as any other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.errors import InputError
from graphrec.models.arrays_model import Arrays, ArraysModel
from graphrec.models.base import Block, Progress
from graphrec.models.content.described import parts_of
from graphrec.models.content.settings import ContentSettings
from graphrec.snapshot import Snapshot
from graphrec.versions.arrays import matrix_arrays, matrix_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

N_NAMED = 3
"""Features that a reason names, those that add most."""


class Content(ArraysModel):
    """Items as rows of named features, and a profile as the weighted sum of those of its items; scores are cosines."""

    name = "content"
    kind = ContentSettings
    needs_facts = True

    def learn(self, snapshot: Snapshot, progress: Progress | None) -> Arrays:
        """Features of length 1 an item. InputError where nothing is said of any item."""
        parts = parts_of(snapshot, self.settings)
        if not parts:
            raise InputError(
                "content compares what is said of items, and nothing is: load tags, titles, descriptions or other "
                "properties with the items"
            )
        rows = sparse.csr_array(sparse.hstack([part.unit() for part in parts], format="csr"))
        names = [name for part in parts for name in part.names]
        return {**matrix_arrays("features", _unit(rows)), "names": np.array(names, dtype=str)}

    def prepare(self) -> None:
        """`features`: items × features, rows of length 1, or 0 where nothing is known of an item; and its transpose."""
        self.features = matrix_of(self.found, "features", (len(self.item_ids), len(self.found["names"])))
        self._items_of = sparse.csr_array(self.features.T)

    def scores(self, block: Block) -> Floats:
        """Cosines of the profiles and all items; −inf where nothing is shared."""
        return self._cosines(_unit(block.rows.astype(np.float64) @ self.features))

    def closeness(self, items: Ints) -> Floats:
        """Cosines of items."""
        return self._cosines(sparse.csr_array(self.features[items]))

    def reasons(self, block: Block, row: Ints, column: Ints, title: Callable[[int], str]) -> list[str]:
        """“as what you liked: tag Comedy (41%), year 1994 to 1996 (12%)”: parts of the score, the largest first."""
        profiles = sparse.csr_array(_unit(block.rows.astype(np.float64) @ self.features))
        shared = sparse.csr_array(sparse.csr_array(profiles[row]).multiply(sparse.csr_array(self.features[column])))
        return [f"as what you liked: {', '.join(self._named(shared, n))}" for n in range(len(row))]

    def _cosines(self, profiles: sparse.csr_array) -> Floats:
        scores = np.asarray((profiles @ self._items_of).toarray())
        return np.where(scores > 0, scores, -np.inf)

    def _named(self, shared: sparse.csr_array, n: int) -> list[str]:
        part = slice(shared.indptr[n], shared.indptr[n + 1])
        adds: dict[str, float] = {}
        for name, value in zip(self.found["names"][shared.indices[part]].tolist(), shared.data[part], strict=True):
            adds[name] = adds.get(name, 0.0) + float(value)
        whole = sum(value for value in adds.values() if value > 0) or 1.0
        best = sorted(adds.items(), key=lambda pair: (-round(pair[1], 10), pair[0]))[:N_NAMED]
        return [f"{name} ({value / whole:.0%})" for name, value in best if value > 0]


def _unit(rows: sparse.csr_array) -> sparse.csr_array:
    lengths = np.sqrt(np.asarray((rows * rows).sum(axis=1), dtype=np.float64))
    return sparse.csr_array(sparse.diags_array(1 / np.where(lengths > 0, lengths, 1)) @ rows)

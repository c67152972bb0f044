"""GF-CF: one step of the normalised item graph, and an ideal low-pass filter beside it.

    s(i, j) = (R̃ᵀ R̃)(i, j) + alpha · d(i)^-½ (V Vᵀ)(i, j) d(j)^½,   R̃ = D_u^-½ R D_i^-½ ≈ U Σ Vᵀ

Shen et al., "How powerful is graph convolution for recommendation?" (CIKM 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from graphrec.models.filters.cooccurrence import CooccurrenceSettings, cooccurrence
from graphrec.models.filters.item_filter import ItemFilter
from graphrec.models.filters.spectral import factors
from graphrec.models.settings import Range, Settings, Space
from graphrec.models.spectrum import normalise, randomised_svd


@dataclass(frozen=True)
class GFCFSettings(Settings):
    """`n_neighbours`: how many items of the first part are kept an item."""

    space: ClassVar[Space] = {
        "alpha": Range(0.03, 3, log=True),
        "rank": Range(32, 1024, log=True),
        "n_neighbours": Range(50, 2000, log=True),
    }

    alpha: float = 0.3
    rank: int = 256
    n_neighbours: int = 500
    seed: int = 42


def gfcf(matrix: sparse.csr_array, settings: GFCFSettings) -> ItemFilter:
    """The filter of users × items. Cost: that of the randomised SVD and of the item graph."""
    s = settings
    near = cooccurrence(matrix, CooccurrenceSettings(n_neighbours=s.n_neighbours)).neighbours
    found = randomised_svd(normalise(matrix), s.rank, s.seed)
    return ItemFilter(near, *factors(matrix, found.right, np.full(len(found.values), s.alpha, np.float32), 0.5))

"""GF-CF: one step of the normalised item graph, and an ideal low-pass filter beside it.

    s(i, j) = (R̃ᵀ R̃)(i, j) + alpha · d(i)^-½ (V Vᵀ)(i, j) d(j)^½,   R̃ = D_u^-½ R D_i^-½ ≈ U Σ Vᵀ

Shen et al., "How powerful is graph convolution for recommendation?" (CIKM 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from graphrec.models.filters.item_filter import FilterSettings, ItemFilter, step
from graphrec.models.filters.spectral import factors
from graphrec.models.settings import Range, Space
from graphrec.models.spectrum import normalise, randomised_svd


@dataclass(frozen=True)
class GFCFSettings(FilterSettings):
    """The formula's alpha, and how many singular vectors pass."""

    space: ClassVar[Space] = {
        "alpha": Range(0.03, 3, log=True),
        "rank": Range(32, 1024, log=True),
    }

    alpha: float = 0.3
    rank: int = 256
    seed: int = 42


def gfcf(matrix: sparse.csr_array, settings: GFCFSettings) -> ItemFilter:
    """The filter of users × items. Cost: that of the randomised SVD."""
    s = settings
    found = randomised_svd(normalise(matrix), s.rank, s.seed)
    low = factors(matrix, found.right, np.full(len(found.values), s.alpha, np.float32), 0.5)
    return ItemFilter.of_step(*low, *step(matrix, 1.0, 0.0))

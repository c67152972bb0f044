"""Spectral embedding: the largest singular vectors of the normalised interactions, an ideal low-pass filter.

    s(i, j) = d(i)^-b (V diag(σ^power) Vᵀ)(i, j) d(j)^b,   U Σ Vᵀ the truncated SVD of D_u^-½ R D_i^-½

With power 0 it is the ideal filter of Shen et al., "How powerful is graph convolution for recommendation?" (CIKM
2021); with power 2 PureSVD over normalised interactions (Cremonesi, Koren and Turrin, RecSys 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from graphrec.models.filters.item_filter import FilterSettings, Floats, ItemFilter, powers
from graphrec.models.settings import Range, Space
from graphrec.models.spectrum import normalise, randomised_svd


@dataclass(frozen=True)
class SpectralSettings(FilterSettings):
    """`popularity`: b of the formula."""

    space: ClassVar[Space] = {
        "rank": Range(32, 1024, log=True),
        "power": Range(0, 2),
        "popularity": Range(0, 1),
    }

    rank: int = 256
    power: float = 1.0
    popularity: float = 0.5
    seed: int = 42


def spectral(matrix: sparse.csr_array, settings: SpectralSettings) -> ItemFilter:
    """The filter of users × items. Cost: that of the randomised SVD."""
    s = settings
    found = randomised_svd(normalise(matrix), s.rank, s.seed)
    return ItemFilter.of_factors(*factors(matrix, found.right, found.values**s.power, s.popularity))


def factors(matrix: sparse.csr_array, right: Floats, response: Floats, popularity: float) -> tuple[Floats, Floats]:
    """d^-b V diag(response) and V d^b: what an item gives to a row, and what it takes from it."""
    degree = np.asarray(matrix.sum(axis=0), dtype=np.float64)
    gives = right * response * powers(degree, -popularity)[:, None]
    takes = right * powers(degree, popularity)[:, None]
    return gives.astype(np.float32), takes.astype(np.float32)
